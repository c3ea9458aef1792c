//! Evidence that one rate lies beyond a fixed one: no other group is compared.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::learning::ReferenceRate;
use super::likelihood::{GRID, Logs, log_binomial_ratios};
use super::pair::real;
use super::series::Judging;
use super::tempered::{Known, Tempered};

/// On which side of the fixed rate the evidence looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The hypothesis is that the rate is at most the fixed one.
    Above,
    /// The hypothesis is that the rate is at least the fixed one.
    Below,
}

impl Direction {
    /// The direction in which an alarm clears.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
}

/// The sequential evidence of one rate against a fixed one: its detector, and what it has learned from past blocks.
///
/// The expected rate serves the allowance only. The likelihood ratios need none, so no first block is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneSample {
    evidence: Tempered,
    direction: Direction,
    rate: ReferenceRate,
}

impl OneSample {
    /// Before the first block. `null_rate` lies above 0 and below 1.
    #[must_use]
    pub fn new(null_rate: f64, direction: Direction) -> Self {
        Self { evidence: Tempered::new(null_rate), direction, rate: ReferenceRate::starting_at(null_rate) }
    }

    /// Adds a closed block: `events` of `exposed`. A block without exposed, or with fewer exposed than events, tells nothing.
    pub fn take(&mut self, events: u64, exposed: u64, judging: &Judging) {
        if exposed == 0 || events > exposed {
            self.evidence.pass(judging);
        } else {
            let null_rate = self.evidence.detector().null();
            let ratios = |direction| log_one_sample_ratios(events, exposed, null_rate, direction);
            let backward = || ratios(self.direction.swapped());
            self.evidence.take(self.known(events, exposed), &ratios(self.direction), backward, judging);
        }
        self.rate.learn(events, exposed);
    }

    /// The detector. Its null is the fixed rate, in both directions.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        self.evidence.detector()
    }

    /// phi of the last block that told something: the number by which ln L was divided; 1 before the first.
    #[must_use]
    pub const fn phi(&self) -> f64 {
        self.evidence.phi()
    }

    /// The number of blocks added, over all epochs.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.evidence.blocks()
    }

    /// The information of this epoch about the logarithm of the rate: the sum of 1 / (variance phi).
    #[must_use]
    pub const fn information(&self) -> f64 {
        self.evidence.information()
    }

    /// The exposed that the information rests on.
    #[must_use]
    pub const fn exposed_seen(&self) -> u64 {
        self.evidence.exposed_seen()
    }

    fn known(&self, events: u64, exposed: u64) -> Known {
        let (q, x, n) = (self.rate.expected(), real(events), real(exposed));
        let z = (x / n - q) / sqrt(q * (1.0 - q) / n);
        Known { rates: 1.0, variance: (1.0 - q) / (q * n), z, exposed }
    }
}

/// Returns ln L_k of a block of `events` of `exposed` against the hypothesis of `direction` at `null_rate`, which lies above 0 and below 1. The
/// alternatives multiply the odds by R_k, or divide them. The result is 0 where there are more events than exposed. It is always finite.
///
/// Each L_k is an e-value: at the fixed rate it is a likelihood ratio, and it only falls, on average, for rates further inside the hypothesis.
#[must_use]
pub fn log_one_sample_ratios(events: u64, exposed: u64, null_rate: f64, direction: Direction) -> Logs {
    if events > exposed {
        return [0.0; GRID];
    }
    log_binomial_ratios(real(events), real(exposed), null_rate, direction == Direction::Above)
}

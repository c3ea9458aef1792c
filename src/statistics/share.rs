//! Evidence that events fall more often to a group than its exposure says: events need not be a subset of the exposed.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::likelihood::{GRID, Logs, log_binomial_ratios};
use super::pair::real;
use super::series::Judging;
use super::tempered::{Known, Tempered};

/// The sequential evidence of two counts against their exposures: its detector, and what it has learned from past blocks.
///
/// The hypothesis is "in no block was the group's rate above `null` times the reference's". Given the block's total the group's events are
/// binomial where counts are Poisson, so no rate has to be expected, and no first block is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareSeries {
    evidence: Tempered,
}

impl ShareSeries {
    /// Before the first block. `null` is positive and finite.
    #[must_use]
    pub const fn new(null: f64) -> Self {
        Self { evidence: Tempered::new(null) }
    }

    /// Adds a closed block. The exposures may be of any unit, the same for both. A block without events tells nothing, nor does one whose
    /// exposures leave a side a share of less than 1e-15.
    pub fn take(
        &mut self,
        events: u64,
        reference_events: u64,
        exposure: f64,
        reference_exposure: f64,
        judging: &Judging,
    ) {
        let shares = Shares::of(exposure, reference_exposure, self.evidence.detector().null());
        let (x, total) = (real(events), real(events) + real(reference_events));
        let Some(shares) = shares.filter(|_| total > 0.0) else {
            self.evidence.pass(judging);
            return;
        };
        let variance = 1.0 / (total * shares.group * shares.reference);
        let z = (x - total * shares.group) * sqrt(variance);
        let known = Known { rates: 2.0, variance, z, exposed: events.saturating_add(reference_events) };
        let backward = || log_binomial_ratios(real(reference_events), total, shares.reference, true);
        self.evidence.take(known, &log_binomial_ratios(x, total, shares.group, true), backward, judging);
    }

    /// The detector.
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

    /// The information of this epoch about the logarithm of the ratio: the sum of 1 / (variance phi).
    #[must_use]
    pub const fn information(&self) -> f64 {
        self.evidence.information()
    }

    /// The events, of both sides, that the information rests on. Given the total it is events that are divided, not exposed.
    #[must_use]
    pub const fn events_seen(&self) -> u64 {
        self.evidence.exposed_seen()
    }
}

/// Returns ln L_k of a block given its total, against "the group's rate is at most `null` times the reference's": the same as
/// [`log_share_ratios`](super::log_share_ratios), for exposures of any unit. The result is 0 where an exposure is not positive and finite, or
/// leaves a side a share of less than 1e-15. It is always finite.
#[must_use]
pub fn log_exposure_ratios(
    events: u64,
    reference_events: u64,
    exposure: f64,
    reference_exposure: f64,
    null: f64,
) -> Logs {
    let total = real(events) + real(reference_events);
    Shares::of(exposure, reference_exposure, null)
        .map_or([0.0; GRID], |shares| log_binomial_ratios(real(events), total, shares.group, true))
}

/// The shares of the events that the hypothesis leaves the two sides at its edge.
struct Shares {
    group: f64,
    reference: f64,
}

impl Shares {
    /// `None` where an exposure is no exposure, or a share is so small that its square would leave the range of numbers.
    fn of(exposure: f64, reference_exposure: f64, null: f64) -> Option<Self> {
        const SMALLEST: f64 = 1e-15;
        let exposed = |exposure: f64| exposure > 0.0 && exposure.is_finite();
        if !(exposed(exposure) && exposed(reference_exposure)) {
            return None;
        }
        // Written as quotients, so that no product of exposures leaves the range, and neither share is a difference.
        let quotient = null * (exposure / reference_exposure);
        let shares = Self { group: 1.0 / (1.0 + 1.0 / quotient), reference: 1.0 / (1.0 + quotient) };
        (shares.group >= SMALLEST && shares.reference >= SMALLEST).then_some(shares)
    }
}

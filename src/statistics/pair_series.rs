//! Evidence that a ratio of two rates has grown: between two versions, or two periods.

use libm::sqrt;
use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::likelihood::{ALTERNATIVES, GRID, Logs};
use super::noncentral_hypergeometric::{Moments, Table};
use super::pair::{Pair, real};
use super::series::Judging;
use super::tempered::{Known, Tempered};

/// The counts of one block: the new version or period, and the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairBlock {
    /// The group against its reference, new.
    pub new: Pair,
    /// The group against its reference, old.
    pub old: Pair,
}

/// The sequential evidence of a ratio of ratios: its detector, and what it has learned from past blocks.
///
/// The hypothesis is "in no block was the new ratio above `null` times the old one". Given the events of each version, and those of the group,
/// the group's new events have Fisher's noncentral hypergeometric distribution where counts are Poisson. So no rate has to be expected, no old
/// ratio has to be estimated, and no first block is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairSeries {
    evidence: Tempered,
}

impl PairSeries {
    /// Before the first block. `null` is positive and finite.
    #[must_use]
    pub const fn new(null: f64) -> Self {
        Self { evidence: Tempered::new(null) }
    }

    /// Adds a closed block. A block in which somebody's exposed are missing, or whose margins leave one outcome only, tells nothing.
    pub fn take(&mut self, block: &PairBlock, judging: &Judging) {
        let Some(given) = Given::of(block, self.evidence.detector().null()) else {
            self.evidence.pass(judging);
            return;
        };
        self.evidence.take(given.known(block), &given.forward(), || given.backward(), judging);
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

    /// The information of this epoch about the logarithm of the ratio of ratios: the sum of 1 / (variance phi).
    #[must_use]
    pub const fn information(&self) -> f64 {
        self.evidence.information()
    }

    /// The exposed, of both groups, new and old, that the information rests on.
    #[must_use]
    pub const fn exposed_seen(&self) -> u64 {
        self.evidence.exposed_seen()
    }
}

/// Returns ln L_k of a block given its margins, against "the new ratio is at most `null` times the old one". `null` is positive and finite. The
/// result is 0 where somebody's exposed are missing or the margins leave one outcome only. It is always finite.
///
/// ln L_k = x ln R_k + ln Z(1) - ln Z(R_k), where x is the group's new events and Z(R) the sum of w(u) R^u over all u that the margins allow.
#[must_use]
pub fn log_pair_ratios(block: &PairBlock, null: f64) -> Logs {
    Given::of(block, null).map_or([0.0; GRID], |given| given.forward())
}

/// A block given its margins.
struct Given {
    table: Table,
    /// The odds ratio of the hypothesis.
    odds: f64,
    /// The distribution at the edge of the hypothesis.
    edge: Moments,
}

impl Given {
    /// `None` where the block tells nothing; this rests on the margins alone.
    fn of(block: &PairBlock, null: f64) -> Option<Self> {
        /// A variance in which only rounding errors are left.
        const SMALLEST: f64 = 1e-15;
        let PairBlock { new, old } = *block;
        let table = Table {
            a: real(new.events),
            b: real(new.reference_events),
            c: real(old.events),
            d: real(old.reference_events),
        };
        if new.one_sided() || old.one_sided() || table.alone() {
            return None;
        }
        let exposed = |pair: Pair| real(pair.exposed) / real(pair.reference_exposed);
        let odds = null * exposed(new) / exposed(old);
        let edge = table.moments(odds);
        (edge.variance > SMALLEST).then_some(Self { table, odds, edge })
    }

    fn known(&self, block: &PairBlock) -> Known {
        let both = block.new.plus(block.old);
        Known {
            rates: 4.0,
            variance: 1.0 / self.edge.variance,
            // The observed table has the shift 0.
            z: -self.edge.mean / sqrt(self.edge.variance),
            exposed: both.exposed.saturating_add(both.reference_exposed),
        }
    }

    fn forward(&self) -> Logs {
        ALTERNATIVES.map(|ratio| self.edge.log_total - self.table.moments(self.odds * ratio).log_total)
    }

    /// Against "the new ratio is at least `null` times the old one": the groups exchanged.
    fn backward(&self) -> Logs {
        ALTERNATIVES.map(|ratio| self.edge.log_total - self.table.moments(self.odds / ratio).log_total)
    }
}

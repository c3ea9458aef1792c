//! The evidence of a ratio of two rates, with the information it rests on.

use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::pair::Pair;
use super::series::{Block, Judging, Series};

/// A [`Series`] that knows how much information its blocks held, and can start afresh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoSample {
    series: Series,
    phi: f64,
    information: f64,
    exposed: u64,
}

impl TwoSample {
    /// Before the first block. The hypothesis is "in no block was the group's rate above `null` times the reference's"; `null` is positive and
    /// finite.
    #[must_use]
    pub fn new(null: f64) -> Self {
        Self::of(Series::of_null(null))
    }

    /// Before the first block, with the hypotheses that the ratio is at most 1 and at most `material`, which is above 1 and finite.
    #[must_use]
    pub fn with_material(material: f64) -> Self {
        Self::of(Series::new(Some(material)))
    }

    const fn of(series: Series) -> Self {
        Self { series, phi: 1.0, information: 0.0, exposed: 0 }
    }

    /// Adds a closed block without strata. With a cap, blocks before one with somebody of the reference count with a likelihood ratio of 1 and hold
    /// no information.
    pub fn take(&mut self, pair: Pair, judging: &Judging) {
        self.take_block(&Block { crude: pair, ..Block::default() }, judging);
    }

    /// Adds a closed block. Where it has strata, the groups are compared within them, and the information is the sum of theirs.
    pub fn take_block(&mut self, block: &Block, judging: &Judging) {
        let (told, epoch) = (self.series.told(block, judging), self.detector().epoch());
        self.series.take(block, judging);
        if !block.crude.one_sided() {
            self.phi = self.series.phi();
        }
        if let Some((precision, exposed)) = told {
            self.information += precision / self.phi;
            self.exposed = self.exposed.saturating_add(exposed);
        }
        // Evidence of the past epoch cannot alarm any more, so what it rested on does not count either.
        if self.detector().epoch() != epoch {
            (self.information, self.exposed) = (0.0, 0);
        }
    }

    /// Starts the evidence and the information afresh, in the first epoch, with the next block: what has been shown must be shown again, at the
    /// full level. What was learned of rates and of their dispersion stays, as it does when an alarm clears: the groups are the same.
    pub fn restart(&mut self) {
        self.series.restart();
        (self.information, self.exposed) = (0.0, 0);
    }

    /// The series of its blocks.
    #[must_use]
    pub const fn series(&self) -> &Series {
        &self.series
    }

    /// The same, to set what its encoding leaves out.
    pub const fn series_mut(&mut self) -> &mut Series {
        &mut self.series
    }

    /// The detector of the hypothesis that the ratio is at most `null`, or 1.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        self.series.disparity()
    }

    /// The detector of the hypothesis that the ratio is at most the material one.
    #[must_use]
    pub const fn material(&self) -> Option<&Detector> {
        self.series.material()
    }

    /// phi of the last block in which no group was empty: the number by which ln L was divided; 1 before the first.
    #[must_use]
    pub const fn phi(&self) -> f64 {
        self.phi
    }

    /// The number of blocks added, over all epochs.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.series.blocks()
    }

    /// The information of this epoch about the logarithm of the ratio: the sum of 1 / (variance phi).
    #[must_use]
    pub const fn information(&self) -> f64 {
        self.information
    }

    /// The exposed, of both groups, that the information rests on.
    #[must_use]
    pub const fn exposed_seen(&self) -> u64 {
        self.exposed
    }
}

//! What the forms of evidence with one hypothesis and no strata share: the allowance, the cap, the detector, and the information.

use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::learning::Dispersion;
use super::likelihood::{GRID, Logs};
use super::series::Judging;

/// A detector fed with tempered likelihood ratios, and what it has learned of their dispersion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tempered {
    detector: Detector,
    dispersion: Dispersion,
    phi: f64,
    blocks: u64,
    information: f64,
    exposed: u64,
}

/// What is known of a block beside its likelihood ratios.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// The number of independent rates compared.
    pub rates: f64,
    /// The variance that chance alone gives the logarithm of what is compared; above 0. It does not depend on the outcome.
    pub variance: f64,
    /// The distance from the hypothesis in standard deviations of chance.
    pub z: f64,
    /// All who are exposed in the block.
    pub exposed: u64,
}

impl Tempered {
    /// Before the first block. An alarm clears at the same `null`.
    pub const fn new(null: f64) -> Self {
        let (detector, dispersion) = (Detector::new(null, null), Dispersion::new());
        Self { detector, dispersion, phi: 1.0, blocks: 0, information: 0.0, exposed: 0 }
    }

    /// Adds a closed block that tells nothing: it counts as time.
    pub fn pass(&mut self, judging: &Judging) {
        self.step(&[0.0; GRID], || [0.0; GRID], judging);
    }

    /// Adds a closed block. `forward` and `backward` are ln L_k before the allowance, against the hypothesis and against its reverse.
    pub fn take(&mut self, known: Known, forward: &Logs, backward: impl FnOnce() -> Logs, judging: &Judging) {
        let phi = self.dispersion.allowance_of(known.rates, known.variance, judging.variation);
        let log_cap = judging.log_cap();
        let temper = |logs: &Logs| logs.map(|log| (log / phi).min(log_cap));
        self.information += 1.0 / (known.variance * phi);
        self.exposed = self.exposed.saturating_add(known.exposed);
        self.step(&temper(forward), || temper(&backward()), judging);
        self.dispersion.learn_from(known.z, known.variance);
        self.phi = phi;
    }

    fn step(&mut self, forward: &Logs, backward: impl FnOnce() -> Logs, judging: &Judging) {
        let epoch = self.detector.epoch();
        self.detector.step(forward, backward, judging.log_level);
        // Evidence of the past epoch cannot alarm any more, so what it rested on does not count either.
        if self.detector.epoch() != epoch {
            (self.information, self.exposed) = (0.0, 0);
        }
        self.blocks = self.blocks.saturating_add(1);
    }

    pub const fn detector(&self) -> &Detector {
        &self.detector
    }

    pub const fn phi(&self) -> f64 {
        self.phi
    }

    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    pub const fn information(&self) -> f64 {
        self.information
    }

    pub const fn exposed_seen(&self) -> u64 {
        self.exposed
    }
}

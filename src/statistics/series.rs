//! One series of blocks: expectations, evidence, learning, in this order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::{
    Detector, Dispersion, GRID, Logs, Pair, ReferenceRate, log_likelihood_ratios, log_reverse_ratios, log_share_ratios,
};

/// The e-processes of one comparison, with all they have learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    disparity: Detector,
    material: Option<Detector>,
    rates: Rates,
    strata: BTreeMap<Box<str>, Rates>,
    dispersion: Dispersion,
    phi: f64,
    blocks: u64,
}

/// The counts of one block. Harm is where group 1 has more: for "too low" the caller puts the groups in each other's place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Everybody.
    pub crude: Pair,
    /// By stratum; the evidence is theirs where there are any, and the allowance the crude block's.
    pub strata: BTreeMap<Box<str>, Pair>,
    /// The exposed are populations of which the events are no subset: the evidence is conditional on the total.
    pub by_population: bool,
}

/// How blocks are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judging {
    /// Coefficient of variation of a group's rate between blocks that is no evidence.
    pub variation: f64,
    /// ln(1 / level) of the series, before it is shared out over epochs.
    pub log_level: f64,
}

/// The expected rates of the two sides, as they stand in a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rates {
    reference: ReferenceRate,
    group: ReferenceRate,
}

impl Series {
    /// Before the first block. `material` is the ratio of the second hypothesis, above 1.
    #[must_use]
    pub fn new(material: Option<f64>) -> Self {
        Self {
            disparity: Detector::new(1.0, material.unwrap_or(1.0)),
            material: material.map(|null| Detector::new(null, null)),
            rates: Rates::default(),
            strata: BTreeMap::new(),
            dispersion: Dispersion::new(),
            phi: 1.0,
            blocks: 0,
        }
    }

    /// Takes in a block that is over.
    pub fn take(&mut self, block: &Block, judging: &Judging) {
        let q = self.rates.reference.expected();
        let phi = self.dispersion.allowance(block.crude, q, judging.variation);
        let parts = self.parts(block);
        let sum = |ratios: &dyn Fn(&Part) -> Logs| {
            let mut sum = [0.0; GRID];
            parts.iter().for_each(|part| sum.iter_mut().zip(ratios(part)).for_each(|(sum, log)| *sum += log));
            sum.map(|log| log / phi)
        };
        for detector in std::iter::once(&mut self.disparity).chain(&mut self.material) {
            let (null, reverse_null) = (detector.null(), detector.reverse_null());
            let forward = sum(&|part| part.ratios(null));
            let backward = || sum(&|part| part.reverse_ratios(reverse_null));
            detector.step(&forward, backward, judging.log_level);
        }
        self.dispersion.learn(block.crude, q);
        self.rates.learn(block.crude);
        for (stratum, pair) in &block.strata {
            self.strata.entry(stratum.clone()).or_default().learn(*pair);
        }
        self.phi = phi;
        self.blocks += 1;
    }

    /// The detector of "ratio <= 1".
    #[must_use]
    pub const fn disparity(&self) -> &Detector {
        &self.disparity
    }

    /// The detector of "ratio <= the material one".
    #[must_use]
    pub const fn material(&self) -> Option<&Detector> {
        self.material.as_ref()
    }

    /// phi of the last block; 1 before the first.
    #[must_use]
    pub const fn phi(&self) -> f64 {
        self.phi
    }

    /// Blocks taken in, over all epochs.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    fn parts(&self, block: &Block) -> Vec<Part> {
        let part = |pair, rates| Part { pair, rates, by_population: block.by_population };
        if block.strata.is_empty() {
            return vec![part(block.crude, self.rates)];
        }
        let rates = |stratum| self.strata.get(stratum).copied().unwrap_or_default();
        block.strata.iter().map(|(stratum, pair)| part(*pair, rates(stratum))).collect()
    }
}

/// What one stratum adds to the evidence.
#[derive(Clone, Copy)]
struct Part {
    pair: Pair,
    rates: Rates,
    by_population: bool,
}

impl Part {
    fn ratios(&self, null: f64) -> Logs {
        if self.by_population {
            log_share_ratios(self.pair, null)
        } else {
            log_likelihood_ratios(self.pair, null, self.rates.reference.expected())
        }
    }

    fn reverse_ratios(&self, null: f64) -> Logs {
        let Rates { reference, group } = self.rates;
        if self.by_population {
            log_share_ratios(self.pair.swapped(), 1.0 / null)
        } else {
            log_reverse_ratios(self.pair, null, group.expected(), reference.expected())
        }
    }
}

impl Rates {
    fn learn(&mut self, pair: Pair) {
        self.reference.learn(pair.reference_events, pair.reference_exposed);
        self.group.learn(pair.events, pair.exposed);
    }
}

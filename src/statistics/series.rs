//! One series of blocks. Each block passes three steps, in this order: what was expected of it, its evidence, what it teaches.

use std::collections::BTreeMap;

use libm::log;
use serde::{Deserialize, Serialize};

use super::detector::Detector;
use super::learning::{Dispersion, ExpectedRates, chance_variance};
use super::likelihood::{GRID, Logs, log_likelihood_ratios, log_reverse_ratios, log_share_ratios};
use super::pair::Pair;

/// The sequential evidence of one comparison: its detectors, and what they have learned from past blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    disparity: Detector,
    material: Option<Detector>,
    rates: ExpectedRates,
    strata: BTreeMap<Box<str>, ExpectedRates>,
    dispersion: Dispersion,
    phi: f64,
    blocks: u64,
    /// Formats 3 to 7 have none.
    #[serde(skip)]
    allowances: Allowances,
}

/// The sum of phi over closed blocks, and their number: of those in which no group was empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Allowances {
    sum: f64,
    blocks: u64,
}

/// The counts of one block. Harm means that group 1 has more; where harm means less, the caller exchanges the groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The counts of all strata together. The allowance rests on them.
    pub crude: Pair,
    /// The counts of each stratum. Where there are any, the evidence is the sum of theirs.
    pub strata: BTreeMap<Box<str>, Pair>,
    /// Whether the exposed are populations, of which the events are no subset. The evidence then is conditional on the total.
    pub by_population: bool,
}

/// How blocks are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judging {
    /// The coefficient of variation of a group's rate between blocks that counts as ordinary, not below 0. 0 switches the allowance off.
    pub variation: f64,
    /// The most that one block multiplies a likelihood ratio by, after the allowance; above 1. With a cap, a block whose reference rate nobody has
    /// measured yet counts with a likelihood ratio of 1. 0 switches both off.
    pub cap: f64,
    /// ln(1 / level) of the series, where the level is shared out over all epochs.
    pub log_level: f64,
}

impl Series {
    /// Before the first block. `material` is the ratio of the second hypothesis, above 1 and finite. Without one only
    /// "the ratio is at most 1" is tested.
    #[must_use]
    pub fn new(material: Option<f64>) -> Self {
        // An alarm clears below the material ratio. Where there is none, it clears below 1.
        let disparity = Detector::new(1.0, material.unwrap_or(1.0));
        Self::of(disparity, material.map(|null| Detector::new(null, null)))
    }

    /// Before the first block, with the one hypothesis that the ratio is at most `null`.
    pub(super) fn of_null(null: f64) -> Self {
        Self::of(Detector::new(null, null), None)
    }

    fn of(disparity: Detector, material: Option<Detector>) -> Self {
        Self {
            disparity,
            material,
            rates: ExpectedRates::default(),
            strata: BTreeMap::new(),
            dispersion: Dispersion::new(),
            phi: 1.0,
            blocks: 0,
            allowances: Allowances::default(),
        }
    }

    /// Adds a closed block.
    pub fn take(&mut self, block: &Block, judging: &Judging) {
        self.take_at(block, judging, judging.log_level);
    }

    /// Does what [`Self::take`] does, where the hypothesis that the ratio is at most 1 is judged by a `log_level` of its own.
    pub fn take_at(&mut self, block: &Block, judging: &Judging, log_level: f64) {
        let q = self.rates.reference.expected();
        let phi = self.dispersion.allowance(block.crude, q, judging.variation);
        let parts = self.parts(block, judging);
        let log_cap = judging.log_cap();
        let sum = |ratios: &dyn Fn(&Part) -> Logs| {
            let mut sum = [0.0; GRID];
            parts.iter().for_each(|part| sum.iter_mut().zip(ratios(part)).for_each(|(sum, log)| *sum += log));
            sum.map(|log| (log / phi).min(log_cap))
        };
        let detectors = std::iter::once((&mut self.disparity, log_level));
        for (detector, log_level) in detectors.chain(self.material.iter_mut().map(|it| (it, judging.log_level))) {
            let (null, reverse_null) = (detector.null(), detector.reverse_null());
            let forward = sum(&|part| part.ratios(null));
            let backward = || sum(&|part| part.reverse_ratios(reverse_null));
            detector.step(&forward, backward, log_level);
        }
        self.dispersion.learn(block.crude, q);
        self.rates.learn(block.crude);
        for (stratum, pair) in &block.strata {
            self.strata.entry(stratum.clone()).or_default().learn(*pair);
        }
        // A block in which a group is empty says nothing of phi. Without a cap all is as it was before there were caps.
        if !judging.capped() || !block.crude.one_sided() {
            self.phi = phi;
            self.allowances.sum += phi;
            self.allowances.blocks += 1;
        }
        self.blocks += 1;
    }

    /// The detector of the hypothesis that the ratio is at most 1.
    #[must_use]
    pub const fn disparity(&self) -> &Detector {
        &self.disparity
    }

    /// The detector of the hypothesis that the ratio is at most the material one.
    #[must_use]
    pub const fn material(&self) -> Option<&Detector> {
        self.material.as_ref()
    }

    /// phi of the last block in which no group was empty: the number by which ln L was divided; 1 before the first.
    #[must_use]
    pub const fn phi(&self) -> f64 {
        self.phi
    }

    /// The mean of phi over all closed blocks in which no group was empty; 1 before the first. A state that does not know it has that of the last one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of blocks")]
    pub fn mean_phi(&self) -> f64 {
        let Allowances { sum, blocks } = self.allowances;
        if blocks > 0 { sum / blocks as f64 } else { self.phi }
    }

    /// What the mean of phi is made of, which the encoding leaves out.
    #[must_use]
    pub const fn allowances(&self) -> Allowances {
        self.allowances
    }

    /// Sets what [`Self::allowances`] returned.
    pub const fn set_allowances(&mut self, allowances: Allowances) {
        self.allowances = allowances;
    }

    /// The number of blocks added, over all epochs.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// What a block tells of the logarithm of the ratio, before the allowance: 1 / variance, the sum of its strata where it has any, and the exposed
    /// that this rests on. `None` where it tells nothing.
    pub(super) fn told(&self, block: &Block, judging: &Judging) -> Option<(f64, u64)> {
        let parts = self.parts(block, judging);
        let telling = parts.iter().filter(|part| !(part.pair.one_sided() || part.pair.overfull()));
        telling
            .map(Part::told)
            .reduce(|(sum, all), (precision, exposed)| (sum + precision, all.saturating_add(exposed)))
    }

    /// Starts the evidence afresh, in its first epoch. What was learned of rates stays.
    pub(super) fn restart(&mut self) {
        for detector in std::iter::once(&mut self.disparity).chain(&mut self.material) {
            *detector = Detector::new(detector.null(), detector.reverse_null());
        }
    }

    /// What the block adds to the evidence. Where a cap holds, a stratum whose reference rate still has its start value is left out: with a
    /// wrong rate the allowance and the likelihood ratio are wrong by as much. This is known before the block, so L stays an e-value.
    fn parts(&self, block: &Block, judging: &Judging) -> Vec<Part> {
        let mut parts = self.all_parts(block);
        parts.retain(|part| !judging.capped() || part.rates.reference.is_learned());
        parts
    }

    fn all_parts(&self, block: &Block) -> Vec<Part> {
        let part = |pair, rates| Part { pair, rates, by_population: block.by_population };
        if block.strata.is_empty() {
            return vec![part(block.crude, self.rates)];
        }
        // Of a stratum without past blocks, the start rates are expected.
        let rates = |stratum| self.strata.get(stratum).copied().unwrap_or_default();
        block.strata.iter().map(|(stratum, pair)| part(*pair, rates(stratum))).collect()
    }
}

impl Judging {
    fn capped(&self) -> bool {
        self.cap > 0.0
    }

    /// ln of the cap; infinity without one.
    pub(super) fn log_cap(&self) -> f64 {
        if self.capped() { log(self.cap) } else { f64::INFINITY }
    }
}

/// What one stratum adds to the evidence.
#[derive(Clone, Copy)]
struct Part {
    pair: Pair,
    rates: ExpectedRates,
    by_population: bool,
}

impl Part {
    /// 1 / variance of the logarithm of the ratio, and the exposed of both groups.
    fn told(&self) -> (f64, u64) {
        let Pair { exposed, reference_exposed, .. } = self.pair;
        let precision = 1.0 / chance_variance(self.pair, self.rates.reference.expected());
        (precision, exposed.saturating_add(reference_exposed))
    }

    fn ratios(&self, null: f64) -> Logs {
        if self.by_population {
            log_share_ratios(self.pair, null)
        } else {
            log_likelihood_ratios(self.pair, null, self.rates.reference.expected())
        }
    }

    fn reverse_ratios(&self, null: f64) -> Logs {
        let ExpectedRates { reference, group } = self.rates;
        if self.by_population {
            log_share_ratios(self.pair.swapped(), 1.0 / null)
        } else {
            log_reverse_ratios(self.pair, null, group.expected(), reference.expected())
        }
    }
}

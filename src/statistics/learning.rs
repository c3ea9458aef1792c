//! What a series learns from past blocks: the rates to expect, and how much rates vary between blocks.

use libm::{log, round, sqrt};
use serde::{Deserialize, Serialize};

use super::pair::{Pair, real};

/// The share of the past that each block leaves in counts: 0.5 to the power of 1 / 100.
pub(super) const DECAY: f64 = 0.993_09;

/// A group's rate as the past blocks have shown it. Half of the weight lies in the last 100 blocks.
///
/// It is *predictable*: what is expected of a block rests on earlier blocks alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRate {
    events: f64,
    exposed: f64,
}

impl Default for ReferenceRate {
    fn default() -> Self {
        Self::starting_at(0.05)
    }
}

impl ReferenceRate {
    /// The exposed that the rate starts with.
    const START: f64 = 2.0;

    /// Before the first block, at a rate of which something is known beforehand.
    pub(super) fn starting_at(rate: f64) -> Self {
        Self { events: Self::START * rate, exposed: Self::START }
    }

    /// The rate expected of the next block, from 1e-6 to 0.95; 0.05 before the first block.
    #[must_use]
    pub fn expected(&self) -> f64 {
        (self.events / self.exposed).clamp(1e-6, 0.95)
    }

    /// Whether any block held somebody. Until then the expected rate is the start value, which nobody has measured.
    ///
    /// Empty blocks leave the start value times a whole power of the decay, and no number of persons adds up to one.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        /// Rounding moves the exponent by less than 2e-9 in 100,000 blocks.
        const ROUNDING: f64 = 1e-8;
        if self.exposed > Self::START {
            return true;
        }
        let blocks = log(self.exposed / Self::START) / log(DECAY);
        (blocks - round(blocks)).abs() > ROUNDING
    }

    /// Adds a closed block.
    pub fn learn(&mut self, events: u64, exposed: u64) {
        self.events = self.events * DECAY + real(events);
        self.exposed = self.exposed * DECAY + real(exposed);
    }
}

/// The rates expected of the two groups of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ExpectedRates {
    pub reference: ReferenceRate,
    pub group: ReferenceRate,
}

impl ExpectedRates {
    /// Before the first block, both at the same rate.
    pub fn starting_at(rate: f64) -> Self {
        Self { reference: ReferenceRate::starting_at(rate), group: ReferenceRate::starting_at(rate) }
    }

    /// Adds a closed block.
    pub fn learn(&mut self, pair: Pair) {
        self.reference.learn(pair.reference_events, pair.reference_exposed);
        self.group.learn(pair.events, pair.exposed);
    }
}

/// How much more a group's rate varies between blocks than chance alone makes it vary: campaigns, themes, weekdays.
///
/// [`Dispersion::allowance`] tempers the likelihood ratio L of a block. It rests on earlier blocks alone, so L^(1 / phi) with phi >= 1 is an
/// e-value where L is one (Jensen's inequality).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispersion {
    excess: f64,
    weight: f64,
    last_z: Option<f64>,
}

impl Dispersion {
    /// The number of blocks that the prior counts for.
    const PRIOR_WEIGHT: f64 = 10.0;
    /// The share of the past that each block leaves.
    const DECAY: f64 = 0.998;

    /// Before the first block.
    #[must_use]
    pub const fn new() -> Self {
        Self { excess: 0.0, weight: 0.0, last_z: None }
    }

    /// Returns phi of the next block: at least 1, and finite. `variation` is the coefficient of variation expected of each group's rate
    /// between blocks, not below 0; 0 switches the allowance off, so that phi is 1. phi is also 1 where a group of the block is empty.
    #[must_use]
    pub fn allowance(&self, pair: Pair, q: f64, variation: f64) -> f64 {
        if pair.one_sided() { 1.0 } else { self.allowance_of(2.0, chance_variance(pair, q), variation) }
    }

    /// Returns phi of the next block of any form: at least 1. `rates` is how many independent rates are compared; `variance`, above 0, is what
    /// chance alone gives the logarithm of what is compared.
    pub(super) fn allowance_of(&self, rates: f64, variance: f64, variation: f64) -> f64 {
        if variation <= 0.0 {
            return 1.0;
        }
        let weight = Self::PRIOR_WEIGHT + self.weight;
        let prior = Self::PRIOR_WEIGHT * rates * variation * variation;
        let between = ((prior + self.excess) / weight).max(0.0) * (1.0 + sqrt(3.0 / weight));
        1.0 + between / variance
    }

    /// Adds a closed block, with the `q` that was expected of it. A block in which a group is empty teaches nothing.
    ///
    /// Nor does the second of two blocks in a row without an event: in a pause nobody is picked, which says nothing of how rates vary. It would
    /// count as less variation than chance, and leave no allowance for the blocks after the pause.
    pub fn learn(&mut self, pair: Pair, q: f64) {
        /// Beyond it a block weighs less: rates that far below those of other blocks, as of a pilot, say little of how these vary.
        const FULL_WEIGHT_VARIANCE: f64 = 0.7;
        let has_events = pair.events > 0 || pair.reference_events > 0;
        // z is 0 where nobody had an event, and by chance hardly ever.
        if !pair.one_sided() && (has_events || self.last_z != Some(0.0)) {
            self.learn_weighted(pooled_z(pair), chance_variance(pair, q), FULL_WEIGHT_VARIANCE);
        }
    }

    /// Adds a closed block of any other form. `z` is its distance from the hypothesis in standard deviations of chance.
    pub(super) fn learn_from(&mut self, z: f64, variance: f64) {
        const FULL_WEIGHT_VARIANCE: f64 = 2.0;
        self.learn_weighted(z, variance, FULL_WEIGHT_VARIANCE);
    }

    /// Adds a closed block, which weighs less the further its variance is beyond `full`.
    ///
    /// What one block adds is limited. Else the first block after many in which the event was rare, such as an outage after weeks in which no outcome
    /// was missing, would temper all evidence away for hundreds of blocks. What is learned never makes evidence inexact, whatever it is: phi is at
    /// least 1 and rests on earlier blocks. The constants follow from simulation, see docs/decisions/0193-what-a-block-teaches-of-variation.md.
    fn learn_weighted(&mut self, z: f64, variance: f64, full: f64) {
        /// Of the variance of the logarithm; 33 times what the prior expects of a pair.
        const MOST_EXCESS: f64 = 6.0;
        if let Some(last) = self.last_z {
            let step = z - last;
            let weight = (full / variance).min(1.0);
            let excess = weight * (step * step / 2.0 - 1.0) * variance;
            self.excess = Self::DECAY * self.excess + excess.min(MOST_EXCESS);
            self.weight = Self::DECAY * self.weight + weight;
        }
        self.last_z = Some(z);
    }
}

impl Default for Dispersion {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the variance of the logarithm of the ratio that chance alone gives a block.
pub(super) fn chance_variance(pair: Pair, q: f64) -> f64 {
    (1.0 - q) / (q * real(pair.exposed)) + (1.0 - q) / (q * real(pair.reference_exposed))
}

/// Returns the two-sample z with pooled variance; 0 where the pooled rate is 0 or 1.
pub(super) fn pooled_z(pair: Pair) -> f64 {
    let (x1, n1) = (real(pair.events), real(pair.exposed));
    let (x2, n2) = (real(pair.reference_events), real(pair.reference_exposed));
    let pooled = (x1 + x2) / (n1 + n2);
    let variance = pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2);
    // Where the exposed are populations, events are no subset of them and the variance may even be negative.
    if variance > 0.0 { (x1 / n1 - x2 / n2) / sqrt(variance) } else { 0.0 }
}

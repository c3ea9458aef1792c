//! Simulated blocks of counts with a known truth, for `power` and for the figures that sequential evidence is held to.

use std::collections::BTreeMap;

use super::random::Random;
use crate::statistics::{Block, Judging, LOG_WATCH, Pair, Series};

/// An endless stream of blocks.
#[derive(Clone, Debug)]
pub struct Blocks {
    shape: BlockShape,
    random: Random,
    index: u64,
}

/// What the blocks of a stream look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockShape {
    /// The number of exposed in a block, both groups together.
    pub exposed: u64,
    /// The monitored group's share of the exposed, from 0 to 1.
    pub share: f64,
    /// The rate of the reference, from 0 to 1. Rates above 0.95 that follow from it count as 0.95.
    pub base_rate: f64,
    /// The ratio of the group's rate to the reference's, not below 0, until it changes.
    pub ratio: f64,
    /// The index of the first block (from 0) with another ratio, and that ratio.
    pub change: Option<(u64, f64)>,
    /// How the base rate changes over time.
    pub drift: Drift,
    /// The coefficient of variation of each group's own rate between blocks, not below 0. `Simpson` does not read it.
    pub variation: f64,
    /// How a group's own rate varies.
    pub noise: Noise,
}

/// How a group's own rate varies between blocks: the distribution of a factor with mean 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Log-normal.
    LogNormal,
    /// Gamma.
    Gamma,
    /// 4 % of the blocks, each group for itself, have a higher rate, and all others the same. Variations up to 4.
    Shocks,
}

/// How the base rate changes over time, in both groups alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// It does not change.
    None,
    /// It follows a sine wave between half and one and a half times its value, with a period of 100 blocks.
    Wave,
    /// It is three times as high in every second hundred of blocks.
    Jumps,
    /// It is constant, but there are two strata with different rates, over which the groups are spread differently. Where the ratio is 1 in
    /// each stratum, the crude ratio is about 1.5.
    Simpson,
}

/// What a simulation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watching {
    /// The alarm of the lifetime e-process.
    Alarm,
    /// The change detector's threshold for the watch list.
    WatchList,
}

impl Blocks {
    /// Returns the stream of a seed, from its first block.
    #[must_use]
    pub fn new(shape: BlockShape, seed: u64) -> Self {
        debug_assert!((0.0..=1.0).contains(&shape.share), "a share lies from 0 to 1: {shape:?}");
        Self { shape, random: Random::new(seed), index: 0 }
    }

    /// Draws the next block.
    pub fn next_block(&mut self) -> Block {
        let BlockShape { exposed, share, base_rate, ratio, change, drift, variation, .. } = self.shape;
        let ratio = change.filter(|(from, _)| self.index >= *from).map_or(ratio, |(_, ratio)| ratio);
        let base_rate = base_rate * self.drift_factor(drift);
        self.index += 1;
        let group_exposed = round(real(exposed) * share);
        let others = exposed - group_exposed;
        if drift == Drift::Simpson {
            return self.simpson(group_exposed, others, base_rate, ratio);
        }
        let crude = self.pair(group_exposed, others, base_rate, ratio, variation);
        Block { crude, ..Block::default() }
    }

    /// Feeds a new series until what is waited for happens. Returns the number of blocks that took, or `None` after `limit` blocks.
    pub fn until(&mut self, watching: Watching, judging: &Judging, limit: u64) -> Option<u64> {
        let mut series = Series::new(None);
        self.continue_until(&mut series, watching, judging, limit)
    }

    /// Does what [`Self::until`] does with a series that has seen blocks before.
    pub fn continue_until(
        &mut self,
        series: &mut Series,
        watching: Watching,
        judging: &Judging,
        limit: u64,
    ) -> Option<u64> {
        (1..=limit).find(|_| {
            series.take(&self.next_block(), judging);
            match watching {
                Watching::Alarm => series.disparity().alarmed(),
                Watching::WatchList => series.disparity().log_sr() >= LOG_WATCH,
            }
        })
    }

    fn drift_factor(&self, drift: Drift) -> f64 {
        match drift {
            Drift::Wave => 1.0 + 0.5 * libm::sin(real(self.index) * std::f64::consts::TAU / 100.0),
            Drift::Jumps if self.index / 100 % 2 == 1 => 3.0,
            _ => 1.0,
        }
    }

    fn simpson(&mut self, group: u64, others: u64, base_rate: f64, ratio: f64) -> Block {
        // One office has four times the rate of the other. 40 % of the group and 16 % of the reference belong to it.
        let (strict_group, strict_others) = (round(real(group) * 0.4), round(real(others) * 0.16));
        let strict = self.pair(strict_group, strict_others, base_rate * 2.7, ratio, 0.0);
        let mild = self.pair(group - strict_group, others - strict_others, base_rate * 0.675, ratio, 0.0);
        let strata = BTreeMap::from([("mild".into(), mild), ("strict".into(), strict)]);
        Block { crude: strict.plus(mild), strata, by_population: false }
    }

    fn pair(&mut self, exposed: u64, reference_exposed: u64, base_rate: f64, ratio: f64, variation: f64) -> Pair {
        let rate = base_rate * ratio * self.variation_factor(variation);
        let reference_rate = base_rate * self.variation_factor(variation);
        Pair {
            events: self.binomial(exposed, rate.min(0.95)),
            exposed,
            reference_events: self.binomial(reference_exposed, reference_rate.min(0.95)),
            reference_exposed,
        }
    }

    /// Draws a factor with mean 1 and this coefficient of variation.
    fn variation_factor(&mut self, variation: f64) -> f64 {
        if variation <= 0.0 {
            return 1.0;
        }
        match self.shape.noise {
            Noise::LogNormal => {
                let spread = libm::log1p(variation * variation);
                libm::exp(libm::sqrt(spread) * self.normal() - spread / 2.0)
            }
            Noise::Gamma => {
                let shape = 1.0 / (variation * variation);
                self.gamma(shape) / shape
            }
            Noise::Shocks => self.shock(variation),
        }
    }

    /// Draws a standard normal number (Box and Muller, Annals of Mathematical Statistics 29, 1958).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.random.uniform(), self.random.uniform() * std::f64::consts::TAU);
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(angle)
    }

    /// Draws a gamma number of this shape, with scale 1 (Marsaglia and Tsang, ACM Transactions on Mathematical Software 26, 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let uniform = 1.0 - self.random.uniform();
            return self.gamma(shape + 1.0) * libm::pow(uniform, 1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let normal = self.normal();
            let root = 1.0 + normal / libm::sqrt(9.0 * d);
            let uniform = 1.0 - self.random.uniform();
            let cube = root * root * root;
            if root > 0.0 && libm::log(uniform) < 0.5 * normal * normal + d - d * cube + d * libm::log(cube) {
                return d * cube;
            }
        }
    }

    /// Draws a shock, or what is left for the other blocks.
    fn shock(&mut self, variation: f64) -> f64 {
        const PROBABILITY: f64 = 0.04;
        let spread = libm::sqrt(PROBABILITY * (1.0 - PROBABILITY));
        // A factor 1 + rise in the shocks has the deviation rise * spread and the mean 1 + rise * probability.
        let rise = variation / (spread - PROBABILITY * variation);
        let factor = if self.random.chance(PROBABILITY) { 1.0 + rise } else { 1.0 };
        factor / (1.0 + rise * PROBABILITY)
    }

    /// Draws a binomial number. Large counts are split into parts, because the probability of no event must not vanish.
    fn binomial(&mut self, count: u64, probability: f64) -> u64 {
        /// Expected events of one part: exp(-500) is far above the smallest double.
        const PART: f64 = 500.0;
        if probability <= 0.0 {
            return 0;
        }
        let part = round((PART * (1.0 - probability) / probability).max(1.0)).max(1);
        let mut left = count;
        let mut events = 0;
        while left > 0 {
            let size = left.min(part);
            events += self.binomial_part(size, probability);
            left -= size;
        }
        events
    }

    /// Draws a binomial number by inversion: the probabilities of 0, 1, 2 ... events are subtracted from a uniform number until it is used up
    /// (Kachitvichyanukul and Schmeiser, Communications of the ACM 31, 1988).
    fn binomial_part(&mut self, count: u64, probability: f64) -> u64 {
        let odds = probability / (1.0 - probability);
        let scale = (real(count) + 1.0) * odds;
        let first = libm::exp(real(count) * libm::log1p(-probability));
        let (mut left, mut chance, mut events) = (self.random.uniform(), first, 0);
        while left > chance && events < count {
            left -= chance;
            events += 1;
            chance *= scale / real(events) - odds;
        }
        events
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a simulation")]
const fn real(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; a cast saturates")]
fn round(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_numbers_have_the_binomial_mean_and_variance() {
        let shape = BlockShape {
            exposed: 1,
            share: 0.5,
            base_rate: 0.1,
            ratio: 1.0,
            change: None,
            drift: Drift::None,
            variation: 0.0,
            noise: Noise::LogNormal,
        };
        let mut blocks = Blocks::new(shape, 1);
        for (count, probability) in [(100, 0.05), (900, 0.5), (20_000, 0.3)] {
            let draws: Vec<f64> = (0..4_000).map(|_| real(blocks.binomial(count, probability))).collect();
            let mean = draws.iter().sum::<f64>() / 4_000.0;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 4_000.0;
            let (expected, spread) = (real(count) * probability, real(count) * probability * (1.0 - probability));
            assert!((mean - expected).abs() < 4.0 * (spread / 4_000.0).sqrt(), "mean {mean} of {expected}");
            assert!((variance / spread - 1.0).abs() < 0.1, "variance {variance} of {spread}");
        }
    }

    #[test]
    fn noise_has_mean_1_and_its_variation() {
        for noise in [Noise::LogNormal, Noise::Gamma, Noise::Shocks] {
            for variation in [0.2, 0.4, 1.5] {
                let shape = BlockShape {
                    exposed: 1,
                    share: 0.5,
                    base_rate: 0.1,
                    ratio: 1.0,
                    change: None,
                    drift: Drift::None,
                    variation,
                    noise,
                };
                let mut blocks = Blocks::new(shape, 1);
                let draws: Vec<f64> = (0..100_000).map(|_| blocks.variation_factor(variation)).collect();
                let mean = draws.iter().sum::<f64>() / 100_000.0;
                let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 100_000.0;
                assert!((mean - 1.0).abs() < 4.0 * variation / 316.0, "{noise:?}, {variation}: mean {mean}");
                assert!((variance.sqrt() / variation - 1.0).abs() < 0.1, "{noise:?}, {variation}: {}", variance.sqrt());
            }
        }
    }
}

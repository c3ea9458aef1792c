//! Simulated blocks with a known truth: for `power`, and for the figures that evidence is held to.

use std::collections::BTreeMap;

use super::random::Random;
use crate::statistics::{Block, Judging, LOG_WATCH, Pair, Series};

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockShape {
    /// Exposed in a block, both groups together.
    pub exposed: u64,
    /// The monitored group's share of them, between 0 and 1.
    pub share: f64,
    /// Rate of the reference.
    pub base_rate: f64,
    /// Ratio of the group's rate to it, before the change.
    pub ratio: f64,
    /// The block from which on the ratio is another, and that ratio.
    pub change: Option<(u64, f64)>,
    /// How the base rate moves over time.
    pub drift: Drift,
    /// Coefficient of variation of each group's own rate between blocks.
    pub variation: f64,
}

/// How the base rate moves over time, in both groups alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Not at all.
    None,
    /// A wave of half its height either way, with a period of 100 blocks.
    Wave,
    /// Three times as high after every second hundred of blocks.
    Jumps,
    /// Two strata with different rates in which the groups have different shares: crude ratio 1.5, 1 in each stratum.
    Simpson,
}

/// What the first alarm of a series took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watching {
    /// The alarm of the lifetime e-process.
    Alarm,
    /// The watch list's threshold of the change detector.
    WatchList,
}

/// An endless stream of blocks.
#[derive(Clone, Debug)]
pub struct Blocks {
    shape: BlockShape,
    random: Random,
    index: u64,
}

impl Blocks {
    /// The stream of a seed.
    #[must_use]
    pub fn new(shape: BlockShape, seed: u64) -> Self {
        Self { shape, random: Random::new(seed), index: 0 }
    }

    /// The next block.
    pub fn next_block(&mut self) -> Block {
        let BlockShape { exposed, share, base_rate, ratio, change, drift, variation } = self.shape;
        let ratio = change.filter(|(from, _)| self.index >= *from).map_or(ratio, |(_, ratio)| ratio);
        let base_rate = base_rate * self.level(drift);
        self.index += 1;
        let group_exposed = round(real(exposed) * share);
        let others = exposed - group_exposed;
        if drift == Drift::Simpson {
            return self.simpson(group_exposed, others, base_rate, ratio);
        }
        let crude = self.pair(group_exposed, others, base_rate, ratio, variation);
        Block { crude, ..Block::default() }
    }

    /// Blocks until the first alarm, at most `limit`.
    pub fn until(&mut self, watching: Watching, judging: &Judging, limit: u64) -> Option<u64> {
        let mut series = Series::new(None);
        self.go_on_until(&mut series, watching, judging, limit)
    }

    /// The same with a series that has seen blocks before.
    pub fn go_on_until(
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

    fn level(&self, drift: Drift) -> f64 {
        match drift {
            Drift::Wave => 1.0 + 0.5 * libm::sin(real(self.index) * std::f64::consts::TAU / 100.0),
            Drift::Jumps if self.index / 100 % 2 == 1 => 3.0,
            _ => 1.0,
        }
    }

    fn simpson(&mut self, group: u64, others: u64, base_rate: f64, ratio: f64) -> Block {
        // Offices of four and one times the rate; 40 % of the group and 16 % of the others belong to the stricter one.
        let (strict_group, strict_others) = (round(real(group) * 0.4), round(real(others) * 0.16));
        let strict = self.pair(strict_group, strict_others, base_rate * 2.7, ratio, 0.0);
        let mild = self.pair(group - strict_group, others - strict_others, base_rate * 0.675, ratio, 0.0);
        let strata = BTreeMap::from([("mild".into(), mild), ("strict".into(), strict)]);
        Block { crude: strict.plus(mild), strata, by_population: false }
    }

    fn pair(&mut self, exposed: u64, reference_exposed: u64, base_rate: f64, ratio: f64, variation: f64) -> Pair {
        let rate = base_rate * ratio * self.wobble(variation);
        let reference_rate = base_rate * self.wobble(variation);
        Pair {
            events: self.binomial(exposed, rate.min(0.95)),
            exposed,
            reference_events: self.binomial(reference_exposed, reference_rate.min(0.95)),
            reference_exposed,
        }
    }

    /// Log-normal with mean 1.
    fn wobble(&mut self, variation: f64) -> f64 {
        if variation <= 0.0 {
            return 1.0;
        }
        let spread = libm::log1p(variation * variation);
        let (radius, angle) = (1.0 - self.random.uniform(), self.random.uniform() * std::f64::consts::TAU);
        let normal = libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(angle);
        libm::exp(libm::sqrt(spread) * normal - spread / 2.0)
    }

    /// By inversion, in parts small enough for the first probability not to vanish.
    fn binomial(&mut self, count: u64, probability: f64) -> u64 {
        /// Expected events in one part: exp(-500) is far above the smallest double.
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

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and saturating")]
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
}

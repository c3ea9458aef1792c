//! Evidence that a group's values are larger than the others': how many exceed a threshold that past blocks have set.

use serde::{Deserialize, Serialize};

use super::detector::{ChangeDetector, LOG_CLEAR, Lifetime, log_add};
use super::information::log_level_of_part;
use super::learning::{DECAY, Dispersion, ExpectedRates, chance_variance, pooled_z};
use super::likelihood::{GRID, Logs, log_odds_ratios, log_reverse_ratios};
use super::pair::{Pair, real};
use super::series::Judging;

/// The shares of values that the thresholds are to leave above them: for the median, and for the highest tenth.
const TAILS: [f64; 2] = [0.5, 0.1];

/// The sequential evidence of two processes, one for each threshold, half of each.
///
/// The hypothesis is "in no block is a value of the group more likely to exceed a threshold than one of the rest". A threshold is a bucket of the
/// histogram of past blocks, both groups together, so it is known before the block. The mean of two e-processes is one, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exceedance {
    past: Past,
    processes: [Process; 2],
    alarmed: bool,
    epoch: u32,
    blocks: u64,
}

impl Exceedance {
    /// Before the first block.
    #[must_use]
    pub fn new() -> Self {
        Self::of_tails(TAILS)
    }

    /// The same with thresholds at other quantiles; each above 0 and below 1.
    #[must_use]
    pub fn of_quantiles(quantiles: [f64; 2]) -> Self {
        // So that the usual ones leave exactly the usual shares.
        const STEPS: f64 = 1e12;
        Self::of_tails(quantiles.map(|quantile| ((1.0 - quantile) * STEPS).round() / STEPS))
    }

    fn of_tails(tails: [f64; 2]) -> Self {
        Self {
            past: Past { buckets: Vec::new() },
            processes: tails.map(Process::new),
            alarmed: false,
            epoch: 1,
            blocks: 0,
        }
    }

    /// Adds a closed block: how many values of the group, and of the rest, lie in each bucket, the lowest first. Both have the same buckets in
    /// every block; buckets that are missing at the end are empty.
    pub fn take(&mut self, group: &[u64], rest: &[u64], judging: &Judging) {
        for process in &mut self.processes {
            process.threshold = self.past.threshold(process.tail);
            process.take(process.threshold.map(|bucket| above(bucket, group, rest)), judging);
        }
        if self.alarmed {
            if self.log_half(Process::log_reverse) >= LOG_CLEAR {
                self.clear();
            }
        } else if self.log_e() >= self.alarm_at(judging.log_level) {
            self.alarmed = true;
            self.processes.iter_mut().for_each(|process| process.reverse = Some(ChangeDetector::new()));
        }
        self.past.learn(group, rest);
        self.blocks = self.blocks.saturating_add(1);
    }

    /// Whether E has reached its level in this epoch.
    #[must_use]
    pub const fn alarmed(&self) -> bool {
        self.alarmed
    }

    /// Natural logarithm of the E at which this epoch alarms, as of [`Detector::alarm_at`](super::Detector::alarm_at).
    #[must_use]
    pub fn alarm_at(&self, log_level: f64) -> f64 {
        log_level_of_part(log_level, self.epoch)
    }

    /// ln E of this epoch: of the mean of both processes.
    #[must_use]
    pub fn log_e(&self) -> f64 {
        self.log_half(|process| process.lifetime.log_e())
    }

    /// ln M of this epoch: of the mean of both processes; minus infinity before its first block.
    #[must_use]
    pub fn log_sr(&self) -> f64 {
        self.log_half(|process| process.change.log_m())
    }

    /// The number of the epoch: 1 at first, and one more after each clearing.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// phi at the median and at the highest tenth, of the last block that told something there; 1 before the first.
    #[must_use]
    pub fn phi(&self) -> [f64; 2] {
        self.processes.each_ref().map(|process| process.phi)
    }

    /// The buckets that the last block's values had to exceed, at the median and at the highest tenth. `None` while past blocks hold fewer than
    /// 100 values, and where no bucket leaves from 2 to 98 % of them above it.
    #[must_use]
    pub fn thresholds(&self) -> [Option<usize>; 2] {
        self.processes.each_ref().map(|process| process.threshold)
    }

    /// The information of this epoch about the logarithm of the ratio, at the median and at the highest tenth: the sums of 1 / (variance phi).
    #[must_use]
    pub fn information(&self) -> [f64; 2] {
        self.processes.each_ref().map(|process| process.information)
    }

    /// The number of blocks added, over all epochs.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    fn clear(&mut self) {
        self.alarmed = false;
        self.epoch = self.epoch.saturating_add(1);
        self.processes.iter_mut().for_each(Process::clear);
    }

    /// ln of the mean of what the logarithms of both processes stand for.
    fn log_half(&self, log: impl Fn(&Process) -> f64) -> f64 {
        let [median, tenth] = self.processes.each_ref().map(log);
        log_add(median, tenth) - std::f64::consts::LN_2
    }
}

impl Default for Exceedance {
    fn default() -> Self {
        Self::new()
    }
}

/// The evidence at one threshold, and what it has learned from past blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Process {
    tail: f64,
    threshold: Option<usize>,
    rates: ExpectedRates,
    dispersion: Dispersion,
    phi: f64,
    information: f64,
    lifetime: Lifetime,
    change: ChangeDetector,
    /// Evidence that the group's values are not larger. Runs while alarmed.
    reverse: Option<ChangeDetector>,
}

impl Process {
    /// What is above the threshold is known to be about the tail, so no first block is left out.
    fn new(tail: f64) -> Self {
        Self {
            tail,
            threshold: None,
            rates: ExpectedRates::starting_at(tail),
            dispersion: Dispersion::new(),
            phi: 1.0,
            information: 0.0,
            lifetime: Lifetime::new(),
            change: ChangeDetector::new(),
            reverse: None,
        }
    }

    /// Adds a closed block: the values above the threshold and all values. Without a threshold it counts as time.
    fn take(&mut self, pair: Option<Pair>, judging: &Judging) {
        let [forward, backward] =
            pair.filter(|pair| !pair.one_sided()).map_or([[0.0; GRID]; 2], |pair| self.ratios(pair, judging));
        self.lifetime.step(&forward);
        self.change.step(&forward);
        if let Some(reverse) = &mut self.reverse {
            reverse.step(&backward);
        }
        if let Some(pair) = pair {
            self.rates.learn(pair);
        }
    }

    /// Returns the tempered ln L_k of a block against the hypothesis and against its reverse, and learns its dispersion.
    fn ratios(&mut self, pair: Pair, judging: &Judging) -> [Logs; 2] {
        let (q, group_q) = (self.rates.reference.expected(), self.rates.group.expected());
        let (phi, log_cap) = (self.dispersion.allowance(pair, q, judging.variation), judging.log_cap());
        self.dispersion.learn_from(pooled_z(pair), chance_variance(pair, q));
        self.phi = phi;
        self.information += 1.0 / (chance_variance(pair, q) * phi);
        let ratios = [log_odds_ratios(pair, q), log_reverse_ratios(pair, 1.0, group_q, q)];
        ratios.map(|logs| logs.map(|log| (log / phi).min(log_cap)))
    }

    fn log_reverse(&self) -> f64 {
        self.reverse.as_ref().map_or(f64::NEG_INFINITY, ChangeDetector::log_m)
    }

    fn clear(&mut self) {
        (self.lifetime, self.change, self.reverse) = (Lifetime::new(), ChangeDetector::new(), None);
        self.information = 0.0;
    }
}

/// The values of past blocks by bucket, of both groups. Half of the weight lies in the last 100 blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Past {
    buckets: Vec<f64>,
}

impl Past {
    /// Returns the bucket above which the share of values is nearest to `tail`; the lowest of equally near ones.
    fn threshold(&self, tail: f64) -> Option<usize> {
        /// The values that a threshold rests on, at least.
        const ENOUGH: f64 = 100.0;
        /// Equal shares may differ by so much of all values, by rounding.
        const ROUNDING: f64 = 1e-12;
        let mut above = 0.0;
        let mut best: Option<(usize, f64)> = None;
        let total: f64 = self.buckets.iter().sum();
        let distance = |above: f64| (above - tail * total).abs();
        for (bucket, count) in self.buckets.iter().enumerate().rev() {
            if best.is_none_or(|(_, best)| distance(above) <= distance(best) + ROUNDING * total) {
                best = Some((bucket, above));
            }
            above += count;
        }
        let usable = |above: f64| total >= ENOUGH && (0.02..=0.98).contains(&(above / total));
        best.filter(|(_, above)| usable(*above)).map(|(bucket, _)| bucket)
    }

    /// Adds a closed block.
    fn learn(&mut self, group: &[u64], rest: &[u64]) {
        let buckets = self.buckets.len().max(group.len()).max(rest.len());
        self.buckets.resize(buckets, 0.0);
        self.buckets.iter_mut().for_each(|past| *past *= DECAY);
        for counts in [group, rest] {
            self.buckets.iter_mut().zip(counts).for_each(|(past, count)| *past += real(*count));
        }
    }
}

/// Counts the values in buckets above `bucket`, of all.
fn above(bucket: usize, group: &[u64], rest: &[u64]) -> Pair {
    let sum = |counts: &[u64], skipped: usize| {
        counts.iter().skip(skipped).fold(0, |sum: u64, count| sum.saturating_add(*count))
    };
    let first = bucket.saturating_add(1);
    Pair {
        events: sum(group, first),
        exposed: sum(group, 0),
        reference_events: sum(rest, first),
        reference_exposed: sum(rest, 0),
    }
}

//! Evidence that may be looked at after every block: e-processes for the ratio of two rates.
//!
//! # What is promised
//!
//! The hypothesis is "in no block was the group's rate above `null` times the reference's". Each block gives likelihood ratios whose
//! expectation under the hypothesis is at most 1, whatever the past. From them [`Lifetime`] makes an alarm that is false at most with the
//! probability it was given, over its whole life. [`ChangeDetector`] finds changes sooner and feeds the watch list.
//!
//! # What it rests on
//!
//! - The expected rates are predictable: learned from earlier blocks alone.
//! - The size of a block does not depend on outcomes. Within a block the cases are independent, given the rates.
//! - A base rate that drifts from block to block costs power, but the guarantees hold: each block has a base rate of its own.
//! - Both guarantees are exact for the hypothesis as stated. That the allowance for varying rates keeps the nominal level where each group's
//!   rate wobbles around an equal mean, so that single blocks do violate the hypothesis, has only been seen in simulation.
//!
//! Everything here is computed with `libm`, not with the mathematics library of the machine, so a replay gives the same bits everywhere.

use libm::{exp, log, log1p, pow};
use serde::{Deserialize, Serialize};

use super::information::log_level_of_part;
use super::likelihood::{GRID, Logs};

/// Natural logarithm of the M at which the reverse detector clears an alarm: on average at most one false clearing in 365 blocks.
pub const LOG_CLEAR: f64 = 5.899_897_353_582_491_5;

/// Natural logarithm of the M from which a series is on the watch list: 20,000 blocks.
pub const LOG_WATCH: f64 = 9.903_487_552_536_127;

/// Both detectors of one hypothesis, and whether they have alarmed.
///
/// The hypothesis is "in no block was the group's rate above `null` times the reference's". An alarm latches: it stands until evidence
/// against "the group's rate is at least `reverse_null` times the reference's" clears it. Then a new epoch starts, with a smaller level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    null: f64,
    reverse_null: f64,
    lifetime: Lifetime,
    change: ChangeDetector,
    /// Evidence that the ratio is below `reverse_null`. Runs while alarmed.
    reverse: Option<ChangeDetector>,
    epoch: u32,
}

impl Detector {
    /// Before the first block. `null` is positive and finite; `reverse_null` is not below `null`.
    #[must_use]
    pub const fn new(null: f64, reverse_null: f64) -> Self {
        Self { null, reverse_null, lifetime: Lifetime::new(), change: ChangeDetector::new(), reverse: None, epoch: 1 }
    }

    /// The ratio of the hypothesis.
    #[must_use]
    pub const fn null(&self) -> f64 {
        self.null
    }

    /// The ratio below which an alarm clears.
    #[must_use]
    pub const fn reverse_null(&self) -> f64 {
        self.reverse_null
    }

    /// Adds a closed block. `forward` holds ln L_k against the hypothesis; `backward` returns ln L_k against the reverse one and is called only
    /// while alarmed. `log_level` is ln(1 / level), where the level is shared out over all epochs.
    pub fn step(&mut self, forward: &Logs, backward: impl FnOnce() -> Logs, log_level: f64) {
        self.lifetime.step(forward);
        self.change.step(forward);
        if let Some(reverse) = &mut self.reverse {
            reverse.step(&backward());
            if reverse.log_m() >= LOG_CLEAR {
                self.clear();
            }
        } else if self.lifetime.log_e() >= self.alarm_at(log_level) {
            self.reverse = Some(ChangeDetector::new());
        }
    }

    /// Starts the next epoch.
    pub(super) const fn clear(&mut self) {
        *self = Self { epoch: self.epoch.saturating_add(1), ..Self::new(self.null, self.reverse_null) };
    }

    /// Whether E has reached its level in this epoch.
    #[must_use]
    pub const fn alarmed(&self) -> bool {
        self.reverse.is_some()
    }

    /// Natural logarithm of the E at which this epoch alarms. Epoch j has the share 6 / (pi j)^2 of the level; over all epochs the shares
    /// sum to 1.
    #[must_use]
    pub fn alarm_at(&self, log_level: f64) -> f64 {
        log_level_of_part(log_level, self.epoch)
    }

    /// ln E of this epoch; 0 before its first block.
    #[must_use]
    pub const fn log_e(&self) -> f64 {
        self.lifetime.log_e()
    }

    /// ln M of this epoch; minus infinity before its first block.
    #[must_use]
    pub fn log_sr(&self) -> f64 {
        self.change.log_m()
    }

    /// The number of the epoch: 1 at first, and one more after each clearing.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }
}

/// The e-process that alarms: a mixture over the alternatives and over the block at which the disparity began.
///
/// By Ville's inequality (1939) the probability that E *ever* reaches 1 / a under the hypothesis is at most a, however often one looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lifetime {
    log_sums: Logs,
    blocks: u32,
    /// G(t) after the last block.
    remaining: f64,
    log_e: f64,
}

impl Lifetime {
    /// Before the first block: E = 1.
    #[must_use]
    pub const fn new() -> Self {
        Self { log_sums: [f64::NEG_INFINITY; GRID], blocks: 0, remaining: 1.0, log_e: 0.0 }
    }

    /// Adds a closed block: C_k becomes L_k (C_k + gamma_t), where gamma_t = G(t - 1) - G(t).
    pub fn step(&mut self, log_ratios: &Logs) {
        self.blocks = self.blocks.saturating_add(1);
        let after = remaining(self.blocks);
        let log_begins = log(self.remaining - after);
        self.remaining = after;
        for (sum, ratio) in self.log_sums.iter_mut().zip(log_ratios) {
            *sum = ratio + log_add(*sum, log_begins);
        }
        self.log_e = log_add(log_mean(&self.log_sums), log(after));
    }

    /// ln E, where E is the mean of C_k plus G(t).
    #[must_use]
    pub const fn log_e(&self) -> f64 {
        self.log_e
    }

    /// The number of blocks added.
    #[must_use]
    pub const fn blocks(&self) -> u32 {
        self.blocks
    }
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns G(t) for t > 0: the prior probability that the disparity begins after block t. G(0) is 1.
fn remaining(blocks: u32) -> f64 {
    0.5 * pow(1.0 + f64::from(blocks), -0.2)
}

/// The detector of a change after any block: an e-detector of Shiryaev-Roberts kind (Shin, Ramdas and Rinaldo, New England Journal of
/// Statistics in Data Science, 2023).
///
/// Under the hypothesis it takes at least c blocks on average until M reaches c. That is no guarantee over a lifetime, so this detector
/// never alarms by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeDetector {
    log_sums: Logs,
}

impl ChangeDetector {
    /// Before the first block: M = 0.
    #[must_use]
    pub const fn new() -> Self {
        Self { log_sums: [f64::NEG_INFINITY; GRID] }
    }

    /// Adds a closed block: M_k becomes L_k (M_k + 1).
    pub fn step(&mut self, log_ratios: &Logs) {
        for (sum, ratio) in self.log_sums.iter_mut().zip(log_ratios) {
            *sum = ratio + log_add(*sum, 0.0);
        }
    }

    /// ln M, where M is the mean of M_k; minus infinity before the first block.
    #[must_use]
    pub fn log_m(&self) -> f64 {
        log_mean(&self.log_sums)
    }
}

impl Default for ChangeDetector {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the logarithm of the mean of what the logarithms stand for.
fn log_mean(logs: &Logs) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    let sum: f64 = logs.iter().map(|value| exp(value - largest)).sum();
    largest + log(sum / 8.0)
}

/// Returns ln(exp(a) + exp(b)).
pub(super) fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    // Below -40 the smaller one changes no digit. Minus infinity minus itself would be NaN.
    if low - high < -40.0 || low == f64::NEG_INFINITY { high } else { high + log1p(exp(low - high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detector_takes_less_than_400_bytes() {
        assert!(size_of::<Detector>() < 400);
    }

    #[test]
    fn thresholds_are_what_they_say() {
        assert_eq!(LOG_CLEAR, 365_f64.ln());
        assert_eq!(LOG_WATCH, 20_000_f64.ln());
    }
}

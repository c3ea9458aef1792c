//! Exact limits of one rate, and of a ratio that follows from a share.

use super::binomial::{Chance, MOST_TRIALS, at_least, mass};
use super::confidence::{Confidence, Interval};

/// Returns the one-sided lower limit of a rate, from 0 to 1: the rate at which `x` events or more among `n` have the probability `alpha`. It is
/// 0 where there is no event, and alpha^(1/n) where everybody has it. Returns `None` where nothing is exposed, where there are more events
/// than exposed, where there are more than 10^10 exposed, or where `alpha` is not from 1e-200 to below 1.
///
/// Source: Clopper and Pearson, Biometrika 26 (1934).
#[must_use]
pub fn lower_limit(x: u64, n: u64, alpha: f64) -> Option<f64> {
    limit(x, n, alpha).map(|chance| chance.p)
}

/// Returns the exact interval of a rate, within [0, 1]: each limit is missed with at most half of alpha. Returns `None` as [`lower_limit`]
/// does.
///
/// Source: Clopper and Pearson, Biometrika 26 (1934).
#[must_use]
pub fn exact_interval(x: u64, n: u64, confidence: Confidence) -> Option<Interval> {
    let (lower, upper) = limits(x, n, confidence)?;
    Some(Interval { lower: lower.p, upper: upper.p })
}

/// Returns the limits of the ratio of two rates of events, `x1` on the exposure `e1` and `x2` on `e2`, from the exact interval of the first
/// one's share of the events. Where `x2` is 0 there is no upper limit. Returns `None` for both where there is no event, where there are more
/// than 10^10 events, or where an exposure is not above 0.
///
/// Given their total, the events fall to the first with probability r e1 / (r e1 + e2), where r is the ratio.
/// [`share_ratio_interval`](super::share_ratio_interval) is the same for score intervals.
#[must_use]
pub fn exact_share_ratio(x1: u64, x2: u64, e1: f64, e2: f64, confidence: Confidence) -> (Option<f64>, Option<f64>) {
    let Some((lower, upper)) = x1.checked_add(x2).and_then(|events| limits(x1, events, confidence)) else {
        return (None, None);
    };
    (odds_to_ratio(lower, e1, e2), odds_to_ratio(upper, e1, e2))
}

/// Returns the ratio r = s e2 / ((1 - s) e1) that belongs to the share `s` of the events, where `e1` and `e2` are the exposures. Returns `None`
/// where the share is not from 0 to below 1, where an exposure is not above 0, or where the ratio has no finite value.
#[must_use]
pub fn share_to_ratio(share: f64, e1: f64, e2: f64) -> Option<f64> {
    (0.0..1.0).contains(&share).then(|| Chance::of(share)).and_then(|share| odds_to_ratio(share, e1, e2))
}

fn odds_to_ratio(share: Chance, e1: f64, e2: f64) -> Option<f64> {
    let ratio = share.p / share.q * (e2 / e1);
    (e1 > 0.0 && e2 > 0.0 && ratio.is_finite()).then_some(ratio)
}

fn limits(x: u64, n: u64, confidence: Confidence) -> Option<(Chance, Chance)> {
    let tail = confidence.alpha() / 2.0;
    let lower = limit(x, n, tail)?;
    // The upper limit is what the lower limit of those without the event leaves.
    let Chance { p, q } = limit(n.checked_sub(x)?, n, tail)?;
    Some((lower, Chance { p: q, q: p }))
}

/// Returns the chance at which `x` events or more among `n` have the probability `tail`.
///
/// Newton steps on the logarithm of the probability, over that of the chance: there it is concave and rises, so they converge from any start, unless one leads to where
/// the probability is too small for a number: then half of it is taken. And
/// the logarithm holds a chance near 1 with all digits of its complement.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and there are at most 10^10 trials")]
fn limit(x: u64, n: u64, tail: f64) -> Option<Chance> {
    /// Each step doubles the digits. The farthest start needs about ten.
    const STEPS: usize = 60;
    /// Smaller probabilities have left the numbers before a step reaches them.
    const SMALLEST: f64 = 1e-200;
    if x > n || n == 0 || n > MOST_TRIALS || !(SMALLEST..1.0).contains(&tail) {
        return None;
    }
    let (x, n, log_tail) = (x as f64, n as f64, libm::log(tail));
    if x == 0.0 {
        return Some(Chance { p: 0.0, q: 1.0 });
    }
    if x == n {
        return Some(Chance::of_log(log_tail / n));
    }
    let mut log = libm::log1p(-(n - x) / n);
    // The last chance whose probability was a number to step from.
    let mut good = log;
    for _ in 0..STEPS {
        let chance = Chance::of_log(log);
        let above = at_least(x, n, chance);
        if above < SMALLEST * SMALLEST.sqrt() {
            log = f64::midpoint(log, good);
            continue;
        }
        good = log;
        let step = (log_tail - libm::log(above)) * above / (x * mass(x, n, chance));
        log += step;
        if step.abs() <= 1e-15 * log.abs() {
            break;
        }
    }
    Some(Chance::of_log(log))
}

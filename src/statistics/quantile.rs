//! Which of the ordered values is a quantile, and which are its limits.

use super::binomial::{Chance, MOST_TRIALS, at_most};
use super::confidence::Confidence;

/// Ranks among `n` values in rising order, from 1 to `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuantileRanks {
    /// The rank of the quantile's value, ceil(n p); `None` where there is no value.
    pub value: Option<u64>,
    /// The rank of the lower limit; `None` where the values are too few for one.
    pub lower: Option<u64>,
    /// The rank of the upper limit; `None` where the values are too few for one.
    pub upper: Option<u64>,
}

/// Returns the ranks of the quantile `p` among `n` values, with an interval that assumes no distribution of the values: each limit is missed
/// with at most half of alpha. No rank is known where `p` is not above 0 and below 1, where there is no value, or where there are more than
/// 10^10.
///
/// The number of values below the quantile is binomial. The lower rank is 1 + the largest m with P(Bin(n, p) <= m) <= alpha / 2, the upper rank
/// 1 + the smallest m with P(Bin(n, p) <= m) >= 1 - alpha / 2. Ranks at which the probability equals its bound within rounding count as meeting
/// it.
///
/// Source: Conover, Practical Nonparametric Statistics, 3rd edition (1999), section 3.2.
#[must_use]
pub fn quantile_ranks(n: u64, p: f64, confidence: Confidence) -> QuantileRanks {
    if n == 0 || n > MOST_TRIALS || !(p > 0.0 && p < 1.0) {
        return QuantileRanks::default();
    }
    let tail = confidence.alpha() / 2.0;
    let (below, above) = (Chance::of(p), Chance { p: 1.0 - p, q: p });
    // Those above the quantile are binomial too, and P(below <= m) >= 1 - tail where P(above <= n - m - 1) <= tail.
    let (low, high) = (largest_within(n, below, tail), largest_within(n, above, tail));
    QuantileRanks {
        value: Some(rank_of(n, p)),
        lower: low.map(|most| most + 1),
        upper: high.and_then(|most| n.checked_sub(most)),
    }
}

/// Returns ceil(n p), from 1 to n. A product that is whole but for rounding is taken as whole.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 10^10 and not negative"
)]
fn rank_of(n: u64, p: f64) -> u64 {
    let product = n as f64 * p;
    let whole = product.round();
    let near = (product - whole).abs() <= 4.0 * f64::EPSILON * product;
    ((if near { whole } else { product.ceil() }) as u64).clamp(1, n)
}

/// Returns the largest m with P(Bin(n, p) <= m) <= tail; `None` where there is none. The tail is at most 1/4.
///
/// From what the normal distribution says outwards, by doubled steps, until two numbers enclose it; then by halves.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 10^10 and not negative"
)]
fn largest_within(n: u64, chance: Chance, tail: f64) -> Option<u64> {
    /// Two ways to one probability differ by less.
    const ROUNDING: f64 = 1e-11;
    let trials = n as f64;
    let within = |most: u64| most < n && at_most(most as f64, trials, chance) <= tail * (1.0 + ROUNDING);
    let spread = (trials * chance.p * chance.q).sqrt();
    let guess = trials * chance.p - super::normal::upper_quantile(tail) * spread;
    let guess = (guess.max(0.0) as u64).min(n - 1);
    // `low` is within, `high` is not.
    let (mut low, mut high) = if within(guess) { (Some(guess), n) } else { (None, guess) };
    let mut step = 1;
    if low.is_some() {
        while let Some(next) = low.map(|low| low + step).filter(|next| *next < high) {
            if !within(next) {
                high = next;
                break;
            }
            low = Some(next);
            step *= 2;
        }
    } else {
        while high > 0 && low.is_none() {
            let next = high.saturating_sub(step);
            if within(next) {
                low = Some(next);
            } else {
                high = next;
            }
            step *= 2;
        }
    }
    let mut low = low?;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if within(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(low)
}

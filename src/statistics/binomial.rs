//! Tails of the binomial distribution, for counts to 10^10.
//!
//! A probability comes with its complement: 1 - p has few digits where p is near 1. The probability of one number follows from its distance
//! to the expected one, by Stirling's formula with its remainder, so large counts lose no digits. A tail is that probability times a continued
//! fraction, of which the square root of the counts is about the longest part that matters.
//!
//! Sources: Loader, Fast and accurate computation of binomial probabilities (2000); Didonato and Morris, ACM Transactions on Mathematical
//! Software 18 (1992), equation 9, for the continued fraction.

use std::f64::consts::TAU;

use super::fisher::{deviance, remainder};

/// The most trials of which tails are computed. One tail then takes about a millisecond.
pub(super) const MOST_TRIALS: u64 = 10_000_000_000;

/// A probability and its complement, each with all digits.
#[derive(Clone, Copy)]
pub(super) struct Chance {
    pub p: f64,
    pub q: f64,
}

impl Chance {
    /// Of a probability from 0 to 1 of which only the value is known.
    pub const fn of(p: f64) -> Self {
        Self { p, q: 1.0 - p }
    }

    /// Of the logarithm of a probability.
    pub fn of_log(log: f64) -> Self {
        Self { p: libm::exp(log), q: -libm::expm1(log) }
    }

    const fn exchanged(self) -> Self {
        Self { p: self.q, q: self.p }
    }
}

/// Returns the probability of `x` events or more in `n` trials. Both are whole, 0 < x <= n, and the chance is above 0 and below 1.
pub(super) fn at_least(x: f64, n: f64, chance: Chance) -> f64 {
    let Chance { p, q } = chance;
    let (a, b) = (x, n - x + 1.0);
    // p^a q^b / B(a, b)
    let factor = x * mass(x, n, chance) * q;
    // a - (a + b) p, rounded once, on the side where the product is smaller.
    let lead = if p <= q { -libm::fma(a + b, p, -a) } else { libm::fma(a + b, q, -b) };
    if lead >= 0.0 {
        factor / fraction(a, b, chance, lead)
    } else {
        1.0 - factor / fraction(b, a, chance.exchanged(), -lead)
    }
}

/// Returns the probability of `x` events or fewer in `n` trials. Both are whole, 0 <= x < n, and the chance is above 0 and below 1.
pub(super) fn at_most(x: f64, n: f64, chance: Chance) -> f64 {
    at_least(n - x, n, chance.exchanged())
}

/// Returns the probability of exactly `x` events in `n` trials.
pub(super) fn mass(x: f64, n: f64, chance: Chance) -> f64 {
    let Chance { p, q } = chance;
    let without = n - x;
    if without == 0.0 {
        return libm::exp(n * log_of(chance));
    }
    if x == 0.0 {
        return libm::exp(n * log_of(chance.exchanged()));
    }
    // Rounded once, on the side where the product is smaller.
    let excess = if p <= q { -libm::fma(n, p, -x) } else { libm::fma(n, q, -without) };
    let distance = deviance(x, n * p, excess) + deviance(without, n * q, -excess);
    let remainders = remainder(n) - remainder(x) - remainder(without);
    libm::exp(remainders - distance) * (n / (TAU * x * without)).sqrt()
}

/// Returns ln p, from the complement where p is near 1.
fn log_of(chance: Chance) -> f64 {
    if chance.q < 0.5 { libm::log1p(-chance.q) } else { libm::log(chance.p) }
}

/// Returns p^a q^b / B(a, b) over the incomplete beta function I_p(a, b), for `lead` = a - (a + b) p from 0. Nothing in it cancels where p is near
/// 1, since p itself is not subtracted from anything.
fn fraction(a: f64, b: f64, chance: Chance, lead: f64) -> f64 {
    /// Near the expected number some times the square root of the trials is needed.
    const STEPS: u32 = 10_000_000;
    let Chance { p, q } = chance;
    let mut value = a / (a + 1.0) * (lead + 1.0);
    let mut upper = value;
    let mut lower = 0.0;
    for step in 1..=STEPS {
        let k = f64::from(step);
        let (odd, next_odd) = (a + 2.0 * k - 1.0, a + 2.0 * k + 1.0);
        let common = k * (b - k) * p / odd;
        let over = (a + k - 1.0) * (a + b + k - 1.0) * (p / odd) * common;
        let under = k + common + (a + k) / next_odd * (lead + 1.0 + k * (1.0 + q));
        lower = 1.0 / (under + over * lower);
        upper = under + over / upper;
        let change = lower * upper;
        value *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

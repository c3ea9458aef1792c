//! Tails of the binomial distribution, for counts to 10^10.
//!
//! A probability comes with its complement: 1 - p has few digits where p is near 1. The probability of one number follows from its distance
//! to the expected one, by Stirling's formula with its remainder, so large counts lose no digits. A tail is that probability times a continued
//! fraction, of which the square root of the counts is about the longest part that matters.
//!
//! Sources: Loader, Fast and accurate computation of binomial probabilities (2000); Abramowitz and Stegun, Handbook of Mathematical Functions
//! (1964), 26.5.8.

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
    let (a, b) = (x, n - x + 1.0);
    if chance.p < (a + 1.0) / (a + b + 2.0) {
        mass(x, n, chance) * chance.q * fraction(a, b, chance.p)
    } else {
        1.0 - mass(x - 1.0, n, chance) * chance.p * fraction(b, a, chance.q)
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

/// Returns the continued fraction of the incomplete beta function, I_x(a, b) a B(a, b) / (x^a (1 - x)^b), for x below (a + 1) / (a + b + 2).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    /// Near the expected number about the square root of the trials times 5 is needed.
    const STEPS: u32 = 10_000_000;
    let mut upper = 1.0;
    let mut lower = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
    let mut value = lower;
    for step in 1..=STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        lower = 1.0 / (1.0 + even * lower);
        upper = 1.0 + even / upper;
        value *= lower * upper;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        lower = 1.0 / (1.0 + odd * lower);
        upper = 1.0 + odd / upper;
        let change = lower * upper;
        value *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

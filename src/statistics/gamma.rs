//! The incomplete gamma function, for tails of chi-squared and Poisson numbers.
//!
//! Its leading factor follows from the distance of the two arguments, by Stirling's formula with its remainder, so that arguments in the
//! millions lose no digits. Then a series or a continued fraction, whichever is short.
//!
//! Sources: Loader, Fast and accurate computation of binomial probabilities (2000); Abramowitz and Stegun, Handbook of Mathematical Functions
//! (1964), 6.5.29 and 6.5.31.

use std::f64::consts::TAU;

use super::fisher::{deviance, remainder};

/// Terms behind the last one that counts are never needed: near a = y about the square root times 10 is.
const STEPS: u32 = 10_000_000;

/// Returns P(a, y), the share of the gamma function below `y`, for a above 0 and y from 0.
pub(super) fn below(a: f64, y: f64) -> f64 {
    if y < a + 1.0 { mass(a, y) * series(a, y) } else { 1.0 - mass(a, y) * a * fraction(a, y) }
}

/// Returns Q(a, y), the share above `y`.
pub(super) fn above(a: f64, y: f64) -> f64 {
    if y < a + 1.0 { 1.0 - mass(a, y) * series(a, y) } else { mass(a, y) * a * fraction(a, y) }
}

/// Returns y^a e^-y / Gamma(a + 1), for a above 0 and y from 0: the Poisson probability of `a`, which need not be whole here.
pub(super) fn mass(a: f64, y: f64) -> f64 {
    if y == 0.0 {
        return 0.0;
    }
    libm::exp(-deviance(a, y, a - y) - real_remainder(a)) / (TAU * a).sqrt()
}

/// Returns ln Gamma(a + 1) without Stirling's formula a ln a - a + ln sqrt(2 pi a), for a above 0.
fn real_remainder(a: f64) -> f64 {
    /// From here the series of whole numbers has all digits.
    const LARGE: f64 = 16.0;
    if a >= LARGE {
        return remainder(a);
    }
    libm::lgamma(a + 1.0) - (a * libm::log(a) - a + 0.5 * libm::log(TAU * a))
}

/// Returns the sum of y^k / ((a + 1) ... (a + k)) over k from 0.
fn series(a: f64, y: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for step in 1..=STEPS {
        term *= y / (a + f64::from(step));
        sum += term;
        if term <= 1e-17 * sum {
            break;
        }
    }
    sum
}

/// Returns Q(a, y) Gamma(a) / (y^a e^-y), for y from a + 1.
fn fraction(a: f64, y: f64) -> f64 {
    let mut under = y + 1.0 - a;
    let mut lower = 1.0 / under;
    let mut upper = f64::INFINITY;
    let mut value = lower;
    for step in 1..=STEPS {
        let k = f64::from(step);
        let over = -k * (k - a);
        under += 2.0;
        lower = 1.0 / (over * lower + under);
        upper = under + over / upper;
        let change = lower * upper;
        value *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

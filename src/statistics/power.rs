//! How many exposed a comparison needs.

use statrs::distribution::{ContinuousCDF, Normal};

/// The question that [`exposed_needed`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerQuestion {
    /// The rate of the reference, above 0 and below 1.
    pub base_rate: f64,
    /// The ratio to be found, above 0 and not 1. A group's rate of 1 or more is taken as 1 - 1e-9.
    pub ratio: f64,
    /// The monitored group's share of all exposed, above 0 and below 1.
    pub share: f64,
    /// The two-sided level of the test, above 0 and below 1.
    pub alpha: f64,
    /// The probability of finding the ratio, from 0.5 to below 1.
    pub power: f64,
}

/// Returns how many exposed are needed, both groups together, for one fixed-sample score test of ratio 1 with groups of unequal size: not
/// rounded, so take the next whole number. Returns `None` where a field is outside its range.
///
/// Source: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd edition (2003), equation 4.14 without the continuity
/// correction.
#[must_use]
pub fn exposed_needed(question: &PowerQuestion) -> Option<f64> {
    let PowerQuestion { base_rate: p2, ratio, share, alpha, power } = *question;
    let inside = |value: f64| value > 0.0 && value < 1.0;
    let p1 = (p2 * ratio).min(1.0 - 1e-9);
    if !(inside(p2) && inside(share) && inside(alpha) && (0.5..1.0).contains(&power) && ratio > 0.0 && p1 != p2) {
        return None;
    }
    // The lower quantile of a small probability keeps the digits that an upper quantile of 1 - tail would lose.
    let upper_quantile = |tail: f64| -Normal::standard().inverse_cdf(tail);
    let pooled = share * p1 + (1.0 - share) * p2;
    let null_spread = (pooled * (1.0 - pooled) * (1.0 / share + 1.0 / (1.0 - share))).sqrt();
    let spread = (p1 * (1.0 - p1) / share + p2 * (1.0 - p2) / (1.0 - share)).sqrt();
    let root = (upper_quantile(alpha / 2.0) * null_spread + upper_quantile(1.0 - power) * spread) / (p1 - p2);
    Some(root * root).filter(|exposed| exposed.is_finite())
}

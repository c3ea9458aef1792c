//! How many exposed a comparison needs.

use super::normal::upper_quantile;

/// The question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerQuestion {
    /// The reference's rate, between 0 and 1.
    pub base_rate: f64,
    /// The ratio to be seen; not 1.
    pub ratio: f64,
    /// The monitored group's share of all exposed, between 0 and 1.
    pub share: f64,
    /// Two-sided level, between 0 and 1.
    pub alpha: f64,
    /// Probability of seeing it, from 0.5 to below 1.
    pub power: f64,
}

/// The exposed needed, both groups together, for a fixed-sample score test of ratio 1 with unequal groups (Fleiss, Levin and Paik,
/// Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14 without continuity correction). `None` where the question has no
/// answer.
#[must_use]
pub fn exposed_needed(question: &PowerQuestion) -> Option<f64> {
    let PowerQuestion { base_rate: p2, ratio, share, alpha, power } = *question;
    let inside = |value: f64| value > 0.0 && value < 1.0;
    let p1 = (p2 * ratio).min(1.0 - 1e-9);
    if !(inside(p2) && inside(share) && inside(alpha) && (0.5..1.0).contains(&power) && ratio > 0.0 && p1 != p2) {
        return None;
    }
    let pooled = share * p1 + (1.0 - share) * p2;
    let null_spread = (pooled * (1.0 - pooled) * (1.0 / share + 1.0 / (1.0 - share))).sqrt();
    let spread = (p1 * (1.0 - p1) / share + p2 * (1.0 - p2) / (1.0 - share)).sqrt();
    let root = (upper_quantile(alpha / 2.0) * null_spread + upper_quantile(1.0 - power) * spread) / (p1 - p2);
    Some(root * root)
}

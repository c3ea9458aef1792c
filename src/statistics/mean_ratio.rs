//! Ratios of means, and of quantiles.

use super::confidence::{Confidence, RatioEstimate};
use super::pair::real;

/// How many values there are, their sum, and the sum of their squares. The values are not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// The number of values.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
}

impl Moments {
    /// The mean; `None` where there is no value or the sum is not finite.
    #[must_use]
    pub fn mean(self) -> Option<f64> {
        (self.count > 0 && self.sum.is_finite()).then(|| self.sum / real(self.count))
    }

    /// The variance of the mean in shares of the mean squared, with n - 1; `None` with fewer than two values or a mean of 0.
    fn relative_variance(self) -> Option<f64> {
        let (n, mean) = (real(self.count), self.mean()?);
        // Equal values leave a difference of rounding alone, which may be negative.
        let relative = (self.squares - self.sum * mean) / (n - 1.0) / (n * mean * mean);
        (n >= 2.0 && mean > 0.0 && relative.is_finite()).then(|| relative.max(0.0))
    }
}

/// Returns the ratio of two means with the interval of its logarithm, by the delta method. Returns `None` where a mean is not above 0, where a
/// side has fewer than two values, or where a number has no finite value. An interval from fewer than about ten values is too narrow: whether
/// there are enough is for the caller to ask.
#[must_use]
pub fn mean_ratio(group: Moments, reference: Moments, confidence: Confidence) -> Option<RatioEstimate> {
    let value = group.mean()? / reference.mean()?;
    let spread = confidence.z() * (group.relative_variance()? + reference.relative_variance()?).sqrt();
    let (lower, upper) = (value * libm::exp(-spread), value * libm::exp(spread));
    (value > 0.0 && value.is_finite() && upper.is_finite()).then_some(RatioEstimate {
        value,
        lower: Some(lower),
        upper: Some(upper),
    })
}

/// Returns the ratio of two positive numbers with the interval that follows from theirs, such as a quantile's in each group. Where a limit is
/// missing, or not above 0, the ratio has no limit on the side that needs it. Returns `None` where a value is not above 0, or where the ratio
/// has no finite value.
///
/// Source: Zou and Donner, Statistics in Medicine 27 (2008): the method of variance estimates recovery, on logarithms.
#[must_use]
pub fn mover_ratio(group: RatioEstimate, reference: RatioEstimate) -> Option<RatioEstimate> {
    let value = group.value / reference.value;
    if !(group.value > 0.0 && reference.value > 0.0 && value > 0.0 && value.is_finite()) {
        return None;
    }
    let distance = |one: Option<f64>, other: Option<f64>| Some(libm::hypot(one?, other?));
    let below = distance(log_distance(group.value, group.lower), log_distance(reference.value, reference.upper));
    let above = distance(log_distance(group.value, group.upper), log_distance(reference.value, reference.lower));
    let at = |log_distance: f64| Some(value * libm::exp(log_distance)).filter(|limit| limit.is_finite());
    Some(RatioEstimate { value, lower: below.and_then(|below| at(-below)), upper: above.and_then(at) })
}

/// How far the limit lies from the value, on logarithms. `None` where there is no limit, or none that has a logarithm.
fn log_distance(value: f64, limit: Option<f64>) -> Option<f64> {
    let quotient = limit? / value;
    (quotient > 0.0 && quotient.is_finite()).then(|| libm::log(quotient))
}

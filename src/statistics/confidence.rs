//! Confidence levels, and the intervals that have them.

use serde::{Deserialize, Serialize};

use super::normal::upper_quantile;

/// An interval. Its upper limit is infinite where a formula says so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower limit.
    pub lower: f64,
    /// The upper limit; not below `lower`.
    pub upper: f64,
}

/// A positive ratio with the limits of its interval. A limit is `None` where the interval has no end on that side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatioEstimate {
    /// The estimate.
    pub value: f64,
    /// The lower limit; not above `value`.
    pub lower: Option<f64>,
    /// The upper limit; not below `value`.
    pub upper: Option<f64>,
}

/// A two-sided confidence level and its normal quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    level: f64,
    z: f64,
}

impl Confidence {
    /// Takes a level from 0.5 to below 1, such as 0.95. Returns `None` for any other number.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (0.5..1.0).contains(&level).then(|| Self { level, z: upper_quantile((1.0 - level) / 2.0) })
    }

    /// The level.
    #[must_use]
    pub const fn level(self) -> f64 {
        self.level
    }

    /// 1 - level: the probability that the interval misses, both sides together.
    #[must_use]
    pub const fn alpha(self) -> f64 {
        1.0 - self.level
    }

    /// The standard normal quantile that leaves half of alpha above it; 1.96 for the level 0.95.
    #[must_use]
    pub const fn z(self) -> f64 {
        self.z
    }
}

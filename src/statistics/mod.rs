//! Pure numbers: intervals, tests, sequential evidence, stratified estimates, multiplicity, sample size,
//! membership known only as probabilities.
//!
//! Group 1 is the monitored group, group 2 the reference. Every function gives `None` where its value is not defined, and never NaN.

use serde::{Deserialize, Serialize};

mod evidence;
mod interval;
mod multiplicity;
mod normal;
mod power;
mod proxy;
mod restricted;
mod series;
mod stratified;
mod test;

pub use evidence::{
    Change, Detector, Dispersion, GRID, LOG_CLEAR, LOG_WATCH, Lifetime, Logs, Pair, ReferenceRate,
    log_likelihood_ratios, log_reverse_ratios, log_share_ratios,
};
pub use interval::{difference_interval, ratio_interval, share_ratio_interval, wilson};
pub use multiplicity::{benjamini_hochberg, e_benjamini_hochberg, holm};
pub use power::{PowerQuestion, exposed_needed};
pub use proxy::{Bracket, Memberships, Rates, WeightedSide};
pub use series::{Block, Judging, Series};
pub use stratified::{Stratified, Stratum, mantel_haenszel};
pub use test::{fisher_p_value, p_value, score_p_value};

/// An interval; the upper limit may be infinite where the formula says so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
}

/// Events among exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportion {
    events: u64,
    exposed: u64,
}

/// A two-sided confidence level and its normal quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    level: f64,
    z: f64,
}

impl Proportion {
    /// `None` where there are more events than exposed.
    #[must_use]
    pub const fn new(events: u64, exposed: u64) -> Option<Self> {
        if events <= exposed { Some(Self { events, exposed }) } else { None }
    }

    /// The events.
    #[must_use]
    pub const fn events(self) -> u64 {
        self.events
    }

    /// The exposed.
    #[must_use]
    pub const fn exposed(self) -> u64 {
        self.exposed
    }

    /// Events / exposed; `None` where nothing is exposed.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.exposed > 0).then(|| self.x() / self.n())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts up to 2^53 are exact, larger ones near enough")]
    const fn x(self) -> f64 {
        self.events as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "counts up to 2^53 are exact, larger ones near enough")]
    const fn n(self) -> f64 {
        self.exposed as f64
    }
}

impl Confidence {
    /// A level from 0.5 to below 1, such as 0.95.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (0.5..1.0).contains(&level).then(|| Self { level, z: normal::upper_quantile((1.0 - level) / 2.0) })
    }

    /// The level.
    #[must_use]
    pub const fn level(self) -> f64 {
        self.level
    }

    /// 1 - level.
    #[must_use]
    pub const fn alpha(self) -> f64 {
        1.0 - self.level
    }

    /// The normal quantile that leaves half of alpha above it.
    #[must_use]
    pub const fn z(self) -> f64 {
        self.z
    }
}

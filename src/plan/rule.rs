//! A rule: indicator, measure, reference, windows, thresholds, evidence. All of it is parsed and valid.

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::id::{DimensionId, ProfileId};
use super::time::Span;
use crate::statistics::Confidence;

/// A rule of kind `disparity`. It compares an indicator of a group with that of a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name; no two rules share one.
    pub name: String,
    /// The rate to compare.
    pub indicator: Indicator,
    /// How to compare it.
    pub measure: Measure,
    /// Whom to compare each group with.
    pub reference: Reference,
    /// The profiles to judge, ascending.
    pub profiles: Vec<ProfileId>,
    /// The channels to judge; each has a finding of its own.
    pub channels: Vec<Channel>,
    /// The dimensions to judge, ascending.
    pub dimensions: Vec<DimensionId>,
    /// The rolling windows to judge; each has a finding of its own.
    pub windows: Vec<WindowLength>,
    /// The verdict is `warning` beyond this value, in the direction in which the indicator harms. In the unit of the
    /// measure.
    pub warning: f64,
    /// The verdict is `critical` beyond this value, likewise.
    pub critical: f64,
    /// A firing alert resolves only when the measure is back within this value.
    pub clear: f64,
    /// What shows that a threshold is exceeded.
    pub evidence: Evidence,
    /// Confidence level of the intervals shown.
    pub confidence: Confidence,
    /// The smallest number of events to expect, in each of the two groups, if their rates were equal. Below it nothing
    /// is judged.
    pub min_events: u64,
    /// The largest share of either side's cases that may be missing before the verdict is `incomplete` instead of `within`;
    /// from 0 to 1.
    pub max_missing: f64,
    /// The stratum to adjust for: a key of `strata`, or `risk_class`.
    pub stratify_by: Option<String>,
    /// How long the condition must hold before the alert fires.
    pub hold_for: Span,
    /// How long an alert keeps firing after the condition ended.
    pub keep_firing_for: Span,
    /// Who receives the alert; empty for the owner of the profile.
    pub owner: String,
    /// What the owner is asked to do.
    pub action: String,
    /// Link to the runbook.
    pub runbook: String,
}

/// The length of a rolling window, and how the configuration writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowLength {
    /// How long the window is.
    pub length: Span,
    /// The text in the configuration, such as "30d".
    pub label: String,
}

/// A rate of the funnel: events / exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Indicator {
    /// selected / assessed
    SelectionRate,
    /// controlled / assessed, or controlled / population
    ControlFrequency,
    /// hits / concluded, of sealed cohorts
    HitRate,
    /// concluded without violation / assessed
    UnfoundedRate,
    /// controlled / selected
    FollowThrough,
    /// concluded / controlled
    OutcomeCoverage,
    /// overturned / hits, those overturned included
    OverturnRate,
    /// complaints / controlled
    ComplaintRate,
}

/// The direction in which an indicator harms a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Harm {
    /// A higher value is worse for the group.
    High,
    /// A lower value is worse for the group.
    Low,
}

impl Indicator {
    /// Every indicator, in the order of the design's table.
    pub const ALL: [Self; 8] = [
        Self::SelectionRate,
        Self::ControlFrequency,
        Self::HitRate,
        Self::UnfoundedRate,
        Self::FollowThrough,
        Self::OutcomeCoverage,
        Self::OverturnRate,
        Self::ComplaintRate,
    ];

    /// Returns the word for the indicator in configuration, metrics and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelectionRate => "selection_rate",
            Self::ControlFrequency => "control_frequency",
            Self::HitRate => "hit_rate",
            Self::UnfoundedRate => "unfounded_rate",
            Self::FollowThrough => "follow_through",
            Self::OutcomeCoverage => "outcome_coverage",
            Self::OverturnRate => "overturn_rate",
            Self::ComplaintRate => "complaint_rate",
        }
    }

    /// Returns the direction in which the indicator harms a group.
    #[must_use]
    pub const fn harm(self) -> Harm {
        match self {
            Self::HitRate | Self::OutcomeCoverage => Harm::Low,
            _ => Harm::High,
        }
    }
}

/// How the rate of a group is compared with that of its reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// group rate / reference rate
    Ratio,
    /// group rate - reference rate
    Difference,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 2] = [Self::Ratio, Self::Difference];

    /// Returns the word for the measure in configuration and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Difference => "difference",
        }
    }
}

/// Whom a group is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Everybody else in the same channel.
    Rest,
    /// The group of this name, in every dimension of the rule that has it.
    Group(String),
    /// The group with the most favourable rate.
    Lowest,
    /// The random channel.
    Random,
    /// Everybody, the group included. Shown, but never judged.
    Overall,
}

impl Reference {
    /// References that are words. Any other text names a group.
    pub const WORDS: [Self; 4] = [Self::Rest, Self::Lowest, Self::Random, Self::Overall];

    /// Returns the word for the reference in configuration, alerts and JSON; the name of the group where it is one.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rest => "rest",
            Self::Group(name) => name,
            Self::Lowest => "lowest",
            Self::Random => "random",
            Self::Overall => "overall",
        }
    }
}

/// What shows that a threshold is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// The e-process has alarmed. Valid however often it is looked at.
    Sequential,
    /// The confidence interval of the window excludes the threshold.
    Interval,
    /// The value alone exceeds it.
    Point,
}

impl Evidence {
    /// Every kind of evidence.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::Interval, Self::Point];

    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Interval => "interval",
            Self::Point => "point",
        }
    }
}

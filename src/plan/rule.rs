//! What a rule says: indicator, measure, reference, windows, thresholds, evidence.
//!
//! These are the parsed, valid forms; the configuration's raw text never gets this far.

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::id::{DimensionId, ProfileId};
use super::time::Span;
use crate::statistics::Confidence;

/// A rule of kind `disparity`: compares a group's indicator with a reference's.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique name.
    pub name: String,
    /// What is compared.
    pub indicator: Indicator,
    /// How it is compared.
    pub measure: Measure,
    /// With what it is compared.
    pub reference: Reference,
    /// On which profiles, ascending.
    pub profiles: Vec<ProfileId>,
    /// On which channels; each has its own finding.
    pub channels: Vec<Channel>,
    /// On which dimensions, ascending.
    pub dimensions: Vec<DimensionId>,
    /// Over which rolling windows, as configured ("30d").
    pub windows: Vec<WindowLength>,
    /// Beyond this, in the indicator's direction of harm: `warning`.
    pub warning: f64,
    /// Beyond this: `critical`.
    pub critical: f64,
    /// A firing alert resolves only when the measure is back within this.
    pub clear: f64,
    /// What it takes to be beyond a threshold.
    pub evidence: Evidence,
    /// Of the intervals shown.
    pub confidence: Confidence,
    /// Smallest number of events expected under equality, in each of the two groups.
    pub min_events: u64,
    /// Name of the stratum to adjust for: a key of `strata`, or `risk_class`.
    pub stratify_by: Option<String>,
    /// How long a condition must hold before the alert fires.
    pub hold_for: Span,
    /// How long an alert goes on firing after its condition ended.
    pub keep_firing_for: Span,
    /// Who is called; empty: the profile's owner.
    pub owner: String,
    /// What they are asked to do.
    pub action: String,
    /// Where the runbook is.
    pub runbook: String,
}

/// A rolling window's length with the word it was configured by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowLength {
    /// The length.
    pub length: Span,
    /// As configured: "30d".
    pub label: String,
}

/// A rate of the funnel: events / exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Indicator {
    /// selected / assessed
    SelectionRate,
    /// controlled / assessed, or / population
    ControlFrequency,
    /// hits / concluded, of sealed cohorts
    HitRate,
    /// concluded without violation / assessed
    UnfoundedRate,
    /// controlled / selected
    FollowThrough,
    /// concluded / controlled
    OutcomeCoverage,
    /// overturned / hits ever found
    OverturnRate,
    /// complaints / controlled
    ComplaintRate,
}

/// Where harm lies.
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

    /// The word for it in configuration, metrics and JSON.
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

    /// The direction in which a difference harms the group.
    #[must_use]
    pub const fn harm(self) -> Harm {
        match self {
            Self::HitRate | Self::OutcomeCoverage => Harm::Low,
            _ => Harm::High,
        }
    }
}

/// How a group's rate is set against its reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// group rate / reference rate
    Ratio,
    /// group rate - reference rate
    Difference,
}

impl Measure {
    /// The word for it in the configuration and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Difference => "difference",
        }
    }
}

/// With what a group is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Everyone else of the same channel.
    Rest,
    /// A named group, in every dimension of the rule that has it.
    Group(String),
    /// The most favourable group.
    Lowest,
    /// The random channel.
    Random,
    /// Everyone, the group included: shown, never judged.
    Overall,
}

impl Reference {
    /// Returns the word for it in configuration, alerts and JSON: the name of the group, where it is one.
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

/// What it takes to be beyond a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// The e-process has alarmed: may be looked at at any time.
    Sequential,
    /// The window's interval excludes the threshold.
    Interval,
    /// The number alone.
    Point,
}

//! What a rule of kind `disparity` compares: indicator, measure, reference, thresholds, evidence.

use serde::{Deserialize, Serialize};

use super::handling::{Feature, HandlingTerms};

/// What kind `disparity` adds to a rule. It compares an indicator of a group with that of a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Disparity {
    /// The rate to compare.
    pub indicator: Indicator,
    /// How to compare it.
    pub measure: Measure,
    /// Whom to compare each group with.
    pub reference: Reference,
    /// The verdict is `warning` beyond this value, in the direction in which the indicator harms. In the unit of the
    /// measure.
    pub warning: f64,
    /// The verdict is `critical` beyond this value, likewise.
    pub critical: f64,
    /// A firing alert resolves only when the measure is back within this value.
    pub clear: f64,
    /// What shows that a threshold is exceeded.
    pub evidence: Evidence,
    /// The stratum to adjust for: a key of `strata`, or `risk_class`.
    pub stratify_by: Option<String>,
    /// What an indicator of how cases were handled adds.
    pub handling: HandlingTerms,
}

impl Disparity {
    /// Returns what decides the values or the rate of an indicator of how cases were handled; `None` for one of the funnel.
    #[must_use]
    pub const fn feature(&self) -> Option<Feature> {
        if matches!(self.indicator, Indicator::StrictRate) && !self.handling.strict_kinds.is_empty() {
            return Some(Feature::Strict);
        }
        self.indicator.feature()
    }

    /// Returns what evidence about how cases were handled depends on beside the reference, as text; empty for an indicator of the funnel,
    /// whose definition has fields of its own.
    pub(super) fn evidence_terms(&self) -> String {
        if self.indicator.feature().is_none() {
            return String::new();
        }
        let Self { indicator, measure, evidence, handling, .. } = self;
        // Evidence about values has no process against `critical`: another threshold leaves it as it is.
        let critical = if indicator.compares_values() { String::new() } else { format!("{} ", self.critical) };
        let HandlingTerms { quantiles: [usual, harsh], strict_kinds, block_variation } = handling;
        let (name, measure, evidence) = (indicator.name(), measure.name(), evidence.name());
        let variation = block_variation.map_or_else(String::new, |variation| variation.to_string());
        format!("{name} {measure} {critical}{evidence} {usual} {harsh} {variation} {strict_kinds:?}")
    }
}

/// What is compared: a rate, events / exposed; or values of cases.
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
    /// The highest intensity of a case's controls: values of controlled cases
    Intensity,
    /// The minutes that a case's controls took: values of controlled cases
    Duration,
    /// The amount of a case's sanctions: values of hits with an amount, of sealed cohorts
    SanctionAmount,
    /// hits with a sanction / hits, of sealed cohorts
    SanctionRate,
    /// controlled by a strict kind / controlled by a known kind
    StrictRate,
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
    pub const ALL: [Self; 13] = [
        Self::SelectionRate,
        Self::ControlFrequency,
        Self::HitRate,
        Self::UnfoundedRate,
        Self::FollowThrough,
        Self::OutcomeCoverage,
        Self::OverturnRate,
        Self::ComplaintRate,
        Self::Intensity,
        Self::Duration,
        Self::SanctionAmount,
        Self::SanctionRate,
        Self::StrictRate,
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
            Self::Intensity => "intensity",
            Self::Duration => "duration",
            Self::SanctionAmount => "sanction_amount",
            Self::SanctionRate => "sanction_rate",
            Self::StrictRate => "strict_rate",
        }
    }

    /// Returns what it reads and shows of how cases were handled; `None` for one of the funnel. What decides it is [`Disparity::feature`].
    #[must_use]
    pub const fn feature(self) -> Option<Feature> {
        match self {
            Self::Intensity => Some(Feature::Intensity),
            Self::Duration => Some(Feature::Duration),
            Self::SanctionAmount => Some(Feature::Amount),
            Self::SanctionRate => Some(Feature::Sanction),
            Self::StrictRate => Some(Feature::Kind),
            _ => None,
        }
    }

    /// Returns whether it compares values of cases, and no rates.
    #[must_use]
    pub const fn compares_values(self) -> bool {
        matches!(self, Self::Intensity | Self::Duration | Self::SanctionAmount)
    }

    /// Returns whether it counts sealed cohorts alone.
    #[must_use]
    pub const fn is_of_sealed(self) -> bool {
        matches!(self, Self::HitRate | Self::SanctionAmount | Self::SanctionRate)
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

//! A rule: what it watches, how it is judged, and who is told. All of it is parsed and valid.

use std::ops::Deref;

use super::channel::Channel;
use super::disparity::{Disparity, Harm, Indicator, Measure, Reference};
use super::duty::{
    Automation, Benchmark, Compare, ComplaintMeasure, Complaints, Coverage, Criterion, Drift, Silence, Suitability,
};
use super::handling::Feature;
use super::id::{DimensionId, ProfileId};
use super::stratum;
use super::time::{Span, WindowLength};
use crate::statistics::Confidence;

/// A rule of any kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name; no two rules share one.
    pub name: String,
    /// What it watches.
    pub kind: RuleKind,
    /// The profiles to judge, ascending.
    pub profiles: Vec<ProfileId>,
    /// The channels to judge; each has a finding of its own.
    pub channels: Vec<Channel>,
    /// The dimensions to judge, ascending. Empty where the kind judges a profile as a whole.
    pub dimensions: Vec<DimensionId>,
    /// The windows to judge, shortest first; each has a finding of its own.
    pub windows: Vec<WindowLength>,
    /// Confidence level of the intervals shown.
    pub confidence: Confidence,
    /// The smallest number of events to expect, in each of the two groups, if their rates were equal. Below it nothing
    /// is judged.
    pub min_events: u64,
    /// The largest share of either side's cases that may be missing before the verdict is `incomplete` instead of `within`;
    /// from 0 to 1.
    pub max_missing: f64,
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

/// What a rule watches, with what its kind adds.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleKind {
    /// A group is treated otherwise than its reference.
    Disparity(Disparity),
    /// A criterion is used that must not be, or that stands for a protected ground.
    Criterion(Criterion),
    /// A decision is made without a human, or the human step changes nothing.
    Automation(Automation),
    /// The random channel is absent, or too small.
    Benchmark(Benchmark),
    /// The profile finds no more than chance does.
    Suitability(Suitability),
    /// Outcomes are missing, or missing unequally.
    Coverage(Coverage),
    /// A group is treated worse than before.
    Drift(Drift),
    /// Something that should be heard of is not.
    Silence(Silence),
    /// Complaints are skewed, or rise.
    Complaints(Complaints),
}

/// A rule that is known to be of kind `disparity`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisparityRule<'p> {
    rule: &'p Rule,
    /// What its kind adds.
    pub terms: &'p Disparity,
}

impl RuleKind {
    /// Returns what evidence of the kind depends on, as text: where it differs, evidence starts afresh.
    pub(super) fn evidence_terms(&self) -> String {
        match self {
            Self::Suitability(terms) => {
                let Suitability { margin, show_level, block_random, block_max, stratify_by, .. } = terms;
                let within = stratify_by.as_ref().map_or_else(String::new, |name| format!(", within {name}"));
                format!("margin {margin}, level {show_level}, block {block_random} in {}{within}", block_max.0)
            }
            Self::Coverage(Coverage { warning, critical, .. }) => format!("from {warning} to {critical}"),
            Self::Automation(Automation { max_follow_through, block_selected, .. }) => {
                format!("below {max_follow_through}, block {block_selected}")
            }
            // A criterion that moves to a list has another series.
            Self::Criterion(terms) => format!("variation {} of {}", terms.block_variation, terms.strata().join(", ")),
            Self::Drift(Drift { compare: Compare::Version(indicator), .. }) => {
                format!("versions by {}", indicator.name())
            }
            Self::Drift(Drift { compare: Compare::Period(days), .. }) => format!("periods of {days} days"),
            Self::Drift(Drift { compare, .. }) => compare.name().to_owned(),
            Self::Complaints(terms) => {
                let Complaints { measure, grounds, critical, exposure_window, block_complaints, .. } = terms;
                let Complaints { block_variation, reference_days, .. } = terms;
                let (measure, critical) = (measure.name(), critical.unwrap_or_default());
                format!(
                    "{measure} beyond {critical} in {}, block {block_complaints}, variation {block_variation}, reference {reference_days}, of {}",
                    exposure_window.0,
                    grounds.join(", ")
                )
            }
            // The definition of a disparity has fields of its own; the others gather no evidence.
            Self::Disparity(_) | Self::Benchmark(_) | Self::Silence(_) => String::new(),
        }
    }

    /// Returns what of an alert's identity is decided by the kind's [terms](Self::evidence_terms): the word for what is compared with.
    pub(super) fn reference_in<'t>(kind: &str, terms: &'t str) -> &'t str {
        let first = terms.split(' ').next().unwrap_or_default();
        match kind {
            // By version, by period or at a change.
            "drift" => first,
            "complaints" if first == ComplaintMeasure::Rise.name() => first,
            _ => "",
        }
    }

    /// Returns whether what is counted is none of what it is counted for: complaints are no controls.
    #[must_use]
    pub const fn counts_apart(&self) -> bool {
        matches!(self, Self::Complaints(Complaints { measure: ComplaintMeasure::Skew | ComplaintMeasure::Rise, .. }))
    }

    /// Returns the word for the kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Disparity(_) => "disparity",
            Self::Criterion(_) => "criterion",
            Self::Automation(_) => "automation",
            Self::Benchmark(_) => "benchmark",
            Self::Suitability(_) => "suitability",
            Self::Coverage(_) => "coverage",
            Self::Drift(_) => "drift",
            Self::Silence(_) => "silence",
            Self::Complaints(_) => "complaints",
        }
    }
}

impl Rule {
    /// Returns the rule as one of kind `disparity`; `None` where it is of another.
    #[must_use]
    pub const fn disparity(&self) -> Option<DisparityRule<'_>> {
        match &self.kind {
            RuleKind::Disparity(terms) => Some(DisparityRule { rule: self, terms }),
            _ => None,
        }
    }

    /// Returns by which number of a finding the rule judges, and in which direction of it a finding is worse; `None` where
    /// that number has no direction, or something else decides.
    #[must_use]
    pub const fn judged_by(&self) -> Option<(Measure, Harm)> {
        match &self.kind {
            RuleKind::Disparity(terms) => Some((terms.measure, terms.indicator.harm())),
            RuleKind::Complaints(_) | RuleKind::Drift(Drift { compare: Compare::Period(_), .. }) => {
                Some((Measure::Ratio, Harm::High))
            }
            RuleKind::Drift(Drift { compare: Compare::Version(indicator), .. }) => {
                Some((Measure::Ratio, indicator.harm()))
            }
            // Outcomes may be missing too often or too seldom. A change is found whatever the ratio has become.
            RuleKind::Coverage(_)
            | RuleKind::Drift(Drift { compare: Compare::Change(_), .. })
            | RuleKind::Suitability(_)
            | RuleKind::Criterion(_)
            | RuleKind::Automation(_)
            | RuleKind::Benchmark(_)
            | RuleKind::Silence(_) => None,
        }
    }

    /// Returns the stratum within whose values the rule compares; `None` where it compares all cases.
    #[must_use]
    pub fn stratify_by(&self) -> Option<&str> {
        match &self.kind {
            RuleKind::Disparity(terms) => terms.stratify_by.as_deref(),
            RuleKind::Suitability(terms) => terms.stratify_by.as_deref(),
            _ => None,
        }
    }

    /// Returns whether the rule can have findings about groups of this dimension. One of kind `benchmark` has those of the
    /// rules that it serves.
    #[must_use]
    pub fn watches_dimension(&self, dimension: DimensionId) -> bool {
        matches!(self.kind, RuleKind::Benchmark(_)) || self.dimensions.contains(&dimension)
    }

    /// Returns whether the rule compares this indicator.
    #[must_use]
    pub fn reads(&self, indicator: Indicator) -> bool {
        match &self.kind {
            RuleKind::Disparity(terms) => terms.indicator == indicator,
            RuleKind::Suitability(_) => indicator == Indicator::HitRate,
            _ => false,
        }
    }

    /// Returns the word for what is compared with, in alerts and JSON; empty where the kind compares with nothing.
    #[must_use]
    pub fn reference(&self) -> &str {
        match &self.kind {
            RuleKind::Disparity(terms) => terms.reference.name(),
            RuleKind::Benchmark(_) | RuleKind::Suitability(_) => Channel::Random.name(),
            RuleKind::Coverage(_) => Reference::Rest.name(),
            RuleKind::Complaints(terms) if terms.measure != ComplaintMeasure::Rise => Reference::Rest.name(),
            // The time before.
            RuleKind::Complaints(_) => "baseline",
            RuleKind::Drift(terms) => match terms.compare {
                Compare::Version(_) => "baseline",
                Compare::Change(_) => "",
                Compare::Period(_) => "reference_period",
            },
            RuleKind::Criterion(_) | RuleKind::Automation(_) | RuleKind::Silence(_) => "",
        }
    }

    /// Returns the strata by which the rule counts cases.
    pub(super) fn strata(&self) -> Vec<&str> {
        match &self.kind {
            RuleKind::Disparity(terms) => {
                let of_handling: Vec<&str> =
                    terms.indicator.feature().into_iter().chain(terms.feature()).map(Feature::stratum).collect();
                terms.stratify_by.as_deref().into_iter().chain(of_handling).collect()
            }
            RuleKind::Automation(_) => {
                vec![stratum::DECIDED_BY, stratum::RISK_CLASS, stratum::VERSION_OF_DECIDED_BY]
            }
            RuleKind::Criterion(terms) => terms.all_strata(),
            RuleKind::Drift(Drift { compare: Compare::Version(_), .. }) => vec![stratum::PROFILE_VERSION],
            RuleKind::Suitability(terms) => terms.stratify_by.as_deref().into_iter().collect(),
            RuleKind::Benchmark(_)
            | RuleKind::Coverage(_)
            | RuleKind::Drift(_)
            | RuleKind::Silence(_)
            | RuleKind::Complaints(_) => Vec::new(),
        }
    }
}

impl<'p> DisparityRule<'p> {
    /// Returns what rules of every kind have.
    #[must_use]
    pub const fn rule(&self) -> &'p Rule {
        self.rule
    }
}

impl Deref for DisparityRule<'_> {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        self.rule
    }
}

//! What comes out of judgement: one comparison with its interval and verdict.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::disparity::Funnel;
use crate::evidence::{SeriesEvidence, Side};
use crate::plan::{Channel, DimensionId, EventTime, GroupId, Indicator, ProfileId};
use crate::statistics::{Bracket, Interval};

/// Everything known at one moment, before disclosure control: never leaves as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The watermark, or `--as-of`.
    pub as_of: EventTime,
    /// Findings by rule, profile, channel, dimension, group, window.
    pub findings: Vec<Finding>,
    /// What came too late for evidence, by profile, channel, dimension and listed group; only what is not 0.
    pub late: Vec<Late>,
    /// Cases by stage.
    pub funnel: Funnel,
}

/// Cases whose facts came too late for evidence: windows count them, closed blocks do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Late {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
    /// The group.
    pub group: GroupId,
    /// Cases.
    pub cases: u64,
}

/// One comparison: rule x profile x channel x dimension x group x window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What is compared.
    pub key: FindingKey,
    /// The two sides; `None` where there is nothing to compare with.
    pub group: Side,
    /// The reference's side.
    pub reference: Side,
    /// The group the reference turned out to be (`lowest`, or a named group).
    pub reference_group: Option<String>,
    /// Group rate / reference rate.
    pub ratio: Option<Estimate>,
    /// Group rate - reference rate.
    pub difference: Option<Estimate>,
    /// Two-sided p-value of equality.
    pub p_value: Option<f64>,
    /// The comparison adjusted for the rule's `stratify_by`.
    pub stratified: Option<StratifiedEstimate>,
    /// Exposed still needed, both groups together, for 80 % power.
    pub needed: Option<u64>,
    /// For hit rates: bounds of the group's and the reference's rate while outcomes are pending.
    pub pending: Option<PendingBounds>,
    /// What the cases say whose group is known only as probabilities, where the window has any: beside the numbers above, which count
    /// none of them. Verdict, alerts and evidence do not read it.
    pub probabilistic: Option<Bracket>,
    /// What the blocks so far say; `None` where the rule asks for other evidence.
    pub evidence: Option<SeriesEvidence>,
    /// The judgement; `None` for reference `overall`, which is never judged.
    pub verdict: Option<Verdict>,
    /// Whether the measure is still beyond the rule's `clear`: keeps a firing alert firing.
    pub beyond_clear: bool,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingKey {
    /// Index of the rule in the plan.
    pub rule: usize,
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
    /// The group; `None` is `other` where it is not listed.
    pub group: GroupId,
    /// The indicator.
    pub indicator: Indicator,
    /// The window's label.
    pub window: Arc<str>,
}

/// A value with its interval. A value without a finite estimate (reference without events) is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: Option<f64>,
    /// Its interval; the upper limit may be infinite.
    pub interval: Interval,
}

/// The Mantel-Haenszel comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StratifiedEstimate {
    /// The stratum's name.
    pub by: String,
    /// The common ratio with its Greenland-Robins interval.
    pub ratio: Estimate,
    /// Crude and adjusted lie strictly on opposite sides of 1.
    pub reversal: bool,
}

/// `[h/n, (h + pending)/n]` of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingBounds {
    /// The group's bounds.
    pub group: Interval,
    /// The reference's bounds.
    pub reference: Interval,
}

/// A judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Not beyond a threshold.
    Within,
    /// Too little to judge; not the same as within.
    InsufficientData,
    /// No event for too long; not the same as within.
    Stale,
    /// Beyond `warning`.
    Warning,
    /// Beyond `critical`.
    Critical,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [Self::Within, Self::InsufficientData, Self::Stale, Self::Warning, Self::Critical];

    /// The word for it in metrics and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::InsufficientData => "insufficient_data",
            Self::Stale => "stale",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

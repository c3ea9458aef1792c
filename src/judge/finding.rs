//! The result of judgement: comparisons, each with its interval, evidence and verdict.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::missing::Missing;
use super::reason::Reason;
use super::stages::Funnel;
use super::unlisted::Unlisted;
use crate::evidence::{SeriesEvidence, Side};
use crate::plan::optional;
use crate::plan::{Cause, Channel, DimensionId, EventTime, GroupId, Indicator, ProfileId};
use crate::statistics::{Bracket, Interval};

/// Everything judged at one moment. It never leaves as it is: disclosure control decides what may be published.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The end of all windows: the watermark, or `--as-of`.
    pub as_of: EventTime,
    /// Findings, in the order of rule, profile, channel, dimension, group and window.
    pub findings: Vec<Finding>,
    /// Cases whose facts came too late for evidence, by profile, channel, dimension and listed group; without those
    /// that are 0.
    pub late: Vec<Late>,
    /// Groups on no list, by dimension; empty where nobody looks at them.
    pub unlisted: Vec<Unlisted>,
    /// Cases by stage; empty where nobody looks at them.
    pub funnel: Funnel,
}

/// Cases whose facts came too late for evidence: windows count them, blocks do not.
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
    /// The number of cases.
    pub cases: u64,
}

/// What one rule finds in one profile, channel and window: of a group, of the profile as a whole, or of a subject such as
/// a criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub key: FindingKey,
    /// Why the verdict is what it is; `None` for kind `disparity`, whose numbers say it. Formats 3 to 6 have none.
    #[serde(skip)]
    pub reason: Option<Reason>,
    /// Of kind `suitability`: whether its advantage is shown.
    #[serde(skip)]
    pub claim: Option<Claim>,
    /// Of kind `silence`: the end of the hour in which its subject was last heard of.
    #[serde(skip)]
    pub last_heard: Option<EventTime>,
    /// For hit rates: what missing outcomes could make of the ratio; `None` where none is missing.
    #[serde(skip)]
    pub outcomes: Option<OutcomeRange>,
    /// Of kind `criterion`: how strongly its subject goes together with the dimension.
    #[serde(skip)]
    pub association: Option<Association>,
    /// Likewise: in which group and value the difference of the association is.
    #[serde(skip)]
    pub contrast: Option<Contrast>,
    /// In which versions of the profile was seen what the finding counts; `None` where nobody asks.
    #[serde(skip)]
    pub versions: Option<Versions>,
    /// The smallest count that the ratio rests on and no field shows, as of the rest under kind `drift`: it decides what may be
    /// published.
    #[serde(skip)]
    pub smallest: Option<u64>,
    /// The smallest count that `needed` rests on and neither a field nor `smallest` shows, likewise.
    #[serde(skip)]
    pub smallest_of_needed: Option<u64>,
    /// Of a group of an intersection: what its ratio has beyond those of the groups that it combines.
    #[serde(skip)]
    pub interaction: Option<Interaction>,
    /// Where values of cases are compared: how they lie.
    #[serde(skip)]
    pub values: Option<Values>,
    /// Where a rate counts how cases were handled: in which ways they were.
    #[serde(skip)]
    pub mix: Option<Mix>,
    /// The side that is judged: of kind `disparity` the group's. Where values are compared, every case with a value is exposed and an event.
    pub group: Side,
    /// The reference's side; empty where there is nothing to compare with.
    pub reference: Side,
    /// The name of the group that is the reference: a named one, or the one that `lowest` chose; `None` for other
    /// references.
    pub reference_group: Option<String>,
    /// Group rate / reference rate; `None` where the counts give no interval, as where a side has nobody exposed.
    pub ratio: Option<Estimate>,
    /// Group rate - reference rate; `None` where the counts give no interval.
    pub difference: Option<Estimate>,
    /// Two-sided p-value of equal rates; `None` where the counts give none.
    pub p_value: Option<f64>,
    /// The comparison within the strata of the rule's `stratify_by`.
    pub stratified: Option<StratifiedEstimate>,
    /// The same of strata that may be told of: see [`StratifiedEstimate`].
    #[serde(skip)]
    pub told_strata: Option<StratifiedEstimate>,
    /// Where there is too little data: the exposed still needed for 80 % power, both groups together.
    pub needed: Option<u64>,
    /// For hit rates: bounds of the group's and the reference's rate while outcomes are pending.
    pub pending: Option<PendingBounds>,
    /// What cases say whose group is known only as probabilities, where the window has any. No other field counts these
    /// cases, and verdict, alerts and evidence do not read this one.
    pub probabilistic: Option<Bracket>,
    /// The cases of the window that the comparison, or its evidence, does not count. Formats 3 and 4 have none.
    #[serde(skip)]
    pub missing: Missing,
    /// Sequential evidence by the blocks so far; `None` where the rule asks for other evidence.
    pub evidence: Option<SeriesEvidence>,
    /// The judgement; `None` for reference `overall`, which is never judged.
    pub verdict: Option<Verdict>,
    /// Whether the measure is still beyond the rule's `clear` threshold. Then a firing alert does not resolve.
    pub beyond_clear: bool,
}

/// What the encoding of a finding leaves out, and [`Extra`] too: it came after format 7.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Later {
    smallest: Option<u64>,
    interaction: Option<Interaction>,
    values: Option<Values>,
    mix: Option<Mix>,
    /// The missing cases of the causes that came after format 7, of the group and of the reference.
    no_value: [u64; 2],
    smallest_of_needed: Option<u64>,
    contrast: Option<Contrast>,
    versions: Option<Versions>,
}

/// The place of the difference of an association.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contrast {
    /// The group that has the value more often than the rest has, or less often where the difference is negative. Several where they were merged.
    pub group: String,
    /// The value of the criterion, likewise: `present` where it has none, `absent` where it did not apply.
    pub value: String,
}

/// The versions of a profile in which something was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Those in which it was seen last, the newest first; at most [`Self::MOST`].
    pub seen: Vec<SeenVersion>,
    /// How many further ones there are.
    pub left_out: u64,
}

impl Versions {
    /// The most versions that are named.
    pub const MOST: usize = 8;
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenVersion {
    /// Its name in events; empty for selections that name none.
    pub version: String,
    /// The number of cases; `None` where it may not be told.
    pub cases: Option<u64>,
}

/// The ratio of a group of an intersection, divided by the product of the ratios of the groups that it combines: R_gh / (R_g R_h). It describes the
/// window and is no test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// Above 1: the group is picked more than its parts would make it. Not below 0.
    pub ratio: f64,
    /// The smallest count that the parts' ratios rest on: of the events, and of the others, of each side. It decides what may be published.
    pub smallest: u64,
}

/// How the values of a group and of its reference lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// Those of the group.
    pub group: ValueSide,
    /// Those of the reference.
    pub reference: ValueSide,
}

/// How the values of one side lie, in the unit of the indicator: minutes, the currency of the amounts, or the intensity from 0 to 10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueSide {
    /// The number of cases with a value.
    pub count: u64,
    /// Their mean; `None` where there is no value.
    pub mean: Option<f64>,
    /// The quantiles that the rule compares, and the highest hundredth.
    pub quantiles: [Quantile; 3],
}

/// A quantile, with limits that assume no distribution of the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// The share of values up to it, above 0 and below 1.
    pub share: f64,
    /// Its value; `None` where there is none.
    pub value: Option<f64>,
    /// Its lower limit; `None` where the values are too few for one.
    pub lower: Option<f64>,
    /// Its upper limit, likewise.
    pub upper: Option<f64>,
    /// Of the value and of both limits: the cases below it or above it, whichever are fewer. They decide what may be published.
    pub beside: [u64; 3],
}

/// In which ways the cases of a group and of its reference were handled. It has no direction of harm, so nothing is judged by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// The ways, in the order of their names.
    pub kinds: Vec<MixKind>,
    /// The p-value of equal shares of all ways, by Pearson's test; `None` where there is no test.
    pub p_value: Option<f64>,
}

/// One way in which cases were handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MixKind {
    /// The kinds of all controls, or sanctions, of a case. Several stand for cases that had each of them.
    pub kinds: Vec<String>,
    /// Cases of the group.
    pub group: u64,
    /// Cases of the reference.
    pub reference: u64,
}

/// What the encoding of a finding leaves out: it came after format 6. No field is ever added: see [`Later`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    subject: Option<Arc<str>>,
    reason: Option<Reason>,
    claim: Option<Claim>,
    last_heard: Option<EventTime>,
    outcomes: Option<OutcomeRange>,
    association: Option<Association>,
}

/// How strongly a criterion goes together with the groups of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Association {
    /// Cramer's V, corrected for its bias; from 0 to 1.
    pub v: f64,
    /// Its lower limit.
    pub lower: f64,
    /// Its upper limit.
    pub upper: f64,
    /// The largest difference between the share of a group and that of the rest in which a value is used; from -1 to 1.
    pub difference: f64,
    /// The limit of that difference that is nearer to 0, without sign; 0 where its interval holds 0.
    pub difference_near: f64,
    /// The largest disparity that the criterion would make of a group if it alone decided.
    pub carried: Option<f64>,
    /// The smallest count of a group with a value, or without it: decides what may be published.
    pub smallest: u64,
}

/// What missing outcomes could make of a ratio of hit rates, if they were hits half to twice as often as the known ones of
/// their group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRange {
    /// The lowest ratio.
    pub low: f64,
    /// The highest ratio.
    pub high: f64,
    /// Whether the range crosses the rule's critical threshold, and the ratio does not.
    pub sensitive: bool,
    /// The missing outcomes of the group and of the reference: they decide what may be published.
    pub missing: [u64; 2],
}

/// What a rule of kind `suitability` tries to show, beside the alarm that it watches for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// ln E against "no advantage".
    pub log_e: f64,
    /// The `log_e` at which it is shown.
    pub shown_at: f64,
    /// The information of all blocks so far, in units of 1 / variance of ln ratio.
    pub information: f64,
    /// The information that shows an advantage worth having with the power asked for.
    pub information_needed: f64,
    /// When it was last shown; `None` where it never was.
    pub last_shown: Option<EventTime>,
}

impl Finding {
    /// Returns what the encoding leaves out.
    #[must_use]
    pub fn extra(&self) -> Extra {
        Extra {
            subject: self.key.subject.clone(),
            reason: self.reason,
            claim: self.claim,
            last_heard: self.last_heard,
            outcomes: self.outcomes,
            association: self.association,
        }
    }

    /// Sets what [`Self::extra`] returned.
    pub fn set_extra(&mut self, extra: Extra) {
        let Extra { subject, reason, claim, last_heard, outcomes, association } = extra;
        self.association = association;
        self.outcomes = outcomes;
        (self.key.subject, self.reason) = (subject, reason);
        (self.claim, self.last_heard) = (claim, last_heard);
    }

    /// Returns what the encoding leaves out, and [`Self::extra`] too.
    #[must_use]
    pub fn later(&self) -> Later {
        let Missing { group, reference, .. } = &self.missing;
        let no_value = [group, reference].map(|side| side.of(Cause::NoValue));
        Later {
            smallest: self.smallest,
            interaction: self.interaction,
            values: self.values,
            mix: self.mix.clone(),
            no_value,
            smallest_of_needed: self.smallest_of_needed,
            contrast: self.contrast.clone(),
            versions: self.versions.clone(),
        }
    }

    /// Sets what [`Self::later`] returned.
    pub fn set_later(&mut self, later: Later) {
        let Later { smallest, interaction, values, mix, smallest_of_needed, contrast, versions, .. } = later;
        let [group, reference] = later.no_value;
        (self.contrast, self.versions) = (contrast, versions);
        (self.smallest, self.interaction, self.values, self.mix) = (smallest, interaction, values, mix);
        self.smallest_of_needed = smallest_of_needed;
        self.missing.group.set(Cause::NoValue, group);
        self.missing.reference.set(Cause::NoValue, reference);
    }

    /// Returns whether the finding counts cases. One of kind `silence` counts none.
    #[must_use]
    pub const fn counts_cases(&self) -> bool {
        let is_of_silence = matches!(self.reason, Some(Reason::Silent | Reason::Heard | Reason::NeverHeard));
        let is_of_reports =
            matches!(self.reason, Some(Reason::ReportMade | Reason::ReportOverdue | Reason::ReportNotDue));
        !is_of_silence && !is_of_reports
    }

    /// Returns whether there is a reference side. One of kind `disparity` always has one, though it may be empty.
    #[must_use]
    pub const fn compares(&self) -> bool {
        self.reason.is_none() || self.reference.exposed > 0
    }
}

impl Default for Evaluation {
    /// Before the first event.
    fn default() -> Self {
        let (findings, late, unlisted) = (Vec::new(), Vec::new(), Vec::new());
        Self { as_of: EventTime::MIN, findings, late, unlisted, funnel: Funnel::default() }
    }
}

/// Names a finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// Index of the rule in the plan.
    pub rule: usize,
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension; `None` for what is about a profile as a whole.
    #[serde(with = "optional::dimension")]
    pub dimension: Option<DimensionId>,
    /// The listed group, likewise.
    #[serde(with = "optional::group")]
    pub group: Option<GroupId>,
    /// The indicator; `None` where the kind compares none.
    #[serde(with = "optional::indicator")]
    pub indicator: Option<Indicator>,
    /// The window's label.
    pub window: Arc<str>,
    /// What else it is about: a criterion, a version, a risk class. `None` for kind `disparity`. Formats 3 to 6 have none.
    #[serde(skip)]
    pub subject: Option<Arc<str>>,
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate; `None` where it is not finite, as the reference has no event.
    pub value: Option<f64>,
    /// The interval; its upper limit may be infinite.
    pub interval: Interval,
}

/// The Mantel-Haenszel comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StratifiedEstimate {
    /// The stratum's name.
    pub by: String,
    /// The common ratio with its Greenland-Robins interval.
    pub ratio: Estimate,
    /// Whether the crude and the common ratio lie strictly on opposite sides of 1.
    pub reversal: bool,
}

/// The lowest and highest hit rate that pending outcomes can lead to: hits / controlled and (hits + pending) /
/// controlled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingBounds {
    /// The group's bounds.
    pub group: Interval,
    /// The reference's bounds.
    pub reference: Interval,
}

/// A judgement. The order of the variants is a part of the stored format; [`Self::ALL`] has them by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Beyond no threshold.
    Within,
    /// Too little data to judge, which is not the same as within.
    InsufficientData,
    /// No event of the profile for too long, which is not the same as within.
    Stale,
    /// Beyond the `warning` threshold.
    Warning,
    /// Beyond the `critical` threshold.
    Critical,
    /// Beyond no threshold as far as can be seen, but too many cases are missing, or counts cannot be. Not the same as within.
    Incomplete,
}

impl Ord for Verdict {
    fn cmp(&self, other: &Self) -> Ordering {
        self.severity().cmp(&other.severity())
    }
}

impl PartialOrd for Verdict {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Verdict {
    /// Every verdict, from the mildest to the worst.
    pub const ALL: [Self; 6] =
        [Self::Within, Self::Incomplete, Self::InsufficientData, Self::Stale, Self::Warning, Self::Critical];

    const fn severity(self) -> u8 {
        match self {
            Self::Within => 0,
            Self::Incomplete => 1,
            Self::InsufficientData => 2,
            Self::Stale => 3,
            Self::Warning => 4,
            Self::Critical => 5,
        }
    }

    /// Returns the word for it in metrics and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Incomplete => "incomplete",
            Self::InsufficientData => "insufficient_data",
            Self::Stale => "stale",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

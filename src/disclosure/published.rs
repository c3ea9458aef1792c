//! What has passed disclosure control, with every name spelled out.

use std::sync::Arc;

use super::funnel::PublishedFunnel;
use super::handled::{PublishedMix, PublishedValues};
use super::measures::{PublishedAnswer, PublishedMeasures};
use super::missing::PublishedMissing;
use super::unlisted::PublishedUnlisted;
use crate::alert::{AlertState, Severity, SeverityChange};
use crate::evidence::SeriesEvidence;
use crate::judge::{Association, Claim, Contrast, OutcomeRange, Reason, Verdict, Versions};
use crate::plan::{EventTime, Indicator, Measure, Period, Plan};
use crate::statistics::Interval;

/// An evaluation that may leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub(super) as_of: EventTime,
    pub(super) released_at: Option<EventTime>,
    pub(super) config_hash: String,
    pub(super) profiles: Vec<PublishedProfile>,
    pub(super) events: EventCounts,
    pub(super) findings: Vec<PublishedFinding>,
    pub(super) alerts: Vec<PublishedAlert>,
    pub(super) measures: PublishedMeasures,
    pub(super) late: Vec<PublishedLate>,
    pub(super) unlisted: PublishedUnlisted,
    pub(super) funnel: Vec<PublishedFunnel>,
    pub(super) funnel_left_out: usize,
    pub(super) periods: Option<Arc<PublishedPeriods>>,
}

/// What is told of periods of the calendar, once a day. No alert, metric or document of events rests on it.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedPeriods {
    /// Where the windows of the periods to date end.
    pub as_of: EventTime,
    /// The periods, by kind, and of each kind the latest first.
    pub periods: Vec<PublishedPeriod>,
    /// Findings. Their window is the label of the period.
    pub findings: Vec<PublishedFinding>,
    /// Cases by stage, likewise.
    pub funnel: Vec<PublishedFunnel>,
    /// The number of groups in tables that were left out.
    pub funnel_left_out: usize,
}

/// A period that is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPeriod {
    /// Which: its label is the window of rows.
    pub period: Period,
    /// What the rows count up to: now, or the end of a period that is over.
    pub counted_to: EventTime,
    /// Whether all outcomes that count have come: the rows are the last of the period.
    pub is_final: bool,
}

/// A profile on the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedProfile {
    /// Its name in events.
    pub name: String,
    /// Its name for people; may be empty.
    pub title: String,
}

/// What became of the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// All that were read: the sum of those below but `unmatched` and `ahead`.
    pub read: u64,
    /// Those that changed, or may yet change, the counts.
    pub accepted: u64,
    /// Second deliveries.
    pub duplicate: u64,
    /// Of the identity of an earlier event, with another type or content.
    pub mismatched: u64,
    /// Older than the history.
    pub too_late: u64,
    /// Bad input.
    pub rejected: u64,
    /// Cases with accepted events that wait for their selection now.
    pub unmatched: u64,
    /// Events further ahead than the others support. In `replay` those beyond the end of the input are not read.
    pub ahead: u64,
    /// Second selections of a case, and outcomes that contradict another one of their control.
    pub conflict: u64,
    /// Of a type outside the contract.
    pub unknown_type: u64,
    /// Of a profile outside the allow-list.
    pub unknown_profile: u64,
    /// Records from which no mapping has made an event.
    pub unmapped: u64,
    /// After the end of a `replay`: `--as-of`, or the newest event that the others support.
    pub beyond_as_of: u64,
}

impl EventCounts {
    /// Returns those that were to be counted and were not. A second delivery was counted, and what is beyond the end was not asked for.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let Self { mismatched, conflict, rejected, unknown_type, unknown_profile, too_late, .. } = self;
        let lost = [mismatched, conflict, rejected, unknown_type, unknown_profile, too_late];
        lost.iter().fold(0, |sum, count| sum.saturating_add(**count))
    }

    /// Returns the counters of events that were counted in steps, so that no single one of them is seen. What was lost is told as it is.
    #[must_use]
    pub fn stepped(self, plan: &Plan) -> Self {
        let accepted = plan.disclosure.stepped(self.accepted);
        let read = self.read.saturating_sub(self.accepted.saturating_sub(accepted));
        Self { read, accepted, unmatched: plan.disclosure.stepped(self.unmatched), ..self }
    }

    /// Returns all of them, each with its name. Without mappings nothing can be unmapped: then the count is 0 and is not told.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 13] {
        [
            ("read", self.read),
            ("accepted", self.accepted),
            ("duplicate", self.duplicate),
            ("mismatched", self.mismatched),
            ("too_late", self.too_late),
            ("rejected", self.rejected),
            ("unmatched", self.unmatched),
            ("ahead", self.ahead),
            ("conflict", self.conflict),
            ("unknown_type", self.unknown_type),
            ("unknown_profile", self.unknown_profile),
            ("unmapped", self.unmapped),
            ("beyond_as_of", self.beyond_as_of),
        ]
    }

    /// Returns `read` in its parts, each with its word for people. They add up to `read`.
    #[must_use]
    pub const fn parts(&self) -> [(&'static str, u64); 10] {
        [
            ("accepted", self.accepted),
            ("duplicate", self.duplicate),
            ("mismatched", self.mismatched),
            ("conflict", self.conflict),
            ("rejected", self.rejected),
            ("unknown type", self.unknown_type),
            ("unknown profile", self.unknown_profile),
            ("too late", self.too_late),
            ("unmapped", self.unmapped),
            ("beyond the end", self.beyond_as_of),
        ]
    }
}

/// A side's counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Exposed.
    pub exposed: u64,
    /// Events.
    pub events: u64,
}

/// An estimate with its limits; what is not finite is absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The estimate.
    pub value: Option<f64>,
    /// The lower limit.
    pub lower: Option<f64>,
    /// The upper limit.
    pub upper: Option<f64>,
}

/// A finding that may leave. Numbers that are withheld or undefined are absent.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields of paritywatch.evaluation.v1, as the design names them")]
pub struct PublishedFinding {
    pub rule: String,
    /// The word for the rule's kind.
    pub kind: &'static str,
    pub profile: String,
    pub channel: &'static str,
    /// Absent in what is about a profile as a whole.
    pub dimension: Option<String>,
    /// Likewise.
    pub group: Option<String>,
    /// What else it is about: a criterion, a version, a risk class.
    pub subject: Option<String>,
    pub reference: String,
    pub indicator: Option<Indicator>,
    pub window: String,
    pub group_counts: Option<Counted>,
    pub reference_counts: Option<Counted>,
    pub group_rate: Option<f64>,
    pub reference_rate: Option<f64>,
    pub ratio: Option<Measured>,
    pub difference: Option<Measured>,
    pub p_value: Option<f64>,
    pub stratified: Option<(String, Measured, bool)>,
    pub needed: Option<u64>,
    /// What the blocks so far say; `None` where the rule asks for other evidence, or where it is withheld.
    pub evidence: Option<SeriesEvidence>,
    pub reference_group: Option<String>,
    pub pending: Option<(Interval, Interval)>,
    /// The mark of a window with cases whose group is known only as probabilities: they are in none of the numbers above.
    pub probabilistic: Option<PublishedBracket>,
    /// The cases of the window that the comparison, or its evidence, does not count.
    pub missing: PublishedMissing,
    pub verdict: Option<Verdict>,
    /// Why the verdict is what it is; absent in kind `disparity`, whose numbers say it.
    pub reason: Option<Reason>,
    pub suppressed: bool,
    /// Whether there is something to compare with, withheld or not.
    pub compares: bool,
    /// Of kind `suitability`: whether its advantage is shown.
    pub claim: Option<Claim>,
    /// Of kind `silence`: when its subject was last heard of.
    pub last_heard: Option<EventTime>,
    /// For hit rates: what missing outcomes could make of the ratio.
    pub outcomes: Option<OutcomeRange>,
    /// Where values of cases are compared: how they lie. Then there are no rates.
    pub values: Option<PublishedValues>,
    /// Where a rate counts how cases were handled: in which ways they were.
    pub mix: Option<PublishedMix>,
    /// Of kind `criterion`: how strongly its subject goes together with the dimension.
    pub association: Option<Association>,
    /// Likewise: in which group and value its difference is.
    pub contrast: Option<Contrast>,
    /// The versions of the profile in which it was seen, without the numbers that are withheld; absent where nobody asks.
    pub versions: Option<Versions>,
    /// Of a group of an intersection: its ratio divided by the product of those of the groups that it combines.
    pub interaction: Option<f64>,
    /// Level of the intervals, such as 0.95.
    pub confidence: f64,
    /// The thresholds of kind `disparity`.
    pub thresholds: Option<PublishedThresholds>,
}

/// The thresholds of a comparison, in the unit of its measure. One that is never judged has those of equality.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the keys of the configuration")]
pub struct PublishedThresholds {
    pub measure: Measure,
    pub warning: f64,
    pub critical: f64,
    pub clear: f64,
}

/// What the cases say whose group is known only as probabilities. Withheld as a whole, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PublishedBracket {
    /// Each case counted in every group by its probability.
    pub weighted: Option<PublishedRates>,
    /// Least squares of the event on the probabilities; absent where they do not tell the sides apart.
    pub regression: Option<PublishedRates>,
    /// The number of certain members that would tell as much, of the group.
    pub group_effective_n: Option<f64>,
    /// The same of the reference.
    pub reference_effective_n: Option<f64>,
    /// Exposed cases with probabilities, each counted once.
    pub cases: Option<u64>,
    /// Whether the numbers are withheld.
    pub suppressed: bool,
}

/// One estimate of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedRates {
    /// Rate of the group.
    pub group_rate: f64,
    /// Rate of the reference.
    pub reference_rate: f64,
    /// Group / reference; absent where the reference's rate is 0.
    pub ratio: Option<f64>,
}

/// An alert that may leave.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields of paritywatch.evaluation.v1, as the design names them")]
pub struct PublishedAlert {
    pub id: String,
    pub severity: Severity,
    pub state: AlertState,
    pub active_at: EventTime,
    pub fired_at: Option<EventTime>,
    pub resolved_at: Option<EventTime>,
    /// How many transitions receivers hear of: that it fires, each change of severity while it does, and its end.
    pub transitions: u32,
    /// The last change of severity while it fired.
    pub change: Option<SeverityChange>,
    pub owner: String,
    pub action: String,
    pub runbook: String,
    /// The finding it rests on, when its condition last held.
    pub evidence: PublishedFinding,
    /// What was done about it.
    pub answer: PublishedAnswer,
}

/// Cases whose facts came too late for evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of a finding's fields")]
pub struct PublishedLate {
    pub profile: String,
    pub channel: &'static str,
    pub dimension: String,
    pub group: String,
    pub cases: u64,
}

impl Published {
    /// Returns where the windows end; [`EventTime::MIN`] before the first evaluation.
    #[must_use]
    pub const fn as_of(&self) -> EventTime {
        self.as_of
    }

    /// Returns the end of the windows of the numbers; verdicts are as of [`Self::as_of`]. `None` where all numbers are, too.
    #[must_use]
    pub const fn released_at(&self) -> Option<EventTime> {
        self.released_at
    }

    /// Returns the hash of the configuration.
    #[must_use]
    pub fn config_hash(&self) -> &str {
        &self.config_hash
    }

    /// Returns every profile on the allow-list, by name, including those that no rule judges.
    #[must_use]
    pub fn profiles(&self) -> &[PublishedProfile] {
        &self.profiles
    }

    /// Returns the counts of events by what became of them.
    #[must_use]
    pub const fn events(&self) -> &EventCounts {
        &self.events
    }

    /// Returns the findings by rule, profile, channel, dimension, group and window.
    #[must_use]
    pub fn findings(&self) -> &[PublishedFinding] {
        &self.findings
    }

    /// Returns what was last told of periods of the calendar, by a release of the same UTC day. `None` where this program has told none so far: what
    /// an earlier one has told stands.
    #[must_use]
    pub const fn periods(&self) -> Option<&Arc<PublishedPeriods>> {
        self.periods.as_ref()
    }

    /// Returns every alert that was ever pending or firing, oldest first.
    #[must_use]
    pub fn alerts(&self) -> &[PublishedAlert] {
        &self.alerts
    }

    /// Returns the measures that answer no alert, and counts of all.
    #[must_use]
    pub const fn measures(&self) -> &PublishedMeasures {
        &self.measures
    }

    /// Returns the cases whose facts came too late for evidence, by group; those below `min_cell` are withheld.
    #[must_use]
    pub fn late(&self) -> &[PublishedLate] {
        &self.late
    }

    /// Returns the groups on no list.
    #[must_use]
    pub const fn unlisted(&self) -> &PublishedUnlisted {
        &self.unlisted
    }

    /// Returns the cases by stage, by profile, channel, dimension, window and group.
    #[must_use]
    pub fn funnel(&self) -> &[PublishedFunnel] {
        &self.funnel
    }

    /// Returns how many groups are not in the funnel because of its limit.
    #[must_use]
    pub const fn funnel_left_out(&self) -> usize {
        self.funnel_left_out
    }

    /// Returns the worst verdict; `None` where nothing was judged.
    #[must_use]
    pub fn worst(&self) -> Option<Verdict> {
        self.findings.iter().filter_map(|finding| finding.verdict).max()
    }
}

impl PublishedFinding {
    /// Returns its place on the status page: the fragment of a URL, and an id in HTML. Different names have different places.
    #[must_use]
    pub fn anchor(&self) -> String {
        let names = [&self.rule, &self.profile, self.channel, self.dimension(), self.group(), &self.window];
        anchor_of(names, self.subject.as_deref())
    }
}

impl PublishedFinding {
    /// Returns the dimension; empty where it is about a profile as a whole.
    #[must_use]
    pub fn dimension(&self) -> &str {
        self.dimension.as_deref().unwrap_or_default()
    }

    /// Returns the group; empty where it is about a profile as a whole.
    #[must_use]
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }

    /// Returns the word for the indicator; empty where there is none.
    #[must_use]
    pub fn indicator(&self) -> &'static str {
        self.indicator.map_or("", Indicator::name)
    }

    /// Returns what it is about, for people: a group, what else it is about, or both; empty for a profile as a whole.
    #[must_use]
    pub fn about(&self) -> String {
        let group = self.dimension.as_ref().map(|dimension| match &self.group {
            Some(group) => format!("{dimension}={group}"),
            None => dimension.clone(),
        });
        group.into_iter().chain(self.subject.clone()).collect::<Vec<_>>().join(", ")
    }
}

impl PublishedAlert {
    /// Returns its place on the status page.
    #[must_use]
    pub fn anchor(&self) -> String {
        format!("alert.{}", self.id)
    }
}

/// The place of a finding: of its rule, profile, channel, dimension, group and window, and its subject if it has one.
pub(super) fn anchor_of(names: [&str; 6], subject: Option<&str>) -> String {
    let words: Vec<String> = names.into_iter().chain(subject).map(word).collect();
    format!("finding.{}", words.join("."))
}

/// Escapes every byte but letters, digits, `_` and `-` as `~` and two hex digits.
fn word(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("~{byte:02X}") }).collect()
}

//! What the history keeps of what is published: plain rows with every word spelled out, so that they can be read without the configuration.
//!
//! They are made of [`Published`] alone, so nothing that is withheld is in them.

use std::sync::Arc;

use super::details::{details, masked, tells_more};
use super::funnel::{PublishedFunnel, PublishedStep};
use super::published::{Measured, Published, PublishedFinding, PublishedPeriods, anchor_of};
use super::quality::KeptQuality;
use crate::evidence::SeriesEvidence;
use crate::judge::{Reason, Stage, Verdict};
use crate::plan::{EventTime, Indicator, Period};

/// What happened to an alert that is no longer known without having ended: its rule or profile was removed.
pub const ENDED: &str = "ended";
/// An acceptance of an alert is no longer in force.
pub const ACCEPTANCE_ENDED: &str = "acceptance_ended";

/// One evaluation as the history takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Where the windows end.
    pub as_of: EventTime,
    /// The end of the windows of the numbers; `None` where every number is published as it is.
    pub released_at: Option<EventTime>,
    /// The hash of the configuration.
    pub config_hash: String,
    /// Every finding.
    pub findings: Vec<(KeptKey, KeptFinding)>,
    /// The cases by stage.
    pub funnel: Vec<(KeptFunnelKey, KeptFunnel)>,
    /// What has happened to alerts, as far as the alerts still know it: by alert, and by time.
    pub transitions: Vec<KeptTransition>,
    /// What is known of the data.
    pub quality: Vec<KeptQuality>,
    /// What was last told of periods. `None`: what the history has of them stands, as long as the configuration does.
    pub periods: Option<Arc<PublishedPeriods>>,
}

/// The rows of periods. Their window is the label of the period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptPeriods {
    /// Every finding.
    pub findings: Vec<(KeptKey, KeptFinding)>,
    /// The cases by stage.
    pub funnel: Vec<(KeptFunnelKey, KeptFunnel)>,
}

/// What was new at one evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptEntry {
    /// Where the windows of the verdicts end.
    pub as_of: EventTime,
    /// The end of the windows of the numbers.
    pub released_at: Option<EventTime>,
    /// Wall-clock time at which it was told.
    pub told_at: EventTime,
    /// Whether numbers were released; else verdicts or alerts alone have changed.
    pub is_release: bool,
    /// Whether it has every row, and not only those that changed.
    pub is_full: bool,
    /// Where the windows of its rows of periods end, as they were last told; `None` where it has none.
    pub periods_at: Option<EventTime>,
    /// The hash of the configuration.
    pub config_hash: String,
    /// Findings that are new or changed.
    pub findings: Vec<(KeptKey, KeptFinding)>,
    /// Findings that are no more.
    pub gone: Vec<KeptKey>,
    /// Rows of the funnel that are new or changed.
    pub funnel: Vec<(KeptFunnelKey, KeptFunnel)>,
    /// Rows of the funnel that are no more.
    pub funnel_gone: Vec<KeptFunnelKey>,
    /// What has happened to alerts.
    pub transitions: Vec<KeptTransition>,
    /// Of a full entry: what was last told before it of alerts that had not ended, without numbers.
    pub open: Vec<KeptTransition>,
    /// Of a release: what was known of the data.
    pub quality: Vec<KeptQuality>,
}

/// Which comparison, or which other finding, a row is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields of paritywatch.evaluation.v1")]
pub struct KeptKey {
    pub rule: String,
    pub kind: String,
    pub profile: String,
    pub channel: String,
    pub dimension: Option<String>,
    pub group: Option<String>,
    pub subject: Option<String>,
    pub reference: String,
    pub indicator: Option<String>,
    pub window: String,
}

/// The numbers and the verdict of a finding.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of paritywatch.evaluation.v1")]
pub struct KeptFinding {
    pub reference_group: Option<String>,
    /// Exposed and events.
    pub group_counts: Option<[u64; 2]>,
    /// Exposed and events.
    pub reference_counts: Option<[u64; 2]>,
    pub group_rate: Option<f64>,
    pub reference_rate: Option<f64>,
    pub ratio: Option<Measured>,
    pub difference: Option<Measured>,
    pub p_value: Option<f64>,
    pub stratified: Option<(String, Measured, bool)>,
    pub needed: Option<u64>,
    pub evidence: Option<SeriesEvidence>,
    /// Shares of missing cases, of the group and of the reference.
    pub missing: [Option<f64>; 2],
    pub missing_cause: Option<String>,
    pub verdict: Option<String>,
    pub reason: Option<String>,
    pub suppressed: bool,
    /// Level of the intervals.
    pub confidence: f64,
    pub thresholds: Option<KeptThresholds>,
    /// What else it says: one JSON object with those fields of `paritywatch.evaluation.v1` that are none of the above.
    pub details: Option<String>,
}

/// The thresholds of a comparison, in the unit of its measure.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the keys of the configuration")]
pub struct KeptThresholds {
    pub measure: String,
    pub warning: f64,
    pub critical: f64,
    pub clear: f64,
}

/// Which row of the funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of a finding's fields")]
pub struct KeptFunnelKey {
    pub profile: String,
    pub channel: String,
    pub dimension: String,
    pub group: String,
    pub window: String,
}

/// The numbers of a row of the funnel.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of paritywatch.evaluation.v1")]
pub struct KeptFunnel {
    pub reference: String,
    /// In the order of [`Stage::ALL`].
    pub stages: [Option<u64>; Stage::ALL.len()],
    pub control_frequency: Option<f64>,
    pub steps: Vec<KeptStep>,
    pub suppressed: bool,
}

/// One step of the funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptStep {
    /// Its name.
    pub step: String,
    /// Group divided by reference, with limits.
    pub ratio: Measured,
}

/// Something that has happened to an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptTransition {
    /// When, by the wall clock.
    pub at: EventTime,
    /// `pending`, `firing`, `severity_changed`, `resolved`, `inactive`, [`ENDED`], [`ACCEPTANCE_ENDED`], or the kind of a measure.
    pub transition: String,
    /// The alert's id; empty where it is a measure about a profile as a whole.
    pub alert: String,
    /// Its severity when this was recorded; of `severity_changed` the new one.
    pub severity: String,
    /// What it is about: the window is that of its evidence.
    pub key: KeptKey,
    /// Who is to act.
    pub owner: String,
    /// What is to be done.
    pub action: String,
    /// Of a measure: who took it, and why. Of the end of an acceptance: who had accepted, and by what it ended.
    pub measure: Option<[String; 2]>,
    /// Of a measure: until when it holds.
    pub until: Option<EventTime>,
    /// Of an acceptance: the ratio up to which it holds, as far as it names one.
    pub accepted_ratio: Option<f64>,
    /// The finding it rested on when this was recorded.
    pub evidence: KeptFinding,
}

impl Kept {
    /// Returns what the history takes of what is published. `gaps` are the data gaps that were ever accepted, as the operator wrote them.
    #[must_use]
    pub fn of(published: &Published, gaps: &[String]) -> Self {
        Self {
            as_of: published.as_of(),
            released_at: published.released_at(),
            config_hash: published.config_hash().to_owned(),
            findings: findings(published.findings()),
            funnel: funnel(published.funnel()),
            transitions: Self::transitions_of(published),
            quality: KeptQuality::all(published, gaps),
            periods: published.periods().cloned(),
        }
    }
}

impl KeptPeriods {
    /// Returns what the history takes of periods.
    #[must_use]
    pub fn of(periods: &PublishedPeriods) -> Self {
        Self { findings: findings(&periods.findings), funnel: funnel(&periods.funnel) }
    }
}

fn findings(findings: &[PublishedFinding]) -> Vec<(KeptKey, KeptFinding)> {
    findings.iter().map(|finding| (KeptKey::of(finding), KeptFinding::of(finding))).collect()
}

fn funnel(rows: &[PublishedFunnel]) -> Vec<(KeptFunnelKey, KeptFunnel)> {
    rows.iter().map(|row| (KeptFunnelKey::of(row), KeptFunnel::of(row))).collect()
}

impl KeptKey {
    pub(super) fn of(finding: &PublishedFinding) -> Self {
        Self {
            rule: finding.rule.clone(),
            kind: finding.kind.to_owned(),
            profile: finding.profile.clone(),
            channel: finding.channel.to_owned(),
            dimension: finding.dimension.clone(),
            group: finding.group.clone(),
            subject: finding.subject.clone(),
            reference: finding.reference.clone(),
            indicator: finding.indicator.map(|indicator| Indicator::name(indicator).to_owned()),
            window: finding.window.clone(),
        }
    }

    /// Returns whether the row is about a period of the calendar, and not about a rolling window.
    #[must_use]
    pub fn is_of_period(&self) -> bool {
        Period::parse(&self.window).is_some()
    }

    /// Returns the place of the finding on the status page, which is its address in the history, too.
    #[must_use]
    pub fn anchor(&self) -> String {
        let (dimension, group) = (self.dimension.as_deref(), self.group.as_deref());
        let names = [
            &self.rule,
            &self.profile,
            &self.channel,
            dimension.unwrap_or_default(),
            group.unwrap_or_default(),
            &self.window,
        ];
        anchor_of(names, self.subject.as_deref())
    }

    /// Returns whether an alert about `other` is one about this finding: the same but for the window, as its worst one decides.
    #[must_use]
    pub fn shares_alerts_with(&self, other: &Self) -> bool {
        let of = |key: &Self| {
            let Self { rule, profile, channel, dimension, group, subject, .. } = key.clone();
            (rule, profile, channel, dimension, group, subject)
        };
        of(self) == of(other)
    }
}

impl KeptTransition {
    /// Returns what tells it from everything else that happens to alerts. Most things happen to an alert once, whatever a clock that was set has
    /// made of their time.
    #[must_use]
    pub fn identity(&self) -> (&str, &str, Option<EventTime>) {
        let is_once = matches!(self.transition.as_str(), "pending" | "firing" | "resolved" | "inactive" | ENDED);
        let of = if self.is_of_profile() { &self.key.profile } else { &self.alert };
        (of, &self.transition, (!is_once).then_some(self.at))
    }

    /// Whether it is a measure about a profile as a whole, which answers no alert.
    #[must_use]
    pub const fn is_of_profile(&self) -> bool {
        self.alert.is_empty()
    }

    /// Whether the alert has not ended with this.
    #[must_use]
    pub fn opens(&self) -> bool {
        matches!(self.transition.as_str(), "pending" | "firing" | "severity_changed")
    }

    /// Whether the alert has ended with this.
    #[must_use]
    pub fn ends(&self) -> bool {
        matches!(self.transition.as_str(), "resolved" | "inactive" | ENDED)
    }

    /// Returns it with the verdict of its evidence alone: what was published once may be withheld by now.
    #[must_use]
    pub fn without_numbers(&self) -> Self {
        let KeptFinding { verdict, reason, confidence, .. } = self.evidence.clone();
        Self { evidence: KeptFinding { verdict, reason, confidence, ..KeptFinding::default() }, ..self.clone() }
    }
}

impl KeptFinding {
    pub(super) fn of(finding: &PublishedFinding) -> Self {
        let counts = |counts: super::Counted| [counts.exposed, counts.events];
        Self {
            reference_group: finding.reference_group.clone(),
            group_counts: finding.group_counts.map(counts),
            reference_counts: finding.reference_counts.map(counts),
            group_rate: finding.group_rate,
            reference_rate: finding.reference_rate,
            ratio: finding.ratio,
            difference: finding.difference,
            p_value: finding.p_value,
            stratified: finding.stratified.clone(),
            needed: finding.needed,
            evidence: finding.evidence,
            missing: [finding.missing.group.share, finding.missing.reference.share],
            missing_cause: finding.missing.largest_cause.map(|cause| cause.name().to_owned()),
            verdict: finding.verdict.map(|verdict| Verdict::name(verdict).to_owned()),
            reason: finding.reason.map(|reason| Reason::name(reason).to_owned()),
            suppressed: finding.suppressed,
            confidence: finding.confidence,
            thresholds: finding.thresholds.map(|thresholds| KeptThresholds {
                measure: thresholds.measure.name().to_owned(),
                warning: thresholds.warning,
                critical: thresholds.critical,
                clear: thresholds.clear,
            }),
            details: details(finding),
        }
    }

    /// Returns whether the verdict, or why it is what it is, differs from another one.
    #[must_use]
    pub fn is_judged_otherwise(&self, other: &Self) -> bool {
        (&self.verdict, &self.reason) != (&other.verdict, &other.reason)
    }

    /// Returns these numbers with the verdict of another finding: between two releases verdicts change, and numbers stand. What the other one
    /// withholds is withheld.
    #[must_use]
    pub fn judged_as(&self, now: &Self) -> Self {
        let evidence = self.evidence.zip(now.evidence).map(|(told, now)| SeriesEvidence {
            alarm_at: now.alarm_at,
            alarmed: now.alarmed,
            material: now.material,
            epoch: now.epoch,
            watched: now.watched,
            ..told
        });
        let (verdict, reason) = (now.verdict.clone(), now.reason.clone());
        let ([group, reference], [of_group, of_reference]) = (self.missing, now.missing);
        Self {
            reference_group: self.reference_group.clone().filter(|_| now.reference_group.is_some()),
            group_counts: self.group_counts.filter(|_| now.group_counts.is_some()),
            reference_counts: self.reference_counts.filter(|_| now.reference_counts.is_some()),
            group_rate: self.group_rate.filter(|_| now.group_rate.is_some()),
            reference_rate: self.reference_rate.filter(|_| now.reference_rate.is_some()),
            ratio: self.ratio.filter(|_| now.ratio.is_some()),
            difference: self.difference.filter(|_| now.difference.is_some()),
            p_value: self.p_value.filter(|_| now.p_value.is_some()),
            stratified: self.stratified.clone().filter(|_| now.stratified.is_some()),
            needed: self.needed.filter(|_| now.needed.is_some()),
            evidence,
            missing: [group.filter(|_| of_group.is_some()), reference.filter(|_| of_reference.is_some())],
            missing_cause: self.missing_cause.clone().filter(|_| now.missing_cause.is_some()),
            verdict,
            reason,
            suppressed: now.suppressed,
            confidence: self.confidence,
            thresholds: self.thresholds.clone(),
            details: masked(self.details.as_ref(), now.details.as_ref()),
        }
    }

    /// Returns whether this row has a number that the other one withholds.
    #[must_use]
    pub fn tells_more_than(&self, now: &Self) -> bool {
        let judged = self.judged_as(self);
        let masked = self.judged_as(now);
        let numbers = |row: Self| Self { verdict: None, reason: None, evidence: None, details: None, ..row };
        self.evidence.is_some() && now.evidence.is_none()
            || tells_more(self.details.as_ref(), now.details.as_ref())
            || numbers(judged) != numbers(masked)
    }

    /// Returns the ratio that is judged: the adjusted one where the rule stratifies.
    #[must_use]
    pub fn judged_ratio(&self) -> Option<Measured> {
        self.stratified.as_ref().map(|(_, ratio, _)| *ratio).or(self.ratio)
    }
}

impl KeptFunnelKey {
    /// Returns whether the row is about a period of the calendar, and not about a rolling window.
    #[must_use]
    pub fn is_of_period(&self) -> bool {
        Period::parse(&self.window).is_some()
    }

    fn of(row: &PublishedFunnel) -> Self {
        Self {
            profile: row.profile.clone(),
            channel: row.channel.to_owned(),
            dimension: row.dimension.clone(),
            group: row.group.clone(),
            window: row.window.clone(),
        }
    }
}

impl KeptFunnel {
    fn of(row: &PublishedFunnel) -> Self {
        let step = |step: &PublishedStep| {
            let PublishedStep { step, ratio, lower, upper } = *step;
            KeptStep { step: step.to_owned(), ratio: Measured { value: ratio, lower, upper } }
        };
        Self {
            reference: row.reference.clone(),
            stages: row.stages,
            control_frequency: row.control_frequency,
            steps: row.steps.iter().map(step).collect(),
            suppressed: row.suppressed,
        }
    }
}

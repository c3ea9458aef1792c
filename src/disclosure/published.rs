//! What has passed disclosure control, with every name spelled out.

use super::funnel::{PublishedFunnel, publish_table};
use super::suppress::{Withheld, withholds};
use crate::alert::{Alert, AlertState, Severity, SeverityChange};
use crate::evidence::{SeriesEvidence, Side};
use crate::judge::{Estimate, Evaluation, Finding, Late, PendingBounds, Verdict};
use crate::plan::{EventTime, Indicator, Measure, Plan};
use crate::statistics::{Bracket, Interval, Rates};

/// An evaluation that may leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    as_of: EventTime,
    config_hash: String,
    profiles: Vec<PublishedProfile>,
    events: EventCounts,
    findings: Vec<PublishedFinding>,
    alerts: Vec<PublishedAlert>,
    late: Vec<PublishedLate>,
    funnel: Vec<PublishedFunnel>,
    funnel_left_out: usize,
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
    /// All that were read: the sum of those below but `unmatched`.
    pub read: u64,
    /// Those that changed, or may yet change, the counts.
    pub accepted: u64,
    /// Second deliveries.
    pub duplicate: u64,
    /// Older than the history.
    pub too_late: u64,
    /// Bad input.
    pub rejected: u64,
    /// Cases with accepted events that wait for their selection now.
    pub unmatched: u64,
    /// Second selections of a case.
    pub conflict: u64,
    /// Of a type outside the contract.
    pub unknown_type: u64,
    /// Of a profile outside the allow-list.
    pub unknown_profile: u64,
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
    pub profile: String,
    pub channel: &'static str,
    pub dimension: String,
    pub group: String,
    pub reference: String,
    pub indicator: Indicator,
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
    pub verdict: Option<Verdict>,
    pub suppressed: bool,
    /// What the thresholds are about.
    pub measure: Measure,
    /// Level of the intervals, such as 0.95.
    pub confidence: f64,
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
    /// How many of its transitions are to be told.
    pub transitions: u32,
    /// The last change of severity while it fired.
    pub change: Option<SeverityChange>,
    pub owner: String,
    pub action: String,
    pub runbook: String,
    /// The finding it rests on, when its condition last held.
    pub evidence: PublishedFinding,
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

/// Passes an evaluation and its alerts through disclosure control.
#[must_use]
pub fn publish<'a>(
    plan: &Plan,
    evaluation: &Evaluation,
    alerts: impl Iterator<Item = &'a Alert>,
    events: EventCounts,
) -> Published {
    Published {
        as_of: evaluation.as_of,
        config_hash: plan.config_hash.clone(),
        profiles: plan
            .profiles
            .iter()
            .map(|profile| PublishedProfile { name: profile.name.clone(), title: profile.title.clone() })
            .collect(),
        events,
        findings: evaluation.findings.iter().filter_map(|finding| publish_finding(plan, finding)).collect(),
        alerts: alerts.filter_map(|alert| publish_alert(plan, alert)).collect(),
        late: evaluation.late.iter().filter_map(|late| publish_late(plan, late)).collect(),
        funnel: evaluation.funnel.tables.iter().flat_map(|table| publish_table(plan, table)).collect(),
        funnel_left_out: evaluation.funnel.left_out,
    }
}

impl Published {
    /// Where the windows end; [`EventTime::MIN`] before the first evaluation.
    #[must_use]
    pub const fn as_of(&self) -> EventTime {
        self.as_of
    }

    /// Hash of the configuration.
    #[must_use]
    pub fn config_hash(&self) -> &str {
        &self.config_hash
    }

    /// Every profile on the allow-list, by name; those that no rule judges, too.
    #[must_use]
    pub fn profiles(&self) -> &[PublishedProfile] {
        &self.profiles
    }

    /// What became of the events.
    #[must_use]
    pub const fn events(&self) -> &EventCounts {
        &self.events
    }

    /// Findings by rule, profile, channel, dimension, group and window.
    #[must_use]
    pub fn findings(&self) -> &[PublishedFinding] {
        &self.findings
    }

    /// Every alert that was ever pending or firing, oldest first.
    #[must_use]
    pub fn alerts(&self) -> &[PublishedAlert] {
        &self.alerts
    }

    /// Cases whose facts came too late for evidence, by group; those below `min_cell` are withheld.
    #[must_use]
    pub fn late(&self) -> &[PublishedLate] {
        &self.late
    }

    /// Cases by stage, by profile, channel, dimension, window and group.
    #[must_use]
    pub fn funnel(&self) -> &[PublishedFunnel] {
        &self.funnel
    }

    /// Groups that are not in the funnel because it has a limit.
    #[must_use]
    pub const fn funnel_left_out(&self) -> usize {
        self.funnel_left_out
    }

    /// The worst verdict; `None` where nothing was judged.
    #[must_use]
    pub fn worst(&self) -> Option<Verdict> {
        self.findings.iter().filter_map(|finding| finding.verdict).max()
    }
}

fn publish_finding(plan: &Plan, finding: &Finding) -> Option<PublishedFinding> {
    let key = &finding.key;
    let rule = plan.rules.get(key.rule)?;
    let dimension = plan.dimensions.get(usize::from(key.dimension.0))?;
    let withheld = Withheld::of(plan.min_cell, finding);
    let comparison = |estimate: &Estimate| Measured::of(*estimate);
    Some(PublishedFinding {
        rule: rule.name.clone(),
        profile: plan.profiles.get(usize::from(key.profile.0))?.name.clone(),
        channel: key.channel.name(),
        dimension: dimension.name.clone(),
        group: dimension.groups.get(usize::from(key.group.0))?.clone(),
        reference: rule.reference.name().to_owned(),
        indicator: key.indicator,
        window: key.window.to_string(),
        group_counts: (!withheld.group).then(|| Counted::of(finding.group)),
        reference_counts: (!withheld.reference).then(|| Counted::of(finding.reference)),
        group_rate: rate(finding.group).filter(|_| !withheld.group),
        reference_rate: rate(finding.reference).filter(|_| !withheld.reference),
        ratio: finding.ratio.as_ref().filter(|_| !withheld.any()).map(comparison),
        difference: finding.difference.as_ref().filter(|_| !withheld.any()).map(comparison),
        p_value: finding.p_value.filter(|_| !withheld.any()),
        stratified: finding
            .stratified
            .as_ref()
            .filter(|_| !withheld.any())
            .map(|stratified| (stratified.by.clone(), Measured::of(stratified.ratio), stratified.reversal)),
        evidence: finding.evidence.filter(|_| !withheld.any()),
        needed: finding.needed.filter(|_| !withheld.any()),
        reference_group: finding.reference_group.clone(),
        pending: finding
            .pending
            .filter(|_| !withheld.any() && plan.min_cell == 0)
            .map(|PendingBounds { group, reference }| (group, reference)),
        probabilistic: finding.probabilistic.map(|bracket| PublishedBracket::of(plan.min_cell, bracket)),
        verdict: finding.verdict,
        suppressed: withheld.any(),
        measure: rule.measure,
        confidence: 1.0 - rule.confidence.alpha(),
        warning: rule.warning,
        critical: rule.critical,
        clear: rule.clear,
    })
}

fn publish_late(plan: &Plan, late: &Late) -> Option<PublishedLate> {
    let dimension = plan.dimensions.get(usize::from(late.dimension.0))?;
    (late.cases >= plan.min_cell).then_some(())?;
    Some(PublishedLate {
        profile: plan.profiles.get(usize::from(late.profile.0))?.name.clone(),
        channel: late.channel.name(),
        dimension: dimension.name.clone(),
        group: dimension.groups.get(usize::from(late.group.0))?.clone(),
        cases: late.cases,
    })
}

/// Passes one alert through disclosure control; `None` where it is about what the plan does not have.
#[must_use]
pub fn publish_alert(plan: &Plan, alert: &Alert) -> Option<PublishedAlert> {
    let rule = plan.rules.get(alert.identity.rule)?;
    let profile = plan.profiles.get(usize::from(alert.identity.profile.0))?;
    Some(PublishedAlert {
        id: alert.id.to_string(),
        severity: alert.severity,
        state: alert.state,
        active_at: alert.active_at,
        fired_at: alert.fired_at,
        resolved_at: alert.resolved_at,
        transitions: alert.transitions,
        change: alert.change,
        owner: if rule.owner.is_empty() { profile.owner.clone() } else { rule.owner.clone() },
        action: rule.action.clone(),
        runbook: rule.runbook.clone(),
        evidence: publish_finding(plan, &alert.evidence)?,
    })
}

impl PublishedFinding {
    /// Where the status page shows it: the fragment of a URL, and an id in HTML. The same for the same names, and no other.
    #[must_use]
    pub fn anchor(&self) -> String {
        let names: [&str; 6] = [&self.rule, &self.profile, self.channel, &self.dimension, &self.group, &self.window];
        let words: Vec<String> = names.into_iter().map(word).collect();
        format!("finding.{}", words.join("."))
    }
}

impl PublishedAlert {
    /// Where the status page shows it.
    #[must_use]
    pub fn anchor(&self) -> String {
        format!("alert.{}", self.id)
    }
}

/// The name with everything but letters, digits, `_` and `-` as `~` and two hex digits a byte.
fn word(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("~{byte:02X}") }).collect()
}

impl Counted {
    const fn of(side: Side) -> Self {
        Self { exposed: side.exposed, events: side.events }
    }
}

impl PublishedBracket {
    fn of(min_cell: u64, bracket: Bracket) -> Self {
        if withholds(min_cell, &bracket) {
            return Self { suppressed: true, ..Self::default() };
        }
        let Bracket { weighted, regression, group, reference, cases } = bracket;
        Self {
            weighted: weighted.map(PublishedRates::of),
            regression: regression.map(PublishedRates::of),
            group_effective_n: Some(group.effective_n),
            reference_effective_n: Some(reference.effective_n),
            cases: Some(cases),
            suppressed: false,
        }
    }
}

impl PublishedRates {
    const fn of(rates: Rates) -> Self {
        Self { group_rate: rates.group, reference_rate: rates.reference, ratio: rates.ratio }
    }
}

impl Measured {
    fn of(estimate: Estimate) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let Estimate { value, interval } = estimate;
        Self { value: value.and_then(finite), lower: finite(interval.lower), upper: finite(interval.upper) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn rate(side: Side) -> Option<f64> {
    (side.exposed > 0).then(|| side.events as f64 / side.exposed as f64)
}

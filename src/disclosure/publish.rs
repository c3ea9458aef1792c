//! Disclosure control: makes what may leave out of an evaluation and its alerts.

use super::funnel::publish_table;
use super::missing::PublishedMissing;
use super::published::{
    Counted, EventCounts, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedLate,
    PublishedProfile, PublishedRates, PublishedThresholds,
};
use super::suppress::{Withheld, withholds};
use super::unlisted::publish_unlisted;
use crate::alert::Alert;
use crate::evidence::Side;
use crate::judge::{Estimate, Evaluation, Finding, Late, PendingBounds};
use crate::plan::invariant::{Room, present};
use crate::plan::{Disparity, Plan, Rule, RuleKind, stratum};
use crate::statistics::{Bracket, Rates};

/// Stands for a subject of fewer cases than may be told of.
const FEW_CASES: &str = "(few cases)";

/// Passes an evaluation and its alerts through disclosure control.
#[must_use]
pub fn publish<'a>(
    plan: &Plan,
    evaluation: &Evaluation,
    alerts: impl Iterator<Item = &'a Alert>,
    events: EventCounts,
) -> Published {
    // An evaluation is made under the present plan.
    #[track_caller]
    fn known<T>(published: Option<T>) -> Option<T> {
        present(Room::Disclosure, "the plan has everything that an evaluation is about", published)
    }
    let late = evaluation.late.iter().filter(|late| late.cases >= plan.min_cell);
    Published {
        as_of: evaluation.as_of,
        config_hash: plan.config_hash.clone(),
        profiles: plan
            .profiles
            .iter()
            .map(|profile| PublishedProfile { name: profile.name.clone(), title: profile.title.clone() })
            .collect(),
        events,
        findings: evaluation.findings.iter().filter_map(|finding| known(publish_finding(plan, finding))).collect(),
        alerts: alerts.filter_map(|alert| publish_alert(plan, alert)).collect(),
        unlisted: publish_unlisted(plan, &evaluation.unlisted),
        late: late.filter_map(|late| known(publish_late(plan, late))).collect(),
        funnel: evaluation.funnel.tables.iter().flat_map(|table| publish_table(plan, table)).collect(),
        funnel_left_out: evaluation.funnel.left_out,
    }
}

/// Passes one alert through disclosure control; `None` where it is about something that the plan does not have. It may come from a stored state, so
/// that is no broken invariant.
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

fn publish_finding(plan: &Plan, finding: &Finding) -> Option<PublishedFinding> {
    let key = &finding.key;
    let rule = plan.rules.get(key.rule)?;
    let dimension = match key.dimension {
        Some(id) => Some(plan.dimensions.get(usize::from(id.0))?),
        None => None,
    };
    let group = match (dimension, key.group) {
        (Some(dimension), Some(group)) => Some(dimension.groups.get(usize::from(group.0))?.clone()),
        _ => None,
    };
    let withheld = Withheld::of(plan.min_cell, finding);
    let comparison = |estimate: &Estimate| Measured::of(*estimate);
    Some(PublishedFinding {
        rule: rule.name.clone(),
        kind: rule.kind.name(),
        profile: plan.profiles.get(usize::from(key.profile.0))?.name.clone(),
        channel: key.channel.name(),
        dimension: dimension.map(|dimension| dimension.name.clone()),
        group,
        subject: subject(plan.min_cell, rule, finding),
        reference: rule.reference().to_owned(),
        indicator: key.indicator,
        window: key.window.to_string(),
        group_counts: (!withheld.group && finding.counts_cases()).then(|| Counted::of(finding.group)),
        reference_counts: (!withheld.reference && finding.compares()).then(|| Counted::of(finding.reference)),
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
        missing: PublishedMissing::of(plan.min_cell, &finding.missing, withheld),
        verdict: finding.verdict,
        reason: finding.reason,
        suppressed: withheld.any(),
        compares: finding.compares(),
        last_heard: finding.last_heard,
        association: finding.association.filter(|found| !withheld.any() && found.smallest >= plan.min_cell),
        outcomes: finding
            .outcomes
            .filter(|range| !withheld.any() && range.missing.iter().all(|cases| *cases >= plan.min_cell)),
        claim: finding.claim.filter(|_| !withheld.any()),
        confidence: 1.0 - rule.confidence.alpha(),
        thresholds: rule.disparity().map(|rule| PublishedThresholds::of(rule.terms)),
    })
}

/// What events name, such as a version or a criterion on no list, may tell of a person: only from enough cases on it is named.
fn subject(min_cell: u64, rule: &Rule, finding: &Finding) -> Option<String> {
    let subject = finding.key.subject.as_deref()?;
    let is_ours = match &rule.kind {
        RuleKind::Criterion(terms) => {
            subject == stratum::UNLISTED_CRITERION || terms.watched.iter().any(|criterion| criterion.name == subject)
        }
        RuleKind::Automation(_) => subject == stratum::DECIDED_BY,
        RuleKind::Drift(_) => false,
        _ => true,
    };
    let cases = match &rule.kind {
        RuleKind::Criterion(_) => finding.group.events,
        _ => finding.group.exposed,
    };
    Some(if is_ours || cases >= min_cell { subject.to_owned() } else { FEW_CASES.to_owned() })
}

fn publish_late(plan: &Plan, late: &Late) -> Option<PublishedLate> {
    let dimension = plan.dimensions.get(usize::from(late.dimension.0))?;
    Some(PublishedLate {
        profile: plan.profiles.get(usize::from(late.profile.0))?.name.clone(),
        channel: late.channel.name(),
        dimension: dimension.name.clone(),
        group: dimension.groups.get(usize::from(late.group.0))?.clone(),
        cases: late.cases,
    })
}

impl Counted {
    const fn of(side: Side) -> Self {
        Self { exposed: side.exposed, events: side.events }
    }
}

impl PublishedThresholds {
    const fn of(terms: &Disparity) -> Self {
        let Disparity { measure, warning, critical, clear, .. } = *terms;
        Self { measure, warning, critical, clear }
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
    // Counts that cannot be are no rate.
    (side.exposed > 0 && side.events <= side.exposed).then(|| side.events as f64 / side.exposed as f64)
}

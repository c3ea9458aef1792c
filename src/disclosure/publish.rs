//! Disclosure control: makes what may leave out of an evaluation and its alerts.

use super::funnel::{PublishedFunnel, publish_funnel};
use super::handled::{PublishedMix, PublishedValues, told_ratio};
use super::measures::{MeasureShelf, PublishedAnswer, PublishedMeasures};
use super::missing::PublishedMissing;
use super::periods::ToldPeriods;
use super::plain::plain;
use super::published::{
    Counted, EventCounts, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedLate,
    PublishedPeriod, PublishedPeriods, PublishedProfile, PublishedRates, PublishedThresholds,
};
use super::release::Releases;
use super::suppress::{Whole, Withheld, shows_comparison, withheld, withholds};
use super::told::ToldFunnel;
use super::unlisted::publish_unlisted;
use super::versions;
use crate::alert::{Alert, MeasureBook};
use crate::evidence::Side;
use crate::judge::{
    Association, Contrast, Estimate, Evaluation, Finding, JudgedPeriod, Late, OutcomeRange, PendingBounds,
    StratifiedEstimate,
};
use crate::plan::invariant::{Room, present};
use crate::plan::{Compare, Disparity, Indicator, Plan, Reference, Rule, RuleKind, stratum};
use crate::statistics::{Bracket, Interval, Rates};

/// Stands for a subject of fewer cases than may be told of.
const FEW_CASES: &str = "(few cases)";

/// Returns whether a text stands for a name, and is none: of a subject of few cases, or of selections that name no version.
#[must_use]
pub fn is_stand_in(text: &str) -> bool {
    text == FEW_CASES || text == versions::NO_VERSION
}

/// Passes an evaluation that was [released](Releases::release), its alerts and the measures that were taken through disclosure control.
#[must_use]
pub fn publish<'a>(
    plan: &Plan,
    (evaluation, releases): (&Evaluation, &Releases),
    (alerts, measures): (impl Iterator<Item = &'a Alert> + Clone, &MeasureBook),
    events: EventCounts,
) -> Published {
    // An evaluation is made under the present plan.
    #[track_caller]
    fn known<T>(published: Option<T>) -> Option<T> {
        present(Room::Disclosure, "the plan has everything that an evaluation is about", published)
    }
    let shelf = MeasureShelf::of(measures, plan);
    let late = evaluation.late.iter().filter(|late| late.cases >= plan.disclosure.min_cell);
    Published {
        as_of: evaluation.as_of,
        released_at: releases.released_at(),
        config_hash: plan.config_hash.clone(),
        profiles: plan
            .profiles
            .iter()
            .map(|profile| PublishedProfile { name: profile.name.clone(), title: profile.title.clone() })
            .collect(),
        events: events.stepped(plan),
        findings: evaluation.findings.iter().filter_map(|finding| known(publish_finding(plan, finding))).collect(),
        measures: PublishedMeasures::of(plan, alerts.clone(), &shelf),
        alerts: alerts.filter_map(|alert| publish_alert(plan, alert, &shelf)).collect(),
        unlisted: publish_unlisted(plan, &evaluation.unlisted),
        late: late.filter_map(|late| known(publish_late(plan, late))).collect(),
        funnel: publish_funnel(plan, releases.funnel()),
        funnel_left_out: evaluation.funnel.left_out,
        periods: releases.periods().map(|told| told.published(|told| publish_periods(plan, told))),
    }
}

/// Spells out what is told of periods. Those that share a window have rows of their own.
fn publish_periods(plan: &Plan, told: &ToldPeriods) -> PublishedPeriods {
    let settle = plan.window.settle();
    let mut published = PublishedPeriods {
        as_of: told.as_of,
        periods: Vec::new(),
        findings: Vec::new(),
        funnel: Vec::new(),
        funnel_left_out: told.left_out,
    };
    for JudgedPeriod { period, window, is_over } in &told.periods {
        published.periods.push(PublishedPeriod {
            period: period.clone(),
            counted_to: if *is_over { period.end() } else { told.as_of },
            is_final: period.end().plus(settle) <= told.as_of,
        });
        let of_it = told.findings.iter().filter(|finding| finding.key.window == *window);
        let rows = of_it.filter_map(|finding| publish_finding(plan, finding));
        published.findings.extend(rows.map(|row| PublishedFinding { window: period.label.clone(), ..row }));
        let of_it: Vec<ToldFunnel> =
            told.funnel.iter().filter(|told| *told.table.window == **window).cloned().collect();
        let rows = publish_funnel(plan, &of_it).into_iter();
        published.funnel.extend(rows.map(|row| PublishedFunnel { window: period.label.clone(), ..row }));
    }
    published
}

/// Passes one alert through disclosure control; `None` where it is about something that the plan does not have. It may come from a stored state, so
/// that is no broken invariant.
#[must_use]
pub fn publish_alert(plan: &Plan, alert: &Alert, measures: &MeasureShelf<'_>) -> Option<PublishedAlert> {
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
        answer: PublishedAnswer::of(plan, alert, measures),
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
    let whole = Whole::of(rule);
    let withheld = withheld(plan, finding);
    let (association, contrast) = associated(plan, finding, withheld).unzip();
    Some(PublishedFinding {
        rule: rule.name.clone(),
        kind: rule.kind.name(),
        profile: plan.profiles.get(usize::from(key.profile.0))?.name.clone(),
        channel: key.channel.name(),
        dimension: dimension.map(|dimension| dimension.name.clone()),
        group,
        subject: subject(plan.disclosure.min_cell, rule, finding),
        reference: rule.reference().to_owned(),
        indicator: key.indicator,
        window: key.window.to_string(),
        group_counts: (!withheld.group && finding.counts_cases()).then(|| Counted::of(finding.group)),
        reference_counts: (!withheld.reference && finding.compares()).then(|| Counted::of(finding.reference)),
        group_rate: rate(finding.group, whole).filter(|_| !withheld.group && finding.values.is_none()),
        reference_rate: rate(finding.reference, whole).filter(|_| !withheld.reference && finding.values.is_none()),
        ratio: finding.ratio.and_then(|ratio| told(plan, finding, ratio)),
        difference: finding.difference.as_ref().filter(|_| !withheld.any()).map(|estimate| Measured::of(*estimate)),
        p_value: finding.p_value.filter(|_| !withheld.any()),
        stratified: finding.stratified.as_ref().filter(|_| !withheld.any()).map(stratified),
        evidence: finding.evidence.filter(|_| !withheld.any()),
        needed: finding.needed.filter(|_| !withheld.any() && !needed_rests_on_few(plan, finding)),
        reference_group: reference_group(plan.disclosure.min_cell, rule, finding),
        pending: pending(plan, finding, withheld),
        probabilistic: finding.probabilistic.map(|bracket| PublishedBracket::of(plan.disclosure.min_cell, bracket)),
        missing: PublishedMissing::of(plan.disclosure.min_cell, &finding.missing, (withheld, whole)),
        verdict: finding.verdict,
        reason: finding.reason,
        suppressed: withheld.any(),
        compares: finding.compares(),
        last_heard: finding.last_heard,
        values: finding
            .values
            .map(|values| PublishedValues::of(plan.disclosure.min_cell, values, [withheld.group, withheld.reference])),
        mix: mix(plan, finding, withheld),
        association,
        contrast,
        versions: finding.versions.as_ref().map(|found| versions::published(found, plan.disclosure.min_cell)),
        outcomes: outcomes(plan, finding, withheld),
        interaction: interaction(plan, finding, withheld),
        claim: finding.claim.filter(|_| !withheld.any()),
        confidence: 1.0 - rule.confidence.alpha(),
        thresholds: rule.disparity().map(|rule| PublishedThresholds::of(rule.terms)),
    })
}

/// The association, and whose its difference is: where each count of its table may be told, so that it points at no person.
fn associated(plan: &Plan, finding: &Finding, withheld: Withheld) -> Option<(Association, Contrast)> {
    let found = finding.association.filter(|found| !withheld.any() && found.smallest >= plan.disclosure.min_cell)?;
    Some((found, finding.contrast.clone().unwrap_or_default()))
}

fn outcomes(plan: &Plan, finding: &Finding, withheld: Withheld) -> Option<OutcomeRange> {
    let is_told = |range: &OutcomeRange| range.missing.iter().all(|cases| *cases >= plan.disclosure.min_cell);
    finding.outcomes.filter(|range| !withheld.any() && is_told(range))
}

fn pending(plan: &Plan, finding: &Finding, withheld: Withheld) -> Option<(Interval, Interval)> {
    let PendingBounds { group, reference } =
        finding.pending.filter(|_| !withheld.any() && plan.disclosure.min_cell == 0)?;
    Some((group, reference))
}

/// The ratio, as far as it may be told: it may rest on fewer cases than the counts beside it.
fn told(plan: &Plan, finding: &Finding, ratio: Estimate) -> Option<Measured> {
    let ratio = Some(Measured::of(ratio)).filter(|_| shows_comparison(plan, finding))?;
    let Some(values) = &finding.values else { return Some(ratio) };
    let [_, limits] = told_ratio(plan.disclosure.min_cell, values, finding.key.indicator);
    // Of values a lower limit of 0 is none: too few of them for one.
    let lower = ratio.lower.filter(|lower| limits && *lower > 0.0);
    Some(Measured { lower, upper: ratio.upper.filter(|_| limits), ..ratio })
}

fn needed_rests_on_few(plan: &Plan, finding: &Finding) -> bool {
    is_few(plan, finding.smallest) || is_few(plan, finding.smallest_of_needed)
}

fn is_few(plan: &Plan, cases: Option<u64>) -> bool {
    cases.is_some_and(|cases| cases < plan.disclosure.min_cell)
}

fn mix(plan: &Plan, finding: &Finding, withheld: Withheld) -> Option<PublishedMix> {
    let rule = plan.rules.get(finding.key.rule)?.disparity()?;
    let Finding { group, reference, .. } = finding;
    // Where no kind is strict no case is an event, which is no small number of anything.
    let has_events =
        finding.key.indicator != Some(Indicator::StrictRate) || !rule.terms.handling.strict_kinds.is_empty();
    let is_small =
        if has_events { withheld.any() } else { group.exposed.min(reference.exposed) < plan.disclosure.min_cell };
    let contains_group = rule.terms.reference == Reference::Overall;
    let mix = finding.mix.as_ref().filter(|_| !is_small)?;
    let told = PublishedMix::of(
        plan.disclosure.min_cell,
        (mix, contains_group),
        finding.key.indicator,
        [group.events, reference.events],
    );
    told.map(|told| told.rounded(&plan.disclosure))
}

/// The parts' ratios may rest on fewer cases than may be told of.
fn interaction(plan: &Plan, finding: &Finding, withheld: Withheld) -> Option<f64> {
    let found = finding.interaction.filter(|found| !withheld.any() && found.smallest >= plan.disclosure.min_cell);
    found.map(|found| found.ratio)
}

fn stratified(of: &StratifiedEstimate) -> (String, Measured, bool) {
    (of.by.clone(), Measured::of(of.ratio), of.reversal)
}

/// What events name, such as a version or a criterion on no list, may tell of a person: only from enough cases on it is named.
fn subject(min_cell: u64, rule: &Rule, finding: &Finding) -> Option<String> {
    let subject = finding.key.subject.as_deref()?;
    let is_ours = match &rule.kind {
        RuleKind::Criterion(terms) => {
            [stratum::UNLISTED_CRITERION, stratum::UNMEASURED_CRITERION].contains(&subject)
                || terms.watched.iter().any(|criterion| criterion.name == subject)
        }
        RuleKind::Automation(_) => subject == stratum::DECIDED_BY,
        RuleKind::Drift(_) => false,
        _ => true,
    };
    let cases = match &rule.kind {
        RuleKind::Criterion(_) => finding.group.events,
        _ => finding.group.exposed,
    };
    Some(if is_ours || cases >= min_cell { plain(subject).into_owned() } else { FEW_CASES.to_owned() })
}

/// The group that is compared with, or the version: one that few cases have is not named.
fn reference_group(min_cell: u64, rule: &Rule, finding: &Finding) -> Option<String> {
    let is_version = matches!(&rule.kind, RuleKind::Drift(terms) if matches!(terms.compare, Compare::Version(_)));
    let is_named = !is_version || finding.reference.exposed >= min_cell;
    finding.reference_group.as_deref().filter(|_| is_named).map(|name| plain(name).into_owned())
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
fn rate(side: Side, whole: Whole) -> Option<f64> {
    // Counts that cannot be are no rate.
    let can_be = whole == Whole::Apart || side.events <= side.exposed;
    (side.exposed > 0 && can_be).then(|| side.events as f64 / side.exposed as f64)
}

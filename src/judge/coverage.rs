//! Rule kind `coverage`: whether the outcomes of controls are known, and of all groups alike.
//!
//! Where many are missing, or more of one group, a hit rate says little: outcomes are seldom missing at random.

use super::blocks::{blocks_from_first, blocks_to_alarm};
use super::duty::{Post, Saying, Whom, each_post, groups};
use super::finding::{Estimate, Finding, Verdict};
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use crate::evidence::{Aspect, BLOCK_CONTROLLED, DutyKey, Maturity, SeriesEvidence, Side};
use crate::plan::{Coverage, EvidencePlan, Indicator, Rule, Slot};
use crate::statistics::{Proportion, difference_interval, ratio_interval};
use crate::window::LeftOut;

/// The controls below which a share of outcomes says nothing.
const MIN_CONTROLLED: u64 = 30;

/// Appends the findings of a rule: of each profile, channel and window all cases, then each group.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Coverage,
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        // Younger cohorts still get outcomes.
        let young = |whom| post.incomplete(&[post.cell(post.channel, whom, None)], |_| false);
        let left_out = young(Whom::EVERYONE);
        findings.push(overall(&post, terms, sums, &left_out));
        for whom in groups(scene, rule) {
            findings.push(unequal(&post, terms, whom, (sums, &left_out)));
        }
    });
}

fn overall(post: &Post<'_>, terms: &Coverage, sums: &mut CellSums, left_out: &LeftOut) -> Finding {
    let Side { events: missing, exposed: controlled } = missing_outcomes(post, Whom::EVERYONE, sums, left_out);
    let known = controlled.saturating_sub(missing);
    let evidence = |aspect| evidence(post, Whom::EVERYONE, aspect);
    let (warning, critical) = (evidence(Aspect::MissingBeyondWarning), evidence(Aspect::MissingBeyondCritical));
    let alarmed = |evidence: &Option<SeriesEvidence>| evidence.is_some_and(|evidence| evidence.alarmed);
    let below = |threshold: f64| share(known, controlled) < threshold;
    let lacks = [&warning, &critical].map(|series| lacks(post, series.as_ref(), blocks_from_first));
    let lacks = lacks.into_iter().min().unwrap_or_default();
    let (verdict, reason) = if controlled < MIN_CONTROLLED {
        (Verdict::InsufficientData, Reason::TooFew)
    } else if alarmed(&critical) && below(terms.critical) {
        (Verdict::Critical, Reason::OutcomesMissing)
    } else if (alarmed(&warning) || alarmed(&critical)) && below(terms.warning) {
        (Verdict::Warning, Reason::OutcomesMissing)
    } else if lacks > 0 {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    };
    post.finding(Saying {
        indicator: Some(Indicator::OutcomeCoverage),
        group: Side { events: known, exposed: controlled },
        needed: needed(verdict, [MIN_CONTROLLED.saturating_sub(controlled), lacks]),
        evidence: says_more(warning, critical),
        missing: post.missing(post.channel, Maturity::Aged, controlled),
        ..Saying::new(Whom::EVERYONE, verdict, reason)
    })
}

fn unequal(post: &Post<'_>, terms: &Coverage, whom: Whom, (sums, left_out): (&mut CellSums, &LeftOut)) -> Finding {
    let own = missing_outcomes(post, whom, sums, left_out);
    let rest = groups(post.scene, post.rule).filter(|other| other.dimension == whom.dimension && *other != whom);
    let rest: Vec<Whom> = rest.collect();
    let rest = rest.into_iter().map(|other| missing_outcomes(post, other, sums, left_out)).fold(
        Side::default(),
        |sum, side| Side {
            events: sum.events.saturating_add(side.events),
            exposed: sum.exposed.saturating_add(side.exposed),
        },
    );
    let (ratio, difference) = compared(post, own, rest);
    let (more, less) = (evidence(post, whom, Aspect::MissingMore), evidence(post, whom, Aspect::MissingLess));
    let beyond = |threshold: f64, evidence: &Option<SeriesEvidence>, is_more: bool| {
        let differs =
            difference.and_then(|estimate| estimate.value).is_some_and(|value| value.abs() >= terms.min_difference);
        // Without a missing outcome of the rest the ratio has no value, but lies above every number.
        let value = ratio.map(|estimate| estimate.value.unwrap_or(f64::INFINITY));
        let is_beyond = value.is_some_and(|value| if is_more { value > threshold } else { value < 1.0 / threshold });
        evidence.is_some_and(|evidence| evidence.alarmed) && differs && is_beyond
    };
    let lacks = [&more, &less].map(|series| lacks(post, series.as_ref(), blocks_to_alarm));
    let lacks = lacks.into_iter().min().unwrap_or_default();
    let either = |threshold| beyond(threshold, &more, true) || beyond(threshold, &less, false);
    let (verdict, reason) = if own.exposed < MIN_CONTROLLED || rest.exposed < MIN_CONTROLLED {
        (Verdict::InsufficientData, Reason::TooFew)
    } else if either(terms.unequal_critical) {
        (Verdict::Critical, Reason::OutcomesMissingUnequally)
    } else if either(terms.unequal_warning) {
        (Verdict::Warning, Reason::OutcomesMissingUnequally)
    } else if lacks > 0 {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    };
    let few = |side: Side| MIN_CONTROLLED.saturating_sub(side.exposed);
    let known = |side: Side| Side { events: side.exposed.saturating_sub(side.events), exposed: side.exposed };
    post.finding(Saying {
        indicator: Some(Indicator::OutcomeCoverage),
        group: known(own),
        reference: known(rest),
        ratio,
        difference,
        needed: needed(verdict, [few(own).saturating_add(few(rest)), lacks]),
        evidence: says_more(more, less),
        missing: post.missing_of_groups(
            post.channel,
            (whom.dimension, Maturity::Aged),
            own.exposed.saturating_add(rest.exposed),
            (sums, left_out),
            |counts| counts.controlled,
        ),
        ..Saying::new(whom, verdict, reason)
    })
}

/// The controls of the blocks that a series must still read before it can alarm: before that, that it has not says nothing.
fn lacks(
    post: &Post<'_>,
    series: Option<&SeriesEvidence>,
    blocks: impl Fn(&SeriesEvidence, &EvidencePlan) -> u64,
) -> u64 {
    let blocks = series.map_or(1, |series| blocks(series, &post.scene.plan.evidence));
    blocks.saturating_mul(BLOCK_CONTROLLED)
}

/// What is still needed before there is a verdict: the larger one.
fn needed(verdict: Verdict, lacking: [u64; 2]) -> Option<u64> {
    lacking.into_iter().max().filter(|_| verdict == Verdict::InsufficientData)
}

/// The ratio and the difference of the shares of missing outcomes, group to rest.
fn compared(post: &Post<'_>, own: Side, rest: Side) -> (Option<Estimate>, Option<Estimate>) {
    let proportion = |side: Side| Proportion::new(side.events, side.exposed);
    let (Some(group), Some(reference)) = (proportion(own), proportion(rest)) else { return (None, None) };
    let rate = |side: Side| share(side.events, side.exposed);
    let ratio = ratio_interval(group, reference, post.rule.confidence)
        .map(|interval| Estimate { value: (rest.events > 0).then(|| rate(own) / rate(rest)), interval });
    let difference = difference_interval(group, reference, post.rule.confidence)
        .map(|interval| Estimate { value: Some(rate(own) - rate(rest)), interval });
    (ratio, difference)
}

/// Controls without an outcome, of all controls, of cohorts that get no more outcomes.
fn missing_outcomes(post: &Post<'_>, whom: Whom, sums: &mut CellSums, left_out: &LeftOut) -> Side {
    let counts = post.counts(sums, &post.cell(post.channel, whom, None), left_out);
    // A tally may count outcomes without the controls they are of.
    Side { events: counts.controlled.saturating_sub(counts.concluded), exposed: counts.controlled }
}

/// Of two series the one that says more: one that has alarmed says more than any that has not. The first where they are equal.
fn says_more(one: Option<SeriesEvidence>, other: Option<SeriesEvidence>) -> Option<SeriesEvidence> {
    let rank = |series: &SeriesEvidence| (series.alarmed, series.log_e);
    match (one, other) {
        (Some(one), Some(other)) if rank(&other) > rank(&one) => Some(other),
        (one, other) => one.or(other),
    }
}

fn evidence(post: &Post<'_>, Whom { dimension, group }: Whom, aspect: Aspect) -> Option<SeriesEvidence> {
    let Post { index: rule, profile, channel, .. } = *post;
    let key = DutyKey { rule, profile, channel, dimension, group: Slot(group.0), aspect };
    post.scene.sequences.duty_evidence(&key, post.scene.plan).map(|evidence| evidence.series)
}

/// 0 where there is nothing to share.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

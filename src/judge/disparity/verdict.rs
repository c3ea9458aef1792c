//! From the two sides of a comparison to its numbers.

use super::handled::HandledGroup;
use super::numbers::{Numbers, beyond, verdict_of};
use super::values::{judge_values, mix};
use crate::evidence::{SeriesEvidence, Side};
use crate::judge::finding::{Estimate, StratifiedEstimate, Verdict};
use crate::judge::missing::Missing;
use crate::judge::strata::Strata;
use crate::plan::{DisparityRule, Evidence, Harm, Measure};
use crate::statistics::{
    Confidence, Interval, PowerQuestion, Proportion, difference_interval, exposed_needed, p_value, ratio_interval,
    share_p_value, share_ratio_interval,
};

/// The power of the test that `needed` plans for.
const POWER: f64 = 0.8;

/// The counts of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inputs {
    pub group: Side,
    pub reference: Side,
    /// Whether the exposed are a population, of which the events are not a subset.
    pub population: bool,
    /// Strata with fewer cases are told of together; 0 where all are told.
    pub min_cell: u64,
    /// Group and reference by value of the rule's stratum; empty where the rule does not stratify.
    pub strata: Vec<(Side, Side)>,
    /// How the cases of both sides were handled, where the indicator reads that.
    pub handled: Option<[HandledGroup; 2]>,
}

/// Judges counts by a rule.
pub(super) fn judge(rule: DisparityRule<'_>, inputs: &Inputs) -> Numbers {
    let handled = inputs.handled.as_ref().map(|[group, reference]| [group, reference]);
    if let Some(handled) = handled.filter(|_| rule.terms.indicator.compares_values()) {
        return judge_values(rule, handled);
    }
    let strata = Strata::of(rule.terms.stratify_by.as_deref(), rule.confidence, &inputs.strata);
    let stratified = strata.as_ref().and_then(Strata::estimate);
    let ratio = ratio(inputs, rule.confidence);
    let difference = difference(inputs, rule.confidence);
    let measured = measured(rule, ratio, difference, stratified.as_ref());
    let by_number = measured.filter(|_| enough(rule, inputs)).map(|estimate| verdict_of(rule, estimate));
    // Such counts are neither too few nor a rate.
    let verdict = if is_impossible(inputs) { Some(Verdict::Incomplete) } else { by_number };
    Numbers {
        p_value: equality(inputs),
        needed: verdict.is_none().then(|| needed(rule, inputs)).flatten(),
        beyond_clear: measured.is_some_and(|estimate| beyond(rule, estimate, rule.terms.clear)),
        verdict: verdict.unwrap_or(Verdict::InsufficientData),
        ratio,
        difference,
        told_strata: strata.and_then(|strata| strata.told(inputs.min_cell, stratified.as_ref())),
        stratified,
        values: None,
        mix: handled.and_then(mix),
    }
}

/// Returns what follows from counts that are told instead of the exact ones: ratio, difference, and the p-value of equal rates. Where the exposed are a
/// `population`, the events are none of them.
#[must_use]
pub fn recount(
    rule: DisparityRule<'_>,
    [group, reference]: [Side; 2],
    population: bool,
) -> ([Option<Estimate>; 2], Option<f64>) {
    let inputs = Inputs { group, reference, population, min_cell: 0, strata: Vec::new(), handled: None };
    let estimates = [ratio(&inputs, rule.confidence), difference(&inputs, rule.confidence)];
    (estimates, equality(&inputs))
}

/// Returns the verdict by sequential evidence. The alarm bounds false alarms; the thresholds, by which the window's
/// number was judged, add practical significance.
pub(super) fn sequential_verdict(by_number: Verdict, evidence: &SeriesEvidence) -> Verdict {
    match (evidence.alarmed, by_number) {
        (true, _) if evidence.material => Verdict::Critical,
        (true, by_number) => by_number,
        (false, Verdict::InsufficientData | Verdict::Incomplete) => by_number,
        (false, _) => Verdict::Within,
    }
}

/// Whether the missing events, if all of them were harmful, could lift the measure beyond the warning threshold.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn may_be_beyond(rule: DisparityRule<'_>, inputs: &Inputs, numbers: &Numbers, missing: &Missing) -> bool {
    let harm = rule.terms.indicator.harm();
    // Harmful are more events of the group; or, where fewer are harmful, of the reference.
    let (side, events) = match harm {
        Harm::High => (inputs.group, missing.group.events()),
        Harm::Low => (inputs.reference, missing.reference.events()),
    };
    let Some(estimate) = measured(rule, numbers.ratio, numbers.difference, numbers.stratified.as_ref()) else {
        return true;
    };
    let Some(value) = estimate.value.filter(|_| side.events > 0) else { return true };
    let more = match rule.terms.measure {
        Measure::Ratio => events as f64 / side.events as f64,
        Measure::Difference => events as f64 / side.exposed as f64,
    };
    match (rule.terms.measure, harm) {
        (Measure::Ratio, Harm::High) => value * (1.0 + more) > rule.terms.warning,
        (Measure::Ratio, Harm::Low) => value / (1.0 + more) < rule.terms.warning,
        (Measure::Difference, Harm::High) => value + more > rule.terms.warning,
        (Measure::Difference, Harm::Low) => value - more < rule.terms.warning,
    }
}

/// Whether on a side, in all strata or in one, more events are counted than could happen.
fn is_impossible(inputs: &Inputs) -> bool {
    let sides = std::iter::once((inputs.group, inputs.reference)).chain(inputs.strata.iter().copied());
    sides.into_iter().any(|(group, reference)| [group, reference].iter().any(|side| side.events > side.exposed))
}

/// The estimate that is held against the thresholds: the stratified one where the rule stratifies.
fn measured(
    rule: DisparityRule<'_>,
    ratio: Option<Estimate>,
    difference: Option<Estimate>,
    stratified: Option<&StratifiedEstimate>,
) -> Option<Estimate> {
    match rule.terms.measure {
        Measure::Difference => difference,
        Measure::Ratio if rule.terms.stratify_by.is_some() => stratified.map(|stratified| stratified.ratio),
        Measure::Ratio => ratio,
    }
}

/// Whether in both groups enough events are expected under equality: n_g (x1 + x2) / (n1 + n2).
fn enough(rule: DisparityRule<'_>, inputs: &Inputs) -> bool {
    let Inputs { group, reference, .. } = inputs;
    let events = u128::from(group.events) + u128::from(reference.events);
    let exposed = u128::from(group.exposed) + u128::from(reference.exposed);
    let expected = |side: &Side| u128::from(side.exposed) * events >= u128::from(rule.min_events) * exposed;
    group.exposed > 0 && reference.exposed > 0 && events > 0 && expected(group) && expected(reference)
}

fn proportions(inputs: &Inputs) -> Option<(Proportion, Proportion)> {
    let proportion = |side: Side| Proportion::new(side.events, side.exposed);
    Some((proportion(inputs.group)?, proportion(inputs.reference)?))
}

fn ratio(inputs: &Inputs, confidence: Confidence) -> Option<Estimate> {
    let Inputs { group, reference, .. } = *inputs;
    let interval = if inputs.population {
        share_ratio_interval(group.events, reference.events, group.exposed, reference.exposed, confidence)
    } else {
        let (group, reference) = proportions(inputs)?;
        ratio_interval(group, reference, confidence)
    }?;
    let value = (reference.events > 0).then(|| rate(group) / rate(reference));
    Some(Estimate { value, interval })
}

/// The p-value of equal rates, by the model of the ratio's interval. Without an event there is nothing to test: 0 of n is no sign of equality.
fn equality(inputs: &Inputs) -> Option<f64> {
    let Inputs { group, reference, .. } = *inputs;
    if inputs.population {
        return share_p_value(group.events, reference.events, group.exposed, reference.exposed);
    }
    let (group, reference) = proportions(inputs)?;
    p_value(group, reference).filter(|_| group.events() > 0 || reference.events() > 0)
}

fn difference(inputs: &Inputs, confidence: Confidence) -> Option<Estimate> {
    let (group, reference) = proportions(inputs)?;
    let interval = difference_interval(group, reference, confidence)?;
    Some(Estimate { value: Some(rate(inputs.group) - rate(inputs.reference)), interval })
}

/// The exposed are not 0 where an interval exists.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn rate(side: Side) -> f64 {
    side.events as f64 / side.exposed as f64
}

/// The exposed still needed, both groups together: for 80 % power at the critical threshold, and for `min_events` in
/// both groups. By the number alone nothing is tested: then `min_events` is all that is asked for. The groups are expected to keep their proportion, or to be equal where one of them is empty.
#[expect(clippy::cast_precision_loss, reason = "an estimate of a sample size")]
fn needed(rule: DisparityRule<'_>, inputs: &Inputs) -> Option<u64> {
    let (group, reference) = (inputs.group.exposed as f64, inputs.reference.exposed as f64);
    let exposed = group + reference;
    let events = inputs.group.events as f64 + inputs.reference.events as f64;
    // Half an event and ten exposed are added, so that no data give a rate of 5 %, and no event gives a small rate.
    let base_rate = ((events + 0.5) / (exposed + 10.0)).clamp(1e-9, 0.5);
    let share = if group > 0.0 && reference > 0.0 { group / exposed } else { 0.5 };
    let ratio = match rule.terms.measure {
        Measure::Ratio => rule.terms.critical,
        Measure::Difference => (base_rate + rule.terms.critical) / base_rate,
    };
    let question = PowerQuestion { base_rate, ratio, share, alpha: rule.confidence.alpha(), power: POWER };
    // There is no such number where the critical threshold is equality itself.
    let is_tested = rule.terms.evidence != Evidence::Point;
    let for_power = exposed_needed(&question).filter(|_| is_tested).unwrap_or(0.0);
    let for_events = rule.min_events as f64 / (base_rate * share.min(1.0 - share));
    let total = for_power.max(for_events);
    // A surplus in one group does not make up for a lack in the other.
    let missing = (total * share - group).max(0.0) + (total * (1.0 - share) - reference).max(0.0);
    missing.is_finite().then(|| to_count(missing.ceil().max(1.0)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1 and saturating")]
const fn to_count(value: f64) -> u64 {
    value as u64
}

/// Returns the lowest and highest hit rate that pending outcomes can lead to; `None` without controls, or where tallies
/// give more conclusions than controls.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn pending_bounds(hits: u64, pending: u64, controlled: u64) -> Option<Interval> {
    let share = |count: u64| count as f64 / controlled as f64;
    (controlled > 0 && hits.saturating_add(pending) <= controlled)
        .then(|| Interval { lower: share(hits), upper: share(hits.saturating_add(pending)) })
}

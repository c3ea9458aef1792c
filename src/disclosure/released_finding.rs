//! One finding as it may be published: sides from the linked tables or, where they have none, told alone.

use super::alone::{Alone, BETWEEN, is_withheld, linked, name_of, withheld};
use super::digits::Digits;
use super::memory::Memory;
use super::periods::ToldPeriods;
use super::tables::Places;
use super::versions;
use crate::evidence::{SeriesEvidence, Side, by_population_of};
use crate::judge::{
    Association, Claim, Estimate, Finding, Interaction, Late, Missing, MissingSide, OutcomeRange, Reason,
    StratifiedEstimate, Unlisted, UnlistedValue, Values, Verdict, recount,
};
use crate::plan::{Cause, Disparity, Evidence, Plan, RuleKind};
use crate::statistics::{Bracket, Interval, Rates};

/// A release while it is made.
pub(super) struct Release<'r> {
    plan: &'r Plan,
    places: &'r Places,
    memory: &'r mut Memory,
    /// Whether a release is due; if not, numbers are those of the last one.
    is_due: bool,
    digits: Digits,
    alone: Alone,
}

impl<'r> Release<'r> {
    /// Tells the sides that no table has, all together: what one of them withholds another one must cover.
    pub fn new(
        plan: &'r Plan,
        (places, findings): (&'r Places, &[&Finding]),
        memory: &'r mut Memory,
        is_due: bool,
    ) -> Self {
        let digits = Digits::of(&plan.disclosure);
        let alone = Alone::tell(plan, (places, findings), memory, is_due);
        Self { plan, places, memory, is_due, digits, alone }
    }

    /// Returns a finding as it may be published. `before` is what the last release told of it.
    pub fn finding(&mut self, finding: &Finding, before: Option<&Finding>) -> Finding {
        if let Some(before) = before.filter(|_| !self.is_due) {
            return before.clone();
        }
        let Some(rule) = self.plan.rules.get(finding.key.rule) else { return finding.clone() };
        let name = name_of(self.plan, rule, finding);
        let mut told = finding.clone();
        let linked = linked(self.plan, self.places, (rule, finding));
        let alone = self.alone.sides(&finding.key);
        [told.group, told.reference] = linked.or(alone).unwrap_or([finding.group, finding.reference]);
        match rule.disparity().filter(|_| linked.is_some()) {
            Some(rule) => {
                let indicator = rule.terms.indicator;
                let population = by_population_of(self.plan, finding.key.profile, indicator);
                let is_told = ![told.group, told.reference].iter().any(is_withheld);
                let numbers = is_told.then(|| recount(rule, [told.group, told.reference], population));
                let ([ratio, difference], p_value) = numbers.unwrap_or_default();
                (told.ratio, told.difference, told.p_value) = (ratio, difference, p_value);
            }
            None => self.cut_comparison(&mut told),
        }
        told.needed = finding.needed.map(|needed| self.digits.two_up(needed));
        told.evidence = finding.evidence.map(|evidence| self.cut_evidence(evidence));
        told.missing = self.missing(&format!("{name}{BETWEEN}{}", rule.name), finding, [told.group, told.reference]);
        let enough = self.plan.disclosure.min_cell.saturating_mul(2);
        told.versions = finding.versions.as_ref().map(|found| {
            versions::told(found, enough, |version, cases| {
                self.count(&format!("{name}{BETWEEN}version {version}"), cases)
            })
        });
        let of_rule = format!("{name}{BETWEEN}{}", rule.name);
        self.set_others(&mut told, &of_rule, before);
        told
    }

    /// Returns a finding about a period as it may be published. `before` are those that were last told.
    pub fn of_period(&mut self, finding: &Finding, before: Option<&ToldPeriods>) -> Finding {
        let before = before.and_then(|before| before.finding(&finding.key));
        let told = self.finding(finding, before);
        carried(self.plan, &told, finding)
    }

    /// Returns cases that came too late for evidence, if enough of them did.
    pub fn late(&mut self, late: &Late) -> Option<Late> {
        let Late { profile, channel, dimension, group, cases } = *late;
        let profile = self.plan.profiles.get(usize::from(profile.0)).map_or("", |profile| &profile.name);
        let dimension = self.plan.dimensions.get(usize::from(dimension.0)).map_or("", |found| &found.name);
        let (channel, group) = (channel.name(), group.0);
        let name = ["late", profile, channel, dimension, &group.to_string()].join(&BETWEEN.to_string());
        self.count(&name, cases).map(|cases| Late { cases, ..*late })
    }

    /// Returns what is on no list, with the values that enough cases have.
    pub fn unlisted(&mut self, unlisted: &Unlisted) -> Unlisted {
        let dimension = self.plan.dimensions.get(usize::from(unlisted.dimension.0)).map_or("", |found| &found.name);
        let name = format!("unlisted{BETWEEN}{dimension}{BETWEEN}");
        let mut others = unlisted.cases;
        let mut values = Vec::new();
        let mut sum = 0_u64;
        for value in &unlisted.values {
            let Some(cases) = self.count(&format!("{name}{}", value.value), value.cases) else { continue };
            others = others.saturating_sub(value.cases);
            sum = sum.saturating_add(cases);
            values.push(UnlistedValue { cases, ..value.clone() });
        }
        // At least one, where there are any: that there are others is told.
        let others = if others == 0 { 0 } else { self.count(&name, others).unwrap_or(1) };
        Unlisted { cases: sum.saturating_add(others), values, ..unlisted.clone() }
    }

    fn count(&mut self, name: &str, count: u64) -> Option<u64> {
        self.memory.count(&self.plan.disclosure, name, count, self.is_due)
    }

    /// The shares of missing cases are those among the counts that are told.
    fn missing(&mut self, name: &str, finding: &Finding, [group, reference]: [Side; 2]) -> Missing {
        let missing = finding.missing;
        let mut side = |which: &str, side: MissingSide, [exact, counted]: [Side; 2]| {
            let name = format!("{name}{BETWEEN}missing {which}");
            let mut told = side;
            for ((cause, cases), events) in Cause::ALL.iter().zip(&mut told.by_cause).zip(&mut told.events_by_cause) {
                if *cases > 0 {
                    // One: that there are some is told.
                    *cases = self.count(&format!("{name}{BETWEEN}{}", cause.name()), *cases).unwrap_or(1);
                    let few = self.count(&format!("{name}{BETWEEN}{} events", cause.name()), *events);
                    *events = few.map_or(0, |events| events.min(*cases));
                }
            }
            told.recount(&side, exact, counted);
            told
        };
        let (group, reference) = (
            side("group", missing.group, [finding.group, group]),
            side("reference", missing.reference, [finding.reference, reference]),
        );
        Missing { group, reference, ..missing }
    }

    /// Sets the numbers that are no counts. They change where enough cases came or went.
    fn set_others(&mut self, told: &mut Finding, name: &str, before: Option<&Finding>) {
        let cases = told.probabilistic.map_or(0, |bracket| bracket.cases);
        let Finding { group, reference, .. } = *told;
        let mut has_moved = false;
        for (which, count) in [
            ("exposed", group.exposed),
            ("events", group.events),
            ("against", reference.exposed),
            ("of them", reference.events),
            ("weighted", cases),
        ] {
            let name = format!("{name}{BETWEEN}basis {which}");
            let last = self.memory.last(&name);
            let now = if self.is_due {
                Some(self.memory.tell(&self.plan.disclosure, &name, count, self.plan.disclosure.round_to))
            } else {
                last
            };
            has_moved |= last.is_none() || last != now;
        }
        match before.filter(|_| !has_moved) {
            Some(before) => others(told, before.clone()),
            // They were told before a restart, and are not known any more.
            None if !self.is_due => others(told, nothing(told)),
            None => self.cut_others(told, name),
        }
    }

    /// Cuts the digits of a comparison that rests on counts which are not told, or not in this way.
    fn cut_comparison(&self, told: &mut Finding) {
        told.ratio = told.ratio.map(|estimate| self.estimate(estimate));
        told.difference = told.difference.map(|estimate| self.estimate(estimate));
        told.p_value = told.p_value.map(|value| self.digits.two(value));
    }

    fn cut_evidence(&self, evidence: SeriesEvidence) -> SeriesEvidence {
        SeriesEvidence {
            log_e: self.digits.tenths(evidence.log_e),
            log_e_material: evidence.log_e_material.map(|value| self.digits.tenths(value)),
            log_sr: evidence.log_sr.map(|value| self.digits.tenths(value)),
            dispersion: self.digits.tenths(evidence.dispersion),
            ..evidence
        }
    }

    fn cut_others(&mut self, told: &mut Finding, name: &str) {
        let digits = self.digits;
        let strata = told.told_strata.take();
        told.stratified = strata.map(|found| StratifiedEstimate { ratio: self.estimate(found.ratio), ..found });
        told.probabilistic = told.probabilistic.map(|bracket| self.bracket(name, bracket));
        told.interaction = told.interaction.map(|found| Interaction { ratio: digits.two(found.ratio), ..found });
        told.outcomes = told.outcomes.map(|range| OutcomeRange {
            low: digits.two(range.low),
            high: digits.two(range.high),
            ..range
        });
        told.claim = told.claim.map(|claim| Claim {
            log_e: digits.tenths(claim.log_e),
            information: digits.two(claim.information),
            information_needed: digits.two(claim.information_needed),
            ..claim
        });
        told.association = told.association.map(|found| Association {
            v: digits.two(found.v),
            lower: digits.two(found.lower),
            upper: digits.two(found.upper),
            difference: digits.two(found.difference),
            difference_near: digits.two(found.difference_near),
            carried: found.carried.map(|carried| digits.two(carried)),
            ..found
        });
        told.missing.bounds = told
            .missing
            .bounds
            .map(|Interval { lower, upper }| Interval { lower: digits.two(lower), upper: digits.two(upper) });
        told.values = told.values.map(|values| self.values(values, (told.group, told.reference)));
        if let Some(mix) = &mut told.mix {
            mix.p_value = mix.p_value.map(|value| digits.two(value));
        }
    }

    fn values(&self, mut values: Values, (group, reference): (Side, Side)) -> Values {
        for (side, counts) in [(&mut values.group, group), (&mut values.reference, reference)] {
            side.count = counts.exposed;
            side.mean = side.mean.map(|mean| self.digits.two(mean));
            for quantile in &mut side.quantiles {
                let limits = [&mut quantile.value, &mut quantile.lower, &mut quantile.upper];
                limits.into_iter().flatten().for_each(|value| *value = self.digits.two(*value));
            }
        }
        values
    }

    fn bracket(&mut self, name: &str, bracket: Bracket) -> Bracket {
        let digits = self.digits;
        let rates = |rates: Rates| Rates {
            group: digits.two(rates.group),
            reference: digits.two(rates.reference),
            ratio: rates.ratio.map(|ratio| digits.two(ratio)),
        };
        let cases = format!("{name}{BETWEEN}weighted");
        let mut told = Bracket {
            weighted: bracket.weighted.map(rates),
            regression: bracket.regression.map(rates),
            cases: self.memory.tell(&self.plan.disclosure, &cases, bracket.cases, self.plan.disclosure.round_to),
            ..bracket
        };
        // Two digits of both would tell how many cases have which probability.
        told.group.effective_n = digits.one_down(bracket.group.effective_n);
        told.reference.effective_n = digits.one_down(bracket.reference.effective_n);
        told
    }

    fn estimate(&self, estimate: Estimate) -> Estimate {
        let Estimate { value, interval: Interval { lower, upper } } = estimate;
        let digits = self.digits;
        Estimate {
            value: value.map(|value| digits.two(value)),
            interval: Interval { lower: digits.two(lower), upper: digits.two(upper) },
        }
    }
}

/// Returns a finding of the past as it may be published by itself: rounded, and with few digits. No release has told of it.
pub fn cut(plan: &Plan, finding: &Finding) -> Finding {
    if plan.disclosure.is_open() {
        return finding.clone();
    }
    let (places, mut memory) = (Places::default(), Memory::default());
    let mut release = Release::new(plan, (&places, &[finding]), &mut memory, true);
    release.finding(finding, None)
}

/// Returns a finding without its numbers.
pub fn without_numbers(plan: &Plan, finding: &Finding) -> Finding {
    let [group, reference] = withheld(plan.disclosure.min_cell, finding);
    let missing = Missing::default();
    let bare = Finding {
        group,
        reference,
        ratio: None,
        difference: None,
        p_value: None,
        needed: None,
        evidence: None,
        missing,
        versions: finding.versions.as_ref().map(|found| versions::carried(found, None)),
        ..nothing(finding)
    };
    if plan.disclosure.is_open() { finding.clone() } else { bare }
}

/// Returns the numbers of a release beside the verdict of this moment.
pub(super) fn carried(plan: &Plan, told: &Finding, exact: &Finding) -> Finding {
    let evidence = told.evidence.zip(exact.evidence).map(|(told, exact)| SeriesEvidence {
        alarm_at: exact.alarm_at,
        alarmed: exact.alarmed,
        material: exact.material,
        epoch: exact.epoch,
        watched: exact.watched,
        ..told
    });
    let mut carried = Finding {
        key: exact.key.clone(),
        reason: exact.reason,
        last_heard: exact.last_heard,
        versions: exact.versions.as_ref().map(|found| versions::carried(found, told.versions.as_ref())),
        needed: told.needed.filter(|_| exact.needed.is_some()),
        evidence,
        verdict: exact.verdict,
        beyond_clear: exact.beyond_clear,
        ..told.clone()
    };
    hide_verdict(plan, &mut carried, exact);
    carried
}

/// Hides the verdicts by numbers that would be withheld, of findings of which no number is told.
pub fn hide_verdicts(plan: &Plan, findings: &mut [Finding]) {
    if plan.disclosure.is_open() {
        return;
    }
    for finding in findings {
        let exact = finding.clone();
        hide_verdict(plan, finding, &exact);
    }
}

/// A verdict by numbers below `min_cell` would narrow them down. One that sequential evidence raised tells when, not how many. Where numbers are
/// withheld for the sake of others alone, the verdict stands: it is by larger ones, and must not wait for what happens to others.
fn hide_verdict(plan: &Plan, finding: &mut Finding, exact: &Finding) {
    let Some(rule) = plan.rules.get(finding.key.rule).filter(|_| plan.disclosure.defences.hides_verdicts) else {
        return;
    };
    // What others than rates say, such as that a criterion is used at all, must be told whatever the count.
    let evidence = match &rule.kind {
        RuleKind::Disparity(Disparity { evidence, .. }) => *evidence,
        RuleKind::Coverage(_) | RuleKind::Complaints(_) | RuleKind::Drift(_) => Evidence::Sequential,
        _ => return,
    };
    if !super::suppress::withheld(plan, exact).any() {
        return;
    }
    let is_impossible = finding.missing.largest_cause() == Some(Cause::ImpossibleCounts);
    finding.verdict = finding.verdict.map(|verdict| match verdict {
        Verdict::Incomplete if is_impossible => verdict,
        Verdict::Within | Verdict::Incomplete => Verdict::InsufficientData,
        Verdict::Warning | Verdict::Critical if evidence != Evidence::Sequential => Verdict::InsufficientData,
        _ => verdict,
    });
    finding.beyond_clear &= evidence == Evidence::Sequential;
    // Of two reasons for one verdict the other one would say what is hidden.
    if !matches!(finding.verdict, None | Some(Verdict::Warning | Verdict::Critical)) {
        finding.reason = finding.reason.map(|_| Reason::Withheld);
    }
}

/// Takes the numbers that are no counts from another finding.
fn others(told: &mut Finding, from: Finding) {
    told.stratified = from.stratified;
    told.told_strata = None;
    told.probabilistic = from.probabilistic;
    told.interaction = from.interaction;
    told.outcomes = from.outcomes;
    told.claim = from.claim;
    told.association = from.association;
    told.contrast = from.contrast;
    told.missing.bounds = from.missing.bounds;
    told.values = from.values;
    told.mix = from.mix;
}

/// A finding without numbers that are no counts.
fn nothing(finding: &Finding) -> Finding {
    let missing = Missing { bounds: None, ..finding.missing };
    Finding {
        stratified: None,
        probabilistic: None,
        interaction: None,
        outcomes: None,
        claim: None,
        association: None,
        contrast: None,
        missing,
        values: finding.values.map(|_| Values::default()),
        mix: None,
        ..finding.clone()
    }
}

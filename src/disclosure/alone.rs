//! Sides that no linked table has: each is told alone, and covered by others where it is withheld.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::apart::too_near;
use super::memory::Memory;
use super::suppress::{Whole, is_small};
use super::tables::Places;
use crate::evidence::Side;
use crate::judge::{Finding, FindingKey, Stage};
use crate::plan::{Compare, Drift, Indicator, Plan, Reference, Rule, RuleKind};

/// Between the words of a name. No name in the configuration has a control character.
pub(super) const BETWEEN: char = '\u{1f}';

/// The sides of all findings that are in no table.
pub(super) struct Alone {
    /// By the place of the finding.
    sides: BTreeMap<usize, [Side; 2]>,
    places: HashMap<FindingKey, usize, FxBuildHasher>,
}

impl Alone {
    /// Tells them all together: what one of them withholds another one must cover.
    pub fn tell(plan: &Plan, (places, findings): (&Places, &[&Finding]), memory: &mut Memory, is_due: bool) -> Self {
        let mut telling = Telling { plan, places, memory, is_due, sides: BTreeMap::new() };
        telling.tell_all(findings);
        let places = findings.iter().enumerate().map(|(place, finding)| (finding.key.clone(), place)).collect();
        Self { sides: telling.sides, places }
    }

    /// Returns the sides of a finding; `None` where a table has them.
    pub fn sides(&self, key: &FindingKey) -> Option<[Side; 2]> {
        self.places.get(key).and_then(|place| self.sides.get(place)).copied()
    }
}

/// The sides of a comparison that the linked tables have.
pub(super) fn linked(plan: &Plan, places: &Places, (rule, finding): (&Rule, &Finding)) -> Option<[Side; 2]> {
    rule.disparity().filter(|_| finding.values.is_none())?;
    let [group, reference] = places.sides(plan, finding)?;
    let min_cell = plan.disclosure.min_cell;
    let fit = |exact: Side, told: Option<Side>| {
        let is_told = |side: &Side| exact.events <= exact.exposed && !is_small(min_cell, *side, Whole::Contains);
        if exact == Side::default() { exact } else { told.filter(is_told).unwrap_or_else(|| hidden(min_cell, exact)) }
    };
    Some([fit(finding.group, group), fit(finding.reference, reference)])
}

/// A finding that splits the cases of a place with others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    exposed: u64,
    events: u64,
    name: String,
    /// Its place among the findings.
    place: usize,
}

/// The sides while they are told.
struct Telling<'r> {
    plan: &'r Plan,
    places: &'r Places,
    memory: &'r mut Memory,
    is_due: bool,
    sides: BTreeMap<usize, [Side; 2]>,
}

impl Telling<'_> {
    fn tell_all(&mut self, findings: &[&Finding]) {
        let mut families: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for (place, finding) in findings.iter().copied().enumerate().filter(|(_, finding)| finding.counts_cases()) {
            let Some(rule) = self.plan.rules.get(finding.key.rule) else { continue };
            if linked(self.plan, self.places, (rule, finding)).is_some() {
                continue;
            }
            let name = name_of(self.plan, rule, finding);
            let whole = Whole::of(rule);
            let mut side = |which: &str, side: Side| {
                let side_name = format!("{name}{BETWEEN}{which}");
                self.side(&side_name, side, (whole, finding.values.is_some()))
            };
            let reference = format!("against {}", finding.reference_group.as_deref().unwrap_or(rule.reference()));
            let mut sides = [side("group", finding.group), side(&reference, finding.reference)];
            let [group, _] = &mut sides;
            let is_of_table = self.complete(finding, group);
            if !is_of_table && !self.places.are_true(finding, stages_of(rule, finding)) {
                sides = withheld(self.plan.disclosure.min_cell, finding);
            }
            if is_partition(rule) && finding.group != Side::default() {
                let family = families.entry(family_of(self.plan, rule, finding)).or_default();
                let Side { events, exposed } = finding.group;
                family.push(Member { exposed, events, name, place });
            }
            self.sides.insert(place, sides);
        }
        families.into_values().for_each(|family| self.cover(family));
        self.keep_apart(findings);
    }

    /// Withholds findings about periods that would tell of few cases beside those about other windows.
    fn keep_apart(&mut self, findings: &[&Finding]) {
        let Self { plan, sides, .. } = self;
        let told = sides.iter().filter(|(_, [group, _])| group.events > 0).filter_map(|(place, _)| {
            let finding = *findings.get(*place)?;
            let key = FindingKey { window: Arc::from(""), ..finding.key.clone() };
            let of_all = Finding { key, ..finding.clone() };
            Some((*place, finding, name_of(plan, plan.rules.get(finding.key.rule)?, &of_all)))
        });
        let told: Vec<_> = if self.is_due && self.places.has_periods() { told.collect() } else { return };
        for place in too_near(&self.plan.disclosure, self.places, self.memory, told.into_iter()) {
            if let (Some(sides), Some(finding)) = (self.sides.get_mut(&place), findings.get(place)) {
                *sides = withheld(self.plan.disclosure.min_cell, finding);
            }
        }
    }

    /// Withholds, where a finding of a family is withheld, as many of the others as cover it, from the smallest on: the difference of what is known has
    /// them, too.
    fn cover(&mut self, mut family: Vec<Member>) {
        let is_told = |sides: &BTreeMap<usize, [Side; 2]>, member: &Member| {
            sides.get(&member.place).is_some_and(|[group, _]| group.events > 0)
        };
        let min_cell = self.plan.disclosure.min_cell;
        let enough = min_cell.saturating_mul(2);
        if family.iter().all(|member| is_told(&self.sides, member)) {
            return;
        }
        family.sort_unstable();
        let (mut events, mut others, mut last) = (0_u64, 0_u64, None);
        for member in family {
            // Several rules may say the same of one subject.
            let is_covered = events >= enough && others >= enough && last.as_ref() != Some(&member.name);
            let was_told = is_told(&self.sides, &member);
            if is_covered && was_told {
                continue;
            }
            // What one that is withheld is compared with would tell it too.
            if let Some(sides) = self.sides.get_mut(&member.place) {
                sides.iter_mut().for_each(|side| *side = hidden(min_cell, *side));
            }
            if was_told {
                events = events.saturating_add(member.events);
                others = others.saturating_add(member.exposed.saturating_sub(member.events));
                last = Some(member.name);
            }
        }
    }

    /// Tells a side by itself. Of values every case is an event.
    fn side(&mut self, name: &str, side: Side, (whole, of_values): (Whole, bool)) -> Side {
        if side == Side::default() {
            return side;
        }
        if of_values {
            let cases = self.count(name, side.exposed).unwrap_or(0);
            return Side { events: cases, exposed: cases };
        }
        let events = self.count(&format!("{name}{BETWEEN}events"), side.events);
        let told = match whole {
            Whole::Apart => {
                let exposed = self.count(&format!("{name}{BETWEEN}exposed"), side.exposed);
                exposed.zip(events).map(|(exposed, events)| Side { events, exposed })
            }
            Whole::Contains if side.events > side.exposed => None,
            Whole::Contains => {
                let others = self.count(&format!("{name}{BETWEEN}others"), side.exposed.saturating_sub(side.events));
                others.zip(events).map(|(others, events)| Side { events, exposed: others.saturating_add(events) })
            }
        };
        told.unwrap_or_else(|| hidden(self.plan.disclosure.min_cell, side))
    }

    /// Where nearly all cases have a value, tells them as if all had one: how many have none would be the difference. Returns whether it did: then the
    /// number is that of the table, and says nothing beside it.
    fn complete(&self, finding: &Finding, told: &mut Side) -> bool {
        let Some((exact, of_all)) = self.places.handled(self.plan, finding).filter(|_| !is_withheld(told)) else {
            return false;
        };
        let lacks = exact.saturating_sub(finding.group.exposed);
        let is_whole = exact >= finding.group.exposed && lacks < self.plan.disclosure.min_cell && told.exposed > 0;
        if is_whole {
            let events = if finding.values.is_some() { of_all } else { told.events };
            *told = Side { events, exposed: of_all.max(events) };
        }
        is_whole
    }

    fn count(&mut self, name: &str, count: u64) -> Option<u64> {
        self.memory.count(&self.plan.disclosure, name, count, self.is_due)
    }
}

/// The stages whose counts a finding that is in no table has, in some form.
fn stages_of(rule: &Rule, finding: &Finding) -> &'static [Stage] {
    match (&rule.kind, finding.key.indicator) {
        (RuleKind::Coverage(_), _) => &[Stage::Controlled, Stage::Concluded],
        (_, Some(Indicator::SelectionRate)) => &[Stage::Assessed, Stage::Selected],
        (_, Some(Indicator::ControlFrequency)) => &[Stage::Assessed, Stage::Selected, Stage::Controlled],
        (_, Some(Indicator::HitRate | Indicator::UnfoundedRate)) => &[Stage::Assessed, Stage::Concluded, Stage::Hit],
        (_, Some(Indicator::FollowThrough)) => &[Stage::Selected, Stage::Controlled],
        (_, Some(Indicator::OutcomeCoverage)) => &[Stage::Controlled, Stage::Concluded],
        (_, Some(Indicator::OverturnRate | Indicator::SanctionRate | Indicator::SanctionAmount)) => &[Stage::Hit],
        (_, Some(Indicator::Intensity | Indicator::Duration | Indicator::StrictRate | Indicator::ComplaintRate)) => {
            &[Stage::Controlled]
        }
        (_, None) => &[],
    }
}

/// Whether the findings of a rule split the cases of a place between them.
fn is_partition(rule: &Rule) -> bool {
    let compares_itself = rule.disparity().is_some_and(|rule| rule.terms.reference == Reference::Overall);
    !compares_itself && !matches!(rule.kind, RuleKind::Criterion(_) | RuleKind::Silence(_) | RuleKind::Benchmark(_))
}

/// Both sides withheld, of those that there are.
pub(super) fn withheld(min_cell: u64, finding: &Finding) -> [Side; 2] {
    let hide = |side: Side| if finding.values.is_some() { Side::default() } else { hidden(min_cell, side) };
    [hide(finding.group), hide(finding.reference)]
}

/// Returns what stands for a side that is withheld: no `min_cell` lets it pass. It still says whether so many are exposed.
pub(super) fn hidden(min_cell: u64, side: Side) -> Side {
    match side {
        Side { exposed: 0, events: 0 } => side,
        Side { exposed, .. } if exposed >= min_cell => Side { events: 0, exposed: min_cell },
        _ => Side { events: 0, exposed: 1 },
    }
}

/// Whether a side that is told stands for one that is not. No side without an event is told.
pub(super) const fn is_withheld(side: &Side) -> bool {
    side.events == 0 && side.exposed > 0
}

/// Returns the name of the rule where its own terms decide what it counts.
fn counted_by<'r>(rule: &'r Rule, finding: &Finding) -> &'r str {
    match &rule.kind {
        RuleKind::Disparity(_) if finding.key.indicator != Some(Indicator::StrictRate) => "",
        RuleKind::Coverage(_) => "",
        // The days of a period, and what a change is of, are the rule's own.
        RuleKind::Drift(Drift { compare: compare @ Compare::Version(_), .. }) => compare.name(),
        _ => &rule.name,
    }
}

fn family_of(plan: &Plan, rule: &Rule, finding: &Finding) -> String {
    // Versions of one group are a family, as are the groups of a dimension.
    let key = FindingKey {
        subject: None,
        group: finding.key.group.filter(|_| finding.key.subject.is_some()),
        ..finding.key.clone()
    };
    name_of(plan, rule, &Finding { key, ..finding.clone() })
}

/// Returns a name of what is counted, which outlives changes of the configuration. Rules that count the same have the same.
pub(super) fn name_of(plan: &Plan, rule: &Rule, finding: &Finding) -> String {
    let key = &finding.key;
    let profile = plan.profiles.get(usize::from(key.profile.0)).map_or("", |profile| &profile.name);
    let dimension = key.dimension.and_then(|id| plan.dimensions.get(usize::from(id.0)));
    let group = key.group.map(|group| group.0.to_string());
    let words: [&str; 9] = [
        rule.kind.name(),
        counted_by(rule, finding),
        profile,
        key.channel.name(),
        dimension.map_or("", |dimension| &dimension.name),
        group.as_deref().unwrap_or_default(),
        key.indicator.map_or("", Indicator::name),
        &key.window,
        key.subject.as_deref().unwrap_or_default(),
    ];
    words.join(&BETWEEN.to_string())
}

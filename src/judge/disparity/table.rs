//! The counts that a rule compares: the sides of all groups of a dimension, by window.

use super::handled::{Handled, HandledGroups, strata_read};
use super::indicator::{GroupCounts, Stamp, Subject, by_population, population, sides, unsealed};
use super::membership::{bracket, has_memberships, memberships};
use super::missing::{Gaps, missing};
use super::verdict::{Inputs, pending_bounds};
use crate::evidence::{Against, Sides, TableKey, against, compares_shares};
use crate::judge::finding::{OutcomeRange, PendingBounds};
use crate::judge::missing::Missing;
use crate::judge::scene::Scene;
use crate::judge::sums::CellSums;
use crate::plan::invariant::{self, Room};
use crate::plan::{
    Cause, Channel, Dimension, DisparityRule, Indicator, Measure, Reference, Slot, StratumId, WindowLength,
};
use crate::statistics::{Bracket, Interval, Memberships, Outcomes, missing_range};
use crate::window::{Counts, LeftOut, Range, Rolling};

/// What the tables of one rule, profile, channel and dimension are about, in all windows of the rule.
pub(super) struct Topic<'s> {
    pub rule: DisparityRule<'s>,
    pub dimension: &'s Dimension,
    subject: Subject,
    rolling: Rolling,
    /// By value of the rule's stratum, also no value; empty where it does not stratify.
    strata: Vec<(StratumId, Slot)>,
    /// What an indicator of how cases were handled reads; empty for others.
    handling: Vec<(StratumId, Slot)>,
}

/// The counts of one topic and window.
pub(super) struct Table<'s> {
    pub against: Against,
    rule: DisparityRule<'s>,
    dimension: &'s Dimension,
    /// Whether the exposed are a population.
    population: bool,
    min_cell: u64,
    all: Sides,
    /// By value of the rule's stratum; empty where it does not stratify.
    strata: Vec<Sides>,
    /// For hit rates: counts of sealed and unsealed cohorts alike. Empty for other indicators.
    pending: Vec<Pending>,
    memberships: Option<Memberships>,
    /// For hit rates: the outcomes of each group in the compared channel, and in the random one where the rule compares
    /// with it. Empty for other indicators.
    outcomes: [Vec<Outcomes>; 2],
    /// The missing cases of the compared channel, and of the random one where the rule compares with it.
    gaps: Option<(Gaps, Option<Gaps>)>,
    /// By group, for an indicator of how cases were handled; empty for others.
    handled: HandledGroups,
}

/// What the bounds of a hit rate rest on.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    hits: u64,
    concluded: u64,
    controlled: u64,
}

/// The counts of a topic, in one stratum or all.
struct Channels {
    own: GroupCounts,
    /// In the random channel, where the rule compares with it.
    random: Option<GroupCounts>,
    /// By how cases were handled, where the indicator reads that.
    handled: Option<Handled>,
}

impl<'s> Topic<'s> {
    pub fn new(scene: &Scene<'s>, rule: DisparityRule<'s>, dimension: &'s Dimension, key: TableKey) -> Self {
        let TableKey { profile, channel, dimension: id, .. } = key;
        let stratum = rule.terms.stratify_by.as_deref().and_then(|name| scene.attributes.stratum_id(name));
        let values = stratum.map_or_else(Vec::new, |stratum| scene.attributes.stratum_values(stratum));
        Self {
            rule,
            dimension,
            subject: Subject { profile, channel, dimension: id, indicator: rule.terms.indicator },
            handling: strata_read(scene, rule.terms),
            rolling: Rolling::new(scene.as_of, rule.windows.iter().map(|window| window.length)),
            strata: stratum.into_iter().flat_map(|stratum| values.iter().map(move |value| (stratum, *value))).collect(),
        }
    }

    /// Returns what decides all tables of the topic; `None` where they also rest on something that has no stamp.
    pub fn stamp(&self, scene: &Scene<'_>) -> Option<Stamp> {
        if by_population(scene, &self.subject) || has_memberships(scene, &self.subject) {
            return None;
        }
        let mut subjects = vec![self.subject];
        subjects.extend(self.benchmark());
        let strata: Vec<Option<(StratumId, Slot)>> =
            std::iter::once(None).chain(self.strata.iter().chain(&self.handling).copied().map(Some)).collect();
        Some(Stamp::of(scene, &subjects, &strata, &self.rolling))
    }

    /// Returns the tables in the order of the rule's windows.
    pub fn tables(&self, scene: &Scene<'_>, sums: &mut CellSums) -> Vec<Table<'s>> {
        let left_out = unsealed(scene, &self.subject, &self.rolling);
        let benchmark = self.benchmark().map(|subject| (subject, unsealed(scene, &subject, &self.rolling)));
        let mut channels = |stratum| Channels {
            own: GroupCounts::of(scene, &self.subject, stratum, (&mut *sums, &left_out)),
            random: benchmark
                .as_ref()
                .map(|(subject, left_out)| GroupCounts::of(scene, subject, stratum, (&mut *sums, left_out))),
            handled: None,
        };
        let mut all = channels(None);
        let strata: Vec<Channels> = self.strata.iter().map(|stratum| channels(Some(*stratum))).collect();
        all.handled = Handled::of(scene, (self.rule.terms, &self.subject), (&mut *sums, &left_out));
        let pending = (self.rule.terms.indicator == Indicator::HitRate)
            .then(|| GroupCounts::of(scene, &self.subject, None, (&mut *sums, &LeftOut::default())));
        let groups = self.dimension.groups.len();
        let table = |window: &WindowLength| {
            let place =
                invariant::present(Room::Judge, "a window of a rule is one of the plan's", sums.place(window.length))?;
            let range = Range::rolling(scene.as_of, window.length);
            let mut gaps = |subject: &Subject, left_out: &LeftOut| {
                Gaps::of(scene, (self.rule, subject), groups, (&mut *sums, left_out), (place, range))
            };
            let own = gaps(&self.subject, &left_out);
            let random = benchmark.as_ref().map(|(subject, left_out)| gaps(subject, left_out));
            Some(Table {
                gaps: Some((own, random)),
                pending: pending.iter().flat_map(|pending| pending.in_window(place)).map(Pending::of).collect(),
                memberships: memberships(scene, self.rule, &self.subject, (range, &left_out)),
                outcomes: self.outcomes(&all, place),
                ..self.table(scene, (&all, &strata), place)
            })
        };
        self.rule.windows.iter().filter_map(table).collect()
    }

    /// Counts the outcomes of sealed cohorts.
    fn outcomes(&self, all: &Channels, place: usize) -> [Vec<Outcomes>; 2] {
        if self.rule.terms.indicator != Indicator::HitRate {
            return Default::default();
        }
        let of = |counts: &GroupCounts| counts.in_window(place).map(outcomes_of).collect();
        [of(&all.own), all.random.as_ref().map_or_else(Vec::new, of)]
    }

    fn table(&self, scene: &Scene<'_>, (all, strata): (&Channels, &[Channels]), place: usize) -> Table<'s> {
        let Self { rule, dimension, subject, .. } = self;
        let rule = *rule;
        let benchmark = Subject { channel: Channel::Random, ..*subject };
        let sides_of = |channels: &Channels, with_population: bool| {
            let of = |subject: &Subject, counts: &GroupCounts| {
                let population = population(scene, subject).filter(|_| with_population);
                sides(rule.terms.indicator, counts.in_window(place), population)
            };
            let random = channels.random.as_ref().map_or_else(Vec::new, |random| of(&benchmark, random));
            Sides::new(of(subject, &channels.own), random)
        };
        let handled = all
            .handled
            .as_ref()
            .map_or_else(HandledGroups::default, |handled| handled.in_window(rule, place, all.own.in_window(place)));
        let all = match &all.handled {
            None => sides_of(all, true),
            Some(_) => Sides::new(handled.sides(), Vec::new()),
        };
        let against = against(rule, dimension, all.own());
        Table {
            against,
            rule,
            dimension,
            population: by_population(scene, subject) && !compares_shares(rule),
            min_cell: scene.plan.disclosure.min_cell,
            all,
            strata: strata.iter().map(|channels| sides_of(channels, false)).collect(),
            pending: Vec::new(),
            memberships: None,
            outcomes: Default::default(),
            gaps: None,
            handled,
        }
    }

    /// The subject in the random channel, where the rule compares with it.
    fn benchmark(&self) -> Option<Subject> {
        (self.rule.terms.reference == Reference::Random).then_some(Subject { channel: Channel::Random, ..self.subject })
    }
}

impl Table<'_> {
    /// Returns the counts of a group and of its reference.
    pub fn inputs(&self, group: usize) -> Inputs {
        let compared = |sides: &Sides| sides.compare(self.against, self.rule.terms.indicator, group);
        let (own, reference) = compared(&self.all);
        let strata = self.strata.iter().map(compared).collect();
        let handled = self.handled.compare(self.against, group);
        let (population, min_cell) = (self.population, self.min_cell);
        Inputs { group: own, reference, population, min_cell, strata, handled }
    }

    /// Returns what the comparison of a group misses.
    pub fn missing(&self, group: usize, inputs: &Inputs) -> Missing {
        let Some((own, random)) = &self.gaps else { return Missing::default() };
        let comparison = (self.against, self.rule.terms.indicator, self.population);
        let mut missing = missing((own, random.as_ref()), comparison, group, (inputs.group, inputs.reference));
        if let Some([own, reference]) = &inputs.handled {
            missing.group.add(Cause::NoValue, (own.unknown, 0));
            missing.reference.add(Cause::NoValue, (reference.unknown, 0));
        }
        missing
    }

    /// Returns the name of the group that is the reference; `None` where the reference is not one group.
    pub fn reference_group(&self) -> Option<String> {
        match self.against {
            Against::Group(index) => {
                let name = self.dimension.groups.get(index).cloned();
                invariant::present(Room::Judge, "the reference is a group of the dimension", name)
            }
            Against::Rest | Against::Random | Against::Overall | Against::Nothing => None,
        }
    }

    /// Returns the bounds of each group's hit rate and of its reference's while outcomes are pending. They are `None`
    /// without controls; the list is empty for other indicators.
    pub fn pending_bounds(&self) -> Vec<Option<PendingBounds>> {
        let all = self.pending.iter().fold(Pending::default(), |sum, counts| sum.plus(counts));
        let of_group = |own: &Pending| {
            let reference = match self.against {
                Against::Rest => all.without(own),
                Against::Group(reference) => self.pending.get(reference).copied().unwrap_or_default(),
                Against::Random | Against::Overall | Against::Nothing => Pending::default(),
            };
            Some(PendingBounds { group: own.bounds()?, reference: reference.bounds()? })
        };
        self.pending.iter().map(of_group).collect()
    }

    /// Returns what missing outcomes could make of the ratio of hit rates; `None` where there are none, or no ratio.
    pub fn outcome_range(&self, group: usize) -> Option<OutcomeRange> {
        let [own, random] = &self.outcomes;
        let at = |of: &[Outcomes], index: usize| of.get(index).copied().unwrap_or_default();
        let group_outcomes = at(own, group);
        let reference = match self.against {
            Against::Rest => {
                let others = own.iter().enumerate().filter(|(index, _)| *index != group);
                others.fold(Outcomes::default(), |sum, (_, outcomes)| plus(sum, *outcomes))
            }
            Against::Group(index) => at(own, index),
            Against::Random => at(random, group),
            Against::Overall | Against::Nothing => return None,
        };
        if group_outcomes.missing == 0 && reference.missing == 0 {
            return None;
        }
        let range = missing_range(group_outcomes, reference)?;
        let is_ratio = self.rule.terms.measure == Measure::Ratio;
        let sensitive = is_ratio && range.sensitive_to_missing(self.rule.terms.critical);
        let missing = [group_outcomes.missing, reference.missing];
        Some(OutcomeRange { low: range.low, high: range.high, sensitive, missing })
    }

    /// Returns what the cases say of a group that is known only as probabilities; `None` where there are none, or too
    /// few.
    pub fn bracket(&self, group: usize) -> Option<Bracket> {
        bracket(self.memberships.as_ref()?, self.rule, self.dimension, group)
    }
}

/// A tally may count outcomes without the controls they are of.
const fn outcomes_of(counts: &Counts) -> Outcomes {
    let missing = counts.controlled.saturating_sub(counts.concluded);
    Outcomes { events: counts.hits, concluded: counts.concluded, missing }
}

const fn plus(one: Outcomes, other: Outcomes) -> Outcomes {
    Outcomes {
        events: one.events.saturating_add(other.events),
        concluded: one.concluded.saturating_add(other.concluded),
        missing: one.missing.saturating_add(other.missing),
    }
}

impl Pending {
    const fn of(counts: &Counts) -> Self {
        Self { hits: counts.hits, concluded: counts.concluded, controlled: counts.controlled }
    }

    /// Counts are at most 2^53, and a dimension has at most 65,536 groups: nothing real saturates.
    const fn plus(self, other: &Self) -> Self {
        Self {
            hits: self.hits.saturating_add(other.hits),
            concluded: self.concluded.saturating_add(other.concluded),
            controlled: self.controlled.saturating_add(other.controlled),
        }
    }

    const fn without(self, part: &Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(part.hits),
            concluded: self.concluded.saturating_sub(part.concluded),
            controlled: self.controlled.saturating_sub(part.controlled),
        }
    }

    fn bounds(&self) -> Option<Interval> {
        // Not below 0: a tally may give the concluded without the controls they are among.
        pending_bounds(self.hits, self.controlled.saturating_sub(self.concluded), self.controlled)
    }
}

//! The cases that the tables of a rule miss, by cause.

use super::handled::strata_read;
use super::indicator::{Subject, by_population};
use crate::evidence::{Against, Side, by_shares, maturity, side};
use crate::judge::missing::{Missing, MissingSide, WITHOUT_GROUP};
use crate::judge::scene::Scene;
use crate::judge::sums::CellSums;
use crate::plan::{Cause, DisparityRule, Evidence, Indicator, Slot, StratumId};
use crate::statistics::Interval;
use crate::window::{Cases, CellKey, Counts, LeftOut, MissingPlace, Range};

/// The missing cases of one channel and window.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    /// Cases without a group, by [`WITHOUT_GROUP`].
    without_group: [Counts; WITHOUT_GROUP.len()],
    /// Those among them that can no longer get one.
    released: Cases,
    /// Cases whose group is known, by group.
    of_groups: Vec<Lost>,
    /// Cases that were lost and whose group is not known.
    of_any: Lost,
    /// By group: cases without a value in the stratum by which the rule compares.
    no_stratum: Vec<Counts>,
    /// By group: how far stages of the funnel exceed the one before them.
    impossible: Vec<u64>,
}

/// Cases that were lost, with or without their group.
#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    late: Cases,
    conflict: Cases,
    /// Those that were closed early, or lost their group. Their cells still count them.
    counted: Cases,
    /// Those that no cell counts.
    dropped: Cases,
    /// Those that were controlled, and whose selection did not come.
    unmatched: Cases,
}

/// What of the counts makes a case one of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// The exposed are.
    Exposed,
    /// The events are: the exposed are a population, or the picked of all groups.
    Events,
}

impl Gaps {
    /// Counts the missing cases of a subject over one window, for each of its `groups`.
    pub fn of(
        scene: &Scene<'_>,
        (rule, subject): (DisparityRule<'_>, &Subject),
        groups: usize,
        (sums, left_out): (&mut CellSums, &LeftOut),
        (place, range): (usize, Range),
    ) -> Self {
        let lost = |group: Slot| Lost::of(scene, (rule, subject), group, range);
        let mut counts_of = |key: &CellKey, left_out: &LeftOut| {
            let mut counts = Vec::new();
            sums.extend(key, scene.windows.cell(key), left_out, &mut counts);
            counts.get(place).copied().unwrap_or_default()
        };
        let without_group = WITHOUT_GROUP.map(|(slot, _)| counts_of(&subject.cell(slot, None), left_out));
        let released = scene.windows.missing.sum(&missing_place(subject, Slot::NONE, Cause::Released), range);
        let anywhere = |cause| scene.windows.missing.sum_anywhere(cause, range);
        let unknown = Lost {
            conflict: anywhere(Cause::Conflict),
            dropped: anywhere(Cause::Dropped),
            unmatched: anywhere(Cause::Unmatched),
            ..Lost::default()
        };
        // What a limit closed of cases without a group is among those without one already.
        let without = WITHOUT_GROUP.iter().map(|(slot, _)| Lost { counted: Cases::default(), ..lost(*slot) });
        let of_any = without.fold(unknown, Lost::plus);
        let by_population = by_population(scene, subject);
        let mut surplus =
            |group: Slot| surplus_of(&counts_of(&subject.cell(group, None), &LeftOut::default()), by_population);
        let impossible = (0..).map(Slot).take(groups).map(&mut surplus).collect();
        let of_groups = (0..).map(Slot).take(groups).map(lost).collect();
        let stratum = stratum_of(scene, rule);
        let no_stratum = stratum.map_or_else(Vec::new, |stratum| {
            let counts = |group: Slot| counts_of(&subject.cell(group, Some((stratum, Slot::NONE))), left_out);
            (0..).map(Slot).take(groups).map(counts).collect()
        });
        Self { without_group, released, of_groups, of_any, no_stratum, impossible }
    }

    /// Adds what may be missing of one group to a side; of all groups for `None`, of all but one for `Err`.
    /// Events are missing of those that `of_events` names: where a share is compared, only the group's own are events.
    fn add_to(&self, side: &mut MissingSide, (whose, of_events): (Whose, Whose), (indicator, unit): (Indicator, Unit)) {
        for (counts, (slot, cause)) in self.without_group.iter().zip(WITHOUT_GROUP) {
            let (cases, events) = (unit.of(indicator, counts), Unit::Events.of(indicator, counts));
            let released = if slot == Slot::NONE { self.released } else { Cases::default() };
            let its_events = events_of_lost(indicator, released).min(events);
            let released = unit.of_lost(indicator, released).min(cases);
            side.add(Cause::Released, (released, its_events));
            side.add(cause, (cases - released, events - its_events));
        }
        let lost_of = |whose: Whose| {
            let groups = self.of_groups.iter().enumerate().filter(|(group, _)| whose.has(*group));
            groups.fold(self.of_any, |sum, (_, lost)| sum.plus(*lost))
        };
        let (lost, events) = (lost_of(whose), lost_of(of_events));
        let both = |cases: Cases, events: Cases| (unit.of_lost(indicator, cases), events_of_lost(indicator, events));
        // These are among those that the window counts.
        side.add_counted(Cause::Late, both(lost.late, events.late));
        side.add_counted(Cause::Dropped, both(lost.counted, events.counted));
        for (group, counts) in self.no_stratum.iter().enumerate() {
            let cases = if whose.has(group) { unit.of(indicator, counts) } else { 0 };
            let events = if of_events.has(group) { Unit::Events.of(indicator, counts) } else { 0 };
            side.add_counted(Cause::NoStratum, (cases, events));
        }
        side.add(Cause::Conflict, both(lost.conflict, events.conflict));
        side.add(Cause::Dropped, both(lost.dropped, events.dropped));
        side.add(Cause::Unmatched, both(lost.unmatched, events.unmatched));
    }

    /// By how much stages of the funnel exceed the one before them, in the cells of a side.
    fn impossible(&self, whose: Whose) -> u64 {
        let of_side = self.impossible.iter().enumerate().filter(|(group, _)| whose.has(*group));
        of_side.fold(0, |sum, (_, surplus)| sum.saturating_add(*surplus))
    }

    /// The cases without a group: those with the event, and all.
    fn unassigned(&self, indicator: Indicator) -> Side {
        let sides = self.without_group.iter().map(|counts| side(indicator, counts, None));
        sides.fold(Side::default(), |sum, side| Side {
            events: sum.events.saturating_add(side.events),
            exposed: sum.exposed.saturating_add(side.exposed),
        })
    }
}

/// Whose cases belong to a side.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Of(usize),
    AllBut(usize),
    All,
    Nobodys,
}

impl Whose {
    const fn has(self, group: usize) -> bool {
        match self {
            Self::Of(one) => one == group,
            Self::AllBut(one) => one != group,
            Self::All => true,
            Self::Nobodys => false,
        }
    }
}

/// Returns what a finding misses. `random` has the gaps of the random channel, where the rule compares with it.
pub(super) fn missing(
    (own, random): (&Gaps, Option<&Gaps>),
    (against, indicator, population): (Against, Indicator, bool),
    group: usize,
    (counted, reference): (Side, Side),
) -> Missing {
    let shares = against == Against::Random && by_shares(indicator);
    let unit = if shares || population { Unit::Events } else { Unit::Exposed };
    let total = |side: Side| if population { side.events } else { side.exposed };
    let mut missing = Missing {
        group: MissingSide { all: total(counted), all_events: counted.events, ..MissingSide::default() },
        reference: MissingSide { all: total(reference), all_events: reference.events, ..MissingSide::default() },
        bounds: None,
        unassigned: Side::default(),
    };
    let of_group = if shares { Whose::All } else { Whose::Of(group) };
    own.add_to(&mut missing.group, (of_group, Whose::Of(group)), (indicator, unit));
    let (gaps, whose) = match against {
        Against::Rest => (own, Whose::AllBut(group)),
        Against::Group(other) => (own, Whose::Of(other)),
        Against::Overall => (own, Whose::All),
        Against::Random => (random.unwrap_or(own), of_group),
        Against::Nothing => (own, Whose::Nobodys),
    };
    let of_events = if against == Against::Random { Whose::Of(group) } else { whose };
    gaps.add_to(&mut missing.reference, (whose, of_events), (indicator, unit));
    let impossible = [own.impossible(of_group), gaps.impossible(whose)];
    let sides = [(&mut missing.group, counted), (&mut missing.reference, reference)];
    for ((side, counted), impossible) in sides.into_iter().zip(impossible) {
        let surplus = counted.events.saturating_sub(counted.exposed).max(impossible);
        if let Some(place) = side.by_cause.get_mut(Cause::ImpossibleCounts as usize) {
            *place = surplus;
        }
    }
    // What a case without a group would add to values is not known.
    let is_of_funnel = indicator.feature().is_none();
    if matches!(against, Against::Rest | Against::Group(_)) && !population && is_of_funnel {
        missing.unassigned = own.unassigned(indicator);
        missing.bounds = bounds(counted, reference, missing.unassigned);
    }
    missing
}

/// The lowest and the highest ratio over every way of assigning cases without a group to the two sides. Events in the
/// group and other cases in the reference give the highest.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn bounds(group: Side, reference: Side, unassigned: Side) -> Option<Interval> {
    let others = unassigned.exposed.checked_sub(unassigned.events)?;
    if unassigned.exposed == 0 || group.events > group.exposed || reference.events > reference.exposed {
        return None;
    }
    let with = |side: Side, events: u64, others: u64| {
        let exposed = side.exposed.saturating_add(events).saturating_add(others);
        (exposed > 0).then(|| side.events.saturating_add(events) as f64 / exposed as f64)
    };
    let ratio = |group: Option<f64>, reference: Option<f64>| {
        let (group, reference) = group.zip(reference)?;
        if reference > 0.0 { Some(group / reference) } else { (group > 0.0).then_some(f64::INFINITY) }
    };
    let upper = ratio(with(group, unassigned.events, 0), with(reference, 0, others))?;
    let lower = ratio(with(group, 0, others), with(reference, unassigned.events, 0))?;
    Some(Interval { lower, upper })
}

/// How far stages of the funnel exceed the one before them, in all. Where the exposed are a population, nobody need be assessed.
fn surplus_of(counts: &Counts, by_population: bool) -> u64 {
    let Counts { assessed, selected, controlled, concluded, hits, .. } = *counts;
    let stages = [if by_population { selected } else { assessed }, selected, controlled, concluded, hits];
    let exceeding = stages.iter().zip(stages.iter().skip(1)).map(|(stage, next)| next.saturating_sub(*stage));
    exceeding.fold(0, u64::saturating_add)
}

impl Unit {
    fn of(self, indicator: Indicator, counts: &Counts) -> u64 {
        let Side { events, exposed } = side(indicator, counts, None);
        match self {
            // A tally may count the picked alone. A case may have several complaints.
            Self::Exposed if indicator != Indicator::ComplaintRate => exposed.max(events),
            Self::Exposed => exposed,
            Self::Events => events,
        }
    }

    /// The lost cases that may be of the side: a case that was not picked is never one of the picked, the controlled or
    /// the concluded. How far a picked one would have come is not known.
    const fn of_lost(self, indicator: Indicator, lost: Cases) -> u64 {
        match self {
            Self::Exposed if is_by_assessed(indicator) => lost.all,
            Self::Exposed | Self::Events => lost.picked,
        }
    }
}

/// The lost cases that may be events. Of those picked it is not known how many would have been a hit, a complaint and the like.
const fn events_of_lost(indicator: Indicator, lost: Cases) -> u64 {
    if is_by_assessed(indicator) { lost.picked } else { 0 }
}

const fn is_by_assessed(indicator: Indicator) -> bool {
    matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency | Indicator::UnfoundedRate)
}

impl Lost {
    fn of(scene: &Scene<'_>, (rule, subject): (DisparityRule<'_>, &Subject), group: Slot, range: Range) -> Self {
        let sum = |cause| scene.windows.missing.sum(&missing_place(subject, group, cause), range);
        // Only such a rule reads evidence.
        let cell =
            (rule.terms.evidence == Evidence::Sequential).then(|| scene.windows.place_of(&subject.cell(group, None)));
        let late_in = |cell| scene.cohorts.late_in(cell, maturity(rule.terms.indicator), range);
        // Evidence compares these among those without a value, though the window knows it.
        let stratum = stratum_of(scene, rule).filter(|_| rule.terms.evidence == Evidence::Sequential);
        let without = stratum.and_then(|id| scene.windows.place_of(&subject.cell(group, Some((id, Slot::NONE)))));
        let late = [cell.flatten(), without].into_iter().flatten().map(late_in).fold(Cases::default(), Cases::plus);
        // A later control may change how a case was handled and nothing else.
        let values = strata_read(scene, rule.terms).into_iter().filter(|_| cell.is_some());
        let cells = values.filter_map(|value| scene.windows.place_of(&subject.cell(group, Some(value))));
        let late = cells.map(late_in).fold(Cases::default(), Cases::plus).max(late);
        Self { late, conflict: sum(Cause::Conflict), counted: sum(Cause::Dropped), ..Self::default() }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            late: self.late.plus(other.late),
            conflict: self.conflict.plus(other.conflict),
            counted: self.counted.plus(other.counted),
            dropped: self.dropped.plus(other.dropped),
            unmatched: self.unmatched.plus(other.unmatched),
        }
    }
}

fn stratum_of(scene: &Scene<'_>, rule: DisparityRule<'_>) -> Option<StratumId> {
    rule.terms.stratify_by.as_deref().and_then(|name| scene.attributes.stratum_id(name))
}

const fn missing_place(subject: &Subject, group: Slot, cause: Cause) -> MissingPlace {
    let Subject { profile, channel, dimension, .. } = *subject;
    MissingPlace { profile, channel, dimension, group, cause }
}

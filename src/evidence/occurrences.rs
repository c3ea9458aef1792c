//! What occurred by the day of its event, whatever the cohort of its case: controls, hits, corrections of hits, complaints.
//!
//! Only events in time are counted. Where a case gets another group, what occurred to it moves, on the day on which it occurred. Evidence
//! of a day knows what was known by its end and no more: so it is final when the hours of the day are, and does not depend on the order of
//! arrival. What came late is counted apart, as missing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::event::ComplaintStatus;
use crate::ledger::{
    AttributeTable, CaseChange, CaseOccurrence, CasePlace, ComplaintCode, Contribution, OccurrenceChange,
};
use crate::plan::{Channel, ComplaintMeasure, DimensionId, Mapping, Plan, ProfileId, RuleKind, Slot, Span, hour_of};
use crate::window::Counts;

/// Hours of a day.
pub(super) const DAY_HOURS: i32 = 24;

/// Days that are kept at least: a year of exposures before the end of a block of four weeks.
const LEAST_KEPT_DAYS: i32 = 400;

/// All that occurred in the profiles and channels, and by the dimensions, that rules of kind `complaints` name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// The grounds that rules name, and since which day complaints of each are counted; `i32::MIN` where they always were.
    grounds: BTreeMap<String, i32>,
    /// By profile and channel: the dimensions that a rule asks for.
    asked: BTreeMap<(ProfileId, Channel), BTreeSet<DimensionId>>,
    /// Since which day each of them is counted; no entry where it always was.
    since: BTreeMap<(ProfileId, Channel, DimensionId), i32>,
    /// Days are counted from 1970. No day holds nothing.
    days: BTreeMap<OccurrencePlace, Days>,
    /// What moves on days before, by the day on which that becomes known, the place and the day.
    moves: BTreeMap<i32, BTreeMap<(OccurrencePlace, i32), Occurred>>,
    kept_days: i32,
}

type Days = BTreeMap<i32, Occurred>;

/// Where something occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OccurrencePlace {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension; [`DimensionId::EVERYONE`] for all groups together.
    pub dimension: DimensionId,
    /// The group. Of [`DimensionId::EVERYONE`] it is [`Slot::EVERYONE`] for what is counted, and [`Slot::NONE`] for what came late.
    pub group: Slot,
}

/// What occurred: a number for each of [`Occurrence`], then complaints received by ground. Those at the end may be left out.
///
/// A number is below 0 only in what moves: it is taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurred(Vec<i64>);

/// What is counted. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// Controls performed.
    Controls,
    /// Hits, whether or not they were overturned since.
    Hits,
    /// Hits overturned, at the time of the correcting event.
    Overturned,
    /// Complaints upheld.
    Upheld,
    /// Complaints rejected.
    Rejected,
    /// Complaints received, of any ground.
    Complaints,
    /// Complaints received of one ground, by its index among those of [`Occurrences::ground`].
    OfGround(usize),
}

impl Occurrence {
    const fn index(self) -> usize {
        match self {
            Self::Controls => 0,
            Self::Hits => 1,
            Self::Overturned => 2,
            Self::Upheld => 3,
            Self::Rejected => 4,
            Self::Complaints => 5,
            Self::OfGround(ground) => 6 + ground,
        }
    }
}

impl Occurred {
    /// Returns how often this occurred.
    #[must_use]
    pub fn count(&self, of: Occurrence) -> u64 {
        self.0.get(of.index()).map_or(0, |count| u64::try_from(*count).unwrap_or(0))
    }

    fn add(&mut self, of: Occurrence, by: i64) {
        let index = of.index();
        if self.0.len() <= index && by != 0 {
            self.0.resize(index + 1, 0);
        }
        if let Some(count) = self.0.get_mut(index) {
            *count = count.saturating_add(by);
        }
    }

    fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }

    /// Of a case, or of counts that belong to none: controls and hits.
    fn of_counts(counts: &Counts, more: bool) -> Self {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let hits = counts.hits.saturating_add(counts.overturned);
        let counted = [counts.controlled, hits, counts.overturned].map(signed);
        Self(counted.map(|count| if more { count } else { -count }).to_vec())
    }

    fn is_nothing(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// The same without noughts at the end, so that equal counts are equal.
    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }
}

impl Occurrences {
    /// Returns what counts for the plan's rules of kind `complaints`. Nothing has occurred.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut occurrences = Self { kept_days: kept_days(plan), ..Self::default() };
        for rule in &plan.rules {
            let RuleKind::Complaints(terms) = &rule.kind else { continue };
            if terms.measure == ComplaintMeasure::Skew {
                occurrences.grounds.extend(terms.grounds.iter().map(|ground| (ground.clone(), i32::MIN)));
            }
            for place in
                rule.profiles.iter().flat_map(|profile| rule.channels.iter().map(|channel| (*profile, *channel)))
            {
                occurrences.asked.entry(place).or_default().extend(&rule.dimensions);
            }
        }
        occurrences
    }

    /// Returns what counts complaints of a ground; `None` where no rule names it.
    #[must_use]
    pub fn ground(&self, name: &str) -> Option<Occurrence> {
        self.grounds.keys().position(|ground| ground == name).map(Occurrence::OfGround)
    }

    /// Returns what occurred at a place on these days, counted from 1970, by all that is known.
    #[must_use]
    pub fn sum(&self, place: &OccurrencePlace, days: Range<i32>) -> Occurred {
        let mut sum = self.final_sum(place, days.clone());
        if days.start < days.end {
            for moves in self.moves.values() {
                moves.range((*place, days.start)..(*place, days.end)).for_each(|(_, occurred)| sum.merge(occurred));
            }
        }
        sum
    }

    /// Returns the same by what was known at the end of the last day that [`Self::learn`] was told of.
    pub(super) fn final_sum(&self, place: &OccurrencePlace, days: Range<i32>) -> Occurred {
        let mut sum = Occurred::default();
        if let Some(by_day) = self.days.get(place).filter(|_| days.start < days.end) {
            by_day.range(days).for_each(|(_, occurred)| sum.merge(occurred));
        }
        sum
    }

    /// Returns since which day complaints (controls, hits) of a profile, channel and dimension, and those of a ground by its name, are
    /// counted: `i32::MIN` where they always were.
    #[must_use]
    pub fn since(&self, (profile, channel, dimension): (ProfileId, Channel, DimensionId), ground: Option<&str>) -> i32 {
        let of_place = self.since.get(&(profile, channel, dimension)).copied().unwrap_or(i32::MIN);
        let of_ground = ground.and_then(|ground| self.grounds.get(ground)).copied().unwrap_or(i32::MIN);
        of_place.max(of_ground)
    }

    /// Takes what became known up to the end of a day.
    pub(super) fn learn(&mut self, day: i32) {
        while let Some(moves) = self.moves.first_entry().filter(|moves| *moves.key() <= day) {
            for ((place, day), occurred) in moves.remove() {
                add_to(&mut self.days, place, day, &occurred);
            }
        }
    }

    /// Returns the first day on which this occurred at a place.
    pub(super) fn first_day(&self, place: &OccurrencePlace, of: Occurrence) -> Option<i32> {
        self.days.get(place)?.iter().find(|(_, occurred)| occurred.count(of) > 0).map(|(day, _)| *day)
    }

    /// Returns the first day of which anything is known; `None` where nothing is.
    pub(super) fn first_of_all(&self) -> Option<i32> {
        self.days
            .iter()
            .filter(|(place, _)| is_counted(place))
            .filter_map(|(_, days)| days.keys().next().copied())
            .min()
    }

    /// Counts something that occurred where it counts now, or counts it no longer.
    pub fn stage(&mut self, change: &OccurrenceChange, attributes: &AttributeTable) {
        let OccurrenceChange { what, hour, known, place, more } = *change;
        let by = if more { 1 } else { -1 };
        let mut occurred = Occurred::default();
        for what in self.counted(what) {
            occurred.add(what, by);
        }
        if what == CaseOccurrence::LateComplaint {
            self.add_late((place.profile, place.channel), hour, &occurred);
        } else {
            self.add(place, (hour, known), &occurred, attributes);
        }
    }

    fn counted(&self, what: CaseOccurrence) -> impl Iterator<Item = Occurrence> + use<> {
        let (counted, ground) = match what {
            CaseOccurrence::Control => (Occurrence::Controls, None),
            CaseOccurrence::Hit => (Occurrence::Hits, None),
            CaseOccurrence::Overturned => (Occurrence::Overturned, None),
            CaseOccurrence::LateComplaint => (Occurrence::Complaints, None),
            CaseOccurrence::Complaint(code) => match code.status() {
                ComplaintStatus::Upheld => (Occurrence::Upheld, None),
                ComplaintStatus::Rejected => (Occurrence::Rejected, None),
                ComplaintStatus::Received => (Occurrence::Complaints, self.ground_of(code)),
            },
        };
        std::iter::once(counted).chain(ground)
    }

    /// Counts what belongs to no single case, at the time of its event. Its complaints name no ground.
    pub fn stage_counts(&mut self, place: &Contribution, counts: &Counts, late: bool, attributes: &AttributeTable) {
        let mut occurred = Occurred::of_counts(counts, true);
        occurred.add(Occurrence::Complaints, i64::try_from(counts.complaints).unwrap_or(i64::MAX));
        if late {
            self.add_late((place.profile, place.channel), hour_of(place.cohort), &occurred);
        } else {
            let hour = hour_of(place.cohort);
            let Contribution { profile, channel, attributes: groups, .. } = *place;
            self.add(CasePlace { profile, channel, attributes: groups }, (hour, hour), &occurred, attributes);
        }
    }

    /// Counts what is missing of a case, because its events came late, or is missing no longer. It is missing on the day of its
    /// selection, as nothing says which of its events came late.
    pub fn count_case_missing(&mut self, change: &CaseChange, more: bool) {
        let mut missing: BTreeMap<((ProfileId, Channel), i32), Occurred> = BTreeMap::new();
        for (place, is_new) in change.moves() {
            let of = missing.entry(((place.profile, place.channel), hour_of(place.cohort))).or_default();
            of.merge(&Occurred::of_counts(&Counts::of_case(place.counts), is_new));
        }
        for ((place, hour), Occurred(counts)) in missing {
            let by = counts.into_iter().map(|count| if more { count.abs() } else { -count.abs() });
            self.add_late(place, hour, &Occurred(by.collect()));
        }
    }

    /// Forgets the days that no block or window can reach any more; `day` is the first that is not final.
    pub(super) fn forget_before(&mut self, day: i32) {
        let first = day.saturating_sub(self.kept_days);
        for days in self.days.values_mut().filter(|days| days.keys().next().is_some_and(|known| *known < first)) {
            *days = days.split_off(&first);
        }
        self.days.retain(|_, days| !days.is_empty());
    }

    fn ground_of(&self, code: ComplaintCode) -> Option<Occurrence> {
        self.grounds.keys().position(|ground| code.is_about(ground)).map(Occurrence::OfGround)
    }

    fn add(&mut self, place: CasePlace, (hour, known): (i32, i32), occurred: &Occurred, attributes: &AttributeTable) {
        let Self { asked, days, moves, .. } = self;
        let CasePlace { profile, channel, .. } = place;
        let (day, known) = (day_of(hour), day_of(known));
        let Some(dimensions) = asked.get(&(profile, channel)).filter(|_| !occurred.is_nothing()) else { return };
        let groups = attributes.groups(place.attributes).filter(|(dimension, _)| dimensions.contains(dimension));
        // Of whom only probabilities are known may be of any group.
        let certain = |slot: Slot| if slot.is_probabilistic() { Slot::NONE } else { slot };
        let groups = groups.map(|(dimension, slot)| (dimension, certain(slot)));
        for (dimension, group) in groups.chain([(DimensionId::EVERYONE, Slot::EVERYONE)]) {
            let place = OccurrencePlace { profile, channel, dimension, group };
            if known > day {
                move_on(moves, known, (place, day), occurred);
            } else {
                add_to(days, place, day, occurred);
            }
        }
    }

    fn add_late(&mut self, (profile, channel): (ProfileId, Channel), hour: i32, occurred: &Occurred) {
        if self.asked.contains_key(&(profile, channel)) && !occurred.is_nothing() {
            let place = OccurrencePlace { profile, channel, dimension: DimensionId::EVERYONE, group: Slot::NONE };
            add_to(&mut self.days, place, day_of(hour), occurred);
        }
    }
}

/// What moves on a day: where it is counted, on which day it occurred, and how the counts change.
type Moves = Vec<(OccurrencePlace, i32, Occurred)>;

/// Since which day a place is counted.
type Since = (ProfileId, Channel, DimensionId, i32);

/// What occurred, in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OccurrencesState {
    /// With the day since which each is counted.
    grounds: Vec<(String, i32)>,
    days: Vec<(OccurrencePlace, Vec<(i32, Occurred)>)>,
    /// By the day on which they become known.
    moves: Vec<(i32, Moves)>,
    /// All that was counted, with the day since when.
    since: Vec<Since>,
}

impl Occurrences {
    /// Returns what a checkpoint stores.
    pub(super) fn state(&self) -> OccurrencesState {
        let by_day = |days: &Days| days.iter().map(|(day, occurred)| (*day, occurred.clone())).collect();
        let moved = |((place, day), occurred): (&(OccurrencePlace, i32), &Occurred)| (*place, *day, occurred.clone());
        let since = self
            .counted_places()
            .map(|place @ (profile, channel, dimension)| (profile, channel, dimension, self.since(place, None)));
        OccurrencesState {
            grounds: self.grounds.iter().map(|(ground, since)| (ground.clone(), *since)).collect(),
            days: self.days.iter().map(|(place, days)| (*place, by_day(days))).collect(),
            moves: self.moves.iter().map(|(known, moves)| (*known, moves.iter().map(moved).collect())).collect(),
            since: since.collect(),
        }
    }

    /// Restores what [`Self::state`] returned. What no rule asks for any more is left out. What is asked for newly is counted since the
    /// day `begin`.
    pub(super) fn restore(&mut self, state: OccurrencesState, mapping: &Mapping, begin: i32) {
        let OccurrencesState { grounds, days, moves, since } = state;
        self.restore_since((&grounds, since), mapping, begin);
        let grounds: Vec<Option<Occurrence>> = grounds.iter().map(|(ground, _)| self.ground(ground)).collect();
        let Self { asked, days: of_places, moves: moved, .. } = self;
        let renamed = |place: OccurrencePlace| {
            let profile = mapping.profile(place.profile)?;
            let dimensions = asked.get(&(profile, place.channel))?;
            let is_asked = place.dimension == DimensionId::EVERYONE || dimensions.contains(&place.dimension);
            is_asked.then_some(OccurrencePlace { profile, ..place })
        };
        for (place, days) in days {
            let Some(place) = renamed(place) else { continue };
            let days = days.into_iter().map(|(day, occurred)| (day, occurred.renamed(&grounds)));
            of_places.insert(place, days.filter(|(_, occurred)| !occurred.is_nothing()).collect());
        }
        for (known, moves) in moves {
            for (place, day, occurred) in moves {
                let Some(place) = renamed(place) else { continue };
                move_on(moved, known, (place, day), &occurred.renamed(&grounds));
            }
        }
    }

    fn restore_since(&mut self, (grounds, since): (&[(String, i32)], Vec<Since>), mapping: &Mapping, begin: i32) {
        let before: BTreeMap<&str, i32> = grounds.iter().map(|(ground, since)| (ground.as_str(), *since)).collect();
        for (ground, since) in &mut self.grounds {
            *since = before.get(ground.as_str()).copied().unwrap_or(begin);
        }
        let before: BTreeMap<_, i32> = since
            .into_iter()
            .filter_map(|(profile, channel, dimension, since)| {
                Some(((mapping.profile(profile)?, channel, dimension), since))
            })
            .collect();
        let since = |place| (place, before.get(&place).copied().unwrap_or(begin));
        self.since = self.counted_places().map(since).filter(|(_, since)| *since > i32::MIN).collect();
    }

    /// What rules ask for.
    fn counted_places(&self) -> impl Iterator<Item = (ProfileId, Channel, DimensionId)> + '_ {
        self.asked.iter().flat_map(|((profile, channel), dimensions)| {
            dimensions.iter().map(|dimension| (*profile, *channel, *dimension))
        })
    }
}

impl Occurred {
    /// The same by other indices of grounds.
    fn renamed(self, grounds: &[Option<Occurrence>]) -> Self {
        let Self(counts) = self;
        let first = Occurrence::OfGround(0).index();
        let mut renamed = Self(counts.iter().take(first).copied().collect());
        for (ground, count) in grounds.iter().zip(counts.iter().skip(first)) {
            if let Some(ground) = ground {
                renamed.add(*ground, *count);
            }
        }
        renamed.trimmed()
    }
}

fn add_to(days: &mut BTreeMap<OccurrencePlace, Days>, place: OccurrencePlace, day: i32, occurred: &Occurred) {
    let of_place = days.entry(place).or_default();
    merge_into(of_place, day, occurred);
    if of_place.is_empty() {
        days.remove(&place);
    }
}

fn move_on(
    moves: &mut BTreeMap<i32, BTreeMap<(OccurrencePlace, i32), Occurred>>,
    known: i32,
    at: (OccurrencePlace, i32),
    occurred: &Occurred,
) {
    let of_day = moves.entry(known).or_default();
    merge_into(of_day, at, occurred);
    if of_day.is_empty() {
        moves.remove(&known);
    }
}

/// Changes that cancel out leave no trace: whether they met depends on the order of arrival.
fn merge_into<K: Ord>(sums: &mut BTreeMap<K, Occurred>, key: K, occurred: &Occurred) {
    let mut sum = sums.remove(&key).unwrap_or_default();
    sum.merge(occurred);
    let sum = sum.trimmed();
    if !sum.is_nothing() {
        sums.insert(key, sum);
    }
}

const fn day_of(hour: i32) -> i32 {
    hour.div_euclid(DAY_HOURS)
}

fn is_counted(place: &OccurrencePlace) -> bool {
    (place.dimension, place.group) == (DimensionId::EVERYONE, Slot::EVERYONE)
}

/// As many as the windows hold, and as any exposure needs.
fn kept_days(plan: &Plan) -> i32 {
    let history = i32::try_from(plan.window.history.0 / Span::DAY.0).unwrap_or(i32::MAX);
    history.saturating_add(1).max(LEAST_KEPT_DAYS)
}

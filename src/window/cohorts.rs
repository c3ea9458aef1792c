//! Final facts by cohort, and when a cohort is sealed: what evidence reads.
//!
//! Facts are staged by the hour of their event and become final, an hour at a time, when the watermark has passed that hour by the allowed
//! lateness. Everything here happens at such boundaries of event time and reads sums alone, so the order of arrival leaves no trace.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::counts::Shift;
use crate::disparity::{DimensionId, ProfileId};
use crate::event::{Channel, EventTime, Span};
use crate::ledger::{Slot, StratumId, hour_of};
use crate::monitor::Mapping;
use crate::window::{CellKey, Counts};

/// Hours of a day.
const DAY: i32 = 24;

/// How long cohorts wait by the hour; then the hours of a day that still wait become one cohort.
const HOURS_KEPT: i32 = 7 * DAY;

/// Share of the selected that must be reported on or resolved, in every group, before a cohort is complete: in hundredths.
const COMPLETE_PERCENT: u64 = 95;

/// A stream of sealed cohorts: of one profile and dimension, for indicators that need the same facts to be complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Feed {
    /// The profile.
    pub profile: ProfileId,
    /// The dimension.
    pub dimension: DimensionId,
    /// The channels, sealed together; the compared one first.
    pub channels: Vec<Channel>,
    /// What must be known of a cohort.
    pub maturity: Maturity,
}

/// When the facts that an indicator counts can be expected to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Maturity {
    /// When the cohort is over: selections.
    Over,
    /// When 95 % of the selected of every group have a control reported, performed or not.
    Reported,
    /// When 95 % of the selected of every group are resolved.
    Resolved,
    /// At `cohort_max_age` only: nothing tells that no complaint or objection will come.
    Aged,
}

/// One sealed cohort: whole hours, or what was left of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// First hour, counted from 1970.
    pub start: i32,
    /// The hour after the last.
    pub end: i32,
    counts: BTreeMap<CohortCell, Counts>,
}

/// Channel, group and stratum within a cohort.
type CohortCell = (Channel, Slot, Option<(StratumId, Slot)>);

/// All feeds with the cohorts that wait in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohorts {
    lanes: Vec<Lane>,
    /// By cell: the feeds that read it; and what came too late for them.
    readers: Vec<Option<Reader>>,
    staged: BTreeMap<i32, HashMap<(u32, i32), Shift, FxBuildHasher>>,
    /// The first hour that is not final.
    floor: i32,
    lateness: Span,
    max_age: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reader {
    key: CellKey,
    lanes: Box<[usize]>,
    late: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lane {
    feed: Feed,
    waiting: BTreeMap<i32, Cohort>,
    /// Everything before this hour is over: facts for it come too late.
    passed: i32,
    /// The first hour whose facts are its business: a feed that a plan added later does not miss what was before it.
    #[serde(skip, default = "from_the_first")]
    begun: i32,
}

const fn from_the_first() -> i32 {
    i32::MIN
}

impl Cohorts {
    /// Nothing staged. A feed's place in `feeds` is its index everywhere.
    #[must_use]
    pub fn new(feeds: Vec<Feed>, lateness: Span, max_age: Span) -> Self {
        let lane = |feed| Lane { feed, waiting: BTreeMap::new(), passed: i32::MIN, begun: i32::MIN };
        let lanes = feeds.into_iter().map(lane).collect();
        Self { lanes, readers: Vec::new(), staged: BTreeMap::new(), floor: i32::MIN, lateness, max_age }
    }

    /// Whether facts of this time can still become final in their turn.
    #[must_use]
    pub fn is_open(&self, time: EventTime) -> bool {
        hour_of(time) >= self.floor
    }

    /// The first hour that is not final.
    #[must_use]
    pub const fn floor(&self) -> i32 {
        self.floor
    }

    /// Stages a change of a cell by an event of `hour`.
    pub(super) fn stage(&mut self, hour: i32, cell: u32, cohort: EventTime, change: impl FnOnce(&mut Shift)) {
        if matches!(self.readers.get(cell as usize), Some(Some(_))) {
            let staged = self.staged.entry(hour).or_default();
            change(staged.entry((cell, hour_of(cohort))).or_default());
        }
    }

    /// Learns of a cell; its place among all cells is `cell`.
    pub(super) fn add_cell(&mut self, cell: u32, key: CellKey) {
        let reads = |lane: &Lane| {
            let Feed { profile, dimension, channels, .. } = &lane.feed;
            *profile == key.profile && *dimension == key.dimension && channels.contains(&key.channel)
        };
        let lanes: Box<[usize]> =
            (0..self.lanes.len()).filter(|index| self.lanes.get(*index).is_some_and(reads)).collect();
        let index = cell as usize;
        self.readers.resize(self.readers.len().max(index + 1), None);
        if let Some(reader) = self.readers.get_mut(index)
            && !lanes.is_empty()
        {
            *reader = Some(Reader { key, lanes, late: 0 });
        }
    }

    /// Counts facts of a cohort that came too late for evidence.
    pub(super) fn count_late(&mut self, cell: u32, cohort: i32, facts: u64) {
        if let Some(reader) = self.reader_of(cell, cohort) {
            reader.late = reader.late.saturating_add(facts);
        }
    }

    /// Counts one case of a cohort that evidence misses more, or one less.
    pub(super) fn count_missing(&mut self, cell: u32, cohort: i32, more: bool) {
        if let Some(reader) = self.reader_of(cell, cohort) {
            reader.late = if more { reader.late.saturating_add(1) } else { reader.late.saturating_sub(1) };
        }
    }

    /// Who reads a cell, where a cohort is the business of any feed of theirs.
    fn reader_of(&mut self, cell: u32, cohort: i32) -> Option<&mut Reader> {
        let Self { readers, lanes, .. } = self;
        let reader = readers.get_mut(cell as usize)?.as_mut()?;
        let reads = |index: &usize| lanes.get(*index).is_some_and(|lane| cohort >= lane.begun);
        reader.lanes.iter().any(reads).then_some(reader)
    }

    /// The next hour that the watermark makes final; `None` where there is none. `waiting` says whether a block is open that only the
    /// passing of time closes.
    #[must_use]
    pub fn next(&self, watermark: EventTime, waiting: impl FnOnce() -> bool) -> Option<i32> {
        let to = hour_of(watermark.minus(self.lateness));
        // Asked after every event, and nearly always answered here.
        if to <= self.floor {
            return None;
        }
        let idle = !waiting() && self.lanes.iter().all(|lane| lane.waiting.is_empty());
        let next = if idle || self.floor == i32::MIN {
            // Nothing happens in empty hours. The first that is not finds them passed, as it does when the watermark takes them one by one.
            self.staged.keys().next().map_or(to, |hour| (*hour).max(self.floor.saturating_add(1)).min(to))
        } else {
            self.floor.saturating_add(1)
        };
        Some(next)
    }

    /// Makes everything before `hour` final, and gives out the cohorts that are sealed by it, in time order per feed.
    pub fn settle(&mut self, hour: i32, mut sealed: impl FnMut(usize, &Cohort)) {
        let due = self.staged.range(..hour).map(|(hour, _)| *hour).collect::<Vec<_>>();
        for event_hour in due {
            for ((cell, cohort), shift) in self.staged.remove(&event_hour).unwrap_or_default() {
                self.make_final(cell, cohort, &shift);
            }
        }
        self.floor = hour;
        let max_age = hour_of(EventTime(self.max_age.0));
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            lane.merge_days(hour);
            while let Some(cohort) = lane.next_sealed(hour, max_age) {
                sealed(index, &cohort);
            }
        }
    }

    /// Up to which hour a feed has given out all its cohorts.
    #[must_use]
    pub fn passed(&self, feed: usize) -> i32 {
        self.lanes.get(feed).map_or(i32::MIN, |lane| lane.passed)
    }

    /// Cases whose facts came too late for evidence, by cell of a group; strata are left out, as they would count twice.
    pub fn late(&self) -> impl Iterator<Item = (&CellKey, u64)> {
        let readers = self.readers.iter().flatten().filter(|reader| reader.key.stratum.is_none() && reader.late > 0);
        readers.map(|reader| (&reader.key, reader.late))
    }

    fn make_final(&mut self, cell: u32, cohort: i32, shift: &Shift) {
        // Steps that cancel out leave no cohort behind: whether they met here is a matter of arrival.
        if *shift == Shift::default() {
            return;
        }
        let Some(Some(reader)) = self.readers.get_mut(cell as usize) else { return };
        let mut missed = 0;
        for index in &reader.lanes {
            let Some(lane) = self.lanes.get_mut(*index).filter(|lane| cohort >= lane.begun) else { continue };
            if cohort < lane.passed {
                missed = missed.max(shift.largest(&lane.feed.maturity.relevant()));
            } else {
                let CellKey { channel, group, stratum, .. } = reader.key;
                lane.cohort(cohort).counts.entry((channel, group, stratum)).or_default().shift(shift);
            }
        }
        reader.late = reader.late.saturating_add(missed);
    }
}

/// A change that is not final: cell, hour of the cohort, change.
type Staged = (u32, i32, Shift);

/// What goes into a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CohortsState {
    lanes: Vec<Lane>,
    staged: Vec<(i32, Vec<Staged>)>,
    floor: i32,
    /// By cell: what came too late.
    late: Vec<(u32, u64)>,
}

impl Cohorts {
    pub(super) fn state(&self) -> CohortsState {
        let staged = self.staged.iter().map(|(hour, changes)| {
            let mut changes: Vec<Staged> =
                changes.iter().map(|((cell, cohort), shift)| (*cell, *cohort, *shift)).collect();
            // The same state gives the same bytes.
            changes.sort_unstable_by_key(|(cell, cohort, _)| (*cell, *cohort));
            (*hour, changes)
        });
        let late = self.readers.iter().zip(0..).filter_map(|(reader, cell)| Some((cell, reader.as_ref()?.late)));
        CohortsState {
            lanes: self.lanes.clone(),
            staged: staged.collect(),
            floor: self.floor,
            late: late.filter(|(_, late)| *late > 0).collect(),
        }
    }

    /// Takes in what [`Self::state`] gave, when the cells are known again. A feed that was not there begins with `begin`, the first hour that no
    /// event has reached yet: of those before it, nobody kept what it would have read.
    pub(super) fn restore(
        &mut self,
        state: CohortsState,
        mapping: &Mapping,
        cell: impl Fn(u32) -> Option<u32>,
        begin: i32,
    ) {
        let CohortsState { lanes, staged, floor, late } = state;
        // Before 1970 nothing is final: no event is as old, and hours are passed over one by one.
        self.floor = if floor < 0 { i32::MIN } else { floor };
        let begin = begin.max(floor);
        self.lanes.iter_mut().for_each(|lane| (lane.passed, lane.begun) = (begin, begin));
        for lane in lanes.into_iter().filter_map(|lane| lane.renamed(mapping)) {
            if let Some(place) = self.lanes.iter_mut().find(|known| known.feed == lane.feed) {
                *place = lane;
            }
        }
        for (hour, changes) in staged {
            let known = changes.into_iter().filter_map(|(id, cohort, shift)| Some(((cell(id)?, cohort), shift)));
            self.staged.insert(hour, known.collect());
        }
        for (id, count) in late {
            if let Some(Some(reader)) = cell(id).and_then(|id| self.readers.get_mut(id as usize)) {
                reader.late = count;
            }
        }
    }
}

impl CohortsState {
    /// The first hour of each feed, which the encoding of the feeds leaves out.
    pub(super) fn begun(&self) -> Vec<i32> {
        self.lanes.iter().map(|lane| lane.begun).collect()
    }

    /// Takes in what [`Self::begun`] gave; feeds without one are read from the first hour on.
    pub(super) fn set_begun(&mut self, begun: &[i32]) {
        self.lanes.iter_mut().zip(begun).for_each(|(lane, begun)| lane.begun = *begun);
    }
}

impl Cohort {
    /// The counts of a group in a channel, and stratum where one is asked for.
    #[must_use]
    pub fn counts(&self, channel: Channel, group: Slot, stratum: Option<(StratumId, Slot)>) -> Counts {
        self.counts.get(&(channel, group, stratum)).copied().unwrap_or_default()
    }

    /// The values that a stratum takes in this cohort, each once.
    #[must_use]
    pub fn values(&self, stratum: StratumId) -> Vec<Slot> {
        let values = self.counts.keys().filter_map(|(_, _, of)| of.filter(|(id, _)| *id == stratum));
        let mut values: Vec<Slot> = values.map(|(_, value)| value).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    fn merge(&mut self, other: Self) {
        self.end = self.end.max(other.end);
        for (cell, counts) in other.counts {
            self.counts.entry(cell).or_default().merge(&counts);
        }
    }

    /// Whether every group with selected cases has the share asked for.
    fn complete(&self, known: impl Fn(&Counts) -> u64) -> bool {
        let groups = self.counts.iter().filter(|((_, _, stratum), _)| stratum.is_none());
        groups.into_iter().all(|(_, counts)| {
            u128::from(known(counts)) * 100 >= u128::from(counts.selected) * u128::from(COMPLETE_PERCENT)
        })
    }
}

impl Lane {
    fn renamed(self, mapping: &Mapping) -> Option<Self> {
        let Self { feed, mut waiting, passed, begun } = self;
        let profile = mapping.profile(feed.profile)?;
        for cohort in waiting.values_mut() {
            cohort.counts = Mapping::rename(std::mem::take(&mut cohort.counts), |(channel, group, stratum)| {
                Some((channel, group, renamed_stratum(stratum, mapping)?))
            });
        }
        Some(Self { feed: Feed { profile, ..feed }, waiting, passed, begun })
    }

    /// The waiting cohort that holds an hour.
    fn cohort(&mut self, hour: i32) -> &mut Cohort {
        let before = self.waiting.range(..=hour).next_back();
        let start = before.filter(|(_, cohort)| cohort.end > hour).map_or(hour, |(start, _)| *start);
        self.waiting.entry(start).or_insert_with(|| Cohort { start, end: start.saturating_add(1), ..Cohort::default() })
    }

    /// What is left of a day that is older than a week becomes one cohort.
    fn merge_days(&mut self, hour: i32) {
        let floor = hour.saturating_sub(HOURS_KEPT).div_euclid(DAY).saturating_mul(DAY);
        let single =
            |(start, cohort): (&i32, &Cohort)| (cohort.start.checked_add(1) == Some(cohort.end)).then_some(*start);
        let hours: Vec<i32> = self.waiting.range(..floor).filter_map(single).collect();
        for start in hours {
            let day_end = start.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
            let Some(cohort) = self.waiting.remove(&start) else { continue };
            let first =
                self.waiting.range(..start).next_back().filter(|(_, day)| day.end == day_end).map(|(first, _)| *first);
            let first = first.unwrap_or(start);
            let day = self.waiting.entry(first).or_insert_with(|| Cohort { start: first, ..Cohort::default() });
            day.merge(cohort);
            day.end = day_end;
        }
    }

    /// Takes out the oldest cohort where it is sealed; cohorts after one that is not wait with it.
    fn next_sealed(&mut self, hour: i32, max_age: i32) -> Option<Cohort> {
        let Some((start, oldest)) = self.waiting.first_key_value() else {
            self.passed = self.passed.max(hour);
            return None;
        };
        let over = oldest.end <= hour;
        let aged = oldest.end.saturating_add(max_age) <= hour;
        let sealed = match self.feed.maturity {
            Maturity::Over => over,
            Maturity::Reported => over && (aged || oldest.complete(|counts| counts.reported)),
            Maturity::Resolved => over && (aged || oldest.complete(|counts| counts.resolved)),
            Maturity::Aged => aged,
        };
        if !sealed {
            self.passed = self.passed.max((*start).min(hour));
            return None;
        }
        let (_, cohort) = self.waiting.pop_first()?;
        self.passed = self.passed.max(cohort.end);
        Some(cohort)
    }
}

/// `None` where the stratum is gone.
pub(super) fn renamed_stratum(
    stratum: Option<(StratumId, Slot)>,
    mapping: &Mapping,
) -> Option<Option<(StratumId, Slot)>> {
    match stratum {
        None => Some(None),
        Some((id, value)) => Some(Some((mapping.stratum(id)?, value))),
    }
}

impl Maturity {
    /// The counts that evidence of this kind reads, each marked with 1.
    const fn relevant(self) -> Counts {
        let over = Counts {
            assessed: 1,
            selected: 1,
            controlled: 0,
            reported: 0,
            resolved: 0,
            concluded: 0,
            hits: 0,
            overturned: 0,
            complaints: 0,
        };
        match self {
            Self::Over => over,
            Self::Reported => Counts { controlled: 1, ..over },
            Self::Resolved => Counts { controlled: 1, concluded: 1, hits: 1, ..over },
            Self::Aged => Counts { controlled: 1, hits: 1, overturned: 1, complaints: 1, ..over },
        }
    }
}

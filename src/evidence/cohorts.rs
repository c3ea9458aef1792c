//! Final facts by cohort, and when a cohort is sealed.
//!
//! Facts are staged by the hour of their event. An hour becomes final when the watermark has passed it by the allowed
//! lateness. Everything here happens at such boundaries of event time and reads sums alone, so the order of arrival
//! leaves no trace.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::delays::Delays;
use super::feed::{CohortFeed, Maturity};
use super::lane::{Lane, LongestWaits};
use super::reader::Reader;
use super::shift::Shift;
use crate::plan::invariant::{self, Room};
use crate::plan::{DimensionId, EventTime, Mapping, Slot, Span, StratumId, hour_of};
use crate::window::{Cases, CasesByTime, CellKey, Floors, Range};

/// The most changes for which room is made before they come.
const MOST_ROOM: usize = 1_024;

/// All feeds with their waiting cohorts, and the facts that are not final. All hours are counted from 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohorts {
    /// By feed.
    lanes: Vec<Lane>,
    /// By cell of the windows; `None` where no feed reads it.
    readers: Vec<Option<Reader>>,
    /// By hour of the event, then by cell and hour of the cohort.
    staged: BTreeMap<i32, HashMap<(u32, i32), Shift, FxBuildHasher>>,
    /// The first hour that is not final.
    floor: i32,
    lateness: Span,
    longest: LongestWaits,
    /// Strata for whose values nobody waits.
    unwaited: Box<[StratumId]>,
    /// Those of the windows, by which late cases are kept as long.
    floors: Floors,
}

impl Cohorts {
    /// Returns cohorts without facts. The place of a feed in `feeds` is its index everywhere. Cohorts wait for what follows a
    /// selection up to the age `max_age`, and those that wait for membership alone up to the age `membership`.
    #[must_use]
    pub fn new(feeds: Vec<CohortFeed>, lateness: Span, (max_age, membership): (Span, Span)) -> Self {
        let lanes = feeds.into_iter().map(Lane::new).collect();
        let hours = |span: Span| hour_of(EventTime(span.0));
        // A case may get its group in the last of these hours.
        let membership = Span(membership.0.saturating_add(Span::HOUR.0 - 1));
        Self {
            lanes,
            readers: Vec::new(),
            staged: BTreeMap::new(),
            floor: i32::MIN,
            lateness,
            longest: LongestWaits { facts: hours(max_age), membership: hours(membership) },
            unwaited: Box::default(),
            floors: Floors::default(),
        }
    }

    /// Does not wait for the values of these strata: what a selection does not say of itself comes with no later event.
    pub fn never_wait_for(&mut self, strata: impl Iterator<Item = StratumId>) {
        self.unwaited = strata.collect();
    }

    /// Returns whether facts of this time are not final yet.
    #[must_use]
    #[inline]
    pub fn is_open(&self, time: EventTime) -> bool {
        // Asked after every event: hours are not counted for it.
        self.floor == i32::MIN || time >= EventTime(Span::HOUR.times(self.floor.into()).0)
    }

    /// Returns the first hour that is not final.
    #[must_use]
    pub const fn floor(&self) -> i32 {
        self.floor
    }

    /// Returns the next hour that becomes the first one not final, by this watermark; `None` where there is none.
    /// `waiting` says whether a block is open that only the passing of time closes.
    #[must_use]
    pub fn next(&self, watermark: EventTime, waiting: impl FnOnce() -> bool) -> Option<i32> {
        let to = hour_of(watermark.minus(self.lateness));
        // Asked after every event, and nearly always answered here.
        if to <= self.floor {
            return None;
        }
        let idle = !waiting() && self.lanes.iter().all(|lane| lane.waiting.is_empty());
        let next = if idle || self.floor == i32::MIN {
            // Nothing happens in empty hours. They may be skipped at once: the first hour with facts finds the same
            // either way.
            self.staged.keys().next().map_or(to, |hour| (*hour).max(self.floor.saturating_add(1)).min(to))
        } else {
            self.floor.saturating_add(1)
        };
        Some(next)
    }

    /// Makes everything before `hour` final. Calls `sealed` with each cohort that is sealed by it and the index of its
    /// feed, in time order per feed.
    pub fn settle(&mut self, hour: i32, mut sealed: impl FnMut(usize, &Cohort)) {
        let not_due = self.staged.split_off(&hour);
        let due = std::mem::replace(&mut self.staged, not_due);
        for (event_hour, changes) in due {
            for ((cell, cohort), shift) in changes {
                self.make_final(event_hour, (cell, cohort), &shift);
            }
        }
        self.floor = hour;
        for (feed, lane) in self.lanes.iter_mut().enumerate() {
            lane.merge_days(hour);
            while let Some(cohort) = lane.next_sealed(hour, self.longest, &self.unwaited) {
                sealed(feed, &cohort);
            }
        }
    }

    /// Returns the hour up to which a feed has released all its cohorts.
    #[must_use]
    pub fn passed(&self, feed: usize) -> i32 {
        lane(self.lanes.get(feed)).map_or(i32::MIN, |lane| lane.passed)
    }

    /// Returns the cases whose facts came too late for evidence, by cell of a group. Cells of strata are left out, and those
    /// of everyone, as they hold the same cases.
    pub fn late(&self) -> impl Iterator<Item = (&CellKey, u64)> {
        let is_of_group = |key: &CellKey| key.stratum.is_none() && key.dimension != DimensionId::EVERYONE;
        let readers = self.readers.iter().flatten().filter(move |reader| reader.late > 0 && is_of_group(&reader.key));
        readers.map(|reader| (&reader.key, reader.late))
    }

    /// Returns the cases of a cell over a range whose facts came too late for the evidence of indicators of this maturity. `cell` is
    /// its place in the windows.
    #[must_use]
    pub fn late_in(&self, cell: u32, maturity: Maturity, range: Range) -> Cases {
        let reader = self.readers.get(cell as usize).and_then(Option::as_ref);
        reader.map_or_else(Cases::default, |reader| reader.late_in(maturity, range))
    }

    /// Returns a number that rises with every change of what [`Self::late_in`] returns of a cell.
    #[must_use]
    pub fn late_changes(&self, cell: u32) -> u64 {
        let reader = self.readers.get(cell as usize).and_then(Option::as_ref);
        reader.map_or(0, |reader| reader.late_changes)
    }

    /// Keeps late cases in the same buckets as the windows, whose `floors` these are.
    pub fn age(&mut self, floors: Floors) {
        if self.floors != floors {
            self.floors = floors;
            self.readers.iter_mut().flatten().for_each(|reader| reader.age(floors));
        }
    }

    /// Learns the cells that are new since the last call. `keys` names all cells of the windows.
    pub(super) fn learn_cells(&mut self, keys: &[CellKey]) {
        // Nearly always there is none.
        for key in keys.get(self.readers.len()..).unwrap_or_default() {
            self.readers.push(Reader::of(key, &self.lanes));
        }
    }

    /// Returns the dimension of a cell that is read, of cases without a group; `None` for other cells.
    pub(super) fn dimension_without_group(&self, cell: u32) -> Option<DimensionId> {
        let reader = reader(self.readers.get(cell as usize))?.as_ref()?;
        (reader.key.group == Slot::NONE).then_some(reader.key.dimension)
    }

    /// Stages a change of cells by an event of `hour`.
    pub(super) fn stage(&mut self, hour: i32, cells: &[u32], cohort: EventTime, change: impl Fn(&mut Shift)) {
        let Self { readers, staged, .. } = self;
        let is_read = |cell: &&u32| reader(readers.get(**cell as usize)).is_some_and(Option::is_some);
        let mut read = cells.iter().filter(is_read).peekable();
        // An hour that nothing was staged under is not there.
        if read.peek().is_none() {
            return;
        }
        let cohort = hour_of(cohort);
        let new_hour = || HashMap::with_capacity_and_hasher(readers.len().min(MOST_ROOM), FxBuildHasher);
        let staged = staged.entry(hour).or_insert_with(new_hour);
        read.for_each(|cell| change(staged.entry((*cell, cohort)).or_default()));
    }

    /// Counts cases of a cohort that evidence misses, or that it misses no longer: those that `change` moves.
    pub(super) fn count_missing(&mut self, cell: u32, cohort: i32, change: &Shift, more: bool) {
        let Self { readers, lanes, floors, .. } = self;
        let Some(Some(reader)) = reader(readers.get_mut(cell as usize)) else { return };
        let misses = |index: usize| lane(lanes.get(index)).is_some_and(|lane| cohort >= lane.begun);
        reader.count_late((cohort, *floors), change, more, misses);
    }

    fn make_final(&mut self, hour: i32, (cell, cohort): (u32, i32), shift: &Shift) {
        // Changes that cancel out leave no cohort behind: whether they met here depends on the order of arrival.
        if *shift == Shift::default() {
            return;
        }
        let Self { readers, lanes, floors, unwaited, .. } = self;
        // After a change of plan a staged cell may have no reader.
        let Some(Some(reader)) = reader(readers.get_mut(cell as usize)) else { return };
        let CellKey { channel, group, stratum, .. } = reader.key;
        let mut is_late = false;
        for index in reader.lanes() {
            let Some(lane) = lane(lanes.get_mut(index)).filter(|lane| cohort >= lane.begun) else { continue };
            if stratum.is_none_or(|(id, _)| !unwaited.contains(&id)) {
                lane.delays.note(hour, cohort, shift, (group, stratum));
            }
            if cohort < lane.passed {
                is_late = true;
            } else {
                shift.apply(lane.cohort(cohort).counts.entry((channel, group, stratum)).or_default());
            }
        }
        if !is_late {
            return;
        }
        let misses =
            |index: usize| lane(lanes.get(index)).is_some_and(|lane| (lane.begun..lane.passed).contains(&cohort));
        reader.count_late((cohort, *floors), shift, true, misses);
    }
}

#[track_caller]
fn reader<R>(reader: Option<R>) -> Option<R> {
    invariant::present(Room::Evidence, "every cell of a route was learned", reader)
}

#[track_caller]
fn lane<L>(lane: Option<L>) -> Option<L> {
    invariant::present(Room::Evidence, "a feed that a reader or a table names has a lane", lane)
}

/// A change that is not final: cell, hour of the cohort, change.
type Staged = (u32, i32, Shift);

/// The cohorts in a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CohortsState {
    lanes: Vec<Lane>,
    staged: Vec<(i32, Vec<Staged>)>,
    floor: i32,
    /// By cell: cases whose facts came too late.
    late: Vec<(u32, u64)>,
    /// The same by cohort, and by feed. Formats 3 and 4 have none.
    #[serde(skip)]
    late_by_time: Vec<LateCases>,
}

/// Cases of one cell that came too late for evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LateCases {
    cell: u32,
    /// Index of the feed for which they came too late; `None` for all that read the cell.
    feed: Option<u32>,
    cases: CasesByTime,
}

impl From<(u32, CasesByTime)> for LateCases {
    fn from((cell, cases): (u32, CasesByTime)) -> Self {
        Self { cell, feed: None, cases }
    }
}

impl Cohorts {
    /// Returns what a checkpoint stores.
    #[must_use]
    pub fn state(&self) -> CohortsState {
        let staged = self.staged.iter().map(|(hour, changes)| {
            let mut changes: Vec<Staged> =
                changes.iter().map(|((cell, cohort), shift)| (*cell, *cohort, *shift)).collect();
            // So that the same state gives the same bytes.
            changes.sort_unstable_by_key(|(cell, cohort, _)| (*cell, *cohort));
            (*hour, changes)
        });
        let readers = self.readers.iter().zip(0..).filter_map(|(reader, cell)| Some((reader.as_ref()?, cell)));
        let by_time = readers.flat_map(|(reader, cell)| {
            let of_feed = move |(lane, cases): (usize, &CasesByTime)| {
                Some(LateCases { cell, feed: Some(u32::try_from(lane).ok()?), cases: cases.clone() })
            };
            reader.late_by_lane().filter_map(of_feed)
        });
        let late = self.readers.iter().zip(0..).filter_map(|(reader, cell)| Some((cell, reader.as_ref()?.late)));
        CohortsState {
            lanes: self.lanes.clone(),
            staged: staged.collect(),
            floor: self.floor,
            late: late.filter(|(_, late)| *late > 0).collect(),
            late_by_time: by_time.collect(),
        }
    }

    /// Restores what [`Self::state`] returned. `keys` names the restored cells of the windows, and `cell` returns the
    /// present place of a stored one. What no feed of the plan reads any more is left out.
    ///
    /// A feed that was not stored begins at `begin`, the first hour that no event has reached: nobody kept what it
    /// would have read before.
    pub fn restore(
        &mut self,
        state: CohortsState,
        mapping: &Mapping,
        keys: &[CellKey],
        cell: impl Fn(u32) -> Option<u32>,
        begin: i32,
    ) {
        self.learn_cells(keys);
        let CohortsState { lanes, staged, floor, late, late_by_time } = state;
        // No event is from before 1970, so nothing is final there. Another floor would have every hour since passed one
        // by one.
        self.floor = if floor < 0 { i32::MIN } else { floor };
        let begin = begin.max(floor);
        self.lanes.iter_mut().for_each(|lane| (lane.passed, lane.begun) = (begin, begin));
        let mut places = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let lane = lane.renamed(mapping);
            let place = lane.as_ref().and_then(|lane| self.lanes.iter().position(|known| known.feed == lane.feed));
            if let (Some(lane), Some(known)) = (lane, place.and_then(|place| self.lanes.get_mut(place))) {
                *known = lane;
            }
            places.push(place);
        }
        for (hour, changes) in staged {
            let known = changes.into_iter().filter_map(|(id, cohort, shift)| Some(((cell(id)?, cohort), shift)));
            self.staged.insert(hour, known.collect());
        }
        for (id, cases) in late {
            let reader = cell(id).and_then(|id| self.readers.get_mut(id as usize)).and_then(Option::as_mut);
            if let Some(reader) = reader {
                reader.late = cases;
            }
        }
        for LateCases { cell: id, feed, cases } in late_by_time {
            let lane = feed.map(|feed| places.get(feed as usize).copied().flatten());
            let reader = cell(id).and_then(|id| self.readers.get_mut(id as usize)).and_then(Option::as_mut);
            match (reader, lane) {
                (Some(reader), None) => reader.set_late(None, &cases),
                (Some(reader), Some(Some(lane))) => reader.set_late(Some(lane), &cases),
                // A feed that is gone misses nothing.
                _ => {}
            }
        }
    }
}

impl CohortsState {
    /// Returns the late cases by cohort and feed, which the encoding leaves out.
    #[must_use]
    pub fn late_by_time(&self) -> &[LateCases] {
        &self.late_by_time
    }

    /// Sets what [`Self::late_by_time`] returned.
    pub fn set_late_by_time(&mut self, late: Vec<LateCases>) {
        self.late_by_time = late;
    }

    /// Returns how late membership comes in each feed, which the encoding of the feeds leaves out.
    #[must_use]
    pub fn delays(&self) -> Vec<Delays> {
        self.lanes.iter().map(|lane| lane.delays.clone()).collect()
    }

    /// Sets what [`Self::delays`] returned. A feed without has learned nothing.
    pub fn set_delays(&mut self, delays: Vec<Delays>) {
        self.lanes.iter_mut().zip(delays).for_each(|(lane, delays)| lane.delays = delays);
    }

    /// Returns the first hour of each feed, which the encoding of the feeds leaves out.
    #[must_use]
    pub fn begun(&self) -> Vec<i32> {
        self.lanes.iter().map(|lane| lane.begun).collect()
    }

    /// Sets what [`Self::begun`] returned. A feed without a first hour reads every cohort.
    pub fn set_begun(&mut self, begun: &[i32]) {
        self.lanes.iter_mut().zip(begun).for_each(|(lane, begun)| lane.begun = *begun);
    }
}

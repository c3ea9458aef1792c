//! Final facts by cohort, and when a cohort is sealed: what evidence reads.
//!
//! Facts are staged by the hour of their event and become final, an hour at a time, when the watermark has passed that hour by the allowed
//! lateness. Everything here happens at such boundaries of event time and reads sums alone, so the order of arrival leaves no trace.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::feed::CohortFeed;
use super::lane::Lane;
use super::shift::Shift;
use crate::plan::{EventTime, Mapping, Span, hour_of};
use crate::window::CellKey;

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

impl Cohorts {
    /// Nothing staged. A feed's place in `feeds` is its index everywhere.
    #[must_use]
    pub fn new(feeds: Vec<CohortFeed>, lateness: Span, max_age: Span) -> Self {
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

    /// Learns of the cells that are new since the last call; `keys` names all cells.
    pub(super) fn learn_cells(&mut self, keys: &[CellKey]) {
        for key in keys.iter().skip(self.readers.len()) {
            let reads = |lane: &Lane| lane.feed.reads(key);
            let lanes: Box<[usize]> =
                self.lanes.iter().enumerate().filter(|(_, lane)| reads(lane)).map(|(index, _)| index).collect();
            self.readers.push((!lanes.is_empty()).then(|| Reader { key: *key, lanes, late: 0 }));
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
                let counts = lane.cohort(cohort).counts.entry((channel, group, stratum)).or_default();
                shift.move_counts(counts);
            }
        }
        reader.late = reader.late.saturating_add(missed);
    }
}

/// A change that is not final: cell, hour of the cohort, change.
type Staged = (u32, i32, Shift);

/// What goes into a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CohortsState {
    lanes: Vec<Lane>,
    staged: Vec<(i32, Vec<Staged>)>,
    floor: i32,
    /// By cell: what came too late.
    late: Vec<(u32, u64)>,
}

impl Cohorts {
    /// Returns what goes into a checkpoint.
    #[must_use]
    pub fn state(&self) -> CohortsState {
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
    pub fn restore(
        &mut self,
        state: CohortsState,
        mapping: &Mapping,
        keys: &[CellKey],
        cell: impl Fn(u32) -> Option<u32>,
        begin: i32,
    ) {
        self.learn_cells(keys);
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
    #[must_use]
    pub fn begun(&self) -> Vec<i32> {
        self.lanes.iter().map(|lane| lane.begun).collect()
    }

    /// Takes in what [`Self::begun`] gave; feeds without one are read from the first hour on.
    pub fn set_begun(&mut self, begun: &[i32]) {
        self.lanes.iter_mut().zip(begun).for_each(|(lane, begun)| lane.begun = *begun);
    }
}

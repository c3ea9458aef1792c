//! Which feeds read a cell, and what came too late for them.

use super::feed::Maturity;
use super::lane::Lane;
use super::shift::Shift;
use crate::plan::Slot;
use crate::window::{Cases, CasesByTime, CellKey, Floors, Range};

/// The feeds that read a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    pub key: CellKey,
    feeds: Box<[ReadingFeed]>,
    /// Cases whose facts came too late for their cohort.
    pub late: u64,
    /// Rises with every change of the late cases. What is held does not depend on it.
    pub late_changes: u64,
}

/// One of the feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReadingFeed {
    /// Index of its lane.
    lane: usize,
    maturity: Maturity,
    /// Cases that came too late for it, by cohort, within the history.
    late: CasesByTime,
}

impl Reader {
    /// Returns the reader of a cell; `None` where no feed reads it.
    pub fn of(key: &CellKey, lanes: &[Lane]) -> Option<Self> {
        let reads = lanes.iter().enumerate().filter(|(_, lane)| lane.feed.reads(key));
        let feeds: Box<[ReadingFeed]> = reads
            .map(|(index, lane)| ReadingFeed {
                lane: index,
                maturity: lane.feed.maturity,
                late: CasesByTime::default(),
            })
            .collect();
        (!feeds.is_empty()).then_some(Self { key: *key, feeds, late: 0, late_changes: 0 })
    }

    /// Returns the indices of the lanes.
    pub fn lanes(&self) -> impl Iterator<Item = usize> + '_ {
        self.feeds.iter().map(|feed| feed.lane)
    }

    /// Counts cases of a cohort that came too late, or that are missed no longer, for each feed that `misses` them: those
    /// that `change` moves in the counts that it reads. No comparison counts cases without a group, so evidence misses
    /// nothing of them.
    pub fn count_late(
        &mut self,
        (cohort, floors): (i32, Floors),
        change: &Shift,
        more: bool,
        misses: impl Fn(usize) -> bool,
    ) {
        if self.key.group == Slot::NONE {
            return;
        }
        let mut most = 0;
        for feed in self.feeds.iter_mut().filter(|feed| misses(feed.lane)) {
            let cases = change.cases(feed.maturity);
            if cases == Cases::default() {
                continue;
            }
            if more {
                feed.late.add(cohort, floors, cases);
            } else {
                feed.late.remove(cohort, floors, cases);
            }
            most = most.max(cases.all);
        }
        // Not below 0: a checkpoint may hold less than its cases say.
        self.late = if more { self.late.saturating_add(most) } else { self.late.saturating_sub(most) };
        self.late_changes = self.late_changes.wrapping_add(u64::from(most > 0));
    }

    /// Returns the cases that came too late for a feed of this maturity. Of several the most: they differ in their channels.
    pub fn late_in(&self, maturity: Maturity, range: Range) -> Cases {
        let of_maturity = self.feeds.iter().filter(|feed| feed.maturity == maturity);
        of_maturity.map(|feed| feed.late.sum(range)).fold(Cases::default(), Cases::max)
    }

    /// Keeps late cases in the buckets of the windows.
    pub fn age(&mut self, floors: Floors) {
        self.feeds.iter_mut().for_each(|feed| feed.late.age(floors));
    }

    /// Returns the late cases of each feed that has any, by the index of its lane.
    pub fn late_by_lane(&self) -> impl Iterator<Item = (usize, &CasesByTime)> {
        self.feeds.iter().filter(|feed| !feed.late.is_empty()).map(|feed| (feed.lane, &feed.late))
    }

    /// Sets the late cases of one feed; of all for `None`.
    pub fn set_late(&mut self, lane: Option<usize>, late: &CasesByTime) {
        let feeds = self.feeds.iter_mut().filter(|feed| lane.is_none_or(|lane| lane == feed.lane));
        feeds.for_each(|feed| feed.late = late.clone());
    }
}

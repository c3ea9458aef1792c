//! Missing cases of one place over time, in the buckets of a cell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::{Range, bucket, index};
use crate::plan::{EventTime, Span};

/// Hours of a day.
const DAY: i32 = 24;

/// Cases, and those among them that may have been picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cases {
    /// All of them.
    pub all: u64,
    /// Those that were picked, or of which that is not known.
    pub picked: u64,
}

/// Cases by the hour of their cohort, and by its day where a cell has merged its hours. So a window holds a missing case
/// exactly where it would hold the case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesByTime {
    /// By hour since 1970.
    hours: BTreeMap<i32, Cases>,
    /// By day since 1970.
    days: BTreeMap<i32, Cases>,
}

/// Where the buckets of cells begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floors {
    /// The first hour since 1970 that is kept as such. It is the first of its day.
    pub hour: i32,
    /// The first day since 1970 that is kept.
    pub day: i32,
}

impl Default for Floors {
    fn default() -> Self {
        Self { hour: i32::MIN, day: i32::MIN }
    }
}

impl Floors {
    /// Returns whether anything of this hour is kept.
    #[must_use]
    pub const fn keep(&self, hour: i32) -> bool {
        hour.div_euclid(DAY) >= self.day
    }
}

impl Cases {
    /// Returns cases of which it is not known whether they were picked.
    #[must_use]
    pub const fn unknown(cases: u64) -> Self {
        Self { all: cases, picked: cases }
    }

    /// Returns the sum, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { all: self.all.saturating_add(other.all), picked: self.picked.saturating_add(other.picked) }
    }

    /// Returns the larger of both numbers.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { all: self.all.max(other.all), picked: self.picked.max(other.picked) }
    }

    /// Not more than all can be picked: an earlier version took every late case for picked.
    fn minus(self, other: Self) -> Self {
        let all = self.all.saturating_sub(other.all);
        Self { all, picked: self.picked.saturating_sub(other.picked).min(all) }
    }
}

impl CasesByTime {
    /// Adds cases of an hour, unless its day is no longer kept.
    pub fn add(&mut self, hour: i32, floors: Floors, cases: Cases) {
        if floors.keep(hour) {
            let (buckets, at) = self.place(hour, floors);
            let count = buckets.entry(at).or_default();
            *count = count.plus(cases);
        }
    }

    /// Takes cases of an hour away; a count stops at 0, as a checkpoint may hold less than its cases say.
    pub fn remove(&mut self, hour: i32, floors: Floors, cases: Cases) {
        let (buckets, at) = self.place(hour, floors);
        if let Some(count) = buckets.get_mut(&at) {
            *count = count.minus(cases);
            if *count == Cases::default() {
                buckets.remove(&at);
            }
        }
    }

    /// Returns the cases of the buckets that the range holds.
    #[must_use]
    pub fn sum(&self, range: Range) -> Cases {
        let of = |buckets: &BTreeMap<i32, Cases>, length: Span| {
            let from = buckets.range(index(range.after, length)..);
            let until = from.take_while(|(at, _)| bucket(**at, length).start <= range.last);
            let held = until.filter(|(at, _)| range.holds(bucket(**at, length)));
            held.fold(Cases::default(), |sum, (_, cases)| sum.plus(*cases))
        };
        of(&self.days, Span::DAY).plus(of(&self.hours, Span::HOUR))
    }

    /// Merges the hours before the first that is kept into their days, and drops the days before the first.
    pub fn age(&mut self, floors: Floors) {
        if self.hours.keys().next().is_some_and(|hour| *hour < floors.hour) {
            let kept = self.hours.split_off(&floors.hour);
            for (hour, cases) in std::mem::replace(&mut self.hours, kept) {
                let day = self.days.entry(hour.div_euclid(DAY)).or_default();
                *day = day.plus(cases);
            }
        }
        if self.days.keys().next().is_some_and(|day| *day < floors.day) {
            self.days = self.days.split_off(&floors.day);
        }
    }

    /// Returns whether there are no cases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.days.is_empty()
    }

    /// The buckets that hold an hour, and the place in them.
    const fn place(&mut self, hour: i32, floors: Floors) -> (&mut BTreeMap<i32, Cases>, i32) {
        if hour >= floors.hour { (&mut self.hours, hour) } else { (&mut self.days, hour.div_euclid(DAY)) }
    }
}

/// Returns the hour of a time, as buckets have it.
pub(super) fn hour(time: EventTime) -> i32 {
    index(time, Span::HOUR)
}

#[cfg(test)]
mod tests {
    use super::super::cell::Cell;
    use super::super::counts::Counts;
    use super::*;

    /// Whatever is counted before the hours are merged, or after.
    #[test]
    fn a_window_holds_the_missing_cases_that_a_cell_would_hold() {
        let at = |hour: i32| EventTime(Span::HOUR.times(hour.into()).0);
        let floors = Floors { hour: 30 * DAY, day: 3 };
        for aged_first in [false, true] {
            let (mut cases, mut cell) = (CasesByTime::default(), Cell::<Counts>::default());
            let before = if aged_first { floors } else { Floors::default() };
            for hour in floors.day * DAY..40 * DAY {
                cases.add(hour, before, Cases { all: 2, picked: 1 });
                cell.update(at(hour), before.hour, |counts| {
                    (counts.assessed, counts.selected) = (counts.assessed + 2, counts.selected + 1)
                });
            }
            cases.add(5, before, Cases::unknown(7));
            cases.age(floors);
            cell.age(floors.hour, floors.day);
            for end in 30 * DAY..42 * DAY {
                for length in [Span::HOUR, Span::DAY, Span::DAY.times(7), Span::DAY.times(30)] {
                    let range = Range::rolling(at(end), length);
                    let (found, expected) = (cases.sum(range), cell.sum(range));
                    assert_eq!((found.all, found.picked), (expected.assessed, expected.selected), "{end} {length:?}");
                }
            }
            (floors.day * DAY..40 * DAY).for_each(|hour| cases.remove(hour, floors, Cases { all: 2, picked: 1 }));
            cases.remove(floors.hour, floors, Cases::unknown(1));
            assert!(cases.is_empty());
        }
    }
}

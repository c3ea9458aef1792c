//! One cell's counts over time: by the hour for a week, by the day for the history.

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use crate::plan::{EventTime, Span};

/// The counts of one profile, channel, dimension and group (and stratum) in buckets of two resolutions.
///
/// There are at most 8 x 24 hours, and as many days as the history has. At 80 bytes each that is under 64 KiB with 400
/// days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell<S = Counts> {
    /// By hour since 1970, ascending.
    pub(super) hours: Vec<(i32, S)>,
    /// By day since 1970, ascending.
    pub(super) days: Vec<(i32, S)>,
    /// By day since 1970, ascending: the part that was sealed by the hour, of days that may not be sealed yet.
    #[serde(skip)]
    pub(super) sealed: Vec<(i32, S)>,
    #[serde(skip)]
    changes: Changes,
}

/// How often a cell was changed since it was made or restored. What it holds does not depend on it, so all are equal.
#[derive(Clone, Copy, Debug, Default)]
struct Changes(u64);

impl PartialEq for Changes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Changes {}

/// The content of a bucket: sums that can be added up.
pub trait Sums: Default {
    /// Adds `other`, saturating.
    fn merge(&mut self, other: &Self);

    /// Returns the bytes allocated on the heap, without the value itself.
    fn heap_bytes(&self) -> usize;
}

/// A span of whole buckets: those that end after `after` and start at or before `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Exclusive: a bucket must end after it.
    pub after: EventTime,
    /// Inclusive: a bucket must start at or before it.
    pub last: EventTime,
}

/// An hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// Inclusive.
    pub start: EventTime,
    /// Exclusive.
    pub end: EventTime,
}

impl<S: Sums> Cell<S> {
    /// Changes the bucket that holds `time`. `hour_floor` is the first hour that is not merged into its day.
    pub fn update(&mut self, time: EventTime, hour_floor: i32, change: impl FnOnce(&mut S)) {
        self.changes.0 = self.changes.0.wrapping_add(1);
        let hour = index(time, Span::HOUR);
        if hour >= hour_floor {
            change(entry(&mut self.hours, hour));
        } else {
            change(entry(&mut self.days, index(time, Span::DAY)));
        }
    }

    /// Does to the sealed part of a day what [`Self::update`] did to the day.
    pub fn update_sealed(&mut self, time: EventTime, change: impl FnOnce(&mut S)) {
        change(entry(&mut self.sealed, index(time, Span::DAY)));
    }

    /// Notes the sealed hours before `hour_floor`, which are merged next; forgets what was sealed of days before
    /// `day_floor`.
    pub fn seal(&mut self, hour_floor: i32, day_floor: i32, is_sealed: impl Fn(i32) -> bool) {
        self.changes.0 = self.changes.0.wrapping_add(1);
        for (hour, sums) in self.hours.iter().take_while(|(hour, _)| *hour < hour_floor) {
            if is_sealed(*hour) {
                entry(&mut self.sealed, hour.div_euclid(24)).merge(sums);
            }
        }
        self.sealed.retain(|(day, _)| *day >= day_floor);
    }

    /// Returns the part of a day that was sealed by the hour.
    #[must_use]
    pub fn sealed_of(&self, day: i32) -> Option<&S> {
        let place = self.sealed.binary_search_by_key(&day, |(known, _)| *known).ok()?;
        self.sealed.get(place).map(|(_, sums)| sums)
    }

    /// Returns the bucket that [`Self::update`] would change, if there is one.
    #[must_use]
    pub fn bucket_of(&self, time: EventTime, hour_floor: i32) -> Option<&S> {
        let hour = index(time, Span::HOUR);
        let (buckets, place) =
            if hour >= hour_floor { (&self.hours, hour) } else { (&self.days, index(time, Span::DAY)) };
        // Most events are about the newest bucket or one shortly before.
        let found = buckets.binary_search_by_key(&place, |(known, _)| *known).ok()?;
        buckets.get(found).map(|(_, sums)| sums)
    }

    /// Returns whether [`Self::age`] would change anything.
    #[must_use]
    pub fn ages(&self, hour_floor: i32, day_floor: i32) -> bool {
        let begins = |buckets: &[(i32, S)], floor: i32| buckets.first().is_some_and(|(index, _)| *index < floor);
        begins(&self.hours, hour_floor) || begins(&self.days, day_floor)
    }

    /// Merges the hours before `hour_floor`, which is the first hour of a day, into their days; drops the days before
    /// `day_floor`.
    pub fn age(&mut self, hour_floor: i32, day_floor: i32) {
        self.changes.0 = self.changes.0.wrapping_add(1);
        let old = self.hours.partition_point(|(hour, _)| *hour < hour_floor);
        for (hour, sums) in self.hours.drain(..old) {
            entry(&mut self.days, hour.div_euclid(24)).merge(&sums);
        }
        let expired = self.days.partition_point(|(day, _)| *day < day_floor);
        self.days.drain(..expired);
    }

    /// Returns a number that rises with every change since the cell was made or restored. As long as it stays, so do all
    /// sums over the same buckets.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes.0
    }

    /// Returns the buckets of the range that hold anything: first the days, then the hours, each in time order.
    pub fn buckets(&self, range: Range) -> impl Iterator<Item = (Bucket, &S)> {
        let days = within(&self.days, range, Span::DAY);
        let hours = within(&self.hours, range, Span::HOUR);
        days.chain(hours)
    }

    /// Returns the sum over the range.
    #[must_use]
    pub fn sum(&self, range: Range) -> S {
        let mut sum = S::default();
        self.buckets(range).for_each(|(_, sums)| sum.merge(sums));
        sum
    }

    /// Returns the sums of all buckets.
    pub fn sums(&self) -> impl Iterator<Item = &S> {
        self.hours.iter().chain(&self.days).map(|(_, sums)| sums)
    }

    /// Returns the bytes allocated for buckets.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let on_heap: usize = self.sums().map(Sums::heap_bytes).sum();
        (self.hours.capacity() + self.days.capacity() + self.sealed.capacity()) * size_of::<(i32, S)>() + on_heap
    }
}

impl Sums for Counts {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Range {
    /// Returns the rolling window of this length that ends at `end`, inclusive.
    #[must_use]
    pub const fn rolling(end: EventTime, length: Span) -> Self {
        Self { after: end.minus(length), last: end }
    }

    pub(super) const fn holds(self, bucket: Bucket) -> bool {
        bucket.start.0 <= self.last.0 && bucket.end.0 > self.after.0
    }
}

/// Returns the index of the bucket of this length that holds `time`. Saturates far outside the times that the contract
/// allows.
pub(super) fn index(time: EventTime, length: Span) -> i32 {
    let index = time.0.div_euclid(length.0);
    i32::try_from(index).unwrap_or(if index < 0 { i32::MIN } else { i32::MAX })
}

fn within<S>(buckets: &[(i32, S)], range: Range, length: Span) -> impl Iterator<Item = (Bucket, &S)> {
    let first = buckets.partition_point(move |(index, _)| bucket(*index, length).end <= range.after);
    buckets
        .iter()
        .skip(first)
        .map(move |(index, sums)| (bucket(*index, length), sums))
        .take_while(move |(bucket, _)| range.holds(*bucket))
}

pub(super) const fn bucket(index: i32, length: Span) -> Bucket {
    let start = EventTime(index as i64 * length.0);
    Bucket { start, end: start.plus(length) }
}

/// Returns the sums at `index`, added where missing. Events come nearly in order, so the search starts at the end.
fn entry<S: Default>(buckets: &mut Vec<(i32, S)>, index: i32) -> &mut S {
    let position = match buckets.last() {
        Some((last, _)) if *last == index => Ok(buckets.len() - 1),
        Some((last, _)) if *last > index => buckets.binary_search_by_key(&index, |(known, _)| *known),
        _ => Err(buckets.len()),
    };
    let position = position.unwrap_or_else(|position| {
        buckets.insert(position, (index, S::default()));
        position
    });
    #[expect(clippy::indexing_slicing, reason = "the position was found or inserted just now")]
    &mut buckets[position].1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(count: i64) -> EventTime {
        EventTime(Span::HOUR.times(count).0)
    }

    #[test]
    fn a_window_holds_whole_buckets_with_an_inclusive_end() {
        let mut cell = Cell::<Counts>::default();
        for hour in 0..48 {
            cell.update(hours(hour), 0, |counts| counts.assessed += 1);
        }
        // It ends at 47:00. The hour from 47:00 is in it, and so are the 24 hours that end after 23:00.
        assert_eq!(cell.sum(Range::rolling(hours(47), Span::DAY)).assessed, 25);
        // It ends at 46:30.
        let half_past = EventTime(hours(46).0 + Span::MINUTE.times(30).0);
        assert_eq!(cell.sum(Range::rolling(half_past, Span::DAY)).assessed, 25);
    }

    #[test]
    fn ageing_moves_hours_into_days_and_keeps_their_sum() {
        let mut cell = Cell::<Counts>::default();
        for hour in 0..72 {
            cell.update(hours(hour), 0, |counts| counts.assessed += 1);
        }
        cell.age(48, 0);
        assert_eq!((cell.days.len(), cell.hours.len()), (2, 24));
        assert_eq!(cell.sum(Range::rolling(hours(71), Span::DAY.times(3))).assessed, 72);
        // A late case goes to its day.
        cell.update(hours(5), 48, |counts| counts.assessed += 1);
        assert_eq!(cell.days.first().map(|(_, counts)| counts.assessed), Some(25));
        cell.age(48, 1);
        assert_eq!(cell.days.len(), 1);
    }

    #[test]
    fn a_full_cell_stays_under_64_kib() {
        assert!((8 * 24 + 402) * size_of::<(i32, Counts)>() < 64 * 1024);
    }
}

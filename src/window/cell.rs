//! One cell's counts over time: hours for a week, days for the history.

use serde::{Deserialize, Serialize};

use crate::plan::{EventTime, Span};
use crate::window::Counts;

/// The counts of one profile, channel, dimension and group (and stratum) in buckets of two resolutions.
///
/// At most 8 x 24 hours and as many days as the history has, 80 bytes each: under 64 KiB with 400 days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell<S = Counts> {
    hours: Vec<(i32, S)>,
    days: Vec<(i32, S)>,
}

/// What a bucket holds: sums, to which others can be added.
pub trait Sums: Default {
    /// All of `other` more, saturating.
    fn merge(&mut self, other: &Self);

    /// Bytes allocated beyond its own size.
    fn heap_bytes(&self) -> usize;
}

/// A span of whole buckets: those that start at or before `last` and end after `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Exclusive: a bucket must end after it.
    pub after: EventTime,
    /// Inclusive: a bucket must start at or before it.
    pub last: EventTime,
}

/// A bucket of either resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// Its first moment.
    pub start: EventTime,
    /// The first moment after it.
    pub end: EventTime,
}

impl Range {
    /// The rolling window of this length that ends at `end`, inclusive.
    #[must_use]
    pub const fn rolling(end: EventTime, length: Span) -> Self {
        Self { after: end.minus(length), last: end }
    }

    const fn holds(self, bucket: Bucket) -> bool {
        bucket.start.0 <= self.last.0 && bucket.end.0 > self.after.0
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

impl<S: Sums> Cell<S> {
    /// Changes the bucket that holds `time`; `hour_floor` is the first hour still kept as such.
    pub fn update(&mut self, time: EventTime, hour_floor: i32, change: impl FnOnce(&mut S)) {
        let hour = index(time, Span::HOUR);
        if hour >= hour_floor {
            change(entry(&mut self.hours, hour));
        } else {
            change(entry(&mut self.days, index(time, Span::DAY)));
        }
    }

    /// Whether [`Self::age`] would change anything.
    #[must_use]
    pub fn ages(&self, hour_floor: i32, day_floor: i32) -> bool {
        let begins = |buckets: &[(i32, S)], floor: i32| buckets.first().is_some_and(|(index, _)| *index < floor);
        begins(&self.hours, hour_floor) || begins(&self.days, day_floor)
    }

    /// Merges the hours before `hour_floor` (a day's first hour) into their days, and forgets the days before `day_floor`.
    pub fn age(&mut self, hour_floor: i32, day_floor: i32) {
        let old = self.hours.partition_point(|(hour, _)| *hour < hour_floor);
        for (hour, counts) in self.hours.drain(..old) {
            entry(&mut self.days, hour.div_euclid(24)).merge(&counts);
        }
        let forgotten = self.days.partition_point(|(day, _)| *day < day_floor);
        self.days.drain(..forgotten);
    }

    /// The buckets in the range that hold anything, each resolution in time order.
    pub fn buckets(&self, range: Range) -> impl Iterator<Item = (Bucket, &S)> {
        let days = within(&self.days, range, Span::DAY);
        let hours = within(&self.hours, range, Span::HOUR);
        days.chain(hours)
    }

    /// The sum over the range.
    #[must_use]
    pub fn sum(&self, range: Range) -> S {
        let mut sum = S::default();
        self.buckets(range).for_each(|(_, counts)| sum.merge(counts));
        sum
    }

    /// Bytes allocated for buckets.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let beyond: usize = self.hours.iter().chain(&self.days).map(|(_, sums)| sums.heap_bytes()).sum();
        (self.hours.capacity() + self.days.capacity()) * size_of::<(i32, S)>() + beyond
    }
}

/// The index of the bucket of this length that holds `time`; saturates far outside the times the contract allows.
pub(super) fn index(time: EventTime, length: Span) -> i32 {
    let index = time.0.div_euclid(length.0);
    i32::try_from(index).unwrap_or(if index < 0 { i32::MIN } else { i32::MAX })
}

fn within<S>(buckets: &[(i32, S)], range: Range, length: Span) -> impl Iterator<Item = (Bucket, &S)> {
    let first = buckets.partition_point(move |(index, _)| bucket(*index, length).end <= range.after);
    buckets
        .get(first..)
        .unwrap_or_default()
        .iter()
        .map(move |(index, counts)| (bucket(*index, length), counts))
        .take_while(move |(bucket, _)| range.holds(*bucket))
}

const fn bucket(index: i32, length: Span) -> Bucket {
    let start = EventTime(index as i64 * length.0);
    Bucket { start, end: start.plus(length) }
}

/// The counts at `index`, made where missing. Events come nearly in order, so the search starts at the end.
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
        // Ends at 47:00, which is an event: that hour is in, and so are the 24 that end after 23:00.
        assert_eq!(cell.sum(Range::rolling(hours(47), Span::DAY)).assessed, 25);
        // Ends at 46:30.
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
        // A late fact goes to the day.
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

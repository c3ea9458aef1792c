//! The sums of several rolling windows over one cell, in one pass over its buckets.

use super::cell::{Bucket, Cell, Range, bucket, index};
use super::counts::Counts;
use crate::plan::{EventTime, Span};

/// Rolling windows that end together.
#[derive(Clone, Debug)]
pub struct Rolling {
    end: EventTime,
    /// The narrowest first, each with its place among those asked for.
    windows: Vec<(Range, usize)>,
}

/// Buckets that a sum leaves out: cohorts that are not sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// By hour since 1970, ascending.
    hours: Vec<i32>,
    /// By day since 1970, ascending.
    days: Vec<i32>,
}

impl Rolling {
    /// Returns the windows of these lengths that end at `end`, inclusive.
    #[must_use]
    pub fn new(end: EventTime, lengths: impl IntoIterator<Item = Span>) -> Self {
        let ranges = lengths.into_iter().map(|length| Range::rolling(end, length));
        let mut windows: Vec<(Range, usize)> = ranges.zip(0..).collect();
        windows.sort_by_key(|(range, place)| (std::cmp::Reverse(range.after), *place));
        Self { end, windows }
    }

    /// Returns the number of windows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Returns whether there is no window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Returns the widest window; an empty range where there is none.
    #[must_use]
    pub fn widest(&self) -> Range {
        self.windows.last().map_or(Range { after: self.end, last: EventTime::MIN }, |(range, _)| *range)
    }

    /// Returns what decides which buckets are in the windows: while it stays the same, they are the same.
    pub fn hours(&self) -> impl Iterator<Item = i32> {
        // A bucket begins and ends with an hour, so within an hour nothing enters or leaves.
        let begins = self.windows.iter().map(|(range, _)| index(range.after, Span::HOUR));
        std::iter::once(index(self.end, Span::HOUR)).chain(begins)
    }

    /// Returns the sums of a cell over each window, in the order in which they were asked for.
    #[must_use]
    pub fn sums(&self, cell: &Cell) -> Vec<Counts> {
        self.pass(cell, |within, _| {
            let mut sum = Counts::default();
            within.iter().for_each(|(_, counts)| sum.add_up(counts));
            sum
        })
    }

    /// Returns `sums`, which are those of the cell, without the buckets left out.
    #[must_use]
    pub fn without(&self, cell: &Cell, left_out: &LeftOut, sums: &[Counts]) -> Vec<Counts> {
        let less = self.pass(cell, |within, length| {
            let mut sum = Counts::default();
            left_out.among(within, length).for_each(|counts| sum.add_up(counts));
            sum
        });
        if sums.iter().any(Counts::is_bounded) {
            // What is missing in such a sum is not known: the others are added up.
            let rest = self.pass(cell, |within, length| {
                let mut sum = Counts::default();
                let others = within.iter().filter(|(index, _)| left_out.of(length).binary_search(index).is_err());
                others.for_each(|(_, counts)| sum.add_up(counts));
                sum
            });
            return self.with_sealed(cell, left_out, rest);
        }
        let mut rest = sums.to_vec();
        rest.iter_mut().zip(&less).for_each(|(sum, less)| sum.remove(less));
        self.with_sealed(cell, left_out, rest)
    }

    /// Adds the sealed hours of the days left out.
    fn with_sealed(&self, cell: &Cell, left_out: &LeftOut, mut sums: Vec<Counts>) -> Vec<Counts> {
        let days = cell.sealed.iter().filter(|(day, _)| left_out.days.binary_search(day).is_ok());
        for (day, sealed) in days {
            for (range, place) in &self.windows {
                if let Some(sum) = sums.get_mut(*place).filter(|_| range.holds(bucket(*day, Span::DAY))) {
                    sum.merge(sealed);
                }
            }
        }
        sums
    }

    /// Adds up what `sum` returns of the buckets that a window has and the next narrower one has not.
    fn pass(&self, cell: &Cell, sum: impl Fn(&[(i32, Counts)], Span) -> Counts) -> Vec<Counts> {
        let mut sums = vec![Counts::default(); self.windows.len()];
        for (buckets, length) in [(&cell.days, Span::DAY), (&cell.hours, Span::HOUR)] {
            let until = buckets.partition_point(|(index, _)| bucket(*index, length).start <= self.end);
            let (mut rest, _) = buckets.split_at(until);
            let mut so_far = Counts::default();
            for (range, place) in &self.windows {
                let first = rest.partition_point(|(index, _)| bucket(*index, length).end <= range.after);
                let (before, within) = rest.split_at(first);
                rest = before;
                so_far.add_up(&sum(within, length));
                if let Some(of_window) = sums.get_mut(*place) {
                    of_window.add_up(&so_far);
                }
            }
        }
        sums.into_iter().map(Counts::bounded).collect()
    }
}

impl LeftOut {
    /// Returns the buckets of the cells, within the range, for which `is_open` holds in any of them. Of a day it is asked
    /// what was not sealed by the hour; the rest is never left out.
    pub fn new<'c>(
        cells: impl IntoIterator<Item = &'c Cell>,
        range: Range,
        is_open: impl Fn(Bucket, &Counts) -> bool,
    ) -> Self {
        let mut left_out = Self::default();
        for cell in cells {
            let not_sealed = |index: i32, length: Span, sums: &Counts| {
                let mut rest = *sums;
                cell.sealed_of(index)
                    .filter(|_| length == Span::DAY)
                    .into_iter()
                    .for_each(|sealed| rest.remove(sealed));
                rest
            };
            for (buckets, length, open) in
                [(&cell.hours, Span::HOUR, &mut left_out.hours), (&cell.days, Span::DAY, &mut left_out.days)]
            {
                let first = buckets.partition_point(|(index, _)| bucket(*index, length).end <= range.after);
                let within =
                    buckets.iter().skip(first).take_while(|(index, _)| bucket(*index, length).start <= range.last);
                open.extend(
                    within
                        .filter(|(index, sums)| is_open(bucket(*index, length), &not_sealed(*index, length, sums)))
                        .map(|(index, _)| index),
                );
            }
        }
        for open in [&mut left_out.hours, &mut left_out.days] {
            open.sort_unstable();
            open.dedup();
        }
        left_out
    }

    /// Returns whether the bucket is left out.
    #[must_use]
    pub fn contains(&self, bucket: Bucket) -> bool {
        let length = bucket.end.since(bucket.start);
        self.of(length).binary_search(&index(bucket.start, length)).is_ok()
    }

    /// Returns whether no bucket is left out.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.days.is_empty()
    }

    fn of(&self, length: Span) -> &[i32] {
        if length == Span::DAY { &self.days } else { &self.hours }
    }

    /// The counts of those of the buckets that are left out.
    fn among<'b>(&self, buckets: &'b [(i32, Counts)], length: Span) -> impl Iterator<Item = &'b Counts> {
        let first = buckets.first().map_or(i32::MAX, |(index, _)| *index);
        let last = buckets.last().map_or(i32::MIN, |(index, _)| *index);
        let left_out =
            self.of(length).iter().skip_while(move |index| **index < first).take_while(move |index| **index <= last);
        left_out.filter_map(|index| {
            let place = buckets.binary_search_by_key(index, |(index, _)| *index).ok()?;
            buckets.get(place).map(|(_, counts)| counts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_each_range_alone() {
        let hour = |hour: i64| EventTime(Span::HOUR.times(hour).0);
        let mut cell = Cell::<Counts>::default();
        for at in 0..40 * 24 {
            cell.update(hour(at), 0, |counts| counts.assessed += 1 << (at % 50));
        }
        cell.age(33 * 24, 2);
        let lengths =
            [Span::DAY.times(30), Span::DAY, Span::HOUR, Span::DAY.times(7), Span::DAY.times(400), Span::MINUTE];
        for end in [hour(40 * 24 - 1), hour(40 * 24 - 5), EventTime(hour(35 * 24).0 + 1), hour(3), hour(50 * 24)] {
            let rolling = Rolling::new(end, lengths);
            let left_out = LeftOut::new([&cell], rolling.widest(), |bucket, _| bucket.start.0 % 7 == 0);
            let each = lengths.map(|length| {
                let mut sum = Counts::default();
                cell.buckets(Range::rolling(end, length)).filter(|(at, _)| !left_out.contains(*at)).for_each(
                    |(at, counts)| {
                        assert_ne!(at.start.0 % 7, 0);
                        sum.merge(counts);
                    },
                );
                sum
            });
            let all = lengths.map(|length| cell.sum(Range::rolling(end, length)));
            assert_eq!(rolling.sums(&cell), all);
            assert_eq!(rolling.without(&cell, &left_out, &all), each);
            assert_eq!(rolling.without(&cell, &LeftOut::default(), &all), all);
        }
    }

    #[test]
    fn a_sum_ends_at_the_largest_count() {
        let mut cell = Cell::<Counts>::default();
        for hour in 0..3 {
            cell.update(EventTime(Span::HOUR.times(hour).0), 0, |counts| counts.hits = u64::MAX / 2);
        }
        let range = Range::rolling(EventTime(Span::DAY.0), Span::DAY.times(2));
        let rolling = Rolling::new(EventTime(Span::DAY.0), [Span::DAY.times(2)]);
        let sums = rolling.sums(&cell);
        assert_eq!(sums, [cell.sum(range)]);
        let first_two = LeftOut::new([&cell], range, |bucket, _| bucket.start.0 < Span::HOUR.0 * 2);
        let last = cell.buckets(range).last().map(|(_, counts)| counts.bounded());
        assert_eq!(rolling.without(&cell, &first_two, &sums).first().copied(), last);
    }
}

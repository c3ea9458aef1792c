//! How late events are, measured. It decides nothing, so it is no part of the state.

use hdrhistogram::Histogram;

use crate::plan::{EventTime, PartitionIndex, Span};

/// Upper bounds of the buckets that are shown, in seconds: a second to 30 days.
pub const LATENESS_BOUNDS_S: [u32; 15] =
    [1, 10, 60, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 93_600, 172_800, 604_800, 2_592_000];

/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 2;
/// Longer latenesses are recorded as this one, in seconds.
const LARGEST_S: u64 = 366 * 86_400;
/// Events below which nothing is said about a feed.
const LEAST_EVENTS: u64 = 100;
/// A feed is regularly late where this share of its events is within more than the allowed lateness.
const REGULAR: f64 = 0.95;
/// The share of events that suffices.
const SUFFICIENT: f64 = 0.99;

/// How late events were, since the start of the program.
#[derive(Clone, Debug, Default)]
pub struct Latenesses {
    partitions: Vec<Feed>,
    /// By place among the groups of all dimensions.
    groups: Vec<Feed>,
    /// By how many seconds the last event was behind.
    last_s: u64,
    /// Moved on by [`STEP`] with each event that may be noted for its groups.
    turn: u64,
}

/// Events about cases that are known by a template, of which one is noted for its groups. It stands for all of them.
const NOTED_OF: u64 = 16;

/// An odd step, 2^64 by the golden ratio: the events whose turn is below one in [`NOTED_OF`] of all values are spread
/// evenly, and share no period with a stream that alternates between groups.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The events of a partition or group.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Those that were behind by a second at least; `None` until there is one.
    behind: Option<Box<Histogram<u64>>>,
    /// The others.
    in_order: u64,
    sum_s: u64,
}

impl Latenesses {
    /// Notes an event of a partition that had come up to `seen`.
    #[inline]
    pub fn note(&mut self, partition: PartitionIndex, time: EventTime, seen: EventTime) {
        self.last_s = if seen <= time { 0 } else { seconds(seen.since(time)) };
        record(&mut self.partitions, partition.0 as usize, self.last_s, 1);
    }

    /// Notes the groups of the last event, by their places.
    pub fn note_groups(&mut self, groups: impl IntoIterator<Item = u16>) {
        groups.into_iter().for_each(|group| record(&mut self.groups, usize::from(group), self.last_s, 1));
    }

    /// Notes the groups of the last event for as many, now and then. Only then they are asked for.
    #[inline]
    pub fn sample_groups<'g>(&mut self, groups: impl FnOnce() -> &'g [u16]) {
        self.turn = self.turn.wrapping_add(STEP);
        if self.turn < u64::MAX / NOTED_OF {
            groups().iter().for_each(|group| record(&mut self.groups, usize::from(*group), self.last_s, NOTED_OF));
        }
    }

    /// Forgets the groups: their places have changed.
    pub fn forget_groups(&mut self) {
        self.groups.clear();
    }

    /// Returns the partitions.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionIndex, &Feed)> {
        (0..).map(PartitionIndex).zip(&self.partitions).filter(|(_, feed)| feed.events() > 0)
    }

    /// Returns the groups at these places, as far as they have events.
    #[must_use]
    pub fn group(&self, place: usize) -> Option<&Feed> {
        self.groups.get(place).filter(|feed| feed.events() >= LEAST_EVENTS)
    }
}

impl Feed {
    fn record(&mut self, behind: u64, events: u64) {
        if behind == 0 {
            self.in_order = self.in_order.saturating_add(events);
            return;
        }
        if self.behind.is_none() {
            self.behind = Histogram::new_with_bounds(1, LARGEST_S, DIGITS).ok().map(Box::new);
        }
        if let Some(histogram) = &mut self.behind {
            histogram.saturating_record_n(behind, events);
            self.sum_s = self.sum_s.saturating_add(behind.saturating_mul(events));
        }
    }

    /// Returns the number of events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.in_order.saturating_add(self.behind.as_ref().map_or(0, |behind| behind.len()))
    }

    /// Returns the sum over all events, in seconds.
    #[must_use]
    pub const fn sum_seconds(&self) -> u64 {
        self.sum_s
    }

    /// Returns the events that were behind by at most each of [`LATENESS_BOUNDS_S`].
    #[must_use]
    pub fn cumulative(&self) -> [u64; LATENESS_BOUNDS_S.len()] {
        let behind = self.behind.as_ref();
        // Values that the histogram does not tell apart count as the largest of them.
        LATENESS_BOUNDS_S.map(|bound| {
            self.in_order.saturating_add(behind.map_or(0, |behind| behind.count_between(1, u64::from(bound))))
        })
    }

    /// Returns by how much all but one in twenty events were behind at most; `None` where there are too few.
    #[must_use]
    pub fn regular(&self) -> Option<Span> {
        self.quantile(REGULAR)
    }

    /// Returns, for a feed that is regularly later than is allowed, the whole hours that suffice for all but one in a
    /// hundred events.
    #[must_use]
    pub fn sufficient(&self, allowed: Span) -> Option<Span> {
        let hour = Span::HOUR.0;
        self.regular().filter(|regular| *regular > allowed)?;
        self.quantile(SUFFICIENT).map(|span| Span(span.0.saturating_add(hour - 1).div_euclid(hour) * hour))
    }

    fn quantile(&self, share: f64) -> Option<Span> {
        let all = self.events();
        if all < LEAST_EVENTS {
            return None;
        }
        let Some(behind) = &self.behind else { return Some(Span(0)) };
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
        let (all, in_order, late) = (all as f64, self.in_order as f64, behind.len() as f64);
        let rest = (share * all - in_order) / late;
        let seconds = if rest <= 0.0 { 0 } else { behind.value_at_quantile(rest) };
        Some(Span::SECOND.times(i64::try_from(seconds).unwrap_or(i64::MAX)))
    }
}

fn seconds(span: Span) -> u64 {
    u64::try_from(span.0 / Span::SECOND.0).unwrap_or(0)
}

#[inline]
fn record(feeds: &mut Vec<Feed>, place: usize, behind: u64, events: u64) {
    match feeds.get_mut(place) {
        Some(feed) if behind == 0 => feed.in_order = feed.in_order.saturating_add(events),
        _ => record_behind(feeds, place, behind, events),
    }
}

#[inline(never)]
fn record_behind(feeds: &mut Vec<Feed>, place: usize, behind: u64, events: u64) {
    if place >= feeds.len() {
        feeds.resize_with(place + 1, Feed::default);
    }
    if let Some(feed) = feeds.get_mut(place) {
        feed.record(behind, events);
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn of_groups_that_alternate_each_is_noted_for_about_its_events() {
        const EACH: u64 = 2_000;
        for groups in (1..=40_u16).chain([64, 89, 144, 256]) {
            let mut all = Latenesses::default();
            for event in 0..EACH * u64::from(groups) {
                let group = u16::try_from(event % u64::from(groups)).unwrap_or(0);
                all.sample_groups(|| std::slice::from_ref(&group));
            }
            for group in 0..usize::from(groups) {
                let noted = all.group(group).map_or(0, Feed::events);
                assert!(noted.abs_diff(EACH) <= EACH / 2, "{noted} of group {group} of {groups}");
            }
        }
    }

    #[test]
    fn a_feed_that_is_regularly_late_is_told_what_suffices() {
        let mut all = Latenesses::default();
        let noon = EventTime(Span::DAY.times(10).0);
        for minute in 0..1_000 {
            all.note(PartitionIndex(0), noon.minus(Span::MINUTE.times(minute)), noon);
            all.note(PartitionIndex(2), noon.plus(Span::MINUTE), noon);
        }
        let feeds: Vec<_> = all.partitions().map(|(index, feed)| (index.0, feed)).collect();
        let [(0, late), (2, in_order)] = feeds[..] else { panic!("{feeds:?}") };
        assert_eq!((late.events(), in_order.events()), (1_000, 1_000));
        let hours = |span: Option<Span>| span.map(|span| span.0 / Span::HOUR.0);
        assert_eq!(hours(late.regular()), Some(15));
        assert_eq!(hours(late.sufficient(Span::HOUR.times(6))), Some(17));
        assert_eq!(late.sufficient(Span::HOUR.times(16)), None);
        assert_eq!(in_order.sufficient(Span::SECOND), None);
        assert_eq!(in_order.cumulative()[0], 1_000);
        let cumulative = late.cumulative();
        assert!((58..=62).contains(&cumulative[5]) && cumulative[14] == 1_000, "{cumulative:?}");
    }
}

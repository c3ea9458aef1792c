//! The end and the beginning of a bounded input: the newest and the oldest time that its events support, whatever their order.

use std::collections::BTreeMap;

use crate::plan::{EventTime, Span, hour_of};

/// Events below which none is taken for an outlier.
const LEAST_EVENTS: u64 = 20;
/// Events that must follow a gap, at least; and as many as an hour usually has.
const LEAST_AFTER_GAP: u64 = 3;
/// Hours without an event are a gap from so many times the usual number between two hours with events.
const TIMES_USUAL_GAP: i32 = 4;
/// Hours without an event, as over the longest weekend, from which on a share of all events must follow.
const LONG_GAP_HOURS: i32 = 4 * 24;
/// That share is one in so many. No more than that share, or [`LEAST_AFTER_GAP`], may be beyond the end in all: outliers are few.
const SHARE_AFTER_LONG_GAP: u64 = 20;
/// No more than one event in so many, or [`LEAST_AFTER_GAP`], is before the beginning in all.
const SHARE_BEFORE_BEGINNING: u64 = 100;
/// One in so many must follow a gap that is longer than every window: otherwise time would leave the others behind.
const SHARE_AFTER_LONGEST_GAP: u64 = 2;

/// How many events each hour has, and the newest of each.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// By hour since 1970. Impossible times are refused before, so there are at most a million.
    hours: BTreeMap<i32, (u64, EventTime)>,
}

impl Ends {
    /// Counts an event.
    pub fn observe(&mut self, time: EventTime) {
        let (count, newest) = self.hours.entry(hour_of(time)).or_insert((0, time));
        *count = count.saturating_add(1);
        *newest = time.max(*newest);
    }

    /// Returns the newest time that the events support; `None` without an event. `longest` is the longest window.
    ///
    /// It is the newest event, unless few events follow a gap. Then it is the newest before the gap. Where that would leave out more than
    /// few, such gaps are usual, and none of them counts but those longer than `longest`, and only where they leave out less than half.
    #[must_use]
    pub fn supported(&self, longest: Span) -> Option<EventTime> {
        let newest = self.hours.last_key_value().map(|(_, (_, newest))| *newest)?;
        let all = self.hours.values().fold(0_u64, |sum, (count, _)| sum.saturating_add(*count));
        if all < LEAST_EVENTS {
            return Some(newest);
        }
        let longest = i32::try_from(longest.0 / Span::HOUR.0).unwrap_or(i32::MAX);
        let least_gap = self.usual_gap().saturating_mul(TIMES_USUAL_GAP).saturating_add(1).min(longest);
        let usual = LEAST_AFTER_GAP.max(self.usual_count());
        let (end, beyond) = self.end((newest, all, longest), (least_gap, usual));
        if beyond <= LEAST_AFTER_GAP.max(all / SHARE_AFTER_LONG_GAP) {
            return Some(end);
        }
        let (end, beyond) = self.end((newest, all, longest), (longest.saturating_add(1), usual));
        Some(if beyond < all.div_ceil(SHARE_AFTER_LONGEST_GAP) { end } else { newest })
    }

    /// Returns the hour at which the events begin, where few events are older than that by more than the `history`: they share no window and no
    /// case with what follows. `None` where there are none. Events after `as_of` are not read.
    #[must_use]
    pub fn beginning(&self, history: Span, as_of: Option<EventTime>) -> Option<EventTime> {
        let last = as_of.map_or(i32::MAX, hour_of);
        let all = self.hours.range(..=last).fold(0_u64, |sum, (_, (count, _))| sum.saturating_add(*count));
        let few = LEAST_AFTER_GAP.max(all / SHARE_BEFORE_BEGINNING);
        let history = i32::try_from(history.0 / Span::HOUR.0).unwrap_or(i32::MAX);
        let (mut before, mut beginning) = (0_u64, None);
        let (read, following) = (self.hours.range(..=last), self.hours.range(..=last).skip(1));
        for ((hour, (count, _)), (next, _)) in read.zip(following) {
            before = before.saturating_add(*count);
            if all < LEAST_EVENTS || before > few {
                break;
            }
            if next.saturating_sub(*hour) > history {
                beginning = Some(EventTime(Span::HOUR.times(i64::from(*next)).0));
            }
        }
        beginning
    }

    /// Forgets the events before this time.
    pub fn forget_before(&mut self, time: EventTime) {
        self.hours = self.hours.split_off(&hour_of(time));
    }

    /// Returns the end, if gaps are from `least_gap` hours on and `usual` events must follow, and how many events are beyond it.
    fn end(&self, (newest, all, longest): (EventTime, u64, i32), (least_gap, usual): (i32, u64)) -> (EventTime, u64) {
        let (mut end, mut beyond) = (newest, 0_u64);
        let (mut after, mut later) = (0_u64, None);
        for (hour, (count, newest)) in self.hours.iter().rev() {
            let gap = later.map_or(0, |later: i32| later.saturating_sub(*hour).saturating_sub(1));
            if gap >= least_gap && after < needed(gap, (all, usual), longest) {
                // What is beyond the end supports no other end.
                end = *newest;
                beyond = beyond.saturating_add(std::mem::take(&mut after));
            }
            after = after.saturating_add(*count);
            later = Some(*hour);
        }
        (end, beyond)
    }

    /// Returns the median of the events of an hour that has any.
    fn usual_count(&self) -> u64 {
        let mut counts: Vec<u64> = self.hours.values().map(|(count, _)| *count).collect();
        let middle = counts.len() / 2;
        if counts.is_empty() { 0 } else { *counts.select_nth_unstable(middle).1 }
    }

    /// Returns the median of the hours between two hours with events.
    fn usual_gap(&self) -> i32 {
        let hours = self.hours.keys().zip(self.hours.keys().skip(1));
        let mut gaps: Vec<i32> = hours.map(|(one, next)| next.saturating_sub(*one).saturating_sub(1)).collect();
        let middle = gaps.len() / 2;
        if gaps.is_empty() { 0 } else { *gaps.select_nth_unstable(middle).1 }
    }
}

/// Returns how many events must follow a gap of so many whole hours for time to pass it.
fn needed(gap: i32, (all, usual): (u64, u64), longest: i32) -> u64 {
    if gap > longest {
        all.div_ceil(SHARE_AFTER_LONGEST_GAP)
    } else if gap > LONG_GAP_HOURS {
        all.div_ceil(SHARE_AFTER_LONG_GAP).max(usual)
    } else {
        usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: Span = Span(7 * Span::DAY.0);

    fn ends(hours: impl IntoIterator<Item = i64>) -> Option<i64> {
        let mut ends = Ends::default();
        hours.into_iter().for_each(|hour| ends.observe(EventTime(Span::HOUR.0 * hour)));
        ends.supported(WEEK).map(|end| end.0 / Span::HOUR.0)
    }

    #[test]
    fn few_events_after_a_gap_do_not_move_the_end() {
        assert_eq!(ends([]), None);
        assert_eq!(ends(0..100), Some(99));
        assert_eq!(ends((0..100).chain([122])), Some(99), "23 hours ahead");
        assert_eq!(ends((0..100).chain([122, 9_000, 90_000])), Some(99), "hours and years ahead");
        assert_eq!(ends((0..100).chain((9_000..9_030).step_by(3))), Some(99), "a tenth, a year ahead");
        assert_eq!(ends((0..100).chain(164..167)), Some(166), "after a weekend");
        assert_eq!(ends((0..100).chain(9_000..9_100)), Some(9_099), "as many after a year");
        assert_eq!(ends([0, 700]), Some(700), "two events are too few to tell");
    }

    #[test]
    fn few_events_before_a_gap_longer_than_the_history_are_before_the_beginning() {
        let beginning = |hours: &[std::ops::Range<i64>]| {
            let mut ends = Ends::default();
            hours.iter().cloned().flatten().for_each(|hour| ends.observe(EventTime(Span::HOUR.0 * hour)));
            ends.beginning(WEEK, None).map(|beginning| beginning.0 / Span::HOUR.0)
        };
        let stream = 9_000..9_100;
        assert_eq!(beginning(std::slice::from_ref(&stream)), None);
        assert_eq!(beginning(&[0..1, 800..802, stream.clone()]), Some(9_000));
        assert_eq!(beginning(&[8_831..8_832, stream.clone()]), Some(9_000));
        assert_eq!(beginning(&[8_832..8_833, stream.clone()]), None, "a week before");
        assert_eq!(beginning(&[0..4, stream.clone()]), None, "four of 104 are not few");
        assert_eq!(beginning(&[0..4, 9_000..9_400]), Some(9_000));
        assert_eq!(beginning(&[0..1, 9_000..9_010]), None, "too few to tell");
        assert_eq!(beginning(&[0..200, stream]), None, "as many years ago");
        let mut ends = Ends::default();
        (0..60).chain(9_000..19_000).for_each(|hour| ends.observe(EventTime(Span::HOUR.0 * hour)));
        assert!(ends.beginning(WEEK, None).is_some());
        assert_eq!(ends.beginning(WEEK, Some(EventTime(Span::HOUR.0 * 100))), None, "what follows is not read");
    }

    #[test]
    fn where_gaps_are_usual_they_end_nothing() {
        for step in [2, 6, 24, 100, 500] {
            let newest = 60 * step;
            assert_eq!(ends((0..=newest).step_by(usize::try_from(step).unwrap_or(1))), Some(newest), "{step}");
        }
        assert_eq!(ends((0..=1_440).step_by(2).chain([1_463])), Some(1_440), "23 hours ahead, in a sparse file");
        let thinner = (0..500).chain((502..2_000).step_by(3));
        assert_eq!(ends(thinner), Some(1_999), "a feed that became thinner");
        let busy = (0..48).flat_map(|hour| [hour; 15]);
        assert_eq!(ends(busy.clone().chain([67; 3])), Some(47), "three of 723, 20 hours ahead");
        assert_eq!(ends(busy.chain([67; 15])), Some(67), "as many as in any hour");
        assert_eq!(ends((0..=1_440).step_by(2).chain([9_000, 90_000])), Some(1_440), "years ahead, in a sparse file");
    }
}

//! The end of a bounded input: the newest time that its events support, whatever their order.

use std::collections::BTreeMap;

use crate::plan::{EventTime, Span, hour_of};

/// Events below which none is taken for an outlier.
const LEAST_EVENTS: u64 = 20;
/// Events that must follow a gap.
const LEAST_AFTER_GAP: u64 = 3;
/// Hours without an event from which on they are a gap.
const GAP_HOURS: i32 = 1;
/// Hours without an event, as over the longest weekend, from which on a share of all events must follow.
const LONG_GAP_HOURS: i32 = 4 * 24;
/// That share is one in so many.
const SHARE_AFTER_LONG_GAP: u64 = 20;
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
    /// It is the newest event, unless few events follow a gap. Then it is the newest before the gap.
    #[must_use]
    pub fn supported(&self, longest: Span) -> Option<EventTime> {
        let all = self.hours.values().fold(0_u64, |sum, (count, _)| sum.saturating_add(*count));
        let mut hours = self.hours.iter().rev();
        let (mut later, (mut after, mut end)) =
            hours.next().map(|(hour, (count, newest))| (*hour, (*count, *newest)))?;
        if all < LEAST_EVENTS {
            return Some(end);
        }
        for (hour, (count, newest)) in hours {
            if after < needed(later.saturating_sub(*hour).saturating_sub(1), all, longest) {
                // What is beyond the end supports no other end.
                (end, after) = (*newest, 0);
            }
            after = after.saturating_add(*count);
            later = *hour;
        }
        Some(end)
    }
}

/// Returns how many events must follow a gap of so many whole hours for time to pass it.
fn needed(gap: i32, all: u64, longest: Span) -> u64 {
    if gap < GAP_HOURS {
        0
    } else if Span::HOUR.times(i64::from(gap)) > longest {
        all.div_ceil(SHARE_AFTER_LONGEST_GAP)
    } else if gap > LONG_GAP_HOURS {
        all.div_ceil(SHARE_AFTER_LONG_GAP).max(LEAST_AFTER_GAP)
    } else {
        LEAST_AFTER_GAP
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
}

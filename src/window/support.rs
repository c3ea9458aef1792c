//! What the events of one partition agree on about time.
//!
//! An event that is ahead of the supported time is a candidate. The supported time moves to what a row of candidates all
//! reached, if the row is so long that chance, and a clock or two that are wrong, would not make it. How long that is
//! follows from the share of candidates that later events of the partition contradicted. The watermark may be ahead of
//! the supported time by a part of the allowed lateness, so that it need not wait for a row where nothing is unusual.
//! Where clocks that stand still, or a producer that sends old events again, never let a row come about, the supported time
//! moves to what half of the last events reached. All of this is a function of the log.

use serde::{Deserialize, Serialize};

use crate::event::EARLIEST_TIME;
use crate::plan::{EventTime, Span};

/// Events in a row that support a time, by the share of contradicted candidates in thousandths: up to each share, so
/// many. The share raised to that power is at most 10^-9.
const NEEDED: [(u32, u8); 14] = [
    (5, 4),
    (15, 5),
    (31, 6),
    (51, 7),
    (75, 8),
    (100, 9),
    (125, 10),
    (177, 12),
    (227, 14),
    (273, 16),
    (354, 20),
    (421, 24),
    (523, 32),
    (1_000, MOST_NEEDED),
];

/// The most events in a row that are asked for.
const MOST_NEEDED: u8 = 64;

/// Candidates beyond those needed that may wait, where the watermark need not wait for them. An event costs little then.
const WAITING: usize = 16;

/// Where so many events fit into what the watermark may be ahead of the supported time, so many are asked for at least.
/// Otherwise as many as fit, so that a topic with few events need not wait for days.
const NEEDED_WHERE_CLOSE: i64 = 32;

/// The fewest events in a row that are asked for.
const LEAST_NEEDED: i64 = 4;

/// Events from which the share of contradicted candidates is taken, at most. Beyond it older ones count half.
const REMEMBERED: u16 = 256;

/// Where no row came about among so many events, the time that half of them reached is supported.
const LAST: usize = 64;

/// The watermark may be ahead of the supported time by one in so many parts of the allowed lateness.
const PARTS_OF_LATENESS: i64 = 4;

/// The time that the events of a partition support, and the candidates for a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// The supported time; [`EventTime::MIN`] before there is one.
    time: EventTime,
    /// The supported time before the remembered events, about.
    since: EventTime,
    /// The times of the last candidates in a row, in their order; at most [`MOST_NEEDED`] + [`WAITING`].
    ahead: Vec<EventTime>,
    /// Whether none of the candidates is before the one before it, as far as that is known.
    #[serde(skip)]
    ascending: Ascending,
    /// Events in a row that are needed now.
    needed: u8,
    /// Of the remembered events, those that were candidates and were contradicted.
    contradicted: u16,
    /// The remembered events.
    remembered: u16,
    /// Candidates that were contradicted, in all.
    waited: u64,
    /// The times of the events since the supported time last moved; at most [`LAST`]. Late events are not among them.
    last: Vec<EventTime>,
}

/// What is known of an order that can be seen. So whatever is known, all are equal.
#[derive(Clone, Copy, Debug, Default)]
struct Ascending(bool);

impl PartialEq for Ascending {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Ascending {}

impl Default for Support {
    fn default() -> Self {
        let (time, needed) = (EventTime::MIN, needed(0, 0));
        Self {
            time,
            since: time,
            ahead: Vec::new(),
            ascending: Ascending(true),
            needed,
            contradicted: 0,
            remembered: 0,
            waited: 0,
            last: Vec::new(),
        }
    }
}

impl Support {
    /// Takes the next event of the partition, whose watermark is `own`. Returns where the watermark may be after it.
    #[inline]
    pub fn observe(&mut self, own: EventTime, time: EventTime, lateness: Span) -> EventTime {
        if self.time == EventTime::MIN {
            // It may have been stored without its support.
            (self.time, self.since) = (own, own);
        }
        if time <= self.time {
            self.contradict(time, lateness);
            return own.max(self.time);
        }
        self.ascending.0 &= self.ahead.last().is_none_or(|last| *last <= time);
        self.ahead.push(time);
        let needed = usize::from(self.needed);
        let mut reach = self.reach(lateness);
        let is_far = time > reach.max(own);
        if self.ahead.len() >= needed && (is_far || self.ahead.len() >= needed + WAITING) {
            self.move_on(needed, lateness);
        } else {
            self.note_last(time);
        }
        // The supported time may have moved.
        if self.last.is_empty() {
            reach = self.reach(lateness);
        }
        own.max(self.time).max(if time <= reach { time } else { EventTime::MIN })
    }

    /// Returns the latest candidate up to `most`, or `own` where there is none after it.
    #[must_use]
    pub fn newest(&self, own: EventTime, most: EventTime) -> EventTime {
        self.ahead.iter().copied().filter(|time| *time <= most).fold(own, EventTime::max)
    }

    /// Returns the first of the candidates.
    #[must_use]
    pub fn first(&self) -> Option<EventTime> {
        self.ahead.first().copied()
    }

    /// Returns how many of the candidates are after this time.
    #[must_use]
    pub fn beyond(&self, time: EventTime) -> u64 {
        self.ahead.iter().filter(|ahead| **ahead > time).count() as u64
    }

    /// Returns how many events were ahead of what came after them.
    #[must_use]
    pub const fn waited(&self) -> u64 {
        self.waited
    }

    /// Returns whether events can bring it where it is, if they can bring only times that are `possible`.
    #[must_use]
    pub fn is_possible(&self, possible: impl Fn(EventTime) -> bool) -> bool {
        let few = self.ahead.len() <= usize::from(MOST_NEEDED) + WAITING && (1..=MOST_NEEDED).contains(&self.needed);
        few && self.last.len() < LAST
            && self.last.iter().all(|time| possible(*time))
            && possible(self.time)
            && possible(self.since)
            && self.ahead.iter().all(|time| possible(*time))
    }

    /// How far the watermark may be.
    const fn reach(&self, lateness: Span) -> EventTime {
        if self.time.0 == EventTime::MIN.0 { self.time } else { self.time.plus(near(lateness)) }
    }

    /// Moves to the time that the last events in a row all reached.
    fn move_on(&mut self, needed: usize, lateness: Span) {
        let before = self.ahead.len().saturating_sub(needed);
        let (to, contradicted) = if self.ascending.0 {
            // No earlier candidate is after the row.
            let to = self.ahead.get(before).copied().unwrap_or(self.time);
            self.ahead.drain(..self.ahead.partition_point(|time| *time <= to));
            (to, 0)
        } else {
            self.last_row(before, lateness)
        };
        if self.time == EventTime::MIN {
            // How close events are is not known yet: the middle of the row tells.
            let mut row = self.ahead.clone();
            row.sort_unstable();
            let middle = row.get(row.len() / 2).copied().unwrap_or(to);
            self.since = to.minus(middle.since(to)).max(EARLIEST_TIME);
            self.remember(row.len() / 2, lateness);
        }
        self.time = to;
        self.last.clear();
        self.note(contradicted);
        self.remember(before + 1, lateness);
    }

    /// Removes all candidates but those after the time that the candidates from the place `before` on all reached. Returns that time, and how
    /// many of the earlier candidates were contradicted.
    fn last_row(&mut self, before: usize, lateness: Span) -> (EventTime, usize) {
        let to = self.ahead.iter().skip(before).copied().min().unwrap_or(self.time);
        // An earlier candidate that is still ahead has all of the row against it.
        let far = to.plus(near(lateness));
        let contradicted = self.ahead.drain(..before).filter(|time| *time > far).count();
        self.ahead.retain(|time| *time > to);
        self.ascending.0 = self.ahead.is_sorted();
        (to, contradicted)
    }

    /// Notes an event that moved nothing. After enough of them the time moves to what half of them reached.
    #[inline]
    fn note_last(&mut self, time: EventTime) {
        self.last.push(time);
        if self.last.len() < LAST {
            return;
        }
        let middle = *self.last.select_nth_unstable(LAST / 2).1;
        self.last.clear();
        if middle > self.time && self.time > EventTime::MIN {
            self.time = middle;
            self.ahead.retain(|ahead| *ahead > middle);
        }
    }

    /// Takes an event that is not ahead.
    #[inline]
    fn contradict(&mut self, time: EventTime, lateness: Span) {
        // A late event comes from the past and says nothing about the present.
        if time < self.time.minus(lateness) {
            return;
        }
        if !self.ahead.is_empty() {
            let far = self.time.plus(near(lateness));
            let contradicted = self.ahead.iter().filter(|time| **time > far).count();
            self.note(contradicted);
            self.remember(self.ahead.len(), lateness);
            self.ahead.clear();
            self.ascending.0 = true;
        }
        self.remember(1, lateness);
        self.note_last(time);
    }

    fn note(&mut self, contradicted: usize) {
        let contradicted = u16::try_from(contradicted).unwrap_or(u16::MAX);
        self.waited = self.waited.saturating_add(u64::from(contradicted));
        self.contradicted = self.contradicted.saturating_add(contradicted);
    }

    #[inline]
    fn remember(&mut self, events: usize, lateness: Span) {
        self.remembered = self.remembered.saturating_add(u16::try_from(events).unwrap_or(u16::MAX));
        if self.remembered >= REMEMBERED {
            self.remembered /= 2;
            self.contradicted /= 2;
            self.since = self.since.plus(Span(self.time.since(self.since).0 / 2));
        }
        let pace = self.time.since(self.since).0 / i64::from(self.remembered.max(1));
        let close = (near(lateness).0 / pace.max(1)).clamp(LEAST_NEEDED, NEEDED_WHERE_CLOSE);
        self.needed = needed(self.contradicted, self.remembered).max(u8::try_from(close).unwrap_or(MOST_NEEDED));
    }
}

/// Returns how far ahead of the supported time the watermark may be, and a candidate that is no sign of a wrong clock.
const fn near(lateness: Span) -> Span {
    Span(lateness.0 / PARTS_OF_LATENESS)
}

/// Returns the events in a row that support a time. The share of contradicted candidates is taken as if half a candidate
/// more had been contradicted and four events more had come, so that the first few events move nothing.
fn needed(contradicted: u16, remembered: u16) -> u8 {
    let share = (2 * u32::from(contradicted) + 1) * 1_000 / (2 * u32::from(remembered) + 8);
    NEEDED.iter().find(|(most, _)| share <= *most).map_or(MOST_NEEDED, |(_, needed)| *needed)
}

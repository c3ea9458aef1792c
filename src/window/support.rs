//! What the events of one partition agree on about time.
//!
//! An event that is ahead of the supported time is a candidate. Time moves to a candidate when so many events in a row
//! were ahead of it that chance, and a clock or two that are wrong, would not make such a row. How many that are follows
//! from the share of candidates that later events of the partition contradicted. All of this is a function of the log.

use serde::{Deserialize, Serialize};

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

/// Up to so many, time moves with each event; beyond, with every few, so that an event costs little.
const MOVED_AT_ONCE: u8 = 12;

/// Events from which the share of contradicted candidates is taken, at most. Beyond it older ones count half.
const REMEMBERED: u16 = 256;

/// Parts of the allowed lateness: a candidate that was ahead by less than one of them tells nothing about clocks.
const PARTS_OF_LATENESS: i64 = 4;

/// The time that the events of a partition support, beside the candidates for a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// The times of the last events in a row that were ahead, in their order; fewer than 2 x [`MOST_NEEDED`].
    ahead: Vec<EventTime>,
    /// Events in a row that are needed now.
    needed: u8,
    /// Of the remembered events, those that were candidates and were contradicted.
    contradicted: u16,
    /// The remembered events.
    remembered: u16,
    /// Candidates that were contradicted, in all.
    waited: u64,
}

impl Default for Support {
    fn default() -> Self {
        let needed = needed(0, 0);
        Self { ahead: Vec::new(), needed, contradicted: 0, remembered: 0, waited: 0 }
    }
}

impl Support {
    /// Takes the next event of the partition. `supported` is the time that is supported so far; returns what is after it.
    #[inline]
    pub fn observe(&mut self, supported: EventTime, time: EventTime, lateness: Span) -> EventTime {
        if time > supported {
            self.ahead.push(time);
            return self.moved(supported, lateness);
        }
        // A late event comes from the past and says nothing about the present.
        if time >= supported.minus(lateness) {
            self.remember(1);
            if !self.ahead.is_empty() {
                self.contradict(supported, lateness);
            }
        }
        supported
    }

    /// Returns the latest candidate, or `supported` where there is none.
    #[must_use]
    pub fn newest(&self, supported: EventTime) -> EventTime {
        self.ahead.iter().copied().fold(supported, EventTime::max)
    }

    /// Returns how many events were ahead of what came after them.
    #[must_use]
    pub const fn waited(&self) -> u64 {
        self.waited
    }

    /// Returns the candidates, and whether there are no more than can be.
    pub fn candidates(&self) -> (impl Iterator<Item = EventTime> + '_, bool) {
        let most = 2 * usize::from(MOST_NEEDED);
        (self.ahead.iter().copied(), self.ahead.len() < most && (1..=MOST_NEEDED).contains(&self.needed))
    }

    /// Returns the time that the last events in a row all reached.
    fn moved(&mut self, supported: EventTime, lateness: Span) -> EventTime {
        let needed = usize::from(self.needed);
        let more = if self.needed > MOVED_AT_ONCE { needed / 2 } else { 0 };
        let Some(before) = self.ahead.len().checked_sub(needed).filter(|before| *before >= more) else {
            return supported;
        };
        let row = self.ahead.iter().skip(before).copied();
        let to = row.min().unwrap_or(supported);
        // An earlier candidate that is still ahead has all of the row against it.
        let far = to.plus(near(lateness));
        let contradicted = self.ahead.drain(..before).filter(|time| *time > far).count();
        self.ahead.retain(|time| *time > to);
        self.note(contradicted);
        self.remember(before + 1);
        to
    }

    #[cold]
    fn contradict(&mut self, supported: EventTime, lateness: Span) {
        let far = supported.plus(near(lateness));
        let contradicted = self.ahead.iter().filter(|time| **time > far).count();
        self.remember(self.ahead.len());
        self.ahead.clear();
        self.note(contradicted);
    }

    fn note(&mut self, contradicted: usize) {
        let contradicted = u16::try_from(contradicted).unwrap_or(u16::MAX);
        self.waited = self.waited.saturating_add(u64::from(contradicted));
        self.contradicted = self.contradicted.saturating_add(contradicted);
    }

    #[inline]
    fn remember(&mut self, events: usize) {
        self.remembered = self.remembered.saturating_add(u16::try_from(events).unwrap_or(u16::MAX));
        if self.remembered >= REMEMBERED {
            self.remembered /= 2;
            self.contradicted /= 2;
        }
        self.needed = needed(self.contradicted, self.remembered);
    }
}

/// Returns how far ahead a candidate may be, at most, that is no sign of a wrong clock.
const fn near(lateness: Span) -> Span {
    Span(lateness.0 / PARTS_OF_LATENESS)
}

/// Returns the events in a row that support a time. The share of contradicted candidates is taken as if half a candidate
/// more had been contradicted and four events more had come, so that the first few events move nothing.
fn needed(contradicted: u16, remembered: u16) -> u8 {
    let share = (2 * u32::from(contradicted) + 1) * 1_000 / (2 * u32::from(remembered) + 8);
    NEEDED.iter().find(|(most, _)| share <= *most).map_or(MOST_NEEDED, |(_, needed)| *needed)
}

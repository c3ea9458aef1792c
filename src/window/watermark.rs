//! How far event time has come.

use serde::{Deserialize, Serialize};

use crate::event::{EARLIEST_TIME, LATEST_TIME};
use crate::plan::{EventTime, PartitionIndex, Span};

/// Per partition the largest event time seen; over all, the least of those that are not idle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    partitions: Vec<Partition>,
    current: EventTime,
    allowed_lateness: Span,
    history: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Partition {
    own: EventTime,
    heard: EventTime,
    idle: bool,
}

/// How an event's time stands to its own partition's watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// At most the allowed lateness behind.
    InTime,
    /// Further behind, but within the history.
    Late,
    /// Older than the history.
    TooLate,
}

impl Watermark {
    /// Before any event.
    #[must_use]
    pub const fn new(allowed_lateness: Span, history: Span) -> Self {
        Self { partitions: Vec::new(), current: EventTime::MIN, allowed_lateness, history }
    }

    /// The same, with what a plan says.
    #[must_use]
    pub fn with_plan(self, allowed_lateness: Span, history: Span) -> Self {
        Self { allowed_lateness, history, ..self }
    }

    /// How late events may be, and how far back they count: as the plan said that it was last used with.
    #[must_use]
    pub const fn plan(&self) -> (Span, Span) {
        (self.allowed_lateness, self.history)
    }

    /// Whether it stands where events can bring it: others would pass over hours without end.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let possible = |time: EventTime| time == EventTime::MIN || (EARLIEST_TIME..LATEST_TIME).contains(&time);
        possible(self.current) && self.partitions.iter().all(|partition| possible(partition.own))
    }

    /// Registers a partition: it holds the watermark back until its first event, or until it is idle.
    pub fn add(&mut self, partition: PartitionIndex, now: EventTime) {
        let index = partition.0 as usize;
        if index >= self.partitions.len() {
            self.partitions.resize(index + 1, Partition { own: EventTime::MIN, heard: now, idle: false });
        }
    }

    /// How late an event of this partition is.
    #[must_use]
    pub fn lateness(&self, partition: PartitionIndex, time: EventTime) -> Lateness {
        let own = self.seen(partition);
        if time < own.minus(self.history) {
            Lateness::TooLate
        } else if time < own.minus(self.allowed_lateness) {
            Lateness::Late
        } else {
            Lateness::InTime
        }
    }

    /// How far a partition has come: the largest event time seen in it.
    #[must_use]
    pub fn seen(&self, partition: PartitionIndex) -> EventTime {
        self.partitions.get(partition.0 as usize).map_or(EventTime::MIN, |partition| partition.own)
    }

    /// Moves the partition's watermark with an event; returns where the watermark over all would be, without moving it.
    pub fn observe(&mut self, partition: PartitionIndex, time: EventTime, now: EventTime) -> EventTime {
        self.add(partition, now);
        let Some(state) = self.partitions.get_mut(partition.0 as usize) else { return self.current };
        let held_back = state.own <= self.current || state.idle;
        state.own = state.own.max(time);
        state.heard = state.heard.max(now);
        state.idle = false;
        if held_back { self.least() } else { self.current }
    }

    /// Declares the partitions idle that were silent for `idle_after`; returns where the watermark over all would be.
    pub fn idle(&mut self, now: EventTime, idle_after: Span) -> EventTime {
        for partition in &mut self.partitions {
            partition.idle = now.since(partition.heard) >= idle_after;
        }
        self.least()
    }

    /// Counts the time of silence of every partition from `now` on.
    pub fn resume(&mut self, now: EventTime) {
        self.partitions.iter_mut().for_each(|partition| partition.heard = now);
    }

    /// The wall clock was set: silence has lasted as long as before.
    pub fn shift_clock(&mut self, by: Span) {
        self.partitions.iter_mut().for_each(|partition| partition.heard = partition.heard.plus(by));
    }

    /// Moves the watermark; never back.
    pub fn advance(&mut self, to: EventTime) {
        self.current = self.current.max(to);
    }

    /// The watermark; `None` before it first moved.
    #[must_use]
    pub fn current(&self) -> Option<EventTime> {
        (self.current > EventTime::MIN).then_some(self.current)
    }

    /// The largest event time seen in any partition.
    #[must_use]
    pub fn newest(&self) -> EventTime {
        self.partitions.iter().map(|partition| partition.own).max().unwrap_or(EventTime::MIN)
    }

    /// Per partition: its watermark, and whether it is idle.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionIndex, Option<EventTime>, bool)> + '_ {
        (0..).zip(&self.partitions).map(|(index, partition)| {
            let own = (partition.own > EventTime::MIN).then_some(partition.own);
            (PartitionIndex(index), own, partition.idle)
        })
    }

    /// The least watermark of the partitions that are not idle; where all are, none holds the newest event back.
    fn least(&self) -> EventTime {
        let active = self.partitions.iter().filter(|partition| !partition.idle);
        active.map(|partition| partition.own).min().unwrap_or_else(|| self.newest()).max(self.current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EventTime = EventTime(1_000_000_000);

    fn two_partitions() -> Watermark {
        let mut watermark = Watermark::new(Span::MINUTE, Span::DAY);
        watermark.add(PartitionIndex(0), NOW);
        watermark.add(PartitionIndex(1), NOW);
        watermark
    }

    #[test]
    fn the_slowest_partition_holds_it_back_until_it_is_idle() {
        let mut watermark = two_partitions();
        assert_eq!(watermark.observe(PartitionIndex(0), EventTime(500), NOW), EventTime::MIN);
        assert_eq!(watermark.observe(PartitionIndex(1), EventTime(300), NOW), EventTime(300));
        watermark.advance(EventTime(300));
        assert_eq!(watermark.observe(PartitionIndex(0), EventTime(900), NOW.plus(Span::HOUR)), EventTime(300));
        assert_eq!(watermark.idle(NOW.plus(Span::HOUR), Span::HOUR), EventTime(900));
    }

    #[test]
    fn when_all_are_idle_it_goes_to_the_newest_event_and_never_back() {
        let mut watermark = two_partitions();
        watermark.observe(PartitionIndex(0), EventTime(500), NOW);
        watermark.observe(PartitionIndex(1), EventTime(300), NOW);
        let to = watermark.idle(NOW.plus(Span::HOUR), Span::HOUR);
        assert_eq!(to, EventTime(500));
        watermark.advance(to);
        let later = NOW.plus(Span::HOUR);
        assert_eq!(watermark.observe(PartitionIndex(1), EventTime(400), later), EventTime(500));
    }

    #[test]
    fn late_is_judged_against_the_own_partition() {
        let mut watermark = two_partitions();
        let noon = EventTime(Span::DAY.times(10).0);
        watermark.observe(PartitionIndex(0), noon, NOW);
        let early = noon.minus(Span::HOUR);
        assert_eq!(watermark.lateness(PartitionIndex(0), early), Lateness::Late);
        assert_eq!(watermark.lateness(PartitionIndex(1), early), Lateness::InTime);
        assert_eq!(watermark.lateness(PartitionIndex(0), noon.minus(Span::DAY.times(2))), Lateness::TooLate);
    }
}

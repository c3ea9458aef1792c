//! How far event time has advanced.

use serde::{Deserialize, Serialize};

use super::support::Support;
use crate::event::{EARLIEST_TIME, LATEST_TIME};
use crate::plan::invariant::{self, Room};
use crate::plan::{EventTime, PartitionIndex, Span};

/// The watermark of each partition, which is the time that its events support, and the one over all: the least of those
/// that are not idle. No single event moves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    partitions: Vec<Partition>,
    current: EventTime,
    allowed_lateness: Span,
    history: Span,
    /// Whether events come in order of their time.
    #[serde(skip)]
    sorted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Partition {
    /// The time that its events support; [`EventTime::MIN`] before there is one.
    own: EventTime,
    /// Wall-clock time of the last event, or of registration.
    heard: EventTime,
    idle: bool,
    /// Whether it holds nothing back as it has had no event yet that takes part in time. Stored apart, by
    /// [`Watermark::excused`].
    #[serde(skip)]
    excused: bool,
    /// Stored apart, by [`Watermark::supports`].
    #[serde(skip)]
    support: Support,
}

/// How late an event is, by the watermark of its own partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// Behind by at most the allowed lateness.
    InTime,
    /// Behind by more, but within the history.
    Late,
    /// Behind by more than the history.
    TooLate,
}

impl Watermark {
    /// Returns the watermark before any event.
    #[must_use]
    pub const fn new(allowed_lateness: Span, history: Span) -> Self {
        Self { partitions: Vec::new(), current: EventTime::MIN, allowed_lateness, history, sorted: false }
    }

    /// Returns the same under another plan.
    #[must_use]
    pub fn with_plan(self, allowed_lateness: Span, history: Span) -> Self {
        Self { allowed_lateness, history, ..self }
    }

    /// Says whether events come in order of their time. Then each event moves the watermark: what is ahead of the others
    /// comes last.
    pub const fn set_sorted(&mut self, sorted: bool) {
        self.sorted = sorted;
    }

    /// Returns the allowed lateness and the history of the plan that was last in use.
    #[must_use]
    pub const fn plan(&self) -> (Span, Span) {
        (self.allowed_lateness, self.history)
    }

    /// Returns whether events can bring it where it is. From anywhere else a monitor would pass hours without end.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let possible = |time: EventTime| time == EventTime::MIN || (EARLIEST_TIME..LATEST_TIME).contains(&time);
        let is_possible = |of: &Partition| possible(of.own) && of.support.is_possible(possible);
        possible(self.current) && self.partitions.iter().all(is_possible)
    }

    /// Returns, by partition, what its events agree on. The encoding of the watermark leaves it out.
    #[must_use]
    pub fn supports(&self) -> Vec<Support> {
        self.partitions.iter().map(|partition| partition.support.clone()).collect()
    }

    /// Completes a watermark that was decoded. A partition without an entry begins to collect support afresh.
    pub fn set_supports(&mut self, supports: Vec<Support>) {
        for (partition, support) in self.partitions.iter_mut().zip(supports) {
            partition.support = support;
        }
    }

    /// Returns how many events after this time none has contradicted yet.
    #[must_use]
    pub fn beyond(&self, time: EventTime) -> u64 {
        self.partitions.iter().map(|partition| partition.support.beyond(time)).sum()
    }

    /// Returns how many events were further ahead than what came after them in their partition supports.
    #[must_use]
    pub fn waited(&self) -> u64 {
        self.partitions.iter().fold(0, |sum, partition| sum.saturating_add(partition.support.waited()))
    }

    /// Registers a partition, which holds the watermark back until its first event or until it is idle. Has no effect
    /// on a known one.
    pub fn add(&mut self, partition: PartitionIndex, now: EventTime) {
        let index = partition.0 as usize;
        if index >= self.partitions.len() {
            let (own, support) = (EventTime::MIN, Support::default());
            let new = Partition { own, heard: now, idle: false, excused: false, support };
            self.partitions.resize(index + 1, new);
        }
    }

    /// Lets a partition without an event hold nothing back, until its first one. It is registered where it is not known. Returns
    /// where the watermark over all may move by that; `None` where it does not.
    pub fn excuse(&mut self, partition: PartitionIndex, now: EventTime) -> Option<EventTime> {
        self.add(partition, now);
        let state = self.partitions.get_mut(partition.0 as usize)?;
        if state.excused || state.own > EventTime::MIN || state.support.first().is_some() {
            return None;
        }
        state.excused = true;
        Some(self.least()).filter(|to| *to > self.current)
    }

    /// Returns the partitions that hold nothing back before their first event. The encoding of the watermark leaves it out.
    #[must_use]
    pub fn excused(&self) -> Vec<bool> {
        self.partitions.iter().map(|partition| partition.excused).collect()
    }

    /// Completes a watermark that was decoded.
    pub fn set_excused(&mut self, excused: Vec<bool>) {
        for (partition, excused) in self.partitions.iter_mut().zip(excused) {
            partition.excused = excused;
        }
    }

    /// Returns how late an event of this partition is. In a partition without events none is late.
    #[must_use]
    #[inline]
    pub fn lateness(&self, partition: PartitionIndex, time: EventTime) -> Lateness {
        let own = self.seen(partition);
        if time >= own {
            Lateness::InTime
        } else if time < own.minus(self.history) {
            Lateness::TooLate
        } else if time < own.minus(self.allowed_lateness) {
            Lateness::Late
        } else {
            Lateness::InTime
        }
    }

    /// Returns the time that the events of a partition support; [`EventTime::MIN`] before there is one.
    #[must_use]
    #[inline]
    pub fn seen(&self, partition: PartitionIndex) -> EventTime {
        self.partitions.get(partition.0 as usize).map_or(EventTime::MIN, |partition| partition.own)
    }

    /// Moves the watermark of one partition with an event. Returns where the watermark over all may move;
    /// [`Self::advance`] moves it.
    pub fn observe(&mut self, partition: PartitionIndex, time: EventTime, now: EventTime) -> EventTime {
        if partition.0 as usize >= self.partitions.len() {
            self.add(partition, now);
        }
        let Some(state) = self.partitions.get_mut(partition.0 as usize) else {
            invariant::broken(Room::Window, "a partition that was added is there");
            return self.current;
        };
        let held_back = state.own <= self.current || state.idle || state.excused;
        state.own = if self.sorted {
            state.own.max(time)
        } else {
            state.support.observe(state.own, time, self.allowed_lateness)
        };
        state.heard = state.heard.max(now);
        (state.idle, state.excused) = (false, false);
        if held_back { self.least() } else { self.current }
    }

    /// Declares the partitions idle that had no event for `idle_after`. Returns where the watermark over all may move.
    pub fn idle(&mut self, now: EventTime, idle_after: Span) -> EventTime {
        for partition in &mut self.partitions {
            partition.idle = now.since(partition.heard) >= idle_after;
        }
        self.least()
    }

    /// Starts the silence of every partition afresh at `now`. None is idle: one that was may have a backlog by now, and what is read of another
    /// one first would make it late, or forget what its second deliveries repeat.
    pub fn resume(&mut self, now: EventTime) {
        self.partitions.iter_mut().for_each(|partition| (partition.heard, partition.idle) = (now, false));
    }

    /// Corrects for a wall clock that was set: every partition has been silent for as long as before.
    pub fn shift_clock(&mut self, by: Span) {
        self.partitions.iter_mut().for_each(|partition| partition.heard = partition.heard.plus(by));
    }

    /// Moves the watermark over all, but never back.
    pub fn advance(&mut self, to: EventTime) {
        self.current = self.current.max(to);
    }

    /// Returns the watermark over all; `None` before it first moves.
    #[must_use]
    pub fn current(&self) -> Option<EventTime> {
        (self.current > EventTime::MIN).then_some(self.current)
    }

    /// Returns the newest event that none has contradicted yet; [`EventTime::MIN`] before any event. Where nothing more
    /// comes, it is the end.
    #[must_use]
    pub fn newest(&self) -> EventTime {
        self.newest_of(|_| EventTime(i64::MAX))
    }

    /// Returns the same of events that are ahead of their partition's watermark by a day at most. All hours after it are
    /// without an event, but for those of clocks that are far ahead.
    #[must_use]
    pub fn reached(&self) -> EventTime {
        self.newest_of(|from| from.plus(Span::DAY))
    }

    /// `most` makes of a partition's watermark, or of its first event, the latest time that counts.
    fn newest_of(&self, most: impl Fn(EventTime) -> EventTime) -> EventTime {
        let newest = |partition: &Partition| {
            let support = &partition.support;
            let from = if partition.own > EventTime::MIN { Some(partition.own) } else { support.first() };
            support.newest(partition.own, from.map_or(EventTime::MIN, &most))
        };
        self.partitions.iter().map(newest).max().unwrap_or(EventTime::MIN)
    }

    /// Returns for each partition its watermark, `None` before it has one, and whether it is idle.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionIndex, Option<EventTime>, bool)> + '_ {
        (0..).zip(&self.partitions).map(|(index, partition)| {
            let own = (partition.own > EventTime::MIN).then_some(partition.own);
            (PartitionIndex(index), own, partition.idle || partition.excused)
        })
    }

    /// The least watermark of the partitions that are not idle and have begun. Where all are idle, nothing contradicts the newest event.
    fn least(&self) -> EventTime {
        let active = self.partitions.iter().filter(|partition| !partition.idle && !partition.excused);
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

    /// So many events of one time that they support it.
    fn observe(watermark: &mut Watermark, partition: u32, time: EventTime, now: EventTime) -> EventTime {
        (0..20).map(|_| watermark.observe(PartitionIndex(partition), time, now)).max().unwrap_or(EventTime::MIN)
    }

    #[test]
    fn the_slowest_partition_holds_the_watermark_back_until_it_is_idle() {
        let mut watermark = two_partitions();
        assert_eq!(observe(&mut watermark, 0, EventTime(500), NOW), EventTime::MIN);
        assert_eq!(observe(&mut watermark, 1, EventTime(300), NOW), EventTime(300));
        watermark.advance(EventTime(300));
        assert_eq!(observe(&mut watermark, 0, EventTime(900), NOW.plus(Span::HOUR)), EventTime(300));
        assert_eq!(watermark.idle(NOW.plus(Span::HOUR), Span::HOUR), EventTime(900));
    }

    #[test]
    fn with_all_idle_the_watermark_moves_to_the_newest_event_and_never_back() {
        let mut watermark = two_partitions();
        watermark.observe(PartitionIndex(0), EventTime(500), NOW);
        watermark.observe(PartitionIndex(1), EventTime(300), NOW);
        let to = watermark.idle(NOW.plus(Span::HOUR), Span::HOUR);
        assert_eq!(to, EventTime(500));
        watermark.advance(to);
        let later = NOW.plus(Span::HOUR);
        assert_eq!(observe(&mut watermark, 1, EventTime(400), later), EventTime(500));
    }

    #[test]
    fn after_a_pause_a_partition_is_idle_only_once_it_was_silent_again() {
        let mut watermark = two_partitions();
        observe(&mut watermark, 0, EventTime(500), NOW);
        observe(&mut watermark, 1, EventTime(300), NOW);
        let later = NOW.plus(Span::HOUR);
        let to = watermark.idle(later, Span::HOUR);
        watermark.advance(to);
        watermark.resume(later);
        // The other one's backlog is read after this.
        assert_eq!(observe(&mut watermark, 0, EventTime(900), later), EventTime(500));
        assert_eq!(observe(&mut watermark, 1, EventTime(700), later), EventTime(700));
        assert_eq!(watermark.idle(later.plus(Span::HOUR), Span::HOUR), EventTime(900));
    }

    #[test]
    fn lateness_is_judged_by_the_partition_of_the_event() {
        let mut watermark = two_partitions();
        let noon = EventTime(Span::DAY.times(10).0);
        observe(&mut watermark, 0, noon, NOW);
        let early = noon.minus(Span::HOUR);
        assert_eq!(watermark.lateness(PartitionIndex(0), early), Lateness::Late);
        assert_eq!(watermark.lateness(PartitionIndex(1), early), Lateness::InTime);
        assert_eq!(watermark.lateness(PartitionIndex(0), noon.minus(Span::DAY.times(2))), Lateness::TooLate);
    }

    #[test]
    fn clocks_that_stand_still_do_not_stop_time() {
        for (one_in, repeats_an_hour) in [(10, false), (3, false), (5, true), (3, true)] {
            let mut watermark = Watermark::new(Span::HOUR.times(6), Span::DAY.times(30));
            let start = EventTime(Span::DAY.times(20_000).0);
            for minute in 0..10 * 1_440_i64 {
                let time = start.plus(Span::MINUTE.times(minute));
                let to = watermark.observe(PartitionIndex(0), time, NOW);
                watermark.advance(to);
                if minute > 1_440 && minute % one_in == 0 {
                    let stuck = if repeats_an_hour { minute % 60 } else { 0 };
                    let to = watermark.observe(
                        PartitionIndex(0),
                        start.plus(Span::DAY).plus(Span::MINUTE.times(stuck)),
                        NOW,
                    );
                    watermark.advance(to);
                }
                let behind = time.since(watermark.current().unwrap_or(start));
                assert!(behind < Span::HOUR.times(5), "one in {one_in}: {behind:?} behind at minute {minute}");
            }
        }
    }
}

//! The order of events: how many are behind those before them in their partition, and by how much.

use std::collections::BTreeMap;

use crate::plan::{EventTime, Span};

/// Events below which nothing is said about a partition.
const LEAST_EVENTS: usize = 100;

/// The events of a sample, by partition.
#[derive(Default)]
pub(super) struct Order {
    partitions: BTreeMap<i32, Partition>,
    range: Option<(EventTime, EventTime)>,
}

/// The events of a partition, in the order of their offsets.
#[derive(Default)]
pub(super) struct Partition {
    /// The newest time, and the newest that another event supports: one event with a wrong time makes no others late.
    newest: Option<EventTime>,
    supported: Option<EventTime>,
    /// By how many seconds each is behind.
    behind_s: Vec<i64>,
    /// Those that are behind: older than two before them.
    pub out_of_order: u64,
}

impl Order {
    /// Adds an event; those of a partition come in the order of their offsets.
    pub fn add(&mut self, partition: i32, time: EventTime) {
        let (first, last) = self.range.unwrap_or((time, time));
        self.range = Some((first.min(time), last.max(time)));
        self.partitions.entry(partition).or_default().add(time);
    }

    /// Returns the first and the last time.
    pub const fn range(&self) -> Option<(EventTime, EventTime)> {
        self.range
    }

    /// Returns the events of a partition.
    pub fn partition(&self, number: i32) -> Option<&Partition> {
        self.partitions.get(&number)
    }

    /// Returns the whole hours within which all but one in a hundred events of each partition come; `None` where none has enough events.
    pub fn fits(&self) -> Option<Span> {
        let seconds = self.partitions.values().filter_map(Partition::p99_s).max()?;
        Some(Span::HOUR.times((seconds + 3_599).div_euclid(3_600).max(1)))
    }
}

impl Partition {
    fn add(&mut self, time: EventTime) {
        let behind = self.supported.filter(|seen| *seen > time).map_or(Span(0), |seen| seen.since(time));
        self.behind_s.push(behind.0 / Span::SECOND.0);
        self.out_of_order += u64::from(behind > Span(0));
        // The second newest is supported by the newest.
        let newest = self.newest.unwrap_or(time);
        self.supported = Some(self.supported.map_or(time.min(newest), |seen| seen.max(time.min(newest))));
        self.newest = Some(newest.max(time));
    }

    /// Returns how many there are.
    pub const fn events(&self) -> usize {
        self.behind_s.len()
    }

    /// Returns by how many seconds all but one in a hundred are behind at most; `None` where there are too few.
    pub fn p99_s(&self) -> Option<i64> {
        if self.behind_s.len() < LEAST_EVENTS {
            return None;
        }
        let mut sorted = self.behind_s.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 99).div_ceil(100).saturating_sub(1)).copied()
    }

    /// Returns by how many seconds the latest is behind.
    pub fn most_s(&self) -> Option<i64> {
        self.behind_s.iter().max().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_with_a_wrong_time_makes_no_others_late() {
        let mut order = Order::default();
        let noon = EventTime(Span::DAY.times(10).0);
        for minute in 0..200 {
            order.add(0, noon.plus(Span::MINUTE.times(minute)));
            if minute == 50 {
                order.add(0, noon.plus(Span::DAY.times(30)));
            }
        }
        assert_eq!(order.fits(), Some(Span::HOUR));
        let most = order.partition(0).and_then(Partition::most_s);
        assert_eq!(most, Some(0));
        // Each tenth event of another partition is five hours late.
        for minute in 0..1_000 {
            let late = if minute % 10 == 9 { Span::HOUR.times(5) } else { Span(0) };
            order.add(1, noon.plus(Span::MINUTE.times(minute)).minus(late));
        }
        assert_eq!(order.fits(), Some(Span::HOUR.times(5)));
        assert_eq!(order.partition(1).map(|partition| partition.out_of_order), Some(100));
    }
}

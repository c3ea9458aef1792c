//! How far each partition is read, and what went wrong: shared by the consumer's thread, the client's callbacks and the monitor's thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::identity::TopicIds;
use crate::checkpoint::{Input, LastRecord};
use crate::plan::PartitionIndex;
use crate::status::{PartitionHealth, SourceHealth, lock};

/// Faults that are kept, at most. One is enough to stop and look.
const MAX_FAULTS: usize = 100;
/// Time after which the same error is logged again. The client repeats it at each attempt, many times a second; all are counted.
const SAME_ERROR_EVERY: Duration = Duration::from_secs(60);

/// The consumer's state.
#[derive(Debug, Default)]
pub struct SourceState {
    partitions: Mutex<BTreeMap<PartitionName, PartitionState>>,
    faults: Mutex<BTreeSet<String>>,
    errors: AtomicU64,
    /// The error that was logged last, and when.
    last_error: Mutex<Option<(String, Instant)>>,
    reconnects: AtomicU64,
    assigned: AtomicBool,
    begun: AtomicU64,
    /// The topics' ids.
    pub(super) ids: TopicIds,
}

/// Topic and number of a partition.
pub(super) type PartitionName = (String, i32);

/// One partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartitionState {
    /// Its index in the monitor.
    pub index: PartitionIndex,
    /// The offset to be read next.
    pub next_offset: i64,
    /// The end of its log, as far as is known.
    pub end_offset: i64,
    /// The end of its log when it was found: until there the daemon is catching up.
    pub catch_up: i64,
    /// Whether the client reads it.
    pub assigned: bool,
    /// The offset before which the client has given every record, as far as its reports say.
    pub passed: i64,
    /// How far the client had fetched when it last reported, if it held no record then.
    pub fetched: i64,
    /// `next_offset` when the client last reported its statistics.
    pub reported: i64,
    /// Whether the client has fetched everything up to `catch_up` and given no record between two reports. What is left there are no records:
    /// the markers of transactions take offsets, too.
    pub nothing_left: bool,
    /// The last record in the counts, until it has been compared with the one that the log has at its offset.
    pub expected: Option<LastRecord>,
    /// That record, once it was recognised, with its hash by the present key.
    pub recognised: Option<LastRecord>,
    /// Whether it is no longer read, because it is another log than the one that was read, or because records are gone or cannot be read.
    pub stopped: bool,
}

impl SourceState {
    /// The state of a consumer that reads on from these positions. Their order is that of the partitions' indices.
    pub(super) fn reading_on(inputs: &[Input]) -> Self {
        let state = |(input, index): (&Input, u32)| {
            let Input { topic, partition, next_offset, last } = input;
            let state = PartitionState { expected: *last, ..PartitionState::new(PartitionIndex(index), *next_offset) };
            ((topic.clone(), *partition), state)
        };
        Self { partitions: Mutex::new(inputs.iter().zip(0..).map(state).collect()), ..Self::default() }
    }

    /// The consumer's health at this moment.
    #[must_use]
    pub fn health(&self) -> SourceHealth {
        let partitions = self.partitions();
        let caught_up = |state: &PartitionState| state.next_offset >= state.catch_up || state.nothing_left;
        SourceHealth {
            caught_up: self.assigned.load(Ordering::Relaxed) && partitions.values().all(caught_up),
            fault: in_one_line(&lock(&self.faults)),
            errors: self.errors.load(Ordering::Relaxed),
            reconnects: self.reconnects.load(Ordering::Relaxed),
            begun: self.begun.load(Ordering::Relaxed),
            registry: None,
            partitions: partitions
                .iter()
                .map(|((topic, partition), state)| PartitionHealth {
                    topic: topic.clone(),
                    partition: *partition,
                    index: state.index,
                    next_offset: state.next_offset,
                    lag: (state.end_offset - state.next_offset).max(0),
                })
                .collect(),
        }
    }

    /// Topic and number of the partition with this index.
    #[must_use]
    pub fn name(&self, index: PartitionIndex) -> Option<(String, i32)> {
        self.partitions().iter().find(|(_, state)| state.index == index).map(|(name, _)| name.clone())
    }

    /// The last records in the counts that were recognised since the last call, by partition.
    #[must_use]
    pub fn take_recognised(&self) -> Vec<(PartitionIndex, LastRecord)> {
        let mut partitions = self.partitions();
        partitions.values_mut().filter_map(|state| Some((state.index, state.recognised.take()?))).collect()
    }

    /// The partitions in which offsets without a record were passed, each with the offset behind them, which from now on is the next one.
    pub(super) fn take_passed(&self) -> Vec<(PartitionIndex, i64)> {
        let mut partitions = self.partitions();
        let passed = partitions.values_mut().filter(|state| state.is_read() && state.passed > state.next_offset);
        passed
            .map(|state| {
                state.next_offset = state.passed;
                state.end_offset = state.end_offset.max(state.passed);
                (state.index, state.passed)
            })
            .collect()
    }

    /// Forgets what a client has reported that was replaced.
    pub(super) fn forget_reports(&self) {
        self.partitions().values_mut().for_each(|state| state.fetched = -1);
    }

    /// Every partition that was found.
    pub(super) fn partitions(&self) -> MutexGuard<'_, BTreeMap<PartitionName, PartitionState>> {
        lock(&self.partitions)
    }

    /// Changes the state of a partition that was found.
    pub(super) fn change(&self, name: &PartitionName, change: impl FnOnce(&mut PartitionState)) {
        match self.partitions().get_mut(name) {
            Some(state) => change(state),
            // A partition is registered before anything else is done with it, and never removed.
            None => tracing::error!(topic = name.0, partition = name.1, "a partition is used that was not registered"),
        }
    }

    /// Raises the offset to be read next.
    pub(super) fn set_next_offset(&self, name: &PartitionName, next: i64) {
        self.change(name, |state| {
            state.next_offset = state.next_offset.max(next);
            state.end_offset = state.end_offset.max(next);
        });
    }

    /// Notes that every topic was looked at, and its partitions are assigned.
    pub(super) fn set_assigned(&self) {
        self.assigned.store(true, Ordering::Relaxed);
    }

    /// Counts a batch that was begun.
    pub(super) fn count_begun(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an error of the client.
    pub(super) fn count_error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a client that was replaced.
    pub(super) fn count_reconnect(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a partition is no longer read, and why.
    pub(super) fn fail(&self, fault: String) {
        let mut faults = lock(&self.faults);
        if faults.len() < MAX_FAULTS && !faults.contains(&fault) {
            tracing::error!(fault, "a partition is no longer read");
            faults.insert(fault);
        }
    }

    /// Notes an error that the consumer has given instead of a record. An offset or a topic that is gone is a fault: to start over elsewhere
    /// would lose events, or count them twice, in silence.
    pub(super) fn note(&self, error: &KafkaError) {
        self.count_error();
        match error.rdkafka_error_code() {
            Some(
                code @ (RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition),
            ) => self.fail(format!("{code}: {error}")),
            // `access` tells once that there is no connection, and why. The client repeats these at each attempt.
            Some(
                RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SSL,
            ) => tracing::debug!(%error, "the consumer reported an error"),
            _ if self.is_new(&error.to_string()) => tracing::warn!(%error, "the consumer reported an error"),
            _ => {}
        }
    }

    /// Whether an error differs from the last one, or that was long ago.
    fn is_new(&self, error: &str) -> bool {
        let mut last = lock(&self.last_error);
        let is_new = last.as_ref().is_none_or(|(text, at)| text != error || at.elapsed() >= SAME_ERROR_EVERY);
        if is_new {
            *last = Some((error.to_owned(), Instant::now()));
        }
        is_new
    }
}

impl PartitionState {
    /// Takes in a report of the client: the next offset that it fetches, and how many records it holds.
    ///
    /// Two reports in a row must say the same while no record came between them: what was fetched before the first one has then been given.
    pub fn take_report(&mut self, next_fetched: i64, held: i64) {
        let still = self.reported == self.next_offset;
        self.nothing_left |= self.assigned && next_fetched >= self.catch_up && still;
        if still && held == 0 && self.fetched == next_fetched && self.is_read() {
            self.passed = self.passed.max(next_fetched);
        }
        self.fetched = if held == 0 { next_fetched } else { -1 };
        self.reported = self.next_offset;
    }

    /// A partition of which nothing is known but its index and where to read on.
    pub const fn new(index: PartitionIndex, next_offset: i64) -> Self {
        Self {
            index,
            next_offset,
            end_offset: next_offset,
            catch_up: next_offset,
            assigned: false,
            passed: next_offset,
            fetched: -1,
            reported: -1,
            nothing_left: false,
            expected: None,
            recognised: None,
            stopped: false,
        }
    }

    /// Whether the client reads it, and its records are counted.
    pub const fn is_read(&self) -> bool {
        self.assigned && !self.stopped
    }
}

fn in_one_line(faults: &BTreeSet<String>) -> Option<String> {
    let texts: Vec<&str> = faults.iter().map(String::as_str).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(next_offset: i64) -> PartitionState {
        PartitionState { assigned: true, ..PartitionState::new(PartitionIndex(0), next_offset) }
    }

    #[test]
    fn an_error_that_repeats_is_logged_once() {
        let state = SourceState::default();
        let new: Vec<bool> = ["one", "one", "another", "another", "one"].map(|error| state.is_new(error)).into();
        assert_eq!(new, [true, false, true, false, true]);
    }

    #[test]
    fn offsets_are_passed_only_when_two_reports_say_that_no_record_is_left_before_them() {
        let mut quiet = state(10);
        quiet.take_report(11, 0);
        assert_eq!(quiet.passed, 10, "the first report did not know the position");
        quiet.take_report(11, 0);
        assert_eq!(quiet.passed, 11);

        let mut held = state(10);
        (0..4).for_each(|_| held.take_report(11, 1));
        assert_eq!(held.passed, 10, "the client still holds a record");

        let mut moving = state(10);
        for next in 11..15 {
            moving.next_offset = next - 1;
            moving.take_report(next, 0);
        }
        assert_eq!(moving.passed, 10, "records came between the reports");

        let mut stopped = PartitionState { stopped: true, ..state(10) };
        (0..4).for_each(|_| stopped.take_report(11, 0));
        assert_eq!(stopped.passed, 10, "a partition that is not read is passed by nobody");
    }
}

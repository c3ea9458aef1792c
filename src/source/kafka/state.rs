//! How far each partition is read, and what went wrong: shared by the consumer's thread, the client's callbacks and the monitor's thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::checkpoint::{Input, LastRecord};
use crate::plan::PartitionIndex;
use crate::status::{PartitionHealth, SourceHealth, lock};

/// Faults that are kept, at most. One is enough to stop and look.
const MAX_FAULTS: usize = 100;

/// The consumer's state.
#[derive(Debug, Default)]
pub struct SourceState {
    partitions: Mutex<BTreeMap<PartitionName, PartitionState>>,
    faults: Mutex<BTreeSet<String>>,
    errors: AtomicU64,
    reconnects: AtomicU64,
    assigned: AtomicBool,
    begun: AtomicU64,
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
    /// `next_offset` when the client last reported its statistics.
    pub reported: i64,
    /// Whether the client has fetched everything up to `catch_up` and given no record between two reports. What is left there are no records:
    /// the markers of transactions take offsets, too.
    pub nothing_left: bool,
    /// The last record in the counts, until it has been compared with the one that the log has at its offset.
    pub expected: Option<LastRecord>,
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
            _ => tracing::warn!(%error, "the consumer reported an error"),
        }
    }
}

impl PartitionState {
    /// A partition of which nothing is known but its index and where to read on.
    pub const fn new(index: PartitionIndex, next_offset: i64) -> Self {
        Self {
            index,
            next_offset,
            end_offset: next_offset,
            catch_up: next_offset,
            assigned: false,
            reported: -1,
            nothing_left: false,
            expected: None,
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

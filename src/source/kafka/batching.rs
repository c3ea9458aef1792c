//! Collects records into batches, and tells which records are to be counted.

use std::time::{Duration, Instant};

use rdkafka::message::{BorrowedMessage, Message};

use super::message::Bounded;
use super::state::{PartitionName, SourceState};
use crate::plan::PartitionIndex;
use crate::source::{batch::Batch, position::RecordHash};

/// Records in a batch, at most.
const BATCH_RECORDS: usize = 4_096;
/// A batch is sent on when it has this many bytes.
const BATCH_BYTES: usize = 1 << 20;
/// Longest that a record waits for its batch to fill.
pub(super) const BATCH_DELAY: Duration = Duration::from_millis(50);

/// The batch that is being filled.
pub(super) struct Batching {
    batch: Batch,
    /// When the batch got its first record.
    since: Instant,
    /// The partition of the last record. The next record nearly always has the same one.
    current: Option<Current>,
    hash: RecordHash,
    message_bytes: usize,
}

/// A partition that is being read.
struct Current {
    name: PartitionName,
    index: PartitionIndex,
    next_offset: i64,
}

/// A partition turned out not to hold the record that was read at its offset.
pub(super) struct OtherLog {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// What was expected and what was found.
    pub problem: String,
}

impl Batching {
    /// Begins with an empty batch. `message_bytes` is the largest size of an event.
    pub fn new(hash: RecordHash, message_bytes: usize) -> Self {
        Self { batch: Batch::default(), since: Instant::now(), current: None, hash, message_bytes }
    }

    /// Adds a record to the batch, if it is to be counted.
    pub fn take(&mut self, message: &BorrowedMessage<'_>, state: &SourceState) -> Result<(), OtherLog> {
        let began = self.batch.is_empty();
        if began {
            self.since = Instant::now();
        }
        self.copy(&Bounded { message, limit: self.message_bytes }, state)?;
        // Before the offset shows as read, which it does with the next record or with the batch.
        if began && !self.batch.is_empty() {
            state.count_begun();
        }
        Ok(())
    }

    fn copy(&mut self, bounded: &Bounded<'_, '_>, state: &SourceState) -> Result<(), OtherLog> {
        let message = bounded.message;
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        let is_same = |current: &Current| current.name.1 == partition && current.name.0 == topic;
        if !self.current.as_ref().is_some_and(is_same) {
            self.remember_offset(state);
            let index = index_of(bounded, state, &self.hash)?;
            self.current =
                index.map(|index| Current { name: (topic.to_owned(), partition), index, next_offset: offset });
        }
        // A record that is not to be counted.
        let Some(current) = &mut self.current else { return Ok(()) };
        current.next_offset = offset + 1;
        self.batch.push((current.index, offset, bounded.timestamp()), bounded.payload(), bounded.headers());
        Ok(())
    }

    /// Whether the batch is to be sent on.
    pub fn is_due(&self) -> bool {
        let full = self.batch.len() >= BATCH_RECORDS || self.batch.bytes() >= BATCH_BYTES;
        full || !self.batch.is_empty() && self.since.elapsed() >= BATCH_DELAY
    }

    /// Time until the batch is to be sent on, if it does not fill before.
    pub fn wait(&self) -> Duration {
        if self.batch.is_empty() { BATCH_DELAY } else { BATCH_DELAY.saturating_sub(self.since.elapsed()) }
    }

    /// Returns the batch, unless it is empty, and goes on with the one that `empty` gives.
    pub fn finish(&mut self, state: &SourceState, empty: impl FnOnce() -> Batch) -> Option<Batch> {
        self.remember_offset(state);
        (!self.batch.is_empty()).then(|| std::mem::replace(&mut self.batch, empty()))
    }

    /// Shows in the state how far the current partition is read.
    pub fn remember_offset(&mut self, state: &SourceState) {
        if let Some(Current { name, next_offset, .. }) = self.current.take() {
            state.set_next_offset(&name, next_offset);
        }
    }
}

/// The index of the record's partition; `None` if the record is not to be counted. The first record of a partition that is read on is the last
/// one that was counted: it is compared, and not counted again.
fn index_of(
    bounded: &Bounded<'_, '_>,
    state: &SourceState,
    hash: &RecordHash,
) -> Result<Option<PartitionIndex>, OtherLog> {
    let message = bounded.message;
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    let mut partitions = state.partitions();
    let Some(known) = partitions.get_mut(&(topic.to_owned(), partition)) else {
        // A partition is registered before it is assigned.
        tracing::error!(topic, partition, "a record came from a partition that was not assigned; it is not counted");
        return Ok(None);
    };
    // The client may still hold records of a partition that was given up.
    if known.stopped {
        return Ok(None);
    }
    if let Some(expected) = known.expected.take()
        && expected.offset == offset
        && !bounded.is(expected, hash)
    {
        let problem = format!(
            "topic {topic} partition {partition}: expected at offset {offset} the record that was read there, found another: the topic was \
             made anew"
        );
        return Err(OtherLog { topic: topic.to_owned(), partition, problem });
    }
    Ok((offset >= known.next_offset).then_some(known.index))
}

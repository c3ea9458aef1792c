//! Collects records into a batch, and tells which records are to be counted.

use kafka_batch::{Failure, Record, Records, TopicHandle};

use super::batch::Batch;
use super::message::Bounded;
use super::state::{PartitionName, SourceState};
use crate::plan::PartitionIndex;
use crate::source::position::RecordHashes;

/// Records in a batch, at most: a batch is handled at once, and a tick that is due must not wait for long.
const BATCH_RECORDS: usize = 4_096;
/// A batch is sent on when its values have this many bytes. What one call of the client gives may exceed it.
const BATCH_BYTES: usize = 2 << 20;
/// Records of the first call, which tell how many of their size there is room for.
const FIRST_RECORDS: usize = 4;

/// The batch that is being filled.
pub(super) struct Batching {
    batch: Batch,
    current: Option<Current>,
    hashes: RecordHashes,
    message_bytes: usize,
}

/// The partition of the last record, which is still in the batch. The next record nearly always has the same one.
struct Current {
    topic: TopicHandle,
    name: PartitionName,
    index: PartitionIndex,
    next_offset: i64,
}

/// What is to be dealt with before more is read.
#[derive(Default)]
pub(super) struct Found {
    /// An error that came instead of a record. Records behind it were not looked at.
    pub failure: Option<Failure>,
    /// Partitions that are other logs than those that were read. They are marked as stopped.
    pub other_logs: Vec<OtherLog>,
}

/// A partition turned out not to hold the record that was read at its offset.
pub(super) struct OtherLog {
    /// The topic and the partition's number.
    pub name: PartitionName,
    /// What was expected and what was found.
    pub problem: String,
}

impl Batching {
    /// Begins with an empty batch. `message_bytes` is the largest size of an event.
    pub fn new(hashes: RecordHashes, message_bytes: usize) -> Self {
        Self { batch: Batch::new(message_bytes), current: None, hashes, message_bytes }
    }

    /// Where the client adds records. They count once they have gone through [`Batching::sift`].
    pub const fn records_mut(&mut self) -> &mut Records {
        self.batch.records_mut()
    }

    /// Looks at the records that were added, and keeps those that are to be counted.
    pub fn sift(&mut self, state: &SourceState) -> Found {
        let Self { batch, current, hashes, .. } = self;
        let mut is_empty = batch.is_empty();
        let mut other_logs = Vec::new();
        let failure = batch.sift(|bounded| {
            let index = index_of(&bounded, current, state, hashes);
            let index = index.map_err(|other| other_logs.push(other)).ok().flatten();
            // Before the offset shows as read, which it does with the next partition or with the batch.
            if index.is_some() && std::mem::replace(&mut is_empty, false) {
                state.count_begun();
            }
            index
        });
        Found { failure, other_logs }
    }

    /// Whether there is nothing to be sent on.
    pub const fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Whether the batch is to be sent on before anything is added to it.
    pub fn is_full(&self) -> bool {
        self.batch.len() >= BATCH_RECORDS || self.batch.payload_bytes() >= BATCH_BYTES
    }

    /// How many more records to ask for. Nobody knows how large they are, so it goes by those that came.
    pub fn room(&self) -> usize {
        let (records, bytes) = (self.batch.len(), self.batch.payload_bytes());
        let Some(mean_bytes) = bytes.checked_div(records) else { return FIRST_RECORDS };
        let fitting = BATCH_BYTES.saturating_sub(bytes) / mean_bytes.max(1) + 1;
        fitting.min(BATCH_RECORDS.saturating_sub(records))
    }

    /// Returns the batch, unless it is empty, and goes on with a new one.
    pub fn finish(&mut self, state: &SourceState) -> Option<Batch> {
        self.remember_offset(state);
        (!self.batch.is_empty()).then(|| std::mem::replace(&mut self.batch, Batch::new(self.message_bytes)))
    }

    /// Shows in the state how far the current partition is read.
    pub fn remember_offset(&mut self, state: &SourceState) {
        remember_offset(&mut self.current, state);
    }
}

fn remember_offset(current: &mut Option<Current>, state: &SourceState) {
    if let Some(Current { name, next_offset, .. }) = current.take() {
        state.set_next_offset(&name, next_offset);
    }
}

/// The index of the record's partition; `None` if the record is not to be counted.
fn index_of(
    bounded: &Bounded<Record<'_>>,
    current: &mut Option<Current>,
    state: &SourceState,
    hashes: &RecordHashes,
) -> Result<Option<PartitionIndex>, OtherLog> {
    let record = bounded.message;
    let (topic, partition, offset) = (record.topic_handle(), record.partition(), record.offset());
    if let Some(current) = current
        && (current.topic, current.name.1) == (topic, partition)
        && current.next_offset <= offset
    {
        current.next_offset = offset + 1;
        return Ok(Some(current.index));
    }
    remember_offset(current, state);
    let name = (record.topic().to_owned(), partition);
    let index = look_up(&name, bounded, state, hashes)?;
    *current = index.map(|index| Current { topic, name, index, next_offset: offset + 1 });
    Ok(index)
}

/// As [`index_of`], for another partition than that of the record before, or an offset that was read before. The first record of a partition that
/// is read on is the last one that was counted: it is compared, and not counted again.
fn look_up(
    name: &PartitionName,
    bounded: &Bounded<Record<'_>>,
    state: &SourceState,
    hashes: &RecordHashes,
) -> Result<Option<PartitionIndex>, OtherLog> {
    let ((topic, partition), offset) = (name, bounded.message.offset());
    let mut partitions = state.partitions();
    let Some(known) = partitions.get_mut(name) else {
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
    {
        known.recognised = bounded.recognised(expected, hashes);
        if known.recognised.is_some() {
            return Ok((offset >= known.next_offset).then_some(known.index));
        }
        known.stopped = true;
        let problem = format!(
            "topic {topic} partition {partition}: expected at offset {offset} the record that was read there, found another: the topic was \
             made anew"
        );
        return Err(OtherLog { name: name.clone(), problem });
    }
    Ok((offset >= known.next_offset).then_some(known.index))
}

//! How well the Kafka consumer reads.

use crate::plan::PartitionIndex;

/// The consumer at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth {
    /// Every partition that was found.
    pub partitions: Vec<PartitionHealth>,
    /// Why partitions are no longer read; `None` when all of them are.
    pub fault: Option<String>,
    /// Errors that the client reported.
    pub errors: u64,
    /// How often a stalled client was replaced.
    pub reconnects: u64,
    /// Whether every partition was read to the end that it had when it was found.
    pub caught_up: bool,
    /// Batches begun so far. They hold at least every record that shows as read.
    pub begun: u64,
}

/// One partition at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionHealth {
    /// The topic.
    pub topic: String,
    /// The partition's number within its topic.
    pub partition: i32,
    /// The partition's index in the monitor.
    pub index: PartitionIndex,
    /// The offset to be read next.
    pub next_offset: i64,
    /// Records not read yet.
    pub lag: i64,
}

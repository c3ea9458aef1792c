//! How well the Kafka consumer reads.

use std::fmt;

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
    /// The schema registry; `None` where none is configured.
    pub registry: Option<RegistryHealth>,
}

/// How well the schema registry answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryHealth {
    /// Schemas that are known, those that do not exist among them.
    pub schemas: u64,
    /// Schemas that it gave.
    pub found: u64,
    /// How often it said that a schema does not exist, or gave one that is of no use.
    pub missing: u64,
    /// Attempts that brought no answer.
    pub failed: u64,
    /// Why the last attempt brought none, while a schema is wanted: reading waits. `None` where it answers.
    pub trouble: Option<String>,
    /// The schema of that trouble, and the first record that names it, where there is one.
    pub waiting: Option<(u32, WaitingRecord)>,
}

/// A record that waits for its schema, and with it all that is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRecord {
    /// The topic.
    pub topic: String,
    /// The partition's number within its topic.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
}

impl fmt::Display for WaitingRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, partition, offset } = self;
        write!(f, "topic {topic} partition {partition} offset {offset}")
    }
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

//! What is shown of the daemon itself, beside the evaluation.

use std::time::Duration;

use crate::mapping::MappingCounts;
use crate::monitor::Health;
use crate::plan::EventTime;

/// The daemon's vital signs at one moment.
#[derive(Clone, Debug)]
pub struct Vitals<'v> {
    /// Why the numbers may be incomplete; `None` when the daemon is ready.
    pub not_ready: Option<String>,
    /// Whether the monitor makes progress.
    pub healthy: bool,
    /// The monitor.
    pub health: &'v Health,
    /// Time since the last evaluation.
    pub evaluated_ago: Duration,
    /// How long that evaluation took.
    pub evaluation_took: Duration,
    /// Every partition of the input.
    pub partitions: Vec<PartitionVitals<'v>>,
    /// Why partitions are no longer read; `None` when all of them are.
    pub fault: Option<&'v str>,
    /// Errors that the Kafka client reported.
    pub client_errors: u64,
    /// How often a stalled Kafka client was replaced.
    pub client_reconnects: u64,
    /// The dead letters.
    pub dead_letters: DeadLetterVitals,
    /// The state on disk.
    pub checkpoint: CheckpointVitals,
    /// The audit log.
    pub audit: AuditVitals,
    /// The history of what was published.
    pub history: HistoryVitals<'v>,
    /// What became of the records that mappings read, by the name of the mapping.
    pub mappings: &'v [(String, MappingCounts)],
    /// Whether the last reload of the configuration was refused.
    pub reload_refused: bool,
}

/// One partition of the input.
#[derive(Clone, Copy, Debug)]
pub struct PartitionVitals<'v> {
    /// The topic.
    pub topic: &'v str,
    /// The partition's number within its topic.
    pub partition: i32,
    /// The offset to be read next.
    pub next_offset: i64,
    /// Records not read yet.
    pub lag: i64,
    /// The largest event time that was read; `None` before the first event.
    pub newest_event: Option<EventTime>,
    /// Whether the watermark no longer waits for it.
    pub idle: bool,
}

/// Dead letters since the start.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetterVitals {
    /// Delivered.
    pub delivered: u64,
    /// Attempts that were refused.
    pub refused: u64,
    /// Not delivered yet.
    pub pending: u64,
}

/// The audit log.
#[derive(Clone, Debug)]
pub struct AuditVitals {
    /// Its entries.
    pub entries: u64,
    /// Those that are signed.
    pub signed: u64,
    /// What is wrong with it; `None` where nothing is.
    pub trouble: Option<String>,
}

/// The history of what was published.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryVitals<'v> {
    /// Bytes on disk.
    pub bytes: u64,
    /// Releases that are kept.
    pub releases: u64,
    /// Where the oldest day begins.
    pub oldest: Option<EventTime>,
    /// The end of the windows of the last entry.
    pub newest: Option<EventTime>,
    /// Evaluations since the start that it did not take.
    pub left_out: u64,
    /// What is wrong now.
    pub trouble: Option<&'v str>,
}

/// Checkpoints since the start.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointVitals {
    /// Time since the last one, or since the start.
    pub age: Duration,
    /// How many were written.
    pub written: u64,
    /// How many failed.
    pub failed: u64,
    /// Size of the last one, in bytes.
    pub bytes: u64,
}

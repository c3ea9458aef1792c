//! The input of an evaluation: enough to compute it again.

use serde::{Deserialize, Serialize};

use super::time::EventTime;

/// The input of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The end of its windows; `None` where that is no longer known.
    pub as_of: Option<EventTime>,
    /// Hash of the configuration in force, 16 hex digits; empty where that is no longer known.
    pub config_hash: String,
    /// How far each partition was counted. The monitor does not know offsets: the caller, who keeps them, fills this
    /// in.
    pub inputs: Vec<InputOffset>,
}

/// How far a partition was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputOffset {
    /// Name of the topic.
    pub topic: String,
    /// Number of the partition.
    pub partition: i32,
    /// The first offset that was not counted.
    pub next_offset: i64,
}

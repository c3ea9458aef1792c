//! What an evaluation rested on, so that it can be computed again.

use serde::{Deserialize, Serialize};

use super::time::EventTime;

/// What an evaluation rested on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Where its windows ended; `None` where that is no longer known.
    pub as_of: Option<EventTime>,
    /// Hash of the configuration in force; empty where that is no longer known.
    pub config_hash: String,
    /// How far each partition was counted. The monitor does not know offsets; whoever keeps them fills this in.
    pub inputs: Vec<InputOffset>,
}

/// How far a partition was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The first offset that is not in the counts.
    pub next_offset: i64,
}

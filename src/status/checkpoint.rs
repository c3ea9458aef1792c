//! How well the state is kept on disk.

use std::time::{Duration, Instant};

/// The checkpoints that were written since the start.
#[derive(Clone, Debug)]
pub struct CheckpointHealth {
    /// When the last checkpoint reached the disk; before the first one, when the daemon started.
    pub last: Instant,
    /// How many were written.
    pub written: u64,
    /// How many failed.
    pub failed: u64,
    /// Size of the last one, in bytes.
    pub bytes: u64,
    /// How long the last one took in the background.
    pub took: Duration,
    /// How long the stream stood still for the last one.
    pub stall: Duration,
    /// Alert transitions that were delivered although the disk had refused them.
    pub unwritten_transitions: u64,
}

impl CheckpointHealth {
    /// The health before the first checkpoint.
    #[must_use]
    pub fn new() -> Self {
        Self {
            last: Instant::now(),
            written: 0,
            failed: 0,
            bytes: 0,
            took: Duration::ZERO,
            stall: Duration::ZERO,
            unwritten_transitions: 0,
        }
    }
}

impl Default for CheckpointHealth {
    fn default() -> Self {
        Self::new()
    }
}

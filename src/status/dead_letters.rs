//! How well dead letters are delivered.

/// Dead letters since the start, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterHealth {
    /// Delivered.
    pub delivered: u64,
    /// Attempts that were refused. Each is made again.
    pub refused: u64,
    /// Sent and not acknowledged yet, or waiting for the next attempt.
    pub pending: u64,
}

//! What has happened to the daemon while it runs.

use std::time::SystemTime;

/// Events in the operation of the daemon since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// How often somebody set the wall clock.
    pub clock_steps: u64,
    /// Reloads of the configuration that took effect.
    pub reloads: u64,
    /// Reloads that were refused.
    pub refused_reloads: u64,
    /// Data gaps that an operator accepted, over the life of the state.
    pub accepted_gaps: u64,
    /// When the present pseudonym key was put there, as far as its file tells; `None` where there is no file.
    pub key_since: Option<SystemTime>,
    /// Whether the pseudonym key before it is still there.
    pub previous_key_exists: bool,
    /// Whether the last reload was refused: the configuration in force then differs from the file.
    pub refused: bool,
}

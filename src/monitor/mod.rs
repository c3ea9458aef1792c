//! The corridor: composes the rooms above the I/O line into one deterministic state machine.
//!
//! **Architecture Invariant:** no clock, no I/O, no randomness. The same calls give the same answers, bit for bit.

mod aggregates;
mod batch;
mod cases;
mod core;
mod interface;
mod lateness;
mod measures;
mod output;
mod places;
mod recognition;
mod replay;
mod snapshot;
mod stored;
mod sums;
mod tables;
mod tallies;
mod transitions;

pub use self::core::Monitor;
pub use batch::{Alone, MAX_WORKERS, Task, Workers};
pub use interface::*;
pub use lateness::GroupLateness;
pub use output::{AlertTransitions, Output};
pub use snapshot::{RestoreError, SECTIONS, Snapshot};
pub use stored::{FORMAT, FORMATS_READ, is_read};
pub use tallies::possible_results;
pub use transitions::AlertEntries;

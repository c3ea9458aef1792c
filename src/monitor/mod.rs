//! The corridor: composes the rooms above the I/O line into one deterministic state machine.
//!
//! **Architecture Invariant:** no clock, no I/O, no randomness. The same calls give the same answers, bit for bit.

mod core;
mod interface;
mod mapping;
mod plan;
mod snapshot;
mod tallies;

pub use self::core::Monitor;
pub use crate::alert::Told;
pub use crate::ledger::PseudonymKey;
pub use interface::*;
pub use mapping::{Mapping, Names};
pub use plan::*;
pub use snapshot::{AlertEntries, FORMAT, InputOffset, Moment, RestoreError, SECTIONS, Snapshot};

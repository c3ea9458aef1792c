//! The corridor: composes the rooms above the I/O line into one deterministic state machine.
//!
//! **Architecture Invariant:** no clock, no I/O, no randomness. The same calls give the same answers, bit for bit.

mod core;
mod interface;
mod snapshot;
mod tallies;

pub use self::core::Monitor;
pub use crate::alert::ToldSoFar;
pub use crate::ledger::PseudonymKey;
pub use interface::*;
pub use snapshot::{AlertEntries, FORMAT, RestoreError, SECTIONS, Snapshot};

// Until the rooms below have moved.
pub use crate::alert::ToldSoFar as Told;
pub use crate::plan::{
    Dimension, EvidencePlan, Exposure, InputOffset, LedgerPlan, PartitionIndex, Plan, Profile, Provenance as Moment,
    WindowPlan,
};

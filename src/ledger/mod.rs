//! Cases: dedupe by event id, join by case id, signed facts.
//!
//! **Architecture Invariant:** what a case counts for is a pure function of the *set* of its events ([`facts`]), and so is which events make
//! up a case that was let go and came again ([`Spans`]); the order of their arrival and their duplicates leave no trace.

mod attributes;
mod case;
mod change;
mod counts;
mod finals;
mod fingerprint;
mod memory;
mod page;
mod probabilities;
mod record;
mod run;
mod state;
mod store;

pub use attributes::{AttributeTable, AttributesId, MAX_STRATUM_VALUES, RISK_CLASS};
pub use case::{CaseFacts, Contribution, facts};
pub use change::CaseChange;
pub use counts::CaseCounts;
pub use finals::FinalChange;
pub use fingerprint::{CaseKey, EventTag, PseudonymKey};
pub use probabilities::{CERTAIN, MAX_PROBABLE_GROUPS};
pub use record::{MAX_RECORDS_PER_CASE, Record, RecordKind};
pub use run::Spans;
pub use state::{LedgerPages, LedgerState};
pub use store::{Arrival, Effects, Joined, Ledger, LedgerHealth, Timing};

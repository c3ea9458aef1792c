//! Cases: dedupe by event id, join by case id, signed facts.
//!
//! **Architecture Invariant:** what a case counts for is a pure function of the *set* of its events ([`facts`]);
//! the order of their arrival and their duplicates leave no trace.

mod attributes;
mod case;
mod finals;
mod fingerprint;
mod memory;
mod page;
mod probabilities;
mod record;
mod state;
mod store;

pub use attributes::{Attributes, AttributesId, MAX_STRATUM_VALUES, RISK_CLASS, Slot, StratumId};
pub use case::{CaseFacts, Contribution, facts};
pub use finals::FinalChange;
pub(crate) use finals::hour_of;
pub use fingerprint::{CaseKey, EventTag, PseudonymKey};
pub use probabilities::{CERTAIN, MAX_PROBABLE_GROUPS};
pub use record::{MAX_RECORDS_PER_CASE, Record, RecordKind};
pub use state::{LedgerPages, LedgerState};
pub use store::{Arrival, Change, Ledger, LedgerHealth};

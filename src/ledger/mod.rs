//! Cases: recognises second deliveries by event id, joins events by case id, and returns what a case counts for.
//!
//! **Architecture Invariant:** what a case counts for is a pure function of the *set* of its events ([`facts`]). So is
//! the division of its events into runs ([`Spans`]), where a case was closed and events of it came again. The order of
//! arrival and second deliveries leave no trace.

mod attributes;
mod attributes_id;
mod bounds;
mod case;
mod change;
mod complaint;
mod contradiction;
mod counts;
mod criteria;
mod crossings;
mod derived;
mod effects;
mod finals;
mod fingerprint;
mod former;
mod handling;
mod horizons;
mod likeness;
mod losses;
mod memory;
mod named_values;
mod newcomers;
mod occurrence;
mod page;
mod pages;
mod probabilities;
mod reading;
mod ready;
mod record;
mod record_maker;
mod run;
mod said;
mod sip;
mod spellings;
mod state;
mod store;
mod stored_attributes;
mod stored_shard;
mod strata;
mod strict_kinds;
mod sweep;
mod two_keys;
mod unlisted_names;

pub use attributes::{AttributeTable, RISK_CLASS};
pub use attributes_id::AttributesId;
pub use case::{CaseFacts, Contribution, facts};
pub use change::CaseChange;
pub use complaint::ComplaintCode;
pub use counts::CaseCounts;
pub use effects::Effects;
pub use finals::FinalChange;
pub use fingerprint::{CaseKey, EventTag, Fingerprints, PseudonymKey};
pub use former::{Fit, FormerState, Keys};
pub use handling::Handling;
pub use losses::{Loss, LossCause};
pub use named_values::MAX_STRATUM_VALUES;
pub use occurrence::{CaseOccurrence, CasePlace, OccurrenceChange};
pub use probabilities::{CERTAIN, MAX_PROBABLE_GROUPS};
pub use ready::{CaseEvent, ReadyRecord};
pub use record::{MAX_RECORDS_PER_CASE, Record, RecordKind};
pub use run::Spans;
pub use state::{LedgerPages, LedgerState};
pub use store::{Arrival, Joined, Ledger, LedgerHealth, Timing};
pub use two_keys::CaseEvents;
pub use unlisted_names::{SpelledCases, UnlistedNames};

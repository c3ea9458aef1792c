//! What may leave: the one room that decides, and the one type that sinks accept.
//!
//! **Architecture Invariant:** [`Published`] is made by [`publish`] alone. Suppression happens there, before any output exists.
//!
//! Suppression is primary. If the events of a side, its exposed, or their difference are below `min_cell`, the counts and the rate of that side are
//! withheld, with every number of the comparison. A zero is small too: it says something about everybody in the cell.
//!
//! The bracket of cases whose group is known only as probabilities is withheld as a whole if the effective number, the expected events or the
//! expected non-events of a side are below `min_cell`.
//!
//! In the funnel every count, and the difference between any two counts of a group, is at least `min_cell`. A withheld count cannot be found by
//! subtraction from the rest of the funnel either: see `funnel.rs`.
//!
//! Verdicts and alert states are always published. The duty of care asks for them, and they carry no number.

mod funnel;
mod json;
mod missing;
mod publish;
mod published;
mod suppress;
mod unlisted;

pub use funnel::{PublishedFunnel, PublishedShare, PublishedStep};
pub use missing::{PublishedMissing, PublishedMissingSide};
pub use publish::{publish, publish_alert};
pub use published::{
    Counted, EventCounts, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedLate,
    PublishedProfile, PublishedRates, PublishedThresholds,
};
pub use unlisted::{PublishedOthers, PublishedSpelling, PublishedUnlisted, PublishedValue};

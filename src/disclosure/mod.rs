//! What may leave: the one room that decides, and the one type that sinks accept.
//!
//! **Architecture Invariant:** [`Published`] is made by [`publish`] alone. Suppression happens there, before any output exists.
//!
//! Primary suppression: where events, exposed or their difference of a side are below `min_cell`, that side's counts and rate are
//! withheld, and so is every number of the comparison. A zero counts as small: it says something about everybody in the cell.
//! The bracket of cases whose group is known only as probabilities is withheld as a whole where a side's effective number, expected
//! events or expected non-events are below `min_cell`.
//! Of the funnel every count, and the difference between any two of a group, is at least `min_cell`; there what is withheld cannot be
//! found by subtraction from the rest of the funnel either (see `funnel.rs`).
//! Verdicts and alert states always leave: they are what the duty of care asks for, and they carry no number.

mod funnel;
mod json;
mod publish;
mod published;
mod suppress;

pub use funnel::{PublishedFunnel, PublishedStep};
pub use publish::{publish, publish_alert};
pub use published::{
    Counted, EventCounts, Measured, Published, PublishedAlert, PublishedBracket, PublishedFinding, PublishedLate,
    PublishedProfile, PublishedRates,
};

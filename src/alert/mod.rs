//! Memory of judgement: what is pending, firing, resolved.

mod book;
mod episode;

pub use book::{AlertBook, MAX_ENDED_ALERTS, ToldSoFar};
pub use episode::{Alert, AlertId, AlertState, Identity, Severity, SeverityChange, Transition};

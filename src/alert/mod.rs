//! The memory of judgement: which alerts are pending, firing or resolved.

mod book;
mod episode;

pub use book::{AlertBook, MAX_ENDED_ALERTS, ToldSoFar};
pub use episode::{Alert, AlertId, AlertState, Identity, Severity, SeverityChange, Transition};

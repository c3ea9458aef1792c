//! The memory of judgement: which alerts are pending, firing or resolved.

mod book;
mod episode;
mod format_1;

pub use book::{AlertBook, MAX_ENDED_ALERTS, ToldSoFar};
pub use episode::{Alert, AlertId, AlertState, Identity, Severity, SeverityChange, Transition};
pub use format_1::{AlertOfFormat1, BookOfFormat1};

//! The memory of judgement: which alerts are pending, firing or resolved, and what was done about them.

mod alert_id;
mod answer;
mod book;
mod episode;
mod measures;
mod severity;

pub use alert_id::AlertId;
pub use answer::{Acceptance, AcceptanceEnd, Accepted, Answer, BeyondAccepted, ShownByWindow};
pub use book::{AlertBook, Answering, MAX_ENDED_ALERTS, ToldSoFar};
pub use episode::{Alert, AlertState, Identity, SeverityChange, Transition};
pub use measures::{MAX_MEASURES, MAX_MEASURES_OF_SUBJECT, MeasureBook, MeasureKey, MeasureSubject, MeasureTaken};
pub use severity::Severity;

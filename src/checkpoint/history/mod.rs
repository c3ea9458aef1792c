//! The history: what was published, as rows of aggregates that are kept for years, in files by day.
//!
//! A day has segments: files that only grow. Every start of the daemon that has something to tell begins a new one, so nothing is ever written behind
//! an entry that a crash cut off. A segment begins with every row; what follows is what changed. Older days are thinned: one file then stands for all
//! segments of the day.
//!
//! What was told first stays. A daemon that counts again from its checkpoint comes past releases that the history has: they are passed over.

mod early;
mod folder;
mod format_1;
mod known;
mod once;
mod reader;
mod segment;
mod series;
mod thinning;
mod unwritten;
mod waiting;
mod writer;

pub use early::EndedEarly;
pub use reader::{DayHistory, HistoryReader, PassedOver, Step};
pub use segment::{HISTORY_FOLDER, day_of, day_text};
pub use unwritten::Unwritten;
pub use writer::{History, HistoryHealth};

//! The state on disk: one file with the monitor's snapshot and the offsets it belongs to, replaced whole or not at all.
//!
//! **Architecture Invariant:** a checkpoint that cannot be read is refused and never overwritten. Nothing here repairs, skips or starts over.

pub mod audit;
mod checksum;
mod container;
mod cursor;
mod error;
mod frames;
mod history;
mod journal;
mod names;
mod outbox;
mod owner;
mod replace;
pub mod reports;
mod store;

pub use container::{Header, Input, LastRecord, MAX_HEADER_BYTES, Sections, read, write};
pub use cursor::{Cursor, forget_cursor, read_cursors};
pub use error::CheckpointError;
pub use history::{
    DayHistory, EndedEarly, HISTORY_FOLDER, History, HistoryHealth, HistoryReader, PassedOver, Step, Unwritten, day_of,
    day_text,
};
pub use journal::{Journal, forget_before, read_journals};
pub use names::is_state_file;
pub use outbox::OutboxFile;
pub use owner::Owner;
#[cfg(test)]
pub(crate) use replace::FOLDER_FAILS;
pub use store::{Store, Stored};

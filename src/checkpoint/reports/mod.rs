//! Reports that were made: notes in the state folder, by which whoever makes a report tells the daemon of it.
//!
//! A note is handed over beside a running daemon, which holds the audit log. The daemon enters it into the log once, and then gives it another name:
//! so the name says whether the log has it. A note that cannot be read is left as it is.

mod folder;
mod gift;
mod note;
mod shelf;

pub use crate::render::MadeWith;
pub use folder::{HandedOver, Handing, NotesFound, hand_over, notes};
pub use gift::{give_file, give_to_owner};
pub use note::{MAX_FILES, MadeFile, MadeReport, RestsOn};
pub use shelf::ReportShelf;

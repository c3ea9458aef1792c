//! The stored formats of a monitor: one file per version, with an explicit conversion. What two versions encode alike is
//! in `shared` until one of them changes it; then that version gets structs of its own.
//!
//! A new version gets a file of its own and a row in [`sections`]. The files of the versions before it stay as they are.

mod format_3;
mod format_4;
mod format_5;
mod format_6;
mod format_7;
mod format_8;
mod sections;
mod shared;

pub use sections::{FORMAT, FORMATS_READ, is_read};
pub(super) use sections::{read_section_0, write_section_0};
pub(super) use shared::{Section0, State};

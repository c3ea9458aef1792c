//! Why the state cannot be read or written.

use std::io;
use std::path::Path;

use thiserror::Error;

use crate::monitor::{FORMAT, FORMATS_READ, RestoreError};

/// Why the state cannot be used, or not written.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// A file or folder failed.
    #[error("{path}: {doing}: {source}")]
    Io {
        /// Its path.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what was written.
    #[error("{path}: {problem}. It was left as it is; move it away to rebuild the state from the log")]
    Damaged {
        /// The file.
        path: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// The outbox does not hold what was written.
    #[error(
        "{path}: {problem}. It was left as it is; move it away to go on without it: every receiver is then told again of the alerts that fire, with \
         the same ids, and what waited about alerts that have ended is lost"
    )]
    DamagedOutbox {
        /// The file.
        path: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A file of the history does not hold what was written, or is of another version.
    #[error("{path}: {problem}. It was left as it is; move it away to go on without what it tells of this day")]
    DamagedHistory {
        /// The file.
        path: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// Written by a later version.
    #[error("{path}: expected a format from {} to {FORMAT}, found {found} (written by {by}): use that version or a later one", FORMATS_READ.start())]
    Later {
        /// The file.
        path: String,
        /// Its format.
        found: u32,
        /// The version that wrote it.
        by: String,
    },
    /// Written in a format that is no longer read.
    #[error(
        "{path}: expected a format from {} to {FORMAT}, found {found} (written by {by}). It was left as it is; move it away to rebuild the state \
         from the log",
        FORMATS_READ.start()
    )]
    Earlier {
        /// The file.
        path: String,
        /// Its format.
        found: u32,
        /// The version that wrote it.
        by: String,
    },
    /// Written by another daemon while this one ran: the folder's lock was lost, or does not hold on its file system.
    #[error(
        "{path}: expected checkpoint {expected}, the last one that this daemon wrote or read, found {found}: another daemon uses the state"
    )]
    Taken {
        /// The file.
        path: String,
        /// The last sequence number that this daemon wrote or read.
        expected: u64,
        /// The sequence number in the file.
        found: u64,
    },
    /// The file was replaced, but a crash may undo that: the folder could not be synced.
    #[error("{path}: it was replaced, but a crash may undo that: the folder could not be synced: {source}")]
    Unsettled {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another daemon has claimed the folder since this one did.
    #[error("{0}")]
    Lost(String),
    /// The checkpoint is whole, but does not fit the key or the configuration.
    #[error("{path}: {problem}. It was left as it is; move it away to rebuild the state from the log")]
    Unfit {
        /// The file.
        path: String,
        /// Why.
        problem: RestoreError,
    },
}

/// Refuses a file of a format that is not read; `by` is the version that wrote it.
pub(super) fn check_format(path: &Path, found: u32, by: &str) -> Result<(), CheckpointError> {
    let (path, by) = (path.display().to_string(), by.to_owned());
    match found {
        found if FORMATS_READ.contains(&found) => Ok(()),
        found if found > FORMAT => Err(CheckpointError::Later { path, found, by }),
        found => Err(CheckpointError::Earlier { path, found, by }),
    }
}

pub(super) fn failed(path: &Path, doing: &'static str, source: io::Error) -> CheckpointError {
    CheckpointError::Io { path: path.display().to_string(), doing, source }
}

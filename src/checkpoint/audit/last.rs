//! How far the log had come, beside the state: a log that was put back from a copy, or is gone with its key, is told at the next start.
//!
//! Whoever can write there can remove this too. Only a checkpoint that is kept elsewhere shows that.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::reading::Reading;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::owner::Owner;

/// The file, in the state folder.
const AUDIT_LAST: &str = "audit.last";
/// Longest such file that is read, in bytes.
const MAX_BYTES: u64 = 4 << 10;

/// The last log, and how many of its entries were signed. The log itself may have more: it is written first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Last {
    /// Which log.
    pub origin: String,
    /// Its signed entries.
    pub size: u64,
}

impl Last {
    /// Reads it. A file that is not there or is damaged says nothing.
    pub fn read(folder: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        File::open(folder.join(AUDIT_LAST)).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Replaces it.
    ///
    /// # Errors
    /// [`CheckpointError`]; the one before stands.
    pub fn write(&self, owner: &Owner) -> Result<(), CheckpointError> {
        owner.replace(AUDIT_LAST, |file| writeln!(file, "{}", json!(self))).map(drop)
    }

    /// Says what is wrong with a log that was read: it is another one or has too few signed entries. A log that says in its first entry that it
    /// follows this one is right: a crash came before that was noted here.
    pub fn what_is_wrong(&self, reading: &Reading) -> Option<String> {
        let found = reading.checkpoint.as_ref()?;
        let follows = reading.begun.as_ref().is_some_and(|begun| begun.before.get("last") == Some(&json!(self)));
        let is_it = found.origin == self.origin && found.size >= self.size;
        let Self { origin, size } = self;
        (!is_it && !follows).then(|| {
            format!("expected the log {origin} with {size} entries or more, found {} with {}", found.origin, found.size)
        })
    }
}

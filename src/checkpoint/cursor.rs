//! How far each receiver has come: one small file per receiver.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{CheckpointError, failed};
use super::owner::Owner;

/// The name of a receiver's file begins with this; the receiver's id follows.
const PREFIX: &str = "outbox.cursor.";
/// Longest file of a receiver, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// The file of one receiver.
#[derive(Clone, Debug)]
pub struct Cursor {
    owner: Owner,
    id: String,
    receiver: String,
}

/// What the file holds. The receiver's name is for people.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    receiver: String,
    next: u64,
}

impl Cursor {
    /// The file of the receiver with this id, in the folder that was claimed.
    #[must_use]
    pub fn new(owner: &Owner, id: String, receiver: String) -> Self {
        Self { owner: owner.clone(), id, receiver }
    }

    /// Writes that everything before the sequence number `next` was delivered.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] and [`CheckpointError::Unsettled`]: after a crash the receiver may get some messages again.
    /// [`CheckpointError::Lost`] if the folder is another daemon's.
    pub fn write(&self, next: u64) -> Result<(), CheckpointError> {
        let name = format!("{PREFIX}{}", self.id);
        let position = Position { receiver: self.receiver.clone(), next };
        let line = serde_json::to_vec(&position)
            .map_err(|error| failed(&self.owner.folder().join(&name), "encode for", error.into()))?;
        self.owner.replace(&name, |file| file.write_all(&line)).map(|_| ())
    }
}

/// Reads how far every receiver that has a file has come, by id. A file that cannot be read is left out, with a warning: its receiver then begins
/// with the oldest message.
///
/// # Errors
/// [`CheckpointError::Io`] if the folder cannot be read.
pub fn read_cursors(folder: &Path) -> Result<BTreeMap<String, u64>, CheckpointError> {
    let listing = std::fs::read_dir(folder).map_err(|error| failed(folder, "list", error))?;
    let mut cursors = BTreeMap::new();
    for entry in listing {
        let path = entry.map_err(|error| failed(folder, "list", error))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // Other files of the folder, and those that a crash left unfinished.
        let Some(id) = name.and_then(|name| name.strip_prefix(PREFIX)).filter(|id| !id.ends_with(".new")) else {
            continue;
        };
        match read(&path) {
            Ok(position) => {
                cursors.insert(id.to_owned(), position.next);
            }
            Err(error) => tracing::warn!(path = %path.display(), %error, "a receiver's position cannot be read"),
        }
    }
    Ok(cursors)
}

/// Removes the file of a receiver that is no longer configured. A file that stays does no harm.
pub fn forget_cursor(folder: &Path, id: &str) {
    let path = folder.join(format!("{PREFIX}{id}"));
    if let Err(error) = std::fs::remove_file(&path) {
        tracing::warn!(path = %path.display(), %error, "the position of a receiver that is gone could not be removed");
    }
}

fn read(path: &Path) -> io::Result<Position> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

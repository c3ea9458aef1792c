//! The outbox on the disk: one file of records, written on at its end and replaced whole when much of it is out of date; and for each
//! receiver a file that says how far it has come.
//!
//! What one write appends is one frame, whole or not: records at the end that were not wholly written were not sent to anybody, and the alerts say
//! what they told, so they are made again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::container::write_section;
use super::frames::{Damage, read_frames};
use super::store::{CheckpointError, failed, sync_folder};
use crate::outbox::Record;

/// The file of records.
const FILE: &str = "outbox";
/// The next one, until it is whole and on the disk.
const NEW_FILE: &str = "outbox.new";
/// What the name of a receiver's file begins with; the receiver's id follows.
const CURSOR: &str = "outbox.cursor.";
/// The first line, with the format.
const TITLE: &str = "paritywatch outbox 2\n";
/// The same of format 1, in which every record was a frame of its own; as long.
const TITLE_OF_FORMAT_1: &str = "paritywatch outbox 1\n";
/// Longest frame, in bytes.
const MAX_FRAME_BYTES: u64 = 64 << 20;
/// Most records in a frame; an append of more takes several.
const FRAME_RECORDS: usize = 4_096;
/// Longest file of a receiver, in bytes.
const MAX_CURSOR_BYTES: u64 = 64 << 10;
/// The file is replaced when it has more than twice as many records as are needed, and so many more.
const SLACK_RECORDS: usize = 1_024;

/// The file of records.
#[derive(Debug)]
pub struct OutboxFile {
    folder: PathBuf,
    /// `None` where what is there cannot be written on: its end may be torn.
    file: Option<File>,
    records: usize,
}

/// How far a receiver has come, as its file says.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    receiver: String,
    next: u64,
}

/// One receiver's file.
#[derive(Clone, Debug)]
pub struct Cursor {
    folder: PathBuf,
    id: String,
    receiver: String,
}

impl OutboxFile {
    /// Reads the outbox of a folder; nothing is written to it before [`Self::replace`].
    ///
    /// # Errors
    /// [`CheckpointError`] where it cannot be read, is of a later version, or holds whole records behind one that is damaged: it may be waited
    /// for nowhere else.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Record>), CheckpointError> {
        let path = folder.join(FILE);
        let records = match std::fs::read(&path) {
            Ok(bytes) => read_records(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(&path, "read", error)),
        };
        Ok((Self { folder: folder.to_owned(), file: None, records: records.len() }, records))
    }

    /// Whether everything that was given is on the disk.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.file.is_some()
    }

    /// Whether [`Self::replace`] is due, with so many records that are needed.
    #[must_use]
    pub const fn is_due(&self, needed: usize) -> bool {
        self.file.is_none() || self.records > needed.saturating_mul(2).saturating_add(SLACK_RECORDS)
    }

    /// Writes records at the end; when this returns they are on the disk.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; from then on only [`Self::replace`] helps.
    pub fn append(&mut self, records: &[Record]) -> Result<(), CheckpointError> {
        let path = self.folder.join(FILE);
        // Taken out until it has succeeded: nothing is written behind a torn record.
        let Some(mut file) = self.file.take() else {
            return Err(failed(&path, "write on", io::Error::other("it is to be replaced first")));
        };
        let bytes = bytes_of(records).map_err(|error| failed(&path, "encode for", error))?;
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(|error| failed(&path, "write", error))?;
        self.file = Some(file);
        self.records += records.len();
        Ok(())
    }

    /// Replaces the file by one with these records: after a crash at any moment there is the old one or the new one.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; the old one stands, and is not written on.
    pub fn replace(&mut self, records: &[Record]) -> Result<(), CheckpointError> {
        self.file = None;
        let (path, new) = (self.folder.join(FILE), self.folder.join(NEW_FILE));
        let bytes = bytes_of(records).map_err(|error| failed(&new, "encode for", error))?;
        let mut file = create(&new).map_err(|error| failed(&new, "make", error))?;
        let written = file.write_all(TITLE.as_bytes()).and_then(|()| file.write_all(&bytes));
        written.and_then(|()| file.sync_all()).map_err(|error| failed(&new, "write", error))?;
        std::fs::rename(&new, &path).map_err(|error| failed(&path, "replace", error))?;
        sync_folder(&self.folder)?;
        self.file = Some(file);
        self.records = records.len();
        Ok(())
    }
}

impl Cursor {
    /// The file of the receiver with this id, 16 hex digits, in this folder.
    #[must_use]
    pub fn new(folder: &Path, id: String, receiver: String) -> Self {
        Self { folder: folder.to_owned(), id, receiver }
    }

    /// Says that everything before this sequence number was delivered.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; after a crash it gets again what came after what stands there.
    pub fn write(&self, next: u64) -> Result<(), CheckpointError> {
        let path = self.folder.join(format!("{CURSOR}{}", self.id));
        let new = self.folder.join(format!("{CURSOR}{}.new", self.id));
        let position = Position { receiver: self.receiver.clone(), next };
        let line = serde_json::to_vec(&position).map_err(|error| failed(&new, "encode for", error.into()))?;
        let mut file = create(&new).map_err(|error| failed(&new, "make", error))?;
        file.write_all(&line).and_then(|()| file.sync_all()).map_err(|error| failed(&new, "write", error))?;
        std::fs::rename(&new, &path).map_err(|error| failed(&path, "replace", error))?;
        sync_folder(&self.folder)
    }
}

/// How far every receiver that has a file has come, by id. A file that says nothing is left out, with a warning: its receiver then begins
/// with the oldest message.
///
/// # Errors
/// [`CheckpointError::Io`] where the folder cannot be read.
pub fn read_cursors(folder: &Path) -> Result<BTreeMap<String, u64>, CheckpointError> {
    let listing = std::fs::read_dir(folder).map_err(|error| failed(folder, "list", error))?;
    let mut cursors = BTreeMap::new();
    for entry in listing {
        let path = entry.map_err(|error| failed(folder, "list", error))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(id) = name.and_then(|name| name.strip_prefix(CURSOR)).filter(|id| !id.ends_with(".new")) else {
            continue;
        };
        match read_cursor(&path) {
            Ok(position) => {
                cursors.insert(id.to_owned(), position.next);
            }
            Err(error) => tracing::warn!(path = %path.display(), %error, "a receiver's position cannot be read"),
        }
    }
    Ok(cursors)
}

/// Removes the file of a receiver that is no longer configured. One that stays does no harm.
pub fn forget_cursor(folder: &Path, id: &str) {
    let path = folder.join(format!("{CURSOR}{id}"));
    if let Err(error) = std::fs::remove_file(&path) {
        tracing::warn!(path = %path.display(), %error, "the position of a receiver that is gone could not be removed");
    }
}

fn read_cursor(path: &Path) -> io::Result<Position> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_CURSOR_BYTES).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn read_records(path: &Path, bytes: &[u8]) -> Result<Vec<Record>, CheckpointError> {
    let damaged = |problem| CheckpointError::DamagedOutbox { path: path.display().to_string(), problem };
    let of_format_1 = bytes.starts_with(TITLE_OF_FORMAT_1.as_bytes());
    if !of_format_1 && !bytes.starts_with(TITLE.as_bytes()) {
        return Err(damaged(format!("expected it to begin with {TITLE:?}")));
    }
    let mut records = Vec::new();
    let read = read_frames(path, (bytes, TITLE.len()), ("frame", MAX_FRAME_BYTES), |frame| {
        let of_frame =
            if of_format_1 { postcard::from_bytes(frame).map(|one| vec![one]) } else { postcard::from_bytes(frame) };
        of_frame.map(|more: Vec<Record>| records.extend(more)).map_err(|error| error.to_string())
    });
    read.map_err(|Damage(problem)| damaged(problem))?;
    Ok(records)
}

fn bytes_of(records: &[Record]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for frame in records.chunks(FRAME_RECORDS) {
        write_section(&postcard::to_allocvec(frame).map_err(io::Error::other)?, &mut bytes)?;
    }
    Ok(bytes)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_of_format_1_is_read_and_replaced_by_the_present_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let records = [Record::Begin { sequence: 3 }, Record::Told { alert: "a".to_owned(), number: 2 }];
        let mut bytes = TITLE_OF_FORMAT_1.as_bytes().to_vec();
        for record in &records {
            write_section(&postcard::to_allocvec(record).unwrap(), &mut bytes).unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        let (mut file, found) = OutboxFile::open(folder.path()).unwrap();
        assert_eq!(found, records);
        file.replace(&found).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(TITLE.as_bytes()));
        assert_eq!(OutboxFile::open(folder.path()).unwrap().1, records);
    }
}

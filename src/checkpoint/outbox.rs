//! The outbox on the disk: one file of records, written on at its end and replaced whole when much of it is out of date; and for each
//! receiver a file that says how far it has come.
//!
//! What one write appends is one frame, or several one after the other, each whole or not: records at the end that were not wholly written were not sent to anybody, and the alerts say
//! what they told, so they are made again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use super::error::{CheckpointError, failed};
use super::frames::{Damage, read_frames, write_frame};
use super::owner::Owner;
use crate::outbox::Record;

/// The file of records.
const FILE: &str = "outbox";
/// What the name of a receiver's file begins with; the receiver's id follows.
const CURSOR: &str = "outbox.cursor.";
/// The first line: its number is the format of the state that the file belongs to.
const TITLE: &str = "paritywatch outbox 4\n";
/// The same of format 3, which numbered this file by itself. As long; records are encoded alike, and frames have another checksum.
const TITLE_OF_FORMAT_3: &str = "paritywatch outbox 2\n";
/// What is in it, and the longest one in bytes.
const FRAME: (&str, u64) = ("frame", 64 << 20);
/// A frame ends with the record that brings it to so many bytes; an append of more takes several.
const FRAME_BYTES: usize = 8 << 20;
/// Longest file of a receiver, in bytes.
const MAX_CURSOR_BYTES: u64 = 64 << 10;
/// The file is replaced when it has more than twice as many records as are needed, and so many more.
const SLACK_RECORDS: usize = 1_024;

/// The file of records.
#[derive(Debug)]
pub struct OutboxFile {
    owner: Owner,
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
    owner: Owner,
    id: String,
    receiver: String,
}

impl OutboxFile {
    /// Reads the outbox of the folder that was claimed; nothing is written to it before [`Self::replace`].
    ///
    /// # Errors
    /// [`CheckpointError`] where it cannot be read, is of a later version, or holds whole records behind one that is damaged: it may be waited
    /// for nowhere else.
    pub fn open(owner: &Owner) -> Result<(Self, Vec<Record>), CheckpointError> {
        let path = owner.folder().join(FILE);
        let records = match std::fs::read(&path) {
            Ok(bytes) => read_records(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(&path, "read", error)),
        };
        Ok((Self { owner: owner.clone(), file: None, records: records.len() }, records))
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
    /// [`CheckpointError::Io`], also where a record is longer than is read again; from then on only [`Self::replace`] helps.
    pub fn append(&mut self, records: &[Record]) -> Result<(), CheckpointError> {
        let path = self.owner.folder().join(FILE);
        // Taken out until it has succeeded: nothing is written behind a torn record.
        let Some(mut file) = self.file.take() else {
            return Err(failed(&path, "write on", io::Error::other("it is to be replaced first")));
        };
        let frames = frames_of(records).map_err(|error| failed(&path, "encode for", error))?;
        // One after the other: of two that are written at once a crash could leave the second whole behind a torn one.
        for frame in frames {
            file.write_all(&frame).and_then(|()| file.sync_data()).map_err(|error| failed(&path, "write", error))?;
        }
        self.file = Some(file);
        self.records += records.len();
        Ok(())
    }

    /// Replaces the file by one with these records: after a crash at any moment there is the old one or the new one.
    ///
    /// # Errors
    /// As [`Self::append`], and [`CheckpointError::Lost`] where the folder is another's; the old one stands, and is not written on.
    /// [`CheckpointError::Unsettled`]; the new one stands until a crash, and is not written on either.
    pub fn replace(&mut self, records: &[Record]) -> Result<(), CheckpointError> {
        self.file = None;
        let path = self.owner.folder().join(FILE);
        let frames = frames_of(records).map_err(|error| failed(&path, "encode for", error))?;
        let ((), file) = self.owner.replace(FILE, |file| {
            file.write_all(TITLE.as_bytes())?;
            frames.iter().try_for_each(|frame| file.write_all(frame))
        })?;
        self.file = Some(file);
        self.records = records.len();
        Ok(())
    }
}

impl Cursor {
    /// The file of the receiver with this id, 16 hex digits, in the folder that was claimed.
    #[must_use]
    pub fn new(owner: &Owner, id: String, receiver: String) -> Self {
        Self { owner: owner.clone(), id, receiver }
    }

    /// Says that everything before this sequence number was delivered.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] and [`CheckpointError::Unsettled`]; after a crash it gets again what came after what stands there.
    /// [`CheckpointError::Lost`] where the folder is another's.
    pub fn write(&self, next: u64) -> Result<(), CheckpointError> {
        let name = format!("{CURSOR}{}", self.id);
        let position = Position { receiver: self.receiver.clone(), next };
        let line = serde_json::to_vec(&position)
            .map_err(|error| failed(&self.owner.folder().join(&name), "encode for", error.into()))?;
        self.owner.replace(&name, |file| file.write_all(&line)).map(|_| ())
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
    let checksum = if bytes.starts_with(TITLE.as_bytes()) {
        Checksum::of_format(4)
    } else if bytes.starts_with(TITLE_OF_FORMAT_3.as_bytes()) {
        Checksum::of_format(3)
    } else {
        let found = bytes.get(..TITLE.len()).unwrap_or(bytes);
        let found = String::from_utf8_lossy(found);
        return Err(damaged(format!("expected it to begin with {TITLE:?} or {TITLE_OF_FORMAT_3:?}, found {found:?}")));
    };
    let mut records = Vec::new();
    let read = read_frames(path, (bytes, TITLE.len(), checksum), FRAME, |frame| {
        let more: Vec<Record> = postcard::from_bytes(frame).map_err(|error| error.to_string())?;
        records.extend(more);
        Ok(())
    });
    read.map_err(|Damage(problem)| damaged(problem))?;
    Ok(records)
}

/// Frames with these records, in order.
fn frames_of(records: &[Record]) -> io::Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let (count, body) = next_body(rest)?;
        // As postcard writes a list: how many, then one behind the other.
        let mut list = postcard::to_allocvec(&count).map_err(io::Error::other)?;
        list.extend(body);
        let mut frame = Vec::new();
        write_frame(&list, FRAME, &mut frame)?;
        frames.push(frame);
        rest = rest.get(count..).unwrap_or_default();
    }
    Ok(frames)
}

/// How many of these records come into the next frame, and their bytes.
fn next_body(records: &[Record]) -> io::Result<(usize, Vec<u8>)> {
    let (mut count, mut body) = (0, Vec::new());
    for record in records {
        body.extend(postcard::to_allocvec(record).map_err(io::Error::other)?);
        count += 1;
        if body.len() >= FRAME_BYTES {
            break;
        }
    }
    Ok((count, body))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::checkpoint::container::write_section;
    use crate::outbox::{Kind, Message};
    use crate::plan::EventTime;

    #[test]
    fn a_file_of_format_3_is_read_and_replaced_by_the_present_one() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        let records = [Record::Begin { sequence: 3 }, Record::Told { alert: "a".to_owned(), number: 2 }];
        let mut bytes = TITLE_OF_FORMAT_3.as_bytes().to_vec();
        write_section(&postcard::to_allocvec(&records[..]).unwrap(), Checksum::SipHash, &mut bytes).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let (mut file, found) = OutboxFile::open(&owner).unwrap();
        assert_eq!(found, records);
        file.replace(&found).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(TITLE.as_bytes()));
        assert_eq!(OutboxFile::open(&owner).unwrap().1, records);
    }

    #[test]
    fn a_file_of_another_format_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        for title in ["paritywatch outbox 1\n", "paritywatch outbox 5\n", "par", ""] {
            std::fs::write(&path, title).unwrap();
            let problem = OutboxFile::open(&owner).unwrap_err().to_string();
            assert!(problem.contains(&format!("expected it to begin with {TITLE:?}")), "{problem}");
            assert!(problem.contains(&format!("found {title:?}")), "{problem}");
            assert_eq!(std::fs::read(&path).unwrap(), title.as_bytes());
        }
    }

    /// So many messages of 16 KiB, as of a rule on hundreds of partitions.
    fn waiting(count: u64) -> Vec<Record> {
        let message = |sequence: u64| Message {
            alert: format!("{sequence:016x}"),
            number: 1,
            kind: Kind::Firing,
            at: EventTime(1),
            document: "d".repeat(16 << 10),
        };
        (0..count).map(|sequence| Record::Waiting { sequence, message: message(sequence).into() }).collect()
    }

    /// More than may be in one frame, in fewer than 4,096 and in more.
    #[test]
    fn what_is_written_at_once_is_read_again_however_long_it_is() {
        for count in [4_096, 4_500] {
            let folder = tempfile::tempdir().unwrap();
            let owner = Owner::claim(folder.path()).unwrap();
            let (mut file, _) = OutboxFile::open(&owner).unwrap();
            let records = waiting(count);
            file.replace(&records).unwrap();
            assert!(OutboxFile::open(&owner).unwrap().1 == records, "{count} at once");
            file.append(&records).unwrap();
            assert_eq!(OutboxFile::open(&owner).unwrap().1.len(), 2 * records.len());
        }
    }

    #[test]
    fn a_record_longer_than_is_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        let (mut file, _) = OutboxFile::open(&owner).unwrap();
        let records = [Record::Begin { sequence: 3 }];
        file.replace(&records).unwrap();
        let alert = "a".repeat(usize::try_from(FRAME.1).unwrap());
        let long = [Record::Told { alert, number: 1 }];
        for problem in [file.append(&long), file.replace(&long)].map(|written| written.unwrap_err().to_string()) {
            assert!(problem.contains("expected at most 67108864 bytes in one frame"), "{problem}");
        }
        assert!(!file.is_whole());
        assert_eq!(OutboxFile::open(&owner).unwrap().1, records);
    }

    #[test]
    fn neither_outbox_nor_position_is_replaced_in_anothers_folder() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        let (mut file, _) = OutboxFile::open(&owner).unwrap();
        let cursor = Cursor::new(&owner, "0123456789abcdef".to_owned(), "w".to_owned());
        let records = [Record::Begin { sequence: 3 }];
        file.replace(&records).unwrap();
        cursor.write(3).unwrap();
        let other = Owner::claim(folder.path()).unwrap();
        assert!(matches!(file.replace(&[]), Err(CheckpointError::Lost(_))));
        assert!(matches!(cursor.write(4), Err(CheckpointError::Lost(_))));
        assert_eq!(OutboxFile::open(&other).unwrap().1, records);
        assert_eq!(read_cursors(folder.path()).unwrap(), BTreeMap::from([(cursor.id, 3)]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "outbox, position and token");
    }
}

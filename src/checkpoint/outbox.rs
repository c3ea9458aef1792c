//! The outbox on disk: one file of records, which grows at its end and is replaced whole once much of it is out of date.
//!
//! One append is one frame, or several in a row, each of which is whole or not. Records that a crash cut off at the end were sent to nobody; the
//! alerts know what was told of them, so those records are made again.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::checksum::Checksum;
use super::error::{CheckpointError, failed};
use super::frames::{Damage, read_frames, write_frame};
use super::owner::Owner;
use crate::outbox::Record;

/// The file of records.
const FILE: &str = "outbox";
/// The first line: its number is the format of the state that the file belongs to.
const TITLE: &str = "paritywatch outbox 4\n";
/// The same of format 3, which numbered this file by itself. As long; records are encoded alike, and frames have another checksum.
const TITLE_OF_FORMAT_3: &str = "paritywatch outbox 2\n";
/// What is in it, and the longest one in bytes.
const FRAME: (&str, u64) = ("frame", 64 << 20);
/// A frame ends with the record that brings it to this many bytes. A longer append takes several frames.
const FRAME_BYTES: usize = 8 << 20;
/// The file is replaced when it has more than twice the records that are needed, and this many more.
const SLACK_RECORDS: usize = 1_024;

/// The file of records.
#[derive(Debug)]
pub struct OutboxFile {
    owner: Owner,
    /// `None` if the file cannot be appended to, because its end may be torn.
    file: Option<File>,
    records: usize,
}

impl OutboxFile {
    /// Reads the outbox in the folder that was claimed. [`Self::replace`] must come before the first append.
    ///
    /// # Errors
    /// [`CheckpointError`] if the file cannot be read, is of a later version, or holds whole records behind a damaged one: no other file has them.
    pub fn open(owner: &Owner) -> Result<(Self, Vec<Record>), CheckpointError> {
        let path = owner.folder().join(FILE);
        let records = match std::fs::read(&path) {
            Ok(bytes) => read_records(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(&path, "read", error)),
        };
        Ok((Self { owner: owner.clone(), file: None, records: records.len() }, records))
    }

    /// Whether every record that was given is on disk.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.file.is_some()
    }

    /// Whether [`Self::replace`] is due when this many records are needed.
    #[must_use]
    pub const fn is_due(&self, needed: usize) -> bool {
        self.file.is_none() || self.records > needed.saturating_mul(2).saturating_add(SLACK_RECORDS)
    }

    /// Appends records. When this returns they are on disk.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], also if a record is longer than what is read again. After an error only [`Self::replace`] helps.
    pub fn append(&mut self, records: &[Record]) -> Result<(), CheckpointError> {
        let path = self.owner.folder().join(FILE);
        // Taken out until the append has succeeded: nothing may be written behind a torn record.
        let Some(mut file) = self.file.take() else {
            return Err(failed(&path, "write on", io::Error::other("it must be replaced first")));
        };
        let frames = frames_of(records).map_err(|error| failed(&path, "encode for", error))?;
        // One at a time: if two were written at once, a crash could leave the second whole behind a torn first.
        for frame in frames {
            file.write_all(&frame).and_then(|()| file.sync_data()).map_err(|error| failed(&path, "write", error))?;
        }
        self.file = Some(file);
        self.records += records.len();
        Ok(())
    }

    /// Replaces the file with one that holds these records. After a crash at any moment the old file is there, or the new one.
    ///
    /// # Errors
    /// As [`Self::append`], and [`CheckpointError::Lost`] if the folder is another daemon's: the old file stands, and cannot be appended to.
    /// [`CheckpointError::Unsettled`]: the new file stands until a crash, and cannot be appended to either.
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

/// Encodes records as frames, in order.
fn frames_of(records: &[Record]) -> io::Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    let (mut count, mut body) = (0_usize, Vec::new());
    for record in records {
        body.extend(postcard::to_allocvec(record).map_err(io::Error::other)?);
        count += 1;
        if body.len() >= FRAME_BYTES {
            frames.push(frame_of(count, &body)?);
            (count, body) = (0, Vec::new());
        }
    }
    if count > 0 {
        frames.push(frame_of(count, &body)?);
    }
    Ok(frames)
}

/// One frame with a list, as postcard writes it: the number of records, then one record after the other.
fn frame_of(count: usize, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut list = postcard::to_allocvec(&count).map_err(io::Error::other)?;
    list.extend(body);
    let mut frame = Vec::new();
    write_frame(&list, FRAME, &mut frame)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::*;
    use crate::checkpoint::container::write_section;
    use crate::checkpoint::cursor::{Cursor, read_cursors};
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

    /// More than fits into one frame, in no more than 4,096 records and in more.
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
        assert_eq!(read_cursors(folder.path()).unwrap(), BTreeMap::from([("0123456789abcdef".to_owned(), 3)]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "outbox, position and token");
    }
}

//! Alert transitions between two checkpoints. Each is on disk before anybody hears of it, so that after a crash the alert is the same one, with
//! the same id and times.
//!
//! Journals are numbered. A checkpoint names the first journal that it does not contain. Every checkpoint and every start begin a new journal, so
//! nothing is ever written behind an entry that a crash cut off. Once a checkpoint is on disk, the journals before the one it names are removed.
//! The name of a journal ends with the format of its entries.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::checksum::Checksum;
use super::error::{CheckpointError, check_format, failed};
use super::frames::{Damage, read_frames, write_frame};
use super::replace::sync_folder;
use crate::monitor::{AlertEntries, FORMAT};

/// The name of a journal begins with this; its number and the format of its entries follow.
const PREFIX: &str = "alerts.journal.";
/// What a journal holds, and the longest of it in bytes.
const ENTRY: (&str, u64) = ("entry", 64 << 20);

/// The journal that is being written.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    number: u64,
    file: Option<File>,
}

impl Journal {
    /// Begins a journal. Its number is above that of every journal in the folder, and at least `first`, the one that the checkpoint names: journals
    /// without an entry leave no file, and journals before `first` are not read again. The file is made with the first entry.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be read.
    pub fn new(folder: &Path, first: u64) -> Result<Self, CheckpointError> {
        let last = journals(folder)?.last().map_or(0, |journal| journal.number);
        Ok(Self { folder: folder.to_owned(), number: last.saturating_add(1).max(first), file: None })
    }

    /// The journal's number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Begins the next journal; returns its number.
    pub fn begin(&mut self) -> u64 {
        self.number = self.number.saturating_add(1);
        self.file = None;
        self.number
    }

    /// Writes transitions. When this returns they are on disk.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], also if they are longer than what is read again.
    pub fn write(&mut self, entries: &AlertEntries) -> Result<(), CheckpointError> {
        let written = self.append(entries);
        if written.is_err() {
            // A part of the entry may be there. Nothing behind it would be read again.
            self.begin();
        }
        written
    }

    fn append(&mut self, entries: &AlertEntries) -> Result<(), CheckpointError> {
        let path = self.folder.join(format!("{PREFIX}{}.f{FORMAT}", self.number));
        let mut frame = Vec::new();
        let bytes = entries.to_bytes().map_err(io::Error::other);
        let encoded = bytes.and_then(|bytes| write_frame(&bytes, ENTRY, &mut frame));
        encoded.map_err(|error| failed(&path, "encode for", error))?;
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
                let file = file.map_err(|error| failed(&path, "make", error))?;
                sync_folder(&self.folder)?;
                self.file.insert(file)
            }
        };
        file.write_all(&frame).and_then(|()| file.sync_data()).map_err(|error| failed(&path, "write", error))
    }
}

/// Removes the journals before `number`. A journal that stays does no harm.
pub fn forget_before(folder: &Path, number: u64) {
    let found = journals(folder).unwrap_or_else(|error| {
        tracing::warn!(%error, "old journals could not be listed");
        Vec::new()
    });
    for Found { path, .. } in found.into_iter().filter(|journal| journal.number < number) {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "an old journal could not be removed");
        }
    }
}

/// Reads the transitions in the journals from `first` on, oldest first. An entry at the end that was not wholly written is left out: nobody was
/// told of it.
///
/// # Errors
/// [`CheckpointError`] if a file cannot be read, or if whole entries follow a damaged one: receivers were told of those.
pub fn read_journals(folder: &Path, first: u64) -> Result<Vec<AlertEntries>, CheckpointError> {
    let mut entries = Vec::new();
    for Found { format, path, .. } in journals(folder)?.into_iter().filter(|journal| journal.number >= first) {
        check_format(&path, format, &format!("a version with journals of format {format}"))?;
        let bytes = std::fs::read(&path).map_err(|error| failed(&path, "read", error))?;
        let read = read_frames(&path, (&bytes, 0, Checksum::of_format(format)), ENTRY, |entry| {
            AlertEntries::from_bytes_of(format, entry).map(|entry| entries.push(entry))
        });
        read.map_err(|Damage(problem)| CheckpointError::Damaged { path: path.display().to_string(), problem })?;
    }
    Ok(entries)
}

/// A journal in the folder.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    number: u64,
    format: u32,
    path: PathBuf,
}

/// Lists the journals, oldest first.
fn journals(folder: &Path) -> Result<Vec<Found>, CheckpointError> {
    let listing = std::fs::read_dir(folder).map_err(|error| failed(folder, "list", error))?;
    let mut found = Vec::new();
    for entry in listing {
        let path = entry.map_err(|error| failed(folder, "list", error))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some((number, format)) = name.and_then(number_and_format) {
            found.push(Found { number, format, path });
        }
    }
    found.sort();
    Ok(found)
}

fn number_and_format(name: &str) -> Option<(u64, u32)> {
    let rest = name.strip_prefix(PREFIX)?;
    match rest.split_once(".f") {
        Some((number, format)) => Some((number.parse().ok()?, format.parse().ok()?)),
        // As format 1 named them: to be refused, not passed over.
        None => Some((rest.parse().ok()?, 1)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::plan::InputOffset;

    #[test]
    fn an_entry_longer_than_is_read_again_is_not_written_and_the_next_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(folder.path(), 0).unwrap();
        // Of no alert.
        let mut entries = (1..100).find_map(|count| AlertEntries::from_bytes(&vec![0; count]).ok()).unwrap();
        let short = entries.clone();
        let topic = "t".repeat(usize::try_from(ENTRY.1).unwrap());
        entries.provenance.inputs = vec![InputOffset { topic, partition: 0, next_offset: 1 }];
        let problem = journal.write(&entries).unwrap_err().to_string();
        assert!(problem.contains("expected at most 67108864 bytes in one entry"), "{problem}");
        journal.write(&short).unwrap();
        assert_eq!(read_journals(folder.path(), 0).unwrap().len(), 1);
    }
}

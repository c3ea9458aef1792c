//! Reads and replaces the checkpoint in the state folder.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::container::{self, Header};
use super::error::{CheckpointError, check_format, failed};
use super::owner::Owner;
use crate::ledger::Keys;
use crate::monitor::{Clock, FORMAT, Monitor, RestoreError, Snapshot};
use crate::plan::Plan;

/// The checkpoint.
const FILE: &str = "checkpoint";
/// Bytes that are handed to the system at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// A state folder that was claimed.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    owner: Owner,
}

/// A checkpoint that was read.
pub struct Stored {
    /// What the checkpoint says of itself.
    pub header: Header,
    /// The monitor.
    pub monitor: Monitor,
}

impl Store {
    /// Whether there is a checkpoint in a folder that nobody has claimed yet.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// The store in the folder that was claimed.
    #[must_use]
    pub fn new(owner: Owner) -> Self {
        Self { folder: owner.folder().to_owned(), owner }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the checkpoint; `None` if there is none.
    ///
    /// # Errors
    /// [`CheckpointError`]; the file stays as it is.
    pub fn read(&self, plan: Plan, keys: impl Into<Keys>, clock: Clock) -> Result<Option<Stored>, CheckpointError> {
        let path = self.folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, "open", error)),
        };
        let shown = path.display().to_string();
        let damaged = |problem: String| CheckpointError::Damaged { path: shown.clone(), problem };
        let (header, mut sections) = container::read(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(damaged)?;
        check_format(&path, header.format, &header.written_by)?;
        if header.format < FORMAT {
            tracing::info!(
                path = shown,
                format = header.format,
                "written in an earlier format; the next checkpoint is written in the present one"
            );
        }
        let mut problem = None;
        let monitor = Monitor::restore_of(header.format, plan, keys, clock, |index| match sections.read() {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                problem = Some(format!("section {index}: {error}"));
                None
            }
        });
        match (monitor, problem) {
            (_, Some(problem)) => Err(damaged(problem)),
            (Ok(monitor), None) => {
                sections.end().map_err(damaged)?;
                Ok(Some(Stored { header, monitor }))
            }
            (Err(RestoreError::Malformed { section, problem }), None) => {
                Err(damaged(format!("section {section}: {problem}")))
            }
            (Err(problem), None) => Err(CheckpointError::Unfit { path: shown, problem }),
        }
    }

    /// Makes sure that no other daemon has written a checkpoint after `last`, the one that this daemon wrote or read last. A lock does not hold
    /// for ever on every file system. This check keeps a daemon that wakes up late from overwriting what its successor has counted, even if the
    /// successor is of a version without tokens.
    ///
    /// # Errors
    /// [`CheckpointError::Taken`]; the folder counts as lost from then on. A file that cannot be read tells nothing, and replacing it does no harm.
    pub fn still_owned(&self, last: u64) -> Result<(), CheckpointError> {
        let path = self.folder.join(FILE);
        let Ok(file) = File::open(&path) else { return Ok(()) };
        match container::read(BufReader::new(file)) {
            Ok((header, _)) if header.sequence > last => {
                let path = path.display().to_string();
                let taken = CheckpointError::Taken { path, expected: last, found: header.sequence };
                self.owner.lose(&taken.to_string());
                Err(taken)
            }
            _ => Ok(()),
        }
    }

    /// Replaces the checkpoint; returns its length in bytes. After a crash at any moment the old checkpoint is there, or the new one.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] and [`CheckpointError::Lost`]: the old one stands. [`CheckpointError::Unsettled`]: the new one stands, until a
    /// crash.
    pub fn write(&self, header: &Header, snapshot: &Snapshot) -> Result<u64, CheckpointError> {
        self.replace(|to| container::write(header, snapshot, to))
    }

    /// Does what [`Self::write`] does, and gives up the snapshot while it is written, so that the monitor copies less of what it shares with it.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_out(&self, header: &Header, snapshot: Snapshot) -> Result<u64, CheckpointError> {
        self.replace(|to| container::write_out(header, snapshot, to))
    }

    /// Changes the header of the checkpoint, and nothing of its state. If `change` returns an error, nothing is written. `None` if there is no
    /// checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`] if the checkpoint cannot be read or replaced.
    pub fn amend<T, E>(
        &self,
        change: impl FnOnce(&mut Header) -> Result<T, E>,
    ) -> Result<Option<Result<T, E>>, CheckpointError> {
        let path = self.folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, "open", error)),
        };
        let damaged = |problem| CheckpointError::Damaged { path: path.display().to_string(), problem };
        let (mut header, mut sections) =
            container::read(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(damaged)?;
        let changed = change(&mut header);
        if changed.is_ok() {
            self.replace(|to| container::copy(&header, &mut sections, to))?;
        }
        Ok(Some(changed))
    }

    fn replace(
        &self,
        write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<u64>,
    ) -> Result<u64, CheckpointError> {
        self.owner.check()?;
        let (written, _) = self.owner.replace(FILE, |file| {
            let mut to = BufWriter::with_capacity(BUFFER_BYTES, file);
            let written = write(&mut to)?;
            to.flush().map(|()| written)
        })?;
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_claimed_by_another_while_a_checkpoint_is_written_keeps_its_old_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "the other's").unwrap();
        let store = Store::new(Owner::claim(folder.path()).unwrap());
        let written = store.replace(|to| {
            to.write_all(b"much")?;
            Owner::claim(folder.path()).map_err(io::Error::other)?;
            Ok(4)
        });
        assert!(matches!(written, Err(CheckpointError::Lost(_))), "{written:?}");
        assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), b"the other's");
    }

    /// A device that fills up in the middle. Making a real one takes root; `tests/checkpoint.rs` has it.
    #[test]
    fn what_was_left_by_a_write_that_failed_is_not_in_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Owner::claim(folder.path()).unwrap());
        store.replace(|to| to.write_all(b"first").map(|()| 5)).unwrap();
        let written = store.replace(|to| {
            to.write_all(&[b'x'; 2 * BUFFER_BYTES])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(written, Err(CheckpointError::Io { .. })), "{written:?}");
        assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), b"first");
        store.replace(|to| to.write_all(b"next").map(|()| 4)).unwrap();
        assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), b"next");
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.count(), 2, "the checkpoint and the token");
    }
}

//! The lock of the state folder. Whoever obtains it claims the folder.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder::{LOCK_FILE, append, prepare};
use super::supervisor::Supervisor;
use crate::app::failure::Failure;
use crate::checkpoint::{Owner, Store};
use crate::settings::Settings;

/// Time between two attempts to obtain the lock.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// The lock, held until this is dropped.
#[derive(Debug)]
pub struct StateLock {
    /// The claim on the folder. It tells if another daemon has obtained the lock all the same.
    pub owner: Owner,
    _file: File,
}

impl StateLock {
    /// Obtains the lock. One daemon at a time uses a state folder; a second one waits here.
    ///
    /// # Errors
    /// [`Failure::Io`] if the folder cannot be made, locked or written.
    pub fn wait(settings: &Settings, supervisor: &mut Supervisor) -> Result<Self, Failure> {
        let path = path(settings)?;
        let mut file = open(&path)?;
        let mut told = false;
        while !is_obtained(&path, &mut file)? {
            if !told {
                tracing::warn!(lock = %path.display(), "another daemon uses this state: waiting for it to end");
                supervisor.status("waiting for the daemon that uses the state");
                told = true;
            }
            supervisor.alive();
            std::thread::sleep(RETRY_DELAY);
        }
        supervisor.status("running");
        Self::claim(settings, file)
    }

    /// Obtains the lock of a folder that holds a checkpoint, without waiting. Makes nothing where there is none.
    ///
    /// # Errors
    /// [`Failure::Data`] without a checkpoint; else as [`Self::obtain`].
    pub fn obtain_existing(settings: &Settings) -> Result<Self, Failure> {
        let folder = &settings.state.dir;
        if !Store::is_in(folder) {
            let found = if folder.is_dir() { "none" } else { "no such folder" };
            return Err(Failure::Data(format!(
                "{}: expected a checkpoint in the state folder, found {found} (state.dir)",
                folder.display()
            )));
        }
        Self::obtain(settings)
    }

    /// Obtains the lock without waiting.
    ///
    /// # Errors
    /// [`Failure::Io`] if a daemon has the lock, or as [`Self::wait`].
    pub fn obtain(settings: &Settings) -> Result<Self, Failure> {
        let path = path(settings)?;
        let mut file = open(&path)?;
        if is_obtained(&path, &mut file)? {
            Self::claim(settings, file)
        } else {
            Err(Failure::Io(format!("{}: a daemon uses this state: stop it first", path.display())))
        }
    }

    /// Claims the folder before anything of the state is read: this daemon would not see what an earlier owner writes afterwards.
    fn claim(settings: &Settings, file: File) -> Result<Self, Failure> {
        let owner = Owner::claim(&settings.state.dir).map_err(Failure::io)?;
        Ok(Self { owner, _file: file })
    }
}

/// Returns whether a daemon holds the lock of the state folder. Makes nothing. Where that cannot be told, one may.
#[must_use]
pub fn is_held(state: &Path) -> bool {
    match File::open(state.join(LOCK_FILE)) {
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Tries once to obtain the lock on `file`. If the path meanwhile leads to another file, `file` becomes that one.
fn is_obtained(path: &Path, file: &mut File) -> Result<bool, Failure> {
    loop {
        match file.try_lock() {
            Ok(()) if is_there(path, file)? => return Ok(true),
            // The file was removed while its daemon had the lock; another daemon may have obtained one on a new file since.
            Ok(()) => *file = open(path)?,
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(Failure::file("lock", path, &error)),
        }
    }
}

/// Whether the path still leads to the file that was opened.
fn is_there(path: &Path, file: &File) -> Result<bool, Failure> {
    let failed = |error| Failure::file("look at", path, &error);
    let own = file.metadata().map_err(failed)?;
    match std::fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// The path of the lock, in a folder that this makes sure is there.
fn path(settings: &Settings) -> Result<PathBuf, Failure> {
    prepare(settings)?;
    Ok(settings.state.dir.join(LOCK_FILE))
}

fn open(path: &Path) -> Result<File, Failure> {
    append(path).map_err(|error| Failure::file("open", path, &error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whether_a_daemon_holds_the_lock_is_told_and_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_held(folder.path()) && !folder.path().join(LOCK_FILE).exists());
        let mut file = open(&folder.path().join(LOCK_FILE)).unwrap();
        assert!(!is_held(folder.path()));
        assert!(is_obtained(&folder.path().join(LOCK_FILE), &mut file).unwrap() && is_held(folder.path()));
        drop(file);
        assert!(!is_held(folder.path()));
    }

    #[test]
    fn a_lock_on_a_file_that_was_removed_is_none_while_another_has_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK_FILE);
        let obtained = |file: &mut File| is_obtained(&path, file).unwrap();
        let mut first = open(&path).unwrap();
        assert!(obtained(&mut first));
        let mut waits = open(&path).unwrap();
        assert!(!obtained(&mut waits));
        std::fs::remove_file(&path).unwrap();
        let mut other = open(&path).unwrap();
        assert!(obtained(&mut other));
        drop(first);
        assert!(!obtained(&mut waits), "two have it");
        drop(other);
        assert!(obtained(&mut waits));
        // Nor does a lock count whose file is gone, even while nobody has another.
        std::fs::remove_file(&path).unwrap();
        let mut last = open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(obtained(&mut last) && path.exists());
    }
}

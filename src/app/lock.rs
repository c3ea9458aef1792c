//! The lock of the state folder, and the token of whoever has obtained it.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use crate::app::Failure;
use crate::app::supervisor::Supervisor;
use crate::checkpoint::Owner;
use crate::settings::Settings;

/// The lock in the state folder.
const LOCK_FILE: &str = "lock";
/// Time between two attempts to obtain it.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// The lock, held until this goes.
#[derive(Debug)]
pub struct StateLock {
    /// Tells, where the lock was lost all the same, that another has obtained it.
    pub owner: Owner,
    _file: File,
}

impl StateLock {
    /// One daemon at a time uses a state folder; a second waits.
    ///
    /// # Errors
    /// [`Failure::Io`] where the folder cannot be made, locked or written.
    pub fn wait(settings: &Settings, supervisor: &mut Supervisor) -> Result<Self, Failure> {
        let (path, file) = open(settings)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if !told => {
                    tracing::warn!(lock = %path.display(), "another daemon uses this state: waiting for it to end");
                    supervisor.status("waiting for the daemon that uses the state");
                    told = true;
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Failure::io("lock", &path, &error)),
            }
            supervisor.alive();
            std::thread::sleep(RETRY_DELAY);
        }
        supervisor.status("running");
        Self::claim(settings, file)
    }

    /// Obtains it where nobody has it.
    ///
    /// # Errors
    /// [`Failure::Io`] where a daemon has it, or as [`Self::wait`].
    pub fn obtain(settings: &Settings) -> Result<Self, Failure> {
        let (path, file) = open(settings)?;
        match file.try_lock() {
            Ok(()) => Self::claim(settings, file),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::Io(format!("{}: a daemon uses this state: stop it first", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(Failure::io("lock", &path, &error)),
        }
    }

    /// Before anything of the state is read: what the one before writes after that would be lost on this one.
    fn claim(settings: &Settings, file: File) -> Result<Self, Failure> {
        let owner = Owner::claim(&settings.state.dir).map_err(|error| Failure::Io(error.to_string()))?;
        Ok(Self { owner, _file: file })
    }
}

fn open(settings: &Settings) -> Result<(PathBuf, File), Failure> {
    let folder = &settings.state.dir;
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    let path = folder.join(LOCK_FILE);
    let file = File::options().create(true).append(true).open(&path);
    file.map_err(|error| Failure::io("open", &path, &error)).map(|file| (path, file))
}

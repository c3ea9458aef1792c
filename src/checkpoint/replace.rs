//! Replaces files whole: after a crash at any moment the old file is there, or the new one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::{CheckpointError, failed};

/// Replaces the file `path` with `new`, a file in the same folder that `write` fills and whose name nobody else uses. Returns what `write`
/// returned, and the file. `is_owned` is asked last: a large file takes long to write, and the folder may be another daemon's by then.
///
/// # Errors
/// [`CheckpointError::Unsettled`] if the file is replaced, but a crash may undo that. After any other error the old file stands.
pub(super) fn replace<T>(
    path: &Path,
    new: &Path,
    is_owned: impl FnOnce() -> Result<(), CheckpointError>,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<(T, File), CheckpointError> {
    // A failed attempt may have left it.
    remove(new)?;
    // Must be new: a daemon that stood still in the middle of its own file must not go on in another's.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new);
    let mut file = file.map_err(|error| failed(new, "make", error))?;
    let written = write(&mut file).map_err(|error| failed(new, "write", error))?;
    file.sync_all().map_err(|error| failed(new, "sync", error))?;
    if let Err(lost) = is_owned() {
        remove(new)?;
        return Err(lost);
    }
    std::fs::rename(new, path).map_err(|error| failed(path, "replace", error))?;
    match path.parent().map_or(Ok(()), sync_folder) {
        Err(CheckpointError::Io { source, .. }) => {
            Err(CheckpointError::Unsettled { path: path.display().to_string(), source })
        }
        settled => settled.map(|()| (written, file)),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), CheckpointError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, "remove", error)),
        _ => Ok(()),
    }
}

/// Syncs a folder. Before that a crash may undo what was renamed or made in it.
pub(super) fn sync_folder(folder: &Path) -> Result<(), CheckpointError> {
    #[cfg(test)]
    if FOLDER_FAILS.get() {
        return Err(failed(folder, "sync", io::Error::other("as the test says")));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, "sync", error))
}

#[cfg(test)]
thread_local! {
    /// Whether this thread fails to sync folders. Nothing that a test can do to a folder makes that alone fail.
    pub(crate) static FOLDER_FAILS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

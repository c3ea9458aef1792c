//! A file that is replaced whole: after a crash at any moment there is the old one or the new one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::{CheckpointError, failed};

/// Replaces the file `path` by what `write` puts into the file `new`, in the same folder, whose name nobody else uses. Gives what `write` gave,
/// and the file. `is_owned` is asked just before: a large file takes long to write, and the folder may be another's by then.
///
/// # Errors
/// [`CheckpointError::Unsettled`] where the file is replaced, but a crash may undo that. Otherwise the old one stands.
pub(super) fn replace<T>(
    path: &Path,
    new: &Path,
    is_owned: impl FnOnce() -> Result<(), CheckpointError>,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<(T, File), CheckpointError> {
    // An attempt that failed has left it.
    remove(new)?;
    // Nobody else's: what stands still in the middle of a file must not go on in that of another.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new);
    let mut file = file.map_err(|error| failed(new, "make", error))?;
    let written = write(&mut file).map_err(|error| failed(new, "write", error))?;
    file.sync_all().map_err(|error| failed(new, "bring to the disk", error))?;
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

/// Removes a file that may be gone.
pub(super) fn remove(path: &Path) -> Result<(), CheckpointError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, "remove", error)),
        _ => Ok(()),
    }
}

/// Until the folder itself is on the disk a crash may undo what was renamed or made in it.
pub(super) fn sync_folder(folder: &Path) -> Result<(), CheckpointError> {
    #[cfg(test)]
    if FOLDER_FAILS.get() {
        return Err(failed(folder, "bring to the disk", io::Error::other("as the test says")));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, "bring to the disk", error))
}

#[cfg(test)]
thread_local! {
    /// Whether folders cannot be brought to the disk by this thread: nothing that a test can do to a folder makes that alone fail.
    pub(crate) static FOLDER_FAILS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

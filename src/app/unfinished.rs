//! Files that have another name until they are whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::failure::Failure;

/// The mode of a file in a folder that the user has named: who may read it is for the mask and the folder to say.
pub const FOR_ALL: u32 = 0o644;
/// The mode of a file in the folder of reports: the owner's, and for the group to read where that folder is outside of the state folder.
pub const FOR_GROUP: u32 = 0o640;

/// Keeps other commands from writing to a folder, until it is dropped: two that write files of the same name at the same time would mix them.
///
/// # Errors
/// [`Failure::Io`] if another command writes there, or it is no folder.
pub fn lock_folder(folder: &Path) -> Result<File, Failure> {
    let lock = File::open(folder).map_err(|error| Failure::file("open", folder, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failure::Io(format!(
            "{}: expected a folder to which nothing else writes, found that another paritywatch command does",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Failure::file("lock", folder, &error)),
    }
}

/// Makes a file that is not whole yet, in a folder that is locked: one that is there was left behind by a command that was killed. A link is not followed.
/// The user's mask takes away from `mode`.
///
/// # Errors
/// [`Failure::Io`] if it cannot be made.
pub fn make(path: &Path, mode: u32) -> Result<File, Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::file("remove", path, &error));
        }
        _ => {}
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    made.map_err(|error| Failure::file("make", path, &error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_has_one_writer_and_what_was_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let lock = lock_folder(folder.path()).unwrap();
        let refused = lock_folder(folder.path()).err().unwrap().to_string();
        assert!(refused.contains("another paritywatch command"), "{refused}");
        let (elsewhere, path) = (folder.path().join("elsewhere"), folder.path().join("a.new"));
        std::fs::write(&elsewhere, "kept").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        drop(make(&path, FOR_ALL).unwrap());
        assert_eq!((std::fs::read(&elsewhere).unwrap(), std::fs::read(&path).unwrap()), (b"kept".to_vec(), Vec::new()));
        drop(lock);
        assert!(lock_folder(folder.path()).is_ok());
    }
}

//! Gives to the daemon what root has made in its state folder: nobody else could read it.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, fchown, lchown};
use std::path::Path;

use crate::checkpoint::error::{CheckpointError, failed};

/// Makes a file or a folder that of the owner of the state folder, where it is root's and he is not root. A link is not followed.
///
/// # Errors
/// [`CheckpointError::Io`] if this user may not.
pub fn give_to_owner(state: &Path, path: &Path) -> Result<(), CheckpointError> {
    let owner = std::fs::metadata(state).map_err(|error| failed(state, "look at", error))?;
    let found = std::fs::symlink_metadata(path).map_err(|error| failed(path, "look at", error))?;
    if !is_roots(found.uid(), owner.uid()) {
        return Ok(());
    }
    lchown(path, Some(owner.uid()), Some(owner.gid()))
        .map_err(|error| failed(path, "give to the owner of the state folder", error))
}

/// The same of a file that is open.
///
/// # Errors
/// As the system says.
pub fn give_file(state: &Path, file: &File) -> io::Result<()> {
    let owner = std::fs::metadata(state)?;
    if !is_roots(file.metadata()?.uid(), owner.uid()) {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// Root alone can give away. Another user has made a file of its own, beside a state folder that may be root's: that of a volume.
const fn is_roots(uid: u32, owner: u32) -> bool {
    uid == 0 && owner != 0
}

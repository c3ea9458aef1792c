//! The folder of the history.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::segment::is_unfinished;
use crate::checkpoint::error::{CheckpointError, failed};
use crate::checkpoint::replace::remove;

/// Takes from others what a copy of the folder may have given them. What is not a folder of its own is refused: the files of others are in it.
pub(super) fn narrow(folder: &Path) -> Result<(), CheckpointError> {
    let found = std::fs::symlink_metadata(folder).map_err(|error| failed(folder, "look at", error))?;
    if !found.is_dir() {
        let problem = io::Error::other("expected a folder of its own, found a link or a file");
        return Err(failed(folder, "look at", problem));
    }
    if found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(|error| failed(folder, "narrow", error))
}

pub(super) fn size(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).map_or(0, |metadata| if metadata.is_file() { metadata.len() } else { 0 })
}

/// Removes what a crash has left of own files that were to replace others.
pub(super) fn remove_unfinished(folder: &Path) -> Result<(), CheckpointError> {
    let listing = std::fs::read_dir(folder).map_err(|error| failed(folder, "list", error))?;
    for entry in listing {
        let path = entry.map_err(|error| failed(folder, "list", error))?.path();
        if is_unfinished(&path) && !path.is_dir() {
            remove(&path)?;
        }
    }
    Ok(())
}

//! Paths of files, which may be something else: a secret that was written where its file's path belongs.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Longest path that an error shows, in bytes. A longer one is rather a token or a key.
const MAX_SHOWN_BYTES: usize = 200;
/// What stands in an error in place of what is not shown.
const NOT_A_PATH: &str = "<not a path>";

/// Returns a path as an error shows it. What looks like a key or a certificate, or is too long, is not repeated.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    let text = path.display().to_string();
    let is_path = text.len() <= MAX_SHOWN_BYTES && !text.contains(['\n', '\r']) && !text.contains("-----");
    if is_path { text } else { NOT_A_PATH.to_owned() }
}

/// As [`shown_path`], for the file of a secret that could not be opened: a bare word may be the secret itself.
pub(super) fn shown_secret_path(path: &Path, error: &io::Error) -> String {
    let bare = !path.display().to_string().contains('/') && error.kind() == io::ErrorKind::NotFound;
    if bare { NOT_A_PATH.to_owned() } else { shown_path(path) }
}

/// Opens a file for reading. A pipe is not waited for.
///
/// # Errors
/// Those of the system, and one for what is no file, such as a folder or a pipe.
pub fn open_file(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "expected a file, found a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a file, found a pipe, socket or device"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_is_shown_and_what_may_be_a_key_is_not() {
        assert_eq!(shown_path(Path::new("/etc/paritywatch/server.key")), "/etc/paritywatch/server.key");
        let long = "a".repeat(201);
        for secret in ["-----BEGIN PRIVATE KEY-----", "two\nlines", "/etc/-----BEGIN PRIVATE KEY-----", &long] {
            assert_eq!(shown_path(Path::new(secret)), "<not a path>", "{secret}");
        }
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(shown_secret_path(Path::new("hunter2"), &missing), "<not a path>");
        assert_eq!(shown_secret_path(Path::new("/run/hunter2"), &missing), "/run/hunter2");
    }

    #[test]
    fn only_files_are_opened_and_a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "x").unwrap();
        assert!(open_file(&path).is_ok());
        assert!(open_file(folder.path()).unwrap_err().to_string().contains("a folder"));
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(open_file(&pipe).unwrap_err().to_string().contains("a pipe"));
    }
}

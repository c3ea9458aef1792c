//! Reads a file that holds a secret, unless others may read it, too.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::{getegid, geteuid, getgroups};
use thiserror::Error;

use super::path::{open_file, shown_path, shown_secret_path};

/// Largest file of a secret, in bytes.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// Why a secret cannot be used. No text repeats it.
#[derive(Debug, Error)]
pub enum SecretProblem {
    /// The file could not be read.
    #[error("{key} {file}: expected a file that can be read, found: {source}")]
    Unreadable {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file was found and must not be used as it is.
    #[error("{key} {file}: expected {expected}, found {found}")]
    Unfit {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        file: String,
        /// What would be right.
        expected: String,
        /// What was found instead.
        found: String,
    },
}

/// Returns the content of the file that `key` names, without the end of its line.
///
/// # Errors
/// [`SecretProblem`] if it cannot be read, others may read it, it is empty, or it has more than 64 KiB.
pub fn read_secret(key: &'static str, path: &Path) -> Result<Vec<u8>, SecretProblem> {
    let mut file = open_private(key, path)?;
    let mut bytes = Vec::new();
    let read = Read::by_ref(&mut file).take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| unreadable(key, path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_SECRET_BYTES) {
        return Err(unfit(key, path, format!("a secret of at most {MAX_SECRET_BYTES} bytes"), "more".to_owned()));
    }
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        let found = if bytes.is_empty() { "nothing" } else { "only spaces" };
        return Err(unfit(key, path, "a secret".to_owned(), found.to_owned()));
    }
    Ok(bytes)
}

/// Returns the content of the file that `key` names as text, without the end of its line.
///
/// # Errors
/// [`SecretProblem`] as [`read_secret`], and if it is no UTF-8 or has a NUL, which no password of librdkafka may have.
pub fn read_secret_text(key: &'static str, path: &Path) -> Result<String, SecretProblem> {
    let text = String::from_utf8(read_secret(key, path)?)
        .map_err(|_| unfit(key, path, "a secret in UTF-8".to_owned(), "other bytes".to_owned()))?;
    if text.contains('\0') {
        return Err(unfit(key, path, "a secret without NUL".to_owned(), "one".to_owned()));
    }
    Ok(text)
}

/// Opens a file that only its owner may read, or whom root has given it to. What is looked at is the file that was opened.
///
/// # Errors
/// [`SecretProblem`] if it cannot be opened, or others may read it.
pub fn open_private(key: &'static str, path: &Path) -> Result<File, SecretProblem> {
    let file = open_file(path).map_err(|source| match source.kind() {
        io::ErrorKind::IsADirectory => unfit(key, path, "a file".to_owned(), "a folder".to_owned()),
        io::ErrorKind::InvalidInput => unfit(key, path, "a file".to_owned(), "something else".to_owned()),
        _ => unreadable(key, path, source),
    })?;
    let metadata = file.metadata().map_err(|source| unreadable(key, path, source))?;
    if !is_private(&metadata) {
        let expected = format!("a secret that only its owner may read (chmod 600 {})", shown_path(path));
        let mode = metadata.mode() & 0o777;
        let found = format!("mode {mode:04o} of user {} and group {}", metadata.uid(), metadata.gid());
        return Err(unfit(key, path, expected, found));
    }
    Ok(file)
}

/// Returns whether nobody else may read a file. A group may only if root owns it: systemd and Kubernetes hand secrets over so, with mode 0440, and so does an administrator with
/// mode 0640. What the service owns itself, a group reads by mistake.
#[must_use]
pub fn is_private(metadata: &Metadata) -> bool {
    match metadata.mode() & 0o077 {
        0 => true,
        0o040 => metadata.uid() == 0 && is_own_group(metadata.gid()),
        _ => false,
    }
}

/// Whether this process is in the group. Root's own group has no other members, and root itself checks files of services.
fn is_own_group(gid: u32) -> bool {
    let others = || getgroups().unwrap_or_default().iter().any(|group| group.as_raw() == gid);
    gid == 0 || geteuid().is_root() || getegid().as_raw() == gid || others()
}

fn unreadable(key: &'static str, path: &Path, source: io::Error) -> SecretProblem {
    SecretProblem::Unreadable { key, file: shown_secret_path(path, &source), source }
}

fn unfit(key: &'static str, path: &Path, expected: String, found: String) -> SecretProblem {
    SecretProblem::Unfit { key, file: shown_path(path), expected, found }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(content: &[u8], mode: u32) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, content).unwrap();
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        read_secret("kafka.sasl_password_file", &path).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_secret_is_read_without_the_end_of_its_line() {
        assert_eq!(read(b"hunter2\r\n", 0o600).unwrap(), b"hunter2");
        assert_eq!(read(b" two words ", 0o400).unwrap(), b" two words ");
    }

    #[test]
    fn a_secret_that_others_may_read_or_that_is_none_is_refused_without_its_content() {
        for mode in [0o644, 0o604, 0o660, 0o620, 0o601, 0o650] {
            let problem = read(b"hunter2", mode).unwrap_err();
            assert!(problem.contains(&format!("mode {mode:04o}")) && problem.contains("chmod 600"), "{problem}");
            assert!(problem.starts_with("kafka.sasl_password_file /") && !problem.contains("hunter2"), "{problem}");
        }
        assert!(read(b"\n", 0o600).unwrap_err().ends_with("expected a secret, found nothing"));
        let long = vec![b'x'; 65_537];
        assert!(read(&long, 0o600).unwrap_err().ends_with("found more"));
        assert!(read_secret("a.b", Path::new("/nowhere/at/all")).unwrap_err().to_string().contains("No such file"));
        assert!(read_secret("a.b", Path::new("/")).unwrap_err().to_string().contains("found a folder"));
    }

    #[test]
    fn a_password_is_text_without_nul() {
        for (content, found) in [(&b"hunter\x002"[..], "without NUL, found one"), (b"hunter\xff", "found other bytes")]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("password");
            write(&path, content).unwrap();
            set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let problem = read_secret_text("kafka.sasl_password_file", &path).unwrap_err().to_string();
            assert!(problem.starts_with("kafka.sasl_password_file /") && problem.ends_with(found), "{problem}");
            assert!(!problem.contains("hunter"), "{problem}");
            write(&path, "hunter2\n").unwrap();
            assert_eq!(read_secret_text("kafka.sasl_password_file", &path).unwrap(), "hunter2");
        }
    }

    #[test]
    fn a_secret_in_place_of_its_path_is_not_repeated() {
        for secret in ["hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"] {
            let problem = read_secret("kafka.sasl_password_file", Path::new(secret)).unwrap_err().to_string();
            assert!(problem.starts_with("kafka.sasl_password_file <not a path>: "), "{problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_group_may_read_a_secret_only_where_root_gave_it() {
        let outcome = read(b"hunter2", 0o440);
        // The file belongs to whoever runs the test.
        assert_eq!(outcome.is_ok(), geteuid().is_root(), "{outcome:?}");
    }
}

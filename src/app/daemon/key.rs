//! The pseudonym key: a file of 32 hex digits that only its owner may read. While it changes, the key before it lies beside it, in a file
//! whose name ends in `.previous`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use crate::app::failure::Failure;
use crate::ledger::{Keys, PseudonymKey};
use crate::settings::{Settings, open_file};

/// The key that is made at the first start, in the state folder.
pub(super) const KEY_FILE: &str = "pseudonym.key";
/// What the name of the previous key's file ends in.
const PREVIOUS: &str = ".previous";
/// Most bytes of a file that are looked at: a key and the end of its line take fewer.
const MAX_BYTES: u64 = 1 << 10;

/// The keys, and the files that they were read from.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    /// The keys.
    pub keys: Keys,
    /// When the present key was made or put there, as far as the file tells.
    pub since: SystemTime,
    /// The file of the previous key.
    pub previous: PreviousKey,
}

/// The file of the previous key, until it is destroyed.
#[derive(Clone, Debug)]
pub struct PreviousKey {
    path: PathBuf,
    key: Option<PseudonymKey>,
    exists: Arc<AtomicBool>,
    /// Whether it was told that the file cannot be destroyed.
    told: Arc<AtomicBool>,
}

/// Reads the configured key, or the one in the state folder, which is made if it is not there, and the previous one where there is one.
///
/// # Errors
/// [`Failure::Io`] if a file cannot be read or made; [`Failure::Configuration`] if others may read the file, or it holds no key.
pub fn load_or_make_keys(settings: &Settings) -> Result<KeyFiles, Failure> {
    let path = key_path(settings);
    if settings.privacy.pseudonym_key_file.is_none() {
        std::fs::create_dir_all(&settings.state.dir)
            .map_err(|error| Failure::file("make the folder", &settings.state.dir, &error))?;
        if !path.exists() {
            make_key(&path)?;
        }
    }
    read_keys(&path)
}

/// Looks at the keys that there are. In the state folder there may be none yet; a configured file must be there.
///
/// # Errors
/// As [`load_or_make_keys`].
pub fn check_keys(settings: &Settings) -> Result<(), Failure> {
    let path = key_path(settings);
    if settings.privacy.pseudonym_key_file.is_none() && !path.exists() {
        return Ok(());
    }
    read_keys(&path).map(drop)
}

impl PreviousKey {
    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the key is still there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.exists.load(Ordering::Relaxed)
    }

    /// Destroys the key: overwrites the file, as far as the file system does that in its place, and removes it. Logs what became of it.
    pub fn destroy(&self) {
        // Not while `rotate-key` looks at the files. It is tried again with the next checkpoint.
        let lock = lock_folder(&self.path);
        if matches!(lock, Err(TryLockError::WouldBlock)) {
            return;
        }
        if !self.is_there() {
            self.exists.store(false, Ordering::Relaxed);
            return;
        }
        match overwrite(&self.path).and_then(|()| remove(&self.path)).and_then(|()| sync_folder(&self.path)) {
            Ok(()) => {
                self.exists.store(false, Ordering::Relaxed);
                tracing::info!(file = %self.path.display(), "nothing is known by the previous pseudonym key any more; it was destroyed");
            }
            Err(error) if !self.told.swap(true, Ordering::Relaxed) => tracing::warn!(
                file = %self.path.display(),
                %error,
                "nothing is known by the previous pseudonym key any more, but it could not be destroyed: delete it, and what it was mounted from"
            ),
            Err(_) => {}
        }
    }
}

impl PreviousKey {
    /// Whether the file still holds this key. Somebody may have deleted it, and have begun another rotation: then the key there is needed.
    fn is_there(&self) -> bool {
        let found = read_key(&self.path).ok().map(|(PseudonymKey(key), _)| key);
        found.is_some() && found == self.key.as_ref().map(|PseudonymKey(key)| *key)
    }
}

/// The file of the present key.
pub(super) fn key_path(settings: &Settings) -> PathBuf {
    settings.privacy.pseudonym_key_file.clone().unwrap_or_else(|| settings.state.dir.join(KEY_FILE))
}

/// The file whose name is that of the key, and this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Reads the present key from this file, and the previous one where there is one.
///
/// # Errors
/// As [`load_or_make_keys`], also where the name of the previous key leads nowhere.
pub(super) fn read_keys(path: &Path) -> Result<KeyFiles, Failure> {
    let (present, since) = read_key(path)?;
    let path = beside(path, PREVIOUS);
    // A link that leads nowhere is there: what it should lead to may be needed.
    let previous = match std::fs::symlink_metadata(&path) {
        Ok(_) => Some(read_key(&path)?.0),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::file("look at", &path, &error)),
    };
    // After a crash in the middle of a rotation both may be the same.
    let previous = previous.filter(|previous| previous.0 != present.0);
    let exists = Arc::new(previous.is_some().into());
    let file = PreviousKey { path, key: previous.clone(), exists, told: Arc::default() };
    Ok(KeyFiles { keys: Keys { present, previous }, since, previous: file })
}

fn make_key(path: &Path) -> Result<(), Failure> {
    random_key()
        .and_then(|key| write_key(path, &key).map(drop))
        .map_err(|error| Failure::file("make the pseudonym key", path, &error))
}

/// Makes 32 hex digits.
pub(super) fn random_key() -> io::Result<String> {
    let mut random = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes a file of its owner's alone with these digits. Returns it.
pub(super) fn write_key(path: &Path, digits: &str) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(digits.as_bytes())?;
    file.sync_all()?;
    Ok(file)
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    file.write_all(&vec![b'0'; length])?;
    file.sync_all()
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Syncs the folder of a file.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Locks the folder of a file against others that change keys in it, until the folder is dropped.
pub(super) fn lock_folder(path: &Path) -> Result<File, TryLockError> {
    let folder = File::open(folder_of(path)).map_err(TryLockError::Error)?;
    folder.try_lock()?;
    Ok(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Reads a key, and when its file was written. What is looked at is the file that was opened.
pub(super) fn read_key(path: &Path) -> Result<(PseudonymKey, SystemTime), Failure> {
    let failed = |error: io::Error| Failure::file("read the pseudonym key", path, &error);
    let file = open_file(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let message = format!(
            "{}: expected a key that only its owner may read (mode 0600), found mode {mode:04o}",
            path.display()
        );
        return Err(Failure::Configuration(message));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    let key = parse_key(text.trim()).ok_or_else(|| {
        let length = text.trim().chars().count();
        Failure::Configuration(format!(
            "{}: expected a key of 32 hex digits, found {length} characters",
            path.display()
        ))
    })?;
    Ok((key, metadata.modified().map_err(failed)?))
}

fn parse_key(text: &str) -> Option<PseudonymKey> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 16];
    for (byte, index) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(index..index + 2)?, 16).ok()?;
    }
    Some(PseudonymKey(key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        make_key(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_key(&path).unwrap().0.0, read_key(&path).unwrap().0.0);
        assert!(make_key(&path).is_err(), "a key is never overwritten");
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        std::fs::write(&path, "00112233445566778899aabbccddeeff").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_key(&path).unwrap_err().to_string().contains("mode 0644"));
        std::fs::write(&path, "short").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read_key(&path).unwrap_err().to_string().contains("32 hex digits"));
    }

    #[test]
    fn a_key_is_a_file_and_a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join(KEY_FILE);
        assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
        assert!(read_key(&pipe).unwrap_err().to_string().contains("found a pipe"));
        assert!(read_key(folder.path()).unwrap_err().to_string().contains("found a folder"));
    }

    #[test]
    fn a_previous_key_whose_link_leads_nowhere_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        make_key(&path).unwrap();
        assert!(read_keys(&path).unwrap().keys.previous.is_none());
        std::os::unix::fs::symlink("nowhere", beside(&path, PREVIOUS)).unwrap();
        assert!(read_keys(&path).unwrap_err().to_string().contains("pseudonym.key.previous"));
    }
}

//! The pseudonym key: a file of 32 hex digits that only its owner may read.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::app::failure::Failure;
use crate::ledger::PseudonymKey;
use crate::settings::Settings;

/// The key that is made at the first start, in the state folder.
const KEY_FILE: &str = "pseudonym.key";

/// Reads the configured key, or the one in the state folder, which is made if it is not there.
///
/// # Errors
/// [`Failure::Io`] if a file cannot be read or made; [`Failure::Configuration`] if others may read the file, or it holds no key.
pub fn load_or_make_key(settings: &Settings) -> Result<PseudonymKey, Failure> {
    if let Some(path) = &settings.privacy.pseudonym_key_file {
        return read_key(path);
    }
    std::fs::create_dir_all(&settings.state.dir)
        .map_err(|error| Failure::file("make the folder", &settings.state.dir, &error))?;
    let path: PathBuf = settings.state.dir.join(KEY_FILE);
    if !path.exists() {
        make_key(&path)?;
    }
    read_key(&path)
}

fn make_key(path: &Path) -> Result<(), Failure> {
    let mut random = [0_u8; 16];
    let source = Path::new("/dev/urandom");
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut random))
        .map_err(|error| Failure::file("read", source, &error))?;
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(digits.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| Failure::file("make the pseudonym key", path, &error))
}

fn read_key(path: &Path) -> Result<PseudonymKey, Failure> {
    let metadata = std::fs::metadata(path).map_err(|error| Failure::file("read the pseudonym key", path, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let message = format!(
            "{}: expected a key that only its owner may read (mode 0600), found mode {mode:04o}",
            path.display()
        );
        return Err(Failure::Configuration(message));
    }
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read the pseudonym key", path, &error))?;
    parse_key(text.trim()).ok_or_else(|| {
        let length = text.trim().chars().count();
        Failure::Configuration(format!(
            "{}: expected a key of 32 hex digits, found {length} characters",
            path.display()
        ))
    })
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
        assert_eq!(read_key(&path).unwrap().0, read_key(&path).unwrap().0);
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
}

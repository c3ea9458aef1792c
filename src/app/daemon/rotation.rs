//! A change of the pseudonym key: a new one takes the place of the present one, which is kept beside it.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use super::key::{
    KeyFiles, beside, key_path, lock_folder, random_key, read_key, read_keys, remove, sync_folder, write_key,
};
use crate::app::failure::Failure;
use crate::ledger::PseudonymKey;
use crate::settings::Settings;

/// What the name of a file ends in that is to become the key's.
const NEW: &str = ".new";

/// What a change of the key has done.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The file of the new key.
    pub path: PathBuf,
    /// The file of the key before it.
    pub previous: PathBuf,
}

/// Puts a new key in the place of the present one, which is kept beside it. The new file is the same user's as the present one. After a crash at
/// any moment the present key is there, and the command can be given again. One change at a time works on a folder.
///
/// # Errors
/// [`Failure::Data`] if there is no key, or an earlier change has not ended; [`Failure::Io`] if a file cannot be read or written, with what to do
/// where the folder is read-only, and if another change is under way; [`Failure::Configuration`] as
/// [`load_or_make_keys`](super::load_or_make_keys).
pub fn rotate(settings: &Settings) -> Result<Rotated, Failure> {
    let path = key_path(settings);
    if !path.exists() {
        let problem = "expected a pseudonym key to replace, found none: the daemon makes one at its first start";
        return Err(Failure::Data(format!("{}: {problem}", path.display())));
    }
    // Everything is looked at behind the lock: what another change has left is seen.
    let _lock = lock_folder(&path).map_err(|error| match error {
        TryLockError::WouldBlock => {
            Failure::Io(format!("{}: another change of the pseudonym key is under way", path.display()))
        }
        TryLockError::Error(error) => Failure::file("lock the folder of the pseudonym key", &path, &error),
    })?;
    let KeyFiles { keys, previous, .. } = read_keys(&path)?;
    let previous = previous.path().to_owned();
    if keys.previous.is_some() {
        return Err(Failure::Data(format!(
            "{}: expected no previous key, found one: the last rotation has not ended. The daemon destroys that key when nothing is known by it \
             any more (metric paritywatch_pseudonym_keys), and a third cannot be in use",
            previous.display()
        )));
    }
    let new = beside(&path, NEW);
    // An attempt that was interrupted may have left it.
    let written = remove(&new).and_then(|()| write_key(&new, &random_key()?));
    let file = written.map_err(|error| by_hand(&path, &previous, &error))?;
    give_to_owner(&file, &path).inspect_err(|_| drop(remove(&new)))?;
    keep_present(&path, &previous, &keys.present)?;
    std::fs::rename(&new, &path).map_err(|error| by_hand(&path, &previous, &error))?;
    sync_folder(&path).map_err(|error| Failure::file("sync the folder of the pseudonym key", &path, &error))?;
    Ok(Rotated { path, previous })
}

/// Gives the present key its second name. That name is on the disk when this returns: the first one is taken from it next. The same file has both
/// names, so after a crash both are the present key, which is no rotation.
fn keep_present(path: &Path, previous: &Path, present: &PseudonymKey) -> Result<(), Failure> {
    match std::fs::hard_link(path, previous) {
        Ok(()) => {}
        // Of an attempt that was interrupted. Anything else would be lost, or would keep the present key from being there.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let (found, _) = read_key(previous)?;
            if found.0 != present.0 {
                let problem = "expected the present key, found another";
                return Err(Failure::Data(format!("{}: {problem}", previous.display())));
            }
        }
        Err(error) => return Err(by_hand(path, previous, &error)),
    }
    sync_folder(path).map_err(|error| Failure::file("sync the folder of the pseudonym key", path, &error))
}

/// Gives the new key to the user who owns the present one. The daemon could not read one that belongs to root, who may have given the command.
fn give_to_owner(new: &File, present: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file("look at the pseudonym key", present, &error);
    let owner = std::fs::metadata(present).map_err(failed)?;
    if new.metadata().map_err(failed)?.uid() == owner.uid() {
        return Ok(());
    }
    fchown(new, Some(owner.uid()), Some(owner.gid())).and_then(|()| new.sync_all()).map_err(|error| {
        Failure::Io(format!(
            "{}: give the new pseudonym key to user {}, who owns the present one: {error}. Give this command as that user",
            present.display(),
            owner.uid()
        ))
    })
}

/// Says what to do by hand, where the key's folder cannot be written.
fn by_hand(path: &Path, previous: &Path, error: &io::Error) -> Failure {
    Failure::Io(format!(
        "{}: change the pseudonym key: {error}. Where it is mounted read-only, give the daemon the present key as {} and a new one of 32 hex digits \
         in its place, then restart it",
        path.display(),
        previous.display()
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::super::key::load_or_make_keys;
    use super::*;

    const KEY_FILE: &str = "pseudonym.key";
    const PREVIOUS: &str = ".previous";

    fn settings(folder: &Path) -> Settings {
        let text = include_str!("../../../config/paritywatch.toml");
        let mut settings = Settings::parse(text, "paritywatch.toml", std::iter::empty()).unwrap();
        settings.state.dir = folder.to_owned();
        settings
    }

    #[test]
    fn a_rotation_keeps_the_key_before_it_until_that_is_destroyed_and_there_is_no_third() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        assert!(matches!(rotate(&settings), Err(Failure::Data(_))), "there is no key yet");
        let first = load_or_make_keys(&settings).unwrap();
        assert!(first.keys.previous.is_none() && !first.previous.exists());
        let Rotated { path, previous } = rotate(&settings).unwrap();
        for file in [&path, &previous] {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let second = load_or_make_keys(&settings).unwrap();
        assert_eq!(second.keys.previous.as_ref().unwrap().0, first.keys.present.0);
        assert_ne!(second.keys.present.0, first.keys.present.0);
        assert!(rotate(&settings).unwrap_err().to_string().contains("has not ended"));
        assert_eq!(load_or_make_keys(&settings).unwrap().keys.present.0, second.keys.present.0);
        second.previous.destroy();
        assert!(!second.previous.exists() && !previous.exists());
        assert!(load_or_make_keys(&settings).unwrap().keys.previous.is_none());
        rotate(&settings).unwrap();
        assert_eq!(load_or_make_keys(&settings).unwrap().keys.previous.unwrap().0, second.keys.present.0);
    }

    #[test]
    fn a_rotation_that_was_interrupted_can_be_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let first = load_or_make_keys(&settings).unwrap();
        let path = folder.path().join(KEY_FILE);
        // As after a crash right before the last step.
        write_key(&beside(&path, NEW), "00112233445566778899aabbccddeeff").unwrap();
        std::fs::hard_link(&path, beside(&path, PREVIOUS)).unwrap();
        let read = load_or_make_keys(&settings).unwrap();
        assert!(read.keys.previous.is_none() && read.keys.present.0 == first.keys.present.0);
        rotate(&settings).unwrap();
        let read = load_or_make_keys(&settings).unwrap();
        assert_eq!(read.keys.previous.unwrap().0, first.keys.present.0);
        assert!(!beside(&path, NEW).exists());
    }

    #[test]
    fn a_key_of_another_rotation_is_not_destroyed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        load_or_make_keys(&settings).unwrap();
        let Rotated { previous, .. } = rotate(&settings).unwrap();
        let running = load_or_make_keys(&settings).unwrap();
        std::fs::remove_file(&previous).unwrap();
        rotate(&settings).unwrap();
        running.previous.destroy();
        let now = load_or_make_keys(&settings).unwrap();
        assert_eq!(now.keys.previous.unwrap().0, running.keys.present.0);
        assert!(!running.previous.exists());
    }

    #[test]
    fn destroying_overwrites_what_the_key_was() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        load_or_make_keys(&settings).unwrap();
        let Rotated { previous, .. } = rotate(&settings).unwrap();
        // The same file under another name shows what is left in its place.
        let witness = folder.path().join("witness");
        std::fs::hard_link(&previous, &witness).unwrap();
        load_or_make_keys(&settings).unwrap().previous.destroy();
        assert_eq!(std::fs::read_to_string(witness).unwrap(), "0".repeat(32));
    }

    #[test]
    fn what_is_not_the_present_key_is_never_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let first = load_or_make_keys(&settings).unwrap();
        let path = folder.path().join(KEY_FILE);
        let previous = beside(&path, PREVIOUS);
        let is_untouched = || read_key(&path).unwrap().0.0 == first.keys.present.0;
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &previous).unwrap();
        assert!(rotate(&settings).is_err());
        assert!(keep_present(&path, &previous, &first.keys.present).is_err());
        assert!(is_untouched());
        std::fs::remove_file(&previous).unwrap();
        write_key(&previous, "00112233445566778899aabbccddeeff").unwrap();
        let problem = keep_present(&path, &previous, &first.keys.present).unwrap_err().to_string();
        assert!(problem.contains("found another"), "{problem}");
        assert!(is_untouched());
    }

    #[test]
    fn one_change_at_a_time_works_on_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let first = load_or_make_keys(&settings).unwrap();
        let path = folder.path().join(KEY_FILE);
        let lock = lock_folder(&path).unwrap();
        assert!(rotate(&settings).unwrap_err().to_string().contains("under way"));
        drop(lock);
        let rotations: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| rotate(&settings).is_ok())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(rotations.iter().filter(|is_done| **is_done).count(), 1);
        let read = load_or_make_keys(&settings).unwrap();
        assert_eq!(read.keys.previous.unwrap().0, first.keys.present.0);
        assert_ne!(read.keys.present.0, first.keys.present.0);
    }

    #[test]
    fn a_key_is_not_destroyed_while_another_change_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        load_or_make_keys(&settings).unwrap();
        let Rotated { path, previous } = rotate(&settings).unwrap();
        let running = load_or_make_keys(&settings).unwrap();
        let lock = lock_folder(&path).unwrap();
        running.previous.destroy();
        assert!(running.previous.exists() && previous.exists());
        drop(lock);
        running.previous.destroy();
        assert!(!running.previous.exists() && !previous.exists());
    }

    /// Only root can give a file to another user.
    #[test]
    fn the_new_key_is_the_same_users_as_the_present_one() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        load_or_make_keys(&settings).unwrap();
        let path = folder.path().join(KEY_FILE);
        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
        let Rotated { path, previous } = rotate(&settings).unwrap();
        for file in [path, previous] {
            let metadata = std::fs::metadata(&file).unwrap();
            assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o777), (65_534, 65_534, 0o600));
        }
    }
}

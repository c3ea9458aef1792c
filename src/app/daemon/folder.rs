//! The state folder: nobody else may look into it, and every file of the state is its owner's alone.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::key::{KEY_FILE, key_path};
use crate::app::failure::Failure;
use crate::checkpoint::audit::AUDIT_KEY;
use crate::checkpoint::is_state_file;
use crate::settings::Settings;

/// The mode of the folder.
const FOLDER_MODE: u32 = 0o700;
/// The mode of a file in it.
pub(super) const FILE_MODE: u32 = 0o600;
/// The bits that others than the owner have.
const OTHERS: u32 = 0o077;

/// The file of the lock.
pub(super) const LOCK_FILE: &str = "lock";
/// What many file systems have in their root, and what is nobody's.
const OF_FILE_SYSTEM: &str = "lost+found";

/// Makes the folder if it is missing. Takes from others what an earlier version, a copy or another umask has given them: of the files of the state,
/// and of the folder if it holds nothing else. What is not the daemon's keeps its mode, and so does a folder where such a thing is. A pseudonym key
/// stays as it is: one that others could read is refused where it is read.
///
/// # Errors
/// [`Failure::Io`] if the folder cannot be made or looked into.
pub(super) fn prepare(settings: &Settings) -> Result<(), Failure> {
    let folder = &settings.state.dir;
    let failed = |error: io::Error| Failure::file("make the folder", folder, &error);
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
    let found = look_into(settings).map_err(|error| Failure::file("look into", folder, &error))?;
    match found.remark(folder) {
        Some(remark) => tracing::warn!("{remark}"),
        None if found.foreign.is_none() => narrow(folder, FOLDER_MODE),
        None => {}
    }
    found.state.iter().for_each(|path| narrow(path, FILE_MODE));
    Ok(())
}

/// What is probably not meant about the state folder, where it is there already: others keep files in it, and may look into it.
#[must_use]
pub fn folder_remark(settings: &Settings) -> Option<String> {
    look_into(settings).ok()?.remark(&settings.state.dir)
}

/// What is in a state folder.
#[derive(Default)]
struct Content {
    /// Files of the state, but for keys.
    state: Vec<PathBuf>,
    /// The first name, in the order of names, of what is not the daemon's.
    foreign: Option<PathBuf>,
}

impl Content {
    fn remark(&self, folder: &Path) -> Option<String> {
        let mode = mode_of(folder).filter(|mode| mode & OTHERS != 0)?;
        let foreign = self.foreign.as_ref()?;
        Some(format!(
            "state.dir: expected a folder of the daemon's own, found {} in it: others can look into the folder (mode {mode:04o}), which stays so",
            foreign.display()
        ))
    }
}

fn look_into(settings: &Settings) -> io::Result<Content> {
    let key = key_path(settings);
    let key = key.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let audit_key = settings.audit.key_file.as_ref().and_then(|path| path.file_name()).unwrap_or_default();
    let audit_key = audit_key.to_string_lossy().into_owned();
    let mut content = Content::default();
    for entry in fs::read_dir(&settings.state.dir)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        // The previous key, a new one, and copies of them.
        let is_key = [key.as_str(), KEY_FILE, audit_key.as_str(), AUDIT_KEY]
            .into_iter()
            .any(|key| !key.is_empty() && name.starts_with(key));
        let is_state = is_state_file(&name) || name == LOCK_FILE;
        if is_key || name == OF_FILE_SYSTEM {
            continue;
        }
        if is_state && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            content.state.push(entry.path());
        } else if !is_state && content.foreign.as_ref().is_none_or(|first| entry.path() < *first) {
            content.foreign = Some(entry.path());
        }
    }
    Ok(content)
}

fn mode_of(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

/// Opens a file of the folder to append, and makes it if it is missing.
pub(super) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(path)
}

/// Takes every right from others. What belongs to somebody else, such as the root of a volume of Kubernetes, cannot be changed: that is told.
fn narrow(path: &Path, mode: u32) {
    let Some(found) = mode_of(path).filter(|mode| mode & OTHERS != 0) else { return };
    let (path_shown, mode_before) = (path.display(), format!("{found:04o}"));
    match fs::set_permissions(path, Permissions::from_mode(mode)) {
        Ok(()) => tracing::warn!(path = %path_shown, mode_before, "others could look at the state: they no longer can"),
        Err(error) => {
            tracing::warn!(path = %path_shown, mode_before, %error, "others can look at the state, and its mode cannot be changed")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn settings(folder: &Path) -> Settings {
        let text = include_str!("../../../config/paritywatch.toml");
        let mut settings = Settings::parse(text, "paritywatch.toml", std::iter::empty()).unwrap();
        settings.state.dir = folder.to_owned();
        settings
    }

    fn put(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone_and_one_that_others_can_read_is_narrowed() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a").join("state");
        let settings = settings(&folder);
        prepare(&settings).unwrap();
        assert_eq!(mode(&folder), 0o700);
        // What a file system has in its root is nobody's.
        fs::create_dir(folder.join("lost+found")).unwrap();
        for (name, before, after) in [
            ("checkpoint", 0o644, 0o600),
            ("lock", 0o666, 0o600),
            ("outbox.cursor.0", 0o640, 0o600),
            ("alerts.journal.1.f8", 0o644, 0o600),
            ("pseudonym.key", 0o644, 0o644),
            ("pseudonym.key.previous", 0o644, 0o644),
            ("pseudonym.key.new", 0o644, 0o644),
        ] {
            let path = put(&folder, name, before);
            fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
            prepare(&settings).unwrap();
            assert_eq!((mode(&path), mode(&folder)), (after, 0o700), "{name}");
        }
        append(&folder.join("new")).unwrap();
        assert_eq!(mode(&folder.join("new")), 0o600);
    }

    #[test]
    fn what_is_not_the_daemons_keeps_its_mode_and_its_folder_too() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("shared");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let settings = settings(&folder);
        let (page, checkpoint) = (put(&folder, "index.html", 0o644), put(&folder, "checkpoint", 0o644));
        // The second time is no other.
        for _ in 0..2 {
            prepare(&settings).unwrap();
            assert_eq!((mode(&page), mode(&folder), mode(&checkpoint)), (0o644, 0o755, 0o600));
            let remark = folder_remark(&settings).unwrap();
            assert!(remark.starts_with("state.dir: ") && remark.contains("index.html"), "{remark}");
        }
        fs::remove_file(page).unwrap();
        assert_eq!(folder_remark(&settings), None);
        prepare(&settings).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_key_with_a_name_of_its_own_is_spared_with_all_that_begins_as_it_does() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("state");
        let mut settings = settings(&folder);
        settings.privacy.pseudonym_key_file = Some(folder.join("secret"));
        prepare(&settings).unwrap();
        for name in ["secret", "secret.previous", "secret.new"] {
            let path = put(&folder, name, 0o644);
            prepare(&settings).unwrap();
            assert_eq!((mode(&path), folder_remark(&settings)), (0o644, None), "{name}");
        }
    }
}

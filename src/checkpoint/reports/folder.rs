//! The folder of the notes: handing one over, and reading them.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::gift::{give_file, give_to_owner};
use super::note::MadeReport;
use crate::checkpoint::audit::sha256;
use crate::checkpoint::error::{CheckpointError, failed};
use crate::checkpoint::replace::{replace, sync_folder};

/// The folder of reports in the state folder, and that of the notes in it.
const FOLDERS: [&str; 2] = ["reports", "made"];
/// How the names of notes end: that wait to be entered into the audit log, that are entered, and that are not whole yet.
const WAITING: &str = ".made.json";
const LOGGED: &str = ".logged.json";
const UNFINISHED: &str = ".new";
/// Notes, at most.
const MAX_NOTES: usize = 10_000;
/// Longest note, in bytes.
const MAX_NOTE_BYTES: u64 = 256 << 10;
/// Hex digits of a note's name.
const ID_DIGITS: usize = 32;
/// Time between two looks at whether the log has it.
const POLL: Duration = Duration::from_millis(200);

/// A note in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// What it is known by: the beginning of the SHA-256 of its content.
    pub id: String,
    /// What it says.
    pub report: MadeReport,
    /// Its content: JSON on one line.
    pub content: String,
    /// Whether the audit log has it.
    pub is_logged: bool,
    pub(super) folder: PathBuf,
}

/// What became of a note that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handing {
    /// The audit log has it.
    Logged,
    /// Nobody has entered it yet: a daemon does at its next start.
    Waits,
}

/// What is in the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotesFound {
    /// The notes, oldest report first.
    pub notes: Vec<HandedOver>,
    /// What is there and cannot be read as one, and why: with its path.
    pub problems: Vec<String>,
}

/// Tells the daemon of a report that was made, whether or not it is running. The same note twice is one. When this returns it is on disk.
///
/// # Errors
/// [`CheckpointError::Io`] if the folder cannot be made or written, has no room, or the note says what cannot be read again.
pub fn hand_over(state: &Path, report: &MadeReport) -> Result<HandedOver, CheckpointError> {
    let folder = make_folder(state)?;
    let content = report.to_json().map_err(|problem| failed(&folder, "write in", io::Error::other(problem)))?;
    let (report, id) = (report.clone(), id_of(&content));
    let mut handed = HandedOver { id, report, content, is_logged: false, folder };
    handed.is_logged = handed.path(LOGGED).exists();
    if handed.is_logged || handed.path(WAITING).exists() {
        return Ok(handed);
    }
    let folder = &handed.folder;
    let count = std::fs::read_dir(folder).map_err(|error| failed(folder, "list", error))?.count();
    if count >= MAX_NOTES || handed.content.len() as u64 > MAX_NOTE_BYTES {
        let problem = format!(
            "expected fewer than {MAX_NOTES} notes and at most {MAX_NOTE_BYTES} bytes in one, found {count} and {}: move old notes away",
            handed.content.len()
        );
        return Err(failed(folder, "write in", io::Error::other(problem)));
    }
    let bytes = format!("{}\n", handed.content);
    replace(
        &handed.path(WAITING),
        &handed.path(UNFINISHED),
        || Ok(()),
        |file| {
            give_file(state, file)?;
            file.write_all(bytes.as_bytes())
        },
    )?;
    Ok(handed)
}

impl HandedOver {
    /// Waits until the audit log has it, for a while.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Handing {
        let until = Instant::now() + limit;
        loop {
            if self.path(LOGGED).exists() {
                return Handing::Logged;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Handing::Waits;
            }
            std::thread::sleep(POLL.min(left));
        }
    }

    /// Notes that the audit log has it.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if it cannot be given its other name.
    pub fn mark_logged(&self) -> Result<(), CheckpointError> {
        let (from, to) = (self.path(WAITING), self.path(LOGGED));
        std::fs::rename(&from, &to).map_err(|error| failed(&from, "rename", error))?;
        sync_folder(&self.folder)
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{}{end}", self.id))
    }
}

/// Makes the folder of the notes, its owner's alone.
fn make_folder(state: &Path) -> Result<PathBuf, CheckpointError> {
    let mut folder = state.to_owned();
    for name in FOLDERS {
        let parent = folder.clone();
        folder.push(name);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => sync_folder(&parent)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&folder, "make", error)),
        }
        let found = std::fs::symlink_metadata(&folder).map_err(|error| failed(&folder, "look at", error))?;
        if !found.is_dir() {
            let problem = io::Error::other("expected a folder of its own, found a link or a file");
            return Err(failed(&folder, "look at", problem));
        }
        give_to_owner(state, &folder)?;
    }
    Ok(folder)
}

/// Reads the notes of a state folder. None is no error.
///
/// # Errors
/// [`CheckpointError::Io`] if the folder cannot be read.
pub fn notes(state: &Path) -> Result<NotesFound, CheckpointError> {
    let folder = FOLDERS.iter().fold(state.to_owned(), |folder, name| folder.join(name));
    let listing = match std::fs::read_dir(&folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(NotesFound::default()),
        Err(error) => return Err(failed(&folder, "list", error)),
    };
    let mut found = NotesFound::default();
    // More than may be there are not read, and told.
    for (index, entry) in listing.enumerate() {
        let path = entry.map_err(|error| failed(&folder, "list", error))?.path();
        if index >= MAX_NOTES {
            found.problems.push(format!("{}: expected at most {MAX_NOTES} notes, found more", folder.display()));
            break;
        }
        match read(&folder, &path) {
            Ok(note) => found.notes.extend(note),
            Err(problem) => found.problems.push(format!("{}: {problem}", path.display())),
        }
    }
    found.notes.sort_by(|one, other| (one.report.made_at, &one.id).cmp(&(other.report.made_at, &other.id)));
    // After a crash between two renames of a copied folder both names may be there.
    let logged: Vec<String> = found.notes.iter().filter(|note| note.is_logged).map(|note| note.id.clone()).collect();
    found.notes.retain(|note| note.is_logged || !logged.contains(&note.id));
    found.problems.sort();
    Ok(found)
}

/// Reads a note; `None`: it is not whole yet, or was renamed meanwhile.
fn read(folder: &Path, path: &Path) -> Result<Option<HandedOver>, String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let ends = [(WAITING, false), (LOGGED, true)];
    let known = ends.iter().find_map(|(end, is_logged)| Some((name.strip_suffix(end)?, *is_logged)));
    let Some((id, is_logged)) = known else {
        let is_unfinished = name.strip_suffix(UNFINISHED).is_some_and(is_id);
        return if is_unfinished { Ok(None) } else { Err("expected notes and nothing else in this folder".to_owned()) };
    };
    let text = match read_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| error.to_string())?,
    };
    let content = text.strip_suffix('\n').unwrap_or_default().to_owned();
    let report = MadeReport::parse(&content)?;
    if !is_id(id) || id_of(&content) != id {
        return Err(format!("expected a note with the hash {}, found another name", id_of(&content)));
    }
    Ok(Some(HandedOver { id: id.to_owned(), report, content, is_logged, folder: folder.to_owned() }))
}

/// Reads a small file that is no link and no device.
fn read_regular(path: &Path) -> io::Result<String> {
    let found = std::fs::symlink_metadata(path)?;
    if !found.is_file() || found.len() > MAX_NOTE_BYTES {
        return Err(io::Error::other(format!(
            "expected a file of at most {MAX_NOTE_BYTES} bytes, found something else"
        )));
    }
    let mut text = String::new();
    File::open(path)?.take(MAX_NOTE_BYTES + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn id_of(content: &str) -> String {
    sha256(content.as_bytes()).chars().take(ID_DIGITS).collect()
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

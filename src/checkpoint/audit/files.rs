//! The names of the files of the audit log, and which of them are there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The folder with the logs, in the state folder.
pub const FOLDER: &str = "audit";
/// The file of the public key, in the state folder. A copy may lie with the logs.
pub const AUDIT_PUBLIC_KEY: &str = "audit.pub";
/// The signed checkpoint of a log.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The checkpoint before it is whole.
pub(super) const UNFINISHED: &str = "checkpoint.new";
/// What the name of a log's folder begins with. Its number follows.
const LOG: &str = "log.";
/// What the name of a log's folder ends with before it is whole.
const UNFINISHED_LOG: &str = ".new";
/// What the name of a file of entries begins with. The number of its first entry follows.
const ENTRIES: &str = "entries.";
/// What it ends with.
const LINES: &str = ".jsonl";
/// Digits of that number, so that names are in the order of entries.
const DIGITS: usize = 12;

/// A file of entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryFile {
    /// The number of its first entry, by its name.
    pub first: u64,
    /// Where it is.
    pub path: PathBuf,
}

impl EntryFile {
    /// The file of a log that begins with this entry.
    pub fn of(log: &Path, first: u64) -> Self {
        Self { first, path: log.join(format!("{ENTRIES}{first:0DIGITS$}{LINES}")) }
    }
}

/// Returns the folder of a log.
pub(super) fn log_folder(audit: &Path, number: u32) -> PathBuf {
    audit.join(format!("{LOG}{number}"))
}

/// Returns the folder of a log that is being begun.
pub(super) fn unfinished_log(audit: &Path, number: u32) -> PathBuf {
    audit.join(format!("{LOG}{number}{UNFINISHED_LOG}"))
}

/// Lists the logs of a folder by number. A folder that is not there has none. A name that the daemon would not give is not a log's.
pub(super) fn logs(audit: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found: Vec<(u32, PathBuf)> = listed(audit, |name, path| Some((log_number(name)?, path)))?;
    found.sort();
    Ok(found)
}

/// Lists the files of entries of a log, in the order of their names' numbers.
pub(super) fn entry_files(log: &Path) -> io::Result<Vec<EntryFile>> {
    let mut found = listed(log, |name, path| Some(EntryFile { first: first_entry(name)?, path }))?;
    found.sort();
    Ok(found)
}

/// The number of the log whose folder has exactly this name.
pub(super) fn log_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix(LOG)?.parse().ok()?;
    (name == format!("{LOG}{number}")).then_some(number)
}

/// The number of the first entry of the file with exactly this name.
fn first_entry(name: &str) -> Option<u64> {
    let number = name.strip_prefix(ENTRIES)?.strip_suffix(LINES)?.parse().ok()?;
    (name == format!("{ENTRIES}{number:0DIGITS$}{LINES}")).then_some(number)
}

/// Lists what lies in the folder of a log and is none of its files: whoever reads the folder could take it for a part of the log.
pub(super) fn strays_in_log(log: &Path) -> io::Result<Vec<PathBuf>> {
    strays(log, |name| [CHECKPOINT, UNFINISHED, AUDIT_PUBLIC_KEY].contains(&name) || first_entry(name).is_some())
}

/// Lists what lies in the folder of the logs and is none.
pub(super) fn strays_beside_logs(audit: &Path) -> io::Result<Vec<PathBuf>> {
    let is_unfinished = |name: &str| name.strip_suffix(UNFINISHED_LOG).is_some_and(|name| log_number(name).is_some());
    strays(audit, |name| name == AUDIT_PUBLIC_KEY || log_number(name).is_some() || is_unfinished(name))
}

fn strays(folder: &Path, is_own: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(&is_own) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a file of a log. What is no regular file may never end, or never begin.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("expected a regular file, found something else"));
    }
    File::open(path)
}

fn listed<T>(folder: &Path, take: impl Fn(&str, PathBuf) -> Option<T>) -> io::Result<Vec<T>> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry?;
        found.extend(entry.file_name().to_str().and_then(|name| take(name, entry.path())));
    }
    Ok(found)
}

/// Whether this is the folder of one log, and not one of several.
pub(super) fn is_log(folder: &Path) -> io::Result<bool> {
    Ok(folder.join(CHECKPOINT).exists() || !entry_files(folder)?.is_empty())
}

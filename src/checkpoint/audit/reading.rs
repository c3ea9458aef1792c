//! Reads a log from its first entry to its last and checks it, with memory for one line.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::entry::{Entry, Kind, MAX_LINE_BYTES};
use super::files::{CHECKPOINT, EntryFile, entry_files, log_number, open_regular};
use super::finding::{Finding, Findings};
use super::note::{Checkpoint, MAX_NOTE_BYTES, PublicKey};
use super::tree::{Hash, Tree, hex, leaf_hash};

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// What a log should be at some sizes: the size, who says so, and the root.
pub type Witnessed = BTreeMap<u64, Vec<(String, Hash)>>;

/// A log that was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The tree over all whole lines.
    pub tree: Tree,
    /// The hash of the last of them.
    pub previous: Option<Hash>,
    /// Files of entries.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// When the first entry was made, as it says.
    pub first_time: Option<String>,
    /// When the last one was made.
    pub last_time: Option<String>,
    /// The log's own checkpoint, where its signature holds.
    pub checkpoint: Option<Checkpoint>,
    /// What the first entry says of the log.
    pub(super) begun: Option<Begun>,
    /// The last file, and its length in whole lines.
    pub(super) last_file: Option<(EntryFile, u64)>,
    /// The file before it.
    pub(super) file_before: Option<(EntryFile, u64)>,
    /// Bytes at its end that are no whole line.
    pub torn_bytes: u64,
    /// Entries before the first finding.
    pub good_entries: u64,
    /// What is wrong.
    pub findings: Findings,
}

impl Reading {
    /// Returns the whole entries that the checkpoint does not sign.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        self.tree.size().saturating_sub(self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size))
    }
}

/// What the first entry of a log says of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Begun {
    /// Which log, as its checkpoints name it.
    pub origin: String,
    /// Why another log was begun; null where this is the first one.
    #[serde(default)]
    pub before: Value,
}

/// Reads the checkpoint of a log: `Err` says why it is none that the key has signed.
///
/// # Errors
/// If the file is there and cannot be read.
pub(super) fn read_checkpoint(path: &Path, key: &PublicKey) -> io::Result<Result<Checkpoint, String>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(MAX_NOTE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let note = String::from_utf8(bytes).map_err(|_| "expected UTF-8, found other bytes".to_owned());
    Ok(note.and_then(|note| Checkpoint::open(&note, key)))
}

/// Reads a log; `each` gets every entry that can be read. `witnessed` are further roots that it must have had.
///
/// # Errors
/// If a file cannot be read, with its path.
pub fn read_log(
    folder: &Path,
    key: &PublicKey,
    witnessed: &Witnessed,
    each: &mut dyn FnMut(&Entry<'_>),
) -> Result<Reading, (PathBuf, io::Error)> {
    let mut reader =
        Reader { reading: Reading::default(), roots: witnessed.clone(), expected: 0, at: Place::default(), each };
    reader.read_checkpoint(folder, key)?;
    let files = entry_files(folder).map_err(|error| (folder.to_owned(), error))?;
    if files.is_empty() {
        reader.reading.findings.of_file(folder, "a file of entries", "none");
    }
    reader.hold_to_roots();
    let last = files.len().saturating_sub(1);
    for (index, file) in files.into_iter().enumerate() {
        let path = file.path.clone();
        reader.read_file(file, index == last).map_err(|error| (path, error))?;
    }
    reader.finish(folder, key);
    Ok(reader.reading)
}

/// What the origin of a log of this key with this number begins with. Random digits follow: a log that was begun anew is never taken for the one
/// before.
pub(super) fn origin_of(key: &PublicKey, number: u32) -> String {
    format!("{}/{number}/", key.name())
}

/// Where the reader is.
#[derive(Clone, Debug, Default)]
struct Place {
    file: String,
    line: u64,
}

struct Reader<'r> {
    reading: Reading,
    /// Roots that are still to come, by size.
    roots: Witnessed,
    /// The number that the next entry should have.
    expected: u64,
    at: Place,
    each: &'r mut dyn FnMut(&Entry<'_>),
}

impl Reader<'_> {
    fn read_checkpoint(&mut self, folder: &Path, key: &PublicKey) -> Result<(), (PathBuf, io::Error)> {
        let path = folder.join(CHECKPOINT);
        let read = match read_checkpoint(&path, key) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.reading.findings.of_file(&path, "a signed checkpoint", "none");
                return Ok(());
            }
            read => read.map_err(|error| (path.clone(), error))?,
        };
        match read {
            Ok(checkpoint) => {
                let by = path.display().to_string();
                self.roots.entry(checkpoint.size).or_default().push((by, checkpoint.root));
                self.reading.checkpoint = Some(checkpoint);
            }
            Err(problem) => self.reading.findings.of_file(&path, "a checkpoint that the key has signed", problem),
        }
        Ok(())
    }

    fn read_file(&mut self, file: EntryFile, is_last: bool) -> io::Result<()> {
        self.at = Place { file: file.path.display().to_string(), line: 0 };
        if file.first != self.expected {
            let (expected, found) = (self.expected, file.first);
            self.find(None, &format!("a file that begins with entry {expected}"), &format!("one of entry {found}"));
            self.expected = file.first;
        }
        self.reading.files += 1;
        let mut from = BufReader::with_capacity(BUFFER_BYTES, open_regular(&file.path)?);
        let (mut line, mut whole_bytes) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = from.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
            self.reading.bytes += read as u64;
            if line.pop_if(|byte| *byte == b'\n').is_none() {
                self.reading.torn_bytes = read as u64;
                break;
            }
            whole_bytes += read as u64;
            self.at.line += 1;
            self.take(&line);
        }
        self.end_file(is_last, line.len());
        self.reading.file_before = self.reading.last_file.replace((file, whole_bytes));
        Ok(())
    }

    /// Only the last line of the last file may be torn: a crash makes no other such line.
    fn end_file(&mut self, is_last: bool, rest_bytes: usize) {
        if rest_bytes > MAX_LINE_BYTES {
            self.at.line += 1;
            self.find(None, &format!("a line of at most {MAX_LINE_BYTES} bytes"), "a longer one");
        } else if rest_bytes > 0 && !is_last {
            self.at.line += 1;
            self.find(None, "a line with an end", &format!("{rest_bytes} bytes without one"));
        } else if self.at.line == 0 && !is_last {
            self.find(None, "an entry", "none");
        }
    }

    fn take(&mut self, line: &[u8]) {
        let parsed = Entry::parse(line);
        match &parsed {
            Ok(entry) => self.check(entry),
            Err(problem) => {
                let number = self.expected;
                self.find(Some(number), "an entry", &format!("{} bytes that are none: {problem}", line.len()));
                self.expected += 1;
            }
        }
        let hash = leaf_hash(line);
        self.reading.tree.push(hash);
        self.reading.previous = Some(hash);
        self.hold_to_roots();
        if self.reading.findings.is_empty() {
            self.reading.good_entries = self.reading.tree.size();
        }
        if let Ok(entry) = &parsed {
            (self.each)(entry);
        }
    }

    fn check(&mut self, entry: &Entry<'_>) {
        let number = entry.number();
        if self.reading.previous.is_none() && entry.kind() == Kind::LogBegun.name() {
            self.reading.begun = serde_json::from_str(entry.content()).ok();
        }
        if number != self.expected {
            self.find(Some(number), &format!("entry {}", self.expected), &format!("entry {number}"));
        }
        self.expected = number.saturating_add(1);
        let before = self.reading.previous.map(|hash| hex(&hash));
        if entry.previous() != before.as_deref() {
            let expected = before
                .map_or_else(|| "no entry before it".to_owned(), |hash| format!("the hash {hash} of the entry before"));
            self.find(Some(number), &expected, entry.previous().unwrap_or("none"));
        }
        let begins_file = self.at.line == 1 && self.reading.files > 1;
        if begins_file != (entry.kind() == Kind::FileBegun.name()) {
            let expected = if begins_file { "an entry file_begun" } else { "file_begun only where a file begins" };
            self.find(Some(number), expected, entry.kind());
        } else if begins_file {
            self.check_beginning(entry);
        }
        if self.reading.first_time.is_none() {
            self.reading.first_time = Some(entry.time().to_owned());
        }
        let last = self.reading.last_time.get_or_insert_default();
        last.clear();
        last.push_str(entry.time());
    }

    /// A file says what came before it, so that it can be held against the ones before.
    fn check_beginning(&mut self, entry: &Entry<'_>) {
        let (size, root) = (self.reading.tree.size(), Checkpoint::shown_root(&self.reading.tree.root()));
        let found: Result<Beginning, _> = serde_json::from_str(entry.content());
        if found.as_ref().is_ok_and(|found| found.size == size && found.root == root) {
            return;
        }
        self.find(Some(entry.number()), &format!("size {size} and root {root} before this file"), entry.content());
    }

    /// Compares the root with those that the log must have at this size.
    fn hold_to_roots(&mut self) {
        let size = self.reading.tree.size();
        if self.roots.first_key_value().is_none_or(|(next, _)| *next != size) {
            return;
        }
        let root = self.reading.tree.root();
        let Some((_, all)) = self.roots.pop_first() else { return };
        for (by, expected) in all.into_iter().filter(|(_, expected)| *expected != root) {
            let expected = format!("{size} entries with the root {} ({by})", Checkpoint::shown_root(&expected));
            let found = format!("the root {}: at least one entry of these is another", Checkpoint::shown_root(&root));
            self.find(size.checked_sub(1), &expected, &found);
        }
    }

    fn finish(&mut self, folder: &Path, key: &PublicKey) {
        self.check_origin(folder, key);
        let size = self.reading.tree.size();
        for (expected, all) in std::mem::take(&mut self.roots) {
            for (by, _) in all {
                let found = format!("{size}: the end is missing");
                self.reading.findings.of_file(folder, format!("at least {expected} entries ({by})"), found);
            }
        }
    }

    /// The checkpoint, the first entry and the name of the folder must mean the same log.
    fn check_origin(&mut self, folder: &Path, key: &PublicKey) {
        let Some(checkpoint) = &self.reading.checkpoint else { return };
        let found = checkpoint.origin.clone();
        let begun = self.reading.begun.as_ref().map_or("none", |begun| &begun.origin).to_owned();
        if found != begun {
            let expected = format!("the origin {found:?} of its checkpoint in the first entry");
            self.reading.findings.of_file(folder, expected, format!("{begun:?}"));
        }
        let number = folder.file_name().and_then(|name| log_number(name.to_str()?));
        let named = number.map(|number| origin_of(key, number)).filter(|named| !found.starts_with(named));
        if let Some(named) = named {
            self.reading.findings.of_file(folder, format!("the log {named}..., by the name of its folder"), found);
        }
    }

    fn find(&mut self, entry: Option<u64>, expected: &str, found: &str) {
        let Place { file, line } = self.at.clone();
        let line = Some(line).filter(|line| *line > 0);
        // What was found may be long.
        let found = found.chars().take(500).collect();
        self.reading.findings.add(Finding { file, line, entry, expected: expected.to_owned(), found });
    }
}

#[derive(Deserialize)]
struct Beginning {
    size: u64,
    root: String,
}

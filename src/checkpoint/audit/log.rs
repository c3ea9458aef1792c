//! The log that is being written.

use std::collections::VecDeque;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::entry::{Draft, Entry, Kind};
use super::files::{CHECKPOINT, EntryFile, FOLDER, UNFINISHED, log_folder, logs, unfinished_log};
use super::keys::Signer;
use super::last::Last;
use super::note::{Checkpoint, SigningKey};
use super::reading::{Reading, Witnessed, origin_of, read_log};
use super::tree::{Hash, Tree, hex, leaf_hash};
use crate::checkpoint::error::{CheckpointError, failed};
use crate::checkpoint::owner::Owner;
use crate::checkpoint::replace::{remove, replace, sync_folder};
use crate::plan::EventTime;

/// A file of entries is followed by another one when it has this many bytes.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// Bytes that are written at once; one entry more may go over it.
const WRITE_BYTES: usize = 4 << 20;
/// Findings about a damaged log that its successor repeats.
const MAX_REPEATED: usize = 20;

/// A log, at its end.
#[derive(Debug)]
pub struct AuditLog {
    owner: Owner,
    key: Arc<SigningKey>,
    folder: PathBuf,
    origin: String,
    head: Head,
    /// Whether the disk has nothing behind `head`.
    is_clean: bool,
    /// Whether its folder has its name.
    is_named: bool,
    /// Entries that the checkpoint on disk signs.
    signed: u64,
    max_file_bytes: u64,
}

/// What was found when the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Why this log was begun beside or in the place of another one, at whichever start.
    pub damage: Option<String>,
    /// Whether it was begun now. Then it has nothing of what the one before had.
    pub is_begun: bool,
    /// Logs in the folder, this one included.
    pub logs: u64,
}

/// How far a log is written.
#[derive(Clone, Debug)]
struct Head {
    tree: Tree,
    previous: Option<Hash>,
    file: EntryFile,
    file_bytes: u64,
}

impl AuditLog {
    /// Opens the last log in the state folder that was claimed; `each` gets its entries. Where it is not as it was written, or there is none, another
    /// one is begun; its first entry says why. `now` is the time by the wall clock.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be used.
    pub fn open(
        owner: &Owner,
        signer: &Signer,
        now: EventTime,
        each: &mut dyn FnMut(&Entry<'_>),
    ) -> Result<(Self, Opening), CheckpointError> {
        let audit = owner.folder().join(FOLDER);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&audit);
        made.map_err(|error| failed(&audit, "make the folder", error))?;
        let found = logs(&audit).map_err(|error| failed(&audit, "list", error))?;
        let (count, last) = (found.len() as u64, Last::read(owner.folder()));
        let Some((number, folder)) = found.last() else {
            let damage = what_is_gone(signer, last.as_ref());
            let before = damage.as_ref().map(|found| json!({ "log": null, "last": last, "found": [found] }));
            let log = Self::begin(owner, signer, (&audit, 1), now, before)?;
            return Ok((log, Opening { damage, logs: 1, is_begun: true }));
        };
        let (wrong, mut before) = match read_log(folder, signer.key.public(), &Witnessed::new(), each) {
            Ok(reading) => {
                let wrong = what_is_wrong(&reading, last.as_ref());
                if wrong.is_empty() {
                    let damage = damage_before(&reading);
                    let log = Self::resume(owner, signer, folder, reading, now)?;
                    return Ok((log, Opening { damage, logs: count, is_begun: false }));
                }
                let signed = reading.checkpoint.as_ref().map(|checkpoint| checkpoint.size);
                let good = reading.good_entries;
                let count = reading.findings.count;
                let before = json!({ "good_entries": good, "signed_entries": signed, "findings": count });
                (wrong, before)
            }
            Err((path, error)) => {
                let found = format!("{}: expected a file that can be read, found: {error}", path.display());
                (vec![found], json!({}))
            }
        };
        if let Some(fields) = before.as_object_mut() {
            fields.insert("log".to_owned(), json!(name_of(folder)));
            fields.insert("last".to_owned(), json!(last));
            fields.insert("found".to_owned(), json!(wrong));
        }
        let log = Self::begin(owner, signer, (&audit, number.saturating_add(1)), now, Some(before))?;
        let damage = wrong.into_iter().next();
        Ok((log, Opening { damage, logs: count.saturating_add(1), is_begun: true }))
    }

    /// Lets a file be followed by another one after so many bytes.
    #[must_use]
    pub fn with_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = bytes.max(1);
        self
    }

    /// Enters drafts, oldest first, and takes those that are on disk from the list.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], and [`CheckpointError::Lost`] if the state folder is another daemon's. What is left in the list can be tried again.
    pub fn append(&mut self, drafts: &mut VecDeque<Draft>) -> Result<(), CheckpointError> {
        while let Some(first) = drafts.front() {
            self.owner.check()?;
            self.cut()?;
            let (mut head, mut bytes) = (self.head.clone(), Vec::new());
            if head.file_bytes >= self.max_file_bytes {
                head.begin_file(&self.folder, first.time, &mut bytes);
            }
            let mut taken = 0;
            for draft in drafts.iter() {
                if taken > 0 && (head.file_bytes >= self.max_file_bytes || bytes.len() >= WRITE_BYTES) {
                    break;
                }
                head.add(draft, &mut bytes);
                taken += 1;
            }
            self.write(&head.file, &bytes)?;
            self.head = head;
            drafts.drain(..taken);
        }
        Ok(())
    }

    /// Signs all entries. Returns the checkpoint, which is on disk then.
    ///
    /// # Errors
    /// As [`Self::append`]; the checkpoint before stands.
    pub fn sign(&mut self) -> Result<String, CheckpointError> {
        let size = self.head.tree.size();
        let note = Checkpoint { origin: self.origin.clone(), size, root: self.head.tree.root() }.sign(&self.key);
        let (path, new) = (self.folder.join(CHECKPOINT), self.folder.join(UNFINISHED));
        replace(&path, &new, || self.owner.check(), |file| file.write_all(note.as_bytes()))?;
        if self.is_named {
            Last { origin: self.origin.clone(), size }.write(&self.owner)?;
        }
        self.signed = size;
        Ok(note)
    }

    /// Returns the number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.head.tree.size()
    }

    /// Returns how many of them the checkpoint on disk signs.
    #[must_use]
    pub const fn signed(&self) -> u64 {
        self.signed
    }

    /// Returns whether the checkpoint on disk signs all of them.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signed == self.head.tree.size()
    }

    /// Returns which log this is, as checkpoints name it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Goes on with a log that is whole. Nobody was shown a root over an end that is not signed: what is no entry there was not wholly written.
    fn resume(
        owner: &Owner,
        signer: &Signer,
        folder: &Path,
        reading: Reading,
        now: EventTime,
    ) -> Result<Self, CheckpointError> {
        let (unsigned, torn_bytes) = (reading.unsigned(), reading.torn_bytes);
        let origin = reading.begun.map(|begun| begun.origin).unwrap_or_default();
        debug_assert!(!origin.is_empty(), "a log without a first entry has a finding");
        let (mut file, mut file_bytes) = reading.last_file.unwrap_or_else(|| (EntryFile::of(folder, 0), 0));
        if let (0, Some(before)) = (file_bytes, reading.file_before) {
            // The crash came when the file began. Its first entry must say that it begins, so it begins again.
            owner.check()?;
            remove(&file.path)?;
            sync_folder(folder)?;
            (file, file_bytes) = before;
        }
        let head = Head { tree: reading.tree, previous: reading.previous, file, file_bytes };
        let signed = head.tree.size().saturating_sub(unsigned);
        let mut log = Self {
            owner: owner.clone(),
            key: Arc::clone(&signer.key),
            folder: folder.to_owned(),
            origin,
            head,
            is_clean: torn_bytes == 0,
            is_named: true,
            signed,
            max_file_bytes: MAX_FILE_BYTES,
        };
        if unsigned > 0 || torn_bytes > 0 {
            let content = json!({ "unsigned_entries": unsigned, "cut_bytes": torn_bytes });
            log.append(&mut [Draft::new(Kind::UncleanEnd, now, &content)].into())?;
        }
        Ok(log)
    }

    /// Begins a log. It gets its name when its first entry is signed, so after a crash it is whole, or not there.
    fn begin(
        owner: &Owner,
        signer: &Signer,
        (audit, number): (&Path, u32),
        now: EventTime,
        before: Option<Value>,
    ) -> Result<Self, CheckpointError> {
        let (folder, new) = (log_folder(audit, number), unfinished_log(audit, number));
        owner.check()?;
        if new.exists() {
            std::fs::remove_dir_all(&new).map_err(|error| failed(&new, "remove", error))?;
        }
        DirBuilder::new().mode(0o700).create(&new).map_err(|error| failed(&new, "make the folder", error))?;
        let head = Head { tree: Tree::default(), previous: None, file: EntryFile::of(&new, 0), file_bytes: 0 };
        let mut log = Self {
            owner: owner.clone(),
            key: Arc::clone(&signer.key),
            folder: new.clone(),
            origin: new_origin(signer, number).map_err(|error| failed(&folder, "make a name for", error))?,
            head,
            is_clean: true,
            is_named: false,
            signed: 0,
            max_file_bytes: MAX_FILE_BYTES,
        };
        let content = json!({
            "origin": log.origin,
            "public_key": signer.key.public().to_text(),
            "version": env!("CARGO_PKG_VERSION"),
            "before": before,
        });
        log.append(&mut [Draft::new(Kind::LogBegun, now, &content)].into())?;
        log.sign()?;
        std::fs::rename(&new, &folder).map_err(|error| failed(&folder, "make", error))?;
        sync_folder(audit)?;
        log.head.file = EntryFile::of(&folder, 0);
        log.folder = folder;
        log.is_named = true;
        Last { origin: log.origin.clone(), size: log.signed }.write(owner)?;
        Ok(log)
    }

    /// Writes bytes behind the end. When this returns they are on disk.
    fn write(&mut self, file: &EntryFile, bytes: &[u8]) -> Result<(), CheckpointError> {
        let path = &file.path;
        self.is_clean = false;
        let open = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let mut to = open.map_err(|error| failed(path, "open", error))?;
        to.write_all(bytes).and_then(|()| to.sync_data()).map_err(|error| failed(path, "write", error))?;
        if *file != self.head.file || self.head.file_bytes == 0 {
            sync_folder(&self.folder)?;
        }
        self.is_clean = true;
        Ok(())
    }

    /// Cuts off what a write that failed has left behind the end. It was in no checkpoint, and is written again.
    fn cut(&mut self) -> Result<(), CheckpointError> {
        if self.is_clean {
            return Ok(());
        }
        let path = &self.head.file.path;
        let cut = OpenOptions::new().write(true).open(path).and_then(|file| {
            file.set_len(self.head.file_bytes)?;
            file.sync_data()
        });
        cut.map_err(|error| failed(path, "cut", error))?;
        let next = EntryFile::of(&self.folder, self.head.tree.size());
        if next != self.head.file {
            remove(&next.path)?;
        }
        self.is_clean = true;
        Ok(())
    }
}

impl Head {
    fn add(&mut self, draft: &Draft, to: &mut Vec<u8>) {
        let line = draft.line(self.tree.size(), self.previous.as_ref());
        let hash = leaf_hash(&line);
        self.tree.push(hash);
        self.previous = Some(hash);
        self.file_bytes = self.file_bytes.saturating_add(line.len() as u64 + 1);
        to.extend_from_slice(&line);
        to.push(b'\n');
    }

    fn begin_file(&mut self, folder: &Path, now: EventTime, to: &mut Vec<u8>) {
        let root = Checkpoint::shown_root(&self.tree.root());
        let content = json!({ "file_before": name_of(&self.file.path), "size": self.tree.size(), "root": root });
        (self.file, self.file_bytes) = (EntryFile::of(folder, self.tree.size()), 0);
        self.add(&Draft::new(Kind::FileBegun, now, &content), to);
    }
}

/// Every log of a key is one of its own: its roots must never be taken for another's.
fn new_origin(signer: &Signer, number: u32) -> std::io::Result<String> {
    let mut random = [0; 8];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| std::io::Error::other("the system gives no random bytes"))?;
    Ok(format!("{}{}", origin_of(signer.key.public(), number), hex(&random)))
}

/// What is missing where no log is.
fn what_is_gone(signer: &Signer, last: Option<&Last>) -> Option<String> {
    let by_key = || "expected a log for the audit key that is there, found none".to_owned();
    let by_last = last.map(|last| format!("expected the log {} with {} entries, found none", last.origin, last.size));
    by_last.or_else(|| (!signer.may_lack_log).then(by_key))
}

/// An end that is not signed yet is no damage.
fn what_is_wrong(reading: &Reading, last: Option<&Last>) -> Vec<String> {
    let mut wrong: Vec<String> = reading.findings.told.iter().take(MAX_REPEATED).map(ToString::to_string).collect();
    wrong.extend(last.and_then(|last| last.what_is_wrong(reading)));
    wrong
}

/// Why this log was begun after another one.
fn damage_before(reading: &Reading) -> Option<String> {
    let before = &reading.begun.as_ref()?.before;
    let found = || {
        before.pointer("/found/0").and_then(Value::as_str).unwrap_or("the log before this one was damaged").to_owned()
    };
    (!before.is_null()).then(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

//! Verifies logs without a daemon: by the public key, and by checkpoints that were kept elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{CHECKPOINT, is_log, logs, strays_beside_logs, strays_in_log};
use super::finding::Findings;
use super::note::{Checkpoint, PublicKey};
use super::reading::{Reading, Witnessed, read_checkpoint, read_log};
use super::reported::Reported;
use super::witness::Witness;

/// What was verified.
#[derive(Debug, Default)]
pub struct Verified {
    /// The logs, by number.
    pub logs: Vec<VerifiedLog>,
    /// What is wrong with none of them alone.
    pub findings: Findings,
    /// Checkpoints of this key, kept elsewhere, of logs that are not in the folder.
    pub not_held_here: usize,
}

/// One log that was verified.
#[derive(Debug)]
pub struct VerifiedLog {
    /// Its folder.
    pub folder: PathBuf,
    /// What was read, with what is wrong.
    pub reading: Reading,
    /// Checkpoints kept elsewhere that it was held against.
    pub witnesses: usize,
    /// The reports that were entered.
    pub reported: Reported,
}

impl Verified {
    /// Returns the number of findings.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.logs.iter().map(|log| log.reading.findings.count).fold(self.findings.count, u64::saturating_add)
    }

    /// Returns whether nothing is wrong but that the last entries are not signed: a running daemon does that within a second.
    #[must_use]
    pub fn lacks_signature_alone(&self) -> bool {
        let unsigned = |log: &&VerifiedLog| log.reading.unsigned() > 0 || log.reading.torn_bytes > 0;
        self.count() == self.logs.iter().filter(unsigned).count() as u64
    }
}

/// Verifies the log in a folder, or every log of a folder with several.
///
/// # Errors
/// If a file or folder cannot be read, with its path.
pub fn verify(folder: &Path, key: &PublicKey, witness: Option<&Witness>) -> Result<Verified, (PathBuf, io::Error)> {
    let here = |error| (folder.to_owned(), error);
    std::fs::read_dir(folder).map_err(here)?;
    let mut found: Vec<PathBuf> = logs(folder).map_err(here)?.into_iter().map(|(_, folder)| folder).collect();
    let is_single = found.is_empty() && is_log(folder).map_err(here)?;
    let (findings, mut left) = witness.map_or_else(Default::default, |witness| {
        (witness.findings.clone(), witness.checkpoints.iter().collect::<Vec<_>>())
    });
    let mut verified = Verified { findings, ..Verified::default() };
    if is_single {
        found.push(folder.to_owned());
    } else {
        let strays = strays_beside_logs(folder).map_err(here)?;
        strays.iter().for_each(|path| verified.findings.of_file(path, "logs and nothing else in this folder", "this"));
    }
    if found.is_empty() {
        verified.findings.of_file(
            folder,
            "a log: a signed checkpoint and entries, or folders log.1, log.2 ...",
            "none",
        );
    }
    for folder in found {
        let log = verify_log(folder, key, &mut left)?;
        verified.logs.push(log);
    }
    verified.not_held_here = left.len();
    // One log by itself says nothing of the others. But if no checkpoint is about it, it was held against nothing.
    let is_enough = is_single && verified.logs.iter().any(|log| log.witnesses > 0);
    if let Some((place, checkpoint)) = left.first().filter(|_| !is_enough) {
        let origin = &checkpoint.origin;
        let expected = format!("the log {origin}, with {} entries ({place})", checkpoint.size);
        verified.findings.of_file(folder, expected, "no log of this origin");
    }
    Ok(verified)
}

fn verify_log(
    folder: PathBuf,
    key: &PublicKey,
    left: &mut Vec<&(String, Checkpoint)>,
) -> Result<VerifiedLog, (PathBuf, io::Error)> {
    let origin = own_origin(&folder, key);
    let mut witnessed = Witnessed::new();
    let before = left.len();
    left.retain(|(place, checkpoint)| {
        let is_own = origin.as_ref() == Some(&checkpoint.origin);
        if is_own {
            witnessed.entry(checkpoint.size).or_default().push((place.clone(), checkpoint.root));
        }
        !is_own
    });
    let witnesses = before - left.len();
    let mut reported = Reported::default();
    let mut reading = read_log(&folder, key, &witnessed, &mut |entry| reported.note(entry))?;
    let strays = strays_in_log(&folder).map_err(|error| (folder.clone(), error))?;
    strays.iter().for_each(|path| reading.findings.of_file(path, "files of the log and nothing else", "this"));
    let (unsigned, torn_bytes) = (reading.unsigned(), reading.torn_bytes);
    if unsigned > 0 || torn_bytes > 0 {
        let found = format!("{unsigned} entries and {torn_bytes} bytes behind it");
        reading.findings.of_file(&folder, "nothing behind the entries that the checkpoint signs", found);
    }
    Ok(VerifiedLog { folder, reading, witnesses, reported })
}

/// The origin that the log's own checkpoint gives.
fn own_origin(folder: &Path, key: &PublicKey) -> Option<String> {
    let checkpoint = read_checkpoint(&folder.join(CHECKPOINT), key).ok()?.ok()?;
    Some(checkpoint.origin)
}

//! Checkpoints that are kept elsewhere, and the event that takes them there.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::finding::Findings;
use super::note::{Checkpoint, MAX_NOTE_BYTES, PublicKey};
use crate::plan::EventTime;

/// The type of the event on the alert topic.
pub const WITNESS_TYPE: &str = "paritywatch.audit_checkpoint.v1";
/// Longest line of a witness that is read, in bytes. Other records of the topic may be long.
const MAX_LINE_BYTES: usize = 64 << 20;
/// Checkpoints of one witness, at most.
const MAX_CHECKPOINTS: usize = 1_000_000;

/// Checkpoints that were kept elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Those that the key has signed, each with where it was found.
    pub checkpoints: Vec<(String, Checkpoint)>,
    /// What says that this key has signed it, and does not verify.
    pub findings: Findings,
    /// Texts and records that do not say so: of other keys, and of other kinds. They were passed over.
    pub passed_over: u64,
}

/// A record for the alert topic.
#[derive(Clone, Debug)]
pub struct WitnessEvent {
    /// The record's key: the origin of the log, so that one partition has all its checkpoints.
    pub key: String,
    /// A structured CloudEvent on one line.
    pub document: String,
}

/// Makes the record that shows a signed note of this daemon.
#[must_use]
pub fn witness_event(note: &str, now: EventTime) -> WitnessEvent {
    let mut lines = note.lines();
    let [origin, size, root] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let size: u64 = size.parse().unwrap_or_default();
    let event = json!({
        "specversion": "1.0",
        "id": format!("{origin}-{size}"),
        "source": "/paritywatch",
        "type": WITNESS_TYPE,
        "subject": origin,
        "time": jiff::Timestamp::from_millisecond(now.0).unwrap_or_default().to_string(),
        "datacontenttype": "application/json",
        "data": { "origin": origin, "size": size, "root": root, "checkpoint": note },
    });
    WitnessEvent { key: origin.to_owned(), document: event.to_string() }
}

/// Reads checkpoints: signed notes one after the other, or records of the alert topic, one on a line. What does not say that this key
/// has signed it is passed over and counted.
///
/// # Errors
/// Names the file, and says what the system said.
pub fn read_witness(path: &Path, key: &PublicKey) -> Result<Witness, String> {
    let failed =
        |error: std::io::Error| format!("{}: expected a file that can be read, found: {error}", path.display());
    let mut from = BufReader::new(File::open(path).map_err(failed)?);
    let mut reader = WitnessReader { path, key, witness: Witness::default(), note: String::new(), begins_at: 0 };
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        if from.by_ref().take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        number += 1;
        reader.take(number, &String::from_utf8_lossy(&line));
    }
    reader.end_note();
    let Witness { checkpoints, findings, .. } = &mut reader.witness;
    if checkpoints.is_empty() && findings.is_empty() {
        findings.of_file(path, "at least one checkpoint", "none");
    }
    Ok(reader.witness)
}

struct WitnessReader<'w> {
    path: &'w Path,
    key: &'w PublicKey,
    witness: Witness,
    /// The note that is being read, and its first line.
    note: String,
    begins_at: u64,
}

impl WitnessReader<'_> {
    fn take(&mut self, number: u64, line: &str) {
        if line.starts_with('{') {
            self.end_note();
            self.take_record(number, line);
            return;
        }
        // A note ends with its signatures: what follows them begins another.
        let has_signatures = self.note.contains("\n\n\u{2014} ");
        if has_signatures && !line.starts_with('\u{2014}') || self.note.len() > MAX_NOTE_BYTES {
            self.end_note();
        }
        if self.note.is_empty() {
            self.begins_at = number;
            if line.trim().is_empty() {
                return;
            }
        }
        self.note.push_str(line);
    }

    fn take_record(&mut self, number: u64, line: &str) {
        let record: Result<Record, _> = serde_json::from_str(line);
        match record {
            Ok(Record { kind, data: Some(data) }) if kind == WITNESS_TYPE => self.add(number, &data.checkpoint),
            Ok(_) | Err(_) => self.witness.passed_over += 1,
        }
    }

    fn end_note(&mut self) {
        let note = std::mem::take(&mut self.note);
        if !note.is_empty() {
            self.add(self.begins_at, &note);
        }
    }

    fn add(&mut self, number: u64, note: &str) {
        match Checkpoint::open(note, self.key) {
            Ok(_) if self.witness.checkpoints.len() >= MAX_CHECKPOINTS => {
                self.refuse(number, &format!("more than {MAX_CHECKPOINTS} checkpoints"));
            }
            Ok(checkpoint) => {
                let place = format!("{}, line {number}", self.path.display());
                self.witness.checkpoints.push((place, checkpoint));
            }
            Err(problem) if self.key.is_named_by(note) => self.refuse(number, &problem),
            // Anybody may write to a topic.
            Err(_) => self.witness.passed_over += 1,
        }
    }

    fn refuse(&mut self, number: u64, found: &str) {
        let expected = format!("a checkpoint of this key on line {number}");
        self.witness.findings.of_file(self.path, expected, found);
    }
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    checkpoint: String,
}

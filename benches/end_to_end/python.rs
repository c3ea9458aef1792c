//! The same events counted by a short Python program, `benches/baselines/plain.py`. It reads them from a file, which is less work than Kafka.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measured::Measured;
use crate::support::streams::Kind;

/// Writes a stream to a file, once for all rounds.
pub fn write_lines(kind: Kind, events: u64) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("end-to-end.jsonl");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    for event in kind.events(events, 1) {
        writeln!(out, "{}", event.json).unwrap();
    }
    out.flush().unwrap();
    path
}

/// Counts the file's events.
pub fn read(file: &Path) -> Measured {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baselines/plain.py");
    let output = Command::new("python3").arg(program).arg("--measured").arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Measured::parse(&String::from_utf8_lossy(&output.stdout))
}

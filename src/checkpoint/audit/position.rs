//! Where a log was at some time: what a report names as the place that it rests on.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use super::entry::MAX_LINE_BYTES;
use super::files::{entry_files, open_regular};
use super::note::Checkpoint;
use super::tree::{Tree, leaf_hash};
use crate::checkpoint::error::{CheckpointError, failed};
use crate::plan::EventTime;

/// The part of an entry that is read here.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    time: Cow<'l, str>,
    #[serde(borrow)]
    content: Content<'l>,
}

/// Of the first entry: which log it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Content<'l> {
    #[serde(borrow)]
    origin: Option<Cow<'l, str>>,
}

/// Returns a log as it was at this time by the wall clock: its entries until then, and their root. What came later changes nothing of it. `None` without
/// an entry until then. Nothing is verified.
///
/// # Errors
/// [`CheckpointError::Io`] if a file cannot be read, or has what is no entry.
pub(super) fn position_in(log: &Path, until: EventTime) -> Result<Option<Checkpoint>, CheckpointError> {
    let (mut tree, mut origin) = (Tree::default(), String::new());
    for file in entry_files(log).map_err(|error| failed(log, "list", error))? {
        let path = &file.path;
        let mut reader = BufReader::new(open_regular(path).map_err(|error| failed(path, "open", error))?);
        loop {
            let line = next_line(&mut reader).map_err(|error| failed(path, "read", error))?;
            let Some(line) = line else { break };
            let problem = |error: String| {
                let problem = format!("entry {}: {error}", tree.size());
                failed(path, "read", io::Error::other(problem))
            };
            let read: Line<'_> = serde_json::from_slice(&line).map_err(|error| problem(error.to_string()))?;
            let time: jiff::Timestamp = read.time.parse().map_err(|error: jiff::Error| problem(error.to_string()))?;
            if EventTime(time.as_millisecond()) > until {
                return Ok(at(origin, &tree));
            }
            if tree.size() == 0 {
                origin = read.content.origin.unwrap_or_default().into_owned();
            }
            tree.push(leaf_hash(&line));
        }
    }
    Ok(at(origin, &tree))
}

fn at(origin: String, tree: &Tree) -> Option<Checkpoint> {
    (tree.size() > 0).then(|| Checkpoint { origin, size: tree.size(), root: tree.root() })
}

/// Reads a line without its end; `None` at the end of the file, and where the last line is not whole.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
    Ok((line.pop() == Some(b'\n')).then_some(line))
}

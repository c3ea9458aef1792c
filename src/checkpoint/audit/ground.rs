//! What a report can say of the log that it rests on: a place that a signature vouches for, or why there is none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{AUDIT_PUBLIC_KEY, FOLDER, logs};
use super::keys::read_public_key;
use super::last::Last;
use super::note::Checkpoint;
use super::position::position_in;
use super::reading::{Reading, Witnessed, read_log};
use crate::checkpoint::error::{CheckpointError, failed};
use crate::plan::EventTime;

/// How long a running daemon may take to sign what it has entered; then the log is looked at again.
const SIGNED_WITHIN: Duration = Duration::from_secs(3);

/// The log that a report rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// The log's entries when the history of the report was told, and their root: a part of what its checkpoint signs. `None` where no signature vouches
    /// for it.
    pub position: Option<Checkpoint>,
    /// What is wrong with the log, or what it lacks: with names of files from the state folder on.
    pub problems: Vec<String>,
}

/// A log as it was read.
struct Held {
    number: u32,
    folder: PathBuf,
    reading: Reading,
    /// When its first entry was made.
    begun: Option<EventTime>,
    /// What is wrong with it; `None` if it is as it was written.
    wrong: Option<String>,
}

/// Holds the logs of a state folder against their signed checkpoints, and returns the place of the last one that had begun by `last`. `first` and `last`:
/// when the first and the last entry of the history that the report is made of were told, by the wall clock.
///
/// # Errors
/// [`CheckpointError::Io`] if a file cannot be read.
pub fn ground(state: &Path, first: EventTime, last: EventTime) -> Result<Ground, CheckpointError> {
    let mut ground = look(state, first, last)?;
    if ground.is_unsigned {
        std::thread::sleep(SIGNED_WITHIN);
        ground = look(state, first, last)?;
    }
    let Looked { mut ground, .. } = ground;
    let prefix = format!("{}/", state.display());
    ground.problems.iter_mut().for_each(|problem| *problem = problem.replace(&prefix, ""));
    Ok(ground)
}

#[derive(Default)]
struct Looked {
    ground: Ground,
    /// Whether nothing is wrong but that a signature is still to come.
    is_unsigned: bool,
}

impl Looked {
    fn wrong(problem: String) -> Self {
        Self { ground: Ground { position: None, problems: vec![problem] }, is_unsigned: false }
    }
}

fn look(state: &Path, first: EventTime, last: EventTime) -> Result<Looked, CheckpointError> {
    let audit = state.join(FOLDER);
    let mut found = logs(&audit).map_err(|error| failed(&audit, "list", error))?;
    // Read before the logs: they are written first.
    let mut newest = Last::read(state);
    while let Some((number, folder)) = found.pop() {
        let held = hold(state, number, folder, newest.take())?;
        let begins_later = held.begun.is_some_and(|begun| begun > last);
        if !begins_later || (found.is_empty() && held.wrong.is_some()) {
            return of_log(held, first, last);
        }
        if found.is_empty() {
            return Ok(Looked::wrong(held.begins_after("the last", last)));
        }
    }
    Ok(Looked::wrong(format!("{}: expected the audit log of the daemon, found none", audit.display())))
}

fn of_log(held: Held, first: EventTime, last: EventTime) -> Result<Looked, CheckpointError> {
    if let Some(wrong) = held.wrong {
        return Ok(Looked::wrong(wrong));
    }
    let Some(position) = position_in(&held.folder, last)? else {
        return Ok(Looked::wrong(format!("{}: expected entries, found none", held.folder.display())));
    };
    let signed = held.reading.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
    if position.size > signed {
        let (folder, size) = (held.folder.display(), position.size);
        let problem = format!("{folder}: expected a signature under {size} entries, found one under {signed}");
        return Ok(Looked { is_unsigned: true, ..Looked::wrong(problem) });
    }
    let begins_within = held.begun.is_some_and(|begun| begun > first);
    let problems = begins_within.then(|| held.begins_after("the first", first)).into_iter().collect();
    Ok(Looked { ground: Ground { position: Some(position), problems }, is_unsigned: false })
}

impl Held {
    /// Says that the log says nothing of what was told before it.
    fn begins_after(&self, which: &str, told: EventTime) -> String {
        let shown = |at: EventTime| {
            jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
        };
        let before = if self.number > 1 { "; what was entered before is in the log before it" } else { "" };
        format!(
            "{}: expected a log that had begun when {which} entry of this history was told ({}), found one that begins at {}{before}",
            self.folder.display(),
            shown(told),
            shown(self.begun.unwrap_or(told))
        )
    }
}

/// Reads a log. `newest` is what the state folder says of the last one.
fn hold(state: &Path, number: u32, folder: PathBuf, newest: Option<Last>) -> Result<Held, CheckpointError> {
    let at = [folder.clone(), state.join(FOLDER), state.to_owned()].map(|place| place.join(AUDIT_PUBLIC_KEY));
    let [beside, among, own] = at;
    let path = [beside, among].into_iter().find(|path| path.is_file()).unwrap_or(own);
    let key = match read_public_key(&path) {
        Ok(key) => key,
        Err(problem) => {
            return Ok(Held { number, folder, reading: Reading::default(), begun: None, wrong: Some(problem) });
        }
    };
    let read = read_log(&folder, &key, &Witnessed::new(), &mut |_| {});
    let reading = read.map_err(|(path, error)| failed(&path, "read", error))?;
    let begun = reading.first_time.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let begun = begun.map(|time| EventTime(time.as_millisecond()));
    let more = reading.findings.count.saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more findings)") } else { String::new() };
    let damaged = reading.findings.told.first().map(|finding| format!("{finding}{more}"));
    let wrong = damaged.or_else(|| {
        let problem = newest?.what_is_wrong(&reading)?;
        Some(format!("{}: {problem}", folder.display()))
    });
    Ok(Held { number, folder, reading, begun, wrong })
}

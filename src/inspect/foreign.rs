//! Records that are not of the contract: their paths, and what they could be.

use std::collections::BTreeMap;

use super::document::{Foreign, PathFound};
use super::framing::{Envelope, Parsed};
use super::guess::{Guess, guesses};
use super::tree::{MOST_DISTINCT, Path, Tree};
use super::unit::Unit;
use crate::source::sample::SampleRecord;

/// Most paths that are told.
const MOST_PATHS: usize = 200;
/// Most classes of values that are told of one path.
const MOST_SHAPES: usize = 3;

/// Records that are not of the contract.
#[derive(Default)]
pub(super) struct Strangers {
    pub tree: Tree,
    envelopes: BTreeMap<Envelope, u64>,
    deletes: u64,
    /// Updates that do not tell the row before them.
    pub without_before: u64,
    /// Records whose fields cannot be read.
    pub unread: u64,
}

impl Strangers {
    /// Adds a record.
    pub fn add(&mut self, record: &SampleRecord, parsed: &Parsed) {
        let Some((row, is_deleted)) = parsed.row() else {
            self.unread += 1;
            return;
        };
        *self.envelopes.entry(parsed.envelope).or_default() += 1;
        self.deletes += u64::from(is_deleted);
        self.without_before += u64::from(parsed.is_without_before());
        self.tree.add(row, Unit::of(record));
    }

    /// Returns the envelope that most of them have.
    pub fn envelope(&self) -> Envelope {
        let most = self.envelopes.iter().max_by_key(|(_, count)| **count);
        most.map_or(Envelope::None, |(envelope, _)| *envelope)
    }

    /// Returns what is told of them; `None` where there are none.
    pub fn found(&self, min_cell: u64) -> Option<Foreign> {
        let records = self.tree.records();
        if records == 0 {
            return None;
        }
        let (paths, hidden_names) = self.tree.paths(min_cell.max(1));
        let guesses = guesses(&paths);
        let told = paths.iter().enumerate().take(MOST_PATHS);
        Some(Foreign {
            records,
            envelope: self.envelope().name(),
            deletes: self.deletes,
            without_before: self.without_before,
            event_type: event_type(&guesses),
            each: each_of(&paths, &guesses),
            paths: told.map(|(index, path)| path_found((index, path), &guesses, records)).collect(),
            hidden_names,
        })
    }
}

/// The event type that fields with these guesses could be.
pub(super) fn event_type(guesses: &[Guess]) -> Option<&'static str> {
    let has = |field: &str| guesses.iter().any(|guess| guess.field == field);
    match () {
        () if has("selected") => Some("selection"),
        () if !has("case_id") => None,
        () if has("kind") || has("duration_minutes") || has("performed") || has("intensity") => Some("control"),
        () if has("outcome") => Some("outcome"),
        () => None,
    }
}

/// The array that most of the guessed fields are in.
pub(super) fn each_of(paths: &[Path<'_>], guesses: &[Guess]) -> Option<String> {
    let needed = guesses.iter().filter(|guess| matches!(guess.field, "case_id" | "selected" | "outcome"));
    let arrays = needed.filter_map(|guess| paths.get(guess.path)?.array.clone());
    arrays.map(|(array, _)| array).next()
}

#[expect(clippy::cast_precision_loss, reason = "a share of at most a million records")]
fn path_found((index, path): (usize, &Path<'_>), guesses: &[Guess], records: u64) -> PathFound {
    let guess = guesses.iter().find(|guess| guess.path == index);
    let present = path.node.present as f64 / records as f64;
    PathFound {
        path: path.pointer.clone(),
        types: most_first(path.node.types.iter().map(|(name, count)| (*name, *count))),
        shapes: most_first(path.node.shapes.iter().map(|(shape, count)| (shape.name(), *count)))
            .into_iter()
            .take(MOST_SHAPES)
            .collect(),
        present: (present * 1_000.0).round() / 1_000.0,
        distinct: path.node.is_leaf().then(|| class(path.node.distinct.len())),
        guess: guess.map(|guess| guess.field),
        confidence: guess.map(|guess| if guess.is_likely { "likely" } else { "possible" }),
    }
}

fn most_first(counted: impl Iterator<Item = (&'static str, u64)>) -> Vec<&'static str> {
    let mut counted: Vec<_> = counted.collect();
    counted.sort_by_key(|(name, count)| (u64::MAX - count, *name));
    counted.into_iter().map(|(name, _)| name).collect()
}

/// The class of a number of distinct values.
const fn class(distinct: usize) -> &'static str {
    match distinct {
        0 | 1 => "1",
        2..=5 => "2-5",
        6..=20 => "6-20",
        21..=100 => "21-100",
        101..=MOST_DISTINCT => "101-1000",
        _ => "more",
    }
}

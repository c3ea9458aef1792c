//! What is known of the data as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::disclosure::{KeptEntry, KeptQuality};

use super::model::{ProfileReport, Quality, Source};

/// Events that wait: how many do at a moment. What came of the others is counted over the life of the state.
const WAITING: [&str; 2] = ["unmatched", "ahead"];

/// The counter of all that came.
const READ: &str = "read";

/// What releases say of the data.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Events by what became of them: how many the last release said, and how many came in the period.
    events: BTreeMap<String, (u64, u64)>,
    /// Whether it is known how many there were before the period.
    is_based: bool,
    /// All that the last release said.
    last: Vec<KeptQuality>,
}

impl Gathered {
    /// Nothing yet. A replay begins with nothing counted; what a history had counted before the period its last release before it says.
    pub fn new(source: Source) -> Self {
        Self { events: BTreeMap::new(), is_based: source == Source::Replay, last: Vec::new() }
    }

    /// Takes what an entry from before the period says: events until then do not count.
    pub fn note_before(&mut self, entry: &KeptEntry) {
        self.is_based = true;
        for (name, count) in counts(entry) {
            self.events.insert(name.clone(), (count, 0));
        }
    }

    /// Takes what an entry of the period says. Returns whether no event came since the one before, as far as its counter tells.
    pub fn take(&mut self, entry: &KeptEntry) -> bool {
        let read = |(name, count): (&String, u64)| (name.as_str() == READ).then_some(count);
        let before = self.events.get(READ).map(|(last, _)| *last);
        let is_silent = before.is_some() && counts(entry).find_map(read) == before;
        for (name, count) in counts(entry) {
            let (last, sum) = self.events.entry(name.clone()).or_default();
            // A state that was made anew counts from 0.
            *sum += count.checked_sub(*last).unwrap_or(count);
            *last = count;
        }
        self.last.clone_from(&entry.quality);
        is_silent
    }

    /// Counts what is withheld at the end.
    pub fn finish(self, profiles: &[ProfileReport]) -> Quality {
        let is_based = self.is_based;
        let events = self.events.into_iter().filter_map(|(name, (last, sum))| {
            let is_waiting = WAITING.contains(&name.as_str());
            (is_waiting || is_based).then_some((name, if is_waiting { last } else { sum }))
        });
        let findings = || profiles.iter().flat_map(|profile| &profile.findings);
        let withheld = findings().filter(|finding| finding.row.suppressed).count() as u64;
        let gaps = self.last.iter().filter(|row| row.what == "accepted_gap").filter_map(|row| row.name.clone());
        let mut notes: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for row in self.last.iter().filter(|row| !matches!(row.what.as_str(), "events" | "accepted_gap")) {
            notes.entry(&row.what).or_default().push(note(row));
        }
        Quality {
            events: events.collect(),
            events_unknown: !is_based,
            unread_details: unread_details(profiles),
            withheld: (withheld, findings().count() as u64),
            gaps: gaps.collect(),
            notes: notes.into_iter().map(|(name, rows)| (name.to_owned(), Value::Array(rows).to_string())).collect(),
        }
    }
}

/// Counts the rows whose details are no object of JSON.
fn unread_details(profiles: &[ProfileReport]) -> u64 {
    let findings = profiles.iter().flat_map(|profile| &profile.findings);
    let rows = findings.flat_map(|finding| finding.windows.iter().map(|(_, row)| row).chain([&finding.row]));
    let is_unread = |text: &&str| serde_json::from_str::<Map<String, Value>>(text).is_err();
    rows.filter_map(|row| row.details.as_deref()).filter(is_unread).count() as u64
}

fn counts(entry: &KeptEntry) -> impl Iterator<Item = (&String, u64)> {
    let events = entry.quality.iter().filter(|row| row.what == "events");
    events.filter_map(|row| Some((row.name.as_ref()?, row.count?)))
}

/// What applies of a row, by the names of its columns. A count that may not be told is null.
fn note(row: &KeptQuality) -> Value {
    let KeptQuality { profile, channel, dimension, group, name, .. } = row;
    let words =
        [("profile", profile), ("channel", channel), ("dimension", dimension), ("group", group), ("name", name)];
    let words = words.into_iter().filter_map(|(key, word)| Some((key.to_owned(), json!(word.as_ref()?))));
    Value::Object(words.chain([("count".to_owned(), json!(row.count))]).collect::<Map<_, _>>())
}

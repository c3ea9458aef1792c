//! Changes of alerts in evaluations that the history's queue had no place for: an alert knows its last change alone.

use std::collections::BTreeMap;

use crate::disclosure::{ACCEPTANCE_ENDED, Kept, KeptTransition, Published};
use crate::plan::EventTime;

/// Changes that wait for a place, at most. More are counted.
const MAX_MISSED: usize = 10_000;

/// What waits for a place in the queue.
#[derive(Debug, Default)]
pub struct Missed {
    /// By alert, time and change, with the hash of the configuration.
    changes: BTreeMap<(String, EventTime, String), (String, KeptTransition)>,
    /// When the last evaluation that found a place was told: what came before is in it.
    told_at: Option<EventTime>,
    /// Changes beyond the limit.
    pub lost: u64,
}

impl Missed {
    /// Takes the changes that a later evaluation may not know. Everything else that happens to an alert it does.
    pub fn note(&mut self, published: &Published) {
        let is_passing =
            |row: &KeptTransition| ["severity_changed", ACCEPTANCE_ENDED].contains(&row.transition.as_str());
        let is_new = |row: &KeptTransition| self.told_at.is_none_or(|told_at| row.at >= told_at);
        let rows = Kept::transitions_of(published).into_iter().filter(|row| is_passing(row) && is_new(row));
        for row in rows.collect::<Vec<_>>() {
            let key = (row.alert.clone(), row.at, row.transition.clone());
            if self.changes.len() < MAX_MISSED || self.changes.contains_key(&key) {
                self.changes.entry(key).or_insert_with(|| (published.config_hash().to_owned(), row));
            } else {
                self.lost += 1;
            }
        }
    }

    /// Returns what waits, by the hash of its configuration: it goes with the next evaluation.
    pub fn take(&mut self) -> Vec<(String, KeptTransition)> {
        std::mem::take(&mut self.changes).into_values().collect()
    }

    /// An evaluation found a place.
    pub fn sent(&mut self, told_at: EventTime) {
        self.told_at = Some(told_at);
    }

    /// There was no place for what was taken.
    pub fn put_back(&mut self, changes: Vec<(String, KeptTransition)>) {
        let keyed =
            changes.into_iter().map(|(hash, row)| ((row.alert.clone(), row.at, row.transition.clone()), (hash, row)));
        self.changes.extend(keyed);
    }
}

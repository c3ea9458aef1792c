//! Transitions that wait for a disk that takes no entry: an alert knows its last change alone.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::known::hash_of;
use crate::disclosure::{ENDED, Kept, KeptTransition};

/// Transitions that wait, at most. More are counted.
const MAX_WAITING: usize = 10_000;

/// Transitions of entries that failed.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Each with the hash of its configuration.
    rows: Vec<(String, KeptTransition)>,
    /// Those that found no place.
    missing: u64,
}

impl Waiting {
    /// Returns an evaluation with what waits. Where the configuration has changed since, its numbers may be withheld by now.
    pub fn with<'k>(&self, kept: &'k Kept) -> Cow<'k, Kept> {
        if self.rows.is_empty() {
            return Cow::Borrowed(kept);
        }
        let present: BTreeSet<u64> = kept.transitions.iter().map(hash_of).collect();
        let waiting = self.rows.iter().filter(|(_, row)| !present.contains(&hash_of(row)));
        let waiting = waiting.map(
            |(config_hash, row)| {
                if *config_hash == kept.config_hash { row.clone() } else { row.without_numbers() }
            },
        );
        let transitions = waiting.chain(kept.transitions.iter().cloned()).collect();
        Cow::Owned(Kept { transitions, ..kept.clone() })
    }

    /// Adds the transitions of an entry that failed.
    pub fn add(&mut self, config_hash: String, transitions: Vec<KeptTransition>) {
        for row in transitions {
            // The end of an alert that is known no more is found again.
            if row.transition == ENDED || self.rows.iter().any(|(_, known)| known.identity() == row.identity()) {
                continue;
            }
            if self.rows.len() < MAX_WAITING {
                self.rows.push((config_hash.clone(), row));
            } else {
                self.missing += 1;
            }
        }
    }

    /// An entry was written, which had them all.
    pub fn told(&mut self) {
        self.rows.clear();
    }

    /// Says how many are missing, if any are.
    pub fn trouble(&self) -> Option<String> {
        (self.missing > 0).then(|| format!("{} changes of alerts since the start are missing", self.missing))
    }
}

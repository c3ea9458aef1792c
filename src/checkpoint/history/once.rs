//! Passes over what was told already. Where a damaged file is put back, the history has beside it what the daemon has told anew without it.

use std::collections::BTreeSet;

use super::known::hash_of;
use crate::disclosure::KeptEntry;
use crate::plan::EventTime;

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Once {
    as_of: Option<EventTime>,
    /// Of the last release: its end, that of its numbers, and its configuration.
    released: Option<(EventTime, Option<EventTime>, String)>,
    /// Hashes of transitions since the last full entry, and those before that alerts then still knew.
    told: BTreeSet<u64>,
    /// The same of the full entry before it: a daemon may have begun this one without knowing of that.
    told_before: BTreeSet<u64>,
    /// Entries whose rows, or whose release, were passed over.
    pub entries: u64,
    /// Transitions that were passed over.
    pub transitions: u64,
}

impl Once {
    /// Takes from an entry what was told already: its transitions, and that it is a release. Returns whether its rows are new: they are not where its
    /// windows end before those of another entry. `hashes` are those that a full entry lists.
    pub fn take(&mut self, entry: &mut KeptEntry, hashes: &[u64]) -> bool {
        if entry.is_full {
            self.told_before = std::mem::replace(&mut self.told, hashes.iter().copied().collect());
        }
        let count = entry.transitions.len();
        entry.transitions.retain(|row| {
            let hash = hash_of(row);
            self.told.insert(hash) && !self.told_before.contains(&hash)
        });
        self.transitions += (count - entry.transitions.len()) as u64;
        let is_earlier = self.as_of.is_some_and(|as_of| entry.as_of < as_of);
        let is_released = entry.is_release && self.is_released(entry);
        self.entries += u64::from(is_earlier || is_released);
        if is_earlier || is_released {
            entry.is_release = false;
        }
        if entry.is_release {
            self.released = Some((entry.as_of, entry.released_at, entry.config_hash.clone()));
        }
        self.as_of = self.as_of.max(Some(entry.as_of));
        !is_earlier
    }

    /// Whether the numbers of this release were told with another one.
    fn is_released(&self, entry: &KeptEntry) -> bool {
        self.released.as_ref().is_some_and(|(as_of, released_at, config_hash)| {
            let is_same = entry.as_of == *as_of || (entry.released_at.is_some() && entry.released_at == *released_at);
            is_same && entry.config_hash == *config_hash
        })
    }
}

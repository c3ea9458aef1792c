//! Event ids remembered beside open cases: those of tallies, populations, complaints and closed cases.

use std::collections::BTreeMap;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::fingerprint::CaseKey;
use crate::plan::{EventTime, Span};

/// A set of 128-bit keys, each remembered up to an hour of event time.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    entries: HashTable<Entry>,
}

/// The order in which entries are forgotten where there are too many; see [`Entry::age`].
pub(super) type Age = (i32, u32);

/// A key and the hour of event time at which it may be forgotten. 20 bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    key: [u32; 4],
    forget_hour: i32,
}

impl Memory {
    /// Returns whether the key is remembered at `now`. A key that may be forgotten counts as forgotten, whether a sweep
    /// has removed it or not.
    #[inline]
    pub fn contains(&self, key: (u64, u64), now: EventTime) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let words = words(key);
        self.entries.find(key.1, |entry| entry.key == words).is_some_and(|entry| entry.lasts(now))
    }

    /// Remembers the key until `until`. Returns whether it was new at `now`.
    pub fn insert(&mut self, key: (u64, u64), until: EventTime, now: EventTime) -> bool {
        let entry = Entry { key: words(key), forget_hour: hour_after(until) };
        if let Some(known) = self.entries.find_mut(key.1, |known| known.key == entry.key) {
            let forgotten = !known.lasts(now);
            if forgotten {
                *known = entry;
            }
            return forgotten;
        }
        self.entries.insert_unique(key.1, entry, low);
        true
    }

    /// Forgets what may be forgotten at `now`. Returns until when all of the rest is remembered.
    pub fn sweep(&mut self, now: EventTime) -> EventTime {
        let mut first = i32::MAX;
        self.entries.retain(|entry| {
            let lasts = entry.lasts(now);
            if lasts {
                first = first.min(entry.forget_hour);
            }
            lasts
        });
        if self.entries.capacity() > 4 * self.entries.len() + 1024 {
            self.entries.shrink_to_fit(low);
        }
        // The last moment before that hour.
        EventTime(i64::from(first).saturating_mul(Span::HOUR.0).saturating_sub(1))
    }

    /// Forgets all entries up to this age. Returns how many.
    pub fn forget(&mut self, last: Age) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.age() > last);
        before - self.entries.len()
    }

    /// Returns all entries, in any order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Restores an entry that [`Self::entries`] returned.
    pub fn restore(&mut self, entry: Entry) {
        self.entries.insert_unique(low(&entry), entry, low);
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Returns the age of the `count`-th oldest entry of all memories, or `None` where there are fewer. Allocates 4 bytes
/// for each entry of one hour, not of all.
pub(super) fn oldest_age<'m, I: Iterator<Item = &'m Memory>>(memories: impl Fn() -> I, count: usize) -> Option<Age> {
    let mut hours: BTreeMap<i32, usize> = BTreeMap::new();
    memories().flat_map(Memory::entries).for_each(|entry| *hours.entry(entry.forget_hour).or_default() += 1);
    let mut left = count.max(1);
    let (hour, _) = hours.into_iter().find(|(_, entries)| {
        let reached = left <= *entries;
        left -= if reached { 0 } else { *entries };
        reached
    })?;
    let of_hour = memories().flat_map(Memory::entries).filter(|entry| entry.forget_hour == hour);
    let mut keys: Vec<u32> = of_hour.map(|entry| entry.age().1).collect();
    let (_, key, _) = keys.select_nth_unstable(left - 1);
    Some((hour, *key))
}

impl Entry {
    /// Returns the key by which its page is found.
    pub const fn key(&self) -> CaseKey {
        let [high, below, ..] = self.key;
        CaseKey { high: ((high as u64) << 32) | below as u64, low: low(self) }
    }

    /// Returns its place in the order of forgetting: by hour, then by the key, which is a hash.
    pub const fn age(&self) -> Age {
        (self.forget_hour, self.key[0])
    }

    fn lasts(&self, now: EventTime) -> bool {
        self.forget_hour > hour_after(now.minus(Span::HOUR))
    }
}

/// Returns whether something remembered until `until` still is at `now`. Memory counts in whole hours.
pub(super) fn lasts(until: EventTime, now: EventTime) -> bool {
    hour_after(until) > hour_after(now.minus(Span::HOUR))
}

#[expect(clippy::cast_possible_truncation, reason = "each word is cut out on purpose")]
const fn words((high, low): (u64, u64)) -> [u32; 4] {
    [(high >> 32) as u32, high as u32, (low >> 32) as u32, low as u32]
}

const fn low(entry: &Entry) -> u64 {
    let [_, _, upper, lower] = entry.key;
    ((upper as u64) << 32) | lower as u64
}

fn hour_after(time: EventTime) -> i32 {
    let hour = time.0.div_euclid(Span::HOUR.0).saturating_add(1);
    i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
}

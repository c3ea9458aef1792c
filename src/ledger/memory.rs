//! Event ids remembered beside open cases: those of tallies, populations, complaints and closed cases.
//!
//! Of an event about no case its content is remembered as well. Its hash stands where the last word of the key would be:
//! 96 bits identify such an event just as well, and an entry takes no more room.

use std::collections::BTreeMap;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::fingerprint::{CaseKey, EventTag};
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

/// What a memory knew of an event about no case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// It was remembered, with this content or with one that is not known.
    Same,
    /// It was remembered with another content.
    Other,
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
        self.entries.find(hash(words), |entry| entry.key == words).is_some_and(|entry| entry.lasts(now))
    }

    /// Returns what is known at `now` of an event about no case.
    pub fn knows_event(&self, tag: EventTag, content: u32, now: EventTime) -> Known {
        let [first, second, third, unknown] = words((tag.full, tag.id));
        let known = self.entries.find(hash([first, second, third, unknown]), |known| {
            known.key.first_chunk::<3>() == Some(&[first, second, third])
        });
        known.filter(|known| known.lasts(now)).map_or(Known::Nothing, |known| known.compared(content, unknown))
    }

    /// Returns the last moment at which anything is remembered; `None` where nothing is.
    pub fn lasts_until(&self) -> Option<EventTime> {
        let last = self.entries.iter().map(|entry| entry.forget_hour).max()?;
        Some(EventTime(i64::from(last).saturating_mul(Span::HOUR.0)))
    }

    /// Remembers the key until `until`.
    pub fn insert(&mut self, key: (u64, u64), until: EventTime, now: EventTime) {
        let entry = Entry { key: words(key), forget_hour: hour_after(until) };
        match self.entries.find_mut(entry.hash(), |known| known.key == entry.key) {
            Some(known) if known.lasts(now) => {}
            Some(known) => *known = entry,
            None => _ = self.entries.insert_unique(entry.hash(), entry, Entry::hash),
        }
    }

    /// Remembers an event about no case until `until`, with the hash of its content. Returns what was known at `now`.
    pub fn insert_event(&mut self, tag: EventTag, content: u32, until: EventTime, now: EventTime) -> Known {
        let [first, second, third, unknown] = words((tag.full, tag.id));
        let entry = Entry { key: [first, second, third, content], forget_hour: hour_after(until) };
        let is_it = |known: &Entry| known.key.first_chunk::<3>() == entry.key.first_chunk::<3>();
        match self.entries.find_mut(entry.hash(), is_it) {
            Some(known) if known.lasts(now) => known.compared(content, unknown),
            Some(known) => {
                *known = entry;
                Known::Nothing
            }
            None => {
                self.entries.insert_unique(entry.hash(), entry, Entry::hash);
                Known::Nothing
            }
        }
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
            self.entries.shrink_to_fit(Entry::hash);
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
        self.entries.insert_unique(entry.hash(), entry, Entry::hash);
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
        let [first, second, third, last] = self.key;
        CaseKey { high: joined(first, second), low: joined(third, last) }
    }

    /// Returns the hash in the table.
    const fn hash(&self) -> u64 {
        hash(self.key)
    }

    /// Returns its place in the order of forgetting: by hour, then by the key, which is a hash.
    pub const fn age(&self) -> Age {
        (self.forget_hour, self.key[0])
    }

    /// Returns whether it was remembered with this content. `unknown` is the last word of its key.
    const fn compared(&self, content: u32, unknown: u32) -> Known {
        let [.., of_first] = self.key;
        // Up to format 4 the last word was one of the key: the content is not known.
        if of_first == content || of_first == unknown { Known::Same } else { Known::Other }
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

/// The hash in the table is of words that differ within a page, and not of the last one: that may be a content. The third
/// alone would not do, since the events of all cases may have the same id.
const fn hash([_, second, third, _]: [u32; 4]) -> u64 {
    joined(third, second)
}

const fn joined(upper: u32, lower: u32) -> u64 {
    ((upper as u64) << 32) | lower as u64
}

fn hour_after(time: EventTime) -> i32 {
    let hour = time.0.div_euclid(Span::HOUR.0).saturating_add(1);
    i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EventTime = EventTime(0);
    const UNTIL: EventTime = EventTime(Span::DAY.0);

    #[test]
    fn an_entry_takes_20_bytes() {
        assert_eq!(size_of::<Entry>(), 20);
    }

    #[test]
    fn another_content_of_a_remembered_event_is_told() {
        let (mut memory, tag) = (Memory::default(), EventTag { id: 7 << 32 | 8, full: 9 });
        assert_eq!(memory.insert_event(tag, 1, UNTIL, NOW), Known::Nothing);
        assert_eq!(memory.insert_event(tag, 1, UNTIL, NOW), Known::Same);
        assert_eq!(memory.insert_event(tag, 2, UNTIL, NOW), Known::Other);
        assert_eq!(memory.insert_event(tag, 1, UNTIL, NOW), Known::Same, "the first one stays");
        assert_eq!(memory.insert_event(EventTag { full: 10, ..tag }, 2, UNTIL, NOW), Known::Nothing);
        // Once it is forgotten another one may take its place.
        let later = EventTime(2 * UNTIL.0);
        assert_eq!(memory.insert_event(tag, 2, later.plus(Span::DAY), later), Known::Nothing);
        assert_eq!((memory.insert_event(tag, 2, later, later), memory.len()), (Known::Same, 2));
    }

    #[test]
    fn of_an_event_that_an_earlier_version_remembered_the_content_is_not_known() {
        let (mut memory, tag) = (Memory::default(), EventTag { id: 7 << 32 | 8, full: 9 });
        memory.restore(Entry { key: words((tag.full, tag.id)), forget_hour: hour_after(UNTIL) });
        assert_eq!(memory.insert_event(tag, 1, UNTIL, NOW), Known::Same);
        assert_eq!(memory.insert_event(tag, 2, UNTIL, NOW), Known::Same);
    }

    #[test]
    fn entries_are_found_by_their_page_and_their_words() {
        let (mut memory, key) = (Memory::default(), (u64::MAX / 3, u64::MAX / 5));
        memory.insert(key, UNTIL, NOW);
        memory.insert((key.0, key.1 ^ 1), UNTIL, NOW);
        assert!(memory.contains(key, NOW) && !memory.contains((key.0, key.1 ^ 2), NOW));
        assert!(!memory.contains(key, EventTime(2 * UNTIL.0)));
        assert!(memory.entries().any(|entry| (entry.key().high, entry.key().low) == key));
        memory.insert(key, UNTIL, NOW);
        assert_eq!(memory.len(), 2);
    }
}

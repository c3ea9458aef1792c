//! One page of a shard: a table of cases.
//!
//! A snapshot shares its pages with the running ledger. A page that changes while a snapshot holds it is copied first.

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::attributes_id::AttributesId;
use super::fingerprint::CaseKey;
use super::horizons::Horizons;
use super::memory::Memory;
use super::record::{Flags, MAX_RECORDS_PER_CASE, Record, RecordKind};
use super::run::{Spans, arrival};
use crate::plan::EventTime;
use crate::plan::invariant::{Room, present};

/// The cases of one page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// Cases with nothing but a selection, which is nearly all of them.
    pub simple: HashTable<SimpleCase>,
    /// All other cases.
    pub full: HashTable<FullCase>,
    /// How many cases of `full` wait.
    pub waiting: usize,
    /// Event ids that are remembered beside the cases.
    pub memory: Memory,
}

/// A case of which only one selection is known, and that was in time. 40 bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct SimpleCase {
    pub key: CaseKey,
    pub time: EventTime,
    #[serde(with = "postcard::fixint::le")]
    tag: u64,
    pub attributes: AttributesId,
    pub profile: u16,
    flags: Flags,
}

/// A case with any other events. It has at least one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FullCase {
    pub key: CaseKey,
    /// In the order of [`arrival`].
    pub records: Box<[Record]>,
}

/// What adding a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// The record is now among those of its case.
    Changed,
    /// The same; it is a second selection.
    Conflict,
    /// It is a second selection of a case that has [`MAX_RECORDS_PER_CASE`] events. Nothing changed.
    Rejected,
    /// The case has [`MAX_RECORDS_PER_CASE`] events. Nothing changed.
    Full,
}

/// How much a page, or all of them, hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    /// Open cases.
    pub open: usize,
    /// Those of them that wait.
    pub waiting: usize,
    /// Event ids remembered beside open cases.
    pub remembered: usize,
}

impl Page {
    /// Returns whether a case is open.
    #[inline]
    pub fn has(&self, key: CaseKey) -> bool {
        self.simple.find(key.low, |case| case.key == key).is_some()
            || !self.full.is_empty() && self.full.find(key.low, |case| case.key == key).is_some()
    }

    /// Copies the records of a case to `into`; none where the case is not open.
    pub fn records(&self, key: CaseKey, into: &mut Vec<Record>) {
        into.clear();
        if let Some(case) = self.simple.find(key.low, |case| case.key == key) {
            into.push(case.record());
        } else if let Some(case) = self.full.find(key.low, |case| case.key == key) {
            into.extend_from_slice(&case.records);
        }
    }

    /// Adds a record to a case, and to `records`, which must be those that [`Self::records`] returned for it.
    pub fn add(&mut self, key: CaseKey, record: Record, records: &mut Vec<Record>, spans: &Spans) -> Added {
        records.push(record);
        // The same set of events gives the same bytes, whatever their order of arrival.
        records.sort_unstable_by_key(arrival);
        let second = is_second_selection(&record, records, spans);
        if records.len() > MAX_RECORDS_PER_CASE {
            records.retain(|known| *known != record);
            return if second { Added::Rejected } else { Added::Full };
        }
        if records.len() > 1 {
            self.remove(key, spans);
        }
        self.insert(key, records, spans);
        if second { Added::Conflict } else { Added::Changed }
    }

    /// Closes the expired runs of a case, in the page and in `records`, which must be those that [`Self::records`]
    /// returned for it. Their ids are remembered from `swept_at` on. Returns the records that were closed.
    pub fn close_expired(
        &mut self,
        key: CaseKey,
        records: &mut Vec<Record>,
        watermark: EventTime,
        swept_at: EventTime,
        horizons: &Horizons,
    ) -> Vec<Record> {
        let closed: Vec<Record> = records.drain(..horizons.spans.expired(records, watermark)).collect();
        for record in &closed {
            horizons.remember(&mut self.memory, key, record.tag, record.time, swept_at);
        }
        self.remove(key, &horizons.spans);
        self.insert(key, records, &horizons.spans);
        closed
    }

    /// Inserts a case that the page does not have, of which only a plain selection in time is known.
    #[inline]
    pub fn insert_simple(&mut self, key: CaseKey, selection: &Record) {
        self.simple.insert_unique(key.low, SimpleCase::of(key, selection), |case| case.key.low);
    }

    /// Inserts a case that came while a snapshot held the page.
    pub fn take_newcomer(&mut self, case: SimpleCase) {
        self.simple.insert_unique(case.key.low, case, |case| case.key.low);
    }

    /// Reads what a look-up of the case will read first. Returns a number that depends on it.
    #[inline]
    pub fn touch(&self, key: CaseKey) -> usize {
        usize::from(self.simple.find(key.low, |_| false).is_some())
    }

    /// Inserts a case that the page does not have. Without records there is no case.
    pub fn insert(&mut self, key: CaseKey, records: &[Record], spans: &Spans) {
        match records {
            [] => {}
            [only] if only.is_plain_selection() && only.arrived == only.time => {
                self.insert_simple(key, only);
            }
            records => {
                self.waiting += usize::from(spans.waits(records));
                let case = FullCase { key, records: records.into() };
                self.full.insert_unique(key.low, case, |case| case.key.low);
            }
        }
    }

    /// Removes a case, where the page has it.
    fn remove(&mut self, key: CaseKey, spans: &Spans) {
        if let Ok(case) = self.simple.find_entry(key.low, |case| case.key == key) {
            case.remove();
        } else if let Ok(case) = self.full.find_entry(key.low, |case| case.key == key) {
            let (case, _) = case.remove();
            self.waiting -= usize::from(spans.waits(&case.records));
        }
    }

    /// Replaces the profile of every record.
    pub fn rename_profiles(&mut self, profile: impl Fn(u16) -> u16) {
        self.simple.iter_mut().for_each(|case| case.profile = profile(case.profile));
        let records = self.full.iter_mut().flat_map(|case| case.records.iter_mut());
        records.for_each(|record| record.profile = profile(record.profile));
    }

    /// Returns whether the page holds neither a case nor an id.
    pub fn is_empty(&self) -> bool {
        let Sizes { open, waiting: _, remembered } = self.sizes();
        open == 0 && remembered == 0
    }

    /// Returns how much the page holds.
    pub fn sizes(&self) -> Sizes {
        Sizes { open: self.simple.len() + self.full.len(), waiting: self.waiting, remembered: self.memory.len() }
    }

    /// Returns the bytes that the tables and the records beside them take.
    pub fn allocated_bytes(&self) -> usize {
        let records: usize = self.full.iter().map(|case| size_of_val(&*case.records)).sum();
        self.simple.allocation_size() + self.full.allocation_size() + records
    }

    /// Returns whether any run of any case has expired.
    pub fn has_expired(&self, watermark: EventTime, spans: &Spans) -> bool {
        self.simple.iter().any(|case| spans.is_expired(&[case.record()], watermark))
            || self.full_cases().any(|records| spans.expired(records, watermark) > 0)
    }

    /// Returns the records of every case that has more than a selection.
    pub fn full_cases(&self) -> impl Iterator<Item = &[Record]> {
        self.full.iter().map(|case| &*case.records)
    }

    /// Counts the waiting cases by visiting all cases that have more than a selection.
    pub fn count_waiting(&self, spans: &Spans) -> usize {
        self.full_cases().filter(|records| spans.waits(records)).count()
    }

    /// Returns the last watermark at which anything in the page may be needed; `None` where it is empty.
    pub fn needed_until(&self, horizons: &Horizons) -> Option<EventTime> {
        let simple = self.simple.iter().map(|case| horizons.needed_until(&case.record()));
        let full = self.full_cases().flatten().map(|record| horizons.needed_until(record));
        simple.chain(full).chain(self.memory.lasts_until()).max()
    }

    /// Visits the time at which each open case, or each waiting one, was opened.
    pub fn opening_times(&self, waiting_only: bool, spans: &Spans, mut visit: impl FnMut(EventTime)) {
        if !waiting_only {
            self.simple.iter().for_each(|case| visit(case.time));
        }
        for records in self.full_cases().filter(|records| !waiting_only || spans.waits(records)) {
            visit(opened(records));
        }
    }
}

/// Returns when a case was opened: the event time of its oldest record.
pub(super) fn opened(records: &[Record]) -> EventTime {
    let oldest = records.iter().map(|record| record.time).min();
    present(Room::Ledger, "an open case has a record", oldest).unwrap_or(EventTime::MIN)
}

/// Returns whether the run of a plain selection has another one. The record must be among `records`.
fn is_second_selection(record: &Record, records: &[Record], spans: &Spans) -> bool {
    let other = |known: &Record| known.is_plain_selection() && known != record;
    record.is_plain_selection()
        && records.iter().any(other)
        && spans.runs(records).any(|run| run.contains(record) && run.iter().any(other))
}

impl SimpleCase {
    pub const fn of(key: CaseKey, record: &Record) -> Self {
        Self {
            key,
            time: record.time,
            tag: record.tag,
            attributes: record.attributes,
            profile: record.profile,
            flags: record.flags,
        }
    }

    pub const fn record(&self) -> Record {
        Record {
            time: self.time,
            arrived: self.time,
            tag: self.tag,
            attributes: self.attributes,
            control: 0,
            revises: 0,
            profile: self.profile,
            kind: RecordKind::Selection,
            flags: self.flags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_case_takes_40_bytes() {
        assert_eq!(size_of::<SimpleCase>(), 40);
    }
}

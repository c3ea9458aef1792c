//! One page of a shard: the cases whose fingerprint falls into it.
//!
//! A page is what a snapshot shares with the running ledger, and what is copied when it changes while a snapshot is still held.

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::case::has_plain_root;
use super::memory::{Entry, Memory};
use super::record::{MAX_RECORDS_PER_CASE, Record, RecordKind};
use crate::event::{EventTime, Span};
use crate::ledger::{AttributesId, CaseKey};

/// A case of which only one selection is known: nearly all of them. 40 bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Simple {
    key: CaseKey,
    time: EventTime,
    #[serde(with = "postcard::fixint::le")]
    tag: u64,
    attributes: AttributesId,
    profile: u16,
    flags: super::record::Flags,
}

/// A case with other events, too; at least one.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Dossier {
    key: CaseKey,
    records: Box<[Record]>,
}

/// The cases of one page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    simple: HashTable<Simple>,
    dossiers: HashTable<Dossier>,
    waiting: usize,
    pub memory: Memory,
}

/// What is kept of a shard in a checkpoint: all its pages together, in any order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ShardState {
    simple: Vec<Simple>,
    dossiers: Vec<Dossier>,
    memory: Vec<Entry>,
}

/// What adding a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// The case's records changed.
    Changed,
    /// A second selection that does not count.
    Conflict,
    /// A second selection that counts instead of the first, which now is the one in conflict.
    Displaced,
    /// The event was there before.
    Duplicate,
    /// The case has [`MAX_RECORDS_PER_CASE`] events.
    Full,
}

/// How long cases stay open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizons {
    /// Of a case that was not picked.
    pub not_selected: Span,
    /// Of any other case.
    pub history: Span,
    /// Of an id.
    pub dedupe: Span,
    /// What the watermark must have passed a horizon by, so that an event in time always finds its case.
    pub lateness: Span,
}

impl Page {
    /// Names the profiles of all records anew.
    pub fn rename(&mut self, profile: impl Fn(u16) -> u16) {
        self.simple.iter_mut().for_each(|simple| simple.profile = profile(simple.profile));
        let records = self.dossiers.iter_mut().flat_map(|dossier| dossier.records.iter_mut());
        records.for_each(|record| record.profile = profile(record.profile));
    }

    /// The records of a case, copied to `into`; none where it is not open.
    pub fn records(&self, key: CaseKey, into: &mut Vec<Record>) {
        into.clear();
        if let Some(simple) = self.simple.find(key.low, |simple| simple.key == key) {
            into.push(simple.record());
        } else if let Some(dossier) = self.dossiers.find(key.low, |dossier| dossier.key == key) {
            into.extend_from_slice(&dossier.records);
        }
    }

    /// Adds a record to the case whose records are `records` (as [`Self::records`] gave them), and to `records`.
    pub fn add(&mut self, key: CaseKey, record: Record, records: &mut Vec<Record>) -> Added {
        if records.iter().any(|known| known.tag == record.tag) {
            return Added::Duplicate;
        }
        if records.is_empty() && record.kind == RecordKind::Selection && record.revises == 0 {
            records.push(record);
            self.simple.insert_unique(key.low, Simple::of(key, &record), |simple| simple.key.low);
            return Added::Changed;
        }
        let rivals = rivals(&record, records);
        if let Some(first) = rivals
            && first <= record.order()
        {
            return Added::Conflict;
        }
        if records.len() >= MAX_RECORDS_PER_CASE {
            return Added::Full;
        }
        records.push(record);
        // The same set of events gives the same bytes, whatever their order of arrival.
        records.sort_unstable_by_key(|record| (record.order(), record.kind));
        self.put(key, records);
        if rivals.is_some() { Added::Displaced } else { Added::Changed }
    }

    fn put(&mut self, key: CaseKey, records: &[Record]) {
        if let Ok(simple) = self.simple.find_entry(key.low, |simple| simple.key == key) {
            simple.remove();
        }
        let waits = waits(records);
        let records: Box<[Record]> = records.into();
        if let Some(dossier) = self.dossiers.find_mut(key.low, |dossier| dossier.key == key) {
            let waited = self::waits(&dossier.records);
            dossier.records = records;
            self.waiting = self.waiting + usize::from(waits) - usize::from(waited);
        } else {
            self.dossiers.insert_unique(key.low, Dossier { key, records }, |dossier| dossier.key.low);
            self.waiting += usize::from(waits);
        }
    }

    /// Closes one case, whose records are `records`; ids are remembered as of `swept_at`.
    pub fn close(&mut self, key: CaseKey, records: &[Record], swept_at: EventTime, horizons: &Horizons) {
        if let Ok(simple) = self.simple.find_entry(key.low, |simple| simple.key == key) {
            simple.remove();
        } else if let Ok(dossier) = self.dossiers.find_entry(key.low, |dossier| dossier.key == key) {
            dossier.remove();
            self.waiting -= usize::from(waits(records));
        }
        for record in records {
            self.remember(key, record.tag, record.time, swept_at, horizons);
        }
    }

    /// Remembers an event of a case apart from the case, as long as a second delivery may come.
    pub fn remember(&mut self, key: CaseKey, tag: u64, time: EventTime, swept_at: EventTime, horizons: &Horizons) {
        let until = time.plus(horizons.dedupe).plus(horizons.lateness);
        if until > swept_at {
            self.memory.insert((key.high, tag), until, swept_at);
        }
    }

    /// Closes the cases whose horizon `now` has passed, and those at or before `cutoff`; their ids stay in memory as long as they must,
    /// which is judged as of `swept_at`: whichever event closes a case, the same ids are known.
    pub fn sweep(
        &mut self,
        now: EventTime,
        swept_at: EventTime,
        cutoff: EventTime,
        waiting_cutoff: EventTime,
        horizons: &Horizons,
    ) -> Swept {
        let mut swept = Swept::default();
        let memory = &mut self.memory;
        let waiting = &mut self.waiting;
        let mut remember = |key: CaseKey, record: &Record| {
            let until = record.time.plus(horizons.dedupe).plus(horizons.lateness);
            if until > swept_at {
                memory.insert((key.high, record.tag), until, swept_at);
            }
        };
        self.simple.retain(|simple| {
            let record = simple.record();
            let closed = horizons.closes(std::slice::from_ref(&record)) < now;
            let evicted = !closed && record.time <= cutoff;
            if closed || evicted {
                remember(simple.key, &record);
                swept.count(evicted, false);
            }
            !(closed || evicted)
        });
        self.dossiers.retain(|dossier| {
            let opened = dossier.records.first().map_or(EventTime::MIN, |record| record.time);
            let waits = waits(&dossier.records);
            let closed = horizons.closes(&dossier.records) < now;
            let evicted = !closed && (opened <= cutoff || waits && opened <= waiting_cutoff);
            if closed || evicted {
                dossier.records.iter().for_each(|record| remember(dossier.key, record));
                swept.count(evicted, waits);
                *waiting -= usize::from(waits);
            }
            !(closed || evicted)
        });
        self.memory.sweep(swept_at);
        swept
    }

    pub fn is_empty(&self) -> bool {
        self.open_cases() == 0 && self.memory.len() == 0
    }

    pub fn open_cases(&self) -> usize {
        self.simple.len() + self.dossiers.len()
    }

    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// What the ledger keeps the sums of.
    pub fn sizes(&self) -> Sizes {
        Sizes { open: self.open_cases(), waiting: self.waiting, remembered: self.memory.len() }
    }

    /// Bytes of the tables and of the records beside them.
    pub fn allocated_bytes(&self) -> usize {
        let records: usize = self.dossiers.iter().map(|dossier| size_of_val(&*dossier.records)).sum();
        self.simple.allocation_size() + self.dossiers.allocation_size() + records
    }

    /// Event times of the oldest records of the open cases, of waiting ones alone or of all.
    pub fn opened(&self, waiting_only: bool, mut visit: impl FnMut(EventTime)) {
        if !waiting_only {
            self.simple.iter().for_each(|simple| visit(simple.time));
        }
        for dossier in &self.dossiers {
            if (!waiting_only || waits(&dossier.records))
                && let Some(first) = dossier.records.first()
            {
                visit(first.time);
            }
        }
    }
}

impl ShardState {
    pub fn of<'p>(pages: impl Iterator<Item = &'p Page> + Clone) -> Self {
        Self {
            simple: pages.clone().flat_map(|page| page.simple.iter().copied()).collect(),
            dossiers: pages.clone().flat_map(|page| page.dossiers.iter().cloned()).collect(),
            memory: pages.flat_map(|page| page.memory.entries().copied()).collect(),
        }
    }

    /// Refuses what no ledger gives; `known` says whether a combination of groups and strata is: others would make tables as long as
    /// their number.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check(&self, known: impl Fn(AttributesId) -> bool) -> Result<(), String> {
        let of_simple = self.simple.iter().map(|simple| simple.attributes);
        let of_dossiers = self.dossiers.iter().flat_map(|dossier| &*dossier.records).map(|record| record.attributes);
        if let Some(id) = of_simple.chain(of_dossiers).find(|id| !known(*id)) {
            return Err(format!("expected a combination of groups that the core lists, found number {}", id.0));
        }
        let lengths = self.dossiers.iter().map(|dossier| dossier.records.len());
        match lengths.into_iter().find(|length| !(1..=MAX_RECORDS_PER_CASE).contains(length)) {
            Some(length) => Err(format!("expected 1 to {MAX_RECORDS_PER_CASE} events of a case, found {length}")),
            None => Ok(()),
        }
    }

    /// Puts everything into the pages of its shard; `page_of` gives the place of a key's page, `profile` the present index of a profile
    /// in records. Gives whether everything had a place.
    pub fn put(
        self,
        pages: &mut [Page],
        page_of: impl Fn(CaseKey) -> Option<usize>,
        profile: impl Fn(u16) -> u16,
    ) -> bool {
        let mut complete = true;
        let mut place =
            |key: CaseKey, put: &mut dyn FnMut(&mut Page)| match page_of(key).and_then(|at| pages.get_mut(at)) {
                Some(page) => put(page),
                None => complete = false,
            };
        for mut one in self.simple {
            one.profile = profile(one.profile);
            place(one.key, &mut |page| {
                page.simple.insert_unique(one.key.low, one, |simple| simple.key.low);
            });
        }
        for mut dossier in self.dossiers {
            dossier.records.iter_mut().for_each(|record| record.profile = profile(record.profile));
            place(dossier.key, &mut |page| page.put(dossier.key, &dossier.records));
        }
        for entry in self.memory {
            place(entry.key(), &mut |page| page.memory.put(entry));
        }
        complete
    }
}

/// How much a page holds: open cases, those that wait, and ids remembered apart from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub open: usize,
    pub waiting: usize,
    pub remembered: usize,
}

/// What a sweep closed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    pub closed: usize,
    pub evicted: u64,
    pub dropped_waiting: u64,
}

impl Swept {
    fn count(&mut self, evicted: bool, waiting: bool) {
        self.closed += 1;
        self.evicted += u64::from(evicted && !waiting);
        self.dropped_waiting += u64::from(waiting);
    }
}

/// Events become final by whole hours, so a case stays open until the hour of its last possible event is.
const FINAL_AFTER: Span = Span::HOUR;

impl Horizons {
    /// When a case with these records closes.
    pub fn closes(&self, records: &[Record]) -> EventTime {
        let opened = records.first().map_or(EventTime::MIN, |record| record.time);
        let picked = |record: &Record| record.kind != RecordKind::Selection || record.flags.yes();
        let span = if records.iter().any(picked) && !only_unpicked(records) { self.history } else { self.not_selected };
        opened.plus(span).plus(self.lateness).plus(FINAL_AFTER)
    }
}

/// A case that was not picked and of which nothing but membership is known besides.
fn only_unpicked(records: &[Record]) -> bool {
    records.iter().all(|record| match record.kind {
        RecordKind::Selection => !record.flags.yes(),
        RecordKind::Attributes => true,
        _ => false,
    }) && records.iter().any(|record| record.kind == RecordKind::Selection)
}

/// No event says to which profile the case belongs.
fn waits(records: &[Record]) -> bool {
    records.iter().all(|record| record.kind != RecordKind::Selection && record.profile == super::record::NO_PROFILE)
}

/// For a selection that revises nothing: the earliest time of the case's selections whose chain of revisions is whole.
/// Such a chain always has a standing end, so a later selection can never count, whatever comes.
fn rivals(record: &Record, records: &[Record]) -> Option<(EventTime, u64)> {
    if record.kind != RecordKind::Selection
        || record.revises != 0
        || records.iter().any(|other| record.is_revised_by(other))
    {
        return None;
    }
    // Final facts know nothing of late events, so a late selection does not keep one in time away.
    let counts = |known: &&Record| known.kind == RecordKind::Selection && (record.flags.late() || !known.flags.late());
    let selections = records.iter().filter(counts);
    selections.filter(|known| has_plain_root(known, records)).map(Record::order).min()
}

impl Simple {
    const fn of(key: CaseKey, record: &Record) -> Self {
        Self {
            key,
            time: record.time,
            tag: record.tag,
            attributes: record.attributes,
            profile: record.profile,
            flags: record.flags,
        }
    }

    const fn record(&self) -> Record {
        Record {
            time: self.time,
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
        assert_eq!(size_of::<Simple>(), 40);
    }
}

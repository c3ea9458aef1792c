//! One page of a shard: the cases whose fingerprint falls into it.
//!
//! A page is what a snapshot shares with the running ledger, and what is copied when it changes while a snapshot is still held.

use std::sync::Arc;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use super::memory::{Entry, Memory, lasts};
use super::record::{MAX_RECORDS_PER_CASE, Record, RecordKind};
use super::run::{Spans, arrival};
use crate::ledger::{AttributesId, CaseKey};
use crate::plan::{EventTime, Span};

/// A case of which only one selection is known, which arrived at its time: nearly all of them. 40 bytes.
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

/// What follows it: of events that did not arrive at their own time the place of the dossier, that of the record, and when they did.
pub(super) type Arrivals = Vec<(u32, u8, EventTime)>;

/// What adding a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// The case's records changed.
    Changed,
    /// The same, by a second selection.
    Conflict,
    /// A second selection, of a case that has [`MAX_RECORDS_PER_CASE`] events: nothing changed.
    Refused,
    /// The case has [`MAX_RECORDS_PER_CASE`] events.
    Full,
}

/// How long cases and ids are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizons {
    /// Of cases.
    pub spans: Spans,
    /// Of an id.
    pub dedupe: Span,
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

    /// Lets go of the runs of a case that are past at `watermark`, in the page and in `records` (as [`Self::records`] gave them). Gives how
    /// many of them waited.
    pub fn let_go(
        &mut self,
        key: CaseKey,
        records: &mut Vec<Record>,
        watermark: EventTime,
        swept_at: EventTime,
        horizons: &Horizons,
    ) -> u64 {
        let gone: Vec<Record> = records.drain(..past(records, watermark, &horizons.spans)).collect();
        gone.iter().for_each(|record| self.remember(key, record.tag, record.time, swept_at, horizons));
        self.take(key, &horizons.spans);
        self.insert(key, records, &horizons.spans);
        waiting_runs(&gone, &horizons.spans)
    }

    /// Adds a record to the case whose records are `records` (as [`Self::records`] gave them), and to `records`.
    pub fn add(&mut self, key: CaseKey, record: Record, records: &mut Vec<Record>, spans: &Spans) -> Added {
        records.push(record);
        // The same set of events gives the same bytes, whatever their order of arrival.
        records.sort_unstable_by_key(arrival);
        let second = is_second_selection(&record, records, spans);
        if records.len() > MAX_RECORDS_PER_CASE {
            records.retain(|known| *known != record);
            return if second { Added::Refused } else { Added::Full };
        }
        if records.len() > 1 {
            self.take(key, spans);
        }
        self.insert(key, records, spans);
        if second { Added::Conflict } else { Added::Changed }
    }

    /// Takes a case out.
    fn take(&mut self, key: CaseKey, spans: &Spans) {
        if let Ok(simple) = self.simple.find_entry(key.low, |simple| simple.key == key) {
            simple.remove();
        } else if let Ok(dossier) = self.dossiers.find_entry(key.low, |dossier| dossier.key == key) {
            let (dossier, _) = dossier.remove();
            self.waiting -= usize::from(waits(&dossier.records, spans));
        }
    }

    /// Puts a case in that is not there; without records there is none.
    fn insert(&mut self, key: CaseKey, records: &[Record], spans: &Spans) {
        match records {
            [] => {}
            [only] if only.is_plain_selection() && only.arrived == only.time => {
                self.simple.insert_unique(key.low, Simple::of(key, only), |simple| simple.key.low);
            }
            records => {
                self.waiting += usize::from(waits(records, spans));
                let dossier = Dossier { key, records: records.into() };
                self.dossiers.insert_unique(key.low, dossier, |dossier| dossier.key.low);
            }
        }
    }

    /// Remembers an event of a case apart from the case, as long as a second delivery may come.
    pub fn remember(&mut self, key: CaseKey, tag: u64, time: EventTime, swept_at: EventTime, horizons: &Horizons) {
        let until = horizons.remembered_until(time);
        if lasts(until, swept_at) {
            self.memory.insert((key.high, tag), until, swept_at);
        }
    }

    /// Lets go of the runs that are past at `now`, and closes the cases opened at or before `cutoff`; their ids stay in memory as long as
    /// they must.
    pub fn sweep(
        &mut self,
        now: EventTime,
        swept_at: EventTime,
        cutoff: EventTime,
        waiting_cutoff: EventTime,
        horizons: &Horizons,
    ) -> Swept {
        let mut swept = Swept { evicted: 0, dropped_waiting: 0, due: EventTime(i64::MAX) };
        let memory = &mut self.memory;
        let waiting = &mut self.waiting;
        let mut remember = |key: CaseKey, record: &Record| {
            let until = horizons.remembered_until(record.time);
            if lasts(until, swept_at) {
                memory.insert((key.high, record.tag), until, swept_at);
            }
        };
        self.simple.retain(|simple| {
            let record = simple.record();
            let kept_until = horizons.spans.kept_until(std::slice::from_ref(&record));
            let is_past = kept_until < now;
            let evicted = !is_past && record.time <= cutoff;
            if is_past || evicted {
                remember(simple.key, &record);
                swept.evicted += u64::from(evicted);
            } else {
                swept.keep(kept_until);
            }
            !(is_past || evicted)
        });
        self.dossiers.retain(|dossier| {
            let waits = waits(&dossier.records, &horizons.spans);
            let opened = opened(&dossier.records);
            let past = past(&dossier.records, now, &horizons.spans);
            let is_past = past == dossier.records.len();
            let evicted = !is_past && (opened <= cutoff || waits && opened <= waiting_cutoff);
            let gone = if evicted { dossier.records.len() } else { past };
            dossier.records.iter().take(gone).for_each(|record| remember(dossier.key, record));
            swept.evicted += u64::from(evicted && !waits);
            swept.dropped_waiting += waiting_runs(dossier.records.get(..gone).unwrap_or_default(), &horizons.spans);
            if is_past || evicted {
                *waiting -= usize::from(waits);
            } else if past > 0 {
                dossier.records = dossier.records.iter().skip(past).copied().collect();
                *waiting = *waiting + usize::from(self::waits(&dossier.records, &horizons.spans)) - usize::from(waits);
            }
            if let (false, Some(run)) = (evicted, horizons.spans.runs(&dossier.records).next()) {
                swept.keep(horizons.spans.kept_until(run));
            }
            !(is_past || evicted)
        });
        swept.keep(self.memory.sweep(swept_at));
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

    /// Whether a run of any case is past.
    pub fn holds_past(&self, watermark: EventTime, spans: &Spans) -> bool {
        self.simple.iter().any(|simple| spans.is_past(&[simple.record()], watermark))
            || self.dossiers().any(|records| past(records, watermark, spans) > 0)
    }

    /// The records of every case with more than a selection.
    pub fn dossiers(&self) -> impl Iterator<Item = &[Record]> {
        self.dossiers.iter().map(|dossier| &*dossier.records)
    }

    /// How many wait, counted anew; walks over all cases with more than a selection.
    pub fn count_waiting(&self, spans: &Spans) -> usize {
        self.dossiers.iter().filter(|dossier| waits(&dossier.records, spans)).count()
    }

    /// Takes in that runs are told by other spans.
    pub fn count_waiting_again(&mut self, spans: &Spans) {
        self.waiting = self.count_waiting(spans);
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
    pub fn opened(&self, waiting_only: bool, spans: &Spans, mut visit: impl FnMut(EventTime)) {
        if !waiting_only {
            self.simple.iter().for_each(|simple| visit(simple.time));
        }
        for dossier in self.dossiers.iter().filter(|dossier| !waiting_only || waits(&dossier.records, spans)) {
            visit(opened(&dossier.records));
        }
    }
}

impl ShardState {
    pub fn of<'p>(pages: impl Iterator<Item = &'p Page>) -> Self {
        let pages: Vec<&Page> = pages.filter(|page| !page.is_empty()).collect();
        Self {
            simple: pages.iter().flat_map(|page| page.simple.iter().copied()).collect(),
            dossiers: pages.iter().flat_map(|page| page.dossiers.iter().cloned()).collect(),
            memory: pages.iter().flat_map(|page| page.memory.entries().copied()).collect(),
        }
    }

    /// When its events arrived, where not at their own time.
    pub fn arrivals(&self) -> Arrivals {
        let of_dossier = |(dossier, place): (&Dossier, u32)| {
            let late = dossier.records.iter().zip(0..).filter(|(record, _)| record.arrived != record.time);
            late.map(|(record, index)| (place, index, record.arrived)).collect::<Arrivals>()
        };
        self.dossiers.iter().zip(0..).flat_map(of_dossier).collect()
    }

    /// Takes in what [`Self::arrivals`] gave; all others arrived at their own time.
    pub fn arrive(&mut self, arrivals: &Arrivals) {
        let records = self.dossiers.iter_mut().flat_map(|dossier| dossier.records.iter_mut());
        records.for_each(|record| record.arrived = record.time);
        for (place, index, arrived) in arrivals {
            let dossier = self.dossiers.get_mut(*place as usize);
            if let Some(record) = dossier.and_then(|dossier| dossier.records.get_mut(usize::from(*index))) {
                record.arrived = record.time.max(*arrived);
            }
        }
        self.dossiers.iter_mut().for_each(|dossier| dossier.records.sort_unstable_by_key(arrival));
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

    /// Puts everything into its pages, those of a shard; `page_of` gives the place of a key's page, `profile` the present index of a profile
    /// in records. Gives whether everything had a place.
    pub fn put(
        self,
        pages: &mut [Arc<Page>],
        page_of: impl Fn(CaseKey) -> Option<usize>,
        profile: impl Fn(u16) -> u16,
        spans: &Spans,
    ) -> bool {
        let mut complete = true;
        let mut place =
            |key: CaseKey, put: &mut dyn FnMut(&mut Page)| match page_of(key).and_then(|at| pages.get_mut(at)) {
                Some(page) => put(Arc::make_mut(page)),
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
            place(dossier.key, &mut |page| page.insert(dossier.key, &dossier.records, spans));
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Swept {
    pub evicted: u64,
    pub dropped_waiting: u64,
    /// The watermark after which there is something to let go again.
    pub due: EventTime,
}

impl Swept {
    fn keep(&mut self, until: EventTime) {
        self.due = self.due.min(until);
    }
}

impl Horizons {
    /// Until when the id of an event of this time is remembered.
    pub fn remembered_until(&self, time: EventTime) -> EventTime {
        time.plus(self.dedupe).plus(self.spans.lateness)
    }

    /// Whether a case with these records shows that the record is a second delivery; `seen` is how far its partition has come. One that
    /// neither joins the run of an earlier one nor comes while the id is remembered is another event: whether the first is still held would
    /// be told by the interleaving of partitions.
    pub fn knows(&self, records: &[Record], record: &Record, seen: EventTime) -> bool {
        let same = |known: &Record| known.tag == record.tag;
        let joins =
            |run: &[Record]| run.iter().any(same) && run.iter().any(|known| record.arrived <= self.spans.reach(known));
        records.iter().any(same)
            && (lasts(self.remembered_until(record.time), seen) || self.spans.runs(records).any(joins))
    }
}

/// How many of a case's records are in runs that are past.
fn past(records: &[Record], watermark: EventTime, spans: &Spans) -> usize {
    spans.runs(records).take_while(|run| spans.is_past(run, watermark)).map(<[Record]>::len).sum()
}

/// The event time of the oldest record.
fn opened(records: &[Record]) -> EventTime {
    records.iter().map(|record| record.time).min().unwrap_or(EventTime::MIN)
}

/// Whether there is a run that waits.
fn waits(records: &[Record], spans: &Spans) -> bool {
    waiting_runs(records, spans) > 0
}

/// How many runs there are of which no event says to which profile they belong.
fn waiting_runs(records: &[Record], spans: &Spans) -> u64 {
    let unknown = |record: &Record| record.kind != RecordKind::Selection && record.profile == super::record::NO_PROFILE;
    // Looked at in vain nearly always.
    if !records.iter().any(unknown) {
        return 0;
    }
    spans.runs(records).filter(|run| run.iter().all(unknown)).count() as u64
}

/// Whether its run, which is among `records`, has another selection that corrects none.
fn is_second_selection(record: &Record, records: &[Record], spans: &Spans) -> bool {
    let other = |known: &Record| known.is_plain_selection() && known != record;
    record.is_plain_selection()
        && records.iter().any(other)
        && spans.runs(records).any(|run| run.contains(record) && run.iter().any(other))
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
        assert_eq!(size_of::<Simple>(), 40);
    }
}

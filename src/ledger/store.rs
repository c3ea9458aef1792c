//! The ledger: 64 shards of 1,024 pages, and the way an event takes into them.

use std::sync::{Arc, LazyLock};

use super::case::facts_of_runs;
use super::change::changes;
use super::finals::{final_changes, in_time, missing_changes, refolded_steps};
use super::memory::{Memory, oldest_age};
use super::page::{Added, Horizons, Page, Sizes};
use super::record::{Flags, NO_PROFILE, UNKNOWN_PROFILE};
use crate::event::{self, Data, Event};
use crate::ledger::{
    AttributeTable, AttributesId, CaseChange, CaseFacts, CaseKey, EventTag, FinalChange, PseudonymKey, Record,
    RecordKind, Spans,
};
use crate::plan::{EventTime, Plan, ProfileId, Span};

/// Shards; part of the design, so that they can be spread over processes later.
pub(super) const SHARDS: usize = 64;

/// Pages of a shard: small enough that copying all that one batch changes while a snapshot is held does not stall the stream. A table
/// doubles when it is full; the pages' sizes are spread over one doubling, so some always are about to and some just have, and the memory of
/// all together never doubles at once.
pub(super) const PAGES_PER_SHARD: usize = 1_024;

const PAGES: usize = SHARDS * PAGES_PER_SHARD;

/// Parts of a shard's fingerprints that are told apart when the page is looked up.
const PAGE_PARTS: usize = 16_384;

/// Event time between two rounds of closing cases: what a closed case held is gone from memory at most so much later. A case past its horizon
/// counts as closed at once, and an id past its own as forgotten from the beginning of the round on.
const SWEEP_EVERY: Span = Span::DAY;

/// Pages swept per event, until a round is over.
const SWEPT_AT_ONCE: usize = 64;

/// When a limit is reached, this share of it is freed at once (1 / 64), so that the search for the oldest is paid rarely.
const FREED_SHARE: usize = 64;

/// All open cases.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) key: PseudonymKey,
    /// By shard, then by page.
    pub(super) pages: Vec<Arc<Page>>,
    /// By page: up to this watermark there is nothing to let go.
    pub(super) due: Vec<EventTime>,
    /// Groups and strata of the cases.
    pub attributes: AttributeTable,
    pub(super) profiles: Vec<String>,
    pub(super) horizons: Horizons,
    open_limit: usize,
    waiting_limit: usize,
    remembered_limit: usize,
    pub(super) open: usize,
    pub(super) waiting: usize,
    pub(super) remembered: usize,
    pub(super) swept_at: EventTime,
    to_sweep: usize,
    sweep_next: usize,
    pub(super) evicted: u64,
    pub(super) dropped_waiting: u64,
    evicted_ids: u64,
    records: Vec<Record>,
    before: Vec<CaseFacts>,
    after: Vec<CaseFacts>,
    effects: Effects,
}

/// What an event did to a case.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// How what it counts for has changed.
    pub changes: Vec<CaseChange>,
    /// The same, seen in the order of event time.
    pub finals: Vec<FinalChange>,
    /// How what it counts for differs from what evidence counts of it: as it no longer does (`false`), and as it does now (`true`).
    pub missing: Vec<(CaseChange, bool)>,
    /// Its profile, where it is known.
    pub profile: Option<ProfileId>,
}

/// What an event did to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It may have changed what its case counts for.
    Changed,
    /// The same, by a second selection.
    Conflict,
    /// Seen before.
    Duplicate,
    /// The case has too many events.
    Full,
}

/// An event that was joined to its case.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'l> {
    /// What became of the event.
    pub arrival: Arrival,
    /// What it did to the case.
    pub effects: &'l Effects,
    /// The groups and strata that the effects name.
    pub attributes: &'l AttributeTable,
}

/// How far time had come when an event was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The watermark: what is past by it is let go.
    pub watermark: EventTime,
    /// How far the event's own partition has come; not before the watermark.
    pub seen: EventTime,
    /// Too late to be a final fact.
    pub late: bool,
}

/// The ledger's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerHealth {
    /// Cases open.
    pub open_cases: u64,
    /// Cases closed because the limit was reached.
    pub evicted_cases: u64,
    /// Cases that wait for their selection.
    pub waiting_cases: u64,
    /// Waiting cases that were closed.
    pub dropped_waiting: u64,
    /// Ids remembered apart from open cases.
    pub remembered_ids: u64,
    /// Ids forgotten because the limit was reached, since the start.
    pub evicted_ids: u64,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(plan: &Plan, key: PseudonymKey) -> Self {
        Self {
            key,
            // One empty page stands for all until they are written to.
            pages: vec![Arc::default(); PAGES],
            due: vec![EventTime(i64::MAX); PAGES],
            attributes: AttributeTable::new(plan),
            profiles: plan.profiles.iter().map(|profile| profile.name.clone()).collect(),
            horizons: Horizons { spans: Spans::of(plan), dedupe: plan.ledger.dedupe_horizon },
            open_limit: plan.ledger.open_cases,
            waiting_limit: plan.ledger.waiting_events,
            remembered_limit: plan.ledger.remembered_ids,
            open: 0,
            waiting: 0,
            remembered: 0,
            swept_at: EventTime::MIN,
            to_sweep: 0,
            sweep_next: 0,
            evicted: 0,
            dropped_waiting: 0,
            evicted_ids: 0,
            records: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            effects: Effects::default(),
        }
    }

    /// Joins an event to its case. Returns what it did; `None` for an event that is about no case.
    pub fn join(&mut self, event: &Event<'_>, timing: &Timing) -> Option<Joined<'_>> {
        self.effects.clear();
        let (case_id, record) = self.record_of(event)?;
        let arrived = self.horizons.spans.arrived(record.time, timing.seen);
        let record = Record { arrived, flags: record.flags.with_late(timing.late), ..record };
        let key = self.key.case(case_id);
        let arrival = self.add(key, record, timing);
        self.keep_bounds(timing.watermark);
        Some(Joined { arrival, effects: &self.effects, attributes: &self.attributes })
    }

    /// How long cases are kept.
    #[must_use]
    pub const fn spans(&self) -> Spans {
        self.horizons.spans
    }

    /// Keeps cases as long as `spans` say from now on. What is past by those before is let go; of the rest other events may belong together
    /// than did, and `visit` learns what that does to each case. Hours of event time before `first` are final.
    pub fn change_spans(
        &mut self,
        spans: Spans,
        watermark: EventTime,
        first: i32,
        mut visit: impl FnMut(&Effects, &AttributeTable),
    ) {
        let before = self.horizons.spans;
        if spans == before {
            return;
        }
        self.due.fill(EventTime::MIN);
        for index in 0..PAGES {
            // A page that changes is copied while a snapshot holds it: only those in which something is past.
            if self.pages.get(index).is_some_and(|page| page.holds_past(watermark, &before)) {
                self.sweep(index, watermark, EventTime::MIN, EventTime::MIN);
            }
        }
        for records in self.pages.iter().flat_map(|page| page.dossiers()).filter(|case| differs(case, &before, &spans))
        {
            self.effects.refold(records, first, &mut self.attributes, (&before, &spans));
            visit(&self.effects, &self.attributes);
        }
        self.effects.clear();
        self.horizons.spans = spans;
        self.due.fill(EventTime::MIN);
        let miscounted = self.pages.iter_mut().filter(|page| page.waiting() != page.count_waiting(&spans));
        miscounted.for_each(|page| Arc::make_mut(page).count_waiting_again(&spans));
        self.waiting = self.pages.iter().map(|page| page.waiting()).sum();
    }

    /// Remembers an event that is about no case; returns whether it is new.
    pub fn remember(&mut self, event: &Event<'_>, timing: &Timing) -> bool {
        // There are streams without a single case.
        self.keep_bounds(timing.watermark);
        let tag = self.tag(event);
        let until = self.horizons.remembered_until(event.time);
        let key = CaseKey { high: tag.full, low: tag.id };
        self.make_due(key, until);
        let memory = &mut self.page_mut(key).memory;
        let before = memory.len();
        let new = memory.insert((tag.full, tag.id), until, timing.seen);
        let added = memory.len() - before;
        self.remembered += added;
        new
    }

    /// The ledger's size.
    #[must_use]
    pub fn health(&self) -> LedgerHealth {
        LedgerHealth {
            open_cases: self.open as u64,
            evicted_cases: self.evicted,
            waiting_cases: self.waiting as u64,
            dropped_waiting: self.dropped_waiting,
            remembered_ids: self.remembered as u64,
            evicted_ids: self.evicted_ids,
        }
    }

    /// Bytes allocated for open cases; walks over all of them.
    #[must_use]
    pub fn allocated_bytes(&self) -> u64 {
        self.pages.iter().map(|page| page.allocated_bytes() as u64).sum()
    }

    /// The ordering tag of an event, for those that are about no case.
    #[must_use]
    pub fn tag(&self, event: &Event<'_>) -> EventTag {
        self.key.event(&event.source, &event.id)
    }

    /// The index a profile's name has in records.
    fn profile_index(&self, name: &str) -> u16 {
        let found = match self.profiles.as_slice() {
            [only] if only == name => Ok(0),
            profiles => profiles.binary_search_by(|profile| profile.as_str().cmp(name)),
        };
        found.ok().and_then(|index| u16::try_from(index).ok()).unwrap_or(UNKNOWN_PROFILE)
    }

    fn add(&mut self, key: CaseKey, record: Record, timing: &Timing) -> Arrival {
        let (horizons, swept_at) = (self.horizons, self.swept_at);
        let mut records = std::mem::take(&mut self.records);
        let page = self.page(key);
        let sizes = page.sizes();
        page.records(key, &mut records);
        if horizons.spans.runs(&records).next().is_some_and(|run| horizons.spans.is_past(run, timing.watermark)) {
            let waited = self.page_mut(key).let_go(key, &mut records, timing.watermark, swept_at, &horizons);
            self.dropped_waiting = self.dropped_waiting.saturating_add(waited);
        }
        let known = horizons.knows(&records, &record, timing.seen)
            || self.page(key).memory.contains((key.high, record.tag), timing.seen);
        let arrival = if known { Arrival::Duplicate } else { self.add_new(key, record, &mut records) };
        self.note_size(key, &sizes);
        self.records = records;
        arrival
    }

    /// Adds a record that was not there to the case whose records are `records`.
    fn add_new(&mut self, key: CaseKey, record: Record, records: &mut Vec<Record>) -> Arrival {
        let Horizons { spans, .. } = self.horizons;
        self.make_due(key, spans.kept_until(&[record]).min(self.horizons.remembered_until(record.time)));
        facts_of_runs(records, &mut self.attributes, &spans, &mut self.before);
        let missing = &mut self.effects.missing;
        missing_changes(records, &mut self.attributes, &spans, |change| missing.push((change, false)));
        match self.page_mut(key).add(key, record, records, &spans) {
            Added::Changed => {
                self.note_changes(&record, records);
                Arrival::Changed
            }
            Added::Conflict => {
                self.note_changes(&record, records);
                Arrival::Conflict
            }
            Added::Refused => {
                self.effects.clear();
                let (horizons, swept_at) = (self.horizons, self.swept_at);
                self.page_mut(key).remember(key, record.tag, record.time, swept_at, &horizons);
                Arrival::Conflict
            }
            Added::Full => {
                self.effects.clear();
                Arrival::Full
            }
        }
    }

    /// Takes down what the record, which now is among `records`, changed since `before`.
    fn note_changes(&mut self, record: &Record, records: &[Record]) {
        let Horizons { spans, .. } = self.horizons;
        let Self { attributes, before, after, effects: Effects { changes: made, finals, missing, profile }, .. } = self;
        facts_of_runs(records, attributes, &spans, after);
        changes(before, after, |change| made.push(change));
        final_changes(records, record, made, attributes, &spans, finals);
        missing_changes(records, attributes, &spans, |change| missing.push((change, true)));
        *profile = after.iter().rev().find_map(|facts| facts.home).map(|home| home.profile);
    }

    /// Takes in that a page has something to let go after this watermark.
    fn make_due(&mut self, key: CaseKey, until: EventTime) {
        let index = Self::page_index(key);
        if let Some(due) = self.due.get_mut(index) {
            *due = (*due).min(until);
        }
    }

    /// Takes in how a page's size has changed.
    fn note_size(&mut self, key: CaseKey, before: &Sizes) {
        let after = self.page(key).sizes();
        self.open = self.open + after.open - before.open;
        self.waiting = self.waiting + after.waiting - before.waiting;
        self.remembered = self.remembered + after.remembered - before.remembered;
    }

    /// Some pages are swept per event after each [`SWEEP_EVERY`] of event time; at a limit all are, at once. What is past is let go first:
    /// how far the sweeping has come decides nothing.
    fn keep_bounds(&mut self, watermark: EventTime) {
        if self.open > self.open_limit || self.waiting > self.waiting_limit || self.remembered > self.remembered_limit {
            self.sweep_all(watermark, EventTime::MIN, EventTime::MIN);
        }
        if self.open > self.open_limit {
            let cutoff = self.oldest(false, self.open - self.open_limit + self.open_limit / FREED_SHARE);
            self.sweep_all(watermark, cutoff, EventTime::MIN);
        }
        if self.waiting > self.waiting_limit {
            let cutoff = self.oldest(true, self.waiting - self.waiting_limit + self.waiting_limit / FREED_SHARE);
            self.sweep_all(watermark, EventTime::MIN, cutoff);
        }
        if self.remembered > self.remembered_limit {
            self.forget_oldest(self.remembered - self.remembered_limit + self.remembered_limit / FREED_SHARE);
        }
        if watermark.since(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = watermark;
            self.to_sweep = PAGES;
        }
        for _ in 0..SWEPT_AT_ONCE.min(self.to_sweep) {
            self.to_sweep -= 1;
            self.sweep_next = (self.sweep_next + 1) % PAGES;
            self.sweep(self.sweep_next, watermark, EventTime::MIN, EventTime::MIN);
        }
    }

    fn sweep_all(&mut self, watermark: EventTime, cutoff: EventTime, waiting_cutoff: EventTime) {
        (0..PAGES).for_each(|index| self.sweep(index, watermark, cutoff, waiting_cutoff));
    }

    fn sweep(&mut self, index: usize, watermark: EventTime, cutoff: EventTime, waiting_cutoff: EventTime) {
        let Some(due) = self.due.get_mut(index) else { return };
        // Pages in which nothing is due are not even looked at: there are many, and they are far apart in memory.
        if *due >= watermark && cutoff.max(waiting_cutoff) == EventTime::MIN {
            return;
        }
        let Some(page) = self.pages.get_mut(index).filter(|page| !page.is_empty()) else {
            *due = EventTime(i64::MAX);
            return;
        };
        let page = Arc::make_mut(page);
        let before = page.sizes();
        let swept = page.sweep(watermark, self.swept_at, cutoff, waiting_cutoff, &self.horizons);
        *due = swept.due;
        let after = page.sizes();
        self.open = self.open + after.open - before.open;
        self.waiting = self.waiting + after.waiting - before.waiting;
        // What is closed here is remembered from here on.
        self.remembered = self.remembered + after.remembered - before.remembered;
        self.evicted = self.evicted.saturating_add(swept.evicted);
        self.dropped_waiting = self.dropped_waiting.saturating_add(swept.dropped_waiting);
    }

    /// Forgets the `count` ids that would be forgotten first.
    fn forget_oldest(&mut self, count: usize) {
        let memories = || self.pages.iter().map(|page| &page.memory).filter(|memory| memory.len() > 0);
        let Some(last) = oldest_age(memories, count) else { return };
        let reaches = |memory: &Memory| memory.entries().any(|entry| entry.age() <= last);
        for page in self.pages.iter_mut().filter(|page| reaches(&page.memory)) {
            let forgotten = Arc::make_mut(page).memory.forget(last);
            self.remembered -= forgotten;
            self.evicted_ids = self.evicted_ids.saturating_add(forgotten as u64);
        }
    }

    /// The opening time of the `count`-th oldest case.
    fn oldest(&self, waiting_only: bool, count: usize) -> EventTime {
        let mut times = Vec::with_capacity(if waiting_only { self.waiting } else { self.open });
        self.pages.iter().for_each(|page| page.opened(waiting_only, &self.horizons.spans, |time| times.push(time)));
        let index = count.saturating_sub(1).min(times.len().saturating_sub(1));
        if times.is_empty() {
            return EventTime::MIN;
        }
        *times.select_nth_unstable(index).1
    }

    fn page(&self, key: CaseKey) -> &Page {
        #[expect(clippy::indexing_slicing, reason = "an index of a page is below PAGES, their number")]
        &self.pages[Self::page_index(key)]
    }

    /// Copied first where a snapshot holds it.
    fn page_mut(&mut self, key: CaseKey) -> &mut Page {
        let index = Self::page_index(key);
        #[expect(clippy::indexing_slicing, reason = "an index of a page is below PAGES, their number")]
        Arc::make_mut(&mut self.pages[index])
    }

    /// The upper six bits choose the shard, the fourteen below them the page.
    pub(super) fn page_index(key: CaseKey) -> usize {
        let part = (key.high >> 44) as usize % PAGE_PARTS;
        let page = PAGE_OF_PART.get(part).copied().map_or(0, usize::from);
        (key.high >> 58) as usize * PAGES_PER_SHARD + page
    }

    /// The case an event is about, and the event reduced to a record; `None` for events about no case.
    fn record_of<'e>(&mut self, event: &'e Event<'_>) -> Option<(&'e str, Record)> {
        let blank = Record {
            time: event.time,
            arrived: event.time,
            tag: self.tag(event).within_case(),
            attributes: AttributesId::default(),
            control: 0,
            revises: 0,
            profile: NO_PROFILE,
            kind: RecordKind::Attributes,
            flags: Flags::default(),
        };
        match &event.data {
            Data::Selection(data) => Some((&data.case_id, self.selection_record(data, blank))),
            Data::Control(data) => Some((&data.case_id, self.control_record(data, blank))),
            Data::Outcome(data) => Some((&data.case_id, self.outcome_record(data, blank))),
            Data::Attributes(data) => {
                let attributes = self.attributes.intern(&data.groups, &data.strata, None);
                Some((&data.case_id, Record { attributes, ..blank }))
            }
            Data::Complaint(data) => {
                let case_id = data.case_id.as_deref()?;
                let attributes = self.attributes.intern(&data.groups, &Vec::new(), None);
                let profile = self.profile_index(&data.profile);
                Some((case_id, Record { attributes, profile, kind: RecordKind::Complaint, ..blank }))
            }
            Data::Tally(_) | Data::Population(_) => None,
        }
    }

    fn selection_record(&mut self, data: &event::Selection<'_>, blank: Record) -> Record {
        Record {
            attributes: self.attributes.intern(&data.groups, &data.strata, data.risk_class.as_deref()),
            revises: data.revises.as_deref().map_or(0, |id| self.key.revised(id)),
            profile: self.profile_index(&data.profile),
            kind: RecordKind::Selection,
            flags: Flags::new(data.selected, Some(data.channel), None),
            ..blank
        }
    }

    fn control_record(&mut self, data: &event::Control<'_>, blank: Record) -> Record {
        Record {
            attributes: self.attributes.intern(&data.groups, &data.strata, None),
            control: data.control_id.as_deref().map_or(0, |id| self.key.control(id)),
            profile: data.profile.as_deref().map_or(NO_PROFILE, |name| self.profile_index(name)),
            kind: RecordKind::Control,
            flags: Flags::new(data.performed, data.channel, data.outcome),
            ..blank
        }
    }

    fn outcome_record(&self, data: &event::OutcomeReport<'_>, blank: Record) -> Record {
        Record {
            control: data.control_id.as_deref().map_or(0, |id| self.key.control(id)),
            revises: data.revises.as_deref().map_or(0, |id| self.key.revised(id)),
            kind: RecordKind::Outcome,
            flags: Flags::new(false, None, Some(data.outcome)),
            ..blank
        }
    }
}

/// By part of a shard's fingerprints: the page. Cuts a shard into pages whose sizes grow from 1 to 2, each by the same factor.
static PAGE_OF_PART: LazyLock<Box<[u16]>> = LazyLock::new(|| {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let page = |part: usize| libm::log2(1.0 + part as f64 / PAGE_PARTS as f64) * PAGES_PER_SHARD as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to below 1,024")]
    (0..PAGE_PARTS).map(|part| page(part) as u16).collect()
});

/// Whether other events of the case belong together by other spans, or other ones of those that evidence knows of.
fn differs(records: &[Record], before: &Spans, after: &Spans) -> bool {
    let lengths = |spans: &Spans, records: &[Record]| spans.runs(records).map(<[Record]>::len).collect::<Vec<_>>();
    let differ = |records: &[Record]| lengths(before, records) != lengths(after, records);
    differ(records) || records.iter().any(|record| record.flags.late()) && differ(&in_time(records))
}

impl Effects {
    /// What other spans do to the case of these records.
    fn refold(
        &mut self,
        records: &[Record],
        first: i32,
        attributes: &mut AttributeTable,
        (before, after): (&Spans, &Spans),
    ) {
        self.clear();
        let Self { changes: made, finals, missing, profile: _ } = self;
        let (mut was, mut is): (Vec<CaseFacts>, Vec<CaseFacts>) = Default::default();
        facts_of_runs(records, attributes, before, &mut was);
        facts_of_runs(records, attributes, after, &mut is);
        changes(&was, &is, |change| made.push(change));
        refolded_steps(records, first, attributes, (before, after), finals);
        missing_changes(records, attributes, before, |change| missing.push((change, false)));
        missing_changes(records, attributes, after, |change| missing.push((change, true)));
    }

    fn clear(&mut self) {
        let Self { changes, finals, missing, profile } = self;
        changes.clear();
        finals.clear();
        missing.clear();
        *profile = None;
    }
}

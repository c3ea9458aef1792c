//! The ledger: joins each event to its case, and returns what that did.

use std::collections::BTreeMap;

use super::attributes::AttributeTable;
use super::bounds::Bounds;
use super::case::{CaseFacts, facts_of_runs, facts_of_selection};
use super::contradiction::contradicts;
use super::effects::{Comparison, Effects, runs_differ};
use super::fingerprint::{CaseKey, EventTag, PseudonymKey};
use super::former::Former;
use super::horizons::Horizons;
use super::likeness::{content, difference};
use super::losses::{Loss, Losses};
use super::memory::Known;
use super::page::Added;
use super::pages::Pages;
use super::ready::{CaseEvent, ReadyRecord};
use super::record::{Record, RecordKind};
use super::record_maker::RecordMaker;
use super::run::Spans;
use super::sweep::note_closed;
use crate::event::{Event, Skimmed, TemplateSecret};
use crate::plan::{EventTime, Plan};

/// All open cases, and the ids of events about no case or about closed ones.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The groups and strata of the cases.
    pub attributes: AttributeTable,
    pub(super) maker: RecordMaker,
    pub(super) pages: Pages,
    pub(super) horizons: Horizons,
    pub(super) bounds: Bounds,
    pub(super) losses: Losses,
    /// `None` but for a while after the key was changed.
    pub(super) former: Option<Box<Former>>,
    /// The records of the case at hand; kept for its buffer.
    pub(super) records: Vec<Record>,
    comparison: Comparison,
}

/// An event that was joined to its case.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'l> {
    /// What became of the event.
    pub arrival: Arrival,
    /// The event's record, as if it arrived in time.
    pub record: Record,
    /// What it did to the case.
    pub effects: &'l Effects,
    /// The groups and strata that the effects name.
    pub attributes: &'l AttributeTable,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was added to its case, and may have changed what the case counts for.
    Changed,
    /// It is a second selection of its case, or says that a control ended otherwise than another report on it, which it does not correct. It was
    /// added as well, unless the case has too many events.
    Conflict,
    /// It was delivered before. Nothing changed.
    Duplicate,
    /// An earlier event of its case, or an earlier one about no case, has its identity, and says something else: the
    /// two differ in this. Nothing changed.
    Mismatched(&'static str),
    /// The case has too many events ([`MAX_RECORDS_PER_CASE`](super::MAX_RECORDS_PER_CASE)). Nothing changed.
    Full,
}

impl Arrival {
    /// Returns what became of an event about no case, of which this was known.
    pub(super) const fn of_known(known: Known) -> Self {
        match known {
            Known::Nothing => Self::Changed,
            Known::Same => Self::Duplicate,
            Known::Other => Self::Mismatched("type or content"),
        }
    }
}

/// How far time had come when an event was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The watermark. What has expired by then is closed.
    pub watermark: EventTime,
    /// The largest event time of the event's own partition so far; not before the watermark.
    pub seen: EventTime,
    /// Whether the event came later than the allowed lateness: windows count it, evidence does not.
    pub late: bool,
}

/// How much the ledger holds, and what its limits cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerHealth {
    /// Open cases.
    pub open_cases: u64,
    /// Cases closed before they expired, because of the limit on open cases.
    pub evicted_cases: u64,
    /// Open cases that wait for their selection.
    pub waiting_cases: u64,
    /// Cases that were closed while they waited.
    pub dropped_waiting: u64,
    /// Event ids remembered beside open cases.
    pub remembered_ids: u64,
    /// Event ids forgotten early because of the limit on them, since the program started.
    pub evicted_ids: u64,
    /// Losses that were not told, because too many were not taken, since the program started.
    pub losses_overflowed: u64,
}

impl Ledger {
    /// Returns an empty ledger.
    #[must_use]
    pub fn new(plan: &Plan, key: PseudonymKey) -> Self {
        Self {
            attributes: AttributeTable::new(plan),
            maker: RecordMaker::new(plan, key),
            pages: Pages::new(),
            horizons: Horizons { spans: Spans::of(plan), dedupe: plan.ledger.dedupe_horizon },
            bounds: Bounds::new(&plan.ledger),
            losses: Losses::default(),
            former: None,
            records: Vec::new(),
            comparison: Comparison::new(plan.reads_complaints()),
        }
    }

    /// Joins an event to its case. Returns what that did, or `None` for an event about no case.
    pub fn join(&mut self, event: &Event<'_>, timing: &Timing) -> Option<Joined<'_>> {
        let overflowed = self.attributes.overflowed();
        let Some((case_id, record)) = self.maker.record_of(event, &mut self.attributes) else {
            self.comparison.effects.clear();
            return None;
        };
        let case_event = CaseEvent { case: self.maker.prints.case(case_id), record };
        let case_event = self.choose_key((event, case_id), case_event, timing);
        let arrival = self.join_record(&case_event, timing, overflowed);
        if arrival == Arrival::Changed {
            self.count_spellings(event, &case_event.record);
        }
        Some(self.joined(arrival, case_event.record))
    }

    /// Joins an event that is known by its record.
    pub fn join_case(&mut self, event: &CaseEvent, timing: &Timing) -> Joined<'_> {
        let arrival = self.join_record(event, timing, self.attributes.overflowed());
        self.joined(arrival, event.record)
    }

    /// Returns what the event did that was joined last.
    const fn joined(&self, arrival: Arrival, record: Record) -> Joined<'_> {
        Joined { arrival, record, effects: &self.comparison.effects, attributes: &self.attributes }
    }

    /// Joins an event. `overflowed` is how many combinations did not fit before it was read.
    fn join_record(&mut self, event: &CaseEvent, timing: &Timing, overflowed: u64) -> Arrival {
        self.comparison.effects.clear();
        let CaseEvent { case, record } = *event;
        let arrived = self.arrived(&record, timing);
        let arrival = self.add(case, arrived, timing);
        if self.has_two_keys() && matches!(arrival, Arrival::Changed | Arrival::Conflict) {
            self.note_former(case, &arrived);
        }
        if self.attributes.overflowed() > overflowed && !matches!(arrival, Arrival::Duplicate | Arrival::Mismatched(_))
        {
            self.losses.add_overflow(&record, self.comparison.home());
        }
        self.keep_bounds(timing.watermark);
        arrival
    }

    /// Does what [`Self::join_case`] does for the first event of a case, where that is a plain selection in time. Nearly
    /// all events are such. Returns what the case counts for, or `None`, with nothing changed, for another event.
    #[inline]
    pub fn open_case(&mut self, event: &CaseEvent, timing: &Timing) -> Option<CaseFacts> {
        let CaseEvent { case, record } = *event;
        if timing.late || !record.is_plain_selection() || self.arrived(&record, timing).arrived != record.time {
            return None;
        }
        let only = std::slice::from_ref(&record);
        let until = self.horizons.spans.kept_until(only).min(self.horizons.remembered_until(record.time));
        if !self.pages.open_simple(case, &record, timing.seen, until) {
            return None;
        }
        self.keep_bounds(timing.watermark);
        Some(facts_of_selection(&record))
    }

    /// Returns what makes a record of another event like this one, which became `record`, without decoding it; `None`
    /// where that would lose something.
    #[must_use]
    pub fn ready_record(&self, event: &Event<'_>, record: &Record) -> Option<ReadyRecord> {
        if self.counts_spellings(event) {
            return None;
        }
        let former = self.former.as_ref().map(|former| &former.prints);
        ReadyRecord::of(event, record, (&self.maker.prints, former), &self.attributes)
    }

    /// Returns the event that a ready record becomes with these values.
    #[inline]
    #[must_use]
    pub fn fill(&self, ready: &ReadyRecord, values: &Skimmed<'_>) -> CaseEvent {
        let (case, record) = ready.fill(values, &self.maker.prints);
        CaseEvent { case, record }
    }

    /// Reads of memory what joining these cases will read. Returns a number that depends on it.
    pub fn touch(&self, cases: impl Iterator<Item = CaseKey>) -> usize {
        self.pages.touch(cases)
    }

    /// Puts in order what a snapshot held up, a little at each call.
    pub fn settle_newcomers(&mut self) {
        self.pages.settle_newcomers();
    }

    /// Returns the losses since the last call, in the order in which the ledger knew of them.
    pub fn take_losses(&mut self) -> Vec<Loss> {
        self.losses.take()
    }

    /// Returns how many losses [`Self::take_losses`] left out since the last call, because there were too many, by the
    /// hour of their time, counted from 1970.
    pub fn take_losses_beyond(&mut self) -> BTreeMap<i32, u64> {
        self.losses.take_beyond()
    }

    /// Returns, by dimension, how many cases were let go without a value in it, where a rule reads it. Dimensions at the
    /// end may be left out.
    #[must_use]
    pub fn released(&self) -> &[u64] {
        &self.losses.released
    }

    /// Returns the secret of the templates.
    #[must_use]
    pub fn template_secret(&self) -> TemplateSecret {
        self.maker.key.template_secret()
    }

    /// Remembers an event about no case. It is [`Arrival::Changed`] where it is new.
    pub fn remember(&mut self, event: &Event<'_>, timing: &Timing) -> Arrival {
        // Limits are kept here too, for there are streams without a single case.
        self.keep_bounds(timing.watermark);
        if let Some(arrival) = self.remembered_by_former(event, timing) {
            return arrival;
        }
        let tag = self.tag(event);
        let until = self.horizons.remembered_until(event.time);
        let key = CaseKey { high: tag.full, low: tag.id };
        self.pages.note_due(key, until);
        let page = self.pages.page_mut(key);
        let before = page.sizes();
        let known = page.memory.insert_event(tag, content(event, &self.maker.key), until, timing.seen);
        self.pages.note_change(key, &before);
        Arrival::of_known(known)
    }

    /// Keeps cases by other `spans` from now on. What has expired by the previous ones is closed. In the other cases
    /// the runs may differ now, and `visit` gets what that does to each case. Hours of event time before `first` are
    /// final.
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
        self.bounds.sweep_expired(&mut self.pages, watermark, &self.horizons, &mut self.losses.closed);
        self.losses.add_closed(&mut self.attributes, &before);
        let Comparison { effects, reads_complaints, .. } = &mut self.comparison;
        let first = (first, *reads_complaints);
        for records in self.pages.full_cases().filter(|records| runs_differ(records, &before, &spans)) {
            effects.refold(records, first, &mut self.attributes, (&before, &spans));
            visit(effects, &self.attributes);
        }
        effects.clear();
        if let Some(former) = &mut self.former {
            former.change_spans(&before, &spans);
        }
        self.horizons.spans = spans;
        self.pages.note_all_due();
        self.pages.count_waiting_again(&spans);
    }

    /// Visits what each open case counts for that waits for its selection.
    pub fn visit_unmatched(&mut self, mut visit: impl FnMut(&CaseFacts)) {
        let mut facts = Vec::new();
        for records in self.pages.full_cases() {
            facts_of_runs(records, &mut self.attributes, &self.horizons.spans, &mut facts);
            facts.iter().filter(|facts| facts.unmatched.is_some()).for_each(&mut visit);
        }
    }

    /// Returns how long cases are kept.
    #[must_use]
    pub const fn spans(&self) -> Spans {
        self.horizons.spans
    }

    /// Returns how much the ledger holds.
    #[must_use]
    pub fn health(&self) -> LedgerHealth {
        let sizes = self.pages.sizes();
        LedgerHealth {
            open_cases: sizes.open as u64,
            evicted_cases: self.bounds.evicted,
            waiting_cases: sizes.waiting as u64,
            dropped_waiting: self.bounds.dropped_waiting,
            remembered_ids: sizes.remembered as u64,
            evicted_ids: self.bounds.evicted_ids,
            losses_overflowed: self.losses.overflowed(),
        }
    }

    /// Returns the bytes allocated for open cases. Visits all of them.
    #[must_use]
    pub fn allocated_bytes(&self) -> u64 {
        self.pages.allocated_bytes()
    }

    /// Returns the tag of an event, by which events about no case are ordered.
    #[must_use]
    pub fn tag(&self, event: &Event<'_>) -> EventTag {
        self.maker.tag(event)
    }

    /// Continues the round of sweeps, and keeps the limits.
    #[inline(always)]
    fn keep_bounds(&mut self, watermark: EventTime) {
        self.bounds.keep(&mut self.pages, watermark, &self.horizons, &mut self.losses.closed);
        if !self.losses.closed.is_empty() {
            self.losses.add_closed(&mut self.attributes, &self.horizons.spans);
        }
    }

    /// Returns a record with the time at which it arrived.
    #[inline]
    fn arrived(&self, record: &Record, timing: &Timing) -> Record {
        let arrived = self.horizons.spans.arrived(record.time, timing.seen);
        Record { arrived, flags: record.flags.with_late(timing.late), ..*record }
    }

    /// Adds a record to its case, unless it is a second delivery.
    fn add(&mut self, key: CaseKey, record: Record, timing: &Timing) -> Arrival {
        let horizons = self.horizons;
        let mut records = std::mem::take(&mut self.records);
        let page = self.pages.page(key);
        let before = page.sizes();
        page.records(key, &mut records);
        if horizons.spans.runs(&records).next().is_some_and(|run| horizons.spans.is_expired(run, timing.watermark)) {
            let page = self.pages.page_mut(key);
            let closed = page.close_expired(key, &mut records, timing.watermark, self.bounds.swept_at, &horizons);
            let waited = horizons.spans.waiting_runs(&closed);
            self.bounds.dropped_waiting = self.bounds.dropped_waiting.saturating_add(waited);
            note_closed(&closed, timing.watermark, &horizons.spans, &mut self.losses.closed);
        }
        let arrival = if horizons.is_duplicate(&records, &record, timing.seen) {
            self.compared(&records, &record)
        } else if self.pages.page(key).memory.contains((key.high, record.tag), timing.seen) {
            // Of a closed case nothing is known but the id.
            Arrival::Duplicate
        } else {
            self.add_new(key, record, &mut records)
        };
        self.pages.note_change(key, &before);
        self.records = records;
        arrival
    }

    /// Compares a record with those of its identity in its case.
    fn compared(&self, records: &[Record], record: &Record) -> Arrival {
        let same = records.iter().filter(|known| known.tag == record.tag);
        let mut differences = same.map(|known| difference(known, record, &self.attributes));
        let first = differences.next().flatten();
        // Where it was delivered in several runs of the case, it may say what any of them says.
        first.filter(|_| differences.all(|other| other.is_some())).map_or(Arrival::Duplicate, Arrival::Mismatched)
    }

    /// Adds a new record to the case whose records are `records`.
    fn add_new(&mut self, key: CaseKey, record: Record, records: &mut Vec<Record>) -> Arrival {
        let Horizons { spans, .. } = self.horizons;
        self.pages.note_due(key, spans.kept_until(&[record]).min(self.horizons.remembered_until(record.time)));
        self.comparison.begin(records, &mut self.attributes, &spans);
        match self.pages.page_mut(key).add(key, record, records, &spans) {
            Added::Changed => {
                // A correction, which may be of none of the others.
                if record.kind == RecordKind::Selection && records.len() > 1 {
                    self.losses.add_selection(&record, records, &spans);
                }
                self.comparison.finish(&record, records, &mut self.attributes, &spans);
                let is_conflict = records.len() > 1 && contradicts(&record, records, &spans);
                if is_conflict { Arrival::Conflict } else { Arrival::Changed }
            }
            Added::Conflict => {
                self.losses.add_selection(&record, records, &spans);
                self.comparison.finish(&record, records, &mut self.attributes, &spans);
                Arrival::Conflict
            }
            Added::Rejected => {
                self.losses.add_selection(&record, records, &spans);
                self.comparison.effects.clear();
                let memory = &mut self.pages.page_mut(key).memory;
                self.horizons.remember(memory, key, record.tag, record.time, self.bounds.swept_at);
                Arrival::Conflict
            }
            Added::Full => {
                self.comparison.effects.clear();
                Arrival::Full
            }
        }
    }
}

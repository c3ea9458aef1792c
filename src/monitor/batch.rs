//! Handling many records at once: the same as handling one after another, only faster.
//!
//! Each part of a batch goes through three stages, so that the instructions of a stage stay in the processor's cache, and the waits for memory
//! overlap: recognise and hash all records; read of memory what joining them will read; then join and count one after another.

use super::cases::{count_known, names_unknown_profile};
use super::core::Monitor;
use super::interface::{Clock, Handled, Received};
use super::places::places_of_groups;
use super::recognition::{DecodedRecord, Desk, Known, Prepared, Recognition};
use super::tallies::type_index;
use crate::event::{Decoded, TemplateId};
use crate::ledger::{CaseEvent, CaseEvents, Ledger, Timing};
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, PartitionIndex, Span};

/// Records that go through a stage together. Their payloads fit into the second level of a processor's cache.
const PART: usize = 256;

/// How long templates are kept, at most, by the wall clock and from tick to tick.
const TEMPLATES_KEPT: Span = Span::DAY;

/// The most threads that records are recognised by.
pub const MAX_WORKERS: usize = 64;

/// What runs tasks at once. The core has no threads; whoever calls it may lend some.
pub trait Workers {
    /// The number of tasks that run at once.
    fn count(&self) -> usize;

    /// Runs all tasks, in any order, and returns when they have ended.
    fn run<'t>(&self, tasks: Vec<Task<'t>>);
}

/// Something to be done once, by any thread.
pub type Task<'t> = Box<dyn FnOnce() + Send + 't>;

/// No threads but the caller's.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Workers for Alone {
    fn count(&self) -> usize {
        1
    }

    fn run<'t>(&self, tasks: Vec<Task<'t>>) {
        tasks.into_iter().for_each(|task| task());
    }
}

impl Monitor {
    /// Handles the records of a batch, in their order. Replaces `handled` by what became of each. However a stream is divided into batches,
    /// the results and the state are the same as those of [`Self::handle_record`].
    pub fn handle_batch(&mut self, batch: &[Received<'_>], now: EventTime, handled: &mut Vec<Handled>) {
        self.handle_batch_by(&Alone, batch, now, handled);
    }

    /// Does what [`Self::handle_batch`] does, with records recognised by several threads at once. However many there are, the results and the
    /// state are the same.
    pub fn handle_batch_by(
        &mut self,
        workers: &dyn Workers,
        batch: &[Received<'_>],
        now: EventTime,
        handled: &mut Vec<Handled>,
    ) {
        handled.clear();
        handled.reserve(batch.len());
        let count = workers.count().clamp(1, MAX_WORKERS);
        self.recognition.desks.resize_with(count, Desk::default);
        let mut decoded: Vec<Vec<DecodedRecord<'_>>> = Vec::new();
        decoded.resize_with(count, Vec::new);
        for parts in batch.chunks(PART * count) {
            self.forget_templates_if_full();
            let parts: Vec<&[Received<'_>]> = parts.chunks(PART).collect();
            self.prepare(workers, &parts, &mut decoded);
            for (desk, (part, decoded)) in parts.into_iter().zip(&mut decoded).enumerate() {
                self.handle_prepared(desk, part, decoded, now, handled);
            }
            // So that few are held.
            self.tables.count_losses();
        }
        self.count_uncounted();
        self.tables.ledger.settle_newcomers();
    }

    fn forget_templates_if_full(&mut self) {
        if self.recognition.templates.is_full() {
            self.forget_templates();
        }
    }

    /// Forgets all templates a day after it did so last. They hold what records say but for ids and times, also of cases that are closed.
    pub(super) fn forget_templates_in_time(&mut self, now: EventTime) {
        if self.templates_since == EventTime::MIN {
            self.templates_since = now;
        } else if now.since(self.templates_since) >= TEMPLATES_KEPT {
            self.forget_templates();
            // What was read last lies at the desks.
            self.recognition.desks = vec![Desk::default()];
            self.templates_since = now;
        }
    }

    fn forget_templates(&mut self) {
        self.count_uncounted();
        self.sums.clear();
        self.recognition.templates.clear();
    }

    /// Recognises all records of some parts, or decodes them: each part at a desk of its own.
    fn prepare<'a>(
        &mut self,
        workers: &dyn Workers,
        parts: &[&[Received<'a>]],
        decoded: &mut [Vec<DecodedRecord<'a>>],
    ) {
        let (limits, max_ahead) = (self.plan.event, self.max_ahead());
        let Recognition { templates, desks } = &mut self.recognition;
        let (templates, ledger) = (&*templates, &self.tables.ledger);
        let mut tasks = parts.iter().zip(desks).zip(decoded).map(|((part, desk), decoded)| {
            move || {
                let records = part.iter().map(|received| &received.record);
                desk.prepare(records, templates, (&limits, max_ahead), ledger, decoded);
            }
        });
        match (tasks.next(), parts.len()) {
            (Some(mut only), 1) => only(),
            (first, _) => workers.run(first.into_iter().chain(tasks).map(|task| Box::new(task) as Task<'_>).collect()),
        }
    }

    /// Joins and counts the records of a part, one after another.
    fn handle_prepared<'a>(
        &mut self,
        desk: usize,
        part: &[Received<'a>],
        decoded: &mut Vec<DecodedRecord<'a>>,
        now: EventTime,
        handled: &mut Vec<Handled>,
    ) {
        let taken = self.recognition.desks.get_mut(desk);
        let taken = taken.map(|desk| (std::mem::take(&mut desk.prepared), std::mem::take(&mut desk.twice)));
        let (prepared, twice) = taken.unwrap_or_default();
        // The compiler must not leave the reads out.
        std::hint::black_box(self.touch(&prepared, &twice));
        let mut decoded = decoded.drain(..);
        for (place, received) in part.iter().enumerate() {
            let result = match prepared.get(place) {
                Some(Prepared::Known(template, event)) => {
                    Some(self.handle_known(received.partition, *template, event, now))
                }
                Some(Prepared::Twice(template, place)) => {
                    twice.get(*place).map(|events| self.handle_twice(received.partition, *template, events, now))
                }
                Some(Prepared::Decoded) => decoded.next().map(|decoded| self.handle_new(received, decoded, now)),
                None => None,
            };
            let result = present(Room::Monitor, "each record of a part was recognised or decoded", result);
            // Without one it is handled as if it came alone.
            handled.push(result.unwrap_or_else(|| self.handle_record(received.partition, &received.record, now)));
        }
        if let Some(desk) = self.recognition.desks.get_mut(desk) {
            // Nothing of it may be taken for the next part's.
            (desk.prepared, desk.twice) = (prepared, twice);
            desk.prepared.clear();
            desk.twice.clear();
        }
    }

    /// Reads of memory what joining these records will read.
    fn touch(&self, prepared: &[Prepared], twice: &[CaseEvents]) -> usize {
        let by_both = twice.iter().flat_map(|events| [events.former.case, events.present.case]);
        let ledger = &self.tables.ledger;
        ledger.touch(prepared.iter().filter_map(Prepared::case)) ^ ledger.touch(by_both)
    }

    fn handle_known(
        &mut self,
        partition: PartitionIndex,
        template: TemplateId,
        event: &CaseEvent,
        now: EventTime,
    ) -> Handled {
        self.handle_chosen(partition, (template, event.time()), now, |_, _| event)
    }

    /// Does what [`Self::handle_known`] does while there are two keys.
    fn handle_twice(
        &mut self,
        partition: PartitionIndex,
        template: TemplateId,
        events: &CaseEvents,
        now: EventTime,
    ) -> Handled {
        let time = events.present.time();
        self.handle_chosen(partition, (template, time), now, |ledger, timing| ledger.choose(events, timing))
    }

    /// Handles an event of a template. `choose` returns it by the key that its case has.
    #[inline]
    fn handle_chosen<'e>(
        &mut self,
        partition: PartitionIndex,
        (template, time): (TemplateId, EventTime),
        now: EventTime,
        choose: impl FnOnce(&mut Ledger, &Timing) -> &'e CaseEvent,
    ) -> Handled {
        let known = present(Room::Monitor, "a template outlives its part", self.recognition.templates.get(template));
        let (kind, unknown_profile) = known.map_or((0, false), |known| (known.kind, known.unknown_profile));
        let handled = self.handle_at(partition, time, now, |monitor, timing| {
            let event = choose(&mut monitor.tables.ledger, timing);
            let Some(facts) = monitor.tables.ledger.open_case(event, timing) else {
                return count_known((&mut monitor.tables, &mut monitor.sums), (event, unknown_profile), timing);
            };
            let Some(place) = facts.home else { return (Handled::UnknownProfile, None) };
            let (ledger, mut counting) = monitor.tables.split();
            if !monitor.sums.add(template, event.time(), &place, &mut counting) {
                counting.count_first(event.time(), facts, &ledger.attributes);
            }
            (Handled::Accepted, Some(place.profile))
        });
        if handled == Handled::Accepted && self.clock == Clock::Wall {
            let Self { latenesses, recognition, .. } = self;
            latenesses.sample_groups(|| recognition.templates.get(template).map_or(&[], |known| &known.groups));
        }
        self.tallies.count(kind, &handled);
        handled
    }

    /// Handles a record that was decoded, and keeps a template of it where it is about a case.
    fn handle_new(&mut self, received: &Received<'_>, decoded: DecodedRecord<'_>, now: EventTime) -> Handled {
        let event = match decoded {
            Ok(Decoded::Event(event)) => event,
            Ok(Decoded::UnknownType) => return self.handle_other(Handled::UnknownType),
            Err(rejection) => return self.handle_other(Handled::Rejected(rejection)),
        };
        let (handled, record) = self.handle_event(received.partition, &event, now);
        let Some(record) = record else { return handled };
        let (ledger, plan) = (&self.tables.ledger, &self.plan);
        let Recognition { templates, desks } = &mut self.recognition;
        let desk = present(Room::Monitor, "there is a desk", desks.first_mut());
        let Some(Desk { recogniser, .. }) = desk else { return handled };
        templates.learn(&received.record, &plan.event, recogniser, || {
            let unknown_profile = names_unknown_profile(&event, plan);
            let ready = ledger.ready_record(&event, &record)?;
            let groups = places_of_groups(&event, plan, &ledger.attributes).into_boxed_slice();
            Some(Known { record: ready, kind: type_index(Some(&event.data)), unknown_profile, groups })
        });
        handled
    }
}

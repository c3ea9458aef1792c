//! Sweeping a page: closing what has expired or must go, and forgetting ids.

use super::horizons::Horizons;
use super::losses::{Closed, may_lose};
use super::memory::Memory;
use super::page::{Page, SimpleCase, opened};
use super::record::Record;
use super::run::Spans;
use crate::plan::EventTime;
use crate::plan::invariant::{Room, present};

/// What a sweep closes, and what it forgets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    /// Runs that have expired at this watermark are closed.
    pub watermark: EventTime,
    /// When the round of sweeps began, in event time: ids that may be forgotten by then are forgotten.
    pub began: EventTime,
    /// Cases that were opened at or before this time are closed too.
    pub opened_until: EventTime,
    /// Waiting cases that were opened at or before this time are closed too.
    pub waiting_until: EventTime,
}

/// What a sweep of one page did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swept {
    /// Cases closed before they expired, except waiting ones.
    pub evicted: u64,
    /// Waiting runs closed, expired or not.
    pub dropped_waiting: u64,
    /// Nothing expires in the page until the watermark passes this time.
    pub due: EventTime,
}

impl Sweep {
    /// A sweep that closes nothing but what has expired.
    pub const fn of_expired(watermark: EventTime, began: EventTime) -> Self {
        Self { watermark, began, opened_until: EventTime::MIN, waiting_until: EventTime::MIN }
    }

    /// Returns whether the sweep also closes cases that have not expired.
    pub fn evicts(&self) -> bool {
        self.opened_until.max(self.waiting_until) > EventTime::MIN
    }

    /// Sweeps a page. The ids of what is closed are remembered as long as a second delivery may come. Adds to `gone` the
    /// closed runs by which something is lost.
    pub fn run(&self, page: &mut Page, horizons: &Horizons, gone: &mut Vec<Closed>) -> Swept {
        let mut swept = Swept { evicted: 0, dropped_waiting: 0, due: EventTime(i64::MAX) };
        let Page { simple, full, waiting, memory } = page;
        simple.retain(|case| self.keeps_simple(case, memory, horizons, (&mut swept, gone)));
        full.retain(|case| {
            let was_waiting = horizons.spans.waits(&case.records);
            let closed = self.close(&case.records, was_waiting, horizons, (&mut swept, gone));
            for record in case.records.iter().take(closed) {
                horizons.remember(memory, case.key, record.tag, record.time, self.began);
            }
            let open = closed < case.records.len();
            if !open {
                *waiting -= usize::from(was_waiting);
            } else if closed > 0 {
                case.records = case.records.iter().skip(closed).copied().collect();
                *waiting = *waiting + usize::from(horizons.spans.waits(&case.records)) - usize::from(was_waiting);
            }
            if let Some(run) = horizons.spans.runs(&case.records).next().filter(|_| open) {
                swept.keep_until(horizons.spans.kept_until(run));
            }
            open
        });
        swept.keep_until(memory.sweep(self.began));
        swept
    }

    /// Returns whether a case with nothing but a selection stays open.
    fn keeps_simple(
        &self,
        case: &SimpleCase,
        memory: &mut Memory,
        horizons: &Horizons,
        (swept, gone): (&mut Swept, &mut Vec<Closed>),
    ) -> bool {
        let record = case.record();
        let kept_until = horizons.spans.kept_until(std::slice::from_ref(&record));
        let expired = kept_until < self.watermark;
        let evicted = !expired && record.time <= self.opened_until;
        if expired || evicted {
            horizons.remember(memory, case.key, record.tag, record.time, self.began);
            swept.evicted += u64::from(evicted);
            if evicted || record.flags.is_open() {
                gone.push(Closed { records: std::iter::once(record).collect(), early: evicted });
            }
        } else {
            swept.keep_until(kept_until);
        }
        !(expired || evicted)
    }

    /// Returns how many of a case's first records are closed: those of expired runs, or all.
    fn close(
        &self,
        records: &[Record],
        waits: bool,
        horizons: &Horizons,
        (swept, gone): (&mut Swept, &mut Vec<Closed>),
    ) -> usize {
        let opened = opened(records);
        let expired = horizons.spans.expired(records, self.watermark);
        let evicted = expired < records.len() && (opened <= self.opened_until || waits && opened <= self.waiting_until);
        let closed = if evicted { records.len() } else { expired };
        swept.evicted += u64::from(evicted && !waits);
        let past = present(Room::Ledger, "no more records expire than a case has", records.get(..closed));
        swept.dropped_waiting += horizons.spans.waiting_runs(past.unwrap_or_default());
        note_closed(past.unwrap_or_default(), self.watermark, &horizons.spans, gone);
        closed
    }
}

/// Adds to `gone` those runs of closed `records` by which something is lost. What has not expired at the watermark was
/// closed early.
pub(super) fn note_closed(records: &[Record], watermark: EventTime, spans: &Spans, gone: &mut Vec<Closed>) {
    for run in spans.runs(records) {
        let early = !spans.is_expired(run, watermark);
        if early || may_lose(run) {
            gone.push(Closed { records: run.into(), early });
        }
    }
}

impl Swept {
    fn keep_until(&mut self, until: EventTime) {
        self.due = self.due.min(until);
    }
}

//! The limits of the ledger, and the rounds of sweeps that keep it within them.

use super::horizons::Horizons;
use super::losses::Closed;
use super::pages::{PAGES, Pages};
use super::sweep::Sweep;
use crate::plan::{EventTime, LedgerPlan, Span};

/// Event time between two rounds of sweeps. A closed case leaves memory this much later at most. It does not count for
/// so long: a case counts as closed as soon as it has expired, and an id as forgotten from the beginning of the round
/// on that finds it expired.
const SWEEP_EVERY: Span = Span::DAY;

/// Pages swept per event, until a round is over.
const SWEPT_AT_ONCE: usize = 64;

/// Where a limit is exceeded, one part in this many is freed at once, so that the search for the oldest is rare.
const FREED_SHARE: usize = 64;

/// The limits of the ledger, and how far its sweeps have come.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    open_limit: usize,
    waiting_limit: usize,
    remembered_limit: usize,
    /// The watermark at which the present round of sweeps began.
    pub swept_at: EventTime,
    /// No round begins before the watermark is here.
    next_round: EventTime,
    /// Pages that the present round has still to sweep.
    to_sweep: usize,
    /// The page that was swept last.
    last_swept: usize,
    /// Cases closed because of the limit on open cases.
    pub evicted: u64,
    /// Waiting cases that were closed, for whatever reason.
    pub dropped_waiting: u64,
    /// Ids forgotten because of the limit on them, since the program started.
    pub evicted_ids: u64,
}

impl Bounds {
    /// Returns the limits of a plan.
    pub fn new(plan: &LedgerPlan) -> Self {
        Self {
            open_limit: plan.open_cases,
            waiting_limit: plan.waiting_events,
            remembered_limit: plan.remembered_ids,
            swept_at: EventTime::MIN,
            next_round: EventTime::MIN,
            to_sweep: 0,
            last_swept: 0,
            evicted: 0,
            dropped_waiting: 0,
            evicted_ids: 0,
        }
    }

    /// Continues the round of sweeps that is due, and closes or forgets the oldest where a limit is exceeded.
    ///
    /// A round sweeps some pages per event. Where a limit is exceeded all pages are swept first, so that the result
    /// does not depend on how far the round has come. Adds to `gone` the closed runs by which something is lost.
    #[inline]
    pub fn keep(&mut self, pages: &mut Pages, watermark: EventTime, horizons: &Horizons, gone: &mut Vec<Closed>) {
        // Asked after every event, and nearly always answered here.
        if self.to_sweep > 0 || watermark >= self.next_round || self.is_exceeded(pages) {
            self.keep_now(pages, watermark, horizons, gone);
        }
    }

    #[inline(never)]
    fn keep_now(&mut self, pages: &mut Pages, watermark: EventTime, horizons: &Horizons, gone: &mut Vec<Closed>) {
        if self.is_exceeded(pages) {
            self.free(pages, watermark, horizons, gone);
        }
        if watermark.since(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = watermark;
            self.to_sweep = PAGES;
        }
        self.next_round = self.swept_at.plus(SWEEP_EVERY);
        if self.to_sweep > 0 {
            self.sweep_some(pages, &Sweep::of_expired(watermark, self.swept_at), horizons, gone);
        }
    }

    /// Closes what has expired, and closes or forgets the oldest where a limit is still exceeded.
    #[cold]
    fn free(&mut self, pages: &mut Pages, watermark: EventTime, horizons: &Horizons, gone: &mut Vec<Closed>) {
        let expired = Sweep::of_expired(watermark, self.swept_at);
        self.sweep_all(pages, &expired, horizons, gone);
        let open = pages.sizes().open;
        if open > self.open_limit {
            let excess = open - self.open_limit + self.open_limit / FREED_SHARE;
            let opened_until = pages.oldest_opened(false, excess, &horizons.spans);
            self.sweep_all(pages, &Sweep { opened_until, ..expired }, horizons, gone);
        }
        let waiting = pages.sizes().waiting;
        if waiting > self.waiting_limit {
            let excess = waiting - self.waiting_limit + self.waiting_limit / FREED_SHARE;
            let waiting_until = pages.oldest_opened(true, excess, &horizons.spans);
            self.sweep_all(pages, &Sweep { waiting_until, ..expired }, horizons, gone);
        }
        let remembered = pages.sizes().remembered;
        if remembered > self.remembered_limit {
            let excess = remembered - self.remembered_limit + self.remembered_limit / FREED_SHARE;
            self.evicted_ids = self.evicted_ids.saturating_add(pages.forget_oldest(excess) as u64);
        }
    }

    /// Continues the round of sweeps by some pages.
    fn sweep_some(&mut self, pages: &mut Pages, sweep: &Sweep, horizons: &Horizons, gone: &mut Vec<Closed>) {
        let mut left = SWEPT_AT_ONCE.min(self.to_sweep);
        self.to_sweep -= left;
        while left > 0 {
            let first = (self.last_swept + 1) % PAGES;
            let count = left.min(PAGES - first);
            left -= count;
            self.last_swept = first + count - 1;
            let mut from = first;
            while let Some(index) = pages.next_due(from..first + count, sweep.watermark) {
                self.sweep(pages, index, sweep, horizons, gone);
                from = index + 1;
            }
        }
    }

    /// Closes the expired runs of every page that has any, by these horizons.
    pub fn sweep_expired(
        &mut self,
        pages: &mut Pages,
        watermark: EventTime,
        horizons: &Horizons,
        gone: &mut Vec<Closed>,
    ) {
        pages.note_all_due();
        // A page that changes is copied while a snapshot holds it, so the others are left alone.
        for index in pages.with_expired(watermark, &horizons.spans) {
            self.sweep(pages, index, &Sweep::of_expired(watermark, self.swept_at), horizons, gone);
        }
    }

    #[inline]
    fn is_exceeded(&self, pages: &Pages) -> bool {
        let sizes = pages.sizes();
        sizes.open > self.open_limit || sizes.waiting > self.waiting_limit || sizes.remembered > self.remembered_limit
    }

    fn sweep_all(&mut self, pages: &mut Pages, sweep: &Sweep, horizons: &Horizons, gone: &mut Vec<Closed>) {
        (0..PAGES).for_each(|index| self.sweep(pages, index, sweep, horizons, gone));
    }

    fn sweep(&mut self, pages: &mut Pages, index: usize, sweep: &Sweep, horizons: &Horizons, gone: &mut Vec<Closed>) {
        if let Some(swept) = pages.sweep(index, sweep, horizons, gone) {
            self.evicted = self.evicted.saturating_add(swept.evicted);
            self.dropped_waiting = self.dropped_waiting.saturating_add(swept.dropped_waiting);
        }
    }
}

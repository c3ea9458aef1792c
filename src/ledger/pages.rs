//! The pages of all shards, found by the fingerprint of a case.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use super::fingerprint::CaseKey;
use super::horizons::Horizons;
use super::losses::Closed;
use super::memory::{Memory, oldest_age};
use super::newcomers::Newcomers;
use super::page::{Page, SimpleCase, Sizes};
use super::record::Record;
use super::run::Spans;
use super::sweep::{Sweep, Swept};
use crate::plan::EventTime;
use crate::plan::invariant::{Room, broken, present};

/// Shards. Their number is part of the design, so that they can be spread over processes later.
pub(super) const SHARDS: usize = 64;

/// Pages of a shard. They are so small that the stream does not stall while every page that one batch changes is copied
/// because a snapshot holds it. A table doubles when it is full. The sizes of the pages are spread over one doubling,
/// so that at any time only some are about to double, and the memory of all together never doubles at once.
pub(super) const PAGES_PER_SHARD: usize = 1_024;

/// Pages of all shards.
pub(super) const PAGES: usize = SHARDS * PAGES_PER_SHARD;

/// Parts of a shard's fingerprints by which a page is looked up.
const PAGE_PARTS: usize = 16_384;

/// The pages of all shards, with the sums of what they hold.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    /// By shard, then by page.
    pages: Vec<Arc<Page>>,
    /// By page: nothing expires in it until the watermark passes this time.
    due: Vec<EventTime>,
    sizes: Sizes,
    newcomers: Newcomers,
}

impl Pages {
    /// Returns pages without a case.
    pub fn new() -> Self {
        // One empty page stands for all of them until they are written to.
        Self {
            pages: vec![Arc::default(); PAGES],
            due: vec![EventTime(i64::MAX); PAGES],
            sizes: Sizes::default(),
            newcomers: Newcomers::default(),
        }
    }

    /// Returns the page of a case, with all its cases.
    #[inline]
    pub fn page(&mut self, key: CaseKey) -> &Page {
        let index = page_index(key);
        self.newcomers.move_to(&mut self.pages, index);
        #[expect(clippy::indexing_slicing, reason = "the index of a page is below PAGES, their number")]
        &self.pages[index]
    }

    /// Adds a case of which only a plain selection in time is known, and which is kept until `until`. Returns false, with nothing changed,
    /// where the ledger has the case, or remembers the event beside it.
    #[inline]
    pub fn open_simple(&mut self, key: CaseKey, selection: &Record, seen: EventTime, until: EventTime) -> bool {
        let index = page_index(key);
        let Some((page, due)) = self.pages.get_mut(index).zip(self.due.get_mut(index)) else {
            broken(Room::Ledger, "the index of a page is below their number");
            return false;
        };
        let is_known = page.has(key) || page.memory.contains((key.high, selection.tag), seen);
        if is_known || self.newcomers.have(index, key) {
            return false;
        }
        *due = (*due).min(until);
        self.sizes.open += 1;
        if self.newcomers.is_empty_at(index) {
            if let Some(page) = Arc::get_mut(page) {
                page.insert_simple(key, selection);
                return true;
            }
            // Instead of a copy of it.
            if page.is_empty() {
                let mut new = Page::default();
                new.insert_simple(key, selection);
                *page = Arc::new(new);
                return true;
            }
        }
        self.newcomers.insert(PAGES, index, SimpleCase::of(key, selection));
        true
    }

    /// Returns the page of a case to change. It is copied first where a snapshot holds it. Call [`Self::note_change`]
    /// afterwards.
    #[inline]
    pub fn page_mut(&mut self, key: CaseKey) -> &mut Page {
        let index = page_index(key);
        self.newcomers.move_to(&mut self.pages, index);
        #[expect(clippy::indexing_slicing, reason = "the index of a page is below PAGES, their number")]
        Arc::make_mut(&mut self.pages[index])
    }

    /// Updates the sums after a page has changed. `before` is what it held.
    #[inline]
    pub fn note_change(&mut self, key: CaseKey, before: &Sizes) {
        let after = self.page(key).sizes();
        self.sizes.replace(before, &after);
    }

    /// Moves newcomers of some pages to where they belong, if nothing holds these pages any longer.
    pub fn settle_newcomers(&mut self) {
        self.newcomers.settle_some(&mut self.pages);
    }

    /// Reads of each case's page what a look-up will read. Look-ups one after another wait for memory each; these do not
    /// wait for each other. Returns a number that depends on what was read.
    pub fn touch(&self, keys: impl Iterator<Item = CaseKey>) -> usize {
        #[expect(clippy::indexing_slicing, reason = "the index of a page is below PAGES, their number")]
        keys.fold(0, |sum, key| {
            let index = page_index(key);
            sum ^ self.pages[index].touch(key) ^ usize::from(self.due[index] == EventTime::MIN)
        })
    }

    /// Notes that something in the page of a case expires after this watermark.
    #[inline]
    pub fn note_due(&mut self, key: CaseKey, until: EventTime) {
        match self.due.get_mut(page_index(key)) {
            Some(due) => *due = (*due).min(until),
            None => broken(Room::Ledger, "every page has a due time"),
        }
    }

    /// Notes that something may have expired in any page.
    pub fn note_all_due(&mut self) {
        self.due.fill(EventTime::MIN);
    }

    /// Returns how much all pages hold.
    #[inline]
    pub const fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Returns the first page of a range in which something is due.
    #[inline]
    pub fn next_due(&self, range: Range<usize>, watermark: EventTime) -> Option<usize> {
        let due = self.due.get(range.clone()).unwrap_or_default();
        due.iter().position(|due| *due < watermark).map(|place| range.start + place)
    }

    /// Sweeps the page at `index`. Returns what that did, or `None` where nothing was due. Adds to `gone` the closed runs
    /// by which something is lost.
    pub fn sweep(&mut self, index: usize, sweep: &Sweep, horizons: &Horizons, gone: &mut Vec<Closed>) -> Option<Swept> {
        let due = present(Room::Ledger, "every page has a due time", self.due.get_mut(index))?;
        // Pages in which nothing is due are not touched: there are many, and they are far apart in memory.
        if *due >= sweep.watermark && !sweep.evicts() {
            return None;
        }
        self.newcomers.move_to(&mut self.pages, index);
        let page = present(Room::Ledger, "the index of a page is below their number", self.pages.get_mut(index))?;
        if page.is_empty() {
            *due = EventTime(i64::MAX);
            return None;
        }
        let page = Arc::make_mut(page);
        let before = page.sizes();
        let swept = sweep.run(page, horizons, gone);
        *due = swept.due;
        self.sizes.replace(&before, &page.sizes());
        Some(swept)
    }

    /// Returns the indices of the pages in which a run has expired.
    pub fn with_expired(&mut self, watermark: EventTime, spans: &Spans) -> Vec<usize> {
        self.newcomers.move_all_to(&mut self.pages);
        let pages = self.pages.iter().enumerate();
        pages.filter(|(_, page)| page.has_expired(watermark, spans)).map(|(index, _)| index).collect()
    }

    /// Returns when the `count`-th oldest case was opened, of all open ones or of those that wait. There must be so
    /// many.
    pub fn oldest_opened(&mut self, waiting_only: bool, count: usize, spans: &Spans) -> EventTime {
        self.newcomers.move_all_to(&mut self.pages);
        let mut times = Vec::with_capacity(if waiting_only { self.sizes.waiting } else { self.sizes.open });
        self.pages.iter().for_each(|page| page.opening_times(waiting_only, spans, |time| times.push(time)));
        let Some(index) = count.min(times.len()).checked_sub(1) else {
            broken(Room::Ledger, "there are more cases than the limit allows");
            return EventTime::MIN;
        };
        *times.select_nth_unstable(index).1
    }

    /// Forgets the `count` ids whose time to be forgotten is nearest, with any that share the last one's age. Returns
    /// how many were forgotten.
    pub fn forget_oldest(&mut self, count: usize) -> usize {
        let memories = || self.pages.iter().map(|page| &page.memory).filter(|memory| memory.len() > 0);
        let oldest = present(Room::Ledger, "there are more ids than the limit allows", oldest_age(memories, count));
        let Some(last) = oldest else { return 0 };
        let reaches = |memory: &Memory| memory.entries().any(|entry| entry.age() <= last);
        let affected = self.pages.iter_mut().filter(|page| reaches(&page.memory));
        let forgotten = affected.map(|page| Arc::make_mut(page).memory.forget(last)).sum();
        self.sizes.remembered -= forgotten;
        forgotten
    }

    /// Returns the records of every case that has more than a selection.
    pub fn full_cases(&self) -> impl Iterator<Item = &[Record]> {
        self.pages.iter().flat_map(|page| page.full_cases())
    }

    /// Counts again which cases wait, after the spans have changed.
    pub fn count_waiting_again(&mut self, spans: &Spans) {
        for page in &mut self.pages {
            let waiting = page.count_waiting(spans);
            if waiting != page.waiting {
                Arc::make_mut(page).waiting = waiting;
            }
        }
        self.sizes.waiting = self.pages.iter().map(|page| page.waiting).sum();
    }

    /// Returns the last watermark at which anything may be needed, by visiting all pages; `None` where they are empty.
    pub fn needed_until(&mut self, horizons: &Horizons) -> Option<EventTime> {
        self.newcomers.move_all_to(&mut self.pages);
        self.pages.iter().filter_map(|page| page.needed_until(horizons)).max()
    }

    /// Returns the bytes allocated for cases, by visiting all pages.
    pub fn allocated_bytes(&self) -> u64 {
        let pages: u64 = self.pages.iter().map(|page| page.allocated_bytes() as u64).sum();
        pages + self.newcomers.allocated_bytes()
    }

    /// Returns all pages, shared: a page is copied when it changes while it is shared.
    pub fn share(&self) -> Vec<Arc<Page>> {
        let mut pages = self.pages.clone();
        // Hardly any are left, unless another snapshot is still held.
        self.newcomers.clone().move_all_to(&mut pages);
        pages
    }

    /// Replaces all pages by those that [`Self::share`] returned, with the profiles of their records replaced too where
    /// `rename` is given.
    pub fn replace(&mut self, pages: &[Arc<Page>], rename: Option<impl Fn(u16) -> u16>) {
        self.pages = pages.to_vec();
        self.newcomers = Newcomers::default();
        if let Some(rename) = rename {
            self.pages.iter_mut().for_each(|page| Arc::make_mut(page).rename_profiles(&rename));
        }
        self.note_all_due();
        self.sizes = Sizes::default();
        self.pages.iter().for_each(|page| self.sizes.add(&page.sizes()));
    }

    /// Fills the pages of a shard, which must be empty. `fill` gets them; for a key, [`page_of_shard`] returns the
    /// index of its page among them. Returns what `fill` returns.
    pub fn fill_shard<T: Default>(&mut self, shard: usize, fill: impl FnOnce(&mut [Arc<Page>]) -> T) -> T {
        let range = shard * PAGES_PER_SHARD..(shard + 1) * PAGES_PER_SHARD;
        let (pages, due) = (self.pages.get_mut(range.clone()), self.due.get_mut(range));
        let Some((pages, due)) = present(Room::Ledger, "a shard's number is below SHARDS", pages.zip(due)) else {
            return T::default();
        };
        let filled = fill(pages);
        pages.iter().for_each(|page| self.sizes.add(&page.sizes()));
        due.fill(EventTime::MIN);
        filled
    }
}

impl Sizes {
    fn add(&mut self, more: &Self) {
        self.open += more.open;
        self.waiting += more.waiting;
        self.remembered += more.remembered;
    }

    #[inline]
    fn replace(&mut self, before: &Self, after: &Self) {
        self.open = self.open + after.open - before.open;
        self.waiting = self.waiting + after.waiting - before.waiting;
        self.remembered = self.remembered + after.remembered - before.remembered;
    }
}

/// Returns the index of a key's page among those of a shard; `None` where the key belongs to an earlier shard, and an
/// index beyond the pages where it belongs to a later one.
pub(super) fn page_of_shard(key: CaseKey, shard: usize) -> Option<usize> {
    page_index(key).checked_sub(shard * PAGES_PER_SHARD)
}

/// The upper six bits of a fingerprint choose the shard, the fourteen below them the page.
#[inline]
fn page_index(key: CaseKey) -> usize {
    let part = (key.high >> 44) as usize % PAGE_PARTS;
    let page = present(Room::Ledger, "a part is below PAGE_PARTS", PAGE_OF_PART.get(part)).copied();
    (key.high >> 58) as usize * PAGES_PER_SHARD + page.map_or(0, usize::from)
}

/// The page of each part of a shard's fingerprints. Within a shard the sizes of the pages grow from 1 to 2, by the same
/// factor from page to page.
static PAGE_OF_PART: LazyLock<Box<[u16; PAGE_PARTS]>> = LazyLock::new(|| {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let page = |part: usize| libm::log2(1.0 + part as f64 / PAGE_PARTS as f64) * PAGES_PER_SHARD as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to below 1,024")]
    Box::new(std::array::from_fn(|part| page(part) as u16))
});

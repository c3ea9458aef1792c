//! Cases that came while a snapshot held their pages. Copying a page for each would stop the stream; they wait beside it.

use std::sync::Arc;

use hashbrown::HashTable;

use super::fingerprint::CaseKey;
use super::page::{Page, SimpleCase};
use crate::plan::invariant::{Room, broken};

/// Pages whose newcomers are looked at after each batch.
const SETTLED_AT_ONCE: usize = 2_048;

/// Cases with nothing but a selection, beside the page that they belong to.
#[derive(Clone, Debug, Default)]
pub(super) struct Newcomers {
    /// By page; empty while there are none.
    tables: Vec<HashTable<SimpleCase>>,
    cases: usize,
    /// The page that was settled last.
    settled: usize,
}

impl Newcomers {
    /// Returns whether a page has none.
    #[inline]
    pub fn is_empty_at(&self, index: usize) -> bool {
        self.cases == 0 || self.tables.get(index).is_none_or(HashTable::is_empty)
    }

    /// Returns whether a case is among those of a page.
    #[inline]
    pub fn have(&self, index: usize, key: CaseKey) -> bool {
        self.cases > 0
            && self.tables.get(index).is_some_and(|table| table.find(key.low, |case| case.key == key).is_some())
    }

    /// Adds a case that the page does not have, which is one of so many.
    pub fn insert(&mut self, pages: usize, index: usize, case: SimpleCase) {
        if self.tables.is_empty() {
            self.tables.resize_with(pages, HashTable::new);
        }
        match self.tables.get_mut(index) {
            Some(table) => {
                table.insert_unique(case.key.low, case, |case| case.key.low);
                self.cases += 1;
            }
            None => broken(Room::Ledger, "there is a table of newcomers for each page"),
        }
    }

    /// Moves those of one page to it, which is copied where a snapshot holds it.
    #[inline]
    pub fn move_to(&mut self, pages: &mut [Arc<Page>], index: usize) {
        if !self.is_empty_at(index) {
            self.move_from(pages, index);
        }
    }

    /// Moves all to their pages.
    pub fn move_all_to(&mut self, pages: &mut [Arc<Page>]) {
        (0..self.tables.len()).for_each(|index| self.move_to(pages, index));
    }

    /// Moves those of some pages that no snapshot holds any longer.
    pub fn settle_some(&mut self, pages: &mut [Arc<Page>]) {
        if self.tables.is_empty() {
            return;
        }
        for _ in 0..SETTLED_AT_ONCE {
            self.settled = (self.settled + 1) % self.tables.len().max(1);
            if !self.is_empty_at(self.settled)
                && pages.get_mut(self.settled).is_some_and(|page| Arc::get_mut(page).is_some())
            {
                self.move_from(pages, self.settled);
            }
        }
        if self.cases == 0 {
            // Gives the memory back.
            self.tables = Vec::new();
        }
    }

    /// Returns the bytes allocated for cases.
    pub fn allocated_bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.allocation_size() as u64).sum()
    }

    #[cold]
    fn move_from(&mut self, pages: &mut [Arc<Page>], index: usize) {
        let Some((table, page)) = self.tables.get_mut(index).zip(pages.get_mut(index)) else {
            broken(Room::Ledger, "newcomers have a page");
            return;
        };
        self.cases -= table.len();
        let page = Arc::make_mut(page);
        std::mem::take(table).into_iter().for_each(|case| page.take_newcomer(case));
    }
}

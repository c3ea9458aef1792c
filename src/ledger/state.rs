//! What of the ledger goes into a checkpoint, and back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attributes::AttributesState;
use super::page::{Arrivals, Page, ShardState};
use super::record::{NO_PROFILE, UNKNOWN_PROFILE};
use super::store::{PAGES_PER_SHARD, SHARDS};
use crate::ledger::{Ledger, PseudonymKey, Spans};
use crate::plan::{EventTime, Mapping};

/// Everything but the cases.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerState {
    /// Tells the pseudonym key from another one: with another key no case would be found again.
    pub key_check: u64,
    attributes: AttributesState,
    swept_at: EventTime,
    evicted: u64,
    dropped_waiting: u64,
}

/// The cases, shared with the ledger: a page is copied only when it changes while this is held.
#[derive(Clone, Debug)]
pub struct LedgerPages {
    pages: Vec<Arc<Page>>,
}

impl LedgerPages {
    /// Number of shards; each is stored by itself.
    pub const SHARDS: usize = SHARDS;

    /// One shard's cases as bytes.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn shard(&self, index: usize) -> postcard::Result<Vec<u8>> {
        let pages = self.pages.iter().skip(index * PAGES_PER_SHARD).take(PAGES_PER_SHARD).map(AsRef::as_ref);
        let state = ShardState::of(pages);
        let arrivals = state.arrivals();
        postcard::to_allocvec(&(state, arrivals))
    }
}

impl Ledger {
    /// Everything but the cases.
    #[must_use]
    pub fn state(&self) -> LedgerState {
        LedgerState {
            key_check: self.key.check(),
            attributes: self.attributes.state(),
            swept_at: self.swept_at,
            evicted: self.evicted,
            dropped_waiting: self.dropped_waiting,
        }
    }

    /// The cases.
    #[must_use]
    pub fn pages(&self) -> LedgerPages {
        LedgerPages { pages: self.pages.clone() }
    }

    /// Takes in what [`Self::state`] gave, before the cases; the ledger is new. It goes on with the `spans` that its cases were kept by, until
    /// [`Self::change_spans`].
    ///
    /// # Errors
    /// What was expected, where it is not what [`Self::state`] gives.
    pub fn restore(&mut self, state: LedgerState, spans: Spans, mapping: &Mapping) -> Result<(), String> {
        let LedgerState { key_check: _, attributes, swept_at, evicted, dropped_waiting } = state;
        self.horizons.spans = spans;
        self.attributes.restore(attributes, mapping)?;
        self.swept_at = swept_at;
        self.evicted = evicted;
        self.dropped_waiting = dropped_waiting;
        Ok(())
    }

    /// The pseudonym key.
    #[must_use]
    pub const fn key(&self) -> &PseudonymKey {
        &self.key
    }

    /// Takes in the cases of another ledger, shared as long as profiles are named as they were.
    pub fn take_pages(&mut self, pages: &LedgerPages, mapping: &Mapping) {
        self.pages.clone_from(&pages.pages);
        if mapping.renames_profiles() {
            let rename = |page: &mut Arc<Page>| Arc::make_mut(page).rename(|profile| profile_now(profile, mapping));
            self.pages.iter_mut().for_each(rename);
        }
        // When anything is due is found out when it is looked for: ids may be remembered for another time.
        self.due.fill(EventTime::MIN);
        self.open = self.pages.iter().map(|page| page.open_cases()).sum();
        self.waiting = self.pages.iter().map(|page| page.waiting()).sum();
        self.remembered = self.pages.iter().map(|page| page.sizes().remembered).sum();
    }

    /// Takes in the cases of one shard.
    ///
    /// # Errors
    /// Where the bytes are not what [`LedgerPages::shard`] gives for this shard: what was expected.
    pub fn restore_shard(&mut self, index: usize, bytes: &[u8], mapping: &Mapping) -> Result<(), String> {
        let (mut state, arrivals): (ShardState, Arrivals) =
            postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        state.arrive(&arrivals);
        state.check(|id| self.attributes.has(id))?;
        let shard = index * PAGES_PER_SHARD..(index + 1) * PAGES_PER_SHARD;
        let page_of = |key| Self::page_index(key).checked_sub(shard.start);
        let pages = self.pages.get_mut(shard.clone()).unwrap_or_default();
        if !state.put(pages, page_of, |profile| profile_now(profile, mapping), &self.horizons.spans) {
            return Err("expected cases of this shard alone, found one of another".to_owned());
        }
        self.open += pages.iter().map(|page| page.open_cases()).sum::<usize>();
        self.waiting += pages.iter().map(|page| page.waiting()).sum::<usize>();
        self.remembered += pages.iter().map(|page| page.sizes().remembered).sum::<usize>();
        self.due.iter_mut().take(shard.end).skip(shard.start).for_each(|due| *due = EventTime::MIN);
        Ok(())
    }
}

/// A profile that is no longer on the allow-list is unknown from now on.
fn profile_now(profile: u16, mapping: &Mapping) -> u16 {
    match profile {
        NO_PROFILE | UNKNOWN_PROFILE => profile,
        known => mapping.profile_index(known).unwrap_or(UNKNOWN_PROFILE),
    }
}

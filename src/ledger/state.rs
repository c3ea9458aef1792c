//! The ledger's part of a checkpoint.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::former::FormerState;
use super::page::Page;
use super::pages::{PAGES_PER_SHARD, SHARDS, page_of_shard};
use super::record::{NO_PROFILE, UNKNOWN_PROFILE};
use super::run::Spans;
use super::store::Ledger;
use super::stored_attributes::StoredAttributes;
use super::stored_shard::{Arrivals, StoredShard};
use super::unlisted_names::{SpelledCases, UnlistedNames};
use crate::plan::{EventTime, Mapping};

/// Everything in the ledger except the cases.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerState {
    /// Tells whether the pseudonym key is still the same. By another key no case would be found again.
    pub key_check: u64,
    attributes: StoredAttributes,
    swept_at: EventTime,
    evicted: u64,
    dropped_waiting: u64,
    /// By dimension; see [`Ledger::released`]. Formats up to 4 do not have it.
    #[serde(skip)]
    pub released: Vec<u64>,
    /// A hash of how values are read, and the number of the first combination that was read so. Formats up to 4 do not
    /// have it: by 0 nothing was read as it is now.
    #[serde(skip)]
    pub reading: (u64, u64),
    /// The key before the present one. Formats up to 7 do not have it.
    #[serde(skip)]
    pub former: Option<FormerState>,
}

/// The cases, shared with the ledger. A page is copied only when it changes while this is held.
#[derive(Clone, Debug)]
pub struct LedgerPages {
    pages: Vec<Arc<Page>>,
}

impl LedgerState {
    /// Returns the names that events write and no list has, by dimension, which the encoding leaves out.
    #[must_use]
    pub fn unlisted(&self) -> &[UnlistedNames] {
        &self.attributes.unlisted
    }

    /// Sets the cases of spellings, by dimension, after [`Self::set_unlisted`].
    pub fn set_spelled(&mut self, spelled: Vec<Vec<SpelledCases>>) {
        let names = self.attributes.unlisted.iter_mut();
        names.zip(spelled).for_each(|(names, spelled)| names.set_spelled_cases(spelled));
    }

    /// Sets what [`Self::unlisted`] returned.
    pub fn set_unlisted(&mut self, unlisted: Vec<UnlistedNames>) {
        self.attributes.unlisted = unlisted;
    }
}

impl LedgerPages {
    /// The number of shards. Each is stored by itself.
    pub const SHARDS: usize = SHARDS;

    /// Returns the cases of one shard as bytes. `index` is below [`Self::SHARDS`].
    ///
    /// # Errors
    /// Where the encoding fails.
    pub fn shard(&self, index: usize) -> postcard::Result<Vec<u8>> {
        let pages = self.pages.iter().skip(index * PAGES_PER_SHARD).take(PAGES_PER_SHARD).map(AsRef::as_ref);
        let shard = StoredShard::of(pages);
        let arrivals = shard.arrivals();
        postcard::to_allocvec(&(shard, arrivals))
    }

    /// Gives up the cases of one shard: the ledger no longer copies their pages.
    pub fn give_up(&mut self, index: usize) {
        let empty: Arc<Page> = Arc::default();
        let pages = self.pages.iter_mut().skip(index * PAGES_PER_SHARD).take(PAGES_PER_SHARD);
        pages.for_each(|page| *page = Arc::clone(&empty));
    }
}

impl Ledger {
    /// Returns everything except the cases.
    #[must_use]
    pub fn state(&self) -> LedgerState {
        LedgerState {
            key_check: self.maker.key.check(),
            attributes: self.attributes.stored(),
            swept_at: self.bounds.swept_at,
            evicted: self.bounds.evicted,
            dropped_waiting: self.bounds.dropped_waiting,
            released: self.losses.released.clone(),
            reading: self.attributes.reading,
            former: self.former.as_ref().map(|former| former.state(self.horizons.dedupe)),
        }
    }

    /// Returns the cases.
    #[must_use]
    pub fn pages(&self) -> LedgerPages {
        LedgerPages { pages: self.pages.share() }
    }

    /// Restores everything except the cases to a new ledger, before the cases. `spans` are those that the cases were
    /// kept by. They stay in force until [`Self::change_spans`].
    ///
    /// # Errors
    /// What was expected, where the state is not one that [`Self::state`] returns.
    pub fn restore(&mut self, state: LedgerState, spans: Spans, mapping: &Mapping) -> Result<(), String> {
        let LedgerState { attributes, swept_at, evicted, dropped_waiting, released, reading, .. } = state;
        self.horizons.spans = spans;
        self.attributes.restore(attributes, reading, mapping)?;
        self.bounds.swept_at = swept_at;
        self.bounds.evicted = evicted;
        self.bounds.dropped_waiting = dropped_waiting;
        self.losses.released = released;
        Ok(())
    }

    /// Replaces the cases by those of another ledger. They stay shared, unless profiles have other indices now.
    pub fn take_pages(&mut self, pages: &LedgerPages, mapping: &Mapping) {
        let rename = mapping.renames_profiles().then_some(|profile| present_profile(profile, mapping));
        self.pages.replace(&pages.pages, rename);
    }

    /// Restores the cases of one shard. `index` is below [`LedgerPages::SHARDS`].
    ///
    /// # Errors
    /// What was expected, where the bytes are not those that [`LedgerPages::shard`] returns for this shard.
    pub fn restore_shard(&mut self, index: usize, bytes: &[u8], mapping: &Mapping) -> Result<(), String> {
        let (mut shard, arrivals): (StoredShard, Arrivals) =
            postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        shard.set_arrivals(&arrivals);
        shard.check(|id| self.attributes.has(id))?;
        let (profile, spans) = (|profile| present_profile(profile, mapping), self.horizons.spans);
        let complete = self
            .pages
            .fill_shard(index, |pages| shard.restore_to(pages, |key| page_of_shard(key, index), profile, &spans));
        if !complete {
            return Err("expected cases of this shard alone, found one of another".to_owned());
        }
        Ok(())
    }
}

/// Returns the present index of a profile in records. A profile that is no longer on the allow-list is unknown.
fn present_profile(profile: u16, mapping: &Mapping) -> u16 {
    match profile {
        NO_PROFILE | UNKNOWN_PROFILE => profile,
        known => mapping.profile_index(known).unwrap_or(UNKNOWN_PROFILE),
    }
}

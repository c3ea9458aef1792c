//! The cases of one shard as a checkpoint stores them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attributes_id::AttributesId;
use super::fingerprint::CaseKey;
use super::memory::Entry;
use super::page::{FullCase, Page, SimpleCase};
use super::record::MAX_RECORDS_PER_CASE;
use super::run::{Spans, arrival};
use crate::plan::EventTime;

/// The cases and remembered ids of all pages of a shard, in any order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredShard {
    simple: Vec<SimpleCase>,
    full: Vec<FullCase>,
    memory: Vec<Entry>,
}

/// Stored after the shard: when events arrived that did not arrive at their own time. Each entry has the index of the
/// case in `full`, the index of the record in the case, and the arrival in event time.
pub(super) type Arrivals = Vec<(u32, u8, EventTime)>;

impl StoredShard {
    /// Copies the contents of these pages.
    pub fn of<'p>(pages: impl Iterator<Item = &'p Page>) -> Self {
        let pages: Vec<&Page> = pages.filter(|page| !page.is_empty()).collect();
        Self {
            simple: pages.iter().flat_map(|page| page.simple.iter().copied()).collect(),
            full: pages.iter().flat_map(|page| page.full.iter().cloned()).collect(),
            memory: pages.iter().flat_map(|page| page.memory.entries().copied()).collect(),
        }
    }

    /// Returns the arrivals to store after the shard.
    pub fn arrivals(&self) -> Arrivals {
        let of_case = |(case, place): (&FullCase, u32)| {
            let late = case.records.iter().zip(0..).filter(|(record, _)| record.arrived != record.time);
            late.map(|(record, index)| (place, index, record.arrived)).collect::<Arrivals>()
        };
        self.full.iter().zip(0..).flat_map(of_case).collect()
    }

    /// Sets when each event arrived: as `arrivals` says, otherwise at its own time.
    pub fn set_arrivals(&mut self, arrivals: &Arrivals) {
        let records = self.full.iter_mut().flat_map(|case| case.records.iter_mut());
        records.for_each(|record| record.arrived = record.time);
        for (place, index, arrived) in arrivals {
            // The bytes may come from anywhere: an entry without a record, or with an arrival before the event, says
            // nothing.
            let case = self.full.get_mut(*place as usize);
            if let Some(record) = case.and_then(|case| case.records.get_mut(usize::from(*index))) {
                record.arrived = record.time.max(*arrived);
            }
        }
        self.full.iter_mut().for_each(|case| case.records.sort_unstable_by_key(arrival));
    }

    /// Checks what no ledger would store. `known` returns whether the table of attributes has an id; an unknown one
    /// would make tables grow to its number.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check(&self, known: impl Fn(AttributesId) -> bool) -> Result<(), String> {
        let of_simple = self.simple.iter().map(|case| case.attributes);
        let records = self.full.iter().flat_map(|case| &*case.records);
        let of_full = records.flat_map(|record| [record.attributes, record.said()]);
        if let Some(id) = of_simple.chain(of_full).find(|id| !known(*id)) {
            return Err(format!("expected a combination of groups that the core lists, found number {}", id.0));
        }
        let lengths = self.full.iter().map(|case| case.records.len());
        match lengths.into_iter().find(|length| !(1..=MAX_RECORDS_PER_CASE).contains(length)) {
            Some(length) => Err(format!("expected 1 to {MAX_RECORDS_PER_CASE} events of a case, found {length}")),
            None => Ok(()),
        }
    }

    /// Moves everything to `pages`, those of the shard. `page_of` returns the index of a key's page among them, and
    /// `profile` the present index of a profile in records. Returns false where a key belongs to another shard.
    pub fn restore_to(
        self,
        pages: &mut [Arc<Page>],
        page_of: impl Fn(CaseKey) -> Option<usize>,
        profile: impl Fn(u16) -> u16,
        spans: &Spans,
    ) -> bool {
        let mut complete = true;
        let mut with_page = |key: CaseKey, insert: &mut dyn FnMut(&mut Page)| match page_of(key)
            .and_then(|index| pages.get_mut(index))
        {
            Some(page) => insert(Arc::make_mut(page)),
            None => complete = false,
        };
        for mut case in self.simple {
            case.profile = profile(case.profile);
            with_page(case.key, &mut |page| {
                page.simple.insert_unique(case.key.low, case, |case| case.key.low);
            });
        }
        for mut case in self.full {
            case.records.iter_mut().for_each(|record| record.profile = profile(record.profile));
            with_page(case.key, &mut |page| page.insert(case.key, &case.records, spans));
        }
        for entry in self.memory {
            with_page(entry.key(), &mut |page| page.memory.restore(entry));
        }
        complete
    }
}

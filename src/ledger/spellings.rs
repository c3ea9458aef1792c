//! Other spellings of the names of dimensions, and the cases that have them.
//!
//! Whoever writes events can write anything in the place of such a name. So it is told only where enough cases have it.

use xxhash_rust::xxh3::xxh3_64;

use super::attributes::AttributeTable;
use super::record::Record;
use super::store::Ledger;
use super::unlisted_names::IN_TALLIES;
use crate::event::{Data, Event, Groups, Tally};
use crate::plan::DimensionId;

/// The most names of strange dimensions that are remembered.
const MAX_STRANGE: usize = 16;

impl AttributeTable {
    /// Returns the names by which events called a dimension that no list has, and that differ from its own by their spelling
    /// only, each with the cases that have it: up to the number from which it may be told.
    pub fn spellings(&self, dimension: DimensionId) -> impl Iterator<Item = (&str, u32)> {
        let found = self.dimensions.get(usize::from(dimension.0));
        found.into_iter().flat_map(|dimension| dimension.unlisted.spelled())
    }

    /// Learns the names of dimensions that no list has, where they resemble one that is listed.
    pub(super) fn learn_spellings(&mut self, groups: &Groups<'_>) {
        for (name, _) in groups {
            // Comparing takes long. Whoever sends ever new names gets none of it once the list is full.
            if self.strange.len() >= MAX_STRANGE {
                return;
            }
            let hash = xxh3_64(name.as_bytes());
            let known = self.dimensions.iter().any(|dimension| *dimension.name == **name);
            if known || self.strange.contains(&hash) {
                continue;
            }
            let found = self.dimensions.iter_mut().any(|dimension| dimension.learn_spelling(name));
            if !found {
                // Not the name itself: it may be anything.
                self.strange.push(hash);
            }
        }
    }

    /// Returns whether any name among these is a spelling of which more cases are to be counted.
    fn has_rare_spelling(&self, groups: &Groups<'_>) -> bool {
        let rare = || self.dimensions.iter().flat_map(|dimension| dimension.unlisted.spelled());
        let mut rare = rare().filter(|(_, cases)| *cases < self.told_from);
        rare.any(|(spelling, _)| groups.iter().any(|(name, _)| **name == *spelling))
    }

    /// Counts the spellings of a tally for the cases that it counts.
    pub fn count_spellings_of_tally(&mut self, tally: &Tally<'_>) {
        let cases = u32::try_from(tally.counts.assessed.max(tally.counts.selected)).unwrap_or(u32::MAX);
        self.count_spellings(&tally.groups, IN_TALLIES, cases);
    }

    fn count_spellings(&mut self, groups: &Groups<'_>, place: usize, cases: u32) {
        let most = self.told_from;
        for names in self.dimensions.iter_mut().map(|dimension| &mut dimension.unlisted) {
            groups.iter().for_each(|(name, _)| names.count_spelling(name, place, cases, most));
        }
    }
}

impl Ledger {
    /// Counts the spellings of an event that was added to its case, if it is the first of its kind in the case.
    pub(super) fn count_spellings(&mut self, event: &Event<'_>, record: &Record) {
        let Some(groups) = groups_of(event).filter(|groups| self.attributes.has_rare_spelling(groups)) else { return };
        if self.records.iter().filter(|known| known.kind == record.kind).count() == 1 {
            self.attributes.count_spellings(groups, record.kind as usize, 1);
        }
    }

    /// Returns whether each event like this one has to be looked at, for the sake of a spelling.
    pub(super) fn counts_spellings(&self, event: &Event<'_>) -> bool {
        groups_of(event).is_some_and(|groups| self.attributes.has_rare_spelling(groups))
    }
}

fn groups_of<'e, 'a>(event: &'e Event<'a>) -> Option<&'e Groups<'a>> {
    match &event.data {
        Data::Selection(data) => Some(&data.groups),
        Data::Control(data) => Some(&data.groups),
        Data::Attributes(data) => Some(&data.groups),
        Data::Complaint(data) => Some(&data.groups),
        Data::Outcome(_) | Data::Tally(_) | Data::Population(_) | Data::Measure(_) => None,
    }
}

//! Cases of a window that no comparison counts, or that evidence does not, by cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cases_by_time::{Cases, CasesByTime, Floors, hour};
use super::cell::Range;
use crate::ledger::{AttributeTable, CaseChange, CaseCounts, Contribution};
use crate::plan::{Cause, Channel, DimensionId, EventTime, Mapping, ProfileId, Slot};

/// The most places with missing cases. Cases of further ones are counted where nothing is known of them.
const MAX_PLACES: usize = 200_000;

/// Cases by the hour of their cohort, counted from 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesByHour(BTreeMap<i32, u64>);

/// Cases that were lost before they reached a cell, or that lack what a cell needs, by place and cause.
///
/// Cases without a group are not among them, unless they can no longer get one: cells of their own count those.
#[derive(Clone, Debug, Default)]
pub struct MissingCases {
    /// Those of the cells. What comes of days before them is in no window.
    floors: Floors,
    places: BTreeMap<MissingPlace, CasesByTime>,
    /// Cases of which neither profile nor group is known.
    anywhere: BTreeMap<Cause, CasesByTime>,
    /// By profile, channel and dimension: rises with every change there. What is held does not depend on it.
    changes: BTreeMap<(ProfileId, Channel, DimensionId), u64>,
    /// Rises with every change of the cases of which neither profile nor group is known.
    changes_anywhere: u64,
    /// Whether what is missing everywhere is also counted as missing of everyone.
    pub(super) counts_everyone: bool,
}

/// Names what missing cases are missing from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MissingPlace {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension; [`DimensionId::EVERYONE`] for all cases of the profile and channel.
    pub dimension: DimensionId,
    /// The group, as far as it is known.
    pub group: Slot,
    /// Why they are missing.
    pub cause: Cause,
}

/// The missing cases in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MissingState {
    places: Vec<(MissingPlace, CasesByTime)>,
    anywhere: Vec<(Cause, CasesByTime)>,
}

impl CasesByHour {
    /// Adds cases.
    pub fn add(&mut self, hour: i32, cases: u64) {
        let count = self.0.entry(hour).or_default();
        *count = count.saturating_add(cases);
    }

    /// Takes cases away; a count stops at 0, as a checkpoint may hold less than its cases say.
    pub fn remove(&mut self, hour: i32, cases: u64) {
        if let Some(count) = self.0.get_mut(&hour) {
            *count = count.saturating_sub(cases);
            if *count == 0 {
                self.0.remove(&hour);
            }
        }
    }

    /// Returns all cases.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().fold(0, |sum, cases| sum.saturating_add(*cases))
    }

    /// Forgets the hours before `first`.
    pub fn forget_before(&mut self, first: i32) {
        if self.0.keys().next().is_some_and(|hour| *hour < first) {
            self.0 = self.0.split_off(&first);
        }
    }

    /// Returns whether there are no cases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl MissingCases {
    /// Counts a case as missing in every dimension, and of everyone where they are counted, in the channel of the
    /// contribution.
    pub fn count_everywhere(&mut self, cause: Cause, contribution: &Contribution, attributes: &AttributeTable) {
        for place in self.everywhere(contribution, attributes) {
            self.count(cause, contribution, place);
        }
    }

    /// Takes back what [`Self::count_everywhere`] counted.
    pub fn uncount_everywhere(&mut self, cause: Cause, contribution: &Contribution, attributes: &AttributeTable) {
        let Contribution { profile, channel, cohort, counts, .. } = *contribution;
        let case = Cases { all: 1, picked: counts.count(CaseCounts::SELECTED) };
        for (dimension, group) in self.everywhere(contribution, attributes) {
            let place = MissingPlace { profile, channel, dimension, group, cause };
            if let Some(cases) = self.places.get_mut(&place) {
                cases.remove(hour(cohort), self.floors, case);
            }
            let changes = self.changes.entry((profile, channel, dimension)).or_default();
            *changes = changes.wrapping_add(1);
        }
    }

    /// The dimensions in which a case is missing, with its groups as far as they are known for certain.
    fn everywhere<'a>(
        &self,
        contribution: &Contribution,
        attributes: &'a AttributeTable,
    ) -> impl Iterator<Item = (DimensionId, Slot)> + use<'a> {
        let everyone = self.counts_everyone.then_some((DimensionId::EVERYONE, Slot::EVERYONE));
        // Of whom only probabilities are known may be of any group.
        let certain = |group: Slot| if group.is_probabilistic() { Slot::NONE } else { group };
        attributes.groups(contribution.attributes).map(move |(id, group)| (id, certain(group))).chain(everyone)
    }

    /// Counts a case as missing in one dimension.
    pub fn count(&mut self, cause: Cause, contribution: &Contribution, (dimension, group): (DimensionId, Slot)) {
        let Contribution { profile, channel, cohort, counts, .. } = *contribution;
        if !self.floors.keep(hour(cohort)) {
            return;
        }
        let place = MissingPlace { profile, channel, dimension, group, cause };
        if self.places.len() >= MAX_PLACES && !self.places.contains_key(&place) {
            return self.count_anywhere(cause, cohort, 1);
        }
        let changes = self.changes.entry((profile, channel, dimension)).or_default();
        *changes = changes.wrapping_add(1);
        let case = Cases { all: 1, picked: counts.count(CaseCounts::SELECTED) };
        self.places.entry(place).or_default().add(hour(cohort), self.floors, case);
    }

    /// Counts cases of which neither profile nor group is known as missing from every comparison.
    pub fn count_anywhere(&mut self, cause: Cause, time: EventTime, cases: u64) {
        if cases == 0 || !self.floors.keep(hour(time)) {
            return;
        }
        self.changes_anywhere = self.changes_anywhere.wrapping_add(1);
        self.anywhere.entry(cause).or_default().add(hour(time), self.floors, Cases::unknown(cases));
    }

    /// Counts a case whose control came and whose selection did not, or no longer.
    pub fn count_unmatched(&mut self, change: &CaseChange) {
        let CaseChange { before, after } = change;
        if before.unmatched == after.unmatched {
            return;
        }
        if let Some(time) = before.unmatched {
            self.uncount_anywhere(Cause::Unmatched, time, 1);
        }
        if let Some(time) = after.unmatched {
            self.count_anywhere(Cause::Unmatched, time, 1);
        }
    }

    /// Takes back what [`Self::count_anywhere`] counted.
    pub(super) fn uncount_anywhere(&mut self, cause: Cause, time: EventTime, cases: u64) {
        self.changes_anywhere = self.changes_anywhere.wrapping_add(1);
        if let Some(counted) = self.anywhere.get_mut(&cause) {
            counted.remove(hour(time), self.floors, Cases::unknown(cases));
            if counted.is_empty() {
                self.anywhere.remove(&cause);
            }
        }
    }

    /// Returns the missing cases of a place over a range.
    #[must_use]
    pub fn sum(&self, place: &MissingPlace, range: Range) -> Cases {
        self.places.get(place).map_or_else(Cases::default, |cases| cases.sum(range))
    }

    /// Returns the cases over a range of which neither profile nor group is known.
    #[must_use]
    pub fn sum_anywhere(&self, cause: Cause, range: Range) -> Cases {
        self.anywhere.get(&cause).map_or_else(Cases::default, |cases| cases.sum(range))
    }

    /// Returns a number that rises with every change of what a comparison of this profile, channel and dimension misses. As long as it
    /// stays, so do these sums, and those of cases of which nothing is known.
    #[must_use]
    pub fn changes(&self, profile: ProfileId, channel: Channel, dimension: DimensionId) -> u64 {
        let of_place = self.changes.get(&(profile, channel, dimension)).copied().unwrap_or_default();
        of_place.wrapping_add(self.changes_anywhere)
    }

    /// Merges hours and drops days, as the cells do.
    pub(super) fn age(&mut self, floors: Floors) {
        self.floors = floors;
        self.places.values_mut().chain(self.anywhere.values_mut()).for_each(|cases| cases.age(floors));
        self.places.retain(|_, cases| !cases.is_empty());
        self.anywhere.retain(|_, cases| !cases.is_empty());
    }

    pub(super) fn state(&self) -> MissingState {
        MissingState {
            places: self.places.iter().map(|(place, cases)| (*place, cases.clone())).collect(),
            anywhere: self.anywhere.iter().map(|(cause, cases)| (*cause, cases.clone())).collect(),
        }
    }

    pub(super) fn restored(state: MissingState, mapping: &Mapping, counts_everyone: bool) -> Self {
        let is_counted =
            |(place, _): &(MissingPlace, CasesByTime)| counts_everyone || place.dimension != DimensionId::EVERYONE;
        let renamed = |(place, cases): (MissingPlace, CasesByTime)| {
            Some((MissingPlace { profile: mapping.profile(place.profile)?, ..place }, cases))
        };
        Self {
            floors: Floors::default(),
            places: state.places.into_iter().filter(is_counted).take(MAX_PLACES).filter_map(renamed).collect(),
            anywhere: state.anywhere.into_iter().collect(),
            changes: BTreeMap::new(),
            changes_anywhere: 0,
            counts_everyone,
        }
    }
}

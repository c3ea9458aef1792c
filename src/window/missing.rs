//! Cases of a window that no comparison counts, or that evidence does not, by cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::{Range, bucket};
use crate::ledger::{AttributeTable, Contribution};
use crate::plan::{Cause, Channel, DimensionId, EventTime, Mapping, ProfileId, Slot, Span, hour_of};

/// The most places with missing cases. Cases of further ones are counted where nothing is known of them.
const MAX_PLACES: usize = 200_000;

/// Cases by the hour of their cohort, counted from 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesByHour(BTreeMap<i32, u64>);

/// Cases that were lost before they reached a cell, or that lack what a cell needs, by place and cause.
///
/// Cases without a group are not among them, unless they can no longer get one: cells of their own count those.
#[derive(Clone, Debug)]
pub struct MissingCases {
    /// The first hour that is kept. What comes of hours before it is in no window.
    first: i32,
    places: BTreeMap<MissingPlace, CasesByHour>,
    /// Cases of which neither profile nor group is known.
    anywhere: BTreeMap<Cause, CasesByHour>,
    /// Rises with every change. What is held does not depend on it.
    changes: u64,
}

/// Names what missing cases are missing from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MissingPlace {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
    /// The group, as far as it is known.
    pub group: Slot,
    /// Why they are missing.
    pub cause: Cause,
}

/// The missing cases in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MissingState {
    places: Vec<(MissingPlace, CasesByHour)>,
    anywhere: Vec<(Cause, CasesByHour)>,
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

    /// Returns the cases of the hours that the range holds.
    #[must_use]
    pub fn sum(&self, range: Range) -> u64 {
        let hours =
            self.0.range(hour_of(range.after)..).take_while(|(hour, _)| bucket(**hour, Span::HOUR).start <= range.last);
        let held = hours.filter(|(hour, _)| range.holds(bucket(**hour, Span::HOUR)));
        held.fold(0, |sum, (_, cases)| sum.saturating_add(*cases))
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

impl Default for MissingCases {
    fn default() -> Self {
        Self { first: i32::MIN, places: BTreeMap::new(), anywhere: BTreeMap::new(), changes: 0 }
    }
}

impl MissingCases {
    /// Counts a case as missing in every dimension, in the channel of the contribution.
    pub fn count_everywhere(&mut self, cause: Cause, contribution: &Contribution, attributes: &AttributeTable) {
        for (dimension, group) in attributes.groups(contribution.attributes) {
            self.count(cause, contribution, (dimension, group));
        }
    }

    /// Counts a case as missing in one dimension.
    pub fn count(&mut self, cause: Cause, contribution: &Contribution, (dimension, group): (DimensionId, Slot)) {
        let Contribution { profile, channel, cohort, .. } = *contribution;
        if hour_of(cohort) < self.first {
            return;
        }
        let place = MissingPlace { profile, channel, dimension, group, cause };
        if self.places.len() >= MAX_PLACES && !self.places.contains_key(&place) {
            return self.count_anywhere(cause, cohort);
        }
        self.changes = self.changes.wrapping_add(1);
        self.places.entry(place).or_default().add(hour_of(cohort), 1);
    }

    /// Counts a case of which neither profile nor group is known as missing from every comparison.
    pub fn count_anywhere(&mut self, cause: Cause, time: EventTime) {
        if hour_of(time) < self.first {
            return;
        }
        self.changes = self.changes.wrapping_add(1);
        self.anywhere.entry(cause).or_default().add(hour_of(time), 1);
    }

    /// Returns the missing cases of a place over a range.
    #[must_use]
    pub fn sum(&self, place: &MissingPlace, range: Range) -> u64 {
        self.places.get(place).map_or(0, |cases| cases.sum(range))
    }

    /// Returns the cases over a range of which neither profile nor group is known.
    #[must_use]
    pub fn sum_anywhere(&self, cause: Cause, range: Range) -> u64 {
        self.anywhere.get(&cause).map_or(0, |cases| cases.sum(range))
    }

    /// Returns a number that rises with every change. As long as it stays, so do all sums.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Forgets the hours before `first`.
    pub(super) fn forget_before(&mut self, first: i32) {
        self.first = first;
        self.places.values_mut().chain(self.anywhere.values_mut()).for_each(|cases| cases.forget_before(first));
        self.places.retain(|_, cases| !cases.is_empty());
        self.anywhere.retain(|_, cases| !cases.is_empty());
    }

    pub(super) fn state(&self) -> MissingState {
        MissingState {
            places: self.places.iter().map(|(place, cases)| (*place, cases.clone())).collect(),
            anywhere: self.anywhere.iter().map(|(cause, cases)| (*cause, cases.clone())).collect(),
        }
    }

    pub(super) fn restored(state: MissingState, mapping: &Mapping) -> Self {
        let renamed = |(place, cases): (MissingPlace, CasesByHour)| {
            Some((MissingPlace { profile: mapping.profile(place.profile)?, ..place }, cases))
        };
        Self {
            first: i32::MIN,
            places: state.places.into_iter().take(MAX_PLACES).filter_map(renamed).collect(),
            anywhere: state.anywhere.into_iter().collect(),
            changes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_the_hours_that_a_cell_of_it_would() {
        let mut cases = CasesByHour::default();
        for hour in 0..48 {
            cases.add(hour, 2);
        }
        let at = |hour: i64| EventTime(Span::HOUR.times(hour).0);
        assert_eq!(cases.sum(Range::rolling(at(47), Span::DAY)), 50);
        cases.remove(47, 2);
        cases.remove(47, 2);
        assert_eq!(cases.sum(Range::rolling(at(47), Span::DAY)), 48);
        cases.forget_before(40);
        assert_eq!(cases.sum(Range::rolling(at(47), Span::DAY.times(3))), 14);
    }
}

//! The final facts about cases that were selected in the same hours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Channel, Slot, StratumId};
use crate::window::Counts;

/// Share of the selected cases, in every group, whose facts must be known before a cohort is complete; in hundredths.
const COMPLETE_PERCENT: u64 = 95;

/// The counts of cases that were selected in the same hours: one hour, or what was not sealed of a day when its hours
/// were merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// The first hour, counted from 1970.
    pub start: i32,
    /// The hour after the last.
    pub end: i32,
    pub(super) counts: BTreeMap<CohortCell, Counts>,
}

/// Channel, group, and stratum with its value; `None` for all strata together.
pub(super) type CohortCell = (Channel, Slot, Option<(StratumId, Slot)>);

impl Cohort {
    /// Returns the counts of a group in a channel, and in a value of a stratum where one is asked for. They are 0 where
    /// the cohort has no such case.
    #[must_use]
    pub fn counts(&self, channel: Channel, group: Slot, stratum: Option<(StratumId, Slot)>) -> Counts {
        self.counts.get(&(channel, group, stratum)).copied().unwrap_or_default()
    }

    /// Returns the values of a stratum that cases of this cohort have, ascending.
    #[must_use]
    pub fn values(&self, stratum: StratumId) -> Vec<Slot> {
        let values = self.counts.keys().filter_map(|(_, _, of)| of.filter(|(id, _)| *id == stratum));
        let mut values: Vec<Slot> = values.map(|(_, value)| value).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Adds the counts of another cohort.
    pub(super) fn merge(&mut self, other: Self) {
        self.end = self.end.max(other.end);
        for (cell, counts) in other.counts {
            self.counts.entry(cell).or_default().merge(&counts);
        }
    }

    /// Returns of how many cases the group is known, and of how many it is not.
    pub(super) fn groups(&self) -> [u64; 2] {
        let mut cases = [0_u64; 2];
        for ((_, group, _), counts) in self.counts.iter().filter(|((_, _, stratum), _)| stratum.is_none()) {
            let [known, unknown] = &mut cases;
            let sum = if *group == Slot::NONE { unknown } else { known };
            // A tally may count the picked alone.
            *sum = sum.saturating_add(counts.assessed.max(counts.selected));
        }
        cases
    }

    /// Returns whether any case lacks its group, or its value in a stratum that is not among these `unwaited`.
    pub(super) fn lacks_values(&self, unwaited: &[StratumId]) -> bool {
        let lacks = |group: Slot, stratum: Option<(StratumId, Slot)>| match stratum {
            None => group == Slot::NONE,
            Some((id, value)) => value == Slot::NONE && !unwaited.contains(&id),
        };
        let mut cells = self.counts.iter().filter(|((_, group, stratum), _)| lacks(*group, *stratum));
        cells.any(|(_, counts)| counts.assessed.max(counts.selected) > 0)
    }

    /// Returns whether in every group enough of the selected cases are among those that `known` counts.
    pub(super) fn is_complete(&self, known: impl Fn(&Counts) -> u64) -> bool {
        self.is_complete_to(COMPLETE_PERCENT, known)
    }

    /// Returns whether in every group this share of the selected cases, in hundredths, is among those that `known` counts.
    pub(super) fn is_complete_to(&self, percent: u64, known: impl Fn(&Counts) -> u64) -> bool {
        let is_waited_for = |group: &Slot, stratum: &Option<_>| stratum.is_none() && *group != Slot::NONE;
        let mut groups = self.counts.iter().filter(|((_, group, stratum), _)| is_waited_for(group, stratum));
        groups.all(|(_, counts)| u128::from(known(counts)) * 100 >= u128::from(counts.selected) * u128::from(percent))
    }
}

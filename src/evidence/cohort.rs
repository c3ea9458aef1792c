//! Cases by the hour of their selection, as evidence reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Channel, Slot, StratumId};
use crate::window::Counts;

/// Share of the selected that must be reported on or resolved, in every group, before a cohort is complete: in hundredths.
const COMPLETE_PERCENT: u64 = 95;

/// One sealed cohort: whole hours, or what was left of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// First hour, counted from 1970.
    pub start: i32,
    /// The hour after the last.
    pub end: i32,
    pub(super) counts: BTreeMap<CohortCell, Counts>,
}

/// Channel, group and stratum within a cohort.
pub(super) type CohortCell = (Channel, Slot, Option<(StratumId, Slot)>);

impl Cohort {
    /// The counts of a group in a channel, and stratum where one is asked for.
    #[must_use]
    pub fn counts(&self, channel: Channel, group: Slot, stratum: Option<(StratumId, Slot)>) -> Counts {
        self.counts.get(&(channel, group, stratum)).copied().unwrap_or_default()
    }

    /// The values that a stratum takes in this cohort, each once.
    #[must_use]
    pub fn values(&self, stratum: StratumId) -> Vec<Slot> {
        let values = self.counts.keys().filter_map(|(_, _, of)| of.filter(|(id, _)| *id == stratum));
        let mut values: Vec<Slot> = values.map(|(_, value)| value).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.end = self.end.max(other.end);
        for (cell, counts) in other.counts {
            self.counts.entry(cell).or_default().merge(&counts);
        }
    }

    /// Whether every group with selected cases has the share asked for.
    pub(super) fn complete(&self, known: impl Fn(&Counts) -> u64) -> bool {
        let groups = self.counts.iter().filter(|((_, _, stratum), _)| stratum.is_none());
        groups.into_iter().all(|(_, counts)| {
            u128::from(known(counts)) * 100 >= u128::from(counts.selected) * u128::from(COMPLETE_PERCENT)
        })
    }
}

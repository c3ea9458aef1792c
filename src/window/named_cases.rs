//! Cases of groups on no list, by the values that events write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::missing::CasesByHour;
use crate::ledger::{AttributeTable, AttributesId};
use crate::plan::{DimensionId, EventTime, Slot, hour_of};

/// Cases within the history by the value that events write, for the values of a dimension that are counted by name.
///
/// They are apart from the cells: those are few, are never given back, and evidence reads them. A row takes one number
/// for each day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCases(pub(super) BTreeMap<(DimensionId, Slot), CasesByHour>);

impl NamedCases {
    /// Adds the cases of these counts, or takes them away.
    pub(super) fn count(&mut self, places: &[(DimensionId, Slot)], cohort: EventTime, counts: &Counts, more: bool) {
        for place in places {
            let days = self.0.entry(*place).or_default();
            let cases = cases_of(counts);
            if more {
                days.add(day_of(cohort), cases);
            } else {
                days.remove(day_of(cohort), cases);
            }
        }
    }

    /// Forgets the days before this hour, and the rows that have none.
    pub(super) fn forget_before(&mut self, hour: i32) {
        self.0.values_mut().for_each(|days| days.forget_before(hour));
        self.0.retain(|_, days| !days.is_empty());
    }

    /// Returns what may be kept of rows that come from anywhere.
    pub(super) fn restored(mut self, dimensions: usize) -> Self {
        self.0.retain(|(dimension, slot), _| usize::from(dimension.0) < dimensions && slot.named().is_some());
        self
    }
}

/// Returns the values of a combination that are counted by name.
pub(super) fn named_values(id: AttributesId, attributes: &AttributeTable) -> Box<[(DimensionId, Slot)]> {
    attributes.named_groups(id).filter(|(_, slot)| slot.named().is_some()).collect()
}

/// The cases of counts. A tally may count the picked alone.
pub(super) fn cases_of(counts: &Counts) -> u64 {
    counts.assessed.max(counts.selected)
}

/// The first hour of the day.
fn day_of(time: EventTime) -> i32 {
    const HOURS: i32 = 24;
    hour_of(time).div_euclid(HOURS).saturating_mul(HOURS)
}

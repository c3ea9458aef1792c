//! Denominators where the cases that were not picked are not streamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{DimensionId, EventTime, Mapping, ProfileId};

/// The most population counts kept per profile and dimension; those that became valid first are dropped first.
pub const MAX_POPULATIONS: usize = 1_000;

/// Population counts per profile and dimension, each valid until the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Populations {
    entries: BTreeMap<(ProfileId, DimensionId), BTreeMap<Order, Vec<u64>>>,
}

/// When counts become valid, the time of their event, and its tag. Of counts that become valid at the same moment the
/// last in this order wins.
type Order = (EventTime, EventTime, u64);

impl Populations {
    /// Adds the counts of a dimension's groups; the last is that of everyone outside the allow-list.
    pub fn add(&mut self, profile: ProfileId, dimension: DimensionId, order: Order, counts: Vec<u64>) {
        let entries = self.entries.entry((profile, dimension)).or_default();
        entries.insert(order, counts);
        if entries.len() > MAX_POPULATIONS {
            entries.pop_first();
        }
    }

    /// Returns the same under the present profiles; without those that are gone.
    #[must_use]
    pub fn renamed(self, mapping: &Mapping) -> Self {
        let name = |(profile, dimension)| Some((mapping.profile(profile)?, dimension));
        Self { entries: Mapping::rename(self.entries, name) }
    }

    /// Returns the counts that are valid at `time`, per group, with those outside the allow-list last; `None` before
    /// the first.
    #[must_use]
    pub fn at(&self, profile: ProfileId, dimension: DimensionId, time: EventTime) -> Option<&[u64]> {
        let entries = self.entries.get(&(profile, dimension))?;
        let (_, counts) = entries.range(..=(time, EventTime(i64::MAX), u64::MAX)).next_back()?;
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_valid_at_a_time_are_the_last_that_became_valid() {
        let mut populations = Populations::default();
        let (profile, dimension) = (ProfileId(0), DimensionId(0));
        populations.add(profile, dimension, (EventTime(20), EventTime(5), 0), vec![2]);
        populations.add(profile, dimension, (EventTime(10), EventTime(9), 0), vec![1]);
        populations.add(profile, dimension, (EventTime(10), EventTime(8), 7), vec![9]);
        assert_eq!(populations.at(profile, dimension, EventTime(9)), None);
        assert_eq!(populations.at(profile, dimension, EventTime(10)), Some([1].as_slice()));
        assert_eq!(populations.at(profile, dimension, EventTime(30)), Some([2].as_slice()));
    }
}

//! How many cases have no group, by dimension, or one on no list: by dimension, and by the values that events write.

use super::named_cases::cases_of;
use super::store::Windows;
use super::unlisted_ever::UNLISTED_KINDS;
use crate::plan::{DimensionId, Slot};

impl Windows {
    /// Returns the number of cases without a group, by dimension.
    #[must_use]
    pub fn without_group(&self) -> &[u64] {
        &self.without_group
    }

    /// Returns the number of cases whose group is known only as probabilities, by dimension.
    #[must_use]
    pub fn probabilistic(&self) -> &[u64] {
        &self.probabilistic
    }

    /// Returns the number of cases that came with a group on no list since the start of the program, by dimension and in it by
    /// [`UNLISTED_KINDS`].
    #[must_use]
    pub fn unlisted_ever(&self) -> Vec<[u64; UNLISTED_KINDS.len()]> {
        let mut ever = self.unlisted_ever.by_dimension().to_vec();
        ever.resize(self.without_group.len(), [0; UNLISTED_KINDS.len()]);
        ever
    }

    /// Returns the number of cases within the history whose group is on no list, by dimension and in it by
    /// [`UNLISTED_KINDS`]. Tallies are among them.
    #[must_use]
    pub fn unlisted(&self) -> Vec<[u64; UNLISTED_KINDS.len()]> {
        let mut cases = vec![[0_u64; UNLISTED_KINDS.len()]; self.without_group.len()];
        for (key, cell) in self.keys.iter().zip(&self.cells).filter(|(key, _)| key.group.is_unlisted()) {
            let kind = UNLISTED_KINDS.iter().position(|(slot, _)| *slot == key.group);
            let dimension = cases.get_mut(usize::from(key.dimension.0)).filter(|_| key.stratum.is_none());
            if let Some(sum) = dimension.zip(kind).and_then(|(dimension, kind)| dimension.get_mut(kind)) {
                *sum = cell.sums().fold(*sum, |sum, counts| sum.saturating_add(cases_of(counts)));
            }
        }
        cases
    }

    /// Returns the number of cases within the history of each value on no list that is counted by name, by dimension and
    /// slot. All profiles and channels are taken together.
    pub fn unlisted_by_name(&self) -> impl Iterator<Item = (DimensionId, Slot, u64)> + '_ {
        self.named.0.iter().map(|((dimension, slot), days)| (*dimension, *slot, days.total()))
    }
}

//! Indices by which the core names what the plan lists. A checkpoint stores the names behind them.

use serde::{Deserialize, Serialize};

use super::subject::Dimension;

/// Index of a profile in [`crate::plan::Plan::profiles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileId(pub u16);

/// Index of a dimension in [`crate::plan::Plan::dimensions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DimensionId(pub u16);

/// Index of a group in [`Dimension::groups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(pub u16);

/// Index of a stratum's name in [`crate::plan::Plan::strata`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StratumId(pub u16);

/// Index of a partition, assigned by its source: 0, 1, 2, ... in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionIndex(pub u32);

/// The value of a case in one dimension or stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u16);

impl Slot {
    /// No value is known.
    pub const NONE: Self = Self(u16::MAX);
    /// A value outside the allow-list, or past the limit.
    pub const OTHER: Self = Self(u16::MAX - 1);
    /// Membership is known only as probabilities, which were not kept because too many distinct ones were in use.
    pub const PROBABILISTIC: Self = Self(u16::MAX - 2);
    /// The first slot that stands for probabilities. Slots of groups come before it.
    const FIRST_VECTOR: u16 = Dimension::MAX_GROUPS;
    /// Most distinct probability vectors of one dimension. Further ones are not kept; they are counted.
    pub const MAX_VECTORS: usize = (Self::PROBABILISTIC.0 - Self::FIRST_VECTOR) as usize;

    /// Returns the group, where the allow-list has it.
    #[must_use]
    pub const fn group(self) -> Option<GroupId> {
        if self.0 < Self::FIRST_VECTOR { Some(GroupId(self.0)) } else { None }
    }

    /// Returns whether membership is known only as probabilities, kept or not. Such a case takes no part in the counts of groups,
    /// nor in evidence.
    #[must_use]
    pub const fn is_probabilistic(self) -> bool {
        Self::FIRST_VECTOR <= self.0 && self.0 <= Self::PROBABILISTIC.0
    }

    /// Returns the place of the probabilities among those of the dimension, where they were kept.
    #[must_use]
    pub const fn vector(self) -> Option<usize> {
        if self.is_probabilistic() && self.0 < Self::PROBABILISTIC.0 {
            Some((self.0 - Self::FIRST_VECTOR) as usize)
        } else {
            None
        }
    }

    /// Returns the slot of the probabilities at a place; `None` from [`Self::MAX_VECTORS`] on.
    #[must_use]
    pub fn of_vector(index: usize) -> Option<Self> {
        let index = u16::try_from(index).ok().filter(|index| usize::from(*index) < Self::MAX_VECTORS)?;
        Some(Self(Self::FIRST_VECTOR + index))
    }
}

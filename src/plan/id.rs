//! Indices into the lists of the plan. A checkpoint stores the names behind them, since a later plan may number them
//! differently.

use serde::{Deserialize, Serialize};

/// The largest number of groups that a dimension may have. Slots from here on stand for probabilities.
pub(super) const MAX_GROUPS: u16 = 10_000;

/// Index of a profile in [`crate::plan::Plan::profiles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileId(pub u16);

/// Index of a dimension in [`crate::plan::Plan::dimensions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DimensionId(pub u16);

impl DimensionId {
    /// No dimension of the plan: the cells of this one count every case of a profile and channel, whatever its groups.
    /// Its only group is [`Slot::EVERYONE`].
    pub const EVERYONE: Self = Self(u16::MAX);
}

/// Index of a group in [`crate::plan::Dimension::groups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(pub u16);

/// Index of a stratum's name in [`crate::plan::Plan::strata`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StratumId(pub u16);

/// Index of a partition. Its source assigns 0, 1, 2, ... in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionIndex(pub u32);

/// The value of a case in one dimension or stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u16);

impl Slot {
    /// No value is known.
    pub const NONE: Self = Self(u16::MAX);
    /// Of a stratum: a value beyond the limit on distinct values. Older states use it for groups outside the
    /// allow-list too.
    pub const OTHER: Self = Self(u16::MAX - 1);
    /// Membership is known only as probabilities, and they were not kept: too many distinct vectors were in use, or the
    /// dimension has too many groups.
    pub const PROBABILISTIC: Self = Self(u16::MAX - 2);
    /// A group outside the allow-list that resembles none of the list.
    pub const UNLISTED: Self = Self(u16::MAX - 3);
    /// A group outside the allow-list that differs from a listed one by its spelling only.
    pub const LOOK_ALIKE: Self = Self(u16::MAX - 4);
    /// The only group of [`DimensionId::EVERYONE`].
    pub const EVERYONE: Self = Self(0);
    /// The largest number of values outside the allow-list, of each of the two kinds, that a dimension counts by name.
    pub const MAX_NAMED: u16 = 32;
    /// The first slot of a value that is counted by name: first those of [`Self::UNLISTED`], then those of
    /// [`Self::LOOK_ALIKE`].
    const FIRST_NAMED: u16 = Self::LOOK_ALIKE.0 - 2 * Self::MAX_NAMED;
    /// The first slot that stands for a probability vector. Slots of groups come before it.
    const FIRST_VECTOR: u16 = MAX_GROUPS;
    /// The largest number of distinct probability vectors of one dimension. Further ones are counted but not kept.
    pub const MAX_VECTORS: usize = (Self::FIRST_NAMED - Self::FIRST_VECTOR) as usize;

    /// Returns the group, or `None` where the slot stands for something else.
    #[must_use]
    pub const fn group(self) -> Option<GroupId> {
        if self.0 < Self::FIRST_VECTOR { Some(GroupId(self.0)) } else { None }
    }

    /// Returns whether membership is known only as probabilities, kept or not. The counts of groups and the evidence
    /// leave such a case out.
    #[must_use]
    pub const fn is_probabilistic(self) -> bool {
        self.0 == Self::PROBABILISTIC.0 || (Self::FIRST_VECTOR <= self.0 && self.0 < Self::FIRST_NAMED)
    }

    /// Returns whether the case is of no group of the dimension for certain: nothing is known, or the value is on no
    /// list. Such a case is in no comparison.
    #[must_use]
    pub const fn is_without_group(self) -> bool {
        self.0 == Self::NONE.0 || self.is_unlisted()
    }

    /// Returns the slot itself; for a value outside the allow-list that is counted by name, that of its kind.
    #[must_use]
    pub const fn kind(self) -> Self {
        match self.named() {
            Some((kind, _)) => kind,
            None => self,
        }
    }

    /// Returns the kind of a value outside the allow-list that is counted by name, and its index among those; `None`
    /// for all else.
    #[must_use]
    pub const fn named(self) -> Option<(Self, u16)> {
        if self.0 < Self::FIRST_NAMED || self.0 >= Self::LOOK_ALIKE.0 {
            return None;
        }
        let index = self.0 - Self::FIRST_NAMED;
        if index < Self::MAX_NAMED {
            Some((Self::UNLISTED, index))
        } else {
            Some((Self::LOOK_ALIKE, index - Self::MAX_NAMED))
        }
    }

    /// Returns the slot by which a value of this kind is counted by name; `None` from [`Self::MAX_NAMED`] on.
    #[must_use]
    pub fn of_named(kind: Self, index: usize) -> Option<Self> {
        let index = u16::try_from(index).ok().filter(|index| *index < Self::MAX_NAMED)?;
        match kind {
            Self::UNLISTED => Some(Self(Self::FIRST_NAMED + index)),
            Self::LOOK_ALIKE => Some(Self(Self::FIRST_NAMED + Self::MAX_NAMED + index)),
            _ => None,
        }
    }

    /// Returns whether the value is a group outside the allow-list.
    #[must_use]
    pub const fn is_unlisted(self) -> bool {
        Self::FIRST_NAMED <= self.0 && self.0 <= Self::UNLISTED.0
    }

    /// Returns the index of the probability vector among those of the dimension, or `None` where none was kept.
    #[must_use]
    pub const fn vector(self) -> Option<usize> {
        if self.is_probabilistic() && self.0 < Self::PROBABILISTIC.0 {
            Some((self.0 - Self::FIRST_VECTOR) as usize)
        } else {
            None
        }
    }

    /// Returns the slot of the probability vector at `index`, or `None` from [`Self::MAX_VECTORS`] on.
    #[must_use]
    pub fn of_vector(index: usize) -> Option<Self> {
        let index = u16::try_from(index).ok().filter(|index| usize::from(*index) < Self::MAX_VECTORS)?;
        Some(Self(Self::FIRST_VECTOR + index))
    }
}

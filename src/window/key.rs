//! How a cell is named.

use serde::{Deserialize, Serialize};

use crate::plan::{Channel, DimensionId, ProfileId, Slot, StratumId};

/// Names a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension; [`DimensionId::EVERYONE`] for all cases of the profile and channel.
    pub dimension: DimensionId,
    /// The group; [`Slot::UNLISTED`] and [`Slot::LOOK_ALIKE`] for all outside the allow-list, [`Slot::NONE`] for cases of which no
    /// group is certain. A cell of [`Slot::OTHER`] comes from an older state only.
    pub group: Slot,
    /// A value of a stratum that a rule names; `None` for all values together.
    pub stratum: Option<(StratumId, Slot)>,
}

impl CellKey {
    /// Returns whether it counts all cases of a listed group that the profile's own channel assessed.
    pub(super) fn is_of_own_group(&self) -> bool {
        let is_own = self.channel == Channel::Profile && self.stratum.is_none();
        is_own && self.dimension != DimensionId::EVERYONE && self.group.group().is_some()
    }
}

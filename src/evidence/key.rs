//! The name of a table of series.

use serde::{Deserialize, Serialize};

use crate::plan::{Channel, DimensionId, ProfileId};

/// Names a table of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableKey {
    /// Index of the rule in the plan.
    pub rule: usize,
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
}

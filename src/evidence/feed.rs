//! Which cohorts an indicator reads, and when they are complete.

use serde::{Deserialize, Serialize};

use crate::plan::{Channel, DimensionId, ProfileId};
use crate::window::CellKey;

/// A stream of sealed cohorts of one profile and dimension. Indicators whose facts are complete at the same time share
/// it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CohortFeed {
    /// The profile.
    pub profile: ProfileId,
    /// The dimension; [`DimensionId::EVERYONE`] for all cases of the profile, whatever their groups.
    pub dimension: DimensionId,
    /// The channels, which are sealed together: the compared one, then the one it is compared with, if that is another.
    pub channels: Vec<Channel>,
    /// When a cohort is complete.
    pub maturity: Maturity,
}

/// When the facts that an indicator counts can be expected to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Maturity {
    /// When the cohort's hours are over: for selections.
    Over,
    /// When 95 % of the selected cases of every group have a control reported, performed or not.
    Reported,
    /// When 95 % of the selected cases of every group are resolved.
    Resolved,
    /// At `cohort_max_age` only: nothing else says that no further complaint or objection will come.
    Aged,
    /// When every selected case of every group has a control reported, performed or not. For what is too rare to leave some
    /// out.
    Settled,
}

impl CohortFeed {
    /// Returns whether the counts of a cell belong to the cohorts of this feed.
    pub(super) fn reads(&self, key: &CellKey) -> bool {
        let Self { profile, dimension, channels, .. } = self;
        // Cases of no listed group are in no comparison. Those that may still get one are waited for.
        let has_group = !key.group.is_unlisted();
        has_group && *profile == key.profile && *dimension == key.dimension && channels.contains(&key.channel)
    }
}

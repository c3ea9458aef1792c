//! Which cohorts an indicator reads, and what must be known of them.

use serde::{Deserialize, Serialize};

use crate::plan::{Channel, DimensionId, ProfileId};
use crate::window::{CellKey, Counts};

/// A stream of sealed cohorts: of one profile and dimension, for indicators that need the same facts to be complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CohortFeed {
    /// The profile.
    pub profile: ProfileId,
    /// The dimension.
    pub dimension: DimensionId,
    /// The channels, sealed together; the compared one first.
    pub channels: Vec<Channel>,
    /// What must be known of a cohort.
    pub maturity: Maturity,
}

/// When the facts that an indicator counts can be expected to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Maturity {
    /// When the cohort is over: selections.
    Over,
    /// When 95 % of the selected of every group have a control reported, performed or not.
    Reported,
    /// When 95 % of the selected of every group are resolved.
    Resolved,
    /// At `cohort_max_age` only: nothing tells that no complaint or objection will come.
    Aged,
}

impl CohortFeed {
    /// Returns whether the counts of a cell belong to the cohorts of this feed.
    pub(super) fn reads(&self, key: &CellKey) -> bool {
        let Self { profile, dimension, channels, .. } = self;
        *profile == key.profile && *dimension == key.dimension && channels.contains(&key.channel)
    }
}

impl Maturity {
    /// The counts that evidence of this kind reads, each marked with 1.
    pub(super) const fn relevant(self) -> Counts {
        let over = Counts {
            assessed: 1,
            selected: 1,
            controlled: 0,
            reported: 0,
            resolved: 0,
            concluded: 0,
            hits: 0,
            overturned: 0,
            complaints: 0,
        };
        match self {
            Self::Over => over,
            Self::Reported => Counts { controlled: 1, ..over },
            Self::Resolved => Counts { controlled: 1, concluded: 1, hits: 1, ..over },
            Self::Aged => Counts { controlled: 1, hits: 1, overturned: 1, complaints: 1, ..over },
        }
    }
}

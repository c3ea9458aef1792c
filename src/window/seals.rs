//! Which hours were sealed when they were merged into their days: what a hit rate counts of such a day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::CellKey;
use crate::plan::{Channel, DimensionId, Mapping, ProfileId, Span};

/// Hours of a day.
const DAY: i32 = 24;

/// The sealed hours of days, kept until the day is sealed by its age.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seals {
    /// The age at which a day is sealed, and that before which no hour is; `None` where nobody asks.
    #[serde(skip)]
    pub(super) ages: Option<(Span, Span)>,
    /// By what is sealed together and day since 1970: a bit for each hour.
    hours: BTreeMap<(Sealed, i32), u32>,
}

/// What is sealed together.
type Sealed = (ProfileId, Channel, DimensionId);

impl Seals {
    /// Returns whether an hour was sealed when it was merged.
    pub fn has(&self, key: &CellKey, hour: i32) -> bool {
        let place = (sealed(key), hour.div_euclid(DAY));
        self.hours.get(&place).is_some_and(|hours| hours & bit(hour) != 0)
    }

    /// Notes which of these hours, about to be merged, are sealed: those that are in every group that has any cases.
    pub fn note(&mut self, hours: impl Iterator<Item = (CellKey, i32, bool)>) {
        let mut all: BTreeMap<(Sealed, i32), bool> = BTreeMap::new();
        for (key, hour, is_sealed) in hours {
            *all.entry((sealed(&key), hour)).or_insert(true) &= is_sealed;
        }
        for ((place, hour), _) in all.into_iter().filter(|(_, is_sealed)| *is_sealed) {
            *self.hours.entry((place, hour.div_euclid(DAY))).or_default() |= bit(hour);
        }
    }

    /// Restores what another plan kept; the seals of everyone only where they are counted.
    pub fn restore(&mut self, kept: Self, mapping: &Mapping, counts_everyone: bool) {
        let renamed = |(((profile, channel, dimension), day), hours): ((Sealed, i32), u32)| {
            Some((((mapping.profile(profile)?, channel, dimension), day), hours))
        };
        let is_counted =
            |(((_, _, dimension), _), _): &((Sealed, i32), u32)| counts_everyone || *dimension != DimensionId::EVERYONE;
        self.hours = kept.hours.into_iter().filter(is_counted).filter_map(renamed).collect();
    }

    /// Forgets the days before this one.
    pub fn forget(&mut self, day_floor: i32) {
        self.hours.retain(|(_, day), _| *day >= day_floor);
    }
}

const fn sealed(key: &CellKey) -> Sealed {
    (key.profile, key.channel, key.dimension)
}

const fn bit(hour: i32) -> u32 {
    1 << hour.rem_euclid(DAY)
}

//! The family of series: how its level is shared out, and what series of intersections inherit of others that have alarmed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::TableKey;
use crate::plan::{DimensionId, GroupId, Mapping, Plan};
use crate::statistics::{Inheritance, family_weights, log_level_of_weight};

/// ln(1 / level) of a whole series of the family, over all its epochs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// Of the series of dimensions that events name, and of those of everyone.
    main: f64,
    /// Of the series of intersections.
    crossed: f64,
}

impl Levels {
    /// Shares the level of the family out. `series` are the numbers of main series and of those of intersections. Without intersections every
    /// series has the same share.
    pub fn new(plan: &Plan, [main, crossed]: [usize; 2]) -> Self {
        let alpha = plan.evidence.family_alpha;
        if main == 0 || crossed == 0 {
            #[expect(clippy::cast_precision_loss, reason = "a number of series")]
            let all = libm::log((main + crossed).max(1) as f64 / alpha);
            return Self { main: all, crossed: all };
        }
        let count = |series: usize| u64::try_from(series).unwrap_or(u64::MAX);
        let (main, crossed) = family_weights(count(main), count(crossed), plan.evidence.intersection_share);
        Self { main: log_level_of_weight(alpha, main), crossed: log_level_of_weight(alpha, crossed) }
    }

    /// Returns ln(1 / level) of a whole series of a dimension.
    pub fn of(&self, plan: &Plan, dimension: DimensionId) -> f64 {
        if plan.is_crossed(dimension) { self.crossed } else { self.main }
    }
}

/// Counts series by whether they are of an intersection: first those that are not.
pub(super) fn counted(plan: &Plan, series: impl Iterator<Item = (DimensionId, usize)>) -> [usize; 2] {
    series.fold(
        [0; 2],
        |[main, crossed], (dimension, count)| {
            if plan.is_crossed(dimension) { [main, crossed + count] } else { [main + count, crossed] }
        },
    )
}

/// Names a series of a table: the key of the table, and the group.
pub(super) type Place = (TableKey, GroupId);

/// The epoch of a series, and whether it has alarmed in it.
type Alarm = (u32, bool);

/// What the series of intersections inherit. Only rules of kind `disparity` pass on a level, each to series of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heritage {
    inheritance: Inheritance,
    /// The main series that have heirs.
    mains: BTreeMap<Place, usize>,
    heirs: BTreeMap<Place, usize>,
}

/// What was inherited, in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HeritageState {
    /// By series of an intersection: the level that it has inherited, where there is any.
    gifts: Vec<(TableKey, GroupId, f64)>,
    /// By main series with heirs: the last epoch whose level was given, where there is any.
    given: Vec<(TableKey, GroupId, u32)>,
}

impl Heritage {
    /// Returns that of a plan whose rules of kind `disparity` have these series, before the first alarm.
    pub fn new(plan: &Plan, places: impl Iterator<Item = Place>) -> Self {
        let crossed = places.filter(|(key, _)| plan.is_crossed(key.dimension));
        let heirs: BTreeMap<Place, usize> = crossed.zip(0..).collect();
        let mut children: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for ((key, group), heir) in &heirs {
            for (dimension, part) in plan.parts_of(key.dimension, *group) {
                children.entry((TableKey { dimension, ..*key }, part)).or_default().push(*heir);
            }
        }
        let mains = children.keys().copied().zip(0..).collect();
        Self { inheritance: Inheritance::new(children.into_values().collect(), heirs.len()), mains, heirs }
    }

    /// Returns ln(1 / level) of a series for its epoch, where `own` is that of the whole series without what it has inherited.
    pub fn log_level(&self, place: Place, own: f64, epoch: u32) -> f64 {
        self.heirs.get(&place).map_or(own, |heir| self.inheritance.log_level(*heir, own, epoch))
    }

    /// Learns what a block has made of a series that was in the epoch `before`. `own` is ln(1 / level) of the whole series.
    pub fn learn(&mut self, place: Place, before: u32, (epoch, alarmed): Alarm, own: f64) {
        // A series may have alarmed before it had heirs: then it gives with its next block. No epoch is given twice.
        if alarmed && let Some(main) = self.mains.get(&place) {
            self.inheritance.main_alarmed(*main, epoch, own);
        }
        if epoch != before
            && let Some(heir) = self.heirs.get(&place)
        {
            self.inheritance.intersection_cleared(*heir);
        }
    }

    /// Returns what a checkpoint stores.
    pub fn state(&self) -> HeritageState {
        let gifts = self.heirs.iter().map(|((key, group), heir)| (*key, *group, self.inheritance.gift(*heir)));
        let given = self.mains.iter().map(|((key, group), main)| (*key, *group, self.inheritance.given(*main)));
        HeritageState {
            gifts: gifts.filter(|(.., gift)| *gift > 0.0).collect(),
            given: given.filter(|(.., epoch)| *epoch > 0).collect(),
        }
    }

    /// Restores what [`Self::state`] returned.
    pub fn restore(&mut self, HeritageState { gifts, given }: HeritageState, mapping: &Mapping) {
        let present = |key: TableKey, group: GroupId| -> Option<Place> {
            let (rule, profile) = (mapping.same_rule(key.rule)?, mapping.profile(key.profile)?);
            Some((TableKey { rule, profile, ..key }, group))
        };
        for (key, group, gift) in gifts {
            if let Some(heir) = present(key, group).and_then(|place| self.heirs.get(&place)) {
                self.inheritance.set_gift(*heir, gift);
            }
        }
        for (key, group, epoch) in given {
            if let Some(main) = present(key, group).and_then(|place| self.mains.get(&place)) {
                self.inheritance.set_given(*main, epoch);
            }
        }
    }
}

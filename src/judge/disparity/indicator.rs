//! The sides of all groups of a dimension, counted over a window.

use std::collections::BTreeSet;

use crate::evidence::{self, Side, by_population_of, side};
use crate::judge::scene::Scene;
use crate::plan::invariant::{self, Room};
use crate::plan::{Channel, DimensionId, EventTime, Indicator, ProfileId, Slot, StratumId};
use crate::window::{Bucket, Cell, CellKey, Counts, Range};

/// Share of the selected cases, in every group, that must be resolved before a hit rate counts a cohort; in hundredths.
const SEALED_PERCENT: u64 = 95;

/// What the sides of a table are counted over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub profile: ProfileId,
    pub channel: Channel,
    pub dimension: DimensionId,
    pub indicator: Indicator,
    pub range: Range,
}

/// Returns the side of each group of the dimension, everyone outside the allow-list last, without the `unsealed`
/// cohorts.
pub(super) fn sides(
    scene: &Scene<'_>,
    subject: &Subject,
    stratum: Option<(StratumId, Slot)>,
    unsealed: &BTreeSet<Bucket>,
) -> Vec<Side> {
    let sums: Vec<Counts> = slots(scene, subject.dimension)
        .map(|group| {
            cell(scene, subject, group, stratum).map_or_else(Counts::default, |cell| sum(cell, subject.range, unsealed))
        })
        .collect();
    let population = population(scene, subject).filter(|_| stratum.is_none());
    // No population is known before its first event: then nobody is exposed.
    let exposed = |index: usize| population.map(|counts| counts.get(index).copied().unwrap_or(0));
    sums.iter().enumerate().map(|(index, counts)| side(subject.indicator, counts, exposed(index))).collect()
}

/// Returns the counts of each group in the order of [`sides`], over sealed and unsealed cohorts alike.
pub(super) fn counts(scene: &Scene<'_>, subject: &Subject, stratum: Option<(StratumId, Slot)>) -> Vec<Counts> {
    let counts =
        |group| cell(scene, subject, group, stratum).map_or_else(Counts::default, |cell| cell.sum(subject.range));
    slots(scene, subject.dimension).map(counts).collect()
}

/// Returns the cohorts of the window that are not sealed: their outcomes may still change much, in some group, so a hit
/// rate leaves them out. Other indicators leave none out.
///
/// A cohort is sealed at `cohort_max_age`; or earlier, when the window ends later than it by the allowed lateness and
/// in every group at least 95 % of the selected cases are resolved.
pub(super) fn unsealed(scene: &Scene<'_>, subject: &Subject) -> BTreeSet<Bucket> {
    let mut unsealed = BTreeSet::new();
    if subject.indicator != Indicator::HitRate {
        return unsealed;
    }
    for group in slots(scene, subject.dimension) {
        let Some(cell) = cell(scene, subject, group, None) else { continue };
        let open = cell.buckets(subject.range).filter(|(bucket, counts)| !is_sealed(scene, *bucket, counts));
        unsealed.extend(open.map(|(bucket, _)| bucket));
    }
    unsealed
}

/// Returns whether these counts of a cohort allow it to be sealed. They are those of one group, or of the cases that
/// may be in it, weighted by probability.
pub(super) fn is_sealed(scene: &Scene<'_>, bucket: Bucket, counts: &Counts) -> bool {
    let plan = &scene.plan.window;
    let aged = bucket.end.plus(plan.cohort_max_age) <= scene.as_of;
    let recent = bucket.end.plus(plan.allowed_lateness) > scene.as_of;
    let unresolved = u128::from(counts.resolved) * 100 < u128::from(counts.selected) * u128::from(SEALED_PERCENT);
    aged || !(recent || unresolved)
}

fn sum(cell: &Cell, range: Range, unsealed: &BTreeSet<Bucket>) -> Counts {
    if unsealed.is_empty() {
        return cell.sum(range);
    }
    let mut sum = Counts::default();
    cell.buckets(range).filter(|(bucket, _)| !unsealed.contains(bucket)).for_each(|(_, counts)| sum.merge(counts));
    sum
}

/// Returns whether the exposed are a population.
pub(super) fn by_population(scene: &Scene<'_>, subject: &Subject) -> bool {
    by_population_of(scene.plan, subject.profile, subject.indicator)
}

/// Returns the population counts at the window's end, where the exposed are a population. They are empty before the
/// first are known.
pub(super) fn population<'s>(scene: &'s Scene<'_>, subject: &Subject) -> Option<&'s [u64]> {
    let end: EventTime = subject.range.last;
    by_population(scene, subject)
        .then(|| scene.populations.at(subject.profile, subject.dimension, end).unwrap_or_default())
}

fn slots<'s>(scene: &Scene<'s>, dimension: DimensionId) -> impl Iterator<Item = Slot> + use<'s> {
    let dimension = scene.plan.dimensions.get(usize::from(dimension.0));
    let dimension = invariant::present(Room::Judge, "a rule names dimensions of its plan", dimension);
    dimension.into_iter().flat_map(evidence::slots)
}

/// `None` where no such case was ever counted.
fn cell<'s>(
    scene: &'s Scene<'_>,
    subject: &Subject,
    group: Slot,
    stratum: Option<(StratumId, Slot)>,
) -> Option<&'s Cell> {
    let Subject { profile, channel, dimension, .. } = *subject;
    scene.windows.cell(&CellKey { profile, channel, dimension, group, stratum })
}

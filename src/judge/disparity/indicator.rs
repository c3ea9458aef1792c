//! From counts to events and exposed, for every group of a dimension.

use std::collections::BTreeSet;

use crate::evidence::{Side, by_population_of, side};
use crate::judge::Scene;
use crate::plan::{Channel, DimensionId, EventTime, Indicator, ProfileId, Slot, StratumId};
use crate::window::{Bucket, Cell, CellKey, Counts, Range};

/// Share of the selected that must be resolved, in every group, before a cohort's hit rate counts: in hundredths.
const SEALED_PERCENT: u64 = 95;

/// What a table of sides is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub profile: ProfileId,
    pub channel: Channel,
    pub dimension: DimensionId,
    pub indicator: Indicator,
    pub range: Range,
}

/// Events and exposed per group of the dimension, `other` (all outside the allow-list) last.
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
    let exposed = |index: usize| population.map(|counts| counts.get(index).copied().unwrap_or(0));
    sums.iter().enumerate().map(|(index, counts)| side(subject.indicator, counts, exposed(index))).collect()
}

/// Counts per group in the order of [`sides`], over sealed and unsealed cohorts alike.
pub(super) fn counts(scene: &Scene<'_>, subject: &Subject, stratum: Option<(StratumId, Slot)>) -> Vec<Counts> {
    let counts =
        |group| cell(scene, subject, group, stratum).map_or_else(Counts::default, |cell| cell.sum(subject.range));
    slots(scene, subject.dimension).map(counts).collect()
}

/// The cohorts of the window whose outcomes may still change much, in any group: a hit rate leaves them out.
///
/// A cohort is sealed when the watermark has passed its end by the allowed lateness and every group with a selected case has
/// resolved / selected >= 0.95, or at `cohort_max_age`.
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

/// Whether a group's cohort is: for the group itself, or (weighted by probabilities) for those who may be in it.
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

/// Whether the indicator's denominator is the cases assessed, for which a population may stand in.
pub(super) fn by_population(scene: &Scene<'_>, subject: &Subject) -> bool {
    by_population_of(scene.plan, subject.profile, subject.indicator)
}

/// The population counts at the window's end; an empty slice where none are known, so that nothing is exposed.
pub(super) fn population<'s>(scene: &'s Scene<'_>, subject: &Subject) -> Option<&'s [u64]> {
    let end: EventTime = subject.range.last;
    by_population(scene, subject)
        .then(|| scene.populations.at(subject.profile, subject.dimension, end).unwrap_or_default())
}

fn slots(scene: &Scene<'_>, dimension: DimensionId) -> impl Iterator<Item = Slot> {
    let listed = scene.plan.dimensions.get(usize::from(dimension.0)).map_or(0, |dimension| dimension.groups.len());
    (0..listed).filter_map(|index| u16::try_from(index).ok()).map(Slot).chain(std::iter::once(Slot::OTHER))
}

fn cell<'s>(
    scene: &'s Scene<'_>,
    subject: &Subject,
    group: Slot,
    stratum: Option<(StratumId, Slot)>,
) -> Option<&'s Cell> {
    let Subject { profile, channel, dimension, .. } = *subject;
    scene.windows.cell(&CellKey { profile, channel, dimension, group, stratum })
}

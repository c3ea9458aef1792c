//! The counts of all groups of a dimension over rolling windows, and what decides whether they changed.

use crate::evidence::{self, Side, by_population_of, side};
use crate::judge::missing::WITHOUT_GROUP;
use crate::judge::scene::Scene;
use crate::judge::sums::CellSums;
use crate::plan::invariant::{self, Room};
use crate::plan::{Channel, DimensionId, Indicator, ProfileId, Slot, StratumId, hour_of};
use crate::window::{Bucket, Cell, CellKey, Counts, LeftOut, Range, Rolling};

/// What the sides of a table are counted over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub profile: ProfileId,
    pub channel: Channel,
    pub dimension: DimensionId,
    pub indicator: Indicator,
}

impl Subject {
    pub(super) const fn cell(&self, group: Slot, stratum: Option<(StratumId, Slot)>) -> CellKey {
        let Self { profile, channel, dimension, .. } = *self;
        CellKey { profile, channel, dimension, group, stratum }
    }

    /// The cells of all groups in which anything was ever counted.
    fn cells<'s>(self, scene: &Scene<'s>, stratum: Option<(StratumId, Slot)>) -> impl Iterator<Item = &'s Cell> {
        let windows = scene.windows;
        slots(scene, self.dimension).filter_map(move |group| windows.cell(&self.cell(group, stratum)))
    }
}

/// What decides all counts of a subject: while it stays the same, so do they.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// How often the cells were changed, all together.
    changes: u64,
    /// The hours at which the windows begin and end, and those by which cohorts are sealed.
    hours: Vec<i32>,
}

impl Stamp {
    /// Returns the stamp of subjects of the same dimension, in the strata given; `None` stands for all strata together.
    pub fn of(
        scene: &Scene<'_>,
        subjects: &[Subject],
        strata: &[Option<(StratumId, Slot)>],
        rolling: &Rolling,
    ) -> Self {
        let mut hours: Vec<i32> = rolling.hours().collect();
        // Each number only rises, so the same sum means the same numbers.
        let mut changes = 0_u64;
        for subject in subjects {
            let Subject { profile, channel, dimension, indicator } = *subject;
            changes = changes.wrapping_add(scene.windows.missing.changes(profile, channel, dimension));
            let without_group = WITHOUT_GROUP.iter().map(|(slot, _)| *slot);
            for group in slots(scene, dimension).chain(without_group) {
                let cell = scene.windows.place_of(&subject.cell(group, None));
                changes = changes.wrapping_add(cell.map_or(0, |cell| scene.cohorts.late_changes(cell)));
            }
            for (slot, _) in WITHOUT_GROUP {
                let cell = scene.windows.cell(&subject.cell(slot, None));
                changes = changes.wrapping_add(cell.map_or(0, Cell::changes));
            }
            if indicator.is_of_sealed() {
                let window = &scene.plan.window;
                hours.extend(
                    [window.allowed_lateness, window.cohort_max_age].map(|age| hour_of(scene.counted_to.minus(age))),
                );
            }
            let reads_late =
                |(stratum, value): (StratumId, Slot)| value == Slot::NONE || scene.attributes.is_feature(stratum);
            for stratum in strata.iter().filter(|stratum| stratum.is_some_and(reads_late)) {
                let cells =
                    slots(scene, dimension).filter_map(|group| scene.windows.place_of(&subject.cell(group, *stratum)));
                changes = cells.fold(changes, |changes, cell| changes.wrapping_add(scene.cohorts.late_changes(cell)));
            }
            for stratum in strata {
                changes =
                    subject.cells(scene, *stratum).fold(changes, |changes, cell| changes.wrapping_add(cell.changes()));
            }
        }
        Self { changes, hours }
    }
}

/// The counts of each group of a dimension over each window of the plan.
pub(super) struct GroupCounts {
    /// By group, and in it by window.
    counts: Vec<Counts>,
    windows: usize,
}

impl GroupCounts {
    /// Counts without the `left_out` cohorts.
    pub fn of(
        scene: &Scene<'_>,
        subject: &Subject,
        stratum: Option<(StratumId, Slot)>,
        (sums, left_out): (&mut CellSums, &LeftOut),
    ) -> Self {
        let mut counts = Vec::new();
        for group in slots(scene, subject.dimension) {
            let key = subject.cell(group, stratum);
            sums.extend(&key, scene.windows.cell(&key), left_out, &mut counts);
        }
        Self { counts, windows: sums.rolling().len().max(1) }
    }

    /// Returns the counts of each group in the window at this place.
    pub fn in_window(&self, place: usize) -> impl Iterator<Item = &Counts> {
        self.counts.iter().skip(place).step_by(self.windows)
    }
}

/// Returns the sides of the counts of each group. `population` stands in for the cases assessed.
pub(super) fn sides<'c>(
    indicator: Indicator,
    counts: impl Iterator<Item = &'c Counts>,
    population: Option<&[u64]>,
) -> Vec<Side> {
    // No population is known before its first event: then nobody is exposed.
    let exposed = |index: usize| population.map(|counts| counts.get(index).copied().unwrap_or(0));
    counts.enumerate().map(|(index, counts)| side(indicator, counts, exposed(index))).collect()
}

/// Returns the cohorts of the windows that are not sealed: their outcomes may still change much, in some group, so a
/// hit rate leaves them out, and so do sanctions. Other indicators leave none out.
///
/// A cohort is sealed at `cohort_max_age`; or earlier, when the window ends later than it by the allowed lateness and
/// in every group at least 95 % of the selected cases are resolved. Hours that were sealed when they were merged into
/// their day stay counted; the others are sealed as that day.
pub(super) fn unsealed(scene: &Scene<'_>, subject: &Subject, rolling: &Rolling) -> LeftOut {
    if !subject.indicator.is_of_sealed() {
        return LeftOut::default();
    }
    let widest = rolling.widest();
    // Those before are sealed by their age.
    let after = widest.after.max(scene.counted_to.minus(scene.plan.window.cohort_max_age));
    let range = Range { after, ..widest };
    LeftOut::new(subject.cells(scene, None), range, |bucket, counts| !is_sealed(scene, bucket, counts))
}

/// Returns whether these counts of a cohort allow it to be sealed. They are those of one group, or of the cases that
/// may be in it, weighted by probability.
pub(super) fn is_sealed(scene: &Scene<'_>, bucket: Bucket, counts: &Counts) -> bool {
    let plan = &scene.plan.window;
    let aged = bucket.end.plus(plan.cohort_max_age) <= scene.counted_to;
    let recent = bucket.end.plus(plan.allowed_lateness) > scene.counted_to;
    aged || !recent && counts.is_mostly_resolved()
}

/// Returns whether the exposed are a population.
pub(super) fn by_population(scene: &Scene<'_>, subject: &Subject) -> bool {
    by_population_of(scene.plan, subject.profile, subject.indicator)
}

/// Returns the population counts at the windows' end, where the exposed are a population. They are empty before the
/// first are known.
pub(super) fn population<'s>(scene: &'s Scene<'_>, subject: &Subject) -> Option<&'s [u64]> {
    by_population(scene, subject)
        .then(|| scene.populations.at(subject.profile, subject.dimension, scene.as_of).unwrap_or_default())
}

fn slots<'s>(scene: &Scene<'s>, dimension: DimensionId) -> impl Iterator<Item = Slot> + use<'s> {
    let dimension = scene.plan.dimensions.get(usize::from(dimension.0));
    let dimension = invariant::present(Room::Judge, "a rule names dimensions of its plan", dimension);
    dimension.into_iter().flat_map(evidence::slots)
}

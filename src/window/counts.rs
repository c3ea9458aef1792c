//! The counts of one bucket: how many cases reached each stage of the funnel.

use serde::{Deserialize, Serialize};

use crate::event::TallyCounts;
use crate::ledger::CaseCounts;

/// How many cases of a cell reached each stage of the funnel within one bucket.
///
/// A stage never exceeds the one before it, except where tallies say otherwise: their counts may be given apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Cases at risk of being picked.
    pub assessed: u64,
    /// Cases picked for a control.
    pub selected: u64,
    /// Cases whose control was performed.
    pub controlled: u64,
    /// Cases with a control reported, performed or not.
    pub reported: u64,
    /// Cases of which every control has an outcome of any kind, or was not performed.
    pub resolved: u64,
    /// Cases with the outcome violation or no violation.
    pub concluded: u64,
    /// Cases with a violation that stands.
    pub hits: u64,
    /// Cases with a violation that was overturned.
    pub overturned: u64,
    /// Cases with a complaint.
    pub complaints: u64,
}

/// The largest count. Sums over all groups, and products of two such sums, then still fit an `u128`.
const LARGEST: u64 = 1 << 53;

/// Share of the selected cases that must be resolved before a hit rate counts a cohort; in hundredths.
const SEALED_PERCENT: u64 = 95;

impl Counts {
    /// Returns whether enough of the selected cases are resolved for a hit rate to count their cohort.
    #[must_use]
    pub fn is_mostly_resolved(&self) -> bool {
        self.resolved >= self.selected
            || u128::from(self.resolved) * 100 >= u128::from(self.selected) * u128::from(SEALED_PERCENT)
    }

    /// Adds all counts of `other`; a sum stops at 2^53.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other, |count, more| count.saturating_add(more).min(LARGEST));
    }

    /// Subtracts all counts of `other`, which were added before; a count stops at 0.
    ///
    /// They may be missing here: a cell that had no room for them may have found room after a restart, and a checkpoint
    /// may hold less than its cases say.
    pub fn remove(&mut self, other: &Self) {
        self.combine(other, u64::saturating_sub);
    }

    /// Adds all counts of `other` and stops at 2^64 - 1 alone. Where [`Self::bounded`] ends a sum, the order and the way
    /// of adding do not matter.
    pub(super) fn add_up(&mut self, other: &Self) {
        self.combine(other, u64::saturating_add);
    }

    /// Returns the counts with 2^53 in place of larger ones, as [`Self::merge`] would have added them up.
    pub(super) fn bounded(mut self) -> Self {
        self.combine(&Self::default(), |count, _| count.min(LARGEST));
        self
    }

    /// Returns whether a count is 2^53, so that it may stand for a larger one.
    pub(super) fn is_bounded(&self) -> bool {
        self.fields().contains(&LARGEST)
    }

    /// Returns whether every count is at least that of `other`, and below the largest: then both may be added and subtracted in any order.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.fields().into_iter().zip(other.fields()).all(|(count, taken)| (taken..LARGEST).contains(&count))
    }

    /// Returns every count multiplied by `factor`, saturating.
    #[must_use]
    pub fn times(mut self, factor: u64) -> Self {
        self.combine(&Self::default(), |count, _| count.saturating_mul(factor));
        self
    }

    /// Returns whether every count is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the counts of a tally. It does not say what was reported or resolved: its controls and its conclusions
    /// stand in for them.
    #[must_use]
    pub const fn of_tally(tally: &TallyCounts) -> Self {
        Self {
            assessed: tally.assessed,
            selected: tally.selected,
            controlled: tally.controlled,
            reported: tally.controlled,
            resolved: tally.concluded,
            concluded: tally.concluded,
            hits: tally.hits,
            overturned: 0,
            complaints: tally.complaints,
        }
    }

    /// Returns the counts of one case, each 0 or 1.
    #[must_use]
    pub const fn of_case(case: CaseCounts) -> Self {
        Self {
            assessed: case.count(CaseCounts::ASSESSED),
            selected: case.count(CaseCounts::SELECTED),
            controlled: case.count(CaseCounts::CONTROLLED),
            reported: case.count(CaseCounts::REPORTED),
            resolved: case.count(CaseCounts::RESOLVED),
            concluded: case.count(CaseCounts::CONCLUDED),
            hits: case.count(CaseCounts::HIT),
            overturned: case.count(CaseCounts::OVERTURNED),
            complaints: case.count(CaseCounts::COMPLAINT),
        }
    }

    /// Returns the counts in the order of the fields.
    #[must_use]
    pub const fn fields(&self) -> [u64; 9] {
        [
            self.assessed,
            self.selected,
            self.controlled,
            self.reported,
            self.resolved,
            self.concluded,
            self.hits,
            self.overturned,
            self.complaints,
        ]
    }

    fn combine(&mut self, other: &Self, operation: impl Fn(u64, u64) -> u64) {
        self.assessed = operation(self.assessed, other.assessed);
        self.selected = operation(self.selected, other.selected);
        self.controlled = operation(self.controlled, other.controlled);
        self.reported = operation(self.reported, other.reported);
        self.resolved = operation(self.resolved, other.resolved);
        self.concluded = operation(self.concluded, other.concluded);
        self.hits = operation(self.hits, other.hits);
        self.overturned = operation(self.overturned, other.overturned);
        self.complaints = operation(self.complaints, other.complaints);
    }
}

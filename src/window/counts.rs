//! What is counted: the funnel of one case, and of a cell's bucket.

use serde::{Deserialize, Serialize};

use crate::event::TallyCounts;

/// Where one case stands in the funnel: each stage reached or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseCounts(u16);

const ASSESSED: u16 = 1;
const SELECTED: u16 = 1 << 1;
const CONTROLLED: u16 = 1 << 2;
const RESOLVED: u16 = 1 << 3;
const CONCLUDED: u16 = 1 << 4;
const HIT: u16 = 1 << 5;
const OVERTURNED: u16 = 1 << 6;
const COMPLAINT: u16 = 1 << 7;
const REPORTED: u16 = 1 << 8;

impl CaseCounts {
    /// A case at risk of being picked.
    #[must_use]
    pub const fn assessed() -> Self {
        Self(ASSESSED)
    }

    /// A complaint about a case of which nothing else is known.
    #[must_use]
    pub const fn complaint_alone() -> Self {
        Self(COMPLAINT)
    }

    /// The same, picked.
    #[must_use]
    pub const fn with_selected(self) -> Self {
        Self(self.0 | SELECTED)
    }

    /// The same, complained about.
    #[must_use]
    pub const fn with_complaint(self) -> Self {
        Self(self.0 | COMPLAINT)
    }

    /// Whether it was examined.
    pub const fn set_controlled(&mut self, yes: bool) {
        self.set(CONTROLLED, yes);
    }

    /// Whether a control was reported, performed or not.
    pub const fn set_reported(&mut self, yes: bool) {
        self.set(REPORTED, yes);
    }

    /// Whether every control has an outcome of any kind, or was not performed.
    pub const fn set_resolved(&mut self, yes: bool) {
        self.set(RESOLVED, yes);
    }

    /// Whether an outcome is violation or no violation.
    pub const fn set_concluded(&mut self, yes: bool) {
        self.set(CONCLUDED, yes);
    }

    /// Whether a violation was found, and stands.
    pub const fn set_hit(&mut self, yes: bool) {
        self.set(HIT, yes);
    }

    /// Whether a violation was found but did not stand.
    pub const fn set_overturned(&mut self, yes: bool) {
        self.set(OVERTURNED, yes);
    }

    const fn set(&mut self, bit: u16, yes: bool) {
        if yes {
            self.0 |= bit;
        } else {
            self.0 &= !bit;
        }
    }

    const fn count(self, bit: u16) -> u64 {
        (self.0 & bit != 0) as u64
    }
}

/// The funnel of a cell and bucket, in cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// At risk of being picked.
    pub assessed: u64,
    /// Picked.
    pub selected: u64,
    /// Examined.
    pub controlled: u64,
    /// With a control reported, performed or not.
    pub reported: u64,
    /// With an outcome of any kind for every control, or not performed.
    pub resolved: u64,
    /// With violation or no violation found.
    pub concluded: u64,
    /// With a violation found that stands.
    pub hits: u64,
    /// With a violation found that did not stand.
    pub overturned: u64,
    /// Complained about.
    pub complaints: u64,
}

/// Where counts stop: sums over all groups, and products of two such sums, still fit the widest integers.
const LARGEST: u64 = 1 << 53;

impl Counts {
    /// All of `other` more, saturating.
    pub fn merge(&mut self, other: &Self) {
        self.zip(other, |count, more| count.saturating_add(more).min(LARGEST));
    }

    /// All of `other` less. It was added before, so no count goes below 0; saturating all the same.
    pub fn remove(&mut self, other: &Self) {
        self.zip(other, u64::saturating_sub);
    }

    /// Every count so many times, saturating.
    #[must_use]
    pub fn times(mut self, factor: u64) -> Self {
        self.zip(&Self::default(), |count, _| count.saturating_mul(factor));
        self
    }

    /// Whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A tally's counts; its resolved is its concluded.
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

    /// One case's.
    pub(super) const fn of_case(case: CaseCounts) -> Self {
        Self {
            assessed: case.count(ASSESSED),
            selected: case.count(SELECTED),
            controlled: case.count(CONTROLLED),
            reported: case.count(REPORTED),
            resolved: case.count(RESOLVED),
            concluded: case.count(CONCLUDED),
            hits: case.count(HIT),
            overturned: case.count(OVERTURNED),
            complaints: case.count(COMPLAINT),
        }
    }

    fn zip(&mut self, other: &Self, operation: impl Fn(u64, u64) -> u64) {
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

/// How much a bucket's counts change, up or down, in the order of the fields of [`Counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shift([i64; 9]);

impl Shift {
    /// One case more, or less.
    pub fn case(&mut self, case: CaseCounts, more: bool) {
        self.counts(&Counts::of_case(case), more);
    }

    /// These counts more, or less.
    pub fn counts(&mut self, counts: &Counts, more: bool) {
        for (sum, count) in self.0.iter_mut().zip(counts.fields()) {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            *sum = if more { sum.saturating_add(count) } else { sum.saturating_sub(count) };
        }
    }

    /// The largest change among the fields that `relevant` marks.
    pub fn largest(&self, relevant: &Counts) -> u64 {
        let marked = self.0.iter().zip(relevant.fields()).filter(|(_, mark)| *mark > 0);
        marked.map(|(change, _)| change.unsigned_abs()).max().unwrap_or(0)
    }
}

impl Counts {
    /// Moves every count, not below 0.
    pub(super) fn shift(&mut self, shift: &Shift) {
        let [assessed, selected, controlled, reported, resolved, concluded, hits, overturned, complaints] = shift.0;
        let moved = |count: u64, by: i64| count.saturating_add_signed(by);
        *self = Self {
            assessed: moved(self.assessed, assessed),
            selected: moved(self.selected, selected),
            controlled: moved(self.controlled, controlled),
            reported: moved(self.reported, reported),
            resolved: moved(self.resolved, resolved),
            concluded: moved(self.concluded, concluded),
            hits: moved(self.hits, hits),
            overturned: moved(self.overturned, overturned),
            complaints: moved(self.complaints, complaints),
        };
    }

    const fn fields(&self) -> [u64; 9] {
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
}

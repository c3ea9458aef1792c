//! What is counted: the funnel of one case, and of a cell's bucket.

use serde::{Deserialize, Serialize};

use crate::event::TallyCounts;
use crate::ledger::CaseCounts;

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

    /// Returns the counts of one case: 0 or 1 each.
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

impl Counts {
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
}

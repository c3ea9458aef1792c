//! How much the counts of a cohort change.

use serde::{Deserialize, Serialize};

use crate::ledger::CaseCounts;
use crate::window::Counts;

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

    /// Moves every count, not below 0.
    pub fn move_counts(&self, counts: &mut Counts) {
        let [assessed, selected, controlled, reported, resolved, concluded, hits, overturned, complaints] = self.0;
        let moved = |count: u64, by: i64| count.saturating_add_signed(by);
        *counts = Counts {
            assessed: moved(counts.assessed, assessed),
            selected: moved(counts.selected, selected),
            controlled: moved(counts.controlled, controlled),
            reported: moved(counts.reported, reported),
            resolved: moved(counts.resolved, resolved),
            concluded: moved(counts.concluded, concluded),
            hits: moved(counts.hits, hits),
            overturned: moved(counts.overturned, overturned),
            complaints: moved(counts.complaints, complaints),
        };
    }
}

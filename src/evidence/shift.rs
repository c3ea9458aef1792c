//! Changes of a cohort's counts that are not final yet.

use serde::{Deserialize, Serialize};

use super::feed::Maturity;
use crate::ledger::CaseCounts;
use crate::window::{Cases, Counts};

/// By how much counts change, up or down, in the order of [`Counts::fields`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shift([i64; 9]);

impl Shift {
    /// Adds a case, or removes one.
    pub fn count_case(&mut self, case: CaseCounts, more: bool) {
        self.count(&Counts::of_case(case), more);
    }

    /// Adds counts, or removes them; saturating.
    pub fn count(&mut self, counts: &Counts, more: bool) {
        for (sum, count) in self.0.iter_mut().zip(counts.fields()).filter(|(_, count)| *count > 0) {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            *sum = if more { sum.saturating_add(count) } else { sum.saturating_sub(count) };
        }
    }

    /// Returns how many cases change at least, up or down, in the counts that indicators of this maturity read. Those that change in
    /// more than being assessed were picked.
    pub fn cases(&self, maturity: Maturity) -> Cases {
        let [assessed, selected, controlled, _, _, concluded, hits, overturned, complaints] =
            self.0.map(i64::unsigned_abs);
        let picked = match maturity {
            Maturity::Over => selected,
            Maturity::Reported | Maturity::Settled => selected.max(controlled),
            Maturity::Resolved => selected.max(controlled).max(concluded).max(hits),
            Maturity::Aged => selected.max(controlled).max(hits).max(overturned).max(complaints),
        };
        Cases { all: picked.max(assessed), picked }
    }

    /// Returns by how much the assessed change.
    pub const fn assessed(&self) -> i64 {
        let [assessed, ..] = self.0;
        assessed
    }

    /// Changes `counts`; a count stops at 0, as a checkpoint may hold less than its cases say.
    pub fn apply(&self, counts: &mut Counts) {
        let [assessed, selected, controlled, reported, resolved, concluded, hits, overturned, complaints] = self.0;
        let shifted = |count: u64, by: i64| count.saturating_add_signed(by);
        *counts = Counts {
            assessed: shifted(counts.assessed, assessed),
            selected: shifted(counts.selected, selected),
            controlled: shifted(counts.controlled, controlled),
            reported: shifted(counts.reported, reported),
            resolved: shifted(counts.resolved, resolved),
            concluded: shifted(counts.concluded, concluded),
            hits: shifted(counts.hits, hits),
            overturned: shifted(counts.overturned, overturned),
            complaints: shifted(counts.complaints, complaints),
        };
    }
}

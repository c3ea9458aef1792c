//! What may leave, and when.

use super::time::Span;

/// How published numbers are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisclosurePlan {
    /// The smallest number of cases whose count may be published; 0 publishes every number as it is, at once.
    pub min_cell: u64,
    /// Published counts are multiples of it, at least 1.
    pub round_to: u64,
    /// Numbers change on ticks of event time that are so far apart; positive. Verdicts change at once.
    pub release_every: Span,
    /// The most rules about the same series.
    pub rules_per_series: usize,
    /// All of them, but in tests of what each is for.
    pub defences: Defences,
}

/// The defences beside [`min_cell`](DisclosurePlan::min_cell). No configuration switches them off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Defences {
    /// Sums take a constant in the place of a withheld number.
    pub stands_in: bool,
    /// Larger numbers take up what the constant is off, so that sums over groups and over stages stay true.
    pub absorbs: bool,
    /// A published count changes by at least `min_cell`, or not at all.
    pub dead_band: bool,
    /// Where a shorter window withholds a part, a longer one tells it in larger steps.
    pub coarse: bool,
    /// What was withheld is shown again from twice `min_cell` on.
    pub sticky: bool,
    /// Numbers that follow from counts follow from the published ones; others have two or three digits.
    pub digits: bool,
    /// A verdict about withheld numbers is one that evidence raised, or none.
    pub hides_verdicts: bool,
    /// Of an intersection only what its parts show in full.
    pub crossed: bool,
}

impl Default for DisclosurePlan {
    fn default() -> Self {
        Self {
            min_cell: 10,
            round_to: 5,
            release_every: Span::HOUR,
            rules_per_series: 4,
            defences: Defences::default(),
        }
    }
}

impl Default for Defences {
    fn default() -> Self {
        Self {
            stands_in: true,
            absorbs: true,
            dead_band: true,
            coarse: true,
            sticky: true,
            digits: true,
            hides_verdicts: true,
            crossed: true,
        }
    }
}

impl DisclosurePlan {
    /// Returns a plan that publishes every number as it is.
    #[must_use]
    pub fn open() -> Self {
        Self::of(0)
    }

    /// Returns what is usual with this `min_cell`.
    #[must_use]
    pub fn of(min_cell: u64) -> Self {
        Self { min_cell, round_to: min_cell.clamp(1, 5), ..Self::default() }
    }

    /// Returns whether every number is published as it is.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.min_cell == 0
    }

    /// Returns the multiple of `round_to` that is nearest to a count; of two the higher.
    #[must_use]
    pub const fn rounded(&self, count: u64) -> u64 {
        self.rounded_to(count, self.round_to)
    }

    /// Returns the multiple of `step` that is nearest to a count; of two the higher. 0 is as 1.
    #[must_use]
    pub const fn rounded_to(self, count: u64, step: u64) -> u64 {
        let step = if step == 0 { 1 } else { step };
        (count.saturating_add(step / 2) / step).saturating_mul(step)
    }

    /// Returns what numbers are rounded to beside a withheld one that they contain: so far off that they leave any number below `min_cell` for it.
    #[must_use]
    pub const fn coarse(&self) -> u64 {
        let step = if self.round_to == 0 { 1 } else { self.round_to };
        if self.defences.coarse { self.min_cell.saturating_mul(2).div_ceil(step).saturating_mul(step) } else { step }
    }

    /// Returns a counter that only rises, in steps of at least `min_cell`.
    #[must_use]
    pub const fn stepped(&self, count: u64) -> u64 {
        if self.is_open() {
            return count;
        }
        let step = if self.round_to == 0 { 1 } else { self.round_to };
        let step = self.min_cell.div_ceil(step).saturating_mul(step);
        count / step * step
    }

    /// Returns the constant that stands in for a withheld number, in sums.
    #[must_use]
    pub const fn stand_in(&self) -> u64 {
        let half = self.min_cell / 2;
        let rounded = self.rounded(half);
        // It is neither none nor a number that would be told.
        if rounded == 0 || rounded >= self.min_cell { half } else { rounded }
    }

    /// Returns how large a number must be that is off by as much as `most`: then it is off by a quarter at most, and by an eighth where it takes up one
    /// withheld number.
    #[must_use]
    pub const fn enough_for(&self, most: u64) -> u64 {
        most.saturating_mul(4).saturating_add(self.min_cell.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_rounded_to_the_nearest_multiple() {
        let plan = DisclosurePlan::default();
        assert_eq!([0, 2, 3, 7, 8, 1_002].map(|count| plan.rounded(count)), [0, 0, 5, 5, 10, 1_000]);
        assert_eq!([9, 10, 19, 25].map(|count| plan.stepped(count)), [0, 10, 10, 20]);
        assert_eq!((plan.stand_in(), plan.enough_for(5)), (5, 40));
        let stand_in = |min_cell, round_to| DisclosurePlan { min_cell, round_to, ..plan }.stand_in();
        assert_eq!([stand_in(10, 10), stand_in(10, 3), stand_in(20, 1), stand_in(1, 1)], [5, 6, 10, 0]);
        let open = DisclosurePlan::open();
        assert_eq!((open.rounded(7), open.stepped(7)), (7, 7));
    }
}

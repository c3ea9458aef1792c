//! Which sides of a finding are too small to show.

use crate::disparity::{Finding, Side};

/// What of a finding is withheld. Complementary suppression (a small cell found by subtraction) belongs here, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Withheld {
    pub group: bool,
    pub reference: bool,
}

impl Withheld {
    /// By `min_cell`; 0 withholds nothing.
    pub const fn of(min_cell: u64, finding: &Finding) -> Self {
        Self { group: is_small(min_cell, finding.group), reference: is_small(min_cell, finding.reference) }
    }

    pub const fn any(self) -> bool {
        self.group || self.reference
    }
}

/// Numerator, denominator or complement below `min_cell`.
const fn is_small(min_cell: u64, side: Side) -> bool {
    let Side { events, exposed } = side;
    events < min_cell || exposed < min_cell || exposed.saturating_sub(events) < min_cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerator_denominator_and_complement_count() {
        let small = |events, exposed| is_small(10, Side { events, exposed });
        assert!(!small(10, 20));
        assert!(small(9, 100) && small(0, 100) && small(91, 100) && small(5, 9));
        assert!(!is_small(0, Side { events: 0, exposed: 0 }));
    }
}

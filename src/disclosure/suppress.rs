//! Which sides of a finding are too small to show.

use crate::evidence::Side;
use crate::judge::Finding;
use crate::statistics::{Bracket, WeightedSide};

/// Which sides of a finding are withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Withheld {
    pub group: bool,
    pub reference: bool,
}

impl Withheld {
    /// Returns the sides that `min_cell` withholds; 0 withholds none.
    pub const fn of(min_cell: u64, finding: &Finding) -> Self {
        let reference = finding.compares() && is_small(min_cell, finding.reference);
        Self { group: finding.counts_cases() && is_small(min_cell, finding.group), reference }
    }

    pub const fn any(self) -> bool {
        self.group || self.reference
    }
}

/// Returns whether the numerator, the denominator or the complement is below `min_cell`.
const fn is_small(min_cell: u64, side: Side) -> bool {
    let Side { events, exposed } = side;
    events < min_cell || exposed < min_cell || exposed.saturating_sub(events) < min_cell
}

/// Returns whether the bracket of cases with probabilities is withheld. It is withheld as a whole, because each of its numbers rests on both sides.
pub(super) fn withholds(min_cell: u64, bracket: &Bracket) -> bool {
    is_thin(min_cell, bracket.group) || is_thin(min_cell, bracket.reference)
}

/// Returns whether the expected events, the expected non-events or the effective number of a side is below `min_cell`. The effective number is
/// how many certain members would carry as much information. With weights of at most 1 it is never below the expected cases, so it is checked
/// only in case that changes.
#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn is_thin(min_cell: u64, side: WeightedSide) -> bool {
    let enough = |number: f64| number >= min_cell as f64;
    let WeightedSide { exposed, events, effective_n } = side;
    !(enough(effective_n) && enough(events) && enough(exposed - events)) && min_cell > 0
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

    #[test]
    fn of_weighted_sides_effective_number_numerator_and_complement_count() {
        let thin = |exposed, events, effective_n| is_thin(10, WeightedSide { exposed, events, effective_n });
        assert!(!thin(20.0, 10.0, 10.0));
        assert!(thin(20.0, 9.99, 20.0) && thin(19.99, 10.0, 20.0) && thin(200.0, 100.0, 9.99));
        assert!(thin(f64::NAN, 100.0, 100.0));
        assert!(!is_thin(0, WeightedSide::default()));
    }
}

//! Which sides of a finding are too small to show.

use super::handled::told_ratio;
use crate::evidence::Side;
use crate::judge::Finding;
use crate::plan::{Plan, Rule};
use crate::statistics::{Bracket, WeightedSide};

/// Which sides of a finding are withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Withheld {
    pub group: bool,
    pub reference: bool,
}

impl Withheld {
    /// Returns the sides that `min_cell` withholds; 0 withholds none.
    pub const fn of(min_cell: u64, finding: &Finding, whole: Whole) -> Self {
        if finding.values.is_some() {
            // Every case with a value is an event. Which of its values is told is decided for each.
            let (group, reference) = (finding.group.exposed, finding.reference.exposed);
            return Self { group: group < min_cell, reference: reference < min_cell };
        }
        let reference = finding.compares() && is_small(min_cell, finding.reference, whole);
        Self { group: finding.counts_cases() && is_small(min_cell, finding.group, whole), reference }
    }

    /// Returns both sides withheld where one is.
    pub const fn as_a_whole(self) -> Self {
        Self { group: self.any(), reference: self.any() }
    }

    pub const fn any(self) -> bool {
        self.group || self.reference
    }
}

/// What the events of a side are of those exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// Some of them: whoever knows both numbers knows how many are none.
    Contains,
    /// Complaints are none of the controls: there may be more of them, and there is no complement.
    Apart,
}

impl Whole {
    pub const fn of(rule: &Rule) -> Self {
        if rule.kind.counts_apart() { Self::Apart } else { Self::Contains }
    }

    /// Returns whether any number that follows from these events of so many is below `min_cell`, beside the whole.
    pub const fn tells_few(self, min_cell: u64, events: u64, of: u64) -> bool {
        events < min_cell || matches!(self, Self::Contains) && of.saturating_sub(events) < min_cell
    }
}

/// Everybody of an intersection is in its parts, too: the sum of both sides is known from there, so neither is shown where one is withheld.
pub(super) fn withheld(plan: &Plan, finding: &Finding) -> Withheld {
    let rule = plan.rules.get(finding.key.rule);
    let withheld = Withheld::of(plan.disclosure.min_cell, finding, rule.map_or(Whole::Contains, Whole::of));
    let is_crossed = finding.key.dimension.is_some_and(|dimension| plan.is_crossed(dimension));
    if is_crossed { withheld.as_a_whole() } else { withheld }
}

/// Returns whether the numbers of a comparison may leave. What may not leave decides about no acceptance either.
#[must_use]
pub fn shows_comparison(plan: &Plan, finding: &Finding) -> bool {
    let of_values = |values| {
        let [ratio, _] = told_ratio(plan.disclosure.min_cell, values, finding.key.indicator);
        ratio
    };
    !withheld(plan, finding).any()
        && finding.smallest.is_none_or(|cases| cases >= plan.disclosure.min_cell)
        && finding.values.as_ref().is_none_or(of_values)
}

/// Returns whether the numerator, the denominator or, where there is one, the complement is below `min_cell`.
pub(super) const fn is_small(min_cell: u64, side: Side, whole: Whole) -> bool {
    let Side { events, exposed } = side;
    exposed < min_cell || whole.tells_few(min_cell, events, exposed)
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
        let small = |events, exposed| is_small(10, Side { events, exposed }, Whole::Contains);
        assert!(!small(10, 20));
        assert!(small(9, 100) && small(0, 100) && small(91, 100) && small(5, 9));
        assert!(!is_small(0, Side { events: 0, exposed: 0 }, Whole::Contains));
    }

    #[test]
    fn complaints_have_no_complement() {
        let small = |events, exposed| is_small(10, Side { events, exposed }, Whole::Apart);
        assert!(!small(10, 10) && !small(91, 100) && !small(300, 100));
        assert!(small(9, 100) && small(100, 9));
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

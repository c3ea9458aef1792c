//! The comparison of two sides within the values of a stratum.

use super::finding::{Estimate, StratifiedEstimate};
use crate::evidence::Side;
use crate::statistics::{Confidence, Proportion, Stratum, mantel_haenszel};

/// The two sides within each value of a stratum.
#[derive(Clone, Debug)]
pub(super) struct Strata<'s> {
    by: &'s str,
    confidence: Confidence,
    sides: Vec<(Side, Side)>,
}

impl<'s> Strata<'s> {
    /// Returns those of a rule; `None` where it compares within no stratum.
    pub fn of(by: Option<&'s str>, confidence: Confidence, sides: &[(Side, Side)]) -> Option<Self> {
        Some(Self { by: by?, confidence, sides: sides.to_vec() })
    }

    /// Returns the Mantel-Haenszel ratio; `None` where it is not defined, or where more events are counted than exposed.
    pub fn estimate(&self) -> Option<StratifiedEstimate> {
        let proportion = |side: &Side| Proportion::new(side.events, side.exposed);
        let stratum = |(group, reference): &(Side, Side)| {
            Some(Stratum { group: proportion(group)?, reference: proportion(reference)? })
        };
        let strata: Vec<Stratum> = self.sides.iter().map(stratum).collect::<Option<_>>()?;
        let estimate = mantel_haenszel(&strata, self.confidence)?;
        let ratio = Estimate { value: Some(estimate.ratio), interval: estimate.interval };
        Some(StratifiedEstimate { by: self.by.to_owned(), ratio, reversal: estimate.reversal })
    }

    /// Returns the comparison within strata that may be told: those in which a side has fewer than `min_cell` cases are one stratum, with as many
    /// others as that takes. `None` where fewer than two are left. `exact` is that within all strata.
    pub fn told(self, min_cell: u64, exact: Option<&StratifiedEstimate>) -> Option<StratifiedEstimate> {
        if min_cell == 0 {
            return None;
        }
        let is_few = |stratum: &(Side, Side)| smallest(stratum).is_some_and(|cases| cases < min_cell);
        if !self.sides.iter().any(is_few) {
            return exact.cloned();
        }
        let mut sides: Vec<(Side, Side)> =
            self.sides.iter().copied().filter(|found| smallest(found).is_some()).collect();
        sides.sort_by_key(|stratum| std::cmp::Reverse(smallest(stratum)));
        let mut merged = (Side::default(), Side::default());
        // From the fewest cases on.
        while let Some(stratum) = sides.last().copied().filter(|stratum| is_few(stratum) || is_few(&merged)) {
            merged = (plus(merged.0, stratum.0), plus(merged.1, stratum.1));
            sides.pop();
        }
        let is_told = !sides.is_empty() && !is_few(&merged);
        sides.push(merged);
        Self { sides, ..self }.estimate().filter(|_| is_told)
    }
}

/// The smallest number of cases with the event, or without, of a side that has any.
fn smallest((group, reference): &(Side, Side)) -> Option<u64> {
    let sides = [group, reference].into_iter().filter(|side| side.exposed > 0);
    sides.map(|side| side.events.min(side.exposed.saturating_sub(side.events))).min()
}

const fn plus(one: Side, other: Side) -> Side {
    Side { events: one.events.saturating_add(other.events), exposed: one.exposed.saturating_add(other.exposed) }
}

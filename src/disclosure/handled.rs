//! What may leave of how cases were handled: values of a side, and the mix of kinds.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::judge::{Mix, MixKind, Quantile, ValueSide, Values};
use crate::plan::{DisclosurePlan, Indicator};

/// The first so many quantiles of a side are compared; the last is shown beside them.
const COMPARED: usize = 2;

/// How the values of both sides lie. A side with fewer cases than may be told of is withheld as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedValues {
    /// Those of the group.
    pub group: Option<ValueSide>,
    /// Those of the reference.
    pub reference: Option<ValueSide>,
}

/// In which ways cases were handled.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedMix {
    /// The ways, in the order of their names.
    pub kinds: Vec<MixKind>,
    /// The p-value of equal shares of all ways; `None` where there is no test.
    pub p_value: Option<f64>,
}

impl PublishedValues {
    /// `withheld` says of each side whether all of it is.
    pub(super) fn of(min_cell: u64, values: Values, withheld: [bool; 2]) -> Self {
        let side = |side: ValueSide, is_withheld: bool| (!is_withheld).then(|| told_side(min_cell, side));
        let (Values { group, reference }, [of_group, of_reference]) = (values, withheld);
        Self { group: side(group, of_group), reference: side(reference, of_reference) }
    }
}

/// A quantile near either end is the value of few cases, or of one: it is told only with enough cases on both sides of it.
fn told_side(min_cell: u64, side: ValueSide) -> ValueSide {
    let told = |quantile: Quantile| {
        let [value, lower, upper] = quantile.beside.map(|cases| cases >= min_cell);
        Quantile {
            value: quantile.value.filter(|_| value),
            lower: quantile.lower.filter(|_| lower),
            upper: quantile.upper.filter(|_| upper),
            ..quantile
        }
    };
    ValueSide { quantiles: side.quantiles.map(told), ..side }
}

/// Whether the ratio of values may be told, and whether its limits may: one of quantiles tells no more than they do.
pub(super) fn told_ratio(min_cell: u64, values: &Values, indicator: Option<Indicator>) -> [bool; 2] {
    if indicator == Some(Indicator::Intensity) {
        return [true; 2];
    }
    let sides = [&values.group, &values.reference];
    let compared = || sides.into_iter().flat_map(|side| side.quantiles.iter().take(COMPARED));
    let is_told =
        |place: usize| compared().all(|quantile| quantile.beside.get(place).is_some_and(|cases| *cases >= min_cell));
    [is_told(0), is_told(1) && is_told(2)]
}

impl PublishedMix {
    /// Rounds the cases. Whether they may be told was decided by the exact ones.
    pub(super) fn rounded(mut self, plan: &DisclosurePlan) -> Self {
        for kind in &mut self.kinds {
            (kind.group, kind.reference) = (plan.rounded(kind.group), plan.rounded(kind.reference));
        }
        self
    }

    /// Nothing of a mix in which some way has few cases, of either side: counts beside it say how many are in all ways, or in all strict ones, so
    /// that ways told together could be told apart. Nor where the reference contains the group, and the rest of it is few. `events` are those of both sides.
    pub(super) fn of(
        min_cell: u64,
        (mix, contains_group): (&Mix, bool),
        indicator: Option<Indicator>,
        events: [u64; 2],
    ) -> Option<Self> {
        let is_few = |cases: u64| cases < min_cell;
        let sums = mix.kinds.iter().fold([0_u64; 2], |[group, reference], kind| {
            [group.saturating_add(kind.group), reference.saturating_add(kind.reference)]
        });
        // Beyond the limit on distinct kinds a sanction has no name, and counts as one.
        let unnamed = |(all, named): (u64, u64)| {
            if indicator == Some(Indicator::SanctionRate) { all.saturating_sub(named) } else { 0 }
        };
        let follows = |cases: u64| cases > 0 && is_few(cases);
        let has_few_of_rest = |kind: &MixKind| contains_group && is_few(kind.reference.saturating_sub(kind.group));
        let has_few =
            mix.kinds.iter().any(|kind| is_few(kind.group) || is_few(kind.reference) || has_few_of_rest(kind))
                || events.into_iter().zip(sums).map(unnamed).any(follows);
        (!has_few && !mix.kinds.is_empty()).then(|| Self { kinds: mix.kinds.clone(), p_value: mix.p_value })
    }
}

/// Returns the word for a quantile: `p50`, `p99`, `p97.5`.
#[must_use]
pub fn quantile_name(share: f64) -> String {
    /// More digits of a share say nothing.
    const STEPS: f64 = 1e6;
    format!("p{}", (share * 100.0 * STEPS).round() / STEPS)
}

impl Serialize for PublishedValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("group", &self.group.as_ref().map(Side))?;
        map.serialize_entry("reference", &self.reference.as_ref().map(Side))?;
        map.end()
    }
}

struct Side<'v>(&'v ValueSide);

impl Serialize for Side<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ValueSide { count, mean, quantiles } = self.0;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("cases", count)?;
        map.serialize_entry("mean", mean)?;
        for quantile in quantiles {
            map.serialize_entry(&quantile_name(quantile.share), &Limited(quantile))?;
        }
        map.end()
    }
}

struct Limited<'v>(&'v Quantile);

impl Serialize for Limited<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Quantile { share: _, value, lower, upper, beside: _ } = self.0;
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("value", value)?;
        map.serialize_entry("lower", lower)?;
        map.serialize_entry("upper", upper)?;
        map.end()
    }
}

impl Serialize for PublishedMix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kinds =
            self.kinds.iter().map(|kind| Cases { kinds: &kind.kinds, group: kind.group, reference: kind.reference });
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("p_value", &self.p_value)?;
        map.serialize_entry("kinds", &kinds.collect::<Vec<_>>())?;
        map.end()
    }
}

#[derive(Serialize)]
struct Cases<'v> {
    kinds: &'v [String],
    group: u64,
    reference: u64,
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    clippy::many_single_char_names,
    reason = "a panic is how a test fails"
)]
mod tests {
    use super::*;

    fn mix(kinds: &[(&str, u64, u64)]) -> Mix {
        let kind = |(kind, group, reference): &(&str, u64, u64)| MixKind {
            kinds: vec![(*kind).to_owned()],
            group: *group,
            reference: *reference,
        };
        Mix { kinds: kinds.iter().map(kind).collect(), p_value: Some(0.5) }
    }

    fn is_told(min_cell: u64, kinds: &[(&str, u64, u64)], events: [u64; 2]) -> bool {
        PublishedMix::of(min_cell, (&mix(kinds), false), Some(Indicator::SanctionRate), events).is_some()
    }

    #[test]
    fn of_a_reference_that_contains_the_group_the_rest_counts() {
        let is_told = |kinds, contains_group| {
            PublishedMix::of(10, (&mix(kinds), contains_group), Some(Indicator::StrictRate), [0, 0]).is_some()
        };
        let kinds: &[(&str, u64, u64)] = &[("a", 20, 30), ("b", 20, 29)];
        assert!(is_told(kinds, false) && !is_told(kinds, true), "nine of the rest would follow");
        assert!(is_told(&kinds[..1], true));
    }

    #[test]
    fn a_mix_with_a_way_of_few_cases_is_not_told() {
        assert!(is_told(10, &[("a", 10, 50), ("b", 12, 40)], [22, 90]));
        assert!(!is_told(10, &[("a", 10, 50), ("b", 12, 40), ("c", 9, 50)], [31, 140]), "nine would follow");
        assert!(
            !is_told(10, &[("a", 10, 50), ("c", 9, 50), ("d", 3, 50)], [22, 150]),
            "strict ways may be counted beside it"
        );
        assert!(!is_told(10, &[("a", 10, 50), ("c", 0, 50)], [10, 100]), "none is few");
        assert!(!is_told(10, &[("a", 10, 50), ("b", 12, 40)], [25, 90]), "three without a name would follow");
        assert!(is_told(0, &[("a", 0, 1)], [0, 1]));
    }

    #[test]
    fn a_quantile_of_few_cases_is_not_told() {
        let quantile = |beside| Quantile { share: 0.5, value: Some(2.0), lower: Some(1.0), upper: Some(3.0), beside };
        let side = |beside| ValueSide { count: 100, mean: Some(2.0), quantiles: [quantile(beside); 3] };
        let told = |beside| told_side(10, side(beside)).quantiles[0];
        assert_eq!(told([10, 10, 10]), quantile([10, 10, 10]));
        assert_eq!((told([9, 10, 10]).value, told([9, 10, 10]).lower), (None, Some(1.0)));
        let of = |group, reference, indicator| {
            let values = Values { group: side(group), reference: side(reference) };
            told_ratio(10, &values, Some(indicator))
        };
        assert_eq!(of([10; 3], [10; 3], Indicator::Duration), [true, true]);
        assert_eq!(of([10, 10, 9], [10; 3], Indicator::Duration), [true, false]);
        assert_eq!(of([10; 3], [9, 10, 10], Indicator::Duration), [false, true]);
        assert_eq!(of([0; 3], [0; 3], Indicator::Intensity), [true, true], "a mean");
    }

    #[test]
    fn quantiles_are_named_by_their_hundredths() {
        assert_eq!([0.5, 0.9, 0.99, 0.975].map(quantile_name), ["p50", "p90", "p99", "p97.5"]);
    }
}

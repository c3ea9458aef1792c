//! What an indicator counts of how cases were handled.

use super::comparison::Side;
use crate::plan::{Disparity, DisparityRule, Feature, Indicator, Slot};
use crate::window::Counts;

/// The counts of cases with one value of a feature.
#[derive(Clone, Copy, Debug)]
pub struct ValueCounts<'c> {
    /// Stands for the value in counts.
    pub slot: Slot,
    /// The value: for a number its bucket.
    pub text: &'c str,
    /// The cases with it.
    pub counts: Counts,
}

/// Returns events and exposed of an indicator that is a rate of how cases were handled; `None` for one that is not. `by_value` are the counts by
/// the value of what decides it ([`Disparity::feature`]). Cases of which nothing is known are not among the exposed.
pub fn handled_side<'c>(terms: &Disparity, by_value: impl Iterator<Item = ValueCounts<'c>>) -> Option<Side> {
    let strict_kinds = &terms.handling.strict_kinds;
    let said = |value: &ValueCounts<'_>| match terms.indicator {
        // Without such kinds nothing is judged.
        Indicator::StrictRate if strict_kinds.is_empty() => (value.slot != Slot::OTHER).then_some(false),
        Indicator::StrictRate => Feature::is_strict(value.text, strict_kinds),
        // Beyond the limit on kinds it is a sanction of some kind.
        _ => Some(value.slot == Slot::OTHER || value.text != Feature::NOTHING),
    };
    let cases = |counts: &Counts| match terms.indicator {
        Indicator::StrictRate => Some(counts.controlled),
        Indicator::SanctionRate => Some(counts.hits),
        _ => None,
    };
    cases(&Counts::default())?;
    let known = by_value.filter_map(|value| Some((said(&value)?, cases(&value.counts)?)));
    Some(known.fold(Side::default(), |sum, (is_event, cases)| Side {
        events: sum.events.saturating_add(if is_event { cases } else { 0 }),
        exposed: sum.exposed.saturating_add(cases),
    }))
}

/// Returns by bucket, ascending, how many cases have a value in it, for an indicator that compares values. Other indicators have none.
pub fn histogram<'c>(rule: DisparityRule<'_>, by_value: impl Iterator<Item = ValueCounts<'c>>) -> Vec<(u64, u64)> {
    let indicator = rule.terms.indicator;
    if !indicator.compares_values() {
        return Vec::new();
    }
    let cases = |counts: &Counts| if indicator == Indicator::SanctionAmount { counts.hits } else { counts.controlled };
    let with_bucket = |value: ValueCounts<'_>| Some((value.text.parse::<u64>().ok()?, cases(&value.counts)));
    let mut buckets: Vec<(u64, u64)> = by_value.filter_map(with_bucket).filter(|(_, cases)| *cases > 0).collect();
    buckets.sort_unstable();
    buckets
}

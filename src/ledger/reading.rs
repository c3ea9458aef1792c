//! How the values of events are read, as one number: two plans that read alike have the same.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::derived::DerivedStrata;
use super::strict_kinds::StrictKinds;
use crate::plan::Plan;

/// Returns a hash of what decides how the values of events are read, apart from the groups themselves. Checkpoints keep
/// it.
pub(super) fn reading(plan: &Plan) -> u64 {
    let mut hasher = SipHasher24::new();
    let mut text = |text: &str| {
        hasher.write_u64((text.len() as u64).to_le());
        hasher.write(text.as_bytes());
    };
    for dimension in &plan.dimensions {
        text(&dimension.name);
        for (alias, group) in &dimension.aliases {
            text(alias);
            text(group);
        }
        dimension.missing_values.iter().for_each(|value| text(value));
        let parts = dimension.crosses.iter().filter_map(|part| plan.dimensions.get(usize::from(part.0)));
        parts.for_each(|part| text(&part.name));
    }
    let strata = plan.strata();
    strata.iter().for_each(|name| text(name));
    if !DerivedStrata::of(plan, &strata).is_empty() {
        // Without these words they were entries of `strata` alone.
        text("strata derived from selections");
    }
    for kind in StrictKinds::of(plan).iter().flat_map(StrictKinds::kinds) {
        text(kind);
    }
    // Words that stand for no value are none of the values of a stratum any more.
    text("strata without missing values");
    hasher.finish()
}

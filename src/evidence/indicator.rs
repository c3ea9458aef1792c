//! What an indicator counts, and when its facts are complete.

use super::comparison::Side;
use super::feed::Maturity;
use crate::plan::{Exposure, Indicator, Plan, ProfileId};
use crate::window::Counts;

/// Returns events and exposed of an indicator. `population` stands in for the cases assessed, where it is given.
#[must_use]
pub fn side(indicator: Indicator, counts: &Counts, population: Option<u64>) -> Side {
    let assessed = population.unwrap_or(counts.assessed);
    let (events, exposed) = match indicator {
        Indicator::SelectionRate => (counts.selected, assessed),
        Indicator::ControlFrequency => (counts.controlled, assessed),
        Indicator::HitRate => (counts.hits, counts.concluded),
        Indicator::UnfoundedRate => (counts.concluded.saturating_sub(counts.hits), assessed),
        Indicator::FollowThrough => (counts.controlled, counts.selected),
        Indicator::OutcomeCoverage => (counts.concluded, counts.controlled),
        Indicator::OverturnRate => (counts.overturned, counts.hits.saturating_add(counts.overturned)),
        Indicator::ComplaintRate => (counts.complaints, counts.controlled),
    };
    Side { events, exposed }
}

/// What must be known of a cohort before evidence counts it. Blocks are never rewritten, so a cohort waits until the facts that the
/// indicator counts can be expected to be complete; a window shows them as they come.
#[must_use]
pub const fn maturity(indicator: Indicator) -> Maturity {
    match indicator {
        Indicator::SelectionRate => Maturity::Over,
        Indicator::ControlFrequency | Indicator::FollowThrough => Maturity::Reported,
        Indicator::HitRate | Indicator::UnfoundedRate | Indicator::OutcomeCoverage => Maturity::Resolved,
        Indicator::OverturnRate | Indicator::ComplaintRate => Maturity::Aged,
    }
}

/// Returns whether the indicator divides by the cases assessed, in a profile where a population stands in for them.
#[must_use]
pub fn by_population_of(plan: &Plan, profile: ProfileId, indicator: Indicator) -> bool {
    let assessed =
        matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency | Indicator::UnfoundedRate);
    let profile = plan.profiles.get(usize::from(profile.0));
    assessed && profile.is_some_and(|profile| profile.exposure == Exposure::Population)
}

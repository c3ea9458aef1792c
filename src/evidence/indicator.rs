//! What an indicator counts, and when its facts are complete.

use super::comparison::Side;
use super::feed::Maturity;
use crate::plan::invariant::{self, Room};
use crate::plan::{Exposure, Indicator, Plan, ProfileId};
use crate::window::Counts;

/// Returns events and exposed of an indicator. `population`, where it is given, stands in for the cases assessed.
#[must_use]
pub fn side(indicator: Indicator, counts: &Counts, population: Option<u64>) -> Side {
    let assessed = population.unwrap_or(counts.assessed);
    let (events, exposed) = match indicator {
        Indicator::SelectionRate => (counts.selected, assessed),
        Indicator::ControlFrequency => (counts.controlled, assessed),
        Indicator::HitRate => (counts.hits, counts.concluded),
        // Not below 0: a tally may give hits without the concluded they are among.
        Indicator::UnfoundedRate => (counts.concluded.saturating_sub(counts.hits), assessed),
        Indicator::FollowThrough => (counts.controlled, counts.selected),
        Indicator::OutcomeCoverage => (counts.concluded, counts.controlled),
        Indicator::OverturnRate => (counts.overturned, counts.hits.saturating_add(counts.overturned)),
        Indicator::ComplaintRate => (counts.complaints, counts.controlled),
        // How they were handled is not among these counts: see `handled_side`.
        Indicator::Intensity | Indicator::Duration | Indicator::StrictRate => (0, counts.controlled),
        Indicator::SanctionAmount | Indicator::SanctionRate => (0, counts.hits),
    };
    Side { events, exposed }
}

/// Returns when evidence may read a cohort for this indicator. A block is never rewritten, so a cohort waits until the
/// facts that the indicator counts can be expected to be complete. Windows show them at once.
#[must_use]
pub const fn maturity(indicator: Indicator) -> Maturity {
    match indicator {
        Indicator::SelectionRate => Maturity::Over,
        Indicator::ControlFrequency | Indicator::FollowThrough => Maturity::Reported,
        Indicator::HitRate
        | Indicator::UnfoundedRate
        | Indicator::OutcomeCoverage
        | Indicator::Intensity
        | Indicator::Duration
        | Indicator::SanctionAmount
        | Indicator::SanctionRate
        | Indicator::StrictRate => Maturity::Resolved,
        Indicator::OverturnRate | Indicator::ComplaintRate => Maturity::Aged,
    }
}

/// Returns whether a population is the denominator: the indicator divides by the cases assessed, and in this profile a
/// population stands in for them.
#[must_use]
pub fn by_population_of(plan: &Plan, profile: ProfileId, indicator: Indicator) -> bool {
    let by_assessed =
        matches!(indicator, Indicator::SelectionRate | Indicator::ControlFrequency | Indicator::UnfoundedRate);
    let profile = plan.profiles.get(usize::from(profile.0));
    let profile = invariant::present(Room::Evidence, "a rule names profiles of its plan", profile);
    by_assessed && profile.is_some_and(|profile| profile.exposure == Exposure::Population)
}

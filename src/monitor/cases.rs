//! Counts events that are about a case.

use super::interface::Handled;
use super::tables::{Tables, count};
use crate::event::{Data, Event, Reason, Rejection};
use crate::ledger::{Arrival, Joined, MAX_RECORDS_PER_CASE, Timing};
use crate::plan::{Plan, ProfileId};

/// Joins an event to its case, and counts what that changes. Returns also the profile that was heard of.
pub(super) fn count_case(
    tables: &mut Tables,
    plan: &Plan,
    event: &Event<'_>,
    timing: &Timing,
) -> (Handled, Option<ProfileId>) {
    let Some(Joined { arrival, effects, attributes }) = tables.ledger.join(event, timing) else {
        return (Handled::Duplicate, None);
    };
    let cohorts = (!tables.sequences.is_empty()).then_some(&mut tables.cohorts);
    count(&mut tables.windows, cohorts, effects, attributes);
    let handled = match arrival {
        Arrival::Changed if names_unknown_profile(event, plan) => Handled::UnknownProfile,
        Arrival::Changed => Handled::Accepted,
        Arrival::Conflict => Handled::Conflict,
        Arrival::Duplicate => Handled::Duplicate,
        Arrival::Full => Handled::Rejected(Rejection {
            reason: Reason::TooMany,
            detail: format!("expected at most {MAX_RECORDS_PER_CASE} events for one case, found one more"),
        }),
    };
    (handled, effects.profile)
}

/// With one profile alone, its name need not be looked up.
fn names_unknown_profile(event: &Event<'_>, plan: &Plan) -> bool {
    let profile = match &event.data {
        Data::Selection(data) => Some(data.profile.as_ref()),
        Data::Control(data) => data.profile.as_deref(),
        Data::Complaint(data) => Some(data.profile.as_ref()),
        _ => None,
    };
    match (profile, plan.profiles.as_slice()) {
        (None, _) => false,
        (Some(name), [only]) => name != only.name,
        (Some(name), _) => plan.profile_id(name).is_none(),
    }
}

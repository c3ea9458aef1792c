//! Counts events that are about a case.

use super::aggregates::Counted;
use super::interface::Handled;
use super::sums::Sums;
use super::tables::Tables;
use crate::event::{Data, Event, Reason, Rejection};
use crate::ledger::{Arrival, CaseEvent, Joined, MAX_RECORDS_PER_CASE, Record, Timing};
use crate::plan::Plan;

/// Joins an event to its case, and counts what that changes. Returns also the event's record, as if it arrived in time.
pub(super) fn count_case(
    (tables, sums): (&mut Tables, &mut Sums),
    plan: &Plan,
    event: &Event<'_>,
    timing: &Timing,
) -> (Counted, Option<Record>) {
    let (ledger, mut counting) = tables.split();
    let Some(joined) = ledger.join(event, timing) else {
        return ((Handled::Duplicate, None), None);
    };
    sums.count_before(&joined.effects.changes, &mut counting, joined.attributes);
    counting.count(joined.effects, joined.attributes);
    (counted(&joined, || names_unknown_profile(event, plan)), Some(joined.record))
}

/// Does what [`count_case`] does, for an event that is known by its record.
pub(super) fn count_known(
    (tables, sums): (&mut Tables, &mut Sums),
    (event, unknown_profile): (&CaseEvent, bool),
    timing: &Timing,
) -> Counted {
    let (ledger, mut counting) = tables.split();
    let joined = ledger.join_case(event, timing);
    sums.count_before(&joined.effects.changes, &mut counting, joined.attributes);
    counting.count(joined.effects, joined.attributes);
    counted(&joined, || unknown_profile)
}

fn counted(joined: &Joined<'_>, unknown_profile: impl FnOnce() -> bool) -> Counted {
    let handled = match joined.arrival {
        Arrival::Changed if unknown_profile() => Handled::UnknownProfile,
        Arrival::Changed => Handled::Accepted,
        Arrival::Conflict => Handled::Conflict,
        Arrival::Duplicate => Handled::Duplicate,
        Arrival::Mismatched(what) => Handled::Mismatched(Rejection::mismatched(what)),
        Arrival::Full => Handled::Rejected(Rejection {
            reason: Reason::TooMany,
            detail: format!("expected at most {MAX_RECORDS_PER_CASE} events for one case, found one more"),
        }),
    };
    (handled, joined.effects.profile)
}

/// With one profile alone, its name need not be looked up.
pub(super) fn names_unknown_profile(event: &Event<'_>, plan: &Plan) -> bool {
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

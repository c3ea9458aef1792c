//! Counts events that are about no case: tallies, complaints that name no case, populations.

use super::interface::Handled;
use super::tables::Tables;
use crate::event::{Complaint, ComplaintStatus, Event, Population, Rejection, Tally};
use crate::evidence::StagedPopulation;
use crate::ledger::{Arrival, AttributeTable, CaseCounts, ComplaintCode, Contribution, Handling as HowHandled, Timing};
use crate::plan::invariant::{Room, present};
use crate::plan::{Channel, Dimension, DimensionId, Plan, ProfileId, hour_of};
use crate::window::Counts;

/// What became of such an event, and the profile that was heard of.
pub(super) type Counted = (Handled, Option<ProfileId>);

/// Counts a tally in its cell.
pub(super) fn count_tally(
    tables: &mut Tables,
    plan: &Plan,
    (event, tally): (&Event<'_>, &Tally<'_>),
    timing: &Timing,
) -> Counted {
    let profile = match first_delivery(tables, plan, event, &tally.profile, timing) {
        Ok(profile) => profile,
        Err(handled) => return (handled, None),
    };
    let place = Contribution {
        profile,
        channel: tally.channel,
        cohort: event.time,
        attributes: tables.ledger.attributes.intern(&tally.groups, &tally.strata, None),
        handling: HowHandled::default(),
        counts: CaseCounts::default(),
    };
    tables.ledger.attributes.count_spellings_of_tally(tally);
    let counts = Counts::of_tally(&tally.counts);
    tables.add(&place, &counts, timing.late);
    tables.add_occurrences(&place, &counts, timing.late);
    (Handled::Accepted, Some(profile))
}

/// Counts a complaint that names no case in the profile's own channel.
pub(super) fn count_complaint(
    tables: &mut Tables,
    plan: &Plan,
    (event, complaint): (&Event<'_>, &Complaint<'_>),
    timing: &Timing,
) -> Counted {
    let profile = match first_delivery(tables, plan, event, &complaint.profile, timing) {
        Ok(profile) => profile,
        Err(handled) => return (handled, None),
    };
    // Later news of a complaint is not another complaint.
    let is_new = complaint.status == ComplaintStatus::Received;
    if is_new || plan.reads_complaints() {
        let place = Contribution {
            profile,
            channel: Channel::Profile,
            cohort: event.time,
            attributes: tables.ledger.attributes.intern(&complaint.groups, &Vec::new(), None),
            handling: HowHandled::default(),
            counts: CaseCounts::default(),
        };
        tables.add_complaint(&place, ComplaintCode::of(complaint.ground.as_deref(), complaint.status), timing.late);
        if is_new {
            tables.add(&place, &Counts { complaints: 1, ..Counts::default() }, timing.late);
        }
    }
    (Handled::Accepted, Some(profile))
}

/// Takes population counts as denominators, and stages them for evidence unless they are late.
pub(super) fn count_population(
    tables: &mut Tables,
    plan: &Plan,
    (event, population): (&Event<'_>, &Population<'_>),
    timing: &Timing,
) -> Counted {
    let profile = match first_delivery(tables, plan, event, &population.profile, timing) {
        Ok(profile) => profile,
        Err(handled) => return (handled, None),
    };
    // A population of a dimension that the plan does not have is of no use, and no error.
    if let Some(id) = plan.dimension_id(&population.dimension)
        && let Some(dimension) = plan.dimensions.get(usize::from(id.0))
    {
        let order = (population.valid_from, event.time, tables.ledger.tag(event).full);
        let counts = per_group(population, (id, dimension), &tables.ledger.attributes);
        if !timing.late {
            let staged = StagedPopulation { profile, dimension: id, order, counts: counts.clone() };
            tables.sequences.stage_population(hour_of(event.time), staged);
        }
        tables.populations.add(profile, id, order, counts);
    }
    (Handled::Accepted, Some(profile))
}

/// Returns the event's profile and remembers the event's id. An error says why it does not count.
fn first_delivery(
    tables: &mut Tables,
    plan: &Plan,
    event: &Event<'_>,
    profile: &str,
    timing: &Timing,
) -> Result<ProfileId, Handled> {
    let profile = plan.profile_id(profile).ok_or(Handled::UnknownProfile)?;
    match tables.ledger.remember(event, timing) {
        Arrival::Duplicate => Err(Handled::Duplicate),
        Arrival::Mismatched(what) => Err(Handled::Mismatched(Rejection::mismatched(what))),
        Arrival::Changed | Arrival::Conflict | Arrival::Full => Ok(profile),
    }
}

/// Returns the counts in the order of the dimension's groups, whose names are read as those of cases are. All that are of no listed group come
/// last together, and are in no comparison.
fn per_group(
    population: &Population<'_>,
    (id, dimension): (DimensionId, &Dimension),
    attributes: &AttributeTable,
) -> Vec<u64> {
    let mut counts = vec![0_u64; dimension.groups.len() + 1];
    for (group, count) in &population.counts {
        let index =
            attributes.slot_of_group(id, group).group().map_or(dimension.groups.len(), |group| usize::from(group.0));
        let sum = present(Room::Monitor, "every group of a dimension has a place", counts.get_mut(index));
        if let Some(sum) = sum {
            *sum = sum.saturating_add(*count);
        }
    }
    counts
}

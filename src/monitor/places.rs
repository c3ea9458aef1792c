//! The places of an event's groups among the listed groups of all dimensions.

use crate::event::{Data, Event, Groups, Membership};
use crate::ledger::AttributeTable;
use crate::plan::{DimensionId, Plan};

/// Returns the places of an event's groups among the listed groups of all dimensions, however the event writes them.
pub(super) fn places_of_groups(event: &Event<'_>, plan: &Plan, attributes: &AttributeTable) -> Vec<u16> {
    let groups: &Groups<'_> = match &event.data {
        Data::Selection(data) => &data.groups,
        Data::Control(data) => &data.groups,
        Data::Complaint(data) => &data.groups,
        Data::Tally(data) => &data.groups,
        Data::Attributes(data) => &data.groups,
        Data::Outcome(_) | Data::Population(_) | Data::Measure(_) => return Vec::new(),
    };
    let mut places = Vec::with_capacity(groups.len());
    let mut first = 0;
    for (dimension, id) in plan.dimensions.iter().zip((0..).map(DimensionId)) {
        let named = groups.iter().find(|(name, _)| *name == dimension.name && !dimension.is_crossed());
        if let Some((_, Membership::Group(value))) = named
            && let Some(group) = attributes.slot_of_group(id, value).group()
        {
            places.extend(u16::try_from(first + usize::from(group.0)));
        }
        first += dimension.groups.len();
    }
    places
}

//! The places of an event's groups among the listed groups of all dimensions.

use crate::event::{Data, Event, Groups, Membership};
use crate::plan::Plan;

/// Returns the places of an event's groups among the listed groups of all dimensions.
pub(super) fn places_of_groups(event: &Event<'_>, plan: &Plan) -> Vec<u16> {
    let groups: &Groups<'_> = match &event.data {
        Data::Selection(data) => &data.groups,
        Data::Control(data) => &data.groups,
        Data::Complaint(data) => &data.groups,
        Data::Tally(data) => &data.groups,
        Data::Attributes(data) => &data.groups,
        Data::Outcome(_) | Data::Population(_) => return Vec::new(),
    };
    let mut places = Vec::with_capacity(groups.len());
    let mut first = 0;
    for dimension in &plan.dimensions {
        let named = groups.iter().find(|(name, _)| *name == dimension.name);
        if let Some((_, Membership::Group(value))) = named
            && let Some(place) = dimension.groups.iter().position(|group| group == value)
        {
            places.extend(u16::try_from(first + place));
        }
        first += dimension.groups.len();
    }
    places
}

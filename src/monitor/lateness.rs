//! How late the events of partitions and groups were.

use super::core::Monitor;
use crate::event::{Data, Event, Groups, Membership};
use crate::plan::{PartitionIndex, Plan, Span};
use crate::window::Feed;

/// The events of a group of a dimension, since the start of the program. Counts of a group are not for publication; how
/// late they were is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLateness {
    /// The dimension's name.
    pub dimension: String,
    /// The group's name.
    pub group: String,
    /// By how much all but one in twenty events were behind at most.
    pub regular: Span,
    /// Where that is more than is allowed: what suffices for all but one in a hundred.
    pub sufficient: Option<Span>,
}

impl Monitor {
    /// Returns the partitions with events, and how late these were.
    pub fn partition_lateness(&self) -> impl Iterator<Item = (PartitionIndex, &Feed)> {
        self.latenesses.partitions()
    }

    /// Returns the listed groups that have enough events to say how late they were.
    #[must_use]
    pub fn group_lateness(&self) -> Vec<GroupLateness> {
        let allowed = self.plan.window.allowed_lateness;
        let names = self.plan.dimensions.iter().flat_map(|dimension| {
            dimension.groups.iter().map(|group| (dimension.name.clone(), group.clone()))
        });
        let feeds = names.enumerate().filter_map(|(place, (dimension, group))| {
            let feed = self.latenesses.group(place)?;
            Some(GroupLateness { dimension, group, regular: feed.regular()?, sufficient: feed.sufficient(allowed) })
        });
        feeds.collect()
    }
}

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

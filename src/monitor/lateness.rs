//! How late the events of partitions and groups were.

use super::core::Monitor;
use crate::plan::{PartitionIndex, Span};
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
        let names = self
            .plan
            .dimensions
            .iter()
            .flat_map(|dimension| dimension.groups.iter().map(|group| (dimension.name.clone(), group.clone())));
        let feeds = names.enumerate().filter_map(|(place, (dimension, group))| {
            let feed = self.latenesses.group(place)?;
            Some(GroupLateness { dimension, group, regular: feed.regular()?, sufficient: feed.sufficient(allowed) })
        });
        feeds.collect()
    }
}

//! How late events were, by partition and by group.

use crate::monitor::{GroupLateness, Monitor};
use crate::plan::{PartitionIndex, Span};
use crate::window::LATENESS_BOUNDS_S;

/// How late events were, since the start of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatenessHealth {
    /// The partitions with events.
    pub partitions: Vec<PartitionLateness>,
    /// The listed groups with enough events.
    pub groups: Vec<GroupLateness>,
}

/// The events of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLateness {
    /// The partition's index in the monitor.
    pub index: PartitionIndex,
    /// Events that were behind by at most each of [`LATENESS_BOUNDS_S`].
    pub cumulative: [u64; LATENESS_BOUNDS_S.len()],
    /// All events.
    pub count: u64,
    /// The sum over all events, in seconds.
    pub sum_s: u64,
    /// Where the feed is regularly later than is allowed: what suffices for all but one event in a hundred.
    pub sufficient: Option<Span>,
}

impl LatenessHealth {
    /// What a monitor has measured.
    #[must_use]
    pub fn of(monitor: &Monitor) -> Self {
        let allowed = monitor.plan().window.allowed_lateness;
        let partitions = monitor.partition_lateness().map(|(index, feed)| PartitionLateness {
            index,
            cumulative: feed.cumulative(),
            count: feed.events(),
            sum_s: feed.sum_seconds(),
            sufficient: feed.sufficient(allowed),
        });
        Self { partitions: partitions.collect(), groups: monitor.group_lateness() }
    }

    /// What an operator should know of groups whose feed is regularly later than is allowed.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let late = self.groups.iter().filter_map(|group| {
            let hours = group.sufficient?.0 / Span::HOUR.0;
            let GroupLateness { dimension, group, .. } = group;
            Some(format!(
                "group {group} of {dimension} is regularly later than window.allowed_lateness, so evidence misses it: {hours}h would suffice"
            ))
        });
        late.collect()
    }
}

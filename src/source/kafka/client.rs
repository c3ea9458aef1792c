//! The client that reads, with what it reports by itself.

use std::sync::Arc;

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

use super::state::SourceState;
use crate::source::error::SourceError;

/// The client.
pub(super) type Client = BaseConsumer<Reports>;

/// Makes a client. It connects by itself, in the background.
///
/// # Errors
/// [`SourceError::Client`] if librdkafka refuses the configuration.
pub(super) fn connect(config: &ClientConfig, state: &Arc<SourceState>) -> Result<Client, SourceError> {
    config.create_with_context(Reports { state: Arc::clone(state) }).map_err(SourceError::Client)
}

/// Takes the client's reports: how far it has fetched, where the partitions end, its errors.
pub(super) struct Reports {
    state: Arc<SourceState>,
}

impl ClientContext for Reports {
    fn stats(&self, statistics: Statistics) {
        let mut partitions = self.state.partitions();
        for (topic, statistics) in &statistics.topics {
            for (partition, statistics) in &statistics.partitions {
                // The client also reports partitions that it does not read.
                let Some(state) = partitions.get_mut(&(topic.clone(), *partition)) else { continue };
                state.end_offset = state.end_offset.max(statistics.hi_offset);
                let fetched = state.assigned && statistics.next_offset >= state.catch_up;
                state.nothing_left |= fetched && state.reported == state.next_offset;
                state.reported = state.next_offset;
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.state.count_error();
        tracing::debug!(%error, reason, "the client reported an error");
    }
}

impl ConsumerContext for Reports {}

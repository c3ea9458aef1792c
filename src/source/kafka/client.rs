//! The client that reads, with what it reports by itself.

use std::sync::Arc;

use kafka_batch::RecordQueue;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

use super::state::SourceState;
use crate::source::error::SourceError;

/// The client.
pub(super) type Client = BaseConsumer<Reports>;

/// The client, and the queue that its records come through. Errors and statistics come through the client itself.
pub(super) struct Connection {
    /// The client.
    pub client: Arc<Client>,
    /// The records.
    pub records: RecordQueue<Reports>,
}

impl Connection {
    /// Makes a client. It connects by itself, in the background.
    ///
    /// # Errors
    /// [`SourceError::Client`] if librdkafka refuses the configuration.
    pub fn open(config: &ClientConfig, state: &Arc<SourceState>) -> Result<Self, SourceError> {
        let client = config.create_with_context(Reports { state: Arc::clone(state) }).map_err(SourceError::Client)?;
        let client = Arc::new(client);
        let none = || SourceError::Client(KafkaError::ClientCreation("no queue for records".to_owned()));
        let records = RecordQueue::new(Arc::clone(&client)).ok_or_else(none)?;
        Ok(Self { client, records })
    }

    /// Reads these partitions as well.
    ///
    /// # Errors
    /// [`SourceError`] if the client refuses them.
    pub fn assign(&self, partitions: &TopicPartitionList) -> Result<(), SourceError> {
        for partition in partitions.elements() {
            if !self.records.lead_here(partition.topic(), partition.partition()) {
                return Err(SourceError::partition(partition.topic(), partition.partition(), "it has no queue"));
            }
        }
        self.client.incremental_assign(partitions).map_err(SourceError::Assign)
    }
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

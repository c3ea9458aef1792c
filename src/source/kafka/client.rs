//! The client that reads, with what it reports by itself.

use std::sync::Arc;

use kafka_batch::RecordQueue;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::statistics::Statistics;

use super::brokers::{OFFSETS, Session};
use super::identity::{FACILITY, LOG_CONTEXT};
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
    pub fn open(config: &ClientConfig, state: &Arc<SourceState>, session: Session) -> Result<Self, SourceError> {
        let reports = Reports { state: Arc::clone(state), session };
        let mut config = config.clone();
        let contexts = [config.get("debug").unwrap_or_default(), LOG_CONTEXT].join(",");
        config.set("debug", contexts.trim_start_matches(',')).set_log_level(RDKafkaLogLevel::Debug);
        let client: Arc<Client> =
            Arc::new(config.create_with_context(reports).map_err(|error| SourceError::client(&error))?);
        let none = || SourceError::Client("no queue for records".to_owned());
        let records = RecordQueue::new(Arc::clone(&client)).ok_or_else(none)?;
        let connection = Self { client, records };
        connection.renew();
        Ok(connection)
    }

    /// Gives the client what to log in with, if it has changed.
    pub fn renew(&self) {
        self.session().renew(self.client.client());
    }

    /// How the client logs in, and what it reports of access.
    pub fn session(&self) -> &Session {
        &self.client.context().session
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
    session: Session,
}

impl ClientContext for Reports {
    fn stats(&self, statistics: Statistics) {
        let mut partitions = self.state.partitions();
        for (topic, statistics) in &statistics.topics {
            for (partition, statistics) in &statistics.partitions {
                // The client also reports partitions that it does not read.
                let Some(state) = partitions.get_mut(&(topic.clone(), *partition)) else { continue };
                state.end_offset = state.end_offset.max(statistics.hi_offset);
                state.take_report(statistics.next_offset, statistics.fetchq_cnt);
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.state.count_error();
        tracing::debug!(%error, reason, "the client reported an error");
        self.session.error(reason);
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if facility == FACILITY {
            self.state.ids.hear(line);
        }
        self.session.log(level, facility, line);
    }
}

impl ConsumerContext for Reports {
    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        // A refusal also comes as an error of the client.
        if result.is_ok() {
            self.session.brokers().works(OFFSETS);
        }
    }
}

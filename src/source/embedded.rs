//! The embedded broker of the demo: librdkafka's mock cluster. It proves nothing about Kafka.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::error::SourceError;

/// A broker inside this process, on a free port of the loopback interface.
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl EmbeddedBroker {
    /// Starts a broker with these topics and numbers of partitions.
    ///
    /// # Errors
    /// [`SourceError::Embedded`] with the error of librdkafka.
    pub fn start(topics: &[(&str, i32)]) -> Result<Self, SourceError> {
        let cluster = MockCluster::new(1).map_err(|error| SourceError::Embedded(error.to_string()))?;
        for (topic, partitions) in topics {
            cluster
                .create_topic(topic, *partitions, 1)
                .map_err(|error| SourceError::Embedded(format!("topic {topic}: {error}")))?;
        }
        Ok(Self { cluster })
    }

    /// The broker's address.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}

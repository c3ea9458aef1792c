//! The embedded broker of the demo: librdkafka's mock cluster. It is no proof about Kafka.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// A broker inside this process, on a free port of the loopback interface.
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl EmbeddedBroker {
    /// Starts it with these topics.
    ///
    /// # Errors
    /// What librdkafka says.
    pub fn start(topics: &[(&str, i32)]) -> Result<Self, String> {
        let cluster = MockCluster::new(1).map_err(|error| format!("embedded broker: {error}"))?;
        for (topic, partitions) in topics {
            cluster
                .create_topic(topic, *partitions, 1)
                .map_err(|error| format!("embedded broker: topic {topic}: {error}"))?;
        }
        Ok(Self { cluster })
    }

    /// Its address.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}

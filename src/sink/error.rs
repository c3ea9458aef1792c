//! Why something cannot be sent at all. That one attempt failed is a [`super::http::Trouble`].

use rdkafka::error::KafkaError;
use thiserror::Error;

/// What went wrong, and where.
#[derive(Debug, Error)]
pub enum SinkError {
    /// librdkafka refused the configuration of a producer.
    #[error("{what}: {problem}")]
    Client {
        /// Whose: the key of the configuration or the address.
        what: String,
        /// What librdkafka said, without values.
        problem: String,
    },
    /// The broker did not take events.
    #[error("topic {topic}: {source}")]
    Refused {
        /// The topic.
        topic: String,
        /// What librdkafka said.
        source: KafkaError,
    },
    /// Events were taken by the client and did not arrive.
    #[error("topic {topic}: not all events were delivered: {source}")]
    Undelivered {
        /// The topic.
        topic: String,
        /// Why the first of them did not arrive.
        source: KafkaError,
    },
    /// The file of trusted certificates cannot be used.
    #[error("alerting.ca_file {file}: {problem}")]
    Certificates {
        /// The file.
        file: String,
        /// What was expected and what was found.
        problem: String,
    },
}

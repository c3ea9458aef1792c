//! Lets librdkafka look at the configuration, for `check-config`.

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;

use super::config::base_config;
use crate::settings::Kafka;
use crate::source::error::SourceError;

/// Makes a client that connects to nobody: librdkafka looks at all properties, and at the certificates and keys that they name.
///
/// # Errors
/// [`SourceError`] if it refuses them, or a file with a password is of no use.
pub fn try_client(settings: &Kafka) -> Result<(), SourceError> {
    let mut config = base_config(settings)?;
    config.remove("bootstrap.servers");
    // rdkafka would print the client's log on its own.
    config.set_log_level(RDKafkaLogLevel::Emerg);
    config.create::<BaseConsumer>().map(drop).map_err(|error| SourceError::client(&error))
}

//! How the clients of librdkafka are configured.

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use crate::settings::{Kafka, read_secret_text};
use crate::source::error::SourceError;

/// Compressed bytes that the client asks for at once, unless one record may be larger. All of them are in memory inflated: gzip inflates up to
/// 1,032 times, and a larger batch still comes whole. The client keeps Zstandard alone to [`RECEIVE_BYTES`].
const FETCH_BYTES: usize = 1 << 20;
/// Largest answer of a broker, and the most that one Zstandard batch may inflate to, in bytes.
const RECEIVE_BYTES: usize = 32 << 20;

/// Records that wait in the client, below which it asks for more. They are enough for some milliseconds at full speed; more of them only leave the
/// processor's caches before they are read.
const QUEUED_RECORDS: u32 = 10_000;
/// Most that waits in the client, in KiB of records as they are inflated.
const QUEUED_KIB: u32 = 64 << 10;
/// Milliseconds until a broker is asked again after enough records waited. The client's own default, a second, leaves a fast reader without records
/// for most of the time.
const BACKOFF_MS: u32 = 5;

/// The key of the file with the password.
pub(super) const PASSWORD_KEY: &str = "kafka.sasl_password_file";

/// What every client of these brokers needs, but a token.
///
/// # Errors
/// [`SourceError::Secret`] if a file with a password is of no use.
pub(super) fn base_config(settings: &Kafka) -> Result<ClientConfig, SourceError> {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    config.set("bootstrap.servers", &settings.brokers).set("security.protocol", settings.security_protocol.name());
    let passwords = [
        ("sasl.password", PASSWORD_KEY, &settings.sasl_password_file),
        ("ssl.key.password", "kafka.ssl_key_password_file", &settings.ssl_key_password_file),
    ];
    for (property, key, path) in passwords {
        if let Some(path) = path {
            config.set(property, read_secret_text(key, path)?);
        }
    }
    Ok(config)
}

/// What every consumer needs, from what every client needs. `message_bytes` is the largest record that must not get stuck.
pub(super) fn consumer_config(mut config: ClientConfig, group: &str, message_bytes: usize) -> ClientConfig {
    let fetch_bytes = message_bytes.max(FETCH_BYTES).to_string();
    // How fast it reads: here the user's word counts.
    for (name, value) in [("fetch.queue.backoff.ms", BACKOFF_MS), ("queued.min.messages", QUEUED_RECORDS)] {
        if config.get(name).is_none() {
            config.set(name, value.to_string());
        }
    }
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "false")
        .set("allow.auto.create.topics", "false")
        .set("statistics.interval.ms", "2000")
        // Otherwise a batch that was damaged on its way, or on the broker's disk, would be read as whatever it has become.
        .set("check.crcs", "true")
        .set("receive.message.max.bytes", RECEIVE_BYTES.to_string())
        .set("queued.max.messages.kbytes", QUEUED_KIB.to_string())
        .set("reconnect.backoff.max.ms", "2000")
        .set("fetch.max.bytes", &fetch_bytes)
        .set("max.partition.fetch.bytes", &fetch_bytes);
    // Otherwise a connection that is closed at once is not told at all.
    config.set_log_level(RDKafkaLogLevel::Info);
    config
}

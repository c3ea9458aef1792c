//! How the clients of librdkafka are configured.

use rdkafka::config::ClientConfig;

use crate::settings::Kafka;
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

/// What every client of these brokers needs.
///
/// # Errors
/// [`SourceError::File`] if the file with the password cannot be read.
pub fn base_config(settings: &Kafka) -> Result<ClientConfig, SourceError> {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    config.set("bootstrap.servers", &settings.brokers).set("security.protocol", settings.security_protocol.name());
    if let Some(path) = &settings.sasl_password_file {
        let password = std::fs::read_to_string(path).map_err(|error| SourceError::file(path, "read", error))?;
        config.set("sasl.password", password.trim_end_matches(['\r', '\n']));
    }
    Ok(config)
}

/// What every consumer needs. `message_bytes` is the largest record that must not get stuck.
///
/// # Errors
/// As [`base_config`].
pub(super) fn consumer_config(settings: &Kafka, message_bytes: usize) -> Result<ClientConfig, SourceError> {
    let fetch_bytes = message_bytes.max(FETCH_BYTES).to_string();
    let mut config = base_config(settings)?;
    // How fast it reads: here the user's word counts.
    for (name, value) in [("fetch.queue.backoff.ms", BACKOFF_MS), ("queued.min.messages", QUEUED_RECORDS)] {
        if config.get(name).is_none() {
            config.set(name, value.to_string());
        }
    }
    config
        .set("group.id", &settings.group)
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
    Ok(config)
}

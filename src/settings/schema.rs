//! The parsed configuration, section by section.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::address::Address;
use super::secrets::redacted_properties;
use super::terms::{Plan, Span};

/// The effective configuration. It is valid, and every default is filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where events come from and where alerts go; only `run` needs it.
    pub kafka: Option<Kafka>,
    /// What the core does. `max_ahead` and `stale_after` are `Some`.
    pub plan: Plan,
    /// What may be published.
    pub privacy: Privacy,
    /// The share of missing cases, of either side, up to which a rule without a share of its own is `within`; 0 to 1.
    pub max_missing: f64,
    /// The state on disk.
    pub state: State,
    /// Most exported time series, 1 to 10,000,000.
    pub series_limit: usize,
    /// Most messages about alerts that wait for one receiver, 1 to 1,000,000.
    pub outbox_limit: u64,
    /// Most threads that recognise events, 1 to 64; `None`: as many as pay on this machine.
    pub threads: Option<usize>,
    /// The HTTP server.
    pub server: Server,
    /// How alerts are delivered, and the evidence they need.
    pub alerting: Alerting,
    /// Criteria that a profile must not use, or only with a reason.
    pub criteria: Criteria,
}

/// Where events come from and where alerts go. `Debug` leaves secrets out.
#[derive(Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Addresses `host:port` of the first brokers to ask, separated by commas.
    pub brokers: String,
    /// Topics to read: 1 to [`MAX_TOPICS`](crate::settings::MAX_TOPICS), each only once.
    pub topics: Vec<String>,
    /// The consumer group that lag displays read.
    pub group: String,
    /// How the connection is protected.
    pub security_protocol: SecurityProtocol,
    /// The topic for rejected events; none of `topics`.
    pub dead_letter_topic: String,
    /// The topic for alerts; none of `topics`. `None`: alerts go to no topic.
    pub alert_topic: Option<String>,
    /// Whether a dead letter carries the payload beside the pointer to it.
    pub dead_letter_payload: bool,
    /// A file that holds the SASL password; `None` without a SASL protocol.
    pub sasl_password_file: Option<PathBuf>,
    /// How long an input topic must keep its records, at least 1 s: the longest time that the daemon may be down.
    pub min_retention: Span,
    /// Further properties for librdkafka, passed on unchanged. None of them is one that the daemon sets itself.
    pub properties: BTreeMap<String, String>,
}

/// How the connection to Kafka is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Without protection.
    Plaintext,
    /// TLS.
    Ssl,
    /// TLS and SASL.
    SaslSsl,
    /// SASL without TLS.
    SaslPlaintext,
}

/// What may be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// The smallest cell that is published, 0 to 1,000; 0 publishes every cell. Equal to [`Plan::min_cell`].
    pub min_cell: u64,
    /// Why every cell may be published; not empty where `min_cell` is 0.
    pub reason: String,
    /// A file with the key that case ids are hashed with; `None`: a key is made at the first start, beside the state.
    pub pseudonym_key_file: Option<PathBuf>,
}

/// The state on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The folder; a relative path starts at the working directory.
    pub dir: PathBuf,
    /// How often the state is written, at least 1 s.
    pub checkpoint_every: Span,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// A Prometheus web-config file. Always `None` in this version.
    pub web_config: Option<PathBuf>,
    /// The URL by which people reach this daemon: http or https, without a login.
    pub external_url: Option<String>,
}

/// How alerts are delivered, and the evidence they need.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerting {
    /// Alertmanagers to push to, each only once; at most [`MAX_RECEIVERS`](crate::settings::MAX_RECEIVERS).
    pub alertmanagers: Vec<Address>,
    /// Webhooks to push to, each only once; at most [`MAX_RECEIVERS`](crate::settings::MAX_RECEIVERS).
    pub webhooks: Vec<Address>,
    /// A file with the key that signs webhooks; `None`: webhooks are not signed.
    pub webhook_secret_file: Option<PathBuf>,
    /// A file with PEM certificates that are trusted in addition to those of the system.
    pub ca_file: Option<PathBuf>,
    /// A file with the `Authorization` header for Alertmanagers.
    pub authorization_file: Option<PathBuf>,
    /// How often a firing alert is sent to Alertmanagers again, at least 1 s.
    pub resend_every: Span,
    /// The probability of a false alarm over the whole life of all series together, above 0 and below 1.
    pub family_alpha: f64,
    /// The smallest block of evidence, in exposed cases of both groups together; at least 1.
    pub block_exposed: u64,
    /// The same for hit rates, in concluded controls.
    pub block_concluded: u64,
    /// How far a group's rate may vary between blocks without being evidence: a coefficient of variation, 0 to 10.
    pub block_variation: f64,
    /// The most that one block multiplies a likelihood ratio by: above 1; 0 for no bound.
    pub block_cap: f64,
}

/// Criteria that a profile must not use, or only with a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// Never justified.
    pub banned: Vec<String>,
    /// Justified only by a separate reason.
    pub restricted: Vec<String>,
    /// Known proxies for a protected ground.
    pub proxies: Vec<String>,
    /// Judged, and in order.
    pub accepted: Vec<String>,
}

impl SecurityProtocol {
    /// Every protocol.
    pub const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslSsl, Self::SaslPlaintext];

    /// Returns its word, which is the same in the configuration and in librdkafka.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslSsl => "sasl_ssl",
            Self::SaslPlaintext => "sasl_plaintext",
        }
    }

    /// Returns whether it authenticates by SASL.
    #[must_use]
    pub const fn is_sasl(self) -> bool {
        matches!(self, Self::SaslSsl | Self::SaslPlaintext)
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Kafka")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("group", &self.group)
            .field("security_protocol", &self.security_protocol)
            .field("dead_letter_topic", &self.dead_letter_topic)
            .field("alert_topic", &self.alert_topic)
            .field("dead_letter_payload", &self.dead_letter_payload)
            .field("sasl_password_file", &self.sasl_password_file)
            .field("min_retention", &self.min_retention)
            .field("properties", &redacted_properties(&self.properties))
            .finish()
    }
}

//! The parsed configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::address::Address;
use super::secrets::redacted_properties;
use super::terms::{Plan, Span};

/// The effective configuration: valid, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where events come from and alerts go to; needed by `run` alone.
    pub kafka: Option<Kafka>,
    /// What the core is asked to do. `max_ahead` and `stale_after` are `Some`.
    pub plan: Plan,
    /// What may leave.
    pub privacy: Privacy,
    /// The state on disk.
    pub state: State,
    /// Most exported time series.
    pub series_limit: usize,
    /// Most messages about alerts that wait for one receiver; at least 1.
    pub outbox_limit: u64,
    /// HTTP.
    pub server: Server,
    /// How alerts are delivered and what they take.
    pub alerting: Alerting,
    /// Criteria a profile must not, or hardly, use.
    pub criteria: Criteria,
}

/// Where events come from and alerts go to. `Debug` leaves secrets out.
#[derive(Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Addresses to start from, separated by commas.
    pub brokers: String,
    /// Topics to read; 1 to [`MAX_TOPICS`](super::MAX_TOPICS), each once.
    pub topics: Vec<String>,
    /// The consumer group that lag displays read.
    pub group: String,
    /// How the connection is protected.
    pub security_protocol: SecurityProtocol,
    /// Where bad input goes; none of `topics`.
    pub dead_letter_topic: String,
    /// Where alerts go; none of `topics`. `None`: nowhere.
    pub alert_topic: Option<String>,
    /// Whether the payload goes with a dead letter's pointer.
    pub dead_letter_payload: bool,
    /// A file with the SASL password; only with a SASL protocol.
    pub sasl_password_file: Option<PathBuf>,
    /// How long records of an input topic must stay in it: the longest that the daemon may stand still.
    pub min_retention: Span,
    /// Passed to librdkafka as they are; never one that the daemon sets itself.
    pub properties: BTreeMap<String, String>,
}

/// How the connection to Kafka is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Not at all.
    Plaintext,
    /// TLS.
    Ssl,
    /// TLS and SASL.
    SaslSsl,
    /// SASL alone.
    SaslPlaintext,
}

/// What may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// Smallest cell that is published, 0 to 1,000; 0: all. The same as [`Plan::min_cell`].
    pub min_cell: u64,
    /// Why, where `min_cell` is 0.
    pub reason: String,
    /// The key that case ids are hashed with; `None`: one made at the first start, beside the state.
    pub pseudonym_key_file: Option<PathBuf>,
}

/// The state on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its folder, relative to the working directory.
    pub dir: PathBuf,
    /// How often it is written, at least 1 s.
    pub checkpoint_every: Span,
}

/// HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port; port 0: any free one.
    pub listen: SocketAddr,
    /// Prometheus web-config file. Always `None` in this version.
    pub web_config: Option<PathBuf>,
    /// How people reach this daemon; http or https, without a login.
    pub external_url: Option<String>,
}

/// How alerts are delivered and what they take.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerting {
    /// Alertmanagers to push to, each once; at most [`MAX_RECEIVERS`](super::MAX_RECEIVERS).
    pub alertmanagers: Vec<Address>,
    /// Webhooks to push to, each once; at most [`MAX_RECEIVERS`](super::MAX_RECEIVERS).
    pub webhooks: Vec<Address>,
    /// A file with the key that webhooks are signed with; `None`: they are not signed.
    pub webhook_secret_file: Option<PathBuf>,
    /// A file with certificates in PEM that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// A file with the `Authorization` header that Alertmanagers are sent.
    pub authorization_file: Option<PathBuf>,
    /// How often a firing alert is sent again, at least 1 s.
    pub resend_every: Span,
    /// False alarms over the whole life of all series together, above 0 and below 1.
    pub family_alpha: f64,
    /// Smallest block of evidence: exposed, both groups together.
    pub block_exposed: u64,
    /// The same for hit rates: concluded controls.
    pub block_concluded: u64,
    /// Between-block variation of a group's rate that is no evidence: a coefficient of variation, 0 to 10.
    pub block_variation: f64,
}

/// Criteria a profile must not, or hardly, use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// Never justified.
    pub banned: Vec<String>,
    /// Justified only by a reason of their own.
    pub restricted: Vec<String>,
    /// Known to stand for a protected ground.
    pub proxies: Vec<String>,
}

impl SecurityProtocol {
    /// Every protocol.
    pub const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslSsl, Self::SaslPlaintext];

    /// The word for it in the configuration and in librdkafka.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslSsl => "sasl_ssl",
            Self::SaslPlaintext => "sasl_plaintext",
        }
    }

    /// Whether it authenticates by SASL.
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

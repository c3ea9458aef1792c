//! The parsed configuration, section by section.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::address::Address;
use super::checks::unchecked;
use super::secrets::redacted_properties;
use super::terms::{DisclosurePlan, Format, Mapping, Plan, Span};

/// The effective configuration. It is valid, and every default is filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where events come from and where alerts go; only `run` needs it.
    pub kafka: Option<Kafka>,
    /// Events made from documents of another shape.
    pub mappings: Vec<Mapping>,
    /// How topics and files are written, where that is given.
    pub formats: Vec<FormatRule>,
    /// What the core does. `max_ahead` and `stale_after` are `Some`.
    pub plan: Plan,
    /// What may be published.
    pub privacy: Privacy,
    /// The share of missing cases, of either side, up to which a rule without a share of its own is `within`; 0 to 1.
    pub max_missing: f64,
    /// The state on disk.
    pub state: State,
    /// What was published, kept for years.
    pub history: HistoryLimits,
    /// Most exported time series, 1 to 10,000,000.
    pub series_limit: usize,
    /// Most messages about alerts that wait for one receiver, 1 to 1,000,000.
    pub outbox_limit: u64,
    /// Most threads that recognise events, 1 to 64; `None`: as many as pay on this machine.
    pub threads: Option<usize>,
    /// The HTTP server.
    pub server: Server,
    /// Where producers without a Kafka client send events; `None`: nowhere.
    pub http_source: Option<HttpSource>,
    /// How alerts are delivered, and the evidence they need.
    pub alerting: Alerting,
    /// Criteria that a profile must not use, or only with a reason.
    pub criteria: Criteria,
    /// The audit log.
    pub audit: Audit,
    /// Evaluation reports.
    pub report: ReportSettings,
}

/// Evaluation reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSettings {
    /// The folder of their files; a relative path starts at the working directory. `None`: the folder `reports` of the state.
    pub dir: Option<PathBuf>,
}

impl Settings {
    /// Returns every listener.
    pub fn listeners(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.server).chain(self.http_source.as_ref().map(|source| &source.server))
    }

    /// Returns the folder of the files of reports.
    #[must_use]
    pub fn report_dir(&self) -> PathBuf {
        self.report.dir.clone().unwrap_or_else(|| self.state.dir.join("reports"))
    }
}

/// The audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// A file with the key that signs it; `None`: a key is made at the first start, beside the state.
    pub key_file: Option<PathBuf>,
}

/// Where events come from and where alerts go. `Debug` leaves secrets out.
#[derive(Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Addresses `host:port` of the first brokers to ask, separated by commas.
    pub brokers: String,
    /// Topics to read: 1 to [`MAX_TOPICS`](crate::settings::MAX_TOPICS), each only once.
    pub topics: Vec<String>,
    /// Those of `topics` from which measures are taken: one from another topic is rejected. `None`: from any.
    pub measure_topics: Option<Vec<String>>,
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
    /// A file that holds the password of the client's private key; `None`: the key has none, or it is among the properties.
    pub ssl_key_password_file: Option<PathBuf>,
    /// Where tokens for the mechanism OAUTHBEARER come from; `None` with other mechanisms.
    pub oauth: Option<OAuth>,
    /// Why certificates are not checked; empty where they are.
    pub insecure_reason: String,
    /// How long an input topic must keep its records, at least 1 s: the longest time that the daemon may be down.
    pub min_retention: Span,
    /// Further properties for librdkafka, passed on unchanged. None of them is one that the daemon sets itself.
    pub properties: BTreeMap<String, String>,
    /// The formats of topics, where they are given. A topic without one has JSON.
    pub formats: BTreeMap<String, Format>,
    /// The schema registry; `None` where none is needed.
    pub registry: Option<RegistrySettings>,
}

/// What topics and files are written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatRule {
    /// The mapping's name.
    pub name: String,
    /// Topics, each among those that are read.
    pub topics: Vec<String>,
    /// Patterns of the names of files: `*` stands for any characters, `?` for one.
    pub files: Vec<String>,
    /// How they are written.
    pub format: Format,
}

/// A schema registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Its addresses; at least one. They are asked one after another.
    pub urls: Vec<Address>,
    /// The user that it wants; empty: none.
    pub user: String,
    /// A file with the user's password.
    pub password_file: Option<PathBuf>,
    /// A file with PEM certificates that are trusted in addition to those of the system.
    pub ca_file: Option<PathBuf>,
    /// Longest time of a request, 1 s to 1 min.
    pub timeout: Span,
    /// Ids of schemas that are taken not to exist, without a question: 0 to 2,147,483,647.
    pub given_up_schemas: BTreeSet<u32>,
}

/// Where tokens for the mechanism OAUTHBEARER come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OAuth {
    /// A file that holds a token, which somebody else renews.
    File(PathBuf),
    /// An issuer that gives tokens to a client with a secret.
    Issuer(TokenIssuer),
}

/// An issuer of tokens, by the grant of client credentials (RFC 6749, section 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIssuer {
    /// The address of the token endpoint.
    pub url: Address,
    /// The client's id; not empty.
    pub client_id: String,
    /// A file that holds the client's secret.
    pub client_secret_file: PathBuf,
    /// What the token is for; empty: what the issuer gives without being asked.
    pub scope: String,
    /// A file with PEM certificates that are trusted in addition to those of the system.
    pub ca_file: Option<PathBuf>,
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
    /// What may leave, and when. Equal to [`Plan::disclosure`].
    pub disclosure: DisclosurePlan,
    /// Why exact numbers may be published; not empty where `min_cell` is 0 or `round_to` is 1.
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

/// How much of what was published is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// How long, by the time of events; at least a day.
    pub keep: Span,
    /// How long with every release; at least a day. Of older days the last release stays.
    pub full_resolution: Span,
    /// Most bytes on disk. Beyond it the oldest days are removed.
    pub max_bytes: u64,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Whether an address that other machines reach is listened on although nobody has to log in.
    pub insecure_listen: bool,
    /// A file in Prometheus' web-config format: TLS, users, headers. A relative path starts at the working directory.
    pub web_config: Option<PathBuf>,
    /// The URL by which people reach this daemon: http or https, without a login.
    pub external_url: Option<String>,
    /// Further names that requests may ask for: `host` or `host:port`, in lower case. At most
    /// [`MAX_HOSTS`](crate::settings::MAX_HOSTS).
    pub hosts: Vec<String>,
    /// Most connections at a time, 1 to [`MAX_CONNECTIONS`](crate::settings::MAX_CONNECTIONS). The limit on descriptors may
    /// allow fewer.
    pub max_connections: usize,
    /// Whom a login is asked of.
    pub logins: Logins,
}

/// Of whom a listener asks a login, unless `insecure_listen` says that nobody needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logins {
    /// Of everybody, where other machines reach it: what it serves, the users of its own machine may read.
    FromOthers,
    /// Of everybody: what it takes, changes what is counted.
    Always,
}

impl Logins {
    /// Returns the section of the listener.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::FromOthers => "server",
            Self::Always => "http_source",
        }
    }
}

/// Where producers without a Kafka client send events by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSource {
    /// Its listener. `external_url` is `None`.
    pub server: Server,
    /// The topic that the events are written to: one of those that are read, in the shape of the contract.
    pub topic: String,
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
    /// The share of `family_alpha` that intersections have together, where there are any: above 0 and below 1.
    pub intersection_share: f64,
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

impl Kafka {
    /// Returns the properties that switch a check of the brokers' certificates off; `insecure_reason` says why.
    #[must_use]
    pub fn unchecked(&self) -> Vec<&'static str> {
        unchecked(&self.properties)
    }

    /// Returns the SASL mechanism, in capital letters; `None` where none is written.
    #[must_use]
    pub fn mechanism(&self) -> Option<String> {
        let names = ["sasl.mechanism", "sasl.mechanisms"];
        names.iter().find_map(|name| self.properties.get(*name)).map(|mechanism| mechanism.to_uppercase())
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Kafka")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("measure_topics", &self.measure_topics)
            .field("group", &self.group)
            .field("security_protocol", &self.security_protocol)
            .field("dead_letter_topic", &self.dead_letter_topic)
            .field("alert_topic", &self.alert_topic)
            .field("dead_letter_payload", &self.dead_letter_payload)
            .field("sasl_password_file", &self.sasl_password_file)
            .field("ssl_key_password_file", &self.ssl_key_password_file)
            .field("oauth", &self.oauth)
            .field("insecure_reason", &self.insecure_reason)
            .field("min_retention", &self.min_retention)
            .field("properties", &redacted_properties(&self.properties))
            .field("formats", &self.formats)
            .field("registry", &self.registry)
            .finish()
    }
}

//! Configuration: raw shape, parsed types, validation.
//!
//! A TOML file and overrides from the environment become [`Settings`], or a [`SettingsError`] that lists every problem
//! with its line. What the core needs is in [`Settings::plan`]; the rest is for the rooms below the I/O line.

mod address;
mod duration;
mod environment;
mod parse;
mod problem;
mod raw;
mod redact;
mod rules;
mod validate;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::plan::{Plan, Span};

pub use address::Address;
pub use duration::MAX_DURATION_DAYS;
pub use environment::PREFIX;
pub use problem::{MAX_PROBLEMS, Problem, SettingsError};
pub use redact::REDACTED;
pub use rules::MAX_RULES;
pub use validate::{
    MAX_CRITERIA, MAX_DIMENSIONS, MAX_GROUPS, MAX_HISTORY_DAYS, MAX_PROFILES, MAX_PROPERTIES, MAX_RECEIVERS,
    MAX_ROLLING, MAX_TEXT_BYTES, MAX_TOPICS,
};

use parse::Table;
use problem::{Place, Problems};

/// Largest configuration file, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

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
    /// Topics to read; 1 to [`MAX_TOPICS`], each once.
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
    /// Alertmanagers to push to, each once; at most [`MAX_RECEIVERS`].
    pub alertmanagers: Vec<Address>,
    /// Webhooks to push to, each once; at most [`MAX_RECEIVERS`].
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

impl Settings {
    /// Reads the configuration from a file. `environment` is all of it; only names that start with [`PREFIX`] count.
    ///
    /// # Errors
    /// [`SettingsError::Unreadable`] where the file cannot be read, else [`SettingsError::Invalid`] with every problem.
    pub fn load(path: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, SettingsError> {
        let file = path.display().to_string();
        let bytes = match read_file(path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(SettingsError::Unreadable { file, source }),
        };
        match text_of(&bytes) {
            Ok(text) => Self::parse(text, &file, environment),
            Err((expected, found)) => {
                let mut problems = Problems::new(&file);
                problems.add(&Place::File, "", expected, found);
                Err(problems.into_error())
            }
        }
    }

    /// Reads the configuration from a text; `file_name` is for problems.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] with every problem. A text that is not TOML has only that problem.
    pub fn parse(
        text: &str,
        file_name: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut problems = Problems::new(file_name);
        let mut tree = raw::document(text, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into_error());
        }
        raw::flatten_properties(&mut tree, &mut problems);
        environment::apply(&mut tree, environment, &mut problems);
        let root = Table::new("", Place::File, tree, &mut problems);
        let settings = validate::settings(root);
        if problems.is_empty() { Ok(settings) } else { Err(problems.into_error()) }
    }
}

/// At most one byte more than allowed, which tells a file that is too large.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text_of(bytes: &[u8]) -> Result<&str, (String, String)> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        let expected = format!("at most {} bytes", parse::grouped(MAX_FILE_BYTES));
        return Err((expected, "more".to_owned()));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let found = format!("other bytes at byte {}", error.valid_up_to());
        ("UTF-8".to_owned(), found)
    })
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
            .field("properties", &redact::redacted_properties(&self.properties))
            .finish()
    }
}

//! What all clients of the same brokers share: the configuration, the login, and what they report of access.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rdkafka::client::{Client, ClientContext};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::access::Access;
use super::config::base_config;
use super::login::{Credential, Current, Login};
use crate::settings::Kafka;
use crate::source::error::SourceError;
use crate::status::{AccessCause, AccessTrouble};

/// The client that reads, as its troubles are told.
pub(super) const CONSUMER: &str = "consumer";
/// What it does with records of a topic that it sees.
pub(super) const FETCH: &str = "fetch";
/// What it commits for lag displays.
pub(super) const OFFSETS: &str = "offsets";

/// The brokers of the configuration.
#[derive(Clone)]
pub struct Brokers(Arc<Shared>);

struct Shared {
    config: ClientConfig,
    access: Arc<Access>,
    current: Arc<Current>,
    _login: Login,
}

impl Brokers {
    /// Reads the files of the configuration, and gets what clients log in with. Connects to no broker. Tells which checks are switched off.
    ///
    /// # Errors
    /// [`SourceError`] if a file is of no use, or the system starts no thread.
    pub fn open(settings: &Kafka) -> Result<Self, SourceError> {
        for property in settings.unchecked() {
            let reason = &settings.insecure_reason;
            tracing::warn!(property, reason, "a check of the brokers' certificates is switched off");
        }
        let config = base_config(settings)?;
        let (access, current) = (Arc::new(Access::new(settings)), Arc::new(Current::default()));
        let login = Login::start(settings, &access, &current)?;
        Ok(Self(Arc::new(Shared { config, access, current, _login: login })))
    }

    /// What every client of these brokers needs.
    #[must_use]
    pub fn config(&self) -> ClientConfig {
        self.0.config.clone()
    }

    /// A session for a new client. `client` is the name under which its troubles are told.
    #[must_use]
    pub fn session(&self, client: &'static str) -> Session {
        Session { brokers: self.clone(), client, applied: AtomicU64::new(0) }
    }

    /// Why clients are not let in.
    #[must_use]
    pub fn troubles(&self) -> Vec<AccessTrouble> {
        self.0.access.troubles()
    }

    /// Notes that something else than the connection works.
    pub(super) fn works(&self, client: &'static str) {
        self.0.access.works(client);
    }

    /// Notes that the right to do something is missing.
    pub(super) fn denied(&self, client: &'static str, right: &str, error: &dyn std::fmt::Display) {
        self.0.access.note(client, AccessCause::Permission, &format!("{right}: {error}"));
    }
}

/// How one client logs in, and what it reports of access.
pub struct Session {
    brokers: Brokers,
    client: &'static str,
    /// The version of the credential that the client has.
    applied: AtomicU64,
}

impl Session {
    /// A session for a client that replaces this one's.
    #[must_use]
    pub fn anew(&self) -> Self {
        self.brokers.session(self.client)
    }

    /// What the client shares with others.
    #[must_use]
    pub const fn brokers(&self) -> &Brokers {
        &self.brokers
    }

    /// Gives the client what to log in with, if it has changed. Call it after the client was made, and often.
    pub fn renew<C: ClientContext>(&self, client: &Client<C>) {
        let current = &self.brokers.0.current;
        let version = current.version();
        if self.applied.swap(version, Ordering::Relaxed) == version {
            return;
        }
        let Some(credential) = current.credential() else { return };
        let (outcome, cause) = match &credential {
            Credential::Password { user, password } => {
                (kafka_batch::set_password(client, user, password), AccessCause::Credentials)
            }
            Credential::Token(token) => {
                let set = kafka_batch::set_token(client, &token.text, &token.principal, token.expires_ms);
                (set, AccessCause::Token)
            }
        };
        if let Err(problem) = outcome {
            self.brokers.0.access.note(self.client, cause, &problem);
        }
    }

    /// Takes an error that the client reports by itself.
    pub fn error(&self, reason: &str) {
        self.brokers.0.access.hear(self.client, reason);
    }

    /// Takes a line of the client's log. Some troubles are told there alone.
    pub fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!(?level, facility, line, client = self.client, "the client's log");
        if facility == "FAIL" {
            self.brokers.0.access.hear(self.client, line);
        }
    }

    /// Notes that the client was let in, and what it asked for was done.
    pub fn works(&self) {
        self.brokers.works(self.client);
    }

    /// Takes an error that may say that the right to write to a topic is missing.
    pub fn not_written(&self, topic: &str, error: &KafkaError) {
        let right = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => format!("Write on topic {topic}"),
            Some(RDKafkaErrorCode::ClusterAuthorizationFailed) => format!("Write on topic {topic}, or on any topic"),
            _ => return,
        };
        self.brokers.denied(self.client, &right, error);
    }
}

/// Brokers that are spoken to without protection, for tests.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) fn plain(brokers: &str) -> Brokers {
    Brokers::open(&plain_settings(brokers)).unwrap()
}

/// Their settings.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) fn plain_settings(brokers: &str) -> Kafka {
    let text = format!("[kafka]\nbrokers = \"{brokers}\"\ntopics = [\"events\"]\nsecurity_protocol = \"plaintext\"\n");
    let settings = crate::settings::Settings::parse(&text, "test.toml", std::iter::empty()).unwrap();
    settings.kafka.unwrap()
}

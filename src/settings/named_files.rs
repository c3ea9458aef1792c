//! The files that a configuration names: whether they are there, and whether others may read those that are secrets.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::path::{open_file, shown_path};
use super::schema::{Kafka, OAuth, Settings};
use super::secret_file::{SecretProblem, open_private, read_secret, read_secret_text};

/// Properties of librdkafka that name a file with a private key.
const KEY_FILES: [(&str, &str); 2] = [
    ("ssl.key.location", "kafka.properties.\"ssl.key.location\""),
    ("ssl.keystore.location", "kafka.properties.\"ssl.keystore.location\""),
];
/// Properties of librdkafka that name a file, or a folder, which anybody may read.
const PUBLIC_FILES: [(&str, &str); 3] = [
    ("ssl.certificate.location", "kafka.properties.\"ssl.certificate.location\""),
    ("ssl.ca.location", "kafka.properties.\"ssl.ca.location\""),
    ("ssl.crl.location", "kafka.properties.\"ssl.crl.location\""),
];
/// What `ssl.ca.location` says where librdkafka is to search for the system's certificates.
const PROBE: &str = "probe";

/// Why a file that the configuration names, or what it says of logging in, is of no use.
#[derive(Debug, Error)]
pub enum FileProblem {
    /// A secret.
    #[error(transparent)]
    Secret(#[from] SecretProblem),
    /// A file that is no secret.
    #[error("{key} {file}: expected a file that can be read, found: {source}")]
    Unreadable {
        /// The key that names it.
        key: &'static str,
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Keys that do not fit together.
    #[error("{key}: expected {expected}, found {found}")]
    Login {
        /// The key.
        key: &'static str,
        /// What would be right.
        expected: String,
        /// What was found instead.
        found: String,
    },
}

impl FileProblem {
    /// Whether a file could not be read, which may be otherwise a moment later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Secret(SecretProblem::Unreadable { .. }))
    }
}

impl Settings {
    /// Returns what is wrong with the files that the configuration names, and with the keys for logging in to Kafka. The pseudonym key is not
    /// among them.
    #[must_use]
    pub fn file_problems(&self) -> Vec<FileProblem> {
        let mut problems = Vec::new();
        let alerting = &self.alerting;
        let secrets = [
            ("alerting.webhook_secret_file", &alerting.webhook_secret_file),
            ("alerting.authorization_file", &alerting.authorization_file),
            ("audit.key_file", &self.audit.key_file),
        ];
        secrets.into_iter().for_each(|(key, path)| secret(key, path.as_deref(), &mut problems));
        public("alerting.ca_file", alerting.ca_file.as_deref(), &mut problems);
        if let Some(kafka) = &self.kafka {
            kafka_files(kafka, &mut problems);
            if let Some(registry) = &kafka.registry {
                text("registry.password_file", registry.password_file.as_deref(), &mut problems);
                public("registry.ca_file", registry.ca_file.as_deref(), &mut problems);
            }
            problems.extend(login(kafka));
        }
        problems
    }
}

fn kafka_files(kafka: &Kafka, problems: &mut Vec<FileProblem>) {
    text("kafka.sasl_password_file", kafka.sasl_password_file.as_deref(), problems);
    text("kafka.ssl_key_password_file", kafka.ssl_key_password_file.as_deref(), problems);
    match &kafka.oauth {
        Some(OAuth::File(file)) => text("kafka.oauth_token_file", Some(file), problems),
        Some(OAuth::Issuer(issuer)) => {
            text("kafka.oauth_client_secret_file", Some(&issuer.client_secret_file), problems);
            public("kafka.oauth_ca_file", issuer.ca_file.as_deref(), problems);
        }
        None => {}
    }
    let property = |name: &str| kafka.properties.get(name).map(PathBuf::from);
    for (name, key) in KEY_FILES {
        if let Some(path) = property(name) {
            problems.extend(open_private(key, &path).err().map(FileProblem::Secret));
        }
    }
    for (name, key) in PUBLIC_FILES {
        public(key, property(name).filter(|path| path != Path::new(PROBE)).as_deref(), problems);
    }
}

fn secret(key: &'static str, path: Option<&Path>, problems: &mut Vec<FileProblem>) {
    let read = path.map(|path| read_secret(key, path));
    problems.extend(read.and_then(Result::err).map(FileProblem::Secret));
}

fn text(key: &'static str, path: Option<&Path>, problems: &mut Vec<FileProblem>) {
    let read = path.map(|path| read_secret_text(key, path));
    problems.extend(read.and_then(Result::err).map(FileProblem::Secret));
}

/// A folder is one of certificates.
fn public(key: &'static str, path: Option<&Path>, problems: &mut Vec<FileProblem>) {
    let Some(path) = path else { return };
    let looked =
        if path.is_dir() { fs::read_dir(path).map(drop) } else { open_file(path).and_then(|file| is_not_empty(&file)) };
    problems.extend(looked.err().map(|source| {
        let file = shown_path(path);
        FileProblem::Unreadable { key, file, source }
    }));
}

fn is_not_empty(file: &File) -> io::Result<()> {
    if file.metadata()?.len() > 0 { Ok(()) } else { Err(io::Error::other("an empty file")) }
}

/// What is wrong with the keys for logging in: whether they are those that the mechanism takes.
fn login(kafka: &Kafka) -> Option<FileProblem> {
    if !kafka.security_protocol.is_sasl() {
        return None;
    }
    let problem =
        |key, expected: &str, found: String| Some(FileProblem::Login { key, expected: expected.to_owned(), found });
    let has = |name: &str| kafka.properties.contains_key(name);
    let has_password = kafka.sasl_password_file.is_some() || has("sasl.password");
    let mechanism = kafka.mechanism().unwrap_or_default();
    match mechanism.as_str() {
        "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" => {
            if !has("sasl.username") {
                let key = "kafka.properties.\"sasl.username\"";
                return problem(key, &format!("a user for {mechanism}"), "none".to_owned());
            }
            if !has_password {
                return problem("kafka.sasl_password_file", &format!("a file for {mechanism}"), "none".to_owned());
            }
            let surplus = kafka.oauth.is_some();
            if surplus {
                let expected = "no oauth key: they are for the mechanism OAUTHBEARER";
                return problem("kafka.properties.\"sasl.mechanism\"", expected, mechanism);
            }
            None
        }
        "OAUTHBEARER" if kafka.oauth.is_none() => {
            problem("kafka.oauth_token_file", "this, or kafka.oauth_token_url, for OAUTHBEARER", "neither".to_owned())
        }
        "OAUTHBEARER" if has_password => {
            problem("kafka.sasl_password_file", "nothing: OAUTHBEARER takes no password", "a password".to_owned())
        }
        "OAUTHBEARER" => None,
        _ => {
            let expected = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER";
            let found = if mechanism.is_empty() { "none".to_owned() } else { format!("{mechanism:?}") };
            problem("kafka.properties.\"sasl.mechanism\"", expected, found)
        }
    }
}

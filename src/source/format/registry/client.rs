//! Asks a registry by HTTP. Everything has a limit.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use thiserror::Error;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::answer::{Definition, Problem, Reference, Registered, read};
use crate::settings::{Address, RegistrySettings, read_secret_text, shown_path};
use crate::source::format::avro::AvroSchema;
use crate::source::format::protobuf::ProtobufSchema;
use crate::source::format::schema::Schema;

/// Largest answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 4 << 20;
/// Schemas that a schema uses, those that they use included, at most.
const MAX_REFERENCES: usize = 64;
/// Longest problem of a schema that is told, in characters.
const MAX_PROBLEM_CHARACTERS: usize = 300;
/// The key of the password's file.
const PASSWORD_KEY: &str = "registry.password_file";

/// Why no registry can be asked.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The file of certificates is of no use.
    #[error("registry.ca_file {file}: expected certificates in PEM, found {found}")]
    Certificates {
        /// The file.
        file: String,
        /// What was found.
        found: String,
    },
    /// The file of the password is of no use.
    #[error(transparent)]
    Secret(#[from] crate::settings::SecretProblem),
    /// A thread could not be started.
    #[error("start the registry's thread: {0}")]
    Thread(std::io::Error),
}

/// Asks the registry.
pub(super) struct Client {
    settings: RegistrySettings,
    agent: Agent,
    /// The address that answered last.
    first: AtomicUsize,
}

impl Client {
    /// Prepares requests. Nothing is sent.
    ///
    /// # Errors
    /// [`RegistryError`] if a file is of no use.
    pub fn new(settings: &RegistrySettings) -> Result<Self, RegistryError> {
        if let Some(file) = &settings.password_file {
            read_secret_text(PASSWORD_KEY, file)?;
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(trusted(settings.ca_file.as_deref())?)).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(Duration::from_millis(settings.timeout.0.unsigned_abs())))
            .max_redirects(0)
            .http_status_as_error(false)
            .max_idle_connections(1)
            .proxy(None)
            .user_agent(concat!("paritywatch/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { settings: settings.clone(), agent: Agent::new_with_config(config), first: AtomicUsize::new(0) })
    }

    /// Gets a schema with all that it uses, and compiles it.
    pub fn schema(&self, id: u32) -> Result<Schema, Problem> {
        let definition: Definition = self.ask(&format!("/schemas/ids/{id}"))?;
        let mut references = References { client: self, seen: BTreeSet::new(), files: Vec::new() };
        references.gather(&definition)?;
        compile(&definition, &references.files).map_err(|problem| {
            let problem: String = problem.split_whitespace().collect::<Vec<_>>().join(" ");
            Problem::Unusable(problem.chars().take(MAX_PROBLEM_CHARACTERS).collect())
        })
    }

    /// Gets the subjects under which a schema is registered. Registries before Confluent's 5.5 do not tell.
    pub fn registered(&self, id: u32) -> Result<Vec<Registered>, Problem> {
        self.ask(&format!("/schemas/ids/{id}/versions"))
    }

    /// Asks one address after another until one has the answer, first the one that had it last. A schema does not exist only where all of them say so:
    /// one that gives no answer may have it, while the others do not know it yet.
    fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        let (urls, first) = (&self.settings.urls, self.first.load(Ordering::Relaxed));
        let (mut missing, mut away) = (Vec::new(), Vec::new());
        for place in (0..urls.len()).map(|step| (first + step) % urls.len()) {
            let Some(url) = urls.get(place) else { continue };
            match self.ask_one(url, path) {
                Err(Problem::Missing) => missing.push(url.host_and_port()),
                Err(Problem::Away(why)) => away.push(format!("{}: {why}", url.host_and_port())),
                answer => {
                    self.first.store(place, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        if away.is_empty() {
            return Err(Problem::Missing);
        }
        let mut why = away.join("; ");
        if !missing.is_empty() {
            why +=
                &format!("; {}: it does not exist there, which counts once all addresses say so", missing.join(", "));
        }
        Err(Problem::Away(why))
    }

    fn ask_one<T: DeserializeOwned>(&self, url: &Address, path: &str) -> Result<T, Problem> {
        let mut request = self
            .agent
            .get(format!("{}{path}", url.url().trim_end_matches('/')))
            .header("Accept", "application/vnd.schemaregistry.v1+json, application/json");
        if !self.settings.user.is_empty() {
            // Read anew each time, as it may have been changed.
            let password = self.settings.password_file.as_deref().map(|file| read_secret_text(PASSWORD_KEY, file));
            let password = password.transpose().map_err(|problem| Problem::Away(problem.to_string()))?;
            let login = format!("{}:{}", self.settings.user, password.unwrap_or_default());
            request = request.header("Authorization", format!("Basic {}", STANDARD.encode(login)));
        }
        let answer = request.call().map_err(|error| Problem::Away(told(&error)))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        let read_body = answer.into_body().into_reader().take(MAX_ANSWER_BYTES + 1).read_to_end(&mut body);
        read_body.map_err(|error| Problem::Away(format!("expected an answer, found: {error}")))?;
        if body.len() as u64 > MAX_ANSWER_BYTES {
            return Err(Problem::Unusable(format!(
                "expected a schema of at most {MAX_ANSWER_BYTES} bytes, found more"
            )));
        }
        read(status, &body)
    }
}

/// The schemas that a schema uses.
struct References<'c> {
    client: &'c Client,
    seen: BTreeSet<(String, i64)>,
    /// Names and texts, those that others use first.
    files: Vec<(String, String)>,
}

impl References<'_> {
    fn gather(&mut self, definition: &Definition) -> Result<(), Problem> {
        for Reference { name, subject, version } in &definition.references {
            if !self.seen.insert((subject.clone(), *version)) {
                continue;
            }
            if self.seen.len() > MAX_REFERENCES {
                return Err(Problem::Unusable(format!("expected at most {MAX_REFERENCES} references, found more")));
            }
            // A version that was deleted is still what records were written by.
            let path = format!("/subjects/{}/versions/{version}?deleted=true", escaped(subject));
            let inner: Definition = self.client.ask(&path).map_err(|problem| match problem {
                Problem::Missing => Problem::Unusable(
                    "expected the schemas that it refers to, found that one does not exist".to_owned(),
                ),
                other => other,
            })?;
            self.gather(&inner)?;
            if !self.files.iter().any(|(known, _)| known == name) {
                self.files.push((name.clone(), inner.schema));
            }
        }
        Ok(())
    }
}

fn compile(definition: &Definition, references: &[(String, String)]) -> Result<Schema, String> {
    match definition.kind.as_str() {
        "AVRO" => {
            let texts: Vec<String> = references.iter().map(|(_, text)| text.clone()).collect();
            AvroSchema::parse(&definition.schema, &texts).map(Schema::Avro)
        }
        "PROTOBUF" => ProtobufSchema::compile(&definition.schema, references).map(Schema::Protobuf),
        "JSON" => Ok(Schema::Json),
        _ => Err("expected a schema of the type AVRO, PROTOBUF or JSON, found another".to_owned()),
    }
}

fn trusted(file: Option<&Path>) -> Result<Arc<Vec<Certificate<'static>>>, RegistryError> {
    let system = rustls_native_certs::load_native_certs().certs;
    let mut trusted: Vec<Certificate<'static>> =
        system.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    if let Some(path) = file {
        let refused = |found: String| RegistryError::Certificates { file: shown_path(path), found };
        let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        let before = trusted.len();
        trusted.extend(parse_pem(&pem).filter_map(Result::ok).filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        }));
        if trusted.len() == before {
            return Err(refused("none".to_owned()));
        }
    }
    Ok(Arc::new(trusted))
}

/// Escapes all but the unreserved characters.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
        escaped
    })
}

fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => format!("expected an answer, found: {error}"),
        ureq::Error::Timeout(_) => "expected an answer, found none in time".to_owned(),
        ureq::Error::HostNotFound => "expected a host of this name, found none".to_owned(),
        ureq::Error::Rustls(error) => format!("TLS: {error}"),
        ureq::Error::Tls(error) => format!("TLS: {error}"),
        _ => "the request could not be made".to_owned(),
    }
}

//! The HTTP client for receivers of alerts. Everything has a limit. It follows no redirect and takes no proxy from the environment, and it neither
//! keeps nor logs what a receiver answers.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::error::SinkError;
use crate::outbox::Refusal;

/// Longest attempt, from the look-up of the name to the end of the answer.
pub const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of an answer's body that are read, at most: enough for a connection to be used again after a usual answer.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// Largest header of an answer, in bytes.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// Largest file of certificates, secrets or headers, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Sends to one receiver.
pub struct Client {
    agent: Agent,
}

/// Why an attempt failed. The text is for logs and holds nothing that the receiver sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it means for the next attempt.
    pub refusal: Refusal,
    /// What happened.
    pub text: String,
}

/// The certificates by which receivers are trusted.
#[derive(Clone)]
pub struct Trust(Arc<Vec<Certificate<'static>>>);

impl Trust {
    /// Loads the system's certificates, and those in a PEM file.
    ///
    /// # Errors
    /// [`SinkError::Certificates`] if the file cannot be read or has no certificate.
    pub fn load(file: Option<&Path>) -> Result<Self, SinkError> {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "a certificate of the system cannot be read");
        }
        let mut trusted: Vec<Certificate<'static>> =
            system.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        if let Some(path) = file {
            let file = path.display().to_string();
            let problem = |problem: String| SinkError::Certificates { file: file.clone(), problem };
            let pem = read_file(path).map_err(|error| problem(error.to_string()))?;
            let before = trusted.len();
            for item in parse_pem(&pem) {
                match item {
                    Ok(PemItem::Certificate(certificate)) => trusted.push(certificate),
                    Ok(_) => {}
                    Err(error) => return Err(problem(format!("expected certificates in PEM: {error}"))),
                }
            }
            if trusted.len() == before {
                return Err(problem("expected certificates in PEM, found none".to_owned()));
            }
        }
        Ok(Self(Arc::new(trusted)))
    }
}

impl Client {
    /// A client with its own connections.
    #[must_use]
    pub fn new(trust: &Trust) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::clone(&trust.0))).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(ATTEMPT_LIMIT))
            .timeout_connect(Some(CONNECT_LIMIT))
            .max_redirects(0)
            .http_status_as_error(false)
            .max_response_header_size(MAX_HEADER_BYTES)
            .max_idle_connections(1)
            .proxy(None)
            .user_agent(concat!("paritywatch/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: Agent::new_with_config(config) }
    }

    /// Posts a body; any 2xx is success.
    ///
    /// # Errors
    /// [`Trouble`]; it is lasting if the receiver answered with a redirect or refused the request (4xx other than 408 and 429).
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Trouble> {
        let request = headers.iter().fold(self.agent.post(url), |request, (name, value)| request.header(*name, *value));
        let answer = request.send(body).map_err(|error| Trouble { refusal: Refusal::Passing, text: told(&error) })?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body().into_reader().take(MAX_ANSWER_BYTES);
        // Read to its end so that the connection can be used again. Its content is of no use.
        let _ = std::io::copy(&mut body, &mut std::io::sink());
        let refusal = match status {
            200..=299 => return Ok(()),
            408 | 429 => Refusal::Passing,
            300..=499 => Refusal::Lasting,
            _ => Refusal::Passing,
        };
        Err(Trouble { refusal, text: format!("the receiver answered {status}") })
    }
}

/// Reads a small file, of which no more than 4 MiB are kept.
///
/// # Errors
/// The error of the system.
pub fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts an error in words, without the address: its path may be a secret.
fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            "the connection was refused".to_owned()
        }
        ureq::Error::Io(error) => format!("the connection failed: {error}"),
        ureq::Error::Timeout(what) => format!("no answer in time ({what})"),
        ureq::Error::HostNotFound => "the host's name is not known".to_owned(),
        ureq::Error::Rustls(error) => format!("TLS: {error}"),
        ureq::Error::Tls(error) => format!("TLS: {error}"),
        ureq::Error::Protocol(error) => format!("the answer is not HTTP: {error}"),
        _ => "the request could not be made".to_owned(),
    }
}

//! Asks an issuer for a token, by the grant of client credentials (RFC 6749, section 4.4). Everything has a limit.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::secret::read_text;
use super::token::Token;
use crate::settings::{TokenIssuer, read_secret};
use crate::source::error::SourceError;

/// Longest attempt, from the look-up of the name to the end of the answer.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// Largest answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// Longest code of an error that is repeated, in bytes.
const MAX_CODE_BYTES: usize = 40;
/// The key of the secret's file.
const SECRET_KEY: &str = "kafka.oauth_client_secret_file";

/// The issuer.
pub(super) struct Issuer {
    settings: TokenIssuer,
    agent: Agent,
}

/// What an issuer answers. The token is a secret, and so this has no `Debug`.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    expires_in: Option<f64>,
    error: Option<String>,
}

impl Issuer {
    /// Prepares the requests. Nothing is sent.
    ///
    /// # Errors
    /// [`SourceError`] if the file of certificates is of no use, or the secret's is.
    pub fn new(settings: &TokenIssuer) -> Result<Self, SourceError> {
        read_secret(SECRET_KEY, &settings.client_secret_file)?;
        let system = rustls_native_certs::load_native_certs().certs;
        let mut trusted: Vec<Certificate<'static>> =
            system.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        if let Some(path) = &settings.ca_file {
            let pem =
                std::fs::read(path).map_err(|error| SourceError::file(path, "read kafka.oauth_ca_file", error))?;
            let before = trusted.len();
            trusted.extend(parse_pem(&pem).filter_map(Result::ok).filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            }));
            if trusted.len() == before {
                let none =
                    std::io::Error::new(std::io::ErrorKind::InvalidData, "expected certificates in PEM, found none");
                return Err(SourceError::file(path, "read kafka.oauth_ca_file", none));
            }
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(trusted))).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(ATTEMPT_LIMIT))
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("paritywatch/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { settings: settings.clone(), agent: Agent::new_with_config(config) })
    }

    /// Asks for a token. The secret is read anew each time.
    ///
    /// # Errors
    /// Says who did not answer, or what the answer was, and never repeats a secret.
    pub fn token(&self) -> Result<Token, String> {
        let TokenIssuer { url, client_id, client_secret_file, scope, .. } = &self.settings;
        let at = url.host_and_port();
        let secret = read_text(SECRET_KEY, client_secret_file)?;
        let login = STANDARD.encode(format!("{}:{}", escaped(client_id), escaped(&secret)));
        let mut body = "grant_type=client_credentials".to_owned();
        if !scope.is_empty() {
            body += &format!("&scope={}", escaped(scope));
        }
        let request = self
            .agent
            .post(url.url())
            .header("Authorization", format!("Basic {login}"))
            .header("Accept", "application/json")
            .content_type("application/x-www-form-urlencoded");
        let answer =
            request.send(&body).map_err(|error| format!("{at}: expected an answer, found: {}", told(&error)))?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        let read = answer.into_body().into_reader().take(MAX_ANSWER_BYTES).read_to_end(&mut bytes);
        read.map_err(|error| format!("{at}: expected an answer, found: {error}"))?;
        token_of(status, &bytes).map_err(|problem| format!("{at}: {problem}"))
    }
}

fn token_of(status: u16, bytes: &[u8]) -> Result<Token, String> {
    let answer: Option<Answer> = serde_json::from_slice(bytes).ok();
    match answer {
        Some(Answer { access_token: Some(text), expires_in, .. }) if status == 200 => Token::issued(&text, expires_in),
        Some(Answer { error: Some(code), .. }) if is_code(&code) => {
            Err(format!("expected a token, found that the issuer refused it: {status} {code}"))
        }
        _ => Err(format!("expected a token, found an answer {status} without one")),
    }
}

/// Whether this is one of the words that issuers give for errors, and no text that might hold something else.
fn is_code(code: &str) -> bool {
    code.len() <= MAX_CODE_BYTES && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Escapes all but the unreserved characters, as forms and RFC 6749 want it.
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
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => "none in time".to_owned(),
        ureq::Error::HostNotFound => "that the host's name is not known".to_owned(),
        ureq::Error::Rustls(error) => format!("TLS: {error}"),
        ureq::Error::Tls(error) => format!("TLS: {error}"),
        _ => "that the request could not be made".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_is_a_token_or_says_why_not_without_what_it_holds() {
        assert_eq!(token_of(200, br#"{"access_token":"abc","expires_in":60}"#).unwrap().text, "abc");
        let problem = |status, text: &[u8]| token_of(status, text).err().unwrap();
        assert!(problem(401, br#"{"error":"invalid_client"}"#).contains("401 invalid_client"));
        assert!(problem(400, br#"{"error":"hunter2 was wrong"}"#).ends_with("an answer 400 without one"));
        assert!(problem(500, br#"{"access_token":"hunter2"}"#).ends_with("an answer 500 without one"));
        assert!(problem(200, b"<html>hunter2</html>").ends_with("an answer 200 without one"));
    }

    #[test]
    fn what_is_no_unreserved_character_is_escaped() {
        assert_eq!(escaped("a b:/%\u{e9}-._~9"), "a%20b%3A%2F%25%C3%A9-._~9");
    }
}

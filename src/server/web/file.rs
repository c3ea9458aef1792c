//! The file as it is written. A key that the format does not have is refused, and so is one that this server cannot keep.

use std::collections::BTreeMap;
use std::path::Path;

use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_norway::Value;

use super::problem::{WebConfigError, shown_word};
use crate::server::answer::SecurityHeaders;

/// Headers that the format can set, with the values that it takes; none: any.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

/// Longest name of a key that is repeated, in bytes.
const MAX_KEY_BYTES: usize = 64;

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WebFile {
    pub tls_server_config: Option<TlsSection>,
    pub http_server_config: HttpSection,
    /// Read by hand: an error about its type would repeat it.
    pub basic_auth_users: Option<Value>,
    rate_limit: Option<IgnoredAny>,
}

/// The section `tls_server_config`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsSection {
    pub cert_file: Option<String>,
    pub key_file: Option<String>,
    pub client_auth_type: Option<String>,
    pub client_ca_file: Option<String>,
    pub client_allowed_sans: Option<Vec<String>>,
    pub min_version: Option<String>,
    pub max_version: Option<String>,
    pub cipher_suites: Vec<String>,
    pub prefer_server_cipher_suites: Option<bool>,
    pub curve_preferences: Vec<String>,
    cert: Option<IgnoredAny>,
    key: Option<IgnoredAny>,
    client_ca: Option<IgnoredAny>,
}

/// The section `http_server_config`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpSection {
    http2: Option<bool>,
    headers: BTreeMap<String, String>,
}

impl WebFile {
    /// Reads the file's text. An empty one has no section.
    pub fn parse(path: &Path, text: &str) -> Result<Self, WebConfigError> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let mut file: Self = serde_norway::from_str(text).map_err(|error| WebConfigError::new(path, told(&error)))?;
        if let Some(tls) = &mut file.tls_server_config {
            // As in Prometheus, what is empty is as if it were absent.
            tls.client_ca_file = tls.client_ca_file.take().filter(|file| !file.is_empty());
            tls.client_allowed_sans = tls.client_allowed_sans.take().filter(|names| !names.is_empty());
        }
        file.without_what_is_not_kept(path)?;
        Ok(file)
    }

    fn without_what_is_not_kept(&self, path: &Path) -> Result<(), WebConfigError> {
        let refuse = |key, expected| Err(WebConfigError::key(path, key, expected, "one"));
        if self.rate_limit.is_some() {
            return refuse("rate_limit", "no limit (connections are limited by server.max_connections)");
        }
        if self.http_server_config.http2 == Some(true) {
            let expected = "false, or no such key (HTTP/2 is not served; clients choose HTTP/1.1 by themselves)";
            return Err(WebConfigError::key(path, "http_server_config.http2", expected, "true"));
        }
        let Some(tls) = &self.tls_server_config else { return Ok(()) };
        if tls.cert.is_some() {
            return refuse("tls_server_config.cert", "the certificate in a file of its own (cert_file)");
        }
        if tls.key.is_some() {
            return refuse("tls_server_config.key", "the key in a file of its own (key_file)");
        }
        if tls.client_ca.is_some() {
            return refuse("tls_server_config.client_ca", "the certificates in a file of their own (client_ca_file)");
        }
        Ok(())
    }

    /// Returns the headers of every answer: ours, and over them those of the file. An empty one changes nothing.
    pub fn headers(&self, path: &Path) -> Result<SecurityHeaders, WebConfigError> {
        let mut headers = SecurityHeaders::default();
        for (name, value) in &self.http_server_config.headers {
            let key = format!("http_server_config.headers.{name}");
            let Some((known, values)) = HEADERS.iter().find(|(known, _)| known == name) else {
                let known = HEADERS.map(|(known, _)| known).join(", ");
                return Err(WebConfigError::key(path, &key, &format!("one of {known}"), "another header"));
            };
            if value.is_empty() {
                continue;
            }
            if !values.is_empty() && !values.contains(&value.as_str()) {
                return Err(WebConfigError::key(path, &key, &values.join(" or "), &shown_word(value)));
            }
            let name = HeaderName::from_bytes(known.as_bytes());
            let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
                return Err(WebConfigError::key(path, &key, "a text without control characters", "another one"));
            };
            headers.set(name, value);
        }
        Ok(headers)
    }
}

/// Returns what is wrong with the text, and where. The library's own words repeat values, so only its place and names of keys are kept.
fn told(error: &serde_norway::Error) -> String {
    let place = error.location().map_or_else(String::new, |at| format!("line {} column {}: ", at.line(), at.column()));
    let text = error.to_string();
    let is_key = |key: &str| {
        key.len() <= MAX_KEY_BYTES
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let quoted =
        |before: &str| text.split_once(before).and_then(|(_, rest)| rest.split('`').next()).filter(|key| is_key(key));
    let unknown = "unknown field `";
    // A path of keys stands before what is wrong: `tls_server_config.cert_file: invalid type: ...`.
    let path = text.split(": ").next().filter(|path| path.split('.').all(is_key) && path.contains('_'));
    match (quoted(unknown), path) {
        (Some(key), _) => format!("{place}{unknown}{key}`"),
        (None, Some(path)) => format!("{place}{path}: expected another value"),
        (None, None) => format!("{place}expected the web-config format, found something else"),
    }
}

impl TlsSection {
    /// Returns whether the section says anything. An empty one asks for no TLS, as in Prometheus.
    pub fn is_empty(&self) -> bool {
        let Self { cert_file, key_file, client_auth_type, client_ca_file, client_allowed_sans, .. } = self;
        let texts = [cert_file, key_file, client_auth_type, client_ca_file];
        texts.into_iter().all(Option::is_none)
            && client_allowed_sans.is_none()
            && self.min_version.is_none()
            && self.max_version.is_none()
            && self.cipher_suites.is_empty()
            && self.prefer_server_cipher_suites.is_none()
            && self.curve_preferences.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_problem_of_the_text_repeats_a_value() {
        for text in [
            "hunter2",
            "tls_server_config: hunter2",
            "tls_server_config:\n  cipher_suites: hunter2",
            "tls_server_config:\n  prefer_server_cipher_suites: hunter2",
            "tls_server_config:\n  Hunter2: hunter2",
            "http_server_config:\n  http2: hunter2",
            "http_server_config: [hunter2]",
            "basic_auth_users: {alice: 'hunter2",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        ] {
            let problem = WebFile::parse(Path::new("web.yml"), text).err().map(|problem| problem.to_string());
            let told = problem.is_some_and(|problem| {
                problem.starts_with("web.yml: ")
                    && !problem.to_lowercase().contains("hunter")
                    && !problem.contains("BEGIN")
            });
            assert!(told, "{text}");
        }
    }

    #[test]
    fn an_empty_authority_and_no_names_are_as_if_absent() {
        let text = "tls_server_config:\n  cert_file: a\n  client_ca_file: ''\n  client_allowed_sans: []\n";
        let tls = WebFile::parse(Path::new("web.yml"), text).ok().and_then(|file| file.tls_server_config);
        assert!(tls.is_some_and(|tls| tls.client_ca_file.is_none() && tls.client_allowed_sans.is_none()));
    }
}

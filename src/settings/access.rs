//! The keys of `[kafka]` that say how the daemon logs in, and what protects the connection.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::address::{self, Address};
use super::bounds::MAX_TEXT_BYTES;
use super::checks::unchecked;
use super::given::Given;
use super::key::shown;
use super::problem::Problems;
use super::schema::{OAuth, SecurityProtocol, TokenIssuer};
use super::table::Table;

/// The keys of OAuth, as they are written.
pub(super) struct OAuthKeys {
    token_file: Option<Given<PathBuf>>,
    token_url: Option<Given<String>>,
    client_id: Option<Given<String>>,
    client_secret_file: Option<Given<PathBuf>>,
    scope: Option<Given<String>>,
    ca_file: Option<Given<PathBuf>>,
}

impl OAuthKeys {
    /// Reads them. What must hold between them is checked by [`Self::checked`].
    pub fn read(table: &mut Table<'_>) -> Self {
        let mut line = |key| Some(table.line(key, "", MAX_TEXT_BYTES)).filter(|given| !given.is_empty());
        let (token_url, client_id, scope) = (line("oauth_token_url"), line("oauth_client_id"), line("oauth_scope"));
        Self {
            token_file: table.optional_path("oauth_token_file"),
            token_url,
            client_id,
            client_secret_file: table.optional_path("oauth_client_secret_file"),
            scope,
            ca_file: table.optional_path("oauth_ca_file"),
        }
    }

    /// Returns the issuer's address as it is written.
    pub fn token_url(&self) -> Option<&str> {
        self.token_url.as_ref().map(|url| url.as_str())
    }

    /// Returns where tokens come from; `None` without any of these keys.
    pub fn checked(self, protocol: SecurityProtocol, insecure: bool, problems: &mut Problems) -> Option<OAuth> {
        let Self { token_file, token_url, client_id, client_secret_file, scope, ca_file } = self;
        if let Some(file) = &token_file {
            needs_sasl(file, protocol, problems);
            if token_url.is_some() {
                file.refuse(problems, "nothing beside kafka.oauth_token_url: tokens come from one place", "a file");
            }
        }
        let Some(url) = token_url else {
            let alone = "nothing without kafka.oauth_token_url";
            for text in [&client_id, &scope].into_iter().flatten() {
                text.refuse(problems, alone, "a text");
            }
            for file in [&client_secret_file, &ca_file].into_iter().flatten() {
                file.refuse(problems, alone, "a file");
            }
            return token_file.map(|file| OAuth::File(file.value));
        };
        needs_sasl(&url, protocol, problems);
        let address = address(&url, insecure, problems)?;
        let (Some(client_id), Some(client_secret_file)) = (client_id, client_secret_file) else {
            url.refuse(problems, "kafka.oauth_client_id and kafka.oauth_client_secret_file beside it", "not both");
            return None;
        };
        Some(OAuth::Issuer(TokenIssuer {
            url: address,
            client_id: client_id.value,
            client_secret_file: client_secret_file.value,
            scope: scope.map(|scope| scope.value).unwrap_or_default(),
            ca_file: ca_file.map(|file| file.value),
        }))
    }
}

/// Reads the issuer's address. It gets the client's secret: without TLS only on this machine, or for a written reason.
fn address(url: &Given<String>, insecure: bool, problems: &mut Problems) -> Option<Address> {
    let Some(address) = Address::parse(url) else {
        url.refuse(problems, address::SHAPE, "another text");
        return None;
    };
    let host_and_port = address.host_and_port();
    let host = host_and_port.rsplit_once(':').map_or(host_and_port, |(host, _)| host);
    let here = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    if !url.starts_with("https://") && !here && !insecure {
        url.refuse(problems, "https://, which keeps the client's secret, or a kafka.insecure_reason", "http://");
    }
    Some(address)
}

/// A key that only SASL has a use for.
pub(super) fn needs_sasl<T>(given: &Given<T>, protocol: SecurityProtocol, problems: &mut Problems) {
    if !protocol.is_sasl() {
        let expected = "nothing, or security_protocol \"sasl_ssl\" or \"sasl_plaintext\"";
        given.refuse(problems, expected, format!("it with security_protocol {}", shown(protocol.name())));
    }
}

/// A check is switched off only for a written reason, and a reason stands only beside what it is for.
pub(super) fn check_reason(
    reason: &Given<String>,
    properties: &BTreeMap<String, String>,
    url: Option<&str>,
    problems: &mut Problems,
) {
    let off = unchecked(properties);
    let open_issuer = url.is_some_and(|url| url.starts_with("http://"));
    let given = !reason.trim().is_empty();
    // Of a reason that is no text nothing is known.
    if !given
        && !problems.has(&reason.key)
        && let Some(name) = off.first()
    {
        let expected = format!("why kafka.properties.\"{name}\" switches a check of the brokers' certificates off");
        reason.refuse(problems, expected, "no reason");
    }
    if given && off.is_empty() && !open_issuer {
        let expected = "nothing: no check is switched off in kafka.properties";
        reason.refuse(problems, expected, "a reason");
    }
}

//! From the section `tls_server_config` to what `rustls` serves with.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    Error, NamedGroup, ProtocolVersion, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
};

use super::certificate;
use super::client::Named;
use super::file::TlsSection;
use super::problem::{WebConfigError, shown_word};
use crate::settings::shown_path;

const SECTION: &str = "tls_server_config";

/// What the section's files hold.
pub(super) struct Material {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
    pub client_ca: Option<Vec<u8>>,
}

/// TLS as it is served.
pub(super) struct Tls {
    pub config: Arc<ServerConfig>,
    /// Whether nobody without a certificate that was checked gets in.
    pub requires_certificate: bool,
    /// When the certificate ends, in seconds since 1970.
    pub end: Option<i64>,
}

/// How clients show certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    No,
    IfGiven,
    Always,
}

/// Reports problems of one file.
struct Reporter<'p>(&'p Path);

impl Reporter<'_> {
    fn key(&self, key: &str, expected: &str, found: &str) -> WebConfigError {
        WebConfigError::key(self.0, &format!("{SECTION}.{key}"), expected, found)
    }

    /// The file that a key names cannot be read as PEM. The library's own words would repeat its bytes.
    fn pem(&self, (key, file): (&str, Option<&str>), expected: &str, error: &pem::Error) -> WebConfigError {
        let found = match error {
            pem::Error::MissingSectionEnd { .. } => "a section without its end",
            pem::Error::IllegalSectionStart { .. } => "a line that begins a section wrongly",
            pem::Error::Base64Decode(_) => "a section that is not Base64",
            pem::Error::NoItemsFound => "none",
            _ => "something else",
        };
        self.key(key, expected, &in_file(found, file))
    }

    /// The key and the certificate do not go together, or are of no use.
    fn unfit_key(&self, section: &TlsSection, error: &Error) -> WebConfigError {
        let expected = in_file("the key of the certificate", section.cert_file.as_deref());
        let found = match error {
            Error::InconsistentKeys(_) => "the key of another one".to_owned(),
            error => error.to_string(),
        };
        self.key("key_file", &expected, &in_file(&found, section.key_file.as_deref()))
    }
}

/// What was found, and where.
fn in_file(found: &str, file: Option<&str>) -> String {
    file.map_or_else(|| found.to_owned(), |file| format!("{found} in {}", shown_path(Path::new(file))))
}

/// Builds what is served from the section and the contents of its files.
pub(super) fn tls(path: &Path, section: &TlsSection, material: &Material) -> Result<Tls, WebConfigError> {
    let report = Reporter(path);
    let provider = Arc::new(provider(&report, section)?);
    let versions = versions(&report, section)?;
    let asked = asked(&report, section)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&material.certificate)
        .collect::<Result<_, _>>()
        .map_err(|error| report.pem(("cert_file", section.cert_file.as_deref()), "certificates in PEM", &error))?;
    let Some(end) = chain.first().map(certificate::end) else {
        return Err(report.key("cert_file", "certificates in PEM", &in_file("none", section.cert_file.as_deref())));
    };
    // The error of the key's file is not repeated: nothing of a key is printed.
    let no_key = in_file("none", section.key_file.as_deref());
    let key = PrivateKeyDer::from_pem_slice(&material.key)
        .map_err(|_| report.key("key_file", "a private key in PEM, without a password", &no_key))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| report.key("cipher_suites", "suites of the versions served", &error.to_string()))?;
    let builder = match verifier(&report, section, asked, material, &provider)? {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| report.unfit_key(section, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = section.prefer_server_cipher_suites.unwrap_or(true);
    // Every connection shows its certificate: one that is taken back must not live on in a session.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Tls { config: Arc::new(config), requires_certificate: asked == Asked::Always, end })
}

/// Returns the suites and curves that the section allows.
fn provider(report: &Reporter<'_>, section: &TlsSection) -> Result<CryptoProvider, WebConfigError> {
    let mut provider = ring::default_provider();
    if !section.cipher_suites.is_empty() {
        let mut chosen = Vec::new();
        for name in &section.cipher_suites {
            let found = provider.cipher_suites.iter().find(|suite| suite_name(suite) == *name);
            chosen.push(*found.ok_or_else(|| {
                let known: Vec<String> = provider.cipher_suites.iter().map(suite_name).collect();
                report.key("cipher_suites", &format!("some of {}", known.join(", ")), &shown_word(name))
            })?);
        }
        // As in Prometheus the list is about TLS 1.2: those of 1.3 are always there.
        let of_tls13 =
            provider.cipher_suites.iter().filter(|suite| suite.version().version == ProtocolVersion::TLSv1_3);
        chosen.splice(0..0, of_tls13.copied().collect::<Vec<_>>());
        provider.cipher_suites = chosen;
    }
    if !section.curve_preferences.is_empty() {
        let mut chosen = Vec::new();
        for name in &section.curve_preferences {
            let group = match name.as_str() {
                "X25519" => NamedGroup::X25519,
                "CurveP256" => NamedGroup::secp256r1,
                "CurveP384" => NamedGroup::secp384r1,
                _ => NamedGroup::Unknown(0),
            };
            chosen.push(*provider.kx_groups.iter().find(|known| known.name() == group).ok_or_else(|| {
                report.key("curve_preferences", "some of X25519, CurveP256, CurveP384", &shown_word(name))
            })?);
        }
        provider.kx_groups = chosen;
    }
    Ok(provider)
}

/// Returns the name by which the format knows a suite.
fn suite_name(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replace("TLS13_", "TLS_")
}

fn versions(
    report: &Reporter<'_>,
    section: &TlsSection,
) -> Result<Vec<&'static SupportedProtocolVersion>, WebConfigError> {
    let number = |key: &str, written: Option<&str>, default: u8| match written {
        None => Ok(default),
        Some("TLS12") => Ok(2),
        Some("TLS13") => Ok(3),
        Some(other) => Err(report.key(key, "TLS12 or TLS13 (older versions are not safe)", &shown_word(other))),
    };
    let lowest = number("min_version", section.min_version.as_deref(), 2)?;
    let highest = number("max_version", section.max_version.as_deref(), 3)?;
    if lowest > highest {
        return Err(report.key("max_version", "min_version or a later one", "an earlier one"));
    }
    let all = [(3, &TLS13), (2, &TLS12)];
    Ok(all
        .into_iter()
        .filter(|(version, _)| (lowest..=highest).contains(version))
        .map(|(_, version)| version)
        .collect())
}

fn asked(report: &Reporter<'_>, section: &TlsSection) -> Result<Asked, WebConfigError> {
    let asked = match section.client_auth_type.as_deref() {
        None | Some("" | "NoClientCert") => Asked::No,
        Some("VerifyClientCertIfGiven") => Asked::IfGiven,
        Some("RequireAndVerifyClientCert") => Asked::Always,
        Some(other) => {
            let expected =
                "RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert (the others check nothing)";
            return Err(report.key("client_auth_type", expected, &shown_word(other)));
        }
    };
    if section.client_ca_file.is_some() != (asked != Asked::No) {
        let found = if asked == Asked::No { "a file" } else { "none" };
        let expected = "a file exactly where client_auth_type asks for certificates";
        return Err(report.key("client_ca_file", expected, found));
    }
    if section.client_allowed_sans.is_some() && asked != Asked::Always {
        let expected = "no names, unless client_auth_type is RequireAndVerifyClientCert";
        return Err(report.key("client_allowed_sans", expected, "names"));
    }
    Ok(asked)
}

fn verifier(
    report: &Reporter<'_>,
    section: &TlsSection,
    asked: Asked,
    material: &Material,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, WebConfigError> {
    let (false, Some(pem)) = (asked == Asked::No, &material.client_ca) else { return Ok(None) };
    let expected = "certificates in PEM by which clients are trusted";
    let in_it = |found: &str| in_file(found, section.client_ca_file.as_deref());
    let wrong = |found: &str| report.key("client_ca_file", expected, &in_it(found));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let file = ("client_ca_file", section.client_ca_file.as_deref());
        let certificate = certificate.map_err(|error| report.pem(file, expected, &error))?;
        roots.add(certificate).map_err(|error| wrong(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("none"));
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = if asked == Asked::IfGiven { builder.allow_unauthenticated() } else { builder };
    let chain = builder.build().map_err(|error| wrong(&error.to_string()))?;
    Ok(Some(match &section.client_allowed_sans {
        None => chain,
        Some(allowed) => Arc::new(Named { chain, allowed: allowed.clone() }),
    }))
}

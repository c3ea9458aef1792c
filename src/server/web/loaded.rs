//! A web configuration with the files that it names, read at one moment.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{Context, Digest, SHA256};
use tokio_rustls::rustls::ServerConfig;

use super::file::{TlsSection, WebFile};
use super::problem::WebConfigError;
use super::tls::{Material, tls};
use super::users::Users;
use crate::server::answer::SecurityHeaders;
use crate::settings::{is_private, open_file, open_private};

/// Largest file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What the files ask for.
#[derive(Default)]
pub struct Loaded {
    /// TLS; `None`: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Who may log in; `None`: nobody has to.
    pub users: Option<Users>,
    /// The headers of every answer.
    pub headers: Arc<SecurityHeaders>,
    /// Whether nobody without a certificate that was checked gets in.
    pub requires_certificate: bool,
    /// When the server's certificate ends, in seconds since 1970; `None`: there is none.
    pub end: Option<i64>,
    /// Whether only clients for certain names get in.
    pub names_clients: bool,
    /// What TLS asks of clients, and by which versions and suites: where it differs, a connection from before is no longer right.
    pub asked: Option<Vec<u8>>,
    /// Whether others may read the file with the hashes of passwords.
    pub hashes_are_open: bool,
}

/// Reads files, and notes their contents: equal notes mean that nothing has changed.
struct Reader {
    contents: Context,
}

/// Reads a web configuration. Beside it comes a mark of all that was read: another mark means that a file has changed, or can no longer be
/// read, or again.
pub fn load(path: &Path) -> (Digest, Result<Loaded, WebConfigError>) {
    let mut reader = Reader { contents: Context::new(&SHA256) };
    let loaded = reader.load(path);
    if let Err(error) = &loaded {
        reader.contents.update(error.problem.as_bytes());
    }
    (reader.contents.finish(), loaded)
}

impl Loaded {
    /// Returns whether everybody who gets an answer has shown who they are.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.users.is_some() || self.requires_certificate
    }

    /// Returns what this asks for and another configuration does not; `None` where the other asks for no less.
    pub fn lost_by(&self, other: &Self) -> Option<&'static str> {
        let kept = [
            ("tls_server_config", self.tls.is_some(), other.tls.is_some()),
            ("basic_auth_users", self.users.is_some(), other.users.is_some()),
            (
                "tls_server_config.client_auth_type \"RequireAndVerifyClientCert\"",
                self.requires_certificate,
                other.requires_certificate,
            ),
            ("tls_server_config.client_allowed_sans", self.names_clients, other.names_clients),
        ];
        kept.into_iter().find(|(_, before, after)| *before && !after).map(|(key, ..)| key)
    }
}

impl Reader {
    fn load(&mut self, path: &Path) -> Result<Loaded, WebConfigError> {
        let file = open_file(path).map_err(|error| WebConfigError::new(path, error.to_string()))?;
        let is_open = file.metadata().is_ok_and(|metadata| !is_private(&metadata));
        let text = String::from_utf8(self.read(path, file)?)
            .map_err(|_| WebConfigError::new(path, "expected UTF-8, found other bytes"))?;
        let file = WebFile::parse(path, &text)?;
        let users = Users::read(path, file.basic_auth_users.as_ref())?;
        let headers = Arc::new(file.headers(path)?);
        let hashes_are_open = is_open && users.is_some();
        let Some(section) = file.tls_server_config.as_ref().filter(|section| !section.is_empty()) else {
            return Ok(Loaded { users, headers, hashes_are_open, ..Loaded::default() });
        };
        let material = self.material(path, section)?;
        let tls = tls(path, section, &material)?;
        Ok(Loaded {
            tls: Some(tls.config),
            users,
            headers,
            requires_certificate: tls.requires_certificate,
            end: tls.end,
            names_clients: section.client_allowed_sans.is_some(),
            asked: Some(asked(section, &material)),
            hashes_are_open,
        })
    }

    fn material(&mut self, path: &Path, section: &TlsSection) -> Result<Material, WebConfigError> {
        let certificate = self.public(&named(path, "cert_file", section.cert_file.as_deref())?)?;
        let key = named(path, "key_file", section.key_file.as_deref())?;
        // Who has the key can pass for the server: it is kept as the secrets for Kafka are.
        let private = open_private("tls_server_config.key_file", &key);
        let private = private.map_err(|problem| WebConfigError::new(path, problem.to_string()))?;
        let key = self.read(&key, private)?;
        let client_ca = section.client_ca_file.as_deref().map(|file| self.public(&beside(path, file)));
        Ok(Material { certificate, key, client_ca: client_ca.transpose()? })
    }

    fn public(&mut self, path: &Path) -> Result<Vec<u8>, WebConfigError> {
        let file = open_file(path).map_err(|error| WebConfigError::new(path, error.to_string()))?;
        self.read(path, file)
    }

    fn read(&mut self, path: &Path, file: File) -> Result<Vec<u8>, WebConfigError> {
        let mut bytes = Vec::new();
        let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| WebConfigError::new(path, error.to_string()))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(WebConfigError::new(path, format!("expected at most {MAX_FILE_BYTES} bytes, found more")));
        }
        self.contents.update(&(bytes.len() as u64).to_le_bytes());
        self.contents.update(&bytes);
        Ok(bytes)
    }
}

/// Returns the path of a file that a key of `tls_server_config` must name.
fn named(path: &Path, key: &str, file: Option<&str>) -> Result<PathBuf, WebConfigError> {
    let file = file.filter(|file| !file.is_empty()).map(|file| beside(path, file));
    file.ok_or_else(|| WebConfigError::key(path, &format!("tls_server_config.{key}"), "a file", "none"))
}

/// Returns all that the section says but the server's own certificate: a new one locks nobody out, and is no reason to refuse a scrape.
fn asked(section: &TlsSection, material: &Material) -> Vec<u8> {
    let TlsSection { client_auth_type, client_allowed_sans, min_version, max_version, .. } = section;
    let (suites, curves) = (&section.cipher_suites, &section.curve_preferences);
    let keys =
        format!("{client_auth_type:?} {client_allowed_sans:?} {min_version:?} {max_version:?} {suites:?} {curves:?}");
    [keys.as_bytes(), b"\n", material.client_ca.as_deref().unwrap_or_default()].concat()
}

/// Returns the path of a file that the configuration names; a relative one starts at the configuration's folder.
fn beside(configuration: &Path, file: &str) -> PathBuf {
    configuration.parent().unwrap_or(Path::new("")).join(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_or_a_pipe_in_place_of_a_file_is_told_without_waiting_and_without_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        let problem = |text: &str| {
            std::fs::write(&path, text).unwrap();
            load(&path).1.err().unwrap().to_string()
        };
        std::fs::write(folder.path().join("server.crt"), "x").unwrap();
        let pem = "tls_server_config:\n  cert_file: server.crt\n  key_file: |\n    -----BEGIN PRIVATE KEY-----\n    hunter2\n";
        let told = problem(pem);
        assert!(told.contains("key_file <not a path>") && !told.contains("hunter2"), "{told}");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(problem("tls_server_config:\n  cert_file: pipe\n").contains("found a pipe"));
        assert!(load(&pipe).1.err().unwrap().to_string().contains("found a pipe"));
    }

    #[test]
    fn a_file_that_is_no_certificate_is_told_by_its_key_and_name_and_without_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        std::fs::write(&path, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n").unwrap();
        let key = folder.path().join("server.key");
        std::fs::write(&key, "no key").unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let told = |certificate: &str| {
            std::fs::write(folder.path().join("server.crt"), certificate).unwrap();
            load(&path).1.err().unwrap().to_string()
        };
        let begun = "-----BEGIN CERTIFICATE-----\nhunter2hunter2==\n";
        for (certificate, found) in [
            ("", "none"),
            (begun, "a section without its end"),
            ("-----BEGIN hunter2\n", "a line that begins a section wrongly"),
        ] {
            let told = told(certificate);
            let expected =
                format!("tls_server_config.cert_file: expected certificates in PEM, found {found} in server.crt");
            assert!(told.ends_with(&expected), "{told}");
            assert!(told.contains("web.yml") && !told.contains("hunter2") && !told.contains('['), "{told}");
        }
    }

    #[test]
    fn what_is_lost_is_named() {
        let (less, more) = (Loaded::default(), Loaded { requires_certificate: true, ..Loaded::default() });
        assert_eq!(less.lost_by(&more), None);
        assert!(more.lost_by(&less).is_some_and(|key| key.contains("client_auth_type")));
        assert_eq!(more.lost_by(&more), None);
    }
}

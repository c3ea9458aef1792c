//! A certificate authority, clients that speak TLS, and requests byte by byte, for the tests of the HTTP server.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use super::process::{HttpResponse, read_response};

/// How long one exchange may take: longer than any limit of the server but that on idle connections.
const LIMIT: Duration = Duration::from_secs(60);

/// A certificate authority of a test.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate in PEM.
    pub pem: String,
}

/// A certificate with its key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// A new one, which nobody else trusts.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Signs a certificate for these names; addresses are told from names.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.issue_until(names, 2090)
    }

    /// Signs one that ends with this year's begin.
    pub fn issue_until(&self, names: &[&str], year: i32) -> Identity {
        self.issue_with(names, |params| params.not_after = date_time_ymd(year, 1, 1))
    }

    /// Signs one that ends after so many days.
    pub fn issue_for_days(&self, names: &[&str], days: u64) -> Identity {
        let end = std::time::SystemTime::now() + Duration::from_secs(days * 24 * 3_600);
        self.issue_with(names, |params| params.not_after = end.into())
    }

    fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let plain = names.iter().filter(|name| !name.contains(['@', '/'])).map(|name| (*name).to_owned());
        let mut params = CertificateParams::new(plain.collect::<Vec<_>>()).unwrap();
        for name in names.iter().filter(|name| name.contains(['@', '/'])) {
            let text = (*name).try_into().unwrap();
            params.subject_alt_names.push(if name.contains('@') {
                SanType::Rfc822Name(text)
            } else {
                SanType::URI(text)
            });
        }
        params.not_before = date_time_ymd(2020, 1, 1);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

/// A folder with a web configuration and the files that it names.
pub struct WebFolder {
    folder: tempfile::TempDir,
}

impl WebFolder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        self.mode(name, 0o600);
    }

    pub fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes `server.crt` and `server.key`.
    pub fn identity(&self, identity: &Identity) {
        self.write("server.crt", &identity.certificate);
        self.write("server.key", &identity.key);
    }

    /// The web configuration `web.yml`, as a line of `[server]`.
    pub fn key(&self) -> String {
        format!("web_config = {:?}", self.path("web.yml").display().to_string())
    }

    pub fn file(&self) -> PathBuf {
        self.path("web.yml")
    }
}

/// A client that trusts one authority.
pub struct Client {
    config: Arc<ClientConfig>,
    name: String,
}

impl Client {
    /// Trusts this authority, and shows this certificate where it is asked for one.
    pub fn new(trusted: &str, shown: Option<&Identity>) -> Self {
        Self::of_versions(trusted, shown, &[&TLS13, &TLS12])
    }

    pub fn of_versions(
        trusted: &str,
        shown: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match shown {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        Self { config: Arc::new(config), name: "localhost".to_owned() }
    }

    /// GET by TLS on a connection of its own.
    pub fn get(&self, port: u16, path: &str, headers: &str) -> io::Result<HttpResponse> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{headers}\r\n");
        let mut stream = self.connect(port)?;
        stream.write_all(request.as_bytes())?;
        read_response(&mut BufReader::new(stream))
    }

    /// A connection. The handshake is made with the first byte.
    pub fn connect(&self, port: u16) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let name = self.name.clone().try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, connect(port)))
    }

    /// Makes the handshake and returns the end of the server's certificate, as text to compare.
    pub fn server_certificate(&self, port: u16) -> io::Result<Vec<u8>> {
        let mut stream = self.connect(port)?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream.conn.peer_certificates().unwrap()[0].to_vec())
    }
}

/// A plain connection with limits.
#[track_caller]
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Sends bytes and reads one answer.
#[track_caller]
pub fn exchange(port: u16, request: &[u8]) -> HttpResponse {
    let mut stream = connect(port);
    // The server may end the connection before it has read all.
    let _ = stream.write_all(request);
    read_response(&mut BufReader::new(stream)).unwrap()
}

/// What comes until the connection ends, at most so many bytes.
pub fn rest(stream: &mut impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.take(most).read_to_end(&mut bytes);
    bytes
}

/// The port of an address such as `http://127.0.0.1:1`.
pub fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// Name and password as a header.
pub fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {text}\r\n")
}

/// Whether `check-config` takes a web configuration; its words.
pub fn check_config(binary: &Path, folder: &WebFolder) -> (bool, String) {
    let config = folder.path("paritywatch.toml");
    let text = format!(
        "[server]\n{}\n[profiles.p]\nowner = \"o\"\n[dimensions.d]\nground = \"sex\"\ngroups = [\"a\", \"b\"]\n\
         [[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n",
        folder.key()
    );
    std::fs::write(&config, text).unwrap();
    let output = std::process::Command::new(binary).arg("check-config").arg(&config).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), said)
}

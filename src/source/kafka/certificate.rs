//! Looks at a broker's certificate to see what is wrong with it: librdkafka says the same of each fault.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error, RootCertStore};

use crate::settings::Kafka;
use crate::status::AccessCause;

/// Longest look, from the connection to the end of the handshake.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// By which certificates a broker's is checked.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    location: Option<String>,
    pem: Option<String>,
}

impl Trust {
    /// The trust that librdkafka has.
    pub fn of(settings: &Kafka) -> Self {
        let property = |name: &str| settings.properties.get(name).cloned();
        Self { location: property("ssl.ca.location").filter(|path| path != "probe"), pem: property("ssl.ca.pem") }
    }

    /// Connects to a broker once, without sending anything of ours. Returns what is wrong with its certificate, with the words of the check;
    /// `None` where nothing was found.
    pub fn look(&self, host: &str, port: u16) -> Option<(AccessCause, String)> {
        self.look_until(host, port, Instant::now() + LOOK_LIMIT)
    }

    fn look_until(&self, host: &str, port: u16, until: Instant) -> Option<(AccessCause, String)> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.certificates()?);
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config =
            config.with_safe_default_protocol_versions().ok()?.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).ok()?;
        let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
        let mut stream = connect(host, port, until)?;
        while connection.is_handshaking() {
            if let Err(error) = connection.complete_io(&mut stream) {
                return found(error.get_ref()?.downcast_ref::<Error>()?);
            }
        }
        None
    }

    fn certificates(&self) -> Option<Vec<CertificateDer<'static>>> {
        match (&self.pem, &self.location) {
            (Some(pem), _) => Some(CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect()),
            (None, Some(location)) if Path::new(location).is_dir() => None,
            (None, Some(location)) => {
                Some(CertificateDer::pem_file_iter(location).ok()?.filter_map(Result::ok).collect())
            }
            (None, None) => Some(rustls_native_certs::load_native_certs().certs),
        }
    }
}

/// A connection that ends at a moment, however often a few bytes come.
struct Limited {
    stream: TcpStream,
    until: Instant,
}

fn connect(host: &str, port: u16, until: Instant) -> Option<Limited> {
    let open = |at| TcpStream::connect_timeout(&at, left(until).ok()?).ok();
    let stream = (host, port).to_socket_addrs().ok()?.find_map(open)?;
    Some(Limited { stream, until })
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Limited {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(bytes)
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn found(error: &Error) -> Option<(AccessCause, String)> {
    let Error::InvalidCertificate(fault) = error else { return None };
    let cause = match fault {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => AccessCause::ExpiredCertificate,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => AccessCause::HostName,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => AccessCause::UntrustedCertificate,
        _ => AccessCause::Certificate,
    };
    Some((cause, fault.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_look_has_an_end_also_where_bytes_keep_coming() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let slow = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The head of a handshake's record, and then its content byte by byte, until the other side leaves.
            let mut written = stream.write_all(&[0x16, 3, 3, 0x40, 0]);
            while written.is_ok() {
                std::thread::sleep(Duration::from_millis(20));
                written = stream.write_all(&[0]);
            }
        });
        let trust = Trust { location: None, pem: Some(String::new()) };
        let began = Instant::now();
        assert_eq!(trust.look_until("localhost", port, began + Duration::from_millis(500)), None);
        assert!(began.elapsed() < Duration::from_secs(30), "a record of 16 KiB would take minutes");
        slow.join().unwrap();
    }
}

//! Addresses of receivers: http or https, without a login.

use std::fmt;
use std::hash::Hasher;

use http::Uri;
use siphasher::sip::SipHasher24;

/// How a problem describes an address.
pub(super) const SHAPE: &str = "a URL with http:// or https://, a host and no login, in ASCII";

/// What is printed in place of an address's path.
const HIDDEN_PATH: &str = "/redacted";

/// Where a receiver is. Its path may be a secret, as with many chat services: `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: String,
    host_and_port: String,
}

impl Address {
    /// Reads an address; `None` where the text is not a valid one.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let default_port = match uri.scheme_str()? {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host();
        // The parser ignores a port that does not fit 16 bits; the authority then differs from the host.
        let port = authority.port_u16().or_else(|| (authority.as_str() == host).then_some(default_port))?;
        let escapes =
            || url.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
        let fits = !host.is_empty() && port > 0 && !url.contains(['@', '#']) && escapes();
        fits.then(|| Self { url: url.to_owned(), host_and_port: format!("{host}:{port}") })
    }

    /// Returns the whole URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns host and port, which metrics show.
    #[must_use]
    pub fn host_and_port(&self) -> &str {
        &self.host_and_port
    }

    /// Returns the address with its path hidden, where it has one.
    #[must_use]
    pub fn redacted(&self) -> String {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let (begin, rest) = self.url.split_at(after_scheme);
        match rest.find(['/', '?']) {
            Some(at) if rest.len() > at + 1 => format!("{begin}{}{HIDDEN_PATH}", rest.split_at(at).0),
            _ => self.url.clone(),
        }
    }

    /// Returns 16 hex digits that identify this address together with `kind`. They are the same on every machine.
    #[must_use]
    pub fn id(&self, kind: &str) -> String {
        let mut hasher = SipHasher24::new_with_key(b"paritywatch.rcvr");
        hasher.write(kind.as_bytes());
        hasher.write_u8(0);
        hasher.write(self.url.as_bytes());
        format!("{:016x}", hasher.finish())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_have_a_host_and_a_port_and_hide_their_path() {
        let host = |url: &str| Address::parse(url).map(|address| address.host_and_port);
        assert_eq!(host("http://alertmanager:9093").as_deref(), Some("alertmanager:9093"));
        assert_eq!(host("https://hooks.example.org/a/b?c=d").as_deref(), Some("hooks.example.org:443"));
        assert_eq!(host("http://[::1]:80/").as_deref(), Some("[::1]:80"));
        for wrong in [
            "",
            "a:9093",
            "ftp://a",
            "http://",
            "http://u:p@a",
            "http://a:99999",
            "http://a:0",
            "http://a/%zz",
            "http://a/ b",
            "http://a/#b",
            "/a",
        ] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
        let shown = |url: &str| Address::parse(url).map(|address| address.redacted()).unwrap_or_default();
        assert_eq!(shown("https://hooks.example.org/a/b?c=d"), "https://hooks.example.org/redacted");
        assert_eq!(shown("https://hooks.example.org?c=d"), "https://hooks.example.org/redacted");
        assert_eq!(shown("http://alertmanager:9093/"), "http://alertmanager:9093/");
        assert_eq!(format!("{:?}", Address::parse("http://a/secret")), "Some(http://a/redacted)");
    }
}

//! Which hosts a request may ask for.
//!
//! A page on the internet can give its own name our address (DNS rebinding): the browser then sends its requests to us, and takes our
//! answers for that page's. It cannot make the browser say another name than its own, so a request for a name that is not ours is refused.
//! A host that is the address itself was asked for by somebody who meant it.

use std::net::SocketAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use crate::settings::Server;

/// The reader's own machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The names of this server.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    /// Of `external_url` and `hosts`, in lower case, with or without a port.
    named: Vec<String>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// It names no host, more than one, or something that is none.
    Malformed,
    /// It is for somebody else.
    Other,
}

impl Hosts {
    /// Returns the names that the configuration gives.
    pub fn of(server: &Server) -> Self {
        let mut named = server.hosts.clone();
        if let Some(url) = &server.external_url
            && let Some(authority) = url.parse::<Uri>().ok().as_ref().and_then(Uri::authority)
        {
            named.push(authority.as_str().to_ascii_lowercase());
        }
        Self { named }
    }

    /// Returns whether a request that came to this address, with or without TLS, is for this server.
    ///
    /// # Errors
    /// Says why it is not.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap, local: SocketAddr, tls: bool) -> Result<(), Stranger> {
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else { return Err(Stranger::Malformed) };
        let host: Authority = host.to_str().ok().and_then(|host| host.parse().ok()).ok_or(Stranger::Malformed)?;
        if host.as_str().contains('@') {
            return Err(Stranger::Malformed);
        }
        // A request may name the host in its first line, which then counts. Both are held to the same.
        let both = [Some(&host), uri.authority()];
        if both.into_iter().flatten().all(|host| self.is_ours(host, local, tls)) {
            return Ok(());
        }
        Err(Stranger::Other)
    }

    fn is_ours(&self, asked: &Authority, local: SocketAddr, tls: bool) -> bool {
        let (host, default) = (asked.host(), if tls { 443 } else { 80 });
        let port = asked.port_u16().unwrap_or(default);
        let own = SocketAddr::new(local.ip().to_canonical(), local.port());
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_address = bare.parse() == Ok(own.ip()) && port == own.port();
        // No page can have these names but what is served on the reader's own machine; a container's port is mapped to them.
        let is_local = LOCAL.iter().any(|local| bare.eq_ignore_ascii_case(local)) && port == own.port();
        let with_port = format!("{host}:{port}").to_ascii_lowercase();
        let without = host.to_ascii_lowercase();
        is_address
            || is_local
            || self.named.iter().any(|named| {
                // A name without a port stands for the port that was listened on, and for the usual one.
                *named == with_port || *named == without && (port == own.port() || port == default)
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderValue;

    use super::*;
    use crate::settings::Settings;

    fn asked(hosts: &[&str], uri: &str, local: &str) -> Result<(), Stranger> {
        let server = "[server]\nexternal_url = \"https://Monitor.example.org/x\"\nhosts = [\"paritywatch\", \"b:81\"]";
        let settings = Settings::parse(server, "file", std::iter::empty()).unwrap();
        let mut map = HeaderMap::new();
        for host in hosts {
            map.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        Hosts::of(&settings.server).check(&uri.parse().unwrap(), &map, local.parse().unwrap(), false)
    }

    #[test]
    fn a_request_is_for_the_address_it_came_to_or_for_a_name_of_the_configuration() {
        for (host, local) in [
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            ("localhost:9464", "127.0.0.1:9464"),
            ("LocalHost:9464", "[::1]:9464"),
            ("localhost:9464", "172.17.0.2:9464"),
            ("127.0.0.1:9464", "172.17.0.2:9464"),
            ("[::1]:9464", "[::1]:9464"),
            ("10.1.2.3:9464", "10.1.2.3:9464"),
            ("10.1.2.3:9464", "[::ffff:10.1.2.3]:9464"),
            ("10.1.2.3", "10.1.2.3:80"),
            ("monitor.example.org", "10.1.2.3:9464"),
            ("MONITOR.example.org:9464", "10.1.2.3:9464"),
            ("paritywatch:9464", "10.1.2.3:9464"),
            ("b:81", "10.1.2.3:9464"),
        ] {
            assert_eq!(asked(&[host], "/", local), Ok(()), "{host} {local}");
        }
    }

    #[test]
    fn all_others_are_refused() {
        for (host, local) in [
            ("evil.example:9464", "127.0.0.1:9464"),
            ("localhost.evil.example:9464", "127.0.0.1:9464"),
            ("localhost:80", "10.1.2.3:9464"),
            ("10.1.2.4:9464", "10.1.2.3:9464"),
            ("localhost:1", "127.0.0.1:9464"),
            ("127.0.0.1", "127.0.0.1:9464"),
            ("127.0.0.2:9464", "127.0.0.1:9464"),
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("paritywatch:1", "127.0.0.1:9464"),
            ("b", "127.0.0.1:9464"),
            ("monitor.example.org.:9464", "127.0.0.1:9464"),
        ] {
            assert_eq!(asked(&[host], "/", local), Err(Stranger::Other), "{host} {local}");
        }
        let local = "127.0.0.1:9464";
        for hosts in [&[][..], &["a", "a"], &[""], &["u@127.0.0.1:9464"], &["a b"], &["127.0.0.1:9464/x"]] {
            assert_eq!(asked(hosts, "/", local), Err(Stranger::Malformed), "{hosts:?}");
        }
        assert_eq!(asked(&["127.0.0.1:9464"], "http://evil.example/metrics", local), Err(Stranger::Other));
        assert_eq!(asked(&["127.0.0.1:9464"], "http://127.0.0.1:9464/metrics", local), Ok(()));
    }
}

//! The section `[server]`: where HTTP is served, under which names, and to whom.

use std::net::{Ipv4Addr, SocketAddr};

use http::uri::Authority;

use super::address::{self, Address};
use super::bounds::{MAX_CONNECTIONS, MAX_HOSTS, MAX_TEXT_BYTES};
use super::given::Given;
use super::key::shown;
use super::schema::Server;
use super::table::Table;

const DEFAULT_PORT: u16 = 9464;

/// The default of `max_connections`: scrapes, probes and a few browsers take less than ten.
const DEFAULT_CONNECTIONS: u32 = 256;

/// Longest name of a host with its port, in bytes: the longest in DNS, a colon and five digits.
const MAX_HOST_BYTES: usize = 253 + 6;

/// Reads the section.
pub(super) fn server(mut table: Table<'_>) -> Server {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    let listen = table.text("listen", &default.to_string());
    let address = listen.parse::<SocketAddr>();
    if address.is_err() {
        let expected = "an IP address and a port such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
        listen.refuse(table.problems, expected, shown(&listen));
    }
    // Where it is no address, that is among the problems.
    let address = address.unwrap_or(default);
    let insecure_listen = table.boolean("insecure_listen", false);
    let web_config = table.optional_path("web_config");
    if !address.ip().to_canonical().is_loopback() && web_config.is_none() && !insecure_listen {
        let expected = "an address of loopback, or a server.web_config with users or client certificates, or \
                        server.insecure_listen = true";
        listen.refuse(table.problems, expected, format!("{}, where everybody may read", shown(&listen)));
    }
    let external_url = table.line("external_url", "", MAX_TEXT_BYTES);
    if !external_url.is_empty() && Address::parse(&external_url).is_none() {
        // The text is not repeated: it may contain a login.
        external_url.refuse(table.problems, address::SHAPE, "another text");
    }
    let hosts = hosts(&mut table);
    let max_connections = table.count("max_connections", DEFAULT_CONNECTIONS, 1..=MAX_CONNECTIONS).value;
    table.finish();
    Server {
        listen: address,
        insecure_listen,
        web_config: web_config.map(|file| file.value),
        external_url: Some(external_url.value).filter(|url| !url.is_empty()),
        hosts,
        max_connections,
    }
}

fn hosts(table: &mut Table<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for given in table.texts("hosts", &[], 0..=MAX_HOSTS) {
        match host(&given) {
            None => {
                let expected = "a host with or without a port, such as \"paritywatch\" or \"monitor.example.org:443\"";
                given.refuse(table.problems, expected, shown(&given));
            }
            Some(host) if hosts.contains(&host) => {
                given.refuse(table.problems, "each host only once", "one that is listed before");
            }
            Some(host) => hosts.push(host),
        }
    }
    hosts
}

/// Returns the host as requests are compared with it; `None` where it is none.
fn host(given: &Given<String>) -> Option<String> {
    let authority: Authority = given.parse().ok()?;
    let host = authority.host();
    // The parser ignores a port that does not fit 16 bits; the text is then longer than the host.
    let whole = authority.port_u16().map_or(host.len(), |port| format!("{host}:{port}").len());
    let named = !host.is_empty() && !given.contains(['@', '*']) && given.len() <= MAX_HOST_BYTES;
    (named && whole == given.len() && authority.port_u16() != Some(0)).then(|| given.to_ascii_lowercase())
}

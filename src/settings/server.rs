//! The sections `[server]` and `[http_source]`: where HTTP is served, under which names, and to whom.

use std::net::{Ipv4Addr, SocketAddr};

use http::uri::Authority;

use super::address::{self, Address};
use super::bounds::{MAX_CONNECTIONS, MAX_HOSTS, MAX_TEXT_BYTES};
use super::given::Given;
use super::key::shown;
use super::schema::{HttpSource, Kafka, Logins, Server};
use super::table::Table;
use super::terms::{Format, Mapping};

const DEFAULT_PORT: u16 = 9464;

/// The default of `max_connections`: scrapes, probes and a few browsers take less than ten.
const DEFAULT_CONNECTIONS: u32 = 256;

const DEFAULT_SOURCE_PORT: u16 = 9465;

/// The default for the source of events: each of its connections may hold a body.
const DEFAULT_SOURCE_CONNECTIONS: u32 = 64;

/// Longest name of a host with its port, in bytes: the longest in DNS, a colon and five digits.
const MAX_HOST_BYTES: usize = 253 + 6;

/// Reads the section `[server]`.
pub(super) fn server(mut table: Table<'_>) -> Server {
    let mut server = listener(&mut table, (DEFAULT_PORT, DEFAULT_CONNECTIONS), Logins::FromOthers);
    let external_url = table.line("external_url", "", MAX_TEXT_BYTES);
    if !external_url.is_empty() && Address::parse(&external_url).is_none() {
        // The text is not repeated: it may contain a login.
        external_url.refuse(table.problems, address::SHAPE, "another text");
    }
    table.finish();
    server.external_url = Some(external_url.value).filter(|url| !url.is_empty());
    server
}

/// Reads the section `[http_source]`. What must hold between it and `[kafka]` is looked at where both are known.
pub(super) fn http_source(mut table: Table<'_>, kafka: Option<&Kafka>, mappings: &[Mapping]) -> HttpSource {
    let server = listener(&mut table, (DEFAULT_SOURCE_PORT, DEFAULT_SOURCE_CONNECTIONS), Logins::Always);
    let topic = table.line("topic", "", MAX_TEXT_BYTES);
    let topics = kafka.map_or(&[][..], |kafka| &kafka.topics);
    let only = if let [only] = topics { only.clone() } else { String::new() };
    if topic.is_empty() && only.is_empty() || !topic.is_empty() && !topics.contains(&topic.value) {
        let found = if topic.is_empty() { "none".to_owned() } else { shown(&topic) };
        topic.refuse(table.problems, "one of kafka.topics", found);
    }
    let name = if topic.is_empty() { only } else { topic.value.clone() };
    let is_mapped = mappings.iter().any(|mapping| mapping.topics.contains(&name));
    let format = kafka.and_then(|kafka| kafka.formats.get(&name)).copied().unwrap_or(Format::Json);
    if is_mapped || format != Format::Json {
        let found = format!("{name:?}, which is read otherwise");
        topic.refuse(
            table.problems,
            "a topic of events of the contract: no mapping makes them, and they are JSON",
            found,
        );
    }
    table.finish();
    HttpSource { server, topic: name }
}

/// Reads what every listener has. `logins` says who must log in, for which there must be a web configuration.
fn listener(table: &mut Table<'_>, (port, connections): (u16, u32), logins: Logins) -> Server {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
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
    if web_config.is_none() && !insecure_listen {
        match logins {
            Logins::FromOthers if !address.ip().to_canonical().is_loopback() => {
                let expected = "an address of loopback, or a server.web_config with users or client certificates, or \
                                server.insecure_listen = true";
                listen.refuse(table.problems, expected, format!("{}, where everybody may read", shown(&listen)));
            }
            Logins::Always => {
                let expected = "an http_source.web_config with users or client certificates, or \
                                http_source.insecure_listen = true";
                let found = format!("{}, where everybody may add events", shown(&listen));
                listen.refuse(table.problems, expected, found);
            }
            Logins::FromOthers => {}
        }
    }
    Server {
        listen: address,
        insecure_listen,
        web_config: web_config.map(|file| file.value),
        external_url: None,
        hosts: hosts(table),
        max_connections: table.count("max_connections", connections, 1..=MAX_CONNECTIONS).value,
        logins,
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

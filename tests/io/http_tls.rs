//! TLS as Prometheus' web-config format asks for it: versions, suites, client certificates with their names, and files that change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::io::{BufReader, Write};
use std::time::Duration;

use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use support::page::{Served, settings};
use support::process::{read_response, wait_until};
use support::setup::binary;
use support::web::{Authority, Client, Identity, WebFolder, basic, check_config, port, rest};
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// The server looks at its files every 5 s, and twice before it takes or refuses them.
const LIMIT: Duration = Duration::from_secs(40);

const PLAIN: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

fn served(folder: &WebFolder) -> (Served, u16) {
    let monitor = Monitor::new(settings("").plan, PseudonymKey([1; 16]), Clock::Wall);
    let served = support::page::serve_as(&monitor, &folder.key(), |_| {});
    let port = port(&served.url);
    (served, port)
}

/// A folder with a certificate for this machine, and what signed it.
fn folder(web: &str) -> (WebFolder, Authority) {
    let (folder, authority) = (WebFolder::new(), Authority::new());
    folder.identity(&authority.issue(&["localhost", "127.0.0.1"]));
    folder.write("ca.crt", &authority.pem);
    folder.write("web.yml", web);
    (folder, authority)
}

fn status(client: &Client, port: u16) -> Option<u16> {
    client.get(port, "/-/healthy", "").ok().map(|answer| answer.status)
}

#[test]
fn it_answers_by_tls_to_whoever_trusts_it_and_not_without() {
    let (folder, authority) = folder(PLAIN);
    let (_served, port) = served(&folder);
    let client = Client::new(&authority.pem, None);
    let answer = client.get(port, "/metrics", "").unwrap();
    assert!(answer.status == 200 && answer.header("x-frame-options") == Some("DENY"));
    assert_eq!(client.get(port, "/none", "").unwrap().status, 404);
    let stranger = Client::new(&Authority::new().pem, None).get(port, "/metrics", "").unwrap_err();
    assert!(stranger.to_string().contains("invalid peer certificate"), "{stranger}");
    // Plain HTTP at such a port gets no answer in HTTP.
    let mut plain = support::web::connect(port);
    plain.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(!rest(&mut plain, 1 << 20).starts_with(b"HTTP"));
    let text = client.get(port, "/metrics", "").unwrap().text();
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    // 2090-01-01
    assert_eq!(line("paritywatch_web_certificate_end_timestamp_seconds "), Some(3_786_912_000.0));
    assert!(line("paritywatch_http_connections_dropped_total{reason=\"handshake\"} ").unwrap() >= 2.0, "{text}");
}

#[test]
fn versions_suites_and_curves_are_those_of_the_file() {
    for (more, tls12, tls13) in [
        ("", true, true),
        ("  min_version: TLS13\n", false, true),
        ("  max_version: TLS12\n", true, false),
        ("  min_version: TLS12\n  max_version: TLS13\n  prefer_server_cipher_suites: false\n", true, true),
        ("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n", true, true),
        // A suite for keys of another kind than the certificate's is of no use to TLS 1.2.
        ("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n", false, true),
        ("  curve_preferences: [CurveP256, X25519]\n", true, true),
    ] {
        let (folder, authority) = folder(&format!("{PLAIN}{more}"));
        let (_served, port) = served(&folder);
        let by = |version| status(&Client::of_versions(&authority.pem, None, &[version]), port).is_some();
        assert_eq!((by(&TLS12), by(&TLS13)), (tls12, tls13), "{more}");
    }
}

#[test]
fn what_tls_cannot_keep_is_refused_by_name() {
    for (more, said) in [
        (
            "min_version: TLS10",
            "tls_server_config.min_version: expected TLS12 or TLS13 (older versions are not safe), found \"TLS10\"",
        ),
        ("max_version: TLS11", "tls_server_config.max_version: expected TLS12 or TLS13"),
        (
            "min_version: TLS13\n  max_version: TLS12",
            "tls_server_config.max_version: expected min_version or a later one",
        ),
        ("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]", "tls_server_config.cipher_suites: expected some of"),
        (
            "curve_preferences: [CurveP521]",
            "tls_server_config.curve_preferences: expected some of X25519, CurveP256, CurveP384, found \"CurveP521\"",
        ),
        (
            "client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.crt",
            "tls_server_config.client_auth_type: expected",
        ),
        ("client_auth_type: RequireAndVerifyClientCert", "tls_server_config.client_ca_file: expected"),
        ("client_ca_file: ca.crt", "tls_server_config.client_ca_file: expected"),
        (
            "client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n  client_allowed_sans: [a]",
            "tls_server_config.client_allowed_sans: expected no names",
        ),
        (
            "client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key",
            "tls_server_config.client_ca_file: expected certificates in PEM",
        ),
    ] {
        let (folder, _authority) = folder(&format!("{PLAIN}  {more}\n"));
        let (taken, words) = check_config(binary(), &folder);
        assert!(!taken && words.contains(said), "{more}: {words}");
    }
}

#[test]
fn check_config_looks_into_certificate_and_key() {
    let (folder, authority) = folder(PLAIN);
    assert_eq!(check_config(binary(), &folder).1.lines().count(), 1);
    // Another certificate's key.
    folder.write("server.key", &authority.issue(&["localhost"]).key);
    let (taken, words) = check_config(binary(), &folder);
    let told = "tls_server_config.key_file: expected the key of the certificate in server.crt, found the key of another one in server.key";
    assert!(!taken && words.contains(told), "{words}");
    folder.write("server.key", "no key");
    let (taken, words) = check_config(binary(), &folder);
    assert!(!taken && words.contains("tls_server_config.key_file: expected a private key in PEM"), "{words}");
    folder.write("server.crt", "no certificate");
    let (taken, words) = check_config(binary(), &folder);
    assert!(!taken && words.contains("tls_server_config.cert_file: expected certificates in PEM"), "{words}");
    folder.identity(&authority.issue_until(&["localhost"], 2021));
    let (taken, words) = check_config(binary(), &folder);
    assert!(!taken && words.contains("has ended"), "{words}");
    folder.identity(&authority.issue_for_days(&["localhost"], 10));
    let (taken, words) = check_config(binary(), &folder);
    assert!(taken && words.contains("warning") && words.contains("the certificate ends within"), "{words}");
    folder.identity(&authority.issue_for_days(&["localhost"], 40));
    assert!(!check_config(binary(), &folder).1.contains("warning"));
    folder.mode("server.key", 0o644);
    let (taken, words) = check_config(binary(), &folder);
    assert!(!taken && words.contains("tls_server_config.key_file /") && words.contains("mode 0644"), "{words}");
}

#[test]
fn a_client_needs_a_certificate_that_is_trusted_and_for_an_allowed_name() {
    let required = format!("{PLAIN}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
    let (folder_of_required, authority) = folder(&required);
    let other = Authority::new();
    let shown = |identity: &Identity| Client::new(&authority.pem, Some(identity));
    let trusted = authority.issue(&["prometheus.example.org"]);
    let (_served, port) = served(&folder_of_required);
    assert_eq!(status(&shown(&trusted), port), Some(200));
    assert_eq!(status(&Client::new(&authority.pem, None), port), None, "without one");
    assert_eq!(status(&shown(&other.issue(&["prometheus.example.org"])), port), None, "by another authority");
    assert_eq!(status(&shown(&authority.issue_until(&["prometheus.example.org"], 2021)), port), None, "ended");

    // By DNS, address, e-mail and URI.
    let sans = "  client_allowed_sans: [prometheus.example.org, 10.1.2.3, 'ops@example.org', 'spiffe://example.org/p', '::1']\n";
    folder_of_required.write("web.yml", &format!("{required}{sans}"));
    let (_served, port) = served(&folder_of_required);
    for name in ["prometheus.example.org", "10.1.2.3", "ops@example.org", "spiffe://example.org/p", "::1"] {
        assert_eq!(status(&shown(&authority.issue(&["x.example.org", name])), port), Some(200), "{name}");
    }
    for name in ["grafana.example.org", "10.1.2.4", "dev@example.org", "spiffe://example.org/q"] {
        assert_eq!(status(&shown(&authority.issue(&[name])), port), None, "{name}");
    }
    assert_eq!(status(&shown(&authority.issue(&[])), port), None, "without a name");

    folder_of_required.write("web.yml", &required.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"));
    let (_served, port) = served(&folder_of_required);
    assert_eq!(status(&Client::new(&authority.pem, None), port), Some(200));
    assert_eq!(status(&shown(&trusted), port), Some(200));
    assert_eq!(status(&shown(&other.issue(&["prometheus.example.org"])), port), None, "by another authority");
}

#[test]
fn files_that_change_are_taken_and_broken_ones_are_not() {
    let (folder, authority) = folder(PLAIN);
    let (_served, port) = served(&folder);
    let client = Client::new(&authority.pem, None);
    let first = client.server_certificate(port).unwrap();
    let metric = |name: &str, login: &str| {
        let text = client.get(port, "/metrics", login).unwrap().text();
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok())
    };
    assert_eq!(metric("paritywatch_web_config_last_reload_successful ", ""), Some(1.0));
    let mut kept = client.connect(port).unwrap();
    let request = format!("GET /-/healthy HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    kept.write_all(request.as_bytes()).unwrap();
    assert_eq!(read_response(&mut BufReader::new(&mut kept)).unwrap().header("connection"), None);

    // A key that is not the certificate's changes nothing, and is told.
    folder.write("server.key", &authority.issue(&["localhost"]).key);
    wait_until(LIMIT, "the broken files to be told", || {
        (metric("paritywatch_web_config_last_reload_successful ", "") == Some(0.0)).then_some(())
    });
    assert_eq!(metric("paritywatch_web_config_reloads_total{result=\"refused\"} ", ""), Some(1.0));
    assert_eq!(client.server_certificate(port).unwrap(), first);

    // A new pair is shown to whoever connects then.
    folder.identity(&authority.issue(&["localhost"]));
    wait_until(LIMIT, "the new certificate", || (client.server_certificate(port).unwrap() != first).then_some(()));
    assert_eq!(metric("paritywatch_web_config_last_reload_successful ", ""), Some(1.0));
    assert_eq!(metric("paritywatch_web_config_reloads_total{result=\"accepted\"} ", ""), Some(1.0));

    // Users too, and at once also for connections that are open already, which then end.
    let hash = bcrypt::hash("right", 4).unwrap();
    folder.write("web.yml", &format!("{PLAIN}basic_auth_users:\n  alice: {hash}\n"));
    wait_until(LIMIT, "a login to be asked for", || (status(&client, port) == Some(401)).then_some(()));
    kept.write_all(request.as_bytes()).unwrap();
    let answer = read_response(&mut BufReader::new(&mut kept)).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
    let login = basic("alice", "right");
    assert_eq!(client.get(port, "/-/healthy", &login).unwrap().status, 200);
    // Who is taken out is out, whatever was remembered.
    folder.write("web.yml", &format!("{PLAIN}basic_auth_users:\n  bob: {hash}\n"));
    wait_until(LIMIT, "the user to be out", || {
        (client.get(port, "/-/healthy", &login).unwrap().status == 401).then_some(())
    });
    // Less than before may be half of a file: it is refused, and a restart would take it.
    let bob = basic("bob", "right");
    for less in ["", PLAIN] {
        folder.write("web.yml", less);
        wait_until(LIMIT, "less to be refused", || {
            (metric("paritywatch_web_config_last_reload_successful ", &bob) == Some(0.0)).then_some(())
        });
        assert_eq!(status(&client, port), Some(401), "{less}");
        folder.write("web.yml", &format!("{PLAIN}basic_auth_users:\n  bob: {hash}\n"));
        wait_until(LIMIT, "the file to be as before", || {
            (metric("paritywatch_web_config_last_reload_successful ", &bob) == Some(1.0)).then_some(())
        });
    }

    // Who is asked for more by TLS gets nothing any more by a connection from before.
    let mut kept = client.connect(port).unwrap();
    let request = format!("GET /-/healthy HTTP/1.1\r\nHost: localhost:{port}\r\n{bob}\r\n");
    kept.write_all(request.as_bytes()).unwrap();
    // Nobody evaluates here, so it is not healthy after a while; but it answers.
    let status = read_response(&mut BufReader::new(&mut kept)).unwrap().status;
    assert!(matches!(status, 200 | 503), "{status}");
    let required = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n";
    folder.write("web.yml", &format!("{PLAIN}{required}basic_auth_users:\n  bob: {hash}\n"));
    wait_until(LIMIT, "a certificate to be asked for", || client.get(port, "/-/healthy", &bob).is_err().then_some(()));
    kept.write_all(request.as_bytes()).unwrap();
    let answer = read_response(&mut BufReader::new(&mut kept)).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (421, Some("close")));
}

#[test]
fn hashes_that_others_may_read_and_an_open_address_beside_a_login_are_warned_of() {
    let (folder, _authority) = folder(PLAIN);
    let hash = bcrypt::hash("right", 10).unwrap();
    folder.write("web.yml", &format!("{PLAIN}basic_auth_users:\n  alice: {hash}\n"));
    assert!(!check_config(binary(), &folder).1.contains("warning"));
    folder.mode("web.yml", 0o644);
    let (taken, words) = check_config(binary(), &folder);
    assert!(taken && words.contains("others may read the hashes"), "{words}");
    folder.mode("web.yml", 0o600);
    let config = folder.path("open.toml");
    let text = std::fs::read_to_string(folder.path("paritywatch.toml")).unwrap();
    std::fs::write(&config, text.replace("[server]\n", "[server]\ninsecure_listen = true\n")).unwrap();
    let output = std::process::Command::new(binary()).arg("check-config").arg(&config).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && words.contains("server.insecure_listen = true would start"), "{words}");
}

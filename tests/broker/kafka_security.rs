//! Every way to protect the connection to Kafka, on real Apache Kafka with certificates of the test: what works, and what is said where it does
//! not. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::kafka_security_support::{Issuer, LIMIT, Login, broker, token};
use crate::support::certificates::{Certificates, secret};
use crate::support::kafka::{Broker, Record};
use crate::support::process::{HttpResponse, free_port, wait_until};
use crate::support::setup::{DEAD_LETTERS, START_MS, alerts_in, read, selection};

const ALERTS: &str = "paritywatch.alerts";
/// Events, beside the one that is no event.
const EVENTS: u64 = 2_000;

type Keys<'k> = Vec<(&'k str, &'k str)>;

/// Selections that raise an alert, because one group is picked ten times as often, and poison.
fn produce(broker: &Broker) {
    let record = |number: u64| {
        let (group, selected) =
            if number.is_multiple_of(2) { ("dutch", number.is_multiple_of(40)) } else { ("european", number % 4 == 1) };
        Record::new("c", selection(number, selected).replace("dutch", group)).at_ms(START_MS)
    };
    let mut records: Vec<Record> = (0..EVENTS).map(record).collect();
    records.push(Record::new("poison", "not json").at_ms(START_MS));
    broker.produce("events", &records);
}

fn topics(broker: &Broker) {
    for topic in ["events", DEAD_LETTERS, ALERTS] {
        broker.create_topic(topic, 1);
    }
}

fn sasl<'k>(ca: &'k str, mechanism: &'k str, user: &'k str, password: &'k str) -> Keys<'k> {
    let keys = [("SECURITY_PROTOCOL", "sasl_ssl"), ("SSL_CA_LOCATION", ca), ("SASL_MECHANISM", mechanism)];
    [keys.as_slice(), &[("SASL_USERNAME", user), ("SASL_PASSWORD_FILE", password)]].concat()
}

fn bearer<'k>(ca: &'k str, more: &[(&'k str, &'k str)]) -> Keys<'k> {
    let keys = [("SECURITY_PROTOCOL", "sasl_ssl"), ("SSL_CA_LOCATION", ca), ("SASL_MECHANISM", "OAUTHBEARER")];
    [keys.as_slice(), more].concat()
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn events_dead_letters_and_alerts_go_over_every_kind_of_protection() {
    let certificates = Certificates::make();
    let folder = tempfile::tempdir().unwrap();
    let broker = broker(&certificates);
    topics(&broker);
    produce(&broker);
    let issuer = Issuer::start(0, "the%20daemon", "its%20secret");
    let url = format!("http://127.0.0.1:{}/token", issuer.port);
    let file = |name: &str, text: &str| secret(folder.path(), name, text);
    let (plain, scram) = (file("plain", "plain secret\n"), file("scram", "scram secret"));
    let (client_secret, bearer_file) = (file("client", "its secret"), file("token", &token("oauth", 3_600)));
    let (ca, certificate, key) =
        (certificates.text("ca.pem"), certificates.text("client.pem"), certificates.text("client-key.pem"));
    let tls: Keys = vec![("SECURITY_PROTOCOL", "ssl"), ("SSL_CA_LOCATION", &ca)];
    let mutual = [tls.as_slice(), &[("SSL_CERTIFICATE_LOCATION", &certificate), ("SSL_KEY_LOCATION", &key)]].concat();
    let issued = [
        ("OAUTH_TOKEN_URL", url.as_str()),
        ("OAUTH_CLIENT_ID", "the daemon"),
        ("OAUTH_CLIENT_SECRET_FILE", &client_secret),
        ("OAUTH_SCOPE", "kafka read"),
    ];
    let unchecked = [
        ("SECURITY_PROTOCOL", "ssl"),
        ("SSL_CA_LOCATION", &ca),
        ("ENABLE_SSL_CERTIFICATE_VERIFICATION", "false"),
        ("INSECURE_REASON", "the broker of a trial"),
    ];
    let mut logins = vec![
        Login::start("TLS", &broker, "TLS", &tls),
        Login::start("mTLS", &broker, "MUTUAL", &mutual),
        Login::start("PLAIN", &broker, "LOGIN", &sasl(&ca, "PLAIN", "alice", &plain)),
        Login::start("SCRAM-SHA-256", &broker, "LOGIN", &sasl(&ca, "SCRAM-SHA-256", "scram", &scram)),
        Login::start("SCRAM-SHA-512", &broker, "LOGIN", &sasl(&ca, "SCRAM-SHA-512", "scram", &scram)),
        Login::start("a token of a file", &broker, "LOGIN", &bearer(&ca, &[("OAUTH_TOKEN_FILE", &bearer_file)])),
        Login::start("tokens of an issuer", &broker, "LOGIN", &bearer(&ca, &issued)),
        Login::start("unchecked", &broker, "EXPIRED", &unchecked),
    ];
    for login in &mut logins {
        login.wait_for_all(EVENTS as f64);
    }
    assert_eq!(broker.read_all(DEAD_LETTERS).len(), logins.len(), "a dead letter from each");
    assert!(alerts_in(broker.read_all(ALERTS)).len() >= logins.len(), "alerts from each");
    let asked = issuer.asked.lock().unwrap().clone();
    assert!(asked.contains("grant_type=client_credentials&scope=kafka%20read"), "{asked}");

    // Tokens are renewed before they expire, and what comes later is read with them.
    wait_until(LIMIT, "two more tokens", || (issuer.given.load(Ordering::Relaxed) >= 3).then_some(()));
    broker.produce("events", &[Record::new("c", selection(EVENTS, true)).at_ms(START_MS)]);
    for login in &mut logins {
        let all = |response: &HttpResponse| read(&response.text()) == EVENTS as f64 + 1.0;
        login.daemon.wait_for_http(&login.setup.url("/metrics"), all, LIMIT);
    }
    for mut login in logins {
        assert!(login.daemon.terminate().success(), "{}", login.name);
        let stderr = login.daemon.stderr();
        for secret in ["plain secret", "scram secret", "its secret", "its%20secret"] {
            assert!(!stderr.contains(secret), "{}: {stderr}", login.name);
        }
        let told = stderr.contains("a check of the brokers' certificates is switched off")
            && stderr.contains("enable.ssl.certificate.verification")
            && stderr.contains("the broker of a trial");
        assert_eq!(told, login.name == "unchecked", "{}: {stderr}", login.name);
        is_private(&login.setup.folder.path().join("state"));
    }
}

/// The folder and every file in it are the owner's alone, though the daemon was started with umask 0000.
fn is_private(folder: &Path) {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    for file in ["checkpoint", "lock", "owner", "outbox", "pseudonym.key"] {
        assert!(names.iter().any(|name| name == file), "{file} is not among {names:?}");
    }
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn whoever_is_not_let_in_says_why_once_and_goes_on_when_that_is_repaired() {
    let certificates = Certificates::make();
    let folder = tempfile::tempdir().unwrap();
    let broker = broker(&certificates);
    topics(&broker);
    produce(&broker);
    let file = |name: &str, text: &str| secret(folder.path(), name, text);
    let (right, wrong, changed) = (file("right", "plain secret"), file("wrong", "x"), file("changed", "old secret"));
    let (nobody, client_secret) = (file("nobody", "nobody's secret"), file("client", "its secret"));
    let (odd, old) = (file("odd", "abc.def.ghi"), file("old", &token("oauth", -60)));
    let port = free_port();
    let (later, refusing) = (format!("http://127.0.0.1:{port}/token"), Issuer::start(0, "another", "secret"));
    let refusing_url = format!("http://127.0.0.1:{}/token", refusing.port);
    let (ca, other_ca) = (certificates.text("ca.pem"), certificates.text("other-ca.pem"));
    let (stranger, stranger_key) = (certificates.text("stranger.pem"), certificates.text("stranger-key.pem"));
    let tls: Keys = vec![("SECURITY_PROTOCOL", "ssl"), ("SSL_CA_LOCATION", &ca)];
    let wrong_ca: Keys = vec![("SECURITY_PROTOCOL", "ssl"), ("SSL_CA_LOCATION", &other_ca)];
    let strange =
        [tls.as_slice(), &[("SSL_CERTIFICATE_LOCATION", &stranger), ("SSL_KEY_LOCATION", &stranger_key)]].concat();
    let issued = |url| {
        [
            ("OAUTH_TOKEN_URL", url),
            ("OAUTH_CLIENT_ID", "the daemon"),
            ("OAUTH_CLIENT_SECRET_FILE", client_secret.as_str()),
        ]
    };
    let start = |name, listener, keys: &[(&str, &str)]| Login::start(name, &broker, listener, keys);
    let mut cases = vec![
        (
            start("no TLS", "TLS", &[("SECURITY_PROTOCOL", "plaintext")]),
            "consumer",
            "expects_tls",
            "it probably speaks TLS there",
        ),
        (start("TLS", "PLAINTEXT", &tls), "consumer", "expects_plaintext", "speaks no TLS at this address"),
        (start("another CA", "TLS", &wrong_ca), "consumer", "untrusted_certificate", "certificate is not trusted"),
        (start("expired", "EXPIRED", &tls), "consumer", "expired_certificate", "certificate has expired"),
        (start("elsewhere", "ELSEWHERE", &tls), "consumer", "host_name", "is for another host name"),
        (start("no certificate", "MUTUAL", &tls), "consumer", "client_certificate", "wants a client certificate"),
        (start("stranger", "MUTUAL", &strange), "consumer", "client_certificate", "wants a client certificate"),
        (
            start("wrong password", "LOGIN", &sasl(&ca, "PLAIN", "alice", &wrong)),
            "consumer",
            "credentials",
            "wrong password, or unknown user",
        ),
        (
            start("unknown user", "LOGIN", &sasl(&ca, "SCRAM-SHA-512", "bob", &wrong)),
            "consumer",
            "credentials",
            "wrong password, or unknown user",
        ),
        (
            start("mechanism", "PLAINLOGIN", &sasl(&ca, "SCRAM-SHA-256", "scram", &wrong)),
            "consumer",
            "mechanism",
            "does not take this SASL mechanism",
        ),
        (start("no login", "LOGIN", &tls), "consumer", "expects_sasl", "it probably wants SASL there"),
        (
            start("a login", "TLS", &sasl(&ca, "PLAIN", "alice", &right)),
            "consumer",
            "expects_no_sasl",
            "takes no login at this address",
        ),
        (
            start("no right", "LOGIN", &sasl(&ca, "PLAIN", "nobody", &nobody)),
            "consumer",
            "permission",
            "an ACL is missing: Read on topic events",
        ),
        (
            start("issuer refuses", "LOGIN", &bearer(&ca, &issued(&refusing_url))),
            "login",
            "issuer",
            "401 invalid_client",
        ),
    ];
    let mut repaired = vec![
        (
            start("changed password", "LOGIN", &sasl(&ca, "PLAIN", "alice", &changed)),
            "consumer",
            "credentials",
            "wrong password, or unknown user",
        ),
        (
            start("odd token", "LOGIN", &bearer(&ca, &[("OAUTH_TOKEN_FILE", &odd)])),
            "consumer",
            "token",
            "refused the OAuth token",
        ),
        (
            start("old token", "LOGIN", &bearer(&ca, &[("OAUTH_TOKEN_FILE", &old)])),
            "login",
            "secret_file",
            "one that expired",
        ),
        (start("no issuer", "LOGIN", &bearer(&ca, &issued(&later))), "login", "issuer", "Connection refused"),
    ];
    for (login, client, cause, words) in cases.iter_mut().chain(&mut repaired) {
        login.wait_for_trouble(client, cause, words);
    }
    for (mut login, client, ..) in cases {
        assert_eq!(login.told(client), 1, "{}: {}", login.name, login.daemon.stderr());
        assert!(login.daemon.exited().is_none(), "{}", login.name);
    }

    // Nobody starts anything anew.
    file("changed", "plain secret");
    file("odd", &token("oauth", 3_600));
    file("old", &token("oauth", 3_600));
    let _issuer = Issuer::start(port, "the%20daemon", "its%20secret");
    for (login, ..) in &mut repaired {
        login.wait_for_all(EVENTS as f64);
    }
    for (mut login, client, ..) in repaired {
        assert_eq!(login.told(client), 1, "{}: {}", login.name, login.daemon.stderr());
        assert!(login.daemon.stderr().contains("access to Kafka works again"), "{}", login.name);
        assert!(login.daemon.terminate().success(), "{}", login.name);
    }
}

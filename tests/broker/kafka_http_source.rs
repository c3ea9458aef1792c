//! Events by HTTP: the three modes of CloudEvents, a broker that goes and comes, logins. What was confirmed is in the topic and is counted.
//! Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::collections::BTreeSet;
use std::io::{BufReader, Write};
use std::time::Duration;

use serde_json::{Value, json};
use support::kafka::{Broker, ReadRecord};
use support::process::{HttpResponse, free_port, http_get, http_request, read_response};
use support::setup::{DEAD_LETTERS, Setup, accepted, sample, selection};
use support::web::{Authority, Client, WebFolder, basic, exchange};

const LIMIT: Duration = Duration::from_secs(120);
const STRUCTURED: (&str, &str) = ("Content-Type", "application/cloudevents+json; charset=UTF-8");
const BATCH: (&str, &str) = ("Content-Type", "application/cloudevents-batch+json");

struct Source {
    setup: Setup,
    url: String,
    port: u16,
}

impl Source {
    /// Without a login, as the file says; or with more keys.
    fn new(broker: &Broker, keys: &str) -> Self {
        let (setup, port) = (Setup::new(broker, "1s"), free_port());
        let text = std::fs::read_to_string(&setup.config).unwrap();
        let section = format!("\n[http_source]\nlisten = \"127.0.0.1:{port}\"\n{keys}\n");
        std::fs::write(&setup.config, text.replace("\n[profiles.cub]", &format!("{section}[profiles.cub]"))).unwrap();
        Self { setup, url: format!("http://127.0.0.1:{port}/v1/events"), port }
    }

    /// Without a broker the answer takes as long as the source waits for one.
    fn post(&self, headers: &[(&str, &str)], body: &str) -> HttpResponse {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (port, length) = (self.port, body.len());
        let head =
            format!("POST /v1/events HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {length}\r\n{headers}\r\n");
        exchange(port, format!("{head}{body}").as_bytes())
    }

    fn metrics(&self) -> String {
        http_get(&self.setup.url("/metrics")).map(|response| response.text()).unwrap_or_default()
    }
}

fn document(response: &HttpResponse) -> Value {
    serde_json::from_str(&response.text()).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

fn batch(numbers: std::ops::Range<u64>) -> String {
    format!("[{}]", numbers.map(|number| selection(number, false)).collect::<Vec<_>>().join(",\n"))
}

fn ids(records: &[ReadRecord]) -> BTreeSet<String> {
    let id = |record: &ReadRecord| {
        let event: Value = serde_json::from_str(&record.payload_text()).unwrap();
        event["id"].as_str().map(str::to_owned)
    };
    records.iter().filter_map(id).collect()
}

fn prepared() -> Broker {
    let broker = Broker::start();
    broker.create_topic("events", 3);
    broker.create_topic(DEAD_LETTERS, 1);
    broker
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn events_of_each_mode_are_in_the_topic_when_they_are_answered_and_are_counted() {
    let broker = prepared();
    let source = Source::new(&broker, "insecure_listen = true");
    let mut daemon = source.setup.start();
    daemon.wait_for_stderr("events are taken by HTTP", LIMIT);

    let stored = source.post(&[STRUCTURED], &selection(1, true));
    assert_eq!((stored.status, document(&stored)), (200, json!({"stored": 1})));
    let records = broker.read_all("events");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].key.as_deref(), Some(&b"c1"[..]));
    assert_eq!(records[0].payload_text(), selection(1, true));
    assert_eq!(records[0].header_text("content-type").as_deref(), Some("application/cloudevents+json"));

    let stored = source.post(&[BATCH], &batch(2..502));
    assert_eq!((stored.status, document(&stored)), (200, json!({"stored": 500})));
    assert_eq!(document(&source.post(&[BATCH], "[]")), json!({"stored": 0}));

    // In binary mode the attributes are headers, percent-encoded. A delivery that is repeated counts once.
    let data = r#"{"case_id":"c€1","profile":"cub","selected":true,"groups":{"origin":"dutch"}}"#;
    let binary = [
        ("Content-Type", "application/json"),
        ("ce-specversion", "1.0"),
        ("Ce-Type", "paritywatch.selection.v1"),
        ("ce-source", "/b%C3%A9"),
        ("ce-id", "b%251"),
        ("ce-time", "2026-01-01T00:00:01Z"),
        ("ce-traceparent", "00-1"),
    ];
    assert_eq!(source.post(&binary, data).status, 200);
    assert_eq!(source.post(&binary, data).status, 200);
    let records = broker.read_all("events");
    let written = records.iter().rfind(|record| record.header_text("ce_id").is_some()).unwrap();
    assert_eq!(written.key.as_deref(), Some("c€1".as_bytes()));
    assert_eq!(
        (written.header_text("ce_source"), written.header_text("ce_id")),
        (Some("/bé".into()), Some("b%1".into()))
    );
    assert_eq!(written.header_text("ce_traceparent").as_deref(), Some("00-1"));

    let metrics = daemon
        .wait_until(LIMIT, "all to be counted", || Some(source.metrics()).filter(|metrics| accepted(metrics) >= 502.0));
    assert_eq!(accepted(&metrics) as u64, 502);
    assert_eq!(sample(&metrics, r#"paritywatch_events_total{result="duplicate",type="selection"}"#), Some(1.0));
    assert_eq!(sample(&metrics, r#"paritywatch_http_source_events_total{result="stored"}"#), Some(503.0));
    assert_eq!(sample(&metrics, r#"paritywatch_http_source_requests_total{code="200"}"#), Some(5.0));
    assert_eq!(broker.end_offsets(DEAD_LETTERS), [0]);
    daemon.terminate();
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn nothing_of_a_request_is_written_that_has_an_event_nobody_can_read_and_the_answer_says_which() {
    let broker = prepared();
    let source = Source::new(&broker, "insecure_listen = true");
    let mut daemon = source.setup.start();
    daemon.wait_for_stderr("events are taken by HTTP", LIMIT);

    let wrong = selection(3, true).replace(r#""selected":true"#, r#""selected":"person-77""#);
    let refused = source.post(&[BATCH], &format!("[{},{wrong},{}]", selection(1, true), selection(2, true)));
    let said = document(&refused);
    assert_eq!(
        (refused.status, &said["stored"], &said["refused"], &said["of"]),
        (400, &json!(0), &json!(1), &json!(3))
    );
    assert_eq!((&said["reasons"][0]["index"], &said["reasons"][0]["reason"]), (&json!(1), &json!("wrong_type")));
    assert!(said["reasons"][0]["detail"].as_str().unwrap().contains("data.selected"), "{said}");
    assert!(!said.to_string().contains("person-77"), "{said}");

    let event = selection(1, true);
    let other = event.replace("paritywatch.selection.v1", "org.example.other");
    let measure = r#"{"specversion":"1.0","type":"paritywatch.measure.v1","source":"/t","id":"m","time":"2026-01-01T00:00:00Z","data":{}}"#;
    for (headers, body, status) in [
        (&[STRUCTURED][..], "{", 400),
        (&[STRUCTURED], other.as_str(), 400),
        (&[STRUCTURED], measure, 400),
        (&[STRUCTURED], "", 400),
        (&[BATCH], "{}", 400),
        (&[BATCH], "[1]", 400),
        (&[("Content-Type", "application/json")], &event, 415),
        (&[("Content-Type", "application/cloudevents+avro")], &event, 415),
        (&[("Content-Type", "application/cloudevents+json; charset=latin1")], &event, 415),
        (&[], &event, 415),
        (&[("Content-Type", "application/json"), ("ce-specversion", "1.0"), ("ce-id", "%zz")], "{}", 400),
        (&[("Content-Type", "application/json"), ("ce-specversion", "1.0"), ("ce-id", "%ff")], "{}", 400),
        (&[("Content-Type", "text/plain"), ("ce-specversion", "1.0"), ("ce-id", "1")], "x", 400),
    ] {
        let answer = source.post(headers, body);
        assert_eq!(answer.status, status, "{headers:?} {body}: {}", answer.text());
        assert!(!answer.text().contains("c1"), "{}", answer.text());
    }
    let many = format!("[{}]", vec!["{}"; 10_001].join(","));
    assert_eq!(source.post(&[BATCH], &many).status, 400);
    assert_eq!(source.post(&[BATCH], &format!("[{}]", " ".repeat(1 << 20))).status, 413);
    assert_eq!(http_request("GET", &source.url, &[], b"").unwrap().status, 405);
    assert_eq!(http_request("POST", &source.url.replace("events", "other"), &[STRUCTURED], b"{}").unwrap().status, 404);
    // What serves takes no events, and what takes events serves nothing.
    assert_eq!(http_get(&format!("http://127.0.0.1:{}/metrics", source.port)).unwrap().status, 404);
    let served = http_request("POST", &source.setup.url("/v1/events"), &[STRUCTURED], event.as_bytes()).unwrap();
    assert!([404, 413].contains(&served.status), "{}", served.status);

    assert_eq!(broker.end_offsets("events"), [0, 0, 0]);
    assert_eq!(source.post(&[STRUCTURED], &event).status, 200);
    let log = daemon.stderr();
    assert!(!log.contains("person-77") && !log.contains("c1\""), "{log}");
    daemon.terminate();
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn what_was_confirmed_is_there_after_a_broker_was_away_and_the_rest_may_be_sent_again() {
    let mut broker = prepared();
    let source = Source::new(&broker, "insecure_listen = true");
    let mut daemon = source.setup.start();
    daemon.wait_for_stderr("events are taken by HTTP", LIMIT);
    let all = |first: u64| first..first + 20;
    let named =
        |numbers: std::ops::Range<u64>| numbers.map(|number| format!("s{number}")).collect::<BTreeSet<String>>();
    let mut confirmed = BTreeSet::new();
    assert_eq!(source.post(&[BATCH], &batch(all(0))).status, 200);
    confirmed.extend(named(all(0)));

    broker.stop();
    let refused = source.post(&[BATCH], &batch(all(100)));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
    assert_eq!(document(&refused)["of"], json!(20));
    broker.start_again();
    // As its sender was told to: the same again.
    let again = support::process::wait_until(LIMIT, "the events to be stored", || {
        Some(source.post(&[BATCH], &batch(all(100)))).filter(|answer| answer.status == 200)
    });
    assert_eq!(document(&again), json!({"stored": 20}));
    confirmed.extend(named(all(100)));
    // Killed while requests are under way.
    for round in 0..6 {
        let first = 200 + round * 20;
        if round == 2 {
            broker.kill();
            broker.start_again();
        }
        if source.post(&[BATCH], &batch(all(first))).status == 200 {
            confirmed.extend(named(all(first)));
        }
    }
    assert!(confirmed.len() >= 60, "{}", confirmed.len());
    let written = ids(&broker.read_all("events"));
    let missing: Vec<&String> = confirmed.difference(&written).collect();
    assert_eq!(missing, Vec::<&String>::new());
    let metrics = daemon.wait_until(LIMIT, "what was written to be counted", || {
        Some(source.metrics()).filter(|metrics| accepted(metrics) >= written.len() as f64)
    });
    assert_eq!(accepted(&metrics) as usize, written.len());
    assert!(sample(&metrics, r#"paritywatch_http_source_events_total{result="unconfirmed"}"#).unwrap() >= 20.0);
    daemon.terminate();
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn whoever_shows_no_certificate_or_password_adds_nothing() {
    let broker = prepared();
    let (folder, authority) = (WebFolder::new(), Authority::new());
    folder.identity(&authority.issue(&["localhost", "127.0.0.1"]));
    folder.write("ca.crt", &authority.pem);
    let hash = bcrypt::hash("right", 4).unwrap();
    let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    folder.write(
        "web.yml",
        &format!("{tls}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\nbasic_auth_users:\n  producer: {hash}\n"),
    );
    let source = Source::new(&broker, &folder.key());
    let mut daemon = source.setup.start();
    daemon.wait_for_stderr("events are taken by HTTP", LIMIT);
    let client = Client::new(&authority.pem, Some(&authority.issue(&["producer.example.org"])));
    let post = |client: &Client, login: &str| {
        let body = selection(1, true);
        let request = format!(
            "POST /v1/events HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nContent-Type: application/cloudevents+json\r\nContent-Length: {}\r\n{login}\r\n{body}",
            source.port,
            body.len()
        );
        let mut stream = client.connect(source.port)?;
        stream.write_all(request.as_bytes())?;
        read_response(&mut BufReader::new(stream))
    };
    assert_eq!(post(&client, "").unwrap().status, 401);
    assert_eq!(post(&client, &basic("producer", "wrong")).unwrap().status, 401);
    post(&Client::new(&authority.pem, None), &basic("producer", "right")).expect_err("no certificate");
    let stranger = Authority::new().issue(&["producer.example.org"]);
    post(&Client::new(&authority.pem, Some(&stranger)), &basic("producer", "right")).expect_err("a stranger's");
    assert_eq!(broker.end_offsets("events"), [0, 0, 0]);
    assert_eq!(post(&client, &basic("producer", "right")).unwrap().status, 200);
    assert_eq!(broker.end_offsets("events").iter().sum::<i64>(), 1);
    daemon.terminate();

    // A web configuration that asks nothing is refused, on loopback too.
    folder.write("web.yml", tls);
    let mut daemon = source.setup.start();
    assert!(!daemon.wait_for_exit(LIMIT).success());
    assert!(daemon.stderr().contains("because http_source.insecure_listen is false"), "{}", daemon.stderr());
}

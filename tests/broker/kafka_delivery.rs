//! Alerts all the way: real Apache Kafka, a real Alertmanager, a webhook. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use support::kafka::{Broker, Record};
use support::process::{Daemon, http_get, wait_until};
use support::receiver::{Alertmanager, Behaviour, FakeReceiver};
use support::setup::{DEAD_LETTERS, START_MS, Setup, alerts_in, sample};

const LIMIT: Duration = Duration::from_secs(120);
const ALERTS: &str = "paritywatch.alerts";

/// Where the alert of a group stands: as many picked of so many, beside `dutch` with 100 of 1,000.
struct Stream<'b> {
    broker: &'b Broker,
    sent: u64,
}

impl Stream<'_> {
    fn send(&mut self, group: &str, assessed: u64, selected: u64) {
        let records: Vec<Record> = (0..assessed)
            .map(|number| {
                let id = self.sent + number;
                let event = format!(
                    r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/test","id":"e{id}","time":"2026-01-01T00:00:{:02}Z","data":{{"case_id":"c{id}","profile":"cub","selected":{},"groups":{{"origin":"{group}"}}}}}}"#,
                    id % 60,
                    number < selected,
                );
                Record::new(format!("c{id}"), event).at_ms(START_MS)
            })
            .collect();
        self.broker.produce("events", &records);
        self.sent += assessed;
    }
}

/// One rule by numbers alone, that fires and resolves at once.
fn setup(broker: &Broker, alerting: &str) -> Setup {
    let setup = Setup::new(broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let (before, _) = text.split_once("[[rules]]").unwrap();
    let rule = r#"
[[rules]]
name = "picked"
indicator = "selection_rate"
reference = "dutch"
windows = ["7d"]
warning = 1.1
critical = 1.25
evidence = "point"
owner = "oncall@example.org"
action = "look"
runbook = "https://example.org/runbooks/picked"
"#;
    std::fs::write(&setup.config, format!("{before}[alerting]\n{alerting}\n{rule}")).unwrap();
    setup
}

fn of_group<'v>(alerts: &'v [Value], group: &str) -> Vec<&'v Value> {
    alerts.iter().filter(|alert| alert["labels"]["group"] == group).collect()
}

#[test]
#[ignore = "needs Apache Kafka and Alertmanager: run tests/run"]
fn an_alert_fires_stays_the_same_over_a_crash_and_resolves_once_everywhere() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    broker.create_topic(ALERTS, 3);
    let alertmanager = Alertmanager::start();
    let webhook = FakeReceiver::start(Behaviour::Answer(204));
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "hunter2\n").unwrap();
    let setup = setup(
        &broker,
        &format!(
            "alertmanagers = [\"{}\"]\nwebhooks = [\"{}\"]\nwebhook_secret_file = \"{}\"\nresend_every = \"1s\"",
            alertmanager.url(),
            webhook.url("/hook"),
            secret.path().display()
        ),
    );
    let mut stream = Stream { broker: &broker, sent: 0 };
    stream.send("dutch", 1_000, 100);
    stream.send("non_european", 1_000, 120);
    let mut daemon = setup.start();

    // It fires as a warning, with everything that is known of it.
    let first = daemon
        .wait_until(LIMIT, "an alert", || of_group(&alertmanager.active(), "non_european").first().copied().cloned());
    let labels = &first["labels"];
    for (name, value) in [
        ("alertname", "ParitywatchDisparity"),
        ("rule", "picked"),
        ("profile", "cub"),
        ("channel", "profile"),
        ("dimension", "origin"),
        ("reference", "dutch"),
        ("severity", "warning"),
        ("delivery", "push"),
        ("service", "paritywatch"),
        ("team", "compliance"),
    ] {
        assert_eq!(labels[name], value, "{first}");
    }
    assert_eq!(labels.as_object().unwrap().len(), 11, "{first}");
    let annotations = &first["annotations"];
    for (name, value) in [
        ("group_events", "120"),
        ("group_exposed", "1000"),
        ("reference_events", "100"),
        ("ratio", "1.2"),
        ("window", "7d"),
        ("as_of", "2026-01-01T00:00:59Z"),
        ("inputs", "events/0=2000"),
        ("owner", "oncall@example.org"),
        ("action", "look"),
        ("runbook_url", "https://example.org/runbooks/picked"),
    ] {
        assert_eq!(annotations[name], value, "{first}");
    }
    let alert_id = annotations["alert_id"].as_str().unwrap().to_owned();
    assert!(first["generatorURL"].as_str().unwrap().ends_with(&format!("/#alert.{alert_id}")), "{first}");

    // Killed, it goes on as the same alert.
    daemon.kill();
    daemon = setup.start();
    let resent = r#"paritywatch_deliveries_total{receiver="alertmanager:"#;
    daemon.wait_for_http(
        &setup.url("/metrics"),
        |page| {
            let text = page.text();
            let told = |line: &str| line.starts_with(resent) && line.contains("delivered") && !line.ends_with(" 0");
            let overdue = r#"paritywatch_delivery_resend_overdue_seconds{receiver="alertmanager:"#;
            text.lines().any(told) && text.lines().any(|line| line.starts_with(overdue) && line.ends_with(" 0"))
        },
        LIMIT,
    );
    let again = alertmanager.active();
    let again = of_group(&again, "non_european");
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["annotations"]["alert_id"], alert_id.as_str());
    assert_eq!(again[0]["startsAt"], first["startsAt"]);
    assert_eq!(again[0]["fingerprint"], first["fingerprint"]);

    // It becomes critical: the warning ends, the same episode goes on.
    stream.send("non_european", 100, 100);
    let critical = daemon.wait_until(LIMIT, "a critical alert", || {
        let active = alertmanager.active();
        let of = of_group(&active, "non_european");
        (of.len() == 1 && of[0]["labels"]["severity"] == "critical").then(|| of[0].clone())
    });
    assert_eq!(critical["annotations"]["alert_id"], alert_id.as_str());
    assert_eq!(critical["startsAt"], first["startsAt"]);
    daemon.kill();
    daemon = setup.start();

    // It resolves.
    stream.send("non_european", 2_000, 0);
    daemon.wait_until(LIMIT, "the end", || of_group(&alertmanager.active(), "non_european").is_empty().then_some(()));

    // The webhook got each transition in order; what came twice has the same id, and the same body.
    let expected: Vec<String> = (1..=3).map(|number| format!("{alert_id}-{number}")).collect();
    daemon.wait_until(LIMIT, "the webhook's messages", || {
        webhook.taken().iter().any(|request| request.header("x-paritywatch-id") == Some(&expected[2])).then_some(())
    });
    let taken = webhook.taken();
    let ids: Vec<&str> = taken.iter().filter_map(|request| request.header("x-paritywatch-id")).collect();
    assert_eq!(first_of_each(&ids), expected);
    let kinds: Vec<Value> = expected
        .iter()
        .map(|id| {
            let request = taken.iter().find(|request| request.header("x-paritywatch-id") == Some(id)).unwrap();
            request.json()["transition"]["kind"].clone()
        })
        .collect();
    assert_eq!(kinds, ["firing", "severity_changed", "resolved"]);

    // The topic as well.
    let records = daemon.wait_until(LIMIT, "the topic's messages", || {
        let records = alerts_in(broker.read_all(ALERTS));
        let events: Vec<Value> =
            records.iter().map(|record| serde_json::from_str(&record.payload_text()).unwrap()).collect();
        events.iter().any(|event| event["id"] == expected[2].as_str()).then_some(records)
    });
    let events: Vec<Value> =
        records.iter().map(|record| serde_json::from_str(&record.payload_text()).unwrap()).collect();
    let ids: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(first_of_each(&ids), expected);
    for (record, event) in records.iter().zip(&events) {
        assert_eq!(record.key.as_deref(), Some(alert_id.as_bytes()));
        assert_eq!(record.header_text("content-type").unwrap(), "application/cloudevents+json; charset=UTF-8");
        assert_eq!(event["type"], "paritywatch.alert.v1");
        assert_eq!(event["data"]["alert"]["id"], alert_id.as_str());
    }
    assert_eq!(records.iter().map(|record| record.partition).collect::<BTreeSet<_>>().len(), 1);
    assert!(daemon.terminate().success());
    assert!(!daemon.stderr().contains("hunter2") && !daemon.stderr().contains("/hook"), "a secret in the logs");
}

#[test]
#[ignore = "needs Apache Kafka and Alertmanager: run tests/run"]
fn dead_receivers_slow_nothing_and_get_everything_when_they_are_back() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    broker.create_topic(ALERTS, 1);
    let mut alertmanager = Alertmanager::start();
    alertmanager.kill();
    let hanging = FakeReceiver::start(Behaviour::Hang);
    let good = FakeReceiver::start(Behaviour::Answer(200));
    let setup = setup(
        &broker,
        &format!(
            "alertmanagers = [\"{}\"]\nwebhooks = [\"{}\", \"{}\"]\nresend_every = \"1s\"",
            alertmanager.url(),
            hanging.url("/"),
            good.url("/")
        ),
    );
    let mut stream = Stream { broker: &broker, sent: 0 };
    stream.send("dutch", 1_000, 100);
    let mut daemon = setup.start();
    let accepted = |daemon: &mut Daemon, count: u64| {
        let series = r#"paritywatch_events_total{result="accepted",type="selection"}"#;
        let counted = move |text: &str| sample(text, series) == Some(count as f64);
        daemon.wait_for_http(&setup.url("/metrics"), |page| counted(&page.text()), LIMIT);
    };
    // Fires and resolves while two of the receivers are dead; everything goes on.
    stream.send("european", 1_000, 200);
    accepted(&mut daemon, stream.sent);
    daemon.wait_until(LIMIT, "that it fires", || (good.taken().len() == 1).then_some(()));
    stream.send("european", 9_000, 0);
    accepted(&mut daemon, stream.sent);
    daemon.wait_until(LIMIT, "that it resolves", || (good.taken().len() == 2).then_some(()));
    // Another that goes on firing.
    stream.send("non_european", 1_000, 200);
    daemon.wait_until(LIMIT, "that another fires", || (good.taken().len() == 3).then_some(()));
    let pending = format!(r#"paritywatch_delivery_pending{{receiver="webhook:127.0.0.1:{}"}}"#, hanging.port);
    daemon.wait_for_http(&setup.url("/metrics"), |page| sample(&page.text(), &pending) == Some(3.0), LIMIT);
    assert_eq!(hanging.taken().len(), 0);
    daemon.kill();
    daemon = setup.start();
    // They come back.
    hanging.behave(Behaviour::Answer(200));
    alertmanager.launch();
    daemon.wait_until(LIMIT, "what the webhook missed", || (hanging.taken().len() == 3).then_some(()));
    daemon.wait_until(LIMIT, "what the Alertmanager missed", || {
        let active = alertmanager.active();
        (of_group(&active, "non_european").len() == 1 && of_group(&active, "european").is_empty()).then_some(())
    });
    let ids = |receiver: &FakeReceiver| -> Vec<String> {
        let ids = |request: &support::receiver::Request| request.header("x-paritywatch-id").unwrap().to_owned();
        receiver.taken().iter().map(ids).collect()
    };
    assert_eq!(ids(&hanging), first_of_each(&ids(&good).iter().map(String::as_str).collect::<Vec<_>>()));
    daemon.wait_for_http(&setup.url("/metrics"), |page| sample(&page.text(), &pending) == Some(0.0), LIMIT);

    // An Alertmanager that has lost what it knew is told again what fires.
    alertmanager.kill();
    alertmanager.launch();
    wait_until(LIMIT, "what fires", || (of_group(&alertmanager.active(), "non_european").len() == 1).then_some(()));

    // A rule that is gone from the configuration ends its alerts.
    let text = std::fs::read_to_string(&setup.config).unwrap();
    std::fs::write(
        &setup.config,
        text.replace("\"picked\"", "\"renamed\"")
            .replace("critical = 1.25", "critical = 99.0")
            .replace("warning = 1.1", "warning = 98.0"),
    )
    .unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait_until(LIMIT, "the end of what is gone", || {
        of_group(&alertmanager.active(), "non_european").is_empty().then_some(())
    });
    // Others may come before it: what is shown moves on while the last events are read.
    daemon.wait_until(LIMIT, "its message", || {
        good.taken().iter().any(|message| message.json()["transition"]["reason"] == "no_longer_watched").then_some(())
    });
    assert!(http_get(&setup.url("/-/healthy")).is_ok());
    assert!(daemon.terminate().success());
}

#[test]
#[ignore = "needs Apache Kafka and Alertmanager: run tests/run"]
fn a_measure_marks_its_alert_on_the_page_and_for_every_receiver() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    broker.create_topic(ALERTS, 1);
    let alertmanager = Alertmanager::start();
    let webhook = FakeReceiver::start(Behaviour::Answer(200));
    let setup = setup(
        &broker,
        &format!(
            "alertmanagers = [\"{}\"]\nwebhooks = [\"{}\"]\nresend_every = \"1s\"",
            alertmanager.url(),
            webhook.url("/")
        ),
    );
    let mut stream = Stream { broker: &broker, sent: 0 };
    stream.send("dutch", 1_000, 100);
    stream.send("non_european", 1_000, 120);
    let mut daemon = setup.start();
    let active = |accepted: &str, severity: &str| {
        let active = alertmanager.active();
        let of = of_group(&active, "non_european");
        let is_so = of.len() == 1
            && of[0]["labels"]["accepted"].as_str().unwrap_or_default() == accepted
            && of[0]["labels"]["severity"] == severity;
        is_so.then(|| of[0].clone())
    };
    daemon.wait_until(LIMIT, "an alert", || active("", "warning"));

    // Accepted up to a ratio of 1.3. It goes on firing, with a mark.
    let measure = r#"{"specversion":"1.0","type":"paritywatch.measure.v1","source":"/test","id":"m1","time":"2026-01-01T00:01:00Z","data":{"profile":"cub","rule":"picked","dimension":"origin","group":"non_european","measure":"accepted","reason":"known & <noted>","by":"profile-owner","accepted_ratio":1.3}}"#;
    broker.produce("events", &[Record::new("measures".to_owned(), measure.to_owned()).at_ms(START_MS)]);
    let marked = daemon.wait_until(LIMIT, "the mark", || active("true", "warning"));
    assert_eq!(marked["annotations"]["accepted_by"], "profile-owner");
    daemon.wait_for_http(&setup.url("/"), |page| page.text().contains("known &amp; &lt;noted&gt;"), LIMIT);
    daemon.wait_for_http(
        &setup.url("/metrics"),
        |page| sample(&page.text(), "paritywatch_accepted_alerts") == Some(1.0),
        LIMIT,
    );

    // A crash changes nothing of it.
    daemon.kill();
    daemon = setup.start();
    daemon.wait_for_http(&setup.url("/"), |page| page.text().contains("known &amp; &lt;noted&gt;"), LIMIT);
    daemon.wait_until(LIMIT, "the mark after the crash", || active("true", "warning"));

    // Beyond what was accepted it comes back, to everybody.
    stream.send("non_european", 100, 100);
    daemon.wait_until(LIMIT, "that it comes back", || active("", "critical"));
    daemon.wait_until(LIMIT, "the webhook's last message", || {
        let taken = webhook.taken();
        let transitions = taken.iter().map(|request| request.json()["transition"].clone());
        let mut ended = transitions.filter(|transition| transition["kind"] == "acceptance_ended");
        ended.next_back().filter(|ended| ended["reason"] == "beyond_accepted")
    });
    let taken = webhook.taken();
    let ids: Vec<&str> = taken.iter().filter_map(|request| request.header("x-paritywatch-id")).collect();
    let kinds: Vec<Value> = first_of_each(&ids)
        .iter()
        .filter_map(|id| taken.iter().find(|request| request.header("x-paritywatch-id") == Some(id)))
        .map(|request| request.json()["transition"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["firing", "accepted", "acceptance_ended"]);
    assert!(daemon.terminate().success());
}

/// Repeats left out.
fn first_of_each(ids: &[&str]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| seen.insert(**id)).map(|id| (*id).to_owned()).collect()
}

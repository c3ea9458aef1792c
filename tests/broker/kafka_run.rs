//! The daemon on real Apache Kafka. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::kafka::{Broker, Record};
use support::process::{check_metrics, http_get, http_request};
use support::setup::{DEAD_LETTERS, START_MS, Setup, binary, read, replay, sample, selection};

const LIMIT: Duration = Duration::from_secs(120);
/// For a million events with an unoptimised build on a busy machine.
const LONG_LIMIT: Duration = Duration::from_secs(600);

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_million_events_through_a_broker_restart_give_the_findings_of_their_replay() {
    let mut broker = Broker::start();
    broker.create_topic("events", 3);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "40s");
    let file = setup.folder.path().join("events.jsonl");
    let generate = |to: &str| {
        let mut command = Command::new(binary());
        command.args(["generate", "--scenario", "skewed-selection", "--events", "1000000", "--seed", "3", "--to", to]);
        command
    };
    assert!(generate(file.to_str().unwrap()).status().unwrap().success());
    let mut daemon = setup.start();
    let mut producer = generate(&format!("kafka://{}/events", broker.bootstrap())).spawn().unwrap();
    // In the middle.
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) > 300_000.0, LONG_LIMIT);
    broker.restart();
    assert!(producer.wait().unwrap().success());
    // All read, and the partitions idle, so that the watermark stands at the newest event as it does at the end of a replay.
    let replayed = replay(&setup, &file);
    let done = |text: &str| {
        let evaluation: Value = serde_json::from_str(text).unwrap_or_default();
        // A broker that was stopped may keep a batch that the producer then sends again: `read` and `duplicate` may be more.
        let is_same = |count: &str| evaluation["events"][count] == replayed["events"][count];
        evaluation["as_of"] == replayed["as_of"]
            && ["accepted", "rejected", "conflict", "too_late"].into_iter().all(is_same)
    };
    let response =
        daemon.wait_for_http(&setup.url("/api/v1/evaluation"), |response| done(&response.text()), LONG_LIMIT);
    let evaluation: Value = serde_json::from_str(&response.text()).unwrap();
    assert_eq!(evaluation["findings"], replayed["findings"]);
    assert_eq!(evaluation["config_hash"], replayed["config_hash"]);
    assert!(evaluation["findings"].as_array().unwrap().iter().any(|finding| finding["verdict"] == "critical"));
    assert!(daemon.terminate().success());
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn poison_goes_to_the_dead_letters_and_the_daemon_goes_on() {
    let broker = Broker::start();
    broker.create_topic("events", 2);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    let poison = [
        "not json",
        r#"{"specversion":"1.0"}"#,
        r#"{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/t","id":"x","time":"9999-01-01T00:00:00Z","data":{}}"#,
    ];
    let mut records: Vec<Record> = (0..50)
        .map(|number| Record::new(format!("c{number}"), selection(number, number % 2 == 0)).at_ms(START_MS))
        .collect();
    records.extend(poison.map(|payload| Record::new("poison", payload).on_partition(1).at_ms(START_MS)));
    records.push(Record {
        key: Some(b"tombstone".to_vec()),
        partition: Some(0),
        timestamp_ms: Some(START_MS),
        ..Record::default()
    });
    let binary_mode = [
        ("ce_specversion", "1.0"),
        ("ce_type", "paritywatch.selection.v1"),
        ("ce_source", "/test"),
        ("ce_id", "binary"),
        ("ce_time", "2026-01-01T00:00:00Z"),
        ("content-type", "application/json"),
    ];
    let body = r#"{"case_id":"binary","profile":"cub","selected":true,"groups":{"origin":"dutch"}}"#;
    records.push(
        binary_mode.iter().fold(Record::new("binary", body).at_ms(START_MS), |record, (name, value)| {
            record.with_header(name, *value)
        }),
    );
    let delivered = broker.produce("events", &records);

    let mut daemon = setup.start();
    let accepted = |text: &str| {
        read(text) == 51.0 && sample(text, r#"paritywatch_dead_letters_total{result="delivered"}"#) == Some(4.0)
    };
    daemon.wait_for_http(&setup.url("/metrics"), |response| accepted(&response.text()), LIMIT);
    let letters = broker.read_all(DEAD_LETTERS);
    assert_eq!(letters.len(), 4);
    for (letter, index) in
        letters.iter().filter(|letter| letter.header_text("__connect.errors.partition").unwrap() == "1").zip(50..)
    {
        assert_eq!(letter.header_text("__connect.errors.topic").as_deref(), Some("events"));
        assert_eq!(letter.header_text("__connect.errors.offset").unwrap(), delivered[index].offset.to_string());
        assert!(!letter.header_text("__connect.errors.exception.class.name").unwrap().is_empty());
        assert_eq!(letter.payload_text(), "", "a pointer, not the payload");
    }

    // Partitions added while it runs are read.
    broker.add_partitions("events", 4);
    let later: Vec<Record> =
        (100..140).map(|number| Record::new("c", selection(number, true)).on_partition(3).at_ms(START_MS)).collect();
    broker.produce("events", &later);
    let page = daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 91.0, LIMIT).text();
    assert_eq!(sample(&page, r#"paritywatch_consumer_lag{partition="3",topic="events"}"#), Some(0.0), "{page}");
    assert!(!page.contains("NaN"));
    check_metrics(&page);

    // Idle partitions do not hold the watermark back; what is asked is answered.
    daemon.wait_for_http(
        &setup.url("/api/v1/evaluation"),
        |response| response.text().contains(r#""as_of":"2026-01-01T00:00:59Z""#),
        LIMIT,
    );
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    assert_eq!(http_get(&setup.url("/-/healthy")).unwrap().status, 200);
    assert_eq!(http_get(&setup.url("/nothing")).unwrap().status, 404);
    assert_eq!(http_request("POST", &setup.url("/metrics"), &[], b"").unwrap().status, 405);
    assert!(daemon.terminate().success());
    assert!(!daemon.stderr().contains("c1\""), "no case id in the logs");
}

/// Also after a restart, of a topic that the state knows already.
#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn measures_are_taken_from_their_topics_alone() {
    let broker = Broker::start();
    for topic in ["events", "measures", DEAD_LETTERS] {
        broker.create_topic(topic, 1);
    }
    let setup = Setup::new(&broker, "1s");
    let config = std::fs::read_to_string(&setup.config).unwrap();
    let named = "topics = [\"events\", \"measures\"]\nmeasure_topics = [\"measures\"]";
    assert!(config.contains("topics = [\"events\"]"), "{config}");
    std::fs::write(&setup.config, config.replace("topics = [\"events\"]", named)).unwrap();
    let measure = |id: &str| {
        let payload = format!(
            r#"{{"specversion":"1.0","type":"paritywatch.measure.v1","source":"/test","id":"{id}","time":"2026-01-01T00:00:00Z","data":{{"profile":"cub","measure":"suspended","reason":"r","by":"owner"}}}}"#
        );
        Record::new("cub", payload).at_ms(START_MS)
    };
    for (round, expected) in [("first", 1.0), ("second", 2.0)] {
        broker.produce("events", &[measure(&format!("{round}-foreign"))]);
        broker.produce("measures", &[measure(&format!("{round}-own"))]);
        let mut daemon = setup.start();
        let taken = |text: &str| {
            sample(text, r#"paritywatch_measures{kind="suspended"}"#) == Some(expected)
                && sample(text, r#"paritywatch_rejected_events_total{reason="measure_topic"}"#) == Some(expected)
                && sample(text, "paritywatch_dead_letters_pending") == Some(0.0)
        };
        daemon.wait_for_http(&setup.url("/metrics"), |response| taken(&response.text()), LIMIT);
        assert!(daemon.terminate().success());
    }
    let letters = broker.read_all(DEAD_LETTERS);
    let topics: Vec<_> = letters.iter().filter_map(|letter| letter.header_text("__connect.errors.topic")).collect();
    assert_eq!(topics, ["events", "events"]);
}

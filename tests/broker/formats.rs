//! Topics in Avro and Protobuf, written by Confluent's serializers, with a real schema registry that comes and goes. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::time::Duration;

use serde_json::Value;
use support::kafka::{Broker, Record};
use support::process::{check_metrics, http_get, wait_until};
use support::registry::Registry;
use support::setup::{DEAD_LETTERS, START_MS, Setup, read, replay, sample};

const LIMIT: Duration = Duration::from_secs(180);

/// The topics and the registry of the configuration.
fn configure(setup: &Setup, registry: &Registry) {
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let text = text.replace("topics = [\"events\"]", "topics = [\"events\", \"avro\", \"protobuf\"]");
    let more = format!(
        r#"
[registry]
urls = ["http://127.0.0.1:9/nobody", "{url}"]
timeout = "2s"
[[mappings]]
name = "avro"
topics = ["avro"]
format = "avro"
[[mappings]]
name = "protobuf"
topics = ["protobuf"]
format = "protobuf"
"#,
        url = registry.url()
    );
    std::fs::write(&setup.config, text + &more).unwrap();
}

/// The selection that `tests/registry/produce.py` writes of a number.
fn selection(number: u64) -> String {
    let group = if number.is_multiple_of(2) { "dutch" } else { "non_european" };
    let selected = number.is_multiple_of(3) || (number % 2 == 1 && number.is_multiple_of(5));
    let time = jiff::Timestamp::from_millisecond(START_MS + 1_000 * i64::try_from(number).unwrap()).unwrap();
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/test","id":"s{number}","time":"{time}","data":{{"case_id":"c{number}","profile":"cub","selected":{selected},"groups":{{"origin":"{group}"}}}}}}"#
    )
}

#[test]
#[ignore = "needs Apache Kafka and a schema registry: run tests/run"]
fn records_of_every_format_are_counted_through_a_registry_that_is_killed() {
    let broker = Broker::start();
    ["events", "avro", "protobuf", DEAD_LETTERS].iter().for_each(|topic| broker.create_topic(topic, 1));
    let mut registry = Registry::start();
    let setup = Setup::new(&broker, "40s");
    configure(&setup, &registry);
    registry.produce("avro", &broker, "avro", 0..400);
    registry.produce("protobuf", &broker, "protobuf", 400..800);
    let plain = |numbers: std::ops::Range<u64>| {
        let millis = |number: u64| START_MS + 1_000 * i64::try_from(number).unwrap();
        let record = |number| Record::new(format!("c{number}"), selection(number)).at_ms(millis(number));
        broker.produce("events", &numbers.map(record).collect::<Vec<_>>());
    };
    plain(800..1_200);
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) >= 1_200.0, LIMIT);

    // Records of a schema that the daemon does not know yet, and of which the registry cannot tell it.
    registry.produce("avro2", &broker, "avro", 1_200..1_600);
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) >= 1_600.0, LIMIT);
    daemon.kill();
    registry.kill();
    let mut daemon = setup.start();
    // Nobody knows the schemas any more, and more records come.
    broker.produce("avro", &[framed_again(&broker, "avro")]);
    daemon.wait_for_http(
        &setup.url("/metrics"),
        |response| sample(&response.text(), "paritywatch_registry_answers ") == Some(0.0),
        LIMIT,
    );
    plain(1_600..2_000);
    // It is ready only if all that was in the log at its start was in its state.
    let ready = http_get(&setup.url("/-/ready")).unwrap();
    assert!(ready.text().contains("reading waits for the schema registry"), "{} {}", ready.status, ready.text());
    let waiting = http_get(&setup.url("/metrics")).unwrap().text();
    check_metrics(&waiting);
    assert_eq!(broker.end_offsets(DEAD_LETTERS), [0], "nothing is bad input because the registry is away");

    registry.start_again();
    registry.produce("protobuf", &broker, "protobuf", 2_000..2_400);
    // A schema that does not exist, and what is no frame.
    broker.produce("avro", &[Record::new("bad", b"\0\xff\xff\xff\xff\x02".to_vec()), Record::new("bad", "{}")]);
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) >= 800.0, LIMIT);
    wait_until(LIMIT, "two dead letters", || (broker.end_offsets(DEAD_LETTERS) == [2]).then_some(()));
    let letters = broker.read_all(DEAD_LETTERS);
    let reasons: Vec<_> =
        letters.iter().map(|letter| letter.header_text("__connect.errors.exception.class.name")).collect();
    assert_eq!(reasons, [Some("unsupported_format".to_owned()), Some("unsupported_format".to_owned())]);

    let file = setup.folder.path().join("events.jsonl");
    let lines: Vec<String> = (0..2_400).map(selection).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let replayed = replay(&setup, &file);
    let done = |text: &str| {
        let evaluation: Value = serde_json::from_str(text).unwrap_or_default();
        evaluation["as_of"] == replayed["as_of"] && evaluation["events"]["accepted"] == 2_400
    };
    let response = daemon.wait_for_http(&setup.url("/api/v1/evaluation"), |response| done(&response.text()), LIMIT);
    let evaluation: Value = serde_json::from_str(&response.text()).unwrap();
    assert_eq!(evaluation["findings"], replayed["findings"]);
    assert!(evaluation["findings"].as_array().unwrap().iter().any(|finding| finding["verdict"] == "critical"));
    assert!(daemon.terminate().success());
}

/// The last record of a topic once more: a duplicate, whose schema must be known all the same.
fn framed_again(broker: &Broker, topic: &str) -> Record {
    let last = broker.read_all(topic).pop().unwrap();
    Record { key: last.key, payload: last.payload, timestamp_ms: last.timestamp_ms, ..Record::default() }
}

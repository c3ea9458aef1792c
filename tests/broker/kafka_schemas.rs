//! Schemas that a registry does not give, or that are made to end whoever reads them, on real Apache Kafka. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::kafka_state::records;
use crate::support;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use support::kafka::{Broker, Record};
use support::process::{check_metrics, wait_until};
use support::setup::{DEAD_LETTERS, Setup, read, sample};

const LIMIT: Duration = Duration::from_secs(120);
/// Texts that lead into each other, each with a hundred lists around the next.
const TEXTS: usize = 60;

/// Starts a registry that has the schema 8, whose levels are thousands, and fails at the schema 7. It knows no other path. Returns its address.
fn start_registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    url
}

fn serve(mut stream: TcpStream) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = first.split(' ').nth(1).unwrap();
    let subject = path.strip_prefix("/subjects/").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
    let (status, body) = match (path, subject) {
        ("/schemas/ids/7", _) => (500, json!({"error_code": 50_001, "message": "Error in the backend"})),
        ("/schemas/ids/8", _) => {
            let reference =
                |index: usize| json!({"name": format!("R{index}"), "subject": index.to_string(), "version": 1});
            (200, json!({"schema": deep(0), "references": (1..TEXTS).map(reference).collect::<Vec<Value>>()}))
        }
        (_, Some(index)) => (200, json!({"schema": deep(index)})),
        _ => (404, json!({"error_code": 404, "message": "HTTP 404 Not Found"})),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

fn deep(index: usize) -> String {
    let inner = if index + 1 < TEXTS { format!("R{}", index + 1) } else { "long".to_owned() };
    let field = format!("{}\"{inner}\"{}", r#"{"type":"array","items":"#.repeat(100), "}".repeat(100));
    format!(r#"{{"type":"record","name":"R{index}","fields":[{{"name":"f","type":{field}}}]}}"#)
}

fn framed(id: u32) -> Record {
    Record::new("k", [&[0][..], &id.to_be_bytes(), b"\x02"].concat())
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_record_whose_schema_never_comes_is_named_and_can_be_given_up() {
    let broker = Broker::start();
    ["events", "avro", DEAD_LETTERS].iter().for_each(|topic| broker.create_topic(topic, 1));
    let (setup, url) = (Setup::new(&broker, "1s"), start_registry());
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let text = text.replace("topics = [\"events\"]", "topics = [\"events\", \"avro\"]");
    let mapping = "[[mappings]]\nname = \"avro\"\ntopics = [\"avro\"]\nformat = \"avro\"\n";
    let configure = |more: &str| {
        let text = format!("{text}\n[registry]\nurls = [\"{url}\"]\ntimeout = \"2s\"\n{more}{mapping}");
        std::fs::write(&setup.config, text).unwrap();
    };
    configure("");

    // An id that no registry can have, and a schema that would end the thread that compiles it: bad input, and the daemon goes on.
    broker.produce("avro", &[framed(u32::MAX), framed(8)]);
    let mut daemon = setup.start();
    wait_until(LIMIT, "two dead letters", || (broker.end_offsets(DEAD_LETTERS) == [2]).then_some(()));
    broker.produce("events", &records(0..100));
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 100.0, LIMIT);

    // A schema at which the registry always fails: reading waits, and what waits is named.
    broker.produce("avro", &[framed(7)]);
    let waiting = "paritywatch_registry_waiting_offset{partition=\"0\",schema=\"7\",topic=\"avro\"}";
    let page =
        daemon.wait_for_http(&setup.url("/metrics"), |response| sample(&response.text(), waiting) == Some(2.0), LIMIT);
    check_metrics(&page.text());
    assert_eq!(sample(&page.text(), "paritywatch_registry_answers "), Some(0.0));
    let named = "schema 7 of topic avro partition 0 offset 2";
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.text().contains(named), LIMIT);
    daemon.wait_for_stderr("the schema registry does not give a schema", LIMIT);
    broker.produce("events", &records(100..200));
    assert!(daemon.terminate().success());
    assert_eq!(broker.end_offsets(DEAD_LETTERS), [2]);

    configure("given_up_schemas = [7]\n");
    let mut daemon = setup.start();
    wait_until(LIMIT, "a third dead letter", || (broker.end_offsets(DEAD_LETTERS) == [3]).then_some(()));
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 200.0, LIMIT);
    assert!(daemon.terminate().success());
    let letters = broker.read_all(DEAD_LETTERS);
    for (letter, expected) in letters.iter().zip(["at most 2147483647", "at most 1024 levels", "7 was given up"]) {
        let headers = format!(
            "{:?}",
            letter
                .headers
                .iter()
                .map(|(_, value)| String::from_utf8_lossy(value.as_deref().unwrap_or_default()))
                .collect::<Vec<_>>()
        );
        assert!(headers.contains(expected), "{headers}");
    }
}

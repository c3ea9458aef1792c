//! Tests of the test harness itself. Those that need a real broker or promtool are run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use support::kafka::{Broker, Delivered, ReadRecord, Record};
use support::process::{Daemon, check_metrics, free_port, http_get, http_request, try_wait_until, wait_until};

const LIMIT: Duration = Duration::from_secs(30);

fn payloads(records: &[ReadRecord], partition: i32) -> Vec<String> {
    let of_partition = records.iter().filter(|record| record.partition == partition);
    of_partition.map(ReadRecord::payload_text).collect()
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn records_are_read_back_as_they_were_produced() {
    let broker = Broker::start();
    broker.create_topic("events", 3);
    assert_eq!(broker.end_offsets("events"), [0, 0, 0]);
    assert_eq!(broker.read_all("events"), []);

    let with_headers = Record::new("case-1", "one")
        .on_partition(2)
        .with_header("ce_type", "paritywatch.selection.v1")
        .with_header("ce_id", "1")
        .at_ms(1_388_534_400_000);
    let tombstone = Record {
        partition: Some(0),
        key: Some(b"case-2".to_vec()),
        headers: vec![("empty".to_owned(), None)],
        ..Record::default()
    };
    let delivered = broker.produce("events", &[with_headers.clone(), tombstone.clone()]);
    let at = |partition, offset| Delivered { partition, offset };
    assert_eq!(delivered, [at(2, 0), at(0, 0)]);
    assert_eq!(broker.end_offsets("events"), [1, 0, 1]);

    let records = broker.read_all("events");
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].partition, records[0].offset), (0, 0));
    assert_eq!(records[0].key, tombstone.key);
    assert_eq!(records[0].payload, None);
    assert_eq!(records[0].headers, tombstone.headers);
    assert_eq!((records[1].partition, records[1].offset), (2, 0));
    assert_eq!(records[1].key, with_headers.key);
    assert_eq!(records[1].payload, with_headers.payload);
    assert_eq!(records[1].headers, with_headers.headers);
    assert_eq!(records[1].timestamp_ms, with_headers.timestamp_ms);
    assert_eq!(records[1].header_text("ce_id").as_deref(), Some("1"));

    // More than the client's queue of 100,000 messages, and no partition named.
    let many: Vec<Record> =
        (0..120_000).map(|number| Record::new(format!("case-{number}"), number.to_string())).collect();
    let delivered = broker.produce("events", &many);
    assert_eq!(delivered.len(), many.len());
    let records = broker.read_all("events");
    assert_eq!(records.len(), 2 + many.len());
    for (record, delivered) in many.iter().zip(&delivered).step_by(1_000) {
        let found =
            records.iter().find(|read| (read.partition, read.offset) == (delivered.partition, delivered.offset));
        assert_eq!(found.unwrap().payload, record.payload);
    }
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_restart_keeps_address_and_data() {
    let mut broker = Broker::start();
    let bootstrap = broker.bootstrap();
    broker.create_topic("events", 2);
    broker.produce("events", &[Record::new("a", "first").on_partition(0), Record::new("b", "second").on_partition(1)]);

    broker.restart();
    assert_eq!(broker.bootstrap(), bootstrap);
    broker.produce("events", &[Record::new("a", "third").on_partition(0)]);

    broker.stop();
    TcpStream::connect(&bootstrap).expect_err("a stopped broker");
    broker.start_again();
    broker.produce("events", &[Record::new("a", "fourth").on_partition(0)]);

    broker.kill();
    TcpStream::connect(&bootstrap).expect_err("a killed broker");
    broker.start_again();
    broker.produce("events", &[Record::new("b", "fifth").on_partition(1)]);

    let records = broker.read_all("events");
    assert_eq!(payloads(&records, 0), ["first", "third", "fourth"]);
    assert_eq!(payloads(&records, 1), ["second", "fifth"]);
    drop(broker);
    TcpStream::connect(&bootstrap).expect_err("a dropped broker");
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn topics_grow_shrink_and_are_made_anew() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.produce("events", &[Record::new("a", "old").on_partition(0)]);
    broker.add_partitions("events", 3);
    broker.produce("events", &[Record::new("a", "new").on_partition(2)]);
    let records = broker.read_all("events");
    assert_eq!(payloads(&records, 0), ["old"]);
    assert_eq!(payloads(&records, 2), ["new"]);

    broker.produce("events", &[Record::new("a", "kept").on_partition(0)]);
    broker.delete_records("events", 0, 1);
    assert_eq!(payloads(&broker.read_all("events"), 0), ["kept"]);
    broker.delete_records("events", 0, 2);
    assert_eq!(payloads(&broker.read_all("events"), 0), [""; 0]);
    assert_eq!(broker.end_offsets("events"), [2, 0, 1]);

    broker.delete_topic("events");
    broker.create_topic_with("events", 2, &[("cleanup.policy", "compact")]);
    assert_eq!(broker.read_all("events"), []);
    assert_eq!(broker.end_offsets("events"), [0, 0]);
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_failure_shows_the_broker_log() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    let again = catch_unwind(AssertUnwindSafe(|| broker.create_topic("events", 1)));
    let text = again.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("already exists"), "{text}");
    assert!(text.contains("Kafka Server started"), "{text}");

    let nowhere = [Record::new("a", "b").on_partition(7)];
    let refused = catch_unwind(AssertUnwindSafe(|| broker.produce("events", &nowhere)));
    let text = refused.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("produce record 0 to events"), "{text}");
}

#[test]
#[ignore = "needs promtool: run tests/run"]
fn promtool_accepts_good_metrics_and_complains_of_bad_ones() {
    check_metrics("# HELP good_total All of them.\n# TYPE good_total counter\ngood_total 1\n");
    for (bad, complaint) in [("# TYPE bad counter\nbad 1\n", "no help text"), ("not a metric\n", "error while linting")]
    {
        let panic = catch_unwind(|| check_metrics(bad)).unwrap_err();
        let text = panic.downcast::<String>().unwrap();
        assert!(text.contains(complaint), "{text}");
    }
}

#[test]
fn a_daemon_is_heard_terminated_and_killed() {
    let shell = Path::new("sh");
    let script = r#"trap 'echo bye; exit 3' TERM; echo "$1 $WORD"; echo ready >&2; while :; do sleep 0.05; done"#;
    let start = || Daemon::start(shell, &["-c", script, "sh", "hello"], &[("WORD", "world")]);

    let mut daemon = start();
    daemon.wait_for_stderr("ready", LIMIT);
    assert!(daemon.exited().is_none());
    assert_eq!(daemon.terminate().code(), Some(3));
    assert_eq!(daemon.stdout(), "hello world\nbye\n");
    assert_eq!(daemon.stderr(), "ready\n");

    let mut daemon = start();
    daemon.wait_for_stderr("ready", LIMIT);
    assert_eq!(daemon.kill().code(), None);
    assert!(!daemon.stdout().contains("bye"));

    let mut daemon = start();
    let process_folder = format!("/proc/{}", daemon.id());
    daemon.wait_until(LIMIT, "its folder", || Path::new(&process_folder).exists().then_some(()));
    drop(daemon);
    assert!(!Path::new(&process_folder).exists());
}

#[test]
fn a_daemon_that_ends_early_fails_the_wait_with_its_words() {
    let script = "echo unreadable configuration >&2; exit 78";
    let mut daemon = Daemon::start(Path::new("sh"), &["-c", script], &[]);
    let url = format!("http://127.0.0.1:{}/", free_port());
    let wait = AssertUnwindSafe(|| daemon.wait_for_http(&url, |_| true, LIMIT));
    let text = catch_unwind(wait).unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("exit status: 78"), "{text}");
    assert!(text.contains("unreadable configuration"), "{text}");
    assert_eq!(daemon.wait_for_exit(LIMIT).code(), Some(78));
}

#[test]
fn waiting_ends_at_the_limit_and_says_for_what() {
    let mut count = 0;
    let counted = wait_until(LIMIT, "three looks", || {
        count += 1;
        (count == 3).then_some(count)
    });
    assert_eq!(counted, 3);

    let short = Duration::from_millis(50);
    assert_eq!(try_wait_until(short, || None::<()>), None);
    let panic = catch_unwind(|| wait_until(short, "the impossible", || None::<()>));
    let text = panic.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*text, "waited 50ms in vain for the impossible");
}

#[test]
fn free_ports_can_be_listened_on() {
    let held: Vec<TcpListener> = (0..50).map(|_| TcpListener::bind(("127.0.0.1", free_port())).unwrap()).collect();
    assert_eq!(held.len(), 50);
}

/// Answers one connection with the bytes, and returns what it was asked.
fn serve(answer: &'static [u8]) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/path?query", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"end of body") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the request ends early");
            request.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

#[test]
fn http_bodies_come_by_length_in_chunks_or_to_the_end() {
    let answers: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-type: text/plain\r\n\r\nhello ignored",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nContent-Type:text/plain\r\n\r\n\
          2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
    ];
    for answer in answers {
        let (url, server) = serve(answer);
        let response = http_get(&url).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.header("Content-Type"), Some("text/plain"));
        assert_eq!(response.text(), "hello");
        let request = server.join().unwrap();
        assert!(request.starts_with("GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert!(request.contains("\r\nConnection: close\r\n"));
    }
}

#[test]
fn http_sends_headers_and_a_body() {
    let (url, server) = serve(b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n");
    let headers = [("Authorization", "Basic dTpw")];
    let response = http_request("POST", &url, &headers, b"end of body").unwrap();
    assert_eq!((response.status, response.body), (204, Vec::new()));
    let request = server.join().unwrap();
    assert!(request.starts_with("POST /path?query HTTP/1.1\r\n"));
    assert!(request.contains("\r\nAuthorization: Basic dTpw\r\n"));
    assert!(request.contains("\r\nContent-Length: 11\r\n"));
}

#[test]
fn http_refuses_half_an_answer() {
    let answers: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"not HTTP at all\r\n\r\n",
    ];
    for answer in answers {
        let (url, server) = serve(answer);
        http_get(&url).expect_err("half an answer");
        server.join().unwrap();
    }
    http_get(&format!("http://127.0.0.1:{}/", free_port())).expect_err("nobody listens");
    http_get("https://127.0.0.1/").expect_err("no TLS");
}

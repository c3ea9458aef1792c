//! A log that ends in the marker of a transaction: its offset holds no record. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::support::kafka::Broker;
use crate::support::process::{HttpResponse, wait_until};
use crate::support::setup::{DEAD_LETTERS, START_MS, Setup, read, sample, selection};

const LIMIT: Duration = Duration::from_secs(60);
const EVENTS: u64 = 10;

/// Sends events in one transaction, which ends in a marker.
fn commit(broker: &Broker, numbers: std::ops::Range<u64>) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap())
        .set("transactional.id", "a-producer")
        .create()
        .unwrap();
    producer.init_transactions(LIMIT).unwrap();
    producer.begin_transaction().unwrap();
    for number in numbers {
        let payload = selection(number, true);
        producer
            .send(BaseRecord::to("events").key("c").payload(&payload).timestamp(START_MS))
            .map_err(|(error, _)| error)
            .unwrap();
    }
    producer.commit_transaction(LIMIT).unwrap();
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_marker_at_the_end_of_a_log_is_read_past_and_is_no_gap_once_it_alone_is_left() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    commit(&broker, 0..EVENTS);
    let end = i64::try_from(EVENTS).unwrap() + 1;
    // The marker is written after the commit is acknowledged.
    wait_until(LIMIT, "a marker behind the events", || (broker.end_offsets("events") == [end]).then_some(()));
    let setup = Setup::new(&broker, "1s");
    let mut daemon = setup.start();
    let partition = r#"{partition="0",topic="events"}"#;
    let passed = |response: &HttpResponse| {
        let text = response.text();
        let is = |name: &str| sample(&text, &format!("paritywatch_consumer_{name}{partition}"));
        read(&text) == EVENTS as f64 && is("offset") == Some(end as f64) && is("lag") == Some(0.0)
    };
    daemon.wait_for_http(&setup.url("/metrics"), passed, LIMIT);
    assert!(daemon.terminate().success());

    // Everything before the end is gone; nothing of it was unread.
    broker.delete_records("events", 0, end);
    assert_eq!(broker.watermarks("events"), [(end, end)]);
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    commit(&broker, EVENTS..EVENTS + 1);
    let more = |response: &HttpResponse| {
        let offset = sample(&response.text(), &format!("paritywatch_consumer_offset{partition}"));
        offset == Some(end as f64 + 2.0)
    };
    let text = daemon.wait_for_http(&setup.url("/metrics"), more, LIMIT).text();
    assert_eq!(sample(&text, "paritywatch_consumer_fault"), Some(0.0));
    assert_eq!(sample(&text, "paritywatch_consumer_reconnects_total"), Some(0.0));
    assert!(daemon.terminate().success());
}

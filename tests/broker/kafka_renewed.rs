//! A topic is deleted and made anew on real Apache Kafka while the daemon reads it. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::kafka_state::{accept_gap, counted_and_stopped, faulty, records};
use crate::support;

use std::time::Duration;

use support::kafka::Broker;
use support::process::{Daemon, try_wait_until};
use support::setup::{DEAD_LETTERS, Setup, read, sample};

const LIMIT: Duration = Duration::from_secs(120);

/// Deletes the topic and makes it again as soon as the broker takes that.
fn make_anew(broker: &Broker) {
    broker.delete_topic("events");
    let made = try_wait_until(LIMIT, || {
        broker.create_topic("events", 1);
        Some(())
    });
    assert!(made.is_some());
}

/// A daemon that has read so many records.
fn reading(setup: &Setup, count: f64) -> Daemon {
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == count, LIMIT);
    daemon
}

/// The running daemon stops the partition and counts nothing of the new topic; so does the next one, until the gap is accepted.
fn stops_until_accepted(mut daemon: Daemon, setup: &Setup, counted: f64) {
    let is_stopped = |page: &str| sample(page, "paritywatch_consumer_fault") == Some(1.0);
    let page = daemon.wait_for_http(&setup.url("/metrics"), |response| is_stopped(&response.text()), LIMIT).text();
    assert_eq!(read(&page), counted, "{page}");
    let ready = daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 503, LIMIT).text();
    assert!(ready.contains("topic events partition 0: expected the topic with the id"), "{ready}");
    assert!(ready.contains("the topic was made anew"), "{ready}");
    assert!(daemon.terminate().success());
    let problem = faulty(setup, counted);
    assert!(problem.contains("made anew"), "{problem}");
    let (code, told) = accept_gap(setup, "the topic was made anew");
    assert_eq!(code, 0, "{told}");
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_topic_made_anew_while_it_is_read_is_not_read_on_in_its_middle() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    broker.produce("events", &records(0..300));

    // At once, faster than anybody looks, and with more records than the daemon has read.
    let daemon = reading(&setup, 300.0);
    make_anew(&broker);
    broker.produce("events", &records(1_000..1_500));
    stops_until_accepted(daemon, &setup, 300.0);
    counted_and_stopped(&setup, 800.0);

    // After the daemon has seen that it is gone.
    let mut daemon = reading(&setup, 800.0);
    broker.delete_topic("events");
    daemon.wait_for_stderr("the topics could not be looked at", LIMIT);
    broker.create_topic("events", 1);
    broker.produce("events", &records(2_000..2_900));
    stops_until_accepted(daemon, &setup, 800.0);
    counted_and_stopped(&setup, 1_700.0);

    // With fewer records.
    let daemon = reading(&setup, 1_700.0);
    make_anew(&broker);
    broker.produce("events", &records(3_000..3_010));
    stops_until_accepted(daemon, &setup, 1_700.0);
    counted_and_stopped(&setup, 1_710.0);
}

//! Reads one topic of a real Apache Kafka twice, by raw polling and through paritywatch, and prints the events per CPU second of both and their
//! ratio.
//!
//! `PARITYWATCH_KAFKA_JARS=target/kafka/jars cargo bench --bench end_to_end -- [EVENTS]`; `tests/run` fetches the jars.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::EventTime;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use paritywatch::sink::producer::PlainProducer;
use paritywatch::source::RecordHash;
use paritywatch::source::kafka::{Feed, KafkaSource};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use support::kafka::Broker;

const PARTITIONS: i32 = 3;
const POLL: Duration = Duration::from_millis(100);

fn main() {
    if std::env::var_os("PARITYWATCH_KAFKA_JARS").is_none() {
        println!("PARITYWATCH_KAFKA_JARS is not set: nothing is measured");
        return;
    }
    let events: u64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(2_000_000);
    let broker = Broker::start();
    broker.create_topic("events", PARTITIONS);
    let mut shape = Shape::new(Scenario::SkewedSelection, events, 1);
    shape.profile = "skewed".to_owned();
    let mut producer = PlainProducer::connect(&broker.bootstrap(), "events").unwrap();
    for event in Stream::new(&shape) {
        producer.send(&event.case_id, event.json.as_bytes(), event.time).unwrap();
    }
    producer.finish().unwrap();
    let raw = per_cpu_second(events, || poll_raw(&broker, events));
    let ours = per_cpu_second(events, || read_through(&broker, events));
    println!("raw poll:            {raw:>9.0} events per CPU second");
    println!("through paritywatch: {ours:>9.0} events per CPU second");
    println!("ratio: {:.2}", ours / raw);
}

fn per_cpu_second(events: u64, work: impl FnOnce()) -> f64 {
    let began = cpu_seconds();
    work();
    events as f64 / (cpu_seconds() - began)
}

/// Returns the CPU time of this process in seconds: user and system time of all threads, which are fields 14 and 15 of its `stat`, in
/// hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn poll_raw(broker: &Broker, events: u64) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap())
        .set("group.id", "raw")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    (0..PARTITIONS).for_each(|partition| list.add_partition_offset("events", partition, Offset::Beginning).unwrap());
    consumer.assign(&list).unwrap();
    let mut read = 0;
    while read < events {
        if let Some(message) = consumer.poll(POLL) {
            message.unwrap();
            read += 1;
        }
    }
}

fn read_through(broker: &Broker, events: u64) {
    let text = include_str!("../config/demo.toml");
    let overrides = [("PARITYWATCH__KAFKA__BROKERS".to_owned(), broker.bootstrap())];
    let settings = Settings::parse(text, "config/demo.toml", overrides.into_iter()).unwrap();
    let mut monitor = Monitor::new(settings.plan.clone(), PseudonymKey([1; 16]), Clock::Wall);
    let source = KafkaSource::start(
        settings.kafka.as_ref().unwrap(),
        settings.plan.event.message_bytes,
        &[],
        RecordHash(PseudonymKey([0; 16])),
    )
    .unwrap();
    let now = EventTime(1_800_000_000_000);
    let mut read = 0;
    while read < events {
        match source.feed.recv_timeout(POLL) {
            Ok(Feed::Partition(index, _)) => monitor.add_partition(index, now),
            Ok(Feed::Batch(batch)) => {
                for record in batch.records() {
                    let raw =
                        RawRecord { payload: record.payload, headers: &[], timestamp: record.timestamp.map(EventTime) };
                    monitor.handle_record(record.partition, &raw, now);
                }
                read += batch.len() as u64;
                source.give_back(batch);
                if read % 100_000 < 4_096 {
                    monitor.handle_tick(now);
                }
            }
            Err(_) => {}
        }
    }
    assert_eq!(monitor.health().events.accepted, events);
}

//! Records that are read where the client has put them: what they show, and what happens around them. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_batch::{RecordQueue, Records};
use paritywatch::ledger::PseudonymKey;
use paritywatch::settings::Settings;
use paritywatch::source::RecordHash;
use paritywatch::source::kafka::{Batch, Brokers, Feed, KafkaSource};
use paritywatch::status::SourceHealth;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use support::batch::batch;
use support::kafka::{Broker, Record};
use support::setup::{START_MS, selection};

const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// The largest size of an event, in bytes.
const MESSAGE_BYTES: usize = 1_000;

fn start(broker: &Broker) -> KafkaSource {
    let text = include_str!("../../config/demo.toml");
    let overrides = [("PARITYWATCH__KAFKA__BROKERS".to_owned(), broker.bootstrap())];
    let settings = Settings::parse(text, "config/demo.toml", overrides.into_iter()).unwrap();
    let hash = RecordHash(PseudonymKey([0; 16]));
    let kafka = settings.kafka.as_ref().unwrap();
    KafkaSource::start(&Brokers::open(kafka).unwrap(), kafka, MESSAGE_BYTES, &[], hash).unwrap()
}

fn records(numbers: std::ops::Range<u64>, partition: i32) -> Vec<Record> {
    let record = |number| Record::new(format!("c{number}"), selection(number, true)).at_ms(START_MS);
    numbers.map(|number| record(number).on_partition(partition)).collect()
}

/// Receives batches until as many records have come, and then none for a moment.
fn receive(source: &KafkaSource, records: usize) -> Vec<Batch> {
    let (began, mut batches, mut count) = (Instant::now(), Vec::<Batch>::new(), 0);
    loop {
        match source.feed.recv_timeout(POLL) {
            Ok(Feed::Batch(batch)) => {
                count += batch.len();
                batches.push(batch);
            }
            Ok(Feed::Partition(..) | Feed::Passed(..)) => {}
            Err(_) if count >= records => return batches,
            Err(_) => assert!(began.elapsed() < LIMIT, "{count} of {records} records came"),
        }
    }
}

/// The offsets of each partition, in the order in which they came.
fn offsets(batches: &[Batch]) -> BTreeMap<u32, Vec<i64>> {
    let mut offsets = BTreeMap::<u32, Vec<i64>>::new();
    for record in batches.iter().flat_map(Batch::records) {
        offsets.entry(record.partition.0).or_default().push(record.offset);
    }
    offsets
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_record_shows_what_was_sent_and_no_more_than_an_event_may_have() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    let plain = Record::new("a", "plain").on_partition(0).at_ms(START_MS);
    let mut binary = Record::new("b", "binary").on_partition(0).at_ms(START_MS + 1).with_header("ce_id", "7");
    binary.headers.push(("empty".to_owned(), None));
    let binary = binary.with_header("ce_source", "/test");
    let large = Record::new("c", vec![b'x'; 5 * MESSAGE_BYTES]).on_partition(0).at_ms(START_MS);
    let large =
        large.with_header("small", "s").with_header("large", vec![b'h'; 2 * MESSAGE_BYTES]).with_header("l", "l");
    let tombstone = Record { payload: None, ..Record::new("d", "").on_partition(0).at_ms(START_MS) };
    broker.produce("events", &[plain, binary, large, tombstone]);
    let source = start(&broker);
    let batches = receive(&source, 4);
    // The records stay where they are when their source is gone.
    drop(source);

    let all: Vec<_> = batches.iter().flat_map(Batch::records).collect();
    let texts: Vec<&[u8]> = all.iter().map(|record| record.payload).collect();
    assert_eq!(texts, [&b"plain"[..], b"binary", &[b'x'; MESSAGE_BYTES + 1], b""]);
    let times: Vec<Option<i64>> = all.iter().map(|record| record.timestamp).collect();
    assert_eq!(times, [START_MS, START_MS + 1, START_MS, START_MS].map(Some));
    let headers = |place: usize| all[place].headers().collect::<Vec<_>>();
    assert_eq!(headers(0), []);
    assert_eq!(headers(1), [("ce_id", &b"7"[..]), ("ce_source", b"/test")]);
    // Up to the first that does not fit.
    assert_eq!(headers(2), [("small", &b"s"[..])]);
    assert_eq!(headers(3), []);

    let mut places = Vec::new();
    let mut before = 0;
    for batch in &batches {
        places.extend(batch.headers().map(|(place, headers)| (before + place, headers.len())));
        before += batch.len();
    }
    assert_eq!(places, [(1, 2), (2, 1)]);
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn an_error_in_the_middle_of_a_batch_stops_its_partition_there_and_no_other() {
    let mut broker = Broker::start();
    broker.create_topic("events", 2);
    broker.produce("events", &records(0..10, 0));
    let mut changed = batch(10, 3, 0, b"noise", START_MS);
    let last = changed.len() - 1;
    changed[last] ^= 1;
    broker.stop();
    broker.append_to_log("events", 0, &changed);
    broker.start_again();
    broker.produce("events", &[records(10..20, 0), records(20..40, 1)].concat());

    let source = start(&broker);
    let batches = receive(&source, 30);
    let began = Instant::now();
    while source.state.health().fault.is_none() && began.elapsed() < LIMIT {
        std::thread::sleep(POLL);
    }
    let health = source.state.health();
    let fault = health.fault.unwrap();
    assert!(fault.contains("topic events partition 0: expected a batch that can be read at offset 10"), "{fault}");
    assert!(health.errors > 0);
    assert_eq!(health.partitions.iter().map(|partition| partition.next_offset).collect::<Vec<_>>(), [10, 20]);
    // What comes later to the other one still comes.
    broker.produce("events", &records(40..50, 1));
    let more = receive(&source, 10);
    let found = offsets(&[batches, more].into_iter().flatten().collect::<Vec<_>>());
    assert_eq!(found, BTreeMap::from([(0, (0..10).collect()), (1, (0..30).collect())]));
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_monitor_that_stalls_keeps_nothing_waiting_but_its_records() {
    const RECORDS: i64 = 60_000;
    let mut broker = Broker::start();
    broker.create_topic("events", 1);
    broker.produce("events", &records(0..RECORDS as u64, 0));
    let source = start(&broker);
    let wait_for = |what: &str, is_so: &dyn Fn(&SourceHealth) -> bool| {
        let began = Instant::now();
        while !is_so(&source.state.health()) {
            assert!(began.elapsed() < LIMIT, "{what}: {:?}", source.state.health());
            std::thread::sleep(POLL);
        }
    };
    // Nothing is received: a few batches are read, and no more.
    wait_for("that it reads", &|health| health.partitions.iter().any(|partition| partition.next_offset > 0));
    std::thread::sleep(Duration::from_secs(1));
    let read = source.state.health().partitions[0].next_offset;
    assert!(read < RECORDS / 2, "{read}");
    // A new partition and an error of the client are noticed all the same.
    broker.add_partitions("events", 2);
    broker.produce("events", &records(0..10, 1));
    wait_for("that it looks around", &|health| health.partitions.len() == 2);
    let errors = source.state.health().errors;
    broker.stop();
    wait_for("that it hears of errors", &|health| health.errors > errors);
    broker.start_again();
    assert_eq!(source.state.health().partitions[0].next_offset, read, "nothing more was read");
    let found = offsets(&receive(&source, RECORDS as usize + 10));
    assert_eq!(found, BTreeMap::from([(0, (0..RECORDS).collect()), (1, (0..10).collect())]));
    assert_eq!(source.state.health().reconnects, 0);
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn records_of_two_clients_outlive_both_in_one_batch() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.produce("events", &records(0..20, 0));
    let mut taken = Records::default();
    for from in [0, 10] {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker.bootstrap()).set("group.id", "test");
        let client: Arc<BaseConsumer> = Arc::new(config.create().unwrap());
        let queue = RecordQueue::new(Arc::clone(&client)).unwrap();
        assert!(queue.lead_here("events", 0));
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("events", 0, Offset::Offset(from)).unwrap();
        client.assign(&list).unwrap();
        let began = Instant::now();
        while taken.len() < usize::try_from(from).unwrap() + 10 && began.elapsed() < LIMIT {
            assert!(client.poll(Duration::ZERO).is_none(), "a record outside of the queue");
            queue.take(&mut taken, 1, POLL);
        }
    }
    // On another thread, when both clients are gone but for their records.
    let seen = std::thread::spawn(move || {
        let mut seen = Vec::new();
        let failure = taken.sift(0, |record| {
            assert_eq!((record.topic(), record.partition()), ("events", 0));
            let number = u64::try_from(record.offset()).unwrap();
            assert_eq!(record.payload(), Some(selection(number, true).as_bytes()));
            seen.push(record.offset());
            number % 2 == 0
        });
        assert!(failure.is_none(), "{failure:?}");
        assert_eq!(taken.len(), 10);
        seen
    });
    assert_eq!(seen.join().unwrap(), (0..20).collect::<Vec<i64>>());
}

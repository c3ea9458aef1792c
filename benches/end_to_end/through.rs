//! The product's source and core in one process, without the daemon around them: no state on disk, no web server, no evaluation but the last.

use std::path::Path;
use std::time::{Duration, Instant};

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor, Received};
use paritywatch::plan::EventTime;
use paritywatch::source::RecordHash;
use paritywatch::source::kafka::{Batch, Brokers, Feed, KafkaSource};

use super::measured::Read;
use super::product::Product;
use crate::support::feed::NOW;

/// Longest wait for a batch.
const WAIT: Duration = Duration::from_millis(100);

/// Reads and counts as many events as there are.
pub fn read(bootstrap: &str, topic: &str, events: u64) -> Read {
    let settings = Product::new(bootstrap, topic, Path::new("unused")).settings();
    let kafka = settings.kafka.as_ref().unwrap();
    let hash = RecordHash(PseudonymKey([0; 16]));
    let source =
        KafkaSource::start(&Brokers::open(kafka).unwrap(), kafka, settings.plan.event.message_bytes, &[], hash)
            .unwrap();
    let mut monitor = Monitor::new(settings.plan.clone(), PseudonymKey([1; 16]), Clock::Wall);
    let (mut count, mut first) = (0, None);
    while count < events {
        match source.feed.recv_timeout(WAIT) {
            Ok(Feed::Partition(index, _)) => monitor.add_partition(index, NOW),
            Ok(Feed::Batch(batch)) => {
                first.get_or_insert_with(Instant::now);
                count += take(&batch, &mut monitor);
                source.give_back(batch);
            }
            Ok(Feed::Passed(..)) | Err(_) => {}
        }
    }
    monitor.handle_tick(NOW);
    assert_eq!(monitor.health().events.accepted, events);
    let read = Read { first: first.unwrap(), last: Instant::now() };
    // The caller reads what the threads have taken, so they must not have ended.
    std::mem::forget(source);
    read
}

/// Counts a batch. All that depends on how batches are made and taken is here.
fn take(batch: &Batch, monitor: &mut Monitor) -> u64 {
    let received: Vec<Received<'_>> = batch
        .records()
        .map(|record| Received {
            partition: record.partition,
            record: RawRecord { payload: record.payload, headers: &[], timestamp: record.timestamp.map(EventTime) },
        })
        .collect();
    monitor.handle_batch(&received, NOW, &mut Vec::new());
    received.len() as u64
}

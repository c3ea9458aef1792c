//! The least that a reader does: it polls, and looks at nothing.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::measured::Read;
use super::product::client_config;
use crate::support::feed::PARTITIONS;

/// Longest wait for a record.
const POLL: Duration = Duration::from_millis(100);

/// Reads as many events as there are.
pub fn read(bootstrap: &str, topic: &str, events: u64) -> Read {
    let consumer: BaseConsumer = client_config(bootstrap, topic).create().unwrap();
    consumer.assign(&everything(topic)).unwrap();
    let (mut count, mut bytes, mut first) = (0, 0, None);
    while count < events {
        if let Some(message) = consumer.poll(POLL) {
            bytes += message.unwrap().payload_len();
            first.get_or_insert_with(Instant::now);
            count += 1;
        }
    }
    std::hint::black_box(bytes);
    let read = Read { first: first.unwrap(), last: Instant::now() };
    // The caller reads what the client's threads have taken, so they must not have ended.
    std::mem::forget(consumer);
    read
}

/// All partitions, from their beginnings.
pub fn everything(topic: &str) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS.cast_signed() {
        // Not `Offset::Beginning`: looking that up takes the client half a second.
        list.add_partition_offset(topic, partition, Offset::Offset(0)).unwrap();
    }
    list
}

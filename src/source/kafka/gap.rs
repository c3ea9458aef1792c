//! What `accept-gap` asks of the log: how far it reaches, and where a stopped partition can be read on.

use std::sync::atomic::AtomicBool;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;

use super::assignment::ANSWER_LIMIT;
use super::brokers::{Brokers, CONSUMER};
use super::config::consumer_config;
use super::message::Bounded;
use super::poison::{Found, behind_bad_batch, look_into};
use crate::checkpoint::{Input, LastRecord};
use crate::source::error::SourceError;
use crate::source::position::{RecordHashes, read_on};

/// The first offset of a partition's log, and the one behind its last.
///
/// # Errors
/// [`SourceError`] if no client can be made, or the broker does not answer within 10 seconds.
pub fn log_range(brokers: &Brokers, topic: &str, partition: i32) -> Result<(i64, i64), SourceError> {
    let consumer: BaseConsumer = brokers.config().create().map_err(|error| SourceError::client(&error))?;
    brokers.session(CONSUMER).renew(consumer.client());
    let range = consumer.fetch_watermarks(topic, partition, ANSWER_LIMIT);
    range.map_err(|error| SourceError::partition(topic, partition, error))
}

/// Returns the next readable offset of a partition whose log reaches from `begin` to before `end`.
///
/// That is `begin` if it is another log than the one that was read, or if records are gone. If the record to be read next, or the last one that
/// was read, cannot be read, it is the offset behind that. `None` if nothing is wrong: to begin elsewhere would count records twice, or lose
/// them.
///
/// # Errors
/// [`SourceError`] if no client can be made, or the broker does not answer in time.
pub fn next_readable(
    brokers: &Brokers,
    (group, message_bytes): (&str, usize),
    input: &Input,
    (begin, end): (i64, i64),
    hashes: &RecordHashes,
) -> Result<Option<i64>, SourceError> {
    let Input { topic, partition, next_offset, last } = input;
    if read_on(input, begin, end).is_err() {
        return Ok(Some(begin));
    }
    let (config, session) = (consumer_config(brokers.config(), group, message_bytes), brokers.session(CONSUMER));
    // A signal ends the command.
    let never = AtomicBool::new(false);
    // The last record that was read is read once more to be compared, so it may be what cannot be read.
    let last = last.filter(|last| last.offset >= begin);
    for at in last.map(|last| last.offset).into_iter().chain([*next_offset]).filter(|at| *at < end) {
        let mut another = false;
        let found = look_into(&config, &session, &never, (topic, *partition, at), |message| {
            let bounded = Bounded { message, limit: message_bytes };
            let is_another = |last: LastRecord| bounded.recognised(last, hashes).is_none();
            another = last.is_some_and(|last| last.offset == message.offset() && is_another(last));
        })?;
        match found {
            Found::Bad(_) => {
                return Ok(Some(
                    behind_bad_batch(&config, &session, (topic, *partition), (at, end))?.max(*next_offset),
                ));
            }
            Found::Silence | Found::Stopped => {
                return Err(SourceError::partition(topic, *partition, format!("no answer at offset {at} in time")));
            }
            Found::Record(_) if another => return Ok(Some(begin)),
            Found::Record(_) | Found::Nothing => {}
        }
    }
    Ok(None)
}

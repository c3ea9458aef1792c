//! Finds batches that cannot be read, because they are damaged, badly compressed, or inflate beyond the client's limit.
//!
//! librdkafka reports such a batch every half second, and its error names neither topic, partition nor offset. So a client of its own reads each
//! suspected partition once more, from where the daemon would read on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::brokers::Session;
use crate::source::error::SourceError;

/// Longest wait for a record, or for what is in its place.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Longest single wait inside the client.
const POLL_LIMIT: Duration = Duration::from_millis(100);

/// What a partition holds at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record, at this offset or behind it.
    Record(i64),
    /// A batch that cannot be read.
    Bad(RDKafkaErrorCode),
    /// The end of the log.
    Nothing,
    /// No answer in time.
    Silence,
    /// The look was cut short: the daemon stops.
    Stopped,
}

/// The code of an error, if it says that a batch cannot be read however often it is tried.
pub(super) fn bad_batch(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    let code = error.rdkafka_error_code()?;
    let bad = matches!(
        code,
        RDKafkaErrorCode::BadCompression
            | RDKafkaErrorCode::BadMessage
            | RDKafkaErrorCode::CriticalSystemResource
            | RDKafkaErrorCode::InvalidMessage
            | RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::NotImplemented
    );
    bad.then_some(code)
}

/// Looks at one partition at one offset. Ends early when `stop` is set.
pub(super) fn look_at(
    config: &ClientConfig,
    session: &Session,
    stop: &AtomicBool,
    at: (&str, i32, i64),
) -> Result<Found, SourceError> {
    look_into(config, session, stop, at, |_| ())
}

/// As [`look_at`], and shows the record, if there is one.
pub(super) fn look_into(
    config: &ClientConfig,
    session: &Session,
    stop: &AtomicBool,
    (topic, partition, offset): (&str, i32, i64),
    mut show: impl FnMut(&BorrowedMessage<'_>),
) -> Result<Found, SourceError> {
    let failed = |error: KafkaError| SourceError::partition(topic, partition, error);
    let mut config = config.clone();
    config.set("enable.partition.eof", "true").set("statistics.interval.ms", "0");
    let consumer: BaseConsumer = config.create().map_err(|error| SourceError::client(&error))?;
    session.anew().renew(consumer.client());
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset)).map_err(failed)?;
    consumer.assign(&list).map_err(failed)?;
    let began = Instant::now();
    while began.elapsed() < ANSWER_LIMIT {
        if stop.load(Ordering::Relaxed) {
            return Ok(Found::Stopped);
        }
        match consumer.poll(POLL_LIMIT) {
            Some(Ok(message)) => {
                show(&message);
                return Ok(Found::Record(message.offset()));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Found::Nothing),
            Some(Err(error)) => {
                if let Some(code) = bad_batch(&error) {
                    return Ok(Found::Bad(code));
                }
            }
            None => {}
        }
    }
    Ok(Found::Silence)
}

/// The first offset behind the bad batch at `offset`, at most `end`. The batch does not say how long it is, so the search goes on in steps that
/// double, and then halves the last one. If several batches are bad, it can pass over readable ones between them.
pub(super) fn behind_bad_batch(
    config: &ClientConfig,
    session: &Session,
    (topic, partition): (&str, i32),
    (offset, end): (i64, i64),
) -> Result<i64, SourceError> {
    let never = AtomicBool::new(false);
    let is_bad =
        |at: i64| look_at(config, session, &never, (topic, partition, at)).map(|found| matches!(found, Found::Bad(_)));
    let (mut bad, mut step) = (offset, 1);
    let mut good = loop {
        let next = (bad + step).min(end);
        if next >= end || !is_bad(next)? {
            break next;
        }
        (bad, step) = (next, step * 2);
    };
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        if is_bad(middle)? { bad = middle } else { good = middle }
    }
    Ok(good)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_partition_is_looked_at_no_longer_than_the_daemon_runs() {
        let mut config = ClientConfig::new();
        // Nobody answers there.
        config.set("bootstrap.servers", "127.0.0.1:9").set("group.id", "test");
        let session = crate::source::kafka::brokers::plain("127.0.0.1:9").session("test");
        let found = look_at(&config, &session, &AtomicBool::new(true), ("events", 0, 0));
        assert_eq!(found.unwrap(), Found::Stopped);
    }
}

//! Reads a sample of a topic for `inspect` and `init`.
//!
//! The client assigns itself partitions, as the daemon does. It joins no group, commits nothing, and writes nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::metadata::MetadataPartition;
use rdkafka::{Offset, TopicPartitionList};

use super::assignment::ANSWER_LIMIT;
use super::brokers::{Brokers, CONSUMER, Session};
use super::config::consumer_config;
use super::message::Bounded;
use super::poison::bad_batch;
use super::topics::look_at_topic;
use crate::plan::EventTime;
use crate::source::error::SourceError;
use crate::source::sample::{CutShort, SAMPLE_BYTES, SAMPLE_TIME, Sample, SampleRecord, SampledPartition};

/// Longest single wait inside the client.
const POLL_LIMIT: std::time::Duration = std::time::Duration::from_millis(100);
/// Runs of records of one partition: at its beginning, in its middle and at its end. Within a run no record is left out, so that the order shows.
const RUNS: i64 = 3;
/// A batch that cannot be read is told again and again. After so many times without a record in between, no more is waited for.
const UNREADABLE: u32 = 3;

/// What is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The topic.
    pub topic: &'w str,
    /// The consumer group of the configuration. It is named to the brokers, and not joined.
    pub group: &'w str,
    /// Most records, over all partitions.
    pub records: usize,
    /// Largest size of an event: of a longer record no more is kept, and one byte.
    pub message_bytes: usize,
}

/// Reads a sample. A partition that has more records than its share is read in three runs: its beginning, its middle and its end.
///
/// # Errors
/// [`SourceError`] if the topic cannot be looked up or read; the troubles of access are told with it.
pub fn sample_topic(brokers: &Brokers, wanted: Wanted<'_>) -> Result<Sample, SourceError> {
    let explained = |error: SourceError| {
        let troubles: Vec<String> = brokers.troubles().into_iter().map(|trouble| trouble.text).collect();
        if troubles.is_empty() {
            error
        } else {
            SourceError::topic(wanted.topic, format!("{error}: {}", troubles.join("; ")))
        }
    };
    read(brokers, wanted).map_err(explained)
}

fn read(brokers: &Brokers, wanted: Wanted<'_>) -> Result<Sample, SourceError> {
    let consumer = client(brokers, wanted)?;
    let partitions = partitions(&consumer, wanted.topic)?;
    let mut reading = Reading {
        wanted,
        consumer,
        began: Instant::now(),
        bytes: 0,
        sample: Sample { name: wanted.topic.to_owned(), partitions, ..Sample::default() },
    };
    for runs in reading.rounds() {
        reading.read_runs(runs)?;
        if reading.sample.cut_short.is_some() {
            break;
        }
    }
    let mut sample = reading.sample;
    sample.records.sort_by_key(|record| (record.partition, record.offset));
    sample.config = Some(look_at_topic(brokers, wanted.topic));
    Ok(sample)
}

fn client(brokers: &Brokers, wanted: Wanted<'_>) -> Result<BaseConsumer<Hearing>, SourceError> {
    let mut config: ClientConfig = consumer_config(brokers.config(), wanted.group, wanted.message_bytes);
    // A sample is small: what is fetched beside it is thrown away.
    config
        .set("enable.partition.eof", "true")
        .set("statistics.interval.ms", "0")
        .set("queued.min.messages", "1000")
        .set("queued.max.messages.kbytes", "8192");
    let session = brokers.session(CONSUMER);
    let consumer: BaseConsumer<Hearing> =
        config.create_with_context(Hearing { session }).map_err(|error| SourceError::client(&error))?;
    consumer.client().context().session.renew(consumer.client());
    Ok(consumer)
}

fn partitions(consumer: &BaseConsumer<Hearing>, topic: &str) -> Result<Vec<SampledPartition>, SourceError> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_LIMIT);
    let metadata = metadata.map_err(|error| SourceError::topic(topic, error))?;
    let known = metadata.topics().iter().find(|known| known.name() == topic);
    if let Some(error) = known.and_then(|known| known.error()) {
        return Err(SourceError::topic(topic, rdkafka::error::RDKafkaErrorCode::from(error)));
    }
    let mut numbers: Vec<i32> =
        known.map_or(&[][..], |known| known.partitions()).iter().map(MetadataPartition::id).collect();
    if numbers.is_empty() {
        return Err(SourceError::topic(topic, "expected partitions, found none"));
    }
    numbers.sort_unstable();
    let look = |partition: i32| {
        let range = consumer.fetch_watermarks(topic, partition, ANSWER_LIMIT);
        let (begin, end) = range.map_err(|error| SourceError::partition(topic, partition, error))?;
        Ok(SampledPartition { partition, begin, next: Some(end) })
    };
    numbers.into_iter().map(look).collect()
}

/// Offsets of a partition, from the first to before the last.
type Runs = BTreeMap<i32, (i64, i64)>;

struct Reading<'w> {
    wanted: Wanted<'w>,
    consumer: BaseConsumer<Hearing>,
    began: Instant,
    bytes: usize,
    sample: Sample,
}

impl Reading<'_> {
    /// What is read one after the other: of each partition one run at a time.
    fn rounds(&self) -> Vec<Runs> {
        let most = i64::try_from(self.wanted.records.div_ceil(self.sample.partitions.len().max(1))).unwrap_or(i64::MAX);
        let mut rounds = vec![Runs::new(); usize::try_from(RUNS).unwrap_or_default()];
        for SampledPartition { partition, begin, next } in &self.sample.partitions {
            let runs = runs_of(*begin, next.unwrap_or(*begin), most);
            for (round, run) in rounds.iter_mut().zip(runs) {
                round.insert(*partition, run);
            }
        }
        rounds.retain(|round| !round.is_empty());
        rounds
    }

    fn read_runs(&mut self, mut runs: Runs) -> Result<(), SourceError> {
        let topic = self.wanted.topic;
        let mut list = TopicPartitionList::new();
        for (partition, (begin, _)) in &runs {
            let added = list.add_partition_offset(topic, *partition, Offset::Offset(*begin));
            added.map_err(|error| SourceError::partition(topic, *partition, error))?;
        }
        self.consumer.assign(&list).map_err(SourceError::Assign)?;
        let mut unreadable = 0;
        while !runs.is_empty() {
            if self.began.elapsed() > SAMPLE_TIME {
                self.sample.cut_short = Some(CutShort::Time);
                break;
            }
            match self.consumer.poll(POLL_LIMIT) {
                Some(Ok(message)) => {
                    unreadable = 0;
                    let (partition, offset) = (message.partition(), message.offset());
                    let Some((_, end)) = runs.get(&partition).copied() else { continue };
                    if offset < end {
                        let record = copied(&message, self.wanted.message_bytes);
                        self.bytes += record.bytes();
                        self.sample.records.push(record);
                    }
                    if offset + 1 >= end {
                        runs.remove(&partition);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    runs.remove(&partition);
                }
                Some(Err(error)) if bad_batch(&error).is_some() => {
                    unreadable += 1;
                    if unreadable >= UNREADABLE {
                        self.sample.cut_short = Some(CutShort::Unreadable);
                        break;
                    }
                }
                // The client tries again by itself.
                Some(Err(_)) | None => {}
            }
            if self.bytes > SAMPLE_BYTES {
                self.sample.cut_short = Some(CutShort::Bytes);
                break;
            }
        }
        Ok(())
    }
}

/// The runs of a log from `begin` to before `end`, of which at most `most` records are read.
fn runs_of(begin: i64, end: i64, most: i64) -> Vec<(i64, i64)> {
    let held = end - begin;
    if held <= 0 || most <= 0 {
        return Vec::new();
    }
    if held <= most {
        return vec![(begin, end)];
    }
    let length = most / RUNS;
    if length == 0 {
        return vec![(end - most, end)];
    }
    // The last run takes what the division leaves over. Between it and the first there is room for more than the middle one.
    let (first_end, last_begin) = (begin + length, end - (most - 2 * length));
    let middle = first_end + (last_begin - first_end - length) / 2;
    vec![(begin, first_end), (middle, middle + length), (last_begin, end)]
}

fn copied(message: &BorrowedMessage<'_>, message_bytes: usize) -> SampleRecord {
    let bounded = Bounded { message, limit: message_bytes };
    SampleRecord {
        partition: message.partition(),
        offset: message.offset(),
        timestamp: bounded.timestamp().map(EventTime),
        key: message.key().map(<[u8]>::to_vec),
        headers: bounded.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
        payload: bounded.payload().to_vec(),
        document: None,
    }
}

/// Keeps what the client reports of access.
struct Hearing {
    session: Session,
}

impl ClientContext for Hearing {
    fn error(&self, _: KafkaError, reason: &str) {
        self.session.error(reason);
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.session.log(level, facility, line);
    }
}

impl ConsumerContext for Hearing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_whole_or_at_its_beginning_middle_and_end() {
        assert_eq!(runs_of(5, 5, 100), []);
        assert_eq!(runs_of(5, 105, 100), [(5, 105)]);
        assert_eq!(runs_of(0, 1_000, 100), [(0, 33), (483, 516), (966, 1_000)]);
        assert_eq!(runs_of(0, 1_000, 2), [(998, 1_000)]);
        for (held, most) in (1..200).flat_map(|held| (1..=50).map(move |most| (held, most))) {
            let runs = runs_of(7, 7 + held, most);
            let read: i64 = runs.iter().map(|(begin, end)| end - begin).sum();
            assert!(read == held.min(most), "{held} {most} {runs:?}");
            assert!(
                runs.windows(2).all(|pair| matches!(pair, [one, other] if one.1 <= other.0)),
                "{held} {most} {runs:?}"
            );
        }
    }
}

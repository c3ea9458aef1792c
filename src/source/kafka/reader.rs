//! Kafka: a consumer on its own thread that assigns itself every partition of its topics.
//!
//! librdkafka's `BaseConsumer` is polled here and nowhere else. There is no group membership: offsets are the daemon's own, those of its
//! checkpoint; without one it reads from the beginning. Offsets are committed for lag displays alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};

use crate::checkpoint::{Input, LastRecord};
use crate::monitor::PartitionIndex;
use crate::settings::Kafka;
use crate::source::poison::{Found, bad_batch, behind_bad_batch, look_at, look_into};
use crate::source::{Batch, RecordHash, SourceError, read_on};
use crate::status::{PartitionHealth, SourceHealth, lock};

/// Most records in a batch.
const BATCH_RECORDS: usize = 4_096;
/// Bytes at which a batch is sent on.
const BATCH_BYTES: usize = 1 << 20;
/// Longest a record waits for its batch to fill.
const BATCH_DELAY: Duration = Duration::from_millis(50);
/// Batches between the consumer's thread and the monitor's.
const QUEUED_BATCHES: usize = 4;
/// Time between two looks for new partitions.
const METADATA_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for an answer about topics or offsets.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Time between two commits for lag displays.
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// Most faults that are kept: one is enough to stop and look.
const MAX_FAULTS: usize = 100;
/// With records to read and none read for so long, the client is made anew.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// Time between two searches for a batch that cannot be read: the client reports it twice a second.
const SEARCH_EVERY: Duration = Duration::from_secs(5);
/// Most compressed bytes asked for at once. All of it is in memory inflated: by gzip up to 1,032 times as much, and a batch that is larger comes
/// whole all the same. Zstandard alone is kept to [`RECEIVE_BYTES`] by the client.
const FETCH_BYTES: usize = 1 << 20;
/// Largest answer of a broker, and most that one zstd batch may inflate to.
const RECEIVE_BYTES: usize = 32 << 20;
/// Longest wait for the thread to end; then it is left to the end of the process.
const END_LIMIT: Duration = Duration::from_secs(15);
/// Wait before another attempt to connect.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// What the consumer's thread sends.
#[derive(Debug)]
pub enum Feed {
    /// A partition was found and will be read from here on; they come in the order of their indices.
    Partition(PartitionIndex, Input),
    /// Records.
    Batch(Batch),
}

/// The running consumer.
pub struct KafkaSource {
    /// What it sends, in order.
    pub feed: Receiver<Feed>,
    /// How it fares.
    pub state: Arc<SourceState>,
    used: SyncSender<Batch>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How the consumer fares; shared with the client's callbacks.
#[derive(Debug, Default)]
pub struct SourceState {
    partitions: Mutex<BTreeMap<(String, i32), PartitionState>>,
    faults: Mutex<BTreeSet<String>>,
    errors: AtomicU64,
    reconnects: AtomicU64,
    assigned: AtomicBool,
    begun: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct PartitionState {
    index: PartitionIndex,
    next_offset: i64,
    end_offset: i64,
    /// The end when the partition was found: until there the daemon is catching up.
    catch_up: i64,
    /// Whether the client reads it.
    assigned: bool,
    /// `next_offset` when the client last reported, and whether it then had fetched all up to `catch_up` and given no record since the
    /// report before: what is left there are no records (markers of transactions take offsets, too).
    reported: i64,
    nothing_left: bool,
    /// The last record in the counts, until it was compared with what the partition holds at its offset.
    expected: Option<LastRecord>,
    /// It is another log than the one that was read, or records are gone: nothing of it is read.
    stopped: bool,
}

impl PartitionState {
    const fn new(index: PartitionIndex, next_offset: i64) -> Self {
        Self {
            index,
            next_offset,
            end_offset: next_offset,
            catch_up: next_offset,
            assigned: false,
            reported: -1,
            nothing_left: false,
            expected: None,
            stopped: false,
        }
    }
}

impl KafkaSource {
    /// Starts the consumer, which reads on where `inputs` say; their order is that of the partitions' indices.
    ///
    /// # Errors
    /// What librdkafka refuses of the configuration.
    pub fn start(settings: &Kafka, message_bytes: usize, inputs: &[Input], hash: RecordHash) -> Result<Self, SourceError> {
        let config = client_config(settings)?;
        let state = Arc::new(SourceState::reading_on(inputs));
        // Refused settings show now and not on the thread.
        let consumer = connect(&config, message_bytes, &state)?;
        let (sender, feed) = sync_channel(QUEUED_BATCHES);
        let (used, pool) = sync_channel(QUEUED_BATCHES * 2);
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            topics: settings.topics.clone(),
            config,
            message_bytes,
            consumer,
            state: Arc::clone(&state),
            sender,
            pool,
            stop: Arc::clone(&stop),
            batch: Batch::default(),
            batch_since: Instant::now(),
            cached: None,
            hash,
            last_record: Instant::now(),
            searched: None,
        };
        let thread = std::thread::Builder::new().name("kafka".to_owned()).spawn(move || reader.run());
        let thread = Some(thread.map_err(|source| SourceError::Thread { thread: "consumer's", source })?);
        Ok(Self { feed, state, used, stop, thread })
    }

    /// Gives a used batch back.
    pub fn give_back(&self, mut batch: Batch) {
        batch.clear();
        // With a full pool it is dropped.
        let _ = self.used.try_send(batch);
    }

    /// Asks the thread to end; what it has read until then still comes.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.stop();
        // The thread may be waiting to send.
        while self.feed.recv_timeout(BATCH_DELAY).is_ok() {}
        // librdkafka waits until a time of day: where the clock was set back during a wait, that can be long.
        let began = Instant::now();
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && began.elapsed() < END_LIMIT {
            std::thread::sleep(BATCH_DELAY);
        }
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

impl SourceState {
    fn reading_on(inputs: &[Input]) -> Self {
        let state = |(input, index): (&Input, u32)| {
            let Input { topic, partition, next_offset, last } = input;
            let state = PartitionState { expected: *last, ..PartitionState::new(PartitionIndex(index), *next_offset) };
            ((topic.clone(), *partition), state)
        };
        Self { partitions: Mutex::new(inputs.iter().zip(0..).map(state).collect()), ..Self::default() }
    }

    /// A copy.
    #[must_use]
    pub fn health(&self) -> SourceHealth {
        let partitions = lock(&self.partitions);
        let caught_up = |state: &PartitionState| state.next_offset >= state.catch_up || state.nothing_left;
        SourceHealth {
            caught_up: self.assigned.load(Ordering::Relaxed) && partitions.values().all(caught_up),
            fault: faults(&lock(&self.faults)),
            errors: self.errors.load(Ordering::Relaxed),
            reconnects: self.reconnects.load(Ordering::Relaxed),
            begun: self.begun.load(Ordering::Relaxed),
            partitions: partitions
                .iter()
                .map(|((topic, partition), state)| PartitionHealth {
                    topic: topic.clone(),
                    partition: *partition,
                    index: state.index,
                    next_offset: state.next_offset,
                    lag: (state.end_offset - state.next_offset).max(0),
                })
                .collect(),
        }
    }

    /// Topic and number of a partition.
    #[must_use]
    pub fn name(&self, index: PartitionIndex) -> Option<(String, i32)> {
        lock(&self.partitions).iter().find(|(_, state)| state.index == index).map(|(name, _)| name.clone())
    }

    fn fail(&self, what: String) {
        let mut faults = lock(&self.faults);
        if faults.len() < MAX_FAULTS && !faults.contains(&what) {
            tracing::error!(fault = what, "a partition is no longer read");
            faults.insert(what);
        }
    }
}

/// All faults in one line.
fn faults(all: &BTreeSet<String>) -> Option<String> {
    let texts: Vec<&str> = all.iter().map(String::as_str).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// The thread's state.
struct Reader {
    topics: Vec<String>,
    config: ClientConfig,
    message_bytes: usize,
    consumer: BaseConsumer<Context>,
    state: Arc<SourceState>,
    sender: SyncSender<Feed>,
    pool: Receiver<Batch>,
    stop: Arc<AtomicBool>,
    batch: Batch,
    batch_since: Instant,
    /// The partition of the record before: nearly always that of the next one, too.
    cached: Option<(String, i32, PartitionIndex, i64)>,
    hash: RecordHash,
    last_record: Instant,
    /// When a batch that cannot be read was last searched for.
    searched: Option<Instant>,
}

impl Reader {
    fn run(mut self) {
        let (mut looked, mut committed) = (None::<Instant>, Instant::now());
        while !self.stop.load(Ordering::Relaxed) {
            if looked.is_none_or(|at| at.elapsed() >= METADATA_EVERY) {
                if let Err(error) = self.look_for_partitions() {
                    tracing::warn!(%error, "the topics could not be looked at");
                    std::thread::sleep(RETRY_DELAY.min(BATCH_DELAY));
                }
                looked = Some(Instant::now());
            }
            if self.poll().is_err() {
                // Nobody receives any more.
                break;
            }
            if committed.elapsed() >= COMMIT_EVERY {
                self.commit();
                committed = Instant::now();
            }
            self.watch_progress();
        }
        let _ = self.flush();
    }

    fn poll(&mut self) -> Result<(), Gone> {
        let wait =
            if self.batch.is_empty() { BATCH_DELAY } else { BATCH_DELAY.saturating_sub(self.batch_since.elapsed()) };
        // Reborrowed by parts: the message borrows the consumer while the batch takes it.
        let Self { consumer, batch, state, cached, hash, message_bytes, .. } = self;
        let (mut other_log, mut bad) = (None, None);
        match consumer.poll(wait) {
            Some(Ok(message)) => {
                if batch.is_empty() {
                    self.batch_since = Instant::now();
                }
                self.last_record = Instant::now();
                let began = batch.is_empty();
                other_log =
                    take(&Bounded { message: &message, limit: *message_bytes }, batch, state, cached, hash).err();
                // Before the offset shows as read, which it does with the next record or with the batch.
                state.begun.fetch_add(u64::from(began && !batch.is_empty()), Ordering::Relaxed);
            }
            Some(Err(error)) => {
                note_error(&error, state);
                bad = bad_batch(&error);
            }
            None => {}
        }
        if let Some(code) = bad {
            self.search_bad_batch(code);
        }
        if let Some(OtherLog { topic, partition, problem }) = other_log {
            self.stop_partition(&topic, partition, problem);
        }
        let full = self.batch.len() >= BATCH_RECORDS || self.batch.bytes() >= BATCH_BYTES;
        if full || !self.batch.is_empty() && self.batch_since.elapsed() >= BATCH_DELAY { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        self.remember_offset();
        if self.batch.is_empty() {
            return Ok(());
        }
        let empty = self.pool.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, empty);
        self.sender.send(Feed::Batch(full)).map_err(|_| Gone)
    }

    fn remember_offset(&mut self) {
        if let Some((topic, partition, _, next)) = self.cached.take() {
            set_next_offset(&self.state, &topic, partition, next);
        }
    }

    /// Assigns the partitions that are not assigned yet. What was found is assigned even where another topic cannot be looked at.
    fn look_for_partitions(&mut self) -> Result<(), SourceError> {
        let mut found = Vec::new();
        let topics = self.topics.clone();
        let looked: Vec<Result<(), SourceError>> = topics.iter().map(|topic| self.look_into(topic, &mut found)).collect();
        self.assign(found)?;
        looked.into_iter().collect::<Result<(), SourceError>>()?;
        self.state.assigned.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn look_into(&self, topic: &str, found: &mut Vec<(String, i32, i64)>) -> Result<(), SourceError> {
        let metadata = self.consumer.fetch_metadata(Some(topic), ANSWER_LIMIT);
        let metadata = metadata.map_err(|error| SourceError::topic(topic, error))?;
        let known = metadata.topics().iter().find(|known| known.name() == topic);
        if let Some(error) = known.and_then(|known| known.error()) {
            // Such as a missing permission.
            return Err(SourceError::topic(topic, RDKafkaErrorCode::from(error)));
        }
        let partitions = known.map_or(&[][..], |known| known.partitions());
        if partitions.is_empty() {
            return Err(SourceError::topic(topic, "expected partitions, found none"));
        }
        for number in partitions.iter().map(rdkafka::metadata::MetadataPartition::id) {
            let key = (topic.to_owned(), number);
            let known = lock(&self.state.partitions).get(&key).copied();
            if known.is_some_and(|state| state.assigned || state.stopped) {
                continue;
            }
            let (begin, end) = self
                .consumer
                .fetch_watermarks(topic, number, ANSWER_LIMIT)
                .map_err(|error| SourceError::partition(topic, number, error))?;
            if let Some(offset) = self.register(key, known, begin, end)? {
                found.push((topic.to_owned(), number, offset));
            }
        }
        Ok(())
    }

    /// The offset to read from; `None` where the partition cannot be read on.
    fn register(
        &self,
        key: (String, i32),
        known: Option<PartitionState>,
        begin: i64,
        end: i64,
    ) -> Result<Option<i64>, SourceError> {
        let mut partitions = lock(&self.state.partitions);
        let Some(known) = known else {
            let index = PartitionIndex(u32::try_from(partitions.len()).map_err(|_| SourceError::TooManyPartitions)?);
            let (topic, partition) = key.clone();
            partitions
                .insert(key, PartitionState { catch_up: end, end_offset: end, ..PartitionState::new(index, begin) });
            drop(partitions);
            let input = Input { topic, partition, next_offset: begin, last: None };
            self.sender.send(Feed::Partition(index, input)).map_err(|_| SourceError::Gone)?;
            return Ok(Some(begin));
        };
        let input =
            Input { topic: key.0.clone(), partition: key.1, next_offset: known.next_offset, last: known.expected };
        let position = read_on(&input, begin, end);
        if let Some(state) = partitions.get_mut(&key) {
            (state.catch_up, state.end_offset) = (end, end);
            state.stopped = position.is_err();
            // Without the last record there is nothing to compare with.
            state.expected = state.expected.filter(|last| last.offset >= begin);
        }
        drop(partitions);
        Ok(position.map_err(|problem| self.state.fail(problem)).ok())
    }

    fn assign(&self, found: Vec<(String, i32, i64)>) -> Result<(), SourceError> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in &found {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .map_err(|error| SourceError::partition(topic, *partition, error))?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        self.consumer.incremental_assign(&list).map_err(SourceError::Assign)?;
        tracing::info!(partitions = list.count(), "partitions assigned");
        let mut partitions = lock(&self.state.partitions);
        for (topic, partition, _) in found {
            if let Some(state) = partitions.get_mut(&(topic, partition)) {
                state.assigned = true;
            }
        }
        Ok(())
    }

    /// Stops the partitions whose next batch cannot be read: the client would try for ever, or go on behind it in silence. Ends early when the
    /// daemon ends.
    fn search_bad_batch(&mut self, code: RDKafkaErrorCode) {
        if self.searched.is_some_and(|at| at.elapsed() < SEARCH_EVERY) {
            return;
        }
        // Whatever comes first in a partition has come first out of the client, too.
        self.remember_offset();
        let partitions = lock(&self.state.partitions).clone();
        let mut found = 0;
        for ((topic, partition), state) in partitions.iter().filter(|(_, state)| state.assigned && !state.stopped) {
            let offset = state.expected.map_or(state.next_offset, |last| last.offset);
            match look_at(&self.consumer_config(), &self.stop, (topic, *partition, offset)) {
                Ok(Found::Bad(code)) => {
                    found += 1;
                    let problem = format!(
                        "topic {topic} partition {partition}: expected a batch that can be read at offset {offset}, found {code}: nothing \
                         behind it is read"
                    );
                    self.stop_partition(topic, *partition, problem);
                }
                Ok(Found::Stopped) => return,
                Ok(_) => {}
                Err(problem) => tracing::warn!(%problem, "a partition could not be looked at"),
            }
        }
        if found == 0 {
            tracing::warn!(%code, "a batch could not be read, and all can be that come next: it is not searched for again at once");
        }
        self.searched = Some(Instant::now());
    }

    fn consumer_config(&self) -> ClientConfig {
        with_fetch_sizes(&self.config, self.message_bytes)
    }

    fn stop_partition(&self, topic: &str, partition: i32, problem: String) {
        if let Some(state) = lock(&self.state.partitions).get_mut(&(topic.to_owned(), partition)) {
            state.stopped = true;
        }
        self.state.fail(problem);
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            // Its records are dropped all the same.
            tracing::warn!(%error, topic, partition, "the partition could not be given up");
        }
    }

    /// For lag displays alone: a failure costs nothing.
    fn commit(&mut self) {
        self.remember_offset();
        let list = self.offsets();
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Async)
        {
            tracing::debug!(%error, "offsets were not committed");
        }
    }

    fn offsets(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), state) in
            lock(&self.state.partitions).iter().filter(|(_, state)| state.assigned && !state.stopped)
        {
            // The list takes every offset that is not negative.
            let _ = list.add_partition_offset(topic, *partition, Offset::Offset(state.next_offset));
        }
        list
    }

    /// Makes the client anew where it has stopped to give records that are there.
    fn watch_progress(&mut self) {
        if self.last_record.elapsed() < STALL_LIMIT {
            return;
        }
        self.last_record = Instant::now();
        self.remember_offset();
        let behind =
            lock(&self.state.partitions).values().any(|state| !state.stopped && state.end_offset > state.next_offset);
        if !behind {
            return;
        }
        tracing::warn!("no records for {} s although there are some: connecting anew", STALL_LIMIT.as_secs());
        self.state.reconnects.fetch_add(1, Ordering::Relaxed);
        match connect(&self.config, self.message_bytes, &self.state) {
            Ok(consumer) => {
                let offsets = self.offsets();
                match consumer.assign(&offsets) {
                    Ok(()) => self.consumer = consumer,
                    Err(error) => tracing::warn!(%error, "the new client could not be assigned its partitions"),
                }
            }
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }
}

/// Nobody receives any more.
struct Gone;

/// The partition does not hold the record that was read at its offset.
struct OtherLog {
    topic: String,
    partition: i32,
    problem: String,
}

/// A message of which no more is copied than an event may have, and a little: what is longer is refused, whatever it holds.
struct Bounded<'m, 'b> {
    message: &'m BorrowedMessage<'b>,
    limit: usize,
}

impl<'m> Bounded<'m, '_> {
    fn timestamp(&self) -> Option<i64> {
        self.message.timestamp().to_millis()
    }

    /// One byte more than allowed tells that it was longer.
    fn payload(&self) -> &'m [u8] {
        let payload = self.message.payload().unwrap_or_default();
        payload.get(..=self.limit).unwrap_or(payload)
    }

    /// Whether it is the record that was read last, as far as that was hashed: the limit may have been another one then.
    fn is(&self, last: LastRecord, hash: &RecordHash) -> bool {
        let then = Self { message: self.message, limit: last.message_bytes.unwrap_or(self.limit) };
        last.hash == hash.of(then.timestamp(), then.payload(), then.headers())
    }

    /// Those that fit into an event's length all together.
    fn headers(&self) -> impl Iterator<Item = (&'m str, &'m [u8])> {
        let mut left = self.limit;
        let headers = self.message.headers().into_iter().flat_map(|headers| headers.iter());
        headers.filter_map(|header| header.value.map(|value| (header.key, value))).take_while(move |(name, value)| {
            let fits = name.len().checked_add(value.len()).and_then(|length| left.checked_sub(length));
            left = fits.unwrap_or_default();
            fits.is_some()
        })
    }
}

fn take(
    bounded: &Bounded<'_, '_>,
    batch: &mut Batch,
    state: &SourceState,
    cached: &mut Option<(String, i32, PartitionIndex, i64)>,
    hash: &RecordHash,
) -> Result<(), OtherLog> {
    let message = bounded.message;
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    let known = matches!(cached, Some((name, number, ..)) if *number == partition && name == topic);
    if !known {
        if let Some((topic, partition, _, next)) = cached.take() {
            set_next_offset(state, &topic, partition, next);
        }
        let index = compare(bounded, state, hash)?;
        *cached = index.map(|index| (topic.to_owned(), partition, index, offset));
    }
    let Some((_, _, index, next)) = cached else { return Ok(()) };
    *next = offset + 1;
    batch.push((*index, offset, bounded.timestamp()), bounded.payload(), bounded.headers());
    Ok(())
}

/// The index of the message's partition, where the message is to be counted. The first message of a partition that is read on is the last one
/// that was counted: it is compared and not counted again.
fn compare(
    bounded: &Bounded<'_, '_>,
    state: &SourceState,
    hash: &RecordHash,
) -> Result<Option<PartitionIndex>, OtherLog> {
    let message = bounded.message;
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    let mut partitions = lock(&state.partitions);
    let Some(known) = partitions.get_mut(&(topic.to_owned(), partition)) else { return Ok(None) };
    if known.stopped {
        return Ok(None);
    }
    if let Some(expected) = known.expected.take()
        && expected.offset == offset
        && !bounded.is(expected, hash)
    {
        let problem = format!(
            "topic {topic} partition {partition}: expected at offset {offset} the record that was read there, found another: the topic was \
             made anew"
        );
        return Err(OtherLog { topic: topic.to_owned(), partition, problem });
    }
    Ok((offset >= known.next_offset).then_some(known.index))
}

fn set_next_offset(state: &SourceState, topic: &str, partition: i32, next: i64) {
    if let Some(state) = lock(&state.partitions).get_mut(&(topic.to_owned(), partition)) {
        state.next_offset = state.next_offset.max(next);
        state.end_offset = state.end_offset.max(next);
    }
}

/// An offset that is gone, or a topic that is, stops the reading: starting over elsewhere would lose or double events in silence.
fn note_error(error: &KafkaError, state: &SourceState) {
    state.errors.fetch_add(1, Ordering::Relaxed);
    match error.rdkafka_error_code() {
        Some(
            code @ (RDKafkaErrorCode::AutoOffsetReset
            | RDKafkaErrorCode::OffsetOutOfRange
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition),
        ) => state.fail(format!("{code}: {error}")),
        _ => tracing::warn!(%error, "the consumer reported an error"),
    }
}

fn client_config(settings: &Kafka) -> Result<ClientConfig, SourceError> {
    let mut config = base_config(settings)?;
    config
        .set("group.id", &settings.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "false")
        .set("allow.auto.create.topics", "false")
        .set("statistics.interval.ms", "2000")
        // Else a batch that was damaged on its way or on the broker's disk would be read as whatever it has become.
        .set("check.crcs", "true")
        .set("receive.message.max.bytes", RECEIVE_BYTES.to_string())
        .set("queued.max.messages.kbytes", "65536")
        .set("reconnect.backoff.max.ms", "2000");
    Ok(config)
}

/// From where to where a partition's log reaches now.
///
/// # Errors
/// Where the broker does not answer within [`ANSWER_LIMIT`].
pub fn log_range(settings: &Kafka, topic: &str, partition: i32) -> Result<(i64, i64), SourceError> {
    let consumer: BaseConsumer = base_config(settings)?.create().map_err(SourceError::Client)?;
    let range = consumer.fetch_watermarks(topic, partition, ANSWER_LIMIT);
    range.map_err(|error| SourceError::partition(topic, partition, error))
}

/// Where a partition can be read on whose log reaches from `begin` to `end`: at `begin` where it is another log or records are gone; where what
/// was to be read next, or the last that was read, cannot be read, behind that. `None` where nothing is wrong: to begin anew would count
/// everything twice.
///
/// # Errors
/// Where no client can be made, or the broker does not answer in time.
pub fn next_readable(
    settings: &Kafka,
    message_bytes: usize,
    input: &Input,
    (begin, end): (i64, i64),
    hash: &RecordHash,
) -> Result<Option<i64>, SourceError> {
    let Input { topic, partition, next_offset, last } = input;
    if read_on(input, begin, end).is_err() {
        return Ok(Some(begin));
    }
    let config = with_fetch_sizes(&client_config(settings)?, message_bytes);
    // The command ends by a signal of its own.
    let never = AtomicBool::new(false);
    // The last record that was read is read once more to be compared, and may be what cannot be read.
    let last = last.filter(|last| last.offset >= begin);
    for at in last.map(|last| last.offset).into_iter().chain([*next_offset]).filter(|at| *at < end) {
        let mut another = false;
        let found = look_into(&config, &never, (topic, *partition, at), |message| {
            let bounded = Bounded { message, limit: message_bytes };
            another = last.is_some_and(|last| last.offset == message.offset() && !bounded.is(last, hash));
        })?;
        match found {
            Found::Bad(_) => {
                return Ok(Some(behind_bad_batch(&config, topic, *partition, (at, end))?.max(*next_offset)));
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

/// What every client of these brokers needs.
///
/// # Errors
/// Where the password's file cannot be read.
pub fn base_config(settings: &Kafka) -> Result<ClientConfig, SourceError> {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    config.set("bootstrap.servers", &settings.brokers).set("security.protocol", settings.security_protocol.name());
    if let Some(path) = &settings.sasl_password_file {
        let password = std::fs::read_to_string(path).map_err(|error| SourceError::file(path, "read", error))?;
        config.set("sasl.password", password.trim_end_matches(['\r', '\n']));
    }
    Ok(config)
}

fn connect(
    config: &ClientConfig,
    message_bytes: usize,
    state: &Arc<SourceState>,
) -> Result<BaseConsumer<Context>, SourceError> {
    let config = with_fetch_sizes(config, message_bytes);
    config.create_with_context(Context { state: Arc::clone(state) }).map_err(SourceError::Client)
}

/// One record of the largest size must fit, or its partition would be stuck.
fn with_fetch_sizes(config: &ClientConfig, message_bytes: usize) -> ClientConfig {
    let bytes = message_bytes.max(FETCH_BYTES).to_string();
    let mut config = config.clone();
    config.set("fetch.max.bytes", &bytes).set("max.partition.fetch.bytes", &bytes);
    config
}

/// Takes the client's statistics: the ends of the partitions.
struct Context {
    state: Arc<SourceState>,
}

impl ClientContext for Context {
    fn stats(&self, statistics: Statistics) {
        let mut partitions = lock(&self.state.partitions);
        for (topic, statistics) in &statistics.topics {
            for (partition, statistics) in &statistics.partitions {
                if let Some(state) = partitions.get_mut(&(topic.clone(), *partition)) {
                    state.end_offset = state.end_offset.max(statistics.hi_offset);
                    let fetched = state.assigned && statistics.next_offset >= state.catch_up;
                    state.nothing_left |= fetched && state.reported == state.next_offset;
                    state.reported = state.next_offset;
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.state.errors.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(%error, reason, "the client reported an error");
    }
}

impl ConsumerContext for Context {}

//! Kafka: a consumer on its own thread that assigns itself every partition of its topics.
//!
//! librdkafka's `BaseConsumer` is polled here and nowhere else. There is no group membership: offsets are the daemon's own, and at
//! every start it reads from the beginning, because its state is rebuilt from the log. Offsets are committed for lag displays alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};

use crate::monitor::PartitionIndex;
use crate::settings::Kafka;
use crate::source::Batch;

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
/// With records to read and none read for so long, the client is made anew.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// Wait before another attempt to connect.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// What the consumer's thread sends.
#[derive(Debug)]
pub enum Feed {
    /// A partition was found and will be read.
    Partition(PartitionIndex),
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
    fault: Mutex<Option<String>>,
    errors: AtomicU64,
    reconnects: AtomicU64,
    assigned: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct PartitionState {
    index: PartitionIndex,
    next_offset: i64,
    end_offset: i64,
    /// The end when the partition was found: until there the daemon is catching up.
    catch_up: i64,
    stopped: bool,
}

/// A copy of the consumer's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth {
    /// Every partition.
    pub partitions: Vec<PartitionHealth>,
    /// Why a partition is no longer read, where one is not.
    pub fault: Option<String>,
    /// Errors the client reported.
    pub errors: u64,
    /// How often the client was made anew because it stalled.
    pub reconnects: u64,
    /// Every partition was read once to the end it had when it was found.
    pub caught_up: bool,
}

/// One partition's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionHealth {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// Its index in the monitor.
    pub index: PartitionIndex,
    /// The offset read next.
    pub next_offset: i64,
    /// Records not read yet.
    pub lag: i64,
}

impl KafkaSource {
    /// Starts the consumer.
    ///
    /// # Errors
    /// What librdkafka refuses of the configuration.
    pub fn start(settings: &Kafka, message_bytes: usize) -> Result<Self, String> {
        let config = client_config(settings)?;
        let state = Arc::new(SourceState::default());
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
            last_record: Instant::now(),
        };
        let thread = std::thread::Builder::new().name("kafka".to_owned()).spawn(move || reader.run());
        let thread = Some(thread.map_err(|error| format!("start the consumer's thread: {error}"))?);
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
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

impl SourceState {
    /// A copy.
    #[must_use]
    pub fn health(&self) -> SourceHealth {
        let partitions = lock(&self.partitions);
        let caught_up = |state: &PartitionState| state.next_offset >= state.catch_up;
        SourceHealth {
            caught_up: self.assigned.load(Ordering::Relaxed) && partitions.values().all(caught_up),
            fault: lock(&self.fault).clone(),
            errors: self.errors.load(Ordering::Relaxed),
            reconnects: self.reconnects.load(Ordering::Relaxed),
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
        tracing::error!(fault = what, "a partition is no longer read");
        *lock(&self.fault) = Some(what);
    }
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
    last_record: Instant,
}

impl Reader {
    fn run(mut self) {
        let (mut looked, mut committed) = (None::<Instant>, Instant::now());
        while !self.stop.load(Ordering::Relaxed) {
            if looked.is_none_or(|at| at.elapsed() >= METADATA_EVERY) {
                if let Err(error) = self.look_for_partitions() {
                    tracing::warn!(error, "the topics could not be looked at");
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
        let Self { consumer, batch, state, cached, .. } = self;
        match consumer.poll(wait) {
            Some(Ok(message)) => {
                if batch.is_empty() {
                    self.batch_since = Instant::now();
                }
                self.last_record = Instant::now();
                take(&message, batch, state, cached);
            }
            Some(Err(error)) => note_error(&error, state),
            None => {}
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

    /// Assigns the partitions that are not assigned yet.
    fn look_for_partitions(&mut self) -> Result<(), String> {
        let mut found = TopicPartitionList::new();
        for topic in &self.topics {
            let metadata = self
                .consumer
                .fetch_metadata(Some(topic), ANSWER_LIMIT)
                .map_err(|error| format!("topic {topic}: {error}"))?;
            let partitions = metadata
                .topics()
                .iter()
                .find(|known| known.name() == topic)
                .map_or(&[][..], |known| known.partitions());
            if partitions.is_empty() {
                return Err(format!("topic {topic}: expected partitions, found none"));
            }
            for partition in partitions {
                let key = (topic.clone(), partition.id());
                if lock(&self.state.partitions).contains_key(&key) {
                    continue;
                }
                let (begin, end) = self
                    .consumer
                    .fetch_watermarks(topic, partition.id(), ANSWER_LIMIT)
                    .map_err(|error| format!("topic {topic} partition {}: {error}", partition.id()))?;
                let index = self.register(key, begin, end)?;
                found
                    .add_partition_offset(topic, partition.id(), Offset::Offset(begin))
                    .map_err(|error| format!("topic {topic}: {error}"))?;
                self.sender.send(Feed::Partition(index)).map_err(|_| "the monitor is gone".to_owned())?;
            }
        }
        if found.count() > 0 {
            self.consumer.incremental_assign(&found).map_err(|error| format!("assign: {error}"))?;
            tracing::info!(partitions = found.count(), "partitions assigned");
        }
        self.state.assigned.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn register(&self, key: (String, i32), begin: i64, end: i64) -> Result<PartitionIndex, String> {
        let mut partitions = lock(&self.state.partitions);
        let index = u32::try_from(partitions.len()).map_err(|_| "too many partitions".to_owned())?;
        let index = PartitionIndex(index);
        partitions
            .insert(key, PartitionState { index, next_offset: begin, end_offset: end, catch_up: end, stopped: false });
        Ok(index)
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
        for ((topic, partition), state) in lock(&self.state.partitions).iter().filter(|(_, state)| !state.stopped) {
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
            Err(error) => tracing::warn!(error, "no new client could be made"),
        }
    }
}

/// Nobody receives any more.
struct Gone;

fn take(
    message: &BorrowedMessage<'_>,
    batch: &mut Batch,
    state: &SourceState,
    cached: &mut Option<(String, i32, PartitionIndex, i64)>,
) {
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    let known = matches!(cached, Some((name, number, ..)) if *number == partition && name == topic);
    if !known {
        if let Some((topic, partition, _, next)) = cached.take() {
            set_next_offset(state, &topic, partition, next);
        }
        let index = lock(&state.partitions).get(&(topic.to_owned(), partition)).map(|state| state.index);
        *cached = index.map(|index| (topic.to_owned(), partition, index, offset));
    }
    let Some((_, _, index, next)) = cached else { return };
    *next = offset + 1;
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let headers = headers.filter_map(|header| header.value.map(|value| (header.key, value)));
    batch.push((*index, offset, message.timestamp().to_millis()), message.payload().unwrap_or_default(), headers);
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

fn client_config(settings: &Kafka) -> Result<ClientConfig, String> {
    let mut config = base_config(settings)?;
    config
        .set("group.id", &settings.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "false")
        .set("allow.auto.create.topics", "false")
        .set("statistics.interval.ms", "2000")
        .set("fetch.max.bytes", "16777216")
        .set("receive.message.max.bytes", "33554432")
        .set("queued.max.messages.kbytes", "65536")
        .set("reconnect.backoff.max.ms", "2000");
    Ok(config)
}

/// What every client of these brokers needs.
///
/// # Errors
/// Where the password's file cannot be read.
pub fn base_config(settings: &Kafka) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    config.set("bootstrap.servers", &settings.brokers).set("security.protocol", settings.security_protocol.name());
    if let Some(path) = &settings.sasl_password_file {
        let password = std::fs::read_to_string(path).map_err(|error| format!("{}: read: {error}", path.display()))?;
        config.set("sasl.password", password.trim_end_matches(['\r', '\n']));
    }
    Ok(config)
}

fn connect(
    config: &ClientConfig,
    message_bytes: usize,
    state: &Arc<SourceState>,
) -> Result<BaseConsumer<Context>, String> {
    let mut config = config.clone();
    // One record of the largest size must fit, or its partition would be stuck.
    config.set("max.partition.fetch.bytes", (message_bytes.max(1 << 20)).to_string());
    config.create_with_context(Context { state: Arc::clone(state) }).map_err(|error| format!("kafka: {error}"))
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

/// A poisoned lock only says that a thread panicked between two plain writes: the value is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

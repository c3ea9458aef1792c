//! The consumer's thread: it polls the client, and sends what comes on in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::assignment::Assignment;
use super::batching::{BATCH_DELAY, Batching, OtherLog};
use super::client::{Client, connect};
use super::feed::Feed;
use super::poison::{Found, bad_batch, look_at};
use super::state::SourceState;
use crate::source::{batch::Batch, error::SourceError, position::RecordHash};

/// Time between two looks for new partitions.
const METADATA_EVERY: Duration = Duration::from_secs(5);
/// Time between two commits for lag displays.
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// A client that gives no record for this long, although there are some, is replaced.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// Time between two searches for a batch that cannot be read. The client reports such a batch twice a second.
const SEARCH_EVERY: Duration = Duration::from_secs(5);

/// The thread's state.
pub(super) struct Reader {
    topics: Vec<String>,
    config: ClientConfig,
    client: Client,
    state: Arc<SourceState>,
    channels: Channels,
    batching: Batching,
    last_record: Instant,
    /// When a batch that cannot be read was last searched for.
    searched: Option<Instant>,
}

/// What connects the thread with the monitor's.
pub(super) struct Channels {
    /// Where batches go.
    pub feed: SyncSender<Feed>,
    /// Where used batches come back.
    pub pool: Receiver<Batch>,
    /// Whether the thread is to end.
    pub stop: Arc<AtomicBool>,
}

/// The monitor's thread no longer receives.
struct Gone;

impl Reader {
    /// Makes the client; nothing is read before [`Reader::run`].
    ///
    /// # Errors
    /// [`SourceError::Client`] if librdkafka refuses the configuration.
    pub fn new(
        topics: Vec<String>,
        config: ClientConfig,
        (hash, message_bytes): (RecordHash, usize),
        state: &Arc<SourceState>,
        channels: Channels,
    ) -> Result<Self, SourceError> {
        Ok(Self {
            topics,
            client: connect(&config, state)?,
            config,
            state: Arc::clone(state),
            channels,
            batching: Batching::new(hash, message_bytes),
            last_record: Instant::now(),
            searched: None,
        })
    }

    /// Reads until it is told to stop, or nobody receives any more.
    pub fn run(mut self) {
        let (mut looked, mut committed) = (None::<Instant>, Instant::now());
        while !self.channels.stop.load(Ordering::Relaxed) {
            if looked.is_none_or(|at| at.elapsed() >= METADATA_EVERY) {
                let assignment = Assignment { client: &self.client, state: &self.state, feed: &self.channels.feed };
                if let Err(error) = assignment.update(&self.topics) {
                    tracing::warn!(%error, "the topics could not be looked at");
                    std::thread::sleep(BATCH_DELAY);
                }
                looked = Some(Instant::now());
            }
            if self.poll().is_err() {
                break;
            }
            if committed.elapsed() >= COMMIT_EVERY {
                self.commit();
                committed = Instant::now();
            }
            self.watch_progress();
        }
        // An error means that nobody receives any more.
        let _ = self.flush();
    }

    fn poll(&mut self) -> Result<(), Gone> {
        // The message borrows the client, so what is wrong with it is dealt with behind the match.
        let (mut other_log, mut bad) = (None, None);
        match self.client.poll(self.batching.wait()) {
            Some(Ok(message)) => {
                self.last_record = Instant::now();
                other_log = self.batching.take(&message, &self.state).err();
            }
            Some(Err(error)) => {
                self.state.note(&error);
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
        if self.batching.is_due() { self.flush() } else { Ok(()) }
    }

    /// Sends the batch on.
    fn flush(&mut self) -> Result<(), Gone> {
        let pool = &self.channels.pool;
        let full = self.batching.finish(&self.state, || pool.try_recv().unwrap_or_default());
        full.map_or(Ok(()), |full| self.channels.feed.send(Feed::Batch(full)).map_err(|_| Gone))
    }

    /// Stops the partitions whose next batch cannot be read: the client would try it for ever, or go on behind it in silence. Ends early when
    /// the daemon stops.
    fn search_bad_batch(&mut self, code: RDKafkaErrorCode) {
        if self.searched.is_some_and(|at| at.elapsed() < SEARCH_EVERY) {
            return;
        }
        // What the client has given so far came before the batch.
        self.batching.remember_offset(&self.state);
        let partitions = self.state.partitions().clone();
        let mut found = 0;
        for ((topic, partition), state) in partitions.iter().filter(|(_, state)| state.is_read()) {
            let offset = state.expected.map_or(state.next_offset, |last| last.offset);
            match look_at(&self.config, &self.channels.stop, (topic, *partition, offset)) {
                Ok(Found::Bad(code)) => {
                    found += 1;
                    let problem = format!(
                        "topic {topic} partition {partition}: expected a batch that can be read at offset {offset}, found {code}: nothing \
                         behind it is read"
                    );
                    self.stop_partition(topic, *partition, problem);
                }
                Ok(Found::Stopped) => return,
                Ok(Found::Record(_) | Found::Nothing | Found::Silence) => {}
                Err(problem) => tracing::warn!(%problem, "a partition could not be looked at"),
            }
        }
        if found == 0 {
            tracing::warn!(%code, "a batch could not be read, yet the next batch of every partition can: the search is repeated later");
        }
        self.searched = Some(Instant::now());
    }

    fn stop_partition(&self, topic: &str, partition: i32, problem: String) {
        self.state.change(&(topic.to_owned(), partition), |state| state.stopped = true);
        self.state.fail(problem);
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        if let Err(error) = self.client.incremental_unassign(&list) {
            // Its records are dropped all the same.
            tracing::warn!(%error, topic, partition, "the partition could not be given up");
        }
    }

    /// Commits offsets for lag displays. Nothing depends on it.
    fn commit(&mut self) {
        self.batching.remember_offset(&self.state);
        let list = self.offsets();
        if list.count() > 0
            && let Err(error) = self.client.commit(&list, CommitMode::Async)
        {
            tracing::debug!(%error, "offsets were not committed");
        }
    }

    /// Where every partition that is read goes on.
    fn offsets(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), state) in self.state.partitions().iter().filter(|(_, state)| state.is_read()) {
            // Fails only for an offset below zero, which no log has.
            let _ = list.add_partition_offset(topic, *partition, Offset::Offset(state.next_offset));
        }
        list
    }

    /// Replaces a client that no longer gives records although there are some.
    fn watch_progress(&mut self) {
        if self.last_record.elapsed() < STALL_LIMIT {
            return;
        }
        self.last_record = Instant::now();
        self.batching.remember_offset(&self.state);
        let behind =
            self.state.partitions().values().any(|state| !state.stopped && state.end_offset > state.next_offset);
        if !behind {
            return;
        }
        tracing::warn!("no records for {} s although there are some: connecting again", STALL_LIMIT.as_secs());
        self.state.count_reconnect();
        match connect(&self.config, &self.state) {
            Ok(client) => match client.assign(&self.offsets()) {
                Ok(()) => self.client = client,
                Err(error) => tracing::warn!(%error, "the new client could not be assigned its partitions"),
            },
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }
}

//! The consumer's thread: it takes records from the client, and sends them on in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::assignment::Assignment;
use super::batch::Batch;
use super::batching::{Batching, OtherLog};
use super::brokers::{FETCH, OFFSETS, Session};
use super::client::{Client, Connection};
use super::feed::{Feed, Gone, Outgoing};
use super::formats::Formats;
use super::identity::Renewed;
use super::poison::{Found, bad_batch, look_at};
use super::state::{PartitionName, SourceState};
use crate::source::{error::SourceError, position::RecordHashes};

/// Longest wait for a record. Events of the client wait as long.
const RECORD_WAIT: Duration = Duration::from_millis(50);
/// Longest that a record waits for its batch to fill.
const BATCH_DELAY: Duration = Duration::from_millis(5);
/// Time between two attempts to send while the monitor's thread has no room. It still has several batches to handle.
const ROOM_WAIT: Duration = Duration::from_millis(1);
/// Events of the client that are taken at once, at most: records wait meanwhile.
const EVENTS_AT_ONCE: usize = 1_000;
/// Time between two looks for new partitions.
const METADATA_EVERY: Duration = Duration::from_secs(5);
/// Time between two commits for lag displays.
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// A client that gives no record for this long, although there are some, is replaced.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// Time between two searches for a batch that cannot be read. The client reports such a batch twice a second.
const SEARCH_EVERY: Duration = Duration::from_secs(5);
/// Longest wait, at the end, until the monitor's thread has given all records back. Then that thread closes the client.
const GIVE_BACK_LIMIT: Duration = Duration::from_secs(5);

/// The thread's state.
pub(super) struct Reader {
    topics: Vec<String>,
    config: ClientConfig,
    connection: Connection,
    /// Clients that were replaced, and whose records are still in use.
    retired: Vec<Arc<Client>>,
    state: Arc<SourceState>,
    outgoing: Outgoing,
    given_back: Receiver<Batch>,
    stop: Arc<AtomicBool>,
    batching: Batching,
    last_record: Instant,
    /// When a batch that cannot be read was last searched for.
    searched: Option<Instant>,
    /// Whether a batch could not be read: the client may have gone on behind it, so what it reports is no sign that nothing is left.
    bad_seen: bool,
    /// Why the topics could not be looked at, as it was told last.
    unseen: Option<String>,
}

/// What connects the thread with the monitor's.
pub(super) struct Wiring {
    /// Where batches go.
    pub feed: SyncSender<Feed>,
    /// Where they come back from.
    pub given_back: Receiver<Batch>,
    /// Whether the thread is to end.
    pub stop: Arc<AtomicBool>,
    /// How records are read.
    pub formats: Formats,
}

impl Reader {
    /// Makes the client; nothing is read before [`Reader::run`].
    ///
    /// # Errors
    /// [`SourceError::Client`] if librdkafka refuses the configuration.
    pub fn new(
        topics: Vec<String>,
        config: ClientConfig,
        (hashes, message_bytes): (RecordHashes, usize),
        state: &Arc<SourceState>,
        session: Session,
        wiring: Wiring,
    ) -> Result<Self, SourceError> {
        Ok(Self {
            topics,
            connection: Connection::open(&config, state, session)?,
            config,
            retired: Vec::new(),
            state: Arc::clone(state),
            outgoing: Outgoing::new(wiring.feed, wiring.formats),
            given_back: wiring.given_back,
            stop: wiring.stop,
            batching: Batching::new(hashes, message_bytes),
            last_record: Instant::now(),
            searched: None,
            bad_seen: false,
            unseen: None,
        })
    }

    /// Reads until it is told to stop, or nobody receives any more.
    pub fn run(mut self) {
        let (mut looked, mut committed) = (None::<Instant>, Instant::now());
        while !self.stop.load(Ordering::Relaxed) {
            self.connection.renew();
            if looked.is_none_or(|at| at.elapsed() >= METADATA_EVERY) {
                self.look_for_partitions();
                self.pass_markers();
                looked = Some(Instant::now());
            }
            if self.work().is_err() {
                break;
            }
            if committed.elapsed() >= COMMIT_EVERY {
                self.commit();
                committed = Instant::now();
            }
            self.watch_progress();
            self.retired.retain(is_in_use);
        }
        self.finish();
    }

    fn look_for_partitions(&mut self) {
        let (connection, state) = (&self.connection, &self.state);
        let mut assignment = Assignment { connection, state, outgoing: &mut self.outgoing };
        let Err(error) = assignment.update(&self.topics) else {
            self.connection.session().works();
            if self.last_record.elapsed() < METADATA_EVERY {
                self.connection.session().brokers().works(FETCH);
            }
            self.unseen = None;
            self.state.ids.tell_unknown(&self.topics);
            return;
        };
        let problem = error.to_string();
        if self.unseen.as_ref() != Some(&problem) {
            tracing::warn!(error = problem, "the topics could not be looked at; it is tried again");
            self.unseen = Some(problem);
        }
        std::thread::sleep(RECORD_WAIT);
    }

    /// Goes on behind offsets that hold no record. Otherwise the log would seem to have records that nobody has read, and a gap once they are gone.
    fn pass_markers(&mut self) {
        if self.bad_seen {
            return;
        }
        // What was read before them goes first.
        if let Some(batch) = self.batching.finish(&self.state) {
            self.outgoing.push(Feed::Batch(batch));
        }
        for (index, offset) in self.state.take_passed() {
            self.outgoing.push(Feed::Passed(index, offset));
        }
    }

    /// Reads the next batch, unless the monitor's thread has no room for it. What the client reports is taken in any case.
    fn work(&mut self) -> Result<(), Gone> {
        self.given_back.try_iter().for_each(drop);
        if self.outgoing.work(&self.state)? {
            self.take_events(Duration::ZERO);
            self.stop_renewed();
            self.collect();
            self.outgoing.work(&self.state)?;
        } else {
            self.take_events(ROOM_WAIT);
            self.stop_renewed();
            // It is not for want of records that none are read.
            self.last_record = Instant::now();
        }
        Ok(())
    }

    /// Fills a batch. If the client has no record it waits for one; then it waits a moment for more.
    fn collect(&mut self) {
        let mut until = Instant::now() + RECORD_WAIT;
        while !self.batching.is_full() {
            let waits_for_first = self.batching.is_empty();
            let mut taken = self.take_records(self.batching.room(), Duration::ZERO);
            if taken == 0 {
                let left = until.saturating_duration_since(Instant::now());
                taken = if left.is_zero() { 0 } else { self.take_records(1, left) };
            }
            if taken == 0 {
                break;
            }
            self.last_record = Instant::now();
            if waits_for_first && !self.batching.is_empty() {
                until = self.last_record + BATCH_DELAY;
            } else if self.last_record >= until {
                break;
            }
        }
        if let Some(batch) = self.batching.finish(&self.state) {
            self.outgoing.push(Feed::Batch(batch));
        }
    }

    /// Takes records that the client has, or waits for them. Returns how many came, also of such as are not to be counted.
    fn take_records(&mut self, most: usize, wait: Duration) -> usize {
        let mut taken = self.connection.records.take(self.batching.records_mut(), most, wait);
        if taken == 0 {
            return 0;
        }
        // What the client has reported before it asked for them says whether they are of the topic that was read.
        while self.connection.records.waiting_events() > 0 {
            self.take_events(Duration::ZERO);
        }
        self.stop_renewed();
        loop {
            let found = self.batching.sift(&self.state);
            for OtherLog { name, problem } in found.other_logs {
                self.stop_partition(&name, problem);
            }
            let Some(failure) = found.failure else { return taken };
            taken -= 1;
            tracing::debug!(error = %failure.error, reason = failure.reason, "the client reported an error");
            self.note(&failure.error, &failure.topic);
        }
    }

    /// Takes what the client reports: its errors, its statistics, what it logs. Waits for the first report.
    fn take_events(&mut self, wait: Duration) {
        if wait.is_zero() && self.connection.records.waiting_events() == 0 {
            return;
        }
        let client = Arc::clone(&self.connection.client);
        let mut wait = wait;
        for _ in 0..EVENTS_AT_ONCE {
            match client.poll(wait) {
                Some(Ok(record)) => self.stray(record.topic(), record.partition(), record.offset()),
                Some(Err(error)) => self.note(&error, ""),
                None => {}
            }
            wait = Duration::ZERO;
            if self.connection.records.waiting_events() == 0 {
                return;
            }
        }
    }

    /// A record came through the client's own queue. Others of its partition may have come before it, though they are behind it.
    fn stray(&self, topic: &str, partition: i32, offset: i64) {
        let problem = format!(
            "topic {topic} partition {partition}: expected the record at offset {offset} in the queue of records, found it outside: nothing \
             behind it is read"
        );
        self.stop_partition(&(topic.to_owned(), partition), problem);
    }

    /// Notes an error, and what follows from it. `topic` is empty where it is about none.
    fn note(&mut self, error: &KafkaError, topic: &str) {
        let brokers = self.connection.session().brokers();
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                self.state.count_error();
                let group = self.config.get("group.id").unwrap_or_default();
                brokers.denied(OFFSETS, &format!("Read on group {group}"), error);
            }
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                self.state.count_error();
                brokers.denied(FETCH, &format!("Read on topic {topic}"), error);
            }
            _ => self.state.note(error),
        }
        if let Some(code) = bad_batch(error) {
            self.bad_seen = true;
            self.search_bad_batch(code);
        }
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
            let session = self.connection.session();
            match look_at(&self.config, session, &self.stop, (topic, *partition, offset)) {
                Ok(Found::Bad(code)) => {
                    found += 1;
                    let problem = format!(
                        "topic {topic} partition {partition}: expected a batch that can be read at offset {offset}, found {code}: nothing \
                         behind it is read"
                    );
                    self.stop_partition(&(topic.clone(), *partition), problem);
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

    /// Stops the partitions of topics that were made anew: what comes from now on is not what stood behind the records that were read.
    fn stop_renewed(&mut self) {
        for Renewed { topic: renewed, before, now } in self.state.ids.take_renewed() {
            // Later records of the partition would be taken for more of the same.
            self.batching.remember_offset(&self.state);
            let partitions = self.state.partitions().clone();
            let of_topic = partitions.iter().filter(|((topic, _), state)| *topic == renewed && !state.stopped);
            for (name @ (topic, partition), _) in of_topic {
                let problem = format!(
                    "topic {topic} partition {partition}: expected the topic with the id {before}, found {now}: the topic was made anew"
                );
                self.stop_partition(name, problem);
            }
        }
    }

    fn stop_partition(&self, name: &PartitionName, problem: String) {
        let (topic, partition) = name;
        self.state.change(name, |state| state.stopped = true);
        self.state.fail(problem);
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, *partition);
        if let Err(error) = self.connection.client.incremental_unassign(&list) {
            // Its records are dropped all the same.
            tracing::warn!(%error, topic, partition, "the partition could not be given up");
        }
    }

    /// Commits offsets for lag displays. Nothing depends on it.
    fn commit(&mut self) {
        self.batching.remember_offset(&self.state);
        let list = self.offsets();
        if list.count() > 0
            && let Err(error) = self.connection.client.commit(&list, CommitMode::Async)
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
        match Connection::open(&self.config, &self.state, self.connection.session().anew()) {
            Ok(connection) => match connection.assign(&self.offsets()) {
                Ok(()) => self.replace(connection),
                Err(error) => tracing::warn!(%error, "the new client could not be assigned its partitions"),
            },
            Err(error) => tracing::warn!(%error, "no new client could be made"),
        }
    }

    /// Goes on with another client. The old one is closed once its records are no longer in use.
    fn replace(&mut self, connection: Connection) {
        let Connection { client, records } = std::mem::replace(&mut self.connection, connection);
        // What it still holds is read again by the new client. It reads no more until it is closed.
        drop(records);
        self.state.forget_reports();
        if let Err(error) = client.unassign() {
            tracing::warn!(%error, "a client that was replaced could not be unassigned");
        }
        self.retired.push(client);
    }

    /// Sends what was read. Then it closes the clients, which takes a while: the monitor's thread would have to wait for them.
    fn finish(mut self) {
        if let Some(batch) = self.batching.finish(&self.state) {
            self.outgoing.push(Feed::Batch(batch));
        }
        self.outgoing.finish(&self.state);
        let Connection { client, records } = self.connection;
        drop(records);
        self.retired.push(client);
        let began = Instant::now();
        while self.retired.iter().any(is_in_use) && began.elapsed() < GIVE_BACK_LIMIT {
            // An error means that no more are given back: those that are left are dropped where they are.
            if self.given_back.recv_timeout(RECORD_WAIT).is_err_and(|error| error == RecvTimeoutError::Disconnected) {
                std::thread::sleep(RECORD_WAIT);
            }
        }
    }
}

/// Whether somebody else holds the client: its records do.
fn is_in_use(client: &Arc<Client>) -> bool {
    Arc::strong_count(client) > 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::ledger::PseudonymKey;
    use crate::plan::EventTime;
    use crate::sink::producer::PlainProducer;
    use crate::source::embedded::EmbeddedBroker;
    use crate::source::position::RecordHash;

    const LIMIT: Duration = Duration::from_secs(30);

    fn send(broker: &EmbeddedBroker, texts: std::ops::Range<u64>) {
        let mut producer = PlainProducer::connect(&broker.brokers(), "events").unwrap();
        for number in texts {
            producer.send("case", number.to_string().as_bytes(), EventTime(1_790_000_000_000)).unwrap();
        }
        producer.finish().unwrap();
    }

    fn receive(reader: &mut Reader, feed: &Receiver<Feed>, records: usize) -> Vec<Batch> {
        let (began, mut batches, mut count) = (Instant::now(), Vec::new(), 0);
        while count < records {
            assert!(began.elapsed() < LIMIT, "{count} of {records} records came");
            assert!(reader.work().is_ok());
            while let Ok(feed) = feed.try_recv() {
                if let Feed::Batch(batch) = feed {
                    count += batch.len();
                    batches.push(batch);
                }
            }
        }
        batches
    }

    fn texts(batches: &[Batch]) -> Vec<u64> {
        let payloads = batches.iter().flat_map(Batch::records).map(|record| record.payload);
        payloads.map(|payload| std::str::from_utf8(payload).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn a_client_that_was_replaced_is_closed_when_its_records_are_given_back() {
        let broker = EmbeddedBroker::start(&[("events", 1)]).unwrap();
        send(&broker, 0..10);
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker.brokers()).set("group.id", "test").set("auto.offset.reset", "error");
        let (sender, feed) = sync_channel(4);
        let (give_back, given_back) = sync_channel(4);
        let formats = Formats::new(&super::super::brokers::plain_settings(&broker.brokers())).unwrap();
        let wiring = Wiring { feed: sender, given_back, stop: Arc::default(), formats };
        let (state, hash) = (Arc::<SourceState>::default(), RecordHash(PseudonymKey([0; 16])).into());
        let session = super::super::brokers::plain(&broker.brokers()).session("test");
        let topics = vec!["events".to_owned()];
        let mut reader = Reader::new(topics, config, (hash, 1_000), &state, session, wiring).unwrap();
        reader.look_for_partitions();
        let first = receive(&mut reader, &feed, 10);

        let session = reader.connection.session().anew();
        let connection = Connection::open(&reader.config, &state, session).unwrap();
        connection.assign(&reader.offsets()).unwrap();
        reader.replace(connection);
        send(&broker, 10..20);
        let second = receive(&mut reader, &feed, 10);
        assert_eq!(texts(&second), (10..20).collect::<Vec<_>>(), "the new client reads on where the old one ended");
        assert_eq!(texts(&first), (0..10).collect::<Vec<_>>(), "what the old client has read stays");
        reader.retired.retain(is_in_use);
        assert_eq!(reader.retired.len(), 1);
        drop(first);
        reader.retired.retain(is_in_use);
        assert!(reader.retired.is_empty());
        second.into_iter().for_each(|batch| give_back.send(batch).unwrap());
        reader.finish();
        assert_eq!(state.health().partitions[0].next_offset, 20);
    }
}

//! The running consumer, as the monitor's thread sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::brokers::{Brokers, CONSUMER};
use super::config::consumer_config;
use super::feed::Feed;
use super::formats::Formats;
use super::reader::{Reader, Wiring};
use super::state::SourceState;
use crate::checkpoint::Input;
use crate::settings::Kafka;
use crate::source::{error::SourceError, format::Registry, position::RecordHashes};
use crate::status::SourceHealth;

/// Messages that may wait between the consumer's thread and the monitor's.
const QUEUED_BATCHES: usize = 4;
/// Longest single wait for the thread to end.
const END_POLL: Duration = Duration::from_millis(50);
/// Longest wait for the thread to end in all; then the end of the process ends it.
const END_LIMIT: Duration = Duration::from_secs(15);

/// The running consumer.
pub struct KafkaSource {
    /// What it sends, in order.
    pub feed: Receiver<Feed>,
    /// How far it has come.
    pub state: Arc<SourceState>,
    registry: Option<Registry>,
    used: SyncSender<Batch>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl KafkaSource {
    /// Starts a consumer that reads on from `inputs`, whose order is that of the partitions' indices. Of a record longer than `message_bytes`
    /// no more than that is read, and one byte.
    ///
    /// # Errors
    /// [`SourceError`] if the configuration names a file that cannot be read, or librdkafka refuses it.
    pub fn start(
        brokers: &Brokers,
        settings: &Kafka,
        message_bytes: usize,
        inputs: &[Input],
        hashes: impl Into<RecordHashes>,
    ) -> Result<Self, SourceError> {
        let config = consumer_config(brokers.config(), &settings.group, message_bytes);
        let state = Arc::new(SourceState::reading_on(inputs));
        let (sender, feed) = sync_channel(QUEUED_BATCHES);
        let stop = Arc::new(AtomicBool::new(false));
        let (used, given_back) = sync_channel(QUEUED_BATCHES);
        let formats = Formats::new(settings)?;
        let registry = formats.registry().cloned();
        let wiring = Wiring { feed: sender, given_back, stop: Arc::clone(&stop), formats };
        let session = brokers.session(CONSUMER);
        // Made here, so that refused settings show now and not on the thread.
        let reader =
            Reader::new(settings.topics.clone(), config, (hashes.into(), message_bytes), &state, session, wiring)?;
        let thread = std::thread::Builder::new().name("kafka".to_owned()).spawn(move || reader.run());
        let thread = thread.map_err(|source| SourceError::Thread { thread: "consumer's", source })?;
        Ok(Self { feed, state, registry, used, stop, thread: Some(thread) })
    }

    /// The consumer's health at this moment, and the registry's.
    #[must_use]
    pub fn health(&self) -> SourceHealth {
        SourceHealth { registry: self.registry.as_ref().map(Registry::health), ..self.state.health() }
    }

    /// Gives a batch back to the client, on the consumer's thread: that takes a while, which the monitor's thread can use better.
    pub fn give_back(&self, batch: Batch) {
        // A thread that falls behind is helped.
        let _ = self.used.try_send(batch);
    }

    /// Asks the thread to end. What it has read until then still comes.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.stop();
        // librdkafka waits until a time of day. If the clock is set back during such a wait, it can be long.
        let began = Instant::now();
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && began.elapsed() < END_LIMIT {
            // The thread may be waiting to send.
            if self.feed.recv_timeout(END_POLL).is_err_and(|error| error == RecvTimeoutError::Disconnected) {
                std::thread::sleep(END_POLL);
            }
        }
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            // The thread itself has printed its panic.
            let _ = thread.join();
        }
    }
}

//! `run`: the daemon. One thread owns the monitor; the others feed it and show what it publishes.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::app::{Failure, Finished, Keeper, Shared, Snapshot, load_or_make_key};
use crate::event::{EventTime, RawRecord};
use crate::monitor::{Handled, Monitor};
use crate::settings::{Kafka, Settings};
use crate::sink::dead_letter::{DeadLetters, Position};
use crate::source::Batch;
use crate::source::kafka::{Feed, KafkaSource, SourceHealth, base_config};

/// Longest wait for dead letters at the end.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
/// Longest the stream waits for dead letters when a checkpoint is due; then it is put off.
const LETTERS_WAIT: Duration = Duration::from_millis(50);
/// Longest a stop signal waits to be seen.
const STOP_POLL: Duration = Duration::from_millis(200);
/// The lock in the state folder.
const LOCK_FILE: &str = "lock";

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// [`Failure::Configuration`] without a usable `[kafka]`; [`Failure::Io`] where the state folder or the address cannot be used.
pub fn run(settings: &Settings) -> Result<Finished, Failure> {
    let Some(kafka) = &settings.kafka else {
        return Err(Failure::Configuration(
            "expected a section [kafka] with brokers and topics, found none".to_owned(),
        ));
    };
    let _lock = lock_state(settings)?;
    let stop = Arc::new(AtomicBool::new(false));
    let daemon = Daemon::start(settings, kafka, Arc::clone(&stop))?;
    let shared = Arc::clone(&daemon.shared);
    let server = Server::start(settings, &shared, &stop)?;
    daemon.run();
    server.stop();
    tracing::info!("stopped");
    Ok(Finished::Ok)
}

/// The monitor and what feeds it.
pub struct Daemon {
    monitor: Monitor,
    source: KafkaSource,
    dead_letters: DeadLetters,
    keeper: Keeper,
    /// How far it must have come to have counted all that was there at the start: before that, findings would be those of the past.
    catch_up: CatchUp,
    /// What it shows.
    pub shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    evaluate_every: Duration,
}

impl Daemon {
    /// Reads the state, whose lock the caller holds, and connects; reads no events yet.
    ///
    /// # Errors
    /// [`Failure::Io`] and [`Failure::Configuration`] as [`run`].
    pub fn start(settings: &Settings, kafka: &Kafka, stop: Arc<AtomicBool>) -> Result<Self, Failure> {
        let key = load_or_make_key(settings)?;
        let (keeper, monitor) = Keeper::open(settings, &key, wall_clock())?;
        let source =
            KafkaSource::start(kafka, settings.plan.event.message_bytes, keeper.inputs(), keeper.record_hash());
        let source = source.map_err(Failure::Configuration)?;
        let config = base_config(kafka).map_err(Failure::Configuration)?;
        let dead_letters = DeadLetters::connect(config, &kafka.dead_letter_topic, kafka.dead_letter_payload);
        let dead_letters = dead_letters.map_err(Failure::Configuration)?;
        let shared = Arc::new(Shared::new(&monitor, settings.series_limit));
        let every = u64::try_from(settings.plan.window.evaluate_every.0).unwrap_or(1_000).max(1);
        let evaluate_every = Duration::from_millis(every);
        Ok(Self { monitor, source, dead_letters, keeper, catch_up: CatchUp::default(), shared, stop, evaluate_every })
    }

    /// Runs until the stop flag is set: then handles what was read, delivers dead letters and evaluates a last time.
    pub fn run(mut self) {
        let mut next_tick = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let wait = next_tick.saturating_duration_since(Instant::now()).min(STOP_POLL);
            match self.source.feed.recv_timeout(wait) {
                Ok(feed) => self.take(feed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    // The consumer's thread panicked: without input every answer would go stale in silence.
                    tracing::error!("the consumer's thread has ended");
                    break;
                }
            }
            self.dead_letters.work();
            if Instant::now() >= next_tick {
                self.tick();
                next_tick = Instant::now() + self.evaluate_every;
            }
            if self.keeper.is_due() && self.letters_arrived(LETTERS_WAIT) {
                self.keeper.checkpoint(&self.monitor);
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        self.source.stop();
        while let Ok(feed) = self.source.feed.recv_timeout(STOP_POLL) {
            self.take(feed);
        }
        self.tick();
        if self.letters_arrived(FLUSH_LIMIT) {
            self.keeper.finish(&self.monitor);
        } else {
            tracing::warn!("dead letters were not delivered; they will be when their records are read again");
        }
    }

    /// A checkpoint says that its records need not be read again, so their dead letters must have arrived.
    fn letters_arrived(&mut self, limit: Duration) -> bool {
        self.dead_letters.flush(limit) == 0
    }

    fn take(&mut self, feed: Feed) {
        match feed {
            Feed::Partition(index, input) => {
                self.monitor.add_partition(index, wall_clock());
                self.keeper.add_partition(input);
            }
            Feed::Batch(batch) => {
                self.take_batch(&batch);
                self.keeper.note(&batch);
                self.catch_up.taken += 1;
                self.source.give_back(batch);
            }
        }
    }

    fn take_batch(&mut self, batch: &Batch) {
        let now = wall_clock();
        let mut headers = Vec::new();
        for record in batch.records() {
            headers.clear();
            headers.extend(record.headers());
            let raw =
                RawRecord { payload: record.payload, headers: &headers, timestamp: record.timestamp.map(EventTime) };
            if let Handled::Rejected(rejection) = self.monitor.handle_record(record.partition, &raw, now) {
                let Some((topic, partition)) = self.source.state.name(record.partition) else { continue };
                let position = Position { topic: &topic, partition, offset: record.offset };
                let stop = &self.stop;
                self.dead_letters.send(position, &rejection, record.payload, || !stop.load(Ordering::Relaxed));
            }
        }
    }

    fn tick(&mut self) {
        let began = Instant::now();
        let source = self.source.state.health();
        if self.catch_up.is_reached(&source) {
            self.monitor.handle_tick(wall_clock());
        }
        self.keeper.keep_alerts(self.monitor.take_alerts());
        self.shared.show(Snapshot {
            published: self.monitor.published(),
            health: self.monitor.health(),
            source,
            dead_letters: self.dead_letters.health(),
            checkpoint: self.keeper.health(),
            evaluation_took: began.elapsed(),
            made_at: Instant::now(),
        });
    }
}

/// Batches taken, and those that hold all that was there at the start.
#[derive(Debug, Default)]
struct CatchUp {
    taken: u64,
    goal: Option<u64>,
}

impl CatchUp {
    /// Once reached it stays so: partitions that are added later do not stop the evaluation.
    fn is_reached(&mut self, source: &SourceHealth) -> bool {
        if source.caught_up {
            self.goal.get_or_insert(source.begun);
        }
        self.goal.is_some_and(|goal| self.taken >= goal)
    }
}

/// The HTTP server and the signals, on a thread of their own.
pub struct Server {
    shutdown: watch::Sender<bool>,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    /// Listens; SIGTERM and SIGINT set the stop flag.
    ///
    /// # Errors
    /// [`Failure::Io`] where the address cannot be listened on.
    pub fn start(settings: &Settings, shared: &Arc<Shared>, stop: &Arc<AtomicBool>) -> Result<Self, Failure> {
        let listen = settings.server.listen;
        let failure = |error: std::io::Error| Failure::Io(format!("server.listen {listen}: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failure)?;
        let listener = std::net::TcpListener::bind(listen).map_err(failure)?;
        listener.set_nonblocking(true).map_err(failure)?;
        let (shutdown, receiver) = watch::channel(false);
        let (shared, stop) = (Arc::clone(shared), Arc::clone(stop));
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(stop_on_signal(stop));
                if let Err(error) = crate::server::serve(listener, shared, receiver).await {
                    tracing::error!(%error, "the HTTP server has ended");
                }
            });
        });
        Ok(Self { shutdown, thread: thread.map_err(failure)? })
    }

    /// Answers what was asked and ends.
    pub fn stop(self) {
        // Where the server has ended already nobody listens.
        let _ = self.shutdown.send(true);
        let _ = self.thread.join();
    }
}

async fn stop_on_signal(stop: Arc<AtomicBool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received");
        return;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tracing::info!("stopping");
    stop.store(true, Ordering::Relaxed);
}

/// One daemon at a time uses a state folder; a second waits.
fn lock_state(settings: &Settings) -> Result<File, Failure> {
    let folder = &settings.state.dir;
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    let path = folder.join(LOCK_FILE);
    let file =
        File::options().create(true).append(true).open(&path).map_err(|error| Failure::io("open", &path, &error))?;
    if file.try_lock().is_err() {
        tracing::warn!(lock = %path.display(), "another daemon uses this state: waiting for it to end");
        file.lock().map_err(|error| Failure::io("lock", &path, &error))?;
    }
    Ok(file)
}

/// Wall-clock time: here and nowhere above.
fn wall_clock() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

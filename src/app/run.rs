//! `run`: the daemon. One thread owns the monitor; the others feed it and show what it publishes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::app::clock::SteadyClock;
use crate::app::lock::StateLock;
use crate::app::supervisor::Supervisor;
use crate::app::{Delivery, Failure, Finished, Keeper, Operation, Shared, Snapshot, load, load_or_make_key};
use crate::checkpoint::Owner;
use crate::event::{EventTime, RawRecord};
use crate::monitor::{Handled, Monitor};
use crate::settings::{Alerting, Kafka, Settings};
use crate::sink::dead_letter::{DeadLetters, Position};
use crate::source::Batch;
use crate::source::kafka::{Feed, KafkaSource, SourceHealth, base_config};
use crate::source::topics::TopicWatch;

/// Longest wait for dead letters at the end.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
/// Longest the stream waits for dead letters when a checkpoint is due; then it is put off.
const LETTERS_WAIT: Duration = Duration::from_millis(50);
/// Longest a stop signal waits to be seen.
const STOP_POLL: Duration = Duration::from_millis(200);

/// Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again.
///
/// # Errors
/// [`Failure::Configuration`] where it is wrong or has no `[kafka]`; [`Failure::Io`] where the state folder or the address cannot be used.
pub fn run(config: &Path) -> Result<Finished, Failure> {
    let settings = load(config)?;
    let Some(kafka) = &settings.kafka else {
        return Err(Failure::Configuration(
            "expected a section [kafka] with brokers and topics, found none".to_owned(),
        ));
    };
    let mut supervisor = Supervisor::start();
    let lock = StateLock::wait(&settings, &mut supervisor)?;
    let signals = Arc::new(Signals::default());
    let mut daemon = Daemon::start(&settings, kafka, &lock.owner, Arc::clone(&signals))?;
    daemon.supervise(supervisor, Reload { config: config.to_owned(), settings: settings.clone() });
    let shared = Arc::clone(&daemon.shared);
    let server = Server::start(&settings, &shared, &signals)?;
    let ended = daemon.run();
    server.stop();
    tracing::info!("stopped");
    ended.map(|()| Finished::Ok)
}

/// What signals have asked for.
#[derive(Debug, Default)]
pub struct Signals {
    /// To end.
    pub stop: AtomicBool,
    reload: AtomicBool,
}

/// Where the configuration is read again, and what was in force at the start.
struct Reload {
    config: PathBuf,
    settings: Settings,
}

/// The monitor and what feeds it.
pub struct Daemon {
    monitor: Monitor,
    owner: Owner,
    source: KafkaSource,
    topics: TopicWatch,
    dead_letters: DeadLetters,
    keeper: Keeper,
    delivery: Delivery,
    /// How far it must have come to have counted all that was there at the start: before that, findings would be those of the past.
    catch_up: CatchUp,
    /// What it shows.
    pub shared: Arc<Shared>,
    signals: Arc<Signals>,
    evaluate_every: Duration,
    clock: SteadyClock,
    operation: Operation,
    supervisor: Option<Supervisor>,
    reload: Option<Reload>,
}

impl Daemon {
    /// Reads the state that was claimed, and connects; reads no events yet.
    ///
    /// # Errors
    /// [`Failure::Io`] and [`Failure::Configuration`] as [`run`].
    pub fn start(settings: &Settings, kafka: &Kafka, owner: &Owner, signals: Arc<Signals>) -> Result<Self, Failure> {
        let clock = SteadyClock::start();
        let key = load_or_make_key(settings)?;
        let (mut keeper, mut monitor) = Keeper::open(settings, owner, &key, clock.now())?;
        let delivery = Delivery::open(settings, owner, &keeper.take_changes(), monitor.published().alerts())?;
        monitor.keep_alerts_as_told(|alert| delivery.told(alert));
        let source =
            KafkaSource::start(kafka, settings.plan.event.message_bytes, keeper.inputs(), keeper.record_hash());
        let source = source.map_err(Failure::Configuration)?;
        let topics = TopicWatch::start(kafka).map_err(Failure::Configuration)?;
        let config = base_config(kafka).map_err(Failure::Configuration)?;
        let dead_letters = DeadLetters::connect(config, &kafka.dead_letter_topic, kafka.dead_letter_payload);
        let dead_letters = dead_letters.map_err(Failure::Configuration)?;
        let shared = Arc::new(Shared::new(&monitor, settings.series_limit));
        let operation = Operation { accepted_gaps: keeper.accepted_gaps().len() as u64, ..Operation::default() };
        Ok(Self {
            monitor,
            owner: owner.clone(),
            source,
            topics,
            dead_letters,
            keeper,
            delivery,
            catch_up: CatchUp::default(),
            shared,
            signals,
            evaluate_every: evaluate_every(settings),
            clock,
            operation,
            supervisor: None,
            reload: None,
        })
    }

    /// Tells the service manager of progress, and reads the configuration again when asked to.
    fn supervise(&mut self, supervisor: Supervisor, reload: Reload) {
        self.supervisor = Some(supervisor);
        self.reload = Some(reload);
    }

    /// Runs until the stop flag is set: then handles what was read, delivers dead letters and evaluates a last time.
    ///
    /// # Errors
    /// [`Failure::Io`] where another daemon has taken the state over: this one has nothing more to say. Its dead letters on their way and the
    /// offsets it commits for lag displays are not held back: the first may come twice at any restart, and nobody reads on at the second.
    pub fn run(mut self) -> Result<(), Failure> {
        let mut next_tick = Instant::now();
        while !self.signals.stop.load(Ordering::Relaxed) {
            self.look_up();
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
            if self.owner.lost().is_some() {
                self.delivery.abandon();
                return still_owned(&self.owner);
            }
            if self.keeper.is_due() && self.delivery.is_durable() && self.letters_arrived(LETTERS_WAIT) {
                self.keeper.checkpoint(&self.monitor);
            }
        }
        self.finish()
    }

    /// What has happened around the daemon.
    fn look_up(&mut self) {
        if let Some(supervisor) = &mut self.supervisor {
            supervisor.alive();
        }
        if let Some(by) = self.clock.follow() {
            tracing::warn!(seconds = by.0 / 1_000, "the clock was set");
            self.operation.clock_steps += 1;
            self.monitor.shift_clock(by);
        }
        if self.signals.reload.swap(false, Ordering::Relaxed) {
            self.reload();
        }
    }

    fn reload(&mut self) {
        if let Some(supervisor) = &self.supervisor {
            supervisor.reloading();
        }
        self.read_configuration_again();
        let outcome = if self.operation.refused { "running; the last reload was refused" } else { "running" };
        if let Some(supervisor) = &self.supervisor {
            supervisor.reloaded(outcome);
        }
    }

    fn read_configuration_again(&mut self) {
        let Some(reload) = &self.reload else { return };
        let settings = load(&reload.config).and_then(|settings| {
            let mut plan = settings.plan.clone();
            // The consumer goes on cutting records off where it did.
            plan.event.message_bytes = reload.settings.plan.event.message_bytes;
            let changed = self.monitor.change_plan(plan);
            changed.map(|()| settings).map_err(|problem| Failure::Configuration(problem.to_string()))
        });
        self.operation.refused = settings.is_err();
        match settings {
            Ok(settings) => {
                warn_of_fixed(&reload.settings, &settings);
                self.operation.reloads += 1;
                self.evaluate_every = evaluate_every(&settings);
                self.shared.set_series_limit(settings.series_limit);
                self.keeper.change_configuration(&settings);
                tracing::info!(config_hash = settings.plan.config_hash, "the configuration was read again");
                // The findings shown are those of the configuration in force.
                self.tick();
            }
            Err(error) => {
                self.operation.refused_reloads += 1;
                tracing::error!(%error, "the configuration was read again and refused; the one before stays in force");
            }
        }
    }

    fn finish(mut self) -> Result<(), Failure> {
        if let Some(supervisor) = &self.supervisor {
            supervisor.stopping();
        }
        self.source.stop();
        while let Ok(feed) = self.source.feed.recv_timeout(STOP_POLL) {
            self.take(feed);
        }
        self.tick();
        if !self.letters_arrived(FLUSH_LIMIT) {
            tracing::warn!("dead letters were not delivered; they will be when their records are read again");
        } else if self.delivery.is_durable() {
            self.keeper.finish(&self.monitor);
        }
        self.delivery.finish();
        still_owned(&self.owner)
    }

    /// A checkpoint says that its records need not be read again, so their dead letters must have arrived.
    fn letters_arrived(&mut self, limit: Duration) -> bool {
        self.dead_letters.flush(limit) == 0
    }

    fn take(&mut self, feed: Feed) {
        match feed {
            Feed::Partition(index, input) => {
                self.monitor.add_partition(index, self.clock.now());
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
        let now = self.clock.now();
        let mut headers = Vec::new();
        for record in batch.records() {
            headers.clear();
            headers.extend(record.headers());
            let raw =
                RawRecord { payload: record.payload, headers: &headers, timestamp: record.timestamp.map(EventTime) };
            if let Handled::Rejected(rejection) = self.monitor.handle_record(record.partition, &raw, now) {
                let Some((topic, partition)) = self.source.state.name(record.partition) else { continue };
                let position = Position { topic: &topic, partition, offset: record.offset };
                let stop = &self.signals.stop;
                self.dead_letters.send(position, &rejection, record.payload, || !stop.load(Ordering::Relaxed));
            }
        }
    }

    fn tick(&mut self) {
        // Each act looks for itself; this is for a daemon that has nothing to do.
        if self.owner.check().is_err() {
            return;
        }
        let began = Instant::now();
        let source = self.source.state.health();
        let judges = self.catch_up.is_reached(&source);
        if judges {
            self.monitor.handle_tick(self.clock.now());
        }
        let changed = self.keeper.keep_alerts(self.monitor.take_alerts());
        let published = self.monitor.published();
        // Ends first: an alert may fire in the place of one that is gone, and Alertmanager does not tell the two apart.
        if judges {
            self.delivery.end_what_is_gone(published.alerts(), self.clock.now());
        }
        if let Some(entries) = changed {
            self.delivery.tell(&(self.monitor.publish_alerts(&entries), entries.provenance));
        }
        self.delivery.work();
        self.shared.show(Snapshot {
            published,
            health: self.monitor.health(),
            source,
            inputs: self.topics.health(),
            dead_letters: self.dead_letters.health(),
            operation: self.operation,
            checkpoint: self.keeper.health(),
            delivery: self.delivery.health(),
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
    /// Listens; signals set their flags.
    ///
    /// # Errors
    /// [`Failure::Io`] where the address cannot be listened on.
    pub fn start(settings: &Settings, shared: &Arc<Shared>, signals: &Arc<Signals>) -> Result<Self, Failure> {
        let listen = settings.server.listen;
        let failure = |error: std::io::Error| Failure::Io(format!("server.listen {listen}: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failure)?;
        let listener = std::net::TcpListener::bind(listen).map_err(failure)?;
        listener.set_nonblocking(true).map_err(failure)?;
        let (shutdown, receiver) = watch::channel(false);
        let (shared, signals) = (Arc::clone(shared), Arc::clone(signals));
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(hear_signals(signals));
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

async fn hear_signals(signals: Arc<Signals>) {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = kinds else {
        tracing::error!("signals cannot be received");
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => signals.reload.store(true, Ordering::Relaxed),
        }
    }
    tracing::info!("stopping");
    signals.stop.store(true, Ordering::Relaxed);
}

fn still_owned(owner: &Owner) -> Result<(), Failure> {
    owner.lost().map_or(Ok(()), |problem| Err(Failure::Io(problem.to_owned())))
}

/// What a running daemon cannot change.
fn warn_of_fixed(before: &Settings, after: &Settings) {
    let key = |settings: &Settings| settings.privacy.pseudonym_key_file.clone();
    let receivers = |settings: &Settings| {
        let Alerting { alertmanagers, webhooks, .. } = settings.alerting.clone();
        let Alerting { webhook_secret_file, ca_file, authorization_file, resend_every, .. } = settings.alerting.clone();
        (alertmanagers, webhooks, [webhook_secret_file, ca_file, authorization_file], resend_every)
    };
    let fixed = [
        ("[kafka]", before.kafka != after.kafka),
        ("[server]", before.server != after.server),
        ("[alerting] receivers", receivers(before) != receivers(after)),
        ("limits.outbox_messages", before.outbox_limit != after.outbox_limit),
        ("limits.message_bytes", before.plan.event.message_bytes != after.plan.event.message_bytes),
        ("state.dir", before.state.dir != after.state.dir),
        ("privacy.pseudonym_key_file", key(before) != key(after)),
    ];
    for (name, _) in fixed.iter().filter(|(_, changed)| *changed) {
        tracing::warn!(name, "changed in the configuration; it takes effect at the next start");
    }
}

fn evaluate_every(settings: &Settings) -> Duration {
    Duration::from_millis(u64::try_from(settings.plan.window.evaluate_every.0).unwrap_or(1_000).max(1))
}

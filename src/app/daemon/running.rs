//! The thread that owns the monitor: it takes records in, evaluates on ticks, and shows the result.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::audit::{AlertsFound, Audit};
use super::catch_up::CatchUp;
use super::clock::SteadyClock;
use super::counting::Counting;
use super::delivery::Delivery;
use super::historian::Historian;
use super::intake::IntakeThread;
use super::invariants::InvariantLog;
use super::keeper::Keeper;
use super::key::{PreviousKey, load_or_make_keys};
use super::latency::LatencyRecorder;
use super::reload::{Reload, evaluate_every};
use super::signals::Signals;
use super::supervisor::Supervisor;
use super::unanswered::UnansweredLog;
use super::unlisted::UnlistedLog;
use crate::app::{arguments::load, failure::Failure, threads};
use crate::checkpoint::audit::Fact;
use crate::checkpoint::reports::{MadeReport, notes};
use crate::checkpoint::{Input, Owner};
use crate::disclosure::Published;
use crate::monitor::{Monitor, Output};
use crate::plan::PartitionIndex;
use crate::settings::{Kafka, Settings};
use crate::sink::dead_letter::{DeadLetters, Position};
use crate::source::kafka::{Batch, Brokers, Feed, KafkaSource, TopicWatch};
use crate::status::{HttpSourceHealth, LatenessHealth, Operation, Shared, View};

/// Longest wait for dead letters when the daemon stops.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
/// Longest that the stream waits for dead letters when a checkpoint is due; then the checkpoint is put off.
const LETTERS_WAIT: Duration = Duration::from_millis(50);
/// Longest time until a stop signal is noticed.
const STOP_POLL: Duration = Duration::from_millis(200);

/// The monitor, and everything that feeds it or tells of it.
pub struct Daemon {
    monitor: Monitor,
    counting: Counting,
    owner: Owner,
    brokers: Brokers,
    source: KafkaSource,
    topics: TopicWatch,
    /// The topics from which measures are taken; `None`: from any.
    measure_topics: Option<Vec<String>>,
    dead_letters: DeadLetters,
    keeper: Keeper,
    audit: Audit,
    delivery: Delivery,
    historian: Historian,
    catch_up: CatchUp,
    latency: LatencyRecorder,
    /// Where the latest view is shown.
    pub shared: Arc<Shared>,
    /// What the HTTP source counts, where there is one.
    http_source: Option<Arc<HttpSourceHealth>>,
    signals: Arc<Signals>,
    evaluate_every: Duration,
    clock: SteadyClock,
    operation: Operation,
    previous_key: PreviousKey,
    invariants: InvariantLog,
    unlisted: UnlistedLog,
    unanswered: UnansweredLog,
    supervisor: Option<Supervisor>,
    reload: Option<Reload>,
}

impl Daemon {
    /// Reads the state from the folder that was claimed, and connects to Kafka. Handles no events yet.
    ///
    /// # Errors
    /// [`Failure::Io`] if the state cannot be read; [`Failure::Configuration`] if the configuration does not fit the state, or a client refuses
    /// it.
    pub fn start(settings: &Settings, kafka: &Kafka, owner: &Owner, signals: Arc<Signals>) -> Result<Self, Failure> {
        let clock = SteadyClock::start();
        let key_files = load_or_make_keys(settings)?;
        let opened = Keeper::open(settings, owner, key_files.keys.clone(), clock.now());
        let (audit, (mut keeper, mut monitor)) = Audit::start(settings, owner)?.heed(opened)?;
        keeper.destroy_in_time(key_files.previous.clone());
        let brokers = Brokers::open(kafka).map_err(Failure::configuration)?;
        let (changes, published) = (keeper.take_changes(), monitor.published());
        audit.begin(settings, &keeper, key_files.previous.exists());
        let delivery = Delivery::open(settings, Some(&brokers), owner, &changes, published.alerts());
        let (mut audit, delivery) = audit.heed(delivery)?;
        let (numbers, standing) = (delivery.numbers(), delivery.standing());
        audit.tell_alerts(AlertsFound { changes: &changes, numbers, standing, book: published.alerts() });
        audit.show_to_topic(settings, &brokers)?;
        note_reports(&mut monitor, owner);
        monitor.keep_alerts_as_told(|alert| delivery.told(alert));
        let measure_topics = kafka.measure_topics.clone();
        hold_all_to_measure_topics(&mut monitor, measure_topics.as_deref(), keeper.inputs());
        let message_bytes = settings.plan.event.message_bytes;
        let source = KafkaSource::start(&brokers, kafka, message_bytes, keeper.inputs(), &key_files.keys);
        let source = source.map_err(Failure::configuration)?;
        let topics = TopicWatch::start(&brokers, kafka).map_err(Failure::configuration)?;
        let dead_letters = DeadLetters::connect(&brokers, &kafka.dead_letter_topic, kafka.dead_letter_payload);
        let dead_letters = dead_letters.map_err(Failure::configuration)?;
        let historian = Historian::start(settings, owner, keeper.accepted_gaps())?;
        let counting = Counting::new(threads::start(settings.threads)?, &settings.mappings, keeper.inputs());
        let shared =
            Arc::new(Shared::with_past(&monitor, settings.series_limit, (&settings.state.dir, &settings.report_dir())));
        let accepted_gaps = keeper.accepted_gaps().len() as u64;
        let operation = Operation { accepted_gaps, key_since: Some(key_files.since), ..Operation::default() };
        Ok(Self {
            monitor,
            counting,
            owner: owner.clone(),
            brokers,
            source,
            topics,
            measure_topics,
            dead_letters,
            keeper,
            audit,
            delivery,
            historian,
            catch_up: CatchUp::default(),
            invariants: InvariantLog::default(),
            unlisted: UnlistedLog::default(),
            unanswered: UnansweredLog::default(),
            latency: LatencyRecorder::new().map_err(|error| Failure::Internal(error.to_string()))?,
            shared,
            http_source: None,
            signals,
            evaluate_every: evaluate_every(settings),
            clock,
            operation,
            previous_key: key_files.previous,
            supervisor: None,
            reload: None,
        })
    }

    /// Reports progress to the service manager, and reads the configuration again when asked to.
    pub fn supervise(&mut self, supervisor: Supervisor, reload: Reload) {
        self.supervisor = Some(supervisor);
        self.reload = Some(reload);
    }

    /// Starts to take events by HTTP, where the configuration says so.
    ///
    /// # Errors
    /// Those of [`IntakeThread::start`].
    pub fn take_events(&mut self, settings: &Settings) -> Result<Option<IntakeThread>, Failure> {
        let Some(source) = &settings.http_source else { return Ok(None) };
        let health = Arc::new(HttpSourceHealth::default());
        self.http_source = Some(Arc::clone(&health));
        IntakeThread::start(settings, source, &self.brokers, health).map(Some)
    }

    /// Runs until a signal asks it to stop. Then it handles what was read, delivers dead letters and evaluates once more.
    ///
    /// # Errors
    /// [`Failure::Io`] if another daemon has taken the state over; this one then has nothing more to say. Dead letters that are under way and
    /// offsets that are committed for lag displays are not held back: the former may come twice after any restart, and nobody reads on from the
    /// latter.
    pub fn run(mut self) -> Result<(), Failure> {
        let (mut next_tick, mut why) = (Instant::now(), "asked to");
        while !self.signals.is_stopping() {
            self.follow_surroundings();
            let wait = next_tick.saturating_duration_since(Instant::now()).min(STOP_POLL);
            match self.source.feed.recv_timeout(wait) {
                Ok(feed) => self.take(feed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    // Its thread has panicked. Without input every answer would grow stale in silence.
                    tracing::error!("the consumer's thread has ended");
                    why = "the consumer's thread has ended";
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
                self.audit.abandon();
                return still_owned(&self.owner);
            }
            if self.keeper.is_due() && self.is_durable() && self.letters_arrived(LETTERS_WAIT) {
                self.keep();
            }
        }
        self.finish(why)
    }

    /// Takes note of what has happened around the daemon: a clock that was set, a signal.
    fn follow_surroundings(&mut self) {
        if let Some(supervisor) = &mut self.supervisor {
            supervisor.alive();
        }
        if let Some(by) = self.clock.follow() {
            tracing::warn!(seconds = by.0 / 1_000, "the clock was set");
            self.operation.clock_steps += 1;
            self.monitor.shift_clock(by);
            self.latency.shift_clock(by);
        }
        if self.signals.take_reload() {
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
        // The demo has no file to read again.
        let Some(reload) = &self.reload else { return };
        let settings = load(&reload.file).and_then(|settings| {
            let mut plan = settings.plan.clone();
            // The consumer keeps truncating records at the limit set at startup.
            plan.event.message_bytes = reload.at_start.plan.event.message_bytes;
            self.monitor.change_plan(plan).map(|()| settings).map_err(Failure::configuration)
        });
        self.operation.refused = settings.is_err();
        match settings {
            Ok(settings) => {
                reload.warn_of_fixed(&settings);
                self.operation.reloads += 1;
                self.evaluate_every = evaluate_every(&settings);
                self.shared.set_series_limit(settings.series_limit);
                self.counting.mapping().replace(&settings.mappings);
                self.keeper.change_configuration(&settings);
                self.audit.tell_configuration(&settings);
                self.historian.change_configuration(&settings);
                tracing::info!(config_hash = settings.plan.config_hash, "the configuration was read again");
                // The findings shown must be those of the configuration in force.
                self.tick();
            }
            Err(error) => {
                self.operation.refused_reloads += 1;
                tracing::error!(%error, "the configuration was read again and refused; the one before stays in force");
            }
        }
    }

    /// Asks for a checkpoint.
    fn keep(&mut self) {
        self.keeper.renew(self.source.state.take_recognised());
        self.keeper.checkpoint(&self.monitor);
    }

    fn finish(mut self, why: &'static str) -> Result<(), Failure> {
        if let Some(supervisor) = &self.supervisor {
            supervisor.stopping();
        }
        self.source.stop();
        while let Ok(feed) = self.source.feed.recv_timeout(STOP_POLL) {
            self.take(feed);
        }
        self.tick();
        self.audit.settle();
        self.historian.settle();
        if !self.letters_arrived(FLUSH_LIMIT) {
            tracing::warn!("dead letters were not delivered; they will be when their records are read again");
        } else if !self.audit.is_settled() {
            tracing::warn!(
                "the audit log was not written in time; the state is not kept, so that the next start can enter what it lacks"
            );
        } else if self.delivery.is_durable() {
            self.keeper.renew(self.source.state.take_recognised());
            self.keeper.finish(&self.monitor);
        }
        self.historian.finish();
        self.delivery.finish();
        self.audit.finish(why);
        still_owned(&self.owner)
    }

    /// Whether messages are on disk, and the history is: a checkpoint says that none of it need be told again.
    fn is_durable(&self) -> bool {
        self.delivery.is_durable() && self.audit.is_settled() && self.historian.is_settled()
    }

    /// Waits for dead letters. A checkpoint says that its records need not be read again, so their dead letters must have arrived.
    fn letters_arrived(&mut self, limit: Duration) -> bool {
        self.dead_letters.flush(limit) == 0
    }

    fn take(&mut self, feed: Feed) {
        match feed {
            Feed::Partition(index, input) => {
                self.monitor.add_partition(index, self.clock.now());
                hold_to_measure_topics(&mut self.monitor, self.measure_topics.as_deref(), (index, &input));
                self.counting.add_partition(index, &input.topic, input.partition);
                self.keeper.add_partition(input);
            }
            Feed::Passed(index, offset) => self.keeper.pass(index, offset),
            Feed::Batch(batch) => {
                self.counting.count(&batch, &mut self.monitor, self.clock.now());
                self.send_dead_letters(&batch);
                self.latency.note_counted(batch.records().map(|record| record.timestamp), self.clock.now());
                self.keeper.note(&batch);
                self.catch_up.handled_batch();
                self.source.give_back(batch);
            }
        }
    }

    fn send_dead_letters(&mut self, batch: &Batch) {
        for (record, rejection) in self.counting.rejected(batch) {
            let Some((topic, partition)) = self.source.state.name(record.partition) else {
                // The source names every partition before its first batch.
                tracing::error!(
                    partition = record.partition.0,
                    "a batch names a partition that was not announced; its dead letter is lost"
                );
                continue;
            };
            let position = Position { topic: &topic, partition, offset: record.offset };
            let signals = &self.signals;
            self.dead_letters.send(position, rejection, record.payload, || !signals.is_stopping());
        }
    }

    fn tick(&mut self) {
        // Every act checks the claim for itself; this check is for a daemon that has nothing to do.
        if self.owner.check().is_err() {
            return;
        }
        let began = Instant::now();
        let source = self.source.health();
        let judges = self.catch_up.is_complete(&source);
        if judges {
            self.judge();
        }
        let (mut changes, mut published) = (Vec::new(), None);
        while let Some(output) = self.monitor.poll_output() {
            match output {
                Output::Alerts(transitions) => changes.extend(self.keeper.keep_alerts(transitions)),
                Output::Published(latest) => published = Some(latest),
            }
        }
        let evaluated = published.is_some();
        // Without an evaluation the counts of events still grow.
        let published = published.unwrap_or_else(|| self.monitor.published());
        // Ends first: an alert may fire in the place of one that is gone, and Alertmanager does not tell the two apart.
        if judges {
            self.audit.tell_messages(self.delivery.end_what_is_gone(published.alerts(), self.clock.now()));
        }
        for changes in &changes {
            self.audit.tell_changes(changes);
            self.delivery.tell(changes);
        }
        self.delivery.work();
        if evaluated {
            self.historian.tell(&published, self.clock.now());
        }
        self.note(&published);
        if evaluated {
            self.latency.note_published(self.clock.now());
        }
        self.tell_audit(&published);
        let (disclosure, mappings) = (&self.monitor.plan().disclosure, self.counting.mapping().counts());
        self.shared.show(View {
            published,
            health: self.monitor.health(),
            source,
            access: self.brokers.troubles(),
            inputs: self.topics.health(),
            dead_letters: self.dead_letters.health(),
            operation: self.operation,
            checkpoint: self.keeper.health(),
            delivery: self.delivery.health(),
            audit: self.audit.health(),
            history: self.historian.health(),
            http: self.shared.http(),
            http_source: self.http_source.clone(),
            mappings,
            latency: self.latency.latency(disclosure),
            lateness: self.latency.lateness(disclosure, LatenessHealth::of(&self.monitor)),
            evaluation_took: began.elapsed(),
            made_at: Instant::now(),
        });
    }
}

impl Daemon {
    /// Judges at a tick, once it was heard of the reports that were made since the last one.
    fn judge(&mut self) {
        let made = self.audit.take_reports();
        made.iter().for_each(|report| note_report(&mut self.monitor, report));
        self.monitor.handle_tick(self.clock.now());
    }

    /// Logs what is new and worth a look.
    fn note(&mut self, published: &Published) {
        self.invariants.note();
        self.unlisted.note(published.unlisted());
        self.unanswered.note(published.measures());
    }

    /// Tells the audit log what an evaluation alone does not change.
    fn tell_audit(&mut self, published: &Published) {
        self.audit.tell_measures(published);
        let exists = self.previous_key.exists();
        if std::mem::replace(&mut self.operation.previous_key_exists, exists) != exists {
            self.audit.tell(Fact::TwoKeys(exists));
        }
    }
}

/// What was made while no daemon ran must not be overdue at the first tick. A folder that cannot be read is told by the thread of the audit log.
fn note_reports(monitor: &mut Monitor, owner: &Owner) {
    for note in notes(owner.folder()).unwrap_or_default().notes {
        note_report(monitor, &note.report);
    }
}

fn note_report(monitor: &mut Monitor, report: &MadeReport) {
    if report.evaluates() {
        monitor.note_report(&report.period, report.made_at);
    }
}

fn hold_all_to_measure_topics(monitor: &mut Monitor, topics: Option<&[String]>, inputs: &[Input]) {
    for (index, input) in (0..).map(PartitionIndex).zip(inputs) {
        hold_to_measure_topics(monitor, topics, (index, input));
    }
}

/// Measures are taken from the topics that the configuration names, where it names any.
fn hold_to_measure_topics(monitor: &mut Monitor, topics: Option<&[String]>, (index, input): (PartitionIndex, &Input)) {
    if topics.is_some_and(|topics| !topics.contains(&input.topic)) {
        monitor.refuse_measures(index);
    }
}

fn still_owned(owner: &Owner) -> Result<(), Failure> {
    owner.lost().map_or(Ok(()), |problem| Err(Failure::Io(problem.to_owned())))
}

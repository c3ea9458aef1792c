//! The audit log, as the monitor's thread uses it: it tells facts, and a thread of their own writes them. A slow or full disk never holds the monitor up.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::clerk::{Clerk, Desk};
use super::delivery::{Changes, base_url};
use super::keeper::Keeper;
use super::witness::WitnessThread;
use crate::app::failure::Failure;
use crate::checkpoint::Owner;
use crate::checkpoint::audit::{Fact, SignerProblem, load_or_make_signer};
use crate::checkpoint::reports::MadeReport;
use crate::disclosure::{Published, PublishedAlert, PublishedMeasure};
use crate::outbox::Message;
use crate::plan::MeasureKind;
use crate::settings::{SecretProblem, Settings};
use crate::sink::alert_topic::AlertTopic;
use crate::source::kafka::Brokers;
use crate::status::AuditHealth;

/// How long the disk may take at the end.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How long the alert topic may take then.
const SHOW_LIMIT: Duration = Duration::from_secs(3);

/// The audit log.
pub struct Audit {
    desk: Arc<Desk>,
    owner: Owner,
    ended: mpsc::Receiver<()>,
    /// `None` without an alert topic.
    witness: Option<WitnessThread>,
    /// The measures that were told, by what is known of all: how many are kept of each kind, and how many were dropped.
    measures: Option<([u64; MeasureKind::ALL.len()], u64)>,
    /// Whether the threads were told to end.
    is_over: bool,
}

/// What the state knows of alerts when it was read.
pub struct AlertsFound<'b> {
    /// The changes since the checkpoint that was read, oldest first.
    pub changes: &'b [Changes],
    /// The number of the last transition of each alert that was told, or waits to be told.
    pub numbers: Vec<(String, u32)>,
    /// The last messages about alerts.
    pub standing: Vec<Arc<Message>>,
    /// All alerts.
    pub book: &'b [PublishedAlert],
}

impl Audit {
    /// Reads or makes the key, and starts the thread. It opens the log by itself, as a long one takes a while to be read.
    ///
    /// # Errors
    /// [`Failure::Configuration`] or [`Failure::Io`] if the key that the configuration names cannot be used. A key in the state folder is tried again
    /// instead: without a log the daemon still counts.
    pub fn start(settings: &Settings, owner: &Owner) -> Result<Self, Failure> {
        let key_file = settings.audit.key_file.clone();
        if key_file.is_some() {
            match load_or_make_signer(owner, key_file.as_deref()) {
                Ok(_) | Err(SignerProblem::Unwritten(_)) => {}
                Err(problem) => return Err(failure(problem)),
            }
        }
        let desk = Arc::new(Desk::default());
        let (end, ended) = mpsc::channel();
        let clerk = Clerk::new(Arc::clone(&desk), owner.clone(), key_file, base_url(settings));
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
            clerk.run();
            // An error means that the daemon has not waited for this thread.
            let _ = end.send(());
        });
        thread.map_err(|error| Failure::Io(format!("start the thread of the audit log: {error}")))?;
        Ok(Self { desk, owner: owner.clone(), ended, witness: None, measures: None, is_over: false })
    }

    /// Enters that the state was refused, if it was.
    ///
    /// # Errors
    /// The same.
    pub fn heed<T>(self, opened: Result<T, Failure>) -> Result<(Self, T), Failure> {
        match opened {
            Ok(opened) => Ok((self, opened)),
            Err(failure) => {
                self.tell(Fact::StateRefused(failure.to_string()));
                Err(failure)
            }
        }
    }

    /// Tells that the daemon has started, and with what.
    pub fn begin(&self, settings: &Settings, keeper: &Keeper, two_keys: bool) {
        let config_hash = settings.plan.config_hash.clone();
        self.tell(Fact::Started { config_hash, checkpoint: keeper.checkpoint_read() });
        self.tell_configuration(settings);
        self.tell(Fact::Gaps(keeper.accepted_gaps().to_vec()));
        self.tell(Fact::TwoKeys(two_keys));
    }

    /// Tells what the journal, the outbox and the book have of alerts that the log may lack. What was published when it happened goes first.
    pub fn tell_alerts(&self, found: AlertsFound<'_>) {
        let AlertsFound { changes, mut numbers, standing, book } = found;
        numbers.extend(book.iter().map(|alert| (alert.id.clone(), alert.transitions)));
        self.tell(Fact::Numbers(numbers));
        changes.iter().for_each(|changes| self.tell_changes(changes));
        self.tell_messages(standing);
        self.tell(Fact::Book(book.to_vec()));
    }

    /// Sends checkpoints to the alert topic, if there is one.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if librdkafka refuses its configuration; [`Failure::Io`] if the system starts no thread.
    pub fn show_to_topic(&mut self, settings: &Settings, brokers: &Brokers) -> Result<(), Failure> {
        let Some(topic) = settings.kafka.as_ref().and_then(|kafka| kafka.alert_topic.as_ref()) else { return Ok(()) };
        let topic = AlertTopic::connect(brokers, topic).map_err(Failure::configuration)?;
        self.witness = Some(WitnessThread::start(Arc::clone(&self.desk), self.owner.clone(), topic)?);
        Ok(())
    }

    /// Tells a fact. Where too many wait for the disk it is lost, and counted.
    pub fn tell(&self, fact: Fact) {
        self.desk.put(fact);
    }

    /// Tells alerts that changed.
    pub fn tell_changes(&self, (alerts, provenance): &Changes) {
        self.tell(Fact::Alerts(alerts.clone(), Arc::new(provenance.clone())));
    }

    /// Tells messages about alerts, each perhaps told before.
    pub fn tell_messages(&self, messages: Vec<Arc<Message>>) {
        if !messages.is_empty() {
            self.tell(Fact::Messages(messages));
        }
    }

    /// Tells a configuration that was taken.
    pub fn tell_configuration(&self, settings: &Settings) {
        let hash = settings.plan.config_hash.clone();
        self.tell(Fact::Configuration { hash, toml: settings.redacted_toml() });
    }

    /// Tells the measures of an evaluation, where there are other ones than before.
    pub fn tell_measures(&mut self, published: &Published) {
        let measures = published.measures();
        let counts = (measures.counts, measures.dropped);
        if measures.is_empty() || self.measures.replace(counts) == Some(counts) {
            return;
        }
        let of_alerts = published.alerts().iter().flat_map(|alert| &alert.answer.measures);
        let others = measures.of_profiles.iter().chain(&measures.unmatched);
        let mut all: Vec<Arc<PublishedMeasure>> = of_alerts.chain(others).cloned().collect();
        // One may answer many alerts.
        all.sort_by_key(|measure| (measure.at, Arc::as_ptr(measure).addr()));
        all.dedup_by(|one, other| Arc::ptr_eq(one, other));
        self.tell(Fact::Measures(all));
    }

    /// Returns reports that were made, each once since the start.
    #[must_use]
    pub fn take_reports(&self) -> Vec<MadeReport> {
        self.desk.take_reports()
    }

    /// Whether the disk has every entry, or refuses them: the state must not forget before that what the log may lack.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.desk.is_settled()
    }

    /// Waits for that, for a while.
    pub fn settle(&self) {
        let until = Instant::now() + STOP_LIMIT;
        while !self.is_settled() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The health of the log.
    #[must_use]
    pub fn health(&self) -> AuditHealth {
        self.desk.health()
    }

    /// Enters why the daemon stops, signs a last time, and shows that to the alert topic.
    pub fn finish(mut self, why: &'static str) {
        self.end(why);
    }

    /// Ends without writing anything more: the state has a new owner, which writes the log.
    pub fn abandon(mut self) {
        self.is_over = true;
        self.desk.stop();
    }

    fn end(&mut self, why: &'static str) {
        self.is_over = true;
        self.tell(Fact::Stopped(why));
        self.desk.stop();
        if self.ended.recv_timeout(STOP_LIMIT).is_err() {
            tracing::warn!("the end of the audit log was not written in time");
        }
        if let Some(witness) = self.witness.take() {
            witness.finish(SHOW_LIMIT);
        }
    }
}

impl Drop for Audit {
    /// A daemon that could not start has ended, too.
    fn drop(&mut self) {
        if !self.is_over {
            self.end("the start failed");
        }
    }
}

fn failure(problem: SignerProblem) -> Failure {
    match problem {
        SignerProblem::Secret(SecretProblem::Unreadable { .. }) | SignerProblem::Unwritten(_) => Failure::io(problem),
        SignerProblem::Secret(_) | SignerProblem::Unfit { .. } => Failure::configuration(problem),
    }
}

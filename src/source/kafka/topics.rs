//! Asks the brokers how the input topics are configured: records may be removed before the daemon has read them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::brokers::{Brokers, Session};
use crate::plan::Span;
use crate::settings::Kafka;
use crate::source::error::SourceError;
use crate::status::{InputHealth, TopicConfig, TopicHealth, lock};

/// Time between two looks. A change shows within a minute, even with an evaluation and a slow answer in between.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Longest wait for an answer about one topic.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Longest time that the thread keeps running after a stop request.
const STOP_POLL: Duration = Duration::from_millis(100);
/// Looks at the topics from time to time, on a thread of its own: a slow answer must not keep records waiting.
pub struct TopicWatch {
    health: Arc<Mutex<InputHealth>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TopicWatch {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`SourceError`] if librdkafka refuses the configuration, or the system starts no thread.
    pub fn start(brokers: &Brokers, settings: &Kafka) -> Result<Self, SourceError> {
        let admin = brokers.config().create().map_err(|error| SourceError::client(&error))?;
        let session = brokers.session("topics");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let failed = |source| SourceError::Thread { thread: "topic watch's", source };
        let runtime = runtime.map_err(failed)?;
        let health = Arc::new(Mutex::new(InputHealth::new(settings)));
        let stop = Arc::new(AtomicBool::new(false));
        let looker = Looker { admin, session, runtime, health: Arc::clone(&health), stop: Arc::clone(&stop) };
        let thread = std::thread::Builder::new().name("topics".to_owned()).spawn(move || looker.run());
        let thread = Some(thread.map_err(failed)?);
        Ok(Self { health, stop, thread })
    }

    /// What was found last.
    #[must_use]
    pub fn health(&self) -> InputHealth {
        lock(&self.health).clone()
    }
}

impl Drop for TopicWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The thread itself has printed its panic.
            let _ = thread.join();
        }
    }
}

/// The thread's state.
struct Looker {
    admin: AdminClient<DefaultClientContext>,
    session: Session,
    runtime: tokio::runtime::Runtime,
    health: Arc<Mutex<InputHealth>>,
    stop: Arc<AtomicBool>,
}

impl Looker {
    fn run(self) {
        let topics: Vec<String> = lock(&self.health).topics.keys().cloned().collect();
        while !self.stops() {
            let began = Instant::now();
            self.session.renew(self.admin.inner());
            for topic in &topics {
                let Some(found) = self.look(topic) else { return };
                self.note(topic, found);
            }
            while began.elapsed() < LOOK_EVERY && !self.stops() {
                std::thread::sleep(STOP_POLL);
            }
        }
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Looks at one topic; `None` if the thread is to stop.
    fn look(&self, topic: &str) -> Option<Result<TopicConfig, String>> {
        let resource = [ResourceSpecifier::Topic(topic)];
        let options = AdminOptions::new().request_timeout(Some(ANSWER_LIMIT));
        self.runtime.block_on(async {
            let mut answer = std::pin::pin!(self.admin.describe_configs(&resource, &options));
            loop {
                match tokio::time::timeout(STOP_POLL, &mut answer).await {
                    Ok(answer) => return Some(read_answer(answer)),
                    Err(_) if self.stops() => return None,
                    Err(_) => {}
                }
            }
        })
    }

    /// Notes what was found. If a topic cannot be looked at, what was found before still counts.
    fn note(&self, topic: &str, found: Result<TopicConfig, String>) {
        let mut inputs = lock(&self.health);
        let (fault, warnings) = (inputs.fault(), inputs.warnings());
        let health = inputs.topics.entry(topic.to_owned()).or_default();
        match found {
            Ok(config) => *health = TopicHealth { config: Some(config), problem: None },
            Err(problem) => health.problem = Some(problem),
        }
        for text in inputs.fault().into_iter().filter(|text| fault.as_ref() != Some(text)) {
            tracing::error!(fault = text, "an input topic loses records");
        }
        for text in inputs.warnings().into_iter().filter(|text| !warnings.contains(text)) {
            tracing::warn!(warning = text, "an input topic");
        }
    }
}

/// Asks the brokers once how a topic is configured.
///
/// # Errors
/// Says why that is not known.
pub(super) fn look_at_topic(brokers: &Brokers, topic: &str) -> Result<TopicConfig, String> {
    let admin: AdminClient<DefaultClientContext> = brokers.config().create().map_err(|error| error.to_string())?;
    brokers.session("topics").renew(admin.inner());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let options = AdminOptions::new().request_timeout(Some(ANSWER_LIMIT));
    let resource = [ResourceSpecifier::Topic(topic)];
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async { read_answer(admin.describe_configs(&resource, &options).await) })
}

type Answer = rdkafka::error::KafkaResult<Vec<Result<ConfigResource, RDKafkaErrorCode>>>;

fn read_answer(answer: Answer) -> Result<TopicConfig, String> {
    let unknown = |why: String| format!("its configuration could not be looked up: {why}");
    let resources = answer.map_err(|error| unknown(error.to_string()))?;
    match resources.into_iter().next() {
        // rdkafka does not pass on the broker's error for a single topic: the answer then has no entries.
        Some(Ok(resource)) if resource.entries.is_empty() => {
            Err(unknown("expected the right to DESCRIBE_CONFIGS it, found no entries".to_owned()))
        }
        Some(Ok(resource)) => Ok(read_config(&resource)),
        Some(Err(code)) => Err(unknown(code.to_string())),
        None => Err(unknown("expected an answer, found none".to_owned())),
    }
}

fn read_config(resource: &ConfigResource) -> TopicConfig {
    let text = |name: &str| resource.entries.iter().find(|entry| entry.name == name)?.value.clone();
    let limit = |name: &str| text(name)?.parse::<i64>().ok().filter(|limit| *limit >= 0);
    let policy = text("cleanup.policy").unwrap_or_default();
    let has = |word: &str| policy.split(',').any(|found| found.trim() == word);
    // Retention only counts for a topic that deletes.
    let deletes = |limit: Option<i64>| limit.filter(|_| has("delete"));
    TopicConfig {
        compacted: has("compact"),
        retention: deletes(limit("retention.ms")).map(Span),
        retention_bytes: deletes(limit("retention.bytes")),
        batch_bytes: limit("max.message.bytes"),
    }
}

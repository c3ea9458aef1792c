//! What the brokers say about the input topics: whether records can go before they are read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use crate::event::Span;
use crate::settings::Kafka;
use crate::source::kafka::base_config;

/// Time between two looks: a change shows within a minute, with an evaluation and a slow answer in between.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Longest wait for an answer about one topic.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Longest the thread goes on after it was told to stop.
const STOP_POLL: Duration = Duration::from_millis(100);
/// Largest compressed batch that a topic may allow without a warning: Kafka's default. What it inflates to is in memory at once, by gzip up to
/// 1,032 times as much, so about 1 GiB.
const BATCH_BYTES: i64 = 1_048_588;

/// What a topic's configuration says that bears on reading it whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicConfig {
    /// Older records of a key go when a newer one comes.
    pub compacted: bool,
    /// How long records stay; `None`: for ever.
    pub retention: Option<Span>,
    /// Bytes of a partition beyond which its oldest records go; `None`: no such limit.
    pub retention_bytes: Option<i64>,
    /// Largest batch, in compressed bytes.
    pub batch_bytes: Option<i64>,
}

/// One input topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicHealth {
    /// What was found last; `None`: nothing yet.
    pub config: Option<TopicConfig>,
    /// Why the last look found nothing.
    pub problem: Option<String>,
}

/// All input topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputHealth {
    /// By name.
    pub topics: BTreeMap<String, TopicHealth>,
    /// How long records must stay.
    pub min_retention: Span,
}

/// Why a topic is no safe input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// Records go though they are young: a case's selection goes when its control comes.
    Compacted,
    /// Records may go before a daemon that stood still has read them.
    Retention,
    /// Records go by the size of their partition, however young they are.
    RetentionBytes,
    /// One batch may inflate to more memory than is foreseen.
    BatchBytes,
}

impl Unsafe {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Compacted, Self::Retention, Self::RetentionBytes, Self::BatchBytes];

    /// The word for it in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compacted => "compacted",
            Self::Retention => "retention",
            Self::RetentionBytes => "retention_bytes",
            Self::BatchBytes => "batch_bytes",
        }
    }
}

impl InputHealth {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Kafka) -> Self {
        let topics = settings.topics.iter().map(|topic| (topic.clone(), TopicHealth::default())).collect();
        Self { topics, min_retention: settings.min_retention }
    }

    /// Whether the reason holds for a topic; `None` where nothing is known of it.
    #[must_use]
    pub fn is(&self, reason: Unsafe, topic: &TopicHealth) -> Option<bool> {
        let config = topic.config.as_ref()?;
        Some(match reason {
            Unsafe::Compacted => config.compacted,
            Unsafe::Retention => config.retention.is_some_and(|retention| retention < self.min_retention),
            Unsafe::RetentionBytes => config.retention_bytes.is_some(),
            Unsafe::BatchBytes => config.batch_bytes.is_some_and(|bytes| bytes > BATCH_BYTES),
        })
    }

    /// What loses records now: nothing that rests on them is whole.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let compacted = |health: &TopicHealth| self.is(Unsafe::Compacted, health) == Some(true);
        let (topic, _) = self.topics.iter().find(|(_, health)| compacted(health))?;
        Some(format!(
            "topic {topic}: expected cleanup.policy \"delete\", found compaction: it removes events of a case when later ones come"
        ))
    }

    /// What may lose records, or could not be looked up.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.topics.iter().flat_map(|(topic, health)| self.warnings_of(topic, health)).collect()
    }

    fn warnings_of(&self, topic: &str, health: &TopicHealth) -> Vec<String> {
        let config = health.config.clone().unwrap_or_default();
        let mut warnings = Vec::new();
        let mut warn = |reason: Unsafe, text: String| {
            if self.is(reason, health) == Some(true) {
                warnings.push(format!("topic {topic}: {text}"));
            }
        };
        let seconds = |span: Option<Span>| span.unwrap_or_default().0 / 1_000;
        warn(
            Unsafe::Retention,
            format!(
                "expected a retention.ms of at least kafka.min_retention ({} s), found {} s: records may go before they are read",
                seconds(Some(self.min_retention)),
                seconds(config.retention)
            ),
        );
        warn(
            Unsafe::RetentionBytes,
            format!(
                "expected no retention.bytes, found {}: records may go before they are read, however young",
                config.retention_bytes.unwrap_or_default()
            ),
        );
        warn(
            Unsafe::BatchBytes,
            format!(
                "expected a max.message.bytes of at most {BATCH_BYTES}, found {}: one compressed batch may take more than 1 GiB of memory",
                config.batch_bytes.unwrap_or_default()
            ),
        );
        warnings.extend(health.problem.as_ref().map(|problem| format!("topic {topic}: {problem}")));
        warnings
    }

    /// Whether each topic was looked at, with whatever success.
    #[must_use]
    pub fn looked(&self) -> bool {
        self.topics.values().all(|health| health.config.is_some() || health.problem.is_some())
    }
}

/// Looks at the topics again and again, on a thread of its own: a slow answer must not keep records waiting.
pub struct TopicWatch {
    health: Arc<Mutex<InputHealth>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TopicWatch {
    /// Starts to look.
    ///
    /// # Errors
    /// What librdkafka refuses of the configuration.
    pub fn start(settings: &Kafka) -> Result<Self, String> {
        let admin = base_config(settings)?.create().map_err(|error| format!("kafka: {error}"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("start the thread that looks at topics: {error}"))?;
        let health = Arc::new(Mutex::new(InputHealth::new(settings)));
        let stop = Arc::new(AtomicBool::new(false));
        let looker = Looker { admin, runtime, health: Arc::clone(&health), stop: Arc::clone(&stop) };
        let thread = std::thread::Builder::new().name("topics".to_owned()).spawn(move || looker.run());
        let thread = Some(thread.map_err(|error| format!("start the thread that looks at topics: {error}"))?);
        Ok(Self { health, stop, thread })
    }

    /// What was found.
    #[must_use]
    pub fn health(&self) -> InputHealth {
        lock(&self.health).clone()
    }
}

impl Drop for TopicWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

/// The thread's state.
struct Looker {
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    health: Arc<Mutex<InputHealth>>,
    stop: Arc<AtomicBool>,
}

impl Looker {
    fn run(self) {
        let topics: Vec<String> = lock(&self.health).topics.keys().cloned().collect();
        while !self.stops() {
            let began = Instant::now();
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

    /// `None` where it is to stop.
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

    /// A topic that cannot be looked at is what it was found to be before.
    fn note(&self, topic: &str, found: Result<TopicConfig, String>) {
        let mut inputs = lock(&self.health);
        let (fault, warnings) = (inputs.fault(), inputs.warnings());
        let Some(health) = inputs.topics.get_mut(topic) else { return };
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

type Answer = rdkafka::error::KafkaResult<Vec<Result<ConfigResource, RDKafkaErrorCode>>>;

fn read_answer(answer: Answer) -> Result<TopicConfig, String> {
    let unknown = |why: String| format!("its configuration could not be looked up: {why}");
    let resources = answer.map_err(|error| unknown(error.to_string()))?;
    match resources.into_iter().next() {
        // rdkafka leaves out what the broker says of a single topic: it then has no entries.
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
    // Without deletion retention means nothing.
    let deletes = |limit: Option<i64>| limit.filter(|_| has("delete"));
    TopicConfig {
        compacted: has("compact"),
        retention: deletes(limit("retention.ms")).map(Span),
        retention_bytes: deletes(limit("retention.bytes")),
        batch_bytes: limit("max.message.bytes"),
    }
}

/// A poisoned lock only says that a thread panicked between two plain writes: the value is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

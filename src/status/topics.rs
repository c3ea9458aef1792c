//! Whether the input topics keep their records until the daemon has read them.

use std::collections::BTreeMap;

use crate::plan::Span;
use crate::settings::Kafka;

/// Largest compressed batch that a topic may allow without a warning, in bytes: Kafka's default. All that it inflates to is in memory at once; gzip
/// inflates up to 1,032 times, so that is about 1 GiB.
const BATCH_BYTES: i64 = 1_048_588;

/// The part of a topic's configuration that decides whether all of it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicConfig {
    /// Whether Kafka removes the older records of a key when a newer one comes.
    pub compacted: bool,
    /// How long records stay; `None` means for ever.
    pub retention: Option<Span>,
    /// Size of a partition, in bytes, beyond which its oldest records are removed; `None` if there is no such limit.
    pub retention_bytes: Option<i64>,
    /// Largest batch, in bytes as compressed.
    pub batch_bytes: Option<i64>,
}

/// One input topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicHealth {
    /// What was found last; `None` if nothing was.
    pub config: Option<TopicConfig>,
    /// Why the last look found nothing; `None` if it did.
    pub problem: Option<String>,
}

/// All input topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputHealth {
    /// The topics, by name.
    pub topics: BTreeMap<String, TopicHealth>,
    /// How long records must stay.
    pub min_retention: Span,
}

/// Why a topic is not a safe input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// Kafka removes young records: a case's selection is gone once its control comes.
    Compacted,
    /// Records may be gone before a daemon that stood still has read them.
    Retention,
    /// Kafka removes records by the size of their partition, however young they are.
    RetentionBytes,
    /// One batch may inflate to more memory than expected.
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
    /// The health before the first look.
    #[must_use]
    pub fn new(settings: &Kafka) -> Self {
        let topics = settings.topics.iter().map(|topic| (topic.clone(), TopicHealth::default())).collect();
        Self { topics, min_retention: settings.min_retention }
    }

    /// Whether the reason holds for a topic; `None` if nothing is known of the topic.
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

    /// A topic that loses records now: no number that rests on it is complete.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let compacted = |health: &TopicHealth| self.is(Unsafe::Compacted, health) == Some(true);
        let (topic, _) = self.topics.iter().find(|(_, health)| compacted(health))?;
        Some(format!(
            "topic {topic}: expected cleanup.policy \"delete\", found compaction: it removes events of a case when later ones come"
        ))
    }

    /// Topics that may lose records, or could not be looked up.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.topics.iter().flat_map(|(topic, health)| self.warnings_of(topic, health)).collect()
    }

    fn warnings_of(&self, topic: &str, health: &TopicHealth) -> Vec<String> {
        let holds = |reason: Unsafe| self.is(reason, health) == Some(true);
        let config = health.config.as_ref();
        let retention = config.and_then(|config| config.retention).filter(|_| holds(Unsafe::Retention));
        let retention_bytes =
            config.and_then(|config| config.retention_bytes).filter(|_| holds(Unsafe::RetentionBytes));
        let batch_bytes = config.and_then(|config| config.batch_bytes).filter(|_| holds(Unsafe::BatchBytes));
        let seconds = |span: Span| span.0 / 1_000;
        let texts = [
            retention.map(|found| {
                format!(
                    "expected a retention.ms of at least kafka.min_retention ({} s), found {} s: records may be removed before they are read",
                    seconds(self.min_retention),
                    seconds(found)
                )
            }),
            retention_bytes.map(|found| {
                format!(
                    "expected no retention.bytes, found {found}: records may be removed before they are read, however young they are"
                )
            }),
            batch_bytes.map(|found| {
                format!(
                    "expected a max.message.bytes of at most {BATCH_BYTES}, found {found}: one compressed batch may take more than 1 GiB of memory"
                )
            }),
            health.problem.clone(),
        ];
        texts.into_iter().flatten().map(|text| format!("topic {topic}: {text}")).collect()
    }

    /// Whether every topic was looked at, with or without success.
    #[must_use]
    pub fn looked(&self) -> bool {
        self.topics.values().all(|health| health.config.is_some() || health.problem.is_some())
    }
}

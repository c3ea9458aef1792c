//! Whether the input topics keep their records until the daemon has read them.

use std::collections::BTreeMap;

use crate::plan::Span;
use crate::settings::Kafka;

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

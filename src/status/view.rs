//! The daemon at one moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::AccessTrouble;
use super::audit::AuditHealth;
use super::checkpoint::CheckpointHealth;
use super::dead_letters::DeadLetterHealth;
use super::delivery::DeliveryHealth;
use super::http::HttpHealth;
use super::http_source::HttpSourceHealth;
use super::latency::ProcessingLatency;
use super::lateness::LatenessHealth;
use super::operation::Operation;
use super::source::{PartitionHealth, SourceHealth};
use super::topics::InputHealth;
use crate::checkpoint::HistoryHealth;
use crate::disclosure::Published;
use crate::mapping::MappingCounts;
use crate::monitor::{Health, Monitor};
use crate::render::{AuditVitals, CheckpointVitals, DeadLetterVitals, HistoryVitals, PartitionVitals, Vitals};

/// A daemon that has made no view for this long is not healthy.
const PROGRESS_LIMIT: Duration = Duration::from_secs(60);

/// Everything that the outputs show of the daemon. Numbers about people are in `published` alone.
#[derive(Clone, Debug)]
pub struct View {
    /// The last evaluation, as it may leave.
    pub published: Arc<Published>,
    /// The monitor.
    pub health: Health,
    /// The consumer.
    pub source: SourceHealth,
    /// Why the brokers do not let clients in; empty where they do.
    pub access: Vec<AccessTrouble>,
    /// The input topics.
    pub inputs: InputHealth,
    /// The dead letters.
    pub dead_letters: DeadLetterHealth,
    /// The clock and the configuration.
    pub operation: Operation,
    /// The state on disk.
    pub checkpoint: CheckpointHealth,
    /// The receivers of alerts.
    pub delivery: DeliveryHealth,
    /// The audit log.
    pub audit: AuditHealth,
    /// The history of what was published.
    pub history: HistoryHealth,
    /// The HTTP server, as it is when one looks.
    pub http: Arc<HttpHealth>,
    /// The HTTP source of events, as it is when one looks; `None` where there is none.
    pub http_source: Option<Arc<HttpSourceHealth>>,
    /// What became of the records that mappings read, by the name of the mapping.
    pub mappings: Vec<(String, MappingCounts)>,
    /// How long records take through the daemon.
    pub latency: ProcessingLatency,
    /// How late events were.
    pub lateness: LatenessHealth,
    /// How long the last evaluation took.
    pub evaluation_took: Duration,
    /// When this view was made.
    pub made_at: Instant,
}

impl View {
    /// What a monitor shows before anything else is known.
    #[must_use]
    pub fn of(monitor: &Monitor) -> Self {
        Self {
            published: monitor.published(),
            health: monitor.health(),
            source: SourceHealth::default(),
            access: Vec::new(),
            inputs: InputHealth::default(),
            dead_letters: DeadLetterHealth::default(),
            operation: Operation::default(),
            checkpoint: CheckpointHealth::new(),
            delivery: DeliveryHealth::default(),
            audit: AuditHealth::default(),
            history: HistoryHealth::default(),
            http: Arc::default(),
            http_source: None,
            mappings: Vec::new(),
            latency: ProcessingLatency::default(),
            lateness: LatenessHealth::of(monitor),
            evaluation_took: Duration::ZERO,
            made_at: Instant::now(),
        }
    }

    /// Whether the monitor makes progress.
    ///
    /// # Errors
    /// Says for how long it has made none.
    pub fn healthy(&self) -> Result<(), String> {
        let age = self.made_at.elapsed();
        if age < PROGRESS_LIMIT { Ok(()) } else { Err(format!("no progress for {} s", age.as_secs())) }
    }

    /// Whether the numbers include everything that was in the log at the start.
    ///
    /// # Errors
    /// Says why they do not.
    pub fn ready(&self) -> Result<(), String> {
        self.healthy()?;
        if let Some(fault) = &self.source.fault {
            return Err(format!("a partition is no longer read: {fault}"));
        }
        if let Some(fault) = self.inputs.fault() {
            return Err(format!("an input topic loses records: {fault}"));
        }
        if !self.source.caught_up
            && let Some(trouble) = self.access.first()
        {
            return Err(format!("no access to Kafka: {}: {}", trouble.client, trouble.text));
        }
        if (!self.source.caught_up || self.health.evaluations == 0)
            && let Some(trouble) = self.registry_trouble()
        {
            return Err(trouble);
        }
        if !self.inputs.looked() {
            return Err("the input topics were not looked at yet".to_owned());
        }
        if !self.source.caught_up {
            return Err("catching up with the log".to_owned());
        }
        if self.health.evaluations == 0 {
            return Err("nothing was evaluated yet".to_owned());
        }
        Ok(())
    }

    /// What an operator should look into although the daemon is ready.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let told = |trouble: &AccessTrouble| format!("no access to Kafka: {}: {}", trouble.client, trouble.text);
        let access = self.access.iter().map(told).collect();
        let audit = self.audit.trouble().into_iter().collect();
        let registry = self.registry_trouble().into_iter().collect();
        [access, registry, self.inputs.warnings(), self.lateness.warnings(), audit].concat()
    }

    /// Why reading waits for a schema.
    fn registry_trouble(&self) -> Option<String> {
        let trouble = self.source.registry.as_ref()?.trouble.as_ref()?;
        Some(format!("reading waits for the schema registry: {trouble}"))
    }

    /// What the status page and `/api/v1/health` show beside the evaluation.
    #[must_use]
    pub fn vitals(&self) -> Vitals<'_> {
        let Self { health, source, dead_letters, checkpoint, operation, audit, history, .. } = self;
        Vitals {
            not_ready: self.ready().err(),
            healthy: self.healthy().is_ok(),
            health,
            evaluated_ago: self.made_at.elapsed(),
            evaluation_took: self.evaluation_took,
            partitions: source.partitions.iter().map(|partition| self.partition(partition)).collect(),
            fault: source.fault.as_deref(),
            client_errors: source.errors,
            client_reconnects: source.reconnects,
            dead_letters: DeadLetterVitals {
                delivered: dead_letters.delivered,
                refused: dead_letters.refused,
                pending: dead_letters.pending,
            },
            checkpoint: CheckpointVitals {
                age: checkpoint.last.elapsed(),
                written: checkpoint.written,
                failed: checkpoint.failed,
                bytes: checkpoint.bytes,
            },
            history: HistoryVitals {
                bytes: history.bytes,
                releases: history.releases,
                oldest: history.oldest,
                newest: history.newest,
                left_out: history.failed.saturating_add(history.dropped),
                trouble: history.trouble.as_deref(),
            },
            mappings: &self.mappings,
            reload_refused: operation.refused,
            audit: AuditVitals { entries: audit.entries, signed: audit.signed, trouble: audit.trouble() },
        }
    }

    fn partition<'v>(&'v self, partition: &'v PartitionHealth) -> PartitionVitals<'v> {
        // The monitor hears of a partition only with the feed, so it may not know this one yet.
        let known = self.health.partitions.iter().find(|(index, ..)| *index == partition.index);
        PartitionVitals {
            topic: &partition.topic,
            partition: partition.partition,
            next_offset: partition.next_offset,
            lag: partition.lag,
            newest_event: known.and_then(|(_, newest, _)| *newest),
            idle: known.is_some_and(|(_, _, idle)| *idle),
        }
    }
}

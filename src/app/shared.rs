//! What the monitor's thread shows to the others: a snapshot, replaced whole.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::app::{CheckpointHealth, DeliveryHealth};
use crate::disclosure::Published;
use crate::monitor::{Health, Monitor};
use crate::sink::dead_letter::DeadLetterHealth;
use crate::source::kafka::SourceHealth;
use crate::source::topics::InputHealth;

/// Without progress for so long the daemon is not healthy.
const PROGRESS_LIMIT: Duration = Duration::from_secs(60);

/// One moment of the daemon.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What may leave.
    pub published: Arc<Published>,
    /// The monitor's health.
    pub health: Health,
    /// The consumer's health.
    pub source: SourceHealth,
    /// The input topics.
    pub inputs: InputHealth,
    /// The dead letters.
    pub dead_letters: DeadLetterHealth,
    /// Clock and configuration.
    pub operation: Operation,
    /// The state on the disk.
    pub checkpoint: CheckpointHealth,
    /// The receivers of alerts.
    pub delivery: DeliveryHealth,
    /// How long the last evaluation took.
    pub evaluation_took: Duration,
    /// When this was made.
    pub made_at: Instant,
}

/// What operating the daemon has brought about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// How often the wall clock was set.
    pub clock_steps: u64,
    /// Reloads of the configuration that were taken over.
    pub reloads: u64,
    /// Reloads that were refused.
    pub refused_reloads: u64,
    /// Data gaps that were accepted, over the life of the state.
    pub accepted_gaps: u64,
    /// Whether the last reload was refused: what is in force is not what is in the file.
    pub refused: bool,
}

/// The latest snapshot, and what of the configuration the outputs need.
pub struct Shared {
    snapshot: RwLock<Arc<Snapshot>>,
    series_limit: AtomicUsize,
}

impl Shared {
    /// Starts with what a monitor shows before its first event.
    #[must_use]
    pub fn new(monitor: &Monitor, series_limit: usize) -> Self {
        let snapshot = Snapshot {
            published: monitor.published(),
            health: monitor.health(),
            source: SourceHealth::default(),
            inputs: InputHealth::default(),
            dead_letters: DeadLetterHealth::default(),
            operation: Operation::default(),
            checkpoint: CheckpointHealth::new(),
            delivery: DeliveryHealth::default(),
            evaluation_took: Duration::ZERO,
            made_at: Instant::now(),
        };
        Self { snapshot: RwLock::new(Arc::new(snapshot)), series_limit: AtomicUsize::new(series_limit) }
    }

    /// Most exported series.
    #[must_use]
    pub fn series_limit(&self) -> usize {
        self.series_limit.load(Ordering::Relaxed)
    }

    /// Changes it.
    pub fn set_series_limit(&self, limit: usize) {
        self.series_limit.store(limit, Ordering::Relaxed);
    }

    /// The latest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces it.
    pub fn show(&self, snapshot: Snapshot) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}

impl Snapshot {
    /// Whether the monitor makes progress.
    ///
    /// # Errors
    /// Why not.
    pub fn healthy(&self) -> Result<(), String> {
        let age = self.made_at.elapsed();
        if age < PROGRESS_LIMIT { Ok(()) } else { Err(format!("no progress for {} s", age.as_secs())) }
    }

    /// Whether what it shows rests on all that was there when it started.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), String> {
        self.healthy()?;
        if let Some(fault) = &self.source.fault {
            return Err(format!("a partition is no longer read: {fault}"));
        }
        if let Some(fault) = self.inputs.fault() {
            return Err(format!("an input topic loses records: {fault}"));
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

    /// What is no reason not to be ready and yet should be looked into.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.inputs.warnings()
    }
}

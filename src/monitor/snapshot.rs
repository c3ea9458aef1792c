//! The monitor as bytes, in sections: the core first, then the cases of each shard.
//!
//! Taking a snapshot copies little: pages of cases and cells are shared with the running monitor until they change. So it is taken between two
//! records, and turned into bytes elsewhere.
//!
//! The format is told by [`FORMAT`]. Whoever changes what a section holds raises it, and keeps reading the one before.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::core::Monitor;
use super::tallies::{Tallies, TalliesState};
use crate::alert::{Alert, AlertBook};
use crate::disparity::{EvaluatorState, SequencesState};
use crate::event::EventTime;
use crate::ledger::{LedgerPages, LedgerState, PseudonymKey};
use crate::monitor::{Clock, Names, Plan};
use crate::window::{Populations, Watermark, WindowsState};

/// Version of the sections' contents.
pub const FORMAT: u32 = 1;

/// Sections of a snapshot.
pub const SECTIONS: usize = 1 + LedgerPages::SHARDS;

/// One moment of a monitor.
#[derive(Clone, Debug)]
pub struct Snapshot {
    core: Core,
    pages: LedgerPages,
}

/// Everything but the cases.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Core {
    names: Names,
    ledger: LedgerState,
    watermark: Watermark,
    windows: WindowsState,
    populations: Populations,
    sequences: SequencesState,
    evaluator: EvaluatorState,
    alerts: AlertBook,
    tallies: TalliesState,
    heard: Vec<EventTime>,
    evaluations: u64,
}

/// Alerts as they stood after an evaluation changed them, with the names behind their indices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertEntries {
    names: Names,
    alerts: Vec<Alert>,
}

/// Why a snapshot cannot be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RestoreError {
    /// A section is missing, or does not hold what this version writes.
    #[error("section {section}: {problem}")]
    Malformed {
        /// Which, from 0.
        section: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Made with another pseudonym key: no case would be found again.
    #[error("expected the pseudonym key that the state was made with, found another one")]
    OtherKey,
    /// Made with other dimensions: its counts cannot be made again by the present ones.
    #[error("the configuration's dimensions are not those of the state: {0}")]
    OtherDimensions(String),
}

impl Snapshot {
    /// One section as bytes; from 0 to below [`SECTIONS`].
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn section(&self, index: usize) -> Result<Vec<u8>, String> {
        let bytes = match index.checked_sub(1) {
            None => postcard::to_allocvec(&self.core),
            Some(shard) => self.pages.shard(shard),
        };
        bytes.map_err(|error| format!("section {index}: {error}"))
    }
}

impl AlertEntries {
    /// As bytes.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        postcard::to_allocvec(self).map_err(|error| error.to_string())
    }

    /// From the bytes that [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes).map_err(|error| error.to_string())
    }
}

impl Monitor {
    /// The alerts that changed since this was last asked; `None` where none did. They are to be made durable before anybody is told.
    pub fn take_alerts(&mut self) -> Option<AlertEntries> {
        let alerts = std::mem::take(&mut self.changed_alerts);
        (!alerts.is_empty()).then(|| AlertEntries { names: Names::of(&self.plan), alerts })
    }

    /// Takes in alerts that [`Self::take_alerts`] gave after the snapshot was taken: they go on as they were.
    ///
    /// # Errors
    /// [`RestoreError::OtherDimensions`].
    pub fn recall_alerts(&mut self, entries: AlertEntries) -> Result<(), RestoreError> {
        let mapping = entries.names.mapping_to(&Names::of(&self.plan)).map_err(RestoreError::OtherDimensions)?;
        self.alerts.recall(entries.alerts, &mapping);
        Ok(())
    }

    /// Goes on after a pause: no partition is idle because nobody read it.
    pub fn resume(&mut self, now: EventTime) {
        self.watermark.resume(now);
    }

    /// This moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let core = Core {
            names: Names::of(&self.plan),
            ledger: self.ledger.state(),
            watermark: self.watermark.clone(),
            windows: self.windows.state(),
            populations: self.populations.clone(),
            sequences: self.sequences.state(),
            evaluator: self.evaluator.state(),
            alerts: self.alerts.clone(),
            tallies: self.tallies.state(),
            heard: self.heard.clone(),
            evaluations: self.evaluations,
        };
        Snapshot { core, pages: self.ledger.pages() }
    }

    /// A monitor that goes on where a snapshot was taken; `section` gives each section once, in order. The plan may have other profiles and
    /// rules: what is gone is left out, what is new begins empty, and a rule that asks for other evidence than it did starts it afresh.
    ///
    /// # Errors
    /// [`RestoreError`] where a section is not what [`Snapshot::section`] gave, or key or dimensions are others.
    pub fn restore(
        plan: Plan,
        key: PseudonymKey,
        clock: Clock,
        mut section: impl FnMut(usize) -> Option<Vec<u8>>,
    ) -> Result<Self, RestoreError> {
        let malformed = |section: usize, problem: String| RestoreError::Malformed { section, problem };
        let mut bytes =
            |index: usize| section(index).ok_or_else(|| malformed(index, "expected it, found the end".to_owned()));
        let core: Core = postcard::from_bytes(&bytes(0)?).map_err(|error| malformed(0, error.to_string()))?;
        if core.ledger.key_check != key.check() {
            return Err(RestoreError::OtherKey);
        }
        if !core.watermark.is_possible() {
            return Err(malformed(0, "expected a watermark among the times that events can have".to_owned()));
        }
        let mapping = core.names.mapping_to(&Names::of(&plan)).map_err(RestoreError::OtherDimensions)?;
        let mut monitor = Self::new(plan, key, clock);
        monitor.ledger.restore(core.ledger, &mapping).map_err(|problem| malformed(0, problem))?;
        for shard in 0..LedgerPages::SHARDS {
            let restored = monitor.ledger.restore_shard(shard, &bytes(shard + 1)?, &mapping);
            restored.map_err(|problem| malformed(shard + 1, problem))?;
        }
        let window = &monitor.plan.window;
        monitor.watermark = core.watermark.with_plan(window.allowed_lateness, window.history);
        monitor.windows.restore(core.windows, &mapping);
        monitor.populations = core.populations.renamed(&mapping);
        monitor.sequences.restore(core.sequences, &mapping);
        monitor.evaluator.restore(core.evaluator, &mapping);
        monitor.alerts = core.alerts.renamed(&mapping);
        monitor.tallies = Tallies::restored(core.tallies);
        for (heard, profile) in core.heard.iter().zip(0..) {
            let place = mapping.profile_index(profile).and_then(|now| monitor.heard.get_mut(usize::from(now)));
            if let Some(place) = place {
                *place = *heard;
            }
        }
        monitor.evaluations = core.evaluations;
        monitor.evaluation.as_of = monitor.watermark.current().unwrap_or(EventTime::MIN);
        Ok(monitor)
    }
}

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
use crate::alert::{Alert, AlertBook, AlertOfFormat1, BookOfFormat1, ToldSoFar};
use crate::disclosure::{PublishedAlert, publish_alert};
use crate::evidence::{CohortsState, SequencesState};
use crate::judge::EvaluatorState;
use crate::ledger::{Ledger, LedgerPages, LedgerState, PseudonymKey, Spans};
use crate::monitor::Clock;
use crate::plan::{DimensionId, EventTime, Mapping, Names, Plan, Provenance, Span, hour_of};
use crate::window::{Populations, Watermark, WindowsState};

/// Version of the sections' contents. Format 1 had alerts without the number of their transitions, and cases without when late events had
/// arrived; format 2 did not say how long cases were kept.
pub const FORMAT: u32 = 3;

/// Longest span of a checkpoint; a configuration's are far shorter.
const LONGEST_SPAN: Span = Span::DAY.times(36_525);

/// Sections of a snapshot.
pub const SECTIONS: usize = 1 + LedgerPages::SHARDS;

/// One moment of a monitor.
#[derive(Clone, Debug)]
pub struct Snapshot {
    core: Core,
    /// How long the cases were kept.
    spans: Spans,
    pages: LedgerPages,
}

/// Everything but the cases; with the alerts of this format, or of an earlier one.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Core<A = AlertBook> {
    names: Names,
    ledger: LedgerState,
    watermark: Watermark,
    windows: WindowsState,
    cohorts: CohortsState,
    populations: Populations,
    sequences: SequencesState,
    evaluator: EvaluatorState,
    alerts: A,
    tallies: TalliesState,
    heard: Vec<EventTime>,
    evaluations: u64,
}

/// What format 3 added behind the core.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Added {
    /// How long a case that was not picked was kept; the rest of [`Spans`] the watermark knows.
    not_selected_horizon: Span,
    /// See [`CohortsState::begun`].
    feeds_begun: Vec<i32>,
    /// See [`SequencesState::begun`].
    tables_begun: Vec<i32>,
}

/// Alerts as they stood after an evaluation changed them, with the names behind their indices and where the input stood.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertEntries {
    names: Names,
    alerts: Vec<Alert>,
    /// What the evaluation rested on.
    pub provenance: Provenance,
}

/// Entries of format 1.
#[derive(Deserialize)]
struct EntriesOfFormat1 {
    names: Names,
    alerts: Vec<AlertOfFormat1>,
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
            None => postcard::to_allocvec(&(&self.core, self.added())),
            Some(shard) => self.pages.shard(shard),
        };
        bytes.map_err(|error| format!("section {index}: {error}"))
    }

    fn added(&self) -> Added {
        Added {
            not_selected_horizon: self.spans.not_selected,
            feeds_begun: self.core.cohorts.begun(),
            tables_begun: self.core.sequences.begun().to_vec(),
        }
    }
}

impl Core {
    /// With how long a case that was not picked was kept, where the format says it.
    fn from_bytes_of(format: u32, bytes: &[u8]) -> postcard::Result<(Self, Option<Span>)> {
        match format {
            0 | 1 => Ok((Self::from_bytes_of_1(bytes)?, None)),
            2 => Ok((postcard::from_bytes(bytes)?, None)),
            _ => {
                let (mut core, added): (Self, Added) = postcard::from_bytes(bytes)?;
                core.cohorts.set_begun(&added.feeds_begun);
                core.sequences.set_begun(added.tables_begun);
                Ok((core, Some(added.not_selected_horizon)))
            }
        }
    }

    fn from_bytes_of_1(bytes: &[u8]) -> postcard::Result<Self> {
        let core: Core<BookOfFormat1> = postcard::from_bytes(bytes)?;
        Ok(Self {
            names: core.names,
            ledger: core.ledger,
            watermark: core.watermark,
            windows: core.windows,
            cohorts: core.cohorts,
            populations: core.populations,
            sequences: core.sequences,
            evaluator: core.evaluator,
            alerts: core.alerts.into(),
            tallies: core.tallies,
            heard: core.heard,
            evaluations: core.evaluations,
        })
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
        Self::from_bytes_of(FORMAT, bytes)
    }

    /// The same from bytes of an earlier format.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_bytes_of(format: u32, bytes: &[u8]) -> Result<Self, String> {
        if format > 1 {
            return postcard::from_bytes(bytes).map_err(|error| error.to_string());
        }
        let EntriesOfFormat1 { names, alerts } = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        let alerts = alerts.into_iter().map(Alert::from).collect();
        Ok(Self { names, alerts, provenance: Provenance::default() })
    }
}

impl Monitor {
    /// The alerts that changed since this was last asked; `None` where none did. They are to be made durable before anybody is told.
    pub fn take_alerts(&mut self) -> Option<AlertEntries> {
        let alerts = std::mem::take(&mut self.changed_alerts);
        let provenance = Provenance {
            as_of: Some(self.evaluation.as_of),
            config_hash: self.plan.config_hash.clone(),
            inputs: Vec::new(),
        };
        (!alerts.is_empty()).then(|| AlertEntries { names: Names::of(&self.plan), alerts, provenance })
    }

    /// What of them may leave, in the same order; alerts about what is gone from the plan are left out.
    #[must_use]
    pub fn publish_alerts(&self, entries: &AlertEntries) -> Vec<PublishedAlert> {
        let Ok(mapping) = entries.names.mapping_to(&Names::of(&self.plan)) else { return Vec::new() };
        let alerts = entries.alerts.iter().filter_map(|alert| alert.clone().renamed(&mapping));
        alerts.filter_map(|alert| publish_alert(&self.plan, &alert)).collect()
    }

    /// Takes in alerts that [`Self::take_alerts`] gave after the snapshot was taken: they go on as they were.
    ///
    /// # Errors
    /// [`RestoreError::OtherDimensions`].
    pub fn recall_alerts(&mut self, entries: AlertEntries) -> Result<(), RestoreError> {
        let mapping = entries.names.mapping_to(&Names::of(&self.plan)).map_err(RestoreError::OtherDimensions)?;
        self.alerts.recall(entries.alerts, &mapping);
        self.alerts.keep_watched(&self.plan);
        Ok(())
    }

    /// Goes on from what was told of open alerts, where the disk has lost it: see [`AlertBook::keep_as_told`].
    pub fn keep_alerts_as_told(&mut self, told: impl Fn(&str) -> ToldSoFar) {
        self.alerts.keep_as_told(told);
    }

    /// Goes on after a pause: no partition is idle, and no profile silent, because nobody read it.
    pub fn resume(&mut self, now: EventTime) {
        self.watermark.resume(now);
        // The clock may have been set back meanwhile.
        self.heard.iter_mut().for_each(|heard| *heard = (*heard).min(now));
    }

    /// This moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let core = Core {
            names: Names::of(&self.plan),
            ledger: self.ledger.state(),
            watermark: self.watermark.clone(),
            windows: self.windows.state(),
            cohorts: self.cohorts.state(),
            populations: self.populations.clone(),
            sequences: self.sequences.state(),
            evaluator: self.evaluator.state(),
            alerts: self.alerts.clone(),
            tallies: self.tallies.state(),
            heard: self.heard.clone(),
            evaluations: self.evaluations,
        };
        Snapshot { core, spans: self.ledger.spans(), pages: self.ledger.pages() }
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
        section: impl FnMut(usize) -> Option<Vec<u8>>,
    ) -> Result<Self, RestoreError> {
        Self::restore_of(FORMAT, plan, key, clock, section)
    }

    /// The same from a snapshot of an earlier format.
    ///
    /// # Errors
    /// As [`Self::restore`].
    pub fn restore_of(
        format: u32,
        plan: Plan,
        key: PseudonymKey,
        clock: Clock,
        mut section: impl FnMut(usize) -> Option<Vec<u8>>,
    ) -> Result<Self, RestoreError> {
        let malformed = |section: usize, problem: String| RestoreError::Malformed { section, problem };
        let mut bytes =
            |index: usize| section(index).ok_or_else(|| malformed(index, "expected it, found the end".to_owned()));
        let (core, not_selected) =
            Core::from_bytes_of(format, &bytes(0)?).map_err(|error| malformed(0, error.to_string()))?;
        if core.ledger.key_check != key.check() {
            return Err(RestoreError::OtherKey);
        }
        if !core.watermark.is_possible() {
            return Err(malformed(0, "expected a watermark among the times that events can have".to_owned()));
        }
        // An earlier format did not say it: then it is as it was.
        let not_selected = not_selected.unwrap_or(plan.ledger.not_selected_horizon);
        let (lateness, history) = core.watermark.plan();
        let spans = Spans { not_selected, history, lateness };
        if [not_selected, history, lateness].iter().any(|span| !(Span(0)..=LONGEST_SPAN).contains(span)) {
            return Err(malformed(0, format!("expected horizons from 0 to a hundred years, found {spans:?}")));
        }
        Self::from_core(core, spans, plan, key, clock, |ledger, mapping| {
            (0..LedgerPages::SHARDS).try_for_each(|shard| {
                let restored = ledger.restore_shard(shard, &bytes(shard + 1)?, mapping);
                restored.map_err(|problem| malformed(shard + 1, problem))
            })
        })
    }

    /// Goes on under another plan, as if restored from a snapshot of this moment. With the same profiles and horizons no case is
    /// touched; with other profiles each is renamed, with other horizons each is looked at, and either takes a second or two per ten million.
    ///
    /// # Errors
    /// [`RestoreError::OtherDimensions`]; the monitor goes on as it was.
    pub fn change_plan(&mut self, plan: Plan) -> Result<(), RestoreError> {
        let Snapshot { core, spans, pages } = self.snapshot();
        let changed = Self::from_core(core, spans, plan, self.ledger.key().clone(), self.clock, |ledger, mapping| {
            ledger.take_pages(&pages, mapping);
            Ok(())
        })?;
        let alerts = std::mem::take(&mut self.changed_alerts);
        *self = Self { changed_alerts: alerts, ..changed };
        Ok(())
    }

    /// The wall clock was set forward (or back, with a negative span): how long something has lasted stays as it was.
    pub fn shift_clock(&mut self, by: Span) {
        self.watermark.shift_clock(by);
        self.alerts.shift_clock(by);
        for heard in self.heard.iter_mut().filter(|heard| **heard > EventTime::MIN) {
            *heard = heard.plus(by);
        }
    }

    fn from_core(
        core: Core,
        spans: Spans,
        plan: Plan,
        key: PseudonymKey,
        clock: Clock,
        cases: impl FnOnce(&mut Ledger, &Mapping) -> Result<(), RestoreError>,
    ) -> Result<Self, RestoreError> {
        let mapping = core.names.mapping_to(&Names::of(&plan)).map_err(RestoreError::OtherDimensions)?;
        let mut monitor = Self::new(plan, key, clock);
        let ledger = monitor.ledger.restore(core.ledger, spans, &mapping);
        ledger.map_err(|problem| RestoreError::Malformed { section: 0, problem })?;
        cases(&mut monitor.ledger, &mapping)?;
        let window = &monitor.plan.window;
        monitor.watermark = core.watermark.with_plan(window.allowed_lateness, window.history);
        let dimensions = &monitor.plan.dimensions;
        let groups =
            |id: DimensionId| dimensions.get(usize::from(id.0)).map_or(0, |dimension| dimension.groups.len() + 1);
        let newest = monitor.watermark.newest();
        let begin = if newest == EventTime::MIN { i32::MIN } else { hour_of(newest).saturating_add(1) };
        let cells = monitor.windows.restore(core.windows, &mapping, groups);
        let cell = |id: u32| cells.get(id as usize).copied().flatten();
        monitor.cohorts.restore(core.cohorts, &mapping, monitor.windows.keys(), cell, begin);
        monitor.populations = core.populations.renamed(&mapping);
        monitor.sequences.restore(core.sequences, &mapping, begin);
        monitor.evaluator.restore(core.evaluator, &mapping);
        monitor.change_spans();
        monitor.alerts = core.alerts.renamed(&mapping);
        monitor.alerts.keep_watched(&monitor.plan);
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

//! The monitor as bytes, in sections: first everything but the cases, then the cases of each shard.
//!
//! A snapshot is taken between two records and encoded elsewhere. Taking it copies little: pages of cases and cells are shared with the running
//! monitor until they change. The `stored` folder has the encodings.

use std::sync::Arc;

use thiserror::Error;

use super::core::Monitor;
use super::interface::Clock;
use super::stored::{FORMAT, Section0, State, is_read, read_section_0, write_section_0};
use super::tallies::Tallies;
use crate::disclosure::{Releases, cut};
use crate::ledger::{Fit, Keys, Ledger, LedgerPages, Spans};
use crate::plan::{DimensionId, EventTime, Mapping, Names, Plan, Span, hour_of};

/// Longest span of a checkpoint; a configuration's are far shorter.
const LONGEST_SPAN: Span = Span::DAY.times(36_525);

/// Sections of a snapshot.
pub const SECTIONS: usize = 1 + LedgerPages::SHARDS;

/// A monitor at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    names: Names,
    state: State,
    /// How long cases were kept.
    spans: Spans,
    pages: LedgerPages,
}

/// Why a monitor cannot be restored from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RestoreError {
    /// Stored in a format that this version does not read.
    #[error("{0}")]
    OtherFormat(String),
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
    /// Encodes one section, from 0 to below [`SECTIONS`], in the present [`FORMAT`].
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn section(&self, index: usize) -> Result<Vec<u8>, String> {
        let bytes = match index.checked_sub(1) {
            None => write_section_0(&self.names, &self.state, (self.spans.not_selected, self.spans.membership)),
            Some(shard) => self.pages.shard(shard).map_err(|error| error.to_string()),
        };
        bytes.map_err(|problem| format!("section {index}: {problem}"))
    }

    /// Does what [`Self::section`] does, and gives up the cases of the section: the running monitor no longer copies their pages. Such a section
    /// is encoded once.
    ///
    /// # Errors
    /// What the encoding refuses.
    pub fn take_section(&mut self, index: usize) -> Result<Vec<u8>, String> {
        let bytes = self.section(index);
        if let Some(shard) = index.checked_sub(1) {
            self.pages.give_up(shard);
        }
        bytes
    }
}

impl Monitor {
    /// Resumes after a pause. No partition counts as idle, and no profile as silent, only because nobody read.
    pub fn resume(&mut self, now: EventTime) {
        self.watermark.resume(now);
        // The clock may have been set back meanwhile.
        self.heard.iter_mut().for_each(|heard| *heard = (*heard).min(now));
    }

    /// Takes a snapshot of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = State {
            ledger: self.tables.ledger.state(),
            watermark: self.watermark.clone(),
            windows: self.tables.windows.state(),
            cohorts: self.tables.cohorts.state(),
            populations: self.tables.populations.clone(),
            sequences: self.tables.sequences.state(),
            evaluator: self.evaluator.state(),
            alerts: self.alerts.clone(),
            measures: Arc::clone(&self.measures),
            releases: self.releases.state(),
            tallies: self.tallies.state(),
            heard: self.heard.clone(),
            evaluations: self.evaluations,
        };
        Snapshot {
            names: Names::of(&self.plan),
            state,
            spans: self.tables.ledger.spans(),
            pages: self.tables.ledger.pages(),
        }
    }

    /// Restores a monitor from a snapshot. `section` returns each section once, in order. The plan may have other profiles and rules: what is
    /// gone is dropped, what is new begins empty, and a rule that asks for other evidence than before collects it afresh.
    ///
    /// # Errors
    /// [`RestoreError`] if a section is not one that [`Snapshot::section`] returned, or if the key or the dimensions differ.
    pub fn restore(
        plan: Plan,
        keys: impl Into<Keys>,
        clock: Clock,
        section: impl FnMut(usize) -> Option<Vec<u8>>,
    ) -> Result<Self, RestoreError> {
        Self::restore_of(FORMAT, plan, keys, clock, section)
    }

    /// Restores a monitor from a snapshot of an earlier format.
    ///
    /// # Errors
    /// As [`Self::restore`].
    pub fn restore_of(
        format: u32,
        plan: Plan,
        keys: impl Into<Keys>,
        clock: Clock,
        mut section: impl FnMut(usize) -> Option<Vec<u8>>,
    ) -> Result<Self, RestoreError> {
        let malformed = |section: usize, problem: String| RestoreError::Malformed { section, problem };
        let mut bytes =
            |index: usize| section(index).ok_or_else(|| malformed(index, "expected it, found the end".to_owned()));
        is_read(format).map_err(RestoreError::OtherFormat)?;
        let section_0 = read_section_0(format, &bytes(0)?).map_err(|problem| malformed(0, problem))?;
        let Section0 { names, state, not_selected_horizon: not_selected, membership_horizon, counts_unmatched } =
            section_0;
        let keys = keys.into();
        let fit = keys.fit(state.ledger.key_check, state.ledger.former).ok_or(RestoreError::OtherKey)?;
        if !state.watermark.is_possible() {
            return Err(malformed(0, "expected a watermark among the times that events can have".to_owned()));
        }
        let (lateness, history) = state.watermark.plan();
        let membership = membership_horizon.unwrap_or_else(|| Spans::of(&plan).membership.max(not_selected));
        let spans = Spans { not_selected, membership, history, lateness };
        if [not_selected, membership, history, lateness].iter().any(|span| !(Span(0)..=LONGEST_SPAN).contains(span)) {
            return Err(malformed(0, format!("expected horizons from 0 to a hundred years, found {spans:?}")));
        }
        let state = (names, state);
        Self::from_state(state, (spans, counts_unmatched), plan, (keys, fit), clock, |ledger, mapping| {
            (0..LedgerPages::SHARDS).try_for_each(|shard| {
                let restored = ledger.restore_shard(shard, &bytes(shard + 1)?, mapping);
                restored.map_err(|problem| malformed(shard + 1, problem))
            })
        })
    }

    /// Continues under another plan, as if restored from a snapshot of this moment. With the same profiles and horizons no case is touched.
    /// Other profiles rename each case and other horizons inspect each case; either takes a second or two for ten million cases.
    ///
    /// # Errors
    /// [`RestoreError::OtherDimensions`]; the monitor is unchanged.
    pub fn change_plan(&mut self, plan: Plan) -> Result<(), RestoreError> {
        let Snapshot { names, state, spans, pages } = self.snapshot();
        let keys = self.tables.ledger.keys();
        let fit = keys.fit(state.ledger.key_check, state.ledger.former).ok_or(RestoreError::OtherKey)?;
        let mapping = names.mapping_to(&Names::of(&plan)).map_err(RestoreError::OtherDimensions)?;
        let state = (names, state);
        let changed = Self::from_state(state, (spans, true), plan, (keys, fit), self.clock, |ledger, mapping| {
            ledger.take_pages(&pages, mapping);
            Ok(())
        })?;
        let alerts = std::mem::take(&mut self.changed_alerts);
        let changed_alerts = alerts.into_iter().filter_map(|alert| alert.renamed(&mapping)).collect();
        let mut latenesses = std::mem::take(&mut self.latenesses);
        latenesses.forget_groups();
        let (is_publication_due, templates_since) = (self.is_publication_due, self.templates_since);
        let (publishes_days, days) = (self.publishes_days, std::mem::take(&mut self.days));
        *self =
            Self { changed_alerts, is_publication_due, publishes_days, days, templates_since, latenesses, ..changed };
        Ok(())
    }

    /// Accounts for a wall clock that was set forward by a span, or back by a negative one. How long a state has lasted does not change.
    pub fn shift_clock(&mut self, by: Span) {
        self.watermark.shift_clock(by);
        self.alerts.shift_clock(by);
        self.tables.windows.heard.reported_mut().shift_clock(by);
        if self.templates_since > EventTime::MIN {
            self.templates_since = self.templates_since.plus(by);
        }
        for heard in self.heard.iter_mut().filter(|heard| **heard > EventTime::MIN) {
            *heard = heard.plus(by);
        }
    }

    fn from_state(
        (names, state): (Names, State),
        (spans, counts_unmatched): (Spans, bool),
        plan: Plan,
        (keys, fit): (Keys, Fit),
        clock: Clock,
        cases: impl FnOnce(&mut Ledger, &Mapping) -> Result<(), RestoreError>,
    ) -> Result<Self, RestoreError> {
        let mapping = names.mapping_to(&Names::of(&plan)).map_err(RestoreError::OtherDimensions)?;
        let mut monitor = Self::new(plan, keys.present, clock);
        let ledger = monitor.tables.ledger.restore(state.ledger, spans, &mapping);
        ledger.map_err(|problem| RestoreError::Malformed { section: 0, problem })?;
        cases(&mut monitor.tables.ledger, &mapping)?;
        monitor.tables.ledger.continue_with(fit);
        let window = &monitor.plan.window;
        monitor.watermark = state.watermark.with_plan(window.allowed_lateness, window.history);
        monitor.watermark.set_sorted(clock != Clock::Wall);
        let dimensions = &monitor.plan.dimensions;
        let groups =
            |id: DimensionId| dimensions.get(usize::from(id.0)).map_or(0, |dimension| dimension.groups.len() + 1);
        let newest = monitor.watermark.reached();
        let begin = if newest == EventTime::MIN { i32::MIN } else { hour_of(newest).saturating_add(1) };
        let cells = monitor.tables.windows.restore(state.windows, &mapping, groups);
        monitor.tables.windows.count_everyone_since(begin);
        let cell = |id: u32| cells.get(id as usize).copied().flatten();
        monitor.tables.cohorts.restore(state.cohorts, &mapping, monitor.tables.windows.keys(), cell, begin);
        monitor.tables.cohorts.age(monitor.tables.windows.floors());
        monitor.tables.populations = state.populations.renamed(&mapping);
        monitor.tables.sequences.restore(state.sequences, &mapping, begin);
        monitor.evaluator.restore(state.evaluator, &mapping);
        if !counts_unmatched {
            monitor.tables.count_unmatched();
        }
        let watermark = monitor.watermark.current().unwrap_or(EventTime::MIN);
        monitor.tables.change_spans(&monitor.plan, watermark);
        // A snapshot does not hold what the ledger has not handed on.
        monitor.tables.count_losses();
        monitor.alerts = state.alerts.renamed(&mapping);
        monitor.alerts.keep_watched(&monitor.plan);
        monitor.measures = Arc::new(Arc::unwrap_or_clone(state.measures).of_profiles(&monitor.plan));
        if !state.releases.has_any() {
            // An earlier version stored exact numbers.
            let alerts = monitor.alerts.alerts_mut().iter_mut();
            alerts.for_each(|alert| alert.evidence = cut(&monitor.plan, &alert.evidence));
        }
        monitor.releases = Releases::restored(state.releases);
        monitor.tallies = Tallies::restored(state.tallies);
        for (heard, profile) in state.heard.iter().zip(0..) {
            let place = mapping.profile_index(profile).and_then(|now| monitor.heard.get_mut(usize::from(now)));
            if let Some(place) = place {
                *place = *heard;
            }
        }
        monitor.evaluations = state.evaluations;
        monitor.evaluation.as_of = monitor.watermark.current().unwrap_or(EventTime::MIN);
        Ok(monitor)
    }
}

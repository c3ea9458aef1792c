//! What several formats encode alike. Bytes of format 3 depend on it: a change here needs a copy of these structs in `format_3.rs` first.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertBook, MeasureBook};
use crate::disclosure::ReleasesState;
use crate::evidence::{CohortsState, LateCases, SequencesState};
use crate::judge::{EvaluatorState, Missing};
use crate::ledger::{LedgerState, UnlistedNames};
use crate::monitor::tallies::TalliesState;
use crate::plan::{EventTime, Names, Span};
use crate::window::{MissingState, NamedCases, Populations, SealedState, Support, Watermark, WindowsState};

/// Section 0, decoded.
pub(in crate::monitor) struct Section0 {
    pub names: Names,
    pub state: State,
    /// How long a case that was not selected was kept; the other horizons are in the watermark.
    pub not_selected_horizon: Span,
    /// How long a case waited for values that rules read; `None` before format 5.
    pub membership_horizon: Option<Span>,
    /// Whether cases that wait for their selection are among the missing ones; not before format 6.
    pub counts_unmatched: bool,
}

/// The monitor without its cases, and without the names behind its indices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::monitor) struct State {
    pub ledger: LedgerState,
    pub watermark: Watermark,
    pub windows: WindowsState,
    pub cohorts: CohortsState,
    pub populations: Populations,
    pub sequences: SequencesState,
    pub evaluator: EvaluatorState,
    pub alerts: AlertBook,
    pub tallies: TalliesState,
    pub heard: Vec<EventTime>,
    pub evaluations: u64,
    /// Formats 3 to 7 have none.
    #[serde(skip)]
    pub measures: Arc<MeasureBook>,
    /// Likewise.
    #[serde(skip)]
    pub releases: ReleasesState,
}

/// What follows the state in the section.
#[derive(Serialize, Deserialize)]
pub(super) struct Tail {
    not_selected_horizon: Span,
    /// See [`CohortsState::begun`].
    feeds_begun: Vec<i32>,
    /// See [`SequencesState::begun`].
    tables_begun: Vec<i32>,
}

impl Tail {
    /// Collects what [`State`]'s own encoding leaves out.
    pub fn of(state: &State, not_selected_horizon: Span) -> Self {
        Self {
            not_selected_horizon,
            feeds_begun: state.cohorts.begun(),
            tables_begun: state.sequences.begun().to_vec(),
        }
    }

    /// Completes a state that was decoded.
    pub fn complete(self, names: Names, mut state: State) -> Section0 {
        state.cohorts.set_begun(&self.feeds_begun);
        state.sequences.set_begun(self.tables_begun);
        Section0 {
            names,
            state,
            not_selected_horizon: self.not_selected_horizon,
            membership_horizon: None,
            counts_unmatched: false,
        }
    }
}

/// What the encoding of [`State`] leaves out since format 5; `M` are the missing cases of a finding, `L` the late cases of a cell.
#[derive(Serialize, Deserialize)]
pub(super) struct Added<M, L> {
    missing: MissingState,
    late_by_time: Vec<L>,
    /// Names that events write and no list has, by dimension.
    unlisted: Vec<UnlistedNames>,
    /// Cases of such values.
    named: NamedCases,
    /// Of the findings that alerts rest on, in the order of the alerts.
    of_alerts: Vec<M>,
    /// What the events of each partition support.
    supports: Vec<Support>,
    /// What windows keep of hours that were sealed before they were merged.
    sealed: SealedState,
    /// Cases let go without a group, by dimension.
    released: Vec<u64>,
    /// How long a case waits for values that rules read.
    pub membership_horizon: Span,
    /// A hash of how values of groups and strata are read, and the number of the first combination that was read so.
    reading: (u64, u64),
}

impl Added<Missing, LateCases> {
    /// Collects it.
    pub fn of(state: &State, membership_horizon: Span) -> Self {
        Self {
            missing: state.windows.missing().clone(),
            late_by_time: state.cohorts.late_by_time().to_vec(),
            unlisted: state.ledger.unlisted().to_vec(),
            named: state.windows.named().clone(),
            of_alerts: state.alerts.alerts().map(|alert| alert.evidence.missing).collect(),
            supports: state.watermark.supports(),
            sealed: state.windows.sealed(),
            released: state.ledger.released.clone(),
            membership_horizon,
            reading: state.ledger.reading,
        }
    }
}

impl<M: Into<Missing>, L: Into<LateCases>> Added<M, L> {
    /// Completes a state that was decoded.
    pub fn complete(self, state: &mut State) -> Result<(), String> {
        let Self {
            missing,
            late_by_time,
            unlisted,
            named,
            of_alerts,
            supports,
            sealed,
            released,
            membership_horizon: _,
            reading,
        } = self;
        state.ledger.reading = reading;
        state.windows.set_sealed(sealed);
        state.watermark.set_supports(supports);
        state.ledger.released = released;
        state.windows.set_missing(missing);
        state.cohorts.set_late_by_time(late_by_time.into_iter().map(Into::into).collect());
        state.ledger.set_unlisted(unlisted);
        state.windows.set_named(named);
        set_missing(state.alerts.alerts_mut(), of_alerts)
    }
}

/// Sets the missing cases of the findings that alerts rest on, in their order.
pub(super) fn set_missing<M: Into<Missing>>(alerts: &mut [Alert], missing: Vec<M>) -> Result<(), String> {
    if alerts.len() != missing.len() {
        return Err(format!("expected the missing cases of {} alerts, found {}", alerts.len(), missing.len()));
    }
    alerts.iter_mut().zip(missing).for_each(|(alert, missing)| alert.evidence.missing = missing.into());
    Ok(())
}

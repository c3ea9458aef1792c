//! What formats 3 to 5 encode alike. Bytes of format 3 depend on it: a change here needs a copy of these structs in `format_3.rs` first.

use serde::{Deserialize, Serialize};

use crate::alert::AlertBook;
use crate::evidence::{CohortsState, SequencesState};
use crate::judge::EvaluatorState;
use crate::ledger::LedgerState;
use crate::monitor::tallies::TalliesState;
use crate::plan::{EventTime, Names, Span};
use crate::window::{Populations, Watermark, WindowsState};

/// Section 0, decoded.
pub(in crate::monitor) struct Section0 {
    pub names: Names,
    pub state: State,
    /// How long a case that was not selected was kept; the other horizons are in the watermark.
    pub not_selected_horizon: Span,
    /// How long a case waited for values that rules read; `None` before format 5.
    pub membership_horizon: Option<Span>,
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
        Section0 { names, state, not_selected_horizon: self.not_selected_horizon, membership_horizon: None }
    }
}

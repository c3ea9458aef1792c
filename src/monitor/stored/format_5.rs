//! Format 5: missing cases, of windows, of evidence and of the findings that alerts rest on. Names are those of format 4.

use serde::{Deserialize, Serialize};

use super::format_4::{Names, decode, encode};
use super::shared::{Section0, State, Tail};
use crate::alert::Alert;
use crate::judge::Missing;
use crate::ledger::UnlistedNames;
use crate::monitor::transitions::AlertEntries;
use crate::plan::{self, Provenance, Span};
use crate::window::{CasesByTime, MissingState, NamedCases, SealedState, Support};

/// Section 0; `S` is the state or a reference to it.
#[derive(Serialize, Deserialize)]
struct Section<S> {
    names: Names,
    state: S,
    tail: Tail,
    added: Added,
}

/// What the encoding of [`State`] leaves out since format 5.
#[derive(Serialize, Deserialize)]
struct Added {
    missing: MissingState,
    late_by_time: Vec<(u32, CasesByTime)>,
    /// Names that events write and no list has, by dimension.
    unlisted: Vec<UnlistedNames>,
    /// Cases of such values.
    named: NamedCases,
    /// Of the findings that alerts rest on, in the order of the alerts.
    of_alerts: Vec<Missing>,
    /// What the events of each partition support.
    supports: Vec<Support>,
    /// What windows keep of hours that were sealed before they were merged.
    sealed: SealedState,
    /// Cases let go without a group, by dimension.
    released: Vec<u64>,
    /// How long a case waits for values that rules read.
    membership_horizon: Span,
    /// A hash of how values of groups and strata are read, and the number of the first combination that was read so.
    reading: (u64, u64),
}

/// One entry of a journal; `A` are the alerts or a reference to them, and `P` the same of the provenance.
#[derive(Serialize, Deserialize)]
struct Entries<A, P> {
    names: Names,
    alerts: A,
    provenance: P,
    /// Of the findings that the alerts rest on, in their order.
    missing: Vec<Missing>,
}

pub(super) fn write_section_0(
    names: &plan::Names,
    state: &State,
    (not_selected_horizon, membership_horizon): (Span, Span),
) -> Result<Vec<u8>, String> {
    let tail = Tail::of(state, not_selected_horizon);
    encode(&Section { names: Names::of(names), state, tail, added: Added::of(state, membership_horizon) })
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let Section { names, mut state, tail, added } = decode::<Section<State>>(bytes)?;
    let membership_horizon = Some(added.membership_horizon);
    added.complete(&mut state)?;
    Ok(Section0 { membership_horizon, ..tail.complete(names.decoded()?, state) })
}

pub(super) fn write_entries(entries: &AlertEntries) -> Result<Vec<u8>, String> {
    let missing = entries.alerts.iter().map(|alert| alert.evidence.missing).collect();
    let names = Names::of(&entries.names);
    encode(&Entries { names, alerts: &entries.alerts, provenance: &entries.provenance, missing })
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { names, mut alerts, provenance, missing } = decode::<Entries<Vec<Alert>, Provenance>>(bytes)?;
    set_missing(&mut alerts, &missing)?;
    Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
}

impl Added {
    fn of(state: &State, membership_horizon: Span) -> Self {
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

    fn complete(self, state: &mut State) -> Result<(), String> {
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
        state.cohorts.set_late_by_time(late_by_time);
        state.ledger.set_unlisted(unlisted);
        state.windows.set_named(named);
        set_missing(state.alerts.alerts_mut(), &of_alerts)
    }
}

fn set_missing(alerts: &mut [Alert], missing: &[Missing]) -> Result<(), String> {
    if alerts.len() != missing.len() {
        return Err(format!("expected the missing cases of {} alerts, found {}", alerts.len(), missing.len()));
    }
    alerts.iter_mut().zip(missing).for_each(|(alert, missing)| alert.evidence.missing = *missing);
    Ok(())
}

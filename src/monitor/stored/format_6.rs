//! Format 6: missing events beside missing cases, cases that wait for their selection, and how late membership comes. Names are those of
//! format 4.

use serde::{Deserialize, Serialize};

use super::format_4::{Names, decode, encode};
use super::shared::{Added, Section0, State, Tail, set_missing};
use crate::alert::Alert;
use crate::evidence::{Delays, LateCases};
use crate::judge::Missing;
use crate::monitor::transitions::AlertEntries;
use crate::plan::{self, Provenance, Span};

/// Section 0; `S` is the state or a reference to it.
#[derive(Serialize, Deserialize)]
struct Section<S> {
    names: Names,
    state: S,
    tail: Tail,
    added: Added<Missing, LateCases>,
    /// Of each feed.
    delays: Vec<Delays>,
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
    encode(&Section {
        names: Names::of(names),
        state,
        tail: Tail::of(state, not_selected_horizon),
        added: Added::of(state, membership_horizon),
        delays: state.cohorts.delays(),
    })
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let Section { names, mut state, tail, added, delays } = decode::<Section<State>>(bytes)?;
    let membership_horizon = Some(added.membership_horizon);
    added.complete(&mut state)?;
    let mut section = tail.complete(names.decoded()?, state);
    section.state.cohorts.set_delays(delays);
    Ok(Section0 { membership_horizon, counts_unmatched: true, ..section })
}

pub(super) fn write_entries(entries: &AlertEntries) -> Result<Vec<u8>, String> {
    let missing = entries.alerts.iter().map(|alert| alert.evidence.missing).collect();
    let names = Names::of(&entries.names);
    encode(&Entries { names, alerts: &entries.alerts, provenance: &entries.provenance, missing })
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { names, mut alerts, provenance, missing } = decode::<Entries<Vec<Alert>, Provenance>>(bytes)?;
    set_missing(&mut alerts, missing)?;
    Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
}

//! Format 6: missing events beside missing cases, cases that wait for their selection, and how late membership comes. Read, and no longer
//! written; its names are those of format 4.

use serde::Deserialize;

use super::format_4::{Names, decode};
use super::shared::{Added, Section0, State, Tail, set_missing};
use crate::alert::Alert;
use crate::evidence::{Delays, LateCases};
use crate::judge::Missing;
use crate::monitor::transitions::AlertEntries;
use crate::plan::Provenance;

#[derive(Deserialize)]
struct Section {
    names: Names,
    state: State,
    tail: Tail,
    added: Added<Missing, LateCases>,
    /// Of each feed.
    delays: Vec<Delays>,
}

/// One entry of a journal.
#[derive(Deserialize)]
struct Entries {
    names: Names,
    alerts: Vec<Alert>,
    provenance: Provenance,
    /// Of the findings that the alerts rest on, in their order.
    missing: Vec<Missing>,
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let Section { names, mut state, tail, added, delays } = decode::<Section>(bytes)?;
    let membership_horizon = Some(added.membership_horizon);
    added.complete(&mut state)?;
    let mut section = tail.complete(names.decoded()?, state);
    section.state.cohorts.set_delays(delays);
    Ok(Section0 { membership_horizon, counts_unmatched: true, ..section })
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { names, mut alerts, provenance, missing } = decode::<Entries>(bytes)?;
    set_missing(&mut alerts, missing)?;
    Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
}

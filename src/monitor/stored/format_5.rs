//! Format 5: missing cases, of windows, of evidence and of the findings that alerts rest on. Read, and no longer written; its names are those
//! of format 4.

use serde::Deserialize;

use super::format_4::{Names, decode};
use super::shared::{Added, Section0, State, Tail, set_missing};
use crate::alert::Alert;
use crate::evidence::Side;
use crate::judge::{Missing, MissingSide};
use crate::monitor::transitions::AlertEntries;
use crate::plan::Provenance;
use crate::statistics::Interval;
use crate::window::CasesByTime;

#[derive(Deserialize)]
struct Section {
    names: Names,
    state: State,
    tail: Tail,
    added: Added<MissingCases, (u32, CasesByTime)>,
}

/// One entry of a journal.
#[derive(Deserialize)]
struct Entries {
    names: Names,
    alerts: Vec<Alert>,
    provenance: Provenance,
    /// Of the findings that the alerts rest on, in their order.
    missing: Vec<MissingCases>,
}

/// The missing cases of a finding.
#[derive(Deserialize)]
struct MissingCases {
    group: OneSide,
    reference: OneSide,
    bounds: Option<Interval>,
    unassigned: Side,
}

#[derive(Deserialize)]
struct OneSide {
    /// Of the causes known then, which come first.
    by_cause: [u64; 7],
    all: u64,
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let Section { names, mut state, tail, added } = decode::<Section>(bytes)?;
    let membership_horizon = Some(added.membership_horizon);
    added.complete(&mut state)?;
    Ok(Section0 { membership_horizon, ..tail.complete(names.decoded()?, state) })
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { names, mut alerts, provenance, missing } = decode::<Entries>(bytes)?;
    set_missing(&mut alerts, missing)?;
    Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
}

impl From<MissingCases> for Missing {
    fn from(missing: MissingCases) -> Self {
        let MissingCases { group, reference, bounds, unassigned } = missing;
        Self { group: group.into(), reference: reference.into(), bounds, unassigned }
    }
}

impl From<OneSide> for MissingSide {
    /// Missing events were not counted.
    fn from(side: OneSide) -> Self {
        let mut missing = Self { all: side.all, ..Self::default() };
        missing.by_cause.iter_mut().zip(side.by_cause).for_each(|(cases, known)| *cases = known);
        missing
    }
}

//! Format 7: rules of other kinds than disparity, with their evidence, and what findings of theirs are about.

use serde::{Deserialize, Serialize};

use super::format_4::{Rule, decode};
use super::shared::{Added, Section0, State, Tail, set_missing};
use crate::alert::Alert;
use crate::evidence::{Delays, DutiesState, LateCases, VersionsState};
use crate::judge::{Extra, Missing};
use crate::monitor::transitions::AlertEntries;
use crate::plan::{self, Definition, Provenance, Span};
use crate::window::LastHeard;

/// Section 0; `S` is the state or a reference to it.
#[derive(Serialize, Deserialize)]
pub(super) struct Section<S> {
    names: Names,
    state: S,
    tail: Tail,
    added: Added<Missing, LateCases>,
    /// Of each feed.
    delays: Vec<Delays>,
    /// Of the findings that alerts rest on, in the order of the alerts.
    extras: Vec<Extra>,
    duties: DutiesState,
    versions: VersionsState,
    heard: LastHeard,
    /// See [`WindowsState::everyone_since`](crate::window::WindowsState::everyone_since).
    everyone_since: Option<i32>,
}

/// One entry of a journal; `A` are the alerts or a reference to them, and `P` the same of the provenance.
#[derive(Serialize, Deserialize)]
pub(super) struct Entries<A, P> {
    names: Names,
    alerts: A,
    provenance: P,
    /// Of the findings that the alerts rest on, in their order.
    missing: Vec<Missing>,
    extras: Vec<Extra>,
}

#[derive(Serialize, Deserialize)]
struct Names {
    profiles: Vec<String>,
    dimensions: Vec<(String, Vec<String>)>,
    strata: Vec<String>,
    rules: Vec<AnyRule>,
}

/// The order of the variants is a part of the format.
#[derive(Serialize, Deserialize)]
enum AnyRule {
    Disparity(Rule),
    Other { name: String, kind: String, terms: String, windows: Vec<String> },
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    decode::<Section<State>>(bytes)?.complete()
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    decode::<Entries<Vec<Alert>, Provenance>>(bytes)?.complete()
}

impl<'s> Section<&'s State> {
    /// Returns what this format stores of a state.
    pub fn of(names: &plan::Names, state: &'s State, (not_selected_horizon, membership_horizon): (Span, Span)) -> Self {
        Self {
            names: Names::of(names),
            state,
            tail: Tail::of(state, not_selected_horizon),
            added: Added::of(state, membership_horizon),
            delays: state.cohorts.delays(),
            extras: state.alerts.alerts().map(|alert| alert.evidence.extra()).collect(),
            duties: state.sequences.duties().clone(),
            versions: state.sequences.versions().clone(),
            heard: state.windows.heard().clone(),
            everyone_since: state.windows.everyone_since(),
        }
    }
}

impl Section<State> {
    /// Returns the state that this format stores.
    pub fn complete(self) -> Result<Section0, String> {
        let Self { names, mut state, tail, added, delays, extras, duties, versions, heard, everyone_since } = self;
        let membership_horizon = Some(added.membership_horizon);
        added.complete(&mut state)?;
        set_extras(state.alerts.alerts_mut(), extras)?;
        let mut section = tail.complete(names.decoded()?, state);
        section.state.cohorts.set_delays(delays);
        section.state.sequences.set_duties(duties);
        section.state.sequences.set_versions(versions);
        section.state.windows.set_heard(heard);
        section.state.windows.set_everyone_since(everyone_since);
        Ok(Section0 { membership_horizon, counts_unmatched: true, ..section })
    }
}

impl<'e> Entries<&'e [Alert], &'e Provenance> {
    /// Returns what this format stores of entries.
    pub fn of(entries: &'e AlertEntries) -> Self {
        Self {
            names: Names::of(&entries.names),
            alerts: &entries.alerts,
            provenance: &entries.provenance,
            missing: entries.alerts.iter().map(|alert| alert.evidence.missing).collect(),
            extras: entries.alerts.iter().map(|alert| alert.evidence.extra()).collect(),
        }
    }
}

impl Entries<Vec<Alert>, Provenance> {
    /// Returns the entries that this format stores.
    pub fn complete(self) -> Result<AlertEntries, String> {
        let Self { names, mut alerts, provenance, missing, extras } = self;
        set_missing(&mut alerts, missing)?;
        set_extras(&mut alerts, extras)?;
        Ok(AlertEntries { names: names.decoded()?, alerts, provenance })
    }
}

/// Sets what the encoding of findings leaves out, of the alerts in their order.
fn set_extras(alerts: &mut [Alert], extras: Vec<Extra>) -> Result<(), String> {
    if alerts.len() != extras.len() {
        return Err(format!("expected what {} alerts are about, found {}", alerts.len(), extras.len()));
    }
    alerts.iter_mut().zip(extras).for_each(|(alert, extra)| alert.set_extra(extra));
    Ok(())
}

impl Names {
    fn of(names: &plan::Names) -> Self {
        Self {
            profiles: names.profiles.clone(),
            dimensions: names.dimensions.clone(),
            strata: names.strata.clone(),
            rules: names.rules.iter().map(AnyRule::of).collect(),
        }
    }

    fn decoded(self) -> Result<plan::Names, String> {
        let Self { profiles, dimensions, strata, rules } = self;
        let rules = rules.into_iter().map(AnyRule::decoded).collect::<Result<_, _>>()?;
        Ok(plan::Names { profiles, dimensions, strata, rules })
    }
}

impl AnyRule {
    fn of(rule: &plan::RuleNames) -> Self {
        let plan::RuleNames { name, definition, windows } = rule;
        match definition {
            Definition::Disparity(definition) => Self::Disparity(Rule::of(name, definition, windows)),
            Definition::Other { kind, terms } => {
                Self::Other { name: name.clone(), kind: kind.clone(), terms: terms.clone(), windows: windows.clone() }
            }
        }
    }

    fn decoded(self) -> Result<plan::RuleNames, String> {
        match self {
            Self::Disparity(rule) => rule.decoded(),
            Self::Other { name, kind, terms, windows } => {
                Ok(plan::RuleNames { name, definition: Definition::Other { kind, terms }, windows })
            }
        }
    }
}

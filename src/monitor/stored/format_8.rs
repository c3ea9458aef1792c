//! Format 8: format 7, and after it what came since.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::format_4::{decode, encode};
use super::format_7;
use super::shared::{Section0, State};
use crate::alert::{Alert, Answer, MeasureBook};
use crate::disclosure::ReleasesState;
use crate::evidence::{ComplaintsState, HeritageState, PeriodsState, Strata, ValuesState};
use crate::judge::Later;
use crate::ledger::{FormerState, SpelledCases};
use crate::monitor::transitions::AlertEntries;
use crate::plan::{DimensionId, EventTime, Names, ProfileId, Provenance, Slot, Span};
use crate::statistics::Allowances;
use crate::window::Reported;

/// Section 0; `S` is the state or a reference to it.
#[derive(Serialize, Deserialize)]
struct Section<S> {
    before: format_7::Section<S>,
    /// Of the findings that alerts rest on, in the order of the alerts.
    later: Vec<Later>,
    /// See [`LastHeard::joined`](crate::window::LastHeard::joined).
    joined: BTreeMap<ProfileId, i32>,
    /// What was done about alerts, in their order.
    answers: Vec<Answer>,
    measures: Arc<MeasureBook>,
    complaints: ComplaintsState,
    heritage: HeritageState,
    periods: PeriodsState,
    /// The series of rules that compare values.
    values: ValuesState,
    /// By partition: see [`Watermark::excused`](crate::window::Watermark::excused).
    excused: Vec<bool>,
    /// What was told of each count.
    releases: ReleasesState,
    /// The pseudonym key before the present one, while something is known by it.
    former: Option<FormerState>,
    /// By dimension: the cases of other spellings of its name.
    spelled: Vec<Vec<SpelledCases>>,
    /// See [`SequencesState::allowances`](crate::evidence::SequencesState::allowances).
    allowances: Vec<Allowances>,
    /// See [`LastHeard::groups`](crate::window::LastHeard::groups).
    heard_groups: BTreeMap<(ProfileId, DimensionId, Slot), EventTime>,
    /// See [`LastHeard::reported`](crate::window::LastHeard::reported).
    reported: Reported,
    /// See [`DutiesState::open_strata`](crate::evidence::DutiesState::open_strata).
    open_strata: Vec<Strata>,
}

/// One entry of a journal; `A` are the alerts or a reference to them, and `P` the same of the provenance.
#[derive(Serialize, Deserialize)]
struct Entries<A, P> {
    before: format_7::Entries<A, P>,
    /// Of the findings that the alerts rest on, in their order.
    later: Vec<Later>,
    /// What was done about the alerts, in their order.
    answers: Vec<Answer>,
}

pub(super) fn write_section_0(names: &Names, state: &State, horizons: (Span, Span)) -> Result<Vec<u8>, String> {
    encode(&Section {
        before: format_7::Section::of(names, state, horizons),
        later: state.alerts.alerts().map(|alert| alert.evidence.later()).collect(),
        joined: state.windows.heard().joined().clone(),
        answers: state.alerts.alerts().map(|alert| alert.answer.clone()).collect(),
        measures: Arc::clone(&state.measures),
        complaints: state.sequences.complaints().clone(),
        heritage: state.sequences.heritage().clone(),
        periods: state.sequences.periods().clone(),
        values: state.sequences.values().clone(),
        excused: state.watermark.excused(),
        releases: state.releases.clone(),
        former: state.ledger.former,
        spelled: state.ledger.unlisted().iter().map(|names| names.spelled_cases().to_vec()).collect(),
        allowances: state.sequences.allowances(),
        heard_groups: state.windows.heard().groups().clone(),
        reported: state.windows.heard().reported().clone(),
        open_strata: state.sequences.duties().open_strata(),
    })
}

pub(super) fn read_section_0(bytes: &[u8]) -> Result<Section0, String> {
    let section = decode::<Section<State>>(bytes)?;
    let Section { before, later, joined, answers, measures, complaints, heritage, periods, values, .. } = section;
    let (excused, former, spelled, releases) = (section.excused, section.former, section.spelled, section.releases);
    let (allowances, heard_groups, reported) = (section.allowances, section.heard_groups, section.reported);
    let open_strata = section.open_strata;
    let mut section = before.complete()?;
    section.state.windows.set_joined(joined);
    section.state.sequences.set_heritage(heritage);
    section.state.sequences.set_periods(periods);
    set_later(section.state.alerts.alerts_mut(), later)?;
    set_answers(section.state.alerts.alerts_mut(), answers)?;
    section.state.measures = measures;
    section.state.sequences.set_complaints(complaints);
    section.state.sequences.set_values(values);
    section.state.watermark.set_excused(excused);
    section.state.releases = releases;
    section.state.ledger.former = former;
    section.state.ledger.set_spelled(spelled);
    section.state.sequences.set_allowances(allowances);
    section.state.sequences.set_open_strata(open_strata);
    section.state.windows.set_heard_groups(heard_groups);
    section.state.windows.set_reported(reported);
    Ok(section)
}

pub(super) fn write_entries(entries: &AlertEntries) -> Result<Vec<u8>, String> {
    let later = entries.alerts.iter().map(|alert| alert.evidence.later()).collect();
    let answers = entries.alerts.iter().map(|alert| alert.answer.clone()).collect();
    encode(&Entries { before: format_7::Entries::of(entries), later, answers })
}

pub(super) fn read_entries(bytes: &[u8]) -> Result<AlertEntries, String> {
    let Entries { before, later, answers } = decode::<Entries<Vec<Alert>, Provenance>>(bytes)?;
    let mut entries = before.complete()?;
    set_later(&mut entries.alerts, later)?;
    set_answers(&mut entries.alerts, answers)?;
    Ok(entries)
}

/// Sets what the encoding of findings leaves out, of the alerts in their order.
fn set_later(alerts: &mut [Alert], later: Vec<Later>) -> Result<(), String> {
    if alerts.len() != later.len() {
        return Err(format!("expected the later fields of {} alerts, found {}", alerts.len(), later.len()));
    }
    alerts.iter_mut().zip(later).for_each(|(alert, later)| alert.set_later(later));
    Ok(())
}

/// Sets what was done about the alerts, in their order.
fn set_answers(alerts: &mut [Alert], answers: Vec<Answer>) -> Result<(), String> {
    if alerts.len() != answers.len() {
        return Err(format!("expected what was done about {} alerts, found {}", alerts.len(), answers.len()));
    }
    alerts.iter_mut().zip(answers).for_each(|(alert, answer)| alert.set_answer(answer));
    Ok(())
}

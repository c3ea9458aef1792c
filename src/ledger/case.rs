//! Folding the events of a case: what the set of them counts for.

use smallvec::SmallVec;

use super::attributes::AttributeTable;
use super::attributes_id::AttributesId;
use super::counts::CaseCounts;
use super::handling::{ControlHandling, Handling};
use super::record::{NO_PROFILE, Record, RecordKind};
use super::run::{FewRecords, Spans};
use crate::event::Outcome;
use crate::plan::invariant::{Room, present};
use crate::plan::{Channel, EventTime, ProfileId};

/// Nearly every case has at most so many events. Lists of them need no allocation.
pub(super) const FEW: usize = 4;

/// What a case counts for: in its own channel, and in another one by which it was checked although it was not picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// What it counts for where its selection, or without one its control or complaint, places it. `None` where no
    /// profile of the allow-list is named.
    pub home: Option<Contribution>,
    /// What it counts for in another channel: that of a control of a case that was not picked.
    pub other: Option<Contribution>,
    /// The time of the earliest report on its control, where it was controlled but no event names a profile: it waits for its selection.
    pub unmatched: Option<EventTime>,
}

/// What one case counts for in one cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The time of selection, which decides the cohort.
    pub cohort: EventTime,
    /// Its groups and strata.
    pub attributes: AttributesId,
    /// How it was handled, as far as a rule reads it.
    pub handling: Handling,
    /// The stages of the funnel that the case has reached.
    pub counts: CaseCounts,
}

/// Returns what the events of one run of a case count for, in whatever order they came. [`Spans::runs`] returns the
/// runs.
///
/// - Of several selections, the one whose chain of revisions has the earliest time counts. Its latest revision decides,
///   in the cohort of that earliest time.
/// - Without a selection, the earliest control that names a profile takes its place, and the case counts as selected.
///   Without either, the earliest complaint that names a profile does.
/// - Groups of a case with a selection are those of the selection and those sent separately, as far as they would be
///   known had the case not been picked. Those of its controls do not count.
/// - A case that was not picked but was checked was picked in another channel: the one that a control names, otherwise
///   [`Channel::Manual`].
/// - Of several reports on a control, the latest one that no other event revises counts. An outcome implies its
///   control.
#[must_use]
pub fn facts(records: &[Record], attributes: &mut AttributeTable, spans: &Spans) -> CaseFacts {
    if let [only] = records
        && only.kind == RecordKind::Selection
    {
        return facts_of_selection(only);
    }
    let Some((selection, start)) = selection_of(records) else {
        return facts_without_selection(records, attributes, spans);
    };
    let merged = attributes_of_selection((selection, start), records, attributes, spans);
    let (cohort, _) = start;
    // A case of a profile outside the allow-list counts for nothing.
    let Some(profile) = selection.allowed_profile() else { return CaseFacts::default() };
    // A selection always has a channel, unless a checkpoint from anywhere says otherwise.
    let channel = selection.flags.channel().unwrap_or_default();
    let unhandled = Handling::default();
    let home = Contribution {
        profile,
        channel,
        cohort,
        attributes: merged,
        handling: unhandled,
        counts: CaseCounts::default(),
    };
    let (examined, handling) = examined(records, attributes);
    if selection.flags.yes() {
        let counts = examined.with_selected();
        return CaseFacts { home: Some(Contribution { counts, handling, ..home }), ..CaseFacts::default() };
    }
    let Some((cohort, checked_by)) = checked(records, channel).filter(|_| examined.count(CaseCounts::CONTROLLED) > 0)
    else {
        // Whatever was reported on a control that did not take place says nothing of a case that was not picked.
        return CaseFacts {
            home: Some(Contribution { counts: examined.without_control(), ..home }),
            ..CaseFacts::default()
        };
    };
    let counts = examined.with_selected();
    if checked_by == channel {
        return CaseFacts { home: Some(Contribution { counts, handling, ..home }), ..CaseFacts::default() };
    }
    CaseFacts {
        home: Some(Contribution { counts: CaseCounts::assessed(), ..home }),
        other: Some(Contribution { channel: checked_by, cohort, counts, handling, ..home }),
        unmatched: None,
    }
}

/// Replaces `into` by what each run of a case counts for.
pub(super) fn facts_of_runs(
    records: &[Record],
    attributes: &mut AttributeTable,
    spans: &Spans,
    into: &mut Vec<CaseFacts>,
) {
    into.clear();
    into.extend(spans.runs(records).map(|run| facts(run, attributes, spans)));
}

/// Does what [`facts`] does, but faster, for a case with nothing but one selection. Nearly all cases are such.
#[inline]
pub(super) fn facts_of_selection(selection: &Record) -> CaseFacts {
    let assessed = CaseCounts::assessed();
    let home = selection.allowed_profile().map(|profile| Contribution {
        profile,
        channel: selection.flags.channel().unwrap_or_default(),
        cohort: selection.time,
        attributes: selection.attributes,
        handling: Handling::default(),
        counts: if selection.flags.yes() { assessed.with_selected() } else { assessed },
    });
    CaseFacts { home, ..CaseFacts::default() }
}

/// Returns the selection that counts, and the order of the earliest of its chain of revisions.
pub(super) fn selection_of(records: &[Record]) -> Option<(&Record, (EventTime, u64))> {
    let active = selections(records).filter(|record| !is_revised(record, records));
    let ranked = active.map(|record| (start_of(record, records), record));
    let (start, record) = ranked.min_by_key(|(start, record)| (*start, std::cmp::Reverse(record.order())))?;
    Some((record, start))
}

/// Returns the earliest of a selection and those it corrects, directly or not, as far as they are known. A correction
/// may have any time, so the earliest is not always the first of the chain.
fn start_of(record: &Record, records: &[Record]) -> (EventTime, u64) {
    chain(record, records).map(Record::order).fold(record.order(), Ord::min)
}

/// Returns a selection, the one it corrects, and so on. Corrections may form a cycle, so there are no more steps than
/// records.
fn chain<'a>(record: &'a Record, records: &'a [Record]) -> impl Iterator<Item = &'a Record> {
    let earlier = |record: &&'a Record| {
        let record = *record;
        selections(records).find(|candidate| candidate.is_revised_by(record))
    };
    std::iter::successors(Some(record), earlier).take(records.len().max(1))
}

fn selections(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.kind == RecordKind::Selection)
}

pub(super) fn is_revised(record: &Record, records: &[Record]) -> bool {
    records.iter().any(|other| record.is_revised_by(other))
}

/// Merges the groups and strata of a case with a selection. Those sent separately have precedence over those of the
/// selection; among several events of a kind the latest has precedence. Nothing counts that would not be known had the
/// case not been picked: no event of a control, and nothing after [`Spans::membership`].
fn attributes_of_selection(
    (selection, start): (&Record, (EventTime, u64)),
    records: &[Record],
    attributes: &mut AttributeTable,
    spans: &Spans,
) -> AttributesId {
    let known = spans.known_unpicked(records, start);
    let is_known = |record: &&Record| known.iter().any(|known| std::ptr::eq(*known, *record));
    // The first of the chain is known in any case.
    let own = chain(selection, records).find(is_known).map_or(AttributesId::default(), |record| record.attributes);
    let in_time = known.iter().copied().filter(|record| is_in_time(record, start.0, spans));
    let separate = latest_first(in_time, RecordKind::Attributes, attributes);
    attributes.merge(separate, own)
}

/// Returns whether separate groups are early enough for a case of this time.
fn is_in_time(record: &Record, cohort: EventTime, spans: &Spans) -> bool {
    record.time <= cohort.plus(spans.membership)
}

fn latest_first<'r>(
    records: impl Iterator<Item = &'r Record>,
    kind: RecordKind,
    attributes: &mut AttributeTable,
) -> AttributesId {
    let mut found: FewRecords<'r> = records.filter(|record| record.kind == kind).collect();
    found.sort_unstable_by_key(|record| std::cmp::Reverse(record.order()));
    found.iter().fold(AttributesId::default(), |merged, record| attributes.merge(merged, record.attributes))
}

fn facts_without_selection(records: &[Record], attributes: &mut AttributeTable, spans: &Spans) -> CaseFacts {
    let named = |kind| records.iter().filter(move |record| record.kind == kind && record.profile != NO_PROFILE);
    let control = named(RecordKind::Control).min_by_key(|record| record.order());
    let (stand_in, (counts, handling)) =
        match (control, named(RecordKind::Complaint).min_by_key(|record| record.order())) {
            (Some(control), _) => {
                let (examined, handling) = examined(records, attributes);
                (control, (examined.with_selected(), handling))
            }
            (None, Some(complaint)) => (complaint, (CaseCounts::complaint_alone(), Handling::default())),
            (None, None) => return CaseFacts { unmatched: unmatched(records), ..CaseFacts::default() },
        };
    // Those sent separately come first, then those of the stand-in, then those of other controls.
    let in_time = records.iter().filter(|record| is_in_time(record, stand_in.time, spans));
    let separate = latest_first(in_time, RecordKind::Attributes, attributes);
    let controls = latest_first(records.iter(), RecordKind::Control, attributes);
    let others = attributes.merge(stand_in.attributes, controls);
    let merged = attributes.merge(separate, others);
    let home = stand_in.allowed_profile().map(|profile| Contribution {
        profile,
        // The default of the contract, where a control or complaint names no channel.
        channel: stand_in.flags.channel().unwrap_or_default(),
        cohort: stand_in.time,
        attributes: merged,
        handling,
        counts,
    });
    CaseFacts { home, ..CaseFacts::default() }
}

/// Membership alone may be of anybody: a case that was not controlled is missed by nobody.
fn unmatched(records: &[Record]) -> Option<EventTime> {
    let is_report = |record: &&Record| matches!(record.kind, RecordKind::Control | RecordKind::Outcome);
    records.iter().filter(is_report).map(|record| record.time).min()
}

/// Returns when and by which channel a case of the channel `home`, which was not picked, was checked: by the first
/// performed control that names another channel; otherwise [`Channel::Manual`], at the first performed control, or at the
/// first report of any kind. `None` without a report.
fn checked(records: &[Record], home: Channel) -> Option<(EventTime, Channel)> {
    let performed = || records.iter().filter(|record| record.kind == RecordKind::Control && record.flags.yes());
    let elsewhere = |record: &Record| record.flags.channel().filter(|channel| *channel != home);
    let named = performed().filter_map(|record| Some((record.order(), elsewhere(record)?))).min();
    let reports = || records.iter().filter(|record| matches!(record.kind, RecordKind::Control | RecordKind::Outcome));
    let first = || performed().map(Record::order).min().or_else(|| reports().map(Record::order).min());
    let checked = named.or_else(|| first().map(|order| (order, Channel::Manual)));
    checked.map(|((time, _), channel)| (time, channel))
}

/// What the reports on one control of a case say together.
#[derive(Clone, Copy, Default)]
struct ControlState {
    performed: Option<bool>,
    outcome: Option<Outcome>,
    /// What the reports say together of how the case was handled.
    said: Handling,
}

/// Returns the stages of the funnel that a case has reached by its controls: `assessed` is set, `selected` is not. Returns also how it was
/// handled.
fn examined(records: &[Record], attributes: &mut AttributeTable) -> (CaseCounts, Handling) {
    let mut reports: SmallVec<[&Record; FEW]> = records
        .iter()
        .filter(|record| matches!(record.kind, RecordKind::Control | RecordKind::Outcome | RecordKind::Complaint))
        .collect();
    reports.sort_unstable_by_key(|record| record.order());
    let mut counts = CaseCounts::assessed();
    if reports.iter().any(|record| record.kind == RecordKind::Complaint) {
        counts = counts.with_complaint();
        reports.retain(|record| record.kind != RecordKind::Complaint);
    }
    if reports.is_empty() {
        return (counts, Handling::default());
    }
    let controls = control_states(&reports, attributes);
    let states = || controls.iter().map(|(_, state)| state);
    // An outcome without its control implies one that was performed.
    let performed = |state: &ControlState| state.performed.unwrap_or(true) || concluded(state);
    counts.set_reported(true);
    counts.set_controlled(states().any(performed));
    counts.set_resolved(states().all(|state| !performed(state) || state.outcome.is_some()));
    counts.set_concluded(states().any(concluded));
    let hit = states().any(|state| state.outcome == Some(Outcome::Violation));
    counts.set_hit(hit);
    let found_before =
        reports.iter().any(|record| record.flags.outcome() == Some(Outcome::Violation) && is_revised(record, records));
    counts.set_overturned(!hit && found_before);
    if attributes.reads_no_handling() {
        return (counts, Handling::default());
    }
    let handling: SmallVec<[ControlHandling; FEW]> = states().filter(|state| performed(state)).map(handling).collect();
    (counts, attributes.handling_of(&handling))
}

/// What the reports on a performed control say of how the case was handled.
fn handling(state: &ControlState) -> ControlHandling {
    ControlHandling { said: state.said, is_hit: state.outcome == Some(Outcome::Violation) }
}

const fn concluded(state: &ControlState) -> bool {
    matches!(state.outcome, Some(Outcome::Violation | Outcome::NoViolation))
}

/// Returns what the reports say on each control. The reports must be in the order of [`Record::order`].
fn control_states(reports: &[&Record], attributes: &AttributeTable) -> SmallVec<[(u32, ControlState); FEW]> {
    let only = only_control(reports);
    let mut states: SmallVec<[(u32, ControlState); FEW]> = SmallVec::new();
    for record in reports {
        let key = key_of(record, reports, only);
        let index = states.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            states.push((key, ControlState::default()));
            states.len() - 1
        });
        let state = present(Room::Ledger, "the state of a control was found or added", states.get_mut(index));
        let Some((_, state)) = state else { continue };
        if record.kind == RecordKind::Control {
            state.performed = Some(record.flags.yes());
        }
        // A revised report still shows that there is a control, but its outcome no longer counts.
        let is_revised = || reports.iter().any(|other| record.is_revised_by(other));
        if let Some(outcome) = record.flags.outcome()
            && !is_revised()
        {
            state.outcome = Some(outcome);
        }
        let said = attributes.said(record.said());
        if said != Handling::default() {
            let counts = if is_revised() { said.without_sanction() } else { said };
            state.said = attributes.said_together(state.said, counts);
        }
    }
    states
}

/// Returns the control that one of the reports of a case is about.
pub(super) fn control_of_report(record: &Record, reports: &[&Record]) -> u32 {
    key_of(record, reports, only_control(reports))
}

/// Returns the id of the only control of a case; `None` where there are several, or none.
fn only_control(reports: &[&Record]) -> Option<u32> {
    let mut keys: SmallVec<[u32; FEW]> =
        reports.iter().filter(|record| record.kind == RecordKind::Control).map(|record| record.control).collect();
    keys.sort_unstable();
    keys.dedup();
    if let [key] = keys.as_slice() { Some(*key) } else { None }
}

fn key_of(record: &Record, reports: &[&Record], only: Option<u32>) -> u32 {
    match only {
        Some(key) if key == 0 || record.control == 0 => key,
        _ => control_of(record, reports),
    }
}

/// Returns the control that a report is about. A correction without a control id is about that of the report it
/// corrects; where that has not come, about the control without an id.
fn control_of(record: &Record, reports: &[&Record]) -> u32 {
    if record.control != 0 || !record.corrects() {
        return record.control;
    }
    reports.iter().find(|other| other.is_revised_by(record)).map_or(0, |other| other.control)
}

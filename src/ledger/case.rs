//! What the set of a case's events counts for.

use crate::event::Outcome;
use crate::ledger::record::{Record, RecordKind};
use crate::ledger::{AttributeTable, AttributesId, CaseCounts, Spans};
use crate::plan::{Channel, EventTime, ProfileId};

/// What a case counts for: at its own channel, and at another one by which it was checked although it had not been picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// Where the selection (or, without one, the control) puts it.
    pub home: Option<Contribution>,
    /// A control by another channel of a case that was not picked.
    pub other: Option<Contribution>,
    /// No event says to which profile the case belongs: it waits.
    pub waiting: bool,
}

/// One case in one cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The cohort: time of selection.
    pub cohort: EventTime,
    /// Groups and strata.
    pub attributes: AttributesId,
    /// Where the case stands in the funnel.
    pub counts: CaseCounts,
}

/// What the events of one run of a case count for, whatever order they came in; what a run is says `Spans::runs`.
///
/// Of several selections the one whose chain of revisions has the earliest time counts, in its latest revision, in the cohort of
/// that time. Without a selection, the earliest control that names a profile stands in for it and counts
/// as selected. Of several reports on one control the latest that no other event revises counts; an outcome implies its control.
#[must_use]
pub fn facts(records: &[Record], attributes: &mut AttributeTable) -> CaseFacts {
    if let [only] = records
        && only.kind == RecordKind::Selection
    {
        return facts_of_selection(only);
    }
    let Some((selection, cohort)) = selection_of(records) else {
        return facts_without_selection(records, attributes);
    };
    let merged = merged_attributes(records, selection.attributes, attributes);
    let Some(profile) = selection.allowed_profile() else {
        return CaseFacts::default();
    };
    let channel = selection.flags.channel().unwrap_or_default();
    let home = Contribution { profile, channel, cohort, attributes: merged, counts: CaseCounts::default() };
    if selection.flags.yes() {
        let counts = examined(records).with_selected();
        return CaseFacts { home: Some(Contribution { counts, ..home }), ..CaseFacts::default() };
    }
    let elsewhere = elsewhere(records, channel);
    CaseFacts {
        home: Some(Contribution {
            counts: if elsewhere.is_some() { CaseCounts::assessed() } else { examined(records) },
            ..home
        }),
        other: elsewhere.map(|(cohort, channel)| Contribution {
            channel,
            cohort,
            counts: examined(records).with_selected(),
            ..home
        }),
        waiting: false,
    }
}

/// What each run of a case counts for; replaces `into`.
pub(super) fn facts_of_runs(
    records: &[Record],
    attributes: &mut AttributeTable,
    spans: &Spans,
    into: &mut Vec<CaseFacts>,
) {
    into.clear();
    into.extend(spans.runs(records).map(|run| facts(run, attributes)));
}

/// Nearly all cases have nothing but one selection: the general way gives the same, slower.
fn facts_of_selection(selection: &Record) -> CaseFacts {
    let assessed = CaseCounts::assessed();
    let home = selection.allowed_profile().map(|profile| Contribution {
        profile,
        channel: selection.flags.channel().unwrap_or_default(),
        cohort: selection.time,
        attributes: selection.attributes,
        counts: if selection.flags.yes() { assessed.with_selected() } else { assessed },
    });
    CaseFacts { home, ..CaseFacts::default() }
}

/// The selection that counts and its cohort: the earliest time of its chain.
fn selection_of(records: &[Record]) -> Option<(&Record, EventTime)> {
    let active = selections(records).filter(|record| !is_revised(record, records));
    let ranked = active.map(|record| (start_of(record, records), record));
    let (start, record) = ranked.min_by_key(|(start, record)| (*start, std::cmp::Reverse(record.order())))?;
    Some((record, start.0))
}

/// The earliest of a selection and those it corrects, directly or not, as far as they are known. A correction may bear any time,
/// so the earliest is not always the one the chain starts with.
fn start_of(record: &Record, records: &[Record]) -> (EventTime, u64) {
    chain(record, records).map(Record::order).min().unwrap_or_else(|| record.order())
}

/// A selection, the one it corrects, and so on. At most as many steps as there are records: more would be a cycle.
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

fn is_revised(record: &Record, records: &[Record]) -> bool {
    records.iter().any(|other| record.is_revised_by(other))
}

/// Membership sent apart wins over the selection's, which wins over the controls'; of several the latest wins.
fn merged_attributes(records: &[Record], selection: AttributesId, attributes: &mut AttributeTable) -> AttributesId {
    let apart = latest_first(records, RecordKind::Attributes, attributes);
    let controls = latest_first(records, RecordKind::Control, attributes);
    let below = attributes.merge(selection, controls);
    attributes.merge(apart, below)
}

fn latest_first(records: &[Record], kind: RecordKind, attributes: &mut AttributeTable) -> AttributesId {
    let mut found: Vec<&Record> = records.iter().filter(|record| record.kind == kind).collect();
    found.sort_unstable_by_key(|record| std::cmp::Reverse(record.order()));
    found.iter().fold(AttributesId::default(), |merged, record| attributes.merge(merged, record.attributes))
}

fn facts_without_selection(records: &[Record], attributes: &mut AttributeTable) -> CaseFacts {
    let named =
        |kind| records.iter().filter(move |record| record.kind == kind && record.profile != super::record::NO_PROFILE);
    let control = named(RecordKind::Control).min_by_key(|record| record.order());
    let (stand_in, counts) = match (control, named(RecordKind::Complaint).min_by_key(|record| record.order())) {
        (Some(control), _) => (control, examined(records).with_selected()),
        (None, Some(complaint)) => (complaint, CaseCounts::complaint_alone()),
        (None, None) => return CaseFacts { waiting: true, ..CaseFacts::default() },
    };
    let merged = merged_attributes(records, stand_in.attributes, attributes);
    let home = stand_in.allowed_profile().map(|profile| Contribution {
        profile,
        channel: stand_in.flags.channel().unwrap_or_default(),
        cohort: stand_in.time,
        attributes: merged,
        counts,
    });
    CaseFacts { home, ..CaseFacts::default() }
}

/// The first performed control that names another channel, for a case that was not picked: its time and channel.
fn elsewhere(records: &[Record], home: Channel) -> Option<(EventTime, Channel)> {
    records
        .iter()
        .filter(|record| record.kind == RecordKind::Control && record.flags.yes())
        .filter_map(|record| {
            record_channel(record).filter(|channel| *channel != home).map(|channel| (record.order(), channel))
        })
        .min()
        .map(|((time, _), channel)| (time, channel))
}

fn record_channel(record: &Record) -> Option<Channel> {
    if record.kind == RecordKind::Control { record.flags.channel() } else { None }
}

/// One control of a case, as its reports leave it.
#[derive(Clone, Copy, Default)]
struct ControlState {
    performed: Option<bool>,
    outcome: Option<Outcome>,
}

/// Where the case's controls put it in the funnel; `assessed` is set, `selected` is not.
fn examined(records: &[Record]) -> CaseCounts {
    let mut reports: Vec<&Record> = records
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
        return counts;
    }
    let states = control_states(&reports);
    let performed = |state: &ControlState| state.performed.unwrap_or(true) || concluded(state);
    counts.set_reported(true);
    counts.set_controlled(states.iter().any(performed));
    counts.set_resolved(states.iter().all(|state| !performed(state) || state.outcome.is_some()));
    counts.set_concluded(states.iter().any(concluded));
    let hit = states.iter().any(|state| state.outcome == Some(Outcome::Violation));
    counts.set_hit(hit);
    let found_before =
        reports.iter().any(|record| record.flags.outcome() == Some(Outcome::Violation) && is_revised(record, records));
    counts.set_overturned(!hit && found_before);
    counts
}

const fn concluded(state: &ControlState) -> bool {
    matches!(state.outcome, Some(Outcome::Violation | Outcome::NoViolation))
}

/// The state of each control after its reports, which come in order.
fn control_states(reports: &[&Record]) -> Vec<ControlState> {
    let mut keys: Vec<u32> =
        reports.iter().filter(|record| record.kind == RecordKind::Control).map(|record| record.control).collect();
    keys.sort_unstable();
    keys.dedup();
    let only = if let [key] = keys.as_slice() { Some(*key) } else { None };
    let mut states: Vec<(u32, ControlState)> = Vec::with_capacity(keys.len().max(1));
    for record in reports {
        let key = match only {
            Some(key) if key == 0 || record.control == 0 => key,
            _ => control_of(record, reports),
        };
        let index = states.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            states.push((key, ControlState::default()));
            states.len() - 1
        });
        let Some((_, state)) = states.get_mut(index) else { continue };
        if record.kind == RecordKind::Control {
            state.performed = Some(record.flags.yes());
        }
        // A revised report keeps its control but loses its outcome.
        if let Some(outcome) = record.flags.outcome()
            && !reports.iter().any(|other| record.is_revised_by(other))
        {
            state.outcome = Some(outcome);
        }
    }
    states.into_iter().map(|(_, state)| state).collect()
}

/// The control a report is about; a correction without a control id is about that of the report it corrects.
fn control_of(record: &Record, reports: &[&Record]) -> u32 {
    if record.control != 0 || record.revises == 0 {
        return record.control;
    }
    reports.iter().find(|other| other.is_revised_by(record)).map_or(0, |other| other.control)
}

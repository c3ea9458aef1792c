//! Final facts: the changes of a case in the order of event time, as evidence reads them.
//!
//! Within an hour of event time all events of a case make one step: the change from what it counted for before the hour
//! to what it counts for after it. Late events make no step, since the hour they belong to may be final.

use super::attributes::AttributeTable;
use super::case::{CaseFacts, facts_of_runs};
use super::change::{CaseChange, changes};
use super::record::Record;
use super::run::Spans;
use crate::plan::hour_of;

/// How the events of an hour change what a case counts for, late events aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalChange {
    /// The hour of event time, counted from 1970.
    pub hour: i32,
    /// What the case counted for before the hour and after it.
    pub change: CaseChange,
}

/// Replaces `into` by how the record `added`, which must be among `records`, changes the steps of its case.
///
/// Nearly always the event is the newest of its case. Then its steps are `made`, the changes that it made in the
/// windows. Otherwise the steps without it are reversed and those with it are added.
pub(super) fn final_changes(
    records: &[Record],
    added: &Record,
    made: &[CaseChange],
    attributes: &mut AttributeTable,
    spans: &Spans,
    into: &mut Vec<FinalChange>,
) {
    into.clear();
    if added.flags.late() {
        return;
    }
    let hour = hour_of(added.time);
    if records.iter().all(|record| !record.flags.late() && hour_of(record.time) <= hour) {
        into.extend(made.iter().map(|change| FinalChange { hour, change: *change }));
        return;
    }
    let with = in_time(records);
    let without: Vec<Record> = with.iter().filter(|record| *record != added).copied().collect();
    into.extend(steps(&without, hour, attributes, spans).into_iter().map(reversed));
    into.extend(steps(&with, hour, attributes, spans));
}

/// Adds to `into` how the steps of a case change where the spans `after` instead of `before` decide its runs. Hours
/// before `first` are final, so their difference is added to the step of hour `first`.
pub(super) fn refolded_steps(
    records: &[Record],
    first: i32,
    attributes: &mut AttributeTable,
    (before, after): (&Spans, &Spans),
    into: &mut Vec<FinalChange>,
) {
    let known = in_time(records);
    let earlier: Vec<Record> = known.iter().filter(|record| hour_of(record.time) < first).copied().collect();
    let (mut was, mut is): (Vec<CaseFacts>, Vec<CaseFacts>) = Default::default();
    facts_of_runs(&earlier, attributes, before, &mut was);
    facts_of_runs(&earlier, attributes, after, &mut is);
    changes(&was, &is, |change| into.push(FinalChange { hour: first, change }));
    into.extend(steps(&known, first, attributes, before).into_iter().map(reversed));
    into.extend(steps(&known, first, attributes, after));
}

const fn reversed(step: FinalChange) -> FinalChange {
    let CaseChange { before, after } = step.change;
    FinalChange { change: CaseChange { before: after, after: before }, ..step }
}

/// Visits the differences between what evidence counts of a case and what it counts for, because events came late.
/// `before` is what evidence counts.
pub(super) fn missing_changes(
    records: &[Record],
    attributes: &mut AttributeTable,
    spans: &Spans,
    mut visit: impl FnMut(CaseChange),
) {
    if !records.iter().any(|record| record.flags.late()) {
        return;
    }
    let (mut known, mut all): (Vec<CaseFacts>, Vec<CaseFacts>) = Default::default();
    for run in spans.runs(records) {
        facts_of_runs(&in_time(run), attributes, spans, &mut known);
        facts_of_runs(run, attributes, spans, &mut all);
        changes(&known, &all, &mut visit);
    }
}

/// Returns the records that evidence reads: those that came in time.
pub(super) fn in_time(records: &[Record]) -> Vec<Record> {
    records.iter().filter(|record| !record.flags.late()).copied().collect()
}

/// Returns the steps of a case in the hours from `first` on that have an event of it.
fn steps(records: &[Record], first: i32, attributes: &mut AttributeTable, spans: &Spans) -> Vec<FinalChange> {
    let mut hours: Vec<i32> = records.iter().map(|record| hour_of(record.time)).filter(|hour| *hour >= first).collect();
    hours.sort_unstable();
    hours.dedup();
    let mut until = |hour: i32, inclusive: bool| {
        let known: Vec<Record> = records
            .iter()
            .filter(|record| hour_of(record.time) < hour || inclusive && hour_of(record.time) == hour)
            .copied()
            .collect();
        let mut facts = Vec::new();
        facts_of_runs(&known, attributes, spans, &mut facts);
        facts
    };
    let mut steps = Vec::new();
    for hour in hours {
        let (before, after) = (until(hour, false), until(hour, true));
        changes(&before, &after, |change| steps.push(FinalChange { hour, change }));
    }
    steps
}

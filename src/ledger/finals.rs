//! What an event changes in the order of event time: the facts that evidence reads.

use super::case::facts_of_runs;
use super::change::changes;
use super::run::Spans;
use crate::ledger::{AttributeTable, CaseChange, CaseFacts, Record};
use crate::plan::hour_of;

/// What a case counted for before the events of an hour and after them. Late events take no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalChange {
    /// The hour of event time, counted from 1970.
    pub hour: i32,
    /// Before and after.
    pub change: CaseChange,
}

/// How `added`, which is among `records`, changes the hourly steps of its case; replaces `into`.
///
/// Nearly always the event is the newest of its case, and its steps are the `made` changes that it made in the windows. Where it is not,
/// the steps without it are taken back and those with it put in their place.
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
    into.extend(steps(&without, hour, attributes, spans).into_iter().map(taken_back));
    into.extend(steps(&with, hour, attributes, spans));
}

/// How the hourly steps of a case change where its runs were told by the spans `before` and are told by those `after`. Hours before `first` are
/// final: what they would have come to otherwise is made up for in the first hour that is not. Adds to `into`.
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
    into.extend(steps(&known, first, attributes, before).into_iter().map(taken_back));
    into.extend(steps(&known, first, attributes, after));
}

const fn taken_back(step: FinalChange) -> FinalChange {
    let CaseChange { before, after } = step.change;
    FinalChange { change: CaseChange { before: after, after: before }, ..step }
}

/// How what a case counts for differs from what evidence counts of it, because some of its events came late: from the latter to the former.
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

/// Those that evidence knows of.
pub(super) fn in_time(records: &[Record]) -> Vec<Record> {
    records.iter().filter(|record| !record.flags.late()).copied().collect()
}

/// The case's steps in the hours from `first` on that have an event of it.
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

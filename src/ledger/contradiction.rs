//! Outcomes of one control that contradict each other, though none of them corrects another.

use smallvec::SmallVec;

use super::case::{FEW, control_of_report, is_revised};
use super::record::{Record, RecordKind};
use super::run::{FewRecords, Spans};
use crate::event::Outcome;

/// Returns whether a report says that its control ended otherwise than every other report on it that nothing revises. The latest of them counts, so one
/// may take away what another one found: that must not go unseen.
///
/// The record is among `records`. What corrects another report contradicts nothing, nor does one that says what another one said before.
pub(super) fn contradicts(record: &Record, records: &[Record], spans: &Spans) -> bool {
    let Some(said) = concluded(record) else { return false };
    let Some(run) = spans.runs(records).find(|run| run.contains(record)) else { return false };
    if is_revised(record, run) {
        return false;
    }
    let reports: FewRecords<'_> = run.iter().filter(|record| is_report(record)).collect();
    let control = control_of_report(record, &reports);
    let others = reports.iter().filter(|other| **other != record && control_of_report(other, &reports) == control);
    let standing = others.filter(|other| !is_revised(other, run)).filter_map(|other| concluded(other));
    let standing: SmallVec<[bool; FEW]> = standing.collect();
    !standing.is_empty() && !standing.contains(&said)
}

const fn is_report(record: &Record) -> bool {
    matches!(record.kind, RecordKind::Control | RecordKind::Outcome)
}

/// What a report found; `None` where it could not tell, which contradicts nothing.
fn concluded(record: &Record) -> Option<bool> {
    match record.flags.outcome().filter(|_| is_report(record))? {
        Outcome::Violation => Some(true),
        Outcome::NoViolation => Some(false),
        Outcome::Unknown => None,
    }
}

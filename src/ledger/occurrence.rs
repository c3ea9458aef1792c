//! What occurred to a case, by the time of its event, and where it counts: controls, hits, hits overturned, complaints.
//!
//! Where it counts follows from all that is known of the case, late events aside. What becomes known later moves it, on the day on which
//! it occurred. A move says since when it is known, so that evidence of the days between never depends on it.

use super::attributes::AttributeTable;
use super::attributes_id::AttributesId;
use super::case::{Contribution, facts};
use super::complaint::ComplaintCode;
use super::counts::CaseCounts;
use super::finals::in_time;
use super::record::{Record, RecordKind};
use super::run::Spans;
use crate::event::ComplaintStatus;
use crate::plan::{Channel, ProfileId, hour_of};

/// Something that occurred counts somewhere now, or no longer. Hours are of event time, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OccurrenceChange {
    /// What occurred.
    pub what: CaseOccurrence,
    /// The hour at which it occurred.
    pub hour: i32,
    /// The hour from which on that is known; not before it occurred.
    pub known: i32,
    /// Where it counts.
    pub place: CasePlace,
    /// Whether it counts there now; else it did and does no longer.
    pub more: bool,
}

/// What occurs to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseOccurrence {
    /// It was controlled.
    Control,
    /// A violation was found, whether or not that was overturned since.
    Hit,
    /// The violation was overturned.
    Overturned,
    /// A complaint came in time.
    Complaint(ComplaintCode),
    /// A complaint was received late: it is missing.
    LateComplaint,
}

/// Where a case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CasePlace {
    /// The profile.
    pub profile: ProfileId,
    /// The channel: of its control, where that is of another one than its selection.
    pub channel: Channel,
    /// Whose groups: of a complaint its own, and in dimensions in which it has none those of its case.
    pub attributes: AttributesId,
}

/// What occurred at which hour, and where it counts.
type Standing = (CaseOccurrence, i32, CasePlace);

/// Adds to `into` how the record `added`, which must be among `records`, changes what occurred to its case and where it counts.
pub(super) fn occurrence_changes(
    records: &[Record],
    added: &Record,
    attributes: &mut AttributeTable,
    spans: &Spans,
    into: &mut Vec<OccurrenceChange>,
) {
    let is_late_complaint = is_complaint(added) && added.flags.late();
    // Nearly every case is picked for no control, and nobody complains.
    if !records.iter().any(occurs) || added.flags.late() && !is_late_complaint {
        return;
    }
    let others: Vec<Record> = records.iter().filter(|record| *record != added).copied().collect();
    let (was, is) = (late_complaints(&others, attributes, spans), late_complaints(records, attributes, spans));
    differ(&was, &is, hour_of(added.time), into);
    if is_late_complaint {
        return;
    }
    let first = hour_of(added.time);
    let reversed = |change: OccurrenceChange| OccurrenceChange { more: !change.more, ..change };
    into.extend(history(&in_time(&others), first, attributes, spans).into_iter().map(reversed));
    into.extend(history(&in_time(records), first, attributes, spans));
}

/// Adds to `into` how that changes where the spans `after` instead of `before` decide the runs of the case. Hours before `first` are
/// final: what changes in them is known from `first` on.
pub(super) fn refolded_occurrences(
    records: &[Record],
    first: i32,
    attributes: &mut AttributeTable,
    (before, after): (&Spans, &Spans),
    into: &mut Vec<OccurrenceChange>,
) {
    if !records.iter().any(occurs) {
        return;
    }
    let (was, is) = (late_complaints(records, attributes, before), late_complaints(records, attributes, after));
    differ(&was, &is, first, into);
    let known = in_time(records);
    for (spans, stays) in [(before, false), (after, true)] {
        let changes = history(&known, i32::MIN, attributes, spans).into_iter();
        into.extend(changes.map(|change| OccurrenceChange {
            known: change.known.max(first),
            more: change.more == stays,
            ..change
        }));
    }
}

/// How what is known of a case changes with each of its hours from `first` on.
fn history(records: &[Record], first: i32, attributes: &mut AttributeTable, spans: &Spans) -> Vec<OccurrenceChange> {
    let mut changes = Vec::new();
    let hours = hours(records);
    let before: Vec<Record> = records.iter().filter(|record| hour_of(record.time) < first).copied().collect();
    let mut was = standing(&before, attributes, spans);
    for hour in hours.into_iter().filter(|hour| *hour >= first) {
        let known: Vec<Record> = records.iter().filter(|record| hour_of(record.time) <= hour).copied().collect();
        let is = standing(&known, attributes, spans);
        differ(&was, &is, hour, &mut changes);
        was = is;
    }
    changes
}

/// Adds what is on one side only: what was no longer counts, and what is counts now.
fn differ(was: &[Standing], is: &[Standing], known: i32, into: &mut Vec<OccurrenceChange>) {
    let mut new = is.to_vec();
    let mut gone = was.to_vec();
    gone.retain(|standing| match new.iter().position(|other| other == standing) {
        Some(index) => {
            new.remove(index);
            false
        }
        None => true,
    });
    let change =
        |(what, hour, place): Standing, more| OccurrenceChange { what, hour, known: known.max(hour), place, more };
    into.extend(gone.into_iter().map(|standing| change(standing, false)));
    into.extend(new.into_iter().map(|standing| change(standing, true)));
}

/// What has occurred by these events, which must have come in time.
fn standing(records: &[Record], attributes: &mut AttributeTable, spans: &Spans) -> Vec<Standing> {
    let mut standing = Vec::new();
    for run in spans.runs(records).filter(|run| run.iter().any(occurs)) {
        let Some(counted) = counted(run, attributes, spans) else { continue };
        standing.extend(stages(run, &counted, attributes, spans));
        for complaint in run.iter().filter(|record| is_complaint(record)) {
            let what = CaseOccurrence::Complaint(ComplaintCode::of_record(complaint));
            standing.push((what, hour_of(complaint.time), place(complaint, &counted, attributes)));
        }
    }
    standing
}

/// The stages that the case of a run has reached, each at the first hour by whose events it had.
fn stages(run: &[Record], counted: &Contribution, attributes: &mut AttributeTable, spans: &Spans) -> Vec<Standing> {
    let mut missing = reached(counted.counts);
    let Contribution { profile, channel, attributes: groups, .. } = *counted;
    let place = CasePlace { profile, channel, attributes: groups };
    let mut stages = Vec::new();
    for hour in hours(run) {
        if missing.is_empty() {
            break;
        }
        let known: Vec<Record> = run.iter().filter(|record| hour_of(record.time) <= hour).copied().collect();
        let then = self::counted(&known, attributes, spans).map_or_else(Vec::new, |then| reached(then.counts));
        stages.extend(missing.extract_if(.., |what| then.contains(what)).map(|what| (what, hour, place)));
    }
    stages
}

fn reached(counts: CaseCounts) -> Vec<CaseOccurrence> {
    let [controls, hits, overturned] =
        [CaseCounts::CONTROLLED, CaseCounts::HIT, CaseCounts::OVERTURNED].map(|stage| counts.count(stage) > 0);
    // A hit stays one after it was overturned.
    let stages = [
        (controls, CaseOccurrence::Control),
        (hits || overturned, CaseOccurrence::Hit),
        (overturned, CaseOccurrence::Overturned),
    ];
    stages.into_iter().filter_map(|(is_reached, what)| is_reached.then_some(what)).collect()
}

/// The complaints received late, each where the events in time and itself place it.
fn late_complaints(records: &[Record], attributes: &mut AttributeTable, spans: &Spans) -> Vec<Standing> {
    let is_received = |record: &Record| ComplaintCode::of_record(record).status() == ComplaintStatus::Received;
    let late = records.iter().filter(|record| is_complaint(record) && record.flags.late() && is_received(record));
    let mut missing = Vec::new();
    for complaint in late {
        let known: Vec<Record> =
            records.iter().filter(|record| !record.flags.late() || *record == complaint).copied().collect();
        let run = spans.runs(&known).find(|run| run.contains(complaint));
        let Some(counted) = run.and_then(|run| counted(run, attributes, spans)) else { continue };
        // Of what is missing no groups are told.
        let place = CasePlace { attributes: AttributesId::default(), ..place(complaint, &counted, attributes) };
        missing.push((CaseOccurrence::LateComplaint, hour_of(complaint.time), place));
    }
    missing
}

/// Where what is done to the case of a run counts: its control and its complaints count alike.
fn counted(run: &[Record], attributes: &mut AttributeTable, spans: &Spans) -> Option<Contribution> {
    let facts = facts(run, attributes, spans);
    facts.other.or(facts.home)
}

fn place(complaint: &Record, counted: &Contribution, attributes: &mut AttributeTable) -> CasePlace {
    let Contribution { profile, channel, .. } = *counted;
    CasePlace { profile, channel, attributes: attributes.merge(complaint.attributes, counted.attributes) }
}

fn occurs(record: &Record) -> bool {
    matches!(record.kind, RecordKind::Control | RecordKind::Outcome | RecordKind::Complaint)
}

fn is_complaint(record: &Record) -> bool {
    record.kind == RecordKind::Complaint
}

fn hours(records: &[Record]) -> Vec<i32> {
    let mut hours: Vec<i32> = records.iter().map(|record| hour_of(record.time)).collect();
    hours.sort_unstable();
    hours.dedup();
    hours
}

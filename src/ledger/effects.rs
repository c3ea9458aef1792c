//! What an event, or other horizons, did to a case.

use super::attributes::AttributeTable;
use super::case::{CaseFacts, Contribution, facts_of_runs};
use super::change::{CaseChange, changes};
use super::finals::{FinalChange, final_changes, in_time, missing_changes, refolded_steps};
use super::occurrence::{OccurrenceChange, occurrence_changes, refolded_occurrences};
use super::record::{Record, RecordKind};
use super::run::Spans;
use crate::plan::ProfileId;

/// What an event, or other horizons, did to a case.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The changes of what the case counts for.
    pub changes: Vec<CaseChange>,
    /// The same changes in the order of event time, by hour, for evidence.
    pub finals: Vec<FinalChange>,
    /// The differences between what the case counts for and what evidence counts of it, because events came late: those
    /// that no longer hold (`false`) and those that hold now (`true`).
    pub missing: Vec<(CaseChange, bool)>,
    /// Where controls of the case, and complaints about it, count by the time of their events; empty where no rule asks.
    pub occurrences: Vec<OccurrenceChange>,
    /// The profile of the case, where it is known.
    pub profile: Option<ProfileId>,
}

/// The effects of one event, found by folding its case before and after it. Keeps its buffers from event to event.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    before: Vec<CaseFacts>,
    after: Vec<CaseFacts>,
    pub effects: Effects,
    /// Whether a rule asks for what occurred by its time.
    pub reads_complaints: bool,
}

impl Comparison {
    /// Returns a comparison of no case. `reads_complaints` says whether a rule asks for what occurred by its time.
    pub fn new(reads_complaints: bool) -> Self {
        Self { reads_complaints, ..Self::default() }
    }

    /// Folds a case before an event.
    pub fn begin(&mut self, records: &[Record], attributes: &mut AttributeTable, spans: &Spans) {
        facts_of_runs(records, attributes, spans, &mut self.before);
        self.after.clear();
        let missing = &mut self.effects.missing;
        missing_changes(records, attributes, spans, |change| missing.push((change, false)));
    }

    /// Folds the case after the event, whose record `added` is now among `records`, and adds the effects.
    pub fn finish(&mut self, added: &Record, records: &[Record], attributes: &mut AttributeTable, spans: &Spans) {
        let Self { before, after, effects, reads_complaints } = self;
        let Effects { changes: made, finals, missing, occurrences, profile } = effects;
        facts_of_runs(records, attributes, spans, after);
        changes(before, after, |change| made.push(change));
        final_changes(records, added, made, attributes, spans, finals);
        missing_changes(records, attributes, spans, |change| missing.push((change, true)));
        if *reads_complaints {
            occurrence_changes(records, added, attributes, spans, occurrences);
        }
        *profile = after.iter().rev().find_map(|facts| facts.home).map(|home| home.profile);
    }

    /// Returns what the case at hand counts for after the event.
    pub fn home(&self) -> Option<Contribution> {
        self.after.iter().rev().find_map(|facts| facts.home)
    }
}

impl Effects {
    /// Removes everything.
    pub(super) fn clear(&mut self) {
        let Self { changes, finals, missing, occurrences, profile } = self;
        changes.clear();
        finals.clear();
        missing.clear();
        occurrences.clear();
        *profile = None;
    }

    /// Replaces everything by what the spans `after` instead of `before` do to the case of these records. Hours of
    /// event time before `first` are final.
    pub(super) fn refold(
        &mut self,
        records: &[Record],
        (first, reads_complaints): (i32, bool),
        attributes: &mut AttributeTable,
        (before, after): (&Spans, &Spans),
    ) {
        self.clear();
        let Self { changes: made, finals, missing, occurrences, profile: _ } = self;
        let (mut was, mut is): (Vec<CaseFacts>, Vec<CaseFacts>) = Default::default();
        facts_of_runs(records, attributes, before, &mut was);
        facts_of_runs(records, attributes, after, &mut is);
        changes(&was, &is, |change| made.push(change));
        refolded_steps(records, first, attributes, (before, after), finals);
        if reads_complaints {
            refolded_occurrences(records, first, attributes, (before, after), occurrences);
        }
        missing_changes(records, attributes, before, |change| missing.push((change, false)));
        missing_changes(records, attributes, after, |change| missing.push((change, true)));
    }
}

/// Returns whether the runs of a case differ between two spans, of all its events or of those that evidence counts.
pub(super) fn runs_differ(records: &[Record], before: &Spans, after: &Spans) -> bool {
    let lengths = |spans: &Spans, records: &[Record]| spans.runs(records).map(<[Record]>::len).collect::<Vec<_>>();
    let differ = |records: &[Record]| lengths(before, records) != lengths(after, records);
    // What is known of a case's groups may end elsewhere now, though its runs do not.
    let ends = |spans: &Spans| (spans.not_selected, spans.membership);
    let tells = |record: &Record| record.kind == RecordKind::Attributes || record.corrects();
    ends(before) != ends(after) && records.iter().any(tells)
        || differ(records)
        || records.iter().any(|record| record.flags.late()) && differ(&in_time(records))
}

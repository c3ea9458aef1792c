//! Counts of records by type, result and reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::interface::Handled;
use crate::disclosure::EventCounts;
use crate::event::{Data, Reason};
use crate::plan::invariant::{self, Room};

/// Counts of records by type and result, and of rejections by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallies {
    counts: [[u64; RESULTS.len()]; TYPES.len()],
    reasons: BTreeMap<&'static str, u64>,
    pub late: u64,
    /// Accepted events since the start that are no evidence: those that are late, and those whose hour was final because their
    /// partition was idle. No checkpoint has any.
    pub late_for_evidence: u64,
    /// Events of a `replay` beyond the end that the others support. No checkpoint has any.
    pub ahead: u64,
    /// Events of a `replay` after `--as-of`. No checkpoint has any.
    pub beyond_as_of: u64,
}

const TYPES: [&str; 9] =
    ["attributes", "complaint", "control", "measure", "outcome", "population", "selection", "tally", "unknown"];
const RESULTS: [&str; 9] = [
    "accepted",
    "conflict",
    "duplicate",
    "mismatched",
    "rejected",
    "too_late",
    "unknown_profile",
    "unknown_type",
    "unmapped",
];

/// Returns every pair of a type and a result that a record can have: a record of an unknown type is rejected, of an unknown
/// type, or unmapped.
pub fn possible_results() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = TYPES.into_iter().flat_map(|kind| RESULTS.into_iter().map(move |result| (kind, result)));
    pairs.filter(|(kind, result)| match *result {
        "rejected" => true,
        "unknown_type" | "unmapped" => *kind == "unknown",
        _ => *kind != "unknown",
    })
}

/// Returns the index of an event type in [`TYPES`]; that of `unknown` for a record that is no event.
pub(super) const fn type_index(data: Option<&Data<'_>>) -> usize {
    match data {
        Some(Data::Attributes(_)) => 0,
        Some(Data::Complaint(_)) => 1,
        Some(Data::Control(_)) => 2,
        Some(Data::Measure(_)) => 3,
        Some(Data::Outcome(_)) => 4,
        Some(Data::Population(_)) => 5,
        Some(Data::Selection(_)) => 6,
        Some(Data::Tally(_)) => 7,
        None => 8,
    }
}

/// Returns the index of a result in [`RESULTS`]; `None` for a record beyond the end of a `replay`.
const fn result_index(handled: &Handled) -> Option<usize> {
    match handled {
        Handled::Accepted => Some(0),
        Handled::Conflict => Some(1),
        Handled::Duplicate => Some(2),
        Handled::Mismatched(_) => Some(3),
        Handled::Rejected(_) => Some(4),
        Handled::TooLate => Some(5),
        Handled::UnknownProfile => Some(6),
        Handled::UnknownType => Some(7),
        Handled::Unmapped => Some(8),
        Handled::BeyondAsOf => None,
    }
}

/// What a checkpoint stores of the counts: by name, so that a later version with more types or results can read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TalliesState {
    counts: Vec<(String, String, u64)>,
    reasons: Vec<(String, u64)>,
    late: u64,
}

impl Tallies {
    pub fn state(&self) -> TalliesState {
        let owned = |(kind, result, count): (&str, &str, u64)| (kind.to_owned(), result.to_owned(), count);
        TalliesState {
            counts: self.by_type().into_iter().map(owned).collect(),
            reasons: self.reasons.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
            late: self.late,
        }
    }

    pub fn restored(state: TalliesState) -> Self {
        let mut tallies = Self { late: state.late, ..Self::default() };
        // A name that this version does not have stands for no count here.
        for (kind, result, count) in state.counts {
            let row = TYPES.iter().position(|known| *known == kind).and_then(|row| tallies.counts.get_mut(row));
            let column = RESULTS.iter().position(|known| *known == result);
            if let Some(place) = row.zip(column).and_then(|(row, column)| row.get_mut(column)) {
                *place = count;
            }
        }
        for (name, count) in state.reasons {
            if let Some(reason) = Reason::ALL.iter().find(|reason| reason.name() == name) {
                tallies.reasons.insert(reason.name(), count);
            }
        }
        tallies
    }

    #[inline]
    pub fn count(&mut self, kind: usize, handled: &Handled) {
        if *handled == Handled::Accepted
            && let Some([accepted, ..]) = self.counts.get_mut(kind)
        {
            *accepted = accepted.saturating_add(1);
            return;
        }
        self.count_other(kind, handled);
    }

    #[inline(never)]
    fn count_other(&mut self, kind: usize, handled: &Handled) {
        let Some(column) = result_index(handled) else {
            self.beyond_as_of = self.beyond_as_of.saturating_add(1);
            return;
        };
        match self.counts.get_mut(kind).and_then(|row| row.get_mut(column)) {
            Some(count) => *count = count.saturating_add(1),
            None => invariant::broken(Room::Monitor, "every type and result of a record has a count"),
        }
        if let Handled::Rejected(rejection) = handled {
            let reason: Reason = rejection.reason;
            let count = self.reasons.entry(reason.name()).or_default();
            *count = count.saturating_add(1);
        }
    }

    pub fn by_type(&self) -> Vec<(&'static str, &'static str, u64)> {
        let rows = TYPES.iter().zip(&self.counts);
        let cells = rows
            .flat_map(|(kind, counts)| RESULTS.iter().zip(counts).map(move |(result, count)| (*kind, *result, *count)));
        cells.filter(|(_, _, count)| *count > 0).collect()
    }

    pub fn rejections(&self) -> Vec<(&'static str, u64)> {
        self.reasons.iter().map(|(reason, count)| (*reason, *count)).collect()
    }

    /// All but `unmatched`, which the ledger knows, and `ahead`, which the watermark knows.
    pub fn event_counts(&self) -> EventCounts {
        let of = |result: &str| {
            let column = RESULTS.iter().position(|known| *known == result);
            column.map_or(0, |column| sum(self.counts.iter().filter_map(|counts| counts.get(column))))
        };
        EventCounts {
            read: sum(self.counts.iter().flatten()).saturating_add(self.beyond_as_of),
            accepted: of("accepted"),
            duplicate: of("duplicate"),
            mismatched: of("mismatched"),
            too_late: of("too_late"),
            rejected: of("rejected"),
            unmatched: 0,
            ahead: 0,
            conflict: of("conflict"),
            unknown_type: of("unknown_type"),
            unknown_profile: of("unknown_profile"),
            unmapped: of("unmapped"),
            beyond_as_of: self.beyond_as_of,
        }
    }
}

fn sum<'c>(counts: impl Iterator<Item = &'c u64>) -> u64 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

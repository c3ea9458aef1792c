//! What became of the events, by type, result and reason.

use std::collections::BTreeMap;

use crate::disclosure::EventCounts;
use crate::event::{Data, Reason};
use crate::monitor::Handled;

/// Counts of records by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallies {
    counts: [[u64; RESULTS.len()]; TYPES.len()],
    reasons: BTreeMap<&'static str, u64>,
    pub late: u64,
}

const TYPES: [&str; 8] = ["attributes", "complaint", "control", "outcome", "population", "selection", "tally", "unknown"];
const RESULTS: [&str; 7] = ["accepted", "conflict", "duplicate", "rejected", "too_late", "unknown_profile", "unknown_type"];

/// The event type's word in metrics.
pub(super) const fn type_name(data: &Data<'_>) -> &'static str {
    match data {
        Data::Selection(_) => "selection",
        Data::Control(_) => "control",
        Data::Outcome(_) => "outcome",
        Data::Complaint(_) => "complaint",
        Data::Tally(_) => "tally",
        Data::Attributes(_) => "attributes",
        Data::Population(_) => "population",
    }
}

const fn result_name(handled: &Handled) -> Option<&'static str> {
    match handled {
        Handled::Accepted => Some("accepted"),
        Handled::Duplicate => Some("duplicate"),
        Handled::Conflict => Some("conflict"),
        Handled::TooLate => Some("too_late"),
        Handled::UnknownType => Some("unknown_type"),
        Handled::UnknownProfile => Some("unknown_profile"),
        Handled::Rejected(_) => Some("rejected"),
        Handled::BeyondAsOf => None,
    }
}

impl Tallies {
    pub fn count(&mut self, kind: &'static str, handled: &Handled) {
        let row = TYPES.iter().position(|known| *known == kind);
        let column = result_name(handled).and_then(|name| RESULTS.iter().position(|known| *known == name));
        if let (Some(row), Some(column)) = (row, column)
            && let Some(count) = self.counts.get_mut(row).and_then(|counts| counts.get_mut(column))
        {
            *count += 1;
        }
        if let Handled::Rejected(rejection) = handled {
            let reason: Reason = rejection.reason;
            *self.reasons.entry(reason.name()).or_default() += 1;
        }
    }

    pub fn by_type(&self) -> Vec<(&'static str, &'static str, u64)> {
        let rows = TYPES.iter().zip(&self.counts);
        let cells = rows.flat_map(|(kind, counts)| RESULTS.iter().zip(counts).map(move |(result, count)| (*kind, *result, *count)));
        cells.filter(|(_, _, count)| *count > 0).collect()
    }

    pub fn rejections(&self) -> Vec<(&'static str, u64)> {
        self.reasons.iter().map(|(reason, count)| (*reason, *count)).collect()
    }

    /// All but `unmatched`, which the ledger knows.
    pub fn event_counts(&self) -> EventCounts {
        let of = |result: &str| {
            let column = RESULTS.iter().position(|known| *known == result);
            column.map_or(0, |column| self.counts.iter().filter_map(|counts| counts.get(column)).sum())
        };
        EventCounts {
            read: self.counts.iter().flatten().sum(),
            accepted: of("accepted"),
            duplicate: of("duplicate"),
            too_late: of("too_late"),
            rejected: of("rejected"),
            unmatched: 0,
            conflict: of("conflict"),
            unknown_type: of("unknown_type"),
            unknown_profile: of("unknown_profile"),
        }
    }
}

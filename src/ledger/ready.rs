//! Records of which everything is known but what differs from event to event.

use super::attributes::AttributeTable;
use super::fingerprint::{CaseKey, Fingerprints, SourceHash};
use super::record::{Record, RecordKind};
use crate::event::{Data, Event, Skimmed};
use crate::plan::EventTime;

/// A record of which everything is known but its time, its case, and the ids in it.
#[derive(Clone, Debug)]
pub struct ReadyRecord {
    record: Record,
    source: SourceHash,
    /// Whether the decoder reads the control's id, and the id of what is corrected.
    has_control: bool,
    has_revises: bool,
}

impl ReadyRecord {
    /// Returns the ready record of an event that was reduced to `record`; `None` where another event like it would not
    /// become the same record, or would also be counted as one that lost something.
    pub(super) fn of(
        event: &Event<'_>,
        record: &Record,
        prints: &Fingerprints,
        attributes: &AttributeTable,
    ) -> Option<Self> {
        // Every event that loses its groups is counted.
        let lossless = attributes.overflowed() == 0 && !attributes.has_dropped(record.attributes);
        let (has_control, has_revises) = match &event.data {
            Data::Selection(_) => (false, true),
            Data::Control(_) => (true, false),
            Data::Outcome(_) => (true, true),
            _ => (false, false),
        };
        let source = prints.source(&event.source);
        lossless.then_some(Self { record: *record, source, has_control, has_revises })
    }

    /// Returns the case and the record of another event like it, as if it arrived in time.
    #[inline]
    #[must_use]
    pub(super) fn fill(&self, values: &Skimmed<'_>, prints: &Fingerprints) -> (CaseKey, Record) {
        let control = values.control_id.filter(|_| self.has_control).map_or(0, |id| prints.control(id));
        let revises = values.revises.filter(|_| self.has_revises).map_or(0, |id| prints.revised(id));
        let record = Record {
            time: values.time,
            arrived: values.time,
            tag: prints.event_of(&self.source, values.id).within_case(),
            control,
            revises,
            ..self.record
        };
        (prints.case(values.case_id), record)
    }

    /// Returns whether the case counts for nothing but its selection, if this is the first event of it and in time.
    #[must_use]
    pub fn is_selection(&self) -> bool {
        self.record.kind == RecordKind::Selection
    }
}

/// An event about a case, reduced to what the ledger keeps of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseEvent {
    /// The case.
    pub case: CaseKey,
    /// The event, as if it arrived in time.
    pub record: Record,
}

impl CaseEvent {
    /// Returns the event time.
    #[must_use]
    pub const fn time(&self) -> EventTime {
        self.record.time
    }
}

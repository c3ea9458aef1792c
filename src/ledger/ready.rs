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
    /// The same by the key before the present one, while there is one.
    former_source: Option<Box<SourceHash>>,
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
        (prints, former): (&Fingerprints, Option<&Fingerprints>),
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
        let former_source = former.map(|former| Box::new(former.source(&event.source)));
        lossless.then_some(Self { record: *record, source, former_source, has_control, has_revises })
    }

    /// Returns the case and the record of another event like it, as if it arrived in time.
    #[inline]
    #[must_use]
    pub(super) fn fill(&self, values: &Skimmed<'_>, prints: &Fingerprints) -> (CaseKey, Record) {
        self.fill_by(values, prints, &self.source)
    }

    /// Returns the same by the key before the present one; `None` where it was made ready when there was none.
    pub(super) fn fill_former(&self, values: &Skimmed<'_>, prints: &Fingerprints) -> Option<(CaseKey, Record)> {
        Some(self.fill_by(values, prints, self.former_source.as_deref()?))
    }

    #[inline(always)]
    fn fill_by(&self, values: &Skimmed<'_>, prints: &Fingerprints, source: &SourceHash) -> (CaseKey, Record) {
        // Without an id of a control it is 0, or what is kept of a complaint's text, which all events like it have.
        let control =
            if self.has_control { values.control_id.map_or(0, |id| prints.control(id)) } else { self.record.control };
        // Of a control it is what all events like it say.
        let revises =
            if self.has_revises { values.revises.map_or(0, |id| prints.revised(id)) } else { self.record.revises };
        let record = Record {
            time: values.time,
            arrived: values.time,
            tag: prints.event_of(source, values.id).within_case(),
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

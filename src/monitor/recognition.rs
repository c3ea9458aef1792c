//! The first stage of handling a batch: records are recognised by their templates, or decoded.

use super::tallies::type_index;
use crate::event::{
    self, Data, Decoded, Event, RawRecord, Recogniser, Rejection, Skimmed, TemplateId, Templates, is_ahead,
};
use crate::ledger::{CaseEvent, CaseEvents, CaseKey, Ledger, ReadyRecord};
use crate::plan::{Limits, Span};

/// What is known of a record by its template.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub record: ReadyRecord,
    pub kind: usize,
    /// Whether the profile is outside the allow-list.
    pub unknown_profile: bool,
    /// See [`places_of_groups`](super::places::places_of_groups).
    pub groups: Box<[u16]>,
}

/// Recognises records, and keeps its buffers from batch to batch.
#[derive(Clone, Debug)]
pub(super) struct Recognition {
    pub templates: Templates<Known>,
    pub desks: Vec<Desk>,
}

/// Where one thread recognises records.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    pub recogniser: Recogniser,
    pub prepared: Vec<Prepared>,
    /// What [`Prepared::Twice`] refers to.
    pub twice: Vec<CaseEvents>,
}

/// A record after the first stage.
#[derive(Clone, Copy, Debug)]
pub(super) enum Prepared {
    /// It has a template.
    Known(TemplateId, CaseEvent),
    /// The same while there are two keys, with the place of what it is by both.
    Twice(TemplateId, usize),
    /// It was decoded, which takes more room.
    Decoded,
}

/// A record that had to be decoded.
pub(super) type DecodedRecord<'a> = Result<Decoded<'a>, Rejection>;

impl Recognition {
    /// Returns a recognition that knows nothing.
    pub fn new(ledger: &Ledger) -> Self {
        let templates = Templates::new(ledger.template_secret(), ledger.attributes.names());
        Self { templates, desks: vec![Desk::default()] }
    }
}

impl Desk {
    /// Recognises all records of a part, or decodes them.
    pub fn prepare<'a, 'r>(
        &mut self,
        records: impl Iterator<Item = &'r RawRecord<'a>>,
        templates: &Templates<Known>,
        (limits, max_ahead): (&Limits, Option<Span>),
        ledger: &Ledger,
        decoded: &mut Vec<DecodedRecord<'a>>,
    ) where
        'a: 'r,
    {
        let Self { recogniser, prepared, twice } = self;
        prepared.clear();
        twice.clear();
        let has_two_keys = ledger.has_two_keys();
        prepared.extend(records.map(|record| {
            let found = templates.find(record, limits, recogniser);
            let in_time = found.filter(|(_, values)| !is_ahead(values.time, record.timestamp, max_ahead));
            let known = in_time.and_then(|(id, values)| Some((id, values, templates.get(id)?)));
            let Some((id, values, known)) = known else {
                decoded.push(event::decode(record, limits, max_ahead));
                return Prepared::Decoded;
            };
            debug_assert!(is_decoded_so(record, limits, &values, known), "a template says what decoding finds");
            if has_two_keys {
                let Some(events) = ledger.fill_by_both(&known.record, &values) else {
                    decoded.push(event::decode(record, limits, max_ahead));
                    return Prepared::Decoded;
                };
                twice.push(events);
                return Prepared::Twice(id, twice.len() - 1);
            }
            Prepared::Known(id, ledger.fill(&known.record, &values))
        }));
    }
}

impl Prepared {
    /// Returns the case, where the record has a template.
    pub const fn case(&self) -> Option<CaseKey> {
        match self {
            Self::Known(_, event) => Some(event.case),
            Self::Twice(..) | Self::Decoded => None,
        }
    }
}

/// Returns whether the decoder finds in a record what its template says.
fn is_decoded_so(record: &RawRecord<'_>, limits: &Limits, values: &Skimmed<'_>, known: &Known) -> bool {
    let Ok(Decoded::Event(Event { id, time, data, source: _ })) = event::decode(record, limits, None) else {
        return false;
    };
    let (case_id, control_id, revises) = match &data {
        Data::Selection(data) => (Some(&*data.case_id), None, data.revises.as_deref()),
        Data::Control(data) => (Some(&*data.case_id), data.control_id.as_deref(), None),
        Data::Outcome(data) => (Some(&*data.case_id), data.control_id.as_deref(), data.revises.as_deref()),
        Data::Attributes(data) => (Some(&*data.case_id), None, None),
        Data::Complaint(data) => (data.case_id.as_deref(), None, None),
        Data::Tally(_) | Data::Population(_) | Data::Measure(_) => (None, None, None),
    };
    (id.as_bytes(), time, case_id.map(str::as_bytes)) == (values.id, values.time, Some(values.case_id))
        && control_id.is_none_or(|id| values.control_id == Some(id.as_bytes()))
        && revises.is_none_or(|id| values.revises == Some(id.as_bytes()))
        && known.kind == type_index(Some(&data))
}

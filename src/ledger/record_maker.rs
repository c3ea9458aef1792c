//! Reducing an event to a record: no id and no text is kept.

use super::attributes::AttributeTable;
use super::attributes_id::AttributesId;
use super::complaint::ComplaintCode;
use super::fingerprint::{EventTag, Fingerprints, PseudonymKey};
use super::record::{Flags, NO_PROFILE, Record, RecordKind, UNKNOWN_PROFILE};
use crate::event::{Control, Data, Event, OutcomeReport, Selection};
use crate::plan::Plan;

/// Reduces events to records.
#[derive(Clone, Debug)]
pub(super) struct RecordMaker {
    pub key: PseudonymKey,
    pub prints: Fingerprints,
    /// Sorted, as in the plan.
    profiles: Vec<String>,
    /// Whether a rule asks for the ground and the status of complaints.
    reads_complaints: bool,
}

impl RecordMaker {
    /// Returns a maker of records with the profiles of a plan.
    pub fn new(plan: &Plan, key: PseudonymKey) -> Self {
        Self {
            prints: Fingerprints::new(&key),
            key,
            reads_complaints: plan.reads_complaints(),
            profiles: plan.profiles.iter().map(|profile| profile.name.clone()).collect(),
        }
    }

    /// Reduces an event to the id of its case and a record, as if it arrived in time; `None` for an event about no
    /// case. Groups and strata are interned in `attributes`.
    #[inline]
    pub fn record_of<'e>(&self, event: &'e Event<'_>, attributes: &mut AttributeTable) -> Option<(&'e str, Record)> {
        let blank = Record {
            time: event.time,
            arrived: event.time,
            tag: self.tag(event).within_case(),
            attributes: AttributesId::default(),
            control: 0,
            revises: 0,
            profile: NO_PROFILE,
            kind: RecordKind::Attributes,
            flags: Flags::default(),
        };
        match &event.data {
            Data::Selection(data) => Some((&data.case_id, self.selection(data, blank, attributes))),
            Data::Control(data) => Some((&data.case_id, self.control(data, blank, attributes))),
            Data::Outcome(data) => Some((&data.case_id, self.outcome(data, blank, attributes))),
            Data::Attributes(data) => {
                let id = attributes.intern(&data.groups, &data.strata, None);
                let flags = blank.flags.with_open(attributes.is_open(id));
                Some((&data.case_id, Record { attributes: id, flags, ..blank }))
            }
            Data::Complaint(data) => {
                let case_id = data.case_id.as_deref()?;
                let attributes = attributes.intern(&data.groups, &Vec::new(), None);
                let profile = self.profile_index(&data.profile);
                // A complaint is about no control: what is kept of its text has that place.
                let control =
                    self.reads_complaints.then(|| ComplaintCode::of(data.ground.as_deref(), data.status).bits());
                let control = control.unwrap_or_default();
                Some((case_id, Record { attributes, profile, control, kind: RecordKind::Complaint, ..blank }))
            }
            Data::Tally(_) | Data::Population(_) | Data::Measure(_) => None,
        }
    }

    /// Returns what a record of an event becomes where its ids are known by other fingerprints. The rest of it stays.
    pub fn known_by(event: &Event<'_>, record: &Record, prints: &Fingerprints) -> Record {
        let tag = prints.event(&event.source, &event.id).within_case();
        let control_of = |id: Option<&str>| id.map_or(0, |id| prints.control(id));
        let revised = |id: Option<&str>| id.map_or(0, |id| prints.revised(id));
        let (control, revises) = match &event.data {
            Data::Selection(data) => (record.control, revised(data.revises.as_deref())),
            // Of a control it is what it says of how the case was handled.
            Data::Control(data) => (control_of(data.control_id.as_deref()), record.revises),
            Data::Outcome(data) => (control_of(data.control_id.as_deref()), revised(data.revises.as_deref())),
            // Of a complaint it is what is kept of its text.
            _ => (record.control, record.revises),
        };
        Record { tag, control, revises, ..*record }
    }

    /// Returns the tag of an event.
    pub fn tag(&self, event: &Event<'_>) -> EventTag {
        self.prints.event(&event.source, &event.id)
    }

    fn selection(&self, data: &Selection<'_>, blank: Record, attributes: &mut AttributeTable) -> Record {
        let id = attributes.intern_selection(data);
        Record {
            attributes: id,
            revises: data.revises.as_deref().map_or(0, |id| self.prints.revised(id)),
            profile: self.profile_index(&data.profile),
            kind: RecordKind::Selection,
            flags: Flags::new(data.selected, Some(data.channel), None).with_open(attributes.is_open(id)),
            ..blank
        }
    }

    fn control(&self, data: &Control<'_>, blank: Record, attributes: &mut AttributeTable) -> Record {
        let (attributes, said) = attributes.intern_control(data);
        Record {
            attributes,
            revises: said.0,
            control: data.control_id.as_deref().map_or(0, |id| self.prints.control(id)),
            profile: data.profile.as_deref().map_or(NO_PROFILE, |name| self.profile_index(name)),
            kind: RecordKind::Control,
            flags: Flags::new(data.performed, data.channel, data.outcome),
            ..blank
        }
    }

    fn outcome(&self, data: &OutcomeReport<'_>, blank: Record, attributes: &mut AttributeTable) -> Record {
        Record {
            attributes: attributes.intern_outcome(data),
            control: data.control_id.as_deref().map_or(0, |id| self.prints.control(id)),
            revises: data.revises.as_deref().map_or(0, |id| self.prints.revised(id)),
            kind: RecordKind::Outcome,
            flags: Flags::new(false, None, Some(data.outcome)),
            ..blank
        }
    }

    /// Returns the index of a profile in records; [`UNKNOWN_PROFILE`] where the allow-list does not have it.
    fn profile_index(&self, name: &str) -> u16 {
        let found = match self.profiles.as_slice() {
            [only] if only == name => Ok(0),
            profiles => profiles.binary_search_by(|profile| profile.as_str().cmp(name)),
        };
        found.ok().and_then(|index| u16::try_from(index).ok()).unwrap_or(UNKNOWN_PROFILE)
    }
}

//! What became of records: their events, as JSON of the contract, or why there are none.

use std::ops::Range;

use super::known::Left;
use super::read::Slots;
use super::templates::{Templates, Token};
use crate::event::Rejection;

/// What became of a row of records, with room that is used again.
#[derive(Debug, Default)]
pub struct Mapped {
    pub(super) bytes: Vec<u8>,
    pub(super) events: Vec<Made>,
    records: Vec<Done>,
    /// By mapping of the mapper.
    counts: Vec<MappingCounts>,
    pub(super) room: Room,
}

/// An event: the mapping that made it, and where it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub mapping: usize,
    pub end: usize,
}

/// Room for one document, and what is known of those before it.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub document: Slots,
    pub element: Slots,
    pub row: Vec<u8>,
    pub other: Vec<u8>,
    /// Elements of the record's array, or of the longest of them.
    pub elements: u64,
    /// What was learned by which mapper. The last one is not here while it is used.
    templates: Vec<(Token, Option<Box<Templates>>)>,
    last: usize,
}

impl Room {
    /// Takes out what was learned by a mapper.
    #[inline]
    pub fn take_templates(&mut self, token: &Token) -> Box<Templates> {
        let is_last = self.templates.get(self.last).is_some_and(|(known, _)| Token::ptr_eq(known, token));
        if !is_last {
            self.find(token);
        }
        self.templates.get_mut(self.last).and_then(|(_, templates)| templates.take()).unwrap_or_default()
    }

    /// Puts back what was taken out last.
    #[inline]
    pub fn put_templates(&mut self, templates: Box<Templates>) {
        if let Some((_, place)) = self.templates.get_mut(self.last) {
            *place = Some(templates);
        }
    }

    #[cold]
    fn find(&mut self, token: &Token) {
        let known = self.templates.iter().position(|(known, _)| Token::ptr_eq(known, token));
        self.last = known.unwrap_or_else(|| {
            // Of mappers that are gone, such as those before other settings were read, nothing is kept.
            self.templates.retain(|(known, _)| Token::strong_count(known) > 1);
            self.templates.push((Token::clone(token), None));
            self.templates.len() - 1
        });
    }
}

#[derive(Debug)]
enum Done {
    Events(usize),
    Left(Left),
    Refused(Rejection, u64),
}

/// What became of a record.
#[derive(Clone, Copy, Debug)]
pub enum MappedRecord<'m> {
    /// It has events, of which there are so many.
    Events(usize),
    /// It has none.
    Left(Left),
    /// It is refused, and with it so many events: the elements of its array, where each is one.
    Refused(&'m Rejection, u64),
}

/// What became of the records that a mapping has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MappingCounts {
    /// All of them.
    pub records: u64,
    /// Those that gave events.
    pub mapped: u64,
    /// The events.
    pub events: u64,
    /// Those of which no condition holds.
    pub unmapped: u64,
    /// Changes of rows in nothing that is read.
    pub unchanged: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those that an expression of jq has read.
    pub jq_records: u64,
    /// The steps that it took.
    pub jq_steps: u64,
}

impl MappingCounts {
    /// Counts a record by why it has no event.
    #[inline]
    pub(super) const fn left(&mut self, left: Option<Left>) {
        match left {
            Some(Left::Unmapped) => self.unmapped += 1,
            Some(Left::Unchanged) => self.unchanged += 1,
            Some(Left::Deleted) => self.deleted += 1,
            None => {}
        }
    }

    /// Adds those of another time.
    pub fn add(&mut self, other: &Self) {
        let Self { records, mapped, events, unmapped, unchanged, deleted, refused, jq_records, jq_steps } = other;
        self.records = self.records.saturating_add(*records);
        self.mapped = self.mapped.saturating_add(*mapped);
        self.events = self.events.saturating_add(*events);
        self.unmapped = self.unmapped.saturating_add(*unmapped);
        self.unchanged = self.unchanged.saturating_add(*unchanged);
        self.deleted = self.deleted.saturating_add(*deleted);
        self.refused = self.refused.saturating_add(*refused);
        self.jq_records = self.jq_records.saturating_add(*jq_records);
        self.jq_steps = self.jq_steps.saturating_add(*jq_steps);
    }
}

impl Mapped {
    /// Forgets all records.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.events.clear();
        self.records.clear();
        self.counts.clear();
    }

    /// What became of each record, in their order.
    pub fn records(&self) -> impl Iterator<Item = MappedRecord<'_>> {
        self.records.iter().map(|done| match done {
            Done::Events(count) => MappedRecord::Events(*count),
            Done::Left(left) => MappedRecord::Left(*left),
            Done::Refused(rejection, events) => MappedRecord::Refused(rejection, *events),
        })
    }

    /// The events of all records, in their order: the number of the mapping, and the event.
    pub fn events(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut begin = 0;
        self.events.iter().map(move |made| {
            let range: Range<usize> = std::mem::replace(&mut begin, made.end)..made.end;
            (made.mapping, self.bytes.get(range).unwrap_or_default())
        })
    }

    /// What became of the records, by the number of the mapping.
    #[must_use]
    pub fn counts(&self) -> &[MappingCounts] {
        &self.counts
    }

    /// Counts something of a mapping.
    #[inline]
    pub(super) fn count(&mut self, mapping: usize, count: impl FnOnce(&mut MappingCounts)) {
        if mapping >= self.counts.len() {
            self.counts.resize(mapping + 1, MappingCounts::default());
        }
        if let Some(counts) = self.counts.get_mut(mapping) {
            count(counts);
        }
    }

    /// Ends a record that has events since `first`, or none.
    pub(super) fn end_record(&mut self, first: usize, left: Left) {
        let count = self.events.len() - first;
        self.records.push(if count == 0 { Done::Left(left) } else { Done::Events(count) });
    }

    /// Ends a record that is refused: none of its events counts.
    pub(super) fn refuse_record(&mut self, first: usize, rejection: Rejection) {
        let events = ((self.events.len() - first) as u64).max(self.room.elements).max(1);
        self.events.truncate(first);
        self.bytes.truncate(self.events.last().map_or(0, |made| made.end));
        self.records.push(Done::Refused(rejection, events));
    }
}

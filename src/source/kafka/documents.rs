//! What the records of a batch hold, as JSON. Memory is bounded, however much they expand: a batch is turned into JSON part by part.

use std::ops::Range;

use super::batch::{Batch, BatchRecord};
use super::schemas::Slot;
use crate::event::{Rejection, without_mark};
use crate::source::format::{unframe, without_frame};

/// A part ends when its JSON has this many bytes. The last record may exceed it.
const PART_BYTES: usize = 4 << 20;

/// The JSON of records that follow each other. Its memory is used again.
#[derive(Debug, Default)]
pub struct Documents {
    text: Vec<u8>,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    AsIs,
    Text(Range<usize>),
    Refused(Rejection),
}

/// What a record holds.
pub type Document<'d> = Result<&'d [u8], &'d Rejection>;

impl Documents {
    /// Turns the records from a place on into JSON, until there is enough of it or no record is left. Returns how many it were.
    pub fn fill(&mut self, batch: &Batch, from: usize) -> usize {
        self.text.clear();
        self.parts.clear();
        for (place, record) in batch.records().enumerate().skip(from) {
            let part = self.part(batch, place, &record);
            self.parts.push(part);
            if self.text.len() >= PART_BYTES {
                break;
            }
        }
        self.parts.len()
    }

    fn part(&mut self, batch: &Batch, place: usize, record: &BatchRecord<'_>) -> Part {
        let begin = self.text.len();
        let converted = match batch.schemas().map_or(&Slot::AsIs, |schemas| schemas.slot(place)) {
            Slot::AsIs => return Part::AsIs,
            Slot::Found(found) => found.convert(record.payload, batch.message_bytes(), &mut self.text),
            // A batch comes here when nothing waits any more.
            Slot::Unframed | Slot::Waits { .. } => unframe(record.payload).map(drop),
        };
        match converted {
            Ok(()) => Part::Text(begin..self.text.len()),
            Err(rejection) => Part::Refused(rejection),
        }
    }

    /// What a record holds that is the so-many-th of those that were turned into JSON last.
    pub fn of<'d>(&'d self, index: usize, record: &BatchRecord<'d>) -> Document<'d> {
        match self.parts.get(index) {
            Some(Part::Text(range)) => Ok(self.text.get(range.clone()).unwrap_or_default()),
            Some(Part::Refused(rejection)) => Err(rejection),
            Some(Part::AsIs) | None => Ok(without_mark(without_frame(record.payload))),
        }
    }
}

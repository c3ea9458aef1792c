//! One mapping and one document: the events that it gives.

use super::build::Compiled;
use super::change::{Change, Op};
use super::condition::Holds;
use super::field::Fault;
use super::known::Left;
use super::layout::{Member, write_object};
use super::limits::{MAX_EVENTS, MAX_LARGEST_EVENTS};
use super::mapped::{Made, Mapped};
use super::place::Place;
use super::read::{elements, read_at};
use super::scan::Type;
use super::spec::Deletes;
use super::text::write_number;
use super::time;
use super::trie::Trie;
use super::view::{PathRef, Row, View};
use crate::event::Reason;

/// A mapping that is applied to a record.
pub(super) struct Run<'r> {
    pub mapping: &'r Compiled,
    pub number: usize,
    pub place: Place<'r>,
    /// The place of the record's first event.
    pub first: usize,
    /// Where its events must end.
    pub room: usize,
}

/// By what an event is known.
#[derive(Clone, Copy)]
enum Id {
    /// By the place of its record, and of its element.
    Place(Option<u64>),
    /// By the row that it tells of.
    Row,
    /// By the place of its record: it corrects what is known by the row. It was made then.
    Correction(i64),
}

impl Run<'_> {
    /// Adds the events of a document. Returns what is to be counted beside them.
    pub fn map(&self, view: View<'_>, into: &mut Mapped) -> Result<Option<Left>, Fault> {
        if let Some(payload) = self.mapping.payload
            && view.get(payload).is_none_or(|payload| payload.found != Type::Object)
        {
            let expected = "an object, in an envelope of Kafka Connect (schema, payload)";
            return Err(Fault::new(Reason::MissingField, "payload", expected, "none"));
        }
        if let Some(jq) = &self.mapping.jq {
            return self.map_by(jq, &view, into);
        }
        match &self.mapping.change {
            Some(refs) => {
                let change = Change { refs, view };
                self.map_change(&change, into)
            }
            None => self.map_view(view, into),
        }
    }

    pub(super) fn holds(&self, view: &View<'_>) -> bool {
        self.mapping.when.iter().all(|condition| condition.of(view))
    }

    /// Adds the event of a document or a row, or those of its elements.
    fn map_view(&self, view: View<'_>, into: &mut Mapped) -> Result<Option<Left>, Fault> {
        let Some((array, trie)) = &self.mapping.each else {
            if !self.holds(&view) {
                return Ok(Some(Left::Unmapped));
            }
            self.add(&view, Id::Place(None), into)?;
            return Ok(None);
        };
        let mut element = std::mem::take(&mut into.room.element);
        let before = into.events.len();
        let done = self.map_elements(view, (*array, trie), &mut element, into);
        into.room.element = element;
        done?;
        Ok((into.events.len() == before).then_some(Left::Unmapped))
    }

    fn map_elements(
        &self,
        view: View<'_>,
        (array, trie): (PathRef, &Trie),
        element: &mut super::read::Slots,
        into: &mut Mapped,
    ) -> Result<(), Fault> {
        let Some(array) = view.get(array) else { return Ok(()) };
        if array.found != Type::Array {
            return Err(Fault::new(Reason::WrongType, "each", "an array", array.found.found()));
        }
        let (mut index, mut fault) = (0, None);
        let read = elements(view.text.as_bytes(), array, |at| {
            let end = read_at(view.text.as_bytes(), at, trie, element)?;
            let view = View { element, ..view };
            if fault.is_none() && self.holds(&view) {
                fault = self.add(&view, Id::Place(Some(index)), into).err();
            }
            index += 1;
            Ok(end)
        });
        into.room.elements = into.room.elements.max(index);
        if let Some(fault) = fault {
            return Err(fault);
        }
        // The array was read before; only a value that stands twice in an element is new.
        let twice = |_| Fault::new(Reason::DuplicateField, "each", "each name that is read once", "one twice");
        read.map_err(twice)
    }

    /// Adds what a change of a row says. What it says is compared with what the row said before.
    fn map_change(&self, change: &Change<'_>, into: &mut Mapped) -> Result<Option<Left>, Fault> {
        let (after, before) = (change.row(Row::After), change.row(Row::Before));
        let op = change.op()?;
        if change.refs.row.is_none() {
            return match (op, after) {
                (Op::Other, _) => Ok(Some(Left::Unmapped)),
                (Op::Create | Op::Update, Some(after)) => self.map_view(after, into),
                (Op::Create | Op::Update, None) => Err(Change::missing("after")),
                (Op::Delete | Op::Truncate, _) => self.lost(),
            };
        }
        match op {
            Op::Other => Ok(Some(Left::Unmapped)),
            Op::Truncate => self.lost(),
            Op::Create => self.first_of(after.ok_or_else(|| Change::missing("after"))?, into),
            Op::Update => {
                let after = after.ok_or_else(|| Change::missing("after"))?;
                let before = before.ok_or_else(|| Change::missing("before"))?;
                self.map_update(change, (before, after), into)
            }
            Op::Delete => match before {
                Some(before) if self.tells_key_alone(&before) => self.lost_by_key(),
                Some(before) if !self.holds(&before) => Ok(Some(Left::Unmapped)),
                Some(before) => self.take_back(change, before, into),
                None => self.lost(),
            },
        }
    }

    /// The first event about a row.
    fn first_of(&self, row: View<'_>, into: &mut Mapped) -> Result<Option<Left>, Fault> {
        if !self.holds(&row) {
            return Ok(Some(Left::Unmapped));
        }
        self.add(&row, Id::Row, into)?;
        Ok(None)
    }

    fn map_update(
        &self,
        change: &Change<'_>,
        (before, after): (View<'_>, View<'_>),
        into: &mut Mapped,
    ) -> Result<Option<Left>, Fault> {
        // A row that was refused, or of which no condition held, has said nothing yet.
        let mut said = std::mem::take(&mut into.room.row);
        said.clear();
        let had_said = self.holds(&before) && self.write_said(&before, &mut said).is_ok();
        let done = if !had_said {
            self.first_of(after, into)
        } else if !self.holds(&after) {
            self.take_back(change, before, into)
        } else {
            self.correct(change, (before, after), &said, into)
        };
        into.room.row = said;
        done
    }

    /// A row that has said something, and may say something else now.
    fn correct(
        &self,
        change: &Change<'_>,
        (before, after): (View<'_>, View<'_>),
        said: &[u8],
        into: &mut Mapped,
    ) -> Result<Option<Left>, Fault> {
        let mut says = std::mem::take(&mut into.room.other);
        says.clear();
        let written = self.write_said(&after, &mut says);
        let same = written.is_ok() && says == said;
        let (mut old, mut new) = (Vec::new(), Vec::new());
        into.room.other = says;
        written?;
        if same {
            return Ok(Some(Left::Unchanged));
        }
        self.write_row(&before, &mut old)?;
        self.write_row(&after, &mut new)?;
        if old == new {
            self.add(&after, Id::Correction(change.time()?), into)?;
            return Ok(None);
        }
        // It tells of another case now.
        let left = self.take_back(change, before, into)?;
        self.add(&after, Id::Row, into)?;
        Ok(left)
    }

    /// A row that no longer says what it has said.
    fn take_back(&self, change: &Change<'_>, row: View<'_>, into: &mut Mapped) -> Result<Option<Left>, Fault> {
        if self.mapping.deletes != Deletes::Correct {
            return self.lost();
        }
        self.add_data(&row, Id::Correction(change.time()?), &self.mapping.taken_back, into)?;
        Ok(None)
    }

    /// A row that no longer says what it has said, which no event can tell.
    fn lost(&self) -> Result<Option<Left>, Fault> {
        match self.mapping.deletes {
            Deletes::Refuse => {
                Err(Fault::new(Reason::InvalidValue, "deletes", "no row that is deleted (deletes = \"refuse\")", "one"))
            }
            Deletes::Ignore | Deletes::Correct => Ok(Some(Left::Deleted)),
        }
    }

    /// Returns whether only the key of a row may be told, so that nobody knows whether the conditions held: nothing of what is read stands
    /// there but what says which row it is.
    fn tells_key_alone(&self, row: &View<'_>) -> bool {
        let is_open = |condition: &Holds| condition.of(row) || row.get(condition.path).is_none();
        let refs = self.mapping.change.as_ref();
        !self.mapping.when.is_empty()
            && self.mapping.when.iter().all(is_open)
            && refs.is_some_and(|refs| refs.beside_key.iter().all(|path| row.get(*path).is_none()))
    }

    /// A row that was deleted, of which only the key is told.
    fn lost_by_key(&self) -> Result<Option<Left>, Fault> {
        if self.mapping.deletes == Deletes::Ignore {
            return Ok(Some(Left::Deleted));
        }
        let expected = "the whole row before it was deleted (PostgreSQL tells it with REPLICA IDENTITY FULL, MySQL with \
             binlog_row_image = FULL): whether its condition held is not known";
        Err(Fault::new(Reason::MissingField, "before", expected, "its key alone"))
    }

    /// Writes what a row says: its time and its data.
    fn write_said(&self, row: &View<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.mapping.time.write(row, out)?;
        write_object(&self.mapping.data, row, out)?;
        Ok(())
    }

    /// Writes by what a row is known. The name of the mapping is part of it, as another mapping may tell something else of the
    /// same row, and `revises` names no source. No topic has a colon, so no record is known so.
    pub(super) fn write_row(&self, row: &View<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        out.extend_from_slice(b"\"row:");
        out.extend_from_slice(self.mapping.name.as_bytes());
        for writer in self.mapping.change.iter().flat_map(|refs| &refs.row).flatten() {
            let start = out.len();
            if writer.write(row, out)? {
                // Its first quote becomes a stroke, and its last one goes.
                if let Some(quote) = out.get_mut(start) {
                    *quote = b'/';
                }
                out.pop();
            }
        }
        out.push(b'"');
        Ok(())
    }

    fn add(&self, view: &View<'_>, id: Id, into: &mut Mapped) -> Result<(), Fault> {
        self.add_data(view, id, &self.mapping.data, into)
    }

    fn add_data(&self, view: &View<'_>, id: Id, data: &[Member], into: &mut Mapped) -> Result<(), Fault> {
        let out = &mut into.bytes;
        out.extend_from_slice(&self.mapping.head);
        if let Some(source) = &self.mapping.source {
            source.write(view, out)?;
            out.extend_from_slice(br#","id":"#);
        }
        match (&self.mapping.id, id) {
            (Some(writer), _) => {
                writer.write(view, out)?;
            }
            (None, Id::Row) => self.write_row(view, out)?,
            (None, Id::Place(element)) => self.write_place(element, out),
            (None, Id::Correction(_)) => self.write_place(None, out),
        }
        out.extend_from_slice(br#","time":"#);
        if let Id::Correction(time) = id {
            let told = |(reason, expected, found): time::TimeFault| Fault::new(reason, "time", expected, found);
            time::write(time, out).map_err(told)?;
        } else {
            self.mapping.time.write(view, out)?;
        }
        out.extend_from_slice(br#","data":"#);
        if !write_object(data, view, out)? {
            out.extend_from_slice(b"{}");
        }
        if matches!(id, Id::Correction(_)) && self.mapping.change.as_ref().is_some_and(|refs| refs.revises) {
            out.pop();
            out.extend_from_slice(br#","revises":"#);
            self.write_row(view, out)?;
            out.push(b'}');
        }
        out.push(b'}');
        self.end(into)
    }

    pub(super) fn write_place(&self, element: Option<u64>, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.place.prefix);
        write_number(self.place.number, out);
        if let Some(element) = element {
            out.push(b'/');
            write_number(element, out);
        }
        out.push(b'"');
    }

    pub(super) fn end(&self, into: &mut Mapped) -> Result<(), Fault> {
        let end = into.bytes.len();
        into.events.push(Made { mapping: self.number, end });
        if into.events.len() - self.first > MAX_EVENTS {
            let expected = format!("at most {MAX_EVENTS} events of one record");
            return Err(Fault::new(Reason::TooMany, "each", expected, "more"));
        }
        if end > self.room {
            let expected = format!("events of one record of at most {} largest events together", MAX_LARGEST_EVENTS);
            return Err(Fault::new(Reason::TooLarge, "each", expected, "more"));
        }
        Ok(())
    }
}

//! An event in pieces: what of it is known once another one was made, and what is written anew.

use super::field::{Taken, Writer};
use super::layout::Member;
use super::mapped::{Made, Mapped};
use super::pieces::{Piece, Pieces};
use super::run::Run;
use super::scan::Type;
use super::target::Shape;
use super::view::View;

impl Run<'_> {
    /// Returns the pieces of an event of a document; `None` where it has none. `of_row` says that it is known by its row.
    pub fn pieces(&self, view: &View<'_>, of_row: bool) -> Option<Pieces> {
        let mut pieces = Pieces::default();
        pieces.text.extend_from_slice(&self.mapping.head);
        if let Some(source) = &self.mapping.source {
            pieces.field(source, view)?;
            pieces.text.extend_from_slice(br#","id":"#);
        }
        match (&self.mapping.id, of_row) {
            (Some(id), _) => {
                pieces.field(id, view)?;
            }
            (None, true) => pieces.push(Piece::Row),
            (None, false) => pieces.push(Piece::Place),
        }
        pieces.text.extend_from_slice(br#","time":"#);
        pieces.field(&self.mapping.time, view)?;
        pieces.text.extend_from_slice(br#","data":"#);
        if !pieces.object(&self.mapping.data, view)? {
            pieces.text.extend_from_slice(b"{}");
        }
        pieces.text.push(b'}');
        pieces.end();
        Some(pieces)
    }

    /// Writes an event from its pieces. Returns whether it did: a field may have no value where it had one, or one that is refused.
    #[inline]
    pub fn write_pieces(&self, pieces: &Pieces, view: &View<'_>, out: &mut Vec<u8>) -> bool {
        let begin = out.len();
        for piece in &pieces.list {
            let written = match piece {
                Piece::Text(range) => {
                    out.extend_from_slice(pieces.text.get(range.clone()).unwrap_or_default());
                    true
                }
                Piece::Field(number) => {
                    self.mapping.anew.get(*number).is_some_and(|writer| writer.write_anew(view, out))
                }
                Piece::Row => self.write_row(view, out).is_ok(),
                Piece::Place => {
                    self.write_place(None, out);
                    true
                }
            };
            if !written {
                out.truncate(begin);
                return false;
            }
        }
        if out.len() > self.room {
            out.truncate(begin);
            return false;
        }
        true
    }

    /// Returns the pieces of the only event that a document gave, if writing them gives that event.
    pub fn traced(&self, view: &View<'_>, of_row: bool, into: &Mapped) -> Option<Pieces> {
        let pieces = self.pieces(view, of_row)?;
        let mut again = Vec::new();
        let written = self.write_pieces(&pieces, view, &mut again);
        let begin =
            self.first.checked_sub(1).and_then(|before| into.events.get(before)).map_or(0, |made: &Made| made.end);
        (written && into.bytes.get(begin..) == Some(&*again)).then_some(pieces)
    }
}

impl Writer {
    /// Writes the value. Returns whether there is one that may be written. A text is written at once, as most are.
    #[inline]
    fn write_anew(&self, view: &View<'_>, out: &mut Vec<u8>) -> bool {
        if let (Shape::Text, Taken::Path(path)) = (self.shape, &self.taken)
            && let Some(slot) = view.get(*path)
            && slot.found == Type::Plain
            && slot.end - slot.start > 2
        {
            out.extend_from_slice(view.written(slot).as_bytes());
            return true;
        }
        matches!(self.write(view, out), Ok(true))
    }
}

impl Pieces {
    /// Adds a field. Returns whether it has a value.
    fn field(&mut self, writer: &Writer, view: &View<'_>) -> Option<bool> {
        let before = self.text.len();
        let written = writer.write(view, &mut self.text).ok()?;
        if let Some(number) = writer.number.filter(|_| written) {
            self.text.truncate(before);
            self.push(Piece::Field(number));
        }
        Some(written)
    }

    /// Adds an object, as the layout writes it.
    fn object(&mut self, members: &[Member], view: &View<'_>) -> Option<bool> {
        let start = self.text.len();
        self.text.push(b'{');
        let mut empty = true;
        for member in members {
            let before = self.text.len();
            if !empty {
                self.text.push(b',');
            }
            let written = match member {
                Member::Constant(json) => {
                    self.text.extend_from_slice(json);
                    true
                }
                Member::Field(label, writer) => {
                    self.text.extend_from_slice(label);
                    self.field(writer, view)?
                }
                Member::Object(label, members) => {
                    self.text.extend_from_slice(label);
                    self.object(members, view)?
                }
            };
            if written {
                empty = false;
            } else {
                self.text.truncate(before);
            }
        }
        if empty {
            self.text.truncate(start);
            return Some(false);
        }
        self.text.push(b'}');
        Some(true)
    }
}

//! An event in pieces: text that is known, and what is written anew each time.

use std::ops::Range;

/// An event, in pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub text: Vec<u8>,
    pub list: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A part of the text.
    Text(Range<usize>),
    /// A field that is written anew, by its number.
    Field(usize),
    /// By what a row is known.
    Row,
    /// The place of the record.
    Place,
}

impl Pieces {
    /// Ends the text that was written since the last piece, and adds a piece that is none.
    pub fn push(&mut self, piece: Piece) {
        self.end();
        self.list.push(piece);
    }

    /// Makes a piece of the text that was written since the last one.
    pub fn end(&mut self) {
        let ends =
            self.list.iter().filter_map(|piece| if let Piece::Text(range) = piece { Some(range.end) } else { None });
        let begin = ends.max().unwrap_or(0);
        if begin < self.text.len() {
            self.list.push(Piece::Text(begin..self.text.len()));
        }
    }
}

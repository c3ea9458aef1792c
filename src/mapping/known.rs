//! What is known of a record once it was mapped.

use smallvec::SmallVec;

use super::pieces::{Piece, Pieces};

/// What is known of a record: its event, which has a mapping, or none.
#[derive(Debug)]
pub(super) struct Known {
    /// The place of the mapping among those of the record, and the event.
    pub event: Option<(usize, Pieces)>,
    /// What each mapping has left beside.
    pub lefts: SmallVec<[Option<Left>; 8]>,
    pub left: Left,
}

impl Known {
    /// How many bytes it takes, about.
    pub fn bytes(&self) -> usize {
        let of_event = |(_, pieces): &(usize, Pieces)| pieces.text.len() + pieces.list.len() * size_of::<Piece>();
        size_of::<Self>() + self.event.as_ref().map_or(0, of_event)
    }
}

/// Why a record has no event although nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// No condition holds, or its array is empty.
    Unmapped,
    /// The row has changed in nothing that is read, or its deletion was told before.
    Unchanged,
    /// The row was deleted, or its condition no longer holds, which no event says.
    Deleted,
}

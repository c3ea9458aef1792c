//! Changes of rows, as Debezium tells them.

use super::build::ChangeRefs;
use super::field::Fault;
use super::scan::Type;
use super::view::{Row, View};
use crate::event::Reason;

/// A change that was read.
pub(super) struct Change<'c> {
    pub refs: &'c ChangeRefs,
    pub view: View<'c>,
}

/// What was done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// It was made, or read at the beginning.
    Create,
    Update,
    Delete,
    /// All rows of the table were deleted.
    Truncate,
    /// No row: a message.
    Other,
}

impl<'c> Change<'c> {
    pub fn op(&self) -> Result<Op, Fault> {
        let fault =
            |found| Fault::new(Reason::MissingField, "op", "c, r, u, d, t or m, in an envelope of Debezium", found);
        let slot = self.view.get(self.refs.op).ok_or_else(|| fault("nothing"))?;
        match self.view.as_text(slot).as_deref() {
            Some("c" | "r") => Ok(Op::Create),
            Some("u") => Ok(Op::Update),
            Some("d") => Ok(Op::Delete),
            Some("t") => Ok(Op::Truncate),
            Some("m") => Ok(Op::Other),
            _ => Err(fault("another value")),
        }
    }

    /// Returns a row; `None` where it is not told.
    pub fn row(&self, row: Row) -> Option<View<'c>> {
        let path = if row == Row::After { self.refs.after } else { self.refs.before };
        self.view.get(path).filter(|slot| slot.found == Type::Object).map(|_| View { row, ..self.view })
    }

    /// Returns when the change was made, in milliseconds since 1970: by the database, else by the connector.
    pub fn time(&self) -> Result<i64, Fault> {
        let slots = self.refs.times.iter().filter_map(|path| self.view.get(*path));
        let mut times = slots.filter_map(|slot| self.view.written(slot).parse::<i64>().ok());
        // Some databases tell no time of a change: then it is 0.
        times.find(|time| *time > 0).ok_or_else(|| {
            Fault::new(
                Reason::MissingField,
                "source.ts_ms",
                "milliseconds since 1970, or ts_ms of the envelope",
                "nothing",
            )
        })
    }

    #[cold]
    pub fn missing(row: &'static str) -> Fault {
        let expected = if row == "before" {
            "the whole row before the change (PostgreSQL tells it with REPLICA IDENTITY FULL), or a field id of the mapping"
        } else {
            "the row after the change"
        };
        Fault::new(Reason::MissingField, row, expected, "nothing")
    }
}

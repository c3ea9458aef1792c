//! What of a document a mapping looks at.

use std::borrow::Cow;

use super::read::{Slot, unescaped};
use super::scan::Type;
use super::trie::SlotId;

/// What Debezium writes for a large value that did not change, which the database does not tell (its setting `unavailable.value.placeholder`).
pub(super) const UNTOLD: &str = "__debezium_unavailable_value";

/// Which row of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    After,
    Before,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathRef {
    /// To a value of the document.
    Document(SlotId),
    /// To a value of a row: after the change, and before it.
    Rows(SlotId, SlotId),
    /// To a value of an element.
    Element(SlotId),
}

/// A document that was read, with an element of it, or with one of its rows.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub text: &'v str,
    pub document: &'v [Option<Slot>],
    pub element: &'v [Option<Slot>],
    pub row: Row,
}

impl<'v> View<'v> {
    /// Returns what a path leads to; `None` where there is nothing: nothing at all, `null`, or a text without a character.
    /// A value that the database has not told, as it is large and did not change, is that of the row before.
    #[inline]
    pub fn get(&self, path: PathRef) -> Option<Slot> {
        let slot = match (path, self.row) {
            (PathRef::Document(slot), _) | (PathRef::Rows(_, slot), Row::Before) => self.document.get(slot),
            (PathRef::Rows(after, before), Row::After) => {
                let slot = self.document.get(after).copied().flatten();
                let known = slot.filter(|slot| self.is_untold(*slot)).and_then(|_| self.document.get(before));
                return known.copied().flatten().or(slot).filter(|slot| !slot.is_nothing());
            }
            (PathRef::Element(slot), _) => self.element.get(slot),
        };
        slot.copied().flatten().filter(|slot| !slot.is_nothing())
    }

    /// Returns whether Debezium's word for a value that it was not told stands there.
    #[inline]
    pub fn is_untold(&self, slot: Slot) -> bool {
        slot.found == Type::Plain && slot.end - slot.start == UNTOLD.len() + 2 && self.between_quotes(slot) == UNTOLD
    }

    /// Returns a value as it is written.
    #[inline]
    pub fn written(&self, slot: Slot) -> &'v str {
        self.text.get(slot.start..slot.end).unwrap_or_default()
    }

    /// Returns what stands between the quotes of a text.
    #[inline]
    pub fn between_quotes(&self, slot: Slot) -> &'v str {
        self.text.get(slot.start + 1..slot.end.saturating_sub(1)).unwrap_or_default()
    }

    /// Returns a value as text: a text, or a number or a boolean as it is written. `None` of others.
    pub fn as_text(&self, slot: Slot) -> Option<Cow<'v, str>> {
        match slot.found {
            Type::Plain => Some(Cow::Borrowed(self.between_quotes(slot))),
            Type::Escaped => unescaped(self.between_quotes(slot).as_bytes()).map(Cow::Owned),
            Type::Integer | Type::Number | Type::True | Type::False => Some(Cow::Borrowed(self.written(slot))),
            Type::Null | Type::Array | Type::Object => None,
        }
    }
}

//! What of a document a mapping looks at.

use std::borrow::Cow;

use super::read::{Slot, unescaped};
use super::scan::Type;
use super::trie::SlotId;

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
    /// Returns what a path leads to; `None` where there is nothing, or `null`.
    #[inline]
    pub fn get(&self, path: PathRef) -> Option<Slot> {
        let slot = match (path, self.row) {
            (PathRef::Document(slot), _)
            | (PathRef::Rows(slot, _), Row::After)
            | (PathRef::Rows(_, slot), Row::Before) => self.document.get(slot),
            (PathRef::Element(slot), _) => self.element.get(slot),
        };
        slot.copied().flatten().filter(|slot| slot.found != Type::Null)
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

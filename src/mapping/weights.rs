//! What of a document decides about its event, and how much: whether a value is there, or what it is.

use super::build::Compiled;
use super::field::{Taken, Writer};
use super::layout::Member;
use super::target::Shape;
use super::trie::SlotId;
use super::view::PathRef;

/// How a value decides about an event. Of two the heavier one holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It does not, or it is written where it stands each time anew.
    #[default]
    None,
    /// By whether it is there.
    Presence,
    /// By what it is.
    Whole,
}

/// The weights of all values that are noted, by their places. `None` where one document gives many events, or
/// an expression reads it.
pub(super) fn weights<'c>(mappings: impl Iterator<Item = &'c Compiled>, slots: usize) -> Option<Vec<Weight>> {
    let mut weights = Weights(vec![Weight::None; slots]);
    for mapping in mappings {
        if mapping.each.is_some() || mapping.jq.is_some() {
            return None;
        }
        weights.of_mapping(mapping);
    }
    Some(weights.0)
}

struct Weights(Vec<Weight>);

impl Weights {
    fn of_mapping(&mut self, mapping: &Compiled) {
        for condition in &mapping.when {
            let by_value = condition.within.is_some() || condition.without.is_some();
            self.add(condition.path, if by_value { Weight::Whole } else { Weight::Presence });
        }
        // Whether there is a payload or a row is part of the shape.
        if let Some(change) = &mapping.change {
            self.add(change.op, Weight::Whole);
            change.row.iter().flatten().for_each(|writer| self.of_writer(writer));
        }
        [&mapping.source, &mapping.id].into_iter().flatten().for_each(|writer| self.of_writer(writer));
        self.of_writer(&mapping.time);
        self.of_members(&mapping.data);
    }

    fn of_members(&mut self, members: &[Member]) {
        for member in members {
            match member {
                Member::Constant(_) => {}
                Member::Field(_, writer) => self.of_writer(writer),
                Member::Object(_, members) => self.of_members(members),
            }
        }
    }

    fn of_writer(&mut self, writer: &Writer) {
        let weight = if writer.is_always_new() { Weight::Presence } else { Weight::Whole };
        match &writer.taken {
            Taken::Constant(_) => {}
            Taken::Path(path) => self.add(*path, weight),
            Taken::Joined(paths, _) => paths.iter().for_each(|path| self.add(*path, weight)),
        }
    }

    fn add(&mut self, path: PathRef, weight: Weight) {
        let slot: SlotId = match path {
            PathRef::Document(slot) | PathRef::Rows(slot, _) | PathRef::Element(slot) => slot,
        };
        if let Some(known) = self.0.get_mut(slot) {
            *known = weight.max(*known);
        }
    }
}

impl Writer {
    /// Whether its value is written each time anew, since it differs from document to document. What has few values is part of what is known.
    pub fn is_always_new(&self) -> bool {
        let differs = match self.shape {
            Shape::Time | Shape::Number | Shape::Whole => true,
            Shape::Text => self.is_identity,
            Shape::Word(_) | Shape::Flag | Shape::Membership => false,
        };
        differs && self.values.is_empty() && !matches!(self.taken, Taken::Constant(_))
    }
}

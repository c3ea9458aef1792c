//! Templates: what is known of a document because another one was the same but for its id, case, times and numbers.
//!
//! A document is read in one of three ways, each slower than the one before: by a form, which tells its event at once; by a shape, which
//! spares looking up names; or name by name. Templates change how fast a document is mapped and nothing else.

use std::sync::Arc;

use super::form::Form;
use super::known::Known;
use super::read::{Seen, Slots, read_seen};
use super::shape::{Shape, Span};
use super::trie::Trie;
use super::weights::Weight;
use crate::event::Usefulness;

/// The most shapes that are known at once.
const MAX_SHAPES: usize = 16;
/// The most bytes of a document from which something is learned.
const MAX_DOCUMENT: usize = 16_384;
/// The most bytes of all that is known of a topic, by thread, about. Beyond it all is forgotten.
const MAX_BYTES: usize = 4 << 20;
/// Documents of a shape that are watched until it is known which of its values differ.
const WATCHED: u32 = 32;
/// A value that differs from that before it so often, among those that were watched, is a hole.
const OFTEN: u32 = 3;

/// Which mapper it is: what was learned by one means nothing to another. It is the same as itself and its copies.
pub(super) type Token = Arc<()>;

/// What is known of the documents of one mapper.
#[derive(Debug, Default)]
pub(super) struct Templates {
    documents: Vec<Documents>,
    /// Of which shape the document was that was read last.
    last: usize,
    recalling: Usefulness,
    reading: Usefulness,
    bytes: usize,
}

/// Documents of one shape.
#[derive(Debug)]
struct Documents {
    shape: Shape,
    /// The document before, while they are watched.
    before: Vec<u8>,
    watched: u32,
    /// By scalar: how often it differed from that before.
    changes: Vec<u32>,
    /// By scalar: whether it is a hole of the form.
    holes: Vec<bool>,
    form: Option<Form>,
}

impl Templates {
    /// Returns what is known of a document, and notes where the values lie that differ.
    #[inline]
    pub fn recall(&mut self, bytes: &[u8], trie: &Trie, slots: &mut Slots) -> Option<&Known> {
        if !self.recalling.is_worth_trying() {
            return None;
        }
        slots.clear();
        slots.resize(trie.slots(), None);
        let fits = |documents: &mut Documents, slots: &mut Slots| {
            documents.form.as_mut().is_some_and(|form| form.find(bytes, slots).is_some())
        };
        let is_last = self.documents.get_mut(self.last).is_some_and(|documents| fits(documents, slots));
        let found = if is_last {
            Some(self.last)
        } else {
            self.documents.iter_mut().position(|documents| fits(documents, slots))
        };
        if self.recalling.note(found.is_some()) {
            self.documents.iter_mut().for_each(Documents::forget);
            return None;
        }
        self.last = found?;
        self.documents.get(self.last)?.form.as_ref()?.found()
    }

    /// Reads a document by the shape of another one. Returns whether it did.
    #[inline]
    pub fn read(&mut self, bytes: &[u8], slots: &mut Slots) -> bool {
        if !self.reading.is_worth_trying() {
            return false;
        }
        let fits = |documents: Option<&Documents>, slots: &mut Slots| {
            documents.is_some_and(|documents| documents.shape.read(bytes, slots))
        };
        let is_last = fits(self.documents.get(self.last), slots);
        let found =
            if is_last { Some(self.last) } else { self.documents.iter().position(|of| of.shape.read(bytes, slots)) };
        if self.reading.note(found.is_some()) {
            (self.documents, self.bytes) = (Vec::new(), 0);
            return false;
        }
        found.inspect(|found| self.last = *found).is_some()
    }

    /// Learns the shape of a document that was read name by name.
    pub fn learn_shape(&mut self, bytes: &[u8], trie: &Trie, slots: &mut Slots) {
        let is_full = self.documents.len() == MAX_SHAPES || bytes.len() > MAX_DOCUMENT;
        let mut seen: Vec<Seen> = Vec::new();
        if is_full || !self.reading.is_on() || read_seen(bytes, trie, slots, &mut seen).is_err() {
            return;
        }
        if let Some(shape) = Shape::new(bytes, &mut seen, trie.slots()) {
            let changes = vec![0; shape.leaves().count()];
            self.bytes += shape.bytes() + bytes.len();
            let before = bytes.to_vec();
            self.documents.push(Documents { shape, before, watched: 0, changes, holes: Vec::new(), form: None });
        }
    }

    /// Learns what became of the document that was read last, by a shape.
    pub fn learn(&mut self, bytes: &[u8], weights: Option<&[Weight]>, known: impl FnOnce() -> Option<Known>) {
        let Some(weights) = weights.filter(|_| self.recalling.is_on() && bytes.len() <= MAX_DOCUMENT) else { return };
        let Some(documents) = self.documents.get_mut(self.last) else { return };
        let spans = documents.shape.spans(bytes);
        if documents.watched < WATCHED {
            documents.watch(bytes, &spans, weights);
            return;
        }
        let Documents { holes, form: Some(form), .. } = documents else { return };
        let Some(known) = known() else { return };
        let is_hole = |number: usize| holes.get(number).copied().unwrap_or_default();
        self.bytes += form.learn(bytes, &spans, is_hole, known).unwrap_or_default();
        if self.bytes > MAX_BYTES {
            (self.documents, self.bytes) = (Vec::new(), 0);
        }
    }
}

impl Documents {
    /// Compares a document with the one before it. When enough were compared, the form is made.
    fn watch(&mut self, bytes: &[u8], spans: &[Span], weights: &[Weight]) {
        let before = self.shape.spans(&self.before);
        for (changes, (span, before)) in self.changes.iter_mut().zip(spans.iter().zip(&before)) {
            *changes += u32::from(bytes.get(span.start..span.end) != self.before.get(before.start..before.end));
        }
        self.before = bytes.to_vec();
        self.watched += 1;
        if self.watched == WATCHED {
            let differs: Vec<bool> = self.changes.iter().map(|changes| *changes >= OFTEN).collect();
            self.form = Form::new(&self.shape, &differs, weights).map(|(form, holes)| {
                self.holes = holes;
                form
            });
            self.before = Vec::new();
        }
    }

    /// Forgets the form. The next documents are watched again: other values may differ by now.
    fn forget(&mut self) {
        (self.watched, self.form) = (0, None);
        self.changes.fill(0);
    }
}

//! Forms: by which a document that differs little from an earlier one is recognised in a few comparisons.
//!
//! A form is a shape whose scalars are of two kinds: those that differ from document to document, the holes, and the others, which are
//! part of the text between the holes. What stands between two holes has few variants. All variants belong to one shape, so none is the
//! beginning of another: a document that fits has the shape, and the values of its variants.

use super::known::Known;
use super::read::{Slot, Slots, is_nothing};
use super::scan::Scanner;
use super::shape::{Shape, Span, same};
use super::trie::SlotId;
use super::weights::Weight;

/// The most holes of a form, and one.
const MAX_PARTS: usize = 32;
/// The most variants of what stands between two holes.
const MAX_VARIANTS: usize = 64;
/// Places for what is known; a power of two.
const PLACES: usize = 1_024;
/// In a key: the value of the hole behind a part is `null`, or a text without a character.
const NULL: u8 = 0x80;
/// An odd number with its bits spread evenly.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// By part: which variant stands there, from 1 on, and whether the hole behind it is nothing.
type Key = [u8; MAX_PARTS];

/// How documents of one shape are recognised, and what is known of them.
#[derive(Debug)]
pub(super) struct Form {
    parts: Vec<Part>,
    /// By a hash that anybody can foresee, in a place for one: documents whose hashes collide are as slow as new ones, and no slower.
    places: Vec<Option<(Key, Known)>>,
    /// The place of what was found last.
    found: usize,
}

/// What stands before a hole, and the hole; of the last part only what stands at the end.
#[derive(Debug)]
struct Part {
    variants: Vec<Box<[u8]>>,
    /// The variant that was found last.
    last: usize,
    hole: Option<Hole>,
}

#[derive(Clone, Copy, Debug)]
struct Hole {
    slot: Option<SlotId>,
    /// Whether an event depends on whether the value is there.
    decides: bool,
}

impl Form {
    /// Makes the form of a shape. `differs` says of each scalar whether it differs often; what a mapping reads says so itself.
    /// `None` where there are too many holes, or where all of an array or an object is written into an event.
    /// Beside the form: which scalars are holes.
    pub fn new(shape: &Shape, differs: &[bool], weights: &[Weight]) -> Option<(Self, Vec<bool>)> {
        let weight = |slot: Option<SlotId>| slot.and_then(|slot| weights.get(slot)).copied().unwrap_or_default();
        if shape.containers().any(|slot| weight(Some(slot)) > Weight::None) {
            return None;
        }
        let holes = shape.leaves().zip(differs).map(|(slot, differs)| match weight(slot) {
            Weight::None => differs.then_some(Hole { slot: None, decides: false }),
            Weight::Presence => Some(Hole { slot, decides: true }),
            Weight::Whole => None,
        });
        let holes: Vec<Option<Hole>> = holes.collect();
        let part = |hole| Part { variants: Vec::new(), last: 0, hole };
        let parts: Vec<Part> = holes.iter().flatten().map(|hole| part(Some(*hole))).chain([part(None)]).collect();
        let is_hole = holes.iter().map(Option::is_some).collect();
        (parts.len() <= MAX_PARTS).then_some((Self { parts, places: Vec::new(), found: 0 }, is_hole))
    }

    /// Returns what is known of a document, and notes where its holes lie. `None` where nothing is known, or it has another form.
    #[inline]
    pub fn find(&mut self, bytes: &[u8], slots: &mut Slots) -> Option<&Known> {
        let mut key = Key::default();
        let mut scanner = Scanner::new(bytes, 0);
        for (part, entry) in self.parts.iter_mut().zip(&mut key) {
            let (variant, length) = part.find(bytes.get(scanner.at..)?)?;
            *entry = variant;
            scanner.at += length;
            let Some(hole) = part.hole else { break };
            let start = scanner.at;
            let found = scanner.scalar(*bytes.get(start)?).ok()?;
            if let Some(slot) = hole.slot.and_then(|slot| slots.get_mut(slot)) {
                *slot = Some(Slot { start, end: scanner.at, found });
            }
            if hole.decides && is_nothing(found, (start, scanner.at)) {
                *entry |= NULL;
            }
        }
        if scanner.at != bytes.len() {
            return None;
        }
        self.found = place_of(&key);
        self.places.get(self.found)?.as_ref().filter(|(known, _)| *known == key).map(|(_, known)| known)
    }

    /// Returns what was found last.
    #[inline]
    pub fn found(&self) -> Option<&Known> {
        self.places.get(self.found)?.as_ref().map(|(_, known)| known)
    }

    /// Learns what is known of a document, by the places of its scalars. Returns how many bytes that takes, about; `None` where
    /// it is not kept.
    pub fn learn(
        &mut self,
        bytes: &[u8],
        spans: &[Span],
        is_hole: impl Fn(usize) -> bool,
        known: Known,
    ) -> Option<usize> {
        let mut key = Key::default();
        let (mut begin, mut taken) = (0, 0);
        let mut holes = spans.iter().enumerate().filter(|(number, _)| is_hole(*number)).map(|(_, span)| span);
        for (part, entry) in self.parts.iter_mut().zip(&mut key) {
            let hole = holes.next();
            let text = bytes.get(begin..hole.map_or(bytes.len(), |span| span.start))?;
            let variant = part.variants.iter().position(|known| **known == *text).unwrap_or(part.variants.len());
            if variant == MAX_VARIANTS {
                return None;
            }
            if variant == part.variants.len() {
                taken += text.len();
                part.variants.push(text.into());
            }
            *entry = u8::try_from(variant + 1).ok()?;
            let Some(span) = hole else { break };
            if part.hole.is_some_and(|hole| hole.decides) && is_nothing(span.found, (span.start, span.end)) {
                *entry |= NULL;
            }
            begin = span.end;
        }
        taken += known.bytes() + size_of::<Key>();
        if self.places.is_empty() {
            taken += PLACES * size_of::<Option<(Key, Known)>>();
            self.places.resize_with(PLACES, || None);
        }
        *self.places.get_mut(place_of(&key))? = Some((key, known));
        Some(taken)
    }
}

impl Part {
    /// Returns which variant a text begins with, from 1 on, and its length.
    #[inline]
    fn find(&mut self, text: &[u8]) -> Option<(u8, usize)> {
        let fits = |variant: &[u8]| text.get(..variant.len()).is_some_and(|begin| same(begin, variant));
        if !self.variants.get(self.last).is_some_and(|variant| fits(variant)) {
            self.last = self.variants.iter().position(|variant| fits(variant))?;
        }
        Some((u8::try_from(self.last + 1).ok()?, self.variants.get(self.last)?.len()))
    }
}

fn place_of(key: &Key) -> usize {
    let mix = |hash: u64, word: &[u8; 8]| (hash ^ u64::from_le_bytes(*word)).wrapping_mul(SPREAD).rotate_left(29);
    let hash = key.as_chunks::<8>().0.iter().fold(0, mix).wrapping_mul(SPREAD);
    (hash >> (u64::BITS - PLACES.ilog2())) as usize
}

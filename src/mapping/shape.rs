//! Shapes: by which a document is read without looking up its names.
//!
//! A shape is what stands between the scalars of a document: names, brackets, white space. A document in which the same stands between
//! any scalars has the same values in the same places, and is JSON where the first one was.

use super::read::{Seen, Slot, Slots};
use super::scan::{Scanner, Type};
use super::trie::SlotId;

/// The most scalars of a document that is a shape.
const MAX_LEAVES: usize = 512;
/// The most bytes between the scalars of a document that is a shape.
const MAX_TEXT: usize = 16_384;

/// What stands between the scalars of a document.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// One after the other.
    text: Vec<u8>,
    leaves: Vec<Leaf>,
    edges: Vec<Edge>,
    /// How many values are noted.
    slots: usize,
}

/// A scalar.
#[derive(Clone, Copy, Debug)]
struct Leaf {
    /// Where the text before it ends, which begins where that of the one before ends.
    until: usize,
    slot: Option<SlotId>,
}

/// Where a scalar of a document is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
    pub found: Type,
}

/// Where an array or an object that some path leads to begins or ends.
#[derive(Clone, Copy, Debug)]
struct Edge {
    /// The scalar before which it is.
    leaf: usize,
    /// Bytes behind the scalar before that.
    behind: usize,
    slot: SlotId,
    /// The type of what ends here; `None` where it begins.
    ends: Option<Type>,
}

impl Shape {
    /// Returns the shape of a document that was read; `None` where it is too large. `seen` is all of its values.
    pub fn new(bytes: &[u8], seen: &mut [Seen], slots: usize) -> Option<Self> {
        seen.sort_by_key(|seen| seen.start);
        let mut shape = Self { text: Vec::new(), leaves: Vec::new(), edges: Vec::new(), slots };
        let mut behind = 0;
        for seen in seen.iter().filter(|seen| seen.is_scalar()) {
            shape.text.extend_from_slice(bytes.get(behind..seen.start)?);
            shape.leaves.push(Leaf { until: shape.text.len(), slot: seen.slot });
            behind = seen.end;
        }
        shape.text.extend_from_slice(bytes.get(behind..)?);
        for container in seen.iter().filter(|seen| !seen.is_scalar()) {
            let Some(slot) = container.slot else { continue };
            for (at, ends) in [(container.start, None), (container.end, Some(container.found))] {
                let before = seen.iter().filter(|seen| seen.is_scalar() && seen.start < at);
                let (leaf, last) = before.fold((0, 0), |(count, _), seen| (count + 1, seen.end));
                shape.edges.push(Edge { leaf, behind: at - last, slot, ends });
            }
        }
        shape.edges.sort_by_key(|edge| edge.leaf);
        (shape.leaves.len() <= MAX_LEAVES && shape.text.len() <= MAX_TEXT).then_some(shape)
    }

    /// Where the scalars are noted, in their order.
    pub fn leaves(&self) -> impl Iterator<Item = Option<SlotId>> {
        self.leaves.iter().map(|leaf| leaf.slot)
    }

    /// Where arrays and objects are noted.
    pub fn containers(&self) -> impl Iterator<Item = SlotId> {
        self.edges.iter().map(|edge| edge.slot)
    }

    /// Returns where the scalars of a document are that has this shape.
    pub fn spans(&self, bytes: &[u8]) -> Vec<Span> {
        let mut scanner = Scanner::new(bytes, 0);
        let mut from = 0;
        let span = |leaf: &Leaf| {
            scanner.at += std::mem::replace(&mut from, leaf.until).abs_diff(leaf.until);
            let start = scanner.at;
            let found = bytes.get(start).and_then(|first| scanner.scalar(*first).ok())?;
            Some(Span { start, end: scanner.at, found })
        };
        self.leaves.iter().map_while(span).collect()
    }

    /// How many bytes it takes, about.
    pub const fn bytes(&self) -> usize {
        self.text.len() + self.leaves.len() * size_of::<Leaf>() + self.edges.len() * size_of::<Edge>()
    }

    /// Reads a document that has this shape. Returns whether it has; if not, what is noted means nothing.
    #[inline]
    pub fn read(&self, bytes: &[u8], slots: &mut Slots) -> bool {
        slots.clear();
        slots.resize(self.slots, None);
        let mut scanner = Scanner::new(bytes, 0);
        let mut edges = self.edges.iter().peekable();
        let mut text = self.text.as_slice();
        let mut from = 0;
        for (number, leaf) in self.leaves.iter().enumerate() {
            while let Some(edge) = edges.next_if(|edge| edge.leaf == number) {
                edge.note(scanner.at, slots);
            }
            let Some((expected, rest)) = text.split_at_checked(leaf.until - from) else { return false };
            (text, from) = (rest, leaf.until);
            let start = scanner.at + expected.len();
            if !bytes.get(scanner.at..start).is_some_and(|found| same(found, expected)) {
                return false;
            }
            scanner.at = start;
            let Some(first) = bytes.get(start) else { return false };
            let Ok(found) = scanner.scalar(*first) else { return false };
            if let Some(slot) = leaf.slot.and_then(|slot| slots.get_mut(slot)) {
                *slot = Some(Slot { start, end: scanner.at, found });
            }
        }
        edges.for_each(|edge| edge.note(scanner.at, slots));
        bytes.get(scanner.at..).is_some_and(|found| same(found, text))
    }
}

impl Edge {
    fn note(&self, behind: usize, slots: &mut Slots) {
        let at = behind + self.behind;
        match (slots.get_mut(self.slot), self.ends) {
            (Some(slot), None) => *slot = Some(Slot { start: at, end: at, found: Type::Null }),
            (Some(Some(slot)), Some(found)) => (slot.end, slot.found) = (at, found),
            _ => {}
        }
    }
}

/// Whether two texts are the same. Most are short: a call for each would take longer.
#[inline]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let Some((one_end, other_end)) = one.last_chunk::<8>().zip(other.last_chunk::<8>()) else {
        return one.iter().zip(other).fold(0, |differ, (left, right)| differ | (left ^ right)) == 0;
    };
    let differs = |left: &[u8; 8], right: &[u8; 8]| u64::from_ne_bytes(*left) != u64::from_ne_bytes(*right);
    let (one, other) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    // The end overlaps what was compared before.
    !one.iter().zip(other).any(|(left, right)| differs(left, right)) && !differs(one_end, other_end)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::path::Path;
    use super::super::read::{read, read_seen};
    use super::super::trie::Trie;
    use super::*;

    fn trie() -> Trie {
        let mut trie = Trie::default();
        for path in ["/a", "/b/c", "/b", "/d/1", "/d", "/e", "/b/f"] {
            trie.add(Trie::ROOT, &Path::parse(path).unwrap().steps);
        }
        trie
    }

    #[test]
    fn what_a_shape_reads_is_what_is_read_without_it() {
        let trie = trie();
        let first = r#"{"a":1,"b":{"c":"x","f":[ ]},"d":[true,{}, null],"z": "y" ,"e":{"g":[[-1.5e3]]}}"#;
        let (mut seen, mut slots) = (Vec::new(), Slots::new());
        read_seen(first.as_bytes(), &trie, &mut slots, &mut seen).unwrap();
        let shape = Shape::new(first.as_bytes(), &mut seen, trie.slots()).unwrap();
        let mut of_shape = Slots::new();
        for (text, is_same) in [
            (first, true),
            (
                r#"{"a":"\"}","b":{"c":null,"f":[ ]},"d":[17,{}, "long text, longer"],"z": false ,"e":{"g":[[""]]}}"#,
                true,
            ),
            (r#"{"a":01,"b":{"c":"x","f":[ ]},"d":[true,{}, null],"z": "y" ,"e":{"g":[[-1.5e3]]}}"#, false),
            (r#"{"a":{},"b":{"c":"x","f":[ ]},"d":[true,{}, null],"z": "y" ,"e":{"g":[[-1.5e3]]}}"#, false),
            (r#"{"a":1,"b":{"c":"x","f":[ ]},"d":[true,{}, null],"z": "y" ,"e":{"g":[[-1.5e3]]}} "#, false),
            (r#"{"a":1,"b":{"c":"x","f":[]},"d":[true,{}, null],"z": "y" ,"e":{"g":[[-1.5e3]]}}"#, false),
            (r#"{"a":1,"b":{"c":"x","f":[ ]},"d":[true,{}, null],"z": "y" ,"e":{"g":[[-1.5e3]]}"#, false),
            ("", false),
        ] {
            assert_eq!(shape.read(text.as_bytes(), &mut of_shape), is_same, "{text}");
            if is_same {
                read(text.as_bytes(), &trie, &mut slots).unwrap();
                assert_eq!(of_shape, slots, "{text}");
            }
        }
    }

    #[test]
    fn a_document_that_is_one_scalar_or_has_none_is_a_shape() {
        let trie = trie();
        for (text, other) in [("17", "\"x\""), (r#"{"b":{}}"#, r#"{"b":{}}"#)] {
            let (mut seen, mut slots) = (Vec::new(), Slots::new());
            read_seen(text.as_bytes(), &trie, &mut slots, &mut seen).unwrap();
            let shape = Shape::new(text.as_bytes(), &mut seen, trie.slots()).unwrap();
            let mut of_shape = Slots::new();
            assert!(shape.read(other.as_bytes(), &mut of_shape), "{other}");
            read(other.as_bytes(), &trie, &mut slots).unwrap();
            assert_eq!(of_shape, slots, "{other}");
        }
    }
}

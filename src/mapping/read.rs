//! Reading a document: one pass that checks it and notes where the values lie that some path leads to.

use super::scan::{Fault, Scanner, Type};
use super::trie::{Node, NodeId, SlotId, Trie};

/// A value in a document, by the range of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub start: usize,
    pub end: usize,
    pub found: Type,
}

impl Slot {
    /// Returns whether it is nothing: `null`, or a text without a character, as lines of values with separators have them.
    #[inline]
    pub const fn is_nothing(self) -> bool {
        is_nothing(self.found, (self.start, self.end))
    }
}

/// Returns whether what was found between two places is nothing.
#[inline]
pub(super) const fn is_nothing(found: Type, (start, end): (usize, usize)) -> bool {
    matches!(found, Type::Null) || (matches!(found, Type::Plain) && end - start == 2)
}

/// What stands where in a document; by the numbers that the tree of paths gave.
pub(super) type Slots = Vec<Option<Slot>>;

/// A value that was read, and where it is noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub start: usize,
    pub end: usize,
    pub found: Type,
    pub slot: Option<SlotId>,
}

impl Seen {
    pub const fn is_scalar(&self) -> bool {
        !matches!(self.found, Type::Array | Type::Object)
    }
}

/// Reads the whole document.
pub(super) fn read(bytes: &[u8], trie: &Trie, slots: &mut Slots) -> Result<(), Fault> {
    let end = read_at(bytes, 0, trie, slots)?;
    Scanner::new(bytes, end).end()
}

/// Reads the whole document, and adds every value of it to `seen`.
pub(super) fn read_seen(bytes: &[u8], trie: &Trie, slots: &mut Slots, seen: &mut Vec<Seen>) -> Result<(), Fault> {
    let end = read_by(bytes, 0, (trie, slots), Some(seen))?;
    Scanner::new(bytes, end).end()
}

/// Reads the value that begins at a byte. Returns the place behind it.
pub(super) fn read_at(bytes: &[u8], at: usize, trie: &Trie, slots: &mut Slots) -> Result<usize, Fault> {
    read_by(bytes, at, (trie, slots), None)
}

fn read_by(
    bytes: &[u8],
    at: usize,
    (trie, slots): (&Trie, &mut Slots),
    seen: Option<&mut Vec<Seen>>,
) -> Result<usize, Fault> {
    slots.clear();
    slots.resize(trie.slots(), None);
    let mut reader = Reader { scanner: Scanner::new(bytes, at), trie, slots, seen };
    reader.value(Some(Trie::ROOT))?;
    Ok(reader.scanner.at)
}

/// Goes through the elements of an array. Each gets the place of an element and returns the one behind it.
pub(super) fn elements(
    bytes: &[u8],
    array: Slot,
    mut each: impl FnMut(usize) -> Result<usize, Fault>,
) -> Result<(), Fault> {
    let mut scanner = Scanner::new(bytes, array.start + 1);
    while scanner.peek()? != b']' {
        scanner.at = each(scanner.at)?;
        if scanner.peek()? == b',' {
            scanner.at += 1;
        }
    }
    Ok(())
}

struct Reader<'a, 'r> {
    scanner: Scanner<'a>,
    trie: &'r Trie,
    slots: &'r mut Slots,
    seen: Option<&'r mut Vec<Seen>>,
}

impl Reader<'_, '_> {
    /// Goes over a value. Without a place in the tree nothing in it is noted.
    #[inline]
    fn value(&mut self, node: Option<NodeId>) -> Result<(), Fault> {
        let first = self.scanner.peek()?;
        let start = self.scanner.at;
        let node = node.and_then(|id| self.trie.node(id));
        let below = node.filter(|node| node.has_children());
        let found = match first {
            b'{' => self.object(below)?,
            b'[' => self.array(below)?,
            _ => self.scanner.scalar(first)?,
        };
        let slot = node.and_then(|node| node.slot);
        if let Some(seen) = &mut self.seen {
            seen.push(Seen { start, end: self.scanner.at, found, slot });
        }
        if let Some(slot) = slot.and_then(|slot| self.slots.get_mut(slot)) {
            if slot.is_some() {
                return Err(Fault::Twice(start));
            }
            *slot = Some(Slot { start, end: self.scanner.at, found });
        }
        Ok(())
    }

    fn object(&mut self, node: Option<&Node>) -> Result<Type, Fault> {
        self.scanner.open()?;
        let mut expected = 0;
        if self.scanner.peek()? == b'}' {
            self.scanner.close();
            return Ok(Type::Object);
        }
        loop {
            if self.scanner.peek()? != b'"' {
                return Err(self.scanner.fault());
            }
            let start = self.scanner.at;
            let escaped = self.scanner.string()?;
            let below = node.and_then(|node| {
                let name = self.scanner.bytes.get(start + 1..self.scanner.at - 1)?;
                if escaped {
                    node.named(unescaped(name)?.as_bytes(), &mut expected)
                } else {
                    node.named(name, &mut expected)
                }
            });
            self.scanner.expect(b':')?;
            self.value(below)?;
            match self.scanner.peek()? {
                b',' => self.scanner.at += 1,
                b'}' => {
                    self.scanner.close();
                    return Ok(Type::Object);
                }
                _ => return Err(self.scanner.fault()),
            }
        }
    }

    fn array(&mut self, node: Option<&Node>) -> Result<Type, Fault> {
        self.scanner.open()?;
        if self.scanner.peek()? == b']' {
            self.scanner.close();
            return Ok(Type::Array);
        }
        for index in 0.. {
            self.value(node.and_then(|node| node.item(index)))?;
            match self.scanner.peek()? {
                b',' => self.scanner.at += 1,
                b']' => break,
                _ => return Err(self.scanner.fault()),
            }
        }
        self.scanner.close();
        Ok(Type::Array)
    }
}

/// Returns the text that stands between two quotes. `None` where it has half of a pair of surrogates.
#[cold]
pub(super) fn unescaped(text: &[u8]) -> Option<String> {
    let quoted = [b"\"", text, b"\""].concat();
    serde_json::from_slice(&quoted).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::super::path::Path;
    use super::*;

    fn trie(paths: &[&str]) -> Trie {
        let mut trie = Trie::default();
        for path in paths {
            trie.add(Trie::ROOT, &Path::parse(path).unwrap().steps);
        }
        trie
    }

    fn found(text: &str, paths: &[&str]) -> Vec<Option<String>> {
        let mut slots = Slots::new();
        read(text.as_bytes(), &trie(paths), &mut slots).unwrap();
        slots.iter().map(|slot| slot.map(|slot| text[slot.start..slot.end].to_owned())).collect()
    }

    #[test]
    fn values_are_found_where_paths_lead() {
        let text = r#"{"a":{"b":[1,{"c":"x"},[2]],"a/b":true},"d\u0065":null, "f" : -1.5e3,"":"e"}"#;
        let paths = ["/a/b/1/c", "a.b", "/a/a~1b", "/de", "f", "/", "/a/b/7", "/a/b/0/x", "/f/x"];
        let expected =
            [Some("\"x\""), Some(r#"[1,{"c":"x"},[2]]"#), Some("true"), Some("null"), Some("-1.5e3"), Some("\"e\"")];
        let expected: Vec<_> = expected.into_iter().chain([None; 3]).map(|text| text.map(str::to_owned)).collect();
        assert_eq!(found(text, &paths), expected);
    }

    #[test]
    fn a_value_that_stands_there_twice_is_a_fault() {
        let mut slots = Slots::new();
        let twice = br#"{"a":1,"b":2,"\u0061":1}"#;
        assert_eq!(read(twice, &trie(&["/a"]), &mut slots), Err(Fault::Twice(22)));
        assert_eq!(read(twice, &trie(&["/b"]), &mut slots), Ok(()));
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(nested(32).as_bytes(), &trie(&[]), &mut Slots::new()), Ok(()));
        assert_eq!(read(nested(33).as_bytes(), &trie(&[]), &mut Slots::new()), Err(Fault::TooDeep(32)));
    }

    fn document() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("-0".to_owned()),
            Just("1e5".to_owned()),
            Just(r#""\ud83d\ude00\n""#.to_owned()),
            Just("\"é\"".to_owned()),
            "[a-z]{0,12}".prop_map(|text| format!("\"{text}\"")),
            any::<f64>()
                .prop_filter("JSON has no such number", |number| number.is_finite())
                .prop_map(|number| format!("{number:e}")),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
                prop::collection::vec(("[ab]", inner), 0..4).prop_map(|members| {
                    let members: Vec<String> =
                        members.into_iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        /// `serde_json` is the judge of what is JSON, also of documents in which a byte was changed.
        #[test]
        fn what_is_json_is_what_the_library_says(text in document(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut changed = text.clone().into_bytes();
            let place = place.index(changed.len());
            changed[place] = byte;
            for bytes in [text.as_bytes(), &changed[..], &changed[..place]] {
                let expected = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
                // Bytes that are no UTF-8 are refused before.
                if std::str::from_utf8(bytes).is_ok() {
                    prop_assert_eq!(read(bytes, &trie(&[]), &mut Slots::new()).is_ok(), expected);
                }
            }
        }

        #[test]
        fn what_is_found_is_what_the_library_finds(text in document()) {
            let Ok(tree) = serde_json::from_str::<serde_json::Value>(&text) else { return Ok(()) };
            let pointers = ["", "/a", "/b", "/a/0", "/a/b", "/b/a", "/a/1/a", "/b/0/b", "/0", "/1/a"];
            let mut slots = Slots::new();
            match read(text.as_bytes(), &trie(&pointers), &mut slots) {
                Ok(()) => for (pointer, slot) in pointers.iter().zip(slots) {
                    let found = slot.map(|slot| serde_json::from_str::<serde_json::Value>(&text[slot.start..slot.end]).unwrap());
                    prop_assert_eq!(found.as_ref(), tree.pointer(pointer), "{} in {}", pointer, text);
                },
                // The library takes the last of two.
                Err(fault) => prop_assert!(matches!(fault, Fault::Twice(_))),
            }
        }
    }
}

//! The paths that are read, as a tree of names: a document is compared with all of them at once.

use super::path::Step;

/// A place in the tree.
pub(super) type NodeId = usize;
/// Where a value that was found is noted.
pub(super) type SlotId = usize;

/// All paths that start at the same place.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    slots: usize,
}

/// A place in a document that some path leads to or past.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Where its value is noted, if a path ends here.
    pub slot: Option<SlotId>,
    /// Which lengths its names have: bit n for n bytes, the last bit for all longer ones.
    lengths: u64,
    names: Vec<(Box<[u8]>, NodeId)>,
    items: Vec<(usize, NodeId)>,
}

impl Default for Trie {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], slots: 0 }
    }
}

impl Trie {
    /// The place where all paths start.
    pub const ROOT: NodeId = 0;

    /// How many values are noted.
    pub const fn slots(&self) -> usize {
        self.slots
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Adds a path that starts at a place. Returns where its value is noted.
    pub fn add(&mut self, from: NodeId, steps: &[Step]) -> SlotId {
        let end = steps.iter().fold(from, |at, step| self.child(at, &step.name, step.index));
        let next = self.slots;
        let Some(node) = self.nodes.get_mut(end) else { return next };
        let slot = *node.slot.get_or_insert(next);
        self.slots = self.slots.max(slot + 1);
        slot
    }

    /// Returns the place that a name leads to, which is added where missing.
    pub fn child(&mut self, at: NodeId, name: &str, index: Option<usize>) -> NodeId {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        if let Some((_, known)) = node.names.iter().find(|(known, _)| **known == *name.as_bytes()) {
            return *known;
        }
        node.link(name, index, next);
        self.nodes.push(Node::default());
        next
    }

    /// Returns whether a name leads from a place to another one.
    pub fn leads(&self, at: NodeId, name: &str) -> bool {
        self.nodes.get(at).is_some_and(|node| node.names.iter().any(|(known, _)| **known == *name.as_bytes()))
    }

    /// Has a name lead to a place that is there already.
    pub fn link(&mut self, at: NodeId, name: &str, to: NodeId) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.link(name, None, to);
        }
    }
}

impl Node {
    fn link(&mut self, name: &str, index: Option<usize>, to: NodeId) {
        self.lengths |= length_bit(name.len());
        self.names.push((name.as_bytes().into(), to));
        self.items.extend(index.map(|index| (index, to)));
    }

    /// Whether some path leads further.
    pub const fn has_children(&self) -> bool {
        !self.names.is_empty()
    }

    /// Returns where a name leads. `expected` is the number of the name that is tried first; it becomes that of the next one.
    #[inline]
    pub fn named(&self, name: &[u8], expected: &mut usize) -> Option<NodeId> {
        if self.lengths & length_bit(name.len()) == 0 {
            return None;
        }
        if let Some((known, to)) = self.names.get(*expected)
            && **known == *name
        {
            *expected += 1;
            return Some(*to);
        }
        let found = self.names.iter().position(|(known, _)| **known == *name)?;
        *expected = found + 1;
        self.names.get(found).map(|(_, to)| *to)
    }

    /// Returns where a place in an array leads.
    pub fn item(&self, index: usize) -> Option<NodeId> {
        self.items.iter().find(|(known, _)| *known == index).map(|(_, to)| *to)
    }
}

#[inline]
const fn length_bit(length: usize) -> u64 {
    1 << if length < 63 { length } else { 63 }
}

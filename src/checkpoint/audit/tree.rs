//! The Merkle tree of RFC 9162 (section 2.1) over the entries, as far as it takes to extend it: one hash for each bit of its size.

use ring::digest::{Context, SHA256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What is put before a leaf when it is hashed, so that no leaf can stand in the place of a node.
const LEAF: [u8; 1] = [0];
/// What is put before the two hashes below a node.
const NODE: [u8; 1] = [1];

/// A tree to which leaves are added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the whole trees that this one is made of, the largest first: one for each bit of the size that is 1.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Returns the number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, by its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        let (mut node, mut size) = (leaf, self.size);
        while size & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            node = hash(&[&NODE, &left, &node]);
            size >>= 1;
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// Returns the root: the hash of nothing where there is no leaf.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return hash(&[]) };
        peaks.fold(*last, |right, left| hash(&[&NODE, left, &right]))
    }
}

/// Returns the hash of a leaf with these bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    hash(&[&LEAF, bytes])
}

/// Returns the hash of these parts, one after the other.
pub(super) fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    let digest = context.finish();
    debug_assert_eq!(digest.as_ref().len(), hash.len(), "SHA-256 has 32 bytes");
    hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// Writes bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}

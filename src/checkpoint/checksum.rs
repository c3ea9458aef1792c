//! Checksums of stored bytes: they tell accidents, not forgeries.

use std::hash::Hasher;
use std::io::{self, Write};

use siphasher::sip128::{Hasher128, SipHasher24};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of the length that stands before the checksum of a section.
pub(super) const LENGTH_BYTES: usize = 8;

/// The checksum function of a stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    /// SipHash-2-4 with a fixed key and 128 bits: format 3.
    SipHash,
    /// XXH3 with 64 bits: from format 4 on.
    Xxh3,
}

impl Checksum {
    /// The one that is written.
    pub const PRESENT: Self = Self::Xxh3;

    /// Returns the one of a stored format.
    pub const fn of_format(format: u32) -> Self {
        if format <= 3 { Self::SipHash } else { Self::Xxh3 }
    }

    /// Returns how many bytes stand before those of a section: their length and their checksum.
    pub const fn head_bytes(self) -> usize {
        LENGTH_BYTES
            + match self {
                Self::SipHash => 16,
                Self::Xxh3 => 8,
            }
    }

    /// Returns whether `expected` is the checksum of these bytes.
    pub fn matches(self, bytes: &[u8], expected: &[u8]) -> bool {
        match self {
            Self::SipHash => siphash(bytes) == expected,
            Self::Xxh3 => xxh3_64(bytes).to_le_bytes() == expected,
        }
    }

    /// Writes the checksum of these bytes.
    ///
    /// # Errors
    /// What the writer refuses.
    pub fn write(self, bytes: &[u8], to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::SipHash => to.write_all(&siphash(bytes)),
            Self::Xxh3 => to.write_all(&xxh3_64(bytes).to_le_bytes()),
        }
    }
}

fn siphash(bytes: &[u8]) -> [u8; 16] {
    let mut hasher = SipHasher24::new_with_key(b"paritywatch.ckpt");
    hasher.write(bytes);
    hasher.finish128().as_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// The values of the reference implementation (xxHash 0.8) for no byte and for one.
    #[test]
    fn xxh3_is_the_published_function() {
        for (bytes, expected) in [(Vec::new(), 0x2D06_8005_38D3_94C2_u64), (b"a".to_vec(), 0xE6C6_32B6_1E96_4E1F)] {
            let mut written = Vec::new();
            Checksum::Xxh3.write(&bytes, &mut written).unwrap();
            assert_eq!(written, expected.to_le_bytes());
            assert!(Checksum::Xxh3.matches(&bytes, &written));
        }
    }

    #[test]
    fn a_changed_bit_or_another_length_does_not_match() {
        for checksum in [Checksum::SipHash, Checksum::Xxh3] {
            let (bytes, mut sum) = ([7; 300], Vec::new());
            checksum.write(&bytes, &mut sum).unwrap();
            assert_eq!(sum.len() + LENGTH_BYTES, checksum.head_bytes());
            assert!(checksum.matches(&bytes, &sum));
            assert!(!checksum.matches(&[7; 299], &sum));
            for bit in 0..8 * bytes.len() {
                let mut changed = bytes;
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!checksum.matches(&changed, &sum), "bit {bit}");
            }
        }
    }
}

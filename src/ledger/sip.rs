//! SipHash-2-4 of short texts that begin alike, with 64 and with 128 bits of output.
//!
//! It is what `siphasher` computes, with fewer instructions: ids are short, and three of them are hashed for each event.

use std::fmt;

/// A hash that has taken in the beginning of a text, and waits for the rest.
#[derive(Clone, Copy)]
pub(super) struct Sip {
    state: State,
    /// The last bytes, of which there are fewer than eight, from the lowest on.
    tail: u64,
    length: usize,
}

#[derive(Clone, Copy)]
struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

const WORD: usize = size_of::<u64>();

impl fmt::Debug for Sip {
    /// The key follows from the state.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sip(<redacted>)")
    }
}

impl Sip {
    /// Returns a hash with 64 bits of output that has taken in nothing.
    pub fn new(key: &[u8; 16]) -> Self {
        let key = u128::from_le_bytes(*key);
        #[expect(clippy::cast_possible_truncation, reason = "each half is cut out on purpose")]
        let (low, high) = (key as u64, (key >> 64) as u64);
        let state = State {
            v0: low ^ 0x736f_6d65_7073_6575,
            v1: high ^ 0x646f_7261_6e64_6f6d,
            v2: low ^ 0x6c79_6765_6e65_7261,
            v3: high ^ 0x7465_6462_7974_6573,
        };
        Self { state, tail: 0, length: 0 }
    }

    /// Returns a hash for [`Self::finish_wide`] that has taken in nothing.
    pub fn new_wide(key: &[u8; 16]) -> Self {
        let mut hash = Self::new(key);
        hash.state.v1 ^= 0xee;
        hash
    }

    /// Takes in more.
    #[must_use]
    pub fn with(&self, text: &[u8]) -> Self {
        let (state, tail) = self.absorb(text);
        Self { state, tail, length: self.length + text.len() }
    }

    /// Returns the hash of what was taken in and `text`.
    #[must_use]
    #[inline(never)]
    pub fn finish(&self, text: &[u8]) -> u64 {
        let mut state = self.ended(text);
        state.v2 ^= 0xff;
        state.end()
    }

    /// Returns the hash of what was taken in and `text`, in two words.
    #[must_use]
    #[inline(never)]
    pub fn finish_wide(&self, text: &[u8]) -> (u64, u64) {
        let mut state = self.ended(text);
        state.v2 ^= 0xee;
        let first = state.end();
        state.v1 ^= 0xdd;
        (first, state.end())
    }

    #[inline(always)]
    fn ended(&self, text: &[u8]) -> State {
        let (mut state, tail) = self.absorb(text);
        state.take(((self.length + text.len()) as u64) << 56 | tail);
        state
    }

    /// Returns the state after all whole words, and the bytes behind them. In line, so that the state stays in registers.
    #[inline(always)]
    fn absorb(&self, text: &[u8]) -> (State, u64) {
        let Self { mut state, tail, length } = *self;
        let filled = length % WORD;
        let first = text.first_chunk::<WORD>().map_or_else(|| few_bytes(text), |first| u64::from_le_bytes(*first));
        let first = tail | first << bits(filled);
        let Some((_, rest)) = text.split_at_checked(WORD - filled) else {
            return (state, first);
        };
        state.take(first);
        let (words, rest) = rest.as_chunks::<WORD>();
        words.iter().for_each(|word| state.take(u64::from_le_bytes(*word)));
        let last = text.last_chunk::<WORD>();
        // Shifted twice, since nothing may be left.
        let last = last.map(|last| u64::from_le_bytes(*last) >> 8 >> bits(WORD - 1 - rest.len()));
        (state, last.unwrap_or_else(|| few_bytes(rest)))
    }
}

impl State {
    #[inline]
    const fn take(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.round();
        self.v0 ^= word;
    }

    #[inline]
    const fn end(&mut self) -> u64 {
        self.round();
        self.round();
        self.round();
        self.round();
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    #[inline]
    const fn round(&mut self) {
        let Self { mut v0, mut v1, mut v2, mut v3 } = *self;
        v0 = v0.wrapping_add(v1);
        v2 = v2.wrapping_add(v3);
        v1 = v1.rotate_left(13) ^ v0;
        v3 = v3.rotate_left(16) ^ v2;
        v0 = v0.rotate_left(32).wrapping_add(v3);
        v2 = v2.wrapping_add(v1);
        v1 = v1.rotate_left(17) ^ v2;
        v3 = v3.rotate_left(21) ^ v0;
        v2 = v2.rotate_left(32);
        *self = Self { v0, v1, v2, v3 };
    }
}

/// The bits of fewer than eight bytes.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "at most 56")]
const fn bits(bytes: usize) -> u32 {
    8 * bytes as u32
}

/// Returns fewer than eight bytes, the first of them in the lowest place.
#[inline(never)]
fn few_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use std::hash::Hasher;

    use siphasher::{sip, sip128};

    use super::*;

    #[test]
    fn it_is_what_siphasher_computes_however_the_text_is_divided() {
        let key: [u8; 16] = std::array::from_fn(|place| 251_u8.wrapping_mul(place as u8 + 7));
        let text: Vec<u8> = (0..600_u32).map(|place| (place * place / 3) as u8).collect();
        for length in (0..80).chain([255, 256, 257, 600]) {
            for begin in 0..length.min(20) + 1 {
                let (first, rest) = text[..length].split_at(begin);
                let mut expected = sip::SipHasher24::new_with_key(&key);
                expected.write(first);
                expected.write(rest);
                assert_eq!(Sip::new(&key).with(first).finish(rest), expected.finish(), "{length} {begin}");
                let expected = sip128::SipHasher24::new_with_key(&key).hash(&text[..length]).as_u64();
                assert_eq!(Sip::new_wide(&key).with(first).finish_wide(rest), expected, "{length} {begin}");
            }
        }
    }
}

//! The fast path: a deserializer for plain JSON, which nearly every producer sends.
//!
//! Plain JSON has strings without escapes and numbers without sign or exponent that are exact, and it is not nested
//! deeper than allowed. Everything else, faults included, ends with [`Unusual`]. Then `serde_json`, the general path,
//! reads the payload from its start. Both paths use the same seeds and visitors, so each rule of the contract is in one
//! place. Every rejection comes from the general path.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::depth::MAX_DEPTH;

/// The text is not plain JSON, or is not valid at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not plain JSON")
    }
}

impl std::error::Error for Unusual {}

impl de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Reads plain JSON from a text. An index that is out of range, which no text causes, would end in [`Unusual`] too, so
/// that nothing is lost.
pub(super) struct Plain<'a> {
    text: &'a str,
    /// Index of the next byte.
    at: usize,
    depth: usize,
}

impl<'a> Plain<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Checks that nothing but white space follows.
    pub(super) fn end(&mut self) -> Result<(), Unusual> {
        match self.peek() {
            Err(Unusual) if self.at == self.text.len() => Ok(()),
            _ => Err(Unusual),
        }
    }

    /// Reads from this byte on.
    pub(super) const fn starting_at(text: &'a str, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    /// Returns the index of the next byte.
    pub(super) const fn index(&self) -> usize {
        self.at
    }

    /// Skips white space. Returns the next byte without reading it.
    #[inline]
    fn peek(&mut self) -> Result<u8, Unusual> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(byte) if *byte > b' ' => return Ok(*byte),
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                _ => return Err(Unusual),
            }
        }
    }

    /// Skips white space, and reads the byte `expected`.
    #[inline]
    fn expect(&mut self, expected: u8) -> Result<(), Unusual> {
        if self.peek()? != expected {
            return Err(Unusual);
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a literal. Its end need not be checked: where more letters follow, the next read fails.
    #[inline]
    fn word(&mut self, word: &str) -> Result<(), Unusual> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end) != Some(word.as_bytes()) {
            return Err(Unusual);
        }
        self.at = end;
        Ok(())
    }

    /// Reads a string without escapes.
    #[inline]
    fn string(&mut self) -> Result<&'a str, Unusual> {
        self.expect(b'"')?;
        let start = self.at;
        let end = end_of_string(self.text.as_bytes(), start)?;
        self.at = end + 1;
        self.text.get(start..end).ok_or(Unusual)
    }

    /// Reads a number without sign and exponent. It has so few digits that an `f64` holds both its digits and its power
    /// of ten exactly. So one division rounds correctly, and the result is that of every correct parser.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number, Unusual> {
        let bytes = self.text.as_bytes();
        let digits_from = |start: usize, mut number: u64| {
            let mut at = start;
            while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
                if at - start == MAX_DIGITS {
                    return Err(Unusual);
                }
                number = number * 10 + u64::from(byte - b'0');
                at += 1;
            }
            if at == start { Err(Unusual) } else { Ok((number, at)) }
        };
        let (whole, end) = digits_from(self.at, 0)?;
        let leading_zero = bytes.get(self.at) == Some(&b'0') && end - self.at > 1;
        if leading_zero || matches!(bytes.get(end), Some(b'e' | b'E')) {
            return Err(Unusual);
        }
        if bytes.get(end) != Some(&b'.') {
            self.at = end;
            return Ok(Number::Whole(whole));
        }
        // Digits are counted before they are read, so that the number stays below 10^15.
        let whole_digits = end - self.at;
        let fraction_start = end + 1;
        let fraction_digits =
            bytes.iter().skip(fraction_start).take(MAX_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
        if whole_digits + fraction_digits > MAX_DIGITS {
            return Err(Unusual);
        }
        let (number, end) = digits_from(fraction_start, whole)?;
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            return Err(Unusual);
        }
        let power = POWERS_OF_TEN.get(fraction_digits).ok_or(Unusual)?;
        self.at = end;
        #[expect(clippy::cast_precision_loss, reason = "below 10^15")]
        Ok(Number::Fraction(number as f64 / power))
    }

    /// Reads an opening bracket.
    #[inline]
    fn descend(&mut self) -> Result<(), Unusual> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Unusual) } else { Ok(()) }
    }

    #[inline]
    fn read_map<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        self.descend()?;
        let mut items = Items { plain: self, first: true, open: true };
        let value = visitor.visit_map(&mut items)?;
        items.close(value)
    }

    #[inline]
    fn read_seq<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        self.descend()?;
        let mut items = Items { plain: self, first: true, open: true };
        let value = visitor.visit_seq(&mut items)?;
        items.close(value)
    }

    #[inline]
    fn read_number<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        self.peek()?;
        match self.number()? {
            Number::Whole(number) => visitor.visit_u64(number),
            Number::Fraction(number) => visitor.visit_f64(number),
        }
    }
}

/// A number as its visitor gets it.
pub(super) enum Number {
    Whole(u64),
    Fraction(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "below 10^15")]
    pub(super) const fn as_f64(&self) -> f64 {
        match *self {
            Self::Whole(number) => number as f64,
            Self::Fraction(number) => number,
        }
    }
}

/// The largest number of digits. 10^15 is below 2^53, so an `f64` holds every such integer.
const MAX_DIGITS: usize = 15;

const POWERS_OF_TEN: [f64; MAX_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Returns the index of the closing quote of the string that starts at the first byte, and whether it is ASCII; `None`
/// where it has an escape or a control character, or does not end.
#[inline]
pub(super) fn end_of_text(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut rest, mut seen) = (bytes, 0);
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let special = special_bytes(word);
        if special != 0 {
            // The bits below the quote's own are those of the bytes before it.
            let before = (special & special.wrapping_neg()).wrapping_sub(1);
            let at = special.trailing_zeros() / 8;
            let is_quote = word >> (8 * at) & 0xFF == u64::from(b'"');
            seen |= word & before;
            return is_quote.then_some((bytes.len() - rest.len() + at as usize, seen & UPPER == 0));
        }
        seen |= word;
        rest = behind;
    }
    let at = bytes.len() - rest.len();
    let end = end_of_string(bytes, at).ok()?;
    let is_ascii = seen & UPPER == 0 && bytes.get(at..end).is_some_and(<[u8]>::is_ascii);
    Some((end, is_ascii))
}

/// Divides behind the last quote. Returns what is before it, the text behind it, and whether that is ASCII; `None` where there is no quote,
/// or an escape or a control character behind it.
#[inline]
pub(super) fn last_text(bytes: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let (mut rest, mut seen) = (bytes, 0);
    while let Some((before, chunk)) = rest.split_last_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let special = exactly_special_bytes(word);
        if special != 0 {
            let place = 7 - special.leading_zeros() / 8;
            let behind = word >> (8 * place);
            seen |= behind >> 8;
            let (before, text) = bytes.split_at_checked(before.len() + place as usize + 1)?;
            return (behind & 0xFF == u64::from(b'"')).then_some((before, text, seen & UPPER == 0));
        }
        seen |= word;
        rest = before;
    }
    let place = rest.iter().rposition(|byte| matches!(byte, b'"' | b'\\' | ..=0x1F))?;
    let (before, text) = bytes.split_at_checked(place + 1)?;
    (before.last() == Some(&b'"')).then(|| (before, text, text.is_ascii()))
}

/// Returns the index of the closing quote of the string that starts at `start`. An escape or a control character is
/// [`Unusual`].
#[inline]
fn end_of_string(bytes: &[u8], start: usize) -> Result<usize, Unusual> {
    let mut at = start;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let special = special_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            at += (special.trailing_zeros() / 8) as usize;
            return if bytes.get(at) == Some(&b'"') { Ok(at) } else { Err(Unusual) };
        }
        at += 8;
    }
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at),
            None | Some(b'\\' | ..=0x1F) => return Err(Unusual),
            Some(_) => at += 1,
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const UPPER: u64 = ONES << 7;

/// Sets the upper bit of every byte that is a quote, a backslash or a control character. The subtractions may carry
/// into the next bytes and set bits there too, so only the lowest bit that is set means anything.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    // With the second bit turned over, a quote follows the control characters.
    let low = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (low | backslash) & !word & UPPER
}

/// Sets the upper bit of those bytes, and no other bit.
#[inline]
const fn exactly_special_bytes(word: u64) -> u64 {
    let low = ((word ^ (ONES * 2)) & !UPPER) + ONES * (0x80 - 0x21);
    let backslash = ((word ^ (ONES * b'\\' as u64)) & !UPPER) + ONES * 0x7F;
    !(low & backslash | word) & UPPER
}

impl<'a> Deserializer<'a> for &mut Plain<'a> {
    type Error = Unusual;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.peek()? {
            b'"' => visitor.visit_borrowed_str(self.string()?),
            b'{' => self.read_map(visitor),
            b'[' => self.read_seq(visitor),
            b'0'..=b'9' => self.read_number(visitor),
            b'n' => {
                self.word("null")?;
                visitor.visit_unit()
            }
            _ => self.deserialize_bool(visitor),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_borrowed_str(self.string()?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.peek()? != b'n' {
            return visitor.visit_some(self);
        }
        self.word("null")?;
        visitor.visit_none()
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        let flag = self.peek()? == b't';
        self.word(if flag { "true" } else { "false" })?;
        visitor.visit_bool(flag)
    }

    #[inline]
    fn deserialize_u64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.read_number(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.read_number(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.peek()? == b'{' { self.read_map(visitor) } else { Err(Unusual) }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.peek()? == b'[' { self.read_seq(visitor) } else { Err(Unusual) }
    }

    /// `serde_json` reads a raw value through a newtype of a special name, which only its own deserializer knows.
    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, _: V) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 char string bytes byte_buf unit unit_struct tuple tuple_struct struct enum
        identifier ignored_any
    }
}

/// Iterates over the entries of an object or the elements of an array.
struct Items<'p, 'a> {
    plain: &'p mut Plain<'a>,
    first: bool,
    open: bool,
}

impl Items<'_, '_> {
    /// Moves to the next item. Returns false at the end, whose bracket is read.
    #[inline]
    fn next(&mut self, end: u8) -> Result<bool, Unusual> {
        let byte = self.plain.peek()?;
        let first = std::mem::replace(&mut self.first, false);
        if byte == end {
            self.plain.at += 1;
            self.plain.depth -= 1;
            self.open = false;
            return Ok(false);
        }
        if !first {
            if byte != b',' {
                return Err(Unusual);
            }
            self.plain.at += 1;
        }
        Ok(true)
    }

    /// Returns `value`, unless the visitor stopped before the end.
    #[inline]
    fn close<T>(self, value: T) -> Result<T, Unusual> {
        if self.open { Err(Unusual) } else { Ok(value) }
    }
}

impl<'a> MapAccess<'a> for &mut Items<'_, 'a> {
    type Error = Unusual;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        if self.plain.peek()? != b'"' {
            return Err(Unusual);
        }
        seed.deserialize(&mut *self.plain).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        self.plain.expect(b':')?;
        seed.deserialize(&mut *self.plain)
    }
}

impl<'a> SeqAccess<'a> for &mut Items<'_, 'a> {
    type Error = Unusual;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Unusual> {
        if !self.next(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.plain).map(Some)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_special_byte_is_found_whatever_surrounds_it() {
        for other in 0..=u8::MAX {
            for special in 0..=u8::MAX {
                for place in 0..8 {
                    let mut bytes = [b'a'; 8];
                    bytes[place] = special;
                    bytes[(place + 1) % 8] = other;
                    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1F);
                    let found = special_bytes(u64::from_le_bytes(bytes));
                    let lowest = (found != 0).then(|| (found.trailing_zeros() / 8) as usize);
                    assert_eq!(lowest, bytes.iter().position(is_special), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_what_the_standard_library_says_or_unusual() {
        for text in ["0", "7", "10", "0.5", "0.1", "0.123456789012", "123456.654321", "999999999999999", "1.0", "0.00"]
        {
            let number = match Plain::new(text).number() {
                #[expect(clippy::cast_precision_loss, reason = "below 10^15")]
                Ok(Number::Whole(number)) => number as f64,
                Ok(Number::Fraction(number)) => number,
                Err(Unusual) => panic!("{text}"),
            };
            assert_eq!(text.parse(), Ok(number), "{text}");
        }
        for text in
            ["", "01", "00", "-1", "+1", ".5", "1.", "1e3", "1.5e3", "1.5E3", "1000000000000000", "0.1234567890123456"]
        {
            assert!(Plain::new(text).number().is_err(), "{text}");
        }
    }
    /// Whatever byte stands at whatever place, before and behind the quote.
    #[test]
    fn texts_end_and_begin_at_a_quote_alone() {
        for length in 1..20 {
            for quote in 0..length {
                for (place, byte) in (0..length).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
                    let mut text = vec![b'x'; length];
                    text[quote] = b'"';
                    text[place] = byte;
                    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1F);
                    let (first, last) = (text.iter().position(special), text.iter().rposition(special));
                    let of_quote = |at: &usize| text[*at] == b'"';
                    let expected = first.filter(of_quote).map(|at| (at, text[..at].is_ascii()));
                    assert_eq!(end_of_text(&text), expected, "{text:?}");
                    let apart = last.filter(of_quote).map(|at| text.split_at(at + 1));
                    let expected = apart.map(|(before, behind)| (before, behind, behind.is_ascii()));
                    assert_eq!(last_text(&text), expected, "{text:?}");
                }
            }
        }
    }
}

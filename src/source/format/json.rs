//! Writes JSON text that is bounded: what a few bytes of a format expand to may have no end.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::event::{Reason, Rejection};

/// The largest number of nested objects and arrays that are written: twice of what the contract allows, as a mapping may take its fields from deeper places.
pub(super) const MAX_DEPTH: usize = 64;
/// Digits of the largest number of 64 bits.
const MOST_DIGITS: usize = 20;
/// Characters of a name that an error repeats, at most.
const SHOWN_CHARACTERS: usize = 80;

/// JSON text at the end of a buffer.
pub(super) struct Json<'t> {
    text: &'t mut Vec<u8>,
    /// The largest number of bytes of the text.
    limit: usize,
    /// Where the buffer must end.
    end: usize,
}

impl<'t> Json<'t> {
    /// Begins a text of at most `limit` bytes behind what the buffer holds.
    pub fn new(text: &'t mut Vec<u8>, limit: usize) -> Self {
        let end = text.len().saturating_add(limit);
        Self { text, limit, end }
    }

    /// Writes bytes that are part of a JSON text.
    ///
    /// # Errors
    /// A [`Rejection`] if the text would become too long.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        if bytes.len() > self.end.saturating_sub(self.text.len()) {
            return Err(self.too_large());
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    #[cold]
    fn too_large(&self) -> Rejection {
        let detail = format!("payload: expected a record of at most {} bytes as JSON, found more", self.limit);
        Rejection::of_format(Reason::TooLarge, detail)
    }

    /// Writes a string.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn string(&mut self, text: &str) -> Result<(), Rejection> {
        self.put(b"\"")?;
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
            let (plain, from) = rest.split_at(at);
            self.put(plain)?;
            let Some((byte, after)) = from.split_first() else { break };
            self.escape(*byte)?;
            rest = after;
        }
        self.put(rest)?;
        self.put(b"\"")
    }

    fn escape(&mut self, byte: u8) -> Result<(), Rejection> {
        match byte {
            b'"' => self.put(b"\\\""),
            b'\\' => self.put(b"\\\\"),
            b'\n' => self.put(b"\\n"),
            b'\r' => self.put(b"\\r"),
            b'\t' => self.put(b"\\t"),
            _ => self.put(format!("\\u{byte:04x}").as_bytes()),
        }
    }

    /// Writes a key and its colon.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn key(&mut self, name: &str) -> Result<(), Rejection> {
        self.string(name)?;
        self.put(b":")
    }

    /// Writes what the value displays, which must be part of a JSON text.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn display(&mut self, value: impl std::fmt::Display) -> Result<(), Rejection> {
        let before = self.text.len();
        // Writing to memory does not fail. A number, a date or the like is short.
        let _ = write!(self.text, "{value}");
        if self.text.len() > self.end {
            self.text.truncate(before);
            return Err(self.too_large());
        }
        Ok(())
    }

    /// Writes a whole number.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn whole(&mut self, value: i64) -> Result<(), Rejection> {
        let (mut digits, mut left, mut begin) = ([0; MOST_DIGITS], value.unsigned_abs(), MOST_DIGITS);
        loop {
            begin -= 1;
            if let Some(place) = digits.get_mut(begin) {
                *place = digit(left);
            }
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if value < 0 {
            self.put(b"-")?;
        }
        self.put(digits.get(begin..).unwrap_or_default())
    }

    /// Writes a number by the shortest text that reads as the same number; what is no number as a string.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn double(&mut self, value: f64) -> Result<(), Rejection> {
        if value.is_finite() { self.display(format_args!("{value:?}")) } else { self.no_number(value) }
    }

    /// Does what [`Json::double`] does, for a number of single precision.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn float(&mut self, value: f32) -> Result<(), Rejection> {
        if value.is_finite() { self.display(format_args!("{value:?}")) } else { self.no_number(f64::from(value)) }
    }

    fn no_number(&mut self, value: f64) -> Result<(), Rejection> {
        self.put(if value.is_nan() {
            b"\"NaN\""
        } else if value > 0.0 {
            b"\"Infinity\""
        } else {
            b"\"-Infinity\""
        })
    }

    /// Writes bytes as a string in base64 (RFC 4648, section 4).
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn base64(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        if bytes.len() > self.end.saturating_sub(self.text.len()) {
            return Err(self.too_large());
        }
        self.put(b"\"")?;
        self.put(STANDARD.encode(bytes).as_bytes())?;
        self.put(b"\"")
    }

    /// Writes an id as RFC 9562 does.
    ///
    /// # Errors
    /// As [`Json::put`].
    pub fn id(&mut self, bytes: [u8; 16]) -> Result<(), Rejection> {
        let digits = format!("{:032x}", u128::from_be_bytes(bytes));
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
        self.string(&parts.join("-"))
    }
}

/// Returns the last digit of a number.
pub(super) fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or_default()
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Returns a name as an error repeats it: in one line, and not all of a long one.
pub(super) fn shown(name: &str) -> String {
    let short: String = name.chars().take(SHOWN_CHARACTERS).collect();
    let rest = if short.len() < name.len() { "..." } else { "" };
    format!("{short:?}{rest}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(limit: usize, write: impl FnOnce(&mut Json<'_>) -> Result<(), Rejection>) -> Result<String, Reason> {
        let mut text = b"before".to_vec();
        let written = write(&mut Json::new(&mut text, limit));
        assert!(text.len() <= 6 + limit, "{} bytes", text.len());
        written.map(|()| String::from_utf8(text.split_off(6)).unwrap()).map_err(|rejection| rejection.reason)
    }

    #[test]
    fn numbers_are_exact_and_what_is_no_number_is_a_string() {
        assert_eq!(text(99, |json| json.double(0.1)).unwrap(), "0.1");
        assert_eq!(text(99, |json| json.double(1e300)).unwrap(), "1e300");
        assert_eq!(text(99, |json| json.double(-0.0)).unwrap(), "-0.0");
        assert_eq!(text(99, |json| json.float(0.1)).unwrap(), "0.1");
        assert_eq!(text(99, |json| json.double(f64::NAN)).unwrap(), "\"NaN\"");
        assert_eq!(text(99, |json| json.float(f32::NEG_INFINITY)).unwrap(), "\"-Infinity\"");
        for whole in [0, 7, -1, 10, -99, 1_000, i64::MAX, i64::MIN] {
            assert_eq!(text(99, |json| json.whole(whole)).unwrap(), whole.to_string());
        }
    }

    #[test]
    fn strings_are_what_any_reader_of_json_reads_back() {
        for written in ["", "plain", "caf\u{e9} \u{1F600}", "a\"b\\c\n\r\t\u{0}\u{1f}\u{7f}/"] {
            let json = text(200, |json| json.string(written)).unwrap();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), written);
        }
        assert_eq!(text(99, |json| json.base64(b"\xff\xfe?")).unwrap(), "\"//4/\"");
    }

    #[test]
    fn nothing_is_written_beyond_the_limit() {
        assert_eq!(text(3, |json| json.string("abcd")), Err(Reason::TooLarge));
        assert_eq!(text(3, |json| json.double(0.123)), Err(Reason::TooLarge));
        assert_eq!(text(3, |json| json.base64(&[0; 1 << 20])), Err(Reason::TooLarge));
        assert_eq!(text(3, |json| json.string("a")).unwrap(), "\"a\"");
        assert_eq!(shown(&"x".repeat(100)), format!("\"{}\"...", "x".repeat(80)));
    }
}

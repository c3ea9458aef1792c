//! The grammar of JSON (RFC 8259), a byte at a time and nothing kept. All of a document is checked, also what no mapping
//! reads.

use crate::event::MAX_DEPTH;

/// What is wrong with a document, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NotJson(usize),
    TooDeep(usize),
    /// A value that is read stands there twice.
    Twice(usize),
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    True,
    False,
    /// A number without fraction and exponent.
    Integer,
    Number,
    /// A text without escapes.
    Plain,
    /// A text with escapes.
    Escaped,
    Array,
    Object,
}

impl Type {
    /// Returns what a rejection says was found.
    pub const fn found(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::True | Self::False => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number with a fraction or exponent",
            Self::Plain | Self::Escaped => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// Goes through a text.
pub(super) struct Scanner<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    pub depth: usize,
}

impl<'a> Scanner<'a> {
    pub const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, depth: 0 }
    }

    /// Skips white space. Returns the next byte and stays before it.
    #[inline]
    pub fn peek(&mut self) -> Result<u8, Fault> {
        loop {
            match self.bytes.get(self.at) {
                Some(byte) if *byte > b' ' => return Ok(*byte),
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                _ => return Err(self.fault()),
            }
        }
    }

    #[inline]
    pub fn expect(&mut self, expected: u8) -> Result<(), Fault> {
        if self.peek()? != expected {
            return Err(self.fault());
        }
        self.at += 1;
        Ok(())
    }

    #[cold]
    pub const fn fault(&self) -> Fault {
        Fault::NotJson(self.at)
    }

    /// Checks that nothing but white space follows.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Err(_) if self.at == self.bytes.len() => Ok(()),
            _ => Err(self.fault()),
        }
    }

    /// Goes one level deeper, over the bracket.
    #[inline]
    pub fn open(&mut self) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::TooDeep(self.at));
        }
        (self.at, self.depth) = (self.at + 1, self.depth + 1);
        Ok(())
    }

    #[inline]
    pub const fn close(&mut self) {
        (self.at, self.depth) = (self.at + 1, self.depth - 1);
    }

    /// Goes over a text that begins at the next byte. Returns whether it has escapes.
    #[inline]
    pub fn string(&mut self) -> Result<bool, Fault> {
        let mut at = self.at + 1;
        let mut escaped = false;
        loop {
            at = special_from(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    at = escape(self.bytes, at).ok_or(Fault::NotJson(at))?;
                }
                _ => return Err(Fault::NotJson(at)),
            }
        }
    }

    /// Goes over a value that is neither an array nor an object, and begins with this byte.
    #[inline]
    pub fn scalar(&mut self, first: u8) -> Result<Type, Fault> {
        match first {
            b'"' => Ok(if self.string()? { Type::Escaped } else { Type::Plain }),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", Type::True),
            b'f' => self.word(b"false", Type::False),
            b'n' => self.word(b"null", Type::Null),
            _ => Err(self.fault()),
        }
    }

    fn word(&mut self, word: &[u8], found: Type) -> Result<Type, Fault> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.fault());
        }
        self.at += word.len();
        Ok(found)
    }

    fn number(&mut self) -> Result<Type, Fault> {
        let digits = |start: usize| {
            let at = digits_until(self.bytes, start);
            if at == start { Err(Fault::NotJson(at)) } else { Ok(at) }
        };
        let start = self.at + usize::from(self.bytes.get(self.at) == Some(&b'-'));
        let mut end = digits(start)?;
        if self.bytes.get(start) == Some(&b'0') && end - start > 1 {
            return Err(Fault::NotJson(start));
        }
        let mut found = Type::Integer;
        if self.bytes.get(end) == Some(&b'.') {
            (end, found) = (digits(end + 1)?, Type::Number);
        }
        if let Some(b'e' | b'E') = self.bytes.get(end) {
            let signed = usize::from(matches!(self.bytes.get(end + 1), Some(b'+' | b'-')));
            (end, found) = (digits(end + 1 + signed)?, Type::Number);
        }
        self.at = end;
        Ok(found)
    }
}

/// Returns the place behind an escape; `None` where it is none.
#[cold]
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(at + 6),
        _ => None,
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const UPPER: u64 = 0x8080_8080_8080_8080;

/// Returns the place behind the digits that begin at a byte.
#[inline]
fn digits_until(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        // A digit becomes 0 to 9; what is above becomes 16 or more, or is carried there by 6. Each is told from its own byte alone.
        let word = u64::from_le_bytes(*word) ^ (ONES * 0x30);
        let others = (word | ((word & !UPPER) + ONES * 6)) & (ONES * 0xF0);
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

/// Returns the place of the next quote, backslash or control character; the end of the text where there is none.
#[inline]
fn special_from(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        let equal = |byte: u8| {
            let other = word ^ (ONES * u64::from(byte));
            other.wrapping_sub(ONES) & !other
        };
        // The lowest mark is right; those above it may be carried over.
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let marks = (equal(b'"') | equal(b'\\') | control) & UPPER;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..=0x1F)).unwrap_or(rest.len())
}

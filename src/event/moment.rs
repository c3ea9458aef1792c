//! The moment of a line: its event time, found without decoding the rest.

use super::decode::{RawRecord, decode, without_mark};
use super::decoded::Decoded;
use super::model::Data;
use super::time::parse_date_time;
use super::value::is_possible;
use crate::plan::{EventTime, Limits};

/// What the types of the contract begin with.
const OURS: &[u8] = b"paritywatch.";
/// What the types of measures begin with, which take no part in time.
const MEASURE: &[u8] = b"paritywatch.measure.";

/// What is found out about a line before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// CloudEvents `time`; the least time where the line has none.
    pub time: EventTime,
    /// Whether it has a time that moves event time: its type looks like one of the contract, and is not that of measures.
    pub moves_time: bool,
}

/// A line without a time.
const NONE: Moment = Moment { time: EventTime::MIN, moves_time: false };

/// Returns the moment of a line of JSON. For an event that [`decode`] accepts, the time is the event's. What else a line
/// has decides nothing.
#[must_use]
pub fn moment_of(line: &[u8], limits: &Limits) -> Moment {
    let line = without_mark(line);
    if line.len() > limits.message_bytes {
        return NONE;
    }
    match Walk::new(line).event() {
        Some(moment) => moment,
        // An escape at the top, or no JSON.
        None => match decode(&RawRecord { payload: line, headers: &[], timestamp: None }, limits, None) {
            Ok(Decoded::Event(event)) => {
                Moment { time: event.time, moves_time: !matches!(event.data, Data::Measure(_)) }
            }
            _ => NONE,
        },
    }
}

/// Goes through the fields of an object. `None` means that the text is not as expected.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn event(&mut self) -> Option<Moment> {
        let (mut time, mut moves_time) = (None, false);
        self.expect(b'{')?;
        loop {
            match self.peek()? {
                b'}' => break,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let name = self.plain_string()?;
            self.expect(b':')?;
            match (name, self.peek()?) {
                (b"time", b'"') => time = Some(self.plain_string()?),
                (b"type", b'"') => {
                    let name = self.plain_string()?;
                    moves_time = name.starts_with(OURS) && !name.starts_with(MEASURE);
                }
                (_, b'"') => self.skip_string()?,
                (_, b'{' | b'[') => self.skip_nested()?,
                _ => self.skip_word(),
            }
        }
        let time = time.and_then(|time| parse_date_time(std::str::from_utf8(time).ok()?));
        Some(time.filter(|time| is_possible(*time)).map_or(NONE, |time| Moment { time, moves_time }))
    }

    /// Skips white space. Returns the next byte and stays before it.
    fn peek(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at..)?.iter().position(|byte| *byte > b' ')?;
        self.at += byte;
        self.text.get(self.at).copied()
    }

    fn expect(&mut self, expected: u8) -> Option<()> {
        let found = self.peek()?;
        self.at += 1;
        (found == expected).then_some(())
    }

    /// Reads a string without an escape.
    fn plain_string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let rest = self.text.get(self.at..)?;
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        self.at += end + 1;
        rest.split_at_checked(end).filter(|(_, rest)| rest.first() == Some(&b'"')).map(|(text, _)| text)
    }

    fn skip_string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            let rest = self.text.get(self.at..)?;
            let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            let escaped = rest.get(end) == Some(&b'\\');
            self.at += end + if escaped { 2 } else { 1 };
            if !escaped {
                return Some(());
            }
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.text.get(self.at)? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }

    fn skip_word(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| matches!(byte, b',' | b'}')).unwrap_or(rest.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };

    #[test]
    fn the_time_of_an_event_is_the_one_at_the_top() {
        let event = r#"{"specversion":"1.0","x":{"time":"2020-01-01T00:00:00Z","y":["}\"",{}]},"id":"a\"}","time" : "2026-03-01T00:00:00Z","type":"paritywatch.tally.v1","source":"/s","data":{"time":"2021-01-01T00:00:00Z","profile":"p","groups":{"g":"a"},"counts":{"assessed":5}}}"#;
        let expected =
            Moment { time: parse_date_time("2026-03-01T00:00:00Z").unwrap_or(EventTime::MIN), moves_time: true };
        assert_eq!(moment_of(event.as_bytes(), &LIMITS), expected);
        let escaped = event.replace("\"time\" :", "\"t\\u0069me\":").replace("\"type\":\"p", "\"type\":\"\\u0070");
        assert_eq!(moment_of(escaped.as_bytes(), &LIMITS), expected);
        for other in ["other.", "paritywatch.measure.v1-not-"] {
            assert!(!moment_of(event.replace("paritywatch.", other).as_bytes(), &LIMITS).moves_time);
        }
        for none in [
            "",
            "{",
            "[]",
            "{}",
            "{\"time\":1}",
            "{\"time\":\"soon\"}",
            "{\"data\":{\"time\":\"2026-03-01T00:00:00Z\"}}",
        ] {
            assert_eq!(moment_of(none.as_bytes(), &LIMITS), NONE, "{none}");
        }
    }
}

//! Skimming: finds in a record what differs from event to event, without reading the rest.
//!
//! What is left of a record when these values are cut out is its *essence*. Records of one essence are the same text
//! but for the values, so the decoder finds the same in all of them: the same fields, the same faults. Only the values
//! have to be checked again. This holds although skimming checks no grammar. It goes from left to right, and what it
//! does next depends only on what it has left in place so far. So for two records of one essence it cuts at the same
//! places, and if one of them is valid JSON the other is too.

use super::data::{MAX_DURATION_MINUTES, MAX_INTENSITY};
use super::decode::{Attribute, Mode, RawRecord, attribute_of, mode};
use super::field::Field;
use super::plain::{Plain, Unusual};
use super::time::TimeReader;
use super::value::is_possible;
use crate::plan::{EventTime, Feature, Limits, stratum};

/// What differs from event to event, and was found valid. Every text is UTF-8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skimmed<'a> {
    /// CloudEvents `id`.
    pub id: &'a [u8],
    /// CloudEvents `time`.
    pub time: EventTime,
    /// The case.
    pub case_id: &'a [u8],
    /// The control. The decoder may ignore it: then the type of the event has no such field.
    pub control_id: Option<&'a [u8]>,
    /// The event that is corrected, likewise.
    pub revises: Option<&'a [u8]>,
}

/// The dimensions and strata that are read. The values of others are checked, and then do not matter. A stratum may also be
/// the name of a field of the selection, or one that is read from its `criteria`: those are never cut out.
pub type ReadNames = Box<[Box<str>]>;

/// A value that is cut out of the payload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// Index of its first byte in the payload; a quote is not part of it.
    pub start: usize,
    /// Index behind its last byte.
    pub end: usize,
    pub value: Value,
}

/// What a value that is cut out must satisfy, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Id,
    Time,
    CaseId,
    ControlId,
    Revises,
    /// A text that is checked but not kept.
    Text,
    /// Any string: the contract does not have the field.
    Any,
    /// A number from 0 to this.
    Number(f64),
    /// Any number.
    AnyNumber,
}

/// The most values that are cut out of one record. Further ones stay in its essence.
pub(super) const MAX_CUTS: usize = 16;

/// Room for what skimming finds, kept from record to record.
#[derive(Clone, Debug, Default)]
pub(super) struct Skim {
    /// What is left of the record.
    pub essence: Vec<u8>,
    /// Length of the part of the essence that headers left.
    pub of_headers: usize,
    pub cuts: Vec<Cut>,
    times: TimeReader,
}

impl Skim {
    /// Skims a record. Returns `None` where it must be decoded in full: it has no case, is unusual, or is not valid.
    pub fn read<'a>(&mut self, record: &RawRecord<'a>, limits: &Limits, names: &ReadNames) -> Option<Skimmed<'a>> {
        self.essence.clear();
        self.cuts.clear();
        if record.payload.len() > limits.message_bytes {
            return None;
        }
        let text = std::str::from_utf8(record.payload).ok().filter(|text| is_free_of_escapes(text.as_bytes()))?;
        let mut times = self.times;
        let mut found = Found::new(limits, &mut times);
        let binary = self.read_headers(record.headers, &mut found)?;
        self.of_headers = self.essence.len();
        let mut skimmer = Skimmer { text, copied: 0, names, skim: self, found };
        skimmer.object(0, if binary { Level::Data } else { Level::Event }).ok()?;
        skimmer.keep_until(text.len());
        let skimmed = skimmer.found.finish();
        self.times = times;
        skimmed
    }

    /// Adds to the essence what the decoder reads of the headers. Returns whether the payload is only the data.
    fn read_headers<'a>(&mut self, headers: &[(&'a str, &'a [u8])], found: &mut Found<'_, 'a>) -> Option<bool> {
        if headers.is_empty() {
            self.essence.push(0);
            return Some(false);
        }
        let binary = matches!(mode(headers).ok()?, Mode::Binary);
        for (name, value) in headers {
            let attribute = attribute_of(name);
            let cut = match attribute {
                Attribute::Known(Field::Id) if binary => Some(Value::Id),
                Attribute::Known(Field::Time) if binary => Some(Value::Time),
                _ => None,
            };
            let kept: &[u8] = match (attribute, cut) {
                (Attribute::None, _) => continue,
                // Whether there is any decides about the mode; what it is does not matter.
                (Attribute::Unknown, _) => b"",
                (Attribute::Known(_), None) => value,
                (Attribute::Known(_), Some(cut)) => {
                    std::str::from_utf8(value).ok()?;
                    found.take(cut, value).ok()?;
                    b""
                }
            };
            let name = if attribute == Attribute::Unknown { "" } else { *name };
            self.essence.extend_from_slice(&[1, u8::try_from(name.len()).ok()?, u8::try_from(kept.len()).ok()?]);
            self.essence.extend_from_slice(name.as_bytes());
            self.essence.extend_from_slice(kept);
        }
        self.essence.push(0);
        Some(binary)
    }
}

/// An object whose fields are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Event,
    Data,
    /// Groups or strata.
    Entries,
}

/// Goes through a text that has no escapes, so that every string ends at the next quote. Each step gets the index of the
/// next byte, and returns the one behind what it went over.
struct Skimmer<'a, 's, 't> {
    text: &'a str,
    /// Up to here the text is in the essence, or was cut out.
    copied: usize,
    names: &'s ReadNames,
    skim: &'s mut Skim,
    found: Found<'t, 'a>,
}

impl<'a> Skimmer<'a, '_, '_> {
    /// Goes through an object. Objects in it, but for those that are looked at, stay in the essence as they are.
    fn object(&mut self, at: usize, level: Level) -> Result<usize, Unusual> {
        let bytes = self.text.as_bytes();
        let mut at = expect(bytes, at, b'{')?;
        loop {
            let byte;
            (byte, at) = peek(bytes, at)?;
            match byte {
                b'}' => return Ok(at + 1),
                b',' => at += 1,
                _ => {
                    let name;
                    (name, at) = string(bytes, at)?;
                    at = expect(bytes, at, b':')?;
                    (_, at) = peek(bytes, at)?;
                    at = if level == Level::Entries {
                        self.entry(at, name)?
                    } else {
                        self.value(at, level, Field::of(name).filter(|field| !field.is_of_measures()))?
                    };
                }
            }
        }
    }

    #[inline]
    fn value(&mut self, at: usize, level: Level, field: Option<Field>) -> Result<usize, Unusual> {
        let bytes = self.text.as_bytes();
        match bytes.get(at).ok_or(Unusual)? {
            b'"' => match value_of(level, field) {
                Some(value) if !field.is_some_and(|field| self.reads(field)) => self.cut_string(at, value),
                _ => string(bytes, at).map(|(_, at)| at),
            },
            b'{' if (level, field) == (Level::Event, Some(Field::Data)) => self.object(at, Level::Data),
            b'{' if level == Level::Data && matches!(field, Some(Field::Groups | Field::Strata)) => {
                self.object(at, Level::Entries)
            }
            b'{' | b'[' => skip_nested(bytes, at),
            b'0'..=b'9' => self.number(at, field),
            _ => skip_word(bytes, at),
        }
    }

    /// Returns whether a rule reads the version of the profile, or the kind of a control. Then its stratum is among the names.
    fn reads(&self, field: Field) -> bool {
        let stratum = match field {
            Field::ProfileVersion => stratum::PROFILE_VERSION,
            Field::Kind => Feature::Kind.stratum(),
            Field::Intensity => Feature::Intensity.stratum(),
            Field::DurationMinutes => Feature::Duration.stratum(),
            _ => return false,
        };
        self.names.iter().any(|known| **known == *stratum)
    }

    /// Goes over the value of a dimension or stratum.
    #[inline]
    fn entry(&mut self, at: usize, name: &[u8]) -> Result<usize, Unusual> {
        let bytes = self.text.as_bytes();
        match bytes.get(at).ok_or(Unusual)? {
            b'"' if self.names.iter().any(|known| known.as_bytes() == name) => string(bytes, at).map(|(_, at)| at),
            b'"' => self.cut_string(at, Value::Text),
            b'{' | b'[' => skip_nested(bytes, at),
            _ => skip_word(bytes, at),
        }
    }

    #[inline]
    fn cut_string(&mut self, at: usize, value: Value) -> Result<usize, Unusual> {
        let (text, end) = string(self.text.as_bytes(), at)?;
        if has_control_characters(text) {
            return Err(Unusual);
        }
        self.found.take(value, text)?;
        self.cut(Cut { start: at + 1, end: end - 1, value })?;
        Ok(end)
    }

    fn number(&mut self, at: usize, field: Option<Field>) -> Result<usize, Unusual> {
        let value = match field {
            // It has few values: each has templates of its own.
            Some(field @ Field::Intensity) if self.reads(field) => return skip_word(self.text.as_bytes(), at),
            // It has too many for that.
            Some(field @ Field::DurationMinutes) if self.reads(field) => return Err(Unusual),
            Some(Field::Intensity) => Value::Number(MAX_INTENSITY),
            Some(Field::DurationMinutes) => Value::Number(MAX_DURATION_MINUTES),
            None => Value::AnyNumber,
            Some(_) => return skip_word(self.text.as_bytes(), at),
        };
        let mut plain = Plain::starting_at(self.text, at);
        let number = plain.number()?;
        if let Value::Number(max) = value
            && number.as_f64() > max
        {
            return Err(Unusual);
        }
        self.cut(Cut { start: at, end: plain.index(), value })?;
        Ok(plain.index())
    }

    fn cut(&mut self, cut: Cut) -> Result<(), Unusual> {
        if self.skim.cuts.len() == MAX_CUTS {
            return Err(Unusual);
        }
        self.keep_until(cut.start);
        self.copied = cut.end;
        self.skim.cuts.push(cut);
        Ok(())
    }

    #[inline]
    fn keep_until(&mut self, end: usize) {
        let kept = self.text.as_bytes().get(self.copied..end).unwrap_or_default();
        self.skim.essence.extend_from_slice(kept);
    }
}

/// Skips white space. Returns the next byte, and its index.
#[inline]
fn peek(bytes: &[u8], mut at: usize) -> Result<(u8, usize), Unusual> {
    loop {
        match bytes.get(at) {
            Some(byte) if *byte > b' ' => return Ok((*byte, at)),
            Some(_) => at += 1,
            None => return Err(Unusual),
        }
    }
}

#[inline]
fn expect(bytes: &[u8], at: usize, expected: u8) -> Result<usize, Unusual> {
    let (byte, at) = peek(bytes, at)?;
    if byte == expected { Ok(at + 1) } else { Err(Unusual) }
}

/// Reads a string that begins at the next byte.
#[inline]
fn string(bytes: &[u8], at: usize) -> Result<(&[u8], usize), Unusual> {
    let rest = bytes.get(at..).and_then(|rest| rest.strip_prefix(b"\"")).ok_or(Unusual)?;
    let text = rest.get(..next_quote(rest)?).unwrap_or_default();
    Ok((text, at + text.len() + 2))
}

/// Skips an object or an array by its brackets, without a look at what is in it.
fn skip_nested(bytes: &[u8], mut at: usize) -> Result<usize, Unusual> {
    let mut open = 0_usize;
    loop {
        match bytes.get(at).ok_or(Unusual)? {
            b'"' => {
                (_, at) = string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if open == 0 {
            return Ok(at);
        }
    }
}

/// Skips a literal or a number up to the byte that must follow it, without a look at it. No value at all is none: it would
/// leave the same behind as a number that is cut out.
fn skip_word(bytes: &[u8], start: usize) -> Result<usize, Unusual> {
    let mut at = start;
    while !matches!(bytes.get(at).ok_or(Unusual)?, b',' | b'}' | b']' | ..=b' ') {
        at += 1;
    }
    if at == start { Err(Unusual) } else { Ok(at) }
}

/// Returns what a string is cut out for; `None` where it stays in the essence.
#[inline]
const fn value_of(level: Level, field: Option<Field>) -> Option<Value> {
    Some(match (level, field) {
        (Level::Event, Some(Field::Id)) => Value::Id,
        (Level::Event, Some(Field::Time)) => Value::Time,
        (Level::Data, Some(Field::CaseId)) => Value::CaseId,
        (Level::Data, Some(Field::ControlId)) => Value::ControlId,
        (Level::Data, Some(Field::Revises)) => Value::Revises,
        (_, Some(Field::ProfileVersion | Field::Kind)) => Value::Text,
        (_, None) => Value::Any,
        (_, Some(_)) => return None,
    })
}

/// Returns whether no string of the text can have an escape.
fn is_free_of_escapes(text: &[u8]) -> bool {
    // Without leaving the loop early, many bytes are compared at once.
    text.iter().fold(0, |found, byte| found | u8::from(*byte == b'\\')) == 0
}

fn has_control_characters(text: &[u8]) -> bool {
    text.iter().fold(0, |found, byte| found | u8::from(*byte < b' ')) != 0
}

/// Returns the index of the first quote.
#[inline]
fn next_quote(bytes: &[u8]) -> Result<usize, Unusual> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk) ^ (ONES * b'"' as u64);
        // The lowest bit that is set belongs to the first byte that is a quote; higher ones may be carries.
        let quotes = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if quotes != 0 {
            return Ok(at + (quotes.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'"').map(|place| at + place).ok_or(Unusual)
}

/// The values that were found, as far as they are kept.
pub(super) struct Found<'t, 'a> {
    string_bytes: usize,
    times: &'t mut TimeReader,
    id: Option<&'a [u8]>,
    time: Option<EventTime>,
    case_id: Option<&'a [u8]>,
    control_id: Option<&'a [u8]>,
    revises: Option<&'a [u8]>,
}

impl<'t, 'a> Found<'t, 'a> {
    #[inline]
    pub const fn new(limits: &Limits, times: &'t mut TimeReader) -> Self {
        let string_bytes = limits.string_bytes;
        Self { string_bytes, times, id: None, time: None, case_id: None, control_id: None, revises: None }
    }

    /// Takes a text that was cut out. The decoder checks every text of the contract in the same way.
    #[inline]
    pub fn take(&mut self, value: Value, text: &'a [u8]) -> Result<(), Unusual> {
        if value == Value::Any {
            return Ok(());
        }
        if text.is_empty() || text.len() > self.string_bytes {
            return Err(Unusual);
        }
        let slot = match value {
            Value::Id => &mut self.id,
            Value::CaseId => &mut self.case_id,
            Value::ControlId => &mut self.control_id,
            Value::Revises => &mut self.revises,
            Value::Time => {
                self.time = Some(self.times.read(text).filter(|time| is_possible(*time)).ok_or(Unusual)?);
                return Ok(());
            }
            _ => return Ok(()),
        };
        *slot = Some(text);
        Ok(())
    }

    /// Takes the time at the beginning of a text that a quote ends, if it is as most are. Returns the rest, which begins with the quote, or
    /// `None`, with nothing taken.
    #[inline]
    pub fn take_time<'r>(&mut self, text: &'r [u8]) -> Option<&'r [u8]> {
        let (time, rest) = self.times.read_quoted(text)?;
        if !is_possible(time) || text.len() - rest.len() > self.string_bytes {
            return None;
        }
        self.time = Some(time);
        Some(rest)
    }

    #[inline]
    pub fn finish(self) -> Option<Skimmed<'a>> {
        let Self { id, time, case_id, control_id, revises, .. } = self;
        Some(Skimmed { id: id?, time: time?, case_id: case_id?, control_id, revises })
    }
}

//! From the bytes of a Kafka record to an event, or to the reason why it is none.

use std::borrow::Cow;

use crate::event::context::Context;
use crate::event::envelope::{EVENT, Envelope, is_json, read_envelope};
use crate::event::field::Field;
use crate::event::{Event, EventTime, Reason, Rejection, Span};

/// Most levels of nested objects and arrays in a payload, unknown fields included.
pub const MAX_DEPTH: usize = 32;

/// The bounds of a single event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest string of the contract (id, profile, group name ...), in bytes of UTF-8.
    pub string_bytes: usize,
    /// Longest payload, in bytes.
    pub message_bytes: usize,
}

/// A Kafka record, or a line of a file.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'a> {
    /// The record's value; empty for a tombstone.
    pub payload: &'a [u8],
    /// The record's headers in their order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The record's timestamp; `None` where there is none, as in a file.
    pub timestamp: Option<EventTime>,
}

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq)]
// A box would cost an allocation for nearly every record, to save space in none that is kept.
#[expect(clippy::large_enum_variant)]
pub enum Decoded<'a> {
    /// An event of the contract.
    Event(Event<'a>),
    /// A CloudEvent of a type that is none of the contract's.
    UnknownType,
}

/// Decodes one record in CloudEvents' structured or binary mode.
///
/// `max_ahead` bounds the event's time by the record's timestamp plus itself; `None`, or a record
/// without a timestamp, leaves it unbounded.
///
/// # Errors
/// A [`Rejection`] that says what was expected, what was found and where, without any value of the
/// event. Nothing is asked of an event of unknown type but that it is a CloudEvent's JSON.
pub fn decode<'a>(record: &RawRecord<'a>, limits: &Limits, max_ahead: Option<Span>) -> Result<Decoded<'a>, Rejection> {
    check_size(record.payload, limits)?;
    let decoded = match mode(record.headers)? {
        Mode::Structured => decode_structured(record.payload, limits)?,
        Mode::Binary => decode_binary(record.payload, record.headers, limits)?,
    };
    if let Decoded::Event(event) = &decoded {
        check_ahead(event.time, record.timestamp, max_ahead)?;
    }
    Ok(decoded)
}

fn decode_structured<'a>(payload: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Rejection> {
    let context = Context::new(limits, EVENT);
    let payload = check_text(payload)?;
    let mut envelope = Envelope::default();
    read_envelope(&context, payload, &mut envelope)?;
    envelope.finish(&context, payload, None)
}

fn decode_binary<'a>(
    payload: &'a [u8],
    headers: &[(&'a str, &'a [u8])],
    limits: &Limits,
) -> Result<Decoded<'a>, Rejection> {
    let context = Context::new(limits, EVENT);
    let mut envelope = read_headers(&context, headers)?;
    if envelope.is_unknown() {
        // Its payload may be anything.
        return Ok(Decoded::UnknownType);
    }
    let payload = check_text(payload)?;
    envelope.finish(&context, payload, Some(payload))
}

fn check_size(payload: &[u8], limits: &Limits) -> Result<(), Rejection> {
    let (found, limit) = (payload.len(), limits.message_bytes);
    if found <= limit {
        return Ok(());
    }
    let detail = format!("payload: expected at most {limit} bytes, found {found}");
    Err(Rejection::new(Reason::TooLarge, detail))
}

/// Presence, encoding and depth: what must hold before a payload is worth parsing.
fn check_text(payload: &[u8]) -> Result<&str, Rejection> {
    if payload.is_empty() {
        let detail = "payload: expected JSON, found no bytes";
        return Err(Rejection::new(Reason::EmptyPayload, detail));
    }
    let text = std::str::from_utf8(payload).map_err(|error| {
        let offset = error.valid_up_to();
        let detail = format!("payload: expected UTF-8, found other bytes at byte {offset}");
        Rejection::new(Reason::InvalidUtf8, detail)
    })?;
    if may_be_too_deep(payload) {
        check_depth(payload)?;
    }
    Ok(text)
}

/// Whether there are enough opening brackets, in strings or not, to nest deeper than allowed.
/// Nearly no event has, and counting is far cheaper than following the nesting.
#[inline]
fn may_be_too_deep(payload: &[u8]) -> bool {
    // At most 255 per chunk, so that the count fits a byte and many bytes are compared at once.
    // `[` and `{` differ in one bit.
    let count = |chunk: &[u8]| chunk.iter().fold(0_u8, |count, byte| count + u8::from(byte | 0x20 == b'{'));
    payload.chunks(255).map(|chunk| usize::from(count(chunk))).sum::<usize>() > MAX_DEPTH
}

/// Follows the nesting outside strings.
fn check_depth(payload: &[u8]) -> Result<(), Rejection> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (offset, byte) in payload.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let detail = format!("payload: expected at most {MAX_DEPTH} nested levels, found more at byte {offset}");
            return Err(Rejection::new(Reason::TooDeep, detail));
        }
    }
    Ok(())
}

enum Mode {
    /// The payload is the whole event.
    Structured,
    /// The payload is the data; the attributes are headers.
    Binary,
}

/// The mode by CloudEvents' Kafka binding: a content type of CloudEvents' own means structured;
/// else attributes in headers mean binary.
fn mode(headers: &[(&str, &[u8])]) -> Result<Mode, Rejection> {
    let mut has_version = false;
    let mut has_attribute = false;
    let mut content_type: &[u8] = b"";
    for (name, value) in headers {
        if let Some(attribute) = strip_prefix_ignoring_case(name, "ce_") {
            has_attribute = true;
            has_version |= attribute.eq_ignore_ascii_case("specversion");
        } else if name.eq_ignore_ascii_case("content-type") {
            content_type = value;
        }
    }
    let content_type = std::str::from_utf8(content_type).unwrap_or_default();
    if strip_prefix_ignoring_case(content_type, "application/cloudevents").is_some() {
        return check_structured(content_type).map(|()| Mode::Structured);
    }
    if has_version || (has_attribute && is_json(content_type)) {
        return Ok(Mode::Binary);
    }
    Ok(Mode::Structured)
}

fn check_structured(content_type: &str) -> Result<(), Rejection> {
    let batch = strip_prefix_ignoring_case(content_type, "application/cloudevents-batch").is_some();
    if is_json(content_type) && !batch {
        return Ok(());
    }
    let detail = "header content-type: expected application/cloudevents+json, found another format of CloudEvents";
    Err(Rejection::new(Reason::UnsupportedFormat, detail))
}

/// The attributes of a binary-mode record.
fn read_headers<'a>(context: &Context, headers: &[(&'a str, &'a [u8])]) -> Result<Envelope<'a>, Rejection> {
    let mut envelope = Envelope::default();
    for (name, value) in headers {
        let Some(field) = attribute_of(name) else {
            continue;
        };
        context.enter("header", Some(field));
        let value = std::str::from_utf8(value).map_err(|error| {
            let offset = error.valid_up_to();
            let detail = format!("expected UTF-8, found other bytes at byte {offset}");
            context.reject(Reason::InvalidUtf8, &detail)
        })?;
        if !envelope.set(field, Cow::Borrowed(value)) {
            let detail = "expected one, found another";
            return Err(context.reject(Reason::DuplicateField, detail));
        }
    }
    Ok(envelope)
}

/// The attribute that a header of binary mode carries.
fn attribute_of(header: &str) -> Option<Field> {
    if header.eq_ignore_ascii_case("content-type") {
        return Some(Field::DataContentType);
    }
    let name = strip_prefix_ignoring_case(header, "ce_")?;
    [Field::SpecVersion, Field::Type, Field::Id, Field::Source, Field::Time]
        .into_iter()
        .find(|field| name.eq_ignore_ascii_case(field.name()))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn check_ahead(time: EventTime, timestamp: Option<EventTime>, max_ahead: Option<Span>) -> Result<(), Rejection> {
    let (Some(timestamp), Some(max_ahead)) = (timestamp, max_ahead) else {
        return Ok(());
    };
    if time <= timestamp.plus(max_ahead) {
        return Ok(());
    }
    let (ahead, limit) = (time.since(timestamp).0, max_ahead.0);
    let detail = format!("event.time: expected at most {limit} ms after the record's timestamp, found {ahead} ms");
    Err(Rejection::new(Reason::AheadOfRecord, detail))
}

//! Decoding: from the bytes of a Kafka record to an event, or to a rejection.

use std::borrow::Cow;

use super::context::Context;
use super::decoded::Decoded;
use super::depth::check_depth;
use super::envelope::{EVENT, Envelope, is_json, read_envelope, read_plain_envelope};
use super::field::Field;
use super::near_miss::{NearHeaders, near_headers};
use super::rejection::{Reason, Rejection};
use super::wrapping::{begins_array, wrapping};
use crate::plan::{EventTime, Limits, Span};

/// A Kafka record, or a line of a file.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'a> {
    /// The value of the record; empty for a tombstone.
    pub payload: &'a [u8],
    /// The headers of the record in their order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The timestamp of the record; `None` where it has none, as in a file.
    pub timestamp: Option<EventTime>,
}

/// The byte order mark of UTF-8, which RFC 8259 allows a reader to pass over. Windows programs begin a text with it.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns a text without the byte order mark that it may begin with.
///
/// Whoever makes a [`RawRecord`] takes the mark off, so that templates recognise the record and positions in rejections
/// count from the text. A dead letter is made of the record as it came, with its mark.
#[inline]
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// Decodes one record, in the structured or binary mode of CloudEvents. A byte order mark is passed over.
///
/// `max_ahead` is how far the event time may be after the timestamp of the record. Without it, or without a timestamp,
/// there is no limit.
///
/// # Errors
/// A [`Rejection`] that says what was expected, what was found and where, without any value of the event. An event of
/// unknown type need only be the JSON of a CloudEvent.
pub fn decode<'a>(record: &RawRecord<'a>, limits: &Limits, max_ahead: Option<Span>) -> Result<Decoded<'a>, Rejection> {
    decode_by::<true>(record, limits, max_ahead)
}

/// Decodes one record without the fast path for plain JSON. The result is that of [`decode`]; tests compare the two.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_generally<'a>(
    record: &RawRecord<'a>,
    limits: &Limits,
    max_ahead: Option<Span>,
) -> Result<Decoded<'a>, Rejection> {
    decode_by::<false>(record, limits, max_ahead)
}

fn decode_by<'a, const FAST: bool>(
    record: &RawRecord<'a>,
    limits: &Limits,
    max_ahead: Option<Span>,
) -> Result<Decoded<'a>, Rejection> {
    let payload = without_mark(record.payload);
    check_size(payload, limits)?;
    let mode = mode(record.headers)?;
    let decoded = match mode {
        Mode::Structured => decode_structured::<FAST>(payload, limits),
        Mode::Binary => decode_binary::<FAST>(payload, record.headers, limits),
    };
    if let Err(rejection) = decoded {
        return explained(rejection, mode, payload, record.headers);
    }
    // By reference: taking the event out of the result and putting it back would copy it twice.
    if let Ok(Decoded::Event(event)) = &decoded {
        check_ahead(event.time, record.timestamp, max_ahead)?;
    }
    decoded
}

/// Returns what a record is that was refused: another reason where what is around the event explains more.
#[cold]
fn explained<'a>(
    rejection: Rejection,
    mode: Mode,
    payload: &[u8],
    headers: &[(&str, &[u8])],
) -> Result<Decoded<'a>, Rejection> {
    if rejection.reason == Reason::NearMiss {
        return Err(rejection);
    }
    if let Some(found) = wrapping(payload) {
        let detail = format!("payload: expected JSON of the contract, found {found}");
        return Err(Rejection::new(Reason::UnsupportedFormat, detail));
    }
    let is_attribute =
        |name: &str| !matches!(attribute_of(name), Attribute::None | Attribute::Known(Field::DataContentType));
    let none_is_attribute = mode == Mode::Structured && !headers.iter().any(|(name, _)| is_attribute(name));
    match near_headers(headers).filter(|_| none_is_attribute) {
        Some(NearHeaders::Foreign) => Ok(Decoded::UnknownType),
        Some(NearHeaders::Ours) => {
            let detail = "headers: expected the prefix ce_ of the Kafka binding, found another one";
            Err(Rejection::new(Reason::NearMiss, detail))
        }
        None => Err(rejection),
    }
}

fn decode_structured<'a, const FAST: bool>(payload: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Rejection> {
    let context = Context::new(limits, EVENT);
    let payload = check_text(payload)?;
    let mut envelope = Envelope::default();
    if !(FAST && read_plain_envelope(&context, payload, &mut envelope)) {
        check_depth(payload)?;
        context.forget();
        envelope = Envelope::default();
        read_envelope(&context, payload, &mut envelope)?;
    }
    envelope.finish(&context, payload, None)
}

fn decode_binary<'a, const FAST: bool>(
    payload: &'a [u8],
    headers: &[(&'a str, &'a [u8])],
    limits: &Limits,
) -> Result<Decoded<'a>, Rejection> {
    let context = Context::new(limits, EVENT);
    let mut envelope = read_headers(&context, headers)?;
    if envelope.is_unknown() {
        // The contract says nothing about its payload.
        return Ok(Decoded::UnknownType);
    }
    envelope.refuse_near_miss(&context)?;
    let payload = check_text(payload)?;
    if FAST && envelope.read_plain_body(&context, payload) {
        return envelope.finish(&context, payload, None);
    }
    check_depth(payload)?;
    context.forget();
    envelope.finish(&context, payload, Some(payload))
}

fn check_size(payload: &[u8], limits: &Limits) -> Result<(), Rejection> {
    let (found, limit) = (payload.len(), limits.message_bytes);
    if found <= limit {
        return Ok(());
    }
    let of_array =
        if begins_array(payload) { " of an array; each event is a record, or a line, of its own" } else { "" };
    let detail = format!("payload: expected at most {limit} bytes, found {found}{of_array}");
    Err(Rejection::new(Reason::TooLarge, detail))
}

/// Checks that a payload is there and is UTF-8.
fn check_text(payload: &[u8]) -> Result<&str, Rejection> {
    if payload.is_empty() {
        let detail = "payload: expected JSON, found no bytes";
        return Err(Rejection::new(Reason::EmptyPayload, detail));
    }
    std::str::from_utf8(payload).map_err(|error| {
        let offset = error.valid_up_to();
        let detail = if payload.starts_with(&[0xFF, 0xFE]) || payload.starts_with(&[0xFE, 0xFF]) {
            "payload: expected UTF-8, found the byte order mark of UTF-16".to_owned()
        } else {
            format!("payload: expected UTF-8, found other bytes at byte {offset}")
        };
        Rejection::new(Reason::InvalidUtf8, detail)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The payload is the whole event.
    Structured,
    /// The payload is the data of the event; its attributes are headers.
    Binary,
}

/// Returns the mode of a record by the Kafka binding of CloudEvents. A content type of CloudEvents means structured
/// mode. Otherwise attributes in headers mean binary mode.
pub(super) fn mode(headers: &[(&str, &[u8])]) -> Result<Mode, Rejection> {
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
    // Bytes that are no text name no content type.
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

/// Reads the attributes of a binary-mode record from its headers.
fn read_headers<'a>(context: &Context, headers: &[(&'a str, &'a [u8])]) -> Result<Envelope<'a>, Rejection> {
    let mut envelope = Envelope::default();
    for (name, value) in headers {
        // Other headers are the business of others.
        let Attribute::Known(field) = attribute_of(name) else { continue };
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

/// What a header is for the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    /// An attribute that the contract uses.
    Known(Field),
    /// Another attribute of CloudEvents.
    Unknown,
    /// The business of others.
    None,
}

/// Returns what a header is in binary mode.
pub(super) fn attribute_of(header: &str) -> Attribute {
    if header.eq_ignore_ascii_case("content-type") {
        return Attribute::Known(Field::DataContentType);
    }
    let Some(name) = strip_prefix_ignoring_case(header, "ce_") else { return Attribute::None };
    [Field::SpecVersion, Field::Type, Field::Id, Field::Source, Field::Time]
        .into_iter()
        .find(|field| name.eq_ignore_ascii_case(field.name()))
        .map_or(Attribute::Unknown, Attribute::Known)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Returns whether an event time is further ahead of the record's timestamp than allowed.
#[inline]
#[must_use]
pub fn is_ahead(time: EventTime, timestamp: Option<EventTime>, max_ahead: Option<Span>) -> bool {
    timestamp.zip(max_ahead).is_some_and(|(timestamp, max_ahead)| time > timestamp.plus(max_ahead))
}

fn check_ahead(time: EventTime, timestamp: Option<EventTime>, max_ahead: Option<Span>) -> Result<(), Rejection> {
    let (true, Some(timestamp), Some(max_ahead)) = (is_ahead(time, timestamp, max_ahead), timestamp, max_ahead) else {
        return Ok(());
    };
    let (ahead, limit) = (time.since(timestamp).0, max_ahead.0);
    let detail = format!("event.time: expected at most {limit} ms after the record's timestamp, found {ahead} ms");
    Err(Rejection::new(Reason::AheadOfRecord, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };

    fn is_plain(payload: &str) -> bool {
        read_plain_envelope(&Context::new(&LIMITS, EVENT), payload, &mut Envelope::default())
    }

    /// Comparing the two paths proves nothing unless the fast one is really used.
    #[test]
    fn ordinary_events_take_the_fast_path_and_odd_ones_do_not() {
        let event = r#"{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/s","id":"e","subject":[1,{"a":null}],"time":"2026-03-01T08:15:30Z","data":{"case_id":"café","profile":"p","selected":true,"channel":null,"groups":{"g":"a","h":{"x":0.25}},"criteria":["a"]}}"#;
        assert!(is_plain(event));
        assert!(is_plain(&event.replace(',', " ,\n ").replace("\":", "\"\t: ")));
        for (part, odd) in [("caf", "c\\u0061f"), ("0.25", "2.5e-1"), ("}}", "}} x"), ("true", "1"), ("\"e\"", "-1")] {
            assert!(event.contains(part) && !is_plain(&event.replacen(part, odd, 1)), "{odd}");
        }
        let binary = r#"{"case_id":"c","intensity":2.5,"performed":true}"#;
        let mut envelope = Envelope::default();
        assert!(envelope.set(Field::Type, Cow::Borrowed("paritywatch.control.v1")));
        assert!(envelope.read_plain_body(&Context::new(&LIMITS, EVENT), binary));
    }
}

//! The HTTP binding of CloudEvents 1.0.2: a request's events, as the Kafka binding has them.

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use serde_json::value::RawValue;

use super::limits::EVENTS;
use crate::event::{Reason, Rejection, without_mark};

/// What an attribute's header begins with, here and in Kafka.
const PREFIX: &str = "ce-";
const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
const CONTENT_TYPE: &str = "content-type";
const MODES: &str = "expected application/cloudevents+json, application/cloudevents-batch+json, or JSON with the headers ce-specversion, \
                     ce-type, ce-source, ce-id and ce-time";

/// One event, as it is written to Kafka.
#[derive(Debug)]
pub(super) struct Message<'a> {
    /// The whole event, or its data.
    pub payload: &'a [u8],
    /// The content type, and in binary mode the attributes.
    attributes: Vec<(Cow<'a, str>, Cow<'a, [u8]>)>,
}

/// Why nothing of a request is taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is in none of the three modes.
    MediaType(&'static str),
    /// Events cannot be taken.
    Events {
        /// How many there are, as far as they can be counted.
        all: usize,
        /// Why not.
        troubles: Vec<Trouble>,
    },
}

/// What is wrong with one event.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Why it is refused.
    pub rejection: Rejection,
}

impl Message<'_> {
    /// The headers of the record.
    pub fn headers(&self) -> Vec<(&str, &[u8])> {
        self.attributes.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect()
    }
}

/// Returns the events of a request, of which nothing but the framing was looked at.
///
/// # Errors
/// [`Refusal`] says what was expected.
pub(super) fn read<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Result<Vec<Message<'a>>, Refusal> {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (given.next(), given.next()) else { return Err(Refusal::MediaType(MODES)) };
    let content_type = content_type.to_str().map_err(|_| Refusal::MediaType(MODES))?;
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !is_utf8(parameters) {
        return Err(Refusal::MediaType("expected UTF-8, found another charset"));
    }
    let essence = essence.trim().to_ascii_lowercase();
    match essence.as_str() {
        STRUCTURED => Ok(vec![structured(body)]),
        BATCH => batch(body),
        other if other.starts_with("application/cloudevents") => Err(Refusal::MediaType(MODES)),
        _ if headers.contains_key("ce-specversion") => binary(headers, content_type, body).map(|event| vec![event]),
        _ => Err(Refusal::MediaType(MODES)),
    }
}

/// Whether the parameters of a content type name no other charset.
fn is_utf8(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

fn structured(payload: &[u8]) -> Message<'_> {
    let content_type = (Cow::Borrowed(CONTENT_TYPE), Cow::Borrowed(STRUCTURED.as_bytes()));
    Message { payload: without_mark(payload), attributes: vec![content_type] }
}

fn batch(body: &[u8]) -> Result<Vec<Message<'_>>, Refusal> {
    let refused = |reason, detail: String| {
        let troubles = vec![Trouble { index: 0, rejection: Rejection::new(reason, detail) }];
        Refusal::Events { all: 1, troubles }
    };
    let events: Vec<&RawValue> = serde_json::from_slice(without_mark(body)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        refused(
            Reason::NotJson,
            format!("body: expected a JSON array of events, found something else at line {line}, column {column}"),
        )
    })?;
    if events.len() > EVENTS {
        return Err(refused(
            Reason::TooMany,
            format!("body: expected at most {EVENTS} events, found {}", events.len()),
        ));
    }
    Ok(events.into_iter().map(|event| structured(event.get().as_bytes())).collect())
}

/// Attributes are written `ce_name` in Kafka, and as they are: percent-encoding is that of HTTP.
fn binary<'a>(headers: &'a HeaderMap, content_type: &'a str, body: &'a [u8]) -> Result<Message<'a>, Refusal> {
    let mut attributes = vec![(Cow::Borrowed(CONTENT_TYPE), Cow::Borrowed(content_type.as_bytes()))];
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix(PREFIX) else { continue };
        let Some(value) = percent_decoded(value.as_bytes()) else {
            let detail =
                format!("header {name}: expected UTF-8 and each % followed by two hex digits, found something else");
            let rejection = Rejection::new(Reason::InvalidValue, detail);
            return Err(Refusal::Events { all: 1, troubles: vec![Trouble { index: 0, rejection }] });
        };
        attributes.push((Cow::Owned(format!("ce_{attribute}")), value));
    }
    Ok(Message { payload: without_mark(body), attributes })
}

/// Returns a header's value percent-decoded; `None` where it is no text.
fn percent_decoded(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !value.contains(&b'%') {
        return std::str::from_utf8(value).is_ok().then_some(Cow::Borrowed(value));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    std::str::from_utf8(&decoded).is_ok().then_some(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn given(headers: &[(&str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        headers.iter().map(header).collect()
    }

    #[test]
    fn a_batch_is_cut_into_the_bytes_of_its_events() {
        let headers = given(&[("content-type", " Application/CloudEvents-Batch+JSON ;charset=\"utf-8\"")]);
        let events = read(&headers, "\u{feff} [ {\"a\" : [1,2]} ,\n{\"b\":\"],[\"}]".as_bytes()).unwrap();
        let payloads: Vec<&[u8]> = events.iter().map(|event| event.payload).collect();
        assert_eq!(payloads, [&b"{\"a\" : [1,2]}"[..], b"{\"b\":\"],[\"}"]);
        assert_eq!(events[0].headers(), [("content-type", &b"application/cloudevents+json"[..])]);
    }

    #[test]
    fn attributes_in_headers_are_read_as_the_binding_writes_them() {
        for (written, read) in [
            ("a", Some("a")),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", Some("Euro \u{20ac} \u{1f600}")),
            ("%25%e2%82%ac", Some("%\u{20ac}")),
            ("%", None),
            ("%2", None),
            ("%+1", None),
            ("%E2%82", None),
        ] {
            let decoded = percent_decoded(written.as_bytes());
            assert_eq!(decoded.as_deref(), read.map(str::as_bytes), "{written}");
        }
        assert_eq!(percent_decoded(b"\xff"), None);
    }

    #[test]
    fn the_mode_follows_from_the_content_type() {
        for (headers, is_read) in [
            (&[("content-type", "application/json"), ("ce-specversion", "1.0")][..], true),
            (&[("content-type", "application/json")], false),
            (&[("content-type", "application/cloudevents+xml"), ("ce-specversion", "1.0")], false),
            (&[("content-type", "application/cloudevents+json;charset=utf-16")], false),
            (&[("content-type", "application/cloudevents+json"), ("content-type", "application/json")], false),
            (&[("ce-specversion", "1.0")], false),
        ] {
            let map = given(headers);
            assert_eq!(read(&map, b"{}").is_ok(), is_read, "{headers:?}");
        }
    }
}

//! The CloudEvents envelope. It is read from JSON (structured mode) or from headers (binary mode), and then checked in
//! one way.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::context::Context;
use super::data::DataOf;
use super::decoded::Decoded;
use super::event_type::EventType;
use super::field::{Field, FieldSet, set_of};
use super::model::{Data, Event};
use super::near_miss::NearMiss;
use super::object::{DATA, Fill, Object};
use super::plain::Plain;
use super::rejection::{Reason, Rejection};
use super::time::parse_date_time;
use super::value::{AnyText, Optional, POSSIBLE_TIMES, is_possible};
use crate::plan::EventTime;

/// The path of the envelope in rejections.
pub(super) const EVENT: &str = "event";

/// The attributes of the envelope that the contract uses, not yet checked. One that is `null` counts as absent.
///
/// They are checked after all have been read: those of an event of unknown type need not be valid.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    event_type: Option<Type>,
    spec_version: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    content_type: Option<Cow<'a, str>>,
    has_base64: bool,
    /// Data that came before `type`, and can be read only once the type is known.
    unread_data: Option<&'a RawValue>,
    data: Option<Data<'a>>,
}

/// A CloudEvents `type`.
#[derive(Clone, Copy)]
enum Type {
    Known(EventType),
    /// One of the contract, but for a detail.
    Near(NearMiss),
    Unknown,
    Empty,
}

impl<'a> Object<'a> for Envelope<'a> {
    const PATH: &'static str = EVENT;
    const FIELDS: FieldSet = set_of(&[
        Field::SpecVersion,
        Field::Type,
        Field::Id,
        Field::Source,
        Field::Time,
        Field::DataContentType,
        Field::Data,
        Field::DataBase64,
    ]);
    const REQUIRED: FieldSet = 0;

    #[inline]
    fn read<M: MapAccess<'a>>(&mut self, field: Field, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match field {
            Field::Data => self.read_data(map, context),
            Field::DataBase64 => {
                self.has_base64 = map.next_value_seed(Optional(Anything))?.is_some();
                Ok(())
            }
            _ => {
                if let Some(value) = map.next_value_seed(Optional(AnyText))? {
                    self.set(field, value);
                }
                Ok(())
            }
        }
    }
}

impl<'a> Envelope<'a> {
    /// Sets an attribute, from JSON or a header. Returns false where it was set before.
    #[inline]
    pub(super) fn set(&mut self, field: Field, value: Cow<'a, str>) -> bool {
        let slot = match field {
            Field::Type => return self.event_type.replace(Type::of(&value)).is_none(),
            Field::SpecVersion => &mut self.spec_version,
            Field::Id => &mut self.id,
            Field::Source => &mut self.source,
            Field::Time => &mut self.time,
            _ => &mut self.content_type,
        };
        slot.replace(value).is_none()
    }

    #[inline]
    fn read_data<M: MapAccess<'a>>(&mut self, map: &mut M, context: &Context) -> Result<(), M::Error> {
        match self.event_type {
            Some(Type::Known(event_type)) => {
                let slot = &mut self.data;
                map.next_value_seed(Optional(DataOf { context, event_type, slot }))?;
            }
            Some(Type::Near(_) | Type::Unknown | Type::Empty) => {
                map.next_value::<IgnoredAny>()?;
            }
            None => {
                let raw = map.next_value::<&RawValue>()?;
                self.unread_data = Some(raw).filter(|raw| raw.get() != "null");
            }
        }
        Ok(())
    }

    /// Returns whether the event has a type that the contract does not have.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.event_type, Some(Type::Unknown))
    }

    /// Refuses an event whose type is one of the contract but for a detail.
    pub(super) fn refuse_near_miss(&self, context: &Context) -> Result<(), Rejection> {
        let Some(Type::Near(near)) = self.event_type else { return Ok(()) };
        context.enter(EVENT, Some(Field::Type));
        Err(context.reject(Reason::NearMiss, &near.detail()))
    }

    /// Reads the body of a binary-mode record by the fast path. Returns false where the general path must read it.
    pub(super) fn read_plain_body(&mut self, context: &Context, body: &'a str) -> bool {
        let Some(Type::Known(event_type)) = self.event_type else {
            return false;
        };
        context.enter(DATA, None);
        let mut parser = Plain::new(body);
        let seed = DataOf { context, event_type, slot: &mut self.data };
        let read = seed.deserialize(&mut parser).and_then(|()| parser.end()).is_ok();
        if !read {
            self.data = None;
        }
        read
    }

    /// Checks the attributes, and reads the data where that has not been done. In binary mode, `body` is the data; it
    /// is `None` in structured mode, and where the data was read.
    pub(super) fn finish(
        &mut self,
        context: &Context,
        payload: &'a str,
        body: Option<&'a str>,
    ) -> Result<Decoded<'a>, Rejection> {
        let event_type = match self.event_type {
            Some(Type::Known(event_type)) => event_type,
            Some(Type::Near(_)) => return self.refuse_near_miss(context).map(|()| Decoded::UnknownType),
            Some(Type::Unknown) => return Ok(Decoded::UnknownType),
            Some(Type::Empty) => return Err(empty(context, Field::Type)),
            None => return Err(absent(context, Field::Type)),
        };
        check_spec_version(context, self.spec_version.take())?;
        let id = check_name(context, Field::Id, self.id.take())?;
        let source = check_name(context, Field::Source, self.source.take())?;
        let time = check_time(context, self.time.take())?;
        if self.has_base64 {
            context.enter(EVENT, Some(Field::DataBase64));
            let detail = "expected data as JSON in `data`, found data in Base64";
            return Err(context.reject(Reason::UnsupportedFormat, detail));
        }
        if self.content_type.as_deref().is_some_and(|name| !is_json(name)) {
            context.enter(EVENT, Some(Field::DataContentType));
            let detail = "expected application/json, found another media type";
            return Err(context.reject(Reason::UnsupportedFormat, detail));
        }
        if let Some(text) = self.unread_data.map(RawValue::get).or(body) {
            read_text(context, event_type, payload, text, &mut self.data)?;
        }
        let Some(data) = self.data.take() else {
            return Err(absent(context, Field::Data));
        };
        if let Data::Measure(measure) = &data {
            check_until(context, time, measure.until)?;
        }
        Ok(Decoded::Event(Event { id, source, time, data }))
    }
}

impl Type {
    #[inline]
    fn of(name: &str) -> Self {
        match EventType::of(name) {
            Some(event_type) => Self::Known(event_type),
            None if name.is_empty() => Self::Empty,
            None => NearMiss::of(name).map_or(Self::Unknown, Self::Near),
        }
    }
}

/// Reads a structured-mode payload into an empty envelope by the fast path. Returns false where the general path must
/// read it; the envelope is then to be discarded.
pub(super) fn read_plain_envelope<'a>(context: &Context, payload: &'a str, envelope: &mut Envelope<'a>) -> bool {
    let mut parser = Plain::new(payload);
    let seed = Fill { context, object: envelope };
    seed.deserialize(&mut parser).and_then(|()| parser.end()).is_ok()
}

/// Reads a structured-mode payload into an empty envelope by the general path.
pub(super) fn read_envelope<'a>(
    context: &Context,
    payload: &'a str,
    envelope: &mut Envelope<'a>,
) -> Result<(), Rejection> {
    let mut parser = serde_json::Deserializer::from_str(payload);
    let seed = Fill { context, object: envelope };
    seed.deserialize(&mut parser).and_then(|()| parser.end()).map_err(|error| context.reject_json(&error, payload, 0))
}

/// Reads data from `text`, which must be a part of `payload`, into `slot`.
fn read_text<'a>(
    context: &Context,
    event_type: EventType,
    payload: &str,
    text: &'a str,
    slot: &mut Option<Data<'a>>,
) -> Result<(), Rejection> {
    context.enter(DATA, None);
    let mut parser = serde_json::Deserializer::from_str(text);
    let seed = DataOf { context, event_type, slot };
    seed.deserialize(&mut parser).and_then(|()| parser.end()).map_err(|error| {
        let start = text.as_ptr().addr() - payload.as_ptr().addr();
        context.reject_json(&error, payload, start)
    })
}

fn check_spec_version(context: &Context, version: Option<Cow<'_, str>>) -> Result<(), Rejection> {
    match version.as_deref() {
        Some("1.0") => Ok(()),
        None => Err(absent(context, Field::SpecVersion)),
        Some("") => Err(empty(context, Field::SpecVersion)),
        Some(_) => {
            context.enter(EVENT, Some(Field::SpecVersion));
            let detail = "expected 1.0, found another version";
            Err(context.reject(Reason::InvalidValue, detail))
        }
    }
}

#[inline]
fn check_name<'a>(context: &Context, field: Field, name: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, Rejection> {
    let name = name.ok_or_else(|| absent(context, field))?;
    if name.is_empty() {
        return Err(empty(context, field));
    }
    if let Some(detail) = context.too_long(&name) {
        context.enter(EVENT, Some(field));
        return Err(context.reject(Reason::StringTooLong, &detail));
    }
    Ok(name)
}

#[inline]
fn check_time(context: &Context, time: Option<Cow<'_, str>>) -> Result<EventTime, Rejection> {
    let text = time.ok_or_else(|| absent(context, Field::Time))?;
    if text.is_empty() {
        return Err(empty(context, Field::Time));
    }
    context.enter(EVENT, Some(Field::Time));
    let Some(time) = parse_date_time(&text) else {
        let detail = "expected a date-time by RFC 3339, found another string";
        return Err(context.reject(Reason::InvalidTime, detail));
    };
    if !is_possible(time) {
        return Err(context.reject(Reason::ImpossibleTime, POSSIBLE_TIMES));
    }
    Ok(time)
}

/// Checks that a measure ends after it was taken. The data may come before the time, so it cannot be checked earlier.
fn check_until(context: &Context, time: EventTime, until: Option<EventTime>) -> Result<(), Rejection> {
    if until.is_none_or(|until| until > time) {
        return Ok(());
    }
    context.enter(DATA, Some(Field::Until));
    Err(context.reject(Reason::InvalidValue, "expected a time after event.time, found one that is not"))
}

#[cold]
fn absent(context: &Context, field: Field) -> Rejection {
    context.enter(EVENT, Some(field));
    context.reject(Reason::MissingField, "expected this field, found none")
}

#[cold]
fn empty(context: &Context, field: Field) -> Rejection {
    context.enter(EVENT, Some(field));
    context.reject(Reason::EmptyField, "expected a non-empty string")
}

/// Returns whether a media type is JSON: `application/json`, `text/json` or `...+json`, with or without parameters.
pub(super) fn is_json(media_type: &str) -> bool {
    let name = media_type.split_once(';').map_or(media_type, |(name, _)| name).trim();
    let ends_with = |suffix: &str| {
        let start = name.len().checked_sub(suffix.len());
        let end = start.and_then(|start| name.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    ends_with("/json") || ends_with("+json")
}

/// Skips any value.
struct Anything;

impl<'a> DeserializeSeed<'a> for Anything {
    type Value = IgnoredAny;

    fn deserialize<D: serde::Deserializer<'a>>(self, from: D) -> Result<IgnoredAny, D::Error> {
        from.deserialize_ignored_any(IgnoredAny)
    }
}

//! Messages of Protobuf, to JSON. Fields have the names that the schema gives them. Numbers of 64 bits are numbers.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use super::known::{duration, timestamp};
use super::schema::ProtobufSchema;
use crate::event::{Reason, Rejection};
use crate::source::format::json::{Json, MAX_DEPTH};

impl ProtobufSchema {
    /// Writes a record as JSON. A field that the message lacks is absent where the schema can tell, and else has its default: a `false` is not sent.
    ///
    /// # Errors
    /// A [`Rejection`] if the bytes are not of this schema, or the text would become too long or too deep.
    pub(in crate::source::format) fn write(&self, body: &[u8], json: &mut Json<'_>) -> Result<(), Rejection> {
        let (descriptor, body) = self.message(body)?;
        message(&decode(descriptor, body)?, json, 0)
    }
}

fn decode(descriptor: MessageDescriptor, body: &[u8]) -> Result<DynamicMessage, Rejection> {
    DynamicMessage::decode(descriptor, body).map_err(|_| {
        // What the decoder says may repeat what it read.
        let detail =
            "payload: Protobuf: expected a message of its schema, found other bytes, or too many nested levels";
        Rejection::of_format(Reason::UnsupportedFormat, detail)
    })
}

/// The package of messages that mean a plain value.
const GOOGLE: &str = "google.protobuf.";

/// Writes a message as an object, unless its type means something else.
fn message(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    if depth > MAX_DEPTH {
        let detail = format!("payload: expected at most {MAX_DEPTH} nested levels, found more");
        return Err(Rejection::of_format(Reason::TooDeep, detail));
    }
    let descriptor = found.descriptor();
    match descriptor.full_name().strip_prefix(GOOGLE) {
        Some("Timestamp") => return timestamp(found, json),
        Some("Duration") => return duration(found, json),
        Some(
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" | "BoolValue"
            | "StringValue" | "BytesValue" | "Struct" | "ListValue",
        ) => return only_field(found, json, depth),
        Some("Value") => return any_value(found, json, depth),
        _ => {}
    }
    json.put(b"{")?;
    let mut is_first = true;
    for field in descriptor.fields() {
        if field.supports_presence() && !found.has_field(&field) {
            continue;
        }
        separate(&mut is_first, json)?;
        json.key(field.name())?;
        value_of(&found.get_field(&field), &field.kind(), json, depth + 1)?;
    }
    json.put(b"}")
}

/// Writes the value that is all that a message holds.
fn only_field(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    let descriptor = found.descriptor();
    let Some(field) = descriptor.fields().next() else { return json.put(b"null") };
    value_of(&found.get_field(&field), &field.kind(), json, depth + 1)
}

/// Writes one of the values that JSON has; without any it is null.
fn any_value(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    match found.fields().next() {
        Some((field, _)) if field.name() == "null_value" => json.put(b"null"),
        Some((field, value)) => value_of(value, &field.kind(), json, depth + 1),
        None => json.put(b"null"),
    }
}

/// Writes a value. `kind` is its field's.
fn value_of(value: &Value, kind: &Kind, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    match value {
        Value::Bool(value) => json.display(value),
        Value::I32(value) => json.display(value),
        Value::I64(value) => json.display(value),
        Value::U32(value) => json.display(value),
        Value::U64(value) => json.display(value),
        Value::F32(value) => json.float(*value),
        Value::F64(value) => json.double(*value),
        Value::String(value) => json.string(value),
        Value::Bytes(value) => json.base64(value),
        Value::EnumNumber(number) => match kind.as_enum().and_then(|symbols| symbols.get_value(*number)) {
            Some(symbol) => json.string(symbol.name()),
            // A later version of the schema may know it.
            None => json.display(number),
        },
        Value::Message(inner) => message(inner, json, depth),
        Value::List(items) => {
            json.put(b"[")?;
            let mut is_first = true;
            for item in items {
                separate(&mut is_first, json)?;
                value_of(item, kind, json, depth + 1)?;
            }
            json.put(b"]")
        }
        Value::Map(entries) => {
            let value_kind = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
            // Their order in memory is not always the same.
            let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            json.put(b"{")?;
            let mut is_first = true;
            for (key, value) in entries {
                separate(&mut is_first, json)?;
                json.key(&key_of(key))?;
                value_of(value, value_kind.as_ref().unwrap_or(kind), json, depth + 1)?;
            }
            json.put(b"}")
        }
    }
}

fn separate(is_first: &mut bool, json: &mut Json<'_>) -> Result<(), Rejection> {
    if std::mem::replace(is_first, false) { Ok(()) } else { json.put(b",") }
}

fn key_of(key: &MapKey) -> Cow<'_, str> {
    match key {
        MapKey::Bool(key) => key.to_string().into(),
        MapKey::I32(key) => key.to_string().into(),
        MapKey::I64(key) => key.to_string().into(),
        MapKey::U32(key) => key.to_string().into(),
        MapKey::U64(key) => key.to_string().into(),
        MapKey::String(key) => key.into(),
    }
}

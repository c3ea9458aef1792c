//! Messages that Google defines, and which mean a plain value.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::write::{message, value_of};
use crate::event::Rejection;
use crate::source::format::json::Json;
use crate::source::format::moment::{Unit, instant_of};

const PACKAGE: &str = "google.protobuf.";
const NANOS: std::ops::Range<i32> = 0..1_000_000_000;

/// Writes a message of a known type as the value that it means; `None` if its type is not one of these.
pub(super) fn known(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Option<Result<(), Rejection>> {
    let descriptor = found.descriptor();
    let name = descriptor.full_name().strip_prefix(PACKAGE)?;
    let written = match name {
        "Timestamp" => timestamp(found, json),
        "Duration" => duration(found, json),
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" | "BoolValue"
        | "StringValue" | "BytesValue" => wrapped(found, json, depth),
        "Struct" | "ListValue" => only_field(found, json, depth),
        "Value" => any_value(found, json, depth),
        _ => return None,
    };
    Some(written)
}

fn seconds_and_nanos(found: &DynamicMessage) -> (i64, i32) {
    let seconds = found.get_field_by_number(1).and_then(|seconds| seconds.as_i64()).unwrap_or_default();
    let nanos = found.get_field_by_number(2).and_then(|nanos| nanos.as_i32()).unwrap_or_default();
    (seconds, nanos)
}

/// By RFC 3339. One that is impossible is written as the message that it is.
fn timestamp(found: &DynamicMessage, json: &mut Json<'_>) -> Result<(), Rejection> {
    let (seconds, nanos) = seconds_and_nanos(found);
    if !NANOS.contains(&nanos) {
        return json.display(format_args!("{{\"seconds\":{seconds},\"nanos\":{nanos}}}"));
    }
    let nanos = i64::from(nanos);
    let (part, unit) = match nanos {
        _ if nanos % 1_000_000 == 0 => (nanos / 1_000_000, Unit::Millis),
        _ if nanos % 1_000 == 0 => (nanos / 1_000, Unit::Micros),
        _ => (nanos, Unit::Nanos),
    };
    instant_of(json, (seconds, part), unit, false)
}

/// In seconds, with an `s` behind them.
fn duration(found: &DynamicMessage, json: &mut Json<'_>) -> Result<(), Rejection> {
    let (seconds, nanos) = seconds_and_nanos(found);
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    json.display(format_args!("\"{sign}{}.{:09}s\"", seconds.unsigned_abs(), nanos.unsigned_abs()))
}

/// The value that is wrapped so that it may be absent.
fn wrapped(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    only_field(found, json, depth)
}

fn only_field(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    let descriptor = found.descriptor();
    let Some(field) = descriptor.fields().next() else { return message(found, json, depth) };
    value_of(&found.get_field(&field), &field.kind(), json, depth)
}

/// One of the values that JSON has; without any it is null.
fn any_value(found: &DynamicMessage, json: &mut Json<'_>, depth: usize) -> Result<(), Rejection> {
    match found.fields().next() {
        Some((field, _)) if field.name() == "null_value" => json.put(b"null"),
        Some((_, Value::F64(number))) => json.double(*number),
        Some((field, value)) => value_of(value, &field.kind(), json, depth),
        None => json.put(b"null"),
    }
}

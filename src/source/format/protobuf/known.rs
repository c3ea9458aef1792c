//! Times of Protobuf, by the messages that Google defines for them.

use prost_reflect::DynamicMessage;

use crate::event::Rejection;
use crate::source::format::json::Json;
use crate::source::format::moment::{Unit, instant_of};

const NANOS: std::ops::Range<i32> = 0..1_000_000_000;

fn seconds_and_nanos(found: &DynamicMessage) -> (i64, i32) {
    let seconds = found.get_field_by_number(1).and_then(|seconds| seconds.as_i64()).unwrap_or_default();
    let nanos = found.get_field_by_number(2).and_then(|nanos| nanos.as_i32()).unwrap_or_default();
    (seconds, nanos)
}

/// Writes an instant by RFC 3339. One that is impossible is written as the message that it is.
pub(super) fn timestamp(found: &DynamicMessage, json: &mut Json<'_>) -> Result<(), Rejection> {
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

/// Writes a duration in seconds, with an `s` behind them.
pub(super) fn duration(found: &DynamicMessage, json: &mut Json<'_>) -> Result<(), Rejection> {
    let (seconds, nanos) = seconds_and_nanos(found);
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    json.display(format_args!("\"{sign}{}.{:09}s\"", seconds.unsigned_abs(), nanos.unsigned_abs()))
}

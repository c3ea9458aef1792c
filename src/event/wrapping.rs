//! What other systems put around an event. It is named where a record is refused, until it is supported.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The length of what stands before a payload of a schema registry: a zero byte, and a schema's id of four bytes.
const REGISTRY_BYTES: usize = 5;

/// The fields of an object, in any order.
type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Returns what is around the event in a payload that was refused; `None` where that is nothing known.
#[cold]
pub(super) fn wrapping(payload: &[u8]) -> Option<&'static str> {
    if is_utf_16(payload) {
        return Some("text in UTF-16 (expected UTF-8)");
    }
    // No JSON begins so.
    if payload.len() >= REGISTRY_BYTES && payload.first() == Some(&0) {
        return Some("the framing of a schema registry (Confluent: a zero byte and the id of a schema)");
    }
    let fields: Fields<'_> = serde_json::from_slice(payload).ok()?;
    let inner = fields.get("schema").and(fields.get("payload"));
    if is_change(&fields)
        || inner.and_then(|inner| serde_json::from_str(inner.get()).ok()).is_some_and(|it| is_change(&it))
    {
        return Some("an envelope of Debezium (`before`, `after`, `op`)");
    }
    inner.map(|_| "an envelope of Kafka Connect (`schema`, `payload`)")
}

/// Returns whether the payload begins as an array of JSON does.
pub(super) fn begins_array(payload: &[u8]) -> bool {
    payload.trim_ascii_start().first() == Some(&b'[')
}

/// Two characters of which each is a zero byte and another: the larger byte first, without a byte order mark.
fn is_utf_16(payload: &[u8]) -> bool {
    matches!(payload, [0, first, 0, second, ..] if first.is_ascii_graphic() && *second != 0)
}

fn is_change(fields: &Fields<'_>) -> bool {
    fields.contains_key("op") && (fields.contains_key("before") || fields.contains_key("after"))
}

//! Reads the document of a message.

use serde_json::Value;

use crate::outbox::Message;
use crate::plan::EventTime;

/// The document. This program has written it; if it cannot be read all the same, the alert is told without its texts and numbers.
pub(super) fn read(message: &Message) -> Value {
    serde_json::from_str(&message.document).unwrap_or_else(|error| {
        tracing::error!(%error, message = message.id(), "the document of a message cannot be read");
        Value::Null
    })
}

/// The text at this place; empty if there is none.
pub(super) fn text(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The time at this place.
pub(super) fn time(document: &Value, pointer: &str) -> Option<EventTime> {
    let timestamp: jiff::Timestamp = document.pointer(pointer)?.as_str()?.parse().ok()?;
    Some(EventTime(timestamp.as_millisecond()))
}

/// RFC 3339 in UTC. A time outside the years that the calendar knows, which no alert has, becomes the epoch.
pub(super) fn rfc3339(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap_or_default().to_string()
}

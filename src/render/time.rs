//! Times as documents write them.

use crate::plan::EventTime;

/// RFC 3339 in UTC, with milliseconds only if there are any. `None` for a time outside the years that the calendar knows, such as the one before
/// the first evaluation.
#[must_use]
pub fn rfc3339(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}

//! The wall clock, for the rooms below the I/O line.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::plan::EventTime;

/// The time by the wall clock, in milliseconds since 1970. A clock before 1970 counts as 1970.
#[must_use]
pub fn wall_clock() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

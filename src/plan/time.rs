//! Event time, spans and hours, as all rooms use them.

use serde::{Deserialize, Serialize};

/// A point in event time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTime(pub i64);

impl EventTime {
    /// The earliest time of all. A watermark starts here.
    pub const MIN: Self = Self(i64::MIN);

    /// Returns this time plus `span`. Saturates.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Returns this time minus `span`. Saturates.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// Returns the span from `earlier` to this time; negative where `earlier` is later. Saturates.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Returns the next beginning of an hour. Saturates.
    #[must_use]
    pub const fn next_hour(self) -> Self {
        Self(self.0.div_euclid(Span::HOUR.0).saturating_add(1).saturating_mul(Span::HOUR.0))
    }

    /// Returns whether a UTC day begins.
    #[must_use]
    pub const fn begins_day(self) -> bool {
        self.0.rem_euclid(Span::DAY.0) == 0
    }
}

/// A span of event time or of wall-clock time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Span(pub i64);

impl Span {
    /// One second.
    pub const SECOND: Self = Self(1_000);
    /// One minute.
    pub const MINUTE: Self = Self(60_000);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400_000);

    /// Returns both spans together. Saturates.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns this span `count` times. Saturates.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

/// The length of a rolling window, and how the configuration writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowLength {
    /// How long the window is.
    pub length: Span,
    /// The text in the configuration, such as "30d".
    pub label: String,
}

/// Returns the hour that contains `time`, counted from 1970. Saturates far outside the times that the contract allows.
#[must_use]
pub fn hour_of(time: EventTime) -> i32 {
    let hour = time.0.div_euclid(Span::HOUR.0);
    i32::try_from(hour).unwrap_or(if hour < 0 { i32::MIN } else { i32::MAX })
}

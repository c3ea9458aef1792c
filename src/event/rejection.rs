//! Rejections: a reason for the counters, and a detail for the people who repair the producer.

use std::fmt;

use crate::plan::Span;

/// Why an event was rejected. The detail names the field, what was expected, the type that was found and the position.
/// It never contains the payload, an identifier or any other value of the event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// The kind of fault.
    pub reason: Reason,
    /// What was expected, what was found, and where.
    pub detail: String,
}

impl Rejection {
    /// Returns a rejection. `detail` must not contain a value of the event.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// Returns the rejection with the name of the mapping that made the event.
    #[must_use]
    pub fn of_mapping(self, name: &str) -> Self {
        Self { detail: format!("mapping {name:?}: {}", self.detail), ..self }
    }

    /// Returns the rejection of a record of which so many more events are refused.
    #[must_use]
    pub fn and_more(self, events: usize) -> Self {
        if events == 0 {
            return self;
        }
        Self { detail: format!("{}; {events} more events of the record are refused", self.detail), ..self }
    }

    /// Returns why an event is refused that has the identity of an earlier one and differs from it in `what`.
    #[must_use]
    pub fn mismatched(what: &'static str) -> Self {
        let detail = format!("event: expected what came first with this source and id, found another {what}");
        Self::new(Reason::Mismatched, detail)
    }

    /// Returns the rejection of a measure from a topic from which none is taken.
    #[must_use]
    pub fn measure_topic() -> Self {
        Self::new(
            Reason::MeasureTopic,
            "type: expected a measure on one of kafka.measure_topics alone, found one on another topic",
        )
    }

    /// Returns the rejection of a measure about a profile that the configuration does not have, where it has one of nearly that name.
    #[must_use]
    pub fn misspelt_profile(near: &str) -> Self {
        let detail = format!(
            "data.profile: expected a profile of the configuration, found one that it does not have; did you mean {near:?}?"
        );
        Self::new(Reason::InvalidValue, detail)
    }

    /// Returns the rejection of an event that is further ahead of the wall clock than allowed.
    #[must_use]
    pub fn ahead_of_clock(ahead: Span, max_ahead: Span) -> Self {
        let (ahead, limit) = (ahead.0, max_ahead.0);
        let detail = format!("event.time: expected at most {limit} ms after the wall clock, found {ahead} ms");
        Self::new(Reason::AheadOfClock, detail)
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kinds of fault. Their names are stable, since they are label values of metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the word for the reason in metrics and dead-letter headers.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

reasons! {
    /// The payload is empty: a Kafka tombstone, or a producer that sent no body.
    EmptyPayload = "empty_payload",
    /// The payload is longer than `message_bytes`.
    TooLarge = "too_large",
    /// The payload or a header is not UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// The payload has more than [`MAX_DEPTH`](super::MAX_DEPTH) nested levels.
    TooDeep = "too_deep",
    /// The payload is not JSON: it is truncated, or has `NaN`, trailing bytes, a lone surrogate ...
    NotJson = "not_json",
    /// The event has a format of CloudEvents that the contract does not have: Avro, a batch, `data_base64` ...
    UnsupportedFormat = "unsupported_format",
    /// The type, or the prefix of the headers, is that of the contract but for quotes, letter case, version or prefix.
    NearMiss = "near_miss",
    /// A required field is absent.
    MissingField = "missing_field",
    /// A known field appears twice.
    DuplicateField = "duplicate_field",
    /// A string is empty, or an object that must have an entry.
    EmptyField = "empty_field",
    /// A value has another JSON type than its field.
    WrongType = "wrong_type",
    /// A value has the right type, but the contract does not know it, or it contradicts another field.
    InvalidValue = "invalid_value",
    /// A number is outside its range.
    OutOfRange = "out_of_range",
    /// A string is longer than `string_bytes`.
    StringTooLong = "string_too_long",
    /// A list or an object, or a case, has more entries than allowed.
    TooMany = "too_many",
    /// A string is not a time by RFC 3339.
    InvalidTime = "invalid_time",
    /// A time is before [`EARLIEST_TIME`](super::EARLIEST_TIME), or not before [`LATEST_TIME`](super::LATEST_TIME).
    ImpossibleTime = "impossible_time",
    /// The event time is further ahead of the timestamp of the record than `max_ahead`.
    AheadOfRecord = "ahead_of_record",
    /// The event time is further ahead of the wall clock than `max_ahead`.
    AheadOfClock = "ahead_of_clock",
    /// A measure came from a topic from which none is taken.
    MeasureTopic = "measure_topic",
    /// An earlier event has the same `source` and `id`, with another type or content. It is counted as a result of its
    /// own, and not among the rejected.
    Mismatched = "mismatched",
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

//! Why an event is refused: a reason for the counters, and a detail for the people who repair it.

use std::fmt;

/// A refused event. The detail names field, expectation, kind found and position; it never holds
/// the payload, an identifier or any other value from the event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// The class of fault, for metrics.
    pub reason: Reason,
    /// What was expected, what was found, and where.
    pub detail: String,
}

impl Rejection {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The classes of fault. The names are stable: they are label values.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word for it in metrics and dead-letter headers.
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
    /// The payload is empty: a Kafka tombstone, or a producer that forgot its body.
    EmptyPayload = "empty_payload",
    /// Longer than `message_bytes`.
    TooLarge = "too_large",
    /// Not UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// More than [`MAX_DEPTH`](super::MAX_DEPTH) nested levels.
    TooDeep = "too_deep",
    /// Not JSON: truncated, `NaN`, trailing bytes, a lone surrogate ...
    NotJson = "not_json",
    /// A format of CloudEvents this contract does not have: Avro, a batch, `data_base64` ...
    UnsupportedFormat = "unsupported_format",
    /// A required field is absent.
    MissingField = "missing_field",
    /// A known field appears twice.
    DuplicateField = "duplicate_field",
    /// A string, or an object that must say something, is empty.
    EmptyField = "empty_field",
    /// A value of another JSON type than the field has.
    WrongType = "wrong_type",
    /// The right type, but not a value the contract knows, or one that contradicts another field.
    InvalidValue = "invalid_value",
    /// A number outside its range.
    OutOfRange = "out_of_range",
    /// Longer than `string_bytes`.
    StringTooLong = "string_too_long",
    /// A list or object with more entries than allowed.
    TooMany = "too_many",
    /// Not a time by RFC 3339.
    InvalidTime = "invalid_time",
    /// Before [`EARLIEST_TIME`](super::EARLIEST_TIME), or not before [`LATEST_TIME`](super::LATEST_TIME).
    ImpossibleTime = "impossible_time",
    /// Further ahead of the record's timestamp than `max_ahead`.
    AheadOfRecord = "ahead_of_record",
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

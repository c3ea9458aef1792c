//! Reading the value of a field: a string, word, flag, number, count or time.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use super::context::Context;
use super::model::{ComplaintStatus, Decider, MAX_COUNT, Outcome};
use super::rejection::Reason;
use super::time::{EARLIEST_TIME, LATEST_TIME, parse_date, parse_date_time};
use crate::plan::{Channel, EventTime, MeasureKind};

/// Reads a value that may be `null`, which means that it is absent.
#[derive(Clone, Copy)]
pub(super) struct Optional<S>(pub(super) S);

impl<'a, S: DeserializeSeed<'a>> DeserializeSeed<'a> for Optional<S> {
    type Value = Option<S::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'a, S: DeserializeSeed<'a>> Visitor<'a> for Optional<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value or null")
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    #[inline]
    fn visit_some<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// Reads a string of 1 to `string_bytes` bytes ([`Limits::string_bytes`](crate::plan::Limits::string_bytes)).
#[derive(Clone, Copy)]
pub(super) struct Text<'c>(pub(super) &'c Context);

impl<'a> DeserializeSeed<'a> for Text<'_> {
    type Value = Cow<'a, str>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Text<'_> {
    type Value = Cow<'a, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        self.0.check_text(text)?;
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.0.check_text(text)?;
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Reads a string whose length and content are checked later, or do not matter.
pub(super) struct AnyText;

impl<'a> DeserializeSeed<'a> for AnyText {
    type Value = Cow<'a, str>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for AnyText {
    type Value = Cow<'a, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A type whose values are a fixed list of words.
pub(super) trait Vocabulary: Sized {
    /// The words, as rejections list them.
    const EXPECTED: &'static str;

    /// Returns the value of this word, or `None` where it is not in the list.
    fn of(word: &str) -> Option<Self>;
}

/// Reads a word of a [`Vocabulary`].
pub(super) struct Word<'c, T>(&'c Context, PhantomData<T>);

impl<'c, T> Word<'c, T> {
    pub(super) const fn new(context: &'c Context) -> Self {
        Self(context, PhantomData)
    }
}

impl<'a, T: Vocabulary> DeserializeSeed<'a> for Word<'_, T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T: Vocabulary> Visitor<'_> for Word<'_, T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    #[inline]
    fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
        T::of(word).ok_or_else(|| {
            let detail = format!("expected {}, found another string", T::EXPECTED);
            self.0.fail(Reason::InvalidValue, detail)
        })
    }
}

impl Vocabulary for Channel {
    const EXPECTED: &'static str = "profile, random, signal or manual";

    fn of(word: &str) -> Option<Self> {
        Self::of(word)
    }
}

impl Vocabulary for Outcome {
    const EXPECTED: &'static str = "violation, no_violation or unknown";

    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "violation" => Self::Violation,
            "no_violation" => Self::NoViolation,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }
}

impl Vocabulary for Decider {
    const EXPECTED: &'static str = "human or automated";

    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "human" => Self::Human,
            "automated" => Self::Automated,
            _ => return None,
        })
    }
}

impl Vocabulary for ComplaintStatus {
    const EXPECTED: &'static str = "received, upheld or rejected";

    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "received" => Self::Received,
            "upheld" => Self::Upheld,
            "rejected" => Self::Rejected,
            _ => return None,
        })
    }
}

impl Vocabulary for MeasureKind {
    const EXPECTED: &'static str = "suspended, adjusted, resumed or accepted";

    fn of(word: &str) -> Option<Self> {
        Self::of(word)
    }
}

/// Reads `true` or `false`; nothing else stands for them.
pub(super) struct Flag;

impl<'a> DeserializeSeed<'a> for Flag {
    type Value = bool;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bool(self)
    }
}

impl Visitor<'_> for Flag {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("true or false")
    }

    #[inline]
    fn visit_bool<E: Error>(self, flag: bool) -> Result<bool, E> {
        Ok(flag)
    }
}

/// Reads a number from 0 to `max`.
#[derive(Clone, Copy)]
pub(super) struct Number<'c> {
    pub(super) context: &'c Context,
    pub(super) max: f64,
}

impl<'a> DeserializeSeed<'a> for Number<'_> {
    type Value = f64;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_f64(self)
    }
}

impl Visitor<'_> for Number<'_> {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a number from 0 to {}", self.max)
    }

    #[inline]
    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        if (0.0..=self.max).contains(&number) {
            // -0.0 is in the range. It becomes 0.0.
            return Ok(number.abs());
        }
        let detail = format!("expected a number from 0 to {}, found another", self.max);
        Err(self.context.fail(Reason::OutOfRange, detail))
    }

    #[inline]
    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        // Numbers beyond 2^53 are rounded. That does not matter, since every maximum is far below.
        #[expect(clippy::cast_precision_loss)]
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        #[expect(clippy::cast_precision_loss)]
        self.visit_f64(number as f64)
    }
}

/// Reads an integer from `min` to [`MAX_COUNT`].
#[derive(Clone, Copy)]
pub(super) struct Count<'c> {
    pub(super) context: &'c Context,
    pub(super) min: u64,
}

impl Count<'_> {
    #[cold]
    fn out_of_range<E: Error>(&self) -> E {
        let min = self.min;
        let detail = format!("expected an integer from {min} to {MAX_COUNT}, found another");
        self.context.fail(Reason::OutOfRange, detail)
    }
}

impl<'a> DeserializeSeed<'a> for Count<'_> {
    type Value = u64;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_u64(self)
    }
}

impl Visitor<'_> for Count<'_> {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let min = self.min;
        write!(formatter, "an integer from {min} to {MAX_COUNT}")
    }

    #[inline]
    fn visit_u64<E: Error>(self, count: u64) -> Result<u64, E> {
        if (self.min..=MAX_COUNT).contains(&count) {
            return Ok(count);
        }
        Err(self.out_of_range())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<u64, E> {
        Err(self.out_of_range())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        // An integer that does not fit 64 bits arrives as floating point.
        if number.abs() >= 9.2e18 {
            return Err(self.out_of_range());
        }
        let found = serde::de::Unexpected::Float(number);
        Err(E::invalid_type(found, &self))
    }
}

/// Reads a date-time, or a date, which is midnight UTC.
pub(super) struct DateOrDateTime<'c>(pub(super) &'c Context);

impl<'a> DeserializeSeed<'a> for DateOrDateTime<'_> {
    type Value = EventTime;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<EventTime, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for DateOrDateTime<'_> {
    type Value = EventTime;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a date or date-time by RFC 3339")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<EventTime, E> {
        self.0.check_text(text)?;
        let Some(time) = parse_date_time(text).or_else(|| parse_date(text)) else {
            let detail = "expected a date or date-time by RFC 3339, found another string";
            return Err(self.0.fail(Reason::InvalidTime, detail));
        };
        if !is_possible(time) {
            return Err(self.0.fail(Reason::ImpossibleTime, POSSIBLE_TIMES));
        }
        Ok(time)
    }
}

/// The detail of a rejection where [`is_possible`] is false.
pub(super) const POSSIBLE_TIMES: &str = "expected a time from 1990-01-01 to before 2100-01-01 (UTC), found another";

/// Returns whether a time is within the range that the contract allows.
#[inline]
pub(super) fn is_possible(time: EventTime) -> bool {
    (EARLIEST_TIME..LATEST_TIME).contains(&time)
}

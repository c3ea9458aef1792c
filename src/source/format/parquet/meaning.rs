//! What the values of a column mean.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::data_type::Int96;
use parquet::schema::types::ColumnDescriptor;

use crate::event::{Reason, Rejection};
use crate::source::format::decimal::decimal;
use crate::source::format::json::Json;
use crate::source::format::moment::{Unit, date, instant, instant_of, time_of_day};

/// Bytes of an id.
const ID_BYTES: usize = 16;
const DAY_SECONDS: i64 = 86_400;
/// The Julian day of 1970-01-01.
const JULIAN_1970: i64 = 2_440_588;
const SECOND_NANOS: i64 = 1_000_000_000;

/// What a value means, beside what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A number, or bytes.
    Plain,
    Unsigned,
    Text,
    Date,
    TimeOfDay(Unit),
    Instant(Unit),
    /// A date and a time without a zone.
    Local(Unit),
    /// By its scale.
    Decimal(usize),
    Id,
}

impl Meaning {
    /// Returns what a column says of its values.
    pub fn of(column: &ColumnDescriptor) -> Self {
        match column.logical_type_ref() {
            Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => Self::Text,
            Some(LogicalType::Date) => Self::Date,
            Some(LogicalType::Time(time)) => Self::TimeOfDay(unit(&time.unit)),
            Some(LogicalType::Timestamp(time)) if time.is_adjusted_to_u_t_c => Self::Instant(unit(&time.unit)),
            Some(LogicalType::Timestamp(time)) => Self::Local(unit(&time.unit)),
            Some(LogicalType::Decimal(decimal)) => Self::Decimal(usize::try_from(decimal.scale).unwrap_or(usize::MAX)),
            Some(LogicalType::Integer(integer)) if !integer.is_signed => Self::Unsigned,
            Some(LogicalType::Uuid) => Self::Id,
            Some(_) => Self::Plain,
            None => Self::of_older_writer(column),
        }
    }

    fn of_older_writer(column: &ColumnDescriptor) -> Self {
        match column.converted_type() {
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Self::Text,
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIME_MILLIS => Self::TimeOfDay(Unit::Millis),
            ConvertedType::TIME_MICROS => Self::TimeOfDay(Unit::Micros),
            ConvertedType::TIMESTAMP_MILLIS => Self::Instant(Unit::Millis),
            ConvertedType::TIMESTAMP_MICROS => Self::Instant(Unit::Micros),
            ConvertedType::DECIMAL => Self::Decimal(usize::try_from(column.type_scale()).unwrap_or(usize::MAX)),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                Self::Unsigned
            }
            _ => Self::Plain,
        }
    }

    /// Writes a number of 32 bits.
    pub fn int32(self, value: i32, json: &mut Json<'_>) -> Result<(), Rejection> {
        match self {
            Self::Unsigned => json.display(value.cast_unsigned()),
            Self::Decimal(scale) => decimal(json, &value.to_be_bytes(), scale),
            _ => self.whole(i64::from(value), json),
        }
    }

    /// Writes a number of 64 bits.
    pub fn int64(self, value: i64, json: &mut Json<'_>) -> Result<(), Rejection> {
        match self {
            Self::Unsigned => json.display(value.cast_unsigned()),
            Self::Decimal(scale) => decimal(json, &value.to_be_bytes(), scale),
            _ => self.whole(value, json),
        }
    }

    fn whole(self, value: i64, json: &mut Json<'_>) -> Result<(), Rejection> {
        match self {
            Self::Date => date(json, value),
            Self::TimeOfDay(unit) => time_of_day(json, value, unit),
            Self::Instant(unit) => instant(json, value, unit, false),
            Self::Local(unit) => instant(json, value, unit, true),
            _ => json.whole(value),
        }
    }

    /// Writes bytes.
    pub fn bytes(self, value: &[u8], json: &mut Json<'_>) -> Result<(), Rejection> {
        match self {
            Self::Text => match std::str::from_utf8(value) {
                Ok(text) => json.string(text),
                Err(_) => {
                    let detail = "row: expected UTF-8 in a column of texts, found other bytes";
                    Err(Rejection::of_format(Reason::InvalidUtf8, detail))
                }
            },
            Self::Decimal(scale) => decimal(json, value, scale),
            Self::Id => match <[u8; ID_BYTES]>::try_from(value) {
                Ok(id) => json.id(id),
                Err(_) => json.base64(value),
            },
            _ => json.base64(value),
        }
    }
}

/// Writes an instant as older writers have it: a Julian day, and the nanoseconds of the day.
pub(super) fn int96(value: &Int96, json: &mut Json<'_>) -> Result<(), Rejection> {
    let [low, high, day] = match value.data() {
        [low, high, day] => [*low, *high, *day],
        _ => [0; 3],
    };
    let nanos = (u64::from(high) << 32 | u64::from(low)).cast_signed();
    let days = i64::from(day) - JULIAN_1970;
    let seconds = days * DAY_SECONDS + nanos.div_euclid(SECOND_NANOS);
    instant_of(json, (seconds, nanos.rem_euclid(SECOND_NANOS)), Unit::Nanos, false)
}

const fn unit(unit: &TimeUnit) -> Unit {
    match unit {
        TimeUnit::MILLIS => Unit::Millis,
        TimeUnit::MICROS => Unit::Micros,
        TimeUnit::NANOS => Unit::Nanos,
    }
}

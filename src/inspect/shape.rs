//! What a value looks like: a class that says nothing of the value itself.

/// A class of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Boolean,
    /// One of the words by which people write yes and no: `J`, `nee`, `true`, `1` ...
    YesNo,
    Integer,
    /// An integer that is the seconds since 1970 of a time from 2001 to 2100.
    EpochSeconds,
    /// The same in milliseconds.
    EpochMillis,
    /// The same in microseconds.
    EpochMicros,
    Number,
    /// A date-time with an offset (RFC 3339).
    DateTime,
    /// A date-time without one.
    LocalDateTime,
    Date,
    /// Day, month and year, as in 31-12-2026.
    DayMonthYear,
    /// The same with hours and minutes.
    DayMonthYearMinutes,
    /// The same with seconds, too.
    DayMonthYearSeconds,
    Uuid,
    /// Nine digits that pass the check of a Dutch citizen service number: somebody should ask why they are here.
    CitizenNumber,
    Digits,
    /// A Dutch postcode.
    Postcode,
    /// One short word or code.
    Code,
    Text,
    Empty,
}

/// The longest code, in bytes.
const CODE_BYTES: usize = 40;

impl Shape {
    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::YesNo => "yes_no",
            Self::Integer => "integer",
            Self::EpochSeconds => "epoch_s",
            Self::EpochMillis => "epoch_ms",
            Self::EpochMicros => "epoch_us",
            Self::Number => "number",
            Self::DateTime => "date_time",
            Self::LocalDateTime => "local_date_time",
            Self::Date => "date",
            Self::DayMonthYear => "date_dmy",
            Self::DayMonthYearMinutes => "date_time_dmy",
            Self::DayMonthYearSeconds => "date_time_dmy_s",
            Self::Uuid => "uuid",
            Self::CitizenNumber => "citizen_number",
            Self::Digits => "digits",
            Self::Postcode => "postcode",
            Self::Code => "code",
            Self::Text => "text",
            Self::Empty => "empty",
        }
    }

    /// Returns the class of a text.
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Empty;
        }
        if yes_no(text).is_some() {
            return Self::YesNo;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return if is_citizen_number(text) { Self::CitizenNumber } else { Self::Digits };
        }
        if let Some(shape) = of_time(text) {
            return shape;
        }
        if looks_like_uuid(text) {
            return Self::Uuid;
        }
        if is_postcode(text) {
            return Self::Postcode;
        }
        if text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Self::Number;
        }
        let is_code = text.len() <= CODE_BYTES && !text.contains(char::is_whitespace);
        if is_code { Self::Code } else { Self::Text }
    }

    /// Returns the class of an integer.
    pub const fn of_integer(number: i64) -> Self {
        match number {
            1_000_000_000..4_102_444_800 => Self::EpochSeconds,
            1_000_000_000_000..4_102_444_800_000 => Self::EpochMillis,
            1_000_000_000_000_000..4_102_444_800_000_000 => Self::EpochMicros,
            _ => Self::Integer,
        }
    }
}

/// Words by which people write yes and no.
const YES_NO: [(&str, bool); 14] = [
    ("j", true),
    ("ja", true),
    ("y", true),
    ("yes", true),
    ("true", true),
    ("waar", true),
    ("1", true),
    ("n", false),
    ("nee", false),
    ("no", false),
    ("false", false),
    ("onwaar", false),
    ("0", false),
    ("nein", false),
];

/// Returns what a word for yes or no means.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    YES_NO.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, yes)| *yes)
}

fn of_time(text: &str) -> Option<Shape> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Some(Shape::DateTime);
    }
    if text.len() > 10 && text.parse::<jiff::civil::DateTime>().is_ok() {
        return Some(Shape::LocalDateTime);
    }
    if text.parse::<jiff::civil::Date>().is_ok() {
        return Some(Shape::Date);
    }
    let is = |pattern: &str| jiff::civil::DateTime::strptime(pattern, text).is_ok();
    match () {
        () if jiff::civil::Date::strptime("%d-%m-%Y", text).is_ok() => Some(Shape::DayMonthYear),
        () if is("%d-%m-%Y %H:%M") => Some(Shape::DayMonthYearMinutes),
        () if is("%d-%m-%Y %H:%M:%S") => Some(Shape::DayMonthYearSeconds),
        () => None,
    }
}

/// Returns whether a text is written as a UUID is.
pub(super) fn looks_like_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Nine digits whose sum with the weights 9, 8 ... 2, -1 is a multiple of 11.
fn is_citizen_number(digits: &str) -> bool {
    const WEIGHTS: [i64; 9] = [9, 8, 7, 6, 5, 4, 3, 2, -1];
    let sum: i64 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| i64::from(digit - b'0') * weight).sum();
    digits.len() == WEIGHTS.len() && sum % 11 == 0 && digits.bytes().any(|digit| digit != b'0')
}

fn is_postcode(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    letters.len() == 6
        && letters.iter().take(4).all(u8::is_ascii_digit)
        && letters.iter().skip(4).all(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_texts() {
        for (text, shape) in [
            ("J", Shape::YesNo),
            ("0", Shape::YesNo),
            ("2026-03-01T08:15:30Z", Shape::DateTime),
            ("2026-03-01T08:15:30.5+01:00", Shape::DateTime),
            ("2026-03-01T08:15:30", Shape::LocalDateTime),
            ("2026-03-01 08:15", Shape::LocalDateTime),
            ("2026-03-01", Shape::Date),
            ("31-12-2026", Shape::DayMonthYear),
            ("02-03-2026 08:09", Shape::DayMonthYearMinutes),
            ("2-3-2026 08:09:30", Shape::DayMonthYearSeconds),
            ("123e4567-e89b-12d3-a456-426614174000", Shape::Uuid),
            ("111222333", Shape::CitizenNumber),
            ("111222334", Shape::Digits),
            ("1234 AB", Shape::Postcode),
            ("12.50", Shape::Number),
            ("CLOSED", Shape::Code),
            ("some words", Shape::Text),
            (" ", Shape::Empty),
        ] {
            assert_eq!(Shape::of_text(text), shape, "{text}");
        }
        assert_eq!(Shape::of_integer(1_767_225_600), Shape::EpochSeconds);
        assert_eq!(Shape::of_integer(1_767_225_600_000), Shape::EpochMillis);
        assert_eq!(Shape::of_integer(1_767_225_600_000_000), Shape::EpochMicros);
        assert_eq!(Shape::of_integer(20_454), Shape::Integer);
    }
}

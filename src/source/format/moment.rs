//! Dates and times as texts: RFC 3339 where there is an instant, the same without a zone where there is none.

use super::json::{Json, digit};
use crate::event::Rejection;

const DAY_SECONDS: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: i64 = 146_097;
/// Days since 1970 of the first and the last day that four digits of a year can say.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

/// How many parts a second has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    const fn per_second(self) -> i64 {
        match self {
            Self::Millis => 1_000,
            Self::Micros => 1_000_000,
            Self::Nanos => 1_000_000_000,
        }
    }

    const fn digits(self) -> usize {
        match self {
            Self::Millis => 3,
            Self::Micros => 6,
            Self::Nanos => 9,
        }
    }
}

/// Writes the date so many days after 1970-01-01. A date beyond four digits of a year is written as the number that it is.
pub(super) fn date(json: &mut Json<'_>, days: i64) -> Result<(), Rejection> {
    if !DAYS.contains(&days) {
        return json.display(days);
    }
    let (year, month, day) = civil(days);
    json.put(b"\"")?;
    calendar(json, (year, month, day))?;
    json.put(b"\"")
}

/// Writes the time of day so many units after midnight. What is no time of day is written as the number that it is.
pub(super) fn time_of_day(json: &mut Json<'_>, units: i64, unit: Unit) -> Result<(), Rejection> {
    let per_second = unit.per_second();
    if !(0..DAY_SECONDS * per_second).contains(&units) {
        return json.display(units);
    }
    let (seconds, part) = (units / per_second, units % per_second);
    json.put(b"\"")?;
    clock(json, seconds, (part, unit))?;
    json.put(b"\"")
}

/// Writes the instant so many units after the beginning of 1970, in UTC; without its `Z` if it is `local`, and so is no instant. What is beyond four
/// digits of a year is written as the number that it is.
pub(super) fn instant(json: &mut Json<'_>, units: i64, unit: Unit, local: bool) -> Result<(), Rejection> {
    let per_second = unit.per_second();
    let (seconds, part) = (units.div_euclid(per_second), units.rem_euclid(per_second));
    instant_of(json, (seconds, part), unit, local)
}

/// Does what [`instant`] does, for whole seconds and a part of a second.
pub(super) fn instant_of(
    json: &mut Json<'_>,
    (seconds, part): (i64, i64),
    unit: Unit,
    local: bool,
) -> Result<(), Rejection> {
    let days = seconds.div_euclid(DAY_SECONDS);
    if !DAYS.contains(&days) {
        let units = i128::from(seconds) * i128::from(unit.per_second()) + i128::from(part);
        return json.display(units);
    }
    let (year, month, day) = civil(days);
    json.put(b"\"")?;
    calendar(json, (year, month, day))?;
    json.put(b"T")?;
    clock(json, seconds.rem_euclid(DAY_SECONDS), (part, unit))?;
    json.put(if local { b"\"" } else { b"Z\"" })
}

fn clock(json: &mut Json<'_>, seconds: i64, (part, unit): (i64, Unit)) -> Result<(), Rejection> {
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let [a, b] = two(hour);
    let [c, d] = two(minute);
    let [e, f] = two(second);
    json.put(&[a, b, b':', c, d, b':', e, f])?;
    if part == 0 {
        return Ok(());
    }
    let width = unit.digits();
    json.display(format_args!(".{part:0width$}"))
}

/// Writes a date whose year has four digits.
fn calendar(json: &mut Json<'_>, (year, month, day): (i64, i64, i64)) -> Result<(), Rejection> {
    let [a, b] = two(year / 100);
    let [c, d] = two(year % 100);
    let [e, f] = two(month);
    let [g, h] = two(day);
    json.put(&[a, b, c, d, b'-', e, f, b'-', g, h])
}

/// The two digits of a number below 100.
fn two(number: i64) -> [u8; 2] {
    let number = number.unsigned_abs();
    [digit(number / 10), digit(number)]
}

/// Returns year, month and day of a day of the Gregorian calendar. Years are counted from 1 March, so that a leap day is the last one.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (shifted.div_euclid(ERA_DAYS), shifted.rem_euclid(ERA_DAYS));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + (month <= 2) as i64, month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn text(write: impl FnOnce(&mut Json<'_>) -> Result<(), Rejection>) -> String {
        let mut text = Vec::new();
        write(&mut Json::new(&mut text, 100)).unwrap();
        String::from_utf8(text).unwrap()
    }

    proptest! {
        #[test]
        fn instants_and_dates_are_those_of_another_calendar(seconds in -62_167_219_200_i64..=253_402_207_200, nanos in 0_i32..1_000_000_000) {
            let at = Timestamp::new(seconds, 0).unwrap();
            let zoned = at.to_zoned(TimeZone::UTC);
            prop_assert_eq!(text(|json| date(json, seconds.div_euclid(DAY_SECONDS))), format!("\"{}\"", zoned.date()));
            let written = text(|json| instant_of(json, (seconds, i64::from(nanos)), Unit::Nanos, false));
            let read: Timestamp = written.trim_matches('"').parse().unwrap();
            prop_assert_eq!((read - at).total(jiff::Unit::Nanosecond).unwrap() as i64, i64::from(nanos));
            let millis = text(|json| instant(json, seconds * 1_000 + i64::from(nanos % 1_000), Unit::Millis, true));
            prop_assert!(!millis.contains('Z'));
            let read: Timestamp = format!("{}Z", millis.trim_matches('"')).parse().unwrap();
            prop_assert_eq!(read.as_millisecond(), seconds * 1_000 + i64::from(nanos % 1_000));
        }
    }

    #[test]
    fn what_has_no_such_text_is_the_number_that_it_is() {
        for units in [i64::MIN, i64::MAX] {
            for unit in [Unit::Millis, Unit::Micros] {
                assert_eq!(text(|json| instant(json, units, unit, false)), units.to_string());
                assert_eq!(text(|json| time_of_day(json, units, unit)), units.to_string());
            }
            assert!(text(|json| instant(json, units, Unit::Nanos, false)).starts_with('"'), "within 300 years");
            assert_eq!(text(|json| date(json, units)), units.to_string());
        }
        assert_eq!(text(|json| date(json, 2_932_896)), "\"9999-12-31\"");
        assert_eq!(text(|json| date(json, 2_932_897)), "2932897");
        assert_eq!(text(|json| date(json, -719_528)), "\"0000-01-01\"");
        assert_eq!(text(|json| date(json, -719_529)), "-719529");
        assert_eq!(text(|json| time_of_day(json, 86_399_999, Unit::Millis)), "\"23:59:59.999\"");
        assert_eq!(text(|json| time_of_day(json, 3_600_000_001, Unit::Micros)), "\"01:00:00.000001\"");
    }
}

//! Times of other forms, written by RFC 3339.
//!
//! A time without an offset is one of its zone. Where clocks go back it comes twice: the earlier one is meant. Where they
//! go forward it never was: it is refused.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::spec::{TimeFormat, TimeRule};
use crate::event::Reason;

/// What is wrong with a time: the reason, what was expected, and what was found.
pub(super) type TimeFault = (Reason, &'static str, &'static str);

const NEVER_WAS: TimeFault =
    (Reason::InvalidTime, "a time that its zone has", "one that was skipped when clocks went forward");
const IMPOSSIBLE: TimeFault = (Reason::ImpossibleTime, "a time of the years 0 to 9999", "another one");

/// Returns the milliseconds since 1970 of a time, written as this text.
pub(super) fn milliseconds(text: &str, rule: &TimeRule) -> Result<i64, TimeFault> {
    match &rule.format {
        TimeFormat::Rfc3339 => {
            let time: jiff::Timestamp = text.parse().map_err(|_| invalid("a time by RFC 3339"))?;
            Ok(time.as_millisecond())
        }
        TimeFormat::Epoch(per_second) => {
            let since = since_epoch(text, *per_second)?;
            match &rule.zone {
                // Some write the time of a wall clock as if it were UTC.
                Some(zone) => in_zone(wall_clock(since)?, Some(zone)),
                None => Ok(since),
            }
        }
        TimeFormat::EpochDays => {
            let days: i64 = text.parse().map_err(|_| invalid("a number of days since 1970-01-01"))?;
            let midnight = days.checked_mul(86_400_000).ok_or(IMPOSSIBLE)?;
            in_zone(wall_clock(midnight)?, rule.zone.as_ref())
        }
        TimeFormat::Local => in_zone(local(text)?, rule.zone.as_ref()),
        TimeFormat::Pattern(pattern) => by_pattern(text, pattern, rule.zone.as_ref()),
    }
}

impl TimeRule {
    /// Returns whether a text that was written by its pattern is read again as the same time, as far as the pattern says it.
    #[must_use]
    pub fn can_be_read(&self) -> bool {
        let TimeFormat::Pattern(pattern) = &self.format else { return true };
        // A zone with an offset, which a pattern may say.
        let zone = self.zone.clone().unwrap_or_else(|| TimeZone::fixed(jiff::tz::offset(2)));
        // Afternoon of the 15th, so that no part of it can be taken for another; then less and less of it.
        let of_day = [(13, 45, 30), (13, 45, 0), (13, 0, 0), (0, 0, 0)];
        let Ok(sample) = jiff::civil::date(2026, 6, 15).at(13, 45, 30, 0).to_zoned(zone.clone()) else { return false };
        let read = jiff::fmt::strtime::format(pattern, &sample).ok().and_then(|text| milliseconds(&text, self).ok());
        let Some(read) = read else { return false };
        let parts: Vec<char> = parts(pattern).collect();
        let says = |letters: &str| parts.iter().any(|part| letters.contains(*part));
        // The names of zones, and seconds since 1970, would be read and have no effect.
        if says("Qs") {
            return false;
        }
        let kept = ["STrcX", "MR", "HIkl"].iter().position(|letters| says(letters)).unwrap_or(3);
        let expected = of_day.get(kept).and_then(|(hour, minute, second)| {
            jiff::civil::date(2026, 6, 15).at(*hour, *minute, *second, 0).to_zoned(zone).ok()
        });
        expected.is_some_and(|expected| expected.timestamp().as_millisecond() == read)
    }

    /// Returns whether its times are in a zone although they do not say which.
    #[must_use]
    pub fn needs_zone(&self) -> bool {
        match &self.format {
            TimeFormat::Local => true,
            TimeFormat::Pattern(pattern) => !parts(pattern).any(|part| part == 'z'),
            _ => false,
        }
    }
}

/// Returns the letters of what a pattern says, without flags and widths: `H` of `%-H`.
fn parts(pattern: &str) -> impl Iterator<Item = char> {
    let mut characters = pattern.chars();
    std::iter::from_fn(move || {
        characters.by_ref().find(|character| *character == '%')?;
        characters.by_ref().find(|character| !matches!(character, '-' | '_' | '^' | '#' | ':' | '.' | '0'..='9'))
    })
}

const fn invalid(expected: &'static str) -> TimeFault {
    (Reason::InvalidTime, expected, "another text or number")
}

/// A whole number of parts of a second; of seconds also one with a fraction.
fn since_epoch(text: &str, per_second: i64) -> Result<i64, TimeFault> {
    if per_second == 1_000
        && let Some(number) = digits(text)
    {
        return Ok(number);
    }
    const EXPECTED: TimeFault = invalid("a whole number since 1970 (of seconds, also one with a fraction)");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().map_err(|_| EXPECTED)?;
    let is_fraction = text.len() == whole.len()
        || (per_second == 1 && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_fraction {
        return Err(EXPECTED);
    }
    let thousandths = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let of_fraction = if whole.starts_with('-') { -thousandths } else { thousandths };
    let milliseconds = match per_second {
        1 => number.checked_mul(1_000),
        per_second => Some(number.div_euclid(per_second / 1_000)),
    };
    milliseconds.and_then(|since| since.checked_add(of_fraction)).ok_or(IMPOSSIBLE)
}

/// A number of at most 18 digits and nothing else.
fn digits(text: &str) -> Option<i64> {
    let is_short = (1..=18).contains(&text.len());
    let add = |sum: i64, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + i64::from(*byte - b'0'));
    if is_short { text.as_bytes().iter().try_fold(0, add) } else { None }
}

/// What a clock shows so long after 1970.
fn wall_clock(milliseconds: i64) -> Result<DateTime, TimeFault> {
    let time = jiff::Timestamp::from_millisecond(milliseconds).map_err(|_| IMPOSSIBLE)?;
    Ok(TimeZone::UTC.to_datetime(time))
}

/// A date, or a date with a time of day, without an offset.
fn local(text: &str) -> Result<DateTime, TimeFault> {
    const EXPECTED: TimeFault =
        invalid("a date, or a date with a time of day, such as 2026-03-01 08:15:30, without an offset");
    let behind = text.get("YYYY-MM-DD".len()..).ok_or(EXPECTED)?;
    if behind.contains(['Z', 'z', '+', '-', '[']) {
        return Err(EXPECTED);
    }
    if behind.is_empty() {
        return text.parse::<Date>().map(Date::into).map_err(|_| EXPECTED);
    }
    text.parse().map_err(|_| EXPECTED)
}

fn by_pattern(text: &str, pattern: &str, zone: Option<&TimeZone>) -> Result<i64, TimeFault> {
    const EXPECTED: TimeFault = invalid("a time of the mapping's pattern");
    let parsed = BrokenDownTime::parse(pattern, text).map_err(|_| EXPECTED)?;
    if parsed.offset().is_some() {
        return parsed.to_timestamp().map(jiff::Timestamp::as_millisecond).map_err(|_| EXPECTED);
    }
    let date = parsed.to_date().map_err(|_| EXPECTED)?;
    // A pattern without a time of day is midnight.
    let time =
        if parsed.hour().is_some() { parsed.to_time().map_err(|_| EXPECTED)? } else { jiff::civil::Time::midnight() };
    in_zone(DateTime::from_parts(date, time), zone)
}

/// The milliseconds of what a clock shows in a zone; without a zone, in UTC.
fn in_zone(shown: DateTime, zone: Option<&TimeZone>) -> Result<i64, TimeFault> {
    let ambiguous = zone.unwrap_or(&TimeZone::UTC).to_ambiguous_timestamp(shown);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(NEVER_WAS);
    }
    ambiguous.earlier().map(jiff::Timestamp::as_millisecond).map_err(|_| IMPOSSIBLE)
}

/// Writes a time as `"2026-03-01T08:15:30.000Z"`, as most producers do.
pub(super) fn write(milliseconds: i64, out: &mut Vec<u8>) -> Result<(), TimeFault> {
    let (days, of_day) = (milliseconds.div_euclid(86_400_000), milliseconds.rem_euclid(86_400_000));
    let (year, month, day) = date_of(days);
    let year = u32::try_from(year).ok().filter(|year| *year <= 9_999).ok_or(IMPOSSIBLE)?;
    let of_day = u32::try_from(of_day).unwrap_or_default();
    let seconds = of_day / 1_000;
    let minutes = seconds / 60;
    let parts = [year / 100, year % 100, month, day, minutes / 60, minutes % 60, seconds % 60, of_day % 1_000 / 10];
    let [a, b, c, d, e, f, g, h] = parts.map(|part| [b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
    let last = b'0' + (of_day % 10) as u8;
    out.extend_from_slice(&[
        b'"', a[0], a[1], b[0], b[1], b'-', c[0], c[1], b'-', d[0], d[1], b'T', e[0], e[1], b':', f[0], f[1], b':',
        g[0], g[1], b'.', h[0], h[1], last, b'Z', b'"',
    ]);
    Ok(())
}

/// Returns year, month and day, so many days after 1970-01-01. In years that start in March the leap day comes last.
fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |number: i64| u32::try_from(number).unwrap_or_default();
    (year, small(month), small(day))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(format: &str, zone: &str) -> TimeRule {
        let known = TimeFormat::WORDS.into_iter().find(|(word, _)| *word == format).map(|(_, format)| format);
        let zone_of = (!zone.is_empty()).then(|| TimeZone::get(zone).unwrap());
        let format = known.unwrap_or_else(|| TimeFormat::Pattern(format.to_owned()));
        TimeRule { format, zone: zone_of, zone_name: zone.to_owned() }
    }

    fn read(text: &str, format: &str, zone: &str) -> Result<String, TimeFault> {
        let mut out = Vec::new();
        write(milliseconds(text, &rule(format, zone))?, &mut out)?;
        Ok(String::from_utf8(out).unwrap().trim_matches('"').to_owned())
    }

    #[test]
    fn each_form_is_read() {
        let expected = Ok("2026-03-01T07:15:30.000Z".to_owned());
        for (text, format, zone) in [
            ("2026-03-01T08:15:30+01:00", "rfc3339", ""),
            ("1772349330", "epoch_s", ""),
            ("1772349330.000", "epoch_s", ""),
            ("1772349330000", "epoch_ms", ""),
            ("1772349330000000", "epoch_us", ""),
            ("1772349330000000000", "epoch_ns", ""),
            ("2026-03-01 08:15:30", "local", "Europe/Amsterdam"),
            ("2026-03-01T08:15:30.000", "local", "Europe/Amsterdam"),
            ("01-03-2026 08:15:30", "%d-%m-%Y %H:%M:%S", "Europe/Amsterdam"),
            ("01-03-2026 08:15:30 +0100", "%d-%m-%Y %H:%M:%S %z", "Europe/Lisbon"),
            // What a database calls a timestamp without zone.
            ("1772352930000", "epoch_ms", "Europe/Amsterdam"),
        ] {
            assert_eq!(read(text, format, zone), expected, "{text} {format}");
        }
        let midnight = Ok("2026-02-28T23:00:00.000Z".to_owned());
        for (text, format) in [("20513", "epoch_days"), ("2026-03-01", "local"), ("20260301", "%Y%m%d")] {
            assert_eq!(read(text, format, "Europe/Amsterdam"), midnight, "{text} {format}");
        }
        assert_eq!(read("-1", "epoch_us", ""), Ok("1969-12-31T23:59:59.999Z".to_owned()));
        assert_eq!(read("1.5", "epoch_s", ""), Ok("1970-01-01T00:00:01.500Z".to_owned()));
    }

    #[test]
    fn where_clocks_go_back_the_earlier_time_is_meant_and_where_they_go_forward_none() {
        assert_eq!(read("2026-10-25 02:30:00", "local", "Europe/Amsterdam"), Ok("2026-10-25T00:30:00.000Z".to_owned()));
        for (text, format) in
            [("2026-03-29 02:30:00", "local"), ("1774751400", "epoch_s"), ("29.03.2026 02:30", "%d.%m.%Y %H:%M")]
        {
            assert_eq!(read(text, format, "Europe/Amsterdam"), Err(NEVER_WAS), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (text, format) in [
            ("soon", "epoch_ms"),
            ("1.5", "epoch_ms"),
            ("1.", "epoch_s"),
            ("1.x", "epoch_s"),
            ("", "epoch_s"),
            ("1e9", "epoch_s"),
            ("2026-03-01T08:15:30Z", "local"),
            ("2026-03-01T08:15:30+01:00", "local"),
            ("2026-02-30", "local"),
            ("26", "local"),
            ("2026-03-01", "rfc3339"),
            ("9223372036854775807", "epoch_s"),
            ("9223372036854775807", "epoch_days"),
            ("2026", "%Y-%m"),
        ] {
            assert!(read(text, format, "").is_err(), "{text} {format}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_written_as_the_library_writes_it(milliseconds in -62_167_219_200_000_i64..=253_402_300_799_999) {
            let mut out = Vec::new();
            write(milliseconds, &mut out).unwrap();
            let expected = format!("\"{}\"", jiff::Timestamp::from_millisecond(milliseconds).unwrap().strftime("%Y-%m-%dT%H:%M:%S.%3fZ"));
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}

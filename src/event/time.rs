//! Parsing times by RFC 3339, exactly as strictly as its grammar.

use crate::plan::{EventTime, Span};

/// 1990-01-01T00:00:00Z. Earlier event times are impossible: they come from a zero, a two-digit year ...
pub const EARLIEST_TIME: EventTime = EventTime(631_152_000_000);

/// 2100-01-01T00:00:00Z. Event times from here on are impossible.
pub const LATEST_TIME: EventTime = EventTime(4_102_444_800_000);

const MINUTES_PER_DAY: i64 = 1_440;

/// Parses a `date-time` by RFC 3339. Returns `None` for any other text. Fractions are truncated to milliseconds. A leap
/// second, which can only be 23:59:60 UTC, becomes the second before it.
pub(super) fn parse_date_time(text: &str) -> Option<EventTime> {
    let (date, rest) = text.as_bytes().split_at_checked(DATE_BYTES)?;
    parse_time_of(parse_days(date)?, rest)
}

/// Bytes of a `full-date`.
const DATE_BYTES: usize = 10;

/// Parses times one after another. Most have the date of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeReader {
    date: [u8; DATE_BYTES],
    days: i64,
}

impl TimeReader {
    /// Reads the time at the beginning of a text if it is followed by a quote, written in the usual form, and of the date of the one before.
    /// Returns it with the rest, which begins with the quote.
    #[inline]
    pub(super) fn read_quoted<'a>(&self, text: &'a [u8]) -> Option<(EventTime, &'a [u8])> {
        let (time, rest) = text.split_first_chunk::<{ DATE_BYTES + USUAL_BYTES }>()?;
        let (date, time) = time.split_first_chunk::<DATE_BYTES>()?;
        if *date != self.date || rest.first() != Some(&b'"') {
            return None;
        }
        Some((EventTime(self.days * Span::DAY.0 + read_usual(time)?), rest))
    }

    /// Does what [`parse_date_time`] does.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8]) -> Option<EventTime> {
        let (date, rest) = text.split_first_chunk::<DATE_BYTES>()?;
        if *date != self.date {
            (self.days, self.date) = (parse_days(date)?, *date);
        }
        match read_usual(rest) {
            Some(milliseconds) => Some(EventTime(self.days * Span::DAY.0 + milliseconds)),
            None => parse_time_of(self.days, rest),
        }
    }
}

/// Reads `Thh:mm:ss.mmmZ`, as nearly all times are written, a word at a time. Returns the milliseconds since midnight, or `None` for any
/// other text and for a leap second.
#[inline]
fn read_usual(text: &[u8]) -> Option<i64> {
    let text: &[u8; USUAL_BYTES] = text.try_into().ok()?;
    let (first, last) = (text.first_chunk()?, text.last_chunk()?);
    let first = digits(*first, *b"T00:00:0", [SIGN, DIGIT, DIGIT, SIGN, DIGIT, DIGIT, SIGN, DIGIT])?;
    let last = digits(*last, *b":00.000Z", [SIGN, DIGIT, DIGIT, SIGN, DIGIT, DIGIT, DIGIT, SIGN])?;
    let digit = |word: u64, place: u32| (word >> (8 * place) & 0xFF).cast_signed();
    let two = |word: u64, place: u32| digit(word, place) * 10 + digit(word, place + 1);
    let (hour, minute, second) = (two(first, 1), two(first, 4), two(last, 1));
    let milliseconds = two(last, 4) * 10 + digit(last, 6);
    (hour <= 23 && minute <= 59 && second <= 59).then_some(((hour * 60 + minute) * 60 + second) * 1_000 + milliseconds)
}

/// Bytes of a time of day in the usual form.
const USUAL_BYTES: usize = 14;

/// What added to a byte reaches its upper bit where it is no digit, or not 0.
const DIGIT: u8 = 0x7F - 9;
const SIGN: u8 = 0x7F;

/// Returns the digits that stand where `pattern` has a 0, each in a byte of its own, if everything else is as in the pattern.
#[inline]
const fn digits(text: [u8; 8], pattern: [u8; 8], limits: [u8; 8]) -> Option<u64> {
    const UPPER: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(text) ^ u64::from_le_bytes(pattern);
    // Carries come only from bytes that have the upper bit themselves.
    let is_usual = (word | word.wrapping_add(u64::from_le_bytes(limits))) & UPPER == 0;
    if is_usual { Some(word) } else { None }
}

/// Parses what follows the date, `days` after 1970-01-01, in a `date-time`.
#[inline]
fn parse_time_of(days: i64, rest: &[u8]) -> Option<EventTime> {
    let [b'T' | b't', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = rest else {
        return None;
    };
    let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (milliseconds, rest) = parse_fraction(rest)?;
    let minutes = hour * 60 + minute - parse_offset_minutes(rest)?;
    if second == 60 && minutes.rem_euclid(MINUTES_PER_DAY) != MINUTES_PER_DAY - 1 {
        return None;
    }
    let seconds = (days * MINUTES_PER_DAY + minutes) * 60 + second.min(59);
    Some(EventTime(seconds * 1_000 + milliseconds))
}

/// Parses a `full-date` by RFC 3339. Returns its midnight UTC, or `None` for any other text.
pub(super) fn parse_date(text: &str) -> Option<EventTime> {
    Some(EventTime(0).plus(Span::DAY.times(parse_days(text.as_bytes())?)))
}

/// Parses `YYYY-MM-DD`. Returns the days since 1970-01-01.
fn parse_days(date: &[u8]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else {
        return None;
    };
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    if day < 1 || day > days_in_month(year, month)? {
        return None;
    }
    // In a year that starts in March the leap day comes last. So the days before each month follow a linear formula:
    // (153 m + 2) / 5 is 0, 31, 61, 92 ... from March on.
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    Some(year * 365 + leap_days + day_of_year - 719_468)
}

const fn days_in_month(year: i64, month: i64) -> Option<i64> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return None,
    })
}

/// Parses an optional `.digits`. Returns its milliseconds and the rest of the text.
fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = text else {
        return Some((0, text));
    };
    let mut rest = digits;
    let mut milliseconds = 0;
    let mut weight = 100;
    while let [byte @ b'0'..=b'9', tail @ ..] = rest {
        milliseconds += i64::from(byte - b'0') * weight;
        weight /= 10;
        rest = tail;
    }
    (rest.len() < digits.len()).then_some((milliseconds, rest))
}

/// Parses `Z` or `+hh:mm` up to the end of the text. Returns minutes east of UTC.
fn parse_offset_minutes(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 60 + minutes;
            Some(if sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

/// Returns the number that two ASCII digits form.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte of a time replaced by every other.
    #[test]
    fn a_reader_reads_what_parsing_finds() {
        let mut reader = TimeReader::default();
        let times = [
            "2026-06-30T23:59:60.120Z",
            "2026-01-31T23:59:58.987Z",
            "2024-02-29T00:00:00.000Z",
            "2026-01-01T19:09:29Z",
        ];
        for time in times {
            for (place, byte) in (0..time.len()).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
                let mut text = time.as_bytes().to_vec();
                text.splice(place..=place, [byte]);
                let parsed = std::str::from_utf8(&text).ok().and_then(parse_date_time);
                assert_eq!(reader.read(&text), parsed, "{place} of {time}: {byte}");
                for behind in ["\"", "\",", "", "0\""] {
                    let quoted = [&text, behind.as_bytes()].concat();
                    let found = reader.read_quoted(&quoted);
                    let expected = parsed.filter(|_| behind.starts_with('"')).map(|time| (time, behind.as_bytes()));
                    assert!(found.is_none() || found == expected, "{place} of {time}: {byte}, {behind}");
                }
            }
        }
        let (time, behind) = (reader.read(b"2026-01-31T23:59:58.987Z"), br#"""#.as_slice());
        assert_eq!(reader.read_quoted(br#"2026-01-31T23:59:58.987Z""#), time.map(|time| (time, behind)));
    }
}

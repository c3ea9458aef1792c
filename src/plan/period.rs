//! Calendar periods, for reports and exports. Days are UTC and counted from 1970.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::calendar::Month;
use super::time::{EventTime, Span};

/// A period of whole days.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// How it is written, such as `2026-Q3`.
    pub label: String,
    /// The first day.
    pub first: i64,
    /// The last day; not before the first.
    pub last: i64,
}

/// The periods into which the calendar cuts time. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PeriodKind {
    /// `2026-09`
    Month,
    /// `2026-Q3`
    Quarter,
    /// `2026`
    Year,
}

impl PeriodKind {
    /// Every kind, the shortest first.
    pub const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::Year];

    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Returns how many months it has.
    #[must_use]
    pub const fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// Returns the period of this kind that contains a time.
    #[must_use]
    pub fn around(self, time: EventTime) -> Period {
        self.at(month_of(time).div_euclid(self.months()))
    }

    /// Returns the period of this kind before another one.
    #[must_use]
    pub fn before(self, period: &Period) -> Period {
        self.around(period.start().minus(Span(1)))
    }

    /// Returns the period of this number: they are counted from the beginning of the year 0.
    fn at(self, number: i64) -> Period {
        let first = number.saturating_mul(self.months());
        let (year, month) = (first.div_euclid(12), first.rem_euclid(12));
        let label = match self {
            Self::Month => format!("{year:04}-{:02}", month + 1),
            Self::Quarter => format!("{year:04}-Q{}", month / 3 + 1),
            Self::Year => format!("{year:04}"),
        };
        Period {
            label,
            first: first_day(first),
            last: first_day(first.saturating_add(self.months())).saturating_sub(1),
        }
    }
}

impl Period {
    /// Reads a year (`2026`), a quarter (`2026-Q3`), a month (`2026-09`), a day (`2026-09-30`), or two days (`2026-07-01..2026-09-30`), both inclusive.
    /// Two days that are a whole month, quarter or year, or the same day, have its label: `2026-07-01..2026-09-30` is `2026-Q3`.
    /// `None` for any other text, and where the second day is before the first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = match text.split_once("..") {
            Some((from, to)) => (day(from)?, day(to)?),
            None => match text.split('-').collect::<Vec<_>>()[..] {
                [year] => span_of(PeriodKind::Year, digits(year, 4)?, 1)?,
                [year, part] => match part.strip_prefix('Q') {
                    Some(quarter) => span_of(PeriodKind::Quarter, digits(year, 4)?, digits(quarter, 1)?)?,
                    None => span_of(PeriodKind::Month, digits(year, 4)?, digits(part, 2)?)?,
                },
                _ => (day(text)?, day(text)?),
            },
        };
        (first <= last).then(|| Self { label: label_of(first, last, text), first, last })
    }

    /// Returns its days.
    #[must_use]
    pub const fn days(&self) -> RangeInclusive<i64> {
        self.first..=self.last
    }

    /// Returns when it begins.
    #[must_use]
    pub const fn start(&self) -> EventTime {
        EventTime(self.first.saturating_mul(Span::DAY.0))
    }

    /// Returns when it has ended: the beginning of the next day.
    #[must_use]
    pub const fn end(&self) -> EventTime {
        EventTime(self.last.saturating_add(1).saturating_mul(Span::DAY.0))
    }
}

/// The first and the last day of a part of a year, counted from 1.
fn span_of(kind: PeriodKind, year: i64, part: i64) -> Option<(i64, i64)> {
    let parts = 12 / kind.months();
    let period = kind.at(year * parts + part - 1);
    (1..=parts).contains(&part).then_some((period.first, period.last))
}

/// The name of a period. One period has one name, however it was written.
fn label_of(first: i64, last: i64, text: &str) -> String {
    let whole = PeriodKind::ALL.into_iter().map(|kind| kind.around(EventTime(first.saturating_mul(Span::DAY.0))));
    let whole = whole.into_iter().find(|period| (period.first, period.last) == (first, last));
    let one_day = text.split_once("..").filter(|(from, to)| from == to).map_or(text, |(day, _)| day);
    whole.map_or_else(|| one_day.to_owned(), |period| period.label)
}

/// A number of so many digits, and nothing else.
fn digits(text: &str, count: usize) -> Option<i64> {
    let are_digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| are_digits)
}

/// A day such as `2026-09-30`.
fn day(text: &str) -> Option<i64> {
    let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return None };
    let (first, last) = span_of(PeriodKind::Month, digits(year, 4)?, digits(month, 2)?)?;
    let found = first + digits(day, 2)? - 1;
    (first..=last).contains(&found).then_some(found)
}

/// The month of a time, counted from the beginning of the year 0. Times far outside those that the contract allows are in the nearest month that a day has.
fn month_of(time: EventTime) -> i64 {
    let day = time.0.div_euclid(Span::DAY.0);
    Month::of(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })).number
}

/// The first day of a month that is counted from the beginning of the year 0. As in [`Month::of`], years begin in March.
const fn first_day(month: i64) -> i64 {
    /// Days from 0000-03-01 to 1970-01-01.
    const SINCE_MARCH: i64 = 719_468;
    let from_march = month.saturating_sub(2);
    let (year, of_year) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year.saturating_mul(365).saturating_add(leap_days) + (153 * of_year + 2) / 5 - SINCE_MARCH
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Days since 1970, by an independent way of counting.
    fn count(year: i64, month: i64, day: i64) -> i64 {
        let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let lengths = |year: i64| [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let years: i64 = (1970..year).map(|year| lengths(year).iter().sum::<i64>()).sum();
        years + lengths(year).iter().take(month as usize - 1).sum::<i64>() + day - 1
    }

    #[test]
    fn periods_are_read_as_they_are_written() {
        let pairs = [
            ("2026", (2026, 1, 1), (2026, 12, 31)),
            ("2026-Q1", (2026, 1, 1), (2026, 3, 31)),
            ("2026-Q3", (2026, 7, 1), (2026, 9, 30)),
            ("2026-Q4", (2026, 10, 1), (2026, 12, 31)),
            ("2026-09", (2026, 9, 1), (2026, 9, 30)),
            ("2028-02", (2028, 2, 1), (2028, 2, 29)),
            ("2100-02", (2100, 2, 1), (2100, 2, 28)),
            ("2026-09-30", (2026, 9, 30), (2026, 9, 30)),
            ("2026-07-02..2026-09-30", (2026, 7, 2), (2026, 9, 30)),
        ];
        for (text, (year, month, day), to) in pairs {
            let found = Period::parse(text).unwrap();
            let expected = (count(year, month, day), count(to.0, to.1, to.2));
            assert_eq!((found.first, found.last, found.label.as_str()), (expected.0, expected.1, text));
        }
        let refused = [
            "",
            "26",
            "2026-Q5",
            "2026-Q0",
            "2026-13",
            "2026-9",
            "2026-+1",
            "2026-Q+1",
            "+026",
            "2026-02-30",
            "2026-02-02..2026-02-01",
            "a..b",
            "2026-01-01T00",
            "2026-Q3-01",
            "2026-00",
        ];
        for text in refused {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_calendar_is_cut_without_a_gap() {
        for kind in PeriodKind::ALL {
            let mut period = kind.around(EventTime(Span::DAY.times(count(2031, 5, 17)).0));
            for _ in 0..150 {
                assert_eq!(Period::parse(&period.label).as_ref(), Some(&period));
                let before = kind.before(&period);
                assert_eq!((before.last + 1, before.end()), (period.first, period.start()));
                assert_eq!(kind.around(before.end().minus(Span(1))), before);
                assert_eq!(kind.around(before.start()), before);
                period = before;
            }
        }
    }
}

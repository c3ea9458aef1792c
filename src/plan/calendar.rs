//! When people work: silence outside these hours is none.

use super::time::{EventTime, Span};

/// Days of a week.
const WEEK: i64 = 7;

/// 1970-01-01 was a Thursday: the fourth day of a week that begins on Monday.
const FIRST_WEEKDAY: i64 = 3;

/// The days and hours in which events are expected. Times are those of a fixed offset from UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// By day of the week from Monday: whether it is worked on.
    pub days: [bool; 7],
    /// When work begins, after midnight.
    pub from: Span,
    /// When it ends, after midnight; later than `from`, and at most 24 hours.
    pub to: Span,
    /// Days since 1970 on which nobody works, ascending.
    pub holidays: Vec<i64>,
    /// How far local time is ahead of UTC.
    pub offset: Span,
}

impl Calendar {
    /// Every hour of every day.
    pub const ALWAYS: Self =
        Self { days: [true; 7], from: Span(0), to: Span::DAY, holidays: Vec::new(), offset: Span(0) };

    /// Returns how much working time lies between two times; none where the second is not later.
    #[must_use]
    pub fn working(&self, from: EventTime, to: EventTime) -> Span {
        let (from, to) = (from.plus(self.offset), to.plus(self.offset));
        if to <= from {
            return Span(0);
        }
        let day_of = |time: EventTime| time.0.div_euclid(Span::DAY.0);
        let days = day_of(from)..=day_of(to);
        // Whole weeks without a holiday are all alike, but a loop over 400 days is soon done, and simpler.
        let worked = days.filter(|day| self.works_on(*day)).map(|day| {
            let midnight = EventTime(day.saturating_mul(Span::DAY.0));
            let begin = midnight.plus(self.from).max(from);
            let end = midnight.plus(self.to).min(to);
            end.since(begin).0.max(0)
        });
        Span(worked.fold(0, i64::saturating_add))
    }

    fn works_on(&self, day: i64) -> bool {
        let weekday = usize::try_from(day.saturating_add(FIRST_WEEKDAY).rem_euclid(WEEK)).unwrap_or_default();
        self.days.get(weekday).copied().unwrap_or(false) && self.holidays.binary_search(&day).is_err()
    }
}

/// A calendar month (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its number, counted from the beginning of the year 0.
    pub number: i64,
    /// Its first day, counted from 1970.
    pub first: i32,
}

impl Month {
    /// Returns the month of a day, counted from 1970.
    ///
    /// Years begin in March here, so that the day that comes and goes is the last one of a year. Source: the proleptic Gregorian
    /// calendar, in which 400 years have 146,097 days.
    #[must_use]
    pub fn of(day: i32) -> Self {
        /// Days from 0000-03-01 to 1970-01-01.
        const SINCE_MARCH: i64 = 719_468;
        const ERA: i64 = 146_097;
        let days = i64::from(day) + SINCE_MARCH;
        let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * from_march + 2) / 5;
        let number = (era * 400 + year) * 12 + from_march + 2;
        Self { number, first: day.saturating_sub(i32::try_from(of_month).unwrap_or_default()) }
    }

    /// Returns the month of which this day, counted from 1970, is the last one; `None` where it is none.
    #[must_use]
    pub fn ended_by(day: i32) -> Option<Self> {
        let month = Self::of(day);
        (Self::of(day.saturating_add(1)).number != month.number).then_some(month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let (mut day, mut months) = (0, 0);
        for year in 1970..2_610_i32 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if is_leap { 29 } else { 28 };
            for (length, month) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().zip(0..) {
                let expected = Month { number: i64::from(year) * 12 + month, first: day };
                for of_month in 0..length {
                    assert_eq!(Month::of(day + of_month), expected);
                    assert_eq!(Month::ended_by(day + of_month), (of_month + 1 == length).then_some(expected));
                }
                day += length;
                months += 1;
            }
        }
        assert_eq!(months, 640 * 12);
        assert_eq!(Month::of(-1), Month { number: 1969 * 12 + 11, first: -31 });
    }

    const OFFICE: Calendar = Calendar {
        days: [true, true, true, true, true, false, false],
        from: Span(8 * Span::HOUR.0),
        to: Span(18 * Span::HOUR.0),
        holidays: Vec::new(),
        offset: Span(0),
    };

    fn at(days: i64, hours: i64) -> EventTime {
        // 2026-01-05 was a Monday.
        EventTime(20_458 * Span::DAY.0).plus(Span::DAY.times(days)).plus(Span::HOUR.times(hours))
    }

    #[test]
    fn nights_and_weekends_do_not_count() {
        let hours = |from, to| OFFICE.working(from, to).0 / Span::HOUR.0;
        assert_eq!(hours(at(0, 9), at(0, 12)), 3);
        assert_eq!(hours(at(0, 17), at(1, 9)), 2);
        // From Friday evening to Monday morning.
        assert_eq!(hours(at(4, 18), at(7, 8)), 0);
        assert_eq!(hours(at(4, 17), at(7, 9)), 2);
        assert_eq!(hours(at(0, 0), at(7, 0)), 50);
        assert_eq!(hours(at(1, 0), at(0, 0)), 0);
    }

    #[test]
    fn a_holiday_does_not_count_and_the_offset_moves_the_day() {
        let holiday = Calendar { holidays: vec![20_459], ..OFFICE };
        assert_eq!(holiday.working(at(0, 17), at(2, 9)), Span::HOUR.times(2));
        let ahead = Calendar { offset: Span::HOUR.times(2), ..OFFICE };
        // 06:00 UTC is 08:00 there.
        assert_eq!(ahead.working(at(0, 5), at(0, 7)), Span::HOUR);
    }

    #[test]
    fn without_a_calendar_all_time_counts() {
        assert_eq!(Calendar::ALWAYS.working(at(0, 1), at(400, 2)), Span::HOUR.times(400 * 24 + 1));
    }
}

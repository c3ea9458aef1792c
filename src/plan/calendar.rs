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

#[cfg(test)]
mod tests {
    use super::*;

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

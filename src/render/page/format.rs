//! Writes numbers, times and spans in the style of a language.

use super::text::{Language, fill};
use crate::plan::EventTime;

/// Narrow no-break space, between a number and its unit.
const THIN: char = '\u{202f}';

impl Language {
    /// A whole number, its digits in groups of three.
    pub(crate) fn count(self, count: u64) -> String {
        self.grouped(&count.to_string())
    }

    fn grouped(self, digits: &str) -> String {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits.to_owned();
        }
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(self.thousands());
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A number with this many decimals, its whole digits in groups of three.
    pub(crate) fn decimal(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |text| ("\u{2212}", text));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let (whole, mark) = (self.grouped(whole), if fraction.is_empty() { "" } else { self.decimal_mark() });
        format!("{sign}{whole}{mark}{fraction}")
    }

    /// A ratio; the smaller it is, the more decimals it has.
    pub(crate) fn ratio_text(self, value: f64) -> String {
        self.decimal(
            value,
            if value.abs() >= 100.0 {
                0
            } else if value.abs() >= 10.0 {
                1
            } else {
                2
            },
        )
    }

    /// A rate as a percentage.
    pub(crate) fn percent(self, rate: f64) -> String {
        let decimals = if rate > 0.0 && rate < 0.001 { 3 } else { 2 };
        match self {
            Self::English => format!("{}%", self.decimal(rate * 100.0, decimals)),
            Self::Dutch => format!("{}{THIN}%", self.decimal(rate * 100.0, decimals)),
        }
    }

    /// The level of an interval, such as 95%.
    pub(crate) fn percent_level(self, level: f64) -> String {
        let percent = level * 100.0;
        let decimals = usize::from((percent - percent.round()).abs() > 1e-6);
        format!("{}%", self.decimal(percent, decimals))
    }

    /// The N of "1 in N", from the natural logarithm of an e-value, rounded down. `None` below 2: that is no evidence worth a number.
    pub(crate) fn one_in(self, log_e: f64) -> Option<String> {
        self.odds(log_e, f64::floor)
    }

    /// The same, rounded up: for a level that must be reached.
    pub(crate) fn at_least_one_in(self, log_e: f64) -> Option<String> {
        self.odds(log_e, f64::ceil)
    }

    fn odds(self, log_e: f64, round: fn(f64) -> f64) -> Option<String> {
        /// The logarithm of about a million. Larger numbers are written as powers of ten.
        const LARGEST_PLAIN_LOG: f64 = 13.8;
        if log_e < std::f64::consts::LN_2 {
            return None;
        }
        if log_e < LARGEST_PLAIN_LOG {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 2 to a million")]
            return Some(self.count(round(log_e.exp()) as u64));
        }
        let exponent = round(log_e / std::f64::consts::LN_10);
        Some(format!("10{}", superscript(&format!("{exponent:.0}"))))
    }

    /// `2 January 2026, 09:33:55 UTC`; `None` outside the years that the calendar knows.
    pub(crate) fn time(self, time: EventTime) -> Option<String> {
        let at = jiff::Timestamp::from_millisecond(time.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        Some(format!(
            "{} {} {}, {:02}:{:02}:{:02} UTC",
            at.day(),
            self.month(at.month()),
            at.year(),
            at.hour(),
            at.minute(),
            at.second()
        ))
    }

    /// `2 January 2026`; `None` outside the years that the calendar knows.
    pub(crate) fn day(self, time: EventTime) -> Option<String> {
        let at = jiff::Timestamp::from_millisecond(time.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        Some(format!("{} {} {}", at.day(), self.month(at.month()), at.year()))
    }

    /// A span in its two largest units.
    pub(crate) fn span(self, seconds: u64) -> String {
        let part = |text: &str, count: u64| fill(text, &[&self.count(count)]);
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => part(self.seconds(), seconds),
            (0, 0, minutes) => part(self.minutes(), minutes),
            (0, hours, minutes) => format!("{} {}", part(self.hours(), hours), part(self.minutes(), minutes)),
            (days, hours, _) => format!("{} {}", part(self.days(), days), part(self.hours(), hours)),
        }
    }

    /// A month's name, 1 to 12.
    fn month(self, month: i8) -> &'static str {
        const ENGLISH: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        const DUTCH: [&str; 12] = [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ];
        let months = match self {
            Self::English => ENGLISH,
            Self::Dutch => DUTCH,
        };
        let index = usize::try_from(month.saturating_sub(1)).unwrap_or_default();
        months.get(index).copied().unwrap_or_default()
    }

    const fn decimal_mark(self) -> &'static str {
        match self {
            Self::English => ".",
            Self::Dutch => ",",
        }
    }

    const fn thousands(self) -> char {
        match self {
            Self::English => ',',
            Self::Dutch => '.',
        }
    }
}

/// RFC 3339, for machines.
pub(crate) fn machine_time(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}

fn superscript(digits: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |digit: char| digit.to_digit(10).and_then(|digit| DIGITS.get(digit as usize)).copied();
    digits.chars().filter_map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::Language::{Dutch, English};
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!((English.count(1_234_567), Dutch.count(1_234_567)), ("1,234,567".into(), "1.234.567".into()));
        assert_eq!((English.count(999), English.count(0)), ("999".into(), "0".into()));
        assert_eq!((English.percent(0.0501), Dutch.percent(0.0501)), ("5.01%".into(), "5,01\u{202f}%".into()));
        assert_eq!((English.percent(0.000_5), English.ratio_text(12.34)), ("0.050%".into(), "12.3".into()));
        assert_eq!(English.decimal(-0.5, 1), "\u{2212}0.5");
        assert_eq!(
            (English.decimal(1_234.56, 1), Dutch.decimal(-1_234.56, 1)),
            ("1,234.6".into(), "\u{2212}1.234,6".into())
        );
        assert_eq!((Dutch.ratio_text(12_345.6), English.decimal(f64::INFINITY, 1)), ("12.346".into(), "inf".into()));
        assert_eq!(Dutch.day(EventTime(1_782_864_000_000)), Some("1 juli 2026".into()));
    }

    #[test]
    fn evidence_is_said_in_odds() {
        assert_eq!(English.one_in(0.5), None);
        assert_eq!(English.one_in(20_f64.ln() + 1e-9), Some("20".into()));
        assert_eq!(Dutch.one_in(1_234.5_f64.ln()), Some("1.234".into()));
        assert_eq!(English.one_in(28.2 * std::f64::consts::LN_10), Some("10²⁸".into()));
        assert_eq!(English.at_least_one_in(328.9_f64.ln()), Some("329".into()));
    }

    #[test]
    fn times_name_utc_and_spans_two_units() {
        let time = EventTime(1_767_346_435_800);
        assert_eq!(English.time(time), Some("2 January 2026, 09:33:55 UTC".into()));
        assert_eq!(Dutch.time(time), Some("2 januari 2026, 09:33:55 UTC".into()));
        assert_eq!(English.time(EventTime::MIN), None);
        assert_eq!((English.span(59), Dutch.span(3_700)), ("59 s".into(), "1 u 1 min".into()));
        assert_eq!(English.span(90_000), "1 d 1 h");
    }
}

//! The keys of a rule of kind `silence`.

use super::read::ReadKind;
use crate::settings::bounds::MAX_HOLIDAYS;
use crate::settings::duration::{MAX_DURATION_DAYS, format_duration};
use crate::settings::given::{Given, check_unique, choose};
use crate::settings::key::shown;
use crate::settings::problem::Problems;
use crate::settings::scope::{Surroundings, dimensions};
use crate::settings::table::Table;
use crate::settings::terms::{Calendar, Channel, PeriodKind, RuleKind, Silence, Span, Topic, WindowLength};

/// The words for the days, from Monday.
pub(in crate::settings) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads them. A rule watches the topics that it names.
pub(in crate::settings) fn silence(table: &mut Table<'_>, surroundings: &Surroundings<'_>) -> ReadKind {
    let topics: Vec<(Topic, WindowLength)> =
        Topic::ALL.into_iter().filter_map(|topic| Some((topic, longest(table, topic, surroundings)?))).collect();
    if topics.is_empty() {
        let names: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
        table.refuse(format!("at least one of {} with its longest silence", names.join(", ")), "none");
    }
    let of_groups = topics.iter().any(|(topic, _)| *topic == Topic::Groups);
    let calendar = calendar(table);
    if let Some((_, longest)) = topics.iter().find(|(topic, _)| *topic == Topic::Groups) {
        check_groups(table, longest, &calendar, surroundings);
    }
    let report_period = report_period(table, topics.iter().any(|(topic, _)| *topic == Topic::Report));
    let is_critical = table.choice("severity", true, &[("warning", false), ("critical", true)]).value;
    ReadKind {
        kind: RuleKind::Silence(Silence { topics, calendar, is_critical, report_period }),
        channels: vec![Channel::Profile, Channel::Random],
        dimensions: if of_groups { dimensions(table, surroundings) } else { Vec::new() },
        windows: Vec::new(),
        min_events: 0,
        names: None,
    }
}

/// Of which periods reports are due. The key is one only where they are a topic.
fn report_period(table: &mut Table<'_>, is_topic: bool) -> PeriodKind {
    let choices = PeriodKind::ALL.map(|kind| (kind.name(), kind));
    if is_topic { table.choice("report_period", PeriodKind::Quarter, &choices).value } else { PeriodKind::Quarter }
}

/// The longest time without a topic; `None` where the rule does not name it.
fn longest(table: &mut Table<'_>, topic: Topic, surroundings: &Surroundings<'_>) -> Option<WindowLength> {
    let most = match topic {
        // Heard of by its counts.
        Topic::Groups => surroundings.history,
        _ => Span::DAY.times(MAX_DURATION_DAYS),
    };
    let range = Span::MINUTE..=most;
    let length = table.optional_duration(topic.name(), range)?;
    Some(WindowLength { length, label: format_duration(length) })
}

/// A group is last heard of by its counts: beyond the history there are none.
fn check_groups(table: &mut Table<'_>, longest: &WindowLength, calendar: &Calendar, surroundings: &Surroundings<'_>) {
    let days = calendar.days.iter().filter(|works| **works).count();
    let a_week = (calendar.to.0 - calendar.from.0).saturating_mul(i64::try_from(days).unwrap_or(0)).max(1);
    // Working time is spread over more time; a holiday adds a day at most.
    let weeks = longest.length.0.div_euclid(a_week).saturating_add(1);
    let holidays = i64::try_from(calendar.holidays.len()).unwrap_or(i64::MAX);
    let least = weeks.saturating_mul(7 * Span::DAY.0).saturating_add(holidays.saturating_mul(Span::DAY.0));
    let span = if a_week >= 7 * Span::DAY.0 && holidays == 0 { longest.length.0 } else { least };
    if span > surroundings.history.0 {
        let history = format_duration(surroundings.history);
        let expected =
            format!("a silence of groups of which, in working time, all is within window.history ({history})");
        table.refuse(expected, format!("groups = {:?}", longest.label));
    }
}

fn calendar(table: &mut Table<'_>) -> Calendar {
    let written = table.texts("days", &DAYS, 1..=DAYS.len());
    check_unique(&written, table.problems);
    let places: Vec<(&str, usize)> = DAYS.iter().copied().zip(0..).collect();
    let mut days = [false; 7];
    for word in &written {
        let place = choose(word, &places, &[], table.problems);
        if let Some(day) = place.and_then(|place| days.get_mut(place.value)) {
            *day = true;
        }
    }
    let hours = table.text("hours", "00:00-24:00");
    let (from, to) = hours_of(&hours).unwrap_or_else(|| {
        hours.refuse(table.problems, "hours such as \"08:00-18:00\", the second later than the first", shown(&hours));
        (Span(0), Span::DAY)
    });
    let offset = table.text("utc_offset", "+00:00");
    let ahead = offset_of(&offset).unwrap_or_else(|| {
        offset.refuse(table.problems, "an offset from UTC such as \"+01:00\"", shown(&offset));
        Span(0)
    });
    let written = table.optional_texts("holidays", 0..=MAX_HOLIDAYS).map(|days| days.value).unwrap_or_default();
    Calendar { days, from, to, holidays: holidays(&written, table.problems), offset: ahead }
}

/// Days since 1970, ascending.
fn holidays(written: &[Given<String>], problems: &mut Problems) -> Vec<i64> {
    check_unique(written, problems);
    let mut days = Vec::with_capacity(written.len());
    for day in written {
        match day_of(day) {
            Some(day) => days.push(day),
            None => day.refuse(problems, "a day such as \"2026-12-25\"", shown(day)),
        }
    }
    days.sort_unstable();
    days
}

fn day_of(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_millisecond().div_euclid(Span::DAY.0))
}

/// `08:00-18:00`.
fn hours_of(text: &str) -> Option<(Span, Span)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (time_of_day(from)?, time_of_day(to)?);
    (from < to).then_some((from, to))
}

/// `+01:00`, within 14 hours.
fn offset_of(text: &str) -> Option<Span> {
    let (sign, rest) = text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| Some((-1, text.strip_prefix('-')?)))?;
    let span = time_of_day(rest)?;
    (span <= Span::HOUR.times(14)).then_some(Span(span.0 * sign))
}

/// `08:00`, up to `24:00`.
fn time_of_day(text: &str) -> Option<Span> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let span = Span(i64::from(hours) * Span::HOUR.0 + i64::from(minutes) * Span::MINUTE.0);
    (minutes < 60 && span <= Span::DAY).then_some(span)
}

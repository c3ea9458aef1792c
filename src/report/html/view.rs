//! What all parts of the report need: the report, the language, the texts, and how much is drawn.

use maud::{Markup, html};

use super::super::model::{FindingReport, ProfileReport, Report};
use super::words::{Chapters, Method, Opening};
use crate::plan::{EventTime, Period, Span};
use crate::render::words::{Language, fill, time};

/// Moments of all drawings together, at most, and of one. They keep the file of a hundred profiles within what a browser opens.
const ALL_MOMENTS: usize = 60_000;
const MOMENTS: std::ops::RangeInclusive<usize> = 16..=120;
/// Rows of all tables of numbers over time together, and of one finding.
const ALL_ROWS: usize = 6_000;
const ROWS: std::ops::RangeInclusive<usize> = 2..=13;

/// Stands for a number that there is not.
pub(super) const ABSENT: &str = "\u{2013}";

/// The report as it is being written.
#[derive(Clone, Copy)]
pub(super) struct View<'r> {
    pub report: &'r Report,
    pub language: Language,
    pub opening: &'static Opening,
    pub chapters: &'static Chapters,
    pub method: &'static Method,
    /// Moments of a drawing, at most.
    pub moments: usize,
    /// Rows of the numbers of a finding over time, at most.
    pub rows: usize,
}

/// A finding, and its place in the report.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    pub profile: usize,
    pub finding: usize,
    pub of: &'r FindingReport,
}

impl Row<'_> {
    /// The row's id, which no other element has; `what` tells several of one finding apart.
    pub fn id(self, what: &str) -> String {
        format!("{what}{}-{}", self.profile, self.finding)
    }
}

/// Every finding of a profile.
pub(super) fn rows(profile: usize, of: &ProfileReport) -> Vec<Row<'_>> {
    of.findings.iter().enumerate().map(|(finding, of)| Row { profile, finding, of }).collect()
}

impl<'r> View<'r> {
    pub fn of(report: &'r Report, language: Language) -> Self {
        let findings = || report.profiles.iter().flat_map(|profile| &profile.findings);
        let drawn = findings().filter(|finding| !finding.past.is_empty()).count().max(1);
        Self {
            report,
            language,
            opening: Opening::of(language),
            chapters: Chapters::of(language),
            method: Method::of(language),
            moments: (ALL_MOMENTS / drawn).clamp(*MOMENTS.start(), *MOMENTS.end()),
            rows: (ALL_ROWS / drawn).clamp(*ROWS.start(), *ROWS.end()),
        }
    }

    /// Every finding of the report.
    pub fn findings(self) -> impl Iterator<Item = Row<'r>> {
        self.report.profiles.iter().enumerate().flat_map(|(index, profile)| rows(index, profile))
    }

    /// `1 July 2026 to 30 September 2026`.
    pub fn period(self) -> String {
        self.days(&self.report.period)
    }

    fn days(self, period: &Period) -> String {
        let day = |day: i64| self.language.day(EventTime(day.saturating_mul(Span::DAY.0)));
        match (day(period.first), day(period.last)) {
            (Some(first), Some(_)) if period.first == period.last => first,
            (Some(first), Some(last)) => fill(self.opening.from_to, &[&first, &last]),
            _ => period.label.clone(),
        }
    }

    /// Days as the report has them: `2026-08-03`, or `2026-08-03..2026-08-09`.
    pub fn spelled(self, days: &str) -> String {
        Period::parse(days).map_or_else(|| days.to_owned(), |period| self.days(&period))
    }

    /// The end of windows: a day where it is the end of one.
    pub fn moment(self, at: EventTime) -> Markup {
        let is_midnight = at.0.rem_euclid(Span::DAY.0) == 0;
        match self.language.day(EventTime(at.0.saturating_sub(1))).filter(|_| is_midnight) {
            Some(day) => html! { (day) },
            None => time(self.language, Some(at)),
        }
    }

    /// When something began: a day where it is the beginning of one.
    pub fn since(self, at: EventTime) -> Markup {
        match self.language.day(at).filter(|_| at.0.rem_euclid(Span::DAY.0) == 0) {
            Some(day) => html! { (day) },
            None => time(self.language, Some(at)),
        }
    }

    /// The same as text, of the end of windows.
    pub fn day(self, at: EventTime) -> String {
        let of = if at.0.rem_euclid(Span::DAY.0) == 0 { EventTime(at.0.saturating_sub(1)) } else { at };
        self.language.day(of).unwrap_or_default()
    }

    /// A window: `90 days`, or the label of a period.
    pub fn window(self, window: &str) -> String {
        let of = |unit: char, text: &str| {
            let number: u64 = window.strip_suffix(unit)?.parse().ok()?;
            Some(fill(text, &[&self.language.count(number)]))
        };
        of('d', self.chapters.window_days)
            .or_else(|| of('h', self.chapters.window_hours))
            .unwrap_or_else(|| window.to_owned())
    }

    /// A number of things.
    pub fn count(self, count: usize) -> String {
        self.language.count(count as u64)
    }
}

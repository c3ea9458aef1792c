//! What a report is asked about.

use crate::plan::{EventTime, Period, Span};

use super::model::Source;

/// What a report is asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which period.
    pub period: Period,
    /// Where the period has not ended yet: up to when. Later entries are passed over.
    pub to_date: Option<EventTime>,
    /// Where later entries are passed over, of a period that is over, too: up to when.
    pub as_of: Option<EventTime>,
    /// How long after the end of a period outcomes come. What was told of the period first thereafter is told last.
    pub settle: Span,
    /// What it is made of.
    pub source: Source,
    /// The time between two releases.
    pub release_every: Span,
}

impl Asked {
    /// Returns the end of what is told: that of the period, or the date.
    #[must_use]
    pub fn end(&self) -> EventTime {
        self.to_date.unwrap_or_else(|| self.period.end())
    }

    /// Returns the days whose entries are of use, counted from 1970. After the end of a period rows of the period itself come, until
    /// [`Builder::has_settled`](super::Builder::has_settled).
    #[must_use]
    pub fn days(&self) -> std::ops::RangeInclusive<i64> {
        let last = [self.to_date, self.as_of].into_iter().flatten().min();
        self.period.first..=last.map_or(i64::MAX, |last| last.0.div_euclid(Span::DAY.0))
    }
}

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

    /// Returns the days whose entries are of use, counted from 1970. After the end of a period rows of the period itself come, for as long as outcomes do.
    #[must_use]
    pub fn days(&self) -> std::ops::RangeInclusive<i64> {
        let last = if self.to_date.is_some() { self.end().0.div_euclid(Span::DAY.0) } else { i64::MAX };
        self.period.first..=last
    }
}

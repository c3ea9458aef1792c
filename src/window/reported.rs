//! The reports that were made, as the rule kind `silence` asks for them. The core reads no files: it is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{EventTime, Period, Span};

/// Reports that are remembered, at most: those of the latest periods.
const MAX_REPORTS: usize = 1_000;

/// The reports that were made, and since when anybody asks. Times are those of the wall clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Since when a rule watches; `None` before the first tick of `run` at which one does, and so always in `replay`.
    since: Option<EventTime>,
    /// When the first report was made, by the last and the first day of its period.
    made: BTreeMap<(i64, i64), EventTime>,
}

impl Reported {
    /// Notes that a rule watches.
    pub fn watch(&mut self, now: EventTime) {
        self.since.get_or_insert(now);
    }

    /// Notes that a report was made.
    pub fn note(&mut self, period: &Period, made_at: EventTime) {
        let first = self.made.entry((period.last, period.first)).or_insert(made_at);
        *first = (*first).min(made_at);
        while self.made.len() > MAX_REPORTS {
            self.made.pop_first();
        }
    }

    /// Returns since when a rule watches; `None` where none ever did, or nobody tells of reports.
    #[must_use]
    pub const fn since(&self) -> Option<EventTime> {
        self.since
    }

    /// Returns when the first report of a period was made.
    #[must_use]
    pub fn made(&self, period: &Period) -> Option<EventTime> {
        self.made.get(&(period.last, period.first)).copied()
    }

    /// Accounts for a wall clock that was set forward by a span, or back by a negative one.
    pub fn shift_clock(&mut self, by: Span) {
        self.since = self.since.map(|since| since.plus(by));
    }
}

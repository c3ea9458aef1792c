//! Event time as the clock of a `replay`: what is due at the hours and days that the watermark passes.

use super::core::Monitor;
use super::interface::Clock;
use crate::plan::{EventTime, Span};

impl Monitor {
    /// Says that records of a `replay` may come in another order than that of their time, as in `run`.
    pub const fn expect_disorder(&mut self) {
        self.watermark.set_sorted(false);
    }

    /// Says where the input of a `replay` without `--as-of` ends: at the newest time that its events support. Events
    /// beyond it that are still to come are counted as ahead, and not read.
    pub const fn end_at(&mut self, end: Option<EventTime>) {
        if let Clock::Event { as_of: None } = self.clock {
            self.end = end;
        }
    }

    /// Says where the input of a `replay` begins. Earlier events are too late for whatever follows, and are not counted.
    pub const fn begin_at(&mut self, begin: Option<EventTime>) {
        if let Clock::Event { .. } = self.clock {
            self.begin = if let Some(begin) = begin { begin } else { EventTime::MIN };
        }
    }

    /// Asks a `replay` for a publication at each beginning of a UTC day that the watermark passes, beside the one of its end. [`Self::poll_output`]
    /// returns them in order; its `as_of` is the beginning of the day, so it shows the days before. Each makes a release, as in `run`. In a gap
    /// without events that is longer than the history the days at which every window is empty have none. They wait in memory: poll after each
    /// batch of records.
    pub const fn publish_days(&mut self) {
        if let Clock::Event { .. } = self.clock {
            self.publishes_days = true;
        }
    }

    /// Ends a `replay`: moves the watermark to `--as-of`, or else to the end of the input, and evaluates a last time.
    /// Without [`Self::end_at`] the newest event is the end.
    pub fn finish(&mut self) {
        let Clock::Event { as_of } = self.clock else { return };
        let newest = self.watermark.newest();
        let end = as_of.or(self.end).unwrap_or(newest).max(self.watermark.current().unwrap_or(EventTime::MIN));
        if end == EventTime::MIN {
            return;
        }
        if let Some(end) = self.end {
            self.tallies.ahead = self.tallies.ahead.saturating_add(self.watermark.beyond(end));
        }
        self.pass_boundaries(end);
        self.watermark.advance(end);
        self.settle();
        self.releases.ask_for_periods();
        // A day that begins at the end is shown by the end.
        if self.days.back().is_some_and(|day| day.as_of() == end) {
            self.days.pop_back();
        }
        self.evaluate(end, end, true);
    }

    /// Evaluates at every hour that the watermark passes, with what was counted before that hour.
    pub(super) fn pass_boundaries(&mut self, to: EventTime) {
        let Some(from) = self.watermark.current() else { return };
        // After a gap longer than the history every window is empty, and stays so until the gap's end.
        let mut boundary = from.max(to.minus(self.plan.window.history)).next_hour();
        while boundary <= to {
            self.watermark.advance(boundary);
            self.tables.age(boundary);
            self.settle();
            let is_shown = self.publishes_days && boundary.begins_day();
            self.evaluate(boundary, boundary, is_shown);
            if is_shown {
                self.is_publication_due = false;
                let published = self.published();
                self.days.push_back(published);
            }
            boundary = boundary.plus(Span::HOUR);
        }
    }
}

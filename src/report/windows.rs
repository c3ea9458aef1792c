//! The rows of one finding, or of one row of the funnel, by window.

use crate::plan::{EventTime, Period, Span};

use super::model::Basis;

/// The moment of an entry. Of one after the end of the period, that end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The number of the last release: of each day the last one counts.
    pub release: u64,
    /// The end of the windows of the verdicts.
    pub as_of: EventTime,
    /// The end of the windows of the numbers.
    pub released_at: EventTime,
    /// Up to when the numbers of rolling windows have outcomes.
    pub outcomes_until: EventTime,
    /// The same of the rows of periods; `None` where they were never told.
    pub periods_until: Option<EventTime>,
    /// The end of the period, or of what is told of it.
    pub end: EventTime,
}

impl Moment {
    /// Before everything.
    pub const NEVER: Self = Self {
        release: 0,
        as_of: EventTime::MIN,
        released_at: EventTime::MIN,
        outcomes_until: EventTime::MIN,
        periods_until: None,
        end: EventTime(i64::MAX),
    };

    /// Returns when the rows of periods were told that stand at this moment.
    pub fn periods_told(self) -> EventTime {
        self.periods_until.unwrap_or(self.outcomes_until)
    }

    /// Returns which cases a row counts that was last told then.
    fn basis(self, window: &str, is_period: bool, is_gone: bool) -> Basis {
        let until = if is_period { self.periods_told() } else { self.outcomes_until };
        let capped = until.min(self.end);
        let (released_at, as_of) = if is_period { (capped, capped) } else { (self.released_at, self.as_of) };
        Basis { is_period, window: window.to_owned(), released_at, as_of, outcomes_until: until, is_gone }
    }
}

/// Rows by window.
#[derive(Debug)]
pub(super) struct Windows<R>(Vec<Row<R>>);

#[derive(Debug)]
struct Row<R> {
    window: String,
    order: Order,
    row: R,
    /// When it was last told.
    seen: Moment,
}

/// The order of windows: rolling ones by length, then those of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// A rolling window of this length; of a rule without windows the text says nothing, and the length is 0.
    Rolling(Span),
    /// A period of the calendar that begins on this day.
    Calendar(i64),
}

impl Order {
    fn of(window: &str) -> Self {
        Period::parse(window).map_or_else(|| Self::Rolling(length(window)), |period| Self::Calendar(period.first))
    }
}

/// The length of a window such as `90d`.
fn length(window: &str) -> Span {
    let unit = match window.chars().next_back() {
        Some('s') => Span::SECOND,
        Some('m') => Span::MINUTE,
        Some('h') => Span::HOUR,
        Some('d') => Span::DAY,
        _ => return Span(0),
    };
    let count = window.get(..window.len() - 1).and_then(|digits| digits.parse().ok());
    count.map_or(Span(0), |count| unit.times(count))
}

impl<R> Default for Windows<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R: Clone + PartialEq> Windows<R> {
    /// Takes the row of a window, which a release tells.
    pub fn take(&mut self, window: &str, row: &R, moment: Moment) {
        let known = self.place(window, row, moment);
        // A row of the calendar stands from one telling to the next: it is as old as that.
        let is_rolling = matches!(known.order, Order::Rolling(_));
        let as_of = if is_rolling { moment.as_of } else { moment.periods_told().min(moment.as_of) };
        known.seen = Moment { as_of, ..moment };
        if known.row != *row {
            known.row.clone_from(row);
        }
    }

    /// Takes the verdict of a window that has changed since a release: `judge` says what the row is with it.
    pub fn judge(&mut self, window: &str, row: &R, moment: Moment, judge: impl FnOnce(&R, &R) -> R) {
        let known = self.place(window, row, moment);
        known.row = judge(&known.row, row);
    }

    fn place(&mut self, window: &str, row: &R, moment: Moment) -> &mut Row<R> {
        let place = self.0.iter().position(|known| known.window == window).unwrap_or_else(|| {
            let order = Order::of(window);
            let place = self.0.partition_point(|known| (known.order, known.window.as_str()) < (order, window));
            self.0.insert(place, Row { window: window.to_owned(), order, row: row.clone(), seen: moment });
            place
        });
        #[expect(clippy::indexing_slicing, reason = "the place was found, or made, just now")]
        &mut self.0[place]
    }

    /// Returns when it was last told; [`Moment::NEVER`] where it has no row.
    pub fn seen(&self) -> Moment {
        self.0.iter().map(|row| row.seen).max_by_key(|seen| (seen.release, seen.as_of)).unwrap_or(Moment::NEVER)
    }

    /// Returns the rows of rolling windows that the last release has, the shortest first.
    pub fn rolling(&self) -> impl Iterator<Item = (&str, &R)> {
        let last = self.seen().release;
        let is_rolling = move |row: &&Row<R>| matches!(row.order, Order::Rolling(_)) && row.seen.release == last;
        self.0.iter().filter(is_rolling).map(|row| (row.window.as_str(), &row.row))
    }

    /// Returns whether its cases can be of what is told: a period of the calendar that begins when that ends has none yet.
    fn has_begun(row: &Row<R>) -> bool {
        match row.order {
            Order::Rolling(_) => true,
            Order::Calendar(first) => EventTime(first.saturating_mul(Span::DAY.0)) < row.seen.end.min(row.seen.as_of),
        }
    }

    /// Returns the row that stands for the period: its own, or that of the longest rolling window. `releases` is the number of the last release:
    /// a row that it does not have was gone.
    pub fn best(&self, period: &str, releases: u64) -> Option<(R, Basis)> {
        let last = self.seen().release;
        let own = self.0.iter().find(|row| row.window == period);
        let longest = || self.0.iter().rfind(|row| matches!(row.order, Order::Rolling(_)) && row.seen.release == last);
        let of = |row: &Row<R>, is_period: bool| {
            (row.row.clone(), row.seen.basis(&row.window, is_period, row.seen.release < releases))
        };
        own.map(|row| of(row, true))
            .or_else(|| longest().or_else(|| self.0.iter().rfind(|row| Self::has_begun(row))).map(|row| of(row, false)))
    }

    /// Returns the rows of all windows at the end.
    pub fn finish(self) -> Vec<(String, R)> {
        let last = self.seen().release;
        self.0
            .into_iter()
            .filter(|row| row.seen.release == last && Self::has_begun(row))
            .map(|row| (row.window, row.row))
            .collect()
    }
}

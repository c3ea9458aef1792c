//! The rows of one finding, or of one row of the funnel, by window.

use crate::plan::{EventTime, Period, Span};

use super::model::Basis;

/// The moment of an entry. Of one after the end of the period, that end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The number of the last release.
    pub release: u64,
    /// The end of the windows of the verdicts.
    pub as_of: EventTime,
    /// The end of the windows of the numbers.
    pub released_at: EventTime,
}

impl Moment {
    /// Before everything.
    pub const NEVER: Self = Self { release: 0, as_of: EventTime::MIN, released_at: EventTime::MIN };
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
    /// When it was first told as it is.
    since: Moment,
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
    /// Takes the row of a window. Returns whether it is another one than before.
    pub fn take(&mut self, window: &str, row: &R, moment: Moment) -> bool {
        let Some(known) = self.0.iter_mut().find(|known| known.window == window) else {
            let order = Order::of(window);
            let place = self.0.partition_point(|known| (known.order, known.window.as_str()) < (order, window));
            self.0
                .insert(place, Row { window: window.to_owned(), order, row: row.clone(), seen: moment, since: moment });
            return true;
        };
        known.seen = moment;
        let is_new = known.row != *row;
        if is_new {
            known.row.clone_from(row);
            known.since = moment;
        }
        is_new
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

    /// Returns the row that stands for the period: its own, or that of the longest rolling window.
    pub fn best(&self, period: &str) -> Option<(R, Basis)> {
        let last = self.seen().release;
        let own = self.0.iter().find(|row| row.window == period);
        let longest = || self.0.iter().rfind(|row| matches!(row.order, Order::Rolling(_)) && row.seen.release == last);
        let of = |row: &Row<R>, is_period: bool| {
            // A row of the calendar is carried along from day to day: it is as old as its numbers.
            let moment = if is_period { row.since } else { row.seen };
            let Moment { as_of, released_at, .. } = moment;
            (row.row.clone(), Basis { is_period, window: row.window.clone(), released_at, as_of })
        };
        own.map(|row| of(row, true)).or_else(|| longest().or_else(|| self.0.last()).map(|row| of(row, false)))
    }

    /// Returns the rows of all windows at the end.
    pub fn finish(self) -> Vec<(String, R)> {
        let last = self.seen().release;
        self.0.into_iter().filter(|row| row.seen.release == last).map(|row| (row.window, row.row)).collect()
    }
}

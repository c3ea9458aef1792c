//! Which days of the period have a release.

use std::collections::{BTreeMap, BTreeSet};

use crate::checkpoint::day_text;
use crate::plan::{EventTime, Span};

use super::asked::Asked;
use super::model::Coverage;

/// Files that cannot be read and are told one by one, at most. Of more the number is told.
const MAX_UNREADABLE: usize = 100;

/// The days of a period, and the releases on them.
#[derive(Debug)]
pub(super) struct Days {
    first: i64,
    last: i64,
    /// Days for which a release stands, the day itself among them.
    stands: i64,
    /// The time between two releases, and the end of what is told.
    every: Span,
    end: EventTime,
    /// Days with a release, each with the end of the windows of its last one.
    with_release: BTreeMap<i64, EventTime>,
    /// Those of them on which no event came.
    silent: BTreeSet<i64>,
    coverage: Coverage,
    unreadable_more: usize,
}

/// Returns the day that windows with this end tell of, counted from 1970: at midnight that is the day before.
pub(super) const fn day_told(as_of: EventTime) -> i64 {
    as_of.0.saturating_sub(1).div_euclid(Span::DAY.0)
}

/// Returns how many days there are from one release to the next, at most.
pub(super) const fn days_between(release_every: Span) -> i64 {
    let days = (release_every.0 + Span::DAY.0 - 1).div_euclid(Span::DAY.0);
    if days < 1 { 1 } else { days }
}

impl Days {
    pub fn new(asked: &Asked) -> Self {
        Self {
            first: asked.period.first,
            last: day_told(asked.end()).max(asked.period.first),
            stands: days_between(asked.release_every),
            every: asked.release_every,
            end: asked.end(),
            with_release: BTreeMap::new(),
            silent: BTreeSet::new(),
            coverage: Coverage::default(),
            unreadable_more: 0,
        }
    }

    /// Takes the last release of a day.
    pub fn take(&mut self, as_of: EventTime) {
        self.with_release.insert(day_told(as_of), as_of);
        let coverage = &mut self.coverage;
        coverage.releases += 1;
        coverage.first = coverage.first.or(Some(as_of));
        coverage.last = Some(as_of);
    }

    /// Takes note that no event came since the release before that of this day.
    pub fn note_silent(&mut self, as_of: EventTime) {
        self.silent.insert(day_told(as_of));
    }

    pub fn note_unreadable(&mut self, problem: String) {
        if self.coverage.unreadable.len() < MAX_UNREADABLE {
            self.coverage.unreadable.push(problem);
        } else {
            self.unreadable_more += 1;
        }
    }

    pub fn finish(mut self) -> Coverage {
        if self.unreadable_more > 0 {
            self.coverage.unreadable.push(format!("{} more files", self.unreadable_more));
        }
        let whole = self.last - self.first + 1;
        Coverage {
            ended_early: self.ended_early(),
            days: u64::try_from(whole).unwrap_or_default(),
            days_with_release: self.with_release.len() as u64,
            days_without: self.without(),
            days_silent: rows_of((self.first..=self.last).filter(|day| self.silent.contains(day))),
            ..self.coverage
        }
    }

    /// How long before the end of a day its last release is, on most days: the median. At night there may be no events that move time.
    fn usual_gap(&self) -> Span {
        let mut gaps: Vec<Span> = self.with_release.iter().map(|(day, last)| self.gap(*day, *last)).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len().saturating_sub(1) / 2).copied().unwrap_or(Span(0))
    }

    /// From the last release of a day to its end, or to that of what is told.
    fn gap(&self, day: i64, last: EventTime) -> Span {
        EventTime((day + 1).saturating_mul(Span::DAY.0)).min(self.end).since(last)
    }

    /// Days whose last release is earlier than usual, by more than two releases and an hour.
    fn ended_early(&self) -> Vec<(String, EventTime)> {
        let most = Span(self.usual_gap().0.saturating_add(self.every.times(2).0.max(Span::HOUR.0)));
        let is_early = |(day, last): &(&i64, &EventTime)| self.gap(**day, **last) > most;
        self.with_release.iter().filter(is_early).map(|(day, last)| (day_text(*day), *last)).collect()
    }

    /// Days for which no release stands, those in a row together.
    fn without(&self) -> Vec<String> {
        let stands = |day: i64| self.with_release.range(day - self.stands + 1..=day).next().is_some();
        rows_of((self.first..=self.last).filter(|day| !stands(*day)))
    }
}

/// Days in their order, those in a row together.
fn rows_of(days: impl Iterator<Item = i64>) -> Vec<String> {
    let mut rows: Vec<(i64, i64)> = Vec::new();
    for day in days {
        match rows.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            _ => rows.push((day, day)),
        }
    }
    let told = |(first, last): (i64, i64)| {
        if first == last { day_text(first) } else { format!("{}..{}", day_text(first), day_text(last)) }
    };
    rows.into_iter().map(told).collect()
}

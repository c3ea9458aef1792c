//! Which days of the period have a release.

use std::collections::BTreeSet;

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
    with_release: BTreeSet<i64>,
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
            with_release: BTreeSet::new(),
            coverage: Coverage::default(),
            unreadable_more: 0,
        }
    }

    /// Takes the last release of a day.
    pub fn take(&mut self, as_of: EventTime) {
        self.with_release.insert(day_told(as_of));
        let coverage = &mut self.coverage;
        coverage.releases += 1;
        coverage.first = coverage.first.or(Some(as_of));
        coverage.last = Some(as_of);
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
            days: u64::try_from(whole).unwrap_or_default(),
            days_with_release: self.with_release.len() as u64,
            days_without: self.without(),
            ..self.coverage
        }
    }

    /// Days for which no release stands, those in a row together.
    fn without(&self) -> Vec<String> {
        let stands = |day: i64| self.with_release.range(day - self.stands + 1..=day).next().is_some();
        let mut rows: Vec<(i64, i64)> = Vec::new();
        for day in (self.first..=self.last).filter(|day| !stands(*day)) {
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
}

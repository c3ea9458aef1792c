//! The cohorts of one feed that wait until they are sealed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::feed::{CohortFeed, Maturity};
use crate::plan::Mapping;

/// Hours of a day.
const DAY: i32 = 24;

/// How long cohorts wait by the hour; then the hours of a day that still wait become one cohort.
const HOURS_KEPT: i32 = 7 * DAY;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lane {
    pub feed: CohortFeed,
    pub waiting: BTreeMap<i32, Cohort>,
    /// Everything before this hour is over: facts for it come too late.
    pub passed: i32,
    /// The first hour whose facts are its business: a feed that a plan added later does not miss what was before it.
    #[serde(skip, default = "from_the_first")]
    pub begun: i32,
}

const fn from_the_first() -> i32 {
    i32::MIN
}

impl Lane {
    pub fn renamed(self, mapping: &Mapping) -> Option<Self> {
        let Self { feed, mut waiting, passed, begun } = self;
        let profile = mapping.profile(feed.profile)?;
        for cohort in waiting.values_mut() {
            cohort.counts = Mapping::rename(std::mem::take(&mut cohort.counts), |(channel, group, stratum)| {
                Some((channel, group, mapping.stratum_value(stratum)?))
            });
        }
        Some(Self { feed: CohortFeed { profile, ..feed }, waiting, passed, begun })
    }

    /// The waiting cohort that holds an hour.
    pub fn cohort(&mut self, hour: i32) -> &mut Cohort {
        let before = self.waiting.range(..=hour).next_back();
        let start = before.filter(|(_, cohort)| cohort.end > hour).map_or(hour, |(start, _)| *start);
        self.waiting.entry(start).or_insert_with(|| Cohort { start, end: start.saturating_add(1), ..Cohort::default() })
    }

    /// What is left of a day that is older than a week becomes one cohort.
    pub fn merge_days(&mut self, hour: i32) {
        let floor = hour.saturating_sub(HOURS_KEPT).div_euclid(DAY).saturating_mul(DAY);
        let single =
            |(start, cohort): (&i32, &Cohort)| (cohort.start.checked_add(1) == Some(cohort.end)).then_some(*start);
        let hours: Vec<i32> = self.waiting.range(..floor).filter_map(single).collect();
        for start in hours {
            let day_end = start.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
            let Some(cohort) = self.waiting.remove(&start) else { continue };
            let first =
                self.waiting.range(..start).next_back().filter(|(_, day)| day.end == day_end).map(|(first, _)| *first);
            let first = first.unwrap_or(start);
            let day = self.waiting.entry(first).or_insert_with(|| Cohort { start: first, ..Cohort::default() });
            day.merge(cohort);
            day.end = day_end;
        }
    }

    /// Takes out the oldest cohort where it is sealed; cohorts after one that is not wait with it.
    pub fn next_sealed(&mut self, hour: i32, max_age: i32) -> Option<Cohort> {
        let Some((start, oldest)) = self.waiting.first_key_value() else {
            self.passed = self.passed.max(hour);
            return None;
        };
        let over = oldest.end <= hour;
        let aged = oldest.end.saturating_add(max_age) <= hour;
        let sealed = match self.feed.maturity {
            Maturity::Over => over,
            Maturity::Reported => over && (aged || oldest.complete(|counts| counts.reported)),
            Maturity::Resolved => over && (aged || oldest.complete(|counts| counts.resolved)),
            Maturity::Aged => aged,
        };
        if !sealed {
            self.passed = self.passed.max((*start).min(hour));
            return None;
        }
        let (_, cohort) = self.waiting.pop_first()?;
        self.passed = self.passed.max(cohort.end);
        Some(cohort)
    }
}

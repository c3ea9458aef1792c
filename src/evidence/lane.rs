//! The cohorts of one feed that wait until they are sealed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::delays::Delays;
use super::feed::{CohortFeed, Maturity};
use crate::plan::invariant::{self, Room};
use crate::plan::{DimensionId, Mapping, StratumId};

/// Hours of a day.
const DAY: i32 = 24;

/// How long cohorts of one hour wait. Then those that still wait are merged by the day.
const HOURS_KEPT: i32 = 7 * DAY;

/// One feed with its waiting cohorts. All hours are counted from 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lane {
    pub feed: CohortFeed,
    /// By their first hour.
    pub waiting: BTreeMap<i32, Cohort>,
    /// All cohorts before this hour are released: facts about them come too late.
    pub passed: i32,
    /// The first hour whose cohorts the feed reads. A feed that a later plan added misses nothing of the hours before
    /// it.
    #[serde(skip, default = "from_the_first")]
    pub begun: i32,
    /// How late membership comes.
    #[serde(skip)]
    pub delays: Delays,
}

/// How long cohorts wait at most, in hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LongestWaits {
    /// For what follows a selection.
    pub facts: i32,
    /// For membership, where nothing else is waited for.
    pub membership: i32,
}

const fn from_the_first() -> i32 {
    i32::MIN
}

impl Lane {
    /// Returns an empty lane that reads every cohort.
    pub fn new(feed: CohortFeed) -> Self {
        Self { feed, waiting: BTreeMap::new(), passed: i32::MIN, begun: from_the_first(), delays: Delays::default() }
    }

    /// Returns the lane under the present profiles and strata; `None` where its profile is gone. Counts of strata that
    /// are gone are left out.
    pub fn renamed(self, mapping: &Mapping) -> Option<Self> {
        let Self { feed, mut waiting, passed, begun, delays } = self;
        let profile = mapping.profile(feed.profile)?;
        for cohort in waiting.values_mut() {
            cohort.counts = Mapping::rename(std::mem::take(&mut cohort.counts), |(channel, group, stratum)| {
                Some((channel, group, mapping.stratum_value(stratum)?))
            });
        }
        Some(Self { feed: CohortFeed { profile, ..feed }, waiting, passed, begun, delays })
    }

    /// Returns the waiting cohort that holds an hour, added where missing.
    pub fn cohort(&mut self, hour: i32) -> &mut Cohort {
        let before = self.waiting.range(..=hour).next_back();
        let start = before.filter(|(_, cohort)| cohort.end > hour).map_or(hour, |(start, _)| *start);
        self.waiting.entry(start).or_insert_with(|| Cohort { start, end: start.saturating_add(1), ..Cohort::default() })
    }

    /// Merges the cohorts of single hours, of days that ended a week before `hour`, into one cohort for each day.
    pub fn merge_days(&mut self, hour: i32) {
        let floor = hour.saturating_sub(HOURS_KEPT).div_euclid(DAY).saturating_mul(DAY);
        let single =
            |(start, cohort): (&i32, &Cohort)| (cohort.start.checked_add(1) == Some(cohort.end)).then_some(*start);
        let hours: Vec<i32> = self.waiting.range(..floor).filter_map(single).collect();
        for start in hours {
            let Some(cohort) = self.waiting.remove(&start) else {
                invariant::broken(Room::Evidence, "a listed hour is still waiting");
                continue;
            };
            let day_end = start.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
            let day = self.waiting.range(..start).next_back().filter(|(_, day)| day.end == day_end);
            let first = day.map_or(start, |(first, _)| *first);
            let day = self.waiting.entry(first).or_insert_with(|| Cohort { start: first, ..Cohort::default() });
            day.merge(cohort);
            day.end = day_end;
        }
    }

    /// Removes and returns the oldest cohort if it is sealed at `hour`. Later cohorts wait for it.
    /// `unwaited` are the strata for whose values it does not wait.
    pub fn next_sealed(&mut self, hour: i32, longest: LongestWaits, unwaited: &[StratumId]) -> Option<Cohort> {
        let Some((start, oldest)) = self.waiting.first_key_value() else {
            self.passed = self.passed.max(hour);
            return None;
        };
        let is_sealed =
            has_facts(oldest, self.feed.maturity, hour, longest) && self.has_groups(oldest, hour, (longest, unwaited));
        if !is_sealed {
            self.passed = self.passed.max((*start).min(hour));
            return None;
        }
        let (_, cohort) = self.waiting.pop_first()?;
        self.passed = self.passed.max(cohort.end);
        Some(cohort)
    }

    /// Whether the oldest cohort need not wait for groups any more. Where most cases that wait have none, membership is sure to
    /// come separately, or nothing is to be learned anyway.
    fn has_groups(&self, oldest: &Cohort, hour: i32, (longest, unwaited): (LongestWaits, &[StratumId])) -> bool {
        let is_over = |hours: i32| oldest.end.saturating_add(hours) <= hour;
        let of_facts = if self.feed.maturity == Maturity::Over { i32::MAX } else { longest.facts };
        // Everyone is one group, which nobody lacks.
        let is_of_groups = self.feed.dimension != DimensionId::EVERYONE;
        if !is_of_groups || !oldest.lacks_values(unwaited) || is_over(longest.membership.min(of_facts)) {
            return true;
        }
        let over = self.waiting.values().take_while(|cohort| cohort.end <= hour);
        let [known, unknown] = over.map(Cohort::groups).fold([0_u64; 2], |[known, unknown], [more, others]| {
            [known.saturating_add(more), unknown.saturating_add(others)]
        });
        unknown <= known && is_over(self.delays.wait())
    }
}

/// Whether what follows a selection can be expected to be known.
fn has_facts(cohort: &Cohort, maturity: Maturity, hour: i32, longest: LongestWaits) -> bool {
    let over = cohort.end <= hour;
    let aged = cohort.end.saturating_add(longest.facts) <= hour;
    match maturity {
        Maturity::Over => over,
        Maturity::Reported => over && (aged || cohort.is_complete(|counts| counts.reported)),
        Maturity::Resolved => over && (aged || cohort.is_complete(|counts| counts.resolved)),
        Maturity::Aged => aged,
        Maturity::Settled => over && (aged || cohort.is_complete_to(100, |counts| counts.reported)),
    }
}

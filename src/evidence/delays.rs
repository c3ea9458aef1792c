//! How long after its selection a case gets its group, or its stratum, where membership is sent separately.
//!
//! Evidence counts a cohort once. Counted before these are known, it would miss them for ever. How long to wait is
//! learned from the final facts alone, so that a replay waits as long.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::shift::Shift;
use crate::plan::{Slot, StratumId};

/// How many cases may get their group later than a cohort waits, of all; in hundredths.
const LATER_PERCENT: u64 = 5;

/// The longest delay that is told from longer ones, in hours.
const LONGEST: i32 = 366 * 24;

/// After so many hours of event time what was learned counts half.
const HALVED_AFTER: i32 = 30 * 24;

/// What one case weighs, so that few of them are not halved to nothing.
const WEIGHT: u64 = 1 << 16;

/// A stratum and a value of it; `None` for all cases of a group.
type Stratum = Option<(StratumId, Slot)>;

/// The delays of one feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delays {
    /// Cases that got their group, or their stratum, so many hours after their selection, in a later hour; each of [`WEIGHT`].
    by_hours: BTreeMap<i32, u64>,
    /// All cases, each of the same weight.
    cases: u64,
    /// The last span of [`HALVED_AFTER`] that had a fact, counted from 1970.
    period: i32,
}

impl Delays {
    /// Learns from a final change by an event of `hour`, of cases of the hour `cohort` in a group, and in a stratum or all.
    #[inline]
    pub(super) fn note(&mut self, hour: i32, cohort: i32, shift: &Shift, (group, stratum): (Slot, Stratum)) {
        let (delay, assessed) = (hour.saturating_sub(cohort), shift.assessed());
        let is_new = delay <= 0 && assessed > 0 && stratum.is_none();
        let gets_value = delay > 0 && assessed < 0 && stratum.map_or(group, |(_, value)| value) == Slot::NONE;
        if !is_new && !gets_value {
            return;
        }
        self.halve_until(hour.div_euclid(HALVED_AFTER));
        let cases = assessed.unsigned_abs().saturating_mul(WEIGHT);
        if is_new {
            self.cases = self.cases.saturating_add(cases);
        } else {
            let known = self.by_hours.entry(delay.min(LONGEST)).or_default();
            *known = known.saturating_add(cases);
        }
    }

    /// Returns for how many hours after its end a cohort waits for groups: so long that hardly any case gets its group
    /// later. 0 where membership comes with the selection, or not at all.
    pub(super) fn wait(&self) -> i32 {
        let mut later = 0_u64;
        for (hours, cases) in self.by_hours.iter().rev() {
            later = later.saturating_add(*cases);
            if u128::from(later) * 100 > u128::from(self.cases) * u128::from(LATER_PERCENT) {
                return *hours;
            }
        }
        0
    }

    /// Facts are final in the order of their hours.
    fn halve_until(&mut self, period: i32) {
        if period <= self.period {
            return;
        }
        let times = period.saturating_sub(self.period).unsigned_abs();
        self.period = period;
        let halved = |count: u64| count.checked_shr(times).unwrap_or(0);
        self.cases = halved(self.cases);
        self.by_hours.values_mut().for_each(|cases| *cases = halved(*cases));
        self.by_hours.retain(|_, cases| *cases > 0);
    }
}

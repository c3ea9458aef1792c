//! What was published of each count, so that the next release tells no single case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::part::Taken;
use crate::judge::PERIOD_MARK;
use crate::plan::DisclosurePlan;

/// The last published value of each count, by a name that outlives restarts and changes of the configuration.
///
/// There are as many as there are published counts: at most five for each row of the funnel, and a dozen for each finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    kept: BTreeMap<String, Kept>,
    /// The number of the release.
    release: u64,
    /// That of the last one that told of periods; 0 where none did.
    day: u64,
}

/// What was published of one count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The value; `None` where none was told.
    told: Option<u64>,
    /// Whether it was too small.
    is_small: bool,
    /// Whether the value is a constant that stands in for it.
    stands_in: bool,
    /// The last release that has the count.
    release: u64,
    /// The withheld parts that the value has taken up.
    taken: Vec<Taken>,
}

impl Memory {
    /// Begins a release.
    pub fn begin(&mut self) {
        self.release = self.release.wrapping_add(1);
    }

    /// Says that the release that has begun tells of periods.
    pub const fn begin_day(&mut self) {
        self.day = self.release;
    }

    /// Returns whether this release tells of periods.
    pub const fn is_of_day(&self) -> bool {
        self.day != 0 && self.day == self.release
    }

    /// Returns whether any release has told of periods.
    pub const fn has_day(&self) -> bool {
        self.day != 0
    }

    /// Ends a release: forgets the counts that it does not have. Those of periods stay until periods are told again.
    pub fn end(&mut self) {
        let (release, day) = (self.release, self.day);
        let stays = |name: &str, at: u64| at == release || at == day && name.contains(PERIOD_MARK);
        self.kept.retain(|name, kept| stays(name, kept.release));
    }

    /// Returns whether a count is too small to be told: below `min_cell`; and once it was, below twice that.
    pub fn is_small(&mut self, plan: &DisclosurePlan, name: &str, count: u64) -> bool {
        let release = self.release;
        let was_small = self.kept.get(name).is_some_and(|kept| kept.is_small);
        let limit = if was_small && plan.defences.sticky { plan.min_cell.saturating_mul(2) } else { plan.min_cell };
        let is_small = count < limit;
        let kept = self.kept.entry(name.to_owned()).or_default();
        (kept.is_small, kept.release) = (is_small, release);
        if is_small {
            kept.told = None;
        }
        is_small
    }

    /// Returns the value to publish of a count that is not small, a multiple of `step`: the last one while it is less than `min_cell` away.
    pub fn tell(&mut self, plan: &DisclosurePlan, name: &str, count: u64, step: u64) -> u64 {
        let release = self.release;
        let kept = self.kept.entry(name.to_owned()).or_default();
        let near = |told: &u64| plan.defences.dead_band && told.abs_diff(count) < plan.min_cell;
        let last = kept.told.filter(|_| !kept.stands_in);
        let told = last.filter(near).unwrap_or_else(|| plan.rounded_to(count, step));
        *kept = Kept { told: Some(told), release, ..Kept::default() };
        told
    }

    /// Returns the value to publish of a count by itself; `None` where it is too small.
    pub fn tell_alone(&mut self, plan: &DisclosurePlan, name: &str, count: u64) -> Option<u64> {
        (!self.is_small(plan, name, count)).then(|| self.tell(plan, name, count, plan.round_to))
    }

    /// Tells a count by itself; where no release is due, as the last one did.
    pub fn count(&mut self, plan: &DisclosurePlan, name: &str, count: u64, is_due: bool) -> Option<u64> {
        if is_due { self.tell_alone(plan, name, count) } else { self.last(name) }
    }

    /// Remembers the constant that stands in for a count.
    pub fn stand_in(&mut self, name: &str, constant: u64) {
        self.set(name, Some(constant));
        if let Some(kept) = self.kept.get_mut(name) {
            kept.stands_in = true;
        }
    }

    /// Remembers that nothing is told of a count, or a number that is no count, such as a place.
    pub fn set(&mut self, name: &str, told: Option<u64>) {
        let release = self.release;
        let kept = self.kept.entry(name.to_owned()).or_default();
        (kept.told, kept.stands_in, kept.release) = (told, false, release);
    }

    /// Remembers which withheld parts a value has taken up.
    pub fn take(&mut self, name: &str, taken: Vec<Taken>) {
        if let Some(kept) = self.kept.get_mut(name) {
            kept.taken = taken;
        }
    }

    /// Returns the withheld parts that the value of the last release has taken up.
    pub fn taken(&self, name: &str) -> Vec<Taken> {
        self.kept.get(name).map(|kept| kept.taken.clone()).unwrap_or_default()
    }

    /// Returns whether the last release told a constant in the place of a count.
    pub fn stood_in(&self, name: &str) -> bool {
        self.kept.get(name).is_some_and(|kept| kept.stands_in)
    }

    /// Returns what the last release told of a count; `None` where that is nothing.
    pub fn last(&self, name: &str) -> Option<u64> {
        self.kept.get(name).and_then(|kept| kept.told)
    }
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    clippy::many_single_char_names,
    reason = "a panic is how a test fails"
)]
mod tests {
    use super::*;

    /// What is told of one count over successive releases.
    fn told(plan: &DisclosurePlan, counts: &[u64]) -> Vec<Option<u64>> {
        let mut memory = Memory::default();
        let tell = |count: &u64| {
            memory.begin();
            let told = memory.tell_alone(plan, "count", *count);
            memory.end();
            told
        };
        counts.iter().map(tell).collect()
    }

    #[test]
    fn a_count_changes_by_min_cell_or_not_at_all() {
        let plan = DisclosurePlan::default();
        assert_eq!(told(&plan, &[101, 104, 109, 110, 111, 92]), [100, 100, 100, 110, 110, 90].map(Some));
    }

    #[test]
    fn what_was_withheld_is_shown_from_twice_min_cell_on() {
        let plan = DisclosurePlan::default();
        assert_eq!(told(&plan, &[10, 9, 10, 19, 20, 19, 9]), [Some(10), None, None, None, Some(20), Some(20), None]);
    }

    #[test]
    fn what_a_release_does_not_have_is_forgotten() {
        let plan = DisclosurePlan::default();
        let mut memory = Memory::default();
        memory.begin();
        assert_eq!(memory.tell_alone(&plan, "count", 5), None);
        memory.end();
        assert_eq!(memory.last("count"), None);
        memory.begin();
        memory.end();
        assert_eq!(memory, Memory { release: 2, ..Memory::default() });
    }
}

//! What may be told of names and counts: nothing below `min_cell` cases, and counts in steps.

use super::contract::ByName;
use super::document::{Counted, Names};
use crate::plan::DisclosurePlan;

/// Most names of one list.
const MOST_NAMES: usize = 100;

/// Returns a number of cases as it is told; `None` below `min_cell`, also for none: what is absent is not told apart from what is rare.
pub(super) fn cases(count: usize, plan: &DisclosurePlan) -> Option<u64> {
    let count = count as u64;
    (count >= plan.min_cell).then(|| plan.rounded(count))
}

/// Returns those of the names that are asked for, most first: with enough cases, one at least, and `may_show`.
pub(super) fn names(
    by_name: &ByName,
    plan: &DisclosurePlan,
    is_wanted: impl Fn(&str) -> bool,
    may_show: fn(&str) -> bool,
) -> Names {
    let mut told: Vec<(usize, &String)> = Vec::new();
    let mut others = by_name.overflowed;
    for (name, cases) in by_name.cases.iter().filter(|(name, _)| is_wanted(name)) {
        if cases.len() as u64 >= plan.min_cell.max(1) && may_show(name) && told.len() < MOST_NAMES {
            told.push((cases.len(), name));
        } else {
            others = true;
        }
    }
    told.sort_by_key(|(count, name)| (usize::MAX - count, *name));
    let names = told.into_iter().map(|(count, name)| Counted { name: name.clone(), count: cases(count, plan) });
    Names { names: names.collect(), others }
}

/// Whether the name of a group may be shown: it has no control characters, and is not empty.
pub(super) fn is_group(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}

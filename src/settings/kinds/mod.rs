//! The keys of `[[rules]]` that belong to one kind.

mod automation;
mod benchmark;
mod coverage;
mod criterion;
mod disparity;
mod drift;
mod read;
mod silence;
mod suitability;

use super::problem::Problems;
use super::terms::Rule;

pub(super) use automation::automation;
pub(super) use benchmark::benchmark;
pub(super) use coverage::coverage;
pub(super) use criterion::criterion;
pub(super) use disparity::disparity;
pub(super) use drift::drift;
pub(super) use read::{Kind, Names, ReadKind};
pub(super) use silence::{DAYS, silence};
pub(super) use suitability::suitability;

/// Resolves the names of other rules that rules give. `names` is in the order of the rules.
pub(super) fn resolve(rules: &mut [Rule], names: &[Option<Names>], problems: &mut Problems) {
    benchmark::resolve_served(rules, names, problems);
    drift::resolve_watched(rules, names, problems);
}

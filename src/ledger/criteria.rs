//! Which criterion a name in an event stands for.

use std::borrow::Cow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::event::Criterion;
use crate::plan::group_name::{normalise, skeleton};
use crate::plan::{CriterionStanding, Plan, RuleKind};

/// The most names, as events write them, of which it is kept what they stand for. Of further ones it is found out each time.
const MAX_KNOWN: usize = 1_024;

/// What stands for a name of which nothing can be seen.
const BLANK: &str = "(blank)";

/// The criteria that a plan names.
#[derive(Clone, Debug, Default)]
pub(super) struct CriteriaNames {
    /// Whether a stratum is about criteria at all.
    is_any: bool,
    /// By name.
    listed: HashMap<Box<str>, usize, FxBuildHasher>,
    /// By [joined] names, without the accepted ones: what only resembles an accepted criterion was not judged.
    resembling: HashMap<Box<str>, usize, FxBuildHasher>,
    /// By name as events write it.
    known: HashMap<Box<str>, Option<usize>, FxBuildHasher>,
}

/// A criterion that a selection names.
#[derive(Clone, Debug)]
pub(super) struct SaidCriterion<'e> {
    /// The index of the criterion among those that the plan names; `None` for one on no list.
    pub listed: Option<usize>,
    /// Its name in the one form in which names are compared.
    pub name: Cow<'e, str>,
    pub value: Option<&'e str>,
}

impl CriteriaNames {
    /// Returns those of these names. Some of the plan may be accepted.
    pub fn of<'p>(plan: &'p Plan, names: impl Iterator<Item = &'p str>) -> Self {
        let terms = plan.rules.iter().filter_map(|rule| match &rule.kind {
            RuleKind::Criterion(terms) => Some(terms),
            _ => None,
        });
        let watched = terms.clone().flat_map(|terms| &terms.watched);
        let is_accepted = |name: &str| {
            let is_it = |standing| standing == CriterionStanding::Accepted;
            watched.clone().any(|criterion| criterion.name == name && is_it(criterion.standing))
        };
        let mut found = Self { is_any: terms.count() > 0, ..Self::default() };
        for (index, name) in names.enumerate() {
            found.is_any = true;
            found.listed.insert(normalise(name).into(), index);
            if !is_accepted(name) {
                found.resembling.entry(joined(name).into()).or_insert(index);
            }
        }
        found
    }

    /// Returns whether nobody asks for criteria.
    pub const fn is_empty(&self) -> bool {
        !self.is_any
    }

    /// Returns the index of a criterion that the plan names.
    pub fn listed(&self, name: &str) -> Option<usize> {
        self.listed.get(&*normalise(name)).copied()
    }

    /// Returns what a selection says.
    pub fn read<'e>(&mut self, criteria: &'e [Criterion<'e>]) -> Vec<SaidCriterion<'e>> {
        let read = |criterion: &'e Criterion<'e>| {
            let name = match normalise(&criterion.name) {
                name if name.is_empty() => Cow::Borrowed(BLANK),
                name => name,
            };
            SaidCriterion { listed: self.place_of(&criterion.name), name, value: criterion.value.as_deref() }
        };
        criteria.iter().map(read).collect()
    }

    /// Returns the same without keeping it.
    pub fn stands_for(&self, written: &str) -> Option<usize> {
        self.listed(written).or_else(|| self.resembling.get(joined(written).as_str()).copied())
    }

    /// Returns the index of the listed criterion that a name stands for: by its spelling, or as it differs from it by case, accents or look-alike
    /// letters only. Nobody gets around a list by writing a name otherwise.
    fn place_of(&mut self, written: &str) -> Option<usize> {
        if let Some(known) = self.known.get(written) {
            return *known;
        }
        let place = self.stands_for(written);
        if self.known.len() < MAX_KNOWN {
            self.known.insert(written.into(), place);
        }
        place
    }
}

/// Returns what spellings of a name have in common: its skeleton without the signs between words. `CountryOfBirth` is `country_of_birth`.
fn joined(name: &str) -> String {
    skeleton(name).replace('-', "")
}

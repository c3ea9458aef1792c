//! The kinds of control that rules call strict.

use std::collections::BTreeSet;

use crate::plan::group_name::skeleton;
use crate::plan::{Feature, Plan, Slot};

/// A list of kinds of control that a rule calls strict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StrictKinds {
    kinds: Vec<String>,
    /// Ascending: the values of the stratum of kinds that are, or are spelled like, one of them.
    slots: Vec<Slot>,
}

impl StrictKinds {
    /// Returns each list of a plan once, ascending.
    pub fn of(plan: &Plan) -> Vec<Self> {
        let terms = plan.rules.iter().filter_map(|rule| rule.disparity()).map(|rule| rule.terms);
        let lists = terms.filter(|terms| terms.feature() == Some(Feature::Strict));
        let lists: BTreeSet<&[String]> = lists.map(|terms| &*terms.handling.strict_kinds).collect();
        lists.into_iter().map(|kinds| Self { kinds: kinds.to_vec(), slots: Vec::new() }).collect()
    }

    /// Returns the kinds as the plan has them.
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// Returns whether a value of the stratum of kinds is one of them.
    pub fn has(&self, kind: Slot) -> bool {
        self.slots.binary_search(&kind).is_ok()
    }

    /// Finds its kinds among the values that are known, each with its skeleton, ascending.
    pub fn find(&mut self, known: &[(String, Slot)]) {
        let named: BTreeSet<String> = self.kinds.iter().map(|kind| skeleton(kind)).collect();
        let strict = known.iter().filter(|(kind, _)| named.contains(kind));
        self.slots = strict.map(|(_, slot)| *slot).collect();
    }
}

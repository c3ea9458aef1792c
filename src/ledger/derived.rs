//! What a selection says of its own making, as values of strata.

use super::named_values::NamedValues;
use crate::event::{Criterion, Decider, Selection};
use crate::plan::{Derived, Slot};

/// The strata of a plan that are read from selections.
#[derive(Clone, Debug, Default)]
pub(super) struct DerivedStrata {
    is_any: bool,
    /// The criteria that a stratum is about.
    listed: Box<[Box<str>]>,
}

/// What a selection says of its own making. Other events say nothing of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Making<'e> {
    version: Option<&'e str>,
    decided_by: Option<Decider>,
    criteria: Option<&'e [Criterion<'e>]>,
}

impl DerivedStrata {
    /// Returns those among the strata of these names.
    pub fn of(strata: &[&str]) -> Self {
        let derived = || strata.iter().filter_map(|name| Derived::of(name));
        let criterion = |derived| if let Derived::Criterion(name) = derived { Some(name.into()) } else { None };
        Self { is_any: derived().next().is_some(), listed: derived().filter_map(criterion).collect() }
    }

    /// Returns whether there is none.
    pub const fn is_empty(&self) -> bool {
        !self.is_any
    }

    /// Returns the slot of the value that a case gets in such a stratum by an event: the one that its `strata` name, else the
    /// one that a selection says. Every text that a selection says is a value, also one that would stand for none in
    /// `strata`.
    pub fn slot_of(&self, stratum: &mut NamedValues, named: Option<&str>, making: Option<&Making<'_>>) -> Slot {
        let Some(derived) = Derived::of(&stratum.name) else { return Slot::NONE };
        let text = match named {
            None => making.and_then(|making| making.value(derived, &self.listed)),
            // Asked before the known values: what is known depends on the order of arrival.
            Some(text) if !stratum.stands_for_none(text) => Some(text),
            // No version is the version "".
            Some(_) => making.filter(|_| derived == Derived::ProfileVersion).map(|_| ""),
        };
        text.map_or(Slot::NONE, |text| stratum.learn_text(text))
    }
}

impl<'e> Making<'e> {
    /// Returns what this selection says.
    pub fn of(selection: &'e Selection<'e>) -> Self {
        Self {
            version: selection.profile_version.as_deref(),
            decided_by: selection.decided_by,
            criteria: selection.criteria.as_deref(),
        }
    }

    /// Returns the value of a stratum, which may be empty; `None` where the selection says nothing of it.
    fn value(&self, derived: Derived<'_>, listed: &[Box<str>]) -> Option<&'e str> {
        match derived {
            Derived::ProfileVersion => Some(self.version.unwrap_or_default()),
            Derived::DecidedBy => self.decided_by.map(|decider| match decider {
                Decider::Human => "human",
                Decider::Automated => "automated",
            }),
            Derived::Criterion(name) => {
                let found = self.criteria?.iter().find(|criterion| criterion.name == name);
                // No text of an event may read as "not used".
                let value = |criterion: &'e Criterion<'e>| match criterion.value.as_deref() {
                    None | Some(Derived::ABSENT) => Derived::PRESENT,
                    Some(value) => value,
                };
                Some(found.map_or(Derived::ABSENT, value))
            }
            Derived::UnlistedCriterion => {
                let names = self.criteria?.iter().map(|criterion| criterion.name.as_ref());
                let unlisted = names.filter(|name| !listed.iter().any(|listed| **listed == **name));
                // Nor may a name read as "no criterion".
                let named = |name: &'e str| if name == Derived::NO_CRITERION { Derived::PRESENT } else { name };
                Some(unlisted.min().map_or(Derived::NO_CRITERION, named))
            }
        }
    }
}

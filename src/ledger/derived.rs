//! What a selection says of its own making, as values of strata.

use super::criteria::{CriteriaNames, SaidCriterion};
use super::named_values::NamedValues;
use crate::event::{Decider, Selection, Strata};
use crate::plan::{Derived, Plan, Slot, stratum};

/// The strata of a plan that are read from selections.
#[derive(Clone, Debug, Default)]
pub(super) struct DerivedStrata {
    is_any: bool,
    criteria: CriteriaNames,
    /// The place of `criteria:unlisted` among the strata.
    unlisted: Option<usize>,
    /// The places of the strata of criteria on no list.
    learned: Box<[usize]>,
    /// The place of each stratum of versions, and of the one that says where there is one.
    versions: Box<[(usize, usize)]>,
}

/// What a selection says of its own making. Other events say nothing of it.
#[derive(Clone, Debug)]
pub(super) struct Making<'e> {
    version: Option<&'e str>,
    decided_by: Option<Decider>,
    criteria: Option<Vec<SaidCriterion<'e>>>,
}

impl DerivedStrata {
    /// Returns those among the strata of these names, which are those of the plan.
    pub fn of(plan: &Plan, strata: &[&str]) -> Self {
        let place = |name: &str| strata.iter().position(|known| *known == name);
        let derived = || strata.iter().filter_map(|name| Derived::of(name));
        let is_learned = |name: &&str| Derived::of(name) == Some(Derived::LearnedCriterion);
        let version = |(at, name): (usize, &&str)| match Derived::of(name) {
            Some(Derived::VersionOf(of)) => Some((at, place(of)?)),
            _ => None,
        };
        let listed =
            derived().filter_map(|derived| if let Derived::Criterion(name) = derived { Some(name) } else { None });
        Self {
            is_any: derived().next().is_some(),
            criteria: CriteriaNames::of(plan, listed),
            unlisted: place(stratum::UNLISTED_CRITERION),
            learned: strata.iter().enumerate().filter(|(_, name)| is_learned(name)).map(|(at, _)| at).collect(),
            versions: strata.iter().enumerate().filter_map(version).collect(),
        }
    }

    /// Returns whether there is none.
    pub const fn is_empty(&self) -> bool {
        !self.is_any
    }

    /// Returns whether a name stands for a criterion that the plan names.
    pub fn is_listed(&self, name: &str) -> bool {
        self.criteria.stands_for(name).is_some()
    }

    /// Returns whether versions are read from `strata`, whether or not a stratum has them.
    pub fn reads_versions(&self) -> bool {
        !self.versions.is_empty()
    }

    /// Returns what this selection says.
    pub fn making<'e>(&mut self, selection: &'e Selection<'e>) -> Making<'e> {
        let reads_criteria = self.unlisted.is_some() || !self.criteria.is_empty();
        let criteria = selection.criteria.as_deref().filter(|_| reads_criteria);
        Making {
            version: selection.profile_version.as_deref(),
            decided_by: selection.decided_by,
            criteria: criteria.map(|criteria| self.criteria.read(criteria)),
        }
    }

    /// Returns the slot of the value that a case gets in such a stratum by an event: the one that its `strata` name, else the
    /// one that a selection says. Every text that a selection says is a value, also one that would stand for none in
    /// `strata`. Strata that follow from others are [filled](Self::fill) afterwards.
    pub fn slot_of(&self, stratum: &mut NamedValues, named: Option<&str>, making: Option<&Making<'_>>) -> Slot {
        let Some(derived) = Derived::of(&stratum.name) else { return Slot::NONE };
        if matches!(derived, Derived::UnlistedCriterion | Derived::LearnedCriterion | Derived::VersionOf(_)) {
            return Slot::NONE;
        }
        let text = match named {
            None => making.and_then(|making| making.value(derived, &self.criteria)),
            // Asked before the known values: what is known depends on the order of arrival.
            Some(text) if !stratum.stands_for_none(text) => Some(text),
            // No version is the version "".
            Some(_) => making.filter(|_| derived == Derived::ProfileVersion).map(|_| ""),
        };
        text.map_or(Slot::NONE, |text| stratum.learn_text(text))
    }

    /// Sets the slots of the strata that follow from others, and of criteria on no list. `slots` are those of all strata.
    pub fn fill(
        &self,
        strata: &mut [NamedValues],
        slots: &mut [Slot],
        named: &Strata<'_>,
        making: Option<&Making<'_>>,
    ) {
        let named = |name: &str| named.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.as_ref());
        if let Some(at) = self.unlisted {
            self.fill_unlisted((strata, slots), at, named(stratum::UNLISTED_CRITERION), making);
        }
        if self.versions.is_empty() {
            return;
        }
        let version =
            named(stratum::PROFILE_VERSION).or_else(|| making.map(|making| making.version.unwrap_or_default()));
        for (at, of) in &self.versions {
            let is_so = strata.get(*of).zip(slots.get(*of)).is_some_and(|(stratum, slot)| says_so(stratum, *slot));
            if let Some(version) = version.filter(|_| is_so)
                && let Some((stratum, slot)) = strata.get_mut(*at).zip(slots.get_mut(*at))
            {
                *slot = stratum.learn_text(version);
            }
        }
    }

    /// Sets the same slots of a combination that has the values of `preferred`, and others where it has none: what a selection says of all its
    /// criteria, and of a version, is never said by two.
    pub fn settle(&self, slots: &mut [Slot], preferred: &[Slot]) {
        let known = |at: usize| preferred.get(at).is_some_and(|slot| *slot != Slot::NONE);
        let mut take = |at: usize| {
            if let Some((slot, preferred)) = slots.get_mut(at).zip(preferred.get(at)) {
                *slot = *preferred;
            }
        };
        if self.unlisted.is_some_and(known) {
            self.learned.iter().for_each(|at| take(*at));
        }
        self.versions.iter().filter(|(_, of)| known(*of)).for_each(|(at, _)| take(*at));
    }

    /// Returns whether a combination of strata has a criterion on no list.
    pub fn has_learned(&self, slots: &[Slot]) -> bool {
        self.learned.iter().any(|at| slots.get(*at).is_some_and(|slot| *slot != Slot::NONE))
    }

    /// Takes the criteria on no list out of a combination of strata; that there were some stays.
    pub fn forget_learned(&self, strata: &mut [NamedValues], slots: &mut [Slot]) {
        for at in &self.learned {
            slots.get_mut(*at).into_iter().for_each(|slot| *slot = Slot::NONE);
        }
        let place = self.unlisted.and_then(|at| strata.get_mut(at).zip(slots.get_mut(at)));
        place.into_iter().for_each(|(stratum, slot)| *slot = stratum.learn_text(Derived::UNMEASURED));
    }

    fn fill_unlisted(
        &self,
        (strata, slots): (&mut [NamedValues], &mut [Slot]),
        at: usize,
        named: Option<&str>,
        making: Option<&Making<'_>>,
    ) {
        let unlisted = |making: &Making<'_>| {
            let criteria = making.criteria.as_ref()?.iter().filter(|said| said.listed.is_none());
            Some(criteria.map(|said| (said.name.clone().into_owned(), said.value.map(str::to_owned))).collect())
        };
        let said: Option<Vec<(String, Option<String>)>> = match named {
            None => making.and_then(unlisted),
            Some(Derived::NO_CRITERION) => Some(Vec::new()),
            Some(text) if strata.get(at).is_some_and(|stratum| stratum.stands_for_none(text)) => None,
            Some(text) => Some(vec![(text.to_owned(), None)]),
        };
        let Some(said) = said else { return };
        let first = said.iter().map(|(name, _)| name.clone()).min();
        let mut word = match first.as_deref() {
            None => Derived::NO_CRITERION,
            // No name may read as "no criterion".
            Some(Derived::NO_CRITERION) if named.is_none() => Derived::PRESENT,
            Some(name) => name,
        };
        for (name, value) in said.iter().filter(|_| !self.learned.is_empty()) {
            match self.place_of(strata, name).and_then(|place| strata.get_mut(place).zip(slots.get_mut(place))) {
                Some((stratum, slot)) => *slot = stratum.learn_value(value.as_deref().unwrap_or(Derived::PRESENT)),
                None => word = Derived::UNMEASURED,
            }
        }
        if let Some((stratum, slot)) = strata.get_mut(at).zip(slots.get_mut(at)) {
            *slot = stratum.learn_text(word);
        }
    }

    /// Returns the place of the stratum of a criterion on no list, which is learned; `None` where there is no room.
    fn place_of(&self, strata: &mut [NamedValues], name: &str) -> Option<usize> {
        for at in &self.learned {
            let stratum = strata.get_mut(*at)?;
            match stratum.values.first() {
                Some(known) if **known == *name => return Some(*at),
                Some(_) => {}
                None => return stratum.push(name).map(|_| *at),
            }
        }
        None
    }
}

/// Whether the value of a stratum is what versions are told of.
fn says_so(stratum: &NamedValues, slot: Slot) -> bool {
    let text = stratum.values.get(usize::from(slot.0)).map(AsRef::as_ref);
    match Derived::of(&stratum.name) {
        Some(Derived::DecidedBy) => text.is_some_and(|text: &str| text.eq_ignore_ascii_case(Derived::AUTOMATED)),
        _ => slot != Slot::NONE && text != Some(Derived::ABSENT),
    }
}

impl<'e> Making<'e> {
    /// Returns the value of a stratum, which may be empty; `None` where the selection says nothing of it.
    fn value(&self, derived: Derived<'_>, names: &CriteriaNames) -> Option<&'e str> {
        match derived {
            Derived::ProfileVersion => Some(self.version.unwrap_or_default()),
            Derived::DecidedBy => self.decided_by.map(|decider| match decider {
                Decider::Human => "human",
                Decider::Automated => Derived::AUTOMATED,
            }),
            Derived::Criterion(name) => {
                let listed = names.listed(name);
                let found = self.criteria.as_ref()?.iter().find(|said| said.listed.is_some() && said.listed == listed);
                // No text of an event may read as "not used".
                Some(found.map_or(Derived::ABSENT, |said| match said.value {
                    None | Some(Derived::ABSENT) => Derived::PRESENT,
                    Some(value) => value,
                }))
            }
            Derived::UnlistedCriterion | Derived::LearnedCriterion | Derived::VersionOf(_) => None,
        }
    }
}

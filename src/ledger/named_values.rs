//! The values of one dimension or stratum, each known by a slot.

use std::borrow::Cow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::probabilities::{MAX_PROBABLE_GROUPS, Vectors, quantise};
use super::unlisted_names::UnlistedNames;
use crate::event::Membership;
use crate::plan::group_name::{normalise, skeleton};
use crate::plan::invariant::{Room, present};
use crate::plan::{Derived, Dimension, Feature, Slot};

/// The largest number of values that are kept of one stratum. Further ones share the value `other`.
pub const MAX_STRATUM_VALUES: u16 = 64;

/// The largest number of buckets that are kept of a number. The contract's largest amount has fewer.
const MAX_BUCKETS: u16 = 8_192;

/// The largest number of values of any stratum.
const MAX_VALUES: u16 = 10_000;

/// The largest number of combinations of kinds that are kept beside the kinds.
const MAX_SETS: u16 = 64;

/// The largest number of versions that are kept of one stratum, those of all profiles together: ten profiles with a new one each week have 520 a year.
const MAX_VERSIONS: u16 = 1_000;

/// In which cells the values of a stratum are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// In those of every group, no value as well.
    Everywhere,
    /// In those of every group, where there is a value.
    OfGroups,
    /// In those of everyone, where there is a value.
    OfEveryone,
}

/// A dimension or stratum with its values. Those of a dimension are the allow-list; a stratum learns its values.
#[derive(Clone, Debug)]
pub(super) struct NamedValues {
    pub name: Box<str>,
    /// The index is the slot.
    pub values: Vec<Box<str>>,
    ids: HashMap<Box<str>, Slot, FxBuildHasher>,
    /// Values that stand for none, in lower case.
    missing_values: Vec<Box<str>>,
    /// Of a dimension: the skeletons of its groups' names and aliases. Of kinds of control: those of the kinds that were [taught](Self::teach).
    skeletons: HashMap<Box<str>, Slot, FxBuildHasher>,
    /// Of a dimension: what events write that is outside the allow-list.
    pub unlisted: UnlistedNames,
    /// Of a dimension: probabilities of its values in their order, then the probability of any other value.
    pub vectors: Vectors,
    /// The slot of values outside the allow-list: that of the group `other` where it is listed, else
    /// [`Slot::UNLISTED`].
    outside: Slot,
    /// Of a stratum: whether it is read from events themselves ([`Derived`], [`Feature`]), and not from their `strata`.
    pub is_derived: bool,
    /// Of a dimension: whether its groups follow from those of other dimensions, and not from events.
    pub is_crossed: bool,
    /// Of a stratum: what it says of how cases were handled.
    pub feature: Option<Feature>,
    /// Of a stratum: in which cells it is counted.
    pub counted: Counted,
    /// The largest number of values, but for combinations of them.
    most: u16,
    /// How many values are combinations of kinds.
    sets: u16,
}

impl NamedValues {
    /// Returns whether a stored case may have this slot in the dimension, of which `vectors` probability vectors are stored.
    pub fn may_have(&self, slot: Slot, vectors: usize) -> bool {
        match (slot.group(), slot.vector()) {
            (Some(group), _) => usize::from(group.0) < self.values.len(),
            (None, Some(vector)) => vector < vectors,
            (None, None) => true,
        }
    }

    /// Returns the groups of a dimension.
    pub fn of_dimension(dimension: &Dimension) -> Self {
        let mut values = Self::of_stratum(&dimension.name);
        values.is_derived = false;
        values.is_crossed = dimension.is_crossed();
        for (group, index) in dimension.groups.iter().zip(0..) {
            values.values.push(group.as_str().into());
            values.ids.insert(group.as_str().into(), Slot(index));
            values.skeletons.insert(skeleton(group).into(), Slot(index));
        }
        for (alias, group) in &dimension.aliases {
            if let Some(group) = dimension.group_id(group) {
                values.ids.insert(alias.as_str().into(), Slot(group.0));
                values.skeletons.insert(skeleton(alias).into(), Slot(group.0));
            }
        }
        values.missing_values = dimension.missing_values.iter().map(|value| value.as_str().into()).collect();
        values.outside = dimension.group_id(Dimension::OTHER).map_or(Slot::UNLISTED, |group| Slot(group.0));
        values
    }

    /// Returns a stratum of this name without any value. "None" may be one: that of the lowest risk.
    pub fn of_stratum(name: &str) -> Self {
        let missing_values = Dimension::default_missing_values().into_iter().filter(|value| value != "none");
        let mut stratum = Self {
            name: name.into(),
            values: Vec::new(),
            ids: HashMap::default(),
            missing_values: missing_values.map(Into::into).collect(),
            unlisted: UnlistedNames::default(),
            skeletons: HashMap::default(),
            vectors: Vectors::default(),
            outside: Slot::OTHER,
            is_derived: Derived::of(name).is_some() || Feature::of(name).is_some(),
            is_crossed: false,
            feature: Feature::of(name),
            counted: match Derived::of(name) {
                Some(Derived::LearnedCriterion) => Counted::OfGroups,
                Some(Derived::VersionOf(_)) => Counted::OfEveryone,
                _ => Counted::Everywhere,
            },
            most: match (Feature::of(name), Derived::of(name)) {
                (Some(Feature::Intensity | Feature::Duration | Feature::Amount | Feature::Strict), _) => MAX_BUCKETS,
                (_, Some(Derived::ProfileVersion | Derived::VersionOf(_))) => MAX_VERSIONS,
                // The name comes first.
                (_, Some(Derived::LearnedCriterion)) => MAX_STRATUM_VALUES + 1,
                _ => MAX_STRATUM_VALUES,
            },
            sets: 0,
        };
        if matches!(stratum.feature, Some(Feature::Sanction | Feature::Amount)) {
            stratum.learn_text(Feature::NOTHING);
        }
        // However many values come before it, "without" is never one of the others.
        match Derived::of(name) {
            Some(Derived::Criterion(_)) => {
                stratum.learn_text(Derived::ABSENT);
            }
            Some(Derived::UnlistedCriterion) => {
                stratum.learn_text(Derived::NO_CRITERION);
            }
            _ => {}
        }
        stratum
    }

    /// Returns the slot of a case's membership in the groups of a dimension.
    #[inline]
    pub fn slot_of(&mut self, membership: Option<&Membership<'_>>) -> Slot {
        match membership {
            None => Slot::NONE,
            Some(Membership::Group(group)) => match self.listed_group(group).unwrap_or_else(|| self.unlisted(group)) {
                kind if kind.is_unlisted() => self.unlisted.slot_of(kind, &normalise(group)),
                slot => slot,
            },
            Some(Membership::Probabilities(probabilities)) => {
                self.learn_probabilities(probabilities).unwrap_or(Slot::PROBABILISTIC)
            }
        }
    }

    /// Learns another spelling of the dimension's name. Returns whether it is one.
    pub fn learn_spelling(&mut self, name: &str) -> bool {
        let is_one = !self.is_crossed && skeleton(name) == skeleton(&self.name);
        if is_one {
            self.unlisted.learn_spelling(name);
        }
        is_one
    }

    /// Returns the value that is counted by this slot, and the listed group that it resembles.
    pub fn unlisted_value(&self, slot: Slot) -> Option<(&str, Option<&str>)> {
        let name = self.unlisted.value(slot)?;
        let listed = self.skeletons.get(skeleton(name).as_str()).and_then(|slot| self.values.get(usize::from(slot.0)));
        Some((name, listed.map(AsRef::as_ref)))
    }

    /// Returns the slot of a group's name, listed or not. Values outside the allow-list have that of their kind.
    #[inline]
    pub fn slot_of_group(&self, name: &str) -> Slot {
        self.counted_as(self.listed_group(name).unwrap_or_else(|| self.unlisted(name)))
    }

    /// Returns the slot of a dimension in which a case counts: of a value outside the allow-list that of the group `other`
    /// where it is listed, else that of its kind.
    #[inline]
    pub fn counted_as(&self, slot: Slot) -> Slot {
        match slot.kind() {
            Slot::UNLISTED => self.outside,
            kind => kind,
        }
    }

    /// Returns the slot of a group of the allow-list, however its name is written.
    #[inline]
    pub fn listed_group(&self, name: &str) -> Option<Slot> {
        match normalise(name) {
            Cow::Borrowed(name) => self.find(name),
            Cow::Owned(name) => self.find(&name),
        }
    }

    /// Returns the kind of a group outside the allow-list; the slot of no value where it stands for none. One that resembles a listed group stays apart even where
    /// `other` is listed: it may be that group, written otherwise.
    fn unlisted(&self, name: &str) -> Slot {
        if self.stands_for_none(name) {
            return Slot::NONE;
        }
        let normalised = normalise(name);
        if self.skeletons.contains_key(skeleton(&normalised).as_str()) { Slot::LOOK_ALIKE } else { Slot::UNLISTED }
    }

    /// Returns whether a text stands for no value.
    pub fn stands_for_none(&self, name: &str) -> bool {
        let lower = normalise(name).to_lowercase();
        lower.is_empty() || self.missing_values.iter().any(|missing| **missing == *lower)
    }

    /// Returns the slot of a stratum's value, which is new to it or not; that of no value where it stands for none.
    #[inline]
    pub fn learn(&mut self, value: &str) -> Slot {
        if let Some(slot) = self.find(value) {
            return slot;
        }
        if self.stands_for_none(value) { Slot::NONE } else { self.learn_text(value) }
    }

    /// Learns the values of a stratum that a checkpoint holds, in the order of their slots.
    pub fn learn_stored(&mut self, values: &[Box<str>]) {
        if self.counted == Counted::OfGroups {
            // One of its values may be written as its name is.
            self.values = values.iter().take(usize::from(self.most)).cloned().collect();
            return;
        }
        if self.feature.is_none() {
            values.iter().for_each(|value| {
                if self.is_derived {
                    self.learn_text(value)
                } else {
                    self.learn(value)
                };
            });
            return;
        }
        // Those that this plan teaches come last: ids keep their meaning.
        let taught: Vec<Box<str>> = std::mem::take(&mut self.values);
        (self.sets, self.ids) = (0, HashMap::default());
        self.skeletons.clear();
        values.iter().take(usize::from(MAX_BUCKETS)).for_each(|value| {
            self.push(value);
        });
        taught.iter().for_each(|value| {
            self.find(value).or_else(|| self.push(value));
        });
        self.teach(&taught);
    }

    /// Learns kinds of control before any event names one. From then on every spelling of such a kind is that kind, and there is room for it however many
    /// others there are.
    pub fn teach<T: AsRef<str>>(&mut self, kinds: &[T]) {
        for kind in kinds.iter().map(AsRef::as_ref) {
            let known = self.find(kind).or_else(|| {
                self.most = self.most.saturating_add(1);
                self.push(kind)
            });
            if let Some(slot) = known.filter(|_| self.feature == Some(Feature::Kind)) {
                self.skeletons.entry(skeleton(kind).into()).or_insert(slot);
            }
        }
    }

    /// Returns the slot of a kind that an event names.
    pub fn learn_kind(&mut self, kind: &str) -> Slot {
        let taught = || self.skeletons.get(skeleton(kind).as_str()).copied();
        match self.find(kind).or_else(|| if self.skeletons.is_empty() { None } else { taught() }) {
            Some(slot) => slot,
            None => self.learn_text(kind),
        }
    }

    /// Returns the slot of several kinds of one case as [`Feature::joined`] writes them.
    pub fn learn_set(&mut self, kinds: &str) -> Slot {
        if let Some(slot) = self.find(kinds) {
            return slot;
        }
        let is_full = kinds.contains(Feature::SEPARATOR) && self.sets >= MAX_SETS;
        if is_full { Slot::OTHER } else { self.push(kinds).unwrap_or(Slot::OTHER) }
    }

    /// Returns the slot of a text that is a value of the stratum whatever it says, new to it or not. It may be empty.
    pub fn learn_text(&mut self, value: &str) -> Slot {
        if let Some(slot) = self.find(value) {
            return slot;
        }
        let is_room = self.values.len() < usize::from(self.most) + usize::from(self.sets);
        if is_room { self.push(value).unwrap_or(Slot::OTHER) } else { Slot::OTHER }
    }

    /// Returns the slot of a value of a learned criterion. Its name, which comes first, is no value.
    pub fn learn_value(&mut self, value: &str) -> Slot {
        let known = self.values.iter().skip(1).position(|known| **known == *value);
        if let Some(slot) = known.and_then(|index| u16::try_from(index + 1).ok()) {
            return Slot(slot);
        }
        if self.values.len() < usize::from(self.most) { self.push(value).unwrap_or(Slot::OTHER) } else { Slot::OTHER }
    }

    /// Adds a value; `None` where there is no slot for it.
    pub(super) fn push(&mut self, value: &str) -> Option<Slot> {
        let next = u16::try_from(self.values.len()).ok().filter(|next| *next < MAX_VALUES).map(Slot)?;
        self.values.push(value.into());
        self.ids.entry(value.into()).or_insert(next);
        let has_sets = matches!(self.feature, Some(Feature::Kind | Feature::Sanction));
        self.sets += u16::from(has_sets && value.contains(Feature::SEPARATOR));
        Some(next)
    }

    /// Returns the slot of a probability vector; `None` where it is not kept, because the dimension has too many groups
    /// or too many vectors. Values outside the allow-list get what the listed groups leave of 1, whether the event
    /// names them or not.
    fn learn_probabilities(&mut self, probabilities: &[(Cow<'_, str>, f64)]) -> Option<Slot> {
        const COMPLETE: &str = "a probability vector has every group and one place for all others";
        let groups = self.values.len();
        if groups > MAX_PROBABLE_GROUPS {
            return None;
        }
        let mut listed = vec![0.0; groups];
        for (group, probability) in probabilities {
            if let Some(slot) = self.listed_group(group).filter(|slot| *slot != self.outside)
                && let Some(share) = present(Room::Ledger, COMPLETE, listed.get_mut(usize::from(slot.0)))
            {
                // Two names may be one group, written in two ways.
                *share += *probability;
            }
        }
        let mut hundredths = quantise(&listed);
        // Where `other` is listed it is a group, and nobody is outside the groups.
        if self.outside.group().is_some() {
            let others = present(Room::Ledger, COMPLETE, hundredths.pop())?;
            *present(Room::Ledger, COMPLETE, hundredths.get_mut(usize::from(self.outside.0)))? += others;
            hundredths.push(0);
        }
        self.vectors.learn(&hundredths)
    }

    #[inline]
    fn find(&self, value: &str) -> Option<Slot> {
        /// Up to here comparing is faster than hashing.
        const FEW: usize = 8;
        if self.values.len() > FEW {
            return self.ids.get(value).copied();
        }
        match self.values.iter().position(|known| **known == *value) {
            Some(index) => u16::try_from(index).ok().map(Slot),
            // There are aliases beside the values.
            None if self.ids.len() > self.values.len() => self.ids.get(value).copied(),
            None => None,
        }
    }
}

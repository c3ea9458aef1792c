//! Group membership and strata of cases, each distinct combination kept once.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use crate::disparity::{DimensionId, GroupId};
use crate::event::{Groups, Membership, Strata};
use crate::monitor::{Dimension, Mapping, Plan};

/// Most values kept of one stratum; further ones share the value `other`.
pub const MAX_STRATUM_VALUES: u16 = 64;

/// Most distinct combinations of groups and strata; further ones are kept without groups and counted.
const MAX_COMBINATIONS: usize = 4_000_000;

/// The strata name that a selection's `risk_class` stands under.
pub const RISK_CLASS: &str = "risk_class";

/// One distinct combination of groups and strata; 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributesId(pub u32);

/// Index of a stratum's name in [`Attributes::strata_names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StratumId(pub u16);

/// A case's value in one dimension or stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u16);

impl Slot {
    /// No value is known.
    pub const NONE: Self = Self(u16::MAX);
    /// A value outside the allow-list, or past the limit.
    pub const OTHER: Self = Self(u16::MAX - 1);
    /// Known only as probabilities; takes no part in counts of groups.
    pub const PROBABILISTIC: Self = Self(u16::MAX - 2);

    /// The group, where the allow-list has it.
    #[must_use]
    pub const fn group(self) -> Option<GroupId> {
        if self.0 < Self::PROBABILISTIC.0 { Some(GroupId(self.0)) } else { None }
    }
}

/// The table of combinations.
#[derive(Clone, Debug)]
pub struct Attributes {
    dimensions: Vec<NamedValues>,
    strata: Vec<NamedValues>,
    combinations: Vec<Arc<[Slot]>>,
    ids: HashMap<Arc<[Slot]>, AttributesId, FxBuildHasher>,
    scratch: Vec<Slot>,
    overflowed: u64,
}

/// A dimension or stratum and the values known of it.
#[derive(Clone, Debug)]
struct NamedValues {
    name: Box<str>,
    values: Vec<Box<str>>,
    ids: HashMap<Box<str>, Slot, FxBuildHasher>,
    /// Where values outside the allow-list go: to the group `other` where it is listed.
    outside: Slot,
}

impl Attributes {
    /// For the plan's dimensions and for the strata its rules name.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let strata = plan.strata();
        let dimensions: Vec<NamedValues> = plan.dimensions.iter().map(NamedValues::of_dimension).collect();
        let empty: Arc<[Slot]> = vec![Slot::NONE; dimensions.len() + strata.len()].into();
        Self {
            strata: strata.into_iter().map(NamedValues::named).collect(),
            ids: std::iter::once((empty.clone(), AttributesId::default())).collect(),
            combinations: vec![empty],
            scratch: Vec::with_capacity(dimensions.len() + 8),
            dimensions,
            overflowed: 0,
        }
    }

    /// The combination that an event carries.
    pub fn intern(&mut self, groups: &Groups<'_>, strata: &Strata<'_>, risk_class: Option<&str>) -> AttributesId {
        if groups.is_empty() && strata.is_empty() && risk_class.is_none() {
            return AttributesId::default();
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        for dimension in &self.dimensions {
            let membership =
                groups.iter().find(|(name, _)| **name == *dimension.name).map(|(_, membership)| membership);
            scratch.push(dimension.slot_of(membership));
        }
        for stratum in &mut self.strata {
            let named = strata.iter().find(|(name, _)| **name == *stratum.name).map(|(_, value)| value.as_ref());
            let value = named.or(if *stratum.name == *RISK_CLASS { risk_class } else { None });
            scratch.push(value.map_or(Slot::NONE, |value| stratum.learn(value)));
        }
        let id = self.id_of(&scratch);
        self.scratch = scratch;
        id
    }

    /// `preferred` where it has a value, `fallback` elsewhere.
    pub fn merge(&mut self, preferred: AttributesId, fallback: AttributesId) -> AttributesId {
        let nothing = AttributesId::default();
        if preferred == fallback || fallback == nothing {
            return preferred;
        }
        if preferred == nothing {
            return fallback;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let pairs = self.slots(preferred).iter().zip(self.slots(fallback));
        scratch.extend(pairs.map(|(first, second)| if *first == Slot::NONE { *second } else { *first }));
        let id = self.id_of(&scratch);
        self.scratch = scratch;
        id
    }

    /// The dimensions in which the case has a group, with it.
    pub fn groups(&self, id: AttributesId) -> impl Iterator<Item = (DimensionId, Slot)> + '_ {
        self.slots(id).iter().take(self.dimensions.len()).zip(0..).map(|(slot, index)| (DimensionId(index), *slot))
    }

    /// The case's value in each stratum that a rule names.
    pub fn strata(&self, id: AttributesId) -> impl Iterator<Item = (StratumId, Slot)> + '_ {
        self.slots(id).iter().skip(self.dimensions.len()).zip(0..).map(|(slot, index)| (StratumId(index), *slot))
    }

    /// The stratum of this name, where a rule names it.
    #[must_use]
    pub fn stratum_id(&self, name: &str) -> Option<StratumId> {
        let index = self.strata.iter().position(|stratum| *stratum.name == *name)?;
        u16::try_from(index).ok().map(StratumId)
    }

    /// The text of a stratum's value, for an order that does not depend on arrival; empty for no value.
    #[must_use]
    pub fn stratum_value(&self, stratum: StratumId, slot: Slot) -> &str {
        match slot {
            Slot::NONE => "",
            Slot::OTHER => Dimension::OTHER,
            slot => self
                .strata
                .get(usize::from(stratum.0))
                .and_then(|stratum| stratum.values.get(usize::from(slot.0)))
                .map_or("", |value| value),
        }
    }

    /// The values a case can have in a stratum, in the order of their texts, however they arrived; no value comes first.
    #[must_use]
    pub fn stratum_values(&self, stratum: StratumId) -> Vec<Slot> {
        let known = self.strata.get(usize::from(stratum.0)).map_or(0, |stratum| stratum.values.len());
        let mut slots: Vec<Slot> = (0..u16::try_from(known).unwrap_or(MAX_STRATUM_VALUES)).map(Slot).collect();
        slots.extend([Slot::NONE, Slot::OTHER]);
        slots.sort_by_key(|slot| (self.stratum_value(stratum, *slot), *slot));
        slots
    }

    /// How many events lost their groups because too many combinations were in use.
    #[must_use]
    pub const fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn slots(&self, id: AttributesId) -> &[Slot] {
        // Ids come from this table alone; an unknown one would read as "no value".
        self.combinations.get(id.0 as usize).map_or(&[], |slots| slots)
    }

    fn id_of(&mut self, slots: &[Slot]) -> AttributesId {
        if let Some(id) = self.ids.get(slots) {
            return *id;
        }
        let next = u32::try_from(self.combinations.len()).ok().filter(|_| self.combinations.len() < MAX_COMBINATIONS);
        let Some(next) = next else {
            self.overflowed = self.overflowed.saturating_add(1);
            return AttributesId::default();
        };
        let slots: Arc<[Slot]> = slots.into();
        self.combinations.push(Arc::clone(&slots));
        self.ids.insert(slots, AttributesId(next));
        AttributesId(next)
    }
}

/// What goes into a checkpoint: combinations in the order of their ids, and the values that strata have shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AttributesState {
    dimensions: usize,
    strata: Vec<Vec<Box<str>>>,
    combinations: Vec<Arc<[Slot]>>,
    overflowed: u64,
}

impl Attributes {
    pub(super) fn state(&self) -> AttributesState {
        AttributesState {
            dimensions: self.dimensions.len(),
            strata: self.strata.iter().map(|stratum| stratum.values.clone()).collect(),
            combinations: self.combinations.clone(),
            overflowed: self.overflowed,
        }
    }

    /// Whether this table gave the id.
    pub(super) fn has(&self, id: AttributesId) -> bool {
        (id.0 as usize) < self.combinations.len()
    }

    /// Takes in what [`Self::state`] gave; ids stay as they were. A stratum that was not kept then has no value in old combinations.
    ///
    /// # Errors
    /// What was expected, where it is not what [`Self::state`] gives.
    pub(super) fn restore(&mut self, state: AttributesState, mapping: &Mapping) -> Result<(), String> {
        let AttributesState { dimensions, strata, combinations, overflowed } = state;
        if dimensions != self.dimensions.len() {
            return Err(format!("expected groups of {} dimensions, found {dimensions}", self.dimensions.len()));
        }
        let empty = |slots: &Arc<[Slot]>| slots.iter().all(|slot| *slot == Slot::NONE);
        if !combinations.first().is_some_and(empty) || combinations.len() > MAX_COMBINATIONS {
            return Err(format!("expected up to {MAX_COMBINATIONS} combinations of groups, the first without any"));
        }
        let columns: Vec<Option<usize>> = (0..self.strata.len()).map(|index| mapping.stratum_before(index)).collect();
        for (stratum, column) in self.strata.iter_mut().zip(&columns) {
            let values = column.and_then(|column| strata.get(column));
            values.into_iter().flatten().for_each(|value| {
                stratum.learn(value);
            });
        }
        let present = |slots: &Arc<[Slot]>| -> Arc<[Slot]> {
            let at = |index: usize| slots.get(index).copied().unwrap_or(Slot::NONE);
            let strata = columns.iter().map(|column| column.map_or(Slot::NONE, |column| at(dimensions + column)));
            (0..self.dimensions.len()).map(at).chain(strata).collect()
        };
        self.combinations = combinations.iter().map(present).collect();
        self.ids.clear();
        for (slots, id) in self.combinations.iter().zip(0..) {
            // Combinations that differed in a stratum that is gone are the same now: the first stands for new cases.
            self.ids.entry(Arc::clone(slots)).or_insert(AttributesId(id));
        }
        self.overflowed = overflowed;
        Ok(())
    }
}

impl NamedValues {
    fn named(name: &str) -> Self {
        Self { name: name.into(), values: Vec::new(), ids: HashMap::default(), outside: Slot::OTHER }
    }

    fn of_dimension(dimension: &Dimension) -> Self {
        let mut values = Self::named(&dimension.name);
        for (group, index) in dimension.groups.iter().zip(0..) {
            values.values.push(group.as_str().into());
            values.ids.insert(group.as_str().into(), Slot(index));
        }
        values.outside = dimension.group_id(Dimension::OTHER).map_or(Slot::OTHER, |group| Slot(group.0));
        values
    }

    fn slot_of(&self, membership: Option<&Membership<'_>>) -> Slot {
        match membership {
            None => Slot::NONE,
            Some(Membership::Probabilities(_)) => Slot::PROBABILISTIC,
            Some(Membership::Group(group)) => self.find(group).unwrap_or(self.outside),
        }
    }

    fn find(&self, value: &str) -> Option<Slot> {
        /// Up to here comparing is faster than hashing.
        const FEW: usize = 8;
        if self.values.len() > FEW {
            return self.ids.get(value).copied();
        }
        let index = self.values.iter().position(|known| **known == *value)?;
        u16::try_from(index).ok().map(Slot)
    }

    fn learn(&mut self, value: &str) -> Slot {
        if let Some(slot) = self.find(value) {
            return slot;
        }
        let next = u16::try_from(self.values.len()).unwrap_or(MAX_STRATUM_VALUES);
        if next >= MAX_STRATUM_VALUES {
            return Slot::OTHER;
        }
        self.values.push(value.into());
        self.ids.insert(value.into(), Slot(next));
        Slot(next)
    }
}

//! Group membership and strata of cases, each distinct combination kept once.

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::probabilities::{MAX_PROBABLE_GROUPS, Vectors, quantise};
use crate::event::{Groups, Membership, Strata};
use crate::plan::{Dimension, DimensionId, Mapping, Plan, Slot, StratumId};

/// Most values kept of one stratum; further ones share the value `other`.
pub const MAX_STRATUM_VALUES: u16 = 64;

/// Most distinct combinations of groups and strata; further ones are kept without groups and counted.
const MAX_COMBINATIONS: usize = 4_000_000;

/// Most of them that hold probabilities, which are of many more kinds than groups are: they must leave room for those. In further
/// ones the probabilities are not kept, and counted.
const MAX_PROBABLE_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The strata name that a selection's `risk_class` stands under.
pub const RISK_CLASS: &str = "risk_class";

/// One distinct combination of groups and strata; 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributesId(pub u32);

/// The table of combinations.
#[derive(Clone, Debug)]
pub struct AttributeTable {
    dimensions: Vec<NamedValues>,
    strata: Vec<NamedValues>,
    combinations: Vec<Arc<[Slot]>>,
    ids: HashMap<Arc<[Slot]>, AttributesId, FxBuildHasher>,
    scratch: Vec<Slot>,
    overflowed: u64,
    with_probabilities: usize,
    most_with_probabilities: usize,
    probabilities_dropped: u64,
}

/// A dimension or stratum and the values known of it.
#[derive(Clone, Debug)]
struct NamedValues {
    name: Box<str>,
    values: Vec<Box<str>>,
    ids: HashMap<Box<str>, Slot, FxBuildHasher>,
    /// Of a dimension: probabilities over its values, with those outside the allow-list last.
    vectors: Vectors,
    /// Where values outside the allow-list go: to the group `other` where it is listed.
    outside: Slot,
}

impl AttributeTable {
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
            with_probabilities: 0,
            most_with_probabilities: MAX_PROBABLE_COMBINATIONS,
            probabilities_dropped: 0,
        }
    }

    /// The combination that an event carries.
    pub fn intern(&mut self, groups: &Groups<'_>, strata: &Strata<'_>, risk_class: Option<&str>) -> AttributesId {
        if groups.is_empty() && strata.is_empty() && risk_class.is_none() {
            return AttributesId::default();
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        for dimension in &mut self.dimensions {
            let membership =
                groups.iter().find(|(name, _)| **name == *dimension.name).map(|(_, membership)| membership);
            let slot = dimension.slot_of(membership);
            self.probabilities_dropped += u64::from(slot == Slot::PROBABILISTIC);
            scratch.push(slot);
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

    /// A probability for each group of the dimension, `other` (all outside the allow-list) last, in hundredths that sum to
    /// [`CERTAIN`](super::CERTAIN); empty where the slot stands for none.
    #[must_use]
    pub fn probabilities(&self, dimension: DimensionId, slot: Slot) -> &[u8] {
        self.dimensions.get(usize::from(dimension.0)).map_or(&[], |dimension| dimension.vectors.of(slot))
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

    /// How often probabilities were not kept because too many distinct ones were in use, or too many groups in the dimension.
    #[must_use]
    pub const fn probabilities_dropped(&self) -> u64 {
        self.probabilities_dropped
    }

    fn slots(&self, id: AttributesId) -> &[Slot] {
        // Ids come from this table alone; an unknown one would read as "no value".
        self.combinations.get(id.0 as usize).map_or(&[], |slots| slots)
    }

    fn id_of(&mut self, slots: &[Slot]) -> AttributesId {
        if let Some(id) = self.ids.get(slots) {
            return *id;
        }
        let with_probabilities = self.has_probabilities(slots);
        if with_probabilities && self.with_probabilities >= self.most_with_probabilities {
            self.probabilities_dropped += 1;
            return self.id_of(&self.without_probabilities(slots));
        }
        let next = u32::try_from(self.combinations.len()).ok().filter(|_| self.combinations.len() < MAX_COMBINATIONS);
        let Some(next) = next else {
            self.overflowed = self.overflowed.saturating_add(1);
            return AttributesId::default();
        };
        self.with_probabilities += usize::from(with_probabilities);
        let slots: Arc<[Slot]> = slots.into();
        self.combinations.push(Arc::clone(&slots));
        self.ids.insert(slots, AttributesId(next));
        AttributesId(next)
    }

    fn has_probabilities(&self, slots: &[Slot]) -> bool {
        slots.iter().take(self.dimensions.len()).any(|slot| slot.vector().is_some())
    }

    fn without_probabilities(&self, slots: &[Slot]) -> Vec<Slot> {
        let mut slots = slots.to_vec();
        let kept = |slot: &&mut Slot| slot.vector().is_some();
        slots.iter_mut().take(self.dimensions.len()).filter(kept).for_each(|slot| *slot = Slot::PROBABILISTIC);
        slots
    }
}

/// What goes into a checkpoint: combinations in the order of their ids, and the values that strata have shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AttributesState {
    dimensions: usize,
    strata: Vec<Vec<Box<str>>>,
    combinations: Vec<Arc<[Slot]>>,
    /// By dimension: vectors of probabilities in the order of their slots.
    vectors: Vec<Vec<Arc<[u8]>>>,
    overflowed: u64,
    probabilities_dropped: u64,
}

impl AttributeTable {
    pub(super) fn state(&self) -> AttributesState {
        AttributesState {
            dimensions: self.dimensions.len(),
            strata: self.strata.iter().map(|stratum| stratum.values.clone()).collect(),
            combinations: self.combinations.clone(),
            vectors: self.dimensions.iter().map(|dimension| dimension.vectors.known()).collect(),
            overflowed: self.overflowed,
            probabilities_dropped: self.probabilities_dropped,
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
        let AttributesState { dimensions, strata, combinations, vectors, overflowed, probabilities_dropped } = state;
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
        for (dimension, vectors) in self.dimensions.iter_mut().zip(vectors) {
            for vector in vectors {
                dimension.vectors.learn(&vector);
            }
        }
        self.with_probabilities = self.combinations.iter().filter(|slots| self.has_probabilities(slots)).count();
        self.overflowed = overflowed;
        self.probabilities_dropped = probabilities_dropped;
        Ok(())
    }
}

impl NamedValues {
    fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            values: Vec::new(),
            ids: HashMap::default(),
            vectors: Vectors::default(),
            outside: Slot::OTHER,
        }
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

    fn slot_of(&mut self, membership: Option<&Membership<'_>>) -> Slot {
        match membership {
            None => Slot::NONE,
            Some(Membership::Group(group)) => self.find(group).unwrap_or(self.outside),
            Some(Membership::Probabilities(probabilities)) => {
                self.learn_probabilities(probabilities).unwrap_or(Slot::PROBABILISTIC)
            }
        }
    }

    /// What the listed groups leave of 1 goes where values outside the allow-list go, named or not.
    fn learn_probabilities(&mut self, probabilities: &[(Cow<'_, str>, f64)]) -> Option<Slot> {
        let groups = self.values.len();
        if groups > MAX_PROBABLE_GROUPS {
            return None;
        }
        let mut listed = vec![0.0; groups];
        for (group, probability) in probabilities {
            let slot = self.find(group).filter(|slot| *slot != self.outside);
            if let Some(share) = slot.and_then(|slot| listed.get_mut(usize::from(slot.0))) {
                *share = *probability;
            }
        }
        let mut hundredths = quantise(&listed);
        // Where `other` is listed it is a group, and nobody is beside it.
        if self.outside != Slot::OTHER {
            let outside = hundredths.pop()?;
            *hundredths.get_mut(usize::from(self.outside.0))? += outside;
            hundredths.push(0);
        }
        self.vectors.learn(&hundredths)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{EvidencePlan, LedgerPlan, Limits, Span, WindowPlan};

    fn attributes(groups: &[&str]) -> AttributeTable {
        let dimension = |name: &str| Dimension {
            name: name.to_owned(),
            ground: "race".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        AttributeTable::new(&Plan {
            config_hash: String::new(),
            profiles: Vec::new(),
            dimensions: vec![dimension("first"), dimension("second")],
            rules: Vec::new(),
            window: WindowPlan {
                rolling: Vec::new(),
                history: Span::DAY,
                allowed_lateness: Span::DAY,
                idle_after: Span::DAY,
                max_ahead: None,
                cohort_max_age: Span::DAY,
                stale_after: None,
                evaluate_every: Span::DAY,
            },
            ledger: LedgerPlan {
                open_cases: 1,
                waiting_events: 1,
                dedupe_horizon: Span::DAY,
                remembered_ids: 1,
                not_selected_horizon: Span::DAY,
            },
            event: Limits { string_bytes: 1, message_bytes: 1 },
            evidence: EvidencePlan { family_alpha: 0.05, block_exposed: 1, block_concluded: 1, block_variation: 0.0 },
            min_cell: 0,
        })
    }

    fn probable(shares: &[(&'static str, f64)]) -> Membership<'static> {
        Membership::Probabilities(shares.iter().map(|(group, share)| (Cow::Borrowed(*group), *share)).collect())
    }

    fn intern(attributes: &mut AttributeTable, first: Membership<'_>, second: Option<Membership<'_>>) -> AttributesId {
        let second = second.map(|second| ("second".into(), second));
        let groups: Groups<'_> = std::iter::once(("first".into(), first)).chain(second).collect();
        attributes.intern(&groups, &Vec::new(), None)
    }

    fn first(attributes: &AttributeTable, id: AttributesId) -> (Slot, Vec<u8>) {
        let slot = attributes.groups(id).next().map_or(Slot::NONE, |(_, slot)| slot);
        (slot, attributes.probabilities(DimensionId(0), slot).to_vec())
    }

    #[test]
    fn the_order_of_the_groups_and_who_is_outside_make_no_difference() {
        let mut attributes = attributes(&["a", "b"]);
        let one = intern(&mut attributes, probable(&[("a", 0.3), ("b", 0.5), ("x", 0.2)]), None);
        assert_eq!(first(&attributes, one).1, [30, 50, 20]);
        for same in [
            probable(&[("x", 0.2), ("b", 0.5), ("a", 0.3)]),
            probable(&[("b", 0.5), ("a", 0.3)]),
            probable(&[("a", 0.3), ("y", 0.1), ("b", 0.501)]),
        ] {
            assert_eq!(intern(&mut attributes, same, None), one);
        }
        assert_ne!(intern(&mut attributes, probable(&[("a", 0.31), ("b", 0.5)]), None), one);
    }

    #[test]
    fn where_other_is_listed_it_takes_those_outside() {
        let mut attributes = attributes(&["a", "other", "b"]);
        let id = intern(&mut attributes, probable(&[("other", 0.1), ("x", 0.2), ("a", 0.3), ("b", 0.2)]), None);
        assert_eq!(first(&attributes, id).1, [30, 50, 20, 0]);
    }

    #[test]
    fn a_certain_probability_is_no_group() {
        let mut attributes = attributes(&["a", "b"]);
        let id = intern(&mut attributes, probable(&[("a", 1.0)]), None);
        let (slot, hundredths) = first(&attributes, id);
        assert_eq!((slot.group(), slot.is_probabilistic(), hundredths), (None, true, vec![100, 0, 0]));
    }

    #[test]
    fn beyond_the_limit_probabilities_are_dropped_and_groups_are_kept() {
        let mut attributes = attributes(&["a", "b"]);
        attributes.most_with_probabilities = 2;
        for share in [0.1, 0.2] {
            intern(&mut attributes, probable(&[("a", share)]), None);
        }
        assert_eq!(attributes.probabilities_dropped(), 0);
        let known = || Some(Membership::Group("b".into()));
        let id = intern(&mut attributes, probable(&[("a", 0.1)]), known());
        let slots: Vec<Slot> = attributes.groups(id).map(|(_, slot)| slot).collect();
        assert_eq!((slots, attributes.probabilities_dropped()), (vec![Slot::PROBABILISTIC, Slot(1)], 1));
        // The same every time, and those before stay.
        assert_eq!(intern(&mut attributes, probable(&[("a", 0.3)]), known()), id);
        let before = intern(&mut attributes, probable(&[("a", 0.2)]), None);
        assert_eq!(first(&attributes, before).1, [20, 0, 80]);
        assert_eq!(attributes.overflowed(), 0);
    }

    #[test]
    fn of_too_many_groups_probabilities_are_only_counted() {
        let names: Vec<String> = (0..=MAX_PROBABLE_GROUPS).map(|index| index.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut attributes = attributes(&names);
        let id = intern(&mut attributes, probable(&[("0", 0.5)]), None);
        assert_eq!(first(&attributes, id), (Slot::PROBABILISTIC, Vec::new()));
        assert_eq!(attributes.probabilities_dropped(), 1);
    }
}

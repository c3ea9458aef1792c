//! Groups and strata of cases: each distinct combination is kept once.

use std::hash::Hasher;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use super::derived::{DerivedStrata, Making};
use super::named_values::NamedValues;
use crate::event::{Groups, ReadNames, Selection, Strata};
use crate::plan::invariant::{Room, broken, present};
use crate::plan::{DimensionId, Plan, Slot, StratumId};

/// The largest number of distinct combinations of groups and strata. Further ones are kept without groups and counted.
pub(super) const MAX_COMBINATIONS: usize = 4_000_000;

/// The largest number of combinations with probabilities. There are many more distinct probabilities than groups, and
/// they must leave room for those. Of further ones the probabilities are counted but not kept.
const MAX_PROBABLE_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The largest number of combinations with values outside the allow-list that are counted by name. Anybody who writes
/// events can make them, and they must leave room for the others. Further ones are counted without the names.
const MAX_NAMED_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The most names of strange dimensions that are remembered.
const MAX_STRANGE: usize = 16;

/// The name under which the `risk_class` of a selection is a stratum.
pub const RISK_CLASS: &str = "risk_class";

/// Number of a distinct combination of groups and strata; 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttributesId(pub u32);

/// The distinct combinations of groups and strata.
#[derive(Clone, Debug)]
pub struct AttributeTable {
    pub(super) dimensions: Vec<NamedValues>,
    pub(super) strata: Vec<NamedValues>,
    /// By dimension: whether a rule reads it.
    is_read: Vec<bool>,
    /// By id: the slot of each dimension, then that of each stratum.
    pub(super) combinations: Vec<Arc<[Slot]>>,
    pub(super) ids: HashMap<Arc<[Slot]>, AttributesId, FxBuildHasher>,
    /// The combination at hand; kept for its buffer.
    scratch: Vec<Slot>,
    pub(super) overflowed: u64,
    /// Names of dimensions that resemble none of the list: so that they are not compared for every event.
    strange: Vec<Box<str>>,
    /// The strata that are read from selections.
    derived: DerivedStrata,
    pub(super) with_probabilities: usize,
    /// Combinations with a value outside the allow-list that is counted by name.
    pub(super) with_names: usize,
    most_with_probabilities: usize,
    pub(super) probabilities_dropped: u64,
    /// How values are read ([`reading`]), and the number of the first combination that was read so.
    pub(super) reading: (u64, u64),
}

impl AttributeTable {
    /// Returns an empty table for the dimensions of a plan and the strata that its rules name.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let strata = plan.strata();
        let dimensions: Vec<NamedValues> = plan.dimensions.iter().map(NamedValues::of_dimension).collect();
        let empty: Arc<[Slot]> = vec![Slot::NONE; dimensions.len() + strata.len()].into();
        let derived = DerivedStrata::of(&strata);
        let is_read = |index: u16| plan.rules.iter().any(|rule| rule.dimensions.contains(&DimensionId(index)));
        Self {
            is_read: (0..).take(dimensions.len()).map(is_read).collect(),
            strata: strata.into_iter().map(NamedValues::of_stratum).collect(),
            ids: std::iter::once((empty.clone(), AttributesId::default())).collect(),
            combinations: vec![empty],
            scratch: Vec::with_capacity(dimensions.len() + 8),
            dimensions,
            overflowed: 0,
            with_probabilities: 0,
            with_names: 0,
            strange: Vec::new(),
            derived,
            most_with_probabilities: MAX_PROBABLE_COMBINATIONS,
            probabilities_dropped: 0,
            reading: (reading(plan), 0),
        }
    }

    /// Returns the names of the dimensions and strata that are read.
    #[must_use]
    pub fn names(&self) -> ReadNames {
        self.dimensions.iter().chain(&self.strata).map(|values| values.name.clone()).collect()
    }

    /// Returns the id of the groups and strata of an event. Dimensions and strata that the plan does not name are
    /// ignored.
    pub fn intern(&mut self, groups: &Groups<'_>, strata: &Strata<'_>, risk_class: Option<&str>) -> AttributesId {
        if groups.is_empty() && strata.is_empty() && risk_class.is_none() {
            return AttributesId::default();
        }
        self.intern_all(groups, strata, risk_class, None)
    }

    /// Returns the id of the groups and strata of a selection, and of what it says of its own making.
    pub fn intern_selection(&mut self, selection: &Selection<'_>) -> AttributesId {
        let Selection { groups, strata, risk_class, .. } = selection;
        if self.derived.is_empty() {
            return self.intern(groups, strata, risk_class.as_deref());
        }
        self.intern_all(groups, strata, risk_class.as_deref(), Some(&Making::of(selection)))
    }

    fn intern_all(
        &mut self,
        groups: &Groups<'_>,
        strata: &Strata<'_>,
        risk_class: Option<&str>,
        making: Option<&Making<'_>>,
    ) -> AttributesId {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        for dimension in &mut self.dimensions {
            let membership =
                groups.iter().find(|(name, _)| **name == *dimension.name).map(|(_, membership)| membership);
            let slot = dimension.slot_of(membership);
            self.probabilities_dropped += u64::from(slot == Slot::PROBABILISTIC);
            scratch.push(slot);
        }
        self.learn_spellings(groups);
        for stratum in &mut self.strata {
            let named = strata.iter().find(|(name, _)| **name == *stratum.name).map(|(_, value)| value.as_ref());
            scratch.push(if stratum.is_derived {
                self.derived.slot_of(stratum, named, making)
            } else {
                let value = named.or(if *stratum.name == *RISK_CLASS { risk_class } else { None });
                value.map_or(Slot::NONE, |value| stratum.learn(value))
            });
        }
        let id = self.id_of(&scratch);
        self.scratch = scratch;
        id
    }

    /// Returns the slot of a group's name in a dimension, as an event writes it.
    #[must_use]
    pub fn slot_of_group(&self, dimension: DimensionId, name: &str) -> Slot {
        let found = self.dimensions.get(usize::from(dimension.0));
        let found = present(Room::Ledger, "a dimension's id is its index in the plan", found);
        found.map_or(Slot::NONE, |dimension| dimension.slot_of_group(name))
    }

    /// Returns the id of the combination that has the values of `preferred`, and those of `fallback` where it has none.
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

    /// Returns whether a combination leaves a value open that a rule reads: a group in one of its dimensions, or its
    /// stratum. What only a selection says of itself is not open: nothing will bring it.
    #[must_use]
    pub fn is_open(&self, id: AttributesId) -> bool {
        let mut strata = self.strata.iter().zip(self.strata(id));
        self.without_group(id).next().is_some()
            || strata.any(|(stratum, (_, slot))| slot == Slot::NONE && !stratum.is_derived)
    }

    /// Returns the dimensions that a rule reads and in which a combination has no value.
    pub fn without_group(&self, id: AttributesId) -> impl Iterator<Item = DimensionId> + '_ {
        let open = self.groups(id).zip(&self.is_read).filter(|((_, slot), is_read)| **is_read && *slot == Slot::NONE);
        open.map(|((dimension, _), _)| dimension)
    }

    /// Returns the value in each dimension. A value outside the allow-list is the group `other` where that is listed, else
    /// its kind.
    pub fn groups(&self, id: AttributesId) -> impl Iterator<Item = (DimensionId, Slot)> + '_ {
        let counted =
            |(values, (dimension, slot)): (&NamedValues, (DimensionId, Slot))| (dimension, values.counted_as(slot));
        self.dimensions.iter().zip(self.named_groups(id)).map(counted)
    }

    /// Returns a value outside the allow-list that is counted by name, and the listed group that it resembles; `None`
    /// where the slot is none of those.
    #[must_use]
    pub fn unlisted_value(&self, dimension: DimensionId, slot: Slot) -> Option<(&str, Option<&str>)> {
        self.dimensions.get(usize::from(dimension.0))?.unlisted_value(slot)
    }

    /// Returns the names by which events called a dimension that no list has, and that differ from its own by their spelling
    /// only.
    pub fn spellings(&self, dimension: DimensionId) -> impl Iterator<Item = &str> {
        let found = self.dimensions.get(usize::from(dimension.0));
        found.into_iter().flat_map(|dimension| dimension.unlisted.spellings.iter().map(AsRef::as_ref))
    }

    /// Returns the value in each dimension, also of values outside the allow-list that are counted by name.
    pub fn named_groups(&self, id: AttributesId) -> impl Iterator<Item = (DimensionId, Slot)> + '_ {
        self.slots(id).iter().take(self.dimensions.len()).zip(0..).map(|(slot, index)| (DimensionId(index), *slot))
    }

    /// Returns the value in each stratum that a rule names.
    pub fn strata(&self, id: AttributesId) -> impl Iterator<Item = (StratumId, Slot)> + '_ {
        self.slots(id).iter().skip(self.dimensions.len()).zip(0..).map(|(slot, index)| (StratumId(index), *slot))
    }

    /// Returns the probability of each group of the dimension, then that of everything outside the allow-list, in
    /// hundredths that sum to [`CERTAIN`](super::CERTAIN). Empty where the slot stands for no probabilities, or for
    /// such as were not kept.
    #[must_use]
    pub fn probabilities(&self, dimension: DimensionId, slot: Slot) -> &[u8] {
        let found = self.dimensions.get(usize::from(dimension.0));
        let found = present(Room::Ledger, "a dimension's id is its index in the plan", found);
        found.map_or(&[], |dimension| dimension.vectors.of(slot))
    }

    /// Returns how many events lost their groups and strata because too many combinations were in use.
    #[must_use]
    pub const fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Returns how often probabilities were not kept, because too many distinct ones were in use or the dimension has
    /// too many groups.
    #[must_use]
    pub const fn probabilities_dropped(&self) -> u64 {
        self.probabilities_dropped
    }

    /// Returns whether a combination lacks probabilities that were not kept.
    pub(super) fn has_dropped(&self, id: AttributesId) -> bool {
        self.slots(id).contains(&Slot::PROBABILISTIC)
    }

    /// Returns whether a combination has a value outside the allow-list that is counted by name.
    pub(super) fn has_names(&self, slots: &[Slot]) -> bool {
        slots.iter().take(self.dimensions.len()).any(|slot| slot.named().is_some())
    }

    /// Returns whether a combination may have been read by other aliases, other words for "no value" or other strata
    /// than those in force: before a restart, or by an earlier version.
    pub(super) const fn may_be_read_otherwise(&self, id: AttributesId) -> bool {
        (id.0 as u64) < self.reading.1
    }

    /// Returns whether a combination has kept probabilities.
    pub(super) fn has_probabilities(&self, slots: &[Slot]) -> bool {
        slots.iter().take(self.dimensions.len()).any(|slot| slot.vector().is_some())
    }

    /// Learns the names of dimensions that no list has, where they resemble one that is listed.
    fn learn_spellings(&mut self, groups: &Groups<'_>) {
        for (name, _) in groups {
            // Comparing takes long. Whoever sends ever new names gets none of it once the list is full.
            if self.strange.len() >= MAX_STRANGE {
                return;
            }
            let known = self.dimensions.iter().any(|dimension| *dimension.name == **name);
            if known || self.strange.iter().any(|strange| **strange == **name) {
                continue;
            }
            let found = self.dimensions.iter_mut().any(|dimension| dimension.learn_spelling(name));
            if !found {
                self.strange.push(name.as_ref().into());
            }
        }
    }

    #[inline]
    fn slots(&self, id: AttributesId) -> &[Slot] {
        match self.combinations.get(id.0 as usize) {
            Some(slots) => slots,
            None => {
                // It would count as "no value", that is as missing.
                broken(Room::Ledger, "an id of a combination comes from its table");
                &[]
            }
        }
    }

    fn id_of(&mut self, slots: &[Slot]) -> AttributesId {
        if let Some(id) = self.ids.get(slots) {
            return *id;
        }
        let with_names = self.has_names(slots);
        if with_names && self.with_names >= MAX_NAMED_COMBINATIONS {
            let kinds: Vec<Slot> = slots.iter().map(|slot| slot.kind()).collect();
            return self.id_of(&kinds);
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
        self.with_names += usize::from(with_names);
        let slots: Arc<[Slot]> = slots.into();
        self.combinations.push(Arc::clone(&slots));
        self.ids.insert(slots, AttributesId(next));
        AttributesId(next)
    }

    fn without_probabilities(&self, slots: &[Slot]) -> Vec<Slot> {
        let mut slots = slots.to_vec();
        let kept = |slot: &&mut Slot| slot.vector().is_some();
        slots.iter_mut().take(self.dimensions.len()).filter(kept).for_each(|slot| *slot = Slot::PROBABILISTIC);
        slots
    }
}

/// Returns a hash of what decides how the values of events are read, apart from the groups themselves. Checkpoints keep
/// it.
fn reading(plan: &Plan) -> u64 {
    let mut hasher = SipHasher24::new();
    let mut text = |text: &str| {
        hasher.write_u64((text.len() as u64).to_le());
        hasher.write(text.as_bytes());
    };
    for dimension in &plan.dimensions {
        text(&dimension.name);
        for (alias, group) in &dimension.aliases {
            text(alias);
            text(group);
        }
        dimension.missing_values.iter().for_each(|value| text(value));
    }
    let strata = plan.strata();
    strata.iter().for_each(|name| text(name));
    if !DerivedStrata::of(&strata).is_empty() {
        // Without these words they were entries of `strata` alone.
        text("strata derived from selections");
    }
    // Words that stand for no value are none of the values of a stratum any more.
    text("strata without missing values");
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::event::Membership;
    use crate::ledger::MAX_PROBABLE_GROUPS;
    use crate::plan::{Dimension, EvidencePlan, LedgerPlan, Limits, Span, WindowPlan};

    fn attributes(groups: &[&str]) -> AttributeTable {
        let dimension = |name: &str| Dimension {
            name: name.to_owned(),
            ground: "race".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            aliases: std::collections::BTreeMap::new(),
            missing_values: Dimension::default_missing_values(),
        };
        AttributeTable::new(&Plan {
            config_hash: String::new(),
            profiles: Vec::new(),
            dimensions: vec![dimension("first"), dimension("second")],
            rules: Vec::new(),
            counts_everyone: false,
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
                membership_horizon: Span::DAY,
            },
            event: Limits { string_bytes: 1, message_bytes: 1 },
            evidence: EvidencePlan {
                family_alpha: 0.05,
                block_exposed: 1,
                block_concluded: 1,
                block_variation: 0.0,
                block_cap: 0.0,
            },
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

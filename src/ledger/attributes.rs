//! Groups and strata of cases: each distinct combination is kept once.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::attributes_id::AttributesId;
use super::crossings::Crossings;
use super::derived::{DerivedStrata, Making};
use super::named_values::NamedValues;
use super::reading::reading;
use super::said::Said;
use super::strict_kinds::StrictKinds;
use crate::event::{Groups, ReadNames, Selection, Strata};
use crate::plan::invariant::{Room, broken, present};
use crate::plan::{DimensionId, Plan, Slot, stratum};

/// The largest number of distinct combinations of groups and strata. Further ones are kept without groups and counted.
pub(super) const MAX_COMBINATIONS: usize = 4_000_000;

/// The largest number of combinations with probabilities. There are many more distinct probabilities than groups, and
/// they must leave room for those. Of further ones the probabilities are counted but not kept.
const MAX_PROBABLE_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The largest number of combinations with values outside the allow-list that are counted by name. Anybody who writes
/// events can make them, and they must leave room for the others. Further ones are counted without the names.
const MAX_NAMED_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The largest number of combinations that say how a case was handled. They must leave room for those of groups. They have no groups, so there are
/// hardly as many. Of further ones it is not kept, and their cases are missing where a rule compares it.
const MAX_HANDLING_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The largest number of combinations with criteria on no list. Anybody who writes events can make them, and they must leave room for the others. Of
/// further ones it is only counted that there were such criteria.
const MAX_LEARNED_COMBINATIONS: usize = MAX_COMBINATIONS / 4;

/// The name under which the `risk_class` of a selection is a stratum.
pub const RISK_CLASS: &str = "risk_class";

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
    /// Hashes of names of dimensions that resemble none of the list: so that they are not compared for every event.
    pub(super) strange: Vec<u64>,
    /// Cases from which another spelling of a dimension's name may be told.
    pub(super) told_from: u32,
    /// The strata that are read from selections.
    pub(super) derived: DerivedStrata,
    /// The dimensions whose groups follow from those of others.
    crossings: Crossings,
    pub(super) with_probabilities: usize,
    /// Combinations with a value outside the allow-list that is counted by name.
    pub(super) with_names: usize,
    /// Combinations with a criterion on no list.
    pub(super) with_learned: usize,
    /// Combinations that say how a case was handled.
    pub(super) with_handling: usize,
    /// The lists of strict kinds of the plan.
    pub(super) strict: Vec<StrictKinds>,
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
        let derived = DerivedStrata::of(plan, &strata);
        let is_read = |index: u16| plan.rules.iter().any(|rule| rule.dimensions.contains(&DimensionId(index)));
        let mut table = Self {
            strict: StrictKinds::of(plan),
            is_read: (0..).take(dimensions.len()).map(is_read).collect(),
            strata: strata.into_iter().map(NamedValues::of_stratum).collect(),
            ids: std::iter::once((empty.clone(), AttributesId::default())).collect(),
            combinations: vec![empty],
            scratch: Vec::with_capacity(dimensions.len() + 8),
            dimensions,
            overflowed: 0,
            with_probabilities: 0,
            with_names: 0,
            with_learned: 0,
            with_handling: 0,
            strange: Vec::new(),
            told_from: u32::try_from(plan.disclosure.min_cell.max(1)).unwrap_or(u32::MAX),
            derived,
            crossings: Crossings::of(plan),
            most_with_probabilities: MAX_PROBABLE_COMBINATIONS,
            probabilities_dropped: 0,
            reading: (reading(plan), 0),
        };
        table.teach_strict();
        table
    }

    /// Returns the names of the dimensions and strata that are read from events.
    #[must_use]
    pub fn names(&self) -> ReadNames {
        let dimensions = self.dimensions.iter().filter(|dimension| !dimension.is_crossed);
        let versions = self.derived.reads_versions().then(|| stratum::PROFILE_VERSION.into());
        dimensions.chain(&self.strata).map(|values| values.name.clone()).chain(versions).collect()
    }

    /// Returns how many distinct combinations say how a case was handled.
    #[must_use]
    pub const fn with_handling(&self) -> usize {
        self.with_handling
    }

    /// Returns the id of the groups and strata of an event. Dimensions and strata that the plan does not name are
    /// ignored.
    pub fn intern(&mut self, groups: &Groups<'_>, strata: &Strata<'_>, risk_class: Option<&str>) -> AttributesId {
        if groups.is_empty() && strata.is_empty() && risk_class.is_none() {
            return AttributesId::default();
        }
        self.intern_all(groups, strata, risk_class, None, &Said::default())
    }

    /// Returns the id of the groups and strata of a selection, and of what it says of its own making.
    pub fn intern_selection(&mut self, selection: &Selection<'_>) -> AttributesId {
        let Selection { groups, strata, risk_class, .. } = selection;
        if self.derived.is_empty() {
            return self.intern(groups, strata, risk_class.as_deref());
        }
        let making = self.derived.making(selection);
        self.intern_all(groups, strata, risk_class.as_deref(), Some(&making), &Said::default())
    }

    pub(super) fn intern_all(
        &mut self,
        groups: &Groups<'_>,
        strata: &Strata<'_>,
        risk_class: Option<&str>,
        making: Option<&Making<'_>>,
        said: &Said<'_>,
    ) -> AttributesId {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        for dimension in &mut self.dimensions {
            if dimension.is_crossed {
                scratch.push(Slot::NONE);
                continue;
            }
            let membership =
                groups.iter().find(|(name, _)| **name == *dimension.name).map(|(_, membership)| membership);
            let slot = dimension.slot_of(membership);
            self.probabilities_dropped += u64::from(slot == Slot::PROBABILISTIC);
            scratch.push(slot);
        }
        self.learn_spellings(groups);
        for stratum in &mut self.strata {
            let named = strata.iter().find(|(name, _)| **name == *stratum.name).map(|(_, value)| value.as_ref());
            scratch.push(if let Some(feature) = stratum.feature {
                said.slot_of(feature, stratum)
            } else if stratum.is_derived {
                self.derived.slot_of(stratum, named, making)
            } else {
                let value = named.or(if *stratum.name == *RISK_CLASS { risk_class } else { None });
                value.map_or(Slot::NONE, |value| stratum.learn(value))
            });
        }
        if !self.derived.is_empty() {
            let slots = scratch.get_mut(self.dimensions.len()..).unwrap_or_default();
            self.derived.fill(&mut self.strata, slots, strata, making);
        }
        self.crossings.fill(&mut scratch, &self.dimensions);
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

    /// Returns the slot of a group of the allow-list, however its name is written; `None` where it is on none.
    #[must_use]
    pub fn listed_group(&self, dimension: DimensionId, name: &str) -> Option<Slot> {
        let found = self.dimensions.get(usize::from(dimension.0));
        present(Room::Ledger, "a dimension's id is its index in the plan", found)?.listed_group(name)
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
        if !self.derived.is_empty() {
            let preferred = self.slots(preferred).get(self.dimensions.len()..).unwrap_or_default();
            self.derived.settle(scratch.get_mut(self.dimensions.len()..).unwrap_or_default(), preferred);
        }
        self.crossings.fill(&mut scratch, &self.dimensions);
        let id = self.id_of(&scratch);
        self.scratch = scratch;
        id
    }

    /// Returns whether a combination leaves a value open that a rule reads: a group in one of its dimensions, or its
    /// stratum. What only a selection says of itself is not open: nothing will bring it.
    #[must_use]
    pub fn is_open(&self, id: AttributesId) -> bool {
        let mut strata = self.strata.iter().zip(self.all_strata(id));
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

    /// Returns the value in each dimension, also of values outside the allow-list that are counted by name.
    pub fn named_groups(&self, id: AttributesId) -> impl Iterator<Item = (DimensionId, Slot)> + '_ {
        self.slots(id).iter().take(self.dimensions.len()).zip(0..).map(|(slot, index)| (DimensionId(index), *slot))
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
        let mut named = self.dimensions.iter().zip(self.slots(id)).filter(|(dimension, _)| !dimension.is_crossed);
        named.any(|(_, slot)| *slot == Slot::PROBABILISTIC)
    }

    /// Returns whether a combination has a value outside the allow-list that is counted by name.
    pub(super) fn has_names(&self, slots: &[Slot]) -> bool {
        slots.iter().take(self.dimensions.len()).any(|slot| slot.named().is_some())
    }

    /// Returns whether a combination has a criterion on no list.
    pub(super) fn has_learned(&self, slots: &[Slot]) -> bool {
        self.derived.has_learned(slots.get(self.dimensions.len()..).unwrap_or_default())
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

    #[inline]
    pub(super) fn slots(&self, id: AttributesId) -> &[Slot] {
        match self.combinations.get(id.0 as usize) {
            Some(slots) => slots,
            None => {
                // It would count as "no value", that is as missing.
                broken(Room::Ledger, "an id of a combination comes from its table");
                &[]
            }
        }
    }

    pub(super) fn id_of(&mut self, slots: &[Slot]) -> AttributesId {
        if let Some(id) = self.ids.get(slots) {
            return *id;
        }
        let with_names = self.has_names(slots);
        if with_names && self.with_names >= MAX_NAMED_COMBINATIONS {
            let kinds: Vec<Slot> = slots.iter().map(|slot| slot.kind()).collect();
            return self.id_of(&kinds);
        }
        let with_learned = self.has_learned(slots);
        if with_learned && self.with_learned >= MAX_LEARNED_COMBINATIONS {
            let mut slots = slots.to_vec();
            let of_strata = slots.get_mut(self.dimensions.len()..).unwrap_or_default();
            self.derived.forget_learned(&mut self.strata, of_strata);
            return self.id_of(&slots);
        }
        let with_handling = self.has_handling(slots);
        if with_handling && self.with_handling >= MAX_HANDLING_COMBINATIONS {
            return self.id_of(&self.without_features(slots));
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
        self.with_learned += usize::from(with_learned);
        self.with_handling += usize::from(with_handling);
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
            crosses: Vec::new(),
        };
        AttributeTable::new(&Plan {
            config_hash: String::new(),
            profiles: Vec::new(),
            dimensions: vec![dimension("first"), dimension("second")],
            rules: Vec::new(),
            counts_everyone: false,
            periods: Vec::new(),
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
                intersection_share: 0.1,
            },
            disclosure: crate::plan::DisclosurePlan::open(),
            periods: Vec::new(),
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

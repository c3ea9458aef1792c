//! The values of strata: their slots, their texts, and those that a selection itself says.

use super::attributes::AttributeTable;
use super::attributes_id::AttributesId;
use super::named_values::{Counted, NamedValues};
use crate::plan::invariant::{Room, present};
use crate::plan::{Derived, Dimension, DimensionId, Slot, StratumId};

impl AttributeTable {
    /// Returns the id of the stratum of this name, or `None` where no rule names it.
    #[must_use]
    pub fn stratum_id(&self, name: &str) -> Option<StratumId> {
        let index = self.strata.iter().position(|stratum| *stratum.name == *name)?;
        present(Room::Ledger, "rules name fewer than 65,536 strata", u16::try_from(index).ok()).map(StratumId)
    }

    /// Returns the value in each stratum that a rule names, but for how a case was handled.
    pub fn strata(&self, id: AttributesId) -> impl Iterator<Item = (StratumId, Slot)> + '_ {
        self.all_strata(id).zip(&self.strata).filter(|(_, stratum)| stratum.feature.is_none()).map(|(value, _)| value)
    }

    /// Returns the values by which the cells of a dimension are cut.
    pub fn counted_strata(
        &self,
        id: AttributesId,
        dimension: DimensionId,
    ) -> impl Iterator<Item = (StratumId, Slot)> + '_ {
        let is_everyone = dimension == DimensionId::EVERYONE;
        self.strata(id).filter(move |(stratum, slot)| {
            let counted =
                self.strata.get(usize::from(stratum.0)).map_or(Counted::Everywhere, |stratum| stratum.counted);
            match counted {
                Counted::Everywhere => true,
                Counted::OfGroups => *slot != Slot::NONE && !is_everyone,
                Counted::OfEveryone => *slot != Slot::NONE && is_everyone,
            }
        })
    }

    /// Returns the criteria on no list that events have named, by name, each with its stratum.
    #[must_use]
    pub fn learned_criteria(&self) -> Vec<(&str, StratumId)> {
        let learned =
            (0..).map(StratumId).zip(&self.strata).filter(|(_, stratum)| stratum.counted == Counted::OfGroups);
        let named = learned.filter_map(|(id, stratum)| Some((stratum.values.first()?.as_ref(), id)));
        // What came to a list since is measured there.
        let mut named: Vec<(&str, StratumId)> = named.filter(|(name, _)| !self.derived.is_listed(name)).collect();
        named.sort_unstable();
        named
    }

    /// Returns whether a stratum stands for a criterion on no list. Its first value is the name, and no case has it.
    #[must_use]
    pub fn is_learned(&self, stratum: StratumId) -> bool {
        self.strata.get(usize::from(stratum.0)).is_some_and(|stratum| stratum.counted == Counted::OfGroups)
    }

    /// Returns the value in each stratum that a rule names.
    pub(super) fn all_strata(&self, id: AttributesId) -> impl Iterator<Item = (StratumId, Slot)> + '_ {
        self.slots(id).iter().skip(self.dimensions.len()).zip(0..).map(|(slot, index)| (StratumId(index), *slot))
    }

    /// Returns the strata for whose values nobody waits, ascending: a selection says them, or nobody does.
    pub fn derived_strata(&self) -> impl Iterator<Item = StratumId> + '_ {
        let strata = self.strata.iter().zip(0..).filter(|(stratum, _)| stratum.is_derived);
        strata.map(|(_, index)| StratumId(index))
    }

    /// Returns the text of a value of a stratum, for an order that does not depend on arrival. Empty for no value, and for
    /// the version of a selection that names none: see [`Self::stratum_text`].
    #[must_use]
    pub fn stratum_value(&self, stratum: StratumId, slot: Slot) -> &str {
        self.stratum_text(stratum, slot).unwrap_or_default()
    }

    /// Returns the text of a value of a stratum; `None` for no value. It may be empty: the version of a selection that
    /// names none is the version "", which is a value.
    #[must_use]
    pub fn stratum_text(&self, stratum: StratumId, slot: Slot) -> Option<&str> {
        match slot {
            Slot::NONE => None,
            Slot::OTHER => Some(Dimension::OTHER),
            // A checkpoint from anywhere may hold slots that stand for nothing.
            slot => self.values_of(stratum).get(usize::from(slot.0)).map(AsRef::as_ref),
        }
    }

    /// Returns every value that a case can have in a stratum, in the order of their texts, however they arrived. No
    /// value comes first.
    #[must_use]
    pub fn stratum_values(&self, stratum: StratumId) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.values_of(stratum).iter().zip(0..).map(|(_, index)| Slot(index)).collect();
        slots.extend([Slot::NONE, Slot::OTHER]);
        slots.sort_by_key(|slot| (self.stratum_text(stratum, *slot), *slot));
        slots
    }

    /// Returns the field of an event that gives a stratum its values.
    pub(super) fn field_of(&self, stratum: StratumId) -> &'static str {
        let found = self.strata.get(usize::from(stratum.0));
        if let Some(feature) = found.and_then(|stratum| stratum.feature) {
            return feature.field();
        }
        match found.and_then(|stratum| Derived::of(&stratum.name)) {
            Some(Derived::ProfileVersion) => "profile_version",
            Some(Derived::DecidedBy) => "decided_by",
            Some(Derived::Criterion(_) | Derived::UnlistedCriterion | Derived::LearnedCriterion) => "criteria",
            Some(Derived::VersionOf(_)) => "profile_version",
            None => "strata",
        }
    }

    /// Returns whether what the values of a stratum mean depends on which other strata the plan has.
    pub(super) fn depends_on_others(&self, stratum: StratumId) -> bool {
        let found = self.strata.get(usize::from(stratum.0));
        let derived = found.and_then(|stratum| Derived::of(&stratum.name));
        matches!(derived, Some(Derived::UnlistedCriterion | Derived::LearnedCriterion | Derived::VersionOf(_)))
    }

    fn values_of(&self, stratum: StratumId) -> &[Box<str>] {
        let found: Option<&NamedValues> = self.strata.get(usize::from(stratum.0));
        present(Room::Ledger, "a stratum's id is its index in the plan", found).map_or(&[], |stratum| &stratum.values)
    }
}

//! How a case was handled: what each report says of it, and what all of them say together.
//!
//! What a report says is a combination of the table of attributes, in the strata of the features that rules read. It has no groups, and controls and outcomes
//! have such combinations apart. What a case counts for is no combination at all: a value for each feature.

use std::collections::BTreeSet;

use super::attributes::AttributeTable;
use super::attributes_id::AttributesId;
use super::said::Said;
use super::strict_kinds::StrictKinds;
use crate::event::{Control, OutcomeReport};
use crate::plan::group_name::skeleton;
use crate::plan::{Feature, Slot, StratumId};

/// How a case was handled, or what is said of that: by feature the value of its stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handling([Slot; Feature::ALL.len()]);

impl Default for Handling {
    /// Nothing is known.
    fn default() -> Self {
        Self([Slot::NONE; Feature::ALL.len()])
    }
}

impl Handling {
    /// Returns the value of a feature; [`Slot::NONE`] where it is not known.
    #[must_use]
    pub fn of(&self, feature: Feature) -> Slot {
        self.0.get(feature as usize).copied().unwrap_or(Slot::NONE)
    }

    /// Returns the same without what belongs to an outcome, which a later report corrects.
    pub(super) fn without_sanction(mut self) -> Self {
        self.set(Feature::Sanction, Slot::NONE);
        self.set(Feature::Amount, Slot::NONE);
        self
    }

    fn set(&mut self, feature: Feature, value: Slot) {
        if let Some(place) = self.0.get_mut(feature as usize) {
            *place = value;
        }
    }
}

/// What the reports on one performed control of a case say of how it was handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ControlHandling {
    pub said: Handling,
    /// Whether it found a violation that stands. Only such a one is sanctioned.
    pub is_hit: bool,
}

impl AttributeTable {
    /// Returns the id of the groups and strata of a control, and that of what it says of how the case was handled.
    pub(super) fn intern_control(&mut self, control: &Control<'_>) -> (AttributesId, AttributesId) {
        let groups = self.intern(&control.groups, &control.strata, None);
        (groups, self.intern_said(&Said::by_control(control)))
    }

    /// Returns the id of what an outcome says of how the case was handled.
    pub(super) fn intern_outcome(&mut self, outcome: &OutcomeReport<'_>) -> AttributesId {
        self.intern_said(&Said::by_outcome(outcome))
    }

    /// Returns whether no rule reads how cases were handled.
    pub(super) fn reads_no_handling(&self) -> bool {
        self.strata.iter().all(|stratum| stratum.feature.is_none())
    }

    /// Returns what is known of how a case was handled, by the stratum of each feature that is known.
    pub fn handling(&self, handling: Handling) -> impl Iterator<Item = (StratumId, Slot)> + '_ {
        let strata = self.strata.iter().zip(0..);
        let values = strata.filter_map(move |(stratum, index)| Some((StratumId(index), handling.of(stratum.feature?))));
        values.filter(|(_, slot)| *slot != Slot::NONE)
    }

    /// Returns whether a stratum is that of a feature: a case has its value by its controls.
    #[must_use]
    pub fn is_feature(&self, stratum: StratumId) -> bool {
        self.strata.get(usize::from(stratum.0)).is_some_and(|stratum| stratum.feature.is_some())
    }

    /// Returns the values of a feature that any case had, with their slots, in the order of their texts: for a number of its bucket.
    pub fn feature_values(&self, feature: Feature) -> impl Iterator<Item = (StratumId, Slot, &str)> {
        let stratum = self.stratum_id(feature.stratum());
        stratum.into_iter().flat_map(move |stratum| {
            let values = self.stratum_values(stratum).into_iter().filter(|value| *value != Slot::NONE);
            values.map(move |value| (stratum, value, self.stratum_value(stratum, value)))
        })
    }

    /// Returns what a report says of how the case was handled.
    pub(super) fn said(&self, id: AttributesId) -> Handling {
        let mut said = Handling::default();
        if id == AttributesId::default() {
            return said;
        }
        let values = self.all_strata(id).zip(&self.strata);
        for (feature, slot) in values.filter_map(|((_, slot), stratum)| Some((stratum.feature?, slot))) {
            said.set(feature, slot);
        }
        // There was no room for its kind, which may be one that is called strict since then.
        if said.of(Feature::Kind) == Slot::OTHER && self.may_be_read_otherwise(id) {
            said.set(Feature::Kind, Slot::NONE);
        }
        said
    }

    /// Returns what two reports on one control say together: of each feature the later one decides, if it says something. That it names no sanction says
    /// less than a sanction, and a sanction without a kind less than one with it.
    pub(super) fn said_together(&self, earlier: Handling, later: Handling) -> Handling {
        let mut together = earlier;
        for feature in Feature::ALL {
            let weight = |slot: Slot| match (slot, self.text_of(feature, slot)) {
                (Slot::NONE, _) => 0,
                (_, Some(Feature::NOTHING)) => 1,
                (_, Some("")) => 2,
                _ => 3,
            };
            let next = later.of(feature);
            if weight(next) >= weight(earlier.of(feature)) {
                together.set(feature, next);
            }
        }
        together
    }

    /// Returns how a case with these controls was handled. Its intensity is the highest, its duration and amount are sums; its kinds are all
    /// that are named, and it is strict where any of them is.
    pub(super) fn handling_of(&mut self, controls: &[ControlHandling]) -> Handling {
        let mut handling = Handling::default();
        for index in 0..self.strata.len() {
            let Some(feature) = self.strata.get(index).and_then(|stratum| stratum.feature) else { continue };
            let value = match feature {
                Feature::Strict => self.strictness(index, controls),
                _ => self.value_of((feature, index), controls),
            };
            handling.set(feature, value);
        }
        handling
    }

    /// Returns whether a combination says how a case was handled.
    pub(super) fn has_handling(&self, slots: &[Slot]) -> bool {
        let strata = slots.iter().skip(self.dimensions.len()).zip(&self.strata);
        strata.into_iter().any(|(slot, stratum)| stratum.feature.is_some() && *slot != Slot::NONE)
    }

    pub(super) fn without_features(&self, slots: &[Slot]) -> Vec<Slot> {
        let mut slots = slots.to_vec();
        let features = slots.iter_mut().skip(self.dimensions.len()).zip(&self.strata);
        features.filter(|(_, stratum)| stratum.feature.is_some()).for_each(|(slot, _)| *slot = Slot::NONE);
        slots
    }

    /// Teaches the kinds that rules call strict: whether a case is strict must not depend on which kinds came first.
    pub(super) fn teach_strict(&mut self) {
        let kinds: BTreeSet<&str> =
            self.strict.iter().flat_map(|list| list.kinds().iter().map(String::as_str)).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        let strata = self.strata.iter_mut().filter(|stratum| stratum.feature == Some(Feature::Kind));
        strata.for_each(|stratum| stratum.teach(&kinds));
        self.find_strict();
    }

    /// Finds the values that are strict kinds, also such as were kept before a rule called them strict.
    pub(super) fn find_strict(&mut self) {
        let kinds = self.strata.iter().find(|stratum| stratum.feature == Some(Feature::Kind));
        let values = kinds.map_or(&[][..], |kinds| &kinds.values);
        let known: Vec<(String, Slot)> = values.iter().map(|value| skeleton(value)).zip((0..).map(Slot)).collect();
        self.strict.iter_mut().for_each(|list| list.find(&known));
    }

    fn intern_said(&mut self, said: &Said<'_>) -> AttributesId {
        if said.is_empty() || self.reads_no_handling() {
            return AttributesId::default();
        }
        self.intern_all(&Vec::new(), &Vec::new(), None, None, said)
    }

    /// Returns the text of a value of a feature.
    fn text_of(&self, feature: Feature, slot: Slot) -> Option<&str> {
        let values = self.strata.iter().find(|stratum| stratum.feature == Some(feature))?;
        values.values.get(usize::from(slot.0)).map(AsRef::as_ref)
    }

    /// Returns by each list of strict kinds whether a control was of one; no value where no kind is known. Strict kinds are always kept, so a kind for which
    /// there was no room is not strict.
    fn strictness(&mut self, index: usize, controls: &[ControlHandling]) -> Slot {
        let kinds = || controls.iter().map(|control| control.said.of(Feature::Kind)).filter(|kind| *kind != Slot::NONE);
        if kinds().next().is_none() {
            return Slot::NONE;
        }
        let of_list = |list: &StrictKinds| kinds().any(|kind| list.has(kind));
        let text = Feature::strictness(self.strict.iter().map(|list| (list.kinds(), of_list(list))));
        self.strata.get_mut(index).map_or(Slot::NONE, |values| values.learn_text(&text))
    }

    /// Returns the value of a case of a feature that stands at `index`.
    fn value_of(&mut self, (feature, index): (Feature, usize), controls: &[ControlHandling]) -> Slot {
        let is_of_hits = matches!(feature, Feature::Sanction | Feature::Amount);
        let said = controls.iter().filter(|control| control.is_hit || !is_of_hits);
        let slots: Vec<Slot> = said.map(|control| control.said.of(feature)).collect();
        // Beyond the limit on distinct values nobody knows which it was.
        if slots.contains(&Slot::OTHER) {
            return Slot::OTHER;
        }
        let texts: Vec<&str> = slots.iter().filter_map(|slot| self.text_of(feature, *slot)).collect();
        let values: Vec<&str> = texts.iter().copied().filter(|text| *text != Feature::NOTHING).collect();
        let Some(text) = together(feature, &values) else {
            let is_nothing = !texts.is_empty() && texts.len() == slots.len();
            let nothing = self.strata.get_mut(index).filter(|_| is_nothing);
            return nothing.map_or(Slot::NONE, |values| values.learn_text(Feature::NOTHING));
        };
        self.strata.get_mut(index).map_or(Slot::NONE, |values| values.learn_set(&text))
    }
}

/// Returns the values of a case's controls as one text; `None` without any.
fn together(feature: Feature, values: &[&str]) -> Option<String> {
    if !feature.is_number() {
        let kinds: BTreeSet<&str> = values.iter().copied().collect();
        return (!kinds.is_empty()).then(|| Feature::joined(kinds.into_iter()));
    }
    let buckets = || values.iter().filter_map(|value| value.parse::<u64>().ok());
    let highest = buckets().max()?;
    let bucket = if feature == Feature::Intensity { highest } else { feature.bucket_of_sum(buckets()) };
    Some(bucket.to_string())
}

//! The table of attributes as a checkpoint stores it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attributes::{AttributeTable, MAX_COMBINATIONS};
use super::attributes_id::AttributesId;
use super::unlisted_names::UnlistedNames;
use crate::plan::{Mapping, Slot};

/// The combinations in the order of their ids, and what the table learned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredAttributes {
    dimensions: usize,
    /// By stratum: its values in the order of their slots.
    strata: Vec<Vec<Box<str>>>,
    combinations: Vec<Arc<[Slot]>>,
    /// By dimension: its probability vectors in the order of their slots.
    vectors: Vec<Vec<Arc<[u8]>>>,
    overflowed: u64,
    probabilities_dropped: u64,
    /// By dimension. Formats 3 and 4 have none.
    #[serde(skip)]
    pub unlisted: Vec<UnlistedNames>,
}

impl AttributeTable {
    /// Returns what a checkpoint stores of the table.
    pub(super) fn stored(&self) -> StoredAttributes {
        StoredAttributes {
            dimensions: self.dimensions.len(),
            strata: self.strata.iter().map(|stratum| stratum.values.clone()).collect(),
            combinations: self.combinations.clone(),
            vectors: self.dimensions.iter().map(|dimension| dimension.vectors.known()).collect(),
            overflowed: self.overflowed,
            probabilities_dropped: self.probabilities_dropped,
            unlisted: self.dimensions.iter().map(|dimension| dimension.unlisted.clone()).collect(),
        }
    }

    /// Returns whether the table has this id.
    pub(super) fn has(&self, id: AttributesId) -> bool {
        (id.0 as usize) < self.combinations.len()
    }

    /// Restores a new table. `reading` is how values were read, and from which combination on. Ids keep their meaning. Combinations have no value in a stratum that the table did not
    /// keep when they were stored.
    ///
    /// # Errors
    /// What was expected, where the state is not one that [`Self::stored`] returns.
    pub(super) fn restore(
        &mut self,
        state: StoredAttributes,
        (reading, first): (u64, u64),
        mapping: &Mapping,
    ) -> Result<(), String> {
        let StoredAttributes { dimensions, strata, combinations, vectors, overflowed, probabilities_dropped, unlisted } =
            state;
        if dimensions != self.dimensions.len() {
            return Err(format!("expected groups of {} dimensions, found {dimensions}", self.dimensions.len()));
        }
        let empty = |slots: &Arc<[Slot]>| slots.iter().all(|slot| *slot == Slot::NONE);
        if !combinations.first().is_some_and(empty) || combinations.len() > MAX_COMBINATIONS {
            return Err(format!("expected up to {MAX_COMBINATIONS} combinations of groups, the first without any"));
        }
        // By stratum of the table: its index in the state, where it has it.
        let columns: Vec<Option<usize>> = (0..self.strata.len()).map(|index| mapping.stratum_before(index)).collect();
        for (stratum, column) in self.strata.iter_mut().zip(&columns) {
            if let Some(values) = column.and_then(|column| strata.get(column)) {
                stratum.learn_stored(values);
            }
        }
        self.find_strict();
        let present = |slots: &Arc<[Slot]>| -> Arc<[Slot]> {
            // The bytes may come from anywhere: a combination that is too short has no value in the rest.
            let at = |index: usize| slots.get(index).copied().unwrap_or(Slot::NONE);
            let strata = columns.iter().map(|column| column.map_or(Slot::NONE, |column| at(dimensions + column)));
            (0..self.dimensions.len()).map(at).chain(strata).collect()
        };
        let vectors_of = |index: usize| vectors.get(index).map_or(0, Vec::len);
        let known = |slots: &Arc<[Slot]>| {
            let dimensions = self.dimensions.iter().enumerate().zip(slots.iter());
            dimensions.into_iter().all(|((index, dimension), slot)| dimension.may_have(*slot, vectors_of(index)))
        };
        if !combinations.iter().all(known) {
            return Err("expected groups of the configuration, found an index beyond them".to_owned());
        }
        self.combinations = combinations.iter().map(present).collect();
        self.reading.1 = if self.reading.0 == reading { first } else { self.combinations.len() as u64 };
        self.ids.clear();
        for (slots, id) in self.combinations.iter().zip(0..) {
            // Combinations that differed only in a stratum that is gone are equal now. New cases get the first of them.
            self.ids.entry(Arc::clone(slots)).or_insert(AttributesId(id));
        }
        for (dimension, vectors) in self.dimensions.iter_mut().zip(vectors) {
            for vector in vectors {
                dimension.vectors.learn(&vector);
            }
        }
        for (dimension, names) in self.dimensions.iter_mut().zip(unlisted) {
            dimension.unlisted = names.limited();
        }
        self.with_names = self.combinations.iter().filter(|slots| self.has_names(slots)).count();
        self.with_learned = self.combinations.iter().filter(|slots| self.has_learned(slots)).count();
        self.with_probabilities = self.combinations.iter().filter(|slots| self.has_probabilities(slots)).count();
        self.with_handling = self.combinations.iter().filter(|slots| self.has_handling(slots)).count();
        self.overflowed = overflowed;
        self.probabilities_dropped = probabilities_dropped;
        Ok(())
    }
}

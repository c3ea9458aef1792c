//! The cells of cases by how they were handled: one for each group and value that a rule reads.

use smallvec::SmallVec;

use super::key::CellKey;
use super::store::Windows;
use crate::ledger::{AttributeTable, Contribution, Handling};

impl Windows {
    /// Returns the cells in which a case is counted by how it was handled, each made at its first use. Most cases have none: they were not
    /// controlled, or no rule reads how. Where there is no room for a cell the case counts as one of which nothing is known.
    pub fn handling_cells(&mut self, place: &Contribution, attributes: &AttributeTable) -> SmallVec<[u32; 8]> {
        let mut cells = SmallVec::new();
        if place.handling == Handling::default() {
            return cells;
        }
        let Contribution { profile, channel, handling, .. } = *place;
        // Those of no group are in no comparison.
        let of_groups = attributes.groups(place.attributes);
        for (dimension, group) in of_groups.filter(|(_, group)| group.group().is_some()) {
            for value in attributes.handling(handling) {
                let key = CellKey { profile, channel, dimension, group, stratum: Some(value) };
                cells.extend(self.handling_cell(key, attributes));
            }
        }
        cells
    }

    /// Returns the place of a cell, which is made at its first use; `None`, counted as refused, where there is no room for one more.
    fn handling_cell(&mut self, key: CellKey, attributes: &AttributeTable) -> Option<u32> {
        if let Some(id) = self.ids.get(&key) {
            return Some(*id);
        }
        let of_handling = |key: &&CellKey| key.stratum.is_some_and(|(stratum, _)| attributes.is_feature(stratum));
        let known = self.handling_cells.unwrap_or_else(|| self.keys.iter().filter(of_handling).count());
        self.handling_cells = Some(known);
        if known >= self.most_handling_cells {
            self.refused = self.refused.saturating_add(1);
            return None;
        }
        let id = self.cell_id(key);
        self.handling_cells = Some(known + usize::from(id.is_some()));
        id
    }
}

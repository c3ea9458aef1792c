//! What of the windows goes into a checkpoint, and back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::plan::{DimensionId, Mapping};
use crate::window::{Cell, CellKey, MembershipKey, Moments, Windows};

/// All cells, shared with the windows: one is copied only when it changes while this is held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WindowsState {
    cells: Vec<(CellKey, Arc<Cell>)>,
    hour_floor: i32,
    day_floor: i32,
    without_group: Vec<u64>,
    probabilistic: Vec<u64>,
    refused: u64,
    memberships: Vec<(MembershipKey, Arc<Cell<Moments>>)>,
}

impl Windows {
    /// What goes into a checkpoint.
    #[must_use]
    pub fn state(&self) -> WindowsState {
        WindowsState {
            cells: self.keys.iter().copied().zip(self.cells.iter().cloned()).collect(),
            hour_floor: self.hour_floor,
            day_floor: self.day_floor,
            without_group: self.without_group.clone(),
            probabilistic: self.probabilistic.clone(),
            refused: self.refused,
            memberships: self.memberships.state(),
        }
    }

    /// Takes in what [`Self::state`] gave; the windows are new. `groups` returns how many groups a dimension has, where all outside the
    /// allow-list count as one. Returns the present cell of each stored cell, `None` for what the plan no longer has.
    pub fn restore(
        &mut self,
        state: WindowsState,
        mapping: &Mapping,
        groups: impl Fn(DimensionId) -> usize,
    ) -> Vec<Option<u32>> {
        let WindowsState { cells, hour_floor, day_floor, without_group, probabilistic, refused, memberships } = state;
        let mut ids: Vec<Option<u32>> = Vec::with_capacity(cells.len());
        for (key, cell) in cells {
            let id = renamed(key, mapping).and_then(|key| self.cell_id(key));
            if let Some(place) = id.and_then(|id| self.cells.get_mut(id as usize)) {
                *place = cell;
            }
            ids.push(id);
        }
        self.hour_floor = hour_floor;
        self.day_floor = day_floor;
        self.without_group = without_group;
        self.probabilistic = probabilistic;
        self.refused = refused;
        for (key, cell) in memberships {
            if let Some(profile) = mapping.profile(key.profile) {
                let put =
                    self.memberships.put(MembershipKey { profile, ..key }, cell, groups(key.dimension), self.history);
                self.refused += u64::from(put.is_none());
            }
        }
        ids
    }
}

fn renamed(key: CellKey, mapping: &Mapping) -> Option<CellKey> {
    let profile = mapping.profile(key.profile)?;
    Some(CellKey { profile, stratum: mapping.stratum_value(key.stratum)?, ..key })
}

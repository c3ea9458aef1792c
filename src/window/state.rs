//! The windows in a checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::counts::Counts;
use super::heard::LastHeard;
use super::key::CellKey;
use super::membership::{MembershipKey, Moments};
use super::missing::{MissingCases, MissingState};
use super::named_cases::NamedCases;
use super::reported::Reported;
use super::seals::Seals;
use super::store::Windows;
use crate::plan::invariant::{self, Room};
use crate::plan::{DimensionId, EventTime, Mapping, ProfileId, Slot, Span};

/// All cells, shared with the windows. A cell is copied only if it changes while this is held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WindowsState {
    cells: Vec<(CellKey, Arc<Cell>)>,
    hour_floor: i32,
    day_floor: i32,
    without_group: Vec<u64>,
    probabilistic: Vec<u64>,
    refused: u64,
    memberships: Vec<(MembershipKey, Arc<Cell<Moments>>)>,
    /// Formats 3 and 4 have none.
    #[serde(skip)]
    missing: MissingState,
    /// Formats up to 4 do not have it.
    #[serde(skip)]
    seals: Seals,
    /// Formats up to 4 do not have it.
    #[serde(skip)]
    named: NamedCases,
    /// Formats up to 6 do not have it.
    #[serde(skip)]
    heard: LastHeard,
    /// Formats up to 6 do not have it.
    #[serde(skip)]
    everyone_since: Option<i32>,
}

/// What was sealed by the hour, in a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SealedState {
    hours: Seals,
    /// By place of the cell and by day since 1970.
    cells: Vec<(u32, Vec<(i32, Counts)>)>,
}

impl Windows {
    /// Returns what a checkpoint stores.
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
            missing: self.missing.state(),
            seals: self.seals.clone(),
            named: self.named.clone(),
            heard: self.heard.clone(),
            everyone_since: self.everyone_since,
        }
    }

    /// Restores what [`Self::state`] returned into new windows. `groups` returns the number of groups of a dimension,
    /// those outside the allow-list counted as one.
    ///
    /// Returns the present place of each stored cell; `None` where the plan no longer has its profile or stratum, no longer
    /// counts everyone, or has no room for it.
    pub fn restore(
        &mut self,
        state: WindowsState,
        mapping: &Mapping,
        groups: impl Fn(DimensionId) -> usize,
    ) -> Vec<Option<u32>> {
        let WindowsState {
            cells,
            hour_floor,
            day_floor,
            without_group,
            probabilistic,
            refused,
            memberships,
            missing,
            seals,
            named,
            heard,
            everyone_since,
        } = state;
        self.everyone_since = self.counts_everyone.then(|| everyone_since.unwrap_or(i32::MAX));
        self.heard = heard.renamed(mapping, self.heard.is_kept());
        let mut ids: Vec<Option<u32>> = Vec::with_capacity(cells.len());
        for (key, cell) in cells {
            // A plan that does not count everyone has no use for these.
            if key.dimension == DimensionId::EVERYONE && !self.counts_everyone {
                ids.push(None);
                continue;
            }
            let known = is_known(&key, &groups);
            self.refused = self.refused.saturating_add(u64::from(!known));
            let id = renamed(key, mapping).filter(|_| known).and_then(|key| self.cell_id(key));
            if let Some(id) = id {
                match self.cells.get_mut(id as usize) {
                    Some(place) => *place = cell,
                    None => invariant::broken(Room::Window, "an id leads to its cell"),
                }
            }
            ids.push(id);
        }
        self.seals.restore(seals, mapping, self.counts_everyone);
        self.named = named.restored(self.without_group.len());
        self.hour_floor = hour_floor;
        self.day_floor = day_floor;
        // The dimensions are the same, so the lengths are, unless the checkpoint is not ours.
        self.without_group = fitted(without_group, self.without_group.len());
        self.probabilistic = fitted(probabilistic, self.probabilistic.len());
        self.refused = refused;
        self.missing = MissingCases::restored(missing, mapping, self.counts_everyone);
        self.missing.age(self.floors());
        for (key, cell) in memberships {
            if let Some(profile) = mapping.profile(key.profile) {
                let put =
                    self.memberships.put(MembershipKey { profile, ..key }, cell, groups(key.dimension), self.history);
                self.refused = self.refused.saturating_add(u64::from(!put));
            }
        }
        ids
    }
}

impl Windows {
    /// Says that everyone is counted since `begin`, the first hour that no event has reached, unless they were before.
    pub fn count_everyone_since(&mut self, begin: i32) {
        self.everyone_since = self.everyone_since.map(|since| if since == i32::MAX { begin } else { since });
    }

    /// Returns since when everyone is counted whole; `None` where that is always, or never.
    #[must_use]
    pub fn everyone_since(&self) -> Option<EventTime> {
        let since = self.everyone_since.filter(|since| *since > i32::MIN)?;
        Some(EventTime(Span::HOUR.times(since.into()).0))
    }
}

impl WindowsState {
    /// Returns the missing cases, which the encoding leaves out.
    #[must_use]
    pub const fn missing(&self) -> &MissingState {
        &self.missing
    }

    /// Returns what was sealed by the hour, which the encoding leaves out.
    #[must_use]
    pub fn sealed(&self) -> SealedState {
        let cells = self.cells.iter().zip(0..).filter(|((_, cell), _)| !cell.sealed.is_empty());
        SealedState {
            hours: self.seals.clone(),
            cells: cells.map(|((_, cell), place)| (place, cell.sealed.clone())).collect(),
        }
    }

    /// Sets what [`Self::sealed`] returned.
    pub fn set_sealed(&mut self, sealed: SealedState) {
        self.seals = sealed.hours;
        for (place, days) in sealed.cells {
            // A place that is not there comes from bytes that are not ours.
            if let Some((_, cell)) = self.cells.get_mut(place as usize) {
                Arc::make_mut(cell).sealed = days;
            }
        }
    }

    /// Returns the cases of groups on no list by their names, which the encoding leaves out.
    #[must_use]
    pub const fn named(&self) -> &NamedCases {
        &self.named
    }

    /// Sets what [`Self::named`] returned.
    pub fn set_named(&mut self, named: NamedCases) {
        self.named = named;
    }

    /// Returns the hour since which everyone is counted whole, which the encoding leaves out.
    #[must_use]
    pub const fn everyone_since(&self) -> Option<i32> {
        self.everyone_since
    }

    /// Sets what [`Self::everyone_since`] returned.
    pub const fn set_everyone_since(&mut self, since: Option<i32>) {
        self.everyone_since = since;
    }

    /// Returns when something was last heard of, which the encoding leaves out.
    #[must_use]
    pub const fn heard(&self) -> &LastHeard {
        &self.heard
    }

    /// Sets what [`LastHeard::joined`] returned.
    pub fn set_joined(&mut self, joined: BTreeMap<ProfileId, i32>) {
        self.heard.set_joined(joined);
    }

    /// Sets when groups were last heard of whose counts were given up, which the encoding leaves out.
    pub fn set_heard_groups(&mut self, groups: BTreeMap<(ProfileId, DimensionId, Slot), EventTime>) {
        self.heard.set_groups(groups);
    }

    /// Sets the reports that were made, which the encoding leaves out.
    pub fn set_reported(&mut self, reported: Reported) {
        *self.heard.reported_mut() = reported;
    }

    /// Sets what [`Self::heard`] returned.
    pub fn set_heard(&mut self, heard: LastHeard) {
        self.heard = heard;
    }

    /// Sets what [`Self::missing`] returned.
    pub fn set_missing(&mut self, missing: MissingState) {
        self.missing = missing;
    }
}

fn fitted(mut counts: Vec<u64>, dimensions: usize) -> Vec<u64> {
    counts.resize(dimensions, 0);
    counts
}

/// Returns whether a stored cell is of a group that there is: the bytes may come from anywhere.
fn is_known(key: &CellKey, groups: impl Fn(DimensionId) -> usize) -> bool {
    if key.dimension == DimensionId::EVERYONE {
        return key.group == Slot::EVERYONE;
    }
    let listed = groups(key.dimension).saturating_sub(1);
    [Slot::OTHER, Slot::NONE, Slot::UNLISTED, Slot::LOOK_ALIKE].contains(&key.group)
        || key.group.group().is_some_and(|group| usize::from(group.0) < listed)
}

fn renamed(key: CellKey, mapping: &Mapping) -> Option<CellKey> {
    let profile = mapping.profile(key.profile)?;
    Some(CellKey { profile, stratum: mapping.stratum_value(key.stratum)?, ..key })
}

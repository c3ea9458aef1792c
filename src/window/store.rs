//! All cells, and the way a fact takes into them.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::cell::index;
use super::membership::MembershipCells;
use crate::ledger::{AttributeTable, AttributesId, CaseChange, Contribution};
use crate::plan::{Channel, DimensionId, EventTime, ProfileId, Slot, Span, StratumId};
use crate::window::{Cell, Counts, MembershipKey, Moments};

/// How long counts are kept by the hour; whole days are merged when they end before it.
const HOURS_KEPT: Span = Span::DAY.times(7);

/// Most cells; facts for further ones are refused and counted. With all of them full this is 9 GiB.
pub const MAX_CELLS: usize = 200_000;

/// Names a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
    /// The group; [`Slot::OTHER`] for all outside the allow-list.
    pub group: Slot,
    /// A value of a stratum that a rule names; `None` for all together.
    pub stratum: Option<(StratumId, Slot)>,
}

/// The rolling windows of every cell.
#[derive(Clone, Debug)]
pub struct Windows {
    pub(super) cells: Vec<Arc<Cell>>,
    /// By cell: its name.
    pub(super) keys: Vec<CellKey>,
    pub(super) ids: HashMap<CellKey, u32, FxBuildHasher>,
    pub(super) memberships: MembershipCells,
    /// By combination of attributes: where facts of a profile and channel go.
    routes: Vec<Vec<Route>>,
    pub(super) history: Span,
    pub(super) hour_floor: i32,
    pub(super) day_floor: i32,
    pub(super) without_group: Vec<u64>,
    pub(super) probabilistic: Vec<u64>,
    pub(super) refused: u64,
}

/// Names a route within [`Windows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteId {
    row: usize,
    place: usize,
}

/// The cells that a contribution with certain attributes goes to.
#[derive(Clone, Debug)]
struct Route {
    profile: ProfileId,
    channel: Channel,
    cells: Box<[u32]>,
    /// Where its group is known only as probabilities: the cell, and whose probabilities. Evidence reads none of them.
    memberships: Box<[(u32, DimensionId, Slot)]>,
}

impl Windows {
    /// No cells yet.
    #[must_use]
    pub fn new(dimensions: usize, history: Span) -> Self {
        Self {
            cells: Vec::new(),
            keys: Vec::new(),
            ids: HashMap::default(),
            memberships: MembershipCells::default(),
            routes: Vec::new(),
            history,
            hour_floor: i32::MIN,
            day_floor: i32::MIN,
            without_group: vec![0; dimensions],
            probabilistic: vec![0; dimensions],
            refused: 0,
        }
    }

    /// Takes a case out where it was and puts it where it is now.
    pub fn apply(&mut self, change: &CaseChange, attributes: &AttributeTable) {
        for (contribution, more) in change.moves() {
            self.spread(&contribution, attributes, &Counts::of_case(contribution.counts), more);
            let change: fn(u64) -> u64 =
                if more { |count| count.saturating_add(1) } else { |count| count.saturating_sub(1) };
            self.count_missing(contribution.attributes, attributes, change);
        }
    }

    /// Adds counts at a time.
    pub fn add(&mut self, place: &Contribution, counts: &Counts, attributes: &AttributeTable) {
        self.spread(place, attributes, counts, true);
    }

    /// Merges and forgets what the watermark has left behind.
    pub fn age(&mut self, watermark: EventTime) {
        let hour_floor = index(watermark.minus(HOURS_KEPT), Span::DAY).saturating_mul(24);
        if hour_floor <= self.hour_floor {
            return;
        }
        self.hour_floor = hour_floor;
        // Never back: what was forgotten under a shorter history does not come again, and nothing may be taken out of it.
        self.day_floor = self.day_floor.max(index(watermark.minus(self.history), Span::DAY));
        for cell in &mut self.cells {
            if cell.ages(self.hour_floor, self.day_floor) {
                Arc::make_mut(cell).age(self.hour_floor, self.day_floor);
            }
        }
        self.memberships.age(self.hour_floor, self.day_floor);
    }

    /// The cell of this key, where it holds anything.
    #[must_use]
    pub fn cell(&self, key: &CellKey) -> Option<&Cell> {
        let id = self.ids.get(key)?;
        self.cells.get(*id as usize).map(AsRef::as_ref)
    }

    /// The cell of cases whose group is known only as probabilities, where there are any.
    #[must_use]
    pub fn membership_cell(&self, key: &MembershipKey) -> Option<&Cell<Moments>> {
        self.memberships.cell(key)
    }

    /// Returns the cells of known groups that a route leads to.
    #[must_use]
    pub fn cells_of_route(&self, route: RouteId) -> &[u32] {
        let found = self.routes.get(route.row).and_then(|routes| routes.get(route.place));
        found.map_or(&[], |route| &route.cells)
    }

    /// Returns the names of all cells, by cell.
    #[must_use]
    pub fn keys(&self) -> &[CellKey] {
        &self.keys
    }

    /// How many cells there are.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Bytes allocated for buckets.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let cells: usize = self.cells.iter().map(|cell| cell.allocated_bytes()).sum();
        cells + self.memberships.allocated_bytes()
    }

    /// Facts refused because there were too many cells.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Cases without a group, per dimension.
    #[must_use]
    pub fn without_group(&self) -> &[u64] {
        &self.without_group
    }

    /// Cases whose group is known only as probabilities, per dimension.
    #[must_use]
    pub fn probabilistic(&self) -> &[u64] {
        &self.probabilistic
    }

    /// Counts more, or less, in every cell that the contribution goes to.
    fn spread(&mut self, contribution: &Contribution, attributes: &AttributeTable, counts: &Counts, more: bool) {
        if index(contribution.cohort, Span::DAY) < self.day_floor {
            return;
        }
        let place = self.route(contribution, attributes);
        let Some(route) = self.routes.get(place.row).and_then(|routes| routes.get(place.place)) else { return };
        let change = |bucket: &mut Counts| if more { bucket.merge(counts) } else { bucket.remove(counts) };
        for id in &route.cells {
            if let Some(cell) = self.cells.get_mut(*id as usize) {
                Arc::make_mut(cell).update(contribution.cohort, self.hour_floor, change);
            }
        }
        for (id, dimension, slot) in &route.memberships {
            let weighed = (attributes.probabilities(*dimension, *slot), counts);
            self.memberships.update(*id, contribution.cohort, self.hour_floor, weighed, more);
        }
    }

    /// Returns the route of a contribution, and makes it at its first use.
    pub fn route(&mut self, contribution: &Contribution, attributes: &AttributeTable) -> RouteId {
        let Contribution { profile, channel, attributes: id, .. } = *contribution;
        let row = id.0 as usize;
        if row >= self.routes.len() {
            self.routes.resize_with(row + 1, Vec::new);
        }
        let known = self
            .routes
            .get(row)
            .and_then(|routes| routes.iter().position(|route| route.profile == profile && route.channel == channel));
        if let Some(place) = known {
            return RouteId { row, place };
        }
        let cells = self.cells_of(profile, channel, id, attributes);
        let memberships = self.memberships_of(profile, channel, id, attributes);
        let Some(routes) = self.routes.get_mut(row) else { return RouteId { row, place: 0 } };
        routes.push(Route { profile, channel, cells, memberships });
        RouteId { row, place: routes.len() - 1 }
    }

    fn cells_of(
        &mut self,
        profile: ProfileId,
        channel: Channel,
        id: AttributesId,
        attributes: &AttributeTable,
    ) -> Box<[u32]> {
        let counted = |slot: &Slot| *slot != Slot::NONE && !slot.is_probabilistic();
        let mut cells = Vec::new();
        for (dimension, group) in attributes.groups(id).filter(|(_, slot)| counted(slot)) {
            let key = CellKey { profile, channel, dimension, group, stratum: None };
            cells.extend(self.cell_id(key));
            for stratum in attributes.strata(id) {
                cells.extend(self.cell_id(CellKey { stratum: Some(stratum), ..key }));
            }
        }
        cells.into_boxed_slice()
    }

    fn memberships_of(
        &mut self,
        profile: ProfileId,
        channel: Channel,
        id: AttributesId,
        attributes: &AttributeTable,
    ) -> Box<[(u32, DimensionId, Slot)]> {
        let mut cells = Vec::new();
        for (dimension, slot) in attributes.groups(id) {
            let groups = attributes.probabilities(dimension, slot).len();
            if groups == 0 {
                continue;
            }
            let cell = self.memberships.id(MembershipKey { profile, channel, dimension }, groups, self.history);
            self.refused += u64::from(cell.is_none());
            cells.extend(cell.map(|cell| (cell, dimension, slot)));
        }
        cells.into_boxed_slice()
    }

    pub(super) fn cell_id(&mut self, key: CellKey) -> Option<u32> {
        if let Some(id) = self.ids.get(&key) {
            return Some(*id);
        }
        let id = u32::try_from(self.cells.len()).ok().filter(|_| self.cells.len() < MAX_CELLS);
        let Some(id) = id else {
            self.refused = self.refused.saturating_add(1);
            return None;
        };
        self.cells.push(Arc::default());
        self.keys.push(key);
        self.ids.insert(key, id);
        Some(id)
    }

    fn count_missing(&mut self, id: AttributesId, attributes: &AttributeTable, change: fn(u64) -> u64) {
        for (dimension, slot) in attributes.groups(id) {
            let counts = match slot {
                Slot::NONE => &mut self.without_group,
                slot if slot.is_probabilistic() => &mut self.probabilistic,
                _ => continue,
            };
            if let Some(count) = counts.get_mut(usize::from(dimension.0)) {
                *count = change(*count);
            }
        }
    }
}

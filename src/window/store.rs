//! The rolling windows of every cell, and how a case reaches its cells.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::cases_by_time::Floors;
use super::cell::{Cell, index};
use super::counts::Counts;
use super::heard::LastHeard;
use super::key::CellKey;
use super::membership::{MembershipCells, MembershipKey, Moments};
use super::missing::MissingCases;
use super::named_cases::{NamedCases, cases_of, named_values};
use super::seals::Seals;
use super::unlisted_ever::{UnlistedEver, unlisted_kinds};
use crate::ledger::{AttributeTable, AttributesId, CaseChange, Contribution};
use crate::plan::invariant::{self, Room};
use crate::plan::{Cause, Channel, DimensionId, EventTime, ProfileId, Slot, Span};

/// How long counts are kept by the hour. Then the hours of a whole day are merged.
const HOURS_KEPT: Span = Span::DAY.times(7);

/// The most cells. Counts for further ones are refused, and counted. All of them full take 9 GiB.
pub const MAX_CELLS: usize = 200_000;

/// The most cells of cases by how they were handled, among [`MAX_CELLS`]: values must not take the room of groups. Of cases for whose cell there is none
/// nothing is known.
pub const MAX_HANDLING_CELLS: usize = MAX_CELLS / 4;

/// The rolling windows of every cell.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Never removed, so that ids stay what they are.
    pub(super) cells: Vec<Arc<Cell>>,
    /// By cell: its name.
    pub(super) keys: Vec<CellKey>,
    /// By name: the place of the cell.
    pub(super) ids: HashMap<CellKey, u32, FxBuildHasher>,
    pub(super) memberships: MembershipCells,
    /// By combination of attributes: one route for each profile and channel that had such a case.
    routes: Vec<Vec<Route>>,
    pub(super) history: Span,
    /// The first hour that is kept as such.
    pub(super) hour_floor: i32,
    /// The first day that is kept.
    pub(super) day_floor: i32,
    /// By dimension, in cases.
    pub(super) without_group: Vec<u64>,
    /// By dimension, in cases.
    pub(super) probabilistic: Vec<u64>,
    pub(super) refused: u64,
    /// How many cells are of cases by how they were handled; `None` where that was not counted yet.
    pub(super) handling_cells: Option<usize>,
    /// The most of them.
    pub(super) most_handling_cells: usize,
    /// Cases that no cell counts, or that can no longer get a group.
    pub missing: MissingCases,
    pub(super) seals: Seals,
    pub(super) named: NamedCases,
    pub(super) unlisted_ever: UnlistedEver,
    /// When something was last heard of.
    pub heard: LastHeard,
    /// Whether all cases of a profile and channel are counted together as well.
    pub(super) counts_everyone: bool,
    /// The first hour from which they are counted whole; `None` where they are not.
    pub(super) everyone_since: Option<i32>,
}

/// Names a route of one [`Windows`], which made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteId {
    row: usize,
    place: usize,
}

/// The cells in which cases of one profile and channel with the same attributes are counted.
#[derive(Clone, Debug)]
struct Route {
    profile: ProfileId,
    channel: Channel,
    cells: Box<[u32]>,
    /// For the dimensions in which the group is known only as probabilities: the cell, and the slot of the
    /// probabilities. Evidence does not read these.
    memberships: Box<[(u32, DimensionId, Slot)]>,
    /// The groups on no list that are counted by name.
    named: Box<[(DimensionId, Slot)]>,
    /// The dimensions in which the group is on no list, and its kind.
    unlisted: Box<[(DimensionId, Slot)]>,
    /// The dimensions in which nothing is known of the group.
    without_group: Box<[DimensionId]>,
    /// Whether the group is known, or nothing is known of it, in each dimension.
    is_plain: bool,
    /// Whether there was no room for a cell of it, so that a comparison misses its cases.
    lacks_cells: bool,
}

impl Windows {
    /// Returns windows without cells.
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
            handling_cells: None,
            most_handling_cells: MAX_HANDLING_CELLS,
            missing: MissingCases::default(),
            seals: Seals::default(),
            named: NamedCases::default(),
            unlisted_ever: UnlistedEver::default(),
            heard: LastHeard::default(),
            counts_everyone: false,
            everyone_since: None,
        }
    }

    /// Counts all cases of a profile and channel together as well, and what is missing of them: as the group
    /// [`Slot::EVERYONE`] of [`DimensionId::EVERYONE`].
    pub const fn count_everyone(&mut self) {
        self.counts_everyone = true;
        self.everyone_since = Some(i32::MIN);
        self.missing.counts_everyone = true;
    }

    /// Removes a case from the cells in which it counted, and adds it to those in which it counts now.
    pub fn apply(&mut self, change: &CaseChange, attributes: &AttributeTable) {
        if let Some((gone, new)) = change.stays() {
            return self.replace(&gone, &new, attributes);
        }
        self.unlisted_ever.count_change(change, attributes);
        for (contribution, more) in change.moves() {
            self.spread(&contribution, attributes, &Counts::of_case(contribution.counts), more);
            self.count_without_group(contribution.attributes, attributes, more);
        }
    }

    /// Returns the route of a contribution where one was made before, and no group is known only as probabilities.
    #[must_use]
    pub fn plain_route(&self, contribution: &Contribution) -> Option<RouteId> {
        let row = contribution.attributes.0 as usize;
        let is_same = |route: &Route| route.profile == contribution.profile && route.channel == contribution.channel;
        let routes = self.routes.get(row)?;
        let place = routes.iter().position(is_same)?;
        routes.get(place).filter(|route| route.is_plain).map(|_| RouteId { row, place })
    }

    /// Adds the counts of so many cases, all of the same hour, by a route that [`Self::plain_route`] returned.
    pub fn add_cases(&mut self, route: RouteId, cohort: EventTime, counts: &Counts, cases: u64) {
        let route = self.routes.get(route.row).and_then(|routes| routes.get(route.place));
        let Some(route) = invariant::present(Room::Window, "a route that was made is there", route) else { return };
        for id in &route.cells {
            let change = |bucket: &mut Counts| bucket.merge(counts);
            change_cell((&mut self.cells, &self.keys, &self.seals), *id, (cohort, self.hour_floor), change);
        }
        self.named.count(&route.named, cohort, counts, true);
        count_lacking(&mut self.missing, route, (cohort, cases), true);
        self.unlisted_ever.count(route.unlisted.iter().copied(), cases_of(counts));
        for dimension in &route.without_group {
            match self.without_group.get_mut(usize::from(dimension.0)) {
                Some(count) => *count = count.saturating_add(cases),
                None => invariant::broken(Room::Window, "a count of cases is kept for each dimension of the plan"),
            }
        }
    }

    /// Returns whether a cell holds less than this case counts for, so that taking it away would stop at 0.
    #[must_use]
    pub fn lack(&self, place: &Contribution, attributes: &AttributeTable) -> bool {
        let counts = Counts::of_case(place.counts);
        let mut unknown = attributes.groups(place.attributes).filter(|(_, slot)| *slot == Slot::NONE);
        if unknown.any(|(dimension, _)| self.without_group.get(usize::from(dimension.0)) == Some(&0)) {
            return true;
        }
        let row = self.routes.get(place.attributes.0 as usize);
        let is_same = |route: &&Route| route.profile == place.profile && route.channel == place.channel;
        let Some(route) = row.and_then(|routes| routes.iter().find(is_same)) else { return true };
        let holds = |id: &u32| {
            let bucket = self.cells.get(*id as usize).and_then(|cell| cell.bucket_of(place.cohort, self.hour_floor));
            bucket.is_some_and(|bucket| bucket.holds(&counts))
        };
        route.lacks_cells || !route.cells.iter().all(holds)
    }

    /// Returns whether counts of this time are still kept.
    #[inline]
    #[must_use]
    pub fn keeps(&self, time: EventTime) -> bool {
        index(time, Span::DAY) >= self.day_floor
    }

    /// Returns where the buckets of the cells begin.
    #[must_use]
    pub const fn floors(&self) -> Floors {
        Floors { hour: self.hour_floor, day: self.day_floor }
    }

    /// Adds counts that belong to no single case.
    pub fn add(&mut self, place: &Contribution, counts: &Counts, attributes: &AttributeTable) {
        self.unlisted_ever.count(unlisted_kinds(place.attributes, attributes), cases_of(counts));
        self.spread(place, attributes, counts, true);
    }

    /// Merges the hours, and drops the days, that the watermark has left behind.
    pub fn age(&mut self, watermark: EventTime) {
        let hour_floor = index(watermark.minus(HOURS_KEPT), Span::DAY).saturating_mul(24);
        if hour_floor <= self.hour_floor {
            return;
        }
        self.hour_floor = hour_floor;
        self.seal(watermark);
        // It never moves back. Under a longer history the dropped days stay dropped, and no case may be removed from
        // what is no longer there.
        self.day_floor = self.day_floor.max(index(watermark.minus(self.history), Span::DAY));
        for (cell, key) in self.cells.iter_mut().zip(&self.keys) {
            self.heard.note_given_up(key, cell, self.day_floor);
            if cell.ages(self.hour_floor, self.day_floor) {
                Arc::make_mut(cell).age(self.hour_floor, self.day_floor);
            }
        }
        self.memberships.age(self.hour_floor, self.day_floor);
        self.missing.age(self.floors());
        self.named.forget_before(self.day_floor.saturating_mul(24));
    }

    /// Returns the cell of this key; `None` where nothing was ever counted in it.
    #[must_use]
    pub fn cell(&self, key: &CellKey) -> Option<&Cell> {
        let id = self.ids.get(key)?;
        let cell = self.cells.get(*id as usize);
        invariant::present(Room::Window, "an id leads to its cell", cell).map(AsRef::as_ref)
    }

    /// Returns the place of the cell of this key; `None` where nothing was ever counted in it.
    #[must_use]
    pub fn place_of(&self, key: &CellKey) -> Option<u32> {
        self.ids.get(key).copied()
    }

    /// Returns the cell of cases whose group is known only as probabilities; `None` where there were no such cases.
    #[must_use]
    pub fn membership_cell(&self, key: &MembershipKey) -> Option<&Cell<Moments>> {
        self.memberships.cell(key)
    }

    /// Returns the places of the cells of known groups in which cases of this route are counted.
    #[must_use]
    pub fn cells_of_route(&self, route: RouteId) -> &[u32] {
        self.route_at(route).map_or(&[], |route| &route.cells)
    }

    /// Returns whether the group is known, or nothing is known of it, in each dimension.
    #[must_use]
    pub fn is_plain(&self, route: RouteId) -> bool {
        self.route_at(route).is_some_and(|route| route.is_plain)
    }

    /// Returns the names of all cells, by place.
    #[must_use]
    pub fn keys(&self) -> &[CellKey] {
        &self.keys
    }

    /// Returns the number of cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Returns the bytes allocated for buckets.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let cells: usize = self.cells.iter().map(|cell| cell.allocated_bytes()).sum();
        cells + self.memberships.allocated_bytes()
    }

    /// Returns how often a cell was refused because there was no room for it.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Returns the route of a contribution. It is made at its first use.
    pub fn route(&mut self, contribution: &Contribution, attributes: &AttributeTable) -> RouteId {
        let Contribution { profile, channel, attributes: id, .. } = *contribution;
        let row = id.0 as usize;
        let known = self
            .routes
            .get(row)
            .and_then(|routes| routes.iter().position(|route| route.profile == profile && route.channel == channel));
        if let Some(place) = known {
            return RouteId { row, place };
        }
        let refused = self.refused;
        let cells = self.cells_of(profile, channel, id, attributes);
        let memberships = self.memberships_of(profile, channel, id, attributes);
        if row >= self.routes.len() {
            self.routes.resize_with(row + 1, Vec::new);
        }
        let Some(routes) = self.routes.get_mut(row) else {
            invariant::broken(Room::Window, "there is a row of routes for each combination of attributes");
            return RouteId { row, place: 0 };
        };
        let unknown = attributes.groups(id).filter(|(_, slot)| *slot == Slot::NONE);
        let without_group = unknown.map(|(dimension, _)| dimension).collect();
        let lacks_cells = self.refused > refused;
        let is_plain = !attributes.groups(id).any(|(_, slot)| slot.is_probabilistic());
        let (named, unlisted) = (named_values(id, attributes), unlisted_kinds(id, attributes).collect());
        routes.push(Route {
            profile,
            channel,
            cells,
            memberships,
            named,
            unlisted,
            without_group,
            is_plain,
            lacks_cells,
        });
        RouteId { row, place: routes.len() - 1 }
    }

    /// Returns the place of the cell of this key, which is made at its first use; `None`, counted as refused, where
    /// there is no room for one more.
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

    /// Does in one go what removing a case and adding it in the same place does.
    fn replace(&mut self, gone: &Contribution, new: &Contribution, attributes: &AttributeTable) {
        let (before, after) = (Counts::of_case(gone.counts), Counts::of_case(new.counts));
        // Where the day was dropped no route is made.
        let id = self.keeps(gone.cohort).then(|| self.route(gone, attributes));
        let handled = id.map_or_else(Default::default, |_| self.handling_cells(gone, attributes));
        let route = id.and_then(|id| self.routes.get(id.row)?.get(id.place));
        let Some(route) =
            route.filter(|route| route.is_plain && route.without_group.is_empty() && route.named.is_empty())
        else {
            for (place, counts, more) in [(gone, before, false), (new, after, true)] {
                self.spread(place, attributes, &counts, more);
                self.count_without_group(place.attributes, attributes, more);
            }
            return;
        };
        let change = |bucket: &mut Counts| {
            bucket.remove(&before);
            bucket.merge(&after);
        };
        for id in route.cells.iter().chain(&handled) {
            change_cell((&mut self.cells, &self.keys, &self.seals), *id, (gone.cohort, self.hour_floor), change);
        }
    }

    /// Adds counts to every cell of the contribution's route, or removes them.
    fn spread(&mut self, contribution: &Contribution, attributes: &AttributeTable, counts: &Counts, more: bool) {
        // The day was dropped: it no longer has counts, and gets none.
        if index(contribution.cohort, Span::DAY) < self.day_floor {
            return;
        }
        let handled = self.handling_cells(contribution, attributes);
        let id = self.route(contribution, attributes);
        // Not `route_at`, which would borrow the cells as well.
        let route = self.routes.get(id.row).and_then(|routes| routes.get(id.place));
        let Some(route) = invariant::present(Room::Window, "a route that was made is there", route) else { return };
        let change = |bucket: &mut Counts| if more { bucket.merge(counts) } else { bucket.remove(counts) };
        for id in route.cells.iter().chain(&handled) {
            change_cell(
                (&mut self.cells, &self.keys, &self.seals),
                *id,
                (contribution.cohort, self.hour_floor),
                change,
            );
        }
        self.named.count(&route.named, contribution.cohort, counts, more);
        // Counts that belong to no case may be complaints alone.
        count_lacking(&mut self.missing, route, (contribution.cohort, cases_of(counts).max(1)), more);
        for (id, dimension, slot) in &route.memberships {
            let weighed = (attributes.probabilities(*dimension, *slot), counts);
            self.memberships.update(*id, contribution.cohort, self.hour_floor, weighed, more);
        }
    }

    #[track_caller]
    fn route_at(&self, id: RouteId) -> Option<&Route> {
        let route = self.routes.get(id.row).and_then(|routes| routes.get(id.place));
        invariant::present(Room::Window, "a route that was made is there", route)
    }

    fn cells_of(
        &mut self,
        profile: ProfileId,
        channel: Channel,
        id: AttributesId,
        attributes: &AttributeTable,
    ) -> Box<[u32]> {
        let mut cells = Vec::new();
        let everyone = self.counts_everyone.then_some((DimensionId::EVERYONE, Slot::EVERYONE));
        for (dimension, slot) in attributes.groups(id).chain(everyone) {
            let group = if slot.is_probabilistic() { Slot::NONE } else { slot };
            let key = CellKey { profile, channel, dimension, group, stratum: None };
            cells.extend(self.cell_id(key));
            // These cases are in no comparison, within strata or not.
            if group.is_without_group() {
                continue;
            }
            for stratum in attributes.counted_strata(id, dimension) {
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
            // The group is known, or nothing is known of it, or its probabilities were not kept.
            if groups == 0 {
                continue;
            }
            let cell = self.memberships.id(MembershipKey { profile, channel, dimension }, groups, self.history);
            self.refused = self.refused.saturating_add(u64::from(cell.is_none()));
            cells.extend(cell.map(|cell| (cell, dimension, slot)));
        }
        cells.into_boxed_slice()
    }

    /// Counts one case more, or one less, in the dimensions in which its group is not known.
    fn count_without_group(&mut self, id: AttributesId, attributes: &AttributeTable, more: bool) {
        for (dimension, slot) in attributes.groups(id) {
            let counts = match slot {
                Slot::NONE => &mut self.without_group,
                slot if slot.is_probabilistic() => &mut self.probabilistic,
                _ => continue,
            };
            match counts.get_mut(usize::from(dimension.0)) {
                Some(count) if more => *count = count.saturating_add(1),
                // Not below 0: a checkpoint may hold less than its cases say.
                Some(count) => *count = count.saturating_sub(1),
                None => invariant::broken(Room::Window, "a count of cases is kept for each dimension of the plan"),
            }
        }
    }
}

/// Counts cases of a route that lacks cells as missing, or no longer. Which comparison misses them is not kept.
fn count_lacking(missing: &mut MissingCases, route: &Route, (cohort, cases): (EventTime, u64), more: bool) {
    if route.lacks_cells && more {
        missing.count_anywhere(Cause::Dropped, cohort, cases);
    } else if route.lacks_cells {
        missing.uncount_anywhere(Cause::Dropped, cohort, cases);
    }
}

/// Changes the bucket of a cell that holds `cohort`, and what was sealed of it.
fn change_cell(
    (cells, keys, seals): (&mut [Arc<Cell>], &[CellKey], &Seals),
    id: u32,
    (cohort, hour_floor): (EventTime, i32),
    change: impl Fn(&mut Counts),
) {
    let found = cells.get_mut(id as usize).zip(keys.get(id as usize));
    let found = invariant::present(Room::Window, "a route leads to cells that were made", found);
    let Some((cell, key)) = found else { return };
    let cell = Arc::make_mut(cell);
    cell.update(cohort, hour_floor, &change);
    let hour = index(cohort, Span::HOUR);
    if hour < hour_floor && seals.has(key, hour) {
        cell.update_sealed(cohort, change);
    }
}

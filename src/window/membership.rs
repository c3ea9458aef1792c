//! Cases whose group is known only as probabilities. Each counts in every group by its probability, in integers.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Sums};
use super::counts::Counts;
use crate::plan::invariant::{self, Room};
use crate::plan::{Channel, DimensionId, EventTime, ProfileId, Span};

/// The most bytes that all cells of this kind may grow to. Cases for further cells are refused, and counted.
///
/// With 400 days a full cell takes 42 KiB for each group (and `other`) and for each pair of them: 1.1 MiB with 5 groups
/// and `other`, 23 MiB with the most groups that are allowed.
pub const MAX_MEMBERSHIP_BYTES: usize = 2 << 30;

/// Names a cell of cases whose group is known only as probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MembershipKey {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
}

/// First and second moments of the probabilities of the same cases: each case is counted by its probability of a group,
/// and by the product of its probabilities of two groups.
///
/// Probabilities are whole hundredths, so all sums are integers: the order of the cases leaves no trace, and a case can
/// be taken out again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    weighted: Vec<Counts>,
    products: Vec<Counts>,
}

/// All cells of this kind.
#[derive(Clone, Debug, Default)]
pub(super) struct MembershipCells {
    cells: Vec<Arc<Cell<Moments>>>,
    ids: HashMap<MembershipKey, u32, FxBuildHasher>,
    /// The bytes of all cells once every bucket is in use.
    full_bytes: usize,
}

impl Moments {
    /// Returns the funnel of each group, every case counted w times: w is its probability of the group, in hundredths.
    /// The last group holds all that are outside the allow-list.
    #[must_use]
    pub fn weighted(&self) -> &[Counts] {
        &self.weighted
    }

    /// Returns the funnel of each pair of groups, every case counted w v times: w and v are its probabilities of the
    /// two, in hundredths. The pairs are the upper triangle with its diagonal, row by row.
    #[must_use]
    pub fn products(&self) -> &[Counts] {
        &self.products
    }

    /// Adds the counts of cases with these probabilities, or removes them.
    fn change(&mut self, probabilities: &[u8], counts: &Counts, more: bool) {
        self.grow(probabilities.len());
        let apply = if more { Counts::merge } else { Counts::remove };
        for (sum, weight) in self.weighted.iter_mut().zip(probabilities) {
            apply(sum, &counts.times(u64::from(*weight)));
        }
        for (sum, product) in self.products.iter_mut().zip(products(probabilities)).filter(|(_, product)| *product > 0)
        {
            apply(sum, &counts.times(product));
        }
    }

    fn grow(&mut self, groups: usize) {
        if self.weighted.len() < groups {
            self.weighted.resize(groups, Counts::default());
            self.products.resize(pairs(groups), Counts::default());
        }
    }

    /// Returns whether these can be the moments of so many groups.
    fn fits(&self, groups: usize) -> bool {
        self.weighted.len() <= groups && self.products.len() == pairs(self.weighted.len())
    }
}

impl Sums for Moments {
    fn merge(&mut self, other: &Self) {
        self.grow(other.weighted.len());
        self.weighted.iter_mut().zip(&other.weighted).for_each(|(sum, counts)| sum.merge(counts));
        self.products.iter_mut().zip(&other.products).for_each(|(sum, counts)| sum.merge(counts));
    }

    fn heap_bytes(&self) -> usize {
        (self.weighted.capacity() + self.products.capacity()) * size_of::<Counts>()
    }
}

impl MembershipCells {
    /// Returns every cell with its name, in the order of the names.
    pub fn state(&self) -> Vec<(MembershipKey, Arc<Cell<Moments>>)> {
        let cell = |(key, id): (&MembershipKey, &u32)| Some((*key, Arc::clone(known(&self.cells, *id)?)));
        let mut cells: Vec<_> = self.ids.iter().filter_map(cell).collect();
        cells.sort_unstable_by_key(|(key, _)| *key);
        cells
    }

    /// Puts a stored cell back, of a dimension with so many groups. Returns false where there is no room for it, or
    /// where its buckets are not of that many groups.
    #[must_use]
    pub fn put(&mut self, key: MembershipKey, cell: Arc<Cell<Moments>>, groups: usize, history: Span) -> bool {
        if !cell.sums().all(|moments| moments.fits(groups)) {
            return false;
        }
        let Some(id) = self.id(key, groups, history) else { return false };
        match self.cells.get_mut(id as usize) {
            Some(place) => *place = cell,
            None => invariant::broken(Room::Window, "an id leads to its cell"),
        }
        true
    }

    /// Returns the place of the cell of this key, which is made at its first use; `None` where there is no room for one
    /// more.
    pub fn id(&mut self, key: MembershipKey, groups: usize, history: Span) -> Option<u32> {
        if let Some(id) = self.ids.get(&key) {
            return Some(*id);
        }
        let full_bytes = self.full_bytes.saturating_add(full_bytes(groups, history));
        let id = u32::try_from(self.cells.len()).ok().filter(|_| full_bytes <= MAX_MEMBERSHIP_BYTES)?;
        self.full_bytes = full_bytes;
        self.cells.push(Arc::default());
        self.ids.insert(key, id);
        Some(id)
    }

    /// Adds counts of cases with these probabilities, or removes them.
    pub fn update(
        &mut self,
        id: u32,
        time: EventTime,
        hour_floor: i32,
        (probabilities, counts): (&[u8], &Counts),
        more: bool,
    ) {
        match self.cells.get_mut(id as usize) {
            Some(cell) => {
                Arc::make_mut(cell).update(time, hour_floor, |moments| moments.change(probabilities, counts, more));
            }
            None => invariant::broken(Room::Window, "a route leads to cells of probabilities that were made"),
        }
    }

    /// Merges hours into days and drops days, as [`Cell::age`] does.
    pub fn age(&mut self, hour_floor: i32, day_floor: i32) {
        for cell in self.cells.iter_mut().filter(|cell| cell.ages(hour_floor, day_floor)) {
            Arc::make_mut(cell).age(hour_floor, day_floor);
        }
    }

    /// Returns the cell of this key, where there is one.
    pub fn cell(&self, key: &MembershipKey) -> Option<&Cell<Moments>> {
        let id = self.ids.get(key)?;
        known(&self.cells, *id).map(AsRef::as_ref)
    }

    /// Returns the bytes allocated for buckets.
    pub fn allocated_bytes(&self) -> usize {
        self.cells.iter().map(|cell| cell.allocated_bytes()).sum()
    }
}

/// Ids are places of cells, and cells are never removed.
#[track_caller]
fn known(cells: &[Arc<Cell<Moments>>], id: u32) -> Option<&Arc<Cell<Moments>>> {
    invariant::present(Room::Window, "an id leads to its cell", cells.get(id as usize))
}

/// The bytes of a cell with every bucket in use: 8 x 24 hours and the days of the history.
fn full_bytes(groups: usize, history: Span) -> usize {
    let days = usize::try_from(history.0.div_euclid(Span::DAY.0)).unwrap_or(usize::MAX).saturating_add(2);
    let bucket = size_of::<(i32, Moments)>() + (groups + pairs(groups)) * size_of::<Counts>();
    days.saturating_add(8 * 24).saturating_mul(bucket)
}

const fn pairs(groups: usize) -> usize {
    groups * (groups + 1) / 2
}

fn products(probabilities: &[u8]) -> impl Iterator<Item = u64> {
    probabilities.iter().enumerate().flat_map(|(index, first)| {
        probabilities.iter().skip(index).map(|second| u64::from(*first) * u64::from(*second))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::CaseCounts;
    use crate::window::cell::Range;

    const PICKED: Counts = Counts::of_case(CaseCounts::assessed().with_selected());
    const ASSESSED: Counts = Counts::of_case(CaseCounts::assessed());

    fn moments(cases: &[([u8; 3], &Counts)]) -> Moments {
        let mut moments = Moments::default();
        cases.iter().for_each(|(probabilities, counts)| moments.change(probabilities, counts, true));
        moments
    }

    #[test]
    fn a_case_counts_by_its_probabilities_and_their_products() {
        let moments = moments(&[([60, 40, 0], &PICKED), ([10, 0, 90], &ASSESSED)]);
        let assessed: Vec<u64> = moments.weighted().iter().map(|counts| counts.assessed).collect();
        let selected: Vec<u64> = moments.weighted().iter().map(|counts| counts.selected).collect();
        let products: Vec<u64> = moments.products().iter().map(|counts| counts.assessed).collect();
        assert_eq!((assessed, selected), (vec![70, 40, 90], vec![60, 40, 0]));
        assert_eq!(products, [3_700, 2_400, 900, 1_600, 0, 8_100]);
    }

    #[test]
    fn a_case_taken_out_leaves_no_trace() {
        let before = moments(&[([60, 40, 0], &PICKED)]);
        let mut changed = before.clone();
        changed.change(&[33, 33, 34], &PICKED, true);
        changed.change(&[33, 33, 34], &PICKED, false);
        assert_eq!(changed, before);
    }

    #[test]
    fn a_stored_cell_of_other_groups_is_refused() {
        let hour = |moments: Moments| {
            let mut cell = Cell::<Moments>::default();
            cell.update(EventTime(0), 0, |sums| *sums = moments);
            Arc::new(cell)
        };
        let key = MembershipKey { profile: ProfileId(0), channel: Channel::Profile, dimension: DimensionId(0) };
        let stored = moments(&[([60, 40, 0], &PICKED)]);
        let cut = Moments { products: Vec::new(), ..stored.clone() };
        let mut cells = MembershipCells::default();
        assert!(!cells.put(key, hour(stored.clone()), 2, Span::DAY));
        assert!(!cells.put(key, hour(cut), 3, Span::DAY));
        assert!(cells.put(key, hour(stored), 3, Span::DAY));
    }

    #[test]
    fn ageing_keeps_the_sums() {
        let hours = |count: i64| EventTime(Span::HOUR.times(count).0);
        let mut cell = Cell::<Moments>::default();
        for hour in 0..72 {
            cell.update(hours(hour), 0, |moments| moments.change(&[50, 25, 25], &ASSESSED, true));
        }
        let all = Range::rolling(hours(71), Span::DAY.times(3));
        let before = cell.sum(all);
        cell.age(48, 0);
        assert_eq!(cell.sum(all), before);
        assert_eq!(before.weighted().first().map(|counts| counts.assessed), Some(72 * 50));
    }

    #[test]
    fn there_is_room_for_so_many_full_cells() {
        let mut cells = MembershipCells::default();
        let mut made = 0;
        for profile in 0..1_000 {
            let key =
                MembershipKey { profile: ProfileId(profile), channel: Channel::Profile, dimension: DimensionId(0) };
            made += usize::from(cells.id(key, 32, Span::DAY.times(400)).is_some());
        }
        let full = full_bytes(32, Span::DAY.times(400));
        assert!((20 << 20..24 << 20).contains(&full), "{full}");
        assert_eq!(made, MAX_MEMBERSHIP_BYTES / full);
    }
}

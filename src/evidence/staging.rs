//! How facts reach the cohorts: by the cells in which windows count them.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::cohorts::Cohorts;
use super::shift::Shift;
use crate::ledger::{AttributeTable, CaseChange, Contribution, FinalChange};
use crate::plan::invariant::{Room, present};
use crate::plan::{DimensionId, EventTime, hour_of};
use crate::window::{Counts, RouteId, Windows};

impl Cohorts {
    /// Stages what the events of one hour change about a case.
    pub fn stage_step(&mut self, windows: &mut Windows, step: &FinalChange, attributes: &AttributeTable) {
        let FinalChange { hour, change } = step;
        if let Some((gone, new)) = change.stays() {
            let cells = self.cells(windows, &gone, attributes);
            return self.stage(*hour, &cells, gone.cohort, |shift| {
                shift.count_case(gone.counts, false);
                shift.count_case(new.counts, true);
            });
        }
        for (contribution, more) in change.moves() {
            let cells = self.cells(windows, &contribution, attributes);
            self.stage(*hour, &cells, contribution.cohort, |shift| shift.count_case(contribution.counts, more));
        }
    }

    /// Stages the first selections of cases of one hour, of whose cells each is known.
    pub fn stage_cases(&mut self, windows: &Windows, route: RouteId, time: EventTime, counts: &Counts) {
        self.learn_cells(windows.keys());
        self.stage(hour_of(time), windows.cells_of_route(route), time, |shift| shift.count(counts, true));
    }

    /// Counts a case as missing from evidence, because late events make it count for something that evidence does not
    /// know. With `more` false it is missing no longer. Where evidence counts it as the windows do it is not missing.
    pub fn count_case_missing(
        &mut self,
        windows: &mut Windows,
        change: &CaseChange,
        more: bool,
        attributes: &AttributeTable,
    ) {
        let mut places: SmallVec<[Place; 8]> = SmallVec::new();
        for (contribution, is_new) in change.moves() {
            let cohort = hour_of(contribution.cohort);
            for cell in &*self.cells(windows, &contribution, attributes) {
                let known = places.iter().position(|place| (place.cell, place.cohort) == (*cell, cohort));
                let index = known.unwrap_or_else(|| {
                    places.push(Place { cell: *cell, cohort, change: Shift::default() });
                    places.len() - 1
                });
                if let Some(place) = present(Room::Evidence, "a place was found or added", places.get_mut(index)) {
                    place.change.count_case(contribution.counts, is_new);
                }
            }
        }
        for Place { cell, cohort, change } in places {
            self.count_missing(cell, cohort, &change, more);
        }
    }

    /// Stages counts that belong to no single case, at the time of their event. Where they came `late` they are counted
    /// as missing from evidence instead.
    pub fn stage_counts(
        &mut self,
        windows: &mut Windows,
        place: &Contribution,
        counts: &Counts,
        late: bool,
        attributes: &AttributeTable,
    ) {
        let hour = hour_of(place.cohort);
        let cells = self.cells(windows, place, attributes);
        if late {
            let mut change = Shift::default();
            change.count(counts, true);
            cells.iter().for_each(|cell| self.count_missing(*cell, hour, &change, true));
        } else {
            self.stage(hour, &cells, place.cohort, |shift| shift.count(counts, true));
        }
    }

    /// Returns the cells in which windows count what is there, each of them learned. A case of which probabilities are known
    /// does not wait for its group, so it is not among those without one.
    fn cells<'w>(
        &mut self,
        windows: &'w mut Windows,
        place: &Contribution,
        attributes: &AttributeTable,
    ) -> Cow<'w, [u32]> {
        let route = windows.route(place, attributes);
        let handled = windows.handling_cells(place, attributes);
        self.learn_cells(windows.keys());
        let cells = windows.cells_of_route(route);
        if windows.is_plain(route) && handled.is_empty() {
            return Cow::Borrowed(cells);
        }
        let is_probable = |dimension: DimensionId| {
            attributes.groups(place.attributes).any(|(other, slot)| other == dimension && slot.is_probabilistic())
        };
        let certain = |cell: &u32| !self.dimension_without_group(*cell).is_some_and(is_probable);
        cells.iter().copied().filter(certain).chain(handled).collect()
    }
}

/// How a case counts otherwise in one cell.
struct Place {
    cell: u32,
    /// The hour of its cohort.
    cohort: i32,
    change: Shift,
}

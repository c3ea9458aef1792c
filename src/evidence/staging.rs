//! How facts reach the cohorts: by the cells in which windows count them.

use smallvec::SmallVec;

use super::cohorts::Cohorts;
use crate::ledger::{AttributeTable, CaseChange, CaseCounts, Contribution, FinalChange};
use crate::plan::{EventTime, hour_of};
use crate::window::{Cases, Counts, RouteId, Windows};

impl Cohorts {
    /// Stages what the events of one hour change about a case.
    pub fn stage_step(&mut self, windows: &mut Windows, step: &FinalChange, attributes: &AttributeTable) {
        let FinalChange { hour, change } = step;
        if let Some((gone, new)) = change.stays() {
            return self.each_cell(windows, &gone, attributes, |cohorts, cell| {
                cohorts.stage(*hour, cell, gone.cohort, |shift| {
                    shift.count_case(gone.counts, false);
                    shift.count_case(new.counts, true);
                });
            });
        }
        for (contribution, more) in change.moves() {
            self.each_cell(windows, &contribution, attributes, |cohorts, cell| {
                cohorts.stage(*hour, cell, contribution.cohort, |shift| shift.count_case(contribution.counts, more));
            });
        }
    }

    /// Stages the first selections of cases of one hour, of whose cells each is known.
    pub fn stage_cases(&mut self, windows: &Windows, route: RouteId, time: EventTime, counts: &Counts) {
        self.learn_cells(windows.keys());
        for cell in windows.cells_of_route(route) {
            self.stage(hour_of(time), *cell, time, |shift| shift.count(counts, true));
        }
    }

    /// Counts a case as missing from evidence, because late events make it count for something that evidence does not
    /// know. With `more` false it is missing no longer.
    pub fn count_case_missing(
        &mut self,
        windows: &mut Windows,
        change: &CaseChange,
        more: bool,
        attributes: &AttributeTable,
    ) {
        // A case that late events moved from one cell to another is missing in both, but a case that stays is missing
        // once.
        let picked = |place: &Contribution| place.counts.count(CaseCounts::SELECTED) > 0;
        let mut places: SmallVec<[(Contribution, bool); 4]> = SmallVec::new();
        for (contribution, _) in change.moves() {
            let is_same = |seen: &Contribution| Contribution { counts: contribution.counts, ..*seen } == contribution;
            match places.last_mut().filter(|(seen, _)| is_same(seen)) {
                Some((_, was_picked)) => *was_picked |= picked(&contribution),
                None => places.push((contribution, picked(&contribution))),
            }
        }
        for (place, picked) in places {
            self.each_cell(windows, &place, attributes, |cohorts, cell| {
                cohorts.count_missing(cell, hour_of(place.cohort), (picked, more));
            });
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
        self.each_cell(windows, place, attributes, |cohorts, cell| {
            if late {
                let picked = counts.selected.max(counts.controlled);
                cohorts.count_late(cell, hour, Cases { all: counts.assessed.max(picked).max(1), picked });
            } else {
                cohorts.stage(hour, cell, place.cohort, |shift| shift.count(counts, true));
            }
        });
    }

    fn each_cell(
        &mut self,
        windows: &mut Windows,
        place: &Contribution,
        attributes: &AttributeTable,
        mut visit: impl FnMut(&mut Self, u32),
    ) {
        let route = windows.route(place, attributes);
        self.learn_cells(windows.keys());
        for cell in windows.cells_of_route(route) {
            if !self.is_of_probabilities(*cell, place, attributes) {
                visit(self, *cell);
            }
        }
    }

    /// Whether it is the cell of cases without a group, and this one has probabilities. It does not wait for a group.
    fn is_of_probabilities(&self, cell: u32, place: &Contribution, attributes: &AttributeTable) -> bool {
        let Some(dimension) = self.dimension_without_group(cell) else { return false };
        let mut groups = attributes.groups(place.attributes);
        groups.any(|(other, slot)| other == dimension && slot.is_probabilistic())
    }
}

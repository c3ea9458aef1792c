//! How facts reach the cohorts: by the cells in which windows count them.

use super::cohorts::Cohorts;
use crate::ledger::{AttributeTable, CaseChange, Contribution, FinalChange};
use crate::plan::{EventTime, hour_of};
use crate::window::{Counts, RouteId, Windows};

impl Cohorts {
    /// Stages what the events of one hour change about a case.
    pub fn stage_step(&mut self, windows: &mut Windows, step: &FinalChange, attributes: &AttributeTable) {
        let FinalChange { hour, change } = step;
        if let Some((gone, new)) = change.stays() {
            let cells = self.cells(windows, &gone, attributes);
            return self.stage(*hour, cells, gone.cohort, |shift| {
                shift.count_case(gone.counts, false);
                shift.count_case(new.counts, true);
            });
        }
        for (contribution, more) in change.moves() {
            let cells = self.cells(windows, &contribution, attributes);
            self.stage(*hour, cells, contribution.cohort, |shift| shift.count_case(contribution.counts, more));
        }
    }

    /// Stages the first selections of cases of one hour, of whose cells each is known.
    pub fn stage_cases(&mut self, windows: &Windows, route: RouteId, time: EventTime, counts: &Counts) {
        self.learn_cells(windows.keys());
        self.stage(hour_of(time), windows.cells_of_route(route), time, |shift| shift.count(counts, true));
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
        let mut seen: Option<Contribution> = None;
        for (contribution, _) in change.moves() {
            let again = seen.is_some_and(|seen| Contribution { counts: contribution.counts, ..seen } == contribution);
            if !again {
                let cohort = hour_of(contribution.cohort);
                let cells = self.cells(windows, &contribution, attributes);
                cells.iter().for_each(|cell| self.count_missing(*cell, cohort, more));
            }
            seen = Some(contribution);
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
            let cases = counts.assessed.max(counts.selected).max(1);
            cells.iter().for_each(|cell| self.count_late(*cell, hour, cases));
        } else {
            self.stage(hour, cells, place.cohort, |shift| shift.count(counts, true));
        }
    }

    /// Returns the cells in which windows count what is there, each of them learned.
    fn cells<'w>(&mut self, windows: &'w mut Windows, place: &Contribution, attributes: &AttributeTable) -> &'w [u32] {
        let route = windows.route(place, attributes);
        self.learn_cells(windows.keys());
        windows.cells_of_route(route)
    }
}

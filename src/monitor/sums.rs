//! First selections of cases that are joined but not yet counted: one number for each template and hour, instead of a change of every cell for
//! each case.
//!
//! Sums do not depend on the order in which they are formed, so counting later gives the same. What takes cases away, reads the counts or makes
//! an hour final must have everything counted before.

use super::tables::Counting;
use crate::event::TemplateId;
use crate::ledger::{CaseChange, Contribution};
use crate::plan::invariant::{Room, broken, present};
use crate::plan::{EventTime, hour_of};
use crate::window::RouteId;

/// Cases that wait to be counted, by template.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    by_template: Vec<Sum>,
    /// By combination of attributes: the templates with waiting cases.
    waiting: Vec<Vec<TemplateId>>,
    /// The combinations of attributes that may have waiting cases.
    rows: Vec<usize>,
}

/// Cases of one template and one hour.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    hour: i32,
    cases: u64,
    /// What one of them counts for, and where. The others differ in the time within the hour.
    place: Option<(RouteId, Contribution)>,
}

impl Sums {
    /// Adds a case. Returns false where it must be counted at once.
    #[inline]
    pub fn add(
        &mut self,
        template: TemplateId,
        time: EventTime,
        contribution: &Contribution,
        counting: &mut Counting<'_>,
    ) -> bool {
        let index = template.index();
        if index >= self.by_template.len() {
            self.by_template.resize(index + 1, Sum::default());
        }
        let Some(sum) = self.by_template.get_mut(index) else {
            broken(Room::Monitor, "there is a sum for each template");
            return false;
        };
        let hour = hour_of(time);
        if sum.cases > 0 && sum.hour == hour {
            sum.cases += 1;
            return true;
        }
        sum.count(counting);
        let route = sum.place.map(|(route, _)| route).or_else(|| counting.windows.plain_route(contribution));
        let Some(route) = route.filter(|_| counting.windows.keeps(time)) else { return false };
        *sum = Sum { hour, cases: 1, place: Some((route, *contribution)) };
        let row = contribution.attributes.0 as usize;
        if row >= self.waiting.len() {
            self.waiting.resize(row + 1, Vec::new());
        }
        if let Some(waiting) = present(Room::Monitor, "there is a row for each combination", self.waiting.get_mut(row))
        {
            if waiting.is_empty() {
                self.rows.push(row);
            }
            waiting.push(template);
        }
        true
    }

    /// Counts all cases that wait.
    pub fn count(&mut self, counting: &mut Counting<'_>) {
        while let Some(row) = self.rows.pop() {
            self.count_row(row, counting);
        }
    }

    /// Counts the cases that wait and may be taken away by these changes.
    #[inline]
    pub fn count_before(&mut self, changes: &[CaseChange], counting: &mut Counting<'_>) {
        for (place, _) in changes.iter().flat_map(CaseChange::moves).filter(|(_, more)| !more) {
            self.count_row(place.attributes.0 as usize, counting);
        }
    }

    fn count_row(&mut self, row: usize, counting: &mut Counting<'_>) {
        let Some(waiting) = self.waiting.get_mut(row) else { return };
        for template in waiting.drain(..) {
            match self.by_template.get_mut(template.index()) {
                Some(sum) => sum.count(counting),
                None => broken(Room::Monitor, "there is a sum for each template"),
            }
        }
    }

    /// Forgets the templates. Nothing may wait.
    pub fn clear(&mut self) {
        if self.waiting.iter().any(|waiting| !waiting.is_empty()) {
            broken(Room::Monitor, "templates are forgotten when all cases are counted");
        }
        *self = Self::default();
    }
}

impl Sum {
    fn count(&mut self, counting: &mut Counting<'_>) {
        let cases = std::mem::take(&mut self.cases);
        if let Some((route, place)) = self.place.filter(|_| cases > 0) {
            counting.count_firsts(route, &place, cases);
        }
    }
}

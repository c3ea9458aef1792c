//! First selections of cases that are joined but not yet counted: one number for each template and hour, instead of a change of every cell for
//! each case.
//!
//! Sums do not depend on the order in which they are formed, so counting later gives the same. What takes cases away, reads the counts or makes
//! an hour final must have everything counted before.

use super::tables::Counting;
use crate::event::TemplateId;
use crate::ledger::{CaseChange, Contribution};
use crate::plan::invariant::{Room, broken};
use crate::plan::{EventTime, hour_of};
use crate::window::RouteId;

/// Cases that wait to be counted, by template.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    by_template: Vec<Sum>,
    /// The templates with waiting cases.
    waiting: Vec<TemplateId>,
    /// By combination of attributes: whether cases of it may wait.
    has_waiting: Vec<bool>,
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
        self.waiting.push(template);
        let row = contribution.attributes.0 as usize;
        if row >= self.has_waiting.len() {
            self.has_waiting.resize(row + 1, false);
        }
        if let Some(has_waiting) = self.has_waiting.get_mut(row) {
            *has_waiting = true;
        }
        true
    }

    /// Counts all cases that wait.
    pub fn count(&mut self, counting: &mut Counting<'_>) {
        for template in self.waiting.drain(..) {
            let Some(sum) = self.by_template.get_mut(template.index()) else {
                broken(Room::Monitor, "there is a sum for each template");
                continue;
            };
            sum.count(counting);
            let row = sum.place.and_then(|(_, place)| self.has_waiting.get_mut(place.attributes.0 as usize));
            row.into_iter().for_each(|has_waiting| *has_waiting = false);
        }
    }

    /// Counts all cases that wait, if one of them may be taken away by these changes.
    #[inline]
    pub fn count_before(&mut self, changes: &[CaseChange], counting: &mut Counting<'_>) {
        let waits = |place: Contribution| self.has_waiting.get(place.attributes.0 as usize).is_some_and(|waits| *waits);
        if changes.iter().any(|change| change.moves().any(|(place, more)| !more && waits(place))) {
            self.count(counting);
        }
    }

    /// Forgets the templates. Nothing may wait.
    pub fn clear(&mut self) {
        if !self.waiting.is_empty() {
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

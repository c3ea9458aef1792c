//! First selections of cases that are joined but not yet counted: one number for each template and hour, instead of a change of every cell for
//! each case.
//!
//! Sums do not depend on the order in which they are formed, unless a count stops at 0 or at its largest. So before a case is taken away from a
//! cell that holds less than that, everything is counted. What reads the counts or makes an hour final must have everything counted before.

use super::tables::Counting;
use crate::event::TemplateId;
use crate::ledger::{AttributeTable, CaseChange, Contribution};
use crate::plan::invariant::{Room, broken};
use crate::plan::{EventTime, Span, hour_of};
use crate::window::RouteId;

/// Cases that are to be counted, by template.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    by_template: Vec<Sum>,
    /// The templates with uncounted cases.
    uncounted: Vec<TemplateId>,
}

/// Cases of one template and one hour.
#[derive(Clone, Copy, Debug)]
struct Sum {
    /// When the hour begins.
    hour: EventTime,
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
        if sum.cases > 0 && (0..Span::HOUR.0).contains(&time.since(sum.hour).0) {
            sum.cases += 1;
            return true;
        }
        sum.count(counting);
        let route = sum.place.map(|(route, _)| route).or_else(|| counting.windows.plain_route(contribution));
        let Some(route) = route.filter(|_| counting.windows.keeps(time)) else { return false };
        let hour = EventTime(Span::HOUR.times(hour_of(time).into()).0);
        *sum = Sum { hour, cases: 1, place: Some((route, *contribution)) };
        self.uncounted.push(template);
        true
    }

    /// Counts all cases.
    pub fn count(&mut self, counting: &mut Counting<'_>) {
        for template in self.uncounted.drain(..) {
            match self.by_template.get_mut(template.index()) {
                Some(sum) => sum.count(counting),
                None => broken(Room::Monitor, "there is a sum for each template"),
            }
        }
    }

    /// Counts all cases, if a cell holds less than these changes take away. Cases that are uncounted may be what it lacks.
    #[inline]
    pub fn count_before(&mut self, changes: &[CaseChange], counting: &mut Counting<'_>, attributes: &AttributeTable) {
        let taken = || changes.iter().flat_map(CaseChange::moves).filter(|(_, more)| !more);
        if !self.uncounted.is_empty() && taken().any(|(place, _)| counting.windows.lack(&place, attributes)) {
            self.count(counting);
        }
    }

    /// Forgets the templates. Nothing may be uncounted.
    pub fn clear(&mut self) {
        if !self.uncounted.is_empty() {
            broken(Room::Monitor, "templates are forgotten when all cases are counted");
        }
        *self = Self::default();
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self { hour: EventTime::MIN, cases: 0, place: None }
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

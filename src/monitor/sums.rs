//! First selections of cases that are joined but not yet counted: one number for each template and hour, instead of a change of every cell for
//! each case.
//!
//! Sums do not depend on the order in which they are formed, so counting later gives the same. What takes cases away, reads the counts or makes
//! an hour final must have everything counted before.

use super::tables::Tables;
use crate::event::TemplateId;
use crate::ledger::Contribution;
use crate::plan::invariant::{Room, broken};
use crate::plan::{EventTime, hour_of};
use crate::window::RouteId;

/// Cases that wait to be counted, by template.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    by_template: Vec<Sum>,
    /// The templates with waiting cases.
    waiting: Vec<TemplateId>,
    /// No case that waits is of an earlier hour.
    first_hour: i32,
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
    pub fn add(&mut self, template: TemplateId, time: EventTime, contribution: &Contribution, tables: &mut Tables) -> bool {
        let index = template.index();
        if index >= self.by_template.len() {
            self.by_template.resize(index + 1, Sum::default());
        }
        let Some(sum) = self.by_template.get_mut(index) else {
            broken(Room::Monitor, "there is a sum for each template");
            return false;
        };
        let hour = hour_of(time);
        if sum.cases > 0 && sum.hour != hour {
            sum.count(tables);
        }
        if sum.cases == 0 {
            let route = sum.place.map(|(route, _)| route).or_else(|| tables.windows.plain_route(contribution));
            let Some(route) = route.filter(|_| tables.windows.keeps(time)) else { return false };
            sum.place = Some((route, *contribution));
            self.first_hour = if self.waiting.is_empty() { hour } else { self.first_hour.min(hour) };
            self.waiting.push(template);
        }
        sum.hour = hour;
        sum.cases += 1;
        true
    }

    /// Counts all cases that wait.
    pub fn count(&mut self, tables: &mut Tables) {
        for template in self.waiting.drain(..) {
            match self.by_template.get_mut(template.index()) {
                Some(sum) => sum.count(tables),
                None => broken(Room::Monitor, "there is a sum for each template"),
            }
        }
    }

    /// Returns whether a case of this hour may be among those that wait.
    #[inline]
    pub fn may_have(&self, hour: i32, tables: &Tables) -> bool {
        // Hours that were merged into their day share its bucket.
        !self.waiting.is_empty() && (hour >= self.first_hour || self.first_hour < tables.windows.hour_floor())
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
    fn count(&mut self, tables: &mut Tables) {
        let cases = std::mem::take(&mut self.cases);
        let Some((route, contribution)) = self.place.filter(|_| cases > 0) else { return };
        // Any time of the hour counts in the same bucket.
        tables.count_firsts(route, &contribution, cases);
    }
}

//! Everything that events are counted in.

use crate::evidence::{Cohorts, Reading, Sequences, feeds};
use crate::ledger::{
    AttributeTable, CaseChange, CaseFacts, Contribution, Effects, FinalChange, Ledger, PseudonymKey, Spans,
};
use crate::plan::{EventTime, Plan, hour_of};
use crate::window::{Counts, Populations, RouteId, Windows};

/// Cases, windows, and what evidence waits for.
#[derive(Clone)]
pub(super) struct Tables {
    pub ledger: Ledger,
    pub windows: Windows,
    pub cohorts: Cohorts,
    pub populations: Populations,
    pub sequences: Sequences,
}

impl Tables {
    /// Empty tables.
    pub fn new(plan: &Plan, key: PseudonymKey) -> Self {
        let ledger = Ledger::new(plan, key);
        let window = &plan.window;
        Self {
            windows: Windows::new(plan.dimensions.len(), window.history),
            cohorts: Cohorts::new(feeds(plan), window.allowed_lateness, window.cohort_max_age),
            sequences: Sequences::new(plan, &ledger.attributes),
            populations: Populations::default(),
            ledger,
        }
    }

    /// Moves to evidence what the watermark has made final.
    pub fn settle(&mut self, plan: &Plan, watermark: EventTime) {
        let reading = Reading { plan, attributes: &self.ledger.attributes };
        self.sequences.settle(&mut self.cohorts, watermark, &reading);
    }

    /// Adds counts that belong to no case.
    pub fn add(&mut self, place: &Contribution, counts: &Counts, late: bool) {
        self.windows.add(place, counts, &self.ledger.attributes);
        if !self.sequences.is_empty() {
            self.cohorts.stage_counts(&mut self.windows, place, counts, late, &self.ledger.attributes);
        }
    }

    /// Counts the first selection of a case.
    pub fn count_first(&mut self, time: EventTime, facts: CaseFacts) {
        let change = CaseChange { before: CaseFacts::default(), after: facts };
        self.windows.apply(&change, &self.ledger.attributes);
        if !self.sequences.is_empty() {
            let step = FinalChange { hour: hour_of(time), change };
            self.cohorts.stage_step(&mut self.windows, &step, &self.ledger.attributes);
        }
    }

    /// Counts the first selections of so many cases of one hour, all of which count for the same.
    pub fn count_firsts(&mut self, route: RouteId, place: &Contribution, cases: u64) {
        let counts = Counts::of_case(place.counts).times(cases);
        self.windows.add_cases(route, place, &counts, cases, &self.ledger.attributes);
        if !self.sequences.is_empty() {
            self.cohorts.stage_cases(&self.windows, route, place.cohort, &counts);
        }
    }

    /// Keeps cases as long as the plan says from now on, and counts what that does to any of them.
    pub fn change_spans(&mut self, plan: &Plan, watermark: EventTime) {
        let (spans, first) = (Spans::of(plan), self.cohorts.floor());
        let (windows, cohorts, with_evidence) = (&mut self.windows, &mut self.cohorts, !self.sequences.is_empty());
        let visit = |effects: &Effects, attributes: &AttributeTable| {
            count(windows, with_evidence.then_some(&mut *cohorts), effects, attributes);
        };
        self.ledger.change_spans(spans, watermark, first, visit);
    }
}

/// Counts what was done to a case in the windows, and stages it for evidence where a rule asks for that.
pub(super) fn count(
    windows: &mut Windows,
    cohorts: Option<&mut Cohorts>,
    effects: &Effects,
    attributes: &AttributeTable,
) {
    effects.changes.iter().for_each(|change| windows.apply(change, attributes));
    let Some(cohorts) = cohorts else { return };
    effects.finals.iter().for_each(|step| cohorts.stage_step(windows, step, attributes));
    for (change, more) in &effects.missing {
        cohorts.count_case_missing(windows, change, *more, attributes);
    }
}

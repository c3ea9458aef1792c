//! Everything that events are counted in.

use crate::event::ComplaintStatus;
use crate::evidence::{Cohorts, Occurrences, Reading, Sequences, feeds};
use crate::ledger::{
    AttributeTable, CaseChange, CaseFacts, CaseOccurrence, CasePlace, ComplaintCode, Contribution, Effects,
    FinalChange, Ledger, Loss, LossCause, OccurrenceChange, PseudonymKey, Spans,
};
use crate::plan::{Cause, EventTime, Indicator, Plan, RuleKind, Slot, Span, hour_of};
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
        let mut windows = Windows::new(plan.dimensions.len(), window.history);
        if plan.rules.iter().any(|rule| matches!(rule.kind, RuleKind::Silence(_))) {
            windows.heard.keep();
        }
        let is_of_sealed = |indicator: &Indicator| indicator.is_of_sealed();
        let sealed = || Indicator::ALL.into_iter().filter(is_of_sealed);
        if plan.rules.iter().any(|rule| sealed().any(|indicator| rule.reads(indicator))) {
            windows.keep_seals(window.cohort_max_age, window.allowed_lateness);
        }
        if plan.counts_everyone {
            windows.count_everyone();
        }
        let ages = (window.cohort_max_age, Spans::of(plan).membership);
        let mut cohorts = Cohorts::new(feeds(plan), window.allowed_lateness, ages);
        cohorts.never_wait_for(ledger.attributes.derived_strata());
        Self {
            windows,
            cohorts,
            sequences: Sequences::new(plan, &ledger.attributes),
            populations: Populations::default(),
            ledger,
        }
    }

    /// Merges the hours, and drops the days, that the watermark has left behind.
    pub fn age(&mut self, watermark: EventTime) {
        self.windows.age(watermark);
        self.cohorts.age(self.windows.floors());
    }

    /// Moves to evidence what the watermark has made final.
    pub fn settle(&mut self, plan: &Plan, watermark: EventTime) {
        let reading = Reading { plan, attributes: &self.ledger.attributes };
        self.sequences.settle(&mut self.cohorts, watermark, &reading);
        self.ledger.forget_former(watermark);
    }

    /// Counts the cases that the ledger lost as missing.
    pub fn count_losses(&mut self) {
        let losses = self.ledger.take_losses();
        // Of these it is not known where they are missing.
        for (hour, cases) in self.ledger.take_losses_beyond() {
            let time = EventTime(Span::HOUR.times(hour.into()).0);
            self.windows.missing.count_anywhere(Cause::Dropped, time, cases);
        }
        let (missing, attributes) = (&mut self.windows.missing, &self.ledger.attributes);
        for Loss { cause, contribution, time, more } in losses {
            match (cause, contribution) {
                (LossCause::Conflict, Some(place)) if !more => {
                    missing.uncount_everywhere(Cause::Conflict, &place, attributes);
                }
                (LossCause::Released, Some(place)) => {
                    for dimension in attributes.without_group(place.attributes) {
                        missing.count(Cause::Released, &place, (dimension, Slot::NONE));
                    }
                }
                // It has no selection, so it is in no cell.
                (LossCause::Released, None) => {}
                (LossCause::Conflict, Some(place)) => missing.count_everywhere(Cause::Conflict, &place, attributes),
                (LossCause::Dropped, Some(place)) => missing.count_everywhere(Cause::Dropped, &place, attributes),
                // A profile that is on no list.
                (LossCause::Conflict, None) => {}
                (LossCause::Dropped, None) => missing.count_anywhere(Cause::Dropped, time, 1),
            }
        }
    }

    /// Counts the open cases that wait for their selection, for a state in which they are not counted.
    pub fn count_unmatched(&mut self) {
        let Self { ledger, windows, .. } = self;
        ledger.visit_unmatched(|facts| {
            windows.missing.count_unmatched(&CaseChange { before: CaseFacts::default(), after: *facts });
        });
    }

    /// Adds counts that belong to no case.
    pub fn add(&mut self, place: &Contribution, counts: &Counts, late: bool) {
        self.windows.add(place, counts, &self.ledger.attributes);
        if !late {
            self.windows.heard.note(place.profile, place.channel, counts, hour_of(place.cohort));
        }
        if !self.sequences.is_empty() {
            self.cohorts.stage_counts(&mut self.windows, place, counts, late, &self.ledger.attributes);
        }
    }

    /// Adds counts that belong to no case to what occurred by the time of its event.
    pub fn add_occurrences(&mut self, place: &Contribution, counts: &Counts, late: bool) {
        if let Some(occurrences) = self.sequences.occurrences_mut() {
            occurrences.stage_counts(place, counts, late, &self.ledger.attributes);
        }
    }

    /// Adds a complaint that names no case, likewise.
    pub fn add_complaint(&mut self, place: &Contribution, code: ComplaintCode, late: bool) {
        let Some(occurrences) = self.sequences.occurrences_mut() else { return };
        let Contribution { profile, channel, cohort, attributes, .. } = *place;
        let hour = hour_of(cohort);
        let what = match (late, code.status()) {
            (false, _) => CaseOccurrence::Complaint(code),
            (true, ComplaintStatus::Received) => CaseOccurrence::LateComplaint,
            // A decision is no complaint: none is missing.
            (true, _) => return,
        };
        let place = CasePlace { profile, channel, attributes };
        let change = OccurrenceChange { what, hour, known: hour, place, more: true };
        occurrences.stage(&change, &self.ledger.attributes);
    }

    /// Returns what cases are counted in, beside the ledger.
    pub fn split(&mut self) -> (&mut Ledger, Counting<'_>) {
        let Self { ledger, windows, cohorts, sequences, populations: _ } = self;
        let cohorts = (!sequences.is_empty()).then_some(cohorts);
        (ledger, Counting { windows, cohorts, occurrences: sequences.occurrences_mut() })
    }

    /// Keeps cases as long as the plan says from now on, and counts what that does to any of them.
    pub fn change_spans(&mut self, plan: &Plan, watermark: EventTime) {
        let (spans, first) = (Spans::of(plan), self.cohorts.floor());
        let (ledger, mut counting) = self.split();
        ledger.change_spans(spans, watermark, first, |effects, attributes| counting.count(effects, attributes));
    }
}

/// What cases are counted in.
pub(super) struct Counting<'t> {
    pub windows: &'t mut Windows,
    /// `None` where no rule reads evidence.
    pub cohorts: Option<&'t mut Cohorts>,
    /// `None` where no rule asks for what occurred by the time of its event.
    pub occurrences: Option<&'t mut Occurrences>,
}

impl Counting<'_> {
    /// Counts what was done to a case in the windows, and stages it for evidence where a rule asks for that.
    pub fn count(&mut self, effects: &Effects, attributes: &AttributeTable) {
        for change in &effects.changes {
            self.windows.missing.count_unmatched(change);
            self.windows.apply(change, attributes);
        }
        effects.finals.iter().for_each(|step| self.windows.heard.note_step(step));
        if let Some(occurrences) = &mut self.occurrences {
            count_occurrences(occurrences, effects, attributes);
        }
        let Some(cohorts) = &mut self.cohorts else { return };
        effects.finals.iter().for_each(|step| cohorts.stage_step(self.windows, step, attributes));
        for (change, more) in &effects.missing {
            cohorts.count_case_missing(self.windows, change, *more, attributes);
        }
    }

    /// Counts the first selection of a case.
    pub fn count_first(&mut self, time: EventTime, facts: CaseFacts, attributes: &AttributeTable) {
        let change = CaseChange { before: CaseFacts::default(), after: facts };
        let step = FinalChange { hour: hour_of(time), change };
        self.windows.apply(&change, attributes);
        self.windows.heard.note_step(&step);
        if let Some(cohorts) = &mut self.cohorts {
            cohorts.stage_step(self.windows, &step, attributes);
        }
    }

    /// Counts the first selections of so many cases of one hour, all of which count for the same, by their route.
    pub fn count_firsts(&mut self, route: RouteId, place: &Contribution, cases: u64) {
        let counts = Counts::of_case(place.counts).times(cases);
        self.windows.add_cases(route, place.cohort, &counts, cases);
        self.windows.heard.note(place.profile, place.channel, &counts, hour_of(place.cohort));
        if let Some(cohorts) = &mut self.cohorts {
            cohorts.stage_cases(self.windows, route, place.cohort, &counts);
        }
    }
}

fn count_occurrences(occurrences: &mut Occurrences, effects: &Effects, attributes: &AttributeTable) {
    effects.occurrences.iter().for_each(|change| occurrences.stage(change, attributes));
    effects.missing.iter().for_each(|(change, more)| occurrences.count_case_missing(change, *more));
}

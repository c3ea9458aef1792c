//! The state machine: records and ticks in, findings and alerts out.

use std::sync::Arc;

use super::tallies::{Tallies, type_index};
use crate::alert::{Alert, AlertBook};
use crate::disclosure::{EventCounts, Published, publish};
use crate::event::{
    self, Complaint, ComplaintStatus, Data, Decoded, Event, Population, RawRecord, Reason, Rejection, Tally,
};
use crate::evidence::{Cohorts, Reading, Sequences, StagedPopulation, feeds};
use crate::judge::{Evaluation, Evaluator, Funnel, Scene, funnel};
use crate::ledger::{
    Arrival, AttributeTable, CaseCounts, Contribution, Effects, Joined, Ledger, PseudonymKey, Spans, Timing,
};
use crate::monitor::{Clock, Handled, Health};
use crate::plan::{Channel, Dimension, EventTime, PartitionIndex, Plan, ProfileId, Span, hour_of};
use crate::window::{Counts, Lateness, Populations, Watermark, Windows};

/// Everything above the I/O line, as one value that is called and never calls.
#[derive(Clone)]
pub struct Monitor {
    pub(super) plan: Arc<Plan>,
    pub(super) clock: Clock,
    pub(super) watermark: Watermark,
    pub(super) ledger: Ledger,
    pub(super) windows: Windows,
    pub(super) cohorts: Cohorts,
    pub(super) populations: Populations,
    pub(super) sequences: Sequences,
    pub(super) evaluator: Evaluator,
    pub(super) evaluation: Evaluation,
    pub(super) alerts: AlertBook,
    /// Changed since they were last taken; in `replay` nobody takes them.
    pub(super) changed_alerts: Vec<Alert>,
    pub(super) tallies: Tallies,
    /// Wall-clock time at which each profile was last heard of.
    pub(super) heard: Vec<EventTime>,
    pub(super) evaluations: u64,
}

impl Monitor {
    /// A monitor that has seen nothing.
    #[must_use]
    pub fn new(plan: Plan, key: PseudonymKey, clock: Clock) -> Self {
        let ledger = Ledger::new(&plan, key);
        let window = &plan.window;
        Self {
            watermark: Watermark::new(window.allowed_lateness, window.history),
            windows: Windows::new(plan.dimensions.len(), window.history),
            cohorts: Cohorts::new(feeds(&plan), window.allowed_lateness, window.cohort_max_age),
            sequences: Sequences::new(&plan, &ledger.attributes),
            ledger,
            populations: Populations::default(),
            evaluator: Evaluator::default(),
            evaluation: Evaluation {
                as_of: EventTime::MIN,
                findings: Vec::new(),
                late: Vec::new(),
                funnel: Funnel::default(),
            },
            alerts: AlertBook::new(),
            changed_alerts: Vec::new(),
            tallies: Tallies::default(),
            heard: vec![EventTime::MIN; plan.profiles.len()],
            evaluations: 0,
            plan: Arc::new(plan),
            clock,
        }
    }

    /// Registers a partition: it holds the watermark back until it has an event or is idle. Again: no effect.
    pub fn add_partition(&mut self, partition: PartitionIndex, now: EventTime) {
        self.watermark.add(partition, now);
    }

    /// Takes one record as it came. `now` is wall-clock time; with [`Clock::Event`] it plays no part.
    pub fn handle_record(&mut self, partition: PartitionIndex, record: &RawRecord<'_>, now: EventTime) -> Handled {
        let limits = self.plan.event;
        let max_ahead = self.plan.window.max_ahead.filter(|_| self.clock == Clock::Wall);
        let (kind, handled) = match event::decode(record, &limits, max_ahead) {
            Ok(Decoded::Event(event)) => (type_index(Some(&event.data)), self.handle_event(partition, &event, now)),
            Ok(Decoded::UnknownType) => (type_index(None), Handled::UnknownType),
            Err(rejection) => (type_index(None), Handled::Rejected(rejection)),
        };
        self.tallies.count(kind, &handled);
        handled
    }

    /// `run`: idle partitions, evaluation, alerts.
    pub fn handle_tick(&mut self, now: EventTime) {
        let to = self.watermark.idle(now, self.plan.window.idle_after);
        self.watermark.advance(to);
        self.settle();
        if let Some(as_of) = self.watermark.current() {
            self.evaluate(as_of, now, true);
        }
    }

    /// `replay`, at the end of input: the watermark moves to `--as-of` or the newest event, and findings are evaluated a last time.
    pub fn finish(&mut self) {
        let Clock::Event { as_of } = self.clock else { return };
        let end = as_of.unwrap_or_else(|| self.watermark.newest());
        if end == EventTime::MIN {
            return;
        }
        self.pass_boundaries(end);
        self.watermark.advance(end);
        self.settle();
        self.evaluate(end, end, true);
    }

    /// What the last evaluation may show.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        Arc::new(publish(&self.plan, &self.evaluation, self.alerts.alerts(), self.event_counts()))
    }

    /// The configuration of the core.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Health in numbers.
    #[must_use]
    pub fn health(&self) -> Health {
        let ledger = self.ledger.health();
        let by_dimension = |counts: &[u64]| {
            self.plan.dimensions.iter().zip(counts).map(|(dimension, count)| (dimension.name.clone(), *count)).collect()
        };
        Health {
            events: self.event_counts(),
            by_type: self.tallies.by_type(),
            rejections: self.tallies.rejections(),
            watermark: self.watermark.current(),
            partitions: self.watermark.partitions().collect(),
            open_cases: ledger.open_cases,
            evicted_cases: ledger.evicted_cases,
            waiting_cases: ledger.waiting_cases,
            dropped_waiting: ledger.dropped_waiting,
            remembered_ids: ledger.remembered_ids,
            evicted_ids: ledger.evicted_ids,
            refused_contributions: self.windows.refused(),
            late: self.tallies.late,
            cells: self.windows.cells() as u64,
            without_group: by_dimension(self.windows.without_group()),
            probabilistic: by_dimension(self.windows.probabilistic()),
            probabilities_dropped: self.ledger.attributes.probabilities_dropped(),
            evaluations: self.evaluations,
        }
    }

    /// Bytes allocated for open cases and for buckets; walks over all of them.
    #[must_use]
    pub fn allocated_bytes(&self) -> (u64, u64) {
        (self.ledger.allocated_bytes(), self.windows.allocated_bytes() as u64)
    }

    fn event_counts(&self) -> EventCounts {
        EventCounts { unmatched: self.ledger.health().waiting_cases, ..self.tallies.event_counts() }
    }

    fn handle_event(&mut self, partition: PartitionIndex, event: &Event<'_>, now: EventTime) -> Handled {
        if let Clock::Event { as_of: Some(as_of) } = self.clock
            && event.time > as_of
        {
            return Handled::BeyondAsOf;
        }
        let lateness = self.watermark.lateness(partition, event.time);
        if lateness == Lateness::TooLate {
            return Handled::TooLate;
        }
        let to = self.watermark.observe(partition, event.time, now);
        if matches!(self.clock, Clock::Event { .. }) {
            self.pass_boundaries(to);
        }
        self.watermark.advance(to);
        self.windows.age(to);
        self.settle();
        // Only a partition that was declared idle can bring events whose hour is final already.
        let late = lateness == Lateness::Late || !self.cohorts.is_open(event.time);
        let watermark = self.watermark.current().unwrap_or(EventTime::MIN);
        let timing = Timing { watermark, seen: self.watermark.seen(partition).max(watermark), late };
        let handled = self.count_event(event, now, &timing);
        let counts_late = lateness == Lateness::Late && handled == Handled::Accepted;
        self.tallies.late = self.tallies.late.saturating_add(u64::from(counts_late));
        handled
    }

    /// Evaluates at every hour that the watermark passes on its way, with what was counted before it.
    fn pass_boundaries(&mut self, to: EventTime) {
        let Some(from) = self.watermark.current() else { return };
        let hour_after =
            |time: EventTime| EventTime(time.0.div_euclid(Span::HOUR.0).saturating_add(1).saturating_mul(Span::HOUR.0));
        // After a gap longer than the history every window is empty, and stays so until the gap's end.
        let mut boundary = hour_after(from.max(to.minus(self.plan.window.history)));
        while boundary <= to {
            self.watermark.advance(boundary);
            self.windows.age(boundary);
            self.settle();
            self.evaluate(boundary, boundary, false);
            boundary = boundary.plus(Span::HOUR);
        }
    }

    /// Evidence reads what the watermark has made final.
    fn settle(&mut self) {
        let Some(watermark) = self.watermark.current() else { return };
        let reading = Reading { plan: &self.plan, attributes: &self.ledger.attributes };
        self.sequences.settle(&mut self.cohorts, watermark, &reading);
    }

    /// `shown`: whether anybody will look at the result before the next one; alerts and evidence do not read the funnel.
    fn evaluate(&mut self, as_of: EventTime, now: EventTime, shown: bool) {
        self.windows.age(as_of);
        let stale = self.stale(now);
        let scene = Scene {
            plan: &self.plan,
            windows: &self.windows,
            cohorts: &self.cohorts,
            attributes: &self.ledger.attributes,
            populations: &self.populations,
            sequences: &self.sequences,
            as_of,
            stale: &stale,
        };
        self.evaluation = self.evaluator.evaluate(&scene);
        if shown {
            self.evaluation.funnel = funnel(&scene);
        }
        let transitions = self.alerts.observe(now, &self.evaluation, &self.plan);
        if self.clock == Clock::Wall {
            self.changed_alerts.extend(transitions.into_iter().map(|transition| transition.alert));
        }
        self.evaluations = self.evaluations.saturating_add(1);
    }

    fn stale(&self, now: EventTime) -> Vec<bool> {
        let Some(stale_after) = self.plan.window.stale_after.filter(|_| self.clock == Clock::Wall) else {
            return Vec::new();
        };
        self.heard.iter().map(|heard| now.since(*heard) > stale_after).collect()
    }

    fn count_event(&mut self, event: &Event<'_>, now: EventTime, timing: &Timing) -> Handled {
        match &event.data {
            Data::Tally(tally) => self.count_tally(event, tally, now, timing),
            Data::Population(population) => self.count_population(event, population, now, timing),
            Data::Complaint(complaint) if complaint.case_id.is_none() => {
                self.count_complaint(event, complaint, now, timing)
            }
            _ => self.count_case(event, now, timing),
        }
    }

    fn count_case(&mut self, event: &Event<'_>, now: EventTime, timing: &Timing) -> Handled {
        let Some(Joined { arrival, effects, attributes }) = self.ledger.join(event, timing) else {
            return Handled::Duplicate;
        };
        let cohorts = (!self.sequences.is_empty()).then_some(&mut self.cohorts);
        count(&mut self.windows, cohorts, effects, attributes);
        if let Some(profile) = effects.profile {
            self.hear(profile, now);
        }
        match arrival {
            Arrival::Changed if names_unknown_profile(event, &self.plan) => Handled::UnknownProfile,
            Arrival::Changed => Handled::Accepted,
            Arrival::Conflict => Handled::Conflict,
            Arrival::Duplicate => Handled::Duplicate,
            Arrival::Full => Handled::Rejected(Rejection {
                reason: Reason::TooMany,
                detail: format!(
                    "expected at most {} events for one case, found one more",
                    crate::ledger::MAX_RECORDS_PER_CASE
                ),
            }),
        }
    }

    /// Cases are kept as long as the plan says from now on: what that does to any of them is counted.
    pub(super) fn change_spans(&mut self) {
        let watermark = self.watermark.current().unwrap_or(EventTime::MIN);
        let (spans, first) = (Spans::of(&self.plan), self.cohorts.floor());
        let (windows, cohorts, with_evidence) = (&mut self.windows, &mut self.cohorts, !self.sequences.is_empty());
        let visit = |effects: &Effects, attributes: &AttributeTable| {
            count(windows, with_evidence.then_some(&mut *cohorts), effects, attributes);
        };
        self.ledger.change_spans(spans, watermark, first, visit);
    }

    /// Counts that are about no case.
    fn add(&mut self, place: &Contribution, counts: &Counts, late: bool) {
        self.windows.add(place, counts, &self.ledger.attributes);
        if !self.sequences.is_empty() {
            self.cohorts.stage_counts(&mut self.windows, place, counts, late, &self.ledger.attributes);
        }
    }

    fn hear(&mut self, profile: ProfileId, now: EventTime) {
        if let Some(heard) = self.heard.get_mut(usize::from(profile.0)) {
            *heard = (*heard).max(now);
        }
    }

    fn count_tally(&mut self, event: &Event<'_>, tally: &Tally<'_>, now: EventTime, timing: &Timing) -> Handled {
        let Some(profile) = self.plan.profile_id(&tally.profile) else { return Handled::UnknownProfile };
        if !self.ledger.remember(event, timing) {
            return Handled::Duplicate;
        }
        let groups = self.ledger.attributes.intern(&tally.groups, &tally.strata, None);
        let counts = Counts::of_tally(&tally.counts);
        let place = Contribution {
            profile,
            channel: tally.channel,
            cohort: event.time,
            attributes: groups,
            counts: CaseCounts::default(),
        };
        self.add(&place, &counts, timing.late);
        self.hear(profile, now);
        Handled::Accepted
    }

    fn count_complaint(
        &mut self,
        event: &Event<'_>,
        complaint: &Complaint<'_>,
        now: EventTime,
        timing: &Timing,
    ) -> Handled {
        let Some(profile) = self.plan.profile_id(&complaint.profile) else { return Handled::UnknownProfile };
        if !self.ledger.remember(event, timing) {
            return Handled::Duplicate;
        }
        // Later news of a complaint is not another complaint.
        if complaint.status == ComplaintStatus::Received {
            let groups = self.ledger.attributes.intern(&complaint.groups, &Vec::new(), None);
            let counts = Counts { complaints: 1, ..Counts::default() };
            let place = Contribution {
                profile,
                channel: Channel::Profile,
                cohort: event.time,
                attributes: groups,
                counts: CaseCounts::default(),
            };
            self.add(&place, &counts, timing.late);
        }
        self.hear(profile, now);
        Handled::Accepted
    }

    fn count_population(
        &mut self,
        event: &Event<'_>,
        population: &Population<'_>,
        now: EventTime,
        timing: &Timing,
    ) -> Handled {
        let Some(profile) = self.plan.profile_id(&population.profile) else { return Handled::UnknownProfile };
        if !self.ledger.remember(event, timing) {
            return Handled::Duplicate;
        }
        if let Some(id) = self.plan.dimension_id(&population.dimension)
            && let Some(dimension) = self.plan.dimensions.get(usize::from(id.0))
        {
            let order = (population.valid_from, event.time, self.ledger.tag(event).full);
            let counts = per_group(population, dimension);
            if !timing.late {
                let staged = StagedPopulation { profile, dimension: id, order, counts: counts.clone() };
                self.sequences.stage_population(hour_of(event.time), staged);
            }
            self.populations.add(profile, id, order, counts);
        }
        self.hear(profile, now);
        Handled::Accepted
    }
}

/// Takes what was done to a case into the windows, and into evidence where a rule asks for it.
fn count(windows: &mut Windows, cohorts: Option<&mut Cohorts>, effects: &Effects, attributes: &AttributeTable) {
    effects.changes.iter().for_each(|change| windows.apply(change, attributes));
    let Some(cohorts) = cohorts else { return };
    effects.finals.iter().for_each(|step| cohorts.stage_step(windows, step, attributes));
    for (change, more) in &effects.missing {
        cohorts.count_case_missing(windows, change, *more, attributes);
    }
}

/// The counts in the order of the dimension's groups; all others together come last, or go to `other` where it is listed.
fn per_group(population: &Population<'_>, dimension: &Dimension) -> Vec<u64> {
    let outside = dimension.group_id(Dimension::OTHER).map_or(dimension.groups.len(), |group| usize::from(group.0));
    let mut counts = vec![0_u64; dimension.groups.len() + 1];
    for (group, count) in &population.counts {
        let index = dimension.group_id(group).map_or(outside, |group| usize::from(group.0));
        if let Some(sum) = counts.get_mut(index) {
            *sum = sum.saturating_add(*count);
        }
    }
    counts
}

fn names_unknown_profile(event: &Event<'_>, plan: &Plan) -> bool {
    let profile = match &event.data {
        Data::Selection(data) => Some(data.profile.as_ref()),
        Data::Control(data) => data.profile.as_deref(),
        Data::Complaint(data) => Some(data.profile.as_ref()),
        _ => None,
    };
    match (profile, plan.profiles.as_slice()) {
        (None, _) => false,
        (Some(name), [only]) => name != only.name,
        (Some(name), _) => plan.profile_id(name).is_none(),
    }
}

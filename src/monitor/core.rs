//! The state machine: records and ticks in, findings and alerts out.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::aggregates::{Counted, count_complaint, count_population, count_tally};
use super::cases::count_case;
use super::interface::{Clock, Handled, Health};
use super::places::places_of_groups;
use super::recognition::Recognition;
use super::sums::Sums;
use super::tables::Tables;
use super::tallies::{Tallies, type_index};
use crate::alert::{Alert, AlertBook, Answering, MeasureBook};
use crate::disclosure::{EventCounts, Published, Releases, hide_verdicts, shows_comparison};
use crate::event::{self, Data, Decoded, Event, RawRecord, Rejection};
use crate::judge::{Evaluation, Evaluator, Finding, Scene, judge_periods, unlisted};
use crate::ledger::{AttributeTable, PseudonymKey, Record, Timing};
use crate::plan::invariant::violations;
use crate::plan::invariant::{self, Room};
use crate::plan::{EventTime, PartitionIndex, Period, Plan, ProfileId, Span};
use crate::window::{Lateness, Latenesses, Watermark, Windows};

/// The number of cells is told in steps of so many.
const CELLS_STEP: u64 = 64;

/// Everything above the I/O line as one value. It is called and never calls.
#[derive(Clone)]
pub struct Monitor {
    pub(super) plan: Arc<Plan>,
    pub(super) clock: Clock,
    pub(super) watermark: Watermark,
    pub(super) tables: Tables,
    pub(super) evaluator: Evaluator,
    /// As it may be published, but for what primary suppression leaves out.
    pub(super) evaluation: Evaluation,
    pub(super) releases: Releases,
    pub(super) alerts: AlertBook,
    /// What was done about alerts and profiles. A snapshot shares it.
    pub(super) measures: Arc<MeasureBook>,
    /// The partitions from which no measure is taken. Whoever registers them says so, so it is no part of a snapshot.
    pub(super) without_measures: BTreeSet<PartitionIndex>,
    /// Alerts that changed since the last poll; none with [`Clock::Event`].
    pub(super) changed_alerts: Vec<Alert>,
    /// Whether there was an evaluation since the last poll.
    pub(super) is_publication_due: bool,
    /// Whether a `replay` publishes every day, and not its end alone.
    pub(super) publishes_days: bool,
    /// What it has published of days since the last poll, the oldest first.
    pub(super) days: VecDeque<Arc<Published>>,
    pub(super) tallies: Tallies,
    pub(super) recognition: Recognition,
    /// Wall-clock time at which templates were forgotten last; only in `run`.
    pub(super) templates_since: EventTime,
    pub(super) sums: Sums,
    /// How late events were; only in `run`.
    pub(super) latenesses: Latenesses,
    /// Where the input of a `replay` ends, unless `--as-of` says otherwise. Later events are ahead of it and not read.
    pub(super) end: Option<EventTime>,
    /// Where the input of a `replay` begins. Earlier events are too late.
    pub(super) begin: EventTime,
    /// Nothing is due before the watermark reaches this.
    pub(super) quiet_until: EventTime,
    /// Wall-clock time at which each profile was last heard of.
    pub(super) heard: Vec<EventTime>,
    pub(super) evaluations: u64,
}

impl Monitor {
    /// Returns a monitor that has read nothing.
    #[must_use]
    pub fn new(plan: Plan, key: PseudonymKey, clock: Clock) -> Self {
        let tables = Tables::new(&plan, key);
        let mut watermark = Watermark::new(plan.window.allowed_lateness, plan.window.history);
        watermark.set_sorted(clock != Clock::Wall);
        Self {
            watermark,
            recognition: Recognition::new(&tables.ledger),
            templates_since: EventTime::MIN,
            sums: Sums::default(),
            latenesses: Latenesses::default(),
            end: None,
            begin: EventTime::MIN,
            quiet_until: EventTime::MIN,
            tables,
            evaluator: Evaluator::default(),
            evaluation: Evaluation::default(),
            releases: Releases::default(),
            alerts: AlertBook::new(),
            measures: Arc::default(),
            without_measures: BTreeSet::new(),
            changed_alerts: Vec::new(),
            is_publication_due: false,
            publishes_days: false,
            days: VecDeque::new(),
            tallies: Tallies::default(),
            heard: vec![EventTime::MIN; plan.profiles.len()],
            evaluations: 0,
            plan: Arc::new(plan),
            clock,
        }
    }

    /// Registers a partition, which holds the watermark back until it has an event or is idle. Registering it again has no effect.
    pub fn add_partition(&mut self, partition: PartitionIndex, now: EventTime) {
        self.watermark.add(partition, now);
    }

    /// Registers a partition that holds nothing back until its first event, as of input of which the order is known.
    pub fn add_partition_without_hold(&mut self, partition: PartitionIndex, now: EventTime) {
        self.watermark.excuse(partition, now);
    }

    /// Says that no measure is taken from a partition: one that comes from it is rejected.
    pub fn refuse_measures(&mut self, partition: PartitionIndex) {
        self.without_measures.insert(partition);
    }

    /// Handles one record and returns what became of it. `now` is wall-clock time; with [`Clock::Event`] it is ignored.
    pub fn handle_record(&mut self, partition: PartitionIndex, record: &RawRecord<'_>, now: EventTime) -> Handled {
        let handled = match event::decode(record, &self.plan.event, self.max_ahead()) {
            Ok(Decoded::Event(event)) => self.handle_event(partition, &event, now).0,
            Ok(Decoded::UnknownType) => self.handle_other(Handled::UnknownType),
            Err(rejection) => self.handle_other(Handled::Rejected(rejection)),
        };
        self.tables.count_losses();
        handled
    }

    /// Handles a tick of `run`: declares partitions idle, evaluates, and updates alerts.
    pub fn handle_tick(&mut self, now: EventTime) {
        let to = self.watermark.idle(now, self.plan.window.idle_after);
        self.watermark.advance(to);
        self.settle();
        self.forget_templates_in_time(now);
        if self.clock == Clock::Wall && self.plan.watches_reports() {
            self.tables.windows.heard.reported_mut().watch(now);
        }
        if let Some(as_of) = self.watermark.current() {
            self.evaluate(as_of, now, true);
        }
    }

    /// Notes that an evaluation report was made: which period it is about, and when, by the wall clock. The same report twice is one.
    pub fn note_report(&mut self, period: &Period, made_at: EventTime) {
        self.tables.windows.heard.reported_mut().note(period, made_at);
    }

    /// Returns the counts of all cells, and the names of what cases have in strata.
    #[must_use]
    pub const fn counted(&self) -> (&Windows, &AttributeTable) {
        (&self.tables.windows, &self.tables.ledger.attributes)
    }

    /// Returns whether something may be known by the pseudonym key before the present one alone.
    #[must_use]
    pub const fn has_two_keys(&self) -> bool {
        self.tables.ledger.has_two_keys()
    }

    /// Returns the plan in force.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the health of the monitor in numbers.
    #[must_use]
    pub fn health(&self) -> Health {
        let ledger = self.tables.ledger.health();
        let by_dimension = |counts: &[u64]| {
            self.plan.dimensions.iter().zip(counts).map(|(dimension, count)| (dimension.name.clone(), *count)).collect()
        };
        // Few cases of a kind would tell of single ones.
        let shown = |cases: u64| self.plan.disclosure.stepped(cases);
        let by_kind = |cases: Vec<[u64; 2]>| {
            // What is on no list in an intersection is so in one of its parts.
            let dimensions = self.plan.dimensions.iter().zip(cases).filter(|(dimension, _)| !dimension.is_crossed());
            dimensions.map(|(dimension, cases)| (dimension.name.clone(), cases.map(shown))).collect()
        };
        let mut released: Vec<u64> = self.tables.ledger.released().iter().copied().map(shown).collect();
        released.resize(self.plan.dimensions.len(), 0);
        let stepped = |counts: &[u64]| counts.iter().copied().map(shown).collect::<Vec<u64>>();
        let cells = self.tables.windows.cells() as u64;
        let mut by_type = self.tallies.by_type();
        // What was lost is told as it is.
        by_type
            .iter_mut()
            .filter(|(_, result, _)| *result == "accepted")
            .for_each(|(.., count)| *count = shown(*count));
        Health {
            events: self.event_counts().stepped(&self.plan),
            by_type,
            rejections: self.tallies.rejections(),
            watermark: self.watermark.current(),
            partitions: self.watermark.partitions().collect(),
            open_cases: shown(ledger.open_cases),
            evicted_cases: ledger.evicted_cases,
            waiting_cases: shown(ledger.waiting_cases),
            dropped_waiting: ledger.dropped_waiting,
            remembered_ids: shown(ledger.remembered_ids),
            evicted_ids: ledger.evicted_ids,
            refused_contributions: self.tables.windows.refused(),
            late: self.tallies.late,
            late_for_evidence: self.tallies.late_for_evidence,
            ahead: self.ahead(),
            // That there is one more cell would say that a group has its first case.
            cells: if self.plan.disclosure.is_open() { cells } else { cells.next_multiple_of(CELLS_STEP) },
            without_group: by_dimension(&stepped(self.tables.windows.without_group())),
            released: by_dimension(&released),
            unlisted: by_kind(self.tables.windows.unlisted()),
            unlisted_ever: by_kind(self.tables.windows.unlisted_ever()),
            probabilistic: by_dimension(&stepped(self.tables.windows.probabilistic())),
            probabilities_dropped: self.tables.ledger.attributes.probabilities_dropped(),
            previous_key_until: self.tables.ledger.former_until(),
            evaluations: self.evaluations,
            invariant_violations: violations()
                .filter(|violations| violations.count > 0)
                .map(|violations| (violations.place, violations.count))
                .collect(),
        }
    }

    /// Returns the bytes allocated for open cases and for buckets. It visits all of them, which takes long.
    #[must_use]
    pub fn allocated_bytes(&self) -> (u64, u64) {
        (self.tables.ledger.allocated_bytes(), self.tables.windows.allocated_bytes() as u64)
    }

    pub(super) fn event_counts(&self) -> EventCounts {
        let unmatched = self.tables.ledger.health().waiting_cases;
        EventCounts { unmatched, ahead: self.ahead(), ..self.tallies.event_counts() }
    }

    /// Returns how many events were further ahead than the others support.
    fn ahead(&self) -> u64 {
        self.tallies.ahead.saturating_add(self.watermark.waited())
    }

    /// Returns how far an event may be ahead of its record and of the wall clock.
    pub(super) fn max_ahead(&self) -> Option<Span> {
        self.plan.window.max_ahead.filter(|_| self.clock == Clock::Wall)
    }

    /// Counts a record that was refused before it was an event, or from which no event was made.
    pub fn handle_no_event(&mut self, handled: &Handled) {
        self.tallies.count(type_index(None), handled);
    }

    /// Counts a record that is no event of the contract.
    pub(super) fn handle_other(&mut self, handled: Handled) -> Handled {
        self.tallies.count(type_index(None), &handled);
        handled
    }

    /// Handles an event. Returns what became of it and, where it was joined to a case, its record as if it arrived in time.
    pub(super) fn handle_event(
        &mut self,
        partition: PartitionIndex,
        event: &Event<'_>,
        now: EventTime,
    ) -> (Handled, Option<Record>) {
        if let Data::Measure(measure) = &event.data {
            let handled = self.handle_measure(partition, event, measure, now);
            self.tallies.count(type_index(Some(&event.data)), &handled);
            return (handled, None);
        }
        let mut record = None;
        let handled = self.handle_at(partition, event.time, now, |monitor, timing| {
            let (counted, joined) = monitor.count_event(event, timing);
            record = joined;
            counted
        });
        if handled == Handled::Accepted && self.clock == Clock::Wall {
            self.latenesses.note_groups(places_of_groups(event, &self.plan, &self.tables.ledger.attributes));
        }
        self.tallies.count(type_index(Some(&event.data)), &handled);
        (handled, record)
    }

    /// Handles an event of this time by `count`, unless it is not read or too late.
    #[inline]
    pub(super) fn handle_at(
        &mut self,
        partition: PartitionIndex,
        time: EventTime,
        now: EventTime,
        count: impl FnOnce(&mut Self, &Timing) -> Counted,
    ) -> Handled {
        if let Some(refused) = self.beyond_end(time).or_else(|| self.ahead_of_clock(time, now)) {
            return refused;
        }
        let lateness = self.watermark.lateness(partition, time);
        if lateness == Lateness::TooLate || time < self.begin {
            return Handled::TooLate;
        }
        let seen = self.watermark.seen(partition);
        let to = self.watermark.observe(partition, time, now);
        self.pass_time(to);
        // Only a partition that was declared idle can bring an event whose hour is already final.
        let late = lateness == Lateness::Late || !self.tables.cohorts.is_open(time);
        let watermark = self.watermark.current().unwrap_or(EventTime::MIN);
        let timing = Timing { watermark, seen: self.watermark.seen(partition).max(watermark), late };
        let (handled, heard) = count(self, &timing);
        if let Some(profile) = heard {
            self.hear(profile, now);
        }
        if handled == Handled::Accepted {
            if self.clock == Clock::Wall {
                self.latenesses.note(partition, time, seen);
            }
            self.tallies.late_for_evidence = self.tallies.late_for_evidence.saturating_add(u64::from(late));
            if lateness == Lateness::Late {
                self.tallies.late = self.tallies.late.saturating_add(1);
            }
        }
        handled
    }

    /// Returns what becomes of an event after the end of a `replay`; `None` where it is not.
    #[inline]
    pub(super) fn beyond_end(&mut self, time: EventTime) -> Option<Handled> {
        if let Clock::Event { as_of: Some(as_of) } = self.clock
            && time > as_of
        {
            return Some(Handled::BeyondAsOf);
        }
        if self.end.is_some_and(|end| time > end) {
            self.tallies.ahead = self.tallies.ahead.saturating_add(1);
            return Some(Handled::BeyondAsOf);
        }
        None
    }

    /// Returns what becomes of an event that is too far ahead of the wall clock; `None` where it is not.
    #[inline]
    pub(super) fn ahead_of_clock(&self, time: EventTime, now: EventTime) -> Option<Handled> {
        let max_ahead = self.max_ahead().filter(|max_ahead| time > now.plus(*max_ahead))?;
        Some(Handled::Rejected(Rejection::ahead_of_clock(time.since(now), max_ahead)))
    }

    /// Moves the watermark. What that makes due is done where it passes an hour, or an hour plus the allowed lateness.
    #[inline]
    pub(super) fn pass_time(&mut self, to: EventTime) {
        if to < self.quiet_until {
            self.watermark.advance(to);
        } else {
            self.pass_hours(to);
        }
    }

    #[inline(never)]
    fn pass_hours(&mut self, to: EventTime) {
        self.count_uncounted();
        if matches!(self.clock, Clock::Event { .. }) {
            self.pass_boundaries(to);
        }
        self.watermark.advance(to);
        self.tables.age(to);
        self.settle();
        let lateness = self.plan.window.allowed_lateness;
        self.quiet_until = to.next_hour().min(to.minus(lateness).next_hour().plus(lateness));
    }

    /// Counts the cases that are joined but not yet counted.
    pub(super) fn count_uncounted(&mut self) {
        self.sums.count(&mut self.tables.split().1);
    }

    /// Moves to evidence what the watermark has made final; before the first event there is none.
    pub(super) fn settle(&mut self) {
        if let Some(watermark) = self.watermark.current() {
            self.tables.settle(&self.plan, watermark);
        }
    }

    /// Evaluates. `shown` says whether anybody will see this result; if not, the funnel is left out, as alerts and evidence do not read it.
    pub(super) fn evaluate(&mut self, as_of: EventTime, now: EventTime, shown: bool) {
        self.tables.count_losses();
        self.tables.age(as_of);
        let stale = self.stale(now);
        let scene = Scene {
            plan: &self.plan,
            windows: &self.tables.windows,
            cohorts: &self.tables.cohorts,
            attributes: &self.tables.ledger.attributes,
            populations: &self.tables.populations,
            sequences: &self.tables.sequences,
            as_of,
            counted_to: as_of,
            now,
            stale: &stale,
        };
        self.evaluation = self.evaluator.evaluate(&scene);
        if shown {
            self.evaluation.funnel = self.evaluator.funnel(&scene);
            self.evaluation.unlisted = unlisted(&scene);
            let wanted = self.releases.wants_periods(&self.plan, as_of).filter(|_| self.tells_periods());
            let periods = wanted.map(|told_at| judge_periods(&scene, told_at));
            self.evaluation = self.releases.release(&self.plan, std::mem::take(&mut self.evaluation), periods);
            self.is_publication_due = true;
        }
        if !shown {
            hide_verdicts(&self.plan, &mut self.evaluation.findings);
        }
        let transitions = self.alerts.observe(now, &self.evaluation, &self.plan);
        let (measures, evaluation, plan) = (&*self.measures, &self.evaluation, &*self.plan);
        let shows = |finding: &Finding| shows_comparison(plan, finding);
        let answering = Answering { measures, evaluation, shows: &shows };
        let transitions = self.alerts.answer(now, answering, plan, transitions);
        if self.clock == Clock::Wall {
            self.changed_alerts.extend(transitions.into_iter().map(|transition| transition.alert));
        }
        self.evaluations = self.evaluations.saturating_add(1);
    }

    /// A replay that publishes its end alone tells of no periods.
    fn tells_periods(&self) -> bool {
        self.clock == Clock::Wall || self.publishes_days
    }

    fn stale(&self, now: EventTime) -> Vec<bool> {
        let Some(stale_after) = self.plan.window.stale_after.filter(|_| self.clock == Clock::Wall) else {
            return Vec::new();
        };
        self.heard.iter().map(|heard| now.since(*heard) > stale_after).collect()
    }

    fn count_event(&mut self, event: &Event<'_>, timing: &Timing) -> (Counted, Option<Record>) {
        let (tables, plan) = (&mut self.tables, &self.plan);
        let counted = match &event.data {
            Data::Tally(tally) => count_tally(tables, plan, (event, tally), timing),
            Data::Population(population) => count_population(tables, plan, (event, population), timing),
            Data::Complaint(complaint) if complaint.case_id.is_none() => {
                count_complaint(tables, plan, (event, complaint), timing)
            }
            _ => return count_case((tables, &mut self.sums), plan, event, timing),
        };
        (counted, None)
    }

    fn hear(&mut self, profile: ProfileId, now: EventTime) {
        match self.heard.get_mut(usize::from(profile.0)) {
            Some(heard) => *heard = (*heard).max(now),
            None => invariant::broken(Room::Monitor, "a profile that counted is one of the plan"),
        }
    }
}

//! Releases: from an exact evaluation to one whose numbers may be published, on fixed ticks of event time.
//!
//! Judgement is on exact counts, and verdicts are told at once. The numbers beside them are those of the last release. They are all made of one
//! set of linked tables, so that no two outputs can be subtracted from each other.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use super::periods::{LastDay, ToldPeriods};
use super::released_finding::{Release, carried};
use super::tables::Places;
use super::told::ToldFunnel;
use crate::judge::{Evaluation, Finding, FindingKey, Late, PeriodEvaluation, Unlisted};
use crate::plan::{EventTime, Plan};

/// What was released, and when the next release is due.
#[derive(Clone, Debug, Default)]
pub struct Releases {
    memory: Arc<Memory>,
    /// The tick of the last release.
    tick: Option<i64>,
    /// The end of its windows.
    released_at: Option<EventTime>,
    /// When periods were last told.
    day: LastDay,
    last: Option<Arc<Last>>,
}

/// The numbers of the last release.
#[derive(Debug, Default)]
struct Last {
    findings: HashMap<FindingKey, Finding, FxBuildHasher>,
    funnel: Vec<ToldFunnel>,
    late: Vec<Late>,
    unlisted: Vec<Unlisted>,
    periods: Option<Arc<ToldPeriods>>,
}

/// What a checkpoint keeps of releases: what was told of each count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReleasesState {
    memory: Arc<Memory>,
    tick: Option<i64>,
    released_at: Option<EventTime>,
    day: LastDay,
}

impl ReleasesState {
    /// Returns whether there was a release.
    #[must_use]
    pub const fn has_any(&self) -> bool {
        self.tick.is_some()
    }
}

impl Releases {
    /// Returns when periods were last told, if they are to be told with an evaluation at this time: with the first release of a UTC day.
    #[must_use]
    pub fn wants_periods(&self, plan: &Plan, as_of: EventTime) -> Option<Option<EventTime>> {
        let is_release = plan.disclosure.is_open() || self.tick != Some(tick(plan, as_of));
        (is_release && self.day.is_over(plan, as_of)).then_some(self.day.as_of)
    }

    /// Says that periods are to be told with the next release, whatever day it is.
    pub fn ask_for_periods(&mut self) {
        self.day.ask();
    }

    /// Returns the evaluation as it may be published: with verdicts of this moment and numbers of the last release, which is this one where a tick
    /// has passed. `periods` are told where they were [asked for](Self::wants_periods).
    pub fn release(&mut self, plan: &Plan, exact: Evaluation, periods: Option<PeriodEvaluation>) -> Evaluation {
        if periods.is_some() {
            self.day = LastDay::of(plan, exact.as_of);
        }
        if plan.disclosure.is_open() {
            self.released_at = None;
            self.last = Some(Arc::new(self.open(&exact, periods)));
            return exact;
        }
        let tick = tick(plan, exact.as_of);
        let is_due = self.tick != Some(tick);
        let is_known = |last: &Last| exact.findings.iter().all(|finding| last.findings.contains_key(&finding.key));
        if is_due || !self.last.as_deref().is_some_and(is_known) {
            self.make(plan, &exact, is_due, periods);
        }
        if is_due {
            (self.tick, self.released_at) = (Some(tick), Some(exact.as_of));
        }
        self.carry(plan, exact)
    }

    /// Returns the end of the windows of the last release; `None` before the first, and where every number is published as it is.
    #[must_use]
    pub const fn released_at(&self) -> Option<EventTime> {
        self.released_at
    }

    /// Returns what a checkpoint stores.
    #[must_use]
    pub fn state(&self) -> ReleasesState {
        ReleasesState {
            memory: Arc::clone(&self.memory),
            tick: self.tick,
            released_at: self.released_at,
            day: self.day.clone(),
        }
    }

    /// Returns what was released before the state was stored. Numbers that are no counts come back with the next release.
    #[must_use]
    pub fn restored(state: ReleasesState) -> Self {
        let ReleasesState { memory, tick, released_at, day } = state;
        Self { memory, tick, released_at, day, last: None }
    }

    pub(super) fn funnel(&self) -> &[ToldFunnel] {
        self.last.as_deref().map_or(&[], |last| &last.funnel)
    }

    /// Returns what was last told of periods; `None` where that was before a restart, or never.
    pub(super) fn periods(&self) -> Option<&ToldPeriods> {
        self.last.as_deref().and_then(|last| last.periods.as_deref())
    }

    /// Tells every number as it is.
    fn open(&self, exact: &Evaluation, periods: Option<PeriodEvaluation>) -> Last {
        let funnel = exact.funnel.tables.iter().cloned().map(ToldFunnel::open).collect();
        let told = |mut judged: PeriodEvaluation| {
            let (findings, tables) = (std::mem::take(&mut judged.findings), std::mem::take(&mut judged.tables));
            let funnel = tables.into_iter().map(ToldFunnel::open).collect();
            Arc::new(ToldPeriods::new(judged, findings, funnel, exact.as_of))
        };
        let before = || self.last.as_deref().and_then(|last| last.periods.clone());
        Last { funnel, periods: periods.map(told).or_else(before), ..Last::default() }
    }

    /// Makes the numbers of a release; or, between two, those of the last one again, of what it had.
    fn make(&mut self, plan: &Plan, exact: &Evaluation, is_due: bool, periods: Option<PeriodEvaluation>) {
        let last = self.last.take().unwrap_or_default();
        let memory = Arc::make_mut(&mut self.memory);
        if is_due {
            memory.begin();
        }
        let of_periods = periods.as_ref().filter(|_| is_due);
        if of_periods.is_some() {
            memory.begin_day();
        }
        let places = Places::of(plan, (exact, of_periods), memory, is_due);
        let about_periods = of_periods.map_or(&[][..], |periods| &periods.findings);
        let all: Vec<&Finding> = exact.findings.iter().chain(about_periods).collect();
        let mut release = Release::new(plan, (&places, &all), memory, is_due);
        let told = |finding: &Finding| {
            let before = last.findings.get(&finding.key);
            (finding.key.clone(), release.finding(finding, before))
        };
        let findings = exact.findings.iter().map(told).collect();
        // Between two releases all but new findings stays.
        if !is_due && !last.funnel.is_empty() {
            let Last { funnel, late, unlisted, periods, .. } = &*last;
            let (funnel, late, unlisted, periods) = (funnel.clone(), late.clone(), unlisted.clone(), periods.clone());
            self.last = Some(Arc::new(Last { findings, funnel, late, unlisted, periods }));
            return;
        }
        let of_periods = about_periods.iter().map(|finding| release.of_period(finding, last.periods.as_deref()));
        let of_periods: Vec<Finding> = of_periods.collect();
        let late = exact.late.iter().filter_map(|late| release.late(late)).collect();
        let unlisted = exact.unlisted.iter().map(|unlisted| release.unlisted(unlisted)).collect();
        let mut funnel = places.funnel(plan);
        let tables = funnel.split_off(exact.funnel.tables.len().min(funnel.len()));
        if is_due {
            memory.end();
        }
        let told = |judged| Arc::new(ToldPeriods::new(judged, of_periods, tables, exact.as_of));
        let periods = periods.filter(|_| is_due).map(told).or_else(|| last.periods.clone());
        self.last = Some(Arc::new(Last { findings, funnel, late, unlisted, periods }));
    }

    /// Puts the numbers of the last release beside the verdicts of this moment.
    fn carry(&self, plan: &Plan, exact: Evaluation) -> Evaluation {
        let Some(last) = &self.last else { return exact };
        let findings = exact.findings.into_iter().map(|finding| {
            let told = last.findings.get(&finding.key);
            told.map_or_else(|| finding.clone(), |told| carried(plan, told, &finding))
        });
        Evaluation { findings: findings.collect(), late: last.late.clone(), unlisted: last.unlisted.clone(), ..exact }
    }
}

/// The number of the tick that holds a time.
fn tick(plan: &Plan, as_of: EventTime) -> i64 {
    as_of.0.div_euclid(plan.disclosure.release_every.0.max(1))
}

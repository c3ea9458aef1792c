//! Releases: from an exact evaluation to one whose numbers may be published, on fixed ticks of event time.
//!
//! Judgement is on exact counts, and verdicts are told at once. The numbers beside them are those of the last release. They are all made of one
//! set of linked tables, so that no two outputs can be subtracted from each other.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use super::released_finding::{Release, carried};
use super::tables::{Places, ToldFunnel};
use crate::judge::{Evaluation, Finding, FindingKey, Late, Unlisted};
use crate::plan::{EventTime, Plan};

/// What was released, and when the next release is due.
#[derive(Clone, Debug, Default)]
pub struct Releases {
    memory: Arc<Memory>,
    /// The tick of the last release.
    tick: Option<i64>,
    /// The end of its windows.
    released_at: Option<EventTime>,
    last: Option<Arc<Last>>,
}

/// The numbers of the last release.
#[derive(Debug, Default)]
struct Last {
    findings: HashMap<FindingKey, Finding, FxBuildHasher>,
    funnel: Vec<ToldFunnel>,
    late: Vec<Late>,
    unlisted: Vec<Unlisted>,
}

/// What a checkpoint keeps of releases: what was told of each count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReleasesState {
    memory: Arc<Memory>,
    tick: Option<i64>,
    released_at: Option<EventTime>,
}

impl ReleasesState {
    /// Returns whether there was a release.
    #[must_use]
    pub const fn has_any(&self) -> bool {
        self.tick.is_some()
    }
}

impl Releases {
    /// Returns the evaluation as it may be published: with verdicts of this moment and numbers of the last release, which is this one where a tick
    /// has passed.
    pub fn release(&mut self, plan: &Plan, exact: Evaluation) -> Evaluation {
        if plan.disclosure.is_open() {
            self.released_at = None;
            let funnel = exact.funnel.tables.iter().cloned().map(ToldFunnel::open).collect();
            self.last = Some(Arc::new(Last { funnel, ..Last::default() }));
            return exact;
        }
        let tick = exact.as_of.0.div_euclid(plan.disclosure.release_every.0.max(1));
        let is_due = self.tick != Some(tick);
        let is_known = |last: &Last| exact.findings.iter().all(|finding| last.findings.contains_key(&finding.key));
        if is_due || !self.last.as_deref().is_some_and(is_known) {
            self.make(plan, &exact, is_due);
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
        ReleasesState { memory: Arc::clone(&self.memory), tick: self.tick, released_at: self.released_at }
    }

    /// Returns what was released before the state was stored. Numbers that are no counts come back with the next release.
    #[must_use]
    pub fn restored(state: ReleasesState) -> Self {
        let ReleasesState { memory, tick, released_at } = state;
        Self { memory, tick, released_at, last: None }
    }

    pub(super) fn funnel(&self) -> &[ToldFunnel] {
        self.last.as_deref().map_or(&[], |last| &last.funnel)
    }

    /// Makes the numbers of a release; or, between two, those of the last one again, of what it had.
    fn make(&mut self, plan: &Plan, exact: &Evaluation, is_due: bool) {
        let last = self.last.take().unwrap_or_default();
        let memory = Arc::make_mut(&mut self.memory);
        if is_due {
            memory.begin();
        }
        let places = Places::of(plan, exact, memory, is_due);
        let mut release = Release::new(plan, (&places, &exact.findings), memory, is_due);
        let told = |finding: &Finding| {
            let before = last.findings.get(&finding.key);
            (finding.key.clone(), release.finding(finding, before))
        };
        let findings = exact.findings.iter().map(told).collect();
        // Between two releases all but new findings stays.
        if !is_due && !last.funnel.is_empty() {
            let Last { funnel, late, unlisted, .. } = &*last;
            let (funnel, late, unlisted) = (funnel.clone(), late.clone(), unlisted.clone());
            self.last = Some(Arc::new(Last { findings, funnel, late, unlisted }));
            return;
        }
        let late = exact.late.iter().filter_map(|late| release.late(late)).collect();
        let unlisted = exact.unlisted.iter().map(|unlisted| release.unlisted(unlisted)).collect();
        let funnel = places.into_funnel(plan);
        if is_due {
            memory.end();
        }
        self.last = Some(Arc::new(Last { findings, funnel, late, unlisted }));
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

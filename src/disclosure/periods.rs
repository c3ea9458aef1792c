//! What was last told of periods, until they are told again.

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::published::PublishedPeriods;
use super::told::ToldFunnel;
use crate::judge::{Finding, FindingKey, JudgedPeriod, PeriodEvaluation};
use crate::plan::{EventTime, PeriodKind, Plan, Span};

/// When and under what configuration periods were last told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastDay {
    /// Where the windows ended; `None` where periods were never told.
    pub as_of: Option<EventTime>,
    kinds: Vec<PeriodKind>,
    config_hash: String,
}

/// The findings and tables of periods as they may be told.
#[derive(Clone, Debug)]
pub(super) struct ToldPeriods {
    pub as_of: EventTime,
    pub periods: Vec<JudgedPeriod>,
    pub findings: Vec<Finding>,
    pub funnel: Vec<ToldFunnel>,
    pub left_out: usize,
    /// By what it is about: the place among the findings.
    places: HashMap<FindingKey, usize, FxBuildHasher>,
    /// The same with every name spelled out, made when it is first asked for.
    published: OnceLock<Arc<PublishedPeriods>>,
}

impl LastDay {
    /// Returns that of a telling.
    pub fn of(plan: &Plan, as_of: EventTime) -> Self {
        Self { as_of: Some(as_of), kinds: plan.periods.clone(), config_hash: plan.config_hash.clone() }
    }

    /// Asks for periods before the day is over.
    pub fn ask(&mut self) {
        self.config_hash.clear();
    }

    /// Returns whether periods are told once more at this time: with the first release of each UTC day, and of each configuration.
    pub fn is_over(&self, plan: &Plan, as_of: EventTime) -> bool {
        let day = |time: EventTime| time.0.div_euclid(Span::DAY.0);
        let Some(last) = self.as_of else { return !plan.periods.is_empty() };
        let has_changed = self.kinds != plan.periods || self.config_hash != plan.config_hash;
        // Where there are none any more, that is said once.
        let has_any = !plan.periods.is_empty() || !self.kinds.is_empty();
        has_any && (has_changed || day(last) != day(as_of))
    }
}

impl ToldPeriods {
    /// Tells these numbers of what was judged.
    pub fn new(judged: PeriodEvaluation, findings: Vec<Finding>, funnel: Vec<ToldFunnel>, as_of: EventTime) -> Self {
        let PeriodEvaluation { periods, left_out, .. } = judged;
        let places = findings.iter().zip(0..).map(|(finding, place)| (finding.key.clone(), place)).collect();
        Self { as_of, periods, findings, funnel, left_out, places, published: OnceLock::new() }
    }

    /// Returns the finding of this name.
    pub fn finding(&self, key: &FindingKey) -> Option<&Finding> {
        self.places.get(key).and_then(|place| self.findings.get(*place))
    }

    /// Returns what may leave, made by `publish` where it was not made before.
    pub fn published(&self, publish: impl FnOnce(&Self) -> PublishedPeriods) -> Arc<PublishedPeriods> {
        Arc::clone(self.published.get_or_init(|| Arc::new(publish(self))))
    }
}

//! Periods of the calendar: every rule over each of them, to date and after its end.
//!
//! A period to date is a window that ends now, as rolling ones do. One that is over is judged over its own days, with all outcomes that came since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evaluator::Evaluator;
use super::finding::Finding;
use super::scene::Scene;
use super::stages::FunnelTable;
use crate::plan::{
    ComplaintMeasure, Complaints, EventTime, Indicator, Period, Plan, Rule, RuleKind, Span, WindowLength,
};

/// What the names of the windows of periods begin with. No name in the configuration has a control character.
pub const PERIOD_MARK: char = '\u{1e}';

/// One period that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedPeriod {
    /// Which.
    pub period: Period,
    /// What findings and tables about it call their window. Periods to date that began together share it.
    pub window: Arc<str>,
    /// Whether it is over. Then it is what happened from its beginning to now, without what happened since its end.
    pub is_over: bool,
}

/// Everything judged about periods at one moment. It never leaves as it is, like an [`Evaluation`](super::Evaluation).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeriodEvaluation {
    /// The periods that are told: by kind, and the latest first.
    pub periods: Vec<JudgedPeriod>,
    /// The windows from the beginning of a day to now, by name: those of periods to date, and those that an over one is the difference of.
    pub suffixes: BTreeMap<String, Span>,
    /// Findings about periods.
    pub findings: Vec<Finding>,
    /// Findings about hit rates in the other windows that end now. Nobody is told of them by themselves.
    pub beside: Vec<Finding>,
    /// Cases by stage, in all of these windows.
    pub tables: Vec<FunnelTable>,
    /// The number of groups in tables that were left out.
    pub left_out: usize,
}

impl JudgedPeriod {
    /// Returns the names of the two windows of which an over period is the difference: from its beginning, and from its end.
    #[must_use]
    pub fn between(&self) -> Option<[Arc<str>; 2]> {
        self.is_over.then(|| [suffix(self.period.first), suffix(self.period.last.saturating_add(1))])
    }

    fn new(period: Period, as_of: EventTime) -> Self {
        let is_over = period.end() <= as_of;
        let over = || Arc::from(format!("{PERIOD_MARK}{}..{}", period.first, period.last));
        let window = if is_over { over() } else { suffix(period.first) };
        Self { period, window, is_over }
    }
}

/// Judges the periods of a plan. `told_at` is when they were last told.
#[must_use]
pub fn judge_periods(scene: &Scene<'_>, told_at: Option<EventTime>) -> PeriodEvaluation {
    let periods: Vec<JudgedPeriod> = due(scene.plan, scene.as_of, told_at);
    let mut found = PeriodEvaluation { periods, ..PeriodEvaluation::default() };
    judge_to_date(scene, &mut found);
    let ends: BTreeSet<EventTime> = over(&found.periods).map(|period| period.period.end()).collect();
    ends.into_iter().for_each(|end| judge_over(scene, end, &mut found));
    found
}

/// The current period of each kind, and those before it for as long as outcomes may come; and once more after that, so that what is told last has them
/// all. None of which the history has lost a part.
fn due(plan: &Plan, as_of: EventTime, told_at: Option<EventTime>) -> Vec<JudgedPeriod> {
    let (settle, begin) = (plan.window.settle(), as_of.minus(plan.window.history));
    let may_change = |period: &Period| {
        let settled = period.end().plus(settle);
        settled > as_of || told_at.is_some_and(|told_at| told_at < settled)
    };
    let mut periods = Vec::new();
    for kind in &plan.periods {
        let mut period = kind.around(as_of);
        while period.start() >= begin && may_change(&period) {
            let before = kind.before(&period);
            periods.push(JudgedPeriod::new(period, as_of));
            period = before;
        }
    }
    periods
}

/// Judges the windows that end now.
fn judge_to_date(scene: &Scene<'_>, found: &mut PeriodEvaluation) {
    let told: BTreeSet<i64> = to_date(&found.periods).map(|period| period.period.first).collect();
    let window = |first: &i64| WindowLength {
        length: scene.as_of.since(EventTime(first.saturating_mul(Span::DAY.0))),
        label: suffix(*first).to_string(),
    };
    let mut all = told.clone();
    if !scene.plan.disclosure.is_open() {
        // An over period is told as a difference of these.
        all.extend(over(&found.periods).flat_map(|over| [over.period.first, over.period.last.saturating_add(1)]));
    }
    // The shortest first.
    let [of_all, of_told] = [&all, &told].map(|firsts| firsts.iter().rev().map(window).collect::<Vec<_>>());
    found.suffixes = of_all.iter().map(|window| (window.label.clone(), window.length)).collect();
    let has_tables = |rule: &Rule| rule.disparity().is_some();
    let plan = with_windows(scene.plan, |rule| if has_tables(rule) { of_all.clone() } else { of_told.clone() });
    let is_told = |finding: &Finding| of_told.iter().any(|window| *window.label == *finding.key.window);
    judge(&Scene { plan: &plan, ..*scene }, is_told, found);
}

/// Judges the periods that ended together.
fn judge_over(scene: &Scene<'_>, end: EventTime, found: &mut PeriodEvaluation) {
    let as_of = end.minus(Span(1));
    let ended = over(&found.periods).filter(|period| period.period.end() == end);
    let mut windows: Vec<WindowLength> = ended
        .map(|period| WindowLength { length: as_of.since(period.period.start()), label: period.window.to_string() })
        .collect();
    windows.sort();
    let plan = with_windows(scene.plan, |_| windows.clone());
    // What is over cannot become silent.
    judge(&Scene { plan: &plan, as_of, stale: &[], ..*scene }, |_| true, found);
}

fn judge(scene: &Scene<'_>, is_told: impl Fn(&Finding) -> bool, found: &mut PeriodEvaluation) {
    // Verdicts that stand are those of rolling windows: a period is judged by its own numbers.
    let mut evaluator = Evaluator::default();
    let (told, beside): (Vec<Finding>, Vec<Finding>) =
        evaluator.evaluate(scene).findings.into_iter().partition(is_told);
    found.findings.extend(told);
    found.beside.extend(beside.into_iter().filter(|finding| finding.key.indicator == Some(Indicator::HitRate)));
    let funnel = evaluator.funnel(scene);
    found.tables.extend(funnel.tables);
    found.left_out = found.left_out.saturating_add(funnel.left_out);
}

/// Returns the plan with other windows; without any where a rule does not count what happened in its window.
fn with_windows(plan: &Plan, windows: impl Fn(&Rule) -> Vec<WindowLength>) -> Plan {
    let mut plan = plan.clone();
    for rule in &mut plan.rules {
        rule.windows = if counts_window(rule) && !rule.windows.is_empty() { windows(rule) } else { Vec::new() };
    }
    plan
}

/// Whether the rule judges what happened in its window: silence is of now, and a drift or rise is between times of the rule's own.
const fn counts_window(rule: &Rule) -> bool {
    !matches!(
        rule.kind,
        RuleKind::Silence(_)
            | RuleKind::Drift(_)
            | RuleKind::Complaints(Complaints { measure: ComplaintMeasure::Rise, .. })
    )
}

fn over(periods: &[JudgedPeriod]) -> impl Iterator<Item = &JudgedPeriod> {
    periods.iter().filter(|period| period.is_over)
}

fn to_date(periods: &[JudgedPeriod]) -> impl Iterator<Item = &JudgedPeriod> {
    periods.iter().filter(|period| !period.is_over)
}

/// The name of the window from the beginning of a day to now.
fn suffix(first: i64) -> Arc<str> {
    Arc::from(format!("{PERIOD_MARK}{first}"))
}

//! All alerts, and how an evaluation changes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::alert_id::alert_id;
use super::episode::{Alert, AlertState, Condition, Identity, Transition};
use super::measures::MeasureBook;
use super::severity::Severity;
use crate::judge::{Evaluation, Finding, Verdict};
use crate::plan::invariant::{self, Room};
use crate::plan::{EventTime, Mapping, Plan, Rule, Span};

/// The most ended alerts that are kept. The oldest are dropped first, and counted.
pub const MAX_ENDED_ALERTS: usize = 10_000;

/// Every alert that was ever pending or firing, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertBook {
    pub(super) alerts: Vec<Alert>,
    pub(super) dropped: u64,
}

/// What the measures are held against.
#[derive(Clone, Copy)]
pub struct Answering<'a> {
    /// The measures that were taken.
    pub measures: &'a MeasureBook,
    /// The findings of this moment.
    pub evaluation: &'a Evaluation,
    /// Whether the numbers of a finding may be published.
    pub shows: &'a dyn Fn(&Finding) -> bool,
}

/// What receivers were told of an alert, or will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToldSoFar {
    /// The number of its transitions that they were told of.
    pub number: u32,
    /// Where the last of these left the alert firing: when that transition was.
    pub firing_since: Option<EventTime>,
}

impl AlertBook {
    /// Returns a book without alerts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the book under the present plan. Alerts about what is gone are left out, and counted.
    #[must_use]
    pub fn renamed(self, mapping: &Mapping) -> Self {
        let before = self.alerts.len();
        let alerts: Vec<Alert> = self.alerts.into_iter().filter_map(|alert| alert.renamed(mapping)).collect();
        let dropped = self.dropped.saturating_add((before - alerts.len()) as u64);
        Self { alerts, dropped }
    }

    /// Leaves out the open alerts that would never end, and counts them. Those are alerts that no rule watches any
    /// more, as the rule no longer names their profile, channel or dimension; and of several open alerts about the same
    /// all but the last, which is the one that findings reach. There are several where a rule was removed and put back:
    /// it may have raised the alert again after the checkpoint with the first.
    pub fn keep_watched(&mut self, plan: &Plan) {
        let last = self.open();
        let before = self.alerts.len();
        let mut index = 0..;
        self.alerts.retain(|alert| {
            let is_last = last.get(&alert.identity).copied() == index.next();
            !alert.state.is_open() || is_last && is_watched(&alert.identity, plan)
        });
        self.dropped = self.dropped.saturating_add((before - self.alerts.len()) as u64);
    }

    /// Catches up with the receivers. Where they were told of more transitions of an open alert than the book knows,
    /// what happened since the checkpoint was not stored.
    ///
    /// If the last transition left the alert firing, it fires. Otherwise its end was told, because its rule was removed
    /// after the checkpoint: the alert is left out, and counted, as nothing more could be told under its id. What still
    /// holds raises a new alert.
    pub fn keep_as_told(&mut self, told: impl Fn(&str) -> ToldSoFar) {
        let before = self.alerts.len();
        self.alerts.retain_mut(|alert| {
            let told = if alert.state.is_open() { told(&alert.id.to_string()) } else { ToldSoFar::default() };
            let is_behind = told.number > alert.transitions;
            if let (true, Some(at)) = (is_behind, told.firing_since) {
                alert.adopt_firing(told.number, at);
            }
            !is_behind || told.firing_since.is_some()
        });
        self.dropped = self.dropped.saturating_add((before - self.alerts.len()) as u64);
    }

    /// Corrects for a wall clock that was set: every condition has held for as long as before.
    pub fn shift_clock(&mut self, by: Span) {
        self.alerts.iter_mut().filter(|alert| alert.state.is_open()).for_each(|alert| alert.shift_clock(by));
    }

    /// Returns every alert, oldest first, to complete what a stored format keeps apart.
    pub fn alerts_mut(&mut self) -> &mut [Alert] {
        &mut self.alerts
    }

    /// Replaces the alerts with the same ids; those that the book does not have are added at the end. Alerts about what
    /// is gone from the plan are left out.
    pub fn recall(&mut self, alerts: Vec<Alert>, mapping: &Mapping) {
        for alert in alerts.into_iter().filter_map(|alert| alert.renamed(mapping)) {
            match self.alerts.iter_mut().find(|known| known.id == alert.id) {
                Some(known) => *known = alert,
                None => self.alerts.push(alert),
            }
        }
    }

    /// Applies an evaluation at `now` and returns what changed, in the order of the identities.
    pub fn observe(&mut self, now: EventTime, evaluation: &Evaluation, plan: &Plan) -> Vec<Transition> {
        let findings = by_identity(evaluation);
        let open = self.open();
        let identities: BTreeSet<Identity> = open.keys().chain(findings.keys()).cloned().collect();
        let mut transitions = Vec::new();
        for identity in identities {
            let rule = plan.rules.get(identity.rule);
            let Some(rule) = invariant::present(Room::Alert, "an alert has a rule of the plan", rule) else { continue };
            let found = findings.get(&identity).map_or(&[][..], Vec::as_slice);
            match open.get(&identity) {
                Some(index) => match self.alerts.get_mut(*index) {
                    Some(alert) => transitions.extend(advance(alert, found, rule, now)),
                    None => invariant::broken(Room::Alert, "an open alert is in the book"),
                },
                None => {
                    if let Some(alert) = begin(identity, found, rule, plan, now) {
                        transitions.push(Transition { alert: alert.clone(), from: None });
                        self.alerts.push(alert);
                    }
                }
            }
        }
        self.keep_bounds();
        transitions
    }

    /// Lets the measures answer the open alerts, after [`Self::observe`] at the same moment. `transitions` are what that returned;
    /// those that the measures change further are added, or changed in their place.
    #[must_use]
    pub fn answer(
        &mut self,
        now: EventTime,
        Answering { measures, evaluation, shows }: Answering<'_>,
        plan: &Plan,
        mut transitions: Vec<Transition>,
    ) -> Vec<Transition> {
        let is_asked = |alert: &Alert| alert.state.is_open() && !(measures.is_empty() && alert.answer.is_empty());
        if !self.alerts.iter().any(is_asked) {
            return transitions;
        }
        let findings = by_identity(evaluation);
        for alert in self.alerts.iter_mut().filter(|alert| is_asked(alert)) {
            let rule = plan.rules.get(alert.identity.rule);
            let Some(rule) = invariant::present(Room::Alert, "an alert has a rule of the plan", rule) else { continue };
            let known = transitions.iter_mut().find(|transition| transition.alert.id == alert.id);
            let state = alert.state;
            let goes_on =
                known.as_ref().map_or(state, |known| known.from.unwrap_or(AlertState::Pending)) == AlertState::Firing;
            let found = findings.get(&alert.identity).map_or(&[][..], Vec::as_slice);
            let raised: Vec<&Finding> = found.iter().copied().filter(|found| severity_of(found).is_some()).collect();
            let measures = measures.of(&alert.subjects(plan));
            let tells = alert.take_measures(&measures, (rule, &raised), (shows, now), goes_on);
            match known {
                // One evaluation is one transition.
                Some(known) => known.alert = alert.clone(),
                None if tells => {
                    alert.count_transition();
                    transitions.push(Transition { alert: alert.clone(), from: Some(state) });
                }
                None => {}
            }
        }
        transitions
    }

    /// Returns every alert, oldest first.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> + Clone {
        self.alerts.iter()
    }

    /// Returns how many alerts were dropped or left out.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The place of the open alert of each identity; of several the last.
    fn open(&self) -> BTreeMap<Identity, usize> {
        let open = (0..).zip(&self.alerts).filter(|(_, alert)| alert.state.is_open());
        open.map(|(index, alert)| (alert.identity.clone(), index)).collect()
    }

    fn keep_bounds(&mut self) {
        let ended = self.alerts.iter().filter(|alert| !alert.state.is_open()).count();
        let mut surplus = ended.saturating_sub(MAX_ENDED_ALERTS);
        self.dropped = self.dropped.saturating_add(surplus as u64);
        self.alerts.retain(|alert| {
            let drop = surplus > 0 && !alert.state.is_open();
            surplus -= usize::from(drop);
            !drop
        });
    }
}

/// Whether the rule can have findings about this.
fn is_watched(identity: &Identity, plan: &Plan) -> bool {
    let rule = plan.rules.get(identity.rule);
    let Some(rule) = invariant::present(Room::Alert, "an alert has a rule of the plan", rule) else { return false };
    rule.profiles.contains(&identity.profile)
        && rule.channels.contains(&identity.channel)
        && identity.dimension.is_none_or(|dimension| rule.watches_dimension(dimension))
}

/// The findings that can raise an alert, by identity. Those of one identity are its windows, in the order of the rule.
fn by_identity(evaluation: &Evaluation) -> BTreeMap<Identity, Vec<&Finding>> {
    let mut findings: BTreeMap<Identity, Vec<&Finding>> = BTreeMap::new();
    for finding in evaluation.findings.iter().filter(|finding| finding.verdict.is_some()) {
        findings.entry(Identity::of(&finding.key)).or_default().push(finding);
    }
    findings
}

fn begin(identity: Identity, findings: &[&Finding], rule: &Rule, plan: &Plan, now: EventTime) -> Option<Alert> {
    let (severity, worst) = raised(findings)?;
    let names =
        invariant::present(Room::Alert, "a finding is about what its plan names", names(&identity, rule, plan))?;
    let id = alert_id(&names, now);
    Some(Alert::begin(id, identity, severity, worst, now, rule.hold_for))
}

fn advance(alert: &mut Alert, findings: &[&Finding], rule: &Rule, now: EventTime) -> Option<Transition> {
    let (state, severity) = (alert.state, alert.severity);
    let condition = condition(alert, findings, rule);
    alert.advance(condition, now, rule.hold_for, rule.keep_firing_for);
    let changed = alert.state != state || alert.severity != severity && alert.state == AlertState::Firing;
    changed.then(|| Transition { alert: alert.clone(), from: Some(state) })
}

/// Silence is not compliance: a window with too little data never clears the alert that it raised, nor does a missing
/// finding.
fn condition<'f>(alert: &Alert, findings: &[&'f Finding], rule: &Rule) -> Condition<'f> {
    if let Some((severity, worst)) = raised(findings) {
        return Condition::Raised(severity, worst);
    }
    // A version that is no longer used, or a criterion that left its list, has no finding any more. Groups always have one.
    if findings.is_empty() && alert.identity.subject.is_some() {
        return Condition::Clear;
    }
    // The window that raised the alert must be within. Any other one may stand in for it where the rule no longer has
    // it.
    let window = &alert.evidence.key.window;
    let has_window = rule.windows.iter().any(|length| length.label == **window);
    let mut raising = findings.iter().filter(|finding| !has_window || finding.key.window == *window);
    let is_within = raising.any(|finding| finding.verdict == Some(Verdict::Within));
    let beyond = findings.iter().any(|finding| finding.verdict == Some(Verdict::Within) && finding.beyond_clear);
    if is_within && !beyond { Condition::Clear } else { Condition::Held }
}

/// The worst window that is beyond a threshold; of equal ones the first.
fn raised<'f>(findings: &[&'f Finding]) -> Option<(Severity, &'f Finding)> {
    let raised = findings.iter().filter_map(|finding| severity_of(finding).map(|severity| (severity, *finding)));
    raised.reduce(|worst, next| if next.0 > worst.0 { next } else { worst })
}

/// How bad a finding is; `None` where it is beyond no threshold.
const fn severity_of(finding: &Finding) -> Option<Severity> {
    match finding.verdict {
        Some(Verdict::Critical) => Some(Severity::Critical),
        Some(Verdict::Warning) => Some(Severity::Warning),
        _ => None,
    }
}

/// The names that make up an alert's id.
fn names<'p>(identity: &'p Identity, rule: &'p Rule, plan: &'p Plan) -> Option<Vec<&'p str>> {
    let profile = plan.profiles.get(usize::from(identity.profile.0))?;
    let mut names = vec![rule.name.as_str(), &profile.name, identity.channel.name()];
    let dimension = match identity.dimension {
        Some(dimension) => Some(plan.dimensions.get(usize::from(dimension.0))?),
        None => None,
    };
    let group = match (dimension, identity.group) {
        (Some(dimension), Some(group)) => dimension.groups.get(usize::from(group.0))?.as_str(),
        _ => "",
    };
    // What is about the profile as a whole has neither.
    names.extend([dimension.map_or("", |dimension| dimension.name.as_str()), group]);
    names.push(rule.reference());
    names.extend(identity.subject.as_deref());
    Some(names)
}

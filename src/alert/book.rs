//! All alerts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::episode::{Condition, alert_id};
use crate::alert::{Alert, AlertState, Identity, Severity, Transition};
use crate::judge::{Evaluation, Finding, Verdict};
use crate::plan::{EventTime, Mapping, Plan, Rule, Span};

/// Most ended alerts kept; the oldest go first and are counted.
pub const MAX_ENDED_ALERTS: usize = 10_000;

/// What receivers were told of an alert, or are to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToldSoFar {
    /// Of how many of its transitions; 0 for none.
    pub number: u32,
    /// When the last of them was, where by it the alert fires.
    pub firing_since: Option<EventTime>,
}

/// Every alert that was ever pending or firing, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertBook {
    pub(super) alerts: Vec<Alert>,
    pub(super) dropped: u64,
}

impl AlertBook {
    /// No alerts yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with rules and profiles renamed; alerts about what is gone are left out and counted.
    #[must_use]
    pub fn renamed(self, mapping: &Mapping) -> Self {
        let before = self.alerts.len();
        let alerts: Vec<Alert> = self.alerts.into_iter().filter_map(|alert| alert.renamed(mapping)).collect();
        let dropped = self.dropped.saturating_add((before - alerts.len()) as u64);
        Self { alerts, dropped }
    }

    /// Leaves out, and counts, what would never end: open alerts that no rule watches any more, as the rule is no longer about their profile,
    /// channel or dimension; and of several open ones about the same all but the last, as findings go to that one. A rule that was taken out
    /// and put in again may have raised it anew after the checkpoint that has the first.
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

    /// Goes on from what receivers were told of an open alert where that is more than the book knows. Where it was told to fire, the disk has not
    /// taken what happened to it since the checkpoint: it fires. Else its end was told, when its rule was taken out after that
    /// checkpoint: it is left out, and counted. Under its id nothing more could be told; what still holds begins anew.
    pub fn keep_as_told(&mut self, told: impl Fn(&str) -> ToldSoFar) {
        let before = self.alerts.len();
        self.alerts.retain_mut(|alert| {
            let told = if alert.state.is_open() { told(&alert.id.to_string()) } else { ToldSoFar::default() };
            let is_behind = told.number > alert.transitions;
            if let (true, Some(at)) = (is_behind, told.firing_since) {
                alert.fire_as_told(told.number, at);
            }
            !is_behind || told.firing_since.is_some()
        });
        self.dropped = self.dropped.saturating_add((before - self.alerts.len()) as u64);
    }

    /// The wall clock was set: what holds has held as long as before.
    pub fn shift_clock(&mut self, by: Span) {
        self.alerts.iter_mut().filter(|alert| alert.state.is_open()).for_each(|alert| alert.shift_clock(by));
    }

    /// Puts alerts in the place of those of the same id; those that are not there yet come last.
    pub fn recall(&mut self, alerts: Vec<Alert>, mapping: &Mapping) {
        for alert in alerts.into_iter().filter_map(|alert| alert.renamed(mapping)) {
            match self.alerts.iter_mut().find(|known| known.id == alert.id) {
                Some(known) => *known = alert,
                None => self.alerts.push(alert),
            }
        }
    }

    /// Takes an evaluation in; gives what changed.
    pub fn observe(&mut self, now: EventTime, evaluation: &Evaluation, plan: &Plan) -> Vec<Transition> {
        let findings = by_identity(evaluation);
        let open = self.open();
        let identities: BTreeSet<Identity> = open.keys().chain(findings.keys()).copied().collect();
        let mut transitions = Vec::new();
        for identity in identities {
            let Some(rule) = plan.rules.get(identity.rule) else { continue };
            let found = findings.get(&identity).map_or(&[][..], Vec::as_slice);
            match open.get(&identity).and_then(|index| self.alerts.get_mut(*index)) {
                Some(alert) => transitions.extend(go_on(alert, found, rule, now)),
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

    /// Every alert, oldest first.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter()
    }

    /// Ended alerts that are no longer kept.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Where the open alert of each identity stands; of several the last.
    fn open(&self) -> BTreeMap<Identity, usize> {
        let open = (0..).zip(&self.alerts).filter(|(_, alert)| alert.state.is_open());
        open.map(|(index, alert)| (alert.identity, index)).collect()
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

/// Whether a rule can have findings with a verdict about this.
fn is_watched(identity: &Identity, plan: &Plan) -> bool {
    let Some(rule) = plan.rules.get(identity.rule) else { return false };
    rule.profiles.contains(&identity.profile)
        && rule.channels.contains(&identity.channel)
        && rule.dimensions.contains(&identity.dimension)
}

/// Findings that can alert, by identity; an identity's windows come in the rule's order.
fn by_identity(evaluation: &Evaluation) -> BTreeMap<Identity, Vec<&Finding>> {
    let mut findings: BTreeMap<Identity, Vec<&Finding>> = BTreeMap::new();
    for finding in evaluation.findings.iter().filter(|finding| finding.verdict.is_some()) {
        let key = &finding.key;
        let identity = Identity {
            rule: key.rule,
            profile: key.profile,
            channel: key.channel,
            dimension: key.dimension,
            group: key.group,
        };
        findings.entry(identity).or_default().push(finding);
    }
    findings
}

fn begin(identity: Identity, findings: &[&Finding], rule: &Rule, plan: &Plan, now: EventTime) -> Option<Alert> {
    let (severity, worst) = raised(findings)?;
    let id = alert_id(&names(identity, rule, plan), now);
    Some(Alert::begin(id, identity, severity, worst, now, rule.hold_for))
}

fn go_on(alert: &mut Alert, findings: &[&Finding], rule: &Rule, now: EventTime) -> Option<Transition> {
    let (state, severity) = (alert.state, alert.severity);
    let condition = condition(alert, findings, rule);
    alert.go_on(condition, now, rule.hold_for, rule.keep_firing_for);
    let changed = alert.state != state || alert.severity != severity && alert.state == AlertState::Firing;
    changed.then(|| Transition { alert: alert.clone(), from: Some(state) })
}

/// Silence is not compliance: a window without enough data never clears what it raised, nor does a finding that is missing.
fn condition<'f>(alert: &Alert, findings: &[&'f Finding], rule: &Rule) -> Condition<'f> {
    if let Some((severity, worst)) = raised(findings) {
        return Condition::Raised(severity, worst);
    }
    // Where the rule no longer has the window that raised it, any other one speaks.
    let window = &alert.evidence.key.window;
    let is_watched = rule.windows.iter().any(|length| length.label == **window);
    let mut raising = findings.iter().filter(|finding| !is_watched || finding.key.window == *window);
    let speaks = raising.any(|finding| finding.verdict == Some(Verdict::Within));
    let beyond = findings.iter().any(|finding| finding.verdict == Some(Verdict::Within) && finding.beyond_clear);
    if speaks && !beyond { Condition::Clear } else { Condition::Held }
}

/// The worst window, where one is beyond a threshold; of equals the first.
fn raised<'f>(findings: &[&'f Finding]) -> Option<(Severity, &'f Finding)> {
    let severity = |finding: &Finding| match finding.verdict {
        Some(Verdict::Critical) => Some(Severity::Critical),
        Some(Verdict::Warning) => Some(Severity::Warning),
        _ => None,
    };
    let raised = findings.iter().filter_map(|finding| severity(finding).map(|severity| (severity, *finding)));
    raised.reduce(|worst, next| if next.0 > worst.0 { next } else { worst })
}

fn names<'p>(identity: Identity, rule: &'p Rule, plan: &'p Plan) -> [&'p str; 6] {
    let dimension = plan.dimensions.get(usize::from(identity.dimension.0));
    let group = dimension.and_then(|dimension| dimension.groups.get(usize::from(identity.group.0)));
    [
        &rule.name,
        plan.profiles.get(usize::from(identity.profile.0)).map_or("", |profile| &profile.name),
        identity.channel.name(),
        dimension.map_or("", |dimension| &dimension.name),
        group.map_or("", |group| group),
        rule.reference.name(),
    ]
}

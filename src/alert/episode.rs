//! One alert: an episode, from the moment its condition holds to its end.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert_id::AlertId;
use super::answer::{Answer, Standing};
use super::measures::{MeasureSubject, MeasureTaken};
use super::severity::Severity;
use crate::judge::{Extra, Finding, FindingKey, Later};
use crate::plan::optional;
use crate::plan::{Channel, DimensionId, EventTime, GroupId, Mapping, Plan, ProfileId, Rule, Span};

/// One episode, with the finding that last raised it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it is about.
    pub identity: Identity,
    /// How bad it is, or was when the episode ended.
    pub severity: Severity,
    /// Its state.
    pub state: AlertState,
    /// When the condition began to hold.
    pub active_at: EventTime,
    /// When it fired.
    pub fired_at: Option<EventTime>,
    /// When it resolved.
    pub resolved_at: Option<EventTime>,
    /// The number of transitions that receivers are told of: that it fires, each change of severity while it fires, and
    /// its end.
    pub transitions: u32,
    /// The last change of severity while it fired.
    pub change: Option<SeverityChange>,
    /// The finding of the worst window when the condition last held.
    pub evidence: Finding,
    /// Since when a window has been critical at every evaluation.
    pub(super) critical_since: Option<EventTime>,
    /// When a window was last critical.
    pub(super) critical_seen: Option<EventTime>,
    /// Since when the condition has been clear at every evaluation.
    pub(super) clear_since: Option<EventTime>,
    /// What was done about it. Formats 3 to 7 have none.
    #[serde(skip)]
    pub answer: Answer,
}

/// A change of severity while an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityChange {
    /// The severity before the change.
    pub from: Severity,
    /// When it changed.
    pub at: EventTime,
}

/// A change of an alert's state or severity.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The alert after the change.
    pub alert: Alert,
    /// Its state before the change; `None` for a new alert.
    pub from: Option<AlertState>,
}

/// What an alert is about. The worst of its windows decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Index of the rule in the plan. The rule also fixes the reference.
    pub rule: usize,
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension; `None` for what is about a profile as a whole.
    #[serde(with = "optional::dimension")]
    pub dimension: Option<DimensionId>,
    /// The group, likewise.
    #[serde(with = "optional::group")]
    pub group: Option<GroupId>,
    /// What else it is about, as in [`FindingKey`]. It is stored with the finding.
    #[serde(skip)]
    pub subject: Option<Arc<str>>,
}

/// The state of an alert, as in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlertState {
    /// The condition holds, but not for long enough yet.
    Pending,
    /// The condition has held for `for`.
    Firing,
    /// It fired, and the condition was clear for `keep_firing_for`.
    Resolved,
    /// It was pending and never fired.
    Inactive,
}

/// What the findings of one identity say at one evaluation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition<'f> {
    /// A window is beyond a threshold; the finding is that of the worst.
    Raised(Severity, &'f Finding),
    /// No window is beyond a threshold, but the condition is not clear: one is beyond the clear threshold, or the
    /// window that raised the alert says nothing.
    Held,
    /// Every window that says something is within the thresholds, the clear threshold included.
    Clear,
}

impl Identity {
    /// Returns the identity of the alert that a finding raises.
    #[must_use]
    pub fn of(key: &FindingKey) -> Self {
        let FindingKey { rule, profile, channel, dimension, group, subject, .. } = key;
        Self {
            rule: *rule,
            profile: *profile,
            channel: *channel,
            dimension: *dimension,
            group: *group,
            subject: subject.clone(),
        }
    }
}

impl AlertState {
    /// Returns the word for it in metrics, messages and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Inactive => "inactive",
        }
    }

    /// Returns whether the episode has not ended.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Firing)
    }
}

impl Alert {
    /// Returns a new episode. It fires at once where `hold_for` is 0.
    pub(super) fn begin(
        id: AlertId,
        identity: Identity,
        severity: Severity,
        evidence: &Finding,
        now: EventTime,
        hold_for: Span,
    ) -> Self {
        let critical = (severity == Severity::Critical).then_some(now);
        // Where a condition must hold for some time, it must also be critical for that time: until then it is a
        // warning.
        let severity = if hold_for > Span(0) { Severity::Warning } else { severity };
        let mut alert = Self {
            id,
            identity,
            severity,
            state: AlertState::Pending,
            active_at: now,
            fired_at: None,
            resolved_at: None,
            transitions: 0,
            change: None,
            evidence: evidence.clone(),
            critical_since: critical,
            critical_seen: critical,
            clear_since: None,
            answer: Answer::default(),
        };
        alert.fire_when_due(now, hold_for);
        alert
    }

    /// Returns the alert under the present plan; `None` where its rule or profile is gone, or where the rule compares
    /// with another reference, which makes it another alert with another id and other labels.
    #[must_use]
    pub fn renamed(mut self, mapping: &Mapping) -> Option<Self> {
        self.identity.rule = mapping.alert_rule(self.identity.rule)?;
        self.identity.profile = mapping.profile(self.identity.profile)?;
        self.evidence.key.rule = self.identity.rule;
        self.evidence.key.profile = self.identity.profile;
        Some(self)
    }

    /// Sets what the encoding of the finding leaves out.
    pub fn set_later(&mut self, later: Later) {
        self.evidence.set_later(later);
    }

    /// Sets what the encoding of its evidence leaves out.
    pub fn set_extra(&mut self, extra: Extra) {
        self.evidence.set_extra(extra);
        self.identity.subject = self.evidence.key.subject.clone();
    }

    /// Sets what the encoding leaves out of what was done about it.
    pub fn set_answer(&mut self, answer: Answer) {
        self.answer = answer;
    }

    /// Returns every subject of measures that the alert is among; nothing where the plan does not have what it is about.
    #[must_use]
    pub fn subjects(&self, plan: &Plan) -> Vec<MeasureSubject> {
        let Identity { rule, profile, dimension, group, .. } = &self.identity;
        let rule = plan.rules.get(*rule).map(|rule| rule.name.as_str());
        let profile = plan.profiles.get(usize::from(profile.0)).map(|profile| profile.name.as_str());
        let Some(names) = rule.zip(profile) else { return Vec::new() };
        let dimension = dimension.and_then(|dimension| plan.dimensions.get(usize::from(dimension.0)));
        let group = dimension.zip(*group).and_then(|(dimension, group)| dimension.groups.get(usize::from(group.0)));
        let about = dimension.map(|dimension| (dimension.name.as_str(), group.map(String::as_str)));
        MeasureSubject::of_alert(self.id, names, about)
    }

    /// Takes the measures that answer it, in the order of their time. `raised` are its windows that are beyond a threshold;
    /// `goes_on` says whether it fired before this evaluation, too. Returns whether there is something to tell of an alert
    /// that does.
    pub(super) fn take_measures(
        &mut self,
        measures: &[&Arc<MeasureTaken>],
        (rule, raised): (&Rule, &[&Finding]),
        (shows, now): (&dyn Fn(&Finding) -> bool, EventTime),
        goes_on: bool,
    ) -> bool {
        let last = [&self.evidence];
        let windows = if raised.is_empty() { &last[..] } else { raised };
        let standing = Standing { active_at: self.active_at, severity: self.severity, windows, rule, shows, now };
        let fires = self.state == AlertState::Firing;
        let changes = self.answer.take(measures, &standing, goes_on && fires);
        if fires && !goes_on {
            self.answer.keep_as_fired();
        }
        changes && goes_on && fires
    }

    /// Returns when the episode ended; `None` while it goes on. Of one that never fired the latest time at which it can have.
    #[must_use]
    pub fn ended_at(&self, plan: &Plan) -> Option<EventTime> {
        let hold_for = plan.rules.get(self.identity.rule).map_or(Span(0), |rule| rule.hold_for);
        match self.state {
            AlertState::Pending | AlertState::Firing => None,
            AlertState::Inactive => Some(self.active_at.plus(hold_for)),
            AlertState::Resolved => Some(self.resolved_at.unwrap_or(self.active_at)),
        }
    }

    /// Moves the times from which durations are counted. The times that receivers were told stay: when it fired and,
    /// once it has fired, when the condition began to hold.
    pub(super) fn shift_clock(&mut self, by: Span) {
        if self.state == AlertState::Pending {
            self.active_at = self.active_at.plus(by);
        }
        for since in [&mut self.critical_since, &mut self.critical_seen, &mut self.clear_since].into_iter().flatten() {
            *since = since.plus(by);
        }
    }

    /// Advances the episode by what the findings say now.
    pub(super) fn advance(&mut self, condition: Condition<'_>, now: EventTime, hold_for: Span, keep_firing_for: Span) {
        // As for a pending alert: one evaluation without the condition ends the time for which it has held.
        if !matches!(condition, Condition::Raised(..)) {
            self.critical_since = None;
        }
        match condition {
            Condition::Raised(severity, finding) => {
                self.clear_since = None;
                self.evidence = finding.clone();
                let before = self.severity;
                self.note_severity(severity, now, hold_for, keep_firing_for);
                if self.state == AlertState::Firing && self.severity != before {
                    self.change = Some(SeverityChange { from: before, at: now });
                    self.count_transition();
                }
                self.fire_when_due(now, hold_for);
            }
            // Prometheus, too, drops a pending alert at the first evaluation without its condition.
            _ if self.state == AlertState::Pending => self.state = AlertState::Inactive,
            Condition::Held => self.clear_since = None,
            Condition::Clear => {
                let since = *self.clear_since.get_or_insert(now);
                if now.since(since) >= keep_firing_for {
                    self.state = AlertState::Resolved;
                    self.resolved_at = Some(now);
                    self.count_transition();
                }
            }
        }
    }

    fn fire_when_due(&mut self, now: EventTime, hold_for: Span) {
        if self.state == AlertState::Pending && now.since(self.active_at) >= hold_for {
            self.state = AlertState::Firing;
            self.fired_at = Some(now);
            self.count_transition();
        }
    }

    /// Adopts what receivers were told: that the alert fires, and how many transitions it had.
    pub(super) fn adopt_firing(&mut self, transitions: u32, at: EventTime) {
        self.state = AlertState::Firing;
        self.fired_at.get_or_insert(at);
        self.transitions = transitions;
    }

    pub(super) const fn count_transition(&mut self) {
        self.transitions = self.transitions.saturating_add(1);
    }

    /// Sets the severity. It becomes critical when a window has been critical for `hold_for`, and a warning when none
    /// was for `keep_firing_for`.
    fn note_severity(&mut self, seen: Severity, now: EventTime, hold_for: Span, keep_firing_for: Span) {
        if seen == Severity::Critical {
            let since = *self.critical_since.get_or_insert(now);
            self.critical_seen = Some(now);
            if now.since(since) >= hold_for {
                self.severity = Severity::Critical;
            }
        } else {
            self.critical_since = None;
            let kept = self.state == AlertState::Firing
                && self.critical_seen.is_some_and(|last| now.since(last) < keep_firing_for);
            if !kept {
                self.severity = Severity::Warning;
            }
        }
    }
}

//! One alert: an episode in the life of an identity.

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use crate::judge::Finding;
use crate::plan::{Channel, DimensionId, EventTime, GroupId, Mapping, ProfileId, Span};

/// What an alert is about. Its worst window decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Index of the rule in the plan; with it the reference is given.
    pub rule: usize,
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
    /// The group.
    pub group: GroupId,
}

/// Names one episode: the same for the same identity and beginning, on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertId(pub u64);

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Beyond `warning`.
    Warning,
    /// Beyond `critical`.
    Critical,
}

/// Where an alert stands, as in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlertState {
    /// The condition holds, but not for long enough.
    Pending,
    /// The condition has held for `for`.
    Firing,
    /// It fired, and has been clear for `keep_firing_for`.
    Resolved,
    /// It was pending and never fired.
    Inactive,
}

/// One episode, with the evidence it last had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// What it is about.
    pub identity: Identity,
    /// How bad it is, or was when it ended.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// Since when the condition holds.
    pub active_at: EventTime,
    /// When it fired.
    pub fired_at: Option<EventTime>,
    /// When it resolved.
    pub resolved_at: Option<EventTime>,
    /// How many of its transitions are to be told: that it fires, each change of severity while it does, and its end.
    pub transitions: u32,
    /// The last change of severity while it fired.
    pub change: Option<SeverityChange>,
    /// The worst window's finding when the condition last held.
    pub evidence: Finding,
    pub(super) critical_since: Option<EventTime>,
    pub(super) critical_seen: Option<EventTime>,
    pub(super) clear_since: Option<EventTime>,
}

/// A change of severity while an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityChange {
    /// The severity before it.
    pub from: Severity,
    /// When.
    pub at: EventTime,
}

/// A change of an alert's state or severity.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The alert after it.
    pub alert: Alert,
    /// Its state before; `None` for a new alert.
    pub from: Option<AlertState>,
}

/// What the findings of one identity say at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition<'f> {
    /// A window is beyond a threshold: the worst.
    Raised(Severity, &'f Finding),
    /// Not raised, but not clear either: beyond the clear threshold, or the window that raised it says nothing.
    Held,
    /// Every window that says something is within, and within the clear threshold.
    Clear,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl AlertState {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the episode goes on.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Firing)
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Alert {
    /// A new episode; it fires at once where nothing has to be waited for.
    pub(super) fn begin(
        id: AlertId,
        identity: Identity,
        severity: Severity,
        evidence: &Finding,
        now: EventTime,
        hold_for: Span,
    ) -> Self {
        let critical = (severity == Severity::Critical).then_some(now);
        // A critical condition that has to hold first begins as a warning.
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
        };
        alert.fire_when_due(now, hold_for);
        alert
    }

    /// The same with its rule and profile renamed; `None` where one is gone, or the rule compares with another reference: then it is another
    /// alert, with another id and other labels.
    #[must_use]
    pub fn renamed(mut self, mapping: &Mapping) -> Option<Self> {
        self.identity.rule = mapping.alert_rule(self.identity.rule)?;
        self.identity.profile = mapping.profile(self.identity.profile)?;
        self.evidence.key.rule = self.identity.rule;
        self.evidence.key.profile = self.identity.profile;
        Some(self)
    }

    /// Moves what durations are counted from. Times that were told stay: when it fired, and with it since when it was active.
    pub(super) fn shift_clock(&mut self, by: Span) {
        if self.state == AlertState::Pending {
            self.active_at = self.active_at.plus(by);
        }
        for since in [&mut self.critical_since, &mut self.critical_seen, &mut self.clear_since].into_iter().flatten() {
            *since = since.plus(by);
        }
    }

    /// Goes on with what the findings say now.
    pub(super) fn go_on(&mut self, condition: Condition<'_>, now: EventTime, hold_for: Span, keep_firing_for: Span) {
        // As for what is pending: an evaluation without the condition breaks the time it has held.
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
            // Prometheus drops what is pending as soon as its condition is not seen.
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

    /// Takes over that it was told to fire, and of how many transitions.
    pub(super) fn fire_as_told(&mut self, transitions: u32, at: EventTime) {
        self.state = AlertState::Firing;
        self.fired_at.get_or_insert(at);
        self.transitions = transitions;
    }

    const fn count_transition(&mut self) {
        self.transitions = self.transitions.saturating_add(1);
    }

    /// Critical once it has held for `hold_for`; no longer once it has not been seen for `keep_firing_for`.
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

/// The id of an episode: SipHash-2-4 with a fixed key over the identity's names and its beginning.
pub(super) fn alert_id(names: &[&str], active_at: EventTime) -> AlertId {
    let mut hasher = SipHasher24::new_with_key(b"paritywatch.alrt");
    for name in names {
        hasher.write_usize(name.len());
        hasher.write(name.as_bytes());
    }
    hasher.write_i64(active_at.0);
    AlertId(hasher.finish())
}

//! The message about one transition of an alert: `paritywatch.alert.v1`.

use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alert::AlertState;
use crate::disclosure::{PublishedAlert, PublishedAnswer};
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, InputOffset, Provenance};

/// The document's schema.
pub const SCHEMA: &str = "paritywatch.alert.v1";

/// A message. It is made once and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The alert's id.
    pub alert: String,
    /// Which of its transitions, from 1.
    pub number: u32,
    /// What happened.
    pub kind: Kind,
    /// When.
    pub at: EventTime,
    /// The document, as JSON on one line.
    pub document: String,
}

/// What happened to an alert. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// It fires.
    Firing,
    /// It still fires, with another severity.
    SeverityChanged,
    /// It has ended.
    Resolved,
    /// It still fires, and is accepted.
    Accepted,
    /// It still fires, and is accepted no longer.
    AcceptanceEnded,
    /// It still fires, and something else was done about it.
    MeasureTaken,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::SeverityChanged => "severity_changed",
            Self::Resolved => "resolved",
            Self::Accepted => "accepted",
            Self::AcceptanceEnded => "acceptance_ended",
            Self::MeasureTaken => "measure_taken",
        }
    }
}

impl Message {
    /// Makes the message about the last transition of an alert; `None` where no transition is to be told. `base_url` is where people reach the
    /// daemon.
    #[must_use]
    pub fn of(alert: &PublishedAlert, provenance: &Provenance, base_url: &str) -> Option<Self> {
        let (kind, at) = match alert.state {
            AlertState::Pending | AlertState::Inactive => return None,
            AlertState::Resolved => (Kind::Resolved, alert.resolved_at),
            AlertState::Firing => {
                last_change(alert).map_or((Kind::Firing, alert.fired_at), |(at, kind)| (kind, Some(at)))
            }
        };
        // An alert of a damaged state may lack its times and its number.
        let at = at.unwrap_or(alert.active_at);
        let number = alert.transitions.max(1);
        let url = format!("{base_url}/#{}", alert.anchor());
        let document = Document { alert, number, kind, at, provenance, url: &url };
        let document = present(Room::Outbox, "maps with string keys are JSON", serde_json::to_string(&document).ok());
        let document = document.unwrap_or_default();
        Some(Self { alert: alert.id.clone(), number, kind, at, document })
    }

    /// Makes the messages that an alert still needs when `told` of its transitions were told: one about the last transition, and before it, where
    /// nothing was told at all, one that it fires.
    #[must_use]
    pub fn missing(alert: &PublishedAlert, told: u32, provenance: &Provenance, base_url: &str) -> Vec<Self> {
        let Some(last) = Self::of(alert, provenance, base_url) else { return Vec::new() };
        if last.number <= told {
            return Vec::new();
        }
        let began = PublishedAlert {
            state: AlertState::Firing,
            severity: alert.change.map_or(alert.severity, |change| change.from),
            resolved_at: None,
            transitions: 1,
            change: None,
            answer: answer_when_it_fired(alert),
            ..alert.clone()
        };
        let first = Self::of(&began, provenance, base_url).filter(|_| told == 0 && last.number > 1);
        first.into_iter().chain([last]).collect()
    }

    /// Makes the message that the alert has ended because nothing watches it any more: its rule or profile is gone, or the state was rebuilt.
    #[must_use]
    pub fn ended(&self, at: EventTime) -> Self {
        let number = self.number.saturating_add(1);
        // The document may come from the disk: where it is not ours, only the fields that it has change.
        let mut document: Value = serde_json::from_str(&self.document).unwrap_or_default();
        let mut set = |path: &str, value: Value| {
            if let Some(place) = document.pointer_mut(path) {
                *place = value;
            }
        };
        set("/id", format!("{}-{number}", self.alert).into());
        set("/transition/number", number.into());
        set("/transition/kind", Kind::Resolved.name().into());
        set("/transition/at", rfc3339(at).into());
        set("/transition/reason", "no_longer_watched".into());
        set("/alert/state", AlertState::Resolved.name().into());
        set("/alert/resolved_at", rfc3339(at).into());
        Self { alert: self.alert.clone(), number, kind: Kind::Resolved, at, document: document.to_string() }
    }

    /// Returns what the alert is about, as [`subject_of`] does; empty names where the document, which may come from the disk, has none.
    pub(super) fn subject(&self) -> [String; 7] {
        let document: Value = serde_json::from_str(&self.document).unwrap_or_default();
        let text = |name: &str| document.pointer(&format!("/alert/{name}")).and_then(Value::as_str).unwrap_or_default();
        ["rule", "profile", "channel", "dimension", "group", "reference", "subject"].map(|name| text(name).to_owned())
    }

    /// Returns the message's id, which is the same however often it is sent.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.alert, self.number)
    }

    /// Returns whether the alert fires after this transition.
    #[must_use]
    pub const fn is_firing(&self) -> bool {
        !matches!(self.kind, Kind::Resolved)
    }
}

/// Returns what last happened to an alert since it fired, and when; `None` where nothing did.
fn last_change(alert: &PublishedAlert) -> Option<(EventTime, Kind)> {
    let PublishedAnswer { turned_at, measured_at, .. } = alert.answer;
    let turned = if alert.answer.is_accepted() { Kind::Accepted } else { Kind::AcceptanceEnded };
    let changes = [
        measured_at.map(|at| (at, Kind::MeasureTaken)),
        alert.change.map(|change| (change.at, Kind::SeverityChanged)),
        turned_at.map(|at| (at, turned)),
    ];
    // Of changes at the same moment the last in this order.
    changes.into_iter().flatten().max_by_key(|(at, _)| *at).filter(|_| alert.transitions > 1)
}

/// What was done by the time that the alert fired, as far as it is still known.
fn answer_when_it_fired(alert: &PublishedAlert) -> PublishedAnswer {
    let PublishedAnswer { fired_with, measures, left_out, .. } = &alert.answer;
    let fired_at = alert.fired_at.unwrap_or(alert.active_at);
    PublishedAnswer {
        acceptance: fired_with.as_deref().cloned(),
        measures: measures.iter().filter(|measure| measure.at <= fired_at).cloned().collect(),
        left_out: *left_out,
        ..PublishedAnswer::default()
    }
}

/// Returns what an alert is about: rule, profile, channel, dimension, group, reference, subject. Alertmanager distinguishes alerts by it and by severity.
pub(super) fn subject_of(alert: &PublishedAlert) -> [String; 7] {
    let evidence = &alert.evidence;
    let names: [&str; 7] = [
        &evidence.rule,
        &evidence.profile,
        evidence.channel,
        evidence.dimension(),
        evidence.group(),
        &evidence.reference,
        evidence.subject.as_deref().unwrap_or_default(),
    ];
    names.map(str::to_owned)
}

struct Document<'a> {
    alert: &'a PublishedAlert,
    number: u32,
    kind: Kind,
    at: EventTime,
    provenance: &'a Provenance,
    url: &'a str,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { alert, number, kind, at, provenance, url } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("id", &format!("{}-{number}", alert.id))?;
        map.serialize_entry("transition", &Transition { number: *number, kind: *kind, at: *at, alert })?;
        map.serialize_entry("as_of", &provenance.as_of.and_then(rfc3339))?;
        map.serialize_entry("config_hash", &Some(&provenance.config_hash).filter(|hash| !hash.is_empty()))?;
        map.serialize_entry("inputs", &Inputs(&provenance.inputs))?;
        map.serialize_entry("url", url)?;
        map.serialize_entry("thresholds", &Thresholds(alert))?;
        map.serialize_entry("alert", alert)?;
        map.end()
    }
}

struct Transition<'a> {
    number: u32,
    kind: Kind,
    at: EventTime,
    alert: &'a PublishedAlert,
}

impl Serialize for Transition<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let change = self.alert.change;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("number", &self.number)?;
        map.serialize_entry("kind", self.kind.name())?;
        map.serialize_entry("at", &rfc3339(self.at))?;
        let ended = self.alert.answer.acceptance.as_ref().and_then(|acceptance| acceptance.ended);
        let reason = ended.filter(|_| self.kind == Kind::AcceptanceEnded).map(|(end, _)| end.name());
        map.serialize_entry("reason", &reason)?;
        map.serialize_entry("severity_before", &change.map(|change| change.from.name()))?;
        map.serialize_entry("severity_changed_at", &change.and_then(|change| rfc3339(change.at)))?;
        if let Some(turned_at) = self.alert.answer.turned_at {
            map.serialize_entry("accepted_before", &!self.alert.answer.is_accepted())?;
            map.serialize_entry("accepted_changed_at", &rfc3339(turned_at))?;
        }
        map.end()
    }
}

struct Inputs<'a>(&'a [InputOffset]);

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|input| list.serialize_element(input))?;
        list.end()
    }
}

struct Thresholds<'a>(&'a PublishedAlert);

impl Serialize for Thresholds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let thresholds = self.0.evidence.thresholds;
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("warning", &thresholds.map(|thresholds| thresholds.warning))?;
        map.serialize_entry("critical", &thresholds.map(|thresholds| thresholds.critical))?;
        map.serialize_entry("clear", &thresholds.map(|thresholds| thresholds.clear))?;
        map.end()
    }
}

/// Formats a time as RFC 3339 in UTC; `None` outside the years that `jiff` knows.
fn rfc3339(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}

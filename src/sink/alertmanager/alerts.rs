//! Messages about alerts as alerts of the API.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::annotations::{DISPARITY, annotations};
use super::document::{read, rfc3339, text, time};
use crate::outbox::{ENDED_RESENT_FOR, Kind, Message};
use crate::plan::{EventTime, Span};

/// Alerts in one request, at most: as many as Prometheus sends.
pub const MAX_ALERTS_PER_REQUEST: usize = 64;
/// The name of every alert about a comparison of groups, and of every other one.
const ALERT_NAMES: [&str; 2] = ["ParitywatchDisparity", "ParitywatchDuty"];

/// An alert, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiAlert {
    /// What identifies the alert.
    pub labels: BTreeMap<&'static str, String>,
    /// What describes it.
    pub annotations: BTreeMap<&'static str, String>,
    /// When it fired.
    #[serde(rename = "startsAt")]
    pub starts_at: String,
    /// When it ended, or will end unless it is sent again.
    #[serde(rename = "endsAt")]
    pub ends_at: String,
    /// Where people find it on the status page.
    #[serde(rename = "generatorURL")]
    pub generator_url: String,
}

/// Whether a message was sent before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

/// The alerts of as many messages as fit into one request, and how many messages that are. No alert is in a request twice: Alertmanager must hear
/// what an alert was before it hears what it has become.
pub(super) fn first_request(messages: &[Arc<Message>], now: EventTime, life: Span) -> (Vec<ApiAlert>, usize) {
    let mut alerts: Vec<ApiAlert> = Vec::new();
    let mut known = BTreeSet::new();
    let mut taken = 0;
    for message in messages {
        let next = alerts_of(message, now, life, Again::No);
        let is_known = next.iter().any(|alert| known.contains(&alert.labels));
        if taken > 0 && (is_known || alerts.len() + next.len() > MAX_ALERTS_PER_REQUEST) {
            break;
        }
        known.extend(next.iter().map(|alert| alert.labels.clone()));
        alerts.extend(next);
        taken += 1;
    }
    (alerts, taken)
}

/// The alerts of messages, oldest first, as they are now.
///
/// Alertmanager knows an alert by its labels alone. An episode that has ended shares them with the next episode about the same finding, and the end
/// of one would end the other. Of such episodes only the firing one is sent, otherwise the most recent.
pub(super) fn standing_alerts(standing: &[Arc<Message>], now: EventTime, life: Span) -> Vec<ApiAlert> {
    let (firing, ended): (Vec<_>, Vec<_>) = standing.iter().partition(|message| message.is_firing());
    let alerts = ended.into_iter().chain(firing).flat_map(|message| alerts_of(message, now, life, Again::Yes));
    let last: BTreeMap<_, _> = alerts.map(|alert| (alert.labels.clone(), alert)).collect();
    last.into_values().collect()
}

/// The alerts of one message: the alert as it is now, and before it the end of the one with the earlier severity.
fn alerts_of(message: &Message, now: EventTime, life: Span, again: Again) -> Vec<ApiAlert> {
    let document = read(message);
    let severity = text(&document, "/alert/severity");
    let ends_at = if message.is_firing() { now.plus(life) } else { message.at };
    let mut alerts = vec![alert_of(&document, &severity, ends_at)];
    let before = document.pointer("/transition/severity_before").and_then(Value::as_str);
    let changed_at = time(&document, "/transition/severity_changed_at");
    if let (Some(before), Some(changed_at)) = (before, changed_at)
        && before != severity
        && (again == Again::Yes || message.kind == Kind::SeverityChanged)
        && (again == Again::No || now.since(changed_at) <= ENDED_RESENT_FOR)
    {
        alerts.insert(0, alert_of(&document, before, changed_at));
    }
    alerts
}

fn alert_of(document: &Value, severity: &str, ends_at: EventTime) -> ApiAlert {
    let starts_at = time(document, "/alert/fired_at").unwrap_or(ends_at);
    ApiAlert {
        labels: labels(document, severity),
        annotations: annotations(document, severity),
        starts_at: rfc3339(starts_at),
        ends_at: rfc3339(ends_at.max(starts_at)),
        generator_url: text(document, "/url"),
    }
}

/// The labels that identify an alert: never a value or a time.
fn labels(document: &Value, severity: &str) -> BTreeMap<&'static str, String> {
    let of_finding = [
        ("rule", "/alert/rule"),
        ("profile", "/alert/profile"),
        ("channel", "/alert/channel"),
        ("dimension", "/alert/dimension"),
        ("group", "/alert/group"),
        ("reference", "/alert/reference"),
        ("subject", "/alert/subject"),
    ];
    let [disparity, duty] = ALERT_NAMES;
    let kind = text(document, "/alert/evidence/kind");
    // A message of an earlier version has no kind.
    let name = if kind.is_empty() || kind == DISPARITY { disparity } else { duty };
    let fixed = [
        ("alertname", name),
        ("delivery", "push"),
        ("service", "paritywatch"),
        ("team", "compliance"),
        ("severity", severity),
    ];
    let of_finding = of_finding.into_iter().map(|(name, pointer)| (name, text(document, pointer)));
    let of_finding = of_finding.filter(|(_, value)| !value.is_empty());
    fixed.into_iter().map(|(name, value)| (name, value.to_owned())).chain(of_finding).collect()
}

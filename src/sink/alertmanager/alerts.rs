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

/// The alerts of one message: the alert as it is now, and before it the ends of those with the marks that it had.
fn alerts_of(message: &Message, now: EventTime, life: Span, again: Again) -> Vec<ApiAlert> {
    let document = read(message);
    let mark = Mark::of(&document);
    let ends_at = if message.is_firing() { now.plus(life) } else { message.at };
    let is_lately = |at: EventTime| now.since(at) <= ENDED_RESENT_FOR;
    let is_due = |at: EventTime| match again {
        Again::Yes => is_lately(at),
        Again::No => !matches!(message.kind, Kind::Firing | Kind::Resolved) && (at == message.at || is_lately(at)),
    };
    let before = mark.before(&document).into_iter().filter(|(_, at)| is_due(*at));
    let ended = before.map(|(before, at)| alert_of(&document, &before, at));
    ended.chain([alert_of(&document, &mark, ends_at)]).collect()
}

/// What an alert is marked with and may change while it fires. For Alertmanager an alert with another mark is another alert.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    severity: String,
    accepted: bool,
}

impl Mark {
    fn of(document: &Value) -> Self {
        let accepted = document.pointer("/alert/accepted").and_then(Value::as_bool).unwrap_or_default();
        Self { severity: text(document, "/alert/severity"), accepted }
    }

    /// The marks before the last change of each part, and when they ended; oldest first.
    fn before(&self, document: &Value) -> Vec<(Self, EventTime)> {
        let severity = document.pointer("/transition/severity_before").and_then(Value::as_str).map(str::to_owned);
        let severity = severity.zip(time(document, "/transition/severity_changed_at"));
        let accepted = document.pointer("/transition/accepted_before").and_then(Value::as_bool);
        let accepted = accepted.zip(time(document, "/transition/accepted_changed_at"));
        // What one part was when the other one changed.
        let severity_at =
            |at| severity.as_ref().filter(|(_, changed)| *changed >= at).map_or(&self.severity, |(before, _)| before);
        let accepted_at =
            |at| accepted.filter(|(_, changed)| *changed >= at).map_or(self.accepted, |(before, _)| before);
        let times = [severity.as_ref().map(|(_, at)| *at), accepted.map(|(_, at)| at)];
        let mut before: Vec<(Self, EventTime)> = times
            .into_iter()
            .flatten()
            .map(|at| (Self { severity: severity_at(at).clone(), accepted: accepted_at(at) }, at))
            .filter(|(mark, _)| mark != self)
            .collect();
        before.sort_by_key(|(_, at)| *at);
        before.dedup();
        before
    }
}

fn alert_of(document: &Value, mark: &Mark, ends_at: EventTime) -> ApiAlert {
    let starts_at = time(document, "/alert/fired_at").unwrap_or(ends_at);
    ApiAlert {
        labels: labels(document, mark),
        annotations: annotations(document, &mark.severity),
        starts_at: rfc3339(starts_at),
        ends_at: rfc3339(ends_at.max(starts_at)),
        generator_url: text(document, "/url"),
    }
}

/// The labels that identify an alert: never a value or a time.
fn labels(document: &Value, mark: &Mark) -> BTreeMap<&'static str, String> {
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
        ("severity", mark.severity.as_str()),
        // Left out while it is not accepted.
        ("accepted", if mark.accepted { "true" } else { "" }),
    ];
    let of_finding = of_finding.into_iter().map(|(name, pointer)| (name, text(document, pointer)));
    let fixed = fixed.into_iter().map(|(name, value)| (name, value.to_owned()));
    fixed.chain(of_finding).filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: EventTime = EventTime(1_790_000_000_000);

    /// A message about an alert that is critical, with what changed and how many minutes ago.
    fn message(kind: Kind, minutes_ago: i64, accepted: bool, before: [Option<i64>; 2]) -> Message {
        let ago = |minutes: i64| NOW.minus(Span::MINUTE.times(minutes));
        let [severity, mark] = before.map(|minutes| minutes.map(|minutes| rfc3339(ago(minutes))));
        let document = json!({
            "alert": { "severity": "critical", "accepted": accepted, "fired_at": rfc3339(ago(500)) },
            "transition": {
                "severity_before": severity.as_ref().map(|_| "warning"), "severity_changed_at": severity,
                "accepted_before": mark.as_ref().map(|_| !accepted), "accepted_changed_at": mark,
            },
        });
        Message { alert: "a".to_owned(), number: 2, kind, at: ago(minutes_ago), document: document.to_string() }
    }

    /// Severity, mark, and how many minutes ago it ended; `None` for what goes on.
    fn sent(message: &Message, again: Again) -> Vec<(String, bool, Option<i64>)> {
        let ended = |at: &str| {
            at.parse::<jiff::Timestamp>().ok().map(|at| NOW.since(EventTime(at.as_millisecond())).0 / 60_000)
        };
        let of = |alert: ApiAlert| {
            let label = |name: &str| alert.labels.get(name).cloned().unwrap_or_default();
            (label("severity"), label("accepted") == "true", ended(&alert.ends_at).filter(|minutes| *minutes >= 0))
        };
        alerts_of(message, NOW, Span::HOUR, again).into_iter().map(of).collect()
    }

    fn word(severity: &str, accepted: bool, ended: Option<i64>) -> (String, bool, Option<i64>) {
        (severity.to_owned(), accepted, ended)
    }

    #[test]
    fn an_alert_with_another_mark_ends_the_one_before() {
        let accepted = message(Kind::Accepted, 0, true, [None, Some(0)]);
        let both = [word("critical", false, Some(0)), word("critical", true, None)];
        assert_eq!(sent(&accepted, Again::No), both);
        assert_eq!(sent(&accepted, Again::Yes), both);
        let returned = message(Kind::AcceptanceEnded, 0, false, [None, Some(0)]);
        assert_eq!(sent(&returned, Again::No), [word("critical", true, Some(0)), word("critical", false, None)]);
        let long_ago = message(Kind::Accepted, 60, true, [None, Some(60)]);
        assert_eq!(sent(&long_ago, Again::Yes), [word("critical", true, None)]);
        let other = message(Kind::MeasureTaken, 0, true, [None, Some(60)]);
        assert_eq!(sent(&other, Again::No), [word("critical", true, None)]);
    }

    #[test]
    fn severity_and_mark_end_as_they_were() {
        // Critical first, then accepted.
        let later = message(Kind::Accepted, 1, true, [Some(5), Some(1)]);
        let expected =
            [word("warning", false, Some(5)), word("critical", false, Some(1)), word("critical", true, None)];
        assert_eq!(sent(&later, Again::Yes), expected);
        // Accepted first, then critical.
        let earlier = message(Kind::SeverityChanged, 1, true, [Some(1), Some(5)]);
        let expected = [word("warning", false, Some(5)), word("warning", true, Some(1)), word("critical", true, None)];
        assert_eq!(sent(&earlier, Again::Yes), expected);
        // Both at once.
        let once = message(Kind::AcceptanceEnded, 1, false, [Some(1), Some(1)]);
        assert_eq!(sent(&once, Again::No), [word("warning", true, Some(1)), word("critical", false, None)]);
    }

    #[test]
    fn a_message_of_an_earlier_version_has_no_mark() {
        let mut old = message(Kind::SeverityChanged, 0, false, [Some(0), None]);
        old.document = old
            .document
            .replace("\"accepted\":false,", "")
            .replace("\"accepted_before\":null,\"accepted_changed_at\":null,", "");
        assert!(!old.document.contains("accepted"), "{}", old.document);
        assert_eq!(sent(&old, Again::No), [word("warning", false, Some(0)), word("critical", false, None)]);
        assert!(alerts_of(&old, NOW, Span::HOUR, Again::No).iter().all(|alert| !alert.labels.contains_key("accepted")));
    }
}

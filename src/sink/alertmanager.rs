//! Pushes alerts to an Alertmanager by its v2 API. It is told levels, not transitions: what fires is sent again and again, and ends by itself
//! where it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::http::{Client, Trouble};
use crate::outbox::{ENDED_RESENT_FOR, Kind, Message};
use crate::plan::{EventTime, Span};
use crate::settings::Address;

/// Most alerts in one request, as Prometheus has it.
pub const MAX_ALERTS_PER_REQUEST: usize = 64;
/// The least time that an alert lives in Alertmanager without being sent again.
const SHORTEST_LIFE: Span = Span(15 * Span::MINUTE.0);
/// It lives at least so many times as long as it takes to be sent again.
const LIFE_SHARE: i64 = 4;
/// The name of every alert about a finding.
const ALERT_NAME: &str = "ParitywatchDisparity";
/// Most partitions whose offsets are written out for people; the message has all.
const MAX_OFFSETS_SHOWN: usize = 50;

/// One Alertmanager.
pub struct Alertmanager {
    client: Client,
    url: String,
    authorization: Option<String>,
    life: Span,
}

/// An alert as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiAlert {
    /// They identify it.
    pub labels: BTreeMap<&'static str, String>,
    /// They describe it.
    pub annotations: BTreeMap<&'static str, String>,
    /// When it fired.
    #[serde(rename = "startsAt")]
    pub starts_at: String,
    /// When it ended, or ends unless it is sent again.
    #[serde(rename = "endsAt")]
    pub ends_at: String,
    /// Where people find it.
    #[serde(rename = "generatorURL")]
    pub generator_url: String,
}

impl Alertmanager {
    /// Of this address; alerts are sent again every `resend_every`.
    #[must_use]
    pub fn new(client: Client, address: &Address, authorization: Option<String>, resend_every: Span) -> Self {
        let url = format!("{}/api/v2/alerts", address.url().trim_end_matches('/'));
        let life = SHORTEST_LIFE.max(resend_every.times(LIFE_SHARE));
        Self { client, url, authorization, life }
    }

    /// Sends messages in order; gives how many of them were taken, which are the first ones.
    ///
    /// # Errors
    /// [`Trouble`] of the first request.
    pub fn send(&self, messages: &[Arc<Message>], now: EventTime) -> Result<usize, Trouble> {
        let (alerts, taken) = first_request(messages, now, self.life);
        self.post(&alerts)?;
        Ok(taken)
    }

    /// Tells again what stands; oldest first. Gives in how many requests.
    ///
    /// # Errors
    /// [`Trouble`] of the first request that failed.
    pub fn resend(&self, standing: &[Arc<Message>], now: EventTime) -> Result<u64, Trouble> {
        let alerts = levels(standing, now, self.life);
        let requests = alerts.chunks(MAX_ALERTS_PER_REQUEST);
        requests.map(|alerts| self.post(alerts)).try_fold(0, |taken, request| request.map(|()| taken + 1))
    }

    fn post(&self, alerts: &[ApiAlert]) -> Result<(), Trouble> {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(self.authorization.as_deref().map(|value| ("Authorization", value)));
        // Maps with string keys: writing them to memory cannot fail.
        self.client.post(&self.url, &headers, &serde_json::to_vec(alerts).unwrap_or_default())
    }
}

/// Whether an alert was sent before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

/// The alerts of as many messages as fit one request, and how many messages these are. An alert comes once in it: what it was first is
/// told before what it has become.
fn first_request(messages: &[Arc<Message>], now: EventTime, life: Span) -> (Vec<ApiAlert>, usize) {
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

/// The alerts of messages, oldest first, as they are now. Alertmanager knows an alert by its labels alone, which an episode that has ended
/// shares with the next one about the same finding: of such the one that fires is told, or else the last, for the end of one would end the
/// other.
fn levels(standing: &[Arc<Message>], now: EventTime, life: Span) -> Vec<ApiAlert> {
    let (firing, ended): (Vec<_>, Vec<_>) = standing.iter().partition(|message| message.is_firing());
    let alerts = ended.into_iter().chain(firing).flat_map(|message| alerts_of(message, now, life, Again::Yes));
    let last: BTreeMap<_, _> = alerts.map(|alert| (alert.labels.clone(), alert)).collect();
    last.into_values().collect()
}

/// What a message says: the alert as it is now, and the end of the one with the severity before.
fn alerts_of(message: &Message, now: EventTime, life: Span, again: Again) -> Vec<ApiAlert> {
    // Made by this program; one that cannot be read would be told without its numbers.
    let document: Value = serde_json::from_str(&message.document).unwrap_or_default();
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

/// What identifies an alert: never a value or a time.
fn labels(document: &Value, severity: &str) -> BTreeMap<&'static str, String> {
    let of_finding = [
        ("rule", "/alert/rule"),
        ("profile", "/alert/profile"),
        ("channel", "/alert/channel"),
        ("dimension", "/alert/dimension"),
        ("group", "/alert/group"),
        ("reference", "/alert/reference"),
    ];
    let fixed = [
        ("alertname", ALERT_NAME),
        ("delivery", "push"),
        ("service", "paritywatch"),
        ("team", "compliance"),
        ("severity", severity),
    ];
    let of_finding = of_finding.into_iter().map(|(name, pointer)| (name, text(document, pointer)));
    fixed.into_iter().map(|(name, value)| (name, value.to_owned())).chain(of_finding).collect()
}

/// What a finding is, in words and numbers. What is unknown is left out; what is withheld is named so.
fn annotations(document: &Value, severity: &str) -> BTreeMap<&'static str, String> {
    let at = |pointer: &str| document.pointer(pointer);
    let mut annotations = BTreeMap::new();
    for (name, pointer) in TEXTS {
        annotations.insert(name, text(document, pointer));
    }
    let suppressed = at("/alert/evidence/suppressed").and_then(Value::as_bool).unwrap_or_default();
    for (name, pointer) in NUMBERS {
        match at(pointer).filter(|value| !value.is_null()) {
            Some(value) => annotations.insert(name, number(value)),
            None if suppressed && WITHHELD_AT.iter().any(|part| pointer.starts_with(part)) => {
                annotations.insert(name, "withheld".to_owned())
            }
            None => None,
        };
    }
    if let Some(log_e) = at("/alert/evidence/evidence/log_e").and_then(Value::as_f64) {
        annotations.insert("e_value", power_of_e(log_e));
        let alarm_at = at("/alert/evidence/evidence/alarm_at").and_then(Value::as_f64);
        annotations.extend(alarm_at.map(|level| ("e_value_alarm_at", power_of_e(level))));
    }
    annotations.insert("inputs", offsets(document));
    annotations.insert("summary", summary(document, severity));
    annotations.insert("description", description(document, suppressed));
    annotations.retain(|_, value| !value.is_empty());
    annotations
}

const TEXTS: [(&str, &str); 16] = [
    ("alert_id", "/alert/id"),
    ("message_id", "/id"),
    ("active_at", "/alert/active_at"),
    ("fired_at", "/alert/fired_at"),
    ("resolved_at", "/alert/resolved_at"),
    ("severity_before", "/transition/severity_before"),
    ("severity_changed_at", "/transition/severity_changed_at"),
    ("indicator", "/alert/evidence/indicator"),
    ("window", "/alert/evidence/window"),
    ("verdict", "/alert/evidence/verdict"),
    ("reference_group", "/alert/evidence/reference_group"),
    ("as_of", "/as_of"),
    ("config_hash", "/config_hash"),
    ("owner", "/alert/owner"),
    ("action", "/alert/action"),
    ("runbook_url", "/alert/runbook"),
];

const NUMBERS: [(&str, &str); 22] = [
    ("group_exposed", "/alert/evidence/group_counts/exposed"),
    ("group_events", "/alert/evidence/group_counts/events"),
    ("reference_exposed", "/alert/evidence/reference_counts/exposed"),
    ("reference_events", "/alert/evidence/reference_counts/events"),
    ("group_rate", "/alert/evidence/group_rate"),
    ("reference_rate", "/alert/evidence/reference_rate"),
    ("ratio", "/alert/evidence/ratio/value"),
    ("ratio_lower", "/alert/evidence/ratio/lower"),
    ("ratio_upper", "/alert/evidence/ratio/upper"),
    ("difference", "/alert/evidence/difference/value"),
    ("difference_lower", "/alert/evidence/difference/lower"),
    ("difference_upper", "/alert/evidence/difference/upper"),
    ("p_value", "/alert/evidence/p_value"),
    ("stratified_ratio", "/alert/evidence/stratified/ratio/value"),
    ("stratified_ratio_lower", "/alert/evidence/stratified/ratio/lower"),
    ("stratified_ratio_upper", "/alert/evidence/stratified/ratio/upper"),
    ("log_e", "/alert/evidence/evidence/log_e"),
    ("log_e_material", "/alert/evidence/evidence/log_e_material"),
    ("log_e_alarm_at", "/alert/evidence/evidence/alarm_at"),
    ("evidence_blocks", "/alert/evidence/evidence/blocks"),
    ("threshold_warning", "/thresholds/warning"),
    ("threshold_critical", "/thresholds/critical"),
];

/// Where numbers are withheld by disclosure control, which leaves them out as those that do not apply; beyond these nothing tells the two
/// apart.
const WITHHELD_AT: [&str; 6] = [
    "/alert/evidence/group_counts",
    "/alert/evidence/reference_counts",
    "/alert/evidence/group_rate",
    "/alert/evidence/reference_rate",
    "/alert/evidence/ratio",
    "/alert/evidence/difference",
];

fn summary(document: &Value, severity: &str) -> String {
    let of = |name: &str| text(document, &format!("/alert/{name}"));
    format!(
        "{severity}: {indicator} of {dimension}={group} against {reference} in profile {profile}",
        indicator = of("evidence/indicator"),
        dimension = of("dimension"),
        group = of("group"),
        reference = of("reference"),
        profile = of("profile"),
    )
}

fn description(document: &Value, suppressed: bool) -> String {
    let evidence = |name: &str| document.pointer(&format!("/alert/evidence/{name}")).filter(|value| !value.is_null());
    let mut sentences =
        vec![format!("Rule {}, window {}.", text(document, "/alert/rule"), text(document, "/alert/evidence/window"))];
    let limits = |name: &str| {
        let of = |part: &str| evidence(&format!("{name}/{part}")).map_or_else(|| "unknown".to_owned(), number);
        format!("{} [{}, {}]", of("value"), of("lower"), of("upper"))
    };
    if suppressed {
        sentences.push("Numbers are withheld: a side of the comparison is smaller than may be published.".to_owned());
    }
    for (side, counts) in [("Group", "group_counts"), ("Reference", "reference_counts")] {
        let of = |part: &str| evidence(&format!("{counts}/{part}")).map(number);
        if let (Some(events), Some(exposed)) = (of("events"), of("exposed")) {
            sentences.push(format!("{side}: {events} of {exposed}."));
        }
    }
    if evidence("ratio").is_some() {
        sentences.push(format!("Ratio {}.", limits("ratio")));
    }
    if let (Some(log_e), Some(alarm_at)) =
        (evidence("evidence/log_e").and_then(Value::as_f64), evidence("evidence/alarm_at").and_then(Value::as_f64))
    {
        sentences.push(format!("Evidence for a disparity {} (alarm at {}).", power_of_e(log_e), power_of_e(alarm_at)));
    }
    if document.pointer("/transition/reason").and_then(Value::as_str) == Some("no_longer_watched") {
        sentences.push("Ended because the configuration or the state no longer has it.".to_owned());
    }
    sentences.join(" ")
}

/// `topic/partition=offset` of each partition.
fn offsets(document: &Value) -> String {
    let inputs = document.pointer("/inputs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let shown = inputs.iter().take(MAX_OFFSETS_SHOWN).map(|input| {
        let of = |name: &str| input.get(name).map(number).unwrap_or_default();
        format!("{}/{}={}", of("topic"), of("partition"), of("next_offset"))
    });
    let more = inputs.len().saturating_sub(MAX_OFFSETS_SHOWN);
    shown.chain((more > 0).then(|| format!("and {more} more"))).collect::<Vec<_>>().join(", ")
}

/// The text there; empty where there is none.
fn text(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A whole number as it is, another with six digits that count.
fn number(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().map(short).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn short(number: f64) -> String {
    if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        let digits = if number == 0.0 { 0.0 } else { number.abs().log10().floor() };
        // Between -4 and 5: no cast can lose anything.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
        let places = (5.0 - digits).clamp(0.0, 9.0) as usize;
        let text = format!("{number:.places$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{number:.4e}")
    }
}

/// e to this power: also where that is beyond the largest number.
fn power_of_e(log: f64) -> String {
    let value = log.exp();
    if value.is_finite() && value > 0.0 {
        return short(value);
    }
    format!("1e{:.0}", log / std::f64::consts::LN_10)
}

fn time(document: &Value, pointer: &str) -> Option<EventTime> {
    let timestamp: jiff::Timestamp = document.pointer(pointer)?.as_str()?.parse().ok()?;
    Some(EventTime(timestamp.as_millisecond()))
}

/// RFC 3339 in UTC; the epoch outside the years jiff knows, which no alert has.
fn rfc3339(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap_or_default().to_string()
}

//! What the contract's tests share: decoding, the example files, and events as JSON.

pub mod generated;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use paritywatch::event::{
    ComplaintStatus, Criterion, Data, Decider, Decoded, Event, Groups, Membership, Outcome, RawRecord, Reason,
    Rejection, Strata, decode,
};
use paritywatch::plan::{Channel, EventTime, Limits};
use serde_json::{Map, Value, json};

/// The defaults of `[limits]`.
pub const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };

/// Decodes a structured-mode payload without a record timestamp.
pub fn decode_payload(payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    decode(&RawRecord { payload, headers: &[], timestamp: None }, &LIMITS, None)
}

/// The event in a payload that must hold one.
pub fn event_in(payload: &[u8]) -> Event<'_> {
    match decode_payload(payload) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("expected an event, found {other:?}"),
    }
}

/// The reason why a payload is refused.
pub fn reason_of(payload: &[u8]) -> Reason {
    rejection_of(payload).reason
}

/// The rejection of a payload that must be refused.
pub fn rejection_of(payload: &[u8]) -> Rejection {
    match decode_payload(payload) {
        Err(rejection) => rejection,
        Ok(decoded) => panic!("expected a rejection, found {decoded:?}"),
    }
}

/// The contract's folder.
pub fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/contract")
}

/// The JSON files of one of the contract's folders with their texts, sorted by name.
pub fn files(folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(contract().join(folder)).expect("the folder is part of the source");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("the file is text"))
        })
        .collect();
    files.sort();
    files
}

/// An event as a structured-mode CloudEvent: the inverse of decoding, written from the contract.
pub fn to_json(event: &Event<'_>) -> Value {
    let (event_type, data) = data_to_json(&event.data);
    json!({
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": format!("paritywatch.{event_type}.v1"),
        "time": time_to_text(event.time),
        "data": data,
    })
}

/// A criterion without a value is its name; any may be written as an object.
fn criteria(criteria: &[Criterion<'_>]) -> Vec<Value> {
    criteria
        .iter()
        .map(|criterion| match &criterion.value {
            Some(value) => json!({ "name": criterion.name, "value": value }),
            None if criterion.name.len() % 2 == 0 => json!({ "value": null, "other": [1], "name": criterion.name }),
            None => json!(criterion.name),
        })
        .collect()
}

fn time_to_text(time: EventTime) -> String {
    Timestamp::from_millisecond(time.0).expect("possible times are in jiff's range").to_string()
}

fn data_to_json(data: &Data<'_>) -> (&'static str, Value) {
    match data {
        Data::Selection(data) => (
            "selection",
            json!({
                "case_id": data.case_id, "profile": data.profile, "profile_version": data.profile_version,
                "selected": data.selected, "channel": channel(data.channel), "risk_class": data.risk_class,
                "decided_by": data.decided_by.map(decider), "criteria": data.criteria.as_deref().map(criteria),
                "groups": groups(&data.groups), "strata": strata(&data.strata), "revises": data.revises,
            }),
        ),
        Data::Control(data) => (
            "control",
            json!({
                "case_id": data.case_id, "control_id": data.control_id, "kind": data.kind,
                "performed": data.performed, "intensity": data.intensity,
                "duration_minutes": data.duration_minutes, "outcome": data.outcome.map(outcome),
                "profile": data.profile, "channel": data.channel.map(channel),
                "groups": groups(&data.groups), "strata": strata(&data.strata),
            }),
        ),
        Data::Outcome(data) => (
            "outcome",
            json!({
                "case_id": data.case_id, "control_id": data.control_id, "outcome": outcome(data.outcome),
                "sanction": data.sanction.as_ref().map(|it| json!({"kind": it.kind, "amount": it.amount})),
                "revises": data.revises,
            }),
        ),
        Data::Complaint(data) => (
            "complaint",
            json!({
                "profile": data.profile, "case_id": data.case_id, "ground": data.ground,
                "status": status(data.status), "groups": groups(&data.groups),
            }),
        ),
        Data::Tally(data) => {
            let counts = data.counts;
            let counts = json!({
                "assessed": counts.assessed, "selected": counts.selected, "controlled": counts.controlled,
                "concluded": counts.concluded, "hits": counts.hits, "complaints": counts.complaints,
            });
            let (groups, strata) = (groups(&data.groups), strata(&data.strata));
            let channel = channel(data.channel);
            let profile = &data.profile;
            (
                "tally",
                json!({"profile": profile, "channel": channel, "groups": groups, "strata": strata, "counts": counts}),
            )
        }
        Data::Attributes(data) => (
            "attributes",
            json!({"case_id": data.case_id, "groups": groups(&data.groups), "strata": strata(&data.strata)}),
        ),
        Data::Population(data) => {
            let counts: Map<_, _> = data.counts.iter().map(|(group, n)| (group.to_string(), json!(n))).collect();
            (
                "population",
                json!({
                    "profile": data.profile, "dimension": data.dimension, "counts": counts,
                    "valid_from": time_to_text(data.valid_from), "rounded_to": data.rounded_to,
                }),
            )
        }
        Data::Measure(data) => (
            "measure",
            json!({
                "alert_id": data.alert_id.map(|id| format!("{id:016x}")), "profile": data.profile, "rule": data.rule,
                "dimension": data.dimension, "group": data.group, "measure": data.kind.name(), "reason": data.reason,
                "by": data.by, "until": data.until.map(time_to_text), "accepted_ratio": data.accepted_ratio,
            }),
        ),
    }
}

fn groups(groups: &Groups<'_>) -> Value {
    let value = |membership: &Membership<'_>| match membership {
        Membership::Group(group) => json!(group),
        Membership::Probabilities(list) => list.iter().map(|(group, p)| (group.to_string(), json!(p))).collect(),
    };
    groups.iter().map(|(dimension, membership)| (dimension.to_string(), value(membership))).collect()
}

fn strata(strata: &Strata<'_>) -> Value {
    strata.iter().map(|(name, value)| (name.to_string(), json!(value))).collect()
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Profile => "profile",
        Channel::Random => "random",
        Channel::Signal => "signal",
        Channel::Manual => "manual",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown => "unknown",
        Outcome::NoViolation => "no_violation",
        Outcome::Violation => "violation",
    }
}

fn decider(decider: Decider) -> &'static str {
    match decider {
        Decider::Human => "human",
        Decider::Automated => "automated",
    }
}

fn status(status: ComplaintStatus) -> &'static str {
    match status {
        ComplaintStatus::Received => "received",
        ComplaintStatus::Upheld => "upheld",
        ComplaintStatus::Rejected => "rejected",
    }
}

//! `paritywatch.health.v1`: what the status page says of input and state, as JSON.

use serde_json::{Map, Value, json};

use super::time::rfc3339;
use super::vitals::{PartitionVitals, Vitals};

/// The document's schema.
const SCHEMA: &str = "paritywatch.health.v1";

/// The document on one line. `config_hash` names the configuration in force.
#[must_use]
pub fn health_json(vitals: &Vitals<'_>, config_hash: &str) -> String {
    let health = vitals.health;
    let by_type: Vec<Value> = health
        .by_type
        .iter()
        .map(|(kind, result, events)| json!({ "type": kind, "result": result, "events": events }))
        .collect();
    let rejections: Map<String, Value> =
        health.rejections.iter().map(|(reason, events)| ((*reason).to_owned(), json!(events))).collect();
    let partitions: Vec<Value> = vitals.partitions.iter().map(partition).collect();
    let document = json!({
        "schema": SCHEMA,
        "ready": vitals.not_ready.is_none(),
        "not_ready": vitals.not_ready,
        "healthy": vitals.healthy,
        "watermark": health.watermark.and_then(rfc3339),
        "evaluated_seconds_ago": vitals.evaluated_ago.as_secs_f64(),
        "evaluation_seconds": vitals.evaluation_took.as_secs_f64(),
        "evaluations": health.evaluations,
        "events": by_type,
        "rejections": rejections,
        "late_events": health.late,
        "events_ahead": health.ahead,
        "partitions": partitions,
        "fault": vitals.fault,
        "client_errors": vitals.client_errors,
        "client_reconnects": vitals.client_reconnects,
        "dead_letters": {
            "delivered": vitals.dead_letters.delivered,
            "refused": vitals.dead_letters.refused,
            "pending": vitals.dead_letters.pending,
        },
        "checkpoint": {
            "age_seconds": vitals.checkpoint.age.as_secs_f64(),
            "written": vitals.checkpoint.written,
            "failed": vitals.checkpoint.failed,
            "bytes": vitals.checkpoint.bytes,
        },
        "audit": {
            "entries": vitals.audit.entries,
            "signed": vitals.audit.signed,
            "trouble": vitals.audit.trouble,
        },
        "history": {
            "bytes": vitals.history.bytes,
            "releases": vitals.history.releases,
            "oldest": vitals.history.oldest.and_then(rfc3339),
            "newest": vitals.history.newest.and_then(rfc3339),
            "left_out": vitals.history.left_out,
            "trouble": vitals.history.trouble,
        },
        "open_cases": health.open_cases,
        "waiting_cases": health.waiting_cases,
        "configuration": {
            "hash": config_hash,
            "last_reload_successful": !vitals.reload_refused,
        },
    });
    document.to_string()
}

fn partition(state: &PartitionVitals<'_>) -> Value {
    json!({
        "topic": state.topic,
        "partition": state.partition,
        "lag": state.lag,
        "next_offset": state.next_offset,
        "newest_event": state.newest_event.and_then(rfc3339),
        "idle": state.idle,
    })
}

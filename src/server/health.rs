//! `/api/v1/health`: what the status page says of input and state, as JSON.

use serde_json::{Map, Value, json};

use crate::app::Snapshot;
use crate::event::EventTime;

/// The document's schema.
const SCHEMA: &str = "paritywatch.health.v1";

/// The document on one line.
pub(super) fn document(snapshot: &Snapshot) -> String {
    let (health, source, checkpoint) = (&snapshot.health, &snapshot.source, &snapshot.checkpoint);
    let by_type: Vec<Value> = health
        .by_type
        .iter()
        .map(|(kind, result, events)| json!({ "type": kind, "result": result, "events": events }))
        .collect();
    let rejections: Map<String, Value> =
        health.rejections.iter().map(|(reason, events)| ((*reason).to_owned(), json!(events))).collect();
    let partitions: Vec<Value> = source
        .partitions
        .iter()
        .map(|state| {
            let known = health.partitions.iter().find(|(index, ..)| *index == state.index);
            json!({
                "topic": state.topic,
                "partition": state.partition,
                "lag": state.lag,
                "next_offset": state.next_offset,
                "newest_event": known.and_then(|(_, newest, _)| *newest).and_then(rfc3339),
                "idle": known.is_some_and(|(_, _, idle)| *idle),
            })
        })
        .collect();
    let document = json!({
        "schema": SCHEMA,
        "ready": snapshot.ready().is_ok(),
        "not_ready": snapshot.ready().err(),
        "healthy": snapshot.healthy().is_ok(),
        "watermark": health.watermark.and_then(rfc3339),
        "evaluated_seconds_ago": snapshot.made_at.elapsed().as_secs_f64(),
        "evaluation_seconds": snapshot.evaluation_took.as_secs_f64(),
        "evaluations": health.evaluations,
        "events": by_type,
        "rejections": rejections,
        "late_events": health.late,
        "partitions": partitions,
        "fault": source.fault,
        "client_errors": source.errors,
        "client_reconnects": source.reconnects,
        "dead_letters": {
            "delivered": snapshot.dead_letters.delivered,
            "refused": snapshot.dead_letters.refused,
            "pending": snapshot.dead_letters.pending,
        },
        "checkpoint": {
            "age_seconds": checkpoint.last.elapsed().as_secs_f64(),
            "written": checkpoint.written,
            "failed": checkpoint.failed,
            "bytes": checkpoint.bytes,
        },
        "open_cases": health.open_cases,
        "waiting_cases": health.waiting_cases,
        "configuration": {
            "hash": snapshot.published.config_hash(),
            "last_reload_successful": !snapshot.operation.refused,
        },
    });
    document.to_string()
}

fn rfc3339(time: EventTime) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|timestamp| timestamp.to_string())
}

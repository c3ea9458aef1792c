//! The streams again, as a source of other people's shape tells them, and the mappings that read them.

use paritywatch::event::RawRecord;
use paritywatch::mapping::{Bounds, Mapped, MappedRecord, Mapper, Place};
use paritywatch::monitor::{Handled, Monitor, Received};
use paritywatch::settings::Settings;
use serde_json::{Value, json};

use super::feed::{NOW, new_monitor};

/// Records that are mapped together, as in the daemon.
const PART: usize = 256;

/// How records are written that a mapping reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object of text, numbers and codes.
    Flat,
    /// A new row of a change stream.
    Row,
}

const MAPPINGS: &str = r#"
[[mappings]]
name = "assessed"
topics = ["events"]
envelope = "ENVELOPE"
when = [{ path = "/kind", in = ["A"] }]
type = "selection"
[mappings.fields]
case_id = "/number"
time = { path = "/at", format = "epoch_ms" }
profile = { value = "skewed" }
selected = { path = "/picked", values = { J = true, N = false } }
risk_class = "/class"
"groups.origin" = { path = "/origin_code", values = { 1 = "dutch", 2 = "european", 3 = "non_european" } }
"groups.gender" = { path = "/sex", values = { f = "female", m = "male" } }
"strata.office" = "/office"
[[mappings]]
name = "visited"
topics = ["events"]
envelope = "ENVELOPE"
when = [{ path = "/kind", in = ["V"] }]
type = "control"
[mappings.fields]
case_id = "/number"
control_id = "/visit"
time = { path = "/at", format = "epoch_ms" }
[[mappings]]
name = "concluded"
topics = ["events"]
envelope = "ENVELOPE"
when = [{ path = "/kind", in = ["C"] }]
type = "outcome"
[mappings.fields]
case_id = "/number"
control_id = "/visit"
time = { path = "/at", format = "epoch_ms" }
outcome = { path = "/result", values = { F = "violation", N = "no_violation", U = "unknown" } }
"#;

/// The configuration of the benches with the mappings of a shape.
pub fn settings(shape: Shape) -> Settings {
    let envelope = if shape == Shape::Row { "debezium" } else { "none" };
    let text = format!("{}{}", include_str!("two-profiles.toml"), MAPPINGS.replace("ENVELOPE", envelope));
    Settings::parse(&text, "mapped.toml", std::iter::empty()).unwrap()
}

/// Writes an event as its source would.
pub fn written(event: &str, number: u64, shape: Shape) -> String {
    let event: Value = serde_json::from_str(event).unwrap();
    let data = &event["data"];
    let at = event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let code = |value: &Value, codes: &[(&str, &str)]| {
        codes.iter().find(|(known, _)| value == known).map(|(_, code)| (*code).to_owned())
    };
    let row = match event["type"].as_str().unwrap() {
        "paritywatch.selection.v1" => json!({
            "kind": "A", "number": data["case_id"], "revision": number % 97, "at": at,
            "picked": if data["selected"] == true { "J" } else { "N" }, "class": data["risk_class"],
            "origin_code": code(&data["groups"]["origin"], &[("dutch", "1"), ("european", "2"), ("non_european", "3")]),
            "sex": code(&data["groups"]["gender"], &[("female", "f"), ("male", "m")]),
            "office": data["strata"]["office"], "clerk": format!("clerk-{:03}", number % 311), "system": "intake",
        }),
        "paritywatch.control.v1" => json!({
            "kind": "V", "number": data["case_id"], "visit": data["control_id"], "at": at,
            "clerk": format!("clerk-{:03}", number % 311), "system": "visits",
        }),
        _ => json!({
            "kind": "C", "number": data["case_id"], "visit": data["control_id"], "at": at,
            "result": code(&data["outcome"], &[("violation", "F"), ("no_violation", "N"), ("unknown", "U")]),
            "clerk": format!("clerk-{:03}", number % 311), "system": "visits",
        }),
    };
    match shape {
        Shape::Flat => row.to_string(),
        Shape::Row => json!({
            "before": null, "after": row,
            "source": {"version": "3.0.0.Final", "connector": "postgresql", "name": "dbserver", "ts_ms": at, "snapshot": "false",
                "db": "benefits", "schema": "public", "table": "cases", "txId": number / 7, "lsn": 24_023_128 + number, "xmin": null},
            "transaction": null, "op": "c", "ts_ms": at + 17,
        })
        .to_string(),
    }
}

/// What counts records of a shape: a mapper, a monitor, and room.
pub struct MappedFeed {
    mapper: Mapper,
    mapped: Mapped,
    prefix: Vec<u8>,
    offset: u64,
    pub monitor: Monitor,
}

impl MappedFeed {
    pub fn new(shape: Shape, partitions: u32) -> Self {
        let settings = settings(shape);
        let mapper = Mapper::new(settings.mappings.iter().enumerate()).unwrap();
        let monitor = new_monitor(settings.plan, partitions);
        Self { mapper, mapped: Mapped::default(), prefix: Place::prefix("events/0/"), offset: 0, monitor }
    }

    /// Counts batches, every record of which must give one event that is accepted.
    pub fn count(&mut self, batches: &[Vec<Received<'_>>], handled: &mut Vec<Handled>) {
        let limits = self.monitor.plan().event;
        let max_ahead = self.monitor.plan().window.max_ahead;
        for part in batches.iter().flat_map(|batch| batch.chunks(PART)) {
            self.mapped.clear();
            for received in part {
                let place = Place { prefix: &self.prefix, number: self.offset };
                self.offset += 1;
                self.mapper.map(&received.record, place, Bounds { limits: &limits, max_ahead }, &mut self.mapped);
            }
            assert!(
                self.mapped.records().all(|record| matches!(record, MappedRecord::Events(1))),
                "a record was refused"
            );
            let events = part.iter().zip(self.mapped.events()).map(|(received, (_, payload))| {
                let record = RawRecord { payload, headers: &[], timestamp: Some(NOW) };
                Received { record, ..*received }
            });
            let events: Vec<Received<'_>> = events.collect();
            self.monitor.handle_batch(&events, NOW, handled);
            assert!(handled.iter().all(|handled| *handled == Handled::Accepted), "an event was not accepted");
        }
    }
}

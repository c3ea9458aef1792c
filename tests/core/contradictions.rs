//! Outcomes of one control that contradict each other without a correction: the latest counts, and what happened is counted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[window]
rolling = ["90d"]
[[rules]]
name = "hits"
indicator = "hit_rate"
warning = 0.9
critical = 0.8
"#;

/// An event of case `c`, so many hours after the first one.
fn event(kind: &str, id: &str, hour: u32, more: &Value) -> String {
    let mut data = json!({ "case_id": "c" });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let kind = format!("paritywatch.{kind}.v1");
    let time = format!("2026-03-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
    json!({ "specversion": "1.0", "id": id, "source": "/s", "type": kind, "time": time, "data": data }).to_string()
}

/// What became of each event, and the whole document.
fn read(events: &[String]) -> (Vec<Handled>, Value) {
    let plan = Settings::parse(CONFIG, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([6; 16]), Clock::Event { as_of: None });
    monitor.expect_disorder();
    let handle = |event: &String| {
        let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0))
    };
    let handled = events.iter().map(handle).collect();
    monitor.finish();
    let document = serde_json::from_str(&monitor.published().to_json()).unwrap();
    (handled, document)
}

fn picked() -> String {
    event("selection", "s", 0, &json!({ "profile": "p", "selected": true, "groups": { "origin": "a" } }))
}

fn control(id: &str) -> String {
    event("control", &format!("k-{id}"), 1, &json!({ "performed": true, "control_id": id }))
}

fn outcome(id: &str, hour: u32, outcome: &str, more: &Value) -> String {
    let mut data = json!({ "outcome": outcome });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event("outcome", id, hour, &data)
}

/// The hits of the only case that stand, by its stage in the funnel.
fn hits(document: &Value) -> u64 {
    let rows = document["funnel"].as_array().unwrap();
    rows.iter().find(|row| row["group"] == "a").unwrap()["stages"]["hit"].as_u64().unwrap()
}

#[test]
fn the_latest_of_two_outcomes_counts_and_the_second_to_come_is_a_conflict() {
    let found = outcome("o1", 2, "violation", &json!({}));
    let taken_back = outcome("o2", 3, "no_violation", &json!({}));
    for (first, second) in [(&found, &taken_back), (&taken_back, &found)] {
        let (handled, document) = read(&[picked(), control("k"), first.clone(), second.clone()]);
        assert_eq!(handled[..3], [Handled::Accepted, Handled::Accepted, Handled::Accepted]);
        assert_eq!(handled[3], Handled::Conflict);
        assert_eq!((&document["events"]["accepted"], &document["events"]["conflict"]), (&json!(3), &json!(1)));
        assert_eq!(hits(&document), 0, "the later outcome counts, whichever came first");
    }
}

#[test]
fn a_control_that_names_its_outcome_may_be_contradicted_too() {
    let control = event("control", "k", 1, &json!({ "performed": true, "outcome": "no_violation" }));
    let (handled, document) = read(&[picked(), control, outcome("o", 2, "violation", &json!({}))]);
    assert_eq!((handled.last(), hits(&document)), (Some(&Handled::Conflict), 1));
}

#[test]
fn what_corrects_repeats_or_does_not_know_is_no_conflict() {
    let found = || outcome("o1", 2, "violation", &json!({}));
    let corrected = || outcome("o2", 3, "no_violation", &json!({ "revises": "o1" }));
    let again = || outcome("o3", 4, "violation", &json!({}));
    let unknown = || outcome("o4", 4, "unknown", &json!({}));
    for events in [
        vec![found(), corrected()],
        vec![corrected(), found()],
        vec![found(), again()],
        vec![found(), unknown()],
        vec![unknown(), found()],
        vec![found(), found()],
    ] {
        let events = [vec![picked(), control("k")], events].concat();
        let (handled, document) = read(&events);
        assert!(!handled.contains(&Handled::Conflict), "{handled:?}");
        assert_eq!(document["events"]["conflict"], 0);
    }
}

#[test]
fn outcomes_of_different_controls_do_not_contradict_each_other() {
    let of = |id: &str, control: &str, said: &str| outcome(id, 3, said, &json!({ "control_id": control }));
    let events = [picked(), control("k1"), control("k2"), of("o1", "k1", "violation"), of("o2", "k2", "no_violation")];
    let (handled, document) = read(&events);
    assert!(!handled.contains(&Handled::Conflict), "{handled:?}");
    assert_eq!(hits(&document), 1);
    let (handled, _) = read(&[&events[..], &[of("o3", "k1", "no_violation")]].concat());
    assert_eq!(handled.last(), Some(&Handled::Conflict));
}

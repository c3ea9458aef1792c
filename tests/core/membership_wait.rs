//! Evidence waits for membership that is sent separately: as long as the stream has shown that it takes, and no longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

const START: EventTime = EventTime(1_767_225_600_000);
const KEY: PseudonymKey = PseudonymKey([1; 16]);
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
rolling = ["30d"]
allowed_lateness = "1h"
[limits]
membership_horizon = "45d"
[alerting]
block_exposed = 200
[[rules]]
name = "r"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
"#;

/// How a case gets its group.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Group {
    WithTheSelection,
    After(Span),
    Never,
}

/// Twenty cases an hour for so many days. Group a is picked twice as often as b.
fn stream(days: i64, group_of: impl Fn(i64) -> Group) -> Vec<(EventTime, Value)> {
    let mut events = Vec::new();
    for case in 0..days * 24 * 20 {
        let time = START.plus(Span::HOUR.times(case / 20)).plus(Span::SECOND.times(case % 20));
        let (origin, draw) = (if case % 2 == 0 { "a" } else { "b" }, case / 2 % 20);
        let selected = draw < if origin == "a" { 4 } else { 2 };
        let groups = json!({ "origin": origin });
        let mut selection = json!({ "case_id": format!("c{case}"), "profile": "p", "selected": selected });
        match group_of(case) {
            Group::WithTheSelection => selection["groups"] = groups,
            Group::After(delay) => {
                let data = json!({ "case_id": format!("c{case}"), "groups": groups });
                events.push((time.plus(delay), event("attributes", &format!("m{case}"), time.plus(delay), &data)));
            }
            Group::Never => {}
        }
        events.push((time, event("selection", &format!("s{case}"), time, &selection)));
    }
    events.sort_by_key(|(time, _)| *time);
    events
}

fn event(kind: &str, id: &str, time: EventTime, data: &Value) -> Value {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
    json!({ "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t", "id": id, "time": time, "data": data })
}

fn monitor(end: EventTime) -> Monitor {
    let plan = Settings::parse(CONFIG, "wait.toml", std::iter::empty()).unwrap().plan;
    Monitor::new(plan, KEY, Clock::Event { as_of: Some(end) })
}

fn read(monitor: &mut Monitor, events: &[(EventTime, Value)]) {
    for (_, event) in events {
        let payload = event.to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
        let handled = monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
        assert!(matches!(handled, Handled::Accepted | Handled::BeyondAsOf), "{handled:?}");
    }
}

/// The finding about group a at the end of so many days.
fn finding(days: i64, events: &[(EventTime, Value)]) -> Value {
    let mut monitor = monitor(START.plus(Span::DAY.times(days)));
    read(&mut monitor, events);
    monitor.finish();
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["findings"][0].clone()
}

fn blocks(finding: &Value) -> u64 {
    finding["evidence"]["blocks"].as_u64().unwrap()
}

fn late(finding: &Value) -> u64 {
    ["group", "reference"].map(|side| finding["missing"][side]["by_cause"]["late"].as_u64().unwrap_or(0)).iter().sum()
}

#[test]
fn evidence_of_groups_that_come_later_is_that_of_groups_with_the_selection() {
    let with_the_selection = finding(50, &stream(40, |_| Group::WithTheSelection));
    assert_eq!(with_the_selection["verdict"], "critical");
    for delay in [Span::HOUR.times(2), Span::DAY.times(3)] {
        let later = finding(50, &stream(40, |_| Group::After(delay)));
        assert_eq!((&later["evidence"], late(&later)), (&with_the_selection["evidence"], 0), "{delay:?}");
        assert_eq!(later["verdict"], "critical");
    }
    // After a week the cohorts of a day are one.
    let later = finding(50, &stream(40, |_| Group::After(Span::DAY.times(8))));
    assert_eq!((blocks(&later), late(&later), &later["verdict"]), (40, 0, &json!("critical")), "{later}");
}

#[test]
fn how_long_cohorts_wait_is_learned_from_the_stream() {
    // Every third case gets its group two days later.
    let some_later =
        |case: i64| if case / 2 % 3 == 0 { Group::After(Span::DAY.times(2)) } else { Group::WithTheSelection };
    let events = stream(60, some_later);
    // The cohorts of the first days have passed when it is known.
    let first = finding(5, &events);
    assert!(late(&first) > 200, "{first}");
    let learned = finding(60, &events);
    assert_eq!(late(&learned), 0, "{learned}");
    assert_eq!(learned["verdict"], "critical");
    let waits = finding(60, &stream(60, |_| Group::WithTheSelection));
    assert!(blocks(&learned) + 20 > blocks(&waits), "{learned} {waits}");
}

#[test]
fn nobody_waits_for_groups_that_hardly_ever_come() {
    for (days, first_group) in [(20, Group::Never), (20, Group::After(Span::DAY.times(9)))] {
        // One case in twenty-five comes later, or one in five never.
        let share = if first_group == Group::Never { 5 } else { 25 };
        let group = |case: i64| if case / 2 % share == 0 { first_group } else { Group::WithTheSelection };
        let known: Vec<(EventTime, Value)> = stream(days, group)
            .into_iter()
            .filter(|(_, event)| event["data"]["selected"].is_null() || event["data"]["groups"].is_object())
            .filter(|(_, event)| event["type"] != "paritywatch.attributes.v1")
            .collect();
        let (with, without) = (finding(days, &stream(days, group)), finding(days, &known));
        assert_eq!(with["evidence"], without["evidence"], "{first_group:?}");
    }
}

/// A cohort most of whose cases have no group waits, but not for ever.
#[test]
fn the_membership_horizon_ends_the_wait() {
    let mostly_never = |case: i64| if case / 2 % 4 == 0 { Group::WithTheSelection } else { Group::Never };
    let events = stream(60, mostly_never);
    let waiting = finding(44, &events);
    assert_eq!((blocks(&waiting), &waiting["verdict"]), (0, &json!("insufficient_data")), "{waiting}");
    assert!(blocks(&finding(60, &events)) > 0);
}

#[test]
fn what_was_learned_survives_a_restart() {
    let some_later =
        |case: i64| if case / 2 % 3 == 0 { Group::After(Span::DAY.times(2)) } else { Group::WithTheSelection };
    let events = stream(30, some_later);
    let end = START.plus(Span::DAY.times(30));
    let (before, after) = events.split_at(events.len() / 2);
    let mut stopped = monitor(end);
    read(&mut stopped, before);
    let snapshot = stopped.snapshot();
    let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
    let section = |index: usize| Some(sections[index].clone());
    let plan = Settings::parse(CONFIG, "wait.toml", std::iter::empty()).unwrap().plan;
    let mut restored = Monitor::restore(plan, KEY, Clock::Event { as_of: Some(end) }, section).unwrap();
    read(&mut restored, after);
    restored.finish();
    let document: Value = serde_json::from_str(&restored.published().to_json()).unwrap();
    assert_eq!(document["findings"][0], finding(30, &events));
}

/// One case at night without a group is most of the cases of its hour.
#[test]
fn no_single_hour_holds_evidence_up() {
    let thin = |case: i64| case / 20 % 24 < 20 || case % 20 == 0;
    let at_night_never = |case: i64| if case / 20 % 24 >= 20 { Group::Never } else { Group::WithTheSelection };
    let case_of = |event: &Value| event["data"]["case_id"].as_str().unwrap()[1..].parse::<i64>().unwrap();
    let few = |events: Vec<(EventTime, Value)>| -> Vec<(EventTime, Value)> {
        events.into_iter().filter(|(_, event)| thin(case_of(event))).collect()
    };
    let with = finding(20, &few(stream(20, at_night_never)));
    let known = |(_, event): &(EventTime, Value)| event["data"]["groups"].is_object();
    let without = finding(20, &few(stream(20, at_night_never)).into_iter().filter(known).collect::<Vec<_>>());
    assert_eq!(with["evidence"], without["evidence"]);
    assert!(blocks(&with) > 20, "{with}");
}

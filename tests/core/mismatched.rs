//! A second delivery is one that is equal. The identity of an earlier event with another type or content is `mismatched`.

use crate::support::effort::attempts;

use std::collections::BTreeMap;

use paritywatch::event::{RawRecord, Reason};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Received, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// 2026-03-01T00:00:00Z
const START: EventTime = EventTime(1_772_323_200_000);
const KEY: PseudonymKey = PseudonymKey([3; 16]);

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["7d"]
max_ahead = "24h"
[profiles.p]
owner = "o"
[profiles.q]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[[rules]]
name = "r"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "point"
stratify_by = "office"
"#;

fn plan(config: &str) -> Plan {
    Settings::parse(config, "test.toml", std::iter::empty()).unwrap().plan
}

fn monitor() -> Monitor {
    let mut monitor = Monitor::new(plan(CONFIG), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), START);
    monitor
}

fn restored(monitor: &Monitor, config: &str) -> Monitor {
    let snapshot = monitor.snapshot();
    let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
    Monitor::restore(plan(config), KEY, Clock::Wall, |index| sections.get(index).cloned()).unwrap()
}

fn handle(monitor: &mut Monitor, event: &str) -> Handled {
    let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
    monitor.handle_record(PartitionIndex(0), &record, START.plus(Span::DAY))
}

/// What is counted: the counts of each finding, and the funnel. So many events move time that all others are in the windows.
fn counted(monitor: &Monitor) -> Value {
    let mut monitor = monitor.clone();
    for id in 1_000..1_100 {
        let data = json!({ "profile": "p", "groups": { "origin": "a" }, "counts": { "assessed": 1 } });
        handle(&mut monitor, &event("tally", id, 900, &data).to_string());
    }
    monitor.handle_tick(START.plus(Span::DAY.times(2)));
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let findings = document["findings"].as_array().unwrap().iter();
    let counts = findings.map(|finding| {
        json!([finding["profile"], finding["group"], finding["group_counts"], finding["reference_counts"]])
    });
    assert!(counts.len() > 0, "{document}");
    json!([counts.collect::<Vec<_>>(), document["funnel"]])
}

fn event(kind: &str, id: u64, minute: i64, data: &Value) -> Value {
    let time = jiff::Timestamp::from_millisecond(START.plus(Span::MINUTE.times(minute)).0).unwrap().to_string();
    let kind = format!("paritywatch.{kind}.v1");
    json!({ "specversion": "1.0", "type": kind, "source": "/t", "id": format!("e{id}"), "time": time, "data": data })
}

/// The same event as another program writes it: other white space, fields from last to first, and a field of its own.
fn rewritten(event: &Value) -> String {
    fn reversed(value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().rev().map(|(name, value)| format!("{name:?} : {}", reversed(value)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(" ,\n"))
            }
            value => value.to_string(),
        }
    }
    reversed(event).replacen('{', r#"{"mirrored_by": ["elsewhere"], "#, 1)
}

/// What an event is made of. Each case has at most one selection: a second one is a conflict, and is not looked at here.
#[derive(Clone, Debug)]
struct Spec {
    kind: usize,
    case: u8,
    minute: i64,
    yes: bool,
    group: usize,
    office: usize,
    number: u64,
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = (0..8_usize, 0..6_u8, 0..600_i64, any::<bool>(), 0..5_usize, 0..3_usize, 0..50_u64).prop_map(
        |(kind, case, minute, yes, group, office, number)| Spec { kind, case, minute, yes, group, office, number },
    );
    prop::collection::vec(spec, 1..40)
}

fn groups(group: usize) -> Value {
    // A listed group, one on no list, a word for none, and probabilities.
    [
        json!({ "origin": "a" }),
        json!({ "origin": "b" }),
        json!({ "origin": "elsewhere" }),
        json!({}),
        json!({ "origin": { "a": 0.25 } }),
    ][group]
        .clone()
}

fn made(specs: &[Spec]) -> Vec<Value> {
    let mut selected = [false; 6];
    specs.iter().zip(0..).map(|(spec, id)| of_spec(spec, id, &mut selected)).collect()
}

fn of_spec(spec: &Spec, id: u64, selected: &mut [bool; 6]) -> Value {
    let Spec { kind, case, minute, yes, group, office, number } = *spec;
    let strata = [json!({}), json!({ "office": "x" }), json!({ "office": "y" })][office].clone();
    let case_id = format!("c{case}");
    let first = !std::mem::replace(&mut selected[usize::from(case)], true);
    let (kind, data) = match kind {
        0 | 1 if first => (
            "selection",
            json!({ "case_id": case_id, "profile": "p", "selected": yes, "groups": groups(group), "strata": strata }),
        ),
        0..=2 => ("control", json!({ "case_id": case_id, "control_id": number.to_string(), "performed": yes })),
        3 => ("outcome", json!({ "case_id": case_id, "outcome": if yes { "violation" } else { "no_violation" } })),
        4 => ("attributes", json!({ "case_id": case_id, "groups": groups(group), "strata": strata })),
        5 => ("complaint", json!({ "profile": "p", "ground": "race", "groups": groups(group) })),
        6 => {
            let groups = groups(if group == 4 { 0 } else { group });
            ("tally", json!({ "profile": "q", "groups": groups, "strata": strata, "counts": { "assessed": number } }))
        }
        _ => (
            "population",
            json!({ "profile": "q", "dimension": "origin", "counts": { "a": number }, "valid_from": "2026-01-01" }),
        ),
    };
    event(kind, id, minute, &data)
}

/// The same identity with something else, each of another kind.
fn changed(event: &Value) -> BTreeMap<&'static str, Value> {
    let with = |path: &[&str], value: Value| {
        let mut changed = event.clone();
        let place = path.iter().fold(&mut changed, |place, name| &mut place[*name]);
        let differs = *place != value;
        *place = value;
        differs.then_some(changed)
    };
    let data = event["data"].as_object().unwrap();
    let mut all: BTreeMap<&'static str, Option<Value>> = BTreeMap::new();
    let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
    all.insert("time", with(&["time"], json!((time + jiff::SignedDuration::from_secs(1)).to_string())));
    for (name, value) in [("selected", json!(true)), ("performed", json!(true)), ("outcome", json!("unknown"))] {
        all.insert(name, data.contains_key(name).then(|| with(&["data", name], value)).flatten());
    }
    if data.contains_key("control_id") {
        all.insert("control_id", with(&["data", "control_id"], json!("another")));
    }
    if data.contains_key("groups") {
        for (name, group) in [("listed", 0), ("other group", 1), ("on no list", 2), ("without group", 3)] {
            all.insert(name, with(&["data", "groups"], groups(group)));
        }
    }
    if data.contains_key("strata") {
        all.insert("stratum", with(&["data", "strata"], json!({ "office": "y" })));
        all.insert("without stratum", with(&["data", "strata"], json!({})));
    }
    if data.contains_key("counts") {
        all.insert(
            "counts",
            with(&["data", "counts"], json!({ if data.contains_key("dimension") { "a" } else { "assessed" }: 99 })),
        );
    }
    if data.contains_key("case_id") && event["type"] != "paritywatch.outcome.v1" {
        let mut other = Map::clone(event.as_object().unwrap());
        other.insert("type".to_owned(), json!("paritywatch.outcome.v1"));
        other.insert("data".to_owned(), json!({ "case_id": data["case_id"], "outcome": "violation" }));
        all.insert("type", Some(Value::Object(other)));
    }
    all.into_iter().filter_map(|(name, event)| Some((name, event?))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(300), ..ProptestConfig::default() })]

    /// However often events come again, and however they are written then, before and after a restart.
    #[test]
    fn an_event_that_comes_again_is_never_mismatched(specs in specs(), again in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        let events = made(&specs);
        let (mut once, mut monitor) = (monitor(), monitor());
        let mut duplicates = 0;
        for (place, event) in events.iter().enumerate() {
            let handled = handle(&mut once, &event.to_string());
            prop_assert_eq!(&handle(&mut monitor, &event.to_string()), &handled);
            for back in again.iter().filter(|_| handled == Handled::Accepted).take(place) {
                let earlier = &events[back.index(place + 1)];
                prop_assert_eq!(handle(&mut monitor, &rewritten(earlier)), Handled::Duplicate);
                duplicates += 1;
            }
        }
        let mut monitor = restored(&monitor, CONFIG);
        for event in &events {
            prop_assert_eq!(handle(&mut monitor, &rewritten(event)), Handled::Duplicate, "{}", event);
        }
        let counts = monitor.health().events;
        prop_assert_eq!((counts.mismatched, counts.duplicate), (0, duplicates + events.len() as u64));
        prop_assert_eq!(counted(&monitor), counted(&once));
    }

    /// Whatever differs, while the case is open, before and after a restart; and nothing is counted of it.
    #[test]
    fn an_identity_with_another_content_is_mismatched(specs in specs()) {
        let events = made(&specs);
        let mut running = monitor();
        for event in &events {
            // Outcomes of one control that contradict each other are counted as that.
            let handled = handle(&mut running, &event.to_string());
            prop_assert!(matches!(handled, Handled::Accepted | Handled::Conflict), "{:?}", handled);
        }
        let expected = counted(&running);
        let mut restarted = restored(&running, CONFIG);
        // In a batch, events that are alike are recognised without being decoded.
        let all: Vec<String> = events.iter().flat_map(|event| changed(event).into_values()).map(|it| it.to_string()).collect();
        let record = |event| Received { partition: PartitionIndex(0), record: RawRecord { payload: event, headers: &[], timestamp: None } };
        let batch: Vec<Received<'_>> = all.iter().chain(&all).map(|event| record(event.as_bytes())).collect();
        let mut handled = Vec::new();
        running.clone().handle_batch(&batch, START.plus(Span::DAY), &mut handled);
        prop_assert!(handled.iter().all(|handled| matches!(handled, Handled::Mismatched(_))), "{:?}", handled);
        for monitor in [&mut running, &mut restarted] {
            let (mut tried, before) = (0, monitor.health());
            for event in &events {
                for (what, other) in changed(event) {
                    let Handled::Mismatched(rejection) = handle(monitor, &other.to_string()) else {
                        panic!("{what}: {other} after {event}")
                    };
                    prop_assert_eq!(rejection.reason, Reason::Mismatched);
                    tried += 1;
                }
                prop_assert_eq!(handle(monitor, &event.to_string()), Handled::Duplicate);
            }
            let (counts, before) = (monitor.health().events, before.events);
            prop_assert_eq!(counts.mismatched, before.mismatched + tried);
            prop_assert_eq!(counts.parts().iter().map(|(_, count)| count).sum::<u64>(), counts.read);
            prop_assert_eq!(counts.lost() - before.lost(), tried);
            prop_assert_eq!(counted(monitor), expected.clone());
        }
    }
}

fn selection(id: u64, case: &str, profile: &str, group: &str) -> Value {
    event(
        "selection",
        id,
        0,
        &json!({ "case_id": case, "profile": profile, "selected": true, "groups": { "origin": group } }),
    )
}

#[test]
fn the_reason_names_what_differs() {
    let first = selection(1, "c", "p", "a");
    let mut monitor = monitor();
    assert_eq!(handle(&mut monitor, &first.to_string()), Handled::Accepted);
    for (second, what) in [
        (selection(1, "c", "q", "a"), "profile"),
        (selection(1, "c", "p", "b"), "groups"),
        (event("control", 1, 0, &json!({ "case_id": "c" })), "type"),
    ] {
        let Handled::Mismatched(rejection) = handle(&mut monitor, &second.to_string()) else { panic!("{second}") };
        let expected = format!("event: expected what came first with this source and id, found another {what}");
        assert_eq!(rejection.detail, expected);
    }
    // Identity is source and id within a case.
    assert_eq!(handle(&mut monitor, &selection(1, "other", "p", "b").to_string()), Handled::Accepted);
    let elsewhere = first.to_string().replace("/t", "/u").replace("selection", "control");
    assert_eq!(handle(&mut monitor, &elsewhere), Handled::Accepted);
    assert_eq!(monitor.health().by_type.iter().filter(|(_, result, _)| *result == "mismatched").count(), 2);
    assert!(monitor.health().rejections.is_empty(), "they are a result of their own");
}

#[test]
fn no_plan_makes_a_second_delivery_another_event() {
    let events = [
        selection(1, "c1", "p", "a"),
        selection(2, "c2", "p", "elsewhere"),
        selection(3, "c3", "new", "b"),
        selection(4, "c4", "q", "nothing"),
        event(
            "selection",
            5,
            0,
            &json!({ "case_id": "c5", "profile": "p", "selected": true, "strata": { "office": "x", "street": "s" } }),
        ),
        event("complaint", 6, 0, &json!({ "profile": "p", "case_id": "c1", "groups": { "origin": "elsewhere" } })),
    ];
    let mut running = monitor();
    for event in &events {
        let handled = handle(&mut running, &event.to_string());
        assert!(matches!(handled, Handled::Accepted | Handled::UnknownProfile), "{handled:?}");
    }
    // A profile comes and another goes, a value becomes an alias, one a word for none, and another stratum is kept.
    let other = CONFIG
        .replace("[profiles.q]", "[profiles.new]")
        .replace("[[rules]]", "aliases = { elsewhere = \"a\" }\nmissing_values = [\"nothing\"]\n[[rules]]")
        .replace("office", "street");
    let mut changed = running.clone();
    changed.change_plan(plan(&other)).unwrap();
    for mut monitor in [restored(&running, &other), changed.clone(), restored(&changed, &other)] {
        for event in &events {
            assert_eq!(handle(&mut monitor, &event.to_string()), Handled::Duplicate, "{event}");
        }
        // What no plan can have changed is told all the same.
        for second in [selection(1, "c1", "p", "b"), selection(5, "c5", "p", "a")] {
            assert!(matches!(handle(&mut monitor, &second.to_string()), Handled::Mismatched(_)), "{second}");
        }
    }
}

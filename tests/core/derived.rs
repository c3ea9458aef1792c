//! Strata that a selection itself says: its version, who decided, its criteria. Their values, what wins, and that nobody waits for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use paritywatch::event::{RawRecord, Reason};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Received, SECTIONS};
use paritywatch::plan::{DimensionId, EventTime, PartitionIndex, Plan, Slot, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::window::Range;
use serde_json::{Value, json};

/// 2026-03-01T00:00:00Z
const START: EventTime = EventTime(1_772_323_200_000);
const KEY: PseudonymKey = PseudonymKey([3; 16]);
const ALL: Range = Range { after: EventTime(0), last: EventTime(START.0 * 2) };
const BASE: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["30d"]
allowed_lateness = "1h"
[limits]
not_selected_horizon = "1d"
membership_horizon = "45d"
[alerting]
block_exposed = 200
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
"#;
const STRATA: [&str; 5] = ["profile_version", "decided_by", "criterion:age", "criterion:postcode", "criteria:unlisted"];

/// A plan whose rules name these strata.
fn plan_of(strata: &[&str], evidence: &str) -> Plan {
    let rules: Vec<String> = strata
        .iter()
        .enumerate()
        .map(|(index, name)| {
            format!("[[rules]]\nname = \"r{index}\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"{evidence}\"\nstratify_by = \"{name}\"\n")
        })
        .collect();
    let mut plan = Settings::parse(&format!("{BASE}{}", rules.concat()), "test.toml", std::iter::empty()).unwrap().plan;
    plan.counts_everyone = true;
    plan
}

fn monitor_of(strata: &[&str]) -> Monitor {
    let mut monitor = Monitor::new(plan_of(strata, "point"), KEY, Clock::Event { as_of: None });
    monitor.add_partition(PartitionIndex(0), START);
    monitor
}

fn restored(monitor: &Monitor, strata: &[&str]) -> Monitor {
    let snapshot = monitor.snapshot();
    let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
    let plan = plan_of(strata, "point");
    Monitor::restore(plan, KEY, Clock::Event { as_of: None }, |index| sections.get(index).cloned()).unwrap()
}

fn event(kind: &str, id: &str, minutes: i64, data: &Value) -> String {
    let time = jiff::Timestamp::from_millisecond(START.plus(Span::MINUTE.times(minutes)).0).unwrap().to_string();
    let kind = format!("paritywatch.{kind}.v1");
    json!({ "specversion": "1.0", "type": kind, "source": "/t", "id": id, "time": time, "data": data }).to_string()
}

fn handle(monitor: &mut Monitor, event: &str) -> Handled {
    let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
    monitor.handle_record(PartitionIndex(0), &record, EventTime(0))
}

/// A selection of the case `id`, with these fields beside those that it must have.
fn selection(id: &str, minutes: i64, fields: &Value) -> String {
    let mut data = json!({ "case_id": id, "profile": "p", "selected": false });
    data.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event("selection", &format!("s-{id}"), minutes, &data)
}

/// The number of cases by value of a stratum; no value is `None`.
fn by_value(monitor: &Monitor, stratum: &str) -> BTreeMap<Option<String>, u64> {
    let (windows, attributes) = monitor.counted();
    let id = attributes.stratum_id(stratum).unwrap();
    let mut cases = BTreeMap::new();
    for key in windows.keys().iter().filter(|key| key.dimension == DimensionId::EVERYONE) {
        if let Some((_, slot)) = key.stratum.filter(|(of, _)| *of == id) {
            let counts = windows.cell(key).unwrap().sum(ALL);
            *cases.entry(attributes.stratum_text(id, slot).map(str::to_owned)).or_default() += counts.assessed;
        }
    }
    cases.retain(|_, count| *count > 0);
    cases
}

/// The value of the only case in each of [`STRATA`].
fn values(monitor: &Monitor) -> [Option<String>; 5] {
    STRATA.map(|stratum| {
        let cases: Vec<_> = by_value(monitor, stratum).into_iter().collect();
        let [(value, 1)] = &cases[..] else { panic!("one case: {stratum} {cases:?}") };
        value.clone()
    })
}

fn values_of(fields: &Value) -> [Option<String>; 5] {
    let mut monitor = monitor_of(&STRATA);
    assert_eq!(handle(&mut monitor, &selection("c", 0, fields)), Handled::Accepted, "{fields}");
    values(&monitor)
}

fn some(values: [&str; 5]) -> [Option<String>; 5] {
    values.map(|value| (value != "-").then(|| value.to_owned()))
}

#[test]
fn each_stratum_has_the_value_that_the_selection_says() {
    for (fields, expected) in [
        (json!({}), ["", "-", "-", "-", "-"]),
        (json!({ "profile_version": null, "decided_by": null, "criteria": null }), ["", "-", "-", "-", "-"]),
        (
            json!({ "profile_version": "v2", "decided_by": "human", "criteria": [] }),
            ["v2", "human", "absent", "absent", "none"],
        ),
        (json!({ "decided_by": "automated", "criteria": ["age"] }), ["", "automated", "present", "absent", "none"]),
        (
            json!({ "criteria": ["zip", { "name": "postcode", "value": "1012" }, "bmi", "age"] }),
            ["", "-", "present", "1012", "bmi"],
        ),
        (
            json!({ "criteria": [{ "name": "postcode", "value": null }, { "name": "\u{e9}" }] }),
            ["", "-", "absent", "present", "\u{e9}"],
        ),
        // Bytewise, and a value says nothing of the name.
        (json!({ "criteria": ["b", { "name": "B", "value": "a" }, "a"] }), ["", "-", "absent", "absent", "B"]),
        // In `strata` these words stand for no value.
        (
            json!({ "profile_version": "unknown", "criteria": [{ "name": "age", "value": "n/a" }] }),
            ["unknown", "-", "n/a", "absent", "none"],
        ),
    ] {
        assert_eq!(values_of(&fields), some(expected), "{fields}");
    }
}

#[test]
fn an_entry_of_strata_takes_the_place_of_what_the_selection_says() {
    let fields = |version: &str, decided: &str, age: &str| {
        json!({
            "profile_version": "v1", "decided_by": "human", "criteria": ["age", "zip"],
            "strata": { "profile_version": version, "decided_by": decided, "criterion:age": age, "criteria:unlisted": "x" }
        })
    };
    assert_eq!(values_of(&fields("v9", "automated", "old")), some(["v9", "automated", "old", "absent", "x"]));
    assert_eq!(values_of(&fields("unknown", "n/a", "Unknown")), some(["", "-", "-", "absent", "x"]));
    // Also where such a word came before as a value.
    let mut monitor = monitor_of(&STRATA);
    handle(&mut monitor, &selection("first", 0, &json!({ "profile_version": "unknown" })));
    handle(&mut monitor, &selection("then", 1, &fields("unknown", "n/a", "Unknown")));
    let version = |value: &str| (Some(value.to_owned()), 1);
    assert_eq!(by_value(&monitor, "profile_version"), [version("unknown"), version("")].into());
}

#[test]
fn other_events_say_nothing_of_it_and_leave_it() {
    let mut monitor = monitor_of(&STRATA);
    let made = json!({ "profile_version": "v1", "decided_by": "human", "criteria": ["age"] });
    let expected = some(["v1", "human", "present", "absent", "none"]);
    handle(
        &mut monitor,
        &event(
            "attributes",
            "a0",
            0,
            &json!({ "case_id": "c", "strata": { "other": "x" }, "groups": { "origin": "b" } }),
        ),
    );
    handle(&mut monitor, &selection("c", 1, &made));
    handle(&mut monitor, &event("attributes", "a1", 2, &json!({ "case_id": "c", "groups": { "origin": "a" } })));
    assert_eq!(values(&monitor), expected);
    handle(
        &mut monitor,
        &event(
            "control",
            "k",
            3,
            &json!({ "case_id": "c", "outcome": "violation", "strata": { "decided_by": "automated" } }),
        ),
    );
    assert_eq!(
        by_value(&monitor, "decided_by"),
        [(Some("human".to_owned()), 2)].into(),
        "assessed, and in another channel"
    );
    // Without a selection nothing is known, not even that there is no version.
    let mut monitor = monitor_of(&STRATA);
    handle(&mut monitor, &event("control", "k", 3, &json!({ "case_id": "c", "profile": "p", "outcome": "violation" })));
    assert_eq!(values(&monitor), some(["-"; 5]));
    handle(&mut monitor, &selection("c", 1, &made));
    assert_eq!(by_value(&monitor, "profile_version").keys().flatten().collect::<Vec<_>>(), ["v1"]);
    let mut monitor = monitor_of(&STRATA);
    let tally = json!({ "profile": "p", "counts": { "assessed": 1 }, "groups": { "origin": "a" }, "strata": { "decided_by": "human" } });
    handle(&mut monitor, &event("tally", "t", 3, &tally));
    assert_eq!(values(&monitor), some(["-", "human", "-", "-", "-"]));
}

#[test]
fn a_correction_of_the_selection_replaces_all_of_it() {
    let mut monitor = monitor_of(&STRATA);
    let made = json!({ "profile_version": "v1", "decided_by": "human", "criteria": ["age"] });
    handle(&mut monitor, &selection("c", 1, &made));
    let again = |fields: Value, id: &str, minutes: i64, revises: &str| {
        let mut data = json!({ "case_id": "c", "profile": "p", "selected": false, "revises": revises });
        data.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        event("selection", id, minutes, &data)
    };
    handle(&mut monitor, &again(json!({ "profile_version": "v2", "criteria": ["zip"] }), "r1", 2, "s-c"));
    assert_eq!(values(&monitor), some(["v2", "-", "absent", "absent", "zip"]));
    handle(&mut monitor, &again(json!({}), "r2", 3, "r1"));
    assert_eq!(values(&monitor), some(["", "-", "-", "-", "-"]));
}

/// The empty version is a value with a place of its own among the others, before and after a restart.
#[test]
fn the_version_of_a_selection_without_one_is_kept_apart_from_no_value() {
    let mut monitor = monitor_of(&STRATA);
    for (number, version) in ["v2", "", "v1"].into_iter().enumerate() {
        let fields = if version.is_empty() { json!({}) } else { json!({ "profile_version": version }) };
        handle(&mut monitor, &selection(&format!("c{number}"), 0, &fields));
    }
    handle(&mut monitor, &event("control", "k", 3, &json!({ "case_id": "k", "profile": "p" })));
    let one = |value: Option<&str>| (value.map(str::to_owned), 1);
    let expected: BTreeMap<_, _> = [one(None), one(Some("")), one(Some("v1")), one(Some("v2"))].into();
    let mut again = restored(&monitor, &STRATA);
    for monitor in [&monitor, &again] {
        assert_eq!(by_value(monitor, "profile_version"), expected);
        let (_, attributes) = monitor.counted();
        let id = attributes.stratum_id("profile_version").unwrap();
        let texts: Vec<_> =
            attributes.stratum_values(id).into_iter().map(|slot| attributes.stratum_text(id, slot)).collect();
        assert_eq!(texts, [None, Some(""), Some("other"), Some("v1"), Some("v2")]);
        assert_eq!(attributes.stratum_value(id, Slot::NONE), "");
    }
    handle(&mut again, &selection("c9", 5, &json!({})));
    assert_eq!(by_value(&again, "profile_version")[&Some(String::new())], 2);
}

/// The one that is listed first changes with what the plan lists.
#[test]
fn a_second_delivery_is_compared_by_what_rules_read_and_read() {
    let made = json!({ "profile_version": "v1", "decided_by": "human", "criteria": ["age", "zip"] });
    let other = [
        ("profile_version", json!("v2"), "profile_version"),
        ("decided_by", json!("automated"), "decided_by"),
        ("criteria", json!(["zip"]), "criteria"),
        ("criteria", json!([{ "name": "age", "value": "3" }, "zip"]), "criteria"),
    ];
    for (field, value, named) in other {
        let mut changed = made.clone();
        changed[field] = value;
        for (strata, is_read) in [(&STRATA[..], true), (&[], false)] {
            let mut monitor = monitor_of(strata);
            assert_eq!(handle(&mut monitor, &selection("c", 0, &made)), Handled::Accepted);
            assert_eq!(handle(&mut monitor, &selection("c", 0, &made)), Handled::Duplicate);
            match handle(&mut monitor, &selection("c", 0, &changed)) {
                Handled::Mismatched(rejection) => {
                    assert!(is_read && rejection.reason == Reason::Mismatched, "{field}");
                    assert!(rejection.detail.contains(named), "{rejection}");
                }
                handled => assert!(handled == Handled::Duplicate && !is_read, "{field} {handled:?}"),
            }
        }
    }
    // From plan to plan the same selection says other things.
    let plans: [&[&str]; 4] =
        [&STRATA, &["criteria:unlisted", "criterion:zip"], &[], &["criteria:unlisted", "criterion:age"]];
    for before in plans {
        for after in plans {
            let mut monitor = monitor_of(before);
            assert_eq!(handle(&mut monitor, &selection("c", 0, &made)), Handled::Accepted);
            let mut again = restored(&monitor, after);
            assert_eq!(handle(&mut again, &selection("c", 0, &made)), Handled::Duplicate, "{before:?} {after:?}");
            assert_eq!(handle(&mut again, &selection("d", 0, &made)), Handled::Accepted);
            monitor.change_plan(plan_of(after, "point")).unwrap();
            assert_eq!(handle(&mut monitor, &selection("c", 0, &made)), Handled::Duplicate, "{before:?} {after:?}");
        }
    }
}

/// A case that was not picked is kept a day; one whose group may still come 45 days.
#[test]
fn a_case_that_lacks_only_these_is_not_kept_for_them() {
    let open = |fields: Value, strata: &[&str]| {
        let mut monitor = monitor_of(strata);
        for number in 0..50 {
            handle(&mut monitor, &selection(&format!("c{number}"), 0, &fields));
        }
        handle(&mut monitor, &selection("last", 60 * 24 * 5, &json!({ "groups": { "origin": "a" } })));
        for number in 0..4_000 {
            let data = json!({ "profile": "p", "counts": { "assessed": 1 } });
            handle(&mut monitor, &event("tally", &format!("t{number}"), 60 * 24 * 5 + number / 100, &data));
        }
        monitor.finish();
        monitor.health().open_cases
    };
    assert_eq!(open(json!({ "groups": { "origin": "a" } }), &STRATA), 1);
    assert_eq!(open(json!({}), &STRATA), 51);
    assert_eq!(open(json!({ "groups": { "origin": "a" } }), &["office"]), 51, "this may be sent separately");
}

/// Twenty cases an hour for forty days; group a is picked twice as often as b.
fn findings(strata: &[&str], fields: impl Fn(i64) -> Value) -> Vec<Value> {
    let end = START.plus(Span::DAY.times(41));
    let mut monitor = Monitor::new(plan_of(strata, "sequential"), KEY, Clock::Event { as_of: Some(end) });
    for case in 0..40 * 24 * 20 {
        let (origin, draw) = (if case % 2 == 0 { "a" } else { "b" }, case / 2 % 20);
        let selected = draw < if origin == "a" { 4 } else { 2 };
        let mut of_case = json!({ "selected": selected, "groups": { "origin": origin } });
        of_case.as_object_mut().unwrap().extend(fields(case).as_object().unwrap().clone());
        handle(&mut monitor, &selection(&format!("c{case}"), case * 3, &of_case));
    }
    monitor.finish();
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["findings"].as_array().unwrap().clone()
}

#[test]
fn evidence_does_not_wait_for_what_a_selection_does_not_say() {
    let strata = ["decided_by", "criterion:age", "criteria:unlisted"];
    // A third says nothing of it, so not most of them lack it: else evidence would give up the wait.
    let some_lack =
        findings(
            &strata,
            |case| {
                if case % 3 == 0 { json!({}) } else { json!({ "decided_by": "human", "criteria": [] }) }
            },
        );
    let none_lack = findings(&strata, |_| json!({ "decided_by": "human", "criteria": [] }));
    let blocks = |findings: &[Value]| -> Vec<u64> {
        findings.iter().map(|finding| finding["evidence"]["blocks"].as_u64().unwrap()).collect()
    };
    assert_eq!(blocks(&some_lack), blocks(&none_lack));
    assert!(blocks(&some_lack).iter().all(|blocks| *blocks >= 40), "{:?}", blocks(&some_lack));
}

/// Corrections that bring it later are not membership that is sent separately, which cohorts learn to wait for.
#[test]
fn evidence_does_not_learn_to_wait_from_corrections() {
    let strata = ["decided_by"];
    let end = START.plus(Span::DAY.times(20));
    let blocks = |corrected: bool| {
        let mut monitor = Monitor::new(plan_of(&strata, "sequential"), KEY, Clock::Event { as_of: Some(end) });
        let mut events: Vec<(i64, String)> = Vec::new();
        for case in 0..18 * 24 * 20_i64 {
            let groups = json!({ "origin": if case % 2 == 0 { "a" } else { "b" } });
            events.push((
                case * 3,
                selection(&format!("c{case}"), case * 3, &json!({ "selected": true, "groups": groups })),
            ));
            if corrected && case % 2 == 0 && case < 10 * 24 * 20 {
                let data = json!({ "case_id": format!("c{case}"), "profile": "p", "selected": true, "groups": groups, "decided_by": "human", "revises": format!("s-c{case}") });
                let minutes = case * 3 + 60 * 24 * 7;
                events.push((minutes, event("selection", &format!("r{case}"), minutes, &data)));
            }
        }
        // So late that what was learned is still known.
        let data = json!({ "case_id": "late", "profile": "p", "selected": true, "groups": { "origin": "a" }, "strata": { "office": "x" } });
        events.push((60 * 24 * 18, event("selection", "late", 60 * 24 * 18, &data)));
        events.sort();
        for (_, event) in &events {
            handle(&mut monitor, event);
        }
        let document: Value = serde_json::from_str(&{
            monitor.finish();
            monitor.published().to_json()
        })
        .unwrap();
        document["findings"][0]["evidence"]["blocks"].as_u64().unwrap()
    };
    assert_eq!(blocks(true), blocks(false));
}

/// Records that are recognised by a template are those that were alike in what rules read.
#[test]
fn records_that_differ_only_in_it_are_not_taken_for_each_other() {
    for strata in STRATA {
        let mut events = Vec::new();
        for number in 0..4_000_i64 {
            let version = json!(["v1", "v2", "v3"][usize::try_from(number % 3).unwrap()]);
            let decided = json!(["human", "automated"][usize::try_from(number / 3 % 2).unwrap()]);
            let postcode = json!({ "name": "postcode", "value": format!("10{}", number % 7) });
            let criteria = [json!(["age", postcode]), json!([]), json!(["zip", "age"]), json!(["zip", postcode])]
                [usize::try_from(number % 4).unwrap()]
            .clone();
            let fields = json!({ "profile_version": version, "decided_by": decided, "criteria": criteria, "groups": { "origin": "a" } });
            events.push(selection(&format!("c{number:04}"), number / 100, &fields));
        }
        let mut single = monitor_of(&[strata]);
        let handled: Vec<Handled> = events.iter().map(|event| handle(&mut single, event)).collect();
        let mut batched = monitor_of(&[strata]);
        let received: Vec<Received<'_>> =
            events.iter().map(|event| crate::support::received::received(0, event)).collect();
        let (mut all, mut of_batch) = (Vec::new(), Vec::new());
        for batch in received.chunks(700) {
            batched.handle_batch(batch, EventTime(0), &mut of_batch);
            all.append(&mut of_batch);
        }
        assert_eq!(all, handled);
        assert_eq!(by_value(&batched, strata), by_value(&single, strata), "{strata}");
        assert!(by_value(&single, strata).len() > 1, "{strata}");
    }
}

//! Measures that were taken: which alerts they answer, what acceptance does and does not do, and that only their set counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::Path;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{AlertEntries, Clock, Handled, Monitor, Output, Received, SECTIONS};
use paritywatch::outbox::Message;
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::sink::metrics::render;
use paritywatch::status::Shared;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::effort::attempts;
use crate::support::page;
use crate::support::process::http_get;

/// 2026-03-01T00:00:00Z
pub const START: EventTime = EventTime(1_772_323_200_000);
pub const KEY: PseudonymKey = PseudonymKey([5; 16]);

pub const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["24h"]
stale_after = "9d"
max_ahead = "24h"
idle_after = "1s"
[profiles.p]
owner = "o"
[profiles.q]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[[rules]]
name = "selection"
profiles = ["p"]
indicator = "selection_rate"
reference = "a"
warning = 1.2
critical = 1.5
evidence = "point"
[[rules]]
name = "outcomes"
profiles = ["q"]
indicator = "outcome_coverage"
reference = "a"
warning = 0.9
critical = 0.7
evidence = "point"
"#;

pub fn plan(config: &str) -> Plan {
    Settings::parse(config, "measures.toml", std::iter::empty()).unwrap().plan
}

pub fn at(minute: i64) -> EventTime {
    START.plus(Span::MINUTE.times(minute))
}

pub fn text(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap().to_string()
}

pub fn event(kind: &str, id: &str, minute: i64, data: &Value) -> String {
    json!({
        "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t", "id": id,
        "time": text(at(minute)), "data": data,
    })
    .to_string()
}

pub fn tally(id: &str, minute: i64, group: &str, selected: u64) -> String {
    let counts = json!({ "assessed": 1_000, "selected": selected });
    event("tally", id, minute, &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }))
}

/// A measure about group `b` with these fields set otherwise.
pub fn measure(id: &str, minute: i64, kind: &str, fields: &Value) -> String {
    let mut data = json!({
        "profile": "p", "rule": "selection", "dimension": "origin", "group": "b", "measure": kind, "reason": "known",
        "by": "owner",
    });
    for (name, value) in fields.as_object().unwrap() {
        data[name] = value.clone();
    }
    event("measure", id, minute, &data)
}

pub fn of_alert(id: &str) -> Value {
    json!({ "alert_id": id, "profile": null, "rule": null, "dimension": null, "group": null })
}

/// A monitor whose alert about `b` fires since minute 1, with a ratio of 1.3.
pub fn firing(config: &str) -> Monitor {
    let mut monitor = Monitor::new(plan(config), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), START);
    for line in [tally("a", 0, "a", 100), tally("b", 0, "b", 130)] {
        assert_eq!(handle(&mut monitor, &line), Handled::Accepted);
    }
    monitor.handle_tick(at(1));
    monitor
}

pub fn handle(monitor: &mut Monitor, line: &str) -> Handled {
    let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
    monitor.handle_record(PartitionIndex(0), &record, START)
}

pub fn document(monitor: &Monitor) -> Value {
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

/// The alerts about `b`, oldest first.
pub fn alerts(monitor: &Monitor) -> Vec<Value> {
    let document = document(monitor);
    document["alerts"].as_array().unwrap().iter().filter(|alert| alert["group"] == "b").cloned().collect()
}

pub fn restored(monitor: &Monitor, config: &str) -> Monitor {
    let snapshot = monitor.snapshot();
    let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
    Monitor::restore(plan(config), KEY, Clock::Wall, |index| sections.get(index).cloned()).unwrap()
}

/// The messages about alerts that wait, and what a journal keeps of them.
pub fn told(monitor: &mut Monitor) -> (Vec<Message>, Vec<Vec<u8>>) {
    let (mut messages, mut entries) = (Vec::new(), Vec::new());
    while let Some(output) = monitor.poll_output() {
        if let Output::Alerts(transitions) = output {
            let of = |alert| Message::of(alert, &transitions.entries.provenance, "http://h");
            messages.extend(transitions.published.iter().filter_map(of));
            entries.push(transitions.entries.to_bytes().unwrap());
        }
    }
    (messages, entries)
}

pub fn kinds(messages: &[Message]) -> Vec<(&'static str, u32)> {
    messages.iter().map(|message| (message.kind.name(), message.number)).collect()
}

fn assert_fits_the_schema(message: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/contract/alert.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(message).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?} in {message}");
}

#[test]
fn receivers_hear_of_an_acceptance_of_its_end_and_of_other_measures() {
    let mut monitor = firing(CONFIG);
    assert_eq!(kinds(&told(&mut monitor).0), [("firing", 1)]);
    monitor.handle_tick(at(2));
    assert!(told(&mut monitor).0.is_empty());
    handle(&mut monitor, &measure("m1", 3, "accepted", &json!({ "until": text(at(10)), "accepted_ratio": 2 })));
    monitor.handle_tick(at(3));
    let (messages, _) = told(&mut monitor);
    assert_eq!(kinds(&messages), [("accepted", 2)]);
    let accepted: Value = serde_json::from_str(&messages[0].document).unwrap();
    assert_eq!(accepted["transition"]["accepted_before"], false);
    assert_eq!((&accepted["alert"]["accepted"], &accepted["alert"]["state"]), (&json!(true), &json!("firing")));
    assert_eq!(accepted["alert"]["measures"][0]["reason"], "known");
    assert_fits_the_schema(&accepted);
    handle(&mut monitor, &measure("m2", 4, "adjusted", &json!({ "dimension": null, "group": null })));
    monitor.handle_tick(at(4));
    assert_eq!(kinds(&told(&mut monitor).0), [("measure_taken", 3)]);
    // What is of the profile as a whole answers no alert.
    handle(&mut monitor, &measure("m3", 5, "suspended", &json!({ "rule": null, "dimension": null, "group": null })));
    monitor.handle_tick(at(9));
    assert!(told(&mut monitor).0.is_empty());
    monitor.handle_tick(at(10));
    let (messages, _) = told(&mut monitor);
    assert_eq!(kinds(&messages), [("acceptance_ended", 4)]);
    let ended: Value = serde_json::from_str(&messages[0].document).unwrap();
    assert_eq!((&ended["transition"]["reason"], &ended["alert"]["accepted"]), (&json!("expired"), &json!(false)));
    assert_eq!(ended["alert"]["evidence"]["verdict"], "warning", "a measure changes no verdict");
    assert_fits_the_schema(&ended);
    monitor.handle_tick(at(11));
    assert!(told(&mut monitor).0.is_empty());
}

#[test]
fn an_alert_that_fires_accepted_and_one_that_grows_worse_tell_it_in_one_message() {
    let mut monitor = Monitor::new(plan(CONFIG), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), START);
    for line in [tally("a", 0, "a", 100), tally("b", 0, "b", 130)] {
        handle(&mut monitor, &line);
    }
    handle(&mut monitor, &measure("m1", 0, "accepted", &json!({ "accepted_ratio": 1.4 })));
    monitor.handle_tick(at(1));
    let (messages, _) = told(&mut monitor);
    assert_eq!(kinds(&messages), [("firing", 1)]);
    assert!(messages[0].document.contains(r#""accepted":true"#) && !messages[0].document.contains("accepted_before"));
    // Critical, and beyond what was accepted.
    handle(&mut monitor, &tally("b2", 2, "b", 250));
    monitor.handle_tick(at(2));
    let (messages, _) = told(&mut monitor);
    assert_eq!(kinds(&messages), [("acceptance_ended", 2)]);
    let document: Value = serde_json::from_str(&messages[0].document).unwrap();
    let transition = &document["transition"];
    assert_eq!((&transition["reason"], &transition["severity_before"]), (&json!("beyond_accepted"), &json!("warning")));
    assert_eq!(transition["accepted_before"], true);
}

#[test]
fn an_acceptance_by_id_is_of_that_alert_alone() {
    let mut monitor = firing(CONFIG);
    let id = alerts(&monitor)[0]["id"].as_str().unwrap().to_owned();
    let mut fields = of_alert(&id.to_uppercase());
    fields["accepted_ratio"] = json!(9);
    assert_eq!(handle(&mut monitor, &measure("m1", 2, "accepted", &fields)), Handled::Accepted);
    monitor.handle_tick(at(2));
    assert_eq!(alerts(&monitor)[0]["accepted"], true);
    // It ends, and comes again.
    handle(&mut monitor, &tally("b2", 3, "b", 0));
    monitor.handle_tick(at(3));
    handle(&mut monitor, &tally("b3", 4, "b", 900));
    monitor.handle_tick(at(4));
    let alerts = alerts(&monitor);
    assert_eq!((alerts.len(), &alerts[0]["state"], &alerts[0]["accepted"]), (2, &json!("resolved"), &json!(true)));
    assert_eq!((&alerts[1]["state"], &alerts[1]["accepted"]), (&json!("firing"), &Value::Null));
    assert_eq!(document(&monitor)["measures"]["unmatched"], json!([]));
}

#[test]
fn without_a_ratio_the_one_that_was_shown_is_accepted_and_stays() {
    let mut monitor = firing(CONFIG);
    handle(&mut monitor, &measure("m1", 2, "accepted", &json!({})));
    monitor.handle_tick(at(2));
    assert_eq!(alerts(&monitor)[0]["acceptance"]["ratio"], 1.3);
    // 0.125 is less than 0.13, then 0.131 is more.
    handle(&mut monitor, &tally("b2", 3, "b", 120));
    monitor.handle_tick(at(3));
    assert_eq!(
        (&alerts(&monitor)[0]["accepted"], &alerts(&monitor)[0]["acceptance"]["ratio"]),
        (&json!(true), &json!(1.3))
    );
    handle(&mut monitor, &tally("b3", 4, "b", 143));
    monitor.handle_tick(at(4));
    assert_eq!(alerts(&monitor)[0]["acceptance"]["ended"], "beyond_accepted");
    // No way back but a later acceptance.
    handle(&mut monitor, &tally("b4", 5, "b", 100));
    monitor.handle_tick(at(5));
    assert_eq!(alerts(&monitor)[0]["accepted"], false);
    handle(&mut monitor, &measure("m2", 6, "accepted", &json!({})));
    monitor.handle_tick(at(6));
    assert_eq!(alerts(&monitor)[0]["accepted"], true);
}

/// Of known outcomes a lower ratio is worse.
#[test]
fn the_direction_of_harm_decides_what_is_beyond() {
    let outcomes = |id: &str, minute, group: &str, concluded: u64| {
        let counts = json!({ "controlled": 1_000, "concluded": concluded });
        event("tally", id, minute, &json!({ "profile": "q", "groups": { "origin": group }, "counts": counts }))
    };
    let mut monitor = firing(CONFIG);
    for line in [outcomes("qa", 2, "a", 900), outcomes("qb", 2, "b", 720)] {
        assert_eq!(handle(&mut monitor, &line), Handled::Accepted);
    }
    monitor.handle_tick(at(3));
    handle(
        &mut monitor,
        &measure("m1", 4, "accepted", &json!({ "profile": "q", "rule": "outcomes", "accepted_ratio": 0.75 })),
    );
    let accepted = |monitor: &Monitor| {
        let found = alerts(monitor).into_iter().find(|alert| alert["rule"] == "outcomes").unwrap();
        (found["accepted"].clone(), found["acceptance"]["ended"].clone())
    };
    monitor.handle_tick(at(4));
    assert_eq!(accepted(&monitor), (json!(true), Value::Null), "0.8 is better than 0.75");
    handle(&mut monitor, &outcomes("qb2", 5, "b", 610));
    monitor.handle_tick(at(5));
    assert_eq!(accepted(&monitor), (json!(false), json!("beyond_accepted")), "0.739 is worse");
}

#[test]
fn a_measure_of_later_has_not_happened_yet() {
    let mut monitor = firing(CONFIG);
    handle(&mut monitor, &measure("m1", 30, "accepted", &json!({})));
    monitor.handle_tick(at(29));
    assert_eq!(alerts(&monitor)[0]["accepted"], Value::Null);
    monitor.handle_tick(at(30));
    assert_eq!(alerts(&monitor)[0]["accepted"], true);
}

/// People record a decision when they can, and days later, too.
#[test]
fn a_measure_takes_no_part_in_time() {
    let mut monitor = firing(CONFIG);
    let before = monitor.health();
    assert_eq!(handle(&mut monitor, &measure("m1", -60 * 24 * 800, "adjusted", &json!({}))), Handled::Accepted);
    assert_eq!(handle(&mut monitor, &measure("m2", 60 * 20, "adjusted", &json!({}))), Handled::Accepted);
    let ahead = handle(&mut monitor, &measure("m3", 60 * 25, "adjusted", &json!({})));
    assert!(matches!(ahead, Handled::Rejected(_)), "{ahead:?}");
    monitor.handle_tick(at(3));
    let after = monitor.health();
    assert_eq!((after.watermark, after.late, after.late_for_evidence), (before.watermark, 0, 0));
    assert_eq!(document(&monitor)["measures"]["adjusted"], 2);
}

#[test]
fn second_deliveries_change_nothing_and_other_contents_are_refused() {
    let mut monitor = firing(CONFIG);
    let first = measure("m1", 2, "accepted", &json!({ "accepted_ratio": 2 }));
    assert_eq!(handle(&mut monitor, &first), Handled::Accepted);
    let before = document(&monitor)["measures"].clone();
    assert_eq!(handle(&mut monitor, &first), Handled::Duplicate);
    let changes = [
        ("reason", json!("other")),
        ("by", json!("other")),
        ("until", json!("2026-03-02")),
        ("accepted_ratio", json!(3)),
        ("group", json!("a")),
        ("rule", json!("outcomes")),
    ];
    for (name, value) in changes {
        let mut fields = json!({ "accepted_ratio": 2 });
        fields[name] = value;
        let handled = handle(&mut monitor, &measure("m1", 2, "accepted", &fields));
        assert!(matches!(handled, Handled::Mismatched(_)), "{name}: {handled:?}");
    }
    let other = measure("m1", 2, "adjusted", &json!({}));
    assert!(matches!(handle(&mut monitor, &other), Handled::Mismatched(_)));
    assert_eq!(document(&monitor)["measures"], before);
    assert_eq!(before["accepted"], 1);
    let unknown = measure("m2", 2, "adjusted", &json!({ "profile": "elsewhere" }));
    assert_eq!(handle(&mut monitor, &unknown), Handled::UnknownProfile);
}

#[test]
fn a_restart_keeps_what_was_done_and_the_journal_what_was_told() {
    let mut monitor = firing(CONFIG);
    let _ = told(&mut monitor);
    handle(&mut monitor, &measure("m1", 2, "accepted", &json!({})));
    let checkpoint = restored(&monitor, CONFIG);
    monitor.handle_tick(at(2));
    let (_, entries) = told(&mut monitor);
    let mut again = restored(&monitor, CONFIG);
    again.handle_tick(at(3));
    monitor.handle_tick(at(3));
    assert_eq!(document(&again)["alerts"], document(&monitor)["alerts"]);
    assert!(told(&mut again).0.is_empty(), "nothing is told twice");
    // Killed after the journal was written, and before the next checkpoint.
    let mut killed = checkpoint;
    for entry in entries {
        killed.recall_alerts(AlertEntries::from_bytes(&entry).unwrap()).unwrap();
    }
    killed.handle_tick(at(3));
    assert!(told(&mut killed).0.is_empty());
    assert_eq!(document(&killed)["alerts"], document(&monitor)["alerts"]);
}

#[test]
fn a_reload_keeps_measures_of_rules_that_are_gone_and_drops_those_of_profiles() {
    let mut monitor = firing(CONFIG);
    handle(&mut monitor, &measure("m1", 2, "adjusted", &json!({})));
    handle(
        &mut monitor,
        &measure("m2", 2, "suspended", &json!({ "profile": "q", "rule": null, "dimension": null, "group": null })),
    );
    monitor.handle_tick(at(2));
    assert_eq!(
        (&document(&monitor)["measures"]["unmatched"], &document(&monitor)["measures"]["dropped"]),
        (&json!([]), &json!(0))
    );
    let renamed = CONFIG.replace("\"selection\"", "\"picked\"");
    monitor.change_plan(plan(&renamed)).unwrap();
    monitor.handle_tick(at(3));
    let measures = document(&monitor)["measures"].clone();
    assert_eq!((measures["unmatched"].as_array().unwrap().len(), &measures["dropped"]), (1, &json!(0)));
    monitor.change_plan(plan(CONFIG)).unwrap();
    monitor.handle_tick(at(4));
    assert_eq!(document(&monitor)["measures"]["unmatched"], json!([]));
    let (before, _) = CONFIG.split_once("[[rules]]\nname = \"outcomes\"").unwrap();
    let without_q = before.replace("[profiles.q]\nowner = \"o\"\n", "");
    monitor.change_plan(plan(&without_q)).unwrap();
    monitor.handle_tick(at(5));
    let measures = document(&monitor)["measures"].clone();
    assert_eq!(
        (&measures["dropped"], &measures["suspended"], &measures["adjusted"]),
        (&json!(1), &json!(0), &json!(1))
    );
}

#[test]
fn metrics_mark_what_is_accepted() {
    let mut monitor = firing(CONFIG);
    let sample = |monitor: &Monitor, name: &str| {
        let page = render(&Shared::new(monitor, 20_000).latest(), 20_000);
        page.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(sample(&monitor, "paritywatch_alert_firing").iter().all(|line| !line.contains("accepted")));
    handle(&mut monitor, &measure("m1", 2, "accepted", &json!({ "until": text(at(5)), "accepted_ratio": 2 })));
    handle(&mut monitor, &measure("m2", 2, "adjusted", &json!({ "rule": "other" })));
    monitor.handle_tick(at(2));
    let firing = |monitor: &Monitor, accepted: bool| {
        let lines = sample(monitor, "paritywatch_alert_firing{");
        let of = lines
            .iter()
            .filter(|line| line.contains("severity=\"warning\"") && line.contains("accepted=\"true\"") == accepted);
        of.map(|line| line.rsplit_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((firing(&monitor, true), firing(&monitor, false)), (vec!["1".to_owned()], vec!["0".to_owned()]));
    assert_eq!(sample(&monitor, "paritywatch_accepted_alerts "), ["paritywatch_accepted_alerts 1"]);
    assert_eq!(sample(&monitor, "paritywatch_measures_unmatched "), ["paritywatch_measures_unmatched 1"]);
    assert!(
        sample(&monitor, "paritywatch_measures{").contains(&"paritywatch_measures{kind=\"adjusted\"} 1".to_owned())
    );
    monitor.handle_tick(at(5));
    assert_eq!((firing(&monitor, true), firing(&monitor, false)), (vec!["0".to_owned()], vec!["1".to_owned()]));
    assert_eq!(sample(&monitor, "paritywatch_accepted_alerts "), ["paritywatch_accepted_alerts 0"]);
}

#[test]
fn the_page_and_the_table_show_measures_and_escape_their_texts() {
    let mut monitor = firing(CONFIG);
    let reason = "<script>alert(1)</script>\u{1b}[31m";
    handle(
        &mut monitor,
        &measure("m1", 2, "accepted", &json!({ "reason": reason, "by": "<b>owner", "accepted_ratio": 2 })),
    );
    handle(&mut monitor, &measure("m2", 2, "suspended", &json!({ "rule": null, "dimension": null, "group": null })));
    handle(&mut monitor, &measure("m3", 2, "adjusted", &json!({ "rule": "selectoin" })));
    // One that is replaced by a later one looks otherwise than the one in force.
    handle(&mut monitor, &measure("m4", 1, "accepted", &json!({ "reason": "earlier" })));
    monitor.handle_tick(at(2));
    let unmatched = document(&monitor)["measures"]["unmatched"].clone();
    assert_eq!((&unmatched[0]["unknown"], &unmatched[0]["near"]), (&json!("rule"), &json!("selection")), "{unmatched}");
    let served = page::serve(&monitor, |_| {});
    for (language, words) in [
        (
            "en",
            [
                "Accepted",
                "it still holds",
                "Measures taken",
                "suspended",
                "Without an alert",
                "not in force",
                "Did you mean selection?",
            ],
        ),
        (
            "nl",
            [
                "Aanvaard",
                "het geldt nog steeds",
                "Genomen maatregelen",
                "stilgelegd",
                "Zonder alarm",
                "niet van kracht",
                "Bedoelde u selection?",
            ],
        ),
    ] {
        let page = http_get(&format!("{}/?lang={language}", served.url)).unwrap().text();
        for word in words {
            assert!(page.contains(word), "{word} is not in {page}");
        }
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;") && !page.contains("<b>owner"));
    }
    let table = monitor.published().to_table(200, false);
    assert!(!table.contains('\u{1b}'), "{table}");
    for line in [
        "ACCEPTED by \"<b>owner\" at 2026-03-01T00:02:00Z, up to a ratio of 2.000: it still holds",
        "MEASURE that answers no alert: adjusted",
        "rule=\"selectoin\" dimension=\"origin\" group=\"b\" (no such rule: did you mean \"selection\"?): \"known\"",
        "MEASURE not in force: accepted at 2026-03-01T00:01:00Z",
        "MEASURE suspended at 2026-03-01T00:02:00Z by \"owner\", profile=\"p\": \"known\"",
    ] {
        assert!(table.contains(line), "{line} is not in {table}");
    }
}

#[test]
fn the_nearest_name_of_the_configuration_is_told_for_what_it_does_not_have() {
    let mut monitor = firing(CONFIG);
    for (number, fields) in [
        json!({ "rule": "nothing-like-it" }),
        json!({ "dimension": "orgin" }),
        json!({ "group": "bb" }),
        json!({ "group": "b" }),
    ]
    .iter()
    .enumerate()
    {
        handle(&mut monitor, &measure(&format!("m{number}"), number as i64, "adjusted", fields));
    }
    monitor.handle_tick(at(9));
    let unmatched = document(&monitor)["measures"]["unmatched"].clone();
    let told: Vec<[&Value; 2]> =
        unmatched.as_array().unwrap().iter().map(|measure| [&measure["unknown"], &measure["near"]]).collect();
    let of = |what: &str, near: Value| [json!(what), near];
    let expected = [of("rule", Value::Null), of("dimension", json!("origin")), of("group", json!("b"))];
    assert_eq!(told, expected.each_ref().map(|[what, near]| [what, near]), "{unmatched}");
}

/// It would answer nothing, and nobody would know: so it goes to the dead letters, which say by what name to send it again.
#[test]
fn a_measure_about_a_misspelt_profile_says_which_was_meant() {
    let mut monitor = firing(&CONFIG.replace("[profiles.q]", "[profiles.benefits]").replace("\"q\"", "\"benefits\""));
    for (number, profile) in ["benefit", "Benefits"].iter().enumerate() {
        let fields = json!({ "profile": profile, "rule": "outcomes" });
        let refused = handle(&mut monitor, &measure(&format!("m{number}"), 2, "adjusted", &fields));
        let Handled::Rejected(rejection) = refused else { panic!("{refused:?}") };
        assert_eq!(rejection.reason.name(), "invalid_value");
        assert!(rejection.detail.contains("data.profile") && rejection.detail.ends_with("did you mean \"benefits\"?"));
        assert!(profile == &"benefit" || !rejection.detail.contains(*profile), "{rejection}");
    }
    // It was not remembered: under the right name it counts.
    let right = measure("m0", 2, "adjusted", &json!({ "profile": "benefits", "rule": "outcomes" }));
    assert_eq!(handle(&mut monitor, &right), Handled::Accepted);
}

#[test]
fn a_measure_from_a_topic_that_carries_none_is_rejected() {
    let mut monitor = firing(CONFIG);
    monitor.refuse_measures(PartitionIndex(0));
    let refused = handle(&mut monitor, &measure("m1", 2, "accepted", &json!({})));
    let Handled::Rejected(rejection) = refused else { panic!("{refused:?}") };
    assert_eq!(rejection.reason.name(), "measure_topic");
    monitor.handle_tick(at(2));
    let document = document(&monitor);
    assert_eq!((&document["events"]["rejected"], &document["alerts"][0]["accepted"]), (&json!(1), &Value::Null));
    assert!(document["measures"].is_null(), "{}", document["measures"]);
    // Nothing else that comes from it is.
    assert_eq!(handle(&mut monitor, &tally("c", 3, "a", 100)), Handled::Accepted);
}

/// What a measure is made of.
#[derive(Clone, Debug)]
struct Spec {
    kind: usize,
    minute: i64,
    subject: usize,
    until: Option<i64>,
    ratio: Option<u8>,
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = (0..4_usize, 0..300_i64, 0..5_usize, prop::option::of(1..200_i64), prop::option::of(10..30_u8));
    let spec = spec.prop_map(|(kind, minute, subject, until, ratio)| Spec { kind, minute, subject, until, ratio });
    prop::collection::vec(spec, 1..20)
}

fn line_of(number: usize, spec: &Spec) -> String {
    let Spec { kind, minute, subject, until, ratio } = *spec;
    let kind = ["accepted", "suspended", "adjusted", "resumed"][kind];
    let mut fields = [
        json!({}),
        json!({ "group": null }),
        json!({ "dimension": null, "group": null }),
        json!({ "rule": "elsewhere" }),
        json!({ "rule": null, "dimension": null, "group": null }),
    ][subject]
        .clone();
    let kind = if subject == 4 && kind == "accepted" { "resumed" } else { kind };
    fields["until"] = until.map_or(Value::Null, |minutes| json!(text(at(minute + minutes))));
    if kind == "accepted" {
        fields["accepted_ratio"] = ratio.map_or(Value::Null, |tenths| json!(f64::from(tenths) / 10.0));
    }
    measure(&format!("m{number}"), minute, kind, &fields)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(150), ..ProptestConfig::default() })]

    /// Whatever the order of arrival, the batches, second deliveries and restarts.
    #[test]
    fn only_the_set_of_measures_counts(
        (specs, order) in specs().prop_flat_map(|specs| {
            let lines = (0..specs.len() + 4).collect::<Vec<usize>>();
            (Just(specs), Just(lines).prop_shuffle())
        }),
        batch in 1..8_usize, restart in 0..24_usize,
    ) {
        let mut lines = vec![tally("a", 0, "a", 100), tally("b", 0, "b", 130), tally("a2", 60, "a", 100), tally("b2", 90, "b", 210)];
        lines.extend(specs.iter().enumerate().map(|(number, spec)| line_of(number, spec)));
        let run = |lines: &[&String], batch: usize, restart: usize| {
            let mut monitor = Monitor::new(plan(CONFIG), KEY, Clock::Wall);
            monitor.add_partition(PartitionIndex(0), START);
            let mut handled = Vec::new();
            for (number, lines) in lines.chunks(batch).enumerate() {
                let received: Vec<Received<'_>> = lines.iter().map(|line| Received {
                    partition: PartitionIndex(0),
                    record: RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None },
                }).collect();
                monitor.handle_batch(&received, START, &mut handled);
                if number == restart {
                    monitor = restored(&monitor, CONFIG);
                }
            }
            for minute in [100, 160, 250, 400] {
                monitor.handle_tick(at(minute));
            }
            let document = document(&monitor);
            (document["alerts"].clone(), document["measures"].clone(), document["findings"].clone())
        };
        let in_order: Vec<&String> = lines.iter().collect();
        let mut shuffled: Vec<&String> = order.iter().map(|place| &lines[*place]).collect();
        shuffled.extend(lines.iter().skip(4).take(3));
        prop_assert_eq!(run(&shuffled, batch, restart), run(&in_order, 1, usize::MAX));
    }
}

//! What an acceptance is held against, what it never accepts, and that measures alone hold no time back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::Arc;

use paritywatch::disclosure::{ACCEPTANCE_ENDED, Kept};
use paritywatch::monitor::{Clock, Handled, Monitor, Output};
use paritywatch::outbox::Message;
use paritywatch::plan::{Harm, Limits, Measure, PartitionIndex, Provenance};
use paritywatch::render::Render;
use paritywatch::source::sort::Sorter;
use serde_json::{Value, json};

use crate::measures::{
    CONFIG, KEY, START, alerts, at, document, event, firing, handle, kinds, measure, plan, restored, tally, told,
};

/// A monitor that has taken these lines.
fn started(config: &str, lines: &[String]) -> Monitor {
    let mut monitor = Monitor::new(plan(config), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), START);
    for line in lines {
        assert_eq!(handle(&mut monitor, line), Handled::Accepted, "{line}");
    }
    monitor
}

fn of_many(id: &str, minute: i64, group: &str, (assessed, selected): (u64, u64)) -> String {
    let counts = json!({ "assessed": assessed, "selected": selected });
    event("tally", id, minute, &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }))
}

fn acceptance(monitor: &Monitor) -> Value {
    alerts(monitor)[0]["acceptance"].clone()
}

#[test]
fn what_has_no_ratio_is_never_accepted_in_advance() {
    let (settings, _) = CONFIG.split_once("[[rules]]").unwrap();
    let rule = "[criteria]\nbanned = [\"ethnicity\"]\n[[rules]]\nname = \"criteria\"\nkind = \"criterion\"\nprofiles = [\"p\"]\n";
    let fields = json!({ "rule": "criteria", "dimension": null, "group": null, "accepted_ratio": 1.0 });
    let mut monitor = started(&format!("{settings}{rule}"), &[measure("m1", 0, "accepted", &fields)]);
    let selection = json!({
        "case_id": "1", "profile": "p", "selected": true, "groups": { "origin": "a" }, "criteria": ["ethnicity"],
    });
    handle(&mut monitor, &event("selection", "s1", 5, &selection));
    monitor.handle_tick(at(6));
    let of_criteria = |monitor: &Monitor| document(monitor)["alerts"][0].clone();
    assert_eq!(of_criteria(&monitor)["severity"], "critical");
    assert_eq!(of_criteria(&monitor)["acceptance"], Value::Null);
    // As it is now it can be accepted, and the ratio says nothing.
    handle(&mut monitor, &measure("m2", 7, "accepted", &fields));
    monitor.handle_tick(at(7));
    let acceptance = of_criteria(&monitor)["acceptance"].clone();
    assert_eq!((&acceptance["judged_by"], &acceptance["ratio"]), (&json!("severity"), &Value::Null));
    assert_eq!(of_criteria(&monitor)["accepted"], true);
}

/// A smaller ratio may be a larger difference.
#[test]
fn where_differences_are_judged_differences_are_accepted() {
    let judged = "warning = 0.02\ncritical = 0.05\nmeasure = \"difference\"";
    let config = CONFIG.replacen("warning = 1.2\ncritical = 1.5", judged, 1);
    let mut monitor = started(&config, &[tally("a", 0, "a", 100), tally("b", 0, "b", 130)]);
    handle(&mut monitor, &measure("m0", 0, "accepted", &json!({ "accepted_ratio": 9 })));
    monitor.handle_tick(at(1));
    assert_eq!(acceptance(&monitor), Value::Null, "in advance a ratio decides nothing here");
    handle(&mut monitor, &measure("m1", 2, "accepted", &json!({ "accepted_ratio": 9 })));
    monitor.handle_tick(at(2));
    let accepted = acceptance(&monitor);
    assert_eq!((&accepted["judged_by"], &accepted["ratio"]), (&json!("difference"), &Value::Null));
    assert!((accepted["difference"].as_f64().unwrap() - 0.03).abs() < 1e-12, "{accepted}");
    assert!(monitor.published().to_table(200, false).contains("up to a difference of 0.030: it still holds"));
    // 0.035, and 0.43 / 0.395 is less than 1.3.
    for line in [tally("a2", 3, "a", 690), tally("b2", 3, "b", 730)] {
        handle(&mut monitor, &line);
    }
    monitor.handle_tick(at(3));
    assert_eq!(acceptance(&monitor)["ended"], "beyond_accepted");
    // The history has both as rows.
    let kept = Kept::of(&monitor.published(), &[]).transitions;
    let of = |what: &str| kept.iter().filter(|row| row.transition == what).collect::<Vec<_>>();
    assert!(of("accepted").iter().any(|row| row.accepted_ratio == Some(9.0)), "{kept:#?}");
    let ended = of(ACCEPTANCE_ENDED);
    assert_eq!(
        (ended.len(), ended[0].at, &ended[0].measure.as_ref().unwrap()[1]),
        (1, at(3), &"beyond_accepted".to_owned())
    );
    let beyond = acceptance(&monitor)["beyond"].clone();
    assert_eq!((&beyond["window"], &beyond["judged_by"]), (&json!("24h"), &json!("difference")), "{beyond}");
    let numbers = ["value", "accepted"].map(|name| beyond[name].as_f64().unwrap());
    assert!((numbers[0] - 0.035).abs() < 1e-12 && (numbers[1] - 0.03).abs() < 1e-12, "{beyond}");
    let told = "beyond_accepted (24h: a difference of 0.035, accepted up to 0.030); accepted by";
    assert!(monitor.published().to_table(200, false).contains(told), "{}", monitor.published().to_table(200, false));
}

/// Each window has a number of its own: a short one swings.
#[test]
fn a_window_is_held_against_what_it_showed_itself() {
    let config = CONFIG.replace("rolling = [\"24h\"]", "rolling = [\"2h\", \"24h\"]");
    let long = [of_many("a", 0, "a", (10_000, 1_000)), of_many("b", 0, "b", (10_000, 1_300))];
    let mut monitor = started(&config, &long);
    for line in [of_many("a1", 300, "a", (10, 0)), of_many("b1", 300, "b", (10, 0))] {
        handle(&mut monitor, &line);
    }
    monitor.handle_tick(at(300));
    handle(&mut monitor, &measure("m1", 300, "accepted", &json!({})));
    monitor.handle_tick(at(301));
    assert_eq!(alerts(&monitor)[0]["evidence"]["window"], "24h");
    // 1.333 in two hours, and less than before in a day.
    for line in [of_many("a2", 310, "a", (100, 9)), of_many("b2", 310, "b", (2_000, 240))] {
        handle(&mut monitor, &line);
    }
    monitor.handle_tick(at(311));
    let alert = alerts(&monitor)[0].clone();
    assert_eq!((&alert["evidence"]["window"], &alert["accepted"]), (&json!("2h"), &json!(true)), "{alert}");
    // In a day it grows.
    handle(&mut monitor, &of_many("b3", 312, "b", (2_000, 400)));
    monitor.handle_tick(at(313));
    assert_eq!(acceptance(&monitor)["ended"], "beyond_accepted");
    // The alert shows the other window.
    assert_eq!(acceptance(&monitor)["beyond"]["window"], "24h");
}

#[test]
fn a_ratio_that_was_given_holds_for_every_window() {
    let config = CONFIG.replace("rolling = [\"24h\"]", "rolling = [\"2h\", \"24h\"]");
    let long = [of_many("a", 0, "a", (10_000, 1_000)), of_many("b", 0, "b", (10_000, 1_350))];
    let mut monitor = started(&config, &long);
    for line in [of_many("a1", 300, "a", (1_000, 100)), of_many("b1", 300, "b", (1_000, 125))] {
        handle(&mut monitor, &line);
    }
    monitor.handle_tick(at(301));
    // The first window shows 1.25, the other one 1.34.
    handle(&mut monitor, &measure("m1", 302, "accepted", &json!({ "accepted_ratio": 1.3 })));
    monitor.handle_tick(at(302));
    let alert = alerts(&monitor)[0].clone();
    assert_eq!(
        (&alert["evidence"]["window"], &alert["acceptance"]["ended"]),
        (&json!("2h"), &json!("beyond_accepted"))
    );
}

#[test]
fn a_severity_above_the_accepted_one_ends_it_unless_the_ratio_was_given() {
    let accepted_as_critical = |fields: &Value| {
        let mut monitor = firing(CONFIG);
        handle(&mut monitor, &measure("m1", 2, "accepted", fields));
        monitor.handle_tick(at(2));
        // 1.3 as before, and 1.3 is critical now.
        monitor.change_plan(plan(&CONFIG.replacen("critical = 1.5", "critical = 1.25", 1))).unwrap();
        monitor.handle_tick(at(3));
        alerts(&monitor)[0].clone()
    };
    let alert = accepted_as_critical(&json!({}));
    assert_eq!((&alert["severity"], &alert["accepted"]), (&json!("critical"), &json!(false)), "{alert}");
    let alert = accepted_as_critical(&json!({ "accepted_ratio": 1.3 }));
    assert_eq!((&alert["severity"], &alert["accepted"]), (&json!("critical"), &json!(true)), "{alert}");
}

/// Whoever tried one ratio after the other would find the withheld one.
#[test]
fn a_withheld_ratio_decides_nothing() {
    let config = CONFIG.replace("min_cell = 0", "min_cell = 120");
    let accepted = |ratio: f64| {
        let mut monitor = firing(&config);
        handle(&mut monitor, &measure("m1", 2, "accepted", &json!({ "accepted_ratio": ratio })));
        monitor.handle_tick(at(2));
        let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
        let finding = document["findings"][0].clone();
        assert_eq!((&finding["ratio"], &finding["verdict"]), (&Value::Null, &json!("insufficient_data")), "{finding}");
        alerts(&monitor)
    };
    // An alert by the interval would say that the ratio is beyond it.
    assert_eq!(accepted(1.1), [0; 0].map(Value::from));
    assert_eq!(accepted(1.1), accepted(1.9));
}

#[test]
fn a_ratio_of_values_is_accepted_and_shown() {
    let (settings, _) = CONFIG.split_once("[[rules]]").unwrap();
    let settings = settings.replace("min_cell = 0\nreason = \"test\"", "min_cell = 5");
    let rule = "[[rules]]\nname = \"selection\"\nprofiles = [\"p\"]\nindicator = \"intensity\"\nreference = \"a\"\nwarning = 1.1\n\
                critical = 9\nevidence = \"interval\"\nmin_events = 1\n";
    let mut lines = Vec::new();
    for number in 0..200 {
        let (group, intensity) = if number % 2 == 0 { ("a", 3 + number % 3) } else { ("b", 7 + number % 3) };
        let case = format!("c{number}");
        let selection = json!({ "case_id": case, "profile": "p", "selected": true, "groups": { "origin": group } });
        lines.push(event("selection", &format!("s{number}"), 0, &selection));
        lines.push(event("control", &format!("k{number}"), 0, &json!({ "case_id": case, "intensity": intensity })));
    }
    let mut monitor = started(&format!("{settings}{rule}"), &lines);
    monitor.handle_tick(at(1));
    handle(&mut monitor, &measure("m1", 2, "accepted", &json!({})));
    monitor.handle_tick(at(2));
    let alert = alerts(&monitor)[0].clone();
    assert_eq!(alert["accepted"], true);
    assert!(alert["acceptance"]["ratio"].is_f64(), "{alert}");
    assert_eq!(alert["acceptance"]["ratio"], alert["evidence"]["ratio"]["value"]);
}

#[test]
fn a_misspelt_group_is_not_the_others() {
    let config = CONFIG.replace("groups = [\"a\", \"b\"]", "groups = [\"a\", \"b\", \"other\"]");
    let mut monitor = started(&config, &[tally("a", 0, "a", 100), tally("o", 0, "other", 130)]);
    monitor.handle_tick(at(1));
    for (id, group) in [("m1", "zz"), ("m2", "b b")] {
        handle(&mut monitor, &measure(id, 2, "accepted", &json!({ "group": group, "accepted_ratio": 2 })));
    }
    monitor.handle_tick(at(2));
    let others = |monitor: &Monitor| {
        let document = document(monitor);
        document["alerts"].as_array().unwrap().iter().find(|alert| alert["group"] == "other").unwrap().clone()
    };
    assert_eq!(others(&monitor)["acceptance"], Value::Null);
    assert_eq!(document(&monitor)["measures"]["unmatched"].as_array().unwrap().len(), 2);
    handle(&mut monitor, &measure("m3", 3, "accepted", &json!({ "group": "Other" })));
    monitor.handle_tick(at(3));
    assert_eq!(others(&monitor)["accepted"], Value::Null, "names are told apart by their letters");
    handle(&mut monitor, &measure("m4", 4, "accepted", &json!({ "group": "other" })));
    monitor.handle_tick(at(4));
    assert_eq!(others(&monitor)["accepted"], true);
}

#[test]
fn each_kind_is_judged_by_a_number_with_a_direction_or_by_its_severity() {
    let (settings, _) = CONFIG.split_once("[[rules]]").unwrap();
    let of = |kind: &str| {
        let plan = plan(&format!("{settings}[[rules]]\nname = \"r\"\nprofiles = [\"p\"]\nkind = {kind}\n"));
        plan.rules[0].judged_by()
    };
    assert_eq!(of("\"complaints\""), Some((Measure::Ratio, Harm::High)));
    assert_eq!(of("\"complaints\"\nmeasure = \"rise\""), Some((Measure::Ratio, Harm::High)));
    assert_eq!(of("\"drift\"\ncompare = \"version\"\nindicator = \"hit_rate\""), Some((Measure::Ratio, Harm::Low)));
    assert_eq!(of("\"automation\""), None);
}

#[test]
fn what_is_recorded_late_is_told_once() {
    let mut monitor = firing(CONFIG);
    let _ = told(&mut monitor);
    handle(&mut monitor, &measure("m1", 4, "adjusted", &json!({})));
    monitor.handle_tick(at(5));
    assert_eq!(kinds(&told(&mut monitor).0), [("measure_taken", 2)]);
    handle(&mut monitor, &measure("m2", 3, "suspended", &json!({})));
    monitor.handle_tick(at(6));
    assert_eq!(kinds(&told(&mut monitor).0), [("measure_taken", 3)]);
    let mut monitor = restored(&monitor, CONFIG);
    monitor.handle_tick(at(7));
    assert!(told(&mut monitor).0.is_empty());
}

#[test]
fn a_missing_first_message_says_that_the_alert_fired_accepted() {
    let lines = [tally("a", 0, "a", 100), tally("b", 0, "b", 130)];
    let mut monitor = started(CONFIG, &lines);
    handle(&mut monitor, &measure("m1", 0, "accepted", &json!({ "accepted_ratio": 1.4 })));
    monitor.handle_tick(at(1));
    handle(&mut monitor, &measure("m2", 2, "adjusted", &json!({})));
    monitor.handle_tick(at(2));
    handle(&mut monitor, &tally("b2", 3, "b", 160));
    monitor.handle_tick(at(3));
    let mut last = None;
    while let Some(output) = monitor.poll_output() {
        if let Output::Alerts(transitions) = output {
            last = transitions.published.last().cloned();
        }
    }
    let messages = Message::missing(&last.unwrap(), 0, &Provenance::default(), "http://h");
    assert_eq!(kinds(&messages), [("firing", 1), ("acceptance_ended", 3)]);
    let first: Value = serde_json::from_str(&messages[0].document).unwrap();
    assert_eq!((&first["alert"]["accepted"], &first["alert"]["acceptance"]["ratio"]), (&json!(true), &json!(1.4)));
    assert_eq!(first["alert"]["measures"].as_array().unwrap().len(), 1, "what came later is not there yet");
}

/// 200 alerts that are over, and 60 measures of their rule.
#[test]
fn measures_of_a_rule_are_kept_once_and_do_not_swell_what_is_over() {
    let names: Vec<String> = (0..200).map(|number| format!("g{number}")).collect();
    let config =
        CONFIG.replace("groups = [\"a\", \"b\"]", &format!("groups = [\"a\", \"b\", \"{}\"]", names.join("\", \"")));
    let mut lines = vec![of_many("a", 0, "a", (1_000, 100))];
    lines.extend(names.iter().map(|name| of_many(name, 0, name, (1_000, 130))));
    let mut monitor = started(&config, &lines);
    let of_rule = json!({ "dimension": null, "group": null, "reason": "r".repeat(1_000) });
    (0..20).for_each(|number| {
        handle(&mut monitor, &measure(&format!("m{number}"), number - 30, "adjusted", &of_rule));
    });
    monitor.handle_tick(at(1));
    let published = monitor.published();
    let listed: Vec<_> = published.alerts().iter().flat_map(|alert| &alert.answer.measures).collect();
    let places: BTreeSet<usize> = listed.iter().map(|measure| Arc::as_ptr(measure).addr()).collect();
    assert_eq!((listed.len(), places.len()), (200 * 20, 20));
    names.iter().for_each(|name| {
        handle(&mut monitor, &of_many(&format!("{name}-2"), 2, name, (1_000, 0)));
    });
    monitor.handle_tick(at(3));
    let before = monitor.published().to_json().len();
    // What is done after they are over answers none of them.
    (0..20).for_each(|number| {
        handle(&mut monitor, &measure(&format!("n{number}"), 4 + number, "adjusted", &of_rule));
    });
    monitor.handle_tick(at(30));
    let document = document(&monitor);
    for alert in document["alerts"].as_array().unwrap() {
        assert_eq!(alert["state"], "resolved");
        assert_eq!(alert["measures"], Value::Null, "{alert}");
    }
    assert_eq!(document["measures"]["unmatched"].as_array().unwrap().len(), 20);
    assert!(before < 200 * 5 * 1_400 + 200 * 2_500 + 200 * 1_500, "{before} bytes");
}

/// 2 partitions: one of events, one of measures alone.
#[test]
fn measures_alone_hold_no_time_back() {
    let mut monitor = Monitor::new(plan(CONFIG), KEY, Clock::Wall);
    (0..2).for_each(|index| monitor.add_partition(PartitionIndex(index), START));
    let send = |monitor: &mut Monitor, partition, line: &str| {
        let record = paritywatch::event::RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(partition), &record, START)
    };
    let events = |monitor: &mut Monitor, from: i64| {
        for number in 0..60 {
            send(monitor, 0, &of_many(&format!("e{from}-{number}"), from + number, "a", (1, 0)));
        }
    };
    events(&mut monitor, 0);
    assert_eq!(monitor.health().watermark, None, "the other one may have earlier events");
    send(&mut monitor, 1, &measure("m1", 0, "adjusted", &json!({})));
    let moved = monitor.health().watermark.unwrap();
    let mut monitor = restored(&monitor, CONFIG);
    events(&mut monitor, 120);
    let later = monitor.health().watermark.unwrap();
    assert!(later > moved);
    // From its first event on it counts.
    send(&mut monitor, 1, &of_many("late", 60, "b", (1, 0)));
    events(&mut monitor, 240);
    assert_eq!(monitor.health().watermark, Some(later));
}

#[test]
fn measures_decide_neither_where_a_replay_ends_nor_when_it_evaluates() {
    let limits = Limits { string_bytes: 256, message_bytes: 65_536 };
    let mut events: Vec<String> =
        (0..90).map(|number| of_many(&format!("e{number}"), number * 4, "a", (1, 0))).collect();
    let measures: Vec<String> =
        (0..200).map(|number| measure(&format!("m{number}"), 5_000 + number, "adjusted", &json!({}))).collect();
    let ends = |lines: &[String]| {
        let mut sorter = Sorter::new(&limits);
        for (number, line) in (0..).zip(lines) {
            sorter.push((PartitionIndex(0), number, line.as_bytes())).unwrap();
        }
        sorter.ends().supported(paritywatch::plan::Span::DAY)
    };
    let expected = ends(&events);
    let evaluations = |with: &[String]| {
        let mut monitor = Monitor::new(plan(CONFIG), KEY, Clock::Event { as_of: None });
        monitor.expect_disorder();
        (0..2).for_each(|index| monitor.add_partition_without_hold(PartitionIndex(index), START));
        for (partition, lines) in [(0, &events[..]), (1, with)] {
            for line in lines {
                let record = paritywatch::event::RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
                monitor.handle_record(PartitionIndex(partition), &record, START);
            }
        }
        monitor.end_at(expected);
        monitor.finish();
        (monitor.health().evaluations, monitor.health().watermark, monitor.health().ahead)
    };
    let alone = evaluations(&[]);
    assert!(alone.0 > 3, "{alone:?}");
    assert_eq!(evaluations(&measures), alone);
    events.extend(measures);
    assert_eq!(ends(&events), expected);
}

//! Intersections of dimensions: how the level of the family is shared out, what is inherited, what is withheld, and what a configuration may say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::f64::consts::PI;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
const START: EventTime = EventTime(1_767_225_600_000);
const KEY: PseudonymKey = PseudonymKey([4; 16]);
const CLOCK: Clock = Clock::Event { as_of: None };
const CROSSED: &str = "[dimensions.\"origin*gender\"]\ncrosses = [\"origin\", \"gender\"]\n";
const RULE: &str = "[[rules]]\nname = \"selection\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";

fn config(crossed: &str, min_cell: u64) -> String {
    format!(
        "[privacy]\nmin_cell = {min_cell}\nreason = \"test\"\n[window]\nrolling = [\"30d\"]\nallowed_lateness = \"10m\"\n\
         [alerting]\nblock_variation = 0\n[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n\
         [dimensions.gender]\nground = \"sex\"\ngroups = [\"f\", \"m\"]\n{crossed}{RULE}"
    )
}

fn parse(text: &str) -> Settings {
    Settings::parse(text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"))
}

fn problem(crossed: &str) -> String {
    Settings::parse(&config(crossed, 0), "test.toml", std::iter::empty()).unwrap_err().to_string()
}

/// Selected of the assessed of a*f, a*m, b*f and b*m.
type Hour = [(u64, u64); 4];

const PARTS: [(&str, &str); 4] = [("a", "f"), ("a", "m"), ("b", "f"), ("b", "m")];

fn of_all(assessed: u64, selected: [u64; 4]) -> Hour {
    selected.map(|selected| (selected, assessed))
}

fn send(monitor: &mut Monitor, hour: usize, cells: &Hour, backwards: bool) {
    let mut order: Vec<usize> = (0..4).collect();
    if backwards {
        order.reverse();
    }
    for place in order {
        let ((origin, gender), (selected, assessed)) = (PARTS[place], cells[place]);
        let time = START.plus(Span::HOUR.times(i64::try_from(hour).unwrap())).plus(Span::MINUTE);
        let event = json!({
            "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/test", "id": format!("e{hour}-{place}"),
            "time": jiff::Timestamp::from_millisecond(time.0).unwrap().to_string(),
            "data": {
                "profile": "p", "groups": { "origin": origin, "gender": gender },
                "counts": { "assessed": assessed, "selected": selected, "controlled": selected },
            },
        });
        let payload = serde_json::to_vec(&event).unwrap();
        let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, START), Handled::Accepted, "{event}");
    }
}

fn restored(monitor: &Monitor, text: &str) -> Monitor {
    let snapshot = monitor.snapshot();
    let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
    Monitor::restore(parse(text).plan, KEY, CLOCK, |index| sections.get(index).cloned()).unwrap()
}

/// Runs the hours, each tally in the order asked for, with a restart after each of `restarts`.
fn run(text: &str, hours: &[Hour], backwards: bool, restarts: &[usize]) -> Monitor {
    let mut monitor = Monitor::new(parse(text).plan, KEY, CLOCK);
    for (hour, cells) in hours.iter().enumerate() {
        send(&mut monitor, hour, cells, backwards);
        if restarts.contains(&hour) {
            monitor = restored(&monitor, text);
        }
    }
    monitor.finish();
    monitor
}

fn document(monitor: &Monitor) -> Value {
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

fn finding(document: &Value, dimension: &str, group: &str) -> Value {
    let mut findings = document["findings"].as_array().unwrap().iter();
    let is_it = |finding: &&Value| finding["dimension"] == dimension && finding["group"] == group;
    findings.find(is_it).unwrap_or_else(|| panic!("no finding of {dimension}={group}")).clone()
}

fn alarm_at(document: &Value, dimension: &str, group: &str) -> f64 {
    finding(document, dimension, group)["evidence"]["alarm_at"].as_f64().unwrap()
}

/// The level of the first epoch of a series with this share of the family's.
fn first(weight: f64) -> f64 {
    0.05 * weight * 6.0 / (PI * PI)
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
}

#[test]
fn intersections_share_a_tenth_of_the_level_and_without_them_all_is_as_before() {
    let fair = [of_all(1_000, [100; 4]); 2];
    let with = document(&run(&config(CROSSED, 0), &fair, false, &[]));
    close(alarm_at(&with, "origin", "a"), -first(0.9 / 4.0).ln());
    close(alarm_at(&with, "origin*gender", "a*f"), -first(0.1 / 4.0).ln());
    let without = document(&run(&config("", 0), &fair, false, &[]));
    let bits = |document: &Value| alarm_at(document, "origin", "a").to_bits();
    let level = libm::log(4.0 / 0.05) + libm::log(PI * PI * 1.0 * 1.0 / 6.0);
    assert_eq!(bits(&without), level.to_bits());
    let share = config(CROSSED, 0).replace("[alerting]\n", "[alerting]\nintersection_share = 0.5\n");
    close(alarm_at(&document(&run(&share, &fair, false, &[])), "origin*gender", "a*f"), -first(0.5 / 4.0).ln());
}

/// Group a is picked more often, then not any more: it alarms first, its two combinations inherit, alarm and clear.
fn rise_and_fall() -> Vec<Hour> {
    let of = |hour| of_all(1_000, if hour < 20 { [126, 126, 100, 100] } else { [80, 80, 100, 100] });
    (0..70).map(of).collect()
}

#[test]
fn what_a_main_series_leaves_is_inherited_once_and_for_one_epoch() {
    let hours = rise_and_fall();
    let at = |hour: usize| document(&run(&config(CROSSED, 0), &hours[..hour], false, &[]));
    let alarmed = |document: &Value, dimension: &str, group: &str| {
        finding(document, dimension, group)["evidence"]["alarmed"].as_bool().unwrap()
    };
    let own = first(0.1 / 4.0);
    let gift = first(0.9 / 4.0) / 2.0;
    let begun = (1..20).find(|hour| alarmed(&at(*hour), "origin", "a")).unwrap();
    let before = at(begun - 1);
    close(alarm_at(&before, "origin*gender", "a*f"), -own.ln());
    let after = at(begun);
    for group in ["a*f", "a*m"] {
        close(alarm_at(&after, "origin*gender", group), -(own + gift).ln());
        assert!(!alarmed(&after, "origin*gender", group));
    }
    close(alarm_at(&after, "origin*gender", "b*f"), -own.ln());
    // Its evidence stands between the two levels when it alarms.
    let heir = (begun..20).find(|hour| alarmed(&at(*hour), "origin*gender", "a*f")).unwrap();
    assert!(heir > begun);
    let log_e = finding(&at(heir), "origin*gender", "a*f")["evidence"]["log_e"].as_f64().unwrap();
    assert!(-(own + gift).ln() < log_e && log_e < -own.ln(), "{log_e}");
    // Both have cleared at the end. The next epoch of the heir has a quarter of its own level, and nothing else.
    let end = at(hours.len());
    for (dimension, group) in [("origin", "a"), ("origin*gender", "a*f")] {
        assert_eq!(finding(&end, dimension, group)["evidence"]["epoch"], 2, "{dimension}={group}");
    }
    close(alarm_at(&end, "origin*gender", "a*f"), -(own / 4.0).ln());
}

#[test]
fn neither_restarts_nor_the_order_of_arrival_leave_a_trace() {
    let (text, hours) = (config(CROSSED, 0), rise_and_fall());
    let every: Vec<usize> = (0..hours.len()).collect();
    for until in [10, 14, 30, hours.len()] {
        let hours = &hours[..until];
        let expected = run(&text, hours, false, &[]);
        for (backwards, restarts) in [(false, every.as_slice()), (true, &[][..]), (true, &[5, 9, 25])] {
            let found = run(&text, hours, backwards, restarts);
            assert_eq!(document(&found)["findings"], document(&expected)["findings"], "{until} hours");
        }
        let again = run(&text, hours, false, &every);
        assert_eq!(again.snapshot().section(0), expected.snapshot().section(0), "{until} hours");
    }
}

#[test]
fn a_reload_of_other_rules_keeps_what_was_inherited() {
    let (text, hours) = (config(CROSSED, 0), rise_and_fall());
    let mut monitor = Monitor::new(parse(&text).plan, KEY, CLOCK);
    hours[..11].iter().enumerate().for_each(|(hour, cells)| send(&mut monitor, hour, cells, false));
    let before = run(&text, &hours[..11], false, &[]);
    let more = format!(
        "[[rules]]\nname = \"point\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"point\"\n{RULE}"
    );
    monitor.change_plan(parse(&text.replace(RULE, &more)).plan).unwrap();
    monitor.finish();
    let found = document(&monitor);
    let mut findings = found["findings"].as_array().unwrap().iter();
    let is_it = |finding: &&Value| finding["rule"] == "selection" && finding["group"] == "a*f";
    let evidence = &findings.find(is_it).unwrap()["evidence"];
    close(evidence["alarm_at"].as_f64().unwrap(), alarm_at(&document(&before), "origin*gender", "a*f"));
    assert!(evidence["alarm_at"].as_f64().unwrap() < -first(0.1 / 4.0).ln());
}

#[test]
fn a_rule_that_watches_an_intersection_later_passes_on_the_level_of_an_alarm_before() {
    let (text, hours) = (config(CROSSED, 0), rise_and_fall());
    let without = text.replace(RULE, &format!("{RULE}dimensions = [\"origin\", \"gender\"]\n"));
    let mut monitor = Monitor::new(parse(&without).plan, KEY, CLOCK);
    for (hour, cells) in hours.iter().enumerate().take(17) {
        if hour == 15 {
            monitor.change_plan(parse(&text).plan).unwrap();
        }
        send(&mut monitor, hour, cells, false);
    }
    let mut again = restored(&monitor, &text);
    [&mut monitor, &mut again].into_iter().for_each(Monitor::finish);
    let found = document(&monitor);
    assert_eq!(finding(&found, "origin", "a")["evidence"]["alarmed"], true);
    close(alarm_at(&found, "origin*gender", "a*f"), -(first(0.1 / 4.0) + first(0.9 / 4.0) / 2.0).ln());
    assert_eq!(document(&again)["findings"], found["findings"]);
}

/// Sends cases that are selected, controlled and concluded at once. Controls of group a last longer.
fn send_controls(monitor: &mut Monitor, hour: usize) {
    let time = START.plus(Span::HOUR.times(i64::try_from(hour).unwrap())).plus(Span::MINUTE);
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
    for number in 0..48 {
        let ((origin, gender), case) = (PARTS[number % 4], format!("c{hour}-{number}"));
        let minutes = number + if origin == "a" { 100 } else { 10 };
        let groups = json!({ "origin": origin, "gender": gender });
        for (kind, data) in [
            ("selection", json!({ "case_id": case, "profile": "p", "selected": true, "groups": groups })),
            ("control", json!({ "case_id": case, "control_id": case, "performed": true, "duration_minutes": minutes })),
            ("outcome", json!({ "case_id": case, "control_id": case, "outcome": "no_violation" })),
        ] {
            let event = json!({
                "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/test",
                "id": format!("{case}-{kind}"), "time": time, "data": data,
            });
            let payload = serde_json::to_vec(&event).unwrap();
            let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
            assert_eq!(monitor.handle_record(PartitionIndex(0), &record, START), Handled::Accepted, "{event}");
        }
    }
}

#[test]
fn series_of_values_inherit_as_series_of_rates_do() {
    const VALUES: &str = "[[rules]]\nname = \"duration\"\nindicator = \"duration\"\nwarning = 1.1\ncritical = 1.25\nblock_variation = 0\n";
    let text = config(CROSSED, 0).replace(RULE, VALUES).replace("[alerting]\n", "[alerting]\nblock_concluded = 40\n");
    let run = |hours: usize, restarts: bool| {
        let mut monitor = Monitor::new(parse(&text).plan, KEY, CLOCK);
        for hour in 0..hours {
            send_controls(&mut monitor, hour);
            if restarts {
                monitor = restored(&monitor, &text);
            }
        }
        monitor.finish();
        document(&monitor)
    };
    let (own, gift) = (first(0.1 / 4.0), first(0.9 / 4.0) / 2.0);
    let (before, after) = (run(4, false), run(16, false));
    assert_eq!(finding(&before, "origin", "a")["evidence"]["alarmed"], false);
    close(alarm_at(&before, "origin*gender", "a*f"), -own.ln());
    assert_eq!(finding(&after, "origin", "a")["evidence"]["alarmed"], true);
    close(alarm_at(&after, "origin*gender", "a*f"), -(own + gift).ln());
    close(alarm_at(&after, "origin*gender", "b*f"), -own.ln());
    assert_eq!(run(16, true)["findings"], after["findings"]);
}

#[test]
fn a_small_combination_is_withheld_with_its_rest_and_from_the_funnel_with_all_others() {
    let fair = document(&run(&config(CROSSED, 10), &[of_all(1_000, [100; 4])], false, &[]));
    let counts = |document: &Value, group: &str| {
        let found = finding(document, "origin*gender", group);
        (found["group_counts"].clone(), found["reference_counts"].clone(), found["interaction"].clone())
    };
    assert_eq!(counts(&fair, "a*f").0["events"], 100);
    assert_eq!(counts(&fair, "a*f").2, 1.0);
    let stages = |document: &Value| -> Vec<(String, Value)> {
        let rows = document["funnel"].as_array().unwrap().iter().filter(|row| row["dimension"] == "origin*gender");
        rows.map(|row| (row["group"].as_str().unwrap().to_owned(), row["stages"]["selected"].clone())).collect()
    };
    assert!(stages(&fair).iter().all(|(_, selected)| *selected == 100), "{:?}", stages(&fair));
    let small = document(&run(&config(CROSSED, 10), &[of_all(1_000, [5, 100, 100, 100])], false, &[]));
    assert_eq!(counts(&small, "a*f"), (Value::Null, Value::Null, Value::Null));
    assert_eq!(counts(&small, "a*m"), (Value::Null, Value::Null, Value::Null), "what is left of a");
    assert!(stages(&small).iter().all(|(_, selected)| selected.is_null()), "{:?}", stages(&small));
    // The table of a part shows as much as it would without the intersection.
    let part = |document: &Value| -> Vec<Value> {
        let rows = document["funnel"].as_array().unwrap().iter().filter(|row| row["dimension"] == "origin");
        rows.cloned().collect()
    };
    let without = document(&run(&config("", 10), &[of_all(1_000, [5, 100, 100, 100])], false, &[]));
    assert_eq!(part(&small), part(&without));
}

#[test]
fn a_configuration_says_what_it_crosses_and_prints_it_back() {
    let settings = parse(&config(CROSSED, 0));
    let crossed = &settings.plan.dimensions[2];
    assert_eq!((crossed.name.as_str(), crossed.ground.as_str()), ("origin*gender", "race*sex"));
    assert_eq!(crossed.groups, ["a*f", "a*m", "b*f", "b*m"]);
    let printed = settings.redacted_toml();
    assert_eq!(parse(&printed).plan, settings.plan, "{printed}");
    // Without intersections the key decides nothing, so the hash does not know it.
    let hash = |crossed: &str, share: &str| {
        let text = config(crossed, 0).replace("[alerting]\n", &format!("[alerting]\nintersection_share = {share}\n"));
        parse(&text).plan.config_hash
    };
    assert_eq!(hash("", "0.1"), hash("", "0.2"));
    assert_ne!(hash(CROSSED, "0.1"), hash(CROSSED, "0.2"));
}

#[test]
fn what_cannot_be_crossed_is_refused_with_its_place() {
    let crossing = |parts: &str| format!("[dimensions.x]\ncrosses = [{parts}]\n");
    for (crossed, expected) in [
        (crossing("\"origin\", \"gendre\""), "did you mean \"gender\"?"),
        (format!("{CROSSED}{}", crossing("\"origin*gender\", \"origin\"")), "which has crosses itself"),
        (crossing("\"origin\", \"origin\""), "each item only once"),
        (crossing("\"origin\""), "a list of 2 to 6 strings"),
        (
            format!("{}groups = [\"a\"]\n", crossing("\"origin\", \"gender\"")),
            "dimensions.x.groups: expected no such key beside crosses",
        ),
        (crossing("\"origin\", \"x\""), "found \"x\", the intersection itself"),
        (
            format!(
                "[dimensions.y]\nground = \"age\"\ngroups = [\"old*\", \"young\"]\n{}",
                crossing("\"origin\", \"y\"")
            ),
            "which has the group \"old*\"",
        ),
    ] {
        let found = problem(&crossed);
        assert!(found.contains("dimensions.x") && found.contains(expected), "{found}");
    }
    // One fault has one problem.
    assert_eq!(problem(&crossing("\"origin\"")).lines().count(), 1);
    let rule = |reference: &str| {
        let terms = "indicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
        problem(&format!(
            "{CROSSED}[[rules]]\nname = \"other\"\nreference = \"{reference}\"\ndimensions = [\"origin*gender\"]\n{terms}"
        ))
    };
    assert!(rule("f*a").contains("(did you mean \"a*f\"?)"), "{}", rule("f*a"));
    assert!(rule("a").contains("it is an intersection, which the key dimensions can leave out"), "{}", rule("a"));
    let many: Vec<String> = (0..33).map(|group| format!("\"g{group}\"")).collect();
    let many = |groups: usize| {
        let groups = many[..groups].join(", ");
        format!("[dimensions.y]\nground = \"age\"\ngroups = [{groups}]\n{}", crossing("\"y\", \"gender\""))
    };
    assert!(
        problem(&many(33))
            .contains("expected dimensions with at most 64 groups in combination, found 66 groups (33 x 2)")
    );
    assert_eq!(parse(&config(&many(32), 0)).plan.dimensions[2].groups.len(), 64);
}

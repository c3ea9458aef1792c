//! Inputs that people of this field met: `replay` must not say `within` where the ratio of all cases is not.
//!
//! The others of the kind are `any_order::a_file_that_is_not_in_order_of_time`, `clocks::one_event_23_hours_ahead` and
//! `letting_go::membership_that_comes_after_eight_days_counts_for_all`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

fn config(profiles: &[&str], groups: &[&str], evidence: &str) -> String {
    // Escapes of Rust are not those of TOML.
    let groups = json!(groups);
    let profiles: String = profiles.iter().map(|profile| format!("[profiles.{profile}]\nowner = \"o\"\n")).collect();
    format!(
        r#"
[privacy]
min_cell = 0
reason = "test"
{profiles}
[dimensions.origin]
ground = "race"
groups = {groups}
[window]
rolling = ["7d"]
[[rules]]
name = "sel"
indicator = "selection_rate"
reference = "rest"
warning = 1.1
critical = 1.25
evidence = "{evidence}"
"#
    )
}

/// A replay of lines.
struct Replayed {
    document: Value,
    table: String,
    errors: String,
    /// Without and with `--fail-on warning`.
    exit: [Option<i32>; 2],
}

impl Replayed {
    fn of(config: &str, lines: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| -> PathBuf {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let (config, events) = (write("config.toml", config), write("events.jsonl", &lines.join("\n")));
        let run = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
            command.args(["replay", "--config"]).arg(&config).args(arguments).arg(&events);
            command.output().unwrap()
        };
        let (table, gate) = (run(&[]), run(&["--fail-on", "warning"]));
        // A replay that lost too much still says what it found.
        let json = run(&["--format", "json", "--max-lost", "1"]);
        Self {
            document: serde_json::from_slice(&json.stdout).unwrap(),
            table: String::from_utf8(table.stdout).unwrap(),
            errors: String::from_utf8(table.stderr).unwrap(),
            exit: [table.status.code(), gate.status.code()],
        }
    }

    fn finding(&self, profile: &str, group: &str) -> &Value {
        let findings = self.document["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["profile"] == profile && finding["group"] == group).unwrap()
    }

    /// Verdict, cause, and the share of the group and of the reference that is missing.
    fn coverage(&self, profile: &str, group: &str) -> (String, String, f64, f64) {
        let finding = self.finding(profile, group);
        let missing = &finding["missing"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let share = |side: &str| missing[side]["share"].as_f64().unwrap();
        (text(&finding["verdict"]), text(&missing["largest_cause"]), share("group"), share("reference"))
    }

    #[track_caller]
    fn has_lines(&self, lines: &[&str]) {
        for line in lines {
            assert!(self.table.lines().any(|found| found == *line), "{line}\n{}", self.table);
        }
    }
}

fn event(number: usize, kind: &str, time: &str, data: &Value) -> String {
    let kind = format!("paritywatch.{kind}.v1");
    json!({ "specversion": "1.0", "id": format!("e{number}"), "source": "/s", "type": kind, "time": time, "data": data })
        .to_string()
}

/// Tallies of profile `p`, one a minute: groups, assessed and selected.
fn tallies(tallies: &[(Value, u64, u64)]) -> Vec<String> {
    let lines = tallies.iter().enumerate().map(|(number, (groups, assessed, selected))| {
        let counts = json!({ "assessed": assessed, "selected": selected });
        let time = format!("2026-03-01T00:{number:02}:00Z");
        event(number, "tally", &time, &json!({ "profile": "p", "groups": groups, "counts": counts }))
    });
    lines.collect()
}

/// 200 selections of each group, one of each a second: so many of a group are picked, the first.
fn selections(profile: &str, (hour, first): (u32, usize), picked: [usize; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    for place in 0..200 {
        for (group, picked) in ["a", "b"].into_iter().zip(picked) {
            let time = format!("2026-03-01T{hour:02}:{:02}:{:02}Z", place / 60, place % 60);
            let data = json!({
                "case_id": format!("{group}{place}"), "profile": profile, "selected": place < picked,
                "groups": { "origin": group },
            });
            lines.push(event(first + lines.len(), "selection", &time, &data));
        }
    }
    lines
}

#[test]
fn group_new_in_production() {
    let origin = |group: &str| json!({ "origin": group });
    let lines = tallies(&[(origin("a"), 1_000, 100), (origin("b"), 1_000, 100), (origin("c"), 1_000, 700)]);
    let replayed = Replayed::of(&config(&["p"], &["a", "b"], "interval"), &lines);
    for group in ["a", "b"] {
        let expected = ("incomplete".to_owned(), "unlisted_group".to_owned(), 0.5, 0.5);
        assert_eq!(replayed.coverage("p", group), expected, "{group}");
        assert_eq!(replayed.finding("p", group)["missing"]["group"]["by_cause"], json!({ "unlisted_group": 1_000 }));
    }
    // At worst all of the 700 belong to one side, and the 300 to the other: 800/1700 against 100/1300.
    let bounds = &replayed.finding("p", "a")["missing"]["ratio_bounds"];
    let (lower, upper) = (bounds["lower"].as_f64().unwrap(), bounds["upper"].as_f64().unwrap());
    let highest = (800.0 / 1_700.0) / (100.0 / 1_300.0);
    assert!((upper - highest).abs() < 1e-9 && (lower - 1.0 / highest).abs() < 1e-9, "{bounds}");
    let unlisted = json!([{ "dimension": "origin", "value": "c", "resembles": null, "cases": 1_000 }]);
    assert_eq!(replayed.document["unlisted"], unlisted);
    replayed.has_lines(&[
        "MISSING sel p origin=a vs rest 7d: group 1000 unlisted_group (50.0 %; 87.5 % of the events); reference 1000 unlisted_group (50.0 %; 87.5 % of the events); with them the ratio is from 0.163 to 6.118",
        "UNLISTED origin=\"c\": 1000 cases",
    ]);
    assert_eq!(replayed.exit, [Some(0), Some(65)], "no finding was judged: {}", replayed.errors);
}

#[test]
fn group_spelled_otherwise() {
    let origin = |group: &str| json!({ "origin": group });
    let lines =
        |other: &str| tallies(&[(origin("a"), 1_000, 100), (origin(other), 2_000, 1_000), (origin("b"), 2_000, 200)]);
    let groups = config(&["p"], &["a", "b"], "interval");
    let replayed = Replayed::of(&groups, &lines("A"));
    assert_eq!(replayed.coverage("p", "a"), ("incomplete".to_owned(), "unlisted_group".to_owned(), 0.667, 0.5));
    assert_eq!(replayed.coverage("p", "b"), ("incomplete".to_owned(), "unlisted_group".to_owned(), 0.5, 0.667));
    replayed.has_lines(&["UNLISTED origin=\"A\", which resembles \"a\": see aliases: 2000 cases"]);
    assert_eq!(replayed.exit, [Some(0), Some(65)]);

    // Nobody sees what makes these differ from the listed one.
    for (other, number) in [("\u{430}", "U+0430"), ("\u{ff41}", "U+FF41")] {
        let replayed = Replayed::of(&groups, &lines(other));
        assert_eq!(replayed.finding("p", "a")["verdict"], "incomplete", "{other:?}");
        replayed.has_lines(&[&format!(
            "UNLISTED origin=\"{other}\" ({number}), which resembles \"a\": see aliases: 2000 cases"
        )]);
    }

    // One group, however it is written.
    let alias = groups.replace("ground = \"race\"", "ground = \"race\"\naliases = { A = \"a\" }");
    for (config, other) in [(&alias, "A"), (&groups, "a "), (&groups, "\u{200b}a")] {
        let replayed = Replayed::of(config, &lines(other));
        let finding = replayed.finding("p", "a");
        assert_eq!(finding["verdict"], "critical", "{other:?}");
        assert!((finding["ratio"]["value"].as_f64().unwrap() - 11.0 / 3.0).abs() < 1e-9, "{finding}");
        assert_eq!(replayed.document["unlisted"], json!([]));
        assert_eq!(replayed.exit, [Some(0), Some(1)], "{other:?}");
    }
    // The configuration and the events in each form of Unicode.
    let accents = ["caf\u{e9}", "cafe\u{301}"];
    for (listed, written) in accents.into_iter().flat_map(|listed| accents.map(|written| (listed, written))) {
        let groups = config(&["p"], &[listed, "b"], "interval");
        let lines = tallies(&[(origin(written), 3_000, 1_100), (origin("b"), 2_000, 200)]);
        let replayed = Replayed::of(&groups, &lines);
        assert_eq!(replayed.finding("p", "caf\u{e9}")["verdict"], "critical", "{listed:?} {written:?}");
    }
}

#[test]
fn groups_missing_for_most() {
    let origin = |group: &str| json!({ "origin": group });
    for without in [json!({}), json!({ "Origin": "a" }), json!({ "origin": "n/a" }), json!({ "origin": "Onbekend" })] {
        let lines = tallies(&[(origin("a"), 1_000, 100), (origin("b"), 1_000, 100), (without.clone(), 38_000, 19_000)]);
        let replayed = Replayed::of(&config(&["p"], &["a", "b"], "interval"), &lines);
        let expected = ("incomplete".to_owned(), "no_group".to_owned(), 0.974, 0.974);
        assert_eq!(replayed.coverage("p", "a"), expected, "{without}");
        replayed.has_lines(&[
            "MISSING sel p origin=a vs rest 7d: group 38000 no_group (97.4 %; 99.5 % of the events); reference 38000 no_group (97.4 %; 99.5 % of the events); with them the ratio is from 0.005 to 191",
        ]);
        assert_eq!(replayed.exit, [Some(0), Some(65)]);
        let spelling = "UNLISTED dimension \"Origin\", which resembles \"origin\": it is not read";
        assert_eq!(replayed.table.contains(spelling), without.get("Origin").is_some(), "{}", replayed.table);
    }
}

#[test]
fn conflicts_are_shown() {
    let mut lines = selections("p", (0, 0), [20, 20]);
    lines.extend(selections("q", (1, 400), [100, 20]));
    let replayed = Replayed::of(&config(&["p", "q"], &["a", "b"], "interval"), &lines);
    for group in ["a", "b"] {
        let expected = ("insufficient_data".to_owned(), "conflict".to_owned(), 1.0, 1.0);
        assert_eq!(replayed.coverage("q", group), expected, "{group}");
        assert_eq!(replayed.finding("q", group)["missing"]["group"]["by_cause"], json!({ "conflict": 200 }));
        assert_eq!(replayed.coverage("p", group), ("within".to_owned(), String::new(), 0.0, 0.0), "{group}");
    }
    let first = replayed.table.lines().next().unwrap();
    assert!(first.contains(": 800 events read = 400 accepted + 400 conflict;"), "{first}");
    replayed.has_lines(&[
        "MISSING sel q origin=a vs rest 7d: group 200 conflict (100.0 %); reference 200 conflict (100.0 %)",
    ]);
    assert!(replayed.errors.contains("found 0.5000: 400 of 800 (400 conflict)"), "{}", replayed.errors);
    assert_eq!(replayed.exit, [Some(65), Some(65)]);
}

#[test]
fn gate_does_not_pass_with_nearly_all_refused() {
    let mut lines = selections("p", (0, 0), [60, 20]);
    lines.iter_mut().skip(20).for_each(|line| *line = line.replace("2026-03-01T", "2026-03-01 "));
    let replayed = Replayed::of(&config(&["p"], &["a", "b"], "interval"), &lines);
    assert_eq!(replayed.document["events"]["rejected"], 380);
    let first = replayed.table.lines().next().unwrap();
    assert!(first.contains(": 400 events read = 20 accepted + 380 rejected;"), "{first}");
    assert!(replayed.errors.contains("found 0.9500: 380 of 400 (380 rejected)"), "{}", replayed.errors);
    assert_eq!(replayed.exit, [Some(65), Some(65)]);
}

#[test]
fn few_missing_cases_are_told_and_not_how_many() {
    let origin = |group: &str| json!({ "origin": group });
    let lines = |all, picked| {
        tallies(&[
            (origin("a"), 1_000, 100),
            (origin("b"), 1_000, 100),
            (json!({}), all, picked),
            (origin("z"), 30, 20),
        ])
    };
    let config = config(&["p"], &["a", "b"], "interval").replace("min_cell = 0", "min_cell = 10");
    let replayed = |all, picked| Replayed::of(&config, &lines(all, picked));
    // Which of these it was makes no difference to what is shown.
    let shown = |all, picked| {
        let replayed = replayed(all, picked);
        let table = replayed.table.split_once('\n').unwrap().1.to_owned();
        (replayed.finding("p", "a")["missing"].clone(), table)
    };
    assert_eq!(shown(9, 9), shown(1, 1));
    let (missing, table) = shown(5, 5);
    assert_eq!(
        missing["group"],
        json!({ "cases": 30, "events": 20, "share": 0.029, "event_share": 0.167, "by_cause": { "unlisted_group": 30 }, "suppressed": true })
    );
    assert!(table.contains("group 30 unlisted_group, some withheld (2.9 %; 16.7 % of the events)"), "{table}");
    // Many of them, but few were picked: the bounds would tell how many.
    let of_many = replayed(40, 1);
    assert_eq!(of_many.finding("p", "a")["missing"]["group"]["suppressed"], false);
    assert!(of_many.finding("p", "a")["missing"]["ratio_bounds"].is_object(), "21 of 70 were picked");
    let few =
        Replayed::of(&config, &tallies(&[(origin("a"), 1_000, 100), (origin("b"), 1_000, 100), (json!({}), 40, 1)]));
    assert_eq!(few.finding("p", "a")["missing"]["ratio_bounds"], Value::Null);
}

#[test]
fn controls_that_find_no_selection_are_shown() {
    let mut lines = selections("p", (0, 0), [80, 80]);
    // Of group a the other system writes the case ids otherwise, but for 20.
    let controls = (0..80)
        .map(|place| if place < 20 { format!("a{place}") } else { format!("A-{place}") })
        .chain((0..20).map(|place| format!("b{place}")));
    for (number, case) in controls.enumerate() {
        lines.push(event(1_000 + number, "control", "2026-03-01T01:00:00Z", &json!({ "case_id": case })));
    }
    let config = config(&["p"], &["a", "b"], "interval").replace("selection_rate", "control_frequency");
    let replayed = Replayed::of(&config, &lines);
    assert_eq!(replayed.document["events"]["unmatched"], 60);
    replayed.has_lines(&["WAITING 60 cases have events but no selection: no comparison counts them"]);
}

#[test]
fn the_picked_alone_may_be_without_a_group() {
    let origin = |group: &str| json!({ "origin": group });
    let mut lines = tallies(&[(origin("a"), 100, 10), (origin("b"), 1_000, 100)]);
    let picked = json!({ "profile": "p", "groups": {}, "counts": { "selected": 50 } });
    lines.push(event(9, "tally", "2026-03-01T00:09:00Z", &picked));
    let replayed = Replayed::of(&config(&["p"], &["a", "b"], "interval"), &lines);
    assert_eq!(replayed.coverage("p", "a"), ("incomplete".to_owned(), "no_group".to_owned(), 0.333, 0.048));
    assert_eq!(replayed.exit, [Some(0), Some(65)]);
}

#[test]
fn counts_that_cannot_be_are_named_on_both_sides() {
    let tally = |number: usize, group: &str, counts: Value| {
        let groups = json!({ "origin": group });
        let time = format!("2026-03-01T00:{number:02}:00Z");
        event(number, "tally", &time, &json!({ "profile": "p", "groups": groups, "counts": counts }))
    };
    let fair = |number: usize, group: &str| tally(number, group, json!({ "assessed": 1_000, "selected": 100 }));
    // Each tally can be; together they cannot: more selected than assessed, and more controlled than selected.
    for stage in ["selected", "controlled"] {
        let mut alone = serde_json::Map::new();
        alone.insert(stage.to_owned(), json!(2_000));
        let lines = [fair(0, "a"), fair(1, "b"), fair(2, "c"), tally(3, "c", Value::Object(alone))];
        let replayed = Replayed::of(&config(&["p"], &["a", "b", "c"], "interval"), &lines);
        for (group, side) in [("a", "reference"), ("b", "reference"), ("c", "group")] {
            let finding = replayed.finding("p", group);
            assert!(finding["missing"][side]["by_cause"]["impossible_counts"].as_u64() > Some(0), "{finding}");
            assert_ne!(finding["verdict"], "within", "{finding}");
        }
    }
}

#[test]
fn a_second_selection_that_says_the_same_loses_nothing() {
    let mut lines = selections("p", (0, 0), [20, 20]);
    lines.extend(selections("p", (1, 400), [20, 20]));
    let replayed = Replayed::of(&config(&["p"], &["a", "b"], "interval"), &lines);
    assert_eq!(replayed.document["events"]["conflict"], 400);
    assert_eq!(replayed.coverage("p", "a"), ("within".to_owned(), String::new(), 0.0, 0.0));
    assert_eq!(replayed.exit, [Some(65), Some(65)], "half of the lines were refused");
}

/// By the number alone nothing is tested: `needed` is what `min_events` takes, and no more.
#[test]
fn needed_by_the_number_alone_is_what_min_events_takes() {
    let origin = |group: &str| json!({ "origin": group });
    let lines = |exposed: u64, events: u64| tallies(&[(origin("a"), exposed, events), (origin("b"), exposed, events)]);
    let at = |evidence: &str, exposed: u64, events: u64| {
        let replayed = Replayed::of(&config(&["p"], &["a", "b"], evidence), &lines(exposed, events));
        let found = replayed.finding("p", "a").clone();
        (found["verdict"].as_str().unwrap().to_owned(), found["needed"].as_u64())
    };
    // Five events are expected of each group, and ten asked for: (10 + 0.5) / (100 + 10) of 210 exposed.
    let (verdict, needed) = at("point", 50, 5);
    assert_eq!((verdict.as_str(), needed), ("insufficient_data", Some(110)));
    assert!(at("interval", 50, 5).1 > Some(1_000), "an interval asks for power");
    assert_eq!(at("point", 50 + 55, 11), ("within".to_owned(), None));
}

/// It is valid all the same.
#[test]
fn check_config_says_what_is_probably_not_meant() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let kafka = "[kafka]\nbrokers = \"b:1\"\ntopics = [\"t\"]\n";
    let checked = |more: &str| {
        let text = format!("{kafka}{more}{}", config(&["p"], &["a", "b"], "interval"));
        std::fs::write(&file, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_paritywatch")).arg("check-config").arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let warned = checked("");
    assert!(warned.contains("config.toml: warning: kafka.measure_topics: not set"), "{warned}");
    assert!(!checked("measure_topics = [\"t\"]\n").contains("warning"));
}

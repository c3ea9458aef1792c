//! A profile whose denominator is a population: the number of persons does not come from cases, so a period that is over has it all the same.

use std::fmt::Write;

use paritywatch::plan::Span;
use serde_json::json;

use super::history::JULY;
use super::{json as document, list, made, profile, run};

const CONFIG: &str = r#"
[window]
rolling = ["7d", "30d"]
cohort_max_age = "10d"
allowed_lateness = "10m"
[report]
periods = ["month"]
[profiles.d]
owner = "team-d"
exposure = "population"
[dimensions.origin]
ground = "race"
groups = ["x", "y"]
[[rules]]
name = "selection"
indicator = "selection_rate"
reference = "x"
warning = 1.25
critical = 1.5
evidence = "point"
"#;

/// Persons of groups x and y, and from August on.
const PERSONS: [[u64; 2]; 2] = [[20_000, 10_000], [30_000, 5_000]];

/// Sixty days from 2025-06-20 on, with 20 picks of each group each day.
fn lines() -> String {
    let mut lines = String::new();
    let mut add = |kind: &str, (day, minute): (i64, i64), id: String, data: serde_json::Value| {
        let time = jiff::Timestamp::from_millisecond(day * Span::DAY.0 + minute * 60_000).unwrap().to_string();
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/test", "id": id, "time": time, "data": data,
        });
        writeln!(lines, "{event}").unwrap();
    };
    for (first, [x, y]) in [JULY - 12, JULY + 31].into_iter().zip(PERSONS) {
        let from = jiff::Timestamp::from_millisecond(first * Span::DAY.0).unwrap().to_string();
        let data = json!({ "profile": "d", "dimension": "origin", "counts": { "x": x, "y": y }, "valid_from": from });
        add("population", (first, 0), format!("population-{first}"), data);
    }
    for day in JULY - 11..JULY + 45 {
        for group in ["x", "y"] {
            for number in 0..20 {
                let case = format!("{day}-{group}-{number}");
                let data = json!({
                    "case_id": case, "profile": "d", "groups": { "origin": group }, "selected": true, "channel": "profile",
                });
                add("selection", (day, 60 + number * 30), format!("s-{case}"), data);
            }
        }
    }
    lines
}

#[test]
fn a_period_that_is_over_has_the_rate_of_its_population() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = state.path().join("events.jsonl");
    std::fs::write(&file, lines()).unwrap();
    made(&run(CONFIG, state.path(), to.path(), &["--period", "2025-07", "--format", "json"], &[&file]));
    let document = document(to.path(), "2025-07");
    let of = profile(&document, "d");
    let found = list(of, "findings").iter().find(|found| found["group"] == "y").unwrap();
    assert_eq!(
        (&found["basis"]["period"], &found["window"], &found["suppressed"]),
        (&true.into(), &"2025-07".into(), &false.into()),
        "{found}"
    );
    let near = |value: &serde_json::Value, expected: u64| {
        let value = value.as_u64().unwrap_or_else(|| panic!("{found}"));
        assert!(value.abs_diff(expected) <= 23, "{value} and {expected}: {found}");
    };
    // Those of July, though others are in force since.
    near(&found["group_counts"]["exposed"], 10_000);
    near(&found["reference_counts"]["exposed"], 20_000);
    near(&found["group_counts"]["events"], 620);
    near(&found["reference_counts"]["events"], 620);
    let ratio = found["ratio"]["value"].as_f64().unwrap();
    assert!((ratio - 2.0).abs() < 0.15, "{ratio}");
    let funnel = list(of, "funnel").iter().find(|row| row["group"] == "y").unwrap();
    near(&funnel["stages"]["assessed"], 10_000);
    near(&funnel["stages"]["selected"], 620);
}

#[test]
fn of_a_period_before_the_first_event_nothing_is_told() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = state.path().join("events.jsonl");
    std::fs::write(&file, super::stream::lines()).unwrap();
    let config = super::stream::CONFIG.replace("min_cell = 0", "min_cell = 10");
    let output = run(&config, state.path(), to.path(), &["--period", "2025-04", "--format", "json"], &[&file]);
    assert_eq!(output.status.code(), Some(65), "{}", super::said(&output));
    let document = document(to.path(), "2025-04");
    assert_eq!((&profile(&document, "d")["heard"], &profile(&document, "e")["heard"]), (&false.into(), &false.into()));
}

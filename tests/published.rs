//! Published tables replayed through the binary: what comes out must be what was published.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

#[test]
fn published_figures_come_out_again() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/published/tables.toml");
    let file: toml::Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let tables = file["tables"].as_array().unwrap();
    assert!(tables.len() >= 3);
    for table in tables {
        let findings = replay(table);
        for expected in table["expect"].as_array().unwrap() {
            check(table["name"].as_str().unwrap(), expected, &findings);
        }
    }
}

fn text<'t>(table: &'t toml::Value, name: &str) -> &'t str {
    table[name].as_str().unwrap()
}

fn replay(table: &toml::Value) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (config, events) = (folder.path().join("config.toml"), folder.path().join("events.jsonl"));
    std::fs::write(&config, configuration(table)).unwrap();
    std::fs::write(&events, stream(table)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_paritywatch"))
        .args(["replay", "--format", "json", "--as-of", "2014-12-31T00:00:00Z", "--config"])
        .args([&config, &events])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let evaluation: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(evaluation["events"]["rejected"], 0);
    evaluation["findings"].as_array().unwrap().clone()
}

fn configuration(table: &toml::Value) -> String {
    let (dimension, reference) = (text(table, "dimension"), text(table, "reference"));
    let stratify = table.get("stratify_by").map_or_else(String::new, |name| format!("stratify_by = {name}\n"));
    let mut config = format!(
        "[window]\nrolling = [\"365d\"]\n[profiles.published]\nowner = \"o\"\n[dimensions.{dimension}]\nground = \"race\"\ngroups = {}\n",
        table["groups"]
    );
    for (indicator, warning, critical) in [("selection_rate", 1.1, 1.25), ("hit_rate", 0.9, 0.8)] {
        write!(
            config,
            "[[rules]]\nname = \"{}\"\nindicator = \"{indicator}\"\nreference = \"{reference}\"\nwarning = {warning}\ncritical = {critical}\nevidence = \"interval\"\n{stratify}",
            indicator.replace('_', "-")
        )
        .unwrap();
    }
    config
}

/// One tally for each row, in the middle of the year, so that its cohort is sealed at the year's end.
fn stream(table: &toml::Value) -> String {
    let mut lines = String::new();
    for (number, row) in table["rows"].as_array().unwrap().iter().enumerate() {
        let counts: serde_json::Map<String, Value> = ["assessed", "selected", "controlled", "concluded", "hits"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), json!(row.get(name)?.as_integer()?))))
            .collect();
        let strata =
            row.get("stratum").map_or_else(|| json!({}), |value| json!({ text(table, "stratify_by"): value.as_str() }));
        let event = json!({
            "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/published", "id": number.to_string(),
            "time": "2014-07-01T12:00:00Z",
            "data": { "profile": "published", "groups": { text(table, "dimension"): text(row, "group") }, "strata": strata, "counts": counts }
        });
        writeln!(lines, "{event}").unwrap();
    }
    lines
}

fn check(table: &str, expected: &toml::Value, findings: &[Value]) {
    let (indicator, group) = (text(expected, "indicator"), text(expected, "group"));
    let finding =
        findings.iter().find(|finding| finding["indicator"] == indicator && finding["group"] == group).unwrap();
    let what = format!("{table}, {indicator} of {group}: {finding}");
    let near = |found: &Value, name: &str, tolerance: &str| {
        if let Some(value) = expected.get(name).and_then(toml::Value::as_float) {
            let tolerance = expected.get(tolerance).and_then(toml::Value::as_float).unwrap_or(0.005);
            assert!((found.as_f64().unwrap() - value).abs() <= tolerance, "{name} {value}: {what}");
        }
    };
    near(&finding["ratio"]["value"], "ratio", "tolerance");
    near(&finding["ratio"]["value"], "published", "published_tolerance");
    near(&finding["ratio"]["lower"], "lower", "interval_tolerance");
    near(&finding["ratio"]["upper"], "upper", "interval_tolerance");
    near(&finding["group_rate"], "group_rate", "rate_tolerance");
    near(&finding["reference_rate"], "reference_rate", "rate_tolerance");
    if let Some(reversal) = expected.get("reversal") {
        assert_eq!(finding["stratified"]["reversal"], reversal.as_bool().unwrap(), "{what}");
    }
}

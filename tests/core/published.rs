//! Published tables replayed through the binary: what comes out must be what was published.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

#[test]
fn published_figures_come_out_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/published");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    assert!(paths.len() >= 3);
    for path in paths {
        let table: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let table = toml::Value::Table(table);
        let findings = replay(&table);
        let expected = table["expect"].as_array().unwrap();
        assert!(!expected.is_empty(), "{}", path.display());
        for expected in expected {
            check(&path.display().to_string(), &table, expected, &findings);
        }
    }
}

/// The share in the high risk classes carries a factor of 2.0 of the disparity, and the stage after it the rest, as
/// published; the intervals are ours.
#[test]
fn the_stages_of_a_published_disparity_come_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/published/duo-2014-risk-class.toml");
    let table: toml::Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let table = toml::Value::Table(table);
    let config = configuration(&table).replace("owner = \"o\"", "owner = \"o\"\nhigh_classes = [\"1\", \"2\"]");
    let evaluation = evaluation(&config, &stream(&table));
    let rows = evaluation["funnel"].as_array().unwrap();
    let row = rows.iter().find(|row| row["group"] == "non_european").unwrap();
    let near = |found: &Value, [value, lower, upper]: [f64; 3]| {
        for (name, expected) in [("value", value), ("lower", lower), ("upper", upper)] {
            let found = found[name].as_f64().unwrap();
            assert!((found - expected).abs() < 6e-4, "{name}: {found}, expected {expected}");
        }
    };
    near(&row["high_classes"]["share"], [1.980, 1.945, 2.015]);
    near(&row["high_classes"]["rest"], [3.127, 2.906, 3.365]);
    let step = |name: &str| {
        let step = row["steps"].as_array().unwrap().iter().find(|step| step["step"] == name).unwrap();
        json!({ "value": step["ratio"], "lower": step["lower"], "upper": step["upper"] })
    };
    near(&step("risk_class"), [1.632, 1.571, 1.696]);
    near(&step("selected"), [3.792, 3.500, 4.109]);
}

fn text<'t>(table: &'t toml::Value, name: &str) -> &'t str {
    table[name].as_str().unwrap()
}

fn replay(table: &toml::Value) -> Vec<Value> {
    evaluation(&configuration(table), &stream(table))["findings"].as_array().unwrap().clone()
}

fn evaluation(configuration: &str, stream: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (config, events) = (folder.path().join("config.toml"), folder.path().join("events.jsonl"));
    std::fs::write(&config, configuration).unwrap();
    std::fs::write(&events, stream).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_paritywatch"))
        .args(["replay", "--format", "json", "--as-of", "2014-12-31T00:00:00Z", "--config"])
        .args([&config, &events])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let evaluation: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(evaluation["events"]["rejected"], 0);
    evaluation
}

fn configuration(table: &toml::Value) -> String {
    let (profile, dimension, reference) = (text(table, "profile"), text(table, "dimension"), text(table, "reference"));
    let stratify = table.get("stratify_by").map_or_else(String::new, |name| format!("stratify_by = {name}\n"));
    let mut groups: Vec<&str> = table["rows"].as_array().unwrap().iter().map(|row| text(row, "group")).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut config = format!(
        "[privacy]\nmin_cell = 0\nreason = \"published tables\"\n[window]\nrolling = [\"365d\"]\n[profiles.{profile}]\nowner = \"o\"\n[dimensions.{dimension}]\nground = \"race\"\ngroups = {groups:?}\n"
    );
    for (indicator, high) in INDICATORS {
        let (warning, critical) = if high { (1.1, 1.25) } else { (0.9, 0.8) };
        write!(
            config,
            "[[rules]]\nname = \"{}\"\nindicator = \"{indicator}\"\nreference = \"{reference}\"\nwarning = {warning}\ncritical = {critical}\nevidence = \"interval\"\n{stratify}",
            indicator.replace('_', "-")
        )
        .unwrap();
    }
    config
}

/// Indicators, and whether harm is high.
const INDICATORS: [(&str, bool); 6] = [
    ("selection_rate", true),
    ("control_frequency", true),
    ("hit_rate", false),
    ("unfounded_rate", true),
    ("follow_through", true),
    ("outcome_coverage", false),
];

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
            "data": { "profile": text(table, "profile"), "groups": { text(table, "dimension"): text(row, "group") }, "strata": strata, "counts": counts }
        });
        writeln!(lines, "{event}").unwrap();
    }
    lines
}

fn check(file: &str, table: &toml::Value, expected: &toml::Value, findings: &[Value]) {
    let (indicator, group) = (text(expected, "indicator"), text(expected, "group"));
    let of = |finding: &&Value| finding["indicator"] == indicator && finding["group"] == group;
    let finding = findings.iter().find(of).unwrap_or_else(|| panic!("{file}: no finding for {indicator} of {group}"));
    let what = format!("{file}, {indicator} of {group}: {finding}");
    let near = |found: &Value, name: &str, tolerance: &str| {
        let value = |name: &str| {
            expected.get(name).and_then(|value| value.as_float().or(value.as_integer().map(|whole| whole as f64)))
        };
        if let Some(wanted) = value(name) {
            let tolerance = value(tolerance).unwrap_or_else(|| panic!("{file}: {name} has no {tolerance}"));
            let found = found.as_f64().unwrap_or_else(|| panic!("no {name}: {what}"));
            assert!((found - wanted).abs() <= tolerance, "{name} {wanted}: {what}");
        }
    };
    near(&finding["ratio"]["value"], "ratio", "tolerance");
    near(&finding["ratio"]["value"], "published", "published_tolerance");
    near(&finding["ratio"]["lower"], "lower", "interval_tolerance");
    near(&finding["ratio"]["upper"], "upper", "interval_tolerance");
    near(&finding["group_rate"], "group_rate", "rate_tolerance");
    near(&finding["reference_rate"], "reference_rate", "rate_tolerance");
    if table.get("stratify_by").is_some() {
        near(&finding["stratified"]["ratio"]["value"], "stratified_ratio", "stratified_tolerance");
        near(&finding["stratified"]["ratio"]["lower"], "stratified_lower", "stratified_interval_tolerance");
        near(&finding["stratified"]["ratio"]["upper"], "stratified_upper", "stratified_interval_tolerance");
    }
    if let Some(reversal) = expected.get("reversal") {
        assert_eq!(finding["stratified"]["reversal"], reversal.as_bool().unwrap(), "{what}");
    }
}

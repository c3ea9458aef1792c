//! `replay`: the same lines in any order, and in any files, give the same evaluation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use paritywatch::scenario::{Scenario, Shape, Stream};

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["24h", "7d"]
cohort_max_age = "2d"
allowed_lateness = "10m"
[profiles.cub]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["dutch", "european", "non_european"]
[[rules]]
name = "point"
indicator = "selection_rate"
warning = 1.02
critical = 1.1
evidence = "point"
for = "1h"
[[rules]]
name = "interval"
indicator = "control_frequency"
warning = 1.02
critical = 1.1
evidence = "interval"
[[rules]]
name = "sequential"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
"#;

fn run(config: &Path, arguments: &[&str], files: &[PathBuf], input: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.args(["replay", "--format", "json", "--max-lost", "1", "--config"]).arg(config).args(arguments).args(files);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn document(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Events with duplicates, conflicts, lines that are no events, and many of the same time.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for (number, event) in Stream::new(&Shape::new(Scenario::Simpson, 6_000, 7)).enumerate() {
        let mut json = event.json.clone();
        // A whole hour for all of it.
        if number % 3 == 0 {
            let minutes = json.find("\"time\":\"").unwrap() + "\"time\":\"2026-03-01T00:".len();
            json.replace_range(minutes..minutes + 5, "00:00");
        }
        if number % 50 == 0 {
            lines.push(json.clone());
        }
        if number % 70 == 0 && json.contains("selection.v1") {
            let id = json.find("\"id\":\"").unwrap() + 6;
            let mut other = json.clone();
            other.insert_str(id, "other");
            lines.push(other);
        }
        lines.push(json);
    }
    lines.extend(["no event".to_owned(), "{\"time\":\"2026-03-01T00:00:00Z\"}".to_owned()]);
    lines
}

#[test]
fn the_same_lines_give_the_same_document() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut lines = lines();
    let write = |name: &str, lines: &[String]| {
        let file = folder.path().join(name);
        std::fs::write(&file, lines.join("\n")).unwrap();
        file
    };
    let expected = document(&run(&config, &[], &[write("all", &lines)], None));
    let parsed: serde_json::Value = serde_json::from_str(&expected).unwrap();
    let alerts = parsed["alerts"].as_array().unwrap();
    assert!(!alerts.is_empty() && parsed["events"]["duplicate"].as_u64() > Some(0), "{}", parsed["events"]);
    assert!(
        parsed["events"]["conflict"].as_u64() > Some(0) && parsed["events"]["rejected"] == 2,
        "{}",
        parsed["events"]
    );

    let mut state = 1_u64;
    for round in 0..3 {
        for last in (1..lines.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            lines.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
        }
        let cut = lines.len() / (round + 2);
        let files = [write("first", &lines[..cut]), write("second", &lines[cut..]), write("empty", &[])];
        assert_eq!(document(&run(&config, &[], &files, None)), expected, "round {round}");
    }
    let standard_input = lines.join("\n");
    assert_eq!(document(&run(&config, &[], &["-".into()], Some(&standard_input))), expected);
}

#[test]
fn a_file_that_is_not_in_order_of_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cases/file-not-in-order-of-time");
    let config = folder.join("config.toml");
    let of = |name: &str, arguments: &[&str]| run(&config, arguments, &[folder.join(name)], None);
    let expected = document(&of("sorted.jsonl", &[]));
    assert!(expected.contains("\"verdict\":\"critical\""), "{expected}");
    for name in ["events.jsonl", "by-group.jsonl", "one-feed-two-hours-late.jsonl"] {
        assert_eq!(document(&of(name, &[])), expected, "{name}");
    }
    let in_order: serde_json::Value = serde_json::from_str(&document(&of("sorted.jsonl", &["--in-order"]))).unwrap();
    assert_eq!(in_order["findings"][0]["verdict"], "critical");
    let refused = of("by-group.jsonl", &["--in-order"]);
    assert_eq!(refused.status.code(), Some(65));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("that are further behind; replay without --in-order sorts them"), "{message}");
    assert!(refused.stdout.is_empty());
}

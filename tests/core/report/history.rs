//! Reports of a daemon's history: with gaps, damage, changes of the configuration, and alerts that were there before.

use std::path::Path;

use paritywatch::checkpoint::{HISTORY_FOLDER, History, Owner};
use paritywatch::disclosure::Kept;
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor, Output};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::settings::{HistoryLimits, Settings};
use serde_json::Value;

use super::stream::{CONFIG, FIRST, lines};
use super::{finding, json, list, made, profile, read, report, said};

pub const LIMITS: HistoryLimits =
    HistoryLimits { keep: Span(2_557 * 86_400_000), full_resolution: Span(35 * 86_400_000), max_bytes: 4 << 30 };
/// 2025-07-01, counted from 1970.
pub const JULY: i64 = FIRST + 61;

/// What the stream publishes day by day.
pub fn evaluations() -> Vec<Kept> {
    let plan = Settings::parse(CONFIG, "test.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([5; 16]), Clock::Event { as_of: None });
    monitor.publish_days();
    let mut kept = Vec::new();
    for line in lines().lines() {
        let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
        while let Some(output) = monitor.poll_output() {
            if let Output::Published(published) = output {
                kept.push(Kept::of(&published, &[]));
            }
        }
    }
    kept
}

/// The day that an evaluation tells of.
pub fn day(kept: &Kept) -> i64 {
    (kept.as_of.0 - 1).div_euclid(Span::DAY.0)
}

fn write(state: &Path, evaluations: &[Kept]) {
    let mut history = History::open(&Owner::claim(state).unwrap(), LIMITS).unwrap();
    for kept in evaluations {
        history.add(kept, kept.as_of, Span::HOUR).unwrap();
    }
}

/// A report of July in JSON.
pub fn of_july(state: &Path) -> Value {
    let to = tempfile::tempdir().unwrap();
    made(&report(state, to.path(), &["--period", "2025-07", "--format", "json"], &[]));
    json(to.path(), "2025-07")
}

pub fn with_history(change: impl FnOnce(&mut Vec<Kept>)) -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    let mut kept = evaluations();
    change(&mut kept);
    write(state.path(), &kept);
    state
}

#[test]
fn history_and_files_give_the_same_report() {
    let state = with_history(|_| {});
    let mut of_history = of_july(state.path());
    let (other, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = other.path().join("events.jsonl");
    std::fs::write(&file, lines()).unwrap();
    // The last day of the stream is not over where nothing moves time beyond it.
    made(&report(other.path(), to.path(), &["--period", "2025-07", "--format", "json"], &[&file]));
    let mut of_files = json(to.path(), "2025-07");
    assert_eq!((of_history["source"].take(), of_files["source"].take()), ("history".into(), "replay".into()));
    // The state folder is part of the configuration.
    for document in [&mut of_history, &mut of_files] {
        document["config_hash"].take();
        document["configurations"].take();
    }
    // A history without the audit log of its daemon is told; files have none.
    let notes = of_history["quality"]["notes"].as_array_mut().unwrap();
    assert_eq!(notes.remove(0)["name"], "audit_log");
    let mut found = Vec::new();
    differences(&of_history, &of_files, "", &mut found);
    // Files end earlier, so their outcomes do.
    found.retain(|place: &String| !place.contains("/basis/outcomes_until: "));
    assert!(found.is_empty(), "{} differ: {:#?}", found.len(), &found[..found.len().min(20)]);
}

/// Where two documents differ, and how.
fn differences(one: &Value, other: &Value, place: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) if fields.keys().eq(others.keys()) => {
            fields.iter().for_each(|(key, value)| differences(value, &others[key], &format!("{place}/{key}"), found));
        }
        (Value::Array(values), Value::Array(others)) if values.len() == others.len() => {
            let pairs = values.iter().zip(others).enumerate();
            pairs.for_each(|(index, (value, other))| differences(value, other, &format!("{place}/{index}"), found));
        }
        _ if one == other => {}
        _ => found.push(format!("{place}: {:.300} and {:.300}", one.to_string(), other.to_string())),
    }
}

#[test]
fn a_gap_and_a_damaged_day_come_first_and_break_the_line() {
    let state = with_history(|kept| kept.retain(|kept| !(JULY + 9..JULY + 14).contains(&day(kept))));
    // Files are by the day in which windows end: that of 2025-07-03 tells of the 2nd. It was thinned, so a damaged end is no torn one.
    let folder = state.path().join(HISTORY_FOLDER);
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let damaged = names.into_iter().find(|path| path.to_string_lossy().contains("2025-07-03.day.")).unwrap();
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let document = of_july(state.path());
    let coverage = &document["coverage"];
    assert_eq!(list(coverage, "days_without"), &["2025-07-02", "2025-07-10..2025-07-14"]);
    assert_eq!((coverage["days"].as_u64(), coverage["days_with_release"].as_u64()), (Some(31), Some(25)));
    let unreadable = list(coverage, "unreadable");
    assert!(
        unreadable.len() == 1 && unreadable[0].as_str().unwrap().starts_with("2025-07-03.day.f1: "),
        "{unreadable:?}"
    );
    let breaks: Vec<&Value> = list(finding(&document, "d", "selection", "y"), "past")
        .iter()
        .filter(|point| point["breaks"] == true)
        .collect();
    let at: Vec<&str> = breaks.iter().map(|point| point["as_of"].as_str().unwrap()).collect();
    assert_eq!(at, ["2025-07-04T00:00:00Z", "2025-07-16T00:00:00Z"]);
}

#[test]
fn a_profile_that_went_is_told_as_far_as_it_was_seen() {
    let gone = JULY + 12;
    let state = with_history(|kept| {
        for kept in kept.iter_mut().filter(|kept| day(kept) >= gone) {
            kept.findings.retain(|(key, _)| key.profile != "e");
            kept.funnel.retain(|(key, _)| key.profile != "e");
            // Rows of periods stand for as long as the configuration does, and a profile goes by another one.
            (kept.periods, kept.config_hash) = (None, "00000000000000ff".to_owned());
        }
    });
    let document = of_july(state.path());
    assert_eq!(profile(&document, "e")["last_seen"], "2025-07-13T00:00:00Z");
    let found = finding(&document, "e", "selection", "y");
    let last = list(found, "verdicts").last().unwrap();
    assert_eq!((&last["since"], last["verdict"].is_null()), (&"2025-07-14T00:00:00Z".into(), true), "{found}");
    assert_eq!(list(found, "past").len(), 12);
    assert_eq!(profile(&document, "d")["last_seen"], "2025-08-01T00:00:00Z");
}

#[test]
fn other_thresholds_are_told_with_the_configuration_that_has_them() {
    let changed = JULY + 20;
    let state = with_history(|kept| {
        for kept in kept.iter_mut().filter(|kept| day(kept) >= changed) {
            (kept.periods, kept.config_hash) = (None, "00000000000000ff".to_owned());
            for thresholds in kept.findings.iter_mut().filter_map(|(_, row)| row.thresholds.as_mut()) {
                thresholds.warning = 9.0;
            }
        }
    });
    let document = of_july(state.path());
    let hashes: Vec<(&Value, &Value)> =
        list(&document, "configurations").iter().map(|of| (&of["config_hash"], &of["since"])).collect();
    assert_eq!(hashes.len(), 2);
    assert_eq!(hashes[1], (&"00000000000000ff".into(), &"2025-07-22T00:00:00Z".into()));
    let found = finding(&document, "d", "selection", "y");
    assert_eq!(found["thresholds_since"], "2025-07-22T00:00:00Z");
}

#[test]
fn without_a_row_of_the_period_the_longest_window_stands_for_it_and_says_so() {
    let state = with_history(|kept| kept.iter_mut().for_each(|kept| kept.periods = None));
    let document = of_july(state.path());
    let found = finding(&document, "d", "selection", "y");
    assert_eq!((&found["window"], &found["basis"]["period"]), (&"30d".into(), &false.into()));
    assert_eq!(found["basis"]["as_of"], "2025-08-01T00:00:00Z");
    // 30 days of 30 cases.
    assert_eq!(found["group_counts"]["exposed"], 900);
    let funnel = &list(profile(&document, "d"), "funnel")[0];
    assert_eq!((&funnel["window"], &funnel["stages"]["assessed"]), (&"30d".into(), &900.into()));
}

#[test]
fn an_alert_from_before_the_period_is_told_as_such() {
    let state = with_history(|_| {});
    let to = tempfile::tempdir().unwrap();
    made(&report(state.path(), to.path(), &["--period", "2025-07-25..2025-08-05", "--format", "json,csv"], &[]));
    let document = json(to.path(), "2025-07-25..2025-08-05");
    let alerts = list(profile(&document, "d"), "alerts");
    let alert = alerts.iter().find(|alert| alert["rule"] == "selection").unwrap();
    assert_eq!(
        (&alert["began_before"], &alert["open"], &alert["severity"]),
        (&true.into(), &true.into(), &"critical".into())
    );
    assert!(read(to.path(), "2025-07-25..2025-08-05-alerts.csv").contains(alert["id"].as_str().unwrap()));
}

#[test]
fn what_is_wrong_is_said_by_the_exit_code() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let answer = |words: &[&str]| {
        let output = report(state.path(), to.path(), words, &[]);
        (output.status.code(), said(&output))
    };
    let (code, problem) = answer(&["--period", "2025-07"]);
    assert!(code == Some(65) && problem.contains("expected a history, found no such folder (state.dir)"), "{problem}");
    write(state.path(), &evaluations());
    let (code, problem) = answer(&["--period", "9998-Q1"]);
    assert!(code == Some(64) && problem.contains("which begins on 9998-01-01"), "{problem}");
    for (words, found) in [
        (&["--period", "2025-07", "--lang", "fr"][..], "expected nl or en, found \"fr\""),
        (&["--period", "2025-07", "--format", "pdf"], "expected html, json, csv or register, found \"pdf\""),
        (&["--period", "July"], "expected a period such as 2026"),
    ] {
        let (code, problem) = answer(words);
        assert!(code == Some(64) && problem.contains(found), "{problem}");
    }
    let (code, problem) = answer(&["--period", "2024-07", "--format", "json"]);
    assert!(code == Some(65) && problem.contains("2024-07: expected a release in the period, found none"), "{problem}");
    assert_eq!(list(&json(to.path(), "2024-07"), "profiles").len(), 3, "profiles are listed all the same");
    let nowhere = report(state.path(), &to.path().join("none/none"), &["--period", "2025-07", "--format", "json"], &[]);
    assert!(nowhere.status.code() == Some(74) && said(&nowhere).contains("/none/none: make"), "{}", said(&nowhere));
    let left: Vec<_> = std::fs::read_dir(to.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 1, "nothing unfinished is left: {left:?}");
}

#[test]
fn the_hashes_that_are_printed_and_handed_over_are_those_of_the_files() {
    let state = with_history(|_| {});
    let to = tempfile::tempdir().unwrap();
    let output = report(state.path(), to.path(), &["--period", "2025-07", "--format", "json"], &[]);
    made(&output);
    let bytes = read(to.path(), "2025-07.json");
    let hash = paritywatch::checkpoint::audit::sha256(bytes.as_bytes());
    assert!(said(&output).contains(&format!("{} bytes, SHA-256 {hash}", bytes.len())), "{}", said(&output));
    let notes = paritywatch::checkpoint::reports::notes(state.path()).unwrap().notes;
    assert_eq!(notes.len(), 1);
    let file = &notes[0].report.files[0];
    assert_eq!((file.name.as_str(), &file.sha256), ("paritywatch-report-2025-07.json", &hash));
    assert!(said(&output).contains("the daemon enters the hashes of these files when it runs"), "{}", said(&output));
}

//! Reports of files of events.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use paritywatch::plan::{EventTime, Span};
use serde_json::Value;

use super::stream::{FIRST, SKEW, counted, lines};
use super::{csv, finding, json, list, made, profile, read, report, said};
use crate::support::unchanged::repository;

/// 2025-07-01, counted from 1970.
const JULY: i64 = FIRST + 61;
/// The end of what the stream settles of July: outcomes come four days later.
const AS_OF: &str = "2025-08-09T00:00:00Z";

fn stream_file(folder: &Path) -> PathBuf {
    let path = folder.join("events.jsonl");
    std::fs::write(&path, lines()).unwrap();
    path
}

fn schema(name: &str) -> Validator {
    let text = std::fs::read_to_string(repository().join("config/contract").join(name)).unwrap();
    jsonschema::options().should_validate_formats(true).build(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// A report of July, of the whole stream.
fn of_july(formats: &str) -> (tempfile::TempDir, tempfile::TempDir) {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = stream_file(state.path());
    let output =
        report(state.path(), to.path(), &["--period", "2025-07", "--format", formats, "--as-of", AS_OF], &[&file]);
    made(&output);
    let said = said(&output);
    assert!(
        said.contains("2025-07: 31 of 31 days have a release, 31 releases; 3 profiles, nothing was heard of 1"),
        "{said}"
    );
    (state, to)
}

#[test]
fn the_figures_of_the_period_are_those_of_an_independent_count() {
    let (_state, to) = of_july("json");
    let document = json(to.path(), "2025-07");
    schema("report.schema.json")
        .validate(&document)
        .unwrap_or_else(|error| panic!("{error} at {}", error.instance_path));
    let until = EventTime((JULY + 39) * Span::DAY.0);
    for of in ["d", "e"] {
        let counts = counted(of, JULY..=JULY + 30, until);
        let found = finding(&document, of, "selection", "y");
        assert_eq!(found["basis"]["period"], true, "{found}");
        assert_eq!((found["window"].as_str(), found["reference_group"].as_str()), (Some("2025-07"), Some("x")));
        let pair = |name: &str| {
            let counts = &found[name];
            [counts["exposed"].as_u64().unwrap(), counts["events"].as_u64().unwrap()]
        };
        assert_eq!(pair("group_counts"), [counts["y"][0], counts["y"][1]], "{of}");
        assert_eq!(pair("reference_counts"), [counts["x"][0], counts["x"][1]], "{of}");
        let rate = |[exposed, events]: [u64; 2]| events as f64 / exposed as f64;
        let ratio = rate(pair("group_counts")) / rate(pair("reference_counts"));
        assert!((found["ratio"]["value"].as_f64().unwrap() - ratio).abs() < 1e-12);
        for row in list(profile(&document, of), "funnel") {
            let group = row["group"].as_str().unwrap();
            let stages = ["assessed", "selected", "controlled", "concluded", "hit"]
                .map(|stage| row["stages"][stage].as_u64().unwrap());
            assert_eq!(stages, counts[group], "{of} {group}");
        }
    }
    let unheard = profile(&document, "unheard");
    assert_eq!(unheard["heard"], false);
    assert!(list(unheard, "findings").iter().all(|finding| finding["verdict"] != "within"));
}

#[test]
fn what_happened_in_the_period_is_told_with_its_time() {
    let (_state, to) = of_july("json");
    let document = json(to.path(), "2025-07");
    let found = finding(&document, "d", "selection", "y");
    let verdicts: Vec<&str> = list(found, "verdicts").iter().filter_map(|of| of["verdict"].as_str()).collect();
    assert_eq!((verdicts.first(), verdicts.last()), (Some(&"within"), Some(&"critical")), "{verdicts:?}");
    let since = list(found, "verdicts").iter().find(|of| of["verdict"] == "critical").unwrap();
    let since: jiff::Timestamp = since["since"].as_str().unwrap().parse().unwrap();
    let days = since.as_millisecond() / Span::DAY.0 - SKEW;
    assert!((1..=8).contains(&days), "{days} days after the skew began");
    assert_eq!(list(found, "past").len(), 31);
    assert!(list(found, "past").iter().all(|point| point["breaks"] == false));
    let alerts = list(profile(&document, "d"), "alerts");
    let alert = alerts.iter().find(|alert| alert["rule"] == "selection").unwrap();
    let told =
        (alert["open"].as_bool(), alert["began_before"].as_bool(), alert["owner"].as_str(), alert["action"].as_str());
    assert_eq!(told, (Some(true), Some(false), Some("compliance"), Some("look at it")));
    assert!(list(alert, "transitions").iter().any(|of| of["transition"] == "firing"));
    assert_eq!(profile(&document, "d")["versions"], serde_json::json!(["1", "2"]));
    assert!(list(profile(&document, "e"), "alerts").iter().all(|alert| alert["rule"] != "selection"));
    assert!(document["quality"]["events"]["accepted"].as_u64().unwrap() > 4_000);
}

#[test]
fn a_report_is_the_golden_one_and_the_same_each_time() {
    let (_state, first) = of_july("json,csv,register");
    let (_state, second) = of_july("register,csv,json");
    let mut names: Vec<_> = std::fs::read_dir(first.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 1 + 9 + 4, "{names:?}");
    for name in &names {
        let bytes = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        assert!(bytes(first.path()) == bytes(second.path()), "{}", name.display());
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report");
    for end in ["2025-07.json", "2025-07-verdicts.csv", "2025-07-register.nl.md", "2025-07-register.en.json"] {
        let (path, text) = (golden.join(format!("paritywatch-report-{end}")), read(first.path(), end));
        if std::env::var_os("PARITYWATCH_UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&golden).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == text, "{end} differs from the golden one");
    }
}

/// Every number and word of a JSON value, with its place.
fn leaves(value: &Value, place: &str, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let place = if place.is_empty() { name.clone() } else { format!("{place}_{name}") };
            leaves(value, &place, into);
        }),
        Value::Null => {}
        Value::String(text) => into.push((place.to_owned(), text.clone())),
        other => into.push((place.to_owned(), other.to_string())),
    }
}

#[test]
fn csv_has_the_figures_of_json() {
    let (_state, to) = of_july("json,csv");
    let document = json(to.path(), "2025-07");
    let rows = csv(&read(to.path(), "2025-07-findings.csv"));
    let findings: Vec<&Value> = list(&document, "profiles").iter().flat_map(|of| list(of, "findings")).collect();
    assert_eq!(rows.len(), findings.len());
    let shown = |text: &str| text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| format!("{number:.12e}"));
    let mut compared = 0;
    for (row, found) in rows.iter().zip(findings) {
        let mut expected = Vec::new();
        leaves(found, "", &mut expected);
        for (name, value) in expected {
            let column = name.replace("thresholds_", "threshold_").replace("threshold_since", "thresholds_since");
            if let Some((_, cell)) = row.iter().find(|(column_name, _)| *column_name == column) {
                assert_eq!(shown(cell), shown(&value), "{name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
    let count = |table: &str| csv(&read(to.path(), &format!("2025-07-{table}.csv"))).len();
    let all = |name: &str| {
        let findings = list(&document, "profiles").iter().flat_map(|of| list(of, "findings"));
        findings.map(|found| list(found, name).len()).sum::<usize>()
    };
    assert_eq!([count("past"), count("windows"), count("verdicts")], [all("past"), all("windows"), all("verdicts")]);
    let profiles = read(to.path(), "2025-07-profiles.csv");
    assert!(
        profiles.contains("\"'=Fair, \"\"and\"\" quoted\""),
        "a formula is defused, quotes are doubled: {profiles}"
    );
}

#[test]
fn a_register_entry_names_what_is_open_and_tells_the_rest_in_words() {
    let (_state, to) = of_july("register");
    let document: Value = serde_json::from_str(&read(to.path(), "2025-07-register.en.json")).unwrap();
    assert_eq!(
        (&document["schema"], &document["standard"]["version"]),
        (&"paritywatch.register.v1".into(), &"0.3.1".into())
    );
    let entry = list(&document, "entries").iter().find(|entry| entry["profile"] == "d").unwrap();
    let (registration, open) = (&entry["registration"], list(entry, "open"));
    assert_eq!(
        (registration["name"].as_str(), registration["goal"].as_str()),
        (Some("Student grant"), Some("Picks students for a home visit"))
    );
    for attribute in ["organization", "lawful_basis", "proportionality", "contact_email", "publication_date"] {
        assert!(registration[attribute].is_null(), "{attribute}");
        assert!(open.iter().any(|field| field["attribute"] == attribute), "{attribute}");
    }
    assert_eq!(registration.as_object().unwrap().len() + open.len(), 49);
    let monitoring = registration["monitoring"].as_str().unwrap();
    for part in [
        "rule selection: a ratio above 1.25 is a warning, above 1.50 critical",
        "hits: a ratio below 0.80",
        "2025-07-01",
        "Last evaluation",
    ] {
        assert!(monitoring.contains(part), "{part}: {monitoring}");
    }
    let lines: Vec<&str> = list(&entry["evaluation"], "findings").iter().filter_map(Value::as_str).collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("group y of origin against x: critical, ") && line.contains(" times as often (")),
        "{lines:?}"
    );
    let dutch = read(to.path(), "2025-07-register.nl.md");
    for part in [
        "# Algoritmeregister",
        "**Wettelijke grondslag** `lawful_basis`: *open: de organisatie vult dit in*",
        "## Student grant",
    ] {
        assert!(dutch.contains(part), "{part}");
    }
}

#[test]
fn a_register_entry_has_no_number_that_is_withheld() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = stream_file(state.path());
    let config = super::with_state(super::stream::CONFIG, state.path())
        .replace("min_cell = 0\nreason = \"made up\"", "min_cell = 1000");
    let words = ["--period", "2025-07", "--format", "register,json", "--as-of", AS_OF];
    made(&super::run(&config, state.path(), to.path(), &words, &[&file]));
    let document = json(to.path(), "2025-07");
    let found = finding(&document, "d", "selection", "y");
    assert!(found["suppressed"] == true && found["ratio"]["value"].is_null(), "{found}");
    let entry: Value = serde_json::from_str(&read(to.path(), "2025-07-register.en.json")).unwrap();
    let text = entry.to_string();
    let says_so = ["no number may be told", "too little to be told"].iter().any(|words| text.contains(words));
    assert!(says_so && !text.contains("times as often"), "{text}");
}

#[test]
fn to_date_is_said_everywhere_and_what_is_left_of_the_period_is_not_missing() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = stream_file(state.path());
    let words = ["--period", "2025-Q3", "--as-of", "2025-07-21", "--format", "json,register"];
    let refused = report(state.path(), to.path(), &words, &[&file]);
    assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
    assert!(said(&refused).contains("which ends on 2025-09-30; --to-date"), "{}", said(&refused));
    made(&report(state.path(), to.path(), &[&words[..], &["--to-date"]].concat(), &[&file]));
    let document = json(to.path(), "2025-Q3-to-date");
    assert_eq!(document["period"]["to_date"], "2025-07-21T00:00:00Z");
    let coverage = &document["coverage"];
    assert_eq!((coverage["days"].as_u64(), list(coverage, "days_without").len()), (Some(20), 0), "{coverage}");
    assert!(read(to.path(), "2025-Q3-to-date-register.en.json").contains("To date: the period had not ended"));
}

#[test]
fn days_that_files_do_not_have_are_missing() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = stream_file(state.path());
    made(&report(state.path(), to.path(), &["--period", "2025-Q3", "--format", "json"], &[&file]));
    let document = json(to.path(), "2025-Q3");
    let without = list(&document["coverage"], "days_without");
    assert!(without.len() == 1 && without[0].as_str().unwrap().ends_with("..2025-09-30"), "{without:?}");
    // Nothing of the period at all: the report says so, and so does the exit code.
    let none = report(state.path(), to.path(), &["--period", "2024", "--format", "json"], &[&file]);
    assert_eq!(none.status.code(), Some(65), "{}", said(&none));
    assert!(said(&none).contains("2024: expected a release in the period, found none"), "{}", said(&none));
    assert_eq!(json(to.path(), "2024")["coverage"]["days_without"][0], "2024-01-01..2024-12-31");
}

//! The audit log that a report rests on: a root is named only where a signature vouches for it, and the report says what is wrong with the log.

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use paritywatch::checkpoint::Owner;
use paritywatch::checkpoint::audit::{AuditLog, Draft, Kind, ground, load_or_make_signer};
use paritywatch::checkpoint::reports::{ReportShelf, notes};
use paritywatch::plan::{EventTime, Span};
use serde_json::{Value, json};

use super::history::{JULY, with_history};
use super::stream::CONFIG;
use super::{json as document, list, made, read, report, said, with_state};

/// Makes a log that begins on this day, with its first entry and five more.
fn log(state: &Path, day: i64, sign: bool) {
    let owner = Owner::claim(state).unwrap();
    let signer = load_or_make_signer(&owner, None).unwrap();
    let at = EventTime(day * Span::DAY.0);
    let mut log = AuditLog::open(&owner, &signer, at, &mut |_| {}).unwrap().0;
    let draft = |number: u64| Draft::new(Kind::GapAccepted, at, &json!({ "gap": format!("gap {number}") }));
    log.append(&mut (0..5).map(draft).collect::<VecDeque<Draft>>()).unwrap();
    if sign {
        log.sign().unwrap();
    }
}

/// A history of July with a log that began before it.
fn with_log() -> tempfile::TempDir {
    let state = with_history(|_| {});
    log(state.path(), JULY - 70, true);
    state
}

fn entries(state: &Path) -> PathBuf {
    state.join("audit/log.1/entries.000000000000.jsonl")
}

/// What a report of July says of the log: the place, and what is wrong. All forms say the same.
fn told(state: &Path) -> (Value, Vec<String>) {
    let to = tempfile::tempdir().unwrap();
    let output = report(state, to.path(), &["--period", "2025-07", "--format", "json,html"], &[]);
    made(&output);
    let document = document(to.path(), "2025-07");
    let notes = list(&document["quality"], "notes").iter().filter(|note| note["name"] == "audit_log");
    let problems: Vec<String> = notes.map(|note| note["note"].as_str().unwrap().to_owned()).collect();
    let (en, nl) = (read(to.path(), "2025-07.en.html"), read(to.path(), "2025-07.nl.html"));
    assert_eq!(en.contains("The audit log does not stand behind this report"), !problems.is_empty());
    assert_eq!(nl.contains("Het auditlogboek staat niet achter dit verslag"), !problems.is_empty());
    let root = document["audit"]["root"].as_str().map(str::to_owned);
    assert!(root.is_none_or(|root| en.contains(&root.replace('"', "&quot;"))));
    for problem in &problems {
        assert!(said(&output).contains(&format!("warning: audit log: {problem}")), "{}", said(&output));
        assert!(!problem.contains(state.to_str().unwrap()), "{problem}");
    }
    (document["audit"].clone(), problems)
}

#[track_caller]
fn assert_rests_on_nothing(state: &Path, expected: &str) {
    let (audit, problems) = told(state);
    assert!(audit.is_null() && problems.len() == 1, "{audit}, {problems:?}");
    assert!(problems[0].contains(expected), "{problems:?}");
}

#[test]
fn of_a_log_as_it_was_written_the_place_is_named() {
    let (audit, problems) = told(with_log().path());
    assert_eq!((audit["size"].as_u64(), problems), (Some(6), Vec::new()));
}

#[test]
fn a_log_that_was_changed_or_cut_off_is_told_and_its_root_is_not_named() {
    let state = with_log();
    let whole = std::fs::read_to_string(entries(state.path())).unwrap();
    std::fs::write(entries(state.path()), whole.replace("gap 3", "gap 4")).unwrap();
    assert_rests_on_nothing(state.path(), "audit/log.1/entries.000000000000.jsonl, line 6, entry 5: expected ");
    let lines: Vec<&str> = whole.lines().collect();
    std::fs::write(entries(state.path()), format!("{}\n", lines[..4].join("\n"))).unwrap();
    assert_rests_on_nothing(state.path(), "found 4: the end is missing");
    std::fs::remove_dir_all(state.path().join("audit")).unwrap();
    assert_rests_on_nothing(state.path(), "audit: expected the audit log of the daemon, found none");
}

#[test]
fn another_log_is_told() {
    let (state, other) = (with_log(), tempfile::tempdir().unwrap());
    log(other.path(), JULY - 70, true);
    for name in ["audit/log.1/checkpoint", "audit/log.1/entries.000000000000.jsonl"] {
        std::fs::copy(other.path().join(name), state.path().join(name)).unwrap();
    }
    assert_rests_on_nothing(state.path(), "audit/log.1/checkpoint: ");
    std::fs::copy(other.path().join("audit.pub"), state.path().join("audit.pub")).unwrap();
    assert_rests_on_nothing(state.path(), "audit/log.1: expected the log paritywatch.audit/");
}

#[test]
fn a_log_that_begins_after_the_history_is_told() {
    let state = with_history(|_| {});
    log(state.path(), JULY + 70, true);
    assert_rests_on_nothing(state.path(), "had begun when the last entry of this history was told");
    let state = with_history(|_| {});
    log(state.path(), JULY + 10, true);
    let (audit, problems) = told(state.path());
    assert_eq!(audit["size"], 6);
    assert!(problems.len() == 1 && problems[0].contains("had begun when the first entry"), "{problems:?}");
    assert!(problems[0].contains("found one that begins at 2025-07-11T00:00:00Z"), "{problems:?}");
}

#[test]
fn a_root_that_was_never_signed_is_not_named() {
    let state = tempfile::tempdir().unwrap();
    log(state.path(), JULY, false);
    let at = EventTime((JULY + 1) * Span::DAY.0);
    let found = ground(state.path(), at, at).unwrap();
    assert_eq!(found.position, None);
    assert!(found.problems[0].starts_with("audit/log.1: expected a signature under 6 entries, found one under "));
}

#[test]
fn files_in_the_folder_of_reports_are_closed_to_others_and_a_copy_elsewhere_is_known_as_one() {
    let (state, to) = (with_log(), tempfile::tempdir().unwrap());
    let config = state.path().join("config.toml");
    let make = |text: &str, words: &[&str]| {
        std::fs::write(&config, with_state(text, state.path())).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
        made(
            &command
                .args(["report", "--period", "2025-07", "--format", "json", "--config"])
                .arg(&config)
                .args(words)
                .output()
                .unwrap(),
        );
    };
    make(CONFIG, &[]);
    make(&CONFIG.replacen("min_cell", "min_cell ", 1), &["--to", to.path().to_str().unwrap()]);
    let name = "paritywatch-report-2025-07.json";
    let mode = |folder: &Path| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    let folder = state.path().join("reports");
    assert_eq!((mode(&folder), mode(to.path()) & 0o600), (0o640, 0o600));
    let found = notes(state.path()).unwrap().notes;
    let with: Vec<bool> = found.iter().map(|note| note.report.made_with.as_ref().unwrap().in_folder).collect();
    assert_eq!(with, [true, false]);
    let shelf = ReportShelf::new(state.path(), &folder);
    assert_eq!(shelf.file(name).unwrap(), Some(std::fs::read(folder.join(name)).unwrap()));
}

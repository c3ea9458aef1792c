//! Files of the history that are not whole or not where they should be, and days that end early: each is told.

use std::path::{Path, PathBuf};

use paritywatch::checkpoint::{HISTORY_FOLDER, History, Owner};
use paritywatch::plan::Span;
use paritywatch::settings::HistoryLimits;
use serde_json::Value;

use super::history::{JULY, LIMITS, day, of_july, with_history};
use super::repaired::{three_a_day, written};
use super::{finding, json, list, made, profile, read, report, said};

fn file(state: &Path, name: &str) -> PathBuf {
    state.join(HISTORY_FOLDER).join(name)
}

/// Takes so many bytes from the end of a file.
fn cut(path: &Path, bytes: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
}

fn unreadable(document: &Value) -> Vec<String> {
    list(&document["coverage"], "unreadable").iter().map(|problem| problem.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_file_that_was_cut_off_is_told_and_its_day_is_missing() {
    let state = with_history(|_| {});
    cut(&file(state.path(), "2025-07-20.000000.f1"), 5);
    let document = of_july(state.path());
    assert_eq!(list(&document["coverage"], "days_without"), &["2025-07-19"]);
    let problems = unreadable(&document);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let expected = "2025-07-20.000000.f1: the entry at byte 22: expected a whole one, found ";
    assert!(
        problems[0].starts_with(expected) && problems[0].ends_with(" bytes and the end of the file"),
        "{problems:?}"
    );
    std::fs::write(file(state.path(), "2025-07-20.000000.f1"), "").unwrap();
    let problems = unreadable(&of_july(state.path()));
    assert_eq!(
        problems,
        ["2025-07-20.000000.f1: the entry at byte 0: expected a whole one, found 0 bytes and the end of the file"]
    );
}

#[test]
fn the_newest_file_may_be_cut_off_too() {
    let state = with_history(|kept| kept.retain(|kept| day(kept) < JULY + 20));
    cut(&file(state.path(), "2025-07-21.000000.f1"), 5);
    assert_eq!(unreadable(&of_july(state.path())).len(), 1);
}

#[test]
fn what_was_cut_off_stays_told_when_other_days_are_thinned() {
    let all = super::history::evaluations();
    let state = tempfile::tempdir().unwrap();
    let limits = HistoryLimits { full_resolution: Span::DAY.times(2), ..LIMITS };
    let (first, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|kept| day(kept) < JULY + 20);
    for part in [first, rest] {
        let mut history = History::open(&Owner::claim(state.path()).unwrap(), limits).unwrap();
        part.iter().for_each(|kept| history.add(kept, kept.as_of, Span::HOUR).unwrap());
        drop(history);
        let newest = file(state.path(), "2025-07-21.000000.f1");
        if !file(state.path(), "2025-07-23.000000.f1").exists() && !file(state.path(), "2025-07-23.day.f1").exists() {
            cut(&newest, 5);
        }
    }
    assert!(file(state.path(), "2025-07-21.000000.f1").exists() && file(state.path(), "2025-07-22.day.f1").exists());
    assert_eq!(unreadable(&of_july(state.path())).len(), 1);
}

#[test]
fn a_file_under_the_name_of_another_day_is_refused() {
    let state = with_history(|_| {});
    std::fs::copy(file(state.path(), "2025-07-20.000000.f1"), file(state.path(), "2025-07-22.000000.f1")).unwrap();
    let document = of_july(state.path());
    assert_eq!(list(&document["coverage"], "days_without"), &["2025-07-21"]);
    let problems = unreadable(&document);
    let expected = "expected one of 2025-07-22, as the file's name says, found one of 2025-07-20";
    assert!(
        problems.len() == 1 && problems[0].starts_with("2025-07-22.000000.f1: ") && problems[0].contains(expected),
        "{problems:?}"
    );
}

#[test]
fn a_file_that_is_missing_beside_a_later_one_of_its_day_is_told_and_the_later_one_is_read() {
    let state = with_history(|_| {});
    std::fs::rename(file(state.path(), "2025-07-20.000000.f1"), file(state.path(), "2025-07-20.000001.f1")).unwrap();
    let document = of_july(state.path());
    assert!(list(&document["coverage"], "days_without").is_empty());
    assert_eq!(
        unreadable(&document),
        ["2025-07-20.000000.f1: expected this file, as a later one of its day is there, found none"]
    );
}

#[test]
fn a_thinned_day_without_its_release_is_damaged() {
    let state = written(&three_a_day(), 2);
    let names = std::fs::read_dir(state.path().join(HISTORY_FOLDER)).unwrap().map(|entry| entry.unwrap().path());
    let mut days: Vec<PathBuf> = names
        .filter(|path| path.to_string_lossy().contains("2025-07-1") && path.to_string_lossy().contains(".day."))
        .collect();
    days.sort();
    // Title, length and checksum of the first entry, and that: what follows has the release.
    let first = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let length = u64::from_le_bytes(*bytes[22..].first_chunk().unwrap());
        (22 + 16 + length, bytes.len() as u64)
    };
    let several = days.iter().find(|path| first(path).0 < first(path).1).expect("a day whose verdicts changed");
    let (end, length) = first(several);
    cut(several, length - end);
    let problems = unreadable(&of_july(state.path()));
    let name = several.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        problems.len() == 1
            && problems[0].starts_with(&name)
            && problems[0].contains("expected a release in it, found none"),
        "{problems:?}"
    );
}

#[test]
fn a_day_that_ends_hours_earlier_than_most_is_told() {
    let mut all = three_a_day();
    let is_it = |kept: &paritywatch::disclosure::Kept| day(kept) == JULY + 14;
    assert_eq!(all.iter().filter(|kept| is_it(kept)).count(), 3);
    let morning = all.iter().position(is_it).unwrap();
    all.drain(morning + 1..morning + 3);
    for full_resolution in [2_000, 2] {
        let state = written(&all, full_resolution);
        let document = of_july(state.path());
        let early = list(&document["coverage"], "days_ended_early");
        assert_eq!(early.len(), 1, "{early:?}");
        assert_eq!((&early[0]["day"], &early[0]["last"]), (&"2025-07-15".into(), &"2025-07-15T07:00:00Z".into()));
        let to = tempfile::tempdir().unwrap();
        made(&report(state.path(), to.path(), &["--period", "2025-07", "--format", "html,csv", "--lang", "en"], &[]));
        assert!(read(to.path(), "2025-07.en.html").contains("Days that end hours earlier than most"));
        assert!(read(to.path(), "2025-07-report.csv").contains("day_ended_early,2025-07-15 2025-07-15T07:00:00Z"));
    }
}

#[test]
fn no_row_is_of_a_period_that_had_not_begun_and_points_name_their_reference() {
    let state = with_history(|_| {});
    let document = of_july(state.path());
    let found = finding(&document, "d", "selection", "y");
    let windows: Vec<&str> = list(found, "windows").iter().map(|of| of["window"].as_str().unwrap()).collect();
    assert!(windows.contains(&"2025-07") && !windows.contains(&"2025-08"), "{windows:?}");
    assert!(list(found, "past").iter().all(|point| point["reference_group"] == "x"));
    let funnel = list(profile(&document, "d"), "funnel");
    assert!(funnel.iter().all(|row| row["window"] != "2025-08"));
}

/// What is made with the time that a report to date tells is the same.
#[test]
fn a_report_to_date_says_the_time_that_makes_it_again() {
    let state = with_history(|_| {});
    let other = tempfile::tempdir().unwrap();
    let events = other.path().join("events.jsonl");
    std::fs::write(&events, super::stream::lines()).unwrap();
    // The year of the stream is over, and so are those before: of a period that goes on, days of which the last is ahead.
    let period = "2025-05-01..2199-12-31";
    for files in [&[][..], &[events.as_path()]] {
        let folder = if files.is_empty() { state.path() } else { other.path() };
        let of = |words: &[&str]| {
            let to = tempfile::tempdir().unwrap();
            let formats = ["--period", period, "--to-date", "--format", "html,json,csv,register"];
            let output = report(folder, to.path(), &[&formats[..], words].concat(), files);
            made(&output);
            (to, said(&output))
        };
        let (first, _) = of(&[]);
        let document = json(first.path(), &format!("{period}-to-date"));
        let until = document["period"]["to_date"].as_str().unwrap().to_owned();
        assert!(read(first.path(), &format!("{period}-to-date.en.html")).contains(&format!("--as-of {until}")));
        if !files.is_empty() {
            assert!(until.as_str() < "2025-08-10", "that of files is the newest time that they support: {until}");
        }
        let (second, _) = of(&["--as-of", &until]);
        let names: Vec<_> = std::fs::read_dir(first.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.len() > 10);
        for name in names {
            let bytes = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
            assert!(bytes(first.path()) == bytes(second.path()), "{} differs", name.display());
        }
    }
}

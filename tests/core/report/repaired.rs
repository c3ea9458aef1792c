//! What a report must not get wrong: verdicts that stood at the end, bytes that do not depend on thinning, damage or the folder, counters, measures.

use std::path::Path;
use std::sync::Arc;

use paritywatch::checkpoint::{HISTORY_FOLDER, History, Owner};
use paritywatch::disclosure::{Kept, KeptFinding, KeptKey, KeptQuality, KeptTransition};
use paritywatch::judge::Verdict;
use paritywatch::plan::{EventTime, Span};
use paritywatch::settings::HistoryLimits;
use serde_json::Value;

use super::history::{JULY, LIMITS, day, evaluations, of_july, with_history};
use super::stream::FIRST;
use super::{csv, finding, json, list, made, profile, read, report};

/// Changes the verdict of the selection of group y in profile d.
fn judge(kept: &mut Kept, window: &str, rolling: Option<&str>, verdict: Verdict) {
    let is_it = |rule: &str, of: &str, group: Option<&str>| rule == "selection" && of == "d" && group == Some("y");
    if let Some(periods) = &mut kept.periods {
        for row in &mut Arc::make_mut(periods).findings {
            if is_it(&row.rule, &row.profile, row.group.as_deref()) && row.window == window {
                row.verdict = Some(verdict);
            }
        }
    }
    for (key, row) in &mut kept.findings {
        if is_it(&key.rule, &key.profile, key.group.as_deref()) && Some(key.window.as_str()) == rolling {
            row.verdict = Some(verdict.name().to_owned());
        }
    }
}

#[test]
fn a_period_that_is_over_has_the_verdict_that_stood_when_it_ended() {
    let end = EventTime((JULY + 31) * Span::DAY.0);
    let state = with_history(|kept| {
        for kept in kept.iter_mut() {
            judge(kept, "2025-07", None, if kept.as_of > end { Verdict::Critical } else { Verdict::Within });
        }
    });
    let document = of_july(state.path());
    let found = finding(&document, "d", "selection", "y");
    assert_eq!((&found["verdict"], &found["window"]), (&"within".into(), &"2025-07".into()));
    let basis = &found["basis"];
    assert_eq!((&basis["as_of"], &basis["gone"]), (&"2025-08-01T00:00:00Z".into(), &false.into()), "{basis}");
    // Numbers have the outcomes that came since.
    assert_eq!(
        (&basis["released_at"], &basis["outcomes_until"]),
        (&"2025-08-01T00:00:00Z".into(), &"2025-08-12T00:00:00Z".into())
    );
    let hits = finding(&document, "d", "hits", "y");
    assert!(hits["group_counts"]["exposed"].as_u64() > Some(0), "{hits}");
    let to = tempfile::tempdir().unwrap();
    made(&report(
        state.path(),
        to.path(),
        &["--period", "2025-07", "--format", "csv,html,register", "--lang", "en"],
        &[],
    ));
    let rows = csv(&read(to.path(), "2025-07-findings.csv"));
    let cell = |row: &[(String, String)], name: &str| row.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let row = rows.iter().find(|row| cell(row, "rule") == "selection" && cell(row, "profile") == "d").unwrap();
    assert_eq!(
        (cell(row, "verdict"), cell(row, "basis_outcomes_until")),
        ("within".into(), "2025-08-12T00:00:00Z".into())
    );
    assert!(read(to.path(), "2025-07-register.en.md").contains("Rule selection: "));
    assert!(read(to.path(), "2025-07.en.html").contains("Outcomes count up to 11 August 2025."));
}

#[test]
fn where_nothing_was_told_at_the_end_there_is_no_verdict() {
    let state = with_history(|kept| kept.retain(|kept| !(JULY + 28..JULY + 35).contains(&day(kept))));
    let document = of_july(state.path());
    let found = finding(&document, "d", "selection", "y");
    assert_eq!((found["verdict"].is_null(), &found["reason"]), (true, &"not_told_at_end".into()), "{found}");
    assert!(found["evidence"].is_null() && found["group_counts"]["exposed"] == 930, "{found}");
    let to = tempfile::tempdir().unwrap();
    made(&report(state.path(), to.path(), &["--period", "2025-07", "--format", "html,register", "--lang", "en"], &[]));
    let html = read(to.path(), "2025-07.en.html");
    assert!(html.contains("Nothing was told when the period ended, so no verdict stood then: "), "the summary says so");
    assert!(html.contains("Nothing was told when the period ended: no verdict stood then."), "the finding says so");
    assert!(
        read(to.path(), "2025-07-register.en.md").contains("not judged, as nothing was told when the period ended")
    );
}

fn count_of(document: &Value, name: &str) -> Option<u64> {
    document["quality"]["events"].get(name).and_then(Value::as_u64)
}

#[test]
fn what_waits_is_told_as_it_was_last_and_nothing_counts_from_0_without_a_day_before() {
    let wait = |kept: &mut Vec<Kept>| {
        for (number, kept) in kept.iter_mut().enumerate() {
            let row = kept.quality.iter_mut().find(|row| row.name.as_deref() == Some("unmatched")).unwrap();
            row.count = Some(if number % 2 == 0 { 7 } else { 3 });
        }
    };
    let document = of_july(with_history(wait).path());
    assert!(matches!(count_of(&document, "unmatched"), Some(3 | 7)), "{}", document["quality"]);
    assert!(count_of(&document, "accepted") > Some(3_000) && document["quality"]["events_unknown"] == false);
    let state = with_history(|kept| {
        wait(kept);
        kept.retain(|kept| day(kept) >= JULY);
    });
    let document = of_july(state.path());
    assert!(matches!(count_of(&document, "unmatched"), Some(3 | 7)), "{}", document["quality"]);
    assert_eq!((count_of(&document, "accepted"), &document["quality"]["events_unknown"]), (None, &true.into()));
    let to = tempfile::tempdir().unwrap();
    made(&report(state.path(), to.path(), &["--period", "2025-07", "--format", "html", "--lang", "en"], &[]));
    assert!(read(to.path(), "2025-07.en.html").contains("How many events came in the period is not known"));
}

/// A report without the hash of its configuration, which has the state folder.
fn plain(mut document: Value) -> Value {
    document["config_hash"].take();
    document
}

fn as_of(state: &Path, time: &str) -> Value {
    let to = tempfile::tempdir().unwrap();
    made(&report(state, to.path(), &["--period", "2025-07", "--format", "json", "--as-of", time], &[]));
    plain(json(to.path(), "2025-07"))
}

#[test]
fn as_of_makes_the_report_of_then_again() {
    let time = "2025-08-04T12:00:00Z";
    let until = EventTime((JULY + 34) * Span::DAY.0);
    let then = with_history(|kept| kept.retain(|kept| kept.as_of <= until));
    let now = with_history(|_| {});
    assert!(as_of(then.path(), time) == as_of(now.path(), time));
    assert!(as_of(now.path(), time) != plain(of_july(now.path())), "outcomes came later");
}

/// Of each day three releases: in the morning with other verdicts and numbers, in the afternoon without a finding, and at night.
pub fn three_a_day() -> Vec<Kept> {
    let mut all = Vec::new();
    for (number, night) in evaluations().into_iter().enumerate() {
        let periods = night.periods.clone().map(|mut periods| {
            Arc::make_mut(&mut periods).as_of = night.as_of.minus(Span::HOUR.times(17));
            periods
        });
        let at = |hours: i64| Kept {
            as_of: night.as_of.minus(Span::HOUR.times(hours)),
            periods: periods.clone(),
            ..night.clone()
        };
        let (mut morning, mut noon, mut night) = (at(17), at(9), at(1));
        if number % 3 == 0 {
            judge(&mut morning, "none", Some("7d"), Verdict::Warning);
            judge(&mut noon, "none", Some("7d"), Verdict::Stale);
            noon.findings.retain(|(key, _)| key.rule != "hits");
        }
        for (_, row) in &mut morning.findings {
            row.p_value = Some(0.5);
            row.thresholds.iter_mut().for_each(|thresholds| thresholds.clear = 1.0);
        }
        if number == 70 {
            noon.config_hash = "00000000000000aa".to_owned();
        }
        night.quality.push(KeptQuality {
            what: "accepted_gap".to_owned(),
            name: Some("gap".to_owned()),
            count: Some(1),
            ..KeptQuality::default()
        });
        all.extend([morning, noon, night]);
    }
    all
}

pub fn written(evaluations: &[Kept], full_resolution: i64) -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    let limits = HistoryLimits { full_resolution: Span::DAY.times(full_resolution), ..LIMITS };
    let mut history = History::open(&Owner::claim(state.path()).unwrap(), limits).unwrap();
    for kept in evaluations {
        history.add(kept, kept.as_of, Span::HOUR).unwrap();
    }
    state
}

#[test]
fn thinning_changes_nothing_of_a_report() {
    let evaluations = three_a_day();
    let [whole, thin] = [2_000, 2].map(|days| written(&evaluations, days));
    let thinned = std::fs::read_dir(thin.path().join(HISTORY_FOLDER)).unwrap();
    let thinned =
        thinned.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".day.")).count();
    assert!(thinned > 80, "{thinned}");
    for period in ["2025-06", "2025-07", "2025-Q2", "2025-07-03..2025-07-20"] {
        let of = |state: &Path| {
            let to = tempfile::tempdir().unwrap();
            made(&report(state, to.path(), &["--period", period, "--format", "json"], &[]));
            plain(json(to.path(), period))
        };
        let (one, other) = (of(whole.path()), of(thin.path()));
        for name in one.as_object().unwrap().keys() {
            assert!(
                one[name] == other[name],
                "{period}: {name}\n{:.3000}\n{:.3000}",
                one[name].to_string(),
                other[name].to_string()
            );
        }
    }
}

#[test]
fn later_damage_and_the_folder_change_nothing_of_a_report() {
    let state = with_history(|_| {});
    let before = json_of(state.path(), "2025-06");
    // June has settled on 2025-07-11.
    for name in ["2025-07-20.", "2025-08-02."] {
        let names = std::fs::read_dir(state.path().join(HISTORY_FOLDER)).unwrap().map(|entry| entry.unwrap().path());
        let path = names.into_iter().find(|path| path.to_string_lossy().contains(name)).unwrap();
        std::fs::write(path, "no history").unwrap();
    }
    assert!(json_of(state.path(), "2025-06") == before);
    let unreadable = json_of(state.path(), "2025-07");
    let unreadable: Vec<&str> =
        list(&unreadable["coverage"], "unreadable").iter().map(|problem| problem.as_str().unwrap()).collect();
    assert_eq!(unreadable.len(), 2, "{unreadable:?}");
    assert!(unreadable.iter().all(|problem| problem.starts_with("2025-0") && !problem.contains('/')), "{unreadable:?}");
}

fn json_of(state: &Path, period: &str) -> Value {
    let to = tempfile::tempdir().unwrap();
    made(&report(state, to.path(), &["--period", period, "--format", "json"], &[]));
    json(to.path(), period)
}

fn measure(alert: &str, of: &str, at: EventTime) -> KeptTransition {
    KeptTransition {
        at,
        transition: "adjusted".to_owned(),
        alert: alert.to_owned(),
        severity: "warning".to_owned(),
        key: KeptKey { profile: of.to_owned(), ..KeptKey::default() },
        owner: String::new(),
        action: String::new(),
        measure: Some(["council".to_owned(), "looked at the profile".to_owned()]),
        until: None,
        accepted_ratio: None,
        evidence: KeptFinding::default(),
    }
}

#[test]
fn measures_about_a_profile_are_told_and_bring_no_ended_alert_back() {
    let at = EventTime((JULY + 5) * Span::DAY.0);
    let state = with_history(|kept| {
        for kept in kept.iter_mut().filter(|kept| kept.as_of >= at) {
            kept.transitions.extend([measure("", "e", at), measure("long-over", "e", at)]);
        }
    });
    let document = of_july(state.path());
    let measures = list(profile(&document, "e"), "measures");
    assert_eq!(measures.len(), 1, "{measures:?}");
    assert_eq!((&measures[0]["measure"], &measures[0]["by"]), (&"adjusted".into(), &"council".into()));
    let alerts = list(&document, "profiles").iter().flat_map(|profile| list(profile, "alerts"));
    assert!(alerts.into_iter().all(|alert| alert["id"] != "long-over"));
    let to = tempfile::tempdir().unwrap();
    made(&report(state.path(), to.path(), &["--period", "2025-07", "--format", "csv,html", "--lang", "en"], &[]));
    assert!(read(to.path(), "2025-07-measures.csv").contains("looked at the profile"));
    assert!(read(to.path(), "2025-07.en.html").contains("Measures about the profile as a whole"));
}

#[test]
fn a_point_names_its_window_and_another_longest_window_loses_none() {
    let state = with_history(|kept| {
        for kept in kept.iter_mut().filter(|kept| day(kept) >= JULY + 10) {
            kept.findings.retain(|(key, _)| key.window != "30d");
        }
    });
    let document = of_july(state.path());
    let past = list(finding(&document, "d", "selection", "y"), "past");
    let of = |window: &str| past.iter().filter(|point| point["window"] == window).count();
    assert_eq!((of("30d"), of("7d")), (10, 21));
    assert_eq!(past.iter().filter(|point| point["breaks"] == true).count(), 1);
    assert!(past.iter().all(|point| point["as_of"].as_str() > Some("2025-07-01")), "{FIRST}");
}

#[test]
fn details_that_cannot_be_read_are_counted() {
    let state = with_history(|kept| {
        for kept in kept.iter_mut() {
            for (_, row) in kept.findings.iter_mut().filter(|(key, _)| key.rule == "hits" && key.window == "30d") {
                row.details = Some("no object".to_owned());
            }
        }
    });
    let document = of_july(state.path());
    assert!(document["quality"]["unread_details"].as_u64() > Some(0), "{}", document["quality"]);
}

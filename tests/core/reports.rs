//! Notes of reports that were made: handed over beside a daemon, entered into the audit log once, listed, and what is damaged is told and left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use paritywatch::checkpoint::Owner;
use paritywatch::checkpoint::audit::{AuditLog, Draft, Fact, Known, load_or_make_signer, sha256, verify};
use paritywatch::checkpoint::reports::{
    HandedOver, Handing, MadeFile, MadeReport, MadeWith, ReportShelf, RestsOn, hand_over, notes,
};
use paritywatch::plan::{EventTime, Period};

use crate::support::state::NOW;

/// A report of a period, with one file of this content.
fn made(period: &str, name: &str, content: &str) -> MadeReport {
    MadeReport {
        period: Period::parse(period).unwrap(),
        is_whole: true,
        languages: vec!["nl".to_owned(), "en".to_owned()],
        formats: vec!["html".to_owned()],
        files: vec![MadeFile {
            name: name.to_owned(),
            bytes: content.len() as u64,
            sha256: sha256(content.as_bytes()),
        }],
        made_at: NOW,
        rests_on: Some(RestsOn { origin: "paritywatch.audit/1".to_owned(), size: 12, root: "cm9vdA==".to_owned() }),
        made_with: None,
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn path_of(state: &Path, note: &HandedOver, end: &str) -> std::path::PathBuf {
    state.join(format!("reports/made/{}.{end}.json", note.id))
}

#[test]
fn a_note_comes_back_as_it_was_handed_over_and_is_its_owners_alone() {
    let state = tempfile::tempdir().unwrap();
    let report = made("2026-Q1", "paritywatch-report-2026-Q1.nl.html", "a report");
    let note = hand_over(state.path(), &report).unwrap();
    assert_eq!(hand_over(state.path(), &report).unwrap(), note, "the same note twice is one");
    let found = notes(state.path()).unwrap();
    assert_eq!((found.notes.as_slice(), found.problems.len()), ([note.clone()].as_slice(), 0));
    assert_eq!(found.notes[0].report, report);
    assert_eq!(mode(&path_of(state.path(), &note, "made")), 0o600);
    ["reports", "reports/made"]
        .iter()
        .for_each(|folder| assert_eq!(mode(&state.path().join(folder)), 0o700, "{folder}"));
    assert_eq!(note.wait(Duration::ZERO), Handing::Waits);
    note.mark_logged().unwrap();
    assert_eq!(note.wait(Duration::ZERO), Handing::Logged);
    assert!(notes(state.path()).unwrap().notes[0].is_logged && hand_over(state.path(), &report).unwrap().is_logged);
}

#[test]
fn what_cannot_be_read_again_is_not_handed_over() {
    let state = tempfile::tempdir().unwrap();
    let good = made("2026-Q1", "a.html", "x");
    let file = good.files[0].clone();
    let with = |file: MadeFile| MadeReport { files: vec![file], ..good.clone() };
    for (report, expected) in [
        (with(MadeFile { name: "../a.html".to_owned(), ..file.clone() }), "expected a name of letters"),
        (with(MadeFile { name: ".a".to_owned(), ..file.clone() }), "expected a name of letters"),
        (with(MadeFile { sha256: "abc".to_owned(), ..file.clone() }), "expected a SHA-256"),
        (MadeReport { files: Vec::new(), ..good.clone() }, "files: expected 1 to"),
        (MadeReport { languages: vec!["<b>".to_owned()], ..good.clone() }, "expected letters and digits"),
    ] {
        let problem = hand_over(state.path(), &report).unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    assert!(notes(state.path()).unwrap().notes.is_empty());
    let gone = state.path().join("none");
    assert!(hand_over(&gone, &good).is_err() && !gone.exists(), "a state folder is not made");
}

#[test]
fn a_damaged_or_foreign_file_is_told_and_left_and_hides_no_other() {
    let state = tempfile::tempdir().unwrap();
    let (first, second) = (made("2026-Q1", "a.html", "a"), made("2026-Q2", "b.html", "b"));
    let (first, second) = (hand_over(state.path(), &first).unwrap(), hand_over(state.path(), &second).unwrap());
    let folder = state.path().join("reports/made");
    let path = path_of(state.path(), &first, "made");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(folder.join("letter.txt"), "of somebody else").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join(format!("{}.made.json", "0".repeat(32)))).unwrap();
    // Every byte counts.
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let found = notes(state.path()).unwrap();
        assert_eq!((found.notes.len(), found.problems.len()), (1, 3), "byte {place}");
        assert_eq!(found.notes[0], second);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    let found = notes(state.path()).unwrap();
    assert!(found.problems.iter().any(|problem| problem.contains("letter.txt: expected notes and nothing else")));
    assert!(found.problems.iter().any(|problem| problem.starts_with(path.to_str().unwrap())));
}

/// Enters facts, as the daemon does: those that the log knows make no entry.
fn enter(state: &Path, facts: Vec<Fact>) {
    let owner = Owner::claim(state).unwrap();
    let signer = load_or_make_signer(&owner, None).unwrap();
    let mut known = Known::new(String::new());
    let (mut log, _) = AuditLog::open(&owner, &signer, NOW, &mut |entry| known.learn(entry)).unwrap();
    let mut drafts: VecDeque<Draft> = facts.into_iter().flat_map(|fact| known.enter(fact, NOW)).collect();
    log.append(&mut drafts).unwrap();
    log.sign().unwrap();
}

#[test]
fn a_report_is_entered_once_whatever_is_killed_when_and_verify_audit_shows_it() {
    let state = tempfile::tempdir().unwrap();
    let name = "paritywatch-report-2026-Q1.nl.html";
    let note = hand_over(state.path(), &made("2026-Q1", name, "a report")).unwrap();
    let fact = || Fact::Report { id: note.id.clone(), note: note.content.clone() };
    enter(state.path(), vec![fact(), fact()]);
    // Killed before the note had its other name.
    enter(state.path(), vec![fact()]);
    let key = paritywatch::checkpoint::audit::read_public_key(&state.path().join("audit.pub")).unwrap();
    let verified = verify(&state.path().join("audit"), &key, None).unwrap();
    assert_eq!(verified.count(), 0);
    let reported = &verified.logs[0].reported;
    assert_eq!((reported.count, reported.reports.len()), (1, 1));
    assert_eq!(reported.reports[0].files, [(name.to_owned(), sha256(b"a report"))]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    let output = command.arg("verify-audit").arg(state.path().join("audit")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("report 2026-Q1: entry ") && said.contains(&sha256(b"a report")) && said.contains(name),
        "{said}"
    );
    let content = std::fs::read_to_string(state.path().join("audit/log.1/entries.000000000000.jsonl")).unwrap();
    let line = content.lines().find(|line| line.contains("\"kind\":\"report\"")).unwrap();
    let entry: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&entry["content"]["id"], &entry["content"]["audit"]["size"]), (&note.id.clone().into(), &12.into()));
}

#[test]
fn a_file_is_served_only_if_it_is_the_one_that_the_newest_note_says() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shelf = ReportShelf::new(state.path(), files.path());
    assert_eq!(shelf.list().unwrap().reports.len(), 0);
    let put = |content: &str| std::fs::write(files.path().join("a.html"), content).unwrap();
    hand_over(state.path(), &made("2026-Q1", "a.html", "one")).unwrap();
    assert_eq!(shelf.file("a.html").unwrap(), None, "it is not there");
    put("one");
    assert_eq!(shelf.file("a.html").unwrap().as_deref(), Some(b"one".as_slice()));
    put("two");
    assert_eq!(shelf.file("a.html").unwrap(), None, "it was changed");
    let later = MadeReport { made_at: EventTime(NOW.0 + 1), ..made("2026-Q1", "a.html", "two") };
    hand_over(state.path(), &later).unwrap();
    assert_eq!(shelf.file("a.html").unwrap().as_deref(), Some(b"two".as_slice()));
    let list = shelf.list().unwrap();
    let here: Vec<bool> = list.reports.iter().map(|row| row.files[0].is_here).collect();
    assert_eq!(here, [true, false], "the newest first");
    std::fs::write(files.path().join("secret"), "x").unwrap();
    for name in ["secret", "../a.html", "", "a.html/"] {
        assert_eq!(shelf.file(name).unwrap(), None, "{name}");
    }
    std::fs::remove_file(files.path().join("a.html")).unwrap();
    std::os::unix::fs::symlink(files.path().join("secret"), files.path().join("a.html")).unwrap();
    assert_eq!(shelf.file("a.html").unwrap(), None, "a link is no file of ours");
}

/// A report to date, an empty one, and one that was made before its period was over, are no evaluation of it.
#[test]
fn only_a_whole_report_that_was_made_after_its_period_evaluates_it() {
    let over = made("2025-Q4", "a.html", "one");
    let end = over.period.end();
    assert!(MadeReport { made_at: end, ..over.clone() }.evaluates());
    assert!(!MadeReport { made_at: EventTime(end.0 - 1), ..over.clone() }.evaluates());
    assert!(!MadeReport { is_whole: false, made_at: end, ..over }.evaluates());
}

#[test]
fn a_report_made_elsewhere_does_not_hide_the_file_of_the_same_name() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(files.path().join("a.html"), "served").unwrap();
    let served = hand_over(state.path(), &made("2026-Q1", "a.html", "served")).unwrap();
    for (minutes, content) in [(1, "elsewhere, and longer"), (2, "elsewh")] {
        let other = MadeReport { made_at: EventTime(NOW.0 + minutes * 60_000), ..made("2026-Q1", "a.html", content) };
        hand_over(state.path(), &other).unwrap();
    }
    let shelf = ReportShelf::new(state.path(), files.path());
    let here: Vec<(String, bool)> =
        shelf.list().unwrap().reports.into_iter().map(|report| (report.id.clone(), report.files[0].is_here)).collect();
    assert_eq!(here.len(), 3);
    assert!(here.iter().all(|(id, is_here)| *is_here == (*id == served.id)), "{here:?}");
    assert_eq!(shelf.file("a.html").unwrap().as_deref(), Some(&b"served"[..]));
}

/// Root makes a report; the daemon that reads the note is another user.
#[test]
fn what_root_hands_over_is_the_owners_of_the_state_folder() {
    use std::os::unix::fs::{MetadataExt, chown};
    const OTHER: u32 = 61_234;
    let state = tempfile::tempdir().unwrap();
    if std::fs::metadata(state.path()).unwrap().uid() != 0 {
        return;
    }
    chown(state.path(), Some(OTHER), Some(OTHER)).unwrap();
    let note = hand_over(state.path(), &made("2026-Q1", "a.html", "x")).unwrap();
    for path in [state.path().join("reports"), state.path().join("reports/made"), path_of(state.path(), &note, "made")]
    {
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), (OTHER, OTHER), "{}", path.display());
    }
    note.mark_logged().unwrap();
    assert_eq!(std::fs::metadata(path_of(state.path(), &note, "logged")).unwrap().uid(), OTHER);
}

/// Whoever reads the log sees which one was made into the folder of reports, and with which configuration.
#[test]
fn an_official_report_and_a_trial_copy_are_told_apart_in_the_log_and_in_the_list() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(files.path().join("a.html"), "official").unwrap();
    let with = |config_hash: &str, in_folder: bool| {
        Some(MadeWith { config_hash: config_hash.to_owned(), in_folder, is_to_date: !in_folder })
    };
    let official = MadeReport { made_with: with("00aa", true), ..made("2026-Q1", "a.html", "official") };
    let trial = MadeReport {
        made_with: with("00bb", false),
        made_at: EventTime(NOW.0 + 60_000),
        ..made("2026-Q1", "a.html", "a trial")
    };
    let handed = [&official, &trial].map(|report| hand_over(state.path(), report).unwrap());
    let found = notes(state.path()).unwrap();
    assert_eq!(found.notes.iter().map(|note| &note.report).collect::<Vec<_>>(), [&official, &trial]);
    enter(state.path(), handed.map(|note| Fact::Report { id: note.id, note: note.content }).into());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    let output = command.arg("verify-audit").arg(state.path().join("audit")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("  report 2026-Q1")).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].ends_with("Z, configuration 00aa") && !lines[0].contains("to date"), "{said}");
    let expected = "Z, written to another folder than that of reports, configuration 00bb";
    assert!(lines[1].starts_with("  report 2026-Q1 to date: ") && lines[1].ends_with(expected), "{said}");
    let shelf = ReportShelf::new(state.path(), files.path());
    assert_eq!(shelf.file("a.html").unwrap().as_deref(), Some(&b"official"[..]));
    let list: serde_json::Value = serde_json::from_str(&shelf.list().unwrap().to_json()).unwrap();
    let told = |at: usize| {
        let row = &list["reports"][at];
        (row["config_hash"].as_str(), row["in_folder_of_reports"].as_bool(), row["to_date"].as_bool())
    };
    assert_eq!(told(0), (Some("00bb"), Some(false), Some(true)));
    assert_eq!(told(1), (Some("00aa"), Some(true), Some(false)));
}

#[test]
fn a_note_says_all_of_what_its_report_was_made_with_or_nothing() {
    let state = tempfile::tempdir().unwrap();
    let with = |config_hash: &str| {
        let made_with = Some(MadeWith { config_hash: config_hash.to_owned(), in_folder: true, is_to_date: false });
        MadeReport { made_with, ..made("2026-Q1", "a.html", "x") }
    };
    assert!(with("<b>").to_json().unwrap_err().contains("config_hash: expected letters and digits"));
    let whole = with("00aa").to_json().unwrap();
    let changed = [
        (whole.replace(",\"to_date\":false", ""), "expected all of them in version 2"),
        (whole.replace(".v2", ".v1"), "none in version 1"),
        (whole.replace("\"place\":\"reports\"", "\"place\":\"moon\""), "place: expected reports or elsewhere"),
        (whole.replace(".v2", ".v3"), "schema: expected "),
    ];
    let folder = state.path().join("reports/made");
    std::fs::create_dir_all(&folder).unwrap();
    for (content, expected) in changed {
        let id: String = sha256(content.as_bytes()).chars().take(32).collect();
        let path = folder.join(format!("{id}.made.json"));
        std::fs::write(&path, format!("{content}\n")).unwrap();
        let problems = notes(state.path()).unwrap().problems;
        assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        std::fs::remove_file(path).unwrap();
    }
}

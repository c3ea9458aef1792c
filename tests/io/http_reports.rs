//! The reports that were made, over HTTP: as a page, as JSON, and their files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use paritywatch::checkpoint::audit::sha256;
use paritywatch::checkpoint::reports::{MadeFile, MadeReport, hand_over};
use paritywatch::plan::{EventTime, Period};
use serde_json::Value;
use support::page::{START, rich, rich_monitor, serve_with_history};
use support::process::{http_get, http_request, wait_until};

/// Makes a report of two files, and hands it over.
fn make(state: &Path, period: &str, made_at: EventTime) -> Vec<String> {
    std::fs::create_dir_all(state.join("reports")).unwrap();
    let file = |end: &str, content: &str| {
        let name = format!("paritywatch-report-{period}.{end}");
        std::fs::write(state.join("reports").join(&name), content).unwrap();
        MadeFile { name, bytes: content.len() as u64, sha256: sha256(content.as_bytes()) }
    };
    let files = vec![file("nl.html", "<!DOCTYPE html><style>b{color:red}</style><b>rapport</b>"), file("json", "{}")];
    let names = files.iter().map(|file| file.name.clone()).collect();
    let (languages, formats) = (vec!["nl".to_owned()], vec!["html".to_owned(), "json".to_owned()]);
    let period = Period::parse(period).unwrap();
    hand_over(
        state,
        &MadeReport { period, is_whole: true, languages, formats, files, made_at, rests_on: None, made_with: None },
    )
    .unwrap();
    names
}

#[test]
fn reports_are_listed_in_both_languages_and_as_json_and_the_status_page_links_to_them() {
    let state = tempfile::tempdir().unwrap();
    make(state.path(), "2026-Q1", START);
    let names = make(state.path(), "2026-Q2", EventTime(START.0 + 1));
    let served = serve_with_history(&rich_monitor(), state.path());
    for (language, words) in
        [("en", ["Evaluation reports", "not entered yet"]), ("nl", ["Evaluatierapporten", "nog niet opgenomen"])]
    {
        let status = http_get(&format!("{}/?lang={language}", served.url)).unwrap().text();
        assert!(status.contains(&format!("href=\"/reports/?lang={language}\"")));
        let page = http_get(&format!("{}/reports/?lang={language}", served.url)).unwrap();
        assert_eq!((page.status, page.header("content-language")), (200, Some(language)));
        let text = page.text();
        words.iter().for_each(|word| assert!(text.contains(word), "{word}"));
        names.iter().for_each(|name| assert!(text.contains(&format!("href=\"/reports/{name}\"")), "{name}"));
        assert!(text.contains(&sha256(b"{}")) && !text.contains("<script"));
    }
    let response = http_get(&format!("{}/api/v1/reports", served.url)).unwrap();
    assert_eq!(response.header("content-type"), Some("application/json"));
    let list: Value = serde_json::from_str(&response.text()).unwrap();
    let periods: Vec<&str> =
        list["reports"].as_array().unwrap().iter().map(|row| row["period"].as_str().unwrap()).collect();
    assert_eq!((list["schema"].as_str(), periods), (Some("paritywatch.reports.v1"), vec!["2026-Q2", "2026-Q1"]));
    assert_eq!(list["reports"][0]["files"][1]["path"], format!("/reports/{}", names[1]));
}

#[test]
fn files_have_their_types_and_may_run_nothing() {
    let state = tempfile::tempdir().unwrap();
    let names = make(state.path(), "2026-Q2", START);
    let served = serve_with_history(&rich_monitor(), state.path());
    let get = |name: &str| http_get(&format!("{}/reports/{name}", served.url)).unwrap();
    let page = get(&names[0]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'unsafe-inline'") && !policy.contains("script"),
        "{policy}"
    );
    for (header, value) in
        [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")]
    {
        assert_eq!(page.header(header), Some(value), "{header}");
    }
    assert_eq!(get(&names[1]).header("content-type"), Some("application/json"));
    // Every other answer keeps the policy of all.
    assert!(http_get(&served.url).unwrap().header("content-security-policy").unwrap().contains("style-src 'self'"));
    let post = http_request("POST", &format!("{}/reports/{}", served.url, names[0]), &[], b"").unwrap();
    assert_eq!(post.status, 405);
}

#[test]
fn only_listed_files_that_are_what_their_note_says_are_served() {
    let state = tempfile::tempdir().unwrap();
    let names = make(state.path(), "2026-Q2", START);
    std::fs::write(state.path().join("audit.key"), "secret").unwrap();
    std::fs::write(state.path().join("reports/other.html"), "of somebody else").unwrap();
    let served = serve_with_history(&rich_monitor(), state.path());
    let status = |name: &str| http_get(&format!("{}/reports/{name}", served.url)).unwrap().status;
    for name in ["other.html", "..%2Faudit.key", "made", "%00", "none.html"] {
        assert!([400, 404].contains(&status(name)), "{name}");
    }
    std::fs::write(state.path().join("reports").join(&names[1]), "[]").unwrap();
    assert_eq!((status(&names[0]), status(&names[1])), (200, 404));
    std::fs::write(state.path().join("reports/made/letter"), "x").unwrap();
    let list: Value =
        serde_json::from_str(&http_get(&format!("{}/api/v1/reports", served.url)).unwrap().text()).unwrap();
    assert!(list["unreadable"][0].as_str().unwrap().contains("letter: expected notes"), "{list}");
    assert_eq!(list["reports"].as_array().unwrap().len(), 1);
    // Where nothing is kept the list is empty.
    let without = rich();
    let list = http_get(&format!("{}/api/v1/reports", without.url)).unwrap().text();
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["reports"].as_array().unwrap().len(), 0);
}

/// A file is in memory until it is sent: slow readers of large ones must not fill it.
#[test]
fn few_files_are_on_their_way_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(state.path().join("reports")).unwrap();
    // More than the system's buffers between two sockets take.
    let content = vec![b' '; 16 << 20];
    let name = "paritywatch-report-2026-Q2.json";
    std::fs::write(state.path().join("reports").join(name), &content).unwrap();
    let file = MadeFile { name: name.to_owned(), bytes: content.len() as u64, sha256: sha256(&content) };
    let period = Period::parse("2026-Q2").unwrap();
    let (languages, formats) = (vec!["nl".to_owned()], vec!["json".to_owned()]);
    let made = MadeReport {
        period,
        is_whole: true,
        languages,
        formats,
        files: vec![file],
        made_at: START,
        rests_on: None,
        made_with: None,
    };
    hand_over(state.path(), &made).unwrap();
    let served = serve_with_history(&rich_monitor(), state.path());
    let address = served.url.trim_start_matches("http://").to_owned();
    let slow = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET /reports/{name} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        (stream, String::from_utf8_lossy(&start).into_owned())
    };
    let mut readers: Vec<(TcpStream, String)> = (0..4).map(|_| slow()).collect();
    assert!(readers.iter().all(|(_, start)| start == "HTTP/1.1 200"), "{readers:?}");
    assert_eq!(slow().1, "HTTP/1.1 503");
    readers.pop();
    wait_until(Duration::from_secs(60), "the place of the reader that left", || {
        (slow().1 == "HTTP/1.1 200").then_some(())
    });
}

//! Marked data is in nothing that the core gives out, nor in its state; and the program on files tells none of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::support::canaries::{PUBLISHED, Search, check_search, mark, stream};
use crate::support::page;
use crate::support::process::http_get;
use crate::support::received::{By, hand_over};
use crate::support::setup::{START_MS, binary};

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Output, Received, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;

const NOW: EventTime = EventTime(START_MS);

const CONFIG: &str = r#"
[window]
rolling = ["7d", "30d"]
allowed_lateness = "10m"
max_ahead = "3650d"
[profiles.cub]
owner = "owner@example.org"
[dimensions.origin]
ground = "race"
groups = ["dutch", "european", "non_european"]
[[rules]]
name = "selection"
indicator = "selection_rate"
reference = "dutch"
warning = 1.1
critical = 1.25
evidence = "point"
[[rules]]
name = "by-office"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "office"
[[rules]]
name = "by-class"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "risk_class"
"#;

#[test]
fn the_search_finds_each_form_of_a_mark() {
    check_search();
}

#[test]
fn marked_data_is_in_nothing_that_the_core_gives_out_and_not_in_its_state() {
    let plan =
        Settings::parse(CONFIG, "canaries.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([5; 16]), Clock::Wall);
    monitor.add_partition(PartitionIndex(0), NOW);
    let search = Search::published();
    let records = stream();
    let headers: Vec<Vec<(&str, &[u8])>> = records
        .iter()
        .map(|record| {
            record.headers.iter().map(|(name, value)| (&**name, value.as_deref().unwrap_or_default())).collect()
        })
        .collect();
    let received: Vec<Received<'_>> = records
        .iter()
        .zip(&headers)
        .map(|(record, headers)| Received {
            partition: PartitionIndex(0),
            record: RawRecord { payload: record.payload.as_deref().unwrap_or_default(), headers, timestamp: Some(NOW) },
        })
        .collect();
    let handled = hand_over(&mut monitor, &received, NOW, &mut By::Batches(&mut || 64));
    let refused = handled.iter().filter(|handled| matches!(handled, Handled::Rejected(_) | Handled::Mismatched(_)));
    assert!(refused.clone().count() > 40, "{}", refused.count());
    let accepted = handled.iter().filter(|handled| **handled == Handled::Accepted).count();
    assert!(accepted > 1_000, "{accepted}");
    search.check("what became of the records", format!("{handled:?}").as_bytes());

    monitor.handle_tick(NOW.plus(Span::SECOND));
    let mut alerts = 0;
    while let Some(output) = monitor.poll_output() {
        match output {
            Output::Alerts(changed) => {
                alerts += changed.published.len();
                search
                    .check("an alert", format!("{:?} {:?}", changed.published, changed.entries.provenance).as_bytes());
                search.check("the journal", &changed.entries.to_bytes().unwrap());
            }
            Output::Published(published) => search.check("what is published", published.to_json().as_bytes()),
        }
    }
    assert!(alerts > 0, "no alert was raised");
    let published = monitor.published();
    let all = [published.to_json(), published.to_json_pretty(), published.alerts_json(), published.to_table(400, true)];
    all.iter().for_each(|text| search.check("a document", text.as_bytes()));
    for (word, why) in PUBLISHED {
        assert!(all[0].contains(word), "{word} is to be seen: {why}");
    }
    search.check("the health", format!("{:?}", monitor.health()).as_bytes());
    look_at_pages(&monitor, &search);

    let (state, snapshot) = (Search::state(), monitor.snapshot());
    for index in 0..SECTIONS {
        state.check(&format!("section {index} of the checkpoint"), &snapshot.section(index).unwrap());
    }
}

fn look_at_pages(monitor: &Monitor, search: &Search) {
    let served = page::serve(monitor, |_| {});
    for path in [
        "/?lang=en",
        "/?lang=nl",
        "/metrics",
        "/api/v1/evaluation",
        "/api/v1/alerts",
        "/api/v1/health",
        "/-/healthy",
        "/-/ready",
    ] {
        let answer = http_get(&format!("{}{path}", served.url)).unwrap();
        assert!(!answer.text().is_empty());
        search.check(path, answer.text().as_bytes());
    }
    look_at_refusals(&served.url, search);
    // What somebody asks for does not come back either.
    for path in [format!("/{}", mark("path")), format!("/?lang={}", mark("query")), format!("/api/v1/{}", mark("path"))]
    {
        search.check(&path, http_get(&format!("{}{path}", served.url)).unwrap().text().as_bytes());
    }
}

/// Requests that the server refuses, or that are none.
fn look_at_refusals(url: &str, search: &Search) {
    let host = url.trim_start_matches("http://");
    let marked = mark("request");
    let long = format!("GET /?a={} HTTP/1.1\r\nHost: {host}\r\n\r\n", marked.repeat(4_000));
    let many = format!("x-{marked}: {marked}\r\n").repeat(200);
    let requests = [
        format!("POST /api/v1/evaluation HTTP/1.1\r\nHost: {host}\r\nContent-Length: 11\r\n\r\n{marked}"),
        format!("{marked} / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {marked}.example.org\r\n\r\n"),
        format!("GET / HTTP/9.{marked}\r\nHost: {host}\r\n\r\n"),
        format!("GET /{marked}%zz HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {marked}\r\n\r\n"),
        format!("GET /api/v1/history?from={marked}&until={marked} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{many}\r\n"),
        format!("{marked}\r\n\r\n"),
        long,
    ];
    let mut answered = 0;
    for request in requests {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may answer, and hang up, before it has read everything.
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answered += usize::from(answer.starts_with(b"HTTP/1.1 4"));
        search.check(&request[..request.len().min(80)], &answer);
    }
    assert!(answered >= 5, "{answered} answers");
}

/// Also with everything logged, and where the input cannot be read.
#[test]
fn the_program_on_files_tells_no_marked_data() {
    let folder = tempfile::tempdir().unwrap();
    let (config_file, events) = (folder.path().join("config.toml"), folder.path().join("events.jsonl"));
    std::fs::write(&config_file, CONFIG).unwrap();
    let mut lines: Vec<u8> = Vec::new();
    for record in stream() {
        lines.extend(record.payload.unwrap_or_default().into_iter().filter(|byte| *byte != b'\n'));
        lines.push(b'\n');
    }
    std::fs::write(&events, lines).unwrap();
    let search = Search::published();
    for arguments in [&["--format", "json"][..], &["--format", "table"], &["--format", "json", "--in-order"]] {
        let output = Command::new(binary())
            .args(["replay", "--config", config_file.to_str().unwrap()])
            .args(arguments)
            .arg(&events)
            .env("PARITYWATCH_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        search.check("standard output", &output.stdout);
        search.check("standard error", &output.stderr);
    }
    for command in [
        vec!["check-config", config_file.to_str().unwrap()],
        vec!["print-config", "--config", config_file.to_str().unwrap()],
    ] {
        let output = Command::new(binary()).args(&command).env("PARITYWATCH_LOG", "trace").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What the program may say when it fails is written in its source: it has no place for data. An invariant that is broken is told by a text that is
/// there when it is compiled, and nothing else gives up.
#[test]
fn a_program_that_gives_up_tells_no_data() {
    const GIVE_UP: [&str; 8] =
        ["panic!(", "unreachable!(", "todo!(", "unimplemented!(", "assert!(", "assert_eq!(", ".unwrap()", ".expect("];
    let mut files = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        seen += 1;
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            // What is shipped has no debug assertions; the compiler checks constants; and readers of JSON expect bytes.
            let is_known = ["debug_assert", "const _", "expect(b'"].iter().any(|word| line.contains(word));
            let gives_up = GIVE_UP.iter().any(|word| line.contains(word));
            assert!(is_known || !gives_up, "{}: {line}", path.display());
        }
    }
    assert!(seen > 300, "{seen} files");
}

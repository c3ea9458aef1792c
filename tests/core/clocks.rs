//! No single clock moves time: events of producers whose clock is ahead change nothing about the others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

use paritywatch::event::{RawRecord, Reason};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["24h", "30d"]
allowed_lateness = "6h"
max_ahead = "10m"
[profiles.p]
owner = "o"
[profiles.q]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[[rules]]
name = "evidence"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
[[rules]]
name = "interval"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
"#;

/// 2026-03-01T00:00:00Z.
const BEGIN: EventTime = EventTime(1_772_323_200_000);
/// Long after all events: none is ahead of the wall clock.
const NOW: EventTime = EventTime(4_000_000_000_000);

/// A small generator of numbers, the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn text(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap().to_string()
}

fn tally(id: &str, profile: &str, group: &str, time: EventTime, selected: u64) -> String {
    let counts = json!({ "assessed": 20, "selected": selected });
    json!({
        "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/s", "id": id, "time": text(time),
        "data": { "profile": profile, "groups": { "origin": group }, "counts": counts },
    })
    .to_string()
}

/// A tally each two minutes for two days, out of order by up to two hours, and a time far later at which all is final.
fn stream(skewed: bool, random: &mut Random) -> Vec<(String, EventTime)> {
    let mut events: Vec<(String, EventTime)> = (0..1_440)
        .map(|number| {
            let arrived = BEGIN.plus(Span::MINUTE.times(number * 2));
            let time = arrived.minus(Span::MINUTE.times(i64::try_from(random.below(120)).unwrap()));
            let group = if number % 2 == 0 { "a" } else { "b" };
            let selected = random.below(3) + if skewed && group == "a" { 4 } else { 1 };
            (tally(&format!("e{number}"), "p", group, time, selected), arrived)
        })
        .collect();
    let end = BEGIN.plus(Span::DAY.times(3)).plus(Span::MINUTE);
    events.extend((0..200).map(|number| (tally(&format!("end{number}"), "p", "a", end, 1), end)));
    events
}

/// Adds events of another profile whose clock is ahead: one in a thousand shares is `share`.
fn with_ahead(events: &[(String, EventTime)], share: u64, random: &mut Random) -> Vec<(String, EventTime)> {
    let mut mixed = Vec::new();
    for (number, (line, arrived)) in events.iter().enumerate() {
        mixed.push((line.clone(), *arrived));
        while number + 200 < events.len() && random.below(1_000) < share {
            let ahead = match random.below(3) {
                0 => Span::MINUTE.times(1 + i64::try_from(random.below(60)).unwrap()),
                1 => Span::HOUR.times(1 + i64::try_from(random.below(40)).unwrap()),
                _ => Span::DAY.times(300 + i64::try_from(random.below(9_000)).unwrap()),
            };
            let id = format!("ahead{}", mixed.len());
            mixed.push((tally(&id, "q", "b", arrived.plus(ahead), 19), *arrived));
        }
    }
    mixed
}

fn read(events: &[(String, EventTime)]) -> Monitor {
    let plan = Settings::parse(CONFIG, "clocks.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([7; 16]), Clock::Wall);
    for (line, _) in events {
        let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
        let handled = monitor.handle_record(PartitionIndex(0), &record, NOW);
        assert_eq!(handled, Handled::Accepted, "{line}");
    }
    monitor.handle_tick(NOW);
    monitor
}

fn findings(monitor: &Monitor) -> Vec<Value> {
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let findings = document["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["profile"] == "p").cloned().collect()
}

#[test]
fn clocks_that_are_ahead_leave_the_findings_of_the_rest_bit_for_bit() {
    for seed in 0..4 {
        for skewed in [false, true] {
            let mut random = Random(seed * 2 + u64::from(skewed));
            let rest = stream(skewed, &mut random);
            let expected = read(&rest);
            let verdicts: Vec<Value> = findings(&expected).iter().map(|finding| finding["verdict"].clone()).collect();
            assert_eq!(verdicts.contains(&json!("critical")), skewed, "{verdicts:?}");
            for share in [1, 10, 100, 300] {
                let monitor = read(&with_ahead(&rest, share, &mut random));
                assert_eq!(monitor.health().watermark, expected.health().watermark, "seed {seed}, {share} of 1,000");
                assert_eq!(findings(&monitor), findings(&expected), "seed {seed}, {share} of 1,000");
                assert!(share < 100 || monitor.health().ahead > 50, "{}", monitor.health().ahead);
            }
        }
    }
}

/// A producer sends its records in batches, and its clock has been right so far.
#[test]
fn a_batch_of_a_clock_that_is_ahead_moves_no_time() {
    let mut random = Random(9);
    let rest = stream(true, &mut random);
    let mut mixed = rest.clone();
    let ahead = |number: i64| (tally(&format!("ahead{number}"), "q", "a", BEGIN.plus(Span::DAY.times(90)), 19), BEGIN);
    mixed.splice(700..700, (0..30).map(ahead));
    let (found, expected) = (read(&mixed), read(&rest));
    assert_eq!(found.health().watermark, expected.health().watermark);
    assert_eq!(findings(&found), findings(&expected));
    assert_eq!((expected.health().ahead, found.health().ahead), (0, 30));
}

/// As in a topic with an event a day, and after a weekend.
#[test]
fn time_that_has_passed_is_seen_after_a_few_events() {
    let at = |days: i64| BEGIN.plus(Span::DAY.times(days));
    let daily: Vec<_> = (0..60).map(|day| (tally(&format!("e{day}"), "p", "a", at(day), 1), at(day))).collect();
    let plan = Settings::parse(CONFIG, "clocks.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([7; 16]), Clock::Wall);
    let mut most_behind = Span(0);
    for (day, (line, time)) in daily.iter().enumerate() {
        let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, *time);
        if day > 30 {
            most_behind = most_behind.max(time.since(monitor.health().partitions[0].1.unwrap()));
        }
    }
    assert!(most_behind <= Span::DAY.times(5), "{most_behind:?}");
    // Where nothing more comes the partition is idle, and nothing contradicts its newest event.
    monitor.handle_tick(at(59).plus(Span::HOUR));
    assert_eq!(monitor.health().watermark, Some(at(59)));
}

#[test]
fn an_event_ahead_of_the_wall_clock_is_set_aside_whatever_its_record_says() {
    let plan = Settings::parse(CONFIG, "clocks.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([7; 16]), Clock::Wall);
    let mut send = |id: &str, ahead: Span| {
        let time = BEGIN.plus(ahead);
        let line = tally(id, "p", "a", time, 1);
        let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: Some(time) };
        monitor.handle_record(PartitionIndex(0), &record, BEGIN)
    };
    assert_eq!(send("e1", Span::MINUTE.times(10)), Handled::Accepted);
    let Handled::Rejected(rejection) = send("e2", Span(Span::MINUTE.0 * 10 + 1)) else { panic!("not rejected") };
    assert_eq!(rejection.reason, Reason::AheadOfClock);
    assert_eq!(rejection.detail, "event.time: expected at most 600000 ms after the wall clock, found 600001 ms");
    assert_eq!(monitor.health().by_type, [("tally", "accepted", 1), ("tally", "rejected", 1)]);
    assert_eq!(monitor.health().rejections, [("ahead_of_clock", 1)]);
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cases").join(name)
}

fn replay(config: &Path, arguments: &[&str], files: &[PathBuf]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    let output =
        command.args(["replay", "--format", "json"]).args(arguments).arg("--config").arg(config).args(files).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn one_event_23_hours_ahead() {
    let folder = case("one-event-23-hours-ahead");
    for arguments in [&[][..], &["--in-order"], &["--as-of", "2026-03-02T10:59:00Z"]] {
        let of = |file: &str| replay(&folder.join("config.toml"), arguments, &[folder.join(file)]);
        let (with, without) = (of("events.jsonl"), of("without.jsonl"));
        for document in [&with, &without] {
            assert_eq!(document["findings"][0]["verdict"], "critical", "{arguments:?}");
            assert_eq!(document["alerts"][0]["state"], "firing", "{arguments:?}");
        }
        assert_eq!(with["alerts"][0]["fired_at"], without["alerts"][0]["fired_at"], "{arguments:?}");
        if arguments.contains(&"--as-of") {
            let count = |document: &Value, name: &str| document["events"][name].as_u64().unwrap();
            let read = |document: &Value| count(document, "read") - count(document, "beyond_as_of");
            assert_eq!((read(&with), with["findings"].clone()), (read(&without), without["findings"].clone()));
        }
    }
}

#[test]
fn a_line_a_year_ahead_does_not_move_the_end_of_a_replay() {
    let folder = case("one-event-23-hours-ahead");
    let directory = tempfile::tempdir().unwrap();
    let without = std::fs::read_to_string(folder.join("without.jsonl")).unwrap();
    let first = without.lines().next().unwrap();
    let ahead = first.replace("2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z").replace("\"e1\"", "\"ahead\"");
    assert_ne!(first, ahead);
    let expected = replay(&folder.join("config.toml"), &[], &[folder.join("without.jsonl")]);
    for (place, text) in [format!("{ahead}\n{without}"), format!("{without}\n{ahead}\n")].iter().enumerate() {
        let file = directory.path().join(format!("{place}.jsonl"));
        std::fs::write(&file, text).unwrap();
        for arguments in [&[][..], &["--in-order"]] {
            let found = replay(&folder.join("config.toml"), arguments, std::slice::from_ref(&file));
            assert_eq!(found["as_of"], expected["as_of"], "{arguments:?}, {place}");
            assert_eq!(found["findings"], expected["findings"], "{arguments:?}, {place}");
            assert_eq!(found["events"]["ahead"], 1, "{arguments:?}, {place}");
        }
    }
}

#[test]
fn lines_of_an_impossible_year_are_too_late() {
    let folder = case("one-event-23-hours-ahead");
    let directory = tempfile::tempdir().unwrap();
    let without = std::fs::read_to_string(folder.join("without.jsonl")).unwrap();
    let first = without.lines().next().unwrap();
    let old = ["1995-01-01", "2001-06-05", "2001-06-06"]
        .map(|date| first.replace("2026-03-01", date).replace("\"e1\"", &format!("\"{date}\"")));
    let file = directory.path().join("old.jsonl");
    std::fs::write(&file, format!("{without}\n{}\n", old.join("\n"))).unwrap();
    let expected = replay(&folder.join("config.toml"), &[], &[folder.join("without.jsonl")]);
    let found = replay(&folder.join("config.toml"), &["--max-lost", "0.05"], std::slice::from_ref(&file));
    assert_eq!((&found["findings"], &found["alerts"]), (&expected["findings"], &expected["alerts"]));
    assert_eq!(found["events"]["too_late"], 3);
}

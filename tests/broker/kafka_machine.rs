//! The machine fails under a daemon that reads from real Apache Kafka: its disk gives errors, its clock is set. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::kafka::{Broker, Record};
use support::process::{Daemon, http_get};
use support::setup::{DEAD_LETTERS, START_MS, Setup, read, sample, selection};

const LIMIT: Duration = Duration::from_secs(120);
const FAILED: &str = r#"paritywatch_checkpoints_total{result="failed"}"#;

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_disk_that_gives_errors_costs_no_state_and_stops_no_daemon() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    let (faults, shim) = (setup.folder.path().join("faults"), compile_shim(setup.folder.path()));
    let checkpoint = setup.folder.path().join("state/checkpoint");
    let fail = |text: &str| std::fs::write(&faults, text).unwrap();
    let start = || setup.start_with(&[("LD_PRELOAD", &shim), ("FAULTS", faults.to_str().unwrap())]);
    fail("");
    broker.produce("events", &records(0..500));
    let mut daemon = start();
    count(&mut daemon, &setup, 500.0);
    daemon.wait_until(LIMIT, "a checkpoint of all", || (next_offset(&checkpoint) == Some(500)).then_some(()));

    // Whatever fails of writing, the old one stands, it is counted, and the daemon goes on.
    let mut events = 500;
    for operation in ["write", "sync", "rename"] {
        fail(&format!("{operation} state/checkpoint."));
        let failures = || sample(&http_get(&setup.url("/metrics")).ok()?.text(), FAILED);
        let before = daemon.wait_until(LIMIT, "a failure", failures);
        daemon.wait_until(LIMIT, "two failures", || failures().filter(|now| *now >= before + 2.0));
        let old = std::fs::read(&checkpoint).unwrap();
        broker.produce("events", &records(events..events + 100));
        events += 100;
        count(&mut daemon, &setup, events as f64);
        let before = failures().unwrap();
        daemon.wait_until(LIMIT, "one with these events", || failures().filter(|now| *now >= before + 2.0));
        assert!(std::fs::read(&checkpoint).unwrap() == old, "{operation}");
        assert!(daemon.stderr().contains("Input/output error"), "{}", daemon.stderr());
        // The disk is well again.
        fail("");
        let newer = || (next_offset(&checkpoint) == Some(i64::try_from(events).unwrap())).then_some(());
        daemon.wait_until(LIMIT, "a newer checkpoint", newer);
    }
    // It is there, but a crash could undo that: it is counted as failed, and not taken for another daemon's.
    fail("sync state$");
    let failures = || sample(&http_get(&setup.url("/metrics")).ok()?.text(), FAILED);
    let before = daemon.wait_until(LIMIT, "failures counted", failures);
    daemon.wait_until(LIMIT, "three failures", || failures().filter(|now| *now >= before + 3.0));
    assert!(daemon.stderr().contains("a crash may undo that"), "{}", daemon.stderr());
    fail("");
    // Whose the state is cannot be read: that says nothing.
    fail("read state/owner");
    daemon.wait_for_stderr("the token of the state folder could not be read", LIMIT);
    broker.produce("events", &records(events..events + 100));
    events += 100;
    count(&mut daemon, &setup, events as f64);
    let newer = || (next_offset(&checkpoint) == Some(i64::try_from(events).unwrap())).then_some(());
    daemon.wait_until(LIMIT, "a newer checkpoint", newer);
    fail("write state/checkpoint.");
    broker.produce("events", &records(events..events + 100));
    count(&mut daemon, &setup, (events + 100) as f64);
    daemon.kill();

    // What cannot be read is told by name, and left as it is.
    let journal = setup.folder.path().join("state/alerts.journal.99999.f5");
    std::fs::write(&journal, "an entry").unwrap();
    for part in ["checkpoint", "alerts.journal.99999.f5", "pseudonym"] {
        let before = files(setup.folder.path());
        fail(&format!("read {part}"));
        let mut refused = start();
        assert_eq!(refused.wait_for_exit(LIMIT).code(), Some(74), "{}", refused.stderr());
        let told = refused.stderr();
        assert!(told.contains("Input/output error") && told.contains(part), "{part}: {told}");
        fail("");
        assert!(files(setup.folder.path()) == before, "{part}");
    }
    let mut daemon = start();
    count(&mut daemon, &setup, (events + 100) as f64);
    assert!(daemon.terminate().success());
}

fn compile_shim(folder: &Path) -> String {
    let (source, shim) = (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/faults.c"), folder.join("faults.so"));
    let status = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg(source).arg("-ldl").status();
    assert!(status.unwrap().success());
    shim.to_str().unwrap().to_owned()
}

/// Where the checkpoint on the disk reads on.
fn next_offset(checkpoint: &Path) -> Option<i64> {
    let bytes = std::fs::read(checkpoint).ok()?;
    let (header, _) = paritywatch::checkpoint::read(bytes.as_slice()).unwrap();
    Some(header.inputs.first()?.next_offset)
}

/// Everything in the state folder but what every start writes anew or clears away, audit log and history, which tell of the refusal.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder.join("state")).unwrap().map(|entry| entry.unwrap().path());
    let lasting = |path: &std::path::PathBuf| {
        let told_anew = ["owner", "audit", "audit.last", "history"].iter().any(|name| path.ends_with(name));
        !told_anew && path.extension().is_none_or(|end| end != "new")
    };
    let mut files: Vec<(String, Vec<u8>)> =
        entries.filter(lasting).map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

#[test]
#[ignore = "needs Apache Kafka and libfaketime: run tests/run"]
fn a_clock_that_is_set_makes_nothing_stale_idle_or_resolved() {
    let library = std::env::var("PARITYWATCH_FAKETIME").expect("PARITYWATCH_FAKETIME is not set: run tests/run");
    let broker = Broker::start();
    broker.create_topic("events", 2);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "30m");
    let configuration = std::fs::read_to_string(&setup.config).unwrap();
    let stale = configuration.replace("evaluate_every", "stale_after = \"30m\"\nevaluate_every");
    std::fs::write(&setup.config, stale).unwrap();
    let clock = setup.folder.path().join("clock");
    let set = |offset: &str| {
        let new = clock.with_extension("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(&new, &clock).unwrap();
    };
    set("+0");
    let preload = format!("{}:{library}", compile_shim(setup.folder.path()));
    // Far apart: with the first partition idle the watermark would be a day later.
    broker.produce("events", &skewed(0..600, 1, 0));
    broker.produce("events", &skewed(600..1_200, 2, 1));
    let mut daemon = setup.start_with(&[
        ("LD_PRELOAD", preload.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ]);
    count(&mut daemon, &setup, 1_200.0);
    daemon.wait_until(LIMIT, "an alert", || (!alerts(&setup)?.is_empty()).then_some(()));
    let (before, mut events) = (alerts(&setup).unwrap(), 1_200);
    for (step, offset) in (1_u8..).zip(["+1h", "+0", "-1h", "+0", "+10y", "+0", "-10y", "+0"]) {
        set(offset);
        let seen = |page: &str| sample(page, "paritywatch_clock_steps_total") == Some(f64::from(step));
        daemon.wait_for_http(&setup.url("/metrics"), |response| seen(&response.text()), LIMIT);
        // Two evaluations with the new time, and events that still come in.
        broker.produce("events", &skewed(events..events + 10, 2, 1));
        events += 10;
        count(&mut daemon, &setup, events as f64);
        let evaluations = |page: &str| sample(page, "paritywatch_evaluations_total").unwrap();
        let page = http_get(&setup.url("/metrics")).unwrap().text();
        let enough = evaluations(&page) + 2.0;
        let page = daemon
            .wait_for_http(&setup.url("/metrics"), |response| evaluations(&response.text()) >= enough, LIMIT)
            .text();
        let stale = page.lines().filter(|line| line.starts_with("paritywatch_verdict{") && line.contains("\"stale\""));
        let stale: Vec<&str> = stale.filter(|line| !line.ends_with(" 0")).collect();
        assert!(stale.is_empty(), "{offset}: {stale:?}");
        let watermark = sample(&page, "paritywatch_watermark_timestamp_seconds");
        assert_eq!(watermark, Some((START_MS / 1_000 + 599 % 60) as f64), "{offset}: a partition has become idle");
        assert_eq!(alerts(&setup).unwrap(), before, "{offset}");
    }
    assert!(daemon.terminate().success());
}

/// Selections of day `day` of 2026, of one group far more often than of the other.
fn skewed(numbers: std::ops::Range<u64>, day: u8, partition: i32) -> Vec<Record> {
    let record = |number: u64| {
        let (group, selected) = if number.is_multiple_of(2) {
            ("dutch", number.is_multiple_of(20))
        } else {
            ("non_european", number.is_multiple_of(3))
        };
        let event = selection(number, selected).replace("2026-01-01T", &format!("2026-01-{day:02}T"));
        Record::new(format!("c{number}"), event.replace("dutch", group))
            .at_ms(START_MS + 86_400_000)
            .on_partition(partition)
    };
    numbers.map(record).collect()
}

/// Each alert with its id, state and beginning.
fn alerts(setup: &Setup) -> Option<Vec<String>> {
    let evaluation: Value = serde_json::from_str(&http_get(&setup.url("/api/v1/evaluation")).ok()?.text()).ok()?;
    let alerts = evaluation["alerts"].as_array()?;
    let text = |alert: &Value| format!("{} {} {}", alert["id"], alert["state"], alert["rule"]);
    let mut alerts: Vec<String> = alerts.iter().map(text).collect();
    alerts.sort();
    Some(alerts)
}

fn count(daemon: &mut Daemon, setup: &Setup, events: f64) {
    let counted = || (read(&http_get(&setup.url("/metrics")).ok()?.text()) == events).then_some(());
    daemon.wait_until(LIMIT, &format!("{events} events counted"), counted);
}

fn records(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers
        .map(|number| Record::new(format!("c{number}"), selection(number, number % 2 == 0)).at_ms(START_MS))
        .collect()
}

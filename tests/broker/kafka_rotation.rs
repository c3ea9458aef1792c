//! The pseudonym key changes under a daemon on real Apache Kafka: no gap is told, nothing is counted twice or lost, and the old key is destroyed in
//! time. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::kafka::{Broker, Record};
use crate::support::process::{Daemon, http_get};
use crate::support::setup::{DEAD_LETTERS, START_MS, Setup, binary, sample};

const LIMIT: Duration = Duration::from_secs(120);
const KEYS: &str = "paritywatch_pseudonym_keys";

fn event(kind: &str, id: u64, day: i64, data: &str) -> Record {
    let at = jiff::Timestamp::from_millisecond(START_MS + day * 86_400_000 + i64::try_from(id).unwrap()).unwrap();
    let text = format!(
        r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}{id}","time":"{at}","data":{{{data}}}}}"#
    );
    Record::new(format!("c{id}"), text).at_ms(START_MS)
}

fn selections(ids: std::ops::Range<u64>, day: i64) -> Vec<Record> {
    let data = |id: u64| {
        format!(
            r#""case_id":"c{id}","profile":"cub","selected":{},"groups":{{"origin":"dutch"}}"#,
            id.is_multiple_of(4)
        )
    };
    ids.map(|id| event("selection", id, day, &data(id))).collect()
}

fn rotate(setup: &Setup) -> Output {
    Command::new(binary()).args(["rotate-key", "--config", setup.config.to_str().unwrap()]).output().unwrap()
}

fn count(page: &str, result: &str, kind: &str) -> f64 {
    sample(page, &format!(r#"paritywatch_events_total{{result="{result}",type="{kind}"}}"#)).unwrap_or_default()
}

fn wait_for(daemon: &mut Daemon, setup: &Setup, what: &str, holds: impl Fn(&str) -> bool) -> String {
    daemon.wait_until(LIMIT, what, || Some(http_get(&setup.url("/metrics")).ok()?.text()).filter(|page| holds(page)))
}

/// Waits until a checkpoint is on the disk that was begun after this.
fn wait_for_checkpoint(daemon: &mut Daemon, setup: &Setup) {
    let written = |page: &str| sample(page, r#"paritywatch_checkpoints_total{result="written"}"#).unwrap_or_default();
    let before = written(&http_get(&setup.url("/metrics")).unwrap().text());
    wait_for(daemon, setup, "two checkpoints", |page| written(page) >= before + 2.0);
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn the_key_changes_and_nothing_is_counted_twice_or_lost() {
    let broker = Broker::start();
    broker.create_topic("events", 2);
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let short =
        "[limits]\nnot_selected_horizon = \"2d\"\ndedupe_horizon = \"2d\"\nmembership_horizon = \"2d\"\n[state]";
    let text = text.replace("[state]", short).replace("allowed_lateness", "history = \"40d\"\nallowed_lateness");
    std::fs::write(&setup.config, text).unwrap();
    let files = ["pseudonym.key", "pseudonym.key.previous"].map(|name| setup.folder.path().join("state").join(name));
    let read = |file: &PathBuf| std::fs::read_to_string(file).unwrap();

    // Without a state there is nothing to rotate.
    let refused = rotate(&setup);
    assert_eq!(refused.status.code(), Some(65), "{}", String::from_utf8_lossy(&refused.stderr));
    broker.produce("events", &selections(0..200, 0));
    let mut daemon = setup.start();
    let page = wait_for(&mut daemon, &setup, "200 cases", |page| count(page, "accepted", "selection") >= 200.0);
    assert_eq!(sample(&page, KEYS), Some(1.0));
    wait_for_checkpoint(&mut daemon, &setup);
    let old = read(&files[0]);
    let rotated = rotate(&setup);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let told = String::from_utf8_lossy(&rotated.stdout).into_owned();
    assert!(told.contains("40 days") && !told.contains(&old) && !told.contains(&read(&files[0])), "{told}");
    assert_eq!(read(&files[1]), old);
    assert_eq!(rotate(&setup).status.code(), Some(65), "the first rotation has not ended");
    // The running daemon goes on with the old key, and is killed.
    daemon.kill();

    // Second deliveries, controls of old cases and new cases, by both keys.
    let mut daemon = setup.start();
    broker.produce("events", &selections(0..200, 0));
    let controls: Vec<Record> =
        (0..50).map(|id| event("control", 4 * id, 1, &format!(r#""case_id":"c{}""#, 4 * id))).collect();
    broker.produce("events", &controls);
    broker.produce("events", &selections(200..300, 1));
    let is_all = |page: &str| {
        count(page, "accepted", "selection") + count(page, "duplicate", "selection") >= 500.0
            && count(page, "accepted", "control") >= 50.0
    };
    let page = wait_for(&mut daemon, &setup, "all events", is_all);
    assert_eq!(count(&page, "accepted", "selection"), 300.0);
    assert_eq!(count(&page, "duplicate", "selection"), 200.0);
    assert_eq!(
        sample(&page, "paritywatch_waiting_cases").unwrap_or_default(),
        0.0,
        "each control has found its selection"
    );
    assert_eq!(sample(&page, KEYS), Some(2.0));
    assert!(sample(&page, "paritywatch_pseudonym_previous_key_until_timestamp_seconds").is_some());
    daemon.kill();

    // Long after that the old key is not needed, and goes when that is on the disk.
    let mut daemon = setup.start();
    broker.produce("events", &selections(300..900, 50));
    let page = wait_for(&mut daemon, &setup, "the end of the old key", |page| {
        sample(page, KEYS) == Some(1.0) && count(page, "accepted", "selection") >= 900.0
    });
    assert_eq!(count(&page, "accepted", "selection"), 900.0);
    assert!(!files[1].exists() && files[0].exists());
    assert!(daemon.stderr().contains("it was destroyed"));
    daemon.kill();
    let mut daemon = setup.start();
    let page = wait_for(&mut daemon, &setup, "the new key alone", |page| count(page, "accepted", "selection") >= 900.0);
    assert_eq!(sample(&page, KEYS), Some(1.0));
    assert!(!daemon.stderr().contains("made anew"), "a false gap: {}", daemon.stderr());
    assert!(daemon.terminate().success());
    assert!(rotate(&setup).status.success());
}

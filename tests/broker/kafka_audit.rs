//! The audit log of a running daemon on real Apache Kafka: each transition once over crashes, and checkpoints on the alert topic that show a log whose
//! end was cut off. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::kafka::{Broker, Record};
use crate::support::process::Daemon;
use crate::support::setup::{DEAD_LETTERS, START_MS, Setup, alerts_in, binary, read, sample};

const LIMIT: Duration = Duration::from_secs(120);
const ALERTS: &str = "paritywatch.alerts";
const RULE: &str = r#"
[[rules]]
name = "picked"
indicator = "selection_rate"
reference = "dutch"
windows = ["7d"]
warning = 1.1
critical = 1.25
evidence = "point"
"#;

fn selections(group: &str, from: u64, assessed: u64, selected: u64) -> Vec<Record> {
    let event = |number: u64| {
        let id = from + number;
        format!(
            r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/test","id":"e{id}","time":"2026-01-01T00:00:{:02}Z","data":{{"case_id":"c{id}","profile":"cub","selected":{},"groups":{{"origin":"{group}"}}}}}}"#,
            id % 60,
            number < selected,
        )
    };
    (0..assessed).map(|number| Record::new(format!("c{}", from + number), event(number)).at_ms(START_MS)).collect()
}

fn measure() -> Record {
    let event = r#"{"specversion":"1.0","type":"paritywatch.measure.v1","source":"/test","id":"m1","time":"2026-01-01T00:00:30Z","data":{"profile":"cub","measure":"adjusted","reason":"the weights were changed","by":"product owner"}}"#;
    Record::new("m1", event).at_ms(START_MS)
}

fn entries(setup: &Setup) -> Vec<Value> {
    let log = setup.folder.path().join("state/audit/log.1");
    let mut files: Vec<_> = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let lines = files.iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let text: String = lines.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    // The last line may be on its way.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn ids(entries: &[Value]) -> Vec<String> {
    let alerts = entries.iter().filter(|entry| entry["kind"] == "alert");
    alerts.map(|entry| entry["content"]["id"].as_str().unwrap().to_owned()).collect()
}

fn wait_for_alert(daemon: &mut Daemon, setup: &Setup, kind: &str) {
    daemon.wait_until(LIMIT, kind, || {
        entries(setup).iter().any(|entry| entry["content"]["transition"]["kind"] == kind).then_some(())
    });
}

fn verify(setup: &Setup, key: &str, witness: &Path) -> (i32, String) {
    let audit = setup.folder.path().join("state/audit");
    let mut command = Command::new(binary());
    command.arg("verify-audit").arg(audit).args(["--key", key]).arg("--witness").arg(witness);
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn the_audit_log_has_each_transition_once_and_the_topic_bears_witness() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    broker.create_topic(ALERTS, 3);
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap();
    let (before, _) = text.split_once("[[rules]]").unwrap();
    std::fs::write(&setup.config, format!("{before}{RULE}")).unwrap();

    let mut daemon = setup.start();
    broker.produce("events", &selections("dutch", 0, 1_000, 100));
    broker.produce("events", &selections("non_european", 1_000, 1_000, 120));
    broker.produce("events", &[measure()]);
    wait_for_alert(&mut daemon, &setup, "firing");
    daemon.kill();
    let mut daemon = setup.start();
    broker.produce("events", &selections("non_european", 2_000, 100, 100));
    wait_for_alert(&mut daemon, &setup, "severity_changed");
    daemon.kill();
    let mut daemon = setup.start();
    broker.produce("events", &selections("non_european", 2_100, 2_000, 0));
    wait_for_alert(&mut daemon, &setup, "resolved");
    let page = daemon.wait_for_http(&setup.url("/metrics"), |page| read(&page.text()) >= 4_100.0, LIMIT).text();
    assert_eq!(sample(&page, "paritywatch_audit_log_damaged"), Some(0.0));
    assert!(sample(&page, "paritywatch_audit_entries").unwrap() > 5.0, "{page}");
    assert!(daemon.terminate().success());

    let log = entries(&setup);
    let entered = ids(&log);
    assert_eq!(entered.iter().collect::<BTreeSet<_>>().len(), entered.len(), "{entered:?}");
    let told = alerts_in(broker.read_all(ALERTS));
    let event = |payload: &str| -> Value { serde_json::from_str(payload).unwrap() };
    let told: BTreeSet<String> =
        told.iter().map(|record| event(&record.payload_text())["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(entered.into_iter().collect::<BTreeSet<_>>(), told);
    let count = |kind: &str| log.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!([count("start"), count("stop"), count("measure"), count("configuration")], [3, 1, 1, 1], "{log:#?}");

    // The topic, as a consumer would have kept it.
    let records = broker.read_all(ALERTS);
    let witness = setup.folder.path().join("topic.jsonl");
    let lines: Vec<String> = records.iter().map(|record| record.payload_text()).collect();
    std::fs::write(&witness, lines.join("\n")).unwrap();
    let key = std::fs::read_to_string(setup.folder.path().join("state/audit.pub")).unwrap();
    let (code, said) = verify(&setup, key.trim(), &witness);
    assert_eq!(code, 0, "{said}");
    let checkpoints: Vec<Value> = lines
        .iter()
        .map(|line| event(line))
        .filter(|event| event["type"] == "paritywatch.audit_checkpoint.v1")
        .collect();
    // One after each start, and one at the end.
    assert!(checkpoints.len() >= 4, "{checkpoints:#?}");
    assert!(checkpoints.iter().any(|event| event["data"]["size"] == log.len()), "{checkpoints:#?}");
    let keys: BTreeSet<_> = records
        .iter()
        .filter(|record| record.payload_text().contains("audit_checkpoint"))
        .map(|record| record.key.clone())
        .collect();
    assert_eq!(keys.len(), 1);

    // Another log by the same key: only the topic tells.
    std::fs::remove_dir_all(setup.folder.path().join("state/audit")).unwrap();
    let mut daemon = setup.start();
    daemon.wait_for_stderr("found none", LIMIT);
    let damaged = "paritywatch_audit_log_damaged 1";
    daemon.wait_for_http(&setup.url("/metrics"), |page| page.text().contains(damaged), LIMIT);
    let page = daemon.wait_for_http(&setup.url("/"), |page| page.status == 200, LIMIT).text();
    assert!(page.contains("the audit log is not as it was written"), "{page}");
    assert!(daemon.terminate().success());
    let (code, said) = verify(&setup, key.trim(), &witness);
    assert_eq!(code, 65, "{said}");
}

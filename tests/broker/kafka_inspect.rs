//! A first look at topics of real Apache Kafka: it commits nothing, joins no group and disturbs nobody. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::Value;

use crate::support::canaries::{Search, stream};
use crate::support::kafka::{Broker, Record};
use crate::support::process::{Daemon, free_port, wait_until};
use crate::support::setup::{DEAD_LETTERS, Setup, binary, selection};

const LIMIT: Duration = Duration::from_secs(120);

fn client(broker: &Broker, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap()).set("group.id", group).set("auto.offset.reset", "earliest");
    config.create().unwrap()
}

fn groups(broker: &Broker) -> Vec<String> {
    let list = client(broker, "list").fetch_group_list(None, LIMIT).unwrap();
    list.groups().iter().map(|group| group.name().to_owned()).collect()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).current_dir(folder).env("PARITYWATCH_LOG", "trace").output().unwrap()
}

fn inspect(setup: &Setup, arguments: &[&str]) -> Value {
    let base = ["inspect", "--config", "paritywatch.toml", "--format", "json"];
    let output = run(setup.folder.path(), &[&base[..], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_look_commits_nothing_and_other_readers_do_not_notice() {
    let broker = Broker::start();
    broker.create_topic_with("events", 3, &[("cleanup.policy", "compact")]);
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap();
    std::fs::write(&setup.config, text.replace("[window]", "group = \"lookers\"\n[window]")).unwrap();
    let records: Vec<Record> =
        (0..3_000).map(|number| Record::new(format!("c{number}"), selection(number, false))).collect();
    broker.produce("events", &records);
    // Somebody else reads in a group, and has committed.
    let other = client(&broker, "others");
    other.subscribe(&["events"]).unwrap();
    let mut read = 0;
    wait_until(LIMIT, "another reader", || {
        read += u32::from(matches!(other.poll(Duration::from_millis(100)), Some(Ok(_))));
        (read >= 100 && other.assignment().unwrap().count() == 3).then_some(())
    });
    other.commit_consumer_state(rdkafka::consumer::CommitMode::Sync).unwrap();
    let committed =
        || other.committed(LIMIT).unwrap().elements().iter().map(|of| of.offset().to_raw()).collect::<Vec<_>>();
    let (before, ends) = (committed(), broker.end_offsets("events"));

    let whole = inspect(&setup, &[]);
    let found = &whole["inputs"][0];
    assert_eq!((&found["kind"], &found["name"]), (&Value::from("topic"), &Value::from("events")));
    assert_eq!(found["sample"]["records"], 3_000);
    assert_eq!(found["mapped"]["share"], 1.0);
    assert_eq!((&found["keys"]["case_id"], &found["keys"]["null"]), (&Value::from(3_000), &Value::from(0)));
    assert_eq!((&found["topic"]["compacted"], &found["topic"]["partitions"]), (&Value::from(true), &Value::from(3)));
    assert!(found["topic"]["remarks"][0].as_str().unwrap().contains("compacted"), "{found}");
    // A smaller sample is read at three places of each partition.
    let part = inspect(&setup, &["--sample", "90", "--topic", "events"]);
    let found = &part["inputs"][0];
    assert_eq!((&found["sample"]["records"], &found["sample"]["held"]), (&Value::from(90), &Value::from(3_000)));
    assert_eq!(found["partitions"].as_array().unwrap().len(), 3);

    assert!(!groups(&broker).contains(&"lookers".to_owned()), "{:?}", groups(&broker));
    assert!(groups(&broker).contains(&"others".to_owned()));
    assert_eq!((committed(), broker.end_offsets("events")), (before, ends));
    // Whoever reads in a group has all partitions still, without a pause in between.
    let position = other.position().unwrap();
    assert_eq!(position.count(), 3);
    assert!(other.assignment().unwrap().count() == 3);
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_look_tells_no_marked_data_and_what_cannot_be_read_is_told() {
    let broker = Broker::start();
    broker.create_topic("events", 1);
    broker.create_topic("empty", 2);
    let setup = Setup::new(&broker, "1s");
    let text = std::fs::read_to_string(&setup.config).unwrap().replace("min_cell = 0", "min_cell = 10");
    std::fs::write(&setup.config, text).unwrap();
    broker.produce("events", &stream());
    let search = Search::published();
    for format in ["json", "table"] {
        let output = run(setup.folder.path(), &["inspect", "--config", "paritywatch.toml", "--format", format]);
        assert!(output.status.success());
        search.check("standard output", &output.stdout);
        search.check("standard error", &output.stderr);
    }
    let output = run(setup.folder.path(), &["inspect", "--config", "paritywatch.toml", "--topic", "empty"]);
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
    let output = run(setup.folder.path(), &["inspect", "--config", "paritywatch.toml", "--topic", "absent"]);
    assert_eq!(output.status.code(), Some(74), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("absent"));
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn from_a_topic_to_a_finding() {
    let broker = Broker::start();
    broker.create_topic("events", 2);
    broker.create_topic(DEAD_LETTERS, 1);
    broker.create_topic("paritywatch.alerts", 1);
    let to = format!("kafka://{}/events", broker.bootstrap());
    let generated = Command::new(binary())
        .args(["generate", "--scenario", "skewed-selection", "--events", "30000", "--seed", "7", "--to", &to])
        .output()
        .unwrap();
    assert!(generated.status.success(), "{}", String::from_utf8_lossy(&generated.stderr));
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = broker.bootstrap();
    let connection = ["init", "--brokers", &bootstrap, "--security-protocol", "plaintext", "--topic", "events"];
    let written = run(folder.path(), &connection);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let path = folder.path().join("paritywatch.toml");
    let refused = run(folder.path(), &["run", "--config", "paritywatch.toml"]);
    assert_eq!(refused.status.code(), Some(78), "{}", String::from_utf8_lossy(&refused.stderr));

    let config = std::fs::read_to_string(&path).unwrap();
    let fill = |rule: &str| {
        let (warning, critical) = if rule.contains("hit_rate") { ("0.9", "0.8") } else { ("1.1", "1.25") };
        rule.replace("warning = \"open\"", &format!("warning = {warning}"))
            .replace("critical = \"open\"", &format!("critical = {critical}"))
    };
    let filled: Vec<String> = config.split("[[rules]]").map(fill).collect();
    let port = free_port();
    let server = format!("\n[server]\nlisten = \"127.0.0.1:{port}\"\n");
    std::fs::write(&path, filled.join("[[rules]]") + &server).unwrap();
    let state = folder.path().join("state").display().to_string();
    let mut daemon = Daemon::start(
        binary(),
        &["run", "--config", path.to_str().unwrap()],
        &[("PARITYWATCH__STATE__DIR", &state), ("PARITYWATCH__WINDOW__EVALUATE_EVERY", "1s")],
    );
    let is_critical = |text: &str| {
        let evaluation: Value = serde_json::from_str(text).unwrap_or_default();
        let findings = evaluation["findings"].as_array().cloned().unwrap_or_default();
        findings.iter().any(|finding| finding["verdict"] == "critical")
    };
    let url = format!("http://127.0.0.1:{port}/api/v1/evaluation");
    daemon.wait_for_http(&url, |response| is_critical(&response.text()), LIMIT);
}

//! The shipped scripts for topics and ACLs on real Apache Kafka with its authorizer: they suffice, and where one permission is
//! missing the daemon says which. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use support::certificates::secret;
use support::kafka::{Broker, GUARDED_PASSWORD, GUARDED_USER, Record};
use support::process::{Daemon, http_get};
use support::setup::{DEAD_LETTERS, START_MS, Setup, binary, read, sample, selection};

const LIMIT: Duration = Duration::from_secs(60);
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/kafka");
/// The events of the tests are older than what the scripts keep by default.
const RETENTION_DAYS: &str = "3650";
const EVENTS: u64 = 50;
const ALERTS: &str = "paritywatch.alerts";

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn the_daemon_runs_with_the_shipped_permissions_and_says_which_one_is_missing() {
    let broker = Broker::start_guarded();
    let tools = Tools::new(&broker);
    tools.script("topics.sh");
    let topics = tools.run("kafka-topics.sh", &["--describe"]);
    for setting in ["cleanup.policy=delete", "retention.ms=315360000000", "min.insync.replicas=1"] {
        assert!(topics.lines().any(|line| line.contains("Topic: events\t") && line.contains(setting)), "{topics}");
    }
    let mut records: Vec<Record> =
        (0..EVENTS).map(|number| Record::new("c", selection(number, true)).at_ms(START_MS)).collect();
    records.push(Record::new("poison", "not json").at_ms(START_MS));
    broker.produce("events", &records);

    // Nothing is allowed: the topics are made, and the daemon may not even see them.
    let (setup, mut daemon) = start(&broker, &tools);
    daemon.wait_for_stderr("topic events: TopicAuthorizationFailed", LIMIT);
    daemon.wait_for_stderr("an ACL is missing: Read on topic events", LIMIT);
    assert_eq!(http_get(&setup.url("/-/ready")).unwrap().status, 503);

    // Granted while it runs; again, with the same effect.
    tools.script("acls.sh");
    tools.script("acls.sh");
    let done = |text: &str| {
        read(text) == 50.0 && sample(text, r#"paritywatch_dead_letters_total{result="delivered"}"#) == Some(1.0)
    };
    daemon.wait_for_http(&setup.url("/metrics"), |response| done(&response.text()), LIMIT);
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    daemon.wait_until(LIMIT, "the group's offset", || (committed(&broker) == Some(EVENTS + 1)).then_some(()));
    assert!(daemon.terminate().success());

    // Without reading, and so without seeing.
    tools.acls("--remove", &["--operation", "Read", "--topic", "events"]);
    let (_setup, mut daemon) = start(&broker, &tools);
    daemon.wait_for_stderr("topic events: TopicAuthorizationFailed", LIMIT);
    tools.acls("--add", &["--operation", "Read", "--topic", "events"]);

    // Without the group everything is counted, and the lag shown elsewhere is wrong.
    tools.acls("--remove", &["--operation", "Read", "--group", "paritywatch"]);
    let (setup, mut daemon) = start(&broker, &tools);
    daemon.wait_for_stderr("GroupAuthorizationFailed", LIMIT);
    daemon.wait_for_stderr("an ACL is missing: Read on group paritywatch", LIMIT);
    daemon.wait_for_http(&setup.url("/metrics"), |response| done(&response.text()), LIMIT);
    tools.acls("--add", &["--operation", "Read", "--group", "paritywatch"]);

    // Without dead letters.
    tools.acls("--remove", &["--operation", "Write", "--topic", DEAD_LETTERS]);
    let (setup, mut daemon) = start(&broker, &tools);
    daemon.wait_for_stderr("a dead letter was refused", LIMIT);
    daemon.wait_for_stderr(&format!("an ACL is missing: Write on topic {DEAD_LETTERS}"), LIMIT);
    let stderr = daemon.stderr();
    let refused = stderr.lines().find(|line| line.contains("a dead letter was refused")).unwrap();
    assert!(refused.contains(DEAD_LETTERS) && refused.contains("TopicAuthorizationFailed"), "{refused}");
    tools.acls("--add", &["--operation", "Write", "--topic", DEAD_LETTERS]);
    daemon.wait_for_http(&setup.url("/metrics"), |response| done(&response.text()), LIMIT);
    assert!(daemon.terminate().success());

    // A client that may write nowhere is told so once and for all; when it may, a new one delivers.
    tools.acls("--remove", &["--operation", "Write", "--topic", DEAD_LETTERS, "--topic", ALERTS]);
    let (setup, mut daemon) = start(&broker, &tools);
    daemon.wait_for_stderr("dead letters cannot be delivered", LIMIT);
    tools.acls("--add", &["--operation", "Write", "--topic", DEAD_LETTERS]);
    daemon.wait_for_http(&setup.url("/metrics"), |response| done(&response.text()), LIMIT);

    // So it is with alerts.
    broker.produce("events", &skewed());
    let kafka = |result: &str| format!(r#"paritywatch_deliveries_total{{receiver="kafka",result="{result}"}}"#);
    let some = |text: &str, result: &str| sample(text, &kafka(result)).is_some_and(|attempts| attempts > 0.0);
    daemon.wait_for_http(&setup.url("/metrics"), |response| some(&response.text(), "failed"), LIMIT);
    tools.acls("--add", &["--operation", "Write", "--topic", ALERTS]);
    daemon.wait_for_http(&setup.url("/metrics"), |response| some(&response.text(), "delivered"), LIMIT);
    assert!(daemon.terminate().success());

    // Without looking at the topics' configuration it goes on, and says that it cannot know.
    tools.acls("--remove", &["--operation", "DescribeConfigs", "--topic", "events"]);
    let (setup, mut daemon) = start(&broker, &tools);
    daemon.wait_for_stderr("the right to DESCRIBE_CONFIGS", LIMIT);
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    assert!(daemon.terminate().success());
}

/// Selections that raise an alert: one group is picked ten times as often.
fn skewed() -> Vec<Record> {
    let record = |number: u64| {
        let (group, selected) =
            if number.is_multiple_of(2) { ("dutch", number.is_multiple_of(40)) } else { ("european", number % 4 == 1) };
        Record::new("c", selection(number, selected).replace("dutch", group)).at_ms(START_MS)
    };
    (1_000..3_000).map(record).collect()
}

/// A daemon without a state of before, logged in at the guarded address.
fn start(broker: &Broker, tools: &Tools) -> (Setup, Daemon) {
    let setup = Setup::new(broker, "1s");
    let password = secret(tools.folder.path(), "password", GUARDED_PASSWORD);
    let environment = [
        ("PARITYWATCH_LOG", "info"),
        ("PARITYWATCH__KAFKA__BROKERS", &broker.guarded_bootstrap()),
        ("PARITYWATCH__KAFKA__SECURITY_PROTOCOL", "sasl_plaintext"),
        ("PARITYWATCH__KAFKA__SASL_PASSWORD_FILE", &password),
        ("PARITYWATCH__KAFKA__PROPERTIES__SASL_MECHANISM", "PLAIN"),
        ("PARITYWATCH__KAFKA__PROPERTIES__SASL_USERNAME", GUARDED_USER),
    ];
    let daemon = Daemon::start(binary(), &["run", "--config", setup.config.to_str().unwrap()], &environment);
    (setup, daemon)
}

/// What the daemon's group has committed of the only partition of `events`.
fn committed(broker: &Broker) -> Option<u64> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap())
        .set("group.id", "paritywatch")
        .create()
        .ok()?;
    let mut list = TopicPartitionList::new();
    list.add_partition("events", 0);
    match consumer.committed_offsets(list, LIMIT).ok()?.elements()[0].offset() {
        Offset::Offset(offset) => u64::try_from(offset).ok(),
        _ => None,
    }
}

/// Kafka's command-line tools, by the names that the scripts call.
struct Tools {
    folder: tempfile::TempDir,
    bootstrap: String,
}

impl Tools {
    fn new(broker: &Broker) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let commands = [("kafka-acls.sh", "AclCommand"), ("kafka-topics.sh", "TopicCommand")];
        for (name, class) in commands {
            let path = folder.path().join(name);
            let command = broker.tool(&format!("org.apache.kafka.tools.{class}"));
            std::fs::write(&path, format!("#!/bin/sh\nexec {command} \"$@\"\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, bootstrap: broker.bootstrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a shipped script.
    fn script(&self, name: &str) {
        let mut command = Command::new(format!("{SCRIPTS}/{name}"));
        command
            .envs([("BOOTSTRAP", self.bootstrap.as_str()), ("INPUT_TOPICS", "events")])
            .envs([("PARTITIONS", "1"), ("REPLICATION", "1"), ("MIN_INSYNC", "1")])
            .env("INPUT_RETENTION_DAYS", RETENTION_DAYS)
            .env("KAFKA_ACLS", self.path("kafka-acls.sh"))
            .env("KAFKA_TOPICS", self.path("kafka-topics.sh"));
        output(&mut command);
    }

    /// Adds or removes one permission.
    fn acls(&self, what: &str, of: &[&str]) {
        let mut arguments = vec![what, "--allow-principal", "User:paritywatch"];
        arguments.extend(of);
        if what == "--remove" {
            arguments.push("--force");
        }
        self.run("kafka-acls.sh", &arguments);
    }

    fn run(&self, name: &str, arguments: &[&str]) -> String {
        output(Command::new(self.path(name)).args(["--bootstrap-server", &self.bootstrap]).args(arguments))
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

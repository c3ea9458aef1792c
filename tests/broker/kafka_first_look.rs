//! Topics of other people's shapes, with a real schema registry: `inspect`, `init`, `run`, from nothing to a finding. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::kafka::{Broker, Record};
use crate::support::process::{Daemon, free_port, http_get};
use crate::support::registry::Registry;
use crate::support::setup::{START_MS, accepted, binary};

const LIMIT: Duration = Duration::from_secs(180);
const CASES: u64 = 900;
const CHANGES: &str = "dbserver1.inventory.assessments";
const VISITS: &str = "jdbc-visits";

struct Look {
    broker: Broker,
    registry: Registry,
    folder: tempfile::TempDir,
    port: u16,
}

impl Look {
    fn new(topics: &[&str]) -> Self {
        let broker = Broker::start();
        for topic in topics.iter().chain(&["paritywatch.dead-letter", "paritywatch.alerts"]) {
            broker.create_topic(topic, 1);
        }
        Self { broker, registry: Registry::start(), folder: tempfile::tempdir().unwrap(), port: free_port() }
    }

    /// Variables by which an example that is shipped finds what the test has started.
    fn variables(&self) -> Vec<(String, String)> {
        let variables = [
            ("KAFKA__BROKERS", self.broker.bootstrap()),
            ("KAFKA__SECURITY_PROTOCOL", "plaintext".to_owned()),
            ("REGISTRY__URLS", format!("[{:?}]", self.registry.url())),
            ("STATE__DIR", self.folder.path().join("state").display().to_string()),
            ("SERVER__LISTEN", format!("127.0.0.1:{}", self.port)),
            ("WINDOW__IDLE_AFTER", "1s".to_owned()),
            ("WINDOW__EVALUATE_EVERY", "1s".to_owned()),
            ("PRIVACY__MIN_CELL", "0".to_owned()),
            ("PRIVACY__REASON", "numbers are compared".to_owned()),
        ];
        variables.map(|(name, value)| (format!("PARITYWATCH__{name}"), value)).to_vec()
    }

    fn run(&self, arguments: &[&str], variables: &[(String, String)]) -> Output {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.folder.path()).envs(variables.iter().cloned()).output().unwrap()
    }

    /// What `inspect` says of its only, or first, topic.
    fn inspect(&self, arguments: &[&str], variables: &[(String, String)]) -> Value {
        let output = self.run(&[&["inspect", "--format", "json"][..], arguments].concat(), variables);
        assert!(output.status.success(), "{}", told(&output));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["inputs"].clone()
    }

    fn start(&self, config: &Path) -> Daemon {
        let variables = self.variables();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        Daemon::start(binary(), &["run", "--config", config.to_str().unwrap()], &variables)
    }

    fn finding(&self, daemon: &mut Daemon, group: &str) -> Value {
        let find = || {
            let response = http_get(&format!("http://127.0.0.1:{}/api/v1/evaluation", self.port)).ok()?;
            let evaluation: Value = serde_json::from_str(&response.text()).ok()?;
            let findings = evaluation["findings"].as_array()?.clone();
            findings.into_iter().find(|finding| finding["group"] == group && finding["verdict"] == "critical")
        };
        daemon.wait_until(LIMIT, "a critical finding", find)
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// What `tests/registry/produce.py` decides of a number.
fn is_selected(number: u64) -> bool {
    number.is_multiple_of(10) || number % 3 == 1 && number.is_multiple_of(4)
}

/// The example as it is shipped, with Confluent's serializer.
#[test]
#[ignore = "needs Apache Kafka and a schema registry: run tests/run"]
fn a_topic_in_avro_is_looked_at_and_gives_a_finding() {
    let mut look = Look::new(&["checks"]);
    look.registry.produce("checks", &look.broker, "checks", 0..CASES);
    let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/mappings/avro-checks.toml");
    let (path, variables) = (config.to_str().unwrap(), look.variables());

    let found = look.inspect(&["--config", path], &variables)[0].clone();
    assert_eq!(found["formats"][0]["framing"], "registry_avro", "{found}");
    let schema = &found["schemas"][0];
    assert_eq!(schema["types"], json!(["checks.assessment"]), "{found}");
    assert_eq!((&schema["registered"], &schema["records"]), (&json!(["checks-value version 1"]), &json!(CASES)));
    assert_eq!((&found["mapped"]["share"], &found["mapped"]["events"]), (&json!(1.0), &json!(CASES)), "{found}");
    assert_eq!(found["dimensions"][0]["groups"][0]["name"], "female", "{found}");
    assert_eq!(found["dimensions"][0]["missing"], json!([]), "{found}");
    let table = told(&look.run(&["inspect", "--config", path], &variables));
    assert!(table.contains("avro checks.assessment as checks-value version 1, 900 records"), "{table}");

    // Where nobody says that the topic is Avro, it is told how to say so. Without a registry nothing can be read.
    let plain = look.folder.path().join("plain.toml");
    let broker = look.broker.bootstrap();
    let kafka = format!("[kafka]\nbrokers = {broker:?}\nsecurity_protocol = \"plaintext\"\ntopics = [\"checks\"]\n");
    let registry = format!("[registry]\nurls = [{:?}]\n", look.registry.url());
    std::fs::write(&plain, format!("{kafka}{registry}")).unwrap();
    let found = look.inspect(&["--config", "plain.toml"], &[])[0].clone();
    assert_eq!((&found["mapped"]["events"], &found["mapped"]["refused"]), (&json!(0), &json!(CASES)), "{found}");
    let remark = "a [[mappings]] with topics = [\"checks\"] and format = \"avro\" reads them";
    assert!(found["topic"]["remarks"].to_string().replace('\\', "").contains(remark), "{found}");
    assert!(found["foreign"]["paths"].to_string().contains("/decision/selected"), "{found}");
    std::fs::write(&plain, &kafka).unwrap();
    let found = look.inspect(&["--config", "plain.toml"], &[])[0].clone();
    assert_eq!((&found["formats"][0]["framing"], &found["schemas"]), (&json!("registry"), &json!([])));
    assert!(found["topic"]["remarks"].to_string().contains("write [registry]"), "{found}");

    let mut daemon = look.start(&config);
    let metrics = || http_get(&format!("http://127.0.0.1:{}/metrics", look.port)).map(|response| response.text());
    daemon.wait_until(LIMIT, "all records", || metrics().ok().filter(|text| accepted(text) >= CASES as f64));
    let finding = look.finding(&mut daemon, "female");
    let women = (0..CASES).filter(|number| number % 3 == 1);
    assert_eq!(finding["group_counts"]["exposed"], women.clone().count(), "{finding}");
    assert_eq!(finding["group_counts"]["events"], women.filter(|number| is_selected(*number)).count(), "{finding}");
    assert!(daemon.terminate().success());

    // What the registry does not tell is unknown, and no bad input.
    look.registry.kill();
    let found = look.inspect(&["--config", path], &look.variables())[0].clone();
    let mapped = &found["mapped"];
    assert_eq!((&mapped["unknown_schema"], &mapped["refused"]), (&json!(CASES), &json!(0)), "{found}");
    assert!(found["topic"]["remarks"].to_string().contains("the schema registry gives no answer"), "{found}");
}

/// A row of a table in the change event of Debezium's documentation (PostgreSQL connector, "Data change events"): with the schema beside it, a snapshot's
/// rows as `r`, and updates without the row before, as `REPLICA IDENTITY DEFAULT` gives them.
fn change(number: u64, op: &str) -> Record {
    let at = START_MS + i64::try_from(number).unwrap() * 60_000;
    let picked = number.is_multiple_of(10) || number % 3 == 2 && number.is_multiple_of(4);
    let nationality = ["NLD", "BEL", "TUR"][usize::try_from(number % 3).unwrap()];
    let row = json!({
        "id": number, "case_number": format!("Z-{number:05}"), "picked": if picked { "Y" } else { "N" },
        "nationality": nationality, "decided_at": at * 1_000, "email": null,
    });
    let source = json!({
        "version": "3.0.0.Final", "connector": "postgresql", "name": "PostgreSQL_server", "ts_ms": at, "snapshot": op == "r", "db": "postgres",
        "sequence": "[\"24023119\",\"24023128\"]", "schema": "inventory", "table": "assessments", "txId": 555, "lsn": 24_023_128, "xmin": null,
    });
    let payload = json!({"before": null, "after": row, "source": source, "op": op, "ts_ms": at + 5});
    let schema = json!({"type": "struct", "optional": false, "name": "PostgreSQL_server.inventory.assessments.Envelope", "version": 1});
    let key = json!({"schema": {"type": "struct", "name": "PostgreSQL_server.inventory.assessments.Key"}, "payload": {"id": number}});
    Record::new(key.to_string(), json!({"schema": schema, "payload": payload}).to_string()).at_ms(at)
}

/// A row by the JDBC source connector and the JSON converter of Kafka Connect, as Confluent's "Converters and Serialization Explained" shows it.
fn visit(number: u64) -> Record {
    let at = START_MS + i64::try_from(number).unwrap() * 60_000 + 900_000;
    let field = |name: &str, of: &str| json!({"type": of, "optional": false, "field": name});
    let fields = [
        field("case_number", "string"),
        field("outcome", "string"),
        json!({"type": "int64", "optional": false, "name": "org.apache.kafka.connect.data.Timestamp", "version": 1, "field": "concluded_at"}),
    ];
    let outcome = if number.is_multiple_of(20) { "FRAUD" } else { "NONE" };
    let payload = json!({"case_number": format!("Z-{number:05}"), "outcome": outcome, "concluded_at": at});
    let value = json!({"schema": {"type": "struct", "fields": fields, "optional": false, "name": "visits"}, "payload": payload});
    Record { key: None, ..Record::new("", value.to_string()) }.at_ms(at)
}

#[test]
#[ignore = "needs Apache Kafka and a schema registry: run tests/run"]
fn three_topics_of_other_peoples_shapes_are_configured_from_a_look() {
    let look = Look::new(&[CHANGES, VISITS, "checks"]);
    look.registry.produce("checks", &look.broker, "checks", 0..CASES);
    let rows: Vec<Record> = (0..CASES).map(|number| change(number, if number < 600 { "r" } else { "c" })).collect();
    look.broker.produce(CHANGES, &rows);
    look.broker.produce(CHANGES, &(0..30).map(|number| change(number, "u")).collect::<Vec<_>>());
    let picked = (0..CASES).filter(|number| number.is_multiple_of(10) || number % 3 == 2 && number.is_multiple_of(4));
    look.broker.produce(VISITS, &picked.map(visit).collect::<Vec<_>>());
    let (brokers, url) = (look.broker.bootstrap(), look.registry.url());
    let connection = ["--brokers", &brokers, "--security-protocol", "plaintext"];
    let topics = ["--topic", CHANGES, "--topic", VISITS, "--topic", "checks"];

    // Without a registry the file says what is missing.
    let written = look.run(&[&["init", "--to", "without.toml"][..], &connection, &topics].concat(), &[]);
    assert!(written.status.success(), "{}", told(&written));
    let without = std::fs::read_to_string(look.folder.path().join("without.toml")).unwrap();
    assert!(without.contains("# open: checks: 900 records have the frame of a schema registry"), "{without}");
    assert!(without.contains("--registry URL") && !without.contains("format = \"avro\""), "{without}");

    let written = look.run(&[&["init", "--registry", &url][..], &connection, &topics].concat(), &[]);
    assert!(written.status.success(), "{}", told(&written));
    let path = look.folder.path().join("paritywatch.toml");
    let open = std::fs::read_to_string(&path).unwrap();
    for expected in [
        &format!("[registry]\nurls = [\"{url}\"]"),
        "format = \"avro\"",
        "envelope = \"debezium\"",
        "# open: 30 updates of the sample do not tell the row before them",
        "REPLICA IDENTITY FULL",
        "envelope = \"connect\"",
        "type = \"outcome\"",
        "case_id = \"/case_number\"",
        "selected = { path = \"/picked\", values = { \"N\" = false, \"Y\" = true } }",
        "time = { path = \"/decided_at\", format = \"epoch_us\" }  # of a column without zone write zone, too",
        "time = { path = \"/concluded_at\", format = \"epoch_ms\" }",
        "case_id = \"/assessmentid\"",
        // Some records have no model, so it is not taken for the profile, which none lacks.
        "profile = { value = \"checks\" }",
        "time = { path = \"/registertime\", format = \"epoch_ms\" }",
        "selected = \"/decision/selected\"",
        "\"groups.gender\" = \"/gender\"",
        "\"groups.nationality\" = \"/nationality\"",
    ] {
        assert!(open.contains(expected), "no {expected} in {open}");
    }
    // What is open is told, and is all that keeps the configuration from being taken.
    let checked = look.run(&["check-config", "--no-files", "paritywatch.toml"], &[]);
    assert_eq!(checked.status.code(), Some(78), "{}", told(&checked));
    let problems: Vec<String> =
        told(&checked).lines().map(str::to_owned).filter(|line| line.contains(".toml:")).collect();
    assert!(!problems.is_empty() && problems.iter().all(|line| line.contains("open")), "{problems:#?}");

    // Somebody decides.
    let decide = |rule: &str| {
        let (warning, critical) = if rule.contains("hit_rate") { ("0.9", "0.8") } else { ("1.1", "1.25") };
        rule.replace("warning = \"open\"", &format!("warning = {warning}"))
            .replace("critical = \"open\"", &format!("critical = {critical}\nevidence = \"interval\""))
    };
    let decided: Vec<String> = open.split("[[rules]]").map(decide).collect();
    let decided = decided.join("[[rules]]").replace(
        "outcome = \"/outcome\"",
        "outcome = { path = \"/outcome\", values = { FRAUD = \"violation\", NONE = \"no_violation\" } }",
    );
    std::fs::write(&path, &decided).unwrap();
    let checked = look.run(&["check-config", "--no-files", "paritywatch.toml"], &[]);
    assert!(checked.status.success(), "{}: {decided}", told(&checked));
    let found = look.inspect(&["--config", "paritywatch.toml"], &[]);
    assert_eq!(found[0]["mapped"]["events"], CASES, "{}", found[0]);
    assert_eq!(found[0]["mapped"]["refused"], 30, "{}", found[0]);
    assert_eq!((&found[1]["mapped"]["share"], &found[2]["mapped"]["share"]), (&json!(1.0), &json!(1.0)), "{found}");

    let mut daemon = look.start(&path);
    for group in ["FEMALE", "TUR"] {
        look.finding(&mut daemon, group);
    }
    assert!(daemon.terminate().success());
}

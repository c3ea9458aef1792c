//! Topics as they are: the change streams of two tables, from nothing to a finding, by the worked example of `config/mappings`. Run by
//! `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use support::kafka::{Broker, Record};
use support::process::{Daemon, check_metrics, free_port, http_get};
use support::setup::{START_MS, accepted, binary, sample};

const LIMIT: Duration = Duration::from_secs(120);
const ASSESSMENTS: &str = "casedb.public.assessments";
const VISITS: &str = "casedb.public.visits";
const CASES: i64 = 600;

struct Run {
    folder: tempfile::TempDir,
    url: String,
    variables: Vec<(String, String)>,
}

impl Run {
    fn new(broker: &Broker) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, state) = (free_port(), folder.path().join("state"));
        let variables = [
            ("KAFKA__BROKERS", broker.bootstrap()),
            ("KAFKA__SECURITY_PROTOCOL", "plaintext".to_owned()),
            ("STATE__DIR", state.display().to_string()),
            ("STATE__CHECKPOINT_EVERY", "1s".to_owned()),
            ("SERVER__LISTEN", format!("127.0.0.1:{port}")),
            ("WINDOW__IDLE_AFTER", "1s".to_owned()),
            ("WINDOW__EVALUATE_EVERY", "1s".to_owned()),
            ("PRIVACY__MIN_CELL", "0".to_owned()),
            ("PRIVACY__REASON", "numbers are compared".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (format!("PARITYWATCH__{name}"), value)).to_vec();
        Self { folder, url: format!("http://127.0.0.1:{port}"), variables }
    }

    /// The example as it is shipped.
    fn start(&self) -> Daemon {
        let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/mappings/debezium-cases.toml");
        let variables: Vec<(&str, &str)> = self.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        Daemon::start(binary(), &["run", "--config", config.to_str().unwrap()], &variables)
    }

    fn metrics(&self) -> String {
        http_get(&format!("{}/metrics", self.url)).map(|response| response.text()).unwrap_or_default()
    }

    fn wait_for(&self, daemon: &mut Daemon, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        daemon.wait_until(LIMIT, what, || Some(self.metrics()).filter(|metrics| is_so(metrics)))
    }
}

/// A change of a row, in an envelope of Kafka Connect or not.
fn change(table: &str, op: &str, (before, after): (&Value, &Value), at: i64, wrapped: bool) -> Record {
    let source = json!({
        "version": "3.0.0.Final", "connector": "postgresql", "name": "casedb", "ts_ms": at, "db": "cases", "schema": "public", "table": table,
    });
    let change =
        json!({"before": before, "after": after, "source": source, "op": op, "ts_ms": at + 5, "transaction": null});
    let value =
        if wrapped { json!({"schema": {"type": "struct", "name": "Envelope"}, "payload": change}) } else { change };
    Record::new("{}", value.to_string()).on_partition(0).at_ms(at)
}

fn assessment(number: i64, picked: bool) -> Value {
    let time = jiff::Timestamp::from_millisecond(START_MS + number * 60_000).unwrap().to_string();
    json!({
        "municipality": 363, "number": format!("{number}"), "model": "BC1", "score_class": "high", "picked": if picked { "J" } else { "N" },
        "origin_code": number % 3 + 1, "assessed_at": time, "clerk": "c"
    })
}

/// The third group is picked three times as often.
fn is_picked(number: i64) -> bool {
    number % 10 == 0 || number % 3 == 2 && number % 10 < 3
}

fn visit(number: i64, result: Option<&str>) -> Value {
    let at = (START_MS + number * 60_000 + 600_000) * 1_000;
    json!({"municipality": 363, "number": format!("{number}"), "visit": 1, "kind": "H", "visited_at": at, "result": result})
}

/// Rows that are made, corrected, and filled in; one that nobody can read. Returns also how many events they give.
fn records() -> (Vec<Record>, Vec<Record>, u64) {
    let at = |number: i64| START_MS + number * 60_000 + 1_000;
    let (mut assessments, mut visits, mut events) = (Vec::new(), Vec::new(), 0);
    for number in 0..CASES {
        let row = assessment(number, is_picked(number));
        // Some were first written as not picked.
        let first = if number % 20 == 0 { assessment(number, false) } else { row.clone() };
        assessments.push(change("assessments", "c", (&Value::Null, &first), at(number), number % 2 == 0));
        events += 1;
        if first != row {
            assessments.push(change("assessments", "u", (&first, &row), at(number) + 500, false));
            events += 1;
        }
        let mut touched = row.clone();
        touched["clerk"] = json!("d");
        assessments.push(change("assessments", "u", (&row, &touched), at(number) + 700, false));
        if is_picked(number) {
            let (open, done) = (visit(number, None), visit(number, Some(if number % 4 == 0 { "FRAUD" } else { "OK" })));
            visits.push(change("visits", "c", (&Value::Null, &open), at(number) + 800_000, false));
            visits.push(change("visits", "u", (&open, &done), at(number) + 900_000, true));
            events += 2;
        }
    }
    assessments.push(change("assessments", "d", (&assessment(1, is_picked(1)), &Value::Null), at(CASES), false));
    assessments.push(Record { payload: None, ..Record::new("{}", "").on_partition(0).at_ms(at(CASES)) });
    let mut unknown = assessment(CASES, true);
    unknown["picked"] = json!("?");
    assessments.push(change("assessments", "c", (&Value::Null, &unknown), at(CASES), false));
    (assessments, visits, events)
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn the_change_streams_of_two_tables_give_a_finding() {
    let broker = Broker::start();
    for topic in [ASSESSMENTS, VISITS, "paritywatch.dead-letter", "paritywatch.alerts"] {
        broker.create_topic(topic, 1);
    }
    let (assessments, visits, events) = records();
    broker.produce(ASSESSMENTS, &assessments);
    broker.produce(VISITS, &visits);
    let run = Run::new(&broker);
    let mut daemon = run.start();
    let counted =
        |metrics: &str| accepted(metrics) >= events as f64 && sample(metrics, "paritywatch_ready") == Some(1.0);
    let metrics = run.wait_for(&mut daemon, "that all is counted", counted);
    check_metrics(&metrics);
    assert_eq!(accepted(&metrics), events as f64, "{metrics}");
    let of = |mapping: &str, result: &str| {
        sample(&metrics, &format!("paritywatch_mapping_records_total{{mapping=\"{mapping}\",result=\"{result}\"}}"))
            .unwrap()
    };
    // Each row was touched once, and one tombstone came.
    assert_eq!(of("assessments", "unchanged"), CASES as f64 + 1.0);
    assert_eq!((of("assessments", "deleted"), of("assessments", "refused"), of("visits", "refused")), (1.0, 1.0, 0.0));
    let picked = (0..CASES).filter(|number| is_picked(*number)).count() as f64;
    assert_eq!(
        (of("visits", "mapped"), of("visits", "unchanged"), of("results", "mapped"), of("results", "unmapped")),
        (picked, picked, picked, picked)
    );

    let find = || {
        let response = http_get(&format!("{}/api/v1/evaluation", run.url)).ok()?;
        let evaluation: Value = serde_json::from_str(&response.text()).ok()?;
        let findings = evaluation["findings"].as_array()?.clone();
        findings.into_iter().find(|finding| finding["group"] == "non_european" && finding["verdict"] == "critical")
    };
    let finding = daemon.wait_until(LIMIT, "a critical finding", find);
    assert_eq!(finding["group_counts"]["exposed"], CASES / 3, "{finding}");
    let expected = (0..CASES).filter(|number| number % 3 == 2 && is_picked(*number)).count();
    assert_eq!(finding["group_counts"]["events"], expected, "{finding}");

    let letters = daemon.wait_until(LIMIT, "a dead letter", || {
        Some(broker.read_all("paritywatch.dead-letter")).filter(|letters| !letters.is_empty())
    });
    assert_eq!(letters.len(), 1);
    let header = |name: &str| letters[0].header_text(&format!("__connect.errors.{name}")).unwrap();
    assert_eq!((header("topic"), header("offset")), (ASSESSMENTS.to_owned(), (assessments.len() - 1).to_string()));
    let why = "mapping \"assessments\": selected (from /picked): expected one of its 2 values, found a string that is none of them";
    assert_eq!(header("exception.message"), why);

    // What was read since the last checkpoint is read again after a crash, and counts once.
    daemon.kill();
    let mut daemon = run.start();
    let last = assessment(CASES + 1, true);
    broker.produce(ASSESSMENTS, &[change("assessments", "c", (&Value::Null, &last), START_MS + CASES * 60_000, false)]);
    let all = events as f64 + 1.0;
    let metrics = run.wait_for(&mut daemon, "the last row", |metrics| accepted(metrics) >= all);
    assert_eq!(accepted(&metrics), all);
    assert_eq!(broker.read_all("paritywatch.dead-letter").len(), 1, "{}", run.folder.path().display());
    assert!(daemon.terminate().success());
}

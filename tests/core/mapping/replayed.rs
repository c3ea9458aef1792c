//! A stream by the contract and the same stream in other shapes, by mappings: `replay` finds the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value, json};

const RULES: &str = r#"
[privacy]
min_cell = 0
reason = "numbers are compared"
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
evidence = "interval"
[[rules]]
name = "hits"
indicator = "hit_rate"
reference = "dutch"
windows = ["90d"]
warning = 0.9
critical = 0.8
evidence = "interval"
"#;

const MAPPINGS: &str = r#"
[[mappings]]
name = "assessed"
files = ["assessed*.jsonl"]
envelope = "debezium"
type = "selection"
[mappings.fields]
case_id = { paths = ["/office", "/number"], join = "/" }
time = { path = "/assessed_at", format = "epoch_us" }
profile = { path = "/scheme", values = { 7 = "cub" } }
selected = { path = "/picked", values = { J = true, N = false } }
"groups.origin" = { path = "/origin", values = { 1 = "dutch", 2 = "european", 3 = "non_european" } }
[[mappings]]
name = "visits"
files = ["visits.jsonl"]
envelope = "connect"
each = "/visits"
when = [{ path = "/state", in = ["DONE"] }]
type = "control"
[mappings.fields]
id = "/id"
case_id = { paths = ["$/office", "number"], join = "/" }
time = { path = "/at", format = "local", zone = "Europe/Amsterdam" }
[[mappings]]
name = "results"
files = ["visits.jsonl"]
envelope = "connect"
each = "/visits"
when = [{ path = "/result", exists = true }]
type = "outcome"
[mappings.fields]
id = "/id"
case_id = { paths = ["$/office", "number"], join = "/" }
time = { path = "/at", format = "local", zone = "Europe/Amsterdam" }
outcome = { path = "/result", values = { "+" = "violation", "-" = "no_violation" } }
"#;

fn replay(config: &Path, arguments: &[&str], files: &[PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.args(["replay", "--format", "json", "--config"]).arg(config).args(arguments).args(files);
    command.output().unwrap()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Events of the contract: cases of three groups, of which one is picked more often, with controls and outcomes.
fn stream() -> Vec<Value> {
    let time = |minute: i64| jiff::Timestamp::from_second(1_772_323_200 + minute * 60).unwrap().to_string();
    let event = |kind: &str, id: String, minute: i64, data: Value| json!({"specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/s", "id": id, "time": time(minute), "data": data});
    let mut events = Vec::new();
    for number in 0..1_500_i64 {
        let case = format!("amsterdam/{number}-x");
        let group = ["dutch", "european", "non_european"][usize::try_from(number % 3).unwrap()];
        let picked = number % 5 == 0 || number % 3 == 2 && number % 4 == 0;
        let data = json!({"case_id": case, "profile": "cub", "selected": picked, "groups": {"origin": group}});
        events.push(event("selection", format!("s{number}"), number * 10, data));
        if picked {
            let outcome = if number % 7 == 0 { "violation" } else { "no_violation" };
            events.push(event("control", format!("c{number}"), number * 10 + 5, json!({"case_id": case})));
            events.push(event(
                "outcome",
                format!("o{number}"),
                number * 10 + 7,
                json!({"case_id": case, "outcome": outcome}),
            ));
        }
    }
    events
}

/// The same in other shapes: by file, its lines.
fn foreign(events: &[Value]) -> BTreeMap<&'static str, String> {
    let mut files = BTreeMap::from([("assessed.jsonl", String::new()), ("visits.jsonl", String::new())]);
    for event in events {
        let data = &event["data"];
        let (office, number) = data["case_id"].as_str().unwrap().split_once('/').unwrap();
        let at: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
        let local = at.to_zoned(jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap()).datetime().to_string();
        let mut visit = Map::from_iter([
            ("id".to_owned(), event["id"].clone()),
            ("number".to_owned(), json!(number)),
            ("at".to_owned(), json!(local)),
        ]);
        let (file, line) = match event["type"].as_str().unwrap() {
            "paritywatch.selection.v1" => {
                let origin = match data["groups"]["origin"].as_str().unwrap() {
                    "dutch" => 1,
                    "european" => 2,
                    _ => 3,
                };
                let picked = if data["selected"] == true { "J" } else { "N" };
                let row = json!({"office": office, "number": number, "assessed_at": at.as_microsecond(), "scheme": "7", "picked": picked, "origin": origin});
                (
                    "assessed.jsonl",
                    json!({"schema": {}, "payload": {"before": null, "after": row, "op": "c", "ts_ms": 1}}),
                )
            }
            kind => {
                if kind.contains("outcome") {
                    visit.insert("result".to_owned(), json!(if data["outcome"] == "violation" { "+" } else { "-" }));
                } else {
                    visit.insert("state".to_owned(), json!("DONE"));
                }
                (
                    "visits.jsonl",
                    json!({"schema": {"type": "struct"}, "payload": {"office": office, "visits": [visit, {"state": "PLANNED"}]}}),
                )
            }
        };
        let lines = files.get_mut(file).unwrap();
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    files
}

struct Made {
    folder: tempfile::TempDir,
    contract: Value,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let events = stream();
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        write("contract.toml", RULES);
        write("mapped.toml", &format!("{RULES}{MAPPINGS}"));
        write("events.ndjson", &lines.join("\n"));
        foreign(&events).iter().for_each(|(name, text)| write(name, text));
        let contract =
            document(&replay(&folder.path().join("contract.toml"), &[], &[folder.path().join("events.ndjson")]));
        Self { folder, contract }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mapped(&self, arguments: &[&str]) -> Output {
        replay(&self.path("mapped.toml"), arguments, &[self.path("visits.jsonl"), self.path("assessed.jsonl")])
    }
}

/// Findings, and what became of events; not the hash of the configuration, which has mappings.
fn of(document: &Value) -> (Value, Value) {
    let mut findings = document["findings"].clone();
    for finding in findings.as_array_mut().unwrap() {
        finding.as_object_mut().unwrap().remove("config_hash");
    }
    (findings, document["events"].clone())
}

#[test]
fn the_same_events_by_the_contract_and_by_mappings_give_the_same_findings() {
    let made = Made::new();
    let (findings, events) = of(&made.contract);
    assert!(findings.as_array().unwrap().iter().any(|finding| finding["verdict"] == "critical"), "{findings}");
    assert_eq!(events["accepted"], stream().len());
    let mapped = document(&made.mapped(&[]));
    assert_eq!(of(&mapped), (findings, events));
}

#[test]
fn a_file_without_a_mapping_is_read_by_the_contract_beside_one_that_has_one() {
    let made = Made::new();
    let text = std::fs::read_to_string(made.path("events.ndjson")).unwrap();
    let others: Vec<&str> = text.lines().filter(|line| !line.contains("selection")).collect();
    std::fs::write(made.path("rest.ndjson"), others.join("\n")).unwrap();
    let mixed = replay(&made.path("mapped.toml"), &[], &[made.path("rest.ndjson"), made.path("assessed.jsonl")]);
    assert_eq!(of(&document(&mixed)), of(&made.contract));
}

#[test]
fn a_line_that_is_refused_is_named_and_one_without_an_event_is_counted() {
    let made = Made::new();
    let mut lines: Vec<String> =
        std::fs::read_to_string(made.path("assessed.jsonl")).unwrap().lines().map(str::to_owned).collect();
    lines[2] = lines[2].replace("\"J\"", "\"?\"").replace("\"N\"", "\"?\"");
    lines[4] = lines[4].replace("\"op\":\"c\"", "\"op\":\"m\"");
    std::fs::write(made.path("assessed.jsonl"), lines.join("\n")).unwrap();
    let output = made.mapped(&["--max-lost", "1"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "assessed.jsonl:3: invalid_value: mapping \"assessed\": selected (from /picked): expected one of its 2 values, found a string that is none of them";
    assert!(errors.contains(expected), "{errors}");
    let document = document(&output);
    assert_eq!((&document["events"]["rejected"], &document["events"]["unmapped"]), (&json!(1), &json!(1)), "{errors}");
    // What no condition asks for is no loss.
    let strict = made.mapped(&["--max-lost", "0"]);
    assert_eq!(strict.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&strict.stderr).contains("1 of "), "{}", String::from_utf8_lossy(&strict.stderr));
}

#[test]
fn lines_in_order_are_mapped_too() {
    let made = Made::new();
    let selections = made.path("assessed.jsonl");
    let sorted = document(&replay(&made.path("mapped.toml"), &[], std::slice::from_ref(&selections)));
    let streamed = document(&replay(&made.path("mapped.toml"), &["--in-order"], &[selections]));
    assert_eq!(of(&streamed), of(&sorted));
}

/// An export of a municipality, from nothing to a finding by the worked example.
#[test]
fn the_example_of_an_export_gives_a_finding() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mappings/benefit-checks.toml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.csv");
    let mut text = "gemeente;dossier;beoordeeld;gekozen;herkomst;wijk\n".to_owned();
    let (mut assessed, mut picked) = (0, 0);
    for number in 0..6_000_usize {
        let of_group = number % 5 == 0;
        let is_picked = if of_group { number % 15 == 0 } else { number % 11 == 0 };
        (assessed, picked) = (assessed + usize::from(of_group), picked + usize::from(of_group && is_picked));
        let (day, hour) = (1 + number / 240, number % 24);
        let (mark, group) = (if is_picked { 'J' } else { 'N' }, if of_group { 3 } else { 1 });
        let district = ["Noord", "Zuid"][number / 2 % 2];
        text.push_str(&format!("Oostdam;{number};2026-03-{day:02}T{hour:02}:15:00;{mark};{group};\"{district}\"\n"));
    }
    // One not yet assessed, and one with a mark that nobody knows.
    text.push_str("Oostdam;6000;;N;1;Noord\nOostdam;6001;2026-03-20T10:00:00;X;1;Zuid\n");
    std::fs::write(&file, &text).unwrap();
    let output = replay(&config, &[], std::slice::from_ref(&file));
    let refused = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        refused.contains("export.csv:6003: invalid_value: mapping \"benefit-checks\": selected (from /gekozen)"),
        "{refused}"
    );
    let found = document(&output);
    assert_eq!((&found["events"]["accepted"], &found["events"]["rejected"]), (&json!(6_000), &json!(1)), "{found}");
    let findings = found["findings"].as_array().unwrap();
    let is_it = |finding: &&Value| finding["group"] == "non_european" && finding["window"] == "30d";
    let finding = findings.iter().find(is_it).unwrap();
    assert_eq!(finding["verdict"], "critical", "{finding}");
    let near = |told: &Value, truth: usize| told.as_u64().unwrap().abs_diff(truth as u64) <= 5;
    let counts = &finding["group_counts"];
    assert!(near(&counts["exposed"], assessed) && near(&counts["events"], picked), "{finding}");

    let mut inspect = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    let looked = inspect.args(["inspect", "--format", "json", "--config"]).arg(&config).arg(&file).output().unwrap();
    let looked = document(&looked).to_string();
    assert!(looked.contains("benefit-checks") && !looked.contains("2026-000"), "{looked}");
    let drafted = folder.path().join("first.toml");
    let mut init = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    assert!(init.args(["init", "--to"]).arg(&drafted).arg(&file).output().unwrap().status.success());
    assert!(std::fs::read_to_string(&drafted).unwrap().contains("format = \"csv\""));
}

/// An export whose columns have other names: nothing is taken for "not there" in silence.
#[test]
fn a_column_that_an_export_does_not_have_is_told() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mappings/benefit-checks.toml");
    let folder = tempfile::tempdir().unwrap();
    let told = |header: &str| {
        let file = folder.path().join("export.csv");
        let rows: String = (0..50).map(|number| format!("Oostdam;{number};2026-03-01T10:15:00;J;1;Noord\n")).collect();
        std::fs::write(&file, format!("{header}\n{rows}")).unwrap();
        let output = replay(&config, &[], &[file]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = told("gemeente;dossier;beoordeeld;gekozen?;herkomst;wijk");
    let expected = "mapping \"benefit-checks\": selected (from /gekozen): expected a column of this name, found none; did you mean \"gekozen?\"?";
    assert!(code == Some(74) && text.contains(expected), "{text}");
    let (code, text) = told("gemeente;dossier;beoordeeld;gekozen;Herkomst;wijk");
    let expected = "export.csv: mapping \"benefit-checks\": groups.origin (from /herkomst): expected a column of this name, found none; did you mean \"Herkomst\"?";
    assert!(code == Some(0) && text.contains(expected), "{code:?} {text}");
    assert!(told("gemeente;dossier;beoordeeld;gekozen;herkomst;wijk").1.is_empty());
}

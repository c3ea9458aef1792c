//! `inspect` and `init` on files: what they say of events of the contract, of other people's records, and of what is neither.
//!
//! `PARITYWATCH_UPDATE_GOLDEN=1 cargo test --test core inspect::` rewrites the documents in `tests/inspect`.

mod init;
mod shapes;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::canaries::{Search, stream};
use crate::support::kafka::Record;
use crate::support::setup::binary;
use crate::support::unchanged::repository;

/// A configuration to look by.
pub const CONFIG: &str = r#"
[profiles.cub]
[profiles.other]
[dimensions.origin]
ground = "race"
groups = ["dutch", "european", "non_european"]
aliases = { "NL" = "dutch" }
[[rules]]
name = "selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
[[rules]]
name = "hits"
indicator = "hit_rate"
windows = ["90d"]
warning = 0.9
critical = 0.8
[[rules]]
name = "by-office"
indicator = "control_frequency"
warning = 1.1
critical = 1.25
stratify_by = "office"
[[rules]]
name = "human"
kind = "automation"
"#;

/// A folder with a configuration and a file of lines.
pub struct Look {
    pub folder: tempfile::TempDir,
    pub file: PathBuf,
}

impl Look {
    pub fn new(name: &str, lines: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), CONFIG).unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        Self { folder, file }
    }

    /// Runs the program in the folder, so that the names of files in documents have no folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments)
    }

    fn inspect(&self, format: &str) -> String {
        let name = self.file.file_name().unwrap().to_str().unwrap();
        let output = self.run(&["inspect", "--config", "config.toml", "--format", format, name]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The document, which must be as the schema says, and as it was before.
    #[track_caller]
    pub fn document(&self) -> Value {
        let text = self.inspect("json");
        let document: Value = serde_json::from_str(&text).unwrap();
        check_schema(&document);
        let name = self.file.file_stem().unwrap().to_str().unwrap().to_owned();
        golden(&format!("{name}.json"), &text);
        golden(&format!("{name}.txt"), &self.inspect("table"));
        document["inputs"][0].clone()
    }
}

pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
pub fn check_schema(document: &Value) {
    let text = std::fs::read_to_string(repository().join("config/contract/inspect.schema.json")).unwrap();
    let schema = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.validate(document).unwrap_or_else(|error| panic!("{error} at {}", error.instance_path));
}

#[track_caller]
pub fn golden(name: &str, found: &str) {
    let path = repository().join("tests/inspect").join(name);
    if std::env::var_os("PARITYWATCH_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

/// The paths of records that are not of the contract, with what they could be.
fn guesses(input: &Value) -> Vec<(String, String)> {
    let text = |path: &Value, key: &str| path[key].as_str().map(str::to_owned);
    let paths = input["foreign"]["paths"].as_array().unwrap();
    paths.iter().filter_map(|path| Some((text(path, "guess")?, text(path, "path")?))).collect()
}

#[track_caller]
fn check_guess(input: &Value, field: &str, path: &str) {
    let guesses = guesses(input);
    assert!(guesses.contains(&(field.to_owned(), path.to_owned())), "{field} is not {path}: {guesses:#?}");
}

#[test]
fn events_of_the_contract_are_counted_and_what_is_wrong_is_named() {
    let look = Look::new("contract.jsonl", &shapes::contract());
    let found = look.document();
    assert_eq!(found["mapped"]["events"], 604);
    let refused = found["refused"].as_array().unwrap();
    let refusal = |reason: &str| refused.iter().find(|refused| refused["reason"] == reason).unwrap();
    assert_eq!(refusal("missing_field")["offset"], 605, "{refused:?}");
    assert!(refusal("missing_field")["detail"].as_str().unwrap().starts_with("data.profile"), "{refused:?}");
    assert_eq!(refusal("near_miss")["records"], 1);
    let origin = &found["dimensions"][0];
    // A spelling that many cases have is named, with what it looks like; one that few have is not.
    assert_eq!(origin["unlisted"][0]["name"], "Dutch");
    assert_eq!(origin["unlisted"][0]["looks_like"], "dutch");
    assert_eq!(origin["others"], true);
    assert_eq!(origin["missing"], serde_json::json!(["european"]));
    assert_eq!(found["profiles"]["unlisted"]["names"][0]["name"], "unheard-of");
    // Each tenth selection is 20 hours late.
    assert_eq!(found["lateness"]["fits_s"], 20 * 3_600);
    assert_eq!(found["lateness"]["is_enough"], false);
    let whole: Value = serde_json::from_str(&look.inspect("json")).unwrap();
    let rule =
        |name: &str| whole["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == name).unwrap().clone();
    assert!(rule("selection")["lacks"].as_array().unwrap().is_empty());
    assert!(rule("selection")["comparisons"][2]["exposed"].as_u64().unwrap() > 0);
    // An outcome implies its control.
    assert!(rule("hits")["lacks"].as_array().unwrap().is_empty());
    assert!(rule("by-office")["lacks"][0].as_str().unwrap().contains("office"));
    assert!(rule("human")["lacks"][0].as_str().unwrap().contains("decided_by"));
}

#[test]
fn a_change_stream_of_a_table_is_told_field_by_field() {
    let found = Look::new("debezium.jsonl", &shapes::debezium()).document();
    assert_eq!(found["foreign"]["envelope"], "debezium");
    assert_eq!(found["foreign"]["event_type"], "selection");
    assert_eq!(found["foreign"]["deletes"], 3);
    for (field, path) in [
        ("case_id", "/zaaknummer"),
        ("selected", "/geselecteerd"),
        ("time", "/besluitdatum"),
        ("groups.origin", "/herkomst"),
        ("strata.region", "/gemeente"),
    ] {
        check_guess(&found, field, path);
    }
}

#[test]
fn records_of_connect_and_of_avro_in_json_are_told_too() {
    let found = Look::new("connect.jsonl", &shapes::connect()).document();
    assert_eq!(found["foreign"]["envelope"], "connect");
    assert_eq!(found["foreign"]["event_type"], "outcome");
    check_guess(&found, "case_id", "/dossier_id");
    check_guess(&found, "outcome", "/uitkomst");
    check_guess(&found, "time", "/datum");
    let found = Look::new("avro.jsonl", &shapes::avro()).document();
    check_guess(&found, "case_id", "/caseId/string");
    check_guess(&found, "selected", "/selected/boolean");
    check_guess(&found, "time", "/decidedAt/long");
}

#[test]
fn events_in_an_array_are_found_there() {
    let found = Look::new("array.jsonl", &shapes::array()).document();
    assert_eq!(found["foreign"]["each"], "/items");
    check_guess(&found, "case_id", "/items/*/case_number");
}

/// Whatever stands in a file, no value of it is told, and no name that looks like data.
#[test]
fn a_mess_is_counted_and_nothing_of_it_is_told() {
    let look = Look::new("messy.jsonl", &shapes::messy());
    let found = look.document();
    for text in [found.to_string(), look.inspect("table")] {
        for secret in shapes::SECRETS {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let framings: Vec<&str> =
        found["formats"].as_array().unwrap().iter().map(|format| format["framing"].as_str().unwrap()).collect();
    for framing in ["json", "text", "binary", "registry", "registry_json", "avro_file"] {
        assert!(framings.contains(&framing), "{framings:?}");
    }
    assert!(found["foreign"]["hidden_names"].as_u64().unwrap() > 100, "{}", found["foreign"]);
}

/// Each line is by itself: nothing but the text says whom it is about.
#[test]
fn marked_data_is_in_no_look() {
    let line = |record: Record| {
        let bytes: Vec<u8> = record.payload.unwrap_or_default().into_iter().filter(|byte| *byte != b'\n').collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let look = Look::new("marked.jsonl", &stream().into_iter().map(line).collect::<Vec<_>>());
    let search = Search::published();
    for format in ["json", "table"] {
        search.check(format, look.inspect(format).as_bytes());
    }
    let written = look.run(&["init", "marked.jsonl"]);
    search.check("init", &[written.stdout, written.stderr].concat());
    search.check("its file", &std::fs::read(look.folder.path().join("paritywatch.toml")).unwrap());
}

#[test]
fn what_cannot_be_looked_at_is_told() {
    let look = Look::new("empty.jsonl", &[]);
    let output = look.run(&["inspect", "--config", "config.toml", "empty.jsonl"]);
    assert_eq!(output.status.code(), Some(65));
    let output = look.run(&["inspect", "--config", "config.toml", "absent.jsonl"]);
    assert_eq!(output.status.code(), Some(74));
    let output = look.run(&["inspect", "--config", "config.toml"]);
    assert_eq!(output.status.code(), Some(64));
    let output = look.run(&["inspect", "--config", "config.toml", "--topic", "t"]);
    assert_eq!(output.status.code(), Some(78), "{}", String::from_utf8_lossy(&output.stderr));
    let output = look.run(&["inspect", "--config", "config.toml", "--sample", "0", "empty.jsonl"]);
    assert_eq!(output.status.code(), Some(64));
}

/// With a smaller sample only the first lines are read.
#[test]
fn a_sample_is_no_larger_than_asked_for() {
    let look = Look::new("contract.jsonl", &shapes::contract());
    let output =
        look.run(&["inspect", "--config", "config.toml", "--format", "json", "--sample", "7", "contract.jsonl"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["inputs"][0]["sample"]["records"], 7);
    assert_eq!(document["inputs"][0]["sample"]["held"], Value::Null);
}

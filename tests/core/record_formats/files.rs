//! `replay` of CSV and Parquet: the same findings as of the same events in JSON lines.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

pub(super) fn replay(config: &Path, arguments: &[&str], files: &[PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.args(["replay", "--format", "json", "--config"]).arg(config).args(arguments).args(files).output().unwrap()
}

pub(super) fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn case() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cases/file-not-in-order-of-time")
}

const SCHEMA: &str = "message events {
    REQUIRED BYTE_ARRAY specversion (STRING); REQUIRED BYTE_ARRAY type (STRING); REQUIRED BYTE_ARRAY source (STRING);
    REQUIRED BYTE_ARRAY id (STRING); REQUIRED BYTE_ARRAY time (STRING);
    REQUIRED group data {
        REQUIRED BYTE_ARRAY profile (STRING);
        REQUIRED BYTE_ARRAY groups.origin (STRING);
        REQUIRED group counts { REQUIRED INT64 assessed; REQUIRED INT64 selected; }
    }
}";

fn write_parquet(path: &Path, events: &[Value]) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for pointer in [
        "/specversion",
        "/type",
        "/source",
        "/id",
        "/time",
        "/data/profile",
        "/data/groups/origin",
        "/data/counts/assessed",
        "/data/counts/selected",
    ] {
        let mut column = group.next_column().unwrap().unwrap();
        let values = events.iter().map(|event| event.pointer(pointer).unwrap());
        if pointer.contains("counts") {
            let values: Vec<i64> = values.map(|value| value.as_i64().unwrap()).collect();
            column.typed::<Int64Type>().write_batch(&values, None, None).unwrap();
        } else {
            let values: Vec<ByteArray> = values.map(|value| ByteArray::from(value.as_str().unwrap())).collect();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn events_in_parquet_give_the_findings_that_they_give_in_json() {
    let (config, folder) = (case().join("config.toml"), tempfile::tempdir().unwrap());
    let file = case().join("events.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let path = folder.path().join("events.parquet");
    write_parquet(&path, &events);
    let expected = document(&replay(&config, &[], &[file]));
    assert!(expected["events"]["accepted"].as_u64().unwrap() > 50);
    assert_eq!(document(&replay(&config, &[], &[path])), expected);
}

#[test]
fn rows_of_csv_that_do_not_fit_are_counted_and_named_with_their_line() {
    let (config, folder) = (case().join("config.toml"), tempfile::tempdir().unwrap());
    let csv = folder.path().join("outcomes.csv");
    let header = "specversion;type;source;id;time;data.case_id;data.outcome\n";
    let row =
        |number: u32| format!("1.0;paritywatch.outcome.v1;/csv;o{number};2026-01-01T00:00:00Z;c{number};violation\n");
    let good: String = (0..20).map(row).collect();
    std::fs::write(&csv, format!("{header}{good}1.0;too few\n1.0;\"a mark that\nis closed late\"\n{}", row(20)))
        .unwrap();
    let files = [case().join("events.jsonl"), csv.clone()];
    for arguments in [&["--max-lost", "1"][..], &["--max-lost", "1", "--in-order"]] {
        let output = replay(&config, arguments, &files);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        if arguments.contains(&"--in-order") {
            // The case's own file is not in order, which ends it; the rows are named all the same.
            assert!(told.contains("outcomes.csv:22: unsupported_format: row: expected 7 values"), "{told}");
            continue;
        }
        let found = document(&output);
        assert!(
            told.contains(
                "outcomes.csv:22: unsupported_format: row: expected 7 values, as the first row has them, found 2"
            ),
            "{told}"
        );
        assert!(told.contains("outcomes.csv:23: unsupported_format"), "{told}");
        assert_eq!(found["events"]["rejected"], 3, "a row of two lines is two");
        let without = document(&replay(&config, &[], &files[..1]));
        assert_eq!(found["events"]["read"].as_u64(), without["events"]["read"].as_u64().map(|read| read + 24));
    }
    let output = replay(&config, &[], &files);
    assert_eq!(output.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the first is "));
}

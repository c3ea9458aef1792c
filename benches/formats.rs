//! Measures what other formats cost: from the bytes of a record or row to an event of the contract by a mapping, and `replay` of whole files.
//!
//! `cargo bench --bench formats -- [EVENTS]`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]
#![allow(deprecated, reason = "the writer that replaces `to_avro_datum` is made of more parts")]

mod support;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use apache_avro::types::Value as Avro;
use paritywatch::event::RawRecord;
use paritywatch::mapping::{Bounds, Mapped, Mapper, Mapping, Place};
use paritywatch::plan::Limits;
use paritywatch::settings::Settings;
use paritywatch::source::format::{AvroSchema, Columns, Found, Parquet, Schema};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use support::processor::seconds;

const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };
const BEGIN_MS: i64 = 1_772_323_200_000;
const ROUNDS: usize = 3;

const CONFIG: &str = r#"
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
"#;
const FIELDS: &str = r#"
type = "selection"
[mappings.fields]
id = "/case"
case_id = "/case"
time = "/at"
profile = { value = "cub" }
selected = "/picked"
"groups.origin" = "/origin"
"strata.region" = "/region"
"#;
const AVRO: &str = r#"{"type":"record","name":"row","fields":[
{"name":"case","type":"string"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"picked","type":"boolean"},
{"name":"origin","type":"string"},{"name":"region","type":["null","string"]},{"name":"office","type":"long"},{"name":"score","type":"double"},
{"name":"clerk","type":"string"},{"name":"remark","type":"string"},{"name":"changed","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;
const PARQUET: &str = "message rows { REQUIRED BYTE_ARRAY case (STRING); REQUIRED INT64 at (TIMESTAMP(MILLIS,true)); REQUIRED BOOLEAN picked;
REQUIRED BYTE_ARRAY origin (STRING); OPTIONAL BYTE_ARRAY region (STRING); REQUIRED INT64 office; REQUIRED DOUBLE score;
REQUIRED BYTE_ARRAY clerk (STRING); REQUIRED BYTE_ARRAY remark (STRING); REQUIRED INT64 changed (TIMESTAMP(MILLIS,true)); }";
const ROWS_OF_A_GROUP: usize = 100_000;

/// A row of an export: half of it is read by the mapping.
struct Row {
    case: String,
    at: i64,
    picked: bool,
    origin: &'static str,
    region: Option<&'static str>,
    office: i64,
    score: f64,
    clerk: String,
    remark: String,
    changed: i64,
}

fn row(number: i64) -> Row {
    Row {
        case: format!("Z-2026-{number:08}"),
        at: BEGIN_MS + number * 36,
        picked: number % 11 == 0,
        origin: ["dutch", "european", "non_european"][usize::try_from(number % 3).unwrap()],
        region: [Some("north"), Some("south"), None][usize::try_from(number / 3 % 3).unwrap()],
        office: 300 + number % 40,
        score: (number % 1_000) as f64 / 1_000.0,
        clerk: format!("clerk-{}", number % 90),
        remark: format!("seen at the desk, file {number} is complete, see \"annex {}\"", number % 7),
        changed: BEGIN_MS + number * 36 + 3_600_000,
    }
}

fn text_of(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap().to_string()
}

fn json_of(row: &Row) -> String {
    serde_json::json!({
        "case": row.case, "at": text_of(row.at), "picked": row.picked, "origin": row.origin, "region": row.region, "office": row.office,
        "score": row.score, "clerk": row.clerk, "remark": row.remark, "changed": text_of(row.changed),
    })
    .to_string()
}

fn event_of(row: &Row) -> String {
    let strata = row.region.map_or_else(String::new, |region| format!(",\"strata\":{{\"region\":\"{region}\"}}"));
    format!(
        "{{\"specversion\":\"1.0\",\"type\":\"paritywatch.selection.v1\",\"source\":\"/s\",\"id\":\"{0}\",\"time\":\"{1}\",\"data\":{{\"case_id\":\"{0}\",\"profile\":\"cub\",\"selected\":{2},\"groups\":{{\"origin\":\"{3}\"}}{strata}}}}}",
        row.case,
        text_of(row.at),
        row.picked,
        row.origin
    )
}

fn avro_of(schema: &apache_avro::Schema, row: &Row) -> Vec<u8> {
    let text = |text: &str| Avro::String(text.to_owned());
    let region =
        row.region.map_or(Avro::Union(0, Box::new(Avro::Null)), |region| Avro::Union(1, Box::new(text(region))));
    let fields = [
        ("case", text(&row.case)),
        ("at", Avro::TimestampMillis(row.at)),
        ("picked", Avro::Boolean(row.picked)),
        ("origin", text(row.origin)),
        ("region", region),
        ("office", Avro::Long(row.office)),
        ("score", Avro::Double(row.score)),
        ("clerk", text(&row.clerk)),
        ("remark", text(&row.remark)),
        ("changed", Avro::TimestampMillis(row.changed)),
    ];
    let record = Avro::Record(fields.map(|(name, value)| (name.to_owned(), value)).to_vec());
    [vec![0, 0, 0, 0, 1], apache_avro::to_avro_datum(schema, record).unwrap()].concat()
}

fn write_parquet(path: &Path, rows: &[Row]) {
    let schema = Arc::new(parse_message_type(PARQUET).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for rows in rows.chunks(ROWS_OF_A_GROUP) {
        let mut group = writer.next_row_group().unwrap();
        macro_rules! column {
            ($type:ty, $levels:expr, $values:expr) => {{
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<$type>().write_batch(&$values.collect::<Vec<_>>(), $levels, None).unwrap();
                column.close().unwrap();
            }};
        }
        let there: Vec<i16> = rows.iter().map(|row| i16::from(row.region.is_some())).collect();
        column!(ByteArrayType, None, rows.iter().map(|row| ByteArray::from(row.case.as_str())));
        column!(Int64Type, None, rows.iter().map(|row| row.at));
        column!(BoolType, None, rows.iter().map(|row| row.picked));
        column!(ByteArrayType, None, rows.iter().map(|row| ByteArray::from(row.origin)));
        column!(ByteArrayType, Some(&there), rows.iter().filter_map(|row| row.region).map(ByteArray::from));
        column!(Int64Type, None, rows.iter().map(|row| row.office));
        column!(DoubleType, None, rows.iter().map(|row| row.score));
        column!(ByteArrayType, None, rows.iter().map(|row| ByteArray::from(row.clerk.as_str())));
        column!(ByteArrayType, None, rows.iter().map(|row| ByteArray::from(row.remark.as_str())));
        column!(Int64Type, None, rows.iter().map(|row| row.changed));
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn mapping(format: &str) -> String {
    format!("{CONFIG}[[mappings]]\nname = \"m\"\nfiles = [\"rows.*\"]\nformat = {format:?}{FIELDS}")
}

/// Maps one document.
struct OneByOne {
    mapper: Mapper,
    mapped: Mapped,
    prefix: Vec<u8>,
    events: u64,
}

impl OneByOne {
    fn new(mappings: &[Mapping]) -> Self {
        let mapper = Mapper::new(mappings.iter().enumerate()).unwrap();
        Self { mapper, mapped: Mapped::default(), prefix: Place::prefix("rows/0/"), events: 0 }
    }

    fn map(&mut self, payload: &[u8]) {
        self.mapped.clear();
        let place = Place { prefix: &self.prefix, number: self.events };
        let record = RawRecord { payload, headers: &[], timestamp: None };
        self.mapper.map(&record, place, Bounds { limits: &LIMITS, max_ahead: None }, &mut self.mapped);
        self.events += self.mapped.events().count() as u64;
    }
}

/// Prints the median of some rounds of `work`, which returns how many events it made, in processor time.
fn measure(what: &str, mut work: impl FnMut() -> u64) {
    let mut figures: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = seconds(std::process::id()).unwrap();
            let events = work();
            (seconds(std::process::id()).unwrap() - began) * 1e9 / events as f64
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    let median = figures[ROUNDS / 2];
    println!(
        "{what}: {median:.0} ns per event ({:.0} to {:.0}), {:.0} events per CPU second",
        figures[0],
        figures[ROUNDS - 1],
        1e9 / median
    );
}

fn main() {
    let events: i64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(500_000);
    let rows: Vec<Row> = (0..events).map(row).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let settings = Settings::parse(&mapping("json"), "c.toml", std::iter::empty()).unwrap();
    let mappings = settings.mappings;

    let lines: Vec<String> = rows.iter().map(json_of).collect();
    let mapped = |records: &mut dyn FnMut(&mut OneByOne)| {
        let mut mapping = OneByOne::new(&mappings);
        records(&mut mapping);
        assert_eq!(mapping.events, events.unsigned_abs());
        mapping.events
    };
    measure("JSON, mapped", || mapped(&mut |mapping| lines.iter().for_each(|line| mapping.map(line.as_bytes()))));
    let schema = apache_avro::Schema::parse_str(AVRO).unwrap();
    let records: Vec<Vec<u8>> = rows.iter().map(|row| avro_of(&schema, row)).collect();
    let found = Found::Schema(Arc::new(Schema::Avro(AvroSchema::parse(AVRO, &[]).unwrap())));
    let mut text = Vec::new();
    let mut convert = |each: &mut dyn FnMut(&[u8])| {
        for record in &records {
            text.clear();
            found.convert(record, LIMITS.message_bytes, &mut text).unwrap();
            each(&text);
        }
    };
    measure("Avro to JSON", || {
        convert(&mut |_| {});
        events.unsigned_abs()
    });
    measure("Avro, mapped", || mapped(&mut |mapping| convert(&mut |text| mapping.map(text))));
    write_parquet(&path("rows.parquet"), &rows);
    let parquet = |columns: &Columns, each: &mut dyn FnMut(&[u8])| {
        let mut parquet =
            Parquet::open(File::open(path("rows.parquet")).unwrap(), LIMITS.message_bytes, columns).unwrap();
        let mut text = Vec::new();
        while parquet.next(&mut text).unwrap().is_some() {
            each(&text);
            text.clear();
        }
        events.unsigned_abs()
    };
    let read = Columns::of_mappings(mappings.iter());
    measure("Parquet to JSON, all columns", || parquet(&Columns::default(), &mut |_| {}));
    measure("Parquet to JSON, columns that are read", || parquet(&read, &mut |_| {}));
    measure("Parquet, mapped", || {
        mapped(&mut |mapping| {
            let _ = parquet(&read, &mut |text| mapping.map(text));
        })
    });

    write_lines(&path("rows.jsonl"), &lines);
    write_lines(&path("events.jsonl"), &rows.iter().map(event_of).collect::<Vec<_>>());
    for (what, format, file) in [
        ("replay of events in JSON lines", "json", "events.jsonl"),
        ("replay of JSON lines by a mapping", "json", "rows.jsonl"),
        ("replay of Parquet by a mapping", "parquet", "rows.parquet"),
    ] {
        std::fs::write(path("c.toml"), mapping(format)).unwrap();
        measure(what, || replay(&path("c.toml"), &path(file), events.unsigned_abs()));
    }
}

fn write_lines(path: &Path, lines: &[String]) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    file.flush().unwrap();
}

fn replay(config: &Path, file: &Path, events: u64) -> u64 {
    let output = Command::new(env!("CARGO_BIN_EXE_paritywatch"))
        .args(["replay", "--format", "json", "--config"])
        .args([config, file])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["events"]["accepted"], events);
    events
}

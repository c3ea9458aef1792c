//! One stream in JSON, Avro, Protobuf, CSV and Parquet, by random shapes and the mappings that read them: `replay` finds the same as of the same
//! events by the contract.

#![allow(deprecated, reason = "the writer that replaces `to_avro_datum` is made of more parts")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use apache_avro::types::Value as Avro;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value as Proto};
use serde_json::{Value, json};

use super::files::{document, replay};
use super::{found_avro, found_protobuf};
use crate::batches::pair::Random;

const SHAPES: u64 = 8;
const ROWS: i64 = 400;
const BEGIN_MS: i64 = 1_772_323_200_000;
const GROUPS: [&str; 3] = ["dutch", "european", "non_european"];

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
stratify_by = "region"
warning = 1.1
critical = 1.25
evidence = "interval"
"#;

/// A value of a column.
#[derive(Clone, Debug)]
enum Cell {
    Text(String),
    Whole(i64),
    Yes(bool),
    /// Milliseconds since 1970, as an instant of the format.
    Instant(i64),
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Yes,
    Instant,
}

/// A column: its name, with a dot where it stands in an object, and whether it may be absent.
struct Column {
    name: String,
    kind: Kind,
    optional: bool,
    cells: Vec<Cell>,
}

/// A stream in a shape of its own, with the mapping that reads it.
struct Made {
    columns: Vec<Column>,
    fields: String,
}

fn number(of: usize) -> i64 {
    i64::try_from(of).unwrap()
}

/// What happened: the number of a case, its group, whether it was picked, its region if it has one.
fn facts(row: i64) -> (usize, bool, Option<&'static str>) {
    let group = usize::try_from(row % 3).unwrap();
    (
        group,
        row % 7 == 0 || group == 2 && row % 4 == 0,
        ["north", "south"].get(usize::try_from(row / 3 % 3).unwrap()).copied(),
    )
}

fn instant(row: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(BEGIN_MS + row * 60_000 + row % 1_000).unwrap()
}

impl Made {
    fn new(random: &mut Random) -> Self {
        let mut made = Self { columns: Vec::new(), fields: String::new() };
        let ids = made.add(random, "case", Kind::Text, |row| Cell::Text(format!("z {row}")));
        let joined = random.below(2) == 0;
        if joined {
            let office = made.add(random, "office", Kind::Whole, |_| Cell::Whole(363));
            made.field("case_id", &format!("{{ paths = [{office:?}, {ids:?}], join = \"/\" }}"));
        } else {
            made.field("case_id", &format!("{ids:?}"));
        }
        made.field("id", &format!("{ids:?}"));
        made.time(random);
        made.selected(random);
        if random.below(2) == 0 {
            let path = made.add(random, "origin", Kind::Whole, |row| Cell::Whole(number(facts(row).0) + 1));
            made.field(
                "\"groups.origin\"",
                &format!("{{ path = {path:?}, values = {{ 1 = \"dutch\", 2 = \"european\", 3 = \"non_european\" }} }}"),
            );
        } else {
            let path = made.add(random, "origin", Kind::Text, |row| Cell::Text(GROUPS[facts(row).0].to_owned()));
            made.field("\"groups.origin\"", &format!("{path:?}"));
        }
        let region = made.add(random, "region", Kind::Text, |row| {
            facts(row).2.map_or(Cell::Absent, |text| Cell::Text(text.to_owned()))
        });
        made.columns.last_mut().unwrap().optional = true;
        made.field("\"strata.region\"", &format!("{{ path = {region:?}, default = \"none\" }}"));
        made.field("profile", "{ value = \"cub\" }");
        // What nobody reads.
        made.add(random, "remark", Kind::Text, |row| Cell::Text(format!("quoted \" {row}; \\ é, and\nso on")));
        made.columns.sort_by(|a, b| a.name.cmp(&b.name));
        made
    }

    fn time(&mut self, random: &mut Random) {
        let text = |row: i64| Cell::Text(instant(row).to_string());
        let value = match random.below(4) {
            0 => format!(
                "{{ path = {:?}, format = \"epoch_ms\" }}",
                self.add(random, "at", Kind::Whole, |row| Cell::Whole(instant(row).as_millisecond()))
            ),
            1 => {
                let local = |row| {
                    let zoned = instant(row).to_zoned(jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap());
                    Cell::Text(zoned.datetime().to_string())
                };
                format!(
                    "{{ path = {:?}, format = \"local\", zone = \"Europe/Amsterdam\" }}",
                    self.add(random, "at", Kind::Text, local)
                )
            }
            2 => format!("{:?}", self.add(random, "at", Kind::Text, text)),
            _ => format!(
                "{:?}",
                self.add(random, "at", Kind::Instant, |row| Cell::Instant(instant(row).as_millisecond()))
            ),
        };
        self.field("time", &value);
    }

    fn selected(&mut self, random: &mut Random) {
        let value = match random.below(3) {
            0 => format!("{:?}", self.add(random, "picked", Kind::Yes, |row| Cell::Yes(facts(row).1))),
            1 => format!(
                "{{ path = {:?}, values = {{ 1 = true, 0 = false }} }}",
                self.add(random, "picked", Kind::Whole, |row| Cell::Whole(i64::from(facts(row).1)))
            ),
            _ => {
                let word = |row: i64| Cell::Text(if facts(row).1 { "ja" } else { "nee" }.to_owned());
                format!(
                    "{{ path = {:?}, values = {{ ja = true }}, other = false }}",
                    self.add(random, "picked", Kind::Text, word)
                )
            }
        };
        self.field("selected", &value);
    }

    /// Adds a column, at the top or in an object, and returns the path to it.
    fn add(&mut self, random: &mut Random, name: &str, kind: Kind, cell: impl Fn(i64) -> Cell) -> String {
        let object = ["", "row.", "more."][random.below(3)];
        let name = format!("{object}{name}_{}", random.below(10));
        let path = format!("/{}", name.replace('.', "/"));
        let optional = kind == Kind::Text && random.below(2) == 0;
        self.columns.push(Column { name, kind, optional, cells: (0..ROWS).map(cell).collect() });
        path
    }

    fn field(&mut self, target: &str, value: &str) {
        let _ = writeln!(self.fields, "{target} = {value}");
    }

    /// The columns of each object, that at the top without a name.
    fn objects(&self) -> BTreeMap<&str, Vec<(&str, &Column)>> {
        let mut objects: BTreeMap<&str, Vec<(&str, &Column)>> = BTreeMap::new();
        for column in &self.columns {
            let (object, name) = column.name.split_once('.').unwrap_or(("", &column.name));
            objects.entry(object).or_default().push((name, column));
        }
        objects
    }

    fn is_joined(&self) -> bool {
        self.fields.contains("join = ")
    }
}

/// The events by the contract.
fn contract(joined: bool) -> String {
    let event = |row: i64| {
        let (group, selected, region) = facts(row);
        let id = format!("z {row}");
        let case = if joined { format!("363/{id}") } else { id.clone() };
        json!({
            "specversion": "1.0", "type": "paritywatch.selection.v1", "source": "/s", "id": id, "time": instant(row).to_string(),
            "data": {"case_id": case, "profile": "cub", "selected": selected, "groups": {"origin": GROUPS[group]}, "strata": {"region": region.unwrap_or("none")}},
        })
        .to_string()
    };
    (0..ROWS).map(event).collect::<Vec<_>>().join("\n")
}

fn lines_of_json(made: &Made) -> String {
    let row = |row: usize| {
        let mut document = json!({});
        for Column { name, cells, .. } in &made.columns {
            let value = match &cells[row] {
                Cell::Text(text) => json!(text),
                Cell::Whole(whole) => json!(whole),
                Cell::Yes(yes) => json!(yes),
                Cell::Instant(at) => json!(jiff::Timestamp::from_millisecond(*at).unwrap().to_string()),
                Cell::Absent => Value::Null,
            };
            match name.split_once('.') {
                Some((object, name)) => document[object][name] = value,
                None => document[name] = value,
            }
        }
        document.to_string()
    };
    (0..ROWS as usize).map(row).collect::<Vec<_>>().join("\n")
}

fn csv(made: &Made) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = made.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(";") + "\r\n";
    for row in 0..ROWS as usize {
        let cell = |column: &Column| match &column.cells[row] {
            Cell::Text(text) => quoted(text),
            Cell::Whole(whole) => whole.to_string(),
            Cell::Yes(yes) => yes.to_string(),
            Cell::Instant(at) => jiff::Timestamp::from_millisecond(*at).unwrap().to_string(),
            Cell::Absent => String::new(),
        };
        text += &(made.columns.iter().map(cell).collect::<Vec<_>>().join(";") + "\r\n");
    }
    text
}

/// Records that another implementation encodes, and that are turned into JSON as those of topics are.
fn avro(made: &Made) -> String {
    let type_of = |column: &Column| {
        let plain = match column.kind {
            Kind::Text => "\"string\"",
            Kind::Whole => "\"long\"",
            Kind::Yes => "\"boolean\"",
            Kind::Instant => r#"{"type":"long","logicalType":"timestamp-millis"}"#,
        };
        if column.optional { format!("[\"null\",{plain}]") } else { plain.to_owned() }
    };
    let fields = |columns: &[(&str, &Column)]| {
        let fields = columns.iter().map(|(name, column)| format!(r#"{{"name":"{name}","type":{}}}"#, type_of(column)));
        fields.collect::<Vec<_>>()
    };
    let (objects, mut all) = (made.objects(), Vec::new());
    for (object, columns) in &objects {
        if object.is_empty() {
            all.extend(fields(columns));
        } else {
            let inner = fields(columns).join(",");
            all.push(format!(
                r#"{{"name":"{object}","type":{{"type":"record","name":"of_{object}","fields":[{inner}]}}}}"#
            ));
        }
    }
    let schema = format!(r#"{{"type":"record","name":"row","fields":[{}]}}"#, all.join(","));
    let (parsed, found) = (apache_avro::Schema::parse_str(&schema).unwrap(), found_avro(&schema));
    let value = |column: &Column, row: usize| {
        let plain = match &column.cells[row] {
            Cell::Text(text) => Avro::String(text.clone()),
            Cell::Whole(whole) => Avro::Long(*whole),
            Cell::Yes(yes) => Avro::Boolean(*yes),
            Cell::Instant(at) => Avro::TimestampMillis(*at),
            Cell::Absent => return Avro::Union(0, Box::new(Avro::Null)),
        };
        if column.optional { Avro::Union(1, Box::new(plain)) } else { plain }
    };
    let record = |row: usize| {
        let mut of_row = Vec::new();
        for (object, columns) in &objects {
            let fields: Vec<_> =
                columns.iter().map(|(name, column)| ((*name).to_owned(), value(column, row))).collect();
            if object.is_empty() {
                of_row.extend(fields)
            } else {
                of_row.push(((*object).to_owned(), Avro::Record(fields)))
            }
        }
        super::json_of(&found, &apache_avro::to_avro_datum(&parsed, Avro::Record(of_row)).unwrap()).unwrap()
    };
    (0..ROWS as usize).map(record).collect::<Vec<_>>().join("\n")
}

fn protobuf(made: &Made) -> String {
    let objects = made.objects();
    let mut schema = "syntax = \"proto3\";\nimport \"google/protobuf/timestamp.proto\";\nmessage Row {\n".to_owned();
    for (object, columns) in &objects {
        let mut fields = String::new();
        let first = if object.is_empty() { 100 } else { 1 };
        for (place, (name, column)) in columns.iter().enumerate() {
            let of = match column.kind {
                Kind::Text => "string",
                Kind::Whole => "int64",
                Kind::Yes => "bool",
                Kind::Instant => "google.protobuf.Timestamp",
            };
            let _ =
                writeln!(fields, "{}{of} {name} = {};", if column.optional { "optional " } else { "" }, first + place);
        }
        let place = if *object == "row" { 1 } else { 2 };
        schema += &if object.is_empty() {
            fields
        } else {
            format!("message Of_{object} {{ {fields} }}\nOf_{object} {object} = {place};\n")
        };
    }
    schema += "}\n";
    let found = found_protobuf(&schema, &[]);
    let mut pool = DescriptorPool::global();
    let file = protox::file::File::from_source("row.proto", &schema).unwrap();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).unwrap();
    let of_row = pool.get_message_by_name("Row").unwrap();
    let fill = |message: &mut DynamicMessage, columns: &[(&str, &Column)], row: usize| {
        for (name, column) in columns {
            let value = match &column.cells[row] {
                Cell::Text(text) => Proto::String(text.clone()),
                Cell::Whole(whole) => Proto::I64(*whole),
                Cell::Yes(yes) => Proto::Bool(*yes),
                Cell::Instant(at) => Proto::Message(timestamp(&message.descriptor_of(name), *at)),
                Cell::Absent => continue,
            };
            message.set_field_by_name(name, value);
        }
    };
    let record = |row: usize| {
        let mut message = DynamicMessage::new(of_row.clone());
        for (object, columns) in &objects {
            if object.is_empty() {
                fill(&mut message, columns, row);
            } else {
                let mut inner = DynamicMessage::new(message.descriptor_of(object));
                fill(&mut inner, columns, row);
                message.set_field_by_name(object, Proto::Message(inner));
            }
        }
        super::json_of(&found, &[vec![0], message.encode_to_vec()].concat()).unwrap()
    };
    (0..ROWS as usize).map(record).collect::<Vec<_>>().join("\n")
}

trait DescriptorOf {
    /// The type of the message that a field holds.
    fn descriptor_of(&self, field: &str) -> MessageDescriptor;
}

impl DescriptorOf for DynamicMessage {
    fn descriptor_of(&self, field: &str) -> MessageDescriptor {
        use prost_reflect::ReflectMessage;
        self.descriptor().get_field_by_name(field).unwrap().kind().as_message().unwrap().clone()
    }
}

fn timestamp(descriptor: &MessageDescriptor, at: i64) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_name("seconds", Proto::I64(at.div_euclid(1_000)));
    message.set_field_by_name("nanos", Proto::I32(i32::try_from(at.rem_euclid(1_000) * 1_000_000).unwrap()));
    message
}

fn write_parquet(path: &Path, made: &Made) {
    let objects = made.objects();
    let mut schema = "message rows {\n".to_owned();
    for (object, columns) in &objects {
        let mut fields = String::new();
        for (name, column) in columns {
            let must = if column.optional { "OPTIONAL" } else { "REQUIRED" };
            let _ = match column.kind {
                Kind::Text => writeln!(fields, "{must} BYTE_ARRAY {name} (STRING);"),
                Kind::Whole => writeln!(fields, "{must} INT64 {name};"),
                Kind::Yes => writeln!(fields, "{must} BOOLEAN {name};"),
                Kind::Instant => writeln!(fields, "{must} INT64 {name} (TIMESTAMP(MILLIS,true));"),
            };
        }
        schema += &if object.is_empty() { fields } else { format!("REQUIRED group {object} {{\n{fields}}}\n") };
    }
    schema += "}";
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    objects.values().flatten().for_each(|(_, column)| write_column(&mut group, column));
    group.close().unwrap();
    writer.close().unwrap();
}

fn write_column(group: &mut SerializedRowGroupWriter<'_, File>, column: &Column) {
    let there: Vec<i16> = column.cells.iter().map(|cell| i16::from(!matches!(cell, Cell::Absent))).collect();
    let levels = column.optional.then_some(&there[..]);
    let mut writer = group.next_column().unwrap().unwrap();
    let cells = column.cells.iter();
    match column.kind {
        Kind::Text => {
            let values: Vec<ByteArray> = cells
                .filter_map(
                    |cell| if let Cell::Text(text) = cell { Some(ByteArray::from(text.as_str())) } else { None },
                )
                .collect();
            writer.typed::<ByteArrayType>().write_batch(&values, levels, None).unwrap();
        }
        Kind::Whole | Kind::Instant => {
            let values: Vec<i64> = cells
                .filter_map(
                    |cell| if let Cell::Whole(value) | Cell::Instant(value) = cell { Some(*value) } else { None },
                )
                .collect();
            writer.typed::<Int64Type>().write_batch(&values, levels, None).unwrap();
        }
        Kind::Yes => {
            let values: Vec<bool> =
                cells.filter_map(|cell| if let Cell::Yes(value) = cell { Some(*value) } else { None }).collect();
            writer.typed::<BoolType>().write_batch(&values, levels, None).unwrap();
        }
    }
    writer.close().unwrap();
}

/// Findings, their time, and what became of events; not the hash of the configuration, which has mappings.
fn found(document: &Value) -> (Value, Value, Value) {
    let mut findings = document["findings"].clone();
    for finding in findings.as_array_mut().unwrap() {
        finding.as_object_mut().unwrap().remove("config_hash");
    }
    assert!(document["as_of"].is_string(), "{document}");
    (findings, document["events"].clone(), document["as_of"].clone())
}

#[test]
fn one_stream_in_every_format_and_any_shape_gives_the_same_findings() {
    for seed in 0..SHAPES {
        let mut random = Random::new(seed);
        let made = Made::new(&mut random);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("contract.toml"), RULES).unwrap();
        std::fs::write(path("contract.jsonl"), contract(made.is_joined())).unwrap();
        let expected = found(&document(&replay(&path("contract.toml"), &[], &[path("contract.jsonl")])));
        assert_eq!(expected.1["accepted"], ROWS);
        assert!(
            expected.0.as_array().unwrap().iter().any(|finding| finding["verdict"] == "critical"),
            "{}",
            expected.0
        );
        let config = |format: &str| {
            let head = format!(
                "[[mappings]]\nname = \"m\"\nfiles = [\"rows.*\"]\nformat = {format:?}\ntype = \"selection\"\n[mappings.fields]\n"
            );
            std::fs::write(path(&format!("{format}.toml")), format!("{RULES}{head}{}", made.fields)).unwrap();
            path(&format!("{format}.toml"))
        };
        for (name, format, text) in [
            ("json", "json", lines_of_json(&made)),
            ("avro", "json", avro(&made)),
            ("protobuf", "json", protobuf(&made)),
            ("csv", "csv", csv(&made)),
            ("parquet", "parquet", String::new()),
        ] {
            let file = path(&format!("rows.{name}"));
            if name == "parquet" {
                write_parquet(&file, &made)
            } else {
                std::fs::write(&file, text).unwrap()
            }
            let mapped = replay(&config(format), &[], &[file]);
            assert_eq!(found(&document(&mapped)), expected, "seed {seed}, {name}: {}", made.fields);
        }
    }
}

//! What a record is made of, before anybody asks what it means: its framing, its envelope, its content type.

use serde_json::{Map, Value};

use crate::event::without_mark;
use crate::mapping::Format;
use crate::source::sample::{SampleDocument, SampleRecord};

/// The length of what stands before a payload of a schema registry: a zero byte, and a schema's id of four bytes.
const REGISTRY_BYTES: usize = 5;

/// How the bytes of a value are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Framing {
    /// No bytes: a tombstone, or a producer that sent no body.
    Empty,
    /// JSON.
    Json,
    /// Rows of CSV, which became JSON.
    Csv,
    /// Rows of Parquet, which became JSON.
    Parquet,
    /// JSON behind the framing of a schema registry.
    RegistryJson,
    /// Avro or Protobuf behind the framing of a schema registry, whose schema is not known.
    Registry,
    /// Avro behind the framing of a schema registry.
    RegistryAvro,
    /// Protobuf behind it.
    RegistryProtobuf,
    /// A container file of Avro.
    AvroFile,
    /// Text that is not JSON.
    Text,
    /// Something else.
    Binary,
}

impl Framing {
    /// Returns that of a file whose rows are no JSON.
    pub const fn of_file(format: Format) -> Option<Self> {
        match format {
            Format::Csv => Some(Self::Csv),
            Format::Parquet => Some(Self::Parquet),
            Format::Json | Format::Avro | Format::Protobuf => None,
        }
    }

    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::RegistryJson => "registry_json",
            Self::Registry => "registry",
            Self::RegistryAvro => "registry_avro",
            Self::RegistryProtobuf => "registry_protobuf",
            Self::AvroFile => "avro_file",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

/// What is around the fields of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Envelope {
    /// Nothing known: the fields are at the top.
    None,
    /// A CloudEvent with its attributes in the JSON.
    CloudEvents,
    /// A CloudEvent with its attributes in headers.
    CloudEventsBinary,
    /// Kafka Connect: `schema` and `payload`.
    Connect,
    /// Debezium: `before`, `after` and `op`; with or without that of Kafka Connect around it.
    Debezium,
    /// An array at the top.
    Array,
}

impl Envelope {
    /// Returns the word for it, which is that of the configuration where that has one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::CloudEvents => "cloudevents",
            Self::CloudEventsBinary => "cloudevents_binary",
            Self::Connect => "connect",
            Self::Debezium => "debezium",
            Self::Array => "array",
        }
    }
}

/// A record, taken apart as far as its bytes tell.
pub(super) struct Parsed {
    pub framing: Framing,
    pub envelope: Envelope,
    pub content_type: &'static str,
    /// Where the value is JSON.
    pub value: Option<Value>,
}

impl Parsed {
    /// Takes a record apart.
    pub fn of(record: &SampleRecord) -> Self {
        let (framing, value) = record.document.as_ref().map_or_else(|| framing(&record.payload), by_schema);
        let is_attribute = |(name, _): &(String, Vec<u8>)| name.to_ascii_lowercase().starts_with("ce_");
        let envelope = if record.headers.iter().any(is_attribute) {
            Envelope::CloudEventsBinary
        } else {
            value.as_ref().map_or(Envelope::None, envelope)
        };
        Self { framing, envelope, content_type: content_type(record), value }
    }

    /// Returns the type of a CloudEvent; `None` where it has none that is text.
    pub fn event_type<'r>(&'r self, record: &'r SampleRecord) -> Option<&'r str> {
        if self.envelope == Envelope::CloudEventsBinary {
            let (_, value) = record.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("ce_type"))?;
            return std::str::from_utf8(value).ok();
        }
        self.value.as_ref()?.get("type")?.as_str()
    }

    /// Returns the part of the value that holds the fields of the row or event, and whether it tells that a row was deleted.
    pub fn row(&self) -> Option<(&Value, bool)> {
        let value = self.value.as_ref()?;
        match self.envelope {
            Envelope::Connect => Some((value.get("payload")?, false)),
            Envelope::Debezium => {
                let change = value.get("payload").filter(|_| value.get("op").is_none()).unwrap_or(value);
                let is_deleted = change.get("op").and_then(Value::as_str) == Some("d");
                let row = |name: &str| change.get(name).filter(|row| row.is_object());
                Some((row("after").or_else(|| row("before"))?, is_deleted))
            }
            _ => Some((value, false)),
        }
    }

    /// Returns whether it is an update that does not tell the row before it.
    pub fn is_without_before(&self) -> bool {
        let Some(value) = self.value.as_ref().filter(|_| self.envelope == Envelope::Debezium) else { return false };
        let change = value.get("payload").filter(|_| value.get("op").is_none()).unwrap_or(value);
        change.get("op").and_then(Value::as_str) == Some("u") && !change.get("before").is_some_and(Value::is_object)
    }
}

/// What a schema says of a record.
fn by_schema(document: &SampleDocument) -> (Framing, Option<Value>) {
    let framing = match document.format {
        Some(Format::Avro) => Framing::RegistryAvro,
        Some(Format::Protobuf) => Framing::RegistryProtobuf,
        Some(Format::Json) => Framing::RegistryJson,
        _ => Framing::Registry,
    };
    let value = document.text.as_ref().ok().and_then(|text| serde_json::from_slice::<Value>(text).ok());
    (framing, value.filter(|value| value.is_object() || value.is_array()))
}

fn framing(payload: &[u8]) -> (Framing, Option<Value>) {
    let payload = without_mark(payload);
    if payload.is_empty() {
        return (Framing::Empty, None);
    }
    if payload.starts_with(b"Obj\x01") {
        return (Framing::AvroFile, None);
    }
    if payload.first() == Some(&0) && payload.len() >= REGISTRY_BYTES {
        let value = payload.get(REGISTRY_BYTES..).and_then(|rest| serde_json::from_slice::<Value>(rest).ok());
        let value = value.filter(|value| value.is_object() || value.is_array());
        return (if value.is_some() { Framing::RegistryJson } else { Framing::Registry }, value);
    }
    match serde_json::from_slice::<Value>(payload) {
        // A line of digits, or of one word in quotes, is text like any other.
        Ok(value) if value.is_object() || value.is_array() => (Framing::Json, Some(value)),
        _ if std::str::from_utf8(payload).is_ok_and(is_text) => (Framing::Text, None),
        _ => (Framing::Binary, None),
    }
}

fn is_text(text: &str) -> bool {
    !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n'))
}

fn envelope(value: &Value) -> Envelope {
    let Some(fields) = value.as_object() else { return Envelope::Array };
    if is_change(fields) {
        return Envelope::Debezium;
    }
    if fields.contains_key("specversion") && fields.contains_key("type") {
        return Envelope::CloudEvents;
    }
    match fields.get("payload") {
        Some(Value::Object(inner)) if fields.contains_key("schema") && is_change(inner) => Envelope::Debezium,
        Some(_) if fields.contains_key("schema") => Envelope::Connect,
        _ => Envelope::None,
    }
}

fn is_change(fields: &Map<String, Value>) -> bool {
    fields.contains_key("op") && (fields.contains_key("before") || fields.contains_key("after"))
}

/// Returns the content type that the headers name, as far as it is one that is known: anything may stand there.
fn content_type(record: &SampleRecord) -> &'static str {
    const KNOWN: [&str; 8] = [
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
        "application/avro",
        "avro/binary",
        "application/x-protobuf",
        "application/octet-stream",
        "text/plain",
    ];
    let is_content_type =
        |name: &str| ["content-type", "contenttype"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let Some((_, value)) = record.headers.iter().find(|(name, _)| is_content_type(name)) else { return "none" };
    let text = String::from_utf8_lossy(value);
    let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("other")
}

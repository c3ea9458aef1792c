//! The schemas that records name, and what to write so that they are read.

use super::document::SchemaFound;
use super::field_name::is_plain;
use super::quoted::quoted;
use crate::source::sample::{Sample, SampledSchema, Unread};

/// Names, and places of registration, that are told of one schema.
const MOST_NAMES: usize = 5;
/// What stands for a name that does not look like one.
const WITHHELD: &str = "\u{b7}";

/// Returns what is told of the schemas of a sample.
pub(super) fn schemas(sample: &Sample) -> Vec<SchemaFound> {
    sample.schemas.iter().map(schema).collect()
}

fn schema(schema: &SampledSchema) -> SchemaFound {
    let registered = schema.registered.iter().take(MOST_NAMES);
    SchemaFound {
        id: schema.id,
        format: schema.format.map(|format| format.name()),
        types: schema.types.iter().take(MOST_NAMES).map(|name| shown(name)).collect(),
        registered: registered.map(|of| format!("{} version {}", shown(&of.subject), of.version)).collect(),
        records: schema.records,
        problem: schema.problem.clone(),
    }
}

/// A schema is written by a programmer. Whatever else stands there is not repeated.
fn shown(name: &str) -> String {
    let is_name = name.len() <= 256 && name.split('.').all(is_plain);
    if is_name { name.to_owned() } else { WITHHELD.to_owned() }
}

/// Returns what keeps framed records from being read, in words, with what to write.
pub(super) fn remarks(sample: &Sample) -> Vec<String> {
    let unread = sample.records.iter().filter(|record| record.document.is_none() && record.is_framed()).count();
    let mut remarks = Vec::new();
    match &sample.unread {
        Some(Unread::NoRegistry) => remarks.push(format!(
            "{unread} records have the frame of a schema registry (Avro or Protobuf); to look into them write [registry] with urls = \
             [\"https://...\"] (init: --registry URL)"
        )),
        Some(Unread::Away(why)) => remarks.push(format!(
            "{unread} records name a schema that is not known, as the schema registry gives no answer: {why}; `run` would wait for it"
        )),
        Some(Unread::TooMany) => {
            remarks.push(format!("{unread} records name further schemas, which were not asked for: are they framed at all?"));
        }
        None => {}
    }
    if let Some(format) = sample.framed_format().filter(|_| !sample.is_framed()) {
        let read = sample.records.iter().filter(|record| record.document.is_some()).count();
        remarks.push(format!(
            "{read} records have the frame of a schema registry, and the configuration takes them for JSON: a [[mappings]] with topics = \
             [{}] and format = {:?} reads them",
            quoted(&sample.name),
            format.name()
        ));
    }
    remarks
}

//! Formats of records: what Avro, Protobuf and Parquet say is what the JSON says, and bytes that say something else, or nothing, are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod avro;
mod files;
mod hostile;
mod parquet;
mod protobuf;
mod registry;
mod same;

use std::sync::Arc;

use paritywatch::event::Rejection;
use paritywatch::source::format::{AvroSchema, Found, ProtobufSchema, Schema};

/// The largest text.
const LIMIT: usize = 1 << 20;

fn found_avro(schema: &str) -> Found {
    Found::Schema(Arc::new(Schema::Avro(AvroSchema::parse(schema, &[]).unwrap())))
}

fn found_protobuf(schema: &str, references: &[(&str, &str)]) -> Found {
    let references: Vec<(String, String)> =
        references.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Found::Schema(Arc::new(Schema::Protobuf(ProtobufSchema::compile(schema, &references).unwrap())))
}

/// The JSON of a record; it must be JSON.
fn json_of(found: &Found, body: &[u8]) -> Result<String, Rejection> {
    let payload = [&[0, 0, 0, 0, 1][..], body].concat();
    let mut text = Vec::new();
    found.convert(&payload, LIMIT, &mut text)?;
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    Ok(text)
}

//! Bytes that nobody meant: nothing panics, and memory stays bounded.

use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;

use super::{LIMIT, found_avro, found_protobuf, json_of};
use paritywatch::event::Reason;
use paritywatch::source::format::{AvroSchema, Found};

const RECORD: &str = r#"{"type":"record","name":"R","fields":[
    {"name":"a","type":["null","string",{"type":"array","items":["null","R"]}]},
    {"name":"b","type":{"type":"map","values":"bytes"}},
    {"name":"c","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":3}},
    {"name":"d","type":{"type":"enum","name":"E","symbols":["X"]}}]}"#;
const MESSAGE: &str = r#"syntax = "proto3";
    message M { repeated M m = 1; map<string, M> n = 2; repeated sint64 o = 3; bytes p = 4; string q = 5; double r = 6; }"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_are_refused_or_read(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = json_of(&found_avro(RECORD), &body);
        let _ = json_of(&found_protobuf(MESSAGE, &[]), &body);
        let mut text = Vec::new();
        let _ = Found::Nothing("none".into()).convert(&body, LIMIT, &mut text);
        prop_assert!(text.is_empty());
    }

    #[test]
    fn random_schemas_are_refused_or_read(text in "[\\[\\]{}\":,a-z0-9 ]{0,80}") {
        let _ = AvroSchema::parse(&text, &[]);
        let _ = paritywatch::source::format::ProtobufSchema::compile(&text, &[]);
    }
}

#[test]
fn a_few_bytes_that_claim_much_are_refused_before_they_take_much() {
    let began = Instant::now();
    // 2^62 nulls; 2^62 records without fields; a text and a map of 2^62 bytes.
    let most = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    let empty = r#"{"type":"array","items":{"type":"record","name":"N","fields":[]}}"#;
    for (schema, reason) in [
        (r#"{"type":"array","items":"null"}"#, Reason::TooLarge),
        (empty, Reason::TooLarge),
        ("\"string\"", Reason::UnsupportedFormat),
        (r#"{"type":"map","values":"null"}"#, Reason::UnsupportedFormat),
        (r#"{"type":"fixed","name":"F","size":1000000000000}"#, Reason::UnsupportedFormat),
    ] {
        assert_eq!(json_of(&found_avro(schema), &most).unwrap_err().reason, reason, "{schema}");
    }
    // Records that hold each other twice, forty levels down, from no bytes at all.
    let mut schema = "\"null\"".to_owned();
    for level in 0..40 {
        let (name, below) = (format!("L{level}"), format!("L{}", level.max(1) - 1));
        let second = if level == 0 { "\"null\"".to_owned() } else { format!("\"{below}\"") };
        schema = format!(
            r#"{{"type":"record","name":"{name}","fields":[{{"name":"a","type":{schema}}},{{"name":"b","type":{second}}}]}}"#
        );
    }
    assert_eq!(json_of(&found_avro(&schema), b"").unwrap_err().reason, Reason::TooLarge);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn a_limit_is_kept_whatever_was_in_the_buffer_before() {
    let found = found_avro("\"string\"");
    let payload = b"\0\0\0\0\x01\x14abcdefghij";
    let mut text = b"before".to_vec();
    assert_eq!(found.convert(payload, 11, &mut text).unwrap_err().reason, Reason::TooLarge);
    assert_eq!(text, b"before", "nothing of a record that is refused is left");
    found.convert(payload, 12, &mut text).unwrap();
    assert_eq!(text, b"before\"abcdefghij\"");
    let nothing = Found::Nothing(Arc::from("expected the schema 1 in the registry, found that there is none"));
    let refused = nothing.convert(payload, 99, &mut text).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "unsupported_format: payload: expected the schema 1 in the registry, found that there is none"
    );
}

//! Protobuf: messages made by another way, and what their JSON is.

use prost_reflect::prost::Message;
use prost_reflect::prost::bytes::Bytes;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, Value};

use super::{found_protobuf, json_of};
use paritywatch::event::Reason;
use paritywatch::source::format::ProtobufSchema;

const SCHEMA: &str = r#"
syntax = "proto3";
package org.example;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/duration.proto";
import "other.proto";
message First {}
message All {
  enum Kind { NONE = 0; SOME = 1; }
  message Inner { string name = 1; optional int32 number = 2; }
  int64 big = 1;
  uint64 bigger = 2;
  double real = 3;
  float small = 4;
  bool flag = 5;
  string text = 6;
  bytes raw = 7;
  Kind kind = 8;
  repeated int32 numbers = 9;
  map<string, int64> by_name = 10;
  map<int32, Inner> by_number = 11;
  Inner inner = 12;
  optional bool maybe = 13;
  oneof one { string left = 14; int32 right = 15; }
  google.protobuf.Timestamp at = 16;
  google.protobuf.Int64Value wrapped = 17;
  google.protobuf.Struct free = 18;
  google.protobuf.Duration took = 19;
  org.example.other.Other other = 20;
  All again = 21;
}
"#;
const OTHER: &str = r#"syntax = "proto3"; package org.example.other; message Other { sint64 value = 1; }"#;

fn descriptor() -> prost_reflect::MessageDescriptor {
    let file = protox::file::File::from_source("all.proto", SCHEMA).unwrap();
    let other = protox::file::File::from_source("other.proto", OTHER).unwrap();
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(other.file_descriptor_proto().clone()).unwrap();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).unwrap();
    pool.get_message_by_name("org.example.All").unwrap()
}

/// The path of the second message, then the message.
fn body(message: &DynamicMessage) -> Vec<u8> {
    [vec![2, 2], message.encode_to_vec()].concat()
}

#[test]
fn what_is_not_sent_has_its_default_or_is_absent_where_the_schema_can_tell() {
    let found = found_protobuf(SCHEMA, &[("other.proto", OTHER)]);
    let expected = concat!(
        r#"{"big":0,"bigger":0,"real":0.0,"small":0.0,"flag":false,"text":"","raw":"","kind":"NONE","numbers":[],"by_name":{},"#,
        r#""by_number":{}}"#
    );
    assert_eq!(json_of(&found, &body(&DynamicMessage::new(descriptor()))).unwrap(), expected);
    assert_eq!(json_of(&found, &[0]).unwrap(), "{}", "the first message, named by a single 0");
}

#[test]
fn every_kind_of_field_has_its_json() {
    let found = found_protobuf(SCHEMA, &[("other.proto", OTHER)]);
    let mut message = DynamicMessage::new(descriptor());
    let inner = message.descriptor_of("inner");
    let mut named = DynamicMessage::new(inner);
    named.set_field_by_name("name", Value::String("n".into()));
    let seconds = |of: &str, seconds: i64, nanos: i32, message: &DynamicMessage| {
        let mut made = DynamicMessage::new(message.descriptor_of(of));
        made.set_field_by_name("seconds", Value::I64(seconds));
        made.set_field_by_name("nanos", Value::I32(nanos));
        Value::Message(made)
    };
    let (at, took) = (seconds("at", 1_772_352_930, 5_000_000, &message), seconds("took", -1, -500_000_000, &message));
    let mut wrapped = DynamicMessage::new(message.descriptor_of("wrapped"));
    wrapped.set_field_by_name("value", Value::I64(i64::MIN));
    let mut other = DynamicMessage::new(message.descriptor_of("other"));
    other.set_field_by_name("value", Value::I64(-1));
    let fields = [
        ("big", Value::I64(i64::MAX)),
        ("bigger", Value::U64(u64::MAX)),
        ("real", Value::F64(f64::NAN)),
        ("small", Value::F32(0.1)),
        ("flag", Value::Bool(true)),
        ("text", Value::String("a\"b".into())),
        ("raw", Value::Bytes(Bytes::from_static(b"\xff\xfe?"))),
        ("kind", Value::EnumNumber(1)),
        ("numbers", Value::List(vec![Value::I32(1), Value::I32(-2)])),
        (
            "by_name",
            Value::Map([("b", 2), ("a", 1)].map(|(key, value)| (MapKey::String(key.into()), Value::I64(value))).into()),
        ),
        ("by_number", Value::Map([(MapKey::I32(-7), Value::Message(named.clone()))].into())),
        ("inner", Value::Message(named)),
        ("maybe", Value::Bool(false)),
        ("right", Value::I32(0)),
        ("at", at),
        ("wrapped", Value::Message(wrapped)),
        ("took", took),
        ("other", Value::Message(other)),
    ];
    for (name, value) in fields {
        message.set_field_by_name(name, value);
    }
    let expected = concat!(
        r#"{"big":9223372036854775807,"bigger":18446744073709551615,"real":"NaN","small":0.1,"flag":true,"text":"a\"b","#,
        r#""raw":"//4/","kind":"SOME","numbers":[1,-2],"by_name":{"a":1,"b":2},"by_number":{"-7":{"name":"n"}},"#,
        r#""inner":{"name":"n"},"maybe":false,"right":0,"at":"2026-03-01T08:15:30.005Z","wrapped":-9223372036854775808,"#,
        r#""took":"-1.500000000s","other":{"value":-1}}"#
    );
    assert_eq!(json_of(&found, &body(&message)).unwrap(), expected);
    // A symbol of a later version.
    message.clear_field_by_name("by_number");
    message.set_field_by_name("kind", Value::EnumNumber(9));
    assert!(json_of(&found, &body(&message)).unwrap().contains(r#""kind":9"#));
}

trait OfField {
    fn descriptor_of(&self, field: &str) -> prost_reflect::MessageDescriptor;
}

impl OfField for DynamicMessage {
    fn descriptor_of(&self, field: &str) -> prost_reflect::MessageDescriptor {
        use prost_reflect::ReflectMessage;
        let field = self.descriptor().get_field_by_name(field).unwrap();
        field.kind().as_message().unwrap().clone()
    }
}

#[test]
fn paths_and_schemas_that_are_wrong_are_refused() {
    let found = found_protobuf(SCHEMA, &[("other.proto", OTHER)]);
    for body in
        [&b""[..], b"\x02", b"\x02\x09", b"\x04\x02\x09", b"\x02\x01", b"\x80\x80\x80\x80\x80\x80", b"\x02\x02\x0a"]
    {
        assert_eq!(json_of(&found, body).unwrap_err().reason, Reason::UnsupportedFormat, "{body:?}");
    }
    // Levels without end: field 21 within itself.
    let mut deep = Vec::new();
    for _ in 0..90 {
        let mut outer = vec![0xAA, 0x01];
        prost_reflect::prost::encoding::encode_varint(deep.len() as u64, &mut outer);
        outer.extend(&deep);
        deep = outer;
    }
    let refused = json_of(&found, &[&[2, 2][..], &deep].concat()).unwrap_err();
    assert!(matches!(refused.reason, Reason::TooDeep | Reason::UnsupportedFormat), "{refused}");
    for schema in ["message A { B b = 1; }", "not proto", "import \"missing.proto\";", &"message A{".repeat(100_000)] {
        assert!(ProtobufSchema::compile(&format!("syntax = \"proto3\"; {schema}"), &[]).is_err());
    }
}

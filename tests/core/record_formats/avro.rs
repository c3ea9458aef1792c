//! Avro: random schemas and values, written by another implementation, and each logical type.

#![allow(deprecated, reason = "the writer that replaces `to_avro_datum` is made of more parts")]

use std::collections::HashMap;
use std::fmt::Write;

use apache_avro::types::Value;
use apache_avro::{Days, Decimal, Duration, Millis, Months, Schema, to_avro_datum};
use proptest::prelude::*;

use super::{found_avro, json_of};
use paritywatch::event::Reason;
use paritywatch::source::format::AvroSchema;

/// A little generator, whose seed proptest chooses.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn long(&mut self) -> i64 {
        // Of every length.
        let bits = self.below(64);
        (self.next() >> bits).cast_signed() * if self.below(2) == 0 { 1 } else { -1 }
    }

    fn text(&mut self) -> String {
        let letters = ['a', 'é', '"', '\\', '\n', '\u{0}', '\u{1F600}', ' ', '/'];
        (0..self.below(6)).map(|_| letters[usize::try_from(self.below(9)).unwrap()]).collect()
    }
}

/// A schema as JSON, a value of it, and what the value is as JSON. Named types are numbered.
fn sample(random: &mut Random, depth: u64, names: &mut u64) -> (String, Vec<Value>, Vec<String>) {
    let kinds = if depth == 0 { 9 } else { 13 };
    let two =
        |schema: &str, values: [Value; 2], texts: [String; 2]| (schema.to_owned(), values.to_vec(), texts.to_vec());
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    match random.below(kinds) {
        0 => two("\"null\"", [Value::Null, Value::Null], ["null".into(), "null".into()]),
        1 => two("\"boolean\"", [Value::Boolean(true), Value::Boolean(false)], ["true".into(), "false".into()]),
        2 => {
            let ints = [0; 2].map(|_| i32::try_from(random.long() >> 32).unwrap());
            two("\"int\"", ints.map(Value::Int), ints.map(|int| int.to_string()))
        }
        3 => {
            let longs = [random.long(), if random.below(2) == 0 { i64::MIN } else { i64::MAX }];
            two("\"long\"", longs.map(Value::Long), longs.map(|long| long.to_string()))
        }
        4 => {
            let doubles =
                [f64::from_bits(random.next()), f64::NAN].map(|double| if double.is_finite() { double } else { 0.1 });
            two("\"double\"", doubles.map(Value::Double), doubles.map(|double| format!("{double:?}")))
        }
        5 => {
            let texts = [random.text(), random.text()];
            two("\"string\"", texts.clone().map(Value::String), texts.map(|text| quoted(&text)))
        }
        6 => two(
            "\"bytes\"",
            [Value::Bytes(vec![]), Value::Bytes(vec![0xFF, 0xFE, b'?'])],
            ["\"\"".into(), "\"//4/\"".into()],
        ),
        7 => {
            *names += 1;
            two(
                &format!(r#"{{"type":"fixed","name":"F{names}","size":2}}"#),
                [Value::Fixed(2, vec![0, 0]), Value::Fixed(2, vec![1, 2])],
                ["\"AAA=\"".into(), "\"AQI=\"".into()],
            )
        }
        8 => {
            *names += 1;
            two(
                &format!(r#"{{"type":"enum","name":"E{names}","symbols":["A","B"]}}"#),
                [Value::Enum(0, "A".into()), Value::Enum(1, "B".into())],
                ["\"A\"".into(), "\"B\"".into()],
            )
        }
        9 => {
            let (schema, values, texts) = sample(random, depth - 1, names);
            let array = format!(r#"{{"type":"array","items":{schema}}}"#);
            two(&array, [Value::Array(vec![]), Value::Array(values)], ["[]".into(), format!("[{}]", texts.join(","))])
        }
        10 => {
            let (schema, values, texts) = sample(random, depth - 1, names);
            let key = random.text();
            let map = |value: &Value| Value::Map(HashMap::from([(key.clone(), value.clone())]));
            let text = |text: &String| format!("{{{}:{text}}}", quoted(&key));
            two(
                &format!(r#"{{"type":"map","values":{schema}}}"#),
                [map(&values[0]), map(&values[1])],
                [text(&texts[0]), text(&texts[1])],
            )
        }
        11 => {
            let (schema, values, texts) = sample(random, depth - 1, names);
            // No union directly in a union, nor null twice: a record stands between.
            *names += 1;
            let inner = format!(r#"{{"type":"record","name":"R{names}","fields":[{{"name":"x","type":{schema}}}]}}"#);
            let record = Value::Record(vec![("x".into(), values[1].clone())]);
            two(
                &format!(r#"["null",{inner}]"#),
                [Value::Union(0, Box::new(Value::Null)), Value::Union(1, Box::new(record))],
                ["null".into(), format!("{{\"x\":{}}}", texts[1])],
            )
        }
        _ => {
            *names += 1;
            let name = *names;
            let (mut fields, mut values, mut texts) = (Vec::new(), [vec![], vec![]], [vec![], vec![]]);
            for index in 0..random.below(4) {
                let (schema, field_values, field_texts) = sample(random, depth - 1, names);
                fields.push(format!(r#"{{"name":"f{index}","type":{schema}}}"#));
                for side in 0..2 {
                    values[side].push((format!("f{index}"), field_values[side].clone()));
                    texts[side].push(format!("\"f{index}\":{}", field_texts[side]));
                }
            }
            let schema = format!(r#"{{"type":"record","name":"R{name}","fields":[{}]}}"#, fields.join(","));
            two(&schema, values.map(Value::Record), texts.map(|texts| format!("{{{}}}", texts.join(","))))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_value_of_any_schema_is_the_same_as_json(seed: u64) {
        let (schema, values, texts) = sample(&mut Random(seed), 4, &mut 0);
        let (found, parsed) = (found_avro(&schema), Schema::parse_str(&schema).unwrap());
        for (value, expected) in values.into_iter().zip(texts) {
            let body = to_avro_datum(&parsed, value).unwrap();
            let text = json_of(&found, &body).unwrap();
            prop_assert_eq!(&text, &expected);
            // Less is another value, or none; more is none.
            for end in 0..body.len() {
                prop_assert!(json_of(&found, &body[..end]).is_err());
            }
            prop_assert!(json_of(&found, &[&body[..], &[0]].concat()).is_err());
        }
    }
}

#[test]
fn logical_types_have_the_form_that_times_and_numbers_are_read_in() {
    let logical = |base: &str, logical: &str| format!(r#"{{"type":"{base}","logicalType":"{logical}"}}"#);
    let bytes = |bytes: &[u8]| Value::Decimal(Decimal::from(bytes.to_vec()));
    let cases = [
        (logical("int", "date"), Value::Date(20_513), r#""2026-03-01""#),
        (logical("int", "time-millis"), Value::TimeMillis(29_730_123), r#""08:15:30.123""#),
        (logical("long", "time-micros"), Value::TimeMicros(29_730_000_001), r#""08:15:30.000001""#),
        (
            logical("long", "timestamp-millis"),
            Value::TimestampMillis(1_772_352_930_123),
            r#""2026-03-01T08:15:30.123Z""#,
        ),
        (
            logical("long", "timestamp-micros"),
            Value::TimestampMicros(1_772_352_930_000_000),
            r#""2026-03-01T08:15:30Z""#,
        ),
        (logical("long", "timestamp-nanos"), Value::TimestampNanos(1), r#""1970-01-01T00:00:00.000000001Z""#),
        (logical("long", "local-timestamp-millis"), Value::LocalTimestampMillis(-1), r#""1969-12-31T23:59:59.999""#),
        (logical("long", "local-timestamp-micros"), Value::LocalTimestampMicros(0), r#""1970-01-01T00:00:00""#),
        (logical("long", "timestamp-millis"), Value::TimestampMillis(i64::MAX), "9223372036854775807"),
        (
            logical("string", "uuid"),
            Value::Uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap()),
            r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#,
        ),
        (
            r#"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#.into(),
            Value::Uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap()),
            r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#,
        ),
        (r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#.into(), bytes(b"\x04\xe2"), "12.50"),
        (r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#.into(), bytes(b"\xff"), "-0.01"),
        (
            r#"{"type":"fixed","name":"D","size":4,"logicalType":"decimal","precision":9,"scale":0}"#.into(),
            bytes(b"\x00\x00\x04\xe2"),
            "1250",
        ),
        (
            r#"{"type":"fixed","name":"S","size":12,"logicalType":"duration"}"#.into(),
            Value::Duration(Duration::new(Months::new(1), Days::new(2), Millis::new(3_004))),
            r#""P1M2DT3.004S""#,
        ),
        ("\"double\"".into(), Value::Double(f64::NAN), "\"NaN\""),
        ("\"double\"".into(), Value::Double(f64::NEG_INFINITY), "\"-Infinity\""),
        ("\"float\"".into(), Value::Float(0.1), "0.1"),
    ];
    for (schema, value, expected) in cases {
        let body = to_avro_datum(&Schema::parse_str(&schema).unwrap(), value).unwrap();
        assert_eq!(json_of(&found_avro(&schema), &body).unwrap(), expected, "{schema}");
    }
}

#[test]
fn a_schema_may_refer_to_others_and_to_itself() {
    let address =
        r#"{"type":"record","name":"Address","namespace":"org.example","fields":[{"name":"city","type":"string"}]}"#;
    let person = r#"{"type":"record","name":"Person","namespace":"org.example","fields":[
        {"name":"home","type":"Address"},{"name":"work","type":["null","org.example.Address"]},{"name":"next","type":["null","Person"]}]}"#;
    let schema = AvroSchema::parse(person, &[address.to_owned()]).unwrap();
    let found = paritywatch::source::format::Found::Schema(std::sync::Arc::new(
        paritywatch::source::format::Schema::Avro(schema),
    ));
    let body = b"\x02a\x02\x02b\x02\x02c\x00\x00";
    let expected = r#"{"home":{"city":"a"},"work":{"city":"b"},"next":{"home":{"city":"c"},"work":null,"next":null}}"#;
    assert_eq!(json_of(&found, body).unwrap(), expected);
    assert!(AvroSchema::parse(person, &[]).is_err(), "a type is not defined");

    // Each level within the one before: a chain without end in a few bytes is refused.
    let deep = [&b"\x02a\x00\x02"[..]; 500].concat();
    assert_eq!(json_of(&found, &deep).unwrap_err().reason, Reason::TooDeep);
}

#[test]
fn blocks_of_lists_may_tell_their_size() {
    let found = found_avro(r#"{"type":"array","items":"long"}"#);
    // -2 items in 2 bytes, then 1 item.
    assert_eq!(json_of(&found, b"\x03\x04\x02\x04\x02\x06\x00").unwrap(), "[1,2,3]");
    let mut text = String::new();
    write!(text, "{}", json_of(&found, b"\x01\x00").unwrap_err()).unwrap();
    assert!(text.starts_with("unsupported_format: payload: Avro, byte "), "{text}");
}

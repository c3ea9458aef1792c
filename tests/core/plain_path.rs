//! The fast path for plain JSON and the general path have the same result, whatever arrives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use crate::contract_support as support;
use crate::contract_support::generated;
use crate::support::effort::attempts;

use paritywatch::event::{MAX_DEPTH, RawRecord, decode, decode_generally};
use paritywatch::plan::{EventTime, Limits, Span};
use proptest::prelude::*;
use proptest::sample::Index;
use support::{LIMITS, files, to_json};

/// Returns the headers of a binary-mode record of this type.
fn headers(event_type: &[u8]) -> [(&str, &[u8]); 6] {
    [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-1"),
        ("ce_source", b"/s"),
        ("ce_type", event_type),
        ("ce_time", b"2026-03-01T08:15:30Z"),
        ("content-type", b"application/json"),
    ]
}

/// Asserts that both paths have the same result, also by limits so small that payloads exceed them.
fn assert_same(payload: &[u8], headers: &[(&str, &[u8])]) {
    let tight = Limits { string_bytes: 12, message_bytes: 65_536 };
    for limits in [LIMITS, tight] {
        for timestamp in [None, Some(EventTime(1_000_000_000_000))] {
            let record = RawRecord { payload, headers, timestamp };
            let (fast, general) =
                (decode(&record, &limits, Some(Span::DAY)), decode_generally(&record, &limits, Some(Span::DAY)));
            // The debug text distinguishes -0.0 from 0.0.
            assert_eq!(format!("{fast:?}"), format!("{general:?}"), "{}", String::from_utf8_lossy(payload));
            assert_eq!(fast, general);
        }
    }
}

/// Compares the paths for a structured payload, and for its data in binary mode.
fn assert_same_in_both_modes(payload: &[u8]) {
    assert_same(payload, &[]);
    for name in ["selection", "control", "outcome", "complaint", "tally", "attributes", "population", "measure", "x"] {
        let event_type = format!("paritywatch.{name}.v1");
        assert_same(payload, &headers(event_type.as_bytes()));
    }
}

const EVENT: &str = r#"{"specversion":"1.0","type":"paritywatch.control.v1","id":"e-1","source":"/s","time":"2026-03-01T08:15:30Z","data":"#;

/// Returns events with this value in a field of the data, in an unknown field of it, in one of the envelope, and as
/// body.
fn assert_same_with(value: &str) {
    for criteria in [
        value.to_owned(),
        format!("[{value}]"),
        format!(r#"["a",{{"name":{value},"value":{value},"x":{value}}}]"#),
        format!(r#"[{{"value":{value}, "name":"b"}}, {value}]"#),
    ] {
        let data = format!(r#"{{"case_id":"c","profile":"p","selected":true,"criteria":{criteria}}}"#);
        assert_same(data.as_bytes(), &headers(b"paritywatch.selection.v1"));
    }
    for field in ["case_id", "intensity", "performed", "channel", "groups", "strata", "profile", "unknown"] {
        let data =
            format!(r#"{{"case_id":"c",{}"{field}":{value}}}"#, if field == "case_id" { r#""x":1,"# } else { "" });
        assert_same(format!("{EVENT}{data}}}").as_bytes(), &[]);
        assert_same(data.as_bytes(), &headers(b"paritywatch.control.v1"));
        assert_same(data.as_bytes(), &headers(b"paritywatch.selection.v1"));
        let twice = data.replace(r#""x":1,"#, &format!(r#""{field}":{value},"#));
        assert_same(format!("{EVENT}{twice}}}").as_bytes(), &[]);
        let probabilities = format!(r#"{EVENT}{{"case_id":"c","groups":{{"d":{{"g":{value},"h":0.1}}}}}}}}"#);
        assert_same(probabilities.as_bytes(), &[]);
        let measure = format!(
            r#"{{"profile":"p","rule":"r","measure":"accepted","reason":"r","by":"b","{field}":{value},"until":{value},"accepted_ratio":{value},"alert_id":{value}}}"#
        );
        assert_same(measure.as_bytes(), &headers(b"paritywatch.measure.v1"));
        let tally = format!(r#"{{"profile":"p","counts":{{"hits":{value},"assessed":{value},"selected":1}}}}"#);
        assert_same(tally.as_bytes(), &headers(b"paritywatch.tally.v1"));
    }
    for field in ["data", "id", "type", "datacontenttype", "data_base64", "time", "specversion", "subject", "case_id"] {
        let before = EVENT.replacen('{', &format!(r#"{{"{field}":{value},"#), 1);
        assert_same(format!(r#"{before}{{"case_id":"c"}}}}"#).as_bytes(), &[]);
        assert_same(format!(r#"{EVENT}{{"case_id":"c"}},"{field}":{value}}}"#).as_bytes(), &[]);
    }
    assert_same_in_both_modes(value.as_bytes());
}

#[test]
fn odd_values_are_the_same_to_both_wherever_they_are() {
    for value in [
        "null",
        "nul",
        "nulll",
        "true",
        "false",
        "tru",
        "truefalse",
        "0",
        "-0",
        "-0.0",
        "00",
        "01",
        "1.",
        ".5",
        "1.0",
        "0.50",
        "1e0",
        "1E0",
        "1e999",
        "-1",
        "10",
        "10.001",
        "0.1",
        "0.3",
        "0.333333333333333",
        "0.3333333333333333",
        "0.33333333333333333333",
        "999999999999999",
        "9999999999999999",
        "1000000000000",
        "1000000000001",
        "18446744073709551616",
        "1.5e",
        "12a",
        "NaN",
        "\"\"",
        "\"profile\"",
        "\"random\"",
        "\"Profile\"",
        "\"a",
        "\"a\\\"",
        "\"\\u0061\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"a\nb\"",
        "\"\u{7f}\"",
        "\"\u{e9}\u{1f600}\"",
        "\"1.0\"",
        "\"text/json; a=b\"",
        "\"paritywatch.control.v1\"",
        "\"paritywatch.selection.v1\"",
        "\"2026-03-01T08:15:30Z\"",
        "[]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1,2",
        "{}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:2}",
        "{null:2}",
        "{\"a\":1 \"b\":2}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":\"b\"}",
        "{\"a\":\"b\",\"a\":\"c\"}",
        "{\"a\":null,\"a\":\"c\"}",
        "{\"\":\"b\"}",
        "{\"a\":\"\"}",
        "{\"d\":{}}",
        "{\"d\":{\"g\":0.5,\"g\":0.5}}",
        "{\"d\":{\"g\":0.5,\"h\":0.6}}",
        "{\"$serde_json::private::RawValue\":\"{}\"}",
        "{\"$serde_json::private::RawValue\":\"{\\\"case_id\\\":\\\"c\\\"}\"}",
        "{\"$serde_json::private::Number\":\"1\"}",
        " 1 ",
        "\t{ \"a\" : \"b\" }\r\n",
        "\u{b}1",
        "\u{a0}1",
        "\u{feff}1",
        "//1",
        "",
        "{\"case_id\":\"c\"}",
        " {\"case_id\" : \"c\" } ",
        "{\"case_id\":\"c\"}x",
        "{\"case_id\":\"c\"}\u{0}",
        "{\"case_id\":\"c\",\"case_id\":\"c\"}",
        "{\"x\":1,\"x\":1}",
        "{\"case_id\":\"0123456789abc\"}",
    ] {
        assert_same_with(value);
    }
}

#[test]
fn depth_and_numbers_of_entries_are_limited_alike() {
    for levels in MAX_DEPTH - 3..MAX_DEPTH + 3 {
        assert_same_with(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
        assert_same_with(&format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels)));
        assert_same_with(&format!("\"{}\"", "[{".repeat(levels)));
    }
    for entries in [63, 64, 65, 256, 257] {
        let named: Vec<String> = (0..entries).map(|index| format!(r#""g{index}":"v""#)).collect();
        assert_same_with(&format!("{{{}}}", named.join(",")));
        let counts: Vec<String> = (0..entries).map(|index| format!(r#""g{index}":0"#)).collect();
        let counts = counts.join(",");
        assert_same_with(&format!("{{{counts}}}"));
        assert_same_with(&format!(r#"{{"d":{{{counts}}}}}"#));
        let population =
            format!(r#"{{"profile":"p","dimension":"d","valid_from":"2026-01-01","counts":{{{counts}}}}}"#);
        assert_same(population.as_bytes(), &headers(b"paritywatch.population.v1"));
        let criteria: Vec<String> = (0..entries).map(|index| format!(r#""c{index}""#)).collect();
        let criteria = criteria.join(",");
        let selection = format!(r#"{{"case_id":"c","profile":"p","selected":true,"criteria":[{criteria}]}}"#);
        assert_same(selection.as_bytes(), &headers(b"paritywatch.selection.v1"));
    }
}

#[test]
fn examples_and_every_change_of_one_byte_of_them_are_the_same_to_both() {
    for (name, text) in files("examples").into_iter().chain(files("invalid")) {
        assert_same_in_both_modes(text.as_bytes());
        // Examples of one type share their body. Its bytes are changed only as part of the first one.
        if !name.ends_with("profile") && !name.contains("minimal") {
            continue;
        }
        for at in 0..text.len() {
            for byte in *b"\"\\{}[],:01e.- \nnt\x00\xff" {
                let mut payload = text.clone().into_bytes();
                payload[at] = byte;
                assert_same(&payload, &[]);
                payload[at] = text.as_bytes()[at];
                payload.insert(at, byte);
                assert_same(&payload, &[]);
            }
            let mut payload = text.clone().into_bytes();
            payload.remove(at);
            assert_same(&payload, &[]);
            payload.truncate(at);
            assert_same(&payload, &[]);
        }
    }
}

/// Returns what a mutation inserts: nearly always a token of JSON.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "true",
        "0",
        "1e5",
        ".5",
        "-",
        " ",
        "\n",
        "\u{e9}",
        "\\u00e9",
        "\"id\":",
        "\"case_id\":\"x\",",
        "\"x\":1,",
        "\"type\":\"paritywatch.tally.v1\",",
        "{}",
        "[]",
        "\"\"",
    ];
    prop_oneof![
        3 => prop::sample::select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(attempts(2_000)))]

    #[test]
    fn valid_events_are_the_same_to_both(event in generated::event(), pretty in any::<bool>()) {
        let value = to_json(&event);
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        assert_same(text.as_bytes(), &[]);
        let event_type = value["type"].as_str().unwrap();
        let body = value["data"].to_string();
        assert_same(body.as_bytes(), &headers(event_type.as_bytes()));
        // With the type first, as most producers write it, data is read at once.
        let rest = text.trim_start().strip_prefix('{').unwrap();
        let first = format!(r#"{{"dataschema":{},{rest}"#, value["id"]);
        assert_same(first.as_bytes(), &[]);
        assert_same(type_first(&value).as_bytes(), &[]);
    }

    #[test]
    fn mutated_events_are_the_same_to_both(
        event in generated::event(),
        edits in prop::collection::vec((any::<Index>(), piece(), 0..4_u8, 1..5_usize), 1..4),
        cut in prop::option::weighted(0.1, any::<Index>()),
    ) {
        let value = to_json(&event);
        let event_type = value["type"].as_str().unwrap();
        for (text, headers) in
            [(type_first(&value), &[][..]), (value["data"].to_string(), &headers(event_type.as_bytes())[..])]
        {
            let mut payload = text.into_bytes();
            for (at, piece, edit, length) in &edits {
                let start = at.index(payload.len() + 1);
                let end = (start + length).min(payload.len());
                match edit {
                    0 => drop(payload.splice(start..start, piece.iter().copied())),
                    1 => drop(payload.splice(start..end, piece.iter().copied())),
                    2 => drop(payload.drain(start..end)),
                    _ => {
                        if let Some(byte) = payload.get_mut(start) {
                            *byte ^= 1 << (length + 2);
                        }
                    }
                }
            }
            if let Some(cut) = cut {
                payload.truncate(cut.index(payload.len() + 1));
            }
            assert_same(&payload, headers);
        }
    }

    #[test]
    fn numbers_are_the_same_to_both(whole in "0|[1-9][0-9]{0,16}", fraction in "(\\.[0-9]{0,17})?", exponent in "(e-?[0-9])?") {
        assert_same_with(&format!("{whole}{fraction}"));
        let number = format!("{whole}{fraction}{exponent}");
        let data = format!(r#"{EVENT}{{"case_id":"c","duration_minutes":{number},"intensity":0{fraction}}}}}"#);
        assert_same(data.as_bytes(), &[]);
    }

    #[test]
    fn json_like_texts_are_the_same_to_both(inner in r#"[\[\]{}",:0-9a-z\\.eE+ -]{0,60}"#) {
        assert_same_in_both_modes(inner.as_bytes());
        assert_same(format!("{EVENT}{{{inner}}}}}").as_bytes(), &[]);
        assert_same(format!("{{{inner},{}{{\"case_id\":\"c\"}}}}", &EVENT[1..]).as_bytes(), &[]);
    }
}

/// Returns the event with its data last.
fn type_first(value: &serde_json::Value) -> String {
    let mut envelope = value.clone();
    let data = envelope.as_object_mut().unwrap().remove("data").unwrap();
    let envelope = envelope.to_string();
    format!(r#"{},"data":{data}}}"#, envelope.strip_suffix('}').unwrap())
}

//! The event contract as a producer sees it: examples, schemas, bad input of every kind, round trips.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use crate::contract_support as support;
use crate::contract_support::generated;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jsonschema::{Resource, Validator};
use paritywatch::event::{
    Criterion, Data, Decider, Decoded, Event, MAX_DEPTH, Membership, RawRecord, Reason, Rejection, Selection, decode,
};
use paritywatch::plan::{Channel, EventTime, Limits, Span};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use support::{LIMITS, contract, decode_payload, event_in, files, reason_of, rejection_of, to_json};

// ---------------------------------------------------------------- examples and schemas

/// A file of `invalid/`: an event, a text that is not JSON, or headers and a body.
#[derive(Deserialize)]
struct Invalid {
    reason: String,
    refused_by_schema: Option<bool>,
    event: Option<Box<RawValue>>,
    text: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<Box<RawValue>>,
}

/// A file of `examples/` in binary mode.
#[derive(Deserialize)]
struct Binary {
    headers: BTreeMap<String, String>,
    body: Box<RawValue>,
}

fn envelope_schema() -> Validator {
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(contract().join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let types = ["selection", "control", "outcome", "complaint", "tally", "attributes", "population", "measure"];
    let mut options = jsonschema::options();
    for name in types.into_iter().chain(["common"]) {
        let schema = read(&format!("{name}.schema.json"));
        let address = schema["$id"].as_str().unwrap().to_owned();
        options = options.with_resource(address, Resource::from_contents(schema).unwrap());
    }
    options.should_validate_formats(true).build(&read("cloudevents.schema.json")).unwrap()
}

/// Returns the structured event that a binary-mode record stands for.
fn structured(headers: &BTreeMap<String, String>, body: &RawValue) -> Value {
    let attribute = |(name, value): (&String, &String)| Some((name.strip_prefix("ce_")?.to_owned(), json!(value)));
    let mut event: serde_json::Map<_, _> = headers.iter().filter_map(attribute).collect();
    event.insert("data".to_owned(), serde_json::from_str(body.get()).unwrap());
    Value::Object(event)
}

fn decode_with<'a>(
    payload: &'a [u8],
    headers: &'a BTreeMap<String, String>,
) -> Result<Option<(String, Value)>, Rejection> {
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
    match decode(&RawRecord { payload, headers: &headers, timestamp: None }, &LIMITS, None)? {
        Decoded::Event(event) => Ok(Some((format!("{event:?}"), to_json(&event)))),
        Decoded::UnknownType => Ok(None),
    }
}

/// Asserts that every value in `given`, except `null`, is in `found`. Times are compared as times.
fn assert_contains(path: &str, found: &Value, given: &Value) {
    match given {
        Value::Null => assert!(found.is_null(), "{path}: null is absent, found {found}"),
        Value::Object(fields) => {
            for (name, value) in fields {
                assert_contains(&format!("{path}.{name}"), &found[name], value);
            }
        }
        Value::String(text) if [".time", ".valid_from", ".until"].iter().any(|name| path.ends_with(name)) => {
            let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.clone() };
            let time = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
            assert_eq!(time(found.as_str().unwrap()), time(&text), "{path}");
        }
        Value::Number(number) => assert_eq!(found.as_f64(), number.as_f64(), "{path}"),
        _ => assert_eq!(found, given, "{path}"),
    }
}

/// CloudEvents attributes that the contract ignores.
fn without_ignored(mut event: Value) -> Value {
    for name in ["datacontenttype", "traceparent"] {
        event.as_object_mut().unwrap().remove(name);
    }
    event
}

#[test]
fn every_example_fits_its_schema_and_decodes_to_what_it_says() {
    let schema = envelope_schema();
    let mut modes = BTreeMap::<(String, bool), usize>::new();
    for (name, text) in files("examples") {
        let binary = serde_json::from_str::<Binary>(&text).ok();
        let event = match &binary {
            Some(Binary { headers, body }) => structured(headers, body),
            None => serde_json::from_str(&text).unwrap(),
        };
        assert!(schema.is_valid(&event), "{name}: {:?}", schema.iter_errors(&event).map(|e| e.to_string()).next());
        let decoded = match &binary {
            Some(Binary { headers, body }) => decode_with(body.get().as_bytes(), headers),
            None => decode_with(text.as_bytes(), &BTreeMap::new()),
        };
        let (_, decoded) = decoded.unwrap_or_else(|error| panic!("{name}: {error}")).expect("a known type");
        let event_type = event["type"].as_str().unwrap().to_owned();
        assert_contains(&name, &decoded, &without_ignored(event));
        *modes.entry((event_type, binary.is_some())).or_default() += 1;
    }
    let of_mode = |binary: bool| modes.iter().filter(move |((_, it), _)| *it == binary).map(|(_, count)| *count);
    assert_eq!(of_mode(false).count(), 8, "every type has structured examples: {modes:?}");
    assert!(of_mode(false).all(|count| count >= 2), "several of each type: {modes:?}");
    assert!(of_mode(true).sum::<usize>() >= 2, "binary mode: {modes:?}");
}

#[test]
fn every_invalid_example_is_refused_for_the_reason_it_names() {
    let schema = envelope_schema();
    let none = BTreeMap::new();
    let mut reasons = BTreeSet::new();
    for (name, text) in files("invalid") {
        let invalid: Invalid = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let payload = match (&invalid.event, &invalid.text, &invalid.body) {
            (Some(event), None, None) => event.get(),
            (None, Some(text), None) => text,
            (None, None, Some(body)) => body.get(),
            _ => panic!("{name}: expected one of event, text, body"),
        };
        let found = decode_with(payload.as_bytes(), invalid.headers.as_ref().unwrap_or(&none));
        assert_eq!(found.map_err(|it| it.reason.name()), Err(&*invalid.reason), "{name}");
        reasons.insert(invalid.reason.clone());
        let event = match (&invalid.event, &invalid.headers, &invalid.body) {
            (Some(event), ..) => Some(serde_json::from_str(event.get()).unwrap()),
            (_, Some(headers), Some(body)) => Some(structured(headers, body)),
            _ => None,
        };
        if let (Some(event), Some(refused)) = (event, invalid.refused_by_schema) {
            assert_eq!(!schema.is_valid(&event), refused, "{name}: whether the schema refuses it");
        }
    }
    // No file can show these: they need a record, a topic, a large payload, or bytes that are not text.
    let elsewhere = [
        Reason::TooLarge,
        Reason::InvalidUtf8,
        Reason::AheadOfRecord,
        Reason::AheadOfClock,
        Reason::MeasureTopic,
        Reason::Mismatched,
    ]
    .map(Reason::name);
    let all: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    let shown = reasons.iter().map(|reason| &**reason).chain(elsewhere).collect();
    assert_eq!(all, shown, "every reason has an example or is named here");
}

#[test]
fn the_full_selection_decodes_to_every_field() {
    let text = std::fs::read_to_string(contract().join("examples/selection-profile.json")).unwrap();
    let text_of = |text: &'static str| Cow::Borrowed(text);
    let named = |name: &'static str| Criterion { name: Cow::Borrowed(name), value: None };
    let expected = Event {
        id: text_of("sel-000001"),
        source: text_of("/grants/risk-profiling"),
        time: EventTime("2026-03-01T08:15:30.123Z".parse::<Timestamp>().unwrap().as_millisecond()),
        data: Data::Selection(Selection {
            case_id: text_of("c-7f3a90"),
            profile: text_of("cub"),
            profile_version: Some(text_of("2026-02")),
            selected: true,
            channel: Channel::Profile,
            risk_class: Some(text_of("3")),
            decided_by: Some(Decider::Human),
            criteria: Some(vec![named("age"), named("distance_to_parents")]),
            groups: vec![
                (text_of("origin"), Membership::Group(text_of("non_european"))),
                (text_of("gender"), Membership::Group(text_of("woman"))),
            ],
            strata: vec![(text_of("education"), text_of("vocational"))],
            revises: None,
        }),
    };
    assert_eq!(event_in(text.as_bytes()), expected);
}

// ---------------------------------------------------------------- envelope

const SELECTION: &str = r#"{"specversion":"1.0","id":"e-1","source":"/s","type":"paritywatch.selection.v1","time":"2026-03-01T08:15:30Z","data":{"case_id":"c-1","profile":"cub","selected":true}}"#;

/// Returns [`SELECTION`] with one part replaced.
fn with(part: &str, replacement: &str) -> String {
    assert!(SELECTION.contains(part), "{part} is part of the event");
    SELECTION.replacen(part, replacement, 1)
}

/// Returns an event of this type with this data.
fn event_of(name: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e-1","source":"/s","type":"paritywatch.{name}.v1","time":"2026-03-01T08:15:30Z","data":{data}}}"#
    )
}

#[test]
fn the_order_of_fields_does_not_matter() {
    let data = r#","data":{"case_id":"c-1","profile":"cub","selected":true}"#;
    let first = with(data, "").replacen('{', &format!("{{{},", &data[1..]), 1);
    assert!(first.starts_with(r#"{"data""#));
    assert_eq!(event_in(first.as_bytes()), event_in(SELECTION.as_bytes()));
}

#[test]
fn strings_are_borrowed_unless_escaped() {
    let Data::Selection(plain) = event_in(SELECTION.as_bytes()).data else { panic!("a selection") };
    assert!(matches!(plain.case_id, Cow::Borrowed("c-1")));
    let escaped = with(r#""c-1""#, r#""c\u002d1""#).replace(r#""profile""#, r#""prof\u0069le""#);
    let Data::Selection(escaped) = event_in(escaped.as_bytes()).data else { panic!("a selection") };
    assert_eq!(escaped, plain);
    assert!(matches!(escaped.case_id, Cow::Owned(_)));
}

#[test]
fn unknown_fields_are_ignored_whatever_they_hold() {
    for odd in ["null", "[1e999,{}]", r#"{"case_id":"x","case_id":5}"#, r#""\ud800""#, "123456789012345678901234567890"]
    {
        let inner = with(r#""selected":true"#, &format!(r#""hits":{odd},"selected":true,"":{odd},"x":1,"x":2"#));
        assert_eq!(event_in(inner.as_bytes()), event_in(SELECTION.as_bytes()), "{odd} in data");
        let outer = with(r#""source""#, &format!(r#""subject":{odd},"case_id":{odd},"source""#));
        assert_eq!(event_in(outer.as_bytes()), event_in(SELECTION.as_bytes()), "{odd} in the envelope");
    }
}

#[test]
fn unknown_types_are_told_apart_whatever_their_data() {
    for name in
        ["paritywatch.x.v1", "paritywatch..v1", "selection", "com.example.thing", "com.example.selection.made.v1"]
    {
        let known = "paritywatch.selection.v1";
        for data in ["null", "[[]]", "5", r#"{"case_id":7}"#] {
            let event = with(known, name).replace(r#"{"case_id":"c-1","profile":"cub","selected":true}"#, data);
            assert_eq!(decode_payload(event.as_bytes()), Ok(Decoded::UnknownType), "{event}");
            let first = format!(r#"{{"data":{data},"type":"{name}"}}"#);
            assert_eq!(decode_payload(first.as_bytes()), Ok(Decoded::UnknownType), "{first}");
        }
    }
    let avro = RawRecord {
        payload: &[0xff, 0x00],
        headers: &[("ce_specversion", b"1.0"), ("ce_type", b"com.example.thing"), ("content-type", b"avro/binary")],
        timestamp: None,
    };
    assert_eq!(decode(&avro, &LIMITS, None), Ok(Decoded::UnknownType));
}

#[test]
fn null_is_absent_where_absence_is_allowed() {
    let nulls = r#""profile_version":null,"channel":null,"risk_class":null,"decided_by":null,"criteria":null,"groups":null,"strata":null,"revises":null,"selected":true"#;
    let event = with(r#""selected":true"#, nulls);
    assert_eq!(event_in(event.as_bytes()), event_in(SELECTION.as_bytes()));
    let entries = with(r#""selected":true"#, r#""groups":{"origin":null},"strata":{"region":null},"selected":true"#);
    assert_eq!(event_in(entries.as_bytes()), event_in(SELECTION.as_bytes()));
}

#[test]
fn headers_are_read_in_any_case_and_a_cloudevents_content_type_wins() {
    let body = br#"{"case_id":"c-1","profile":"cub","selected":true}"#;
    let headers: [(&str, &[u8]); 6] = [
        ("CE_SpecVersion", b"1.0"),
        ("Ce_Id", b"e-1"),
        ("ce_source", b"/s"),
        ("ce_TYPE", b"paritywatch.selection.v1"),
        ("ce_time", b"2026-03-01T08:15:30Z"),
        ("Content-Type", b"application/json; charset=utf-8"),
    ];
    let expected = Ok(Decoded::Event(event_in(SELECTION.as_bytes())));
    let record = |payload, headers| RawRecord { payload, headers, timestamp: None };
    assert_eq!(decode(&record(body, &headers), &LIMITS, None), expected);
    assert_eq!(decode(&record(body, &headers[..5]), &LIMITS, None), expected, "the content type is optional");

    let both: [(&str, &[u8]); 2] = [("ce_specversion", b"1.0"), ("content-type", b"application/cloudevents+json")];
    assert_eq!(decode(&record(SELECTION.as_bytes(), &both), &LIMITS, None), expected);

    let json_only: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
    assert_eq!(decode(&record(SELECTION.as_bytes(), &json_only), &LIMITS, None), expected);

    let reason = |headers: &[(&str, &[u8])]| {
        decode(&RawRecord { payload: body, headers, timestamp: None }, &LIMITS, None).unwrap_err().reason
    };
    let mut twice = headers.to_vec();
    twice.push(("ce_id", b"e-2"));
    assert_eq!(reason(&twice), Reason::DuplicateField);
    let mut bytes = headers;
    bytes[1].1 = b"\xff";
    assert_eq!(reason(&bytes), Reason::InvalidUtf8);
}

// ---------------------------------------------------------------- bad input

#[test]
fn what_is_not_json_is_refused() {
    for text in
        ["{", "nul", "{}{}", "{'a':1}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":01}", "{\"a\":1,}", "{\u{feff}}"]
    {
        assert_eq!(reason_of(text.as_bytes()), Reason::NotJson, "{text}");
    }
    for text in ["null", "5", "[]", r#""text""#, "true"] {
        assert_eq!(reason_of(text.as_bytes()), Reason::WrongType, "{text}");
    }
    assert_eq!(reason_of(b""), Reason::EmptyPayload);
    assert_eq!(reason_of(with(r#""c-1""#, r#""\ud800""#).as_bytes()), Reason::NotJson, "a lone surrogate");
    assert_eq!(reason_of(with("c-1", "c\n1").as_bytes()), Reason::NotJson, "a control character");
}

#[test]
fn what_is_not_utf8_is_refused_wherever_it_is() {
    for part in ["c-1", "case_id", "e-1"] {
        let start = SELECTION.find(part).unwrap();
        let mut payload = SELECTION.as_bytes().to_vec();
        payload[start] = 0xff;
        let rejection = rejection_of(&payload);
        assert_eq!(rejection.reason, Reason::InvalidUtf8);
        assert!(rejection.detail.ends_with(&format!("at byte {start}")), "{rejection}");
    }
}

#[test]
fn every_field_refuses_every_wrong_type() {
    let values = ["true", "17", "1.5", r#""text""#, "[]", "{}"];
    let fields = [
        ("selection", r#"{"case_id":"c","profile":"p","selected":true}"#, "case_id profile", r#""text""#),
        ("selection", r#"{"case_id":"c","profile":"p","selected":true}"#, "selected", "true"),
        (
            "selection",
            r#"{"case_id":"c","profile":"p","selected":true}"#,
            "profile_version risk_class revises",
            r#""text""#,
        ),
        ("selection", r#"{"case_id":"c","profile":"p","selected":true}"#, "criteria", "[]"),
        ("selection", r#"{"case_id":"c","profile":"p","selected":true}"#, "groups strata", "{}"),
        ("control", r#"{"case_id":"c"}"#, "control_id kind profile", r#""text""#),
        ("control", r#"{"case_id":"c"}"#, "performed", "true"),
        ("outcome", r#"{"case_id":"c","outcome":"unknown"}"#, "control_id revises", r#""text""#),
        ("outcome", r#"{"case_id":"c","outcome":"unknown"}"#, "sanction", "{}"),
        ("complaint", r#"{"profile":"p"}"#, "case_id ground", r#""text""#),
        ("tally", r#"{"profile":"p","counts":{}}"#, "counts groups strata", "{}"),
        ("attributes", r#"{"case_id":"c","groups":{}}"#, "groups strata", "{}"),
        ("population", r#"{"profile":"p","dimension":"d","counts":{},"valid_from":"2026-01-01"}"#, "counts", "{}"),
        (
            "measure",
            r#"{"profile":"p","measure":"adjusted","reason":"r","by":"b"}"#,
            "profile rule reason by",
            r#""text""#,
        ),
    ];
    for (name, data, names, right) in fields {
        for field in names.split(' ') {
            let mut data: Value = serde_json::from_str(data).unwrap();
            for value in values {
                data[field] = serde_json::from_str(value).unwrap();
                let event = event_of(name, &data.to_string());
                let found = decode_payload(event.as_bytes()).map_err(|rejection| rejection.reason);
                if value == right {
                    assert!(found.is_ok(), "{name}.{field} = {value}: {found:?}");
                } else {
                    assert_eq!(found, Err(Reason::WrongType), "{name}.{field} = {value}");
                }
            }
        }
    }
    for word in ["channel", "outcome"] {
        let event = event_of("control", &format!(r#"{{"case_id":"c","{word}":1}}"#));
        assert_eq!(reason_of(event.as_bytes()), Reason::WrongType, "{word}");
    }
}

#[test]
fn numbers_have_a_range_and_counts_are_integers() {
    let tally =
        |count: &str| decode_reason(&event_of("tally", &format!(r#"{{"profile":"p","counts":{{"hits":{count}}}}}"#)));
    assert_eq!(tally("1000000000000"), None);
    for count in ["1000000000001", "-1", "18446744073709551616", "-9223372036854775809", "1e999"] {
        assert_eq!(tally(count), Some(Reason::OutOfRange), "{count}");
    }
    for count in ["12.0", "1e3", "0.5", "\"1\"", "true"] {
        assert_eq!(tally(count), Some(Reason::WrongType), "{count}");
    }
    let control = |field: &str, number: &str| {
        decode_reason(&event_of("control", &format!(r#"{{"case_id":"c","{field}":{number}}}"#)))
    };
    for (field, max, above) in [("intensity", "10", "10.001"), ("duration_minutes", "527040", "527040.1")] {
        for number in ["0", "-0.0", "0.5", max] {
            assert_eq!(control(field, number), None, "{field} {number}");
        }
        for number in ["-1", "-0.001", "1e999", "-1e999", "99999999999999999999", above] {
            assert_eq!(control(field, number), Some(Reason::OutOfRange), "{field} {number}");
        }
    }
}

/// Returns the reason why an event is rejected, or `None` where it is not.
fn decode_reason(event: &str) -> Option<Reason> {
    decode_payload(event.as_bytes()).err().map(|rejection| rejection.reason)
}

#[test]
fn counts_contradict_only_where_both_are_given() {
    let tally = |counts: &str| decode_reason(&event_of("tally", &format!(r#"{{"profile":"p","counts":{counts}}}"#)));
    for counts in [r#"{"hits":3}"#, r#"{"selected":3,"controlled":9}"#, r#"{"selected":3,"assessed":null}"#, "{}"] {
        assert_eq!(tally(counts), None, "{counts}");
    }
    for counts in [
        r#"{"selected":3,"assessed":2}"#,
        r#"{"assessed":2,"selected":3}"#,
        r#"{"concluded":3,"controlled":2}"#,
        r#"{"hits":3,"concluded":2}"#,
        r#"{"hits":3,"controlled":2}"#,
    ] {
        assert_eq!(tally(counts), Some(Reason::InvalidValue), "{counts}");
    }
}

#[test]
fn known_fields_may_not_repeat() {
    for (part, field) in
        [(r#""id":"e-1""#, "id"), (r#""profile":"cub""#, "profile"), (r#""selected":true"#, "selected")]
    {
        let rejection = rejection_of(with(part, &format!("{part},{part}")).as_bytes());
        assert_eq!(rejection.reason, Reason::DuplicateField, "{field}");
        assert!(rejection.detail.contains(&format!(".{field}:")), "{rejection}");
    }
}

#[test]
fn impossible_times_are_told_from_no_times() {
    let at = |time: &str| decode_reason(&with("2026-03-01T08:15:30Z", time));
    for time in
        ["1990-01-01T00:00:00Z", "2099-12-31T23:59:59.999Z", "1989-12-31T23:59:59-00:01", "2100-01-01T00:30:00+01:00"]
    {
        assert_eq!(at(time), None, "{time}");
    }
    for time in [
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "1989-12-31T23:59:59.999Z",
        "2100-01-01T00:00:00Z",
        "1990-01-01T00:00:00+00:01",
    ] {
        assert_eq!(at(time), Some(Reason::ImpossibleTime), "{time}");
    }
    for time in [
        "2026-03-01",
        "2026-03-01T08:15:30",
        "2026-03-01 08:15:30Z",
        "2026-3-1T08:15:30Z",
        "2026-13-01T08:15:30Z",
        "2026-00-01T08:15:30Z",
        "2026-02-29T08:15:30Z",
        "2026-03-00T08:15:30Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T08:60:00Z",
        "2026-03-01T08:15:60Z",
        "2026-03-01T08:15:61Z",
        "2026-03-01T08:15:30.Z",
        "2026-03-01T08:15:30Zx",
        "2026-03-01T08:15:30+0200",
        "2026-03-01T08:15:30+24:00",
        "2026-03-01T08:15:30+02:60",
        "1772352930",
        "now",
        "2026-03-01T08:15:3\u{660}Z",
    ] {
        assert_eq!(at(time), Some(Reason::InvalidTime), "{time}");
    }
    assert_eq!(at(""), Some(Reason::EmptyField));
}

#[test]
fn times_mean_what_rfc_3339_says() {
    let at = |time: &str| event_in(with("2026-03-01T08:15:30Z", time).as_bytes()).time.0;
    let base = 1_772_352_930_000;
    for (time, expected) in [
        ("2026-03-01t08:15:30z", base),
        ("2026-03-01T10:15:30+02:00", base),
        ("2026-02-28T20:45:30-11:30", base),
        ("2026-03-01T08:15:30-00:00", base),
        ("2026-03-01T08:15:30.1Z", base + 100),
        ("2026-03-01T08:15:30.123999999999999999999999Z", base + 123),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        ("2017-01-01T01:59:60.5+02:00", 1_483_228_799_500),
    ] {
        assert_eq!(at(time), expected, "{time}");
    }
}

#[test]
fn an_event_too_far_ahead_of_its_record_is_refused() {
    let time = event_in(SELECTION.as_bytes()).time;
    let ahead = |timestamp: Option<EventTime>, max_ahead: Option<Span>| {
        let record = RawRecord { payload: SELECTION.as_bytes(), headers: &[], timestamp };
        decode(&record, &LIMITS, max_ahead).err().map(|rejection| rejection.reason)
    };
    assert_eq!(ahead(Some(time.minus(Span::DAY)), Some(Span::DAY)), None);
    assert_eq!(ahead(Some(time.minus(Span(Span::DAY.0 + 1))), Some(Span::DAY)), Some(Reason::AheadOfRecord));
    assert_eq!(ahead(Some(EventTime(0)), None), None);
    assert_eq!(ahead(None, Some(Span(0))), None);
}

#[test]
fn long_strings_and_large_messages_are_refused() {
    let long = "x".repeat(1 << 20);
    let event = with("c-1", &long);
    assert_eq!(reason_of(event.as_bytes()), Reason::TooLarge);
    let roomy = Limits { message_bytes: 2 << 20, ..LIMITS };
    let decoded = |event: &str| {
        decode(&RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None }, &roomy, None)
            .err()
            .map(|rejection| rejection.reason)
    };
    for part in ["c-1", "cub", "e-1", "/s"] {
        assert_eq!(decoded(&with(part, &long)), Some(Reason::StringTooLong), "{part}");
        let escaped = format!("\\u0078{}", &long[1..]);
        assert_eq!(decoded(&with(part, &escaped)), Some(Reason::StringTooLong), "{part}, escaped");
    }
    assert_eq!(decoded(&with("2026-03-01T08:15:30Z", &long)), Some(Reason::InvalidTime));
    let in_unknown_field = with(r#""id""#, &format!(r#""x":"{long}","id""#));
    assert_eq!(decoded(&in_unknown_field), None);

    assert_eq!(decode_reason(&with("c-1", &"x".repeat(256))), None);
    assert_eq!(decode_reason(&with("c-1", &"\u{e9}".repeat(129))), Some(Reason::StringTooLong), "bytes count");
}

#[test]
fn depth_is_limited_everywhere_and_brackets_in_strings_do_not_count() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let outer = |value: &str| decode_reason(&with(r#""id""#, &format!(r#""x":{value},"id""#)));
    assert_eq!(outer(&nested(MAX_DEPTH - 1)), None);
    assert_eq!(outer(&nested(MAX_DEPTH)), Some(Reason::TooDeep));
    let inner = |value: &str| decode_reason(&with(r#""selected""#, &format!(r#""x":{value},"selected""#)));
    assert_eq!(inner(&nested(MAX_DEPTH - 2)), None);
    assert_eq!(inner(&nested(MAX_DEPTH - 1)), Some(Reason::TooDeep));
    assert_eq!(outer(&format!(r#""\"{}\\""#, "[{".repeat(500))), None);
    assert_eq!(outer(&format!("[{}1]", "[],{},".repeat(500))), None, "many, not deep");
    for bracket in ["[", "{", r#"{"a":"#] {
        let payload = bracket.repeat(65_536 / bracket.len());
        assert_eq!(reason_of(payload.as_bytes()), Reason::TooDeep, "{bracket}");
    }
}

#[test]
fn a_rejection_never_repeats_a_value() {
    let secret = "SECRET, expected SECRET at line SECRET";
    let value = json!(secret).to_string();
    let in_key = json!({ secret: 5 }).to_string();
    let fields =
        "case_id profile profile_version selected channel risk_class decided_by criteria groups strata revises";
    let mut refused = 0;
    for field in fields.split(' ') {
        for value in [&value, &format!("[{value}]"), &format!("{{\"a\":{value}}}"), &in_key, &value.repeat(9)] {
            let mut data = format!(r#"{{"case_id":{value},"profile":"p","{field}":{value},"selected":{value}}}"#);
            if field == "case_id" {
                data = format!(r#"{{"case_id":{value}}}"#);
            }
            let payload = event_of("selection", &data);
            let rejection = rejection_of(payload.as_bytes());
            assert!(!rejection.to_string().contains("SECRET"), "{rejection}");
            refused += 1;
        }
    }
    assert_eq!(refused, 55);
    for (part, reason) in [(r#""1.0""#, Reason::InvalidValue), (r#""2026-03-01T08:15:30Z""#, Reason::InvalidTime)] {
        let rejection = rejection_of(with(part, &value).as_bytes());
        assert_eq!(rejection.reason, reason);
        assert!(!rejection.to_string().contains("SECRET"), "{rejection}");
    }
}

#[test]
fn a_rejection_names_field_expectation_kind_and_position() {
    let detail = |event: &str| rejection_of(event.as_bytes()).to_string();
    assert_eq!(
        detail("{\"specversion\":\"1.0\",\n\"type\":\"paritywatch.selection.v1\",\n \"data\":{\"case_id\":17}}"),
        "wrong_type: data.case_id: expected a string, found an integer, at line 3 column 21"
    );
    // The position is the same where data comes before its type.
    assert_eq!(
        detail(
            "{\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"s\",\"time\":\"2026-03-01T08:15:30Z\",\n \"data\":{\"case_id\":17},\n\"type\":\"paritywatch.selection.v1\"}"
        ),
        "wrong_type: data.case_id: expected a string, found an integer, at line 2 column 21"
    );
    assert_eq!(
        detail(&event_of("tally", r#"{"profile":"p","counts":{"hits":2,"concluded":1}}"#)).split(", at").next(),
        Some("invalid_value: data.counts.hits: expected at most concluded, found more")
    );
    assert_eq!(
        detail(&with(r#""time":"2026-03-01T08:15:30Z","#, "")),
        "missing_field: event.time: expected this field, found none"
    );
}

#[test]
fn reasons_have_unique_snake_case_names() {
    let names: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), Reason::ALL.len());
    let is_snake =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    assert!(names.iter().all(is_snake), "{names:?}");
}

// ---------------------------------------------------------------- properties

/// Whatever arrives, decoding ends, and a rejection has a detail.
fn assert_answer(payload: &[u8]) {
    if let Err(rejection) = decode_payload(payload) {
        assert!(!rejection.detail.is_empty());
        assert!(rejection.detail.len() < 300, "{rejection}");
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(event in generated::event()) {
        let text = to_json(&event).to_string();
        prop_assert_eq!(decode_payload(text.as_bytes()), Ok(Decoded::Event(event)));
    }

    #[test]
    fn arbitrary_bytes_get_an_answer(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_answer(&payload);
    }

    #[test]
    fn json_like_texts_get_an_answer(payload in r#"[\[\]{}",:0-9a-z\\.eE+-]{0,80}"#) {
        assert_answer(payload.as_bytes());
    }

    #[test]
    fn truncated_events_are_refused(event in generated::event(), at in any::<prop::sample::Index>()) {
        let text = to_json(&event).to_string();
        let payload = &text.as_bytes()[..at.index(text.len())];
        prop_assert!(decode_payload(payload).is_err());
        assert_answer(payload);
    }

    #[test]
    fn mutated_events_get_an_answer(
        event in generated::event(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let mut payload = to_json(&event).to_string().into_bytes();
        for (at, byte, edit) in edits {
            let at = at.index(payload.len());
            match edit {
                0 => payload[at] = byte,
                1 => payload.insert(at, byte),
                _ => drop(payload.remove(at)),
            }
        }
        assert_answer(&payload);
    }

    /// `jiff` accepts more than the contract, so the texts are generated by the grammar of the RFC.
    #[test]
    fn times_agree_with_jiff(
        (year, month, day) in (1991..2099_i32, 0..14_u8, 0..33_u8),
        (hour, minute, second) in (0..25_u8, 0..61_u8, 0..60_u8),
        fraction in prop_oneof![Just(String::new()), "\\.[0-9]{1,9}"],
        offset in prop_oneof![Just("Z".to_owned()), "[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]"],
        lower in any::<bool>(),
    ) {
        let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}");
        let time = if lower { time.to_ascii_lowercase() } else { time };
        let event = with("2026-03-01T08:15:30Z", &time);
        let found = decode_payload(event.as_bytes());
        match time.parse::<Timestamp>() {
            Ok(expected) => prop_assert_eq!(event_in(event.as_bytes()).time.0, expected.as_millisecond()),
            Err(_) => prop_assert_eq!(found.unwrap_err().reason, Reason::InvalidTime),
        }
    }
}

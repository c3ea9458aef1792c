//! What one record may give, and what is refused as a whole.

use paritywatch::event::RawRecord;
use paritywatch::mapping::{Bounds, Left, Mapped, Place};
use serde_json::json;

use super::{LIMITS, Outcome, event_in, event_text, map, map_counted, mapper, mappings};

const ITEMS: &str = r#"
[[mappings]]
name = "items"
topics = ["cases"]
each = "/items"
when = [{ path = "/skip", not_in = [true] }]
type = "control"
[mappings.fields]
case_id = "/case"
time = "$/at"
kind = "/kind"
"#;

fn items(items: &serde_json::Value) -> String {
    json!({"at": "2026-03-01T00:00:00Z", "items": items}).to_string()
}

#[test]
fn each_element_is_an_event_known_by_its_place() {
    let mapper = mapper(&mappings(ITEMS));
    let document = items(&json!([{"case": 1}, {"case": 2, "skip": true}, {"case": "3", "skip": false, "kind": null}]));
    let (outcome, counts) = map_counted(&mapper, &document);
    let Outcome::Events(events) = outcome else { panic!("{outcome:?}") };
    let ids: Vec<String> = events.iter().map(|event| event_in(event).id.into_owned()).collect();
    assert_eq!(ids, ["cases/0/7/0", "cases/0/7/2"]);
    assert_eq!((counts[0].mapped, counts[0].events, counts[0].unmapped), (1, 2, 0));
    for none in [json!([]), json!(null), json!([{"skip": true}])] {
        assert_eq!(map(&mapper, &items(&none)), Outcome::Left(Left::Unmapped));
    }
    let Outcome::Refused(why) = map(&mapper, &items(&json!({}))) else { panic!() };
    assert_eq!(why, "wrong_type: mapping \"items\": each: expected an array, found an object");
}

/// Those that were counted would be counted again when the record is sent again.
#[test]
fn a_record_of_which_one_event_is_refused_gives_none() {
    let mapper = mapper(&mappings(ITEMS));
    let long = "x".repeat(300);
    for (bad, expected) in [
        (json!({}), "missing_field: mapping \"items\": case_id (from /case): expected a value, found nothing"),
        (
            json!({"case": [1]}),
            "wrong_type: mapping \"items\": case_id (from /case): expected a string or an integer, found an array",
        ),
        (
            json!({"case": long}),
            "string_too_long: mapping \"items\": data.case_id: expected at most 256 bytes, found 300, at line 1",
        ),
    ] {
        let (outcome, counts) = map_counted(&mapper, &items(&json!([{"case": 1}, bad, {"case": 2}])));
        let Outcome::Refused(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.starts_with(expected), "{why}");
        assert_eq!((counts[0].records, counts[0].refused, counts[0].events), (1, 1, 0));
    }
}

#[test]
fn a_record_gives_at_most_a_thousand_events_and_sixteen_largest_ones() {
    let mapper_of = mapper(&mappings(ITEMS));
    let many = |count: usize| items(&json!(vec![json!({"case": 1}); count]));
    assert!(matches!(map(&mapper_of, &many(1_000)), Outcome::Events(events) if events.len() == 1_000));
    let Outcome::Refused(why) = map(&mapper_of, &many(1_001)) else { panic!() };
    assert_eq!(why, "too_many: mapping \"items\": each: expected at most 1000 events of one record, found more");
    let wide = mapper(&mappings(&ITEMS.replace("kind = \"/kind\"", "kind = \"$/kind\"")));
    let document =
        json!({"at": "2026-03-01T00:00:00Z", "kind": "k".repeat(30_000), "items": vec![json!({"case": 1}); 50]});
    let Outcome::Refused(why) = map(&wide, &document.to_string()) else { panic!() };
    assert!(
        why.starts_with("too_large: mapping \"items\": each: expected events of one record of at most 16"),
        "{why}"
    );
}

#[test]
fn what_is_no_document_is_refused_as_an_event_would_be() {
    let mapper = mapper(&mappings(ITEMS));
    let large = format!("[{}]", "1,".repeat(40_000));
    for (document, expected) in [
        ("", "empty_payload: payload: expected JSON, found no bytes"),
        ("{", "not_json: payload: expected JSON, at byte 1"),
        ("{} x", "not_json: payload: expected JSON, at byte 3"),
        (&"[".repeat(40), "too_deep: payload: expected at most 32 nested levels, found more at byte 32"),
        (
            r#"{"items":[],"items":[]}"#,
            "duplicate_field: payload: expected each name that is read once, found one twice, at byte 20",
        ),
        (&large, "too_large: payload: expected at most 65536 bytes, found 80002"),
    ] {
        assert_eq!(map(&mapper, document), Outcome::Refused(expected.to_owned()));
    }
    let mut mapped = Mapped::default();
    let record = RawRecord { payload: b"{\"a\":\"\xff\"}", headers: &[], timestamp: None };
    let prefix = Place::prefix("x");
    mapper.map(&record, Place { prefix: &prefix, number: 0 }, Bounds { limits: &LIMITS, max_ahead: None }, &mut mapped);
    assert_eq!(mapped.events().count(), 0);
}

#[test]
fn marks_and_the_framing_of_a_registry_are_taken_off() {
    let mapper = mapper(&mappings(ITEMS));
    let document = items(&json!([{"case": 1}]));
    let expected = event_text(&mapper, &document);
    assert_eq!(event_text(&mapper, &format!("\u{feff}{document}")), expected);
    assert_eq!(event_text(&mapper, &format!("\0\0\0\0\u{1}{document}")), expected);
}

const COLUMNS: &str = r#"
[[mappings]]
name = "columns"
files = ["*"]
type = "selection"
[mappings.fields]
case_id = { paths = ["region", "number"], join = "-" }
time = { path = "at", format = "%d-%m-%Y %H:%M", zone = "Europe/Amsterdam" }
profile = { path = "scheme", values = { C = "cub" } }
selected = { path = "picked", values = { J = true, N = false }, default = false }
risk_class = "class"
"groups.origin" = { path = "origin", values = { 1 = "dutch" }, other = "european" }
"#;

#[test]
fn values_stand_for_others_and_what_stands_for_none_is_refused() {
    let mapper = mapper(&mappings(COLUMNS));
    let row = |region: &str, picked: &str, origin: &str| {
        json!({"region": region, "number": "4-2", "at": "01-03-2026 08:15", "scheme": "C", "picked": picked, "origin": origin, "class": ""}).to_string()
    };
    let text = event_text(&mapper, &row("0363", "J", "1"));
    assert!(text.contains(r#""time":"2026-03-01T07:15:00.000Z","data":{"case_id":"0363-4-2","profile":"cub","selected":true,"groups":{"origin":"dutch"}}"#), "{text}");
    assert!(event_text(&mapper, &row("0363", "", "2")).contains(r#""selected":false,"groups":{"origin":"european"}"#));
    for (document, expected) in [
        // No value of the document is told.
        (
            row("0363", "X", "1"),
            "invalid_value: mapping \"columns\": selected (from picked): expected one of its 2 values, found a string that is none of them",
        ),
        (
            row("03-63", "J", "1"),
            "invalid_value: mapping \"columns\": case_id (from region, number): expected parts of which only the last has the text that joins them, found another one that has it",
        ),
        (
            row("", "J", "1"),
            "missing_field: mapping \"columns\": case_id (from region, number): expected a value, found nothing",
        ),
        (
            row("0363", "J", "1").replace("08:15", "25:15"),
            "invalid_time: mapping \"columns\": time (from at): expected a time of the mapping's pattern, found another text or number",
        ),
        (
            row("0363", "J", "1").replace("01-03-2026 08:15", "29-03-2026 02:30"),
            "invalid_time: mapping \"columns\": time (from at): expected a time that its zone has, found one that was skipped when clocks went forward",
        ),
    ] {
        assert_eq!(map(&mapper, &document), Outcome::Refused(expected.to_owned()));
    }
}

#[test]
fn an_envelope_of_kafka_connect_is_taken_off_and_must_be_there() {
    let mapper = mapper(&mappings(&ITEMS.replace("each =", "envelope = \"connect\"\neach =")));
    let document = items(&json!([{"case": 1}]));
    let wrapped = format!(r#"{{"schema":{{"type":"struct","optional":false}},"payload":{document}}}"#);
    assert!(event_text(&mapper, &wrapped).contains("\"case_id\":\"1\""));
    let Outcome::Refused(why) = map(&mapper, &document) else { panic!() };
    assert_eq!(
        why,
        "missing_field: mapping \"items\": payload: expected an object, in an envelope of Kafka Connect (schema, payload), found none"
    );
}

#[test]
fn several_mappings_read_one_document_and_each_counts() {
    let both = mappings(&format!(
        "{ITEMS}{}",
        COLUMNS.replace("files = [\"*\"]", "topics = [\"cases\"]\nwhen = [{ path = \"region\", exists = true }]")
    ));
    let (outcome, counts) = map_counted(&mapper(&both), &items(&json!([{"case": 1}])));
    assert!(matches!(outcome, Outcome::Events(events) if events.len() == 1));
    assert_eq!((counts[0].mapped, counts[0].unmapped, counts[1].mapped, counts[1].unmapped), (1, 0, 0, 1));
}

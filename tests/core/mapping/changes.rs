//! Changes of rows, as Debezium tells them. The shape is that of its documentation
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-change-event-values>); the values are made up.

use paritywatch::event::Data;
use paritywatch::ledger::PseudonymKey;
use paritywatch::mapping::{Left, Mapper};
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::settings::Settings;
use serde_json::{Value, json};

use super::{BASE, Outcome, event_in, event_text, map, map_counted, mapper, mappings};

const SELECTIONS: &str = r#"
[[mappings]]
name = "cases"
topics = ["cases"]
envelope = "debezium"
type = "selection"
when = [{ path = "/status", in = ["ASSESSED"] }]
[mappings.fields]
case_id = "/id"
time = { path = "/assessed_at", format = "epoch_us" }
profile = { value = "cub" }
selected = "/picked"
"groups.origin" = "/origin"
"#;

const OUTCOMES: &str = r#"
[[mappings]]
name = "outcomes"
topics = ["cases"]
envelope = "debezium"
deletes = "correct"
type = "outcome"
when = [{ path = "/result", exists = true }]
[mappings.fields]
case_id = "/id"
control_id = "/visit"
time = { path = "/found_at", format = "epoch_us" }
outcome = { path = "/result", values = { FOUND = "violation", NOTHING = "no_violation" } }
"#;

const DAY: i64 = 1_772_323_200_000;

fn row(picked: bool, origin: &str) -> Value {
    json!({"id": 17, "status": "ASSESSED", "picked": picked, "origin": origin, "assessed_at": DAY * 1_000, "note": "x"})
}

fn change(op: &str, before: &Value, after: &Value) -> String {
    let source = json!({
        "version": "3.0.0.Final", "connector": "postgresql", "name": "dbserver", "ts_ms": DAY + 60_000, "snapshot": "false",
        "db": "benefits", "schema": "public", "table": "cases", "txId": 556, "lsn": 24_023_128, "xmin": null,
    });
    let change = json!({"before": before, "after": after, "source": source, "transaction": null, "op": op, "ts_ms": DAY + 61_000});
    change.to_string()
}

fn selections() -> Mapper {
    mapper(&mappings(SELECTIONS))
}

#[test]
fn a_new_row_is_an_event_that_is_known_by_its_row() {
    let expected = r#"{"specversion":"1.0","type":"paritywatch.selection.v1","source":"mapping:cases","id":"row:cases/17","time":"2026-03-01T00:00:00.000Z","data":{"case_id":"17","profile":"cub","selected":true,"groups":{"origin":"dutch"}}}"#;
    for op in ["c", "r"] {
        assert_eq!(event_text(&selections(), &change(op, &Value::Null, &row(true, "dutch"))), expected);
        let wrapped = json!({"schema": {"type": "struct", "fields": []}, "payload": serde_json::from_str::<Value>(&change(op, &Value::Null, &row(true, "dutch"))).unwrap()});
        assert_eq!(event_text(&selections(), &wrapped.to_string()), expected);
    }
}

#[test]
fn a_row_that_changes_in_what_is_read_is_a_correction_and_no_other_change_is_told() {
    let (old, mut new) = (row(false, "dutch"), row(false, "dutch"));
    new["note"] = json!("y");
    let (outcome, counts) = map_counted(&selections(), &change("u", &old, &new));
    assert_eq!(outcome, Outcome::Left(Left::Unchanged));
    assert_eq!((counts[0].records, counts[0].unchanged, counts[0].unmapped), (1, 1, 0));
    new["picked"] = json!(true);
    let text = event_text(&selections(), &change("u", &old, &new));
    let event = event_in(&text);
    // It was made when the database changed the row.
    assert_eq!((&*event.id, event.time), ("cases/0/7", EventTime(DAY + 60_000)));
    let Data::Selection(selection) = &event.data else { panic!("{text}") };
    assert_eq!((selection.selected, selection.revises.as_deref()), (true, Some("row:cases/17")));
}

#[test]
fn a_row_whose_condition_comes_to_hold_is_told_then_and_one_that_was_refused_too() {
    let mut old = row(true, "dutch");
    old["status"] = json!("NEW");
    let text = event_text(&selections(), &change("u", &old, &row(true, "dutch")));
    assert_eq!(&*event_in(&text).id, "row:cases/17");
    assert_eq!(map(&selections(), &change("c", &Value::Null, &old)), Outcome::Left(Left::Unmapped));
    let mut refused = row(true, "dutch");
    refused["picked"] = Value::Null;
    let Outcome::Refused(why) = map(&selections(), &change("c", &Value::Null, &refused)) else {
        panic!("it has no value")
    };
    assert_eq!(why, "missing_field: mapping \"cases\": selected (from /picked): expected a value, found nothing");
    let text = event_text(&selections(), &change("u", &refused, &row(true, "dutch")));
    assert_eq!(&*event_in(&text).id, "row:cases/17");
}

#[test]
fn a_row_that_is_gone_is_counted_and_an_outcome_is_taken_back() {
    let row = row(true, "dutch");
    let (outcome, counts) = map_counted(&selections(), &change("d", &row, &Value::Null));
    assert_eq!((outcome, counts[0].deleted), (Outcome::Left(Left::Deleted), 1));
    assert_eq!(map(&selections(), &change("t", &Value::Null, &Value::Null)), Outcome::Left(Left::Deleted));
    assert_eq!(map(&selections(), &change("m", &Value::Null, &Value::Null)), Outcome::Left(Left::Unmapped));
    // A tombstone follows.
    assert_eq!(map(&selections(), ""), Outcome::Left(Left::Unchanged));
    let refusing = mapper(&mappings(&SELECTIONS.replace("type =", "deletes = \"refuse\"\ntype =")));
    assert!(matches!(map(&refusing, &change("d", &row, &Value::Null)), Outcome::Refused(_)));

    let of_row = json!({"id": 17, "visit": "v1", "result": "FOUND", "found_at": (DAY + 5_000) * 1_000});
    let outcomes = mapper(&mappings(OUTCOMES));
    let text = event_text(&outcomes, &change("d", &of_row, &Value::Null));
    let expected = r#"{"specversion":"1.0","type":"paritywatch.outcome.v1","source":"mapping:outcomes","id":"cases/0/7","time":"2026-03-01T00:01:00.000Z","data":{"case_id":"17","control_id":"v1","outcome":"unknown","revises":"row:outcomes/17/v1"}}"#;
    assert_eq!(text, expected);
    let mut emptied = of_row.clone();
    emptied["result"] = Value::Null;
    assert_eq!(event_text(&outcomes, &change("u", &of_row, &emptied)), expected);
}

/// A database may tell only the key of a row that was deleted: whether its condition held is not known.
#[test]
fn a_deletion_that_tells_the_key_alone_is_never_left_out_without_a_word() {
    let key = json!({"id": 17, "visit": null, "result": null, "found_at": null});
    let mut whole = key.clone();
    whole["found_at"] = json!(DAY * 1_000);
    let of = |deletes: &str, row: &Value| {
        let mapper = mapper(&mappings(&OUTCOMES.replace("\"correct\"", &format!("\"{deletes}\""))));
        map(&mapper, &change("d", row, &Value::Null))
    };
    for deletes in ["correct", "refuse"] {
        let Outcome::Refused(why) = of(deletes, &key) else { panic!("{deletes}") };
        assert!(why.contains("REPLICA IDENTITY FULL") && why.contains("binlog_row_image"), "{why}");
        assert_eq!(of(deletes, &whole), Outcome::Left(Left::Unmapped), "a row without a result has said nothing");
    }
    assert_eq!(of("ignore", &key), Outcome::Left(Left::Deleted));
}

/// PostgreSQL does not tell large values that did not change, and Debezium writes a word of its own.
#[test]
fn a_value_that_was_not_told_is_that_of_the_row_before() {
    let mut untold = row(true, "__debezium_unavailable_value");
    let text = event_text(&selections(), &change("u", &row(false, "dutch"), &untold));
    assert!(text.contains(r#""groups":{"origin":"dutch"}"#), "{text}");
    let mut before = row(true, "dutch");
    before["note"] = json!("y");
    assert_eq!(map(&selections(), &change("u", &before, &untold)), Outcome::Left(Left::Unchanged));
    untold["origin"] = json!("__debezium_unavailable_value");
    let Outcome::Refused(why) = map(&selections(), &change("c", &Value::Null, &untold)) else { panic!() };
    assert!(why.contains("groups.origin (from /origin)") && why.contains("was not told"), "{why}");
}

#[test]
fn an_update_without_the_row_before_it_is_refused_and_says_what_helps() {
    let Outcome::Refused(why) = map(&selections(), &change("u", &Value::Null, &row(true, "dutch"))) else { panic!() };
    assert!(
        why.starts_with("missing_field: mapping \"cases\": before: expected the whole row before the change"),
        "{why}"
    );
    assert!(why.contains("REPLICA IDENTITY FULL"), "{why}");
    // With ids of its own each row is an event.
    let own = mapper(&mappings(
        &SELECTIONS.replace("case_id =", "id = { paths = [\"/id\", \"/version\"], join = \":\" }\ncase_id ="),
    ));
    let mut row = row(true, "dutch");
    row["version"] = json!(3);
    assert_eq!(&*event_in(&event_text(&own, &change("u", &Value::Null, &row))).id, "17:3");
}

#[test]
fn what_is_no_change_is_refused() {
    for (document, expected) in [
        (
            r#"{"before":null,"after":{"id":1}}"#,
            "op: expected c, r, u, d, t or m, in an envelope of Debezium, found nothing",
        ),
        (r#"{"op":"x"}"#, "op: expected c, r, u, d, t or m, in an envelope of Debezium, found another value"),
        (r#"{"op":"c","after":null}"#, "after: expected the row after the change, found nothing"),
    ] {
        assert_eq!(
            map(&selections(), document),
            Outcome::Refused(format!("missing_field: mapping \"cases\": {expected}"))
        );
    }
}

/// The state after any history of a row is that of the row as it is.
#[test]
fn the_last_of_several_corrections_counts() {
    let settings = Settings::parse(&format!("{BASE}{RULE}{SELECTIONS}"), "c.toml", std::iter::empty()).unwrap();
    let mapper = mapper(&settings.mappings);
    let mut monitor = Monitor::new(settings.plan, PseudonymKey([1; 16]), Clock::Event { as_of: None });
    monitor.add_partition_without_hold(PartitionIndex(0), EventTime(0));
    let rows = [row(false, "dutch"), row(true, "dutch"), row(true, "european")];
    let mut send = |text: &str, at: usize| {
        let later = text.replace(&(DAY + 60_000).to_string(), &(DAY + 60_000 + at as i64).to_string());
        let event = event_text(&mapper, &later).replace("cases/0/7", &format!("cases/0/{at}"));
        let record = paritywatch::event::RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, EventTime(0)), Handled::Accepted, "{event}");
    };
    send(&change("c", &Value::Null, &rows[0]), 1);
    send(&change("u", &rows[0], &rows[1]), 2);
    send(&change("u", &rows[1], &rows[2]), 3);
    for number in 0..20 {
        let mut other = row(number % 2 == 0, "dutch");
        other["id"] = json!(100 + number);
        send(&change("c", &Value::Null, &other), 10 + number);
    }
    monitor.finish();
    let published = monitor.published();
    let cells = paritywatch::render::Render::to_json(&*published);
    let document: Value = serde_json::from_str(&cells).unwrap();
    let finding =
        document["findings"].as_array().unwrap().iter().find(|finding| finding["group"] == "european").unwrap();
    assert_eq!(finding["group_counts"]["exposed"], 1, "{finding}");
    assert_eq!(finding["group_counts"]["events"], 1, "{finding}");
    assert_eq!(finding["reference_counts"]["exposed"], 20, "{finding}");
    // Both corrections revise the first event, and say otherwise: the one that does not count is told.
    assert_eq!(finding["missing"]["reference"]["by_cause"], json!({ "conflict": 1 }), "{finding}");
}

const RULE: &str = r#"
[privacy]
min_cell = 0
reason = "a test"
[[rules]]
name = "selection"
indicator = "selection_rate"
reference = "dutch"
warning = 1.1
critical = 1.25
evidence = "point"
"#;

//! Records of several shapes. None of them is about anybody.
//!
//! The shape of change events is that of Debezium's connector for PostgreSQL (debezium.io, "Data change events"), with `schema` and `payload` as the
//! JSON converter of Kafka Connect writes them (Apache Kafka, `JsonConverter` with `schemas.enable`). Unions of Avro are written as the
//! specification of Apache Avro says under "JSON Encoding". Field names and values are made up.

use serde_json::{Value, json};

const BEGIN_S: i64 = 1_767_225_600;
const GROUPS: [&str; 3] = ["dutch", "non_european", "Dutch"];

/// Texts of [`messy`] that nobody may be told.
pub const SECRETS: [&str; 7] =
    ["123456782", "person-of-one-record", "secretvalue", "someone@example.org", "ABC-77", "Straat", "\u{202e}"];

fn time(second: i64) -> String {
    jiff::Timestamp::from_second(BEGIN_S + second).unwrap().to_string()
}

/// Events of the contract: 600 selections, each tenth 20 hours late; outcomes; and lines that are wrong.
pub fn contract() -> Vec<String> {
    let event = |kind: &str, id: &str, second: i64, data: Value| {
        json!({"specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/test", "id": id, "time": time(second), "data": data})
            .to_string()
    };
    let mut lines = Vec::new();
    for number in 0..600_i64 {
        let late = if number % 10 == 9 { 20 * 3_600 } else { 0 };
        let profile = if number < 30 { "unheard-of" } else { "cub" };
        // Few have a group of their own.
        let group = if number % 200 == 0 { "rare-group" } else { GROUPS[usize::try_from(number % 3).unwrap()] };
        let data = json!({"case_id": format!("c{number}"), "profile": profile, "selected": number % 4 == 0, "groups": {"origin": group}});
        lines.push(event("selection", &format!("s{number}"), 200_000 + number * 60 - late, data));
    }
    for number in 0..4 {
        let outcome = if number == 0 { "violation" } else { "no_violation" };
        let data = json!({"case_id": format!("c{}", number * 4), "outcome": outcome});
        lines.push(event("outcome", &format!("o{number}"), 236_000, data));
    }
    lines.push(event("selection", "wrong", 236_000, json!({"case_id": "c", "selected": true})));
    lines.push(
        event("selection", "near", 236_000, json!({})).replace("paritywatch.selection.v1", "paritywatch.selection.v2"),
    );
    lines
}

fn row(number: i64) -> Value {
    json!({
        "id": number,
        "zaaknummer": format!("Z{number:06}"),
        "geselecteerd": if number % 4 == 0 { "J" } else { "N" },
        // Microseconds since 1970, as io.debezium.time.MicroTimestamp.
        "besluitdatum": (BEGIN_S + number * 60) * 1_000_000,
        "risicoprofiel": "bijstand",
        "herkomst": (["A", "B", "C"][usize::try_from(number % 3).unwrap()]),
        "gemeente": if number % 2 == 0 { "noord" } else { "zuid" },
        "opmerking": format!("made up text number {number}"),
    })
}

/// Changes of a table of cases: inserts and deletes.
pub fn debezium() -> Vec<String> {
    let mut lines: Vec<String> =
        (0..300).map(|number| change(number, if number < 200 { "r" } else { "c" }, row(number))).collect();
    lines.extend((0..3).map(|number| change(number, "d", row(number))));
    lines
}

/// New rows of a table of cases in which group A is picked four times as often.
pub fn skewed_rows() -> Vec<String> {
    let skewed = |number: i64| {
        let mut row = row(number);
        let is_picked = if number % 3 == 0 { number % 2 == 0 } else { number % 8 == 0 };
        row["geselecteerd"] = json!(if is_picked { "J" } else { "N" });
        change(number, "c", row)
    };
    (0..3_000).map(skewed).collect()
}

fn change(number: i64, op: &str, row: Value) -> String {
    let (before, after) = if op == "d" { (row, Value::Null) } else { (Value::Null, row) };
    json!({
        "schema": {"type": "struct", "fields": [], "optional": false, "name": "dbserver.public.cases.Envelope"},
        "payload": {
            "before": before, "after": after, "op": op, "ts_ms": (BEGIN_S + number * 60) * 1_000,
            "source": {"version": "3.0.0.Final", "connector": "postgresql", "name": "dbserver", "db": "cases", "schema": "public", "table": "cases"},
        },
    })
    .to_string()
}

/// Outcomes as a connector without Debezium writes them.
pub fn connect() -> Vec<String> {
    let record = |number: i64| {
        json!({
            "schema": {"type": "struct", "fields": [{"type": "string", "optional": false, "field": "dossier_id"}], "optional": false, "name": "outcomes"},
            "payload": {
                "dossier_id": format!("D-{number:05}"),
                "uitkomst": if number % 3 == 0 { "OVERTREDING" } else { "GEEN" },
                "datum": format!("2026-01-05 10:{:02}:00", number % 60),
                "bedrag": number * 10,
            },
        })
        .to_string()
    };
    (0..120).map(record).collect()
}

/// Records of Avro in its JSON encoding.
pub fn avro() -> Vec<String> {
    let record = |number: i64| {
        json!({
            "caseId": {"string": format!("case-{number}")},
            "selected": {"boolean": number % 5 == 0},
            "decidedAt": {"long": (BEGIN_S + number * 60) * 1_000},
            "profile": {"string": "grants"},
            "gender": if number % 7 == 0 { Value::Null } else { json!({"string": if number % 2 == 0 { "f" } else { "m" }}) },
        })
        .to_string()
    };
    (0..150).map(record).collect()
}

/// Several cases in one record.
pub fn array() -> Vec<String> {
    let item =
        |number: i64| json!({"case_number": number, "picked": number % 2, "decision": {"decided_at": time(number)}});
    (0..60).map(|batch| json!({"batch": batch, "items": [item(batch * 2), item(batch * 2 + 1)]}).to_string()).collect()
}

/// What nobody would expect.
pub fn messy() -> Vec<String> {
    let mut lines = vec![
        "name;value;Straat".to_owned(),
        "\u{0}\u{0}\u{0}\u{0}\u{7}{\"secretvalue\":1}".to_owned(),
        "\u{0}\u{0}\u{0}\u{0}\u{7}\u{2}secretvalue".to_owned(),
        "Obj\u{1}secretvalue".to_owned(),
        "\u{1}\u{2}secretvalue".to_owned(),
        "[1, 2, \"secretvalue\"]".to_owned(),
        "\"secretvalue\"".to_owned(),
        "{\"cut\": \"secretvalue".to_owned(),
    ];
    for number in 0..200 {
        // Keys that are data: numbers, addresses, and one that a single record has.
        let person = format!("{}", 123_456_782 + number * 7);
        let fields = json!({
            "by_person": {person.as_str(): {"score": number}},
            "someone@example.org": "secretvalue",
            "a\u{202e}b": "secretvalue",
            "status": "ABC-77",
            "code": "secretvalue",
        });
        let mut fields = fields;
        if number == 17 {
            fields["person-of-one-record"] = json!("secretvalue");
        }
        for name in 0..3 {
            fields[format!("x{}", number * 3 + name)] = json!(1);
        }
        lines.push(fields.to_string());
    }
    lines
}

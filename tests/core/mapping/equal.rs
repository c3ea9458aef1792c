//! Any event of the contract, taken apart into a document of any shape, comes back by a mapping as it was.

use paritywatch::mapping::{
    Condition, Constant, Deletes, Envelope, Field, Format, Kind, Mapping, Origin, Path, TimeFormat, TimeRule,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{event_in, event_text, mapper};
use crate::batches::pair::Random;
use crate::contract_support::{generated, to_json};

/// Objects whose entries a mapping may write one by one.
const OBJECTS: [&str; 4] = ["groups", "strata", "counts", "sanction"];

/// A document that is being made, and the mapping that reads it.
struct Foreign {
    random: Random,
    document: Value,
    fields: Vec<Field>,
}

impl Foreign {
    /// Puts a value at a place of its own. Returns the path to it.
    fn put(&mut self, value: Value) -> Path {
        let names = ["a", "b", "a/b", "m~n", "x y", "é", "0", "\"q\"", "tab\t"];
        let mut names: Vec<String> =
            (0..self.random.below(3)).map(|_| names[self.random.below(names.len())].to_owned()).collect();
        names.push(format!("f{}", self.fields.len() * 10 + self.random.below(10)));
        let mut at = &mut self.document;
        for name in &names {
            // What was put here before is no object only where a name is a number's, which none of the others begins with.
            at = at.as_object_mut().unwrap().entry(name.clone()).or_insert_with(|| json!({}));
        }
        if *at != json!({}) {
            return self.put(value);
        }
        *at = value;
        let is_dotted =
            self.random.below(2) == 0 && names.iter().all(|name| !name.contains('.') && !name.starts_with('/'));
        let text = if is_dotted {
            names.join(".")
        } else {
            names.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
        };
        Path::parse(&text).unwrap()
    }

    fn field(&mut self, target: &str, value: &Value) {
        let mut field = Field {
            target: target.to_owned(),
            from: Origin::Constant(Constant::Boolean(true)),
            values: Vec::new(),
            other: None,
            default: None,
            prefix: None,
            time: None,
        };
        field.from = match (value, self.random.below(4)) {
            (Value::Bool(flag), 0) => {
                field.values =
                    vec![("J".to_owned(), Constant::Boolean(true)), ("N".to_owned(), Constant::Boolean(false))];
                Origin::Path(self.put(json!(if *flag { "J" } else { "N" })))
            }
            (Value::Bool(flag), 1) => {
                field.values = vec![("1".to_owned(), Constant::Boolean(*flag))];
                field.other = Some(Constant::Boolean(!flag));
                Origin::Path(self.put(json!(1)))
            }
            (Value::Bool(flag), 2) => Origin::Path(self.put(json!(flag.to_string()))),
            (Value::Number(number), 0) => Origin::Path(self.put(json!(number.to_string()))),
            (Value::String(text), 0) if !matches!(target, "until" | "valid_from") => {
                field.values = vec![
                    ("x".to_owned(), Constant::Text("wrong".to_owned())),
                    ("code é\"".to_owned(), Constant::Text(text.clone())),
                ];
                Origin::Path(self.put(json!("code é\"")))
            }
            (Value::String(text), 1) if text.parse::<i64>().is_ok_and(|number| number.to_string() == *text) => {
                Origin::Path(self.put(json!(text.parse::<i64>().unwrap())))
            }
            (Value::String(text), 2) if target == "case_id" && text.chars().count() > 3 && !text.contains('-') => {
                let at = text.char_indices().nth(2).unwrap().0;
                field.prefix = Some(text[..at].to_owned());
                Origin::Path(self.put(json!(&text[at..])))
            }
            (Value::String(text), 2)
                if target == "case_id"
                    && text.split_once('-').is_some_and(|(one, two)| !one.is_empty() && !two.is_empty()) =>
            {
                let (one, two) = text.split_once('-').unwrap();
                Origin::Joined(vec![self.put(json!(one)), self.put(json!(two))], "-".to_owned())
            }
            (Value::String(text), 3) if !matches!(target, "until" | "valid_from") => {
                if self.random.below(2) == 0 {
                    Origin::Constant(Constant::Text(text.clone()))
                } else {
                    field.default = Some(Constant::Text(text.clone()));
                    let nothing = if self.random.below(2) == 0 { Value::Null } else { json!("") };
                    Origin::Path(self.put(nothing))
                }
            }
            _ => Origin::Path(self.put(value.clone())),
        };
        self.fields.push(field);
    }

    fn time(&mut self, milliseconds: i64, text: &str) {
        let zone = |name: &str| Some(jiff::tz::TimeZone::get(name).unwrap());
        let at = jiff::Timestamp::from_millisecond(milliseconds).unwrap();
        let local = at.to_zoned(zone("Europe/Amsterdam").unwrap());
        // Of an hour that comes twice, the earlier one is meant.
        let is_clear =
            local.datetime().to_zoned(zone("Europe/Amsterdam").unwrap()).is_ok_and(|read| read.timestamp() == at);
        let pattern = "%d-%m-%Y %H.%M.%S%.3f";
        let (value, format, zone_name) = match self.random.below(7) {
            0 => (json!(milliseconds), TimeFormat::Epoch(1_000), ""),
            1 => (json!(milliseconds * 1_000), TimeFormat::Epoch(1_000_000), ""),
            2 => (json!(milliseconds.to_string()), TimeFormat::Epoch(1_000), ""),
            3 if is_clear => (json!(local.datetime().to_string()), TimeFormat::Local, "Europe/Amsterdam"),
            4 if is_clear => (
                json!(local.strftime(pattern).to_string()),
                TimeFormat::Pattern(pattern.to_owned()),
                "Europe/Amsterdam",
            ),
            5 => (
                json!(local.strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()),
                TimeFormat::Pattern("%Y-%m-%dT%H:%M:%S%.3f%z".to_owned()),
                "",
            ),
            _ => (json!(text), TimeFormat::Rfc3339, ""),
        };
        let from = Origin::Path(self.put(value));
        let zone = if zone_name.is_empty() { None } else { zone(zone_name) };
        let time = Some(TimeRule { format, zone, zone_name: zone_name.to_owned() });
        self.fields.push(Field {
            target: "time".to_owned(),
            from,
            values: Vec::new(),
            other: None,
            default: None,
            prefix: None,
            time,
        });
    }

    fn data(&mut self, data: &Map<String, Value>) {
        for (name, value) in data.iter().filter(|(_, value)| !value.is_null()) {
            // An object without any value is not written.
            let has_value = |entries: &&Map<String, Value>| entries.values().any(|value| !value.is_null());
            let entries = value.as_object().filter(has_value).filter(|_| OBJECTS.contains(&name.as_str()));
            match entries.filter(|_| self.random.below(2) == 0) {
                Some(entries) => {
                    entries.iter().for_each(|(entry, value)| self.field(&format!("{name}.{entry}"), value))
                }
                None => self.field(name, value),
            }
        }
    }
}

/// A document with what the event says, and the mapping that makes the event of it.
fn taken_apart(event: &Value, milliseconds: i64, seed: u64) -> (String, Mapping) {
    let mut foreign = Foreign { random: Random::new(seed), document: json!({}), fields: Vec::new() };
    foreign.put(json!({"noise": [1, {"x": "}]\""}, null]}));
    foreign.field("id", &event["id"]);
    foreign.field("source", &event["source"]);
    foreign.time(milliseconds, event["time"].as_str().unwrap());
    foreign.data(event["data"].as_object().unwrap());
    let word = event["type"].as_str().unwrap().split('.').nth(1).unwrap();
    let kind = *Kind::ALL.iter().find(|kind| kind.name() == word).unwrap();
    let envelope = Envelope::ALL[foreign.random.below(3)];
    let keep = foreign.put(json!("yes"));
    let when = vec![Condition {
        path: keep,
        exists: Some(true),
        within: Some(vec!["yes".to_owned()]),
        without: Some(vec!["no".to_owned()]),
    }];
    let mut each = None;
    let mut row = foreign.document;
    if foreign.random.below(3) == 0 {
        each = Some(Path::parse("/rows/1").unwrap());
        row = json!({"rows": [0, [{"a": 1}, row, {}]]});
    }
    let document = match envelope {
        Envelope::None => row,
        Envelope::Connect => json!({"schema": {"type": "struct"}, "payload": row}),
        Envelope::Debezium => {
            let change = json!({"before": null, "after": row, "source": {"ts_ms": 1}, "op": "c", "ts_ms": 2});
            if foreign.random.below(2) == 0 { change } else { json!({"schema": {}, "payload": change}) }
        }
    };
    let mapping = Mapping {
        name: "m".to_owned(),
        topics: vec!["cases".to_owned()],
        files: Vec::new(),
        format: Format::Json,
        envelope,
        deletes: Deletes::Ignore,
        each,
        when,
        kind,
        jq: None,
        fields: foreign.fields,
    };
    (document.to_string(), mapping)
}

proptest! {
    #[test]
    fn an_event_that_was_taken_apart_comes_back_as_it_was(event in generated::event(), seed in any::<u64>()) {
        let json = to_json(&event);
        let (document, mapping) = taken_apart(&json, event.time.0, seed);
        let text = event_text(&mapper(&[mapping]), &document);
        let found = event_in(&text);
        prop_assert_eq!(&found.id, &event.id);
        prop_assert_eq!(&found.source, &event.source);
        prop_assert_eq!(found.time, event.time);
        prop_assert_eq!(&to_json(&found)["data"], &json["data"]);
    }
}

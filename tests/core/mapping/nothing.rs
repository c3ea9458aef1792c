//! What is not there: in every place that reads a value the same is nothing.

use paritywatch::event::Data;
use paritywatch::mapping::Left;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

use super::{BASE, Outcome, event_in, event_text, map, mapper, mappings};

const FIELDS: &str = r#"
[mappings.fields]
case_id = { path = "/id", prefix = "wmo/" }
time = "/at"
profile = { value = "cub" }
selected = { path = "/picked", default = false }
"groups.origin" = { path = "/o", values = { 1 = "dutch" }, other = "european" }
"#;

fn config(beside: &str) -> String {
    format!("[[mappings]]\nname = \"m\"\ntopics = [\"cases\"]\ntype = \"selection\"\n{beside}{FIELDS}")
}

fn document(origin: &Value) -> String {
    json!({"id": 7, "at": "2026-03-01T00:00:00Z", "picked": true, "o": origin}).to_string()
}

#[test]
fn other_stands_for_a_value_and_not_for_nothing_nor_for_a_list() {
    let mapper = mapper(&mappings(&config("")));
    let group = |origin: Value| {
        let text = event_text(&mapper, &document(&origin));
        let Data::Selection(selection) = event_in(&text).data else { panic!("{text}") };
        selection.groups.first().map(|(_, membership)| format!("{membership:?}"))
    };
    for (origin, expected) in
        [(json!("1"), "dutch"), (json!(2), "european"), (json!("x"), "european"), (json!(true), "european")]
    {
        let found = group(origin.clone()).unwrap();
        assert!(found.contains(expected), "{origin}: {found}");
    }
    for origin in [json!(""), Value::Null] {
        assert_eq!(group(origin.clone()), None, "{origin}");
    }
    for origin in [json!([]), json!(["1"]), json!({"x": 1})] {
        let Outcome::Refused(why) = map(&mapper, &document(&origin)) else { panic!("{origin}") };
        assert!(why.starts_with("wrong_type: mapping \"m\": groups.origin (from /o): expected a string"), "{why}");
    }
}

#[test]
fn a_text_without_a_character_does_not_exist_for_a_condition() {
    let exists = mapper(&mappings(&config("when = [{ path = \"/o\", exists = true }]\n")));
    let missing = mapper(&mappings(&config("when = [{ path = \"/o\", exists = false }]\n")));
    for (origin, is_there) in
        [(json!("1"), true), (json!(0), true), (json!(false), true), (json!(""), false), (Value::Null, false)]
    {
        // Twice and again: by what is known of earlier documents, too.
        for _ in 0..3 {
            let held = |mapper| map(mapper, &document(&origin)) != Outcome::Left(Left::Unmapped);
            assert_eq!((held(&exists), held(&missing)), (is_there, !is_there), "{origin}");
        }
    }
}

#[test]
fn a_prefix_keeps_the_case_numbers_of_two_systems_apart() {
    let text = event_text(&mapper(&mappings(&config(""))), &document(&json!("1")));
    let Data::Selection(selection) = event_in(&text).data else { panic!("{text}") };
    assert_eq!(&*selection.case_id, "wmo/7");
    let printed = Settings::parse(&format!("{BASE}{}", config("")), "c.toml", std::iter::empty()).unwrap();
    let again = Settings::parse(&printed.redacted_toml(), "printed.toml", std::iter::empty()).unwrap();
    assert_eq!((printed.mappings.len(), &printed.mappings), (1, &again.mappings));
}

#[test]
fn what_leads_nowhere_is_refused_by_check_config() {
    let first = |text: &str| match Settings::parse(&format!("{BASE}{text}"), "c.toml", std::iter::empty()) {
        Ok(_) => String::new(),
        Err(error) => error.problems()[0].to_string(),
    };
    assert_eq!(first(&config("")), "");
    for (old, new, expected) in [
        ("prefix = \"wmo/\"", "prefix = \"\"", "expected 1 to 64 bytes"),
        (
            "{ path = \"/picked\", default = false }",
            "{ path = \"/picked\", prefix = \"x\" }",
            "expected a field of text",
        ),
        ("{ 1 = \"dutch\" }", "{ \"\" = \"dutch\" }", "has the default"),
        ("{ path = \"/id\", prefix", "{ value = \"x\", prefix", "expected a field of text"),
    ] {
        let text = config("").replace(old, new);
        assert!(first(&text).contains(expected), "{new}: {}", first(&text));
    }
    assert!(first(&config("when = [{ path = \"/o\", in = [\"\"] }]\n")).contains("said by exists"));
    let time = |format: &str, zone: &str| {
        first(&config("").replace("\"/at\"", &format!("{{ path = \"/at\", format = \"{format}\"{zone} }}")))
    };
    let amsterdam = ", zone = \"Europe/Amsterdam\"";
    // Read as another time than was written: the minutes are dropped, the afternoon is the night.
    for pattern in ["%d-%m-%Y %M", "%d-%m-%Y %I:%M", "%Y-%m-%d %H:%M %Q", "%Y-%m-%d %H:%M:%S %s"] {
        assert!(time(pattern, amsterdam).contains("a pattern of strftime"), "{pattern}: {}", time(pattern, amsterdam));
        assert!(time(pattern, "").contains("a zone: these times say none"), "{pattern}");
    }
    for pattern in [
        "%d-%m-%Y",
        "%d-%m-%Y %H:%M",
        "%-d-%-m-%y %-H:%M",
        "%d-%m-%Y %I:%M %p",
        "%F %T%.f",
        "%Y%m%d%H%M%S",
        "%Y-%m-%d %H",
    ] {
        assert_eq!(time(pattern, amsterdam), "", "{pattern}");
    }
    for pattern in ["%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S%.f%:::z", "%FT%T%:z", "%F %T %::z"] {
        assert_eq!(time(pattern, ""), "", "{pattern}");
    }
}

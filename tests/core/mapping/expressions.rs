//! Mappings by an expression of jq: what they give, and what they may not do.

use paritywatch::event::{Data, Outcome as Found};
use paritywatch::mapping::{JQ_FILTERS, Left, MAX_STEPS, Mapper, check_jq};
use paritywatch::settings::Settings;

use super::{BASE, Outcome, event_in, event_text, map, map_counted, mapper, mappings};

/// A mapping by an expression, in the third line behind the configuration that all tests have.
fn config(kind: &str, jq: &str) -> String {
    format!("[[mappings]]\nname = \"by-jq\"\ntopics = [\"cases\"]\ntype = \"{kind}\"\njq = '''{jq}'''\n")
}

fn by(jq: &str) -> Mapper {
    mapper(&mappings(&config("selection", jq)))
}

fn refused(jq: &str, document: &str) -> String {
    match map(&by(jq), document) {
        Outcome::Refused(why) => why,
        other => panic!("{other:?} of {jq}"),
    }
}

#[test]
fn each_output_is_an_event_with_the_place_of_its_record() {
    let jq = r#".rows[] | {time: (.at / 1000 | todate), data: {case_id: "\(.region)-\(.number)", profile: "cub", selected: (.picked == "J")}}"#;
    let document = r#"{"rows":[{"region":"n","number":1,"at":1772323200123,"picked":"J"},{"region":"n","number":2,"at":1772323201000,"picked":"N"}]}"#;
    let (outcome, counts) = map_counted(&by(jq), document);
    let Outcome::Events(events) = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        events[0],
        r#"{"specversion":"1.0","type":"paritywatch.selection.v1","source":"mapping:by-jq","id":"cases/0/7/0","time":"2026-03-01T00:00:00.123Z","data":{"case_id":"n-1","profile":"cub","selected":true}}"#
    );
    let Data::Selection(second) = event_in(&events[1]).data else { panic!("{}", events[1]) };
    assert!(!second.selected);
    assert_eq!((&*event_in(&events[1]).id, events.len()), ("cases/0/7/1", 2));
    assert_eq!((counts[0].events, counts[0].jq_records), (2, 1));
    // What it costs is told.
    assert!(counts[0].jq_steps > 10, "{counts:?}");
}

#[test]
fn an_event_says_itself_what_it_is() {
    let jq = r#"{type: "outcome", id: .nr, source: "urn:x", time: .at, data: {case_id: .nr, outcome: (if .found > 0 then "violation" else "no_violation" end)}}"#;
    let text = event_text(&by(jq), r#"{"nr":"c1","at":"2026-03-01T00:00:00Z","found":2}"#);
    let event = event_in(&text);
    assert_eq!((&*event.id, &*event.source), ("c1", "urn:x"));
    assert!(matches!(&event.data, Data::Outcome(outcome) if outcome.outcome == Found::Violation), "{text}");
    // A number is written as it stands there.
    let kept = event_text(&by(r#"{id: "x", data: {intensity: .n}}"#), r#"{"n":1.50}"#);
    assert!(kept.ends_with(r#""data":{"intensity":1.50}}"#), "{kept}");
}

#[test]
fn lists_are_events_and_null_is_none() {
    let one = r#"{"id":"a"}"#;
    for (jq, count) in [("[., .]", 2), ("., .", 2), ("[.], .", 2), (".", 1)] {
        assert!(map_mapped(jq, one) == count, "{jq}");
    }
    for jq in ["null", "empty", "[]", "[null, null][]", "select(.id == \"b\")"] {
        assert_eq!(map(&by(jq), one), Outcome::Left(Left::Unmapped), "{jq}");
    }
    for (jq, found) in
        [("1", "a number"), ("\"x\"", "a string"), ("true", "a boolean"), ("[[.]]", "an array in an array")]
    {
        let expected =
            "wrong_type: mapping \"by-jq\": jq: expected an object that is an event, an array of them, or null";
        assert_eq!(refused(jq, one), format!("{expected}, found {found}"));
    }
}

/// How many events were made, whether or not they are of the contract.
fn map_mapped(jq: &str, document: &str) -> u64 {
    let whole = r#"{time: "2026-03-01T00:00:00Z", data: {case_id: .id, profile: "cub", selected: true}}"#;
    match map(&by(&format!("{whole} | {jq}")), document) {
        Outcome::Events(events) => events.len() as u64,
        other => panic!("{other:?} of {jq}"),
    }
}

#[test]
fn conditions_decide_before_the_expression() {
    let text = config("selection", "error").replace("jq =", "when = [{ path = \"/live\", in = [true] }]\njq =");
    let mapper = mapper(&mappings(&text));
    assert_eq!(map(&mapper, r#"{"live":false}"#), Outcome::Left(Left::Unmapped));
    assert!(matches!(map(&mapper, r#"{"live":true}"#), Outcome::Refused(_)));
}

#[test]
fn an_expression_that_would_not_end_is_ended_and_nothing_catches_that() {
    let wide = format!("[{}]", vec!["1"; 300].join(","));
    let doubled = format!("{}tojson", "[., .] | ".repeat(40));
    let longer = format!("{}length", ". + . | ".repeat(60));
    let digits = format!("{}tostring", ". * . | ".repeat(60));
    for (jq, document) in [
        ("range(1e15) | null", "{}"),
        ("range(1e15) | try error catch null", "{}"),
        ("first(range(1e15) | select(. < 0))", "{}"),
        ("try range(1e15) catch null | null", "{}"),
        ("[.[] as $a | .[] as $b | .[] as $c | null]", &wide),
        ("map(. as $a | [range(300)] | map(. as $b | [range(300)] | map(null)))", &wide),
        ("[(.[], .[]) + (.[], .[]) + (.[], .[])] | null", &wide),
        (&doubled, "{}"),
        (&longer, "\"xxxxxxxx\""),
        (&digits, "9007199254740993"),
    ] {
        let why = refused(jq, document);
        let expected = format!("too_many: mapping \"by-jq\": jq: expected at most {MAX_STEPS} steps");
        assert!(why.starts_with(&expected), "{jq}: {why}");
    }
}

#[test]
fn an_error_tells_no_value_and_a_name_that_stands_twice_is_refused() {
    let failed = "invalid_value: mapping \"by-jq\": jq: expected a document for which the expression gives events, found an error of it";
    for (jq, document) in [
        (".name.first", r#"{"name":"secret"}"#),
        ("error", "\"secret\""),
        (".x | tonumber", r#"{"x":"secret"}"#),
        (". * 3", "\"secret\""),
        ("todate", "1e300"),
    ] {
        assert_eq!(refused(jq, document), failed, "{jq}");
    }
    // Whoever writes a document cannot have it read deeper than documents are.
    let deep = format!("{{\"x\":\"{}\"}}", "[".repeat(60_000));
    assert_eq!(refused(".x | tonumber", &deep), failed);
    let twice = refused(".", r#"{"a":{"b":1,"b":"x:\"y"}}"#);
    assert!(twice.starts_with("duplicate_field: mapping \"by-jq\": jq: "), "{twice}");
    assert_eq!(map_mapped(".", r#"{"id":"a:\":{","b":{"id":{}},"c":[{"id":":"}]}"#), 1);
}

#[test]
fn what_an_expression_may_call_is_compiled_and_stands_in_the_document() {
    let document = include_str!("../../../docs/mapping.md");
    for (name, arguments) in JQ_FILTERS {
        let call =
            if arguments == 0 { name.to_owned() } else { format!("{name}({})", vec!["."; arguments].join("; ")) };
        assert_eq!(check_jq(&call), Ok(()), "{call}");
        let is_told = document.contains(&format!("`{name}`")) || document.contains(&format!("`{name}/{arguments}`"));
        assert!(is_told, "{name}/{arguments}");
    }
}

#[test]
fn what_asks_for_more_than_the_document_or_goes_on_for_ever_is_refused() {
    for jq in [
        "now",
        "env",
        "$ENV",
        "$ENV.PATH",
        "input",
        "inputs",
        "debug",
        "stderr",
        "halt",
        "halt_error",
        "input_filename",
        "$__loc__ | .x",
        "localtime",
        "strflocaltime(\"%H\")",
        "fromjson",
        "recurse",
        "recurse(.a)",
        "..",
        "repeat(.)",
        "while(true; .)",
        "until(false; .)",
        "walk(.)",
        "def f: f; f",
        "reduce .[] as $x (0; .)",
        "foreach .[] as $x (0; .)",
        "label $out | .",
        ".a = 1",
        ".a |= 1",
        ".a += 1",
        ".a //= 1",
        "paths",
        "getpath([])",
        "limit(1; repeat(.))",
        "\"\\(now)\"",
        "{\"a\\(now)\"}",
        "{(now): 1}",
        "[now]",
        "if now then 1 else 2 end",
        "try now catch 1",
        ". as {(now): $x} | $x",
        ".[now]",
        ".[now:]",
        "-now",
        "import \"a\" as a; .",
        "include \"a\"; .",
        "paritywatch_step",
        "@base64 \"x\"",
        "get_search_list",
        "splits(\"a\")",
    ] {
        assert!(check_jq(jq).is_err(), "{jq}");
    }
    for jq in
        [&"[".repeat(500), &format!("[{}1]", "1,".repeat(2_000)), &"x".repeat(4_097), "{a:", "1 +", "\"abc", "$x", ""]
    {
        assert!(check_jq(jq).is_err(), "{jq}");
    }
}

#[test]
fn check_config_tells_where_an_expression_is_wrong() {
    let problems = |text: &str| match Settings::parse(&format!("{BASE}{text}"), "c.toml", std::iter::empty()) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    let line = BASE.lines().count() + 5;
    let found = problems(&config("selection", ".a\n| now"));
    assert_eq!(
        found,
        [format!(
            "c.toml:{line}: mappings[0].jq: expected an expression of jq: a filter that docs/mapping.md lists, found \"now/0\", in line 2 of the expression, at character 3"
        )]
    );
    let beside = problems(&config("selection", ".").replace("jq =", "each = \"/rows\"\njq ="));
    assert!(beside.len() == 1 && beside[0].contains("mappings[0].each: expected no such key beside jq"), "{beside:?}");
    let unknown = problems(&config("selection", "nothing_such"));
    assert!(unknown.len() == 1 && unknown[0].contains("found \"nothing_such/0\""), "{unknown:?}");
}

#[test]
fn an_expression_is_printed_so_that_it_is_read_again() {
    let text = format!("{BASE}{}", config("selection", ".a\n| {id: \"\\(.b)\"}"));
    let settings = Settings::parse(&text, "c.toml", std::iter::empty()).unwrap();
    let again = Settings::parse(&settings.redacted_toml(), "printed.toml", std::iter::empty()).unwrap();
    assert_eq!(settings.mappings, again.mappings);
    assert_eq!(settings.mappings[0].jq.as_deref(), Some(".a\n| {id: \"\\(.b)\"}"));
}

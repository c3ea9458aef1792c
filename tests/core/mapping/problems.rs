//! What `check-config` finds in mappings, each with its line; and that what was read is printed so that it is read again.

use paritywatch::mapping::{Deletes, Envelope, Origin, TimeFormat};
use paritywatch::settings::Settings;

use super::{BASE, mappings};

const GOOD: &str = r#"
[[mappings]]
name = "cases"
topics = ["cases"]
files = ["*.json"]
envelope = "connect"
each = "/rows"
when = [{ path = "/status", in = ["DONE", 3, true], not_in = ["x"] }, { path = "$/live", exists = true }]
type = "selection"
[mappings.fields]
case_id = { paths = ["/region", "number"], join = "-" }
time = { path = "/at", format = "local", zone = "Europe/Amsterdam" }
profile = { value = "cub" }
selected = { path = "/picked", values = { J = true, N = false }, other = false, default = false }
risk_class = "/class"
groups = { origin = { path = "/origin", values = { "1" = "dutch" } } }
"strata.region" = "region.code"
source = { value = "urn:x" }
"#;

/// The problems of a configuration in which a text was replaced.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    let text = format!("{BASE}{}", GOOD.replacen(from, to, 1));
    match Settings::parse(&text, "c.toml", std::iter::empty()) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

fn line_of(text: &str) -> usize {
    format!("{BASE}{GOOD}").lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn a_mapping_is_read_with_all_its_keys() {
    let read = mappings(GOOD);
    let [mapping] = &read[..] else { panic!() };
    assert_eq!((mapping.envelope, mapping.deletes), (Envelope::Connect, Deletes::Ignore));
    assert_eq!(mapping.when[0].within.as_deref(), Some(&["DONE".to_owned(), "3".to_owned(), "true".to_owned()][..]));
    let field = |name: &str| mapping.fields.iter().find(|field| field.target == name).unwrap();
    assert!(matches!(&field("case_id").from, Origin::Joined(paths, join) if paths.len() == 2 && join == "-"));
    assert!(matches!(&field("time").time, Some(rule) if rule.format == TimeFormat::Local && rule.zone.is_some()));
    assert_eq!(field("groups.origin").values.len(), 1);
    assert!(mapping.reads_file("a.json") && !mapping.reads_file("a.csv"));
}

#[test]
fn what_was_read_is_printed_so_that_it_is_read_again() {
    let text = format!("{BASE}{GOOD}");
    let settings = Settings::parse(&text, "c.toml", std::iter::empty()).unwrap();
    let printed = settings.redacted_toml();
    let again = Settings::parse(&printed, "printed.toml", std::iter::empty())
        .unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.mappings, settings.mappings);
    assert_eq!(again.plan.config_hash, settings.plan.config_hash);
    // Another mapping makes other events.
    let other = Settings::parse(&text.replace("J = true", "J = false"), "c.toml", std::iter::empty()).unwrap();
    assert_ne!(other.plan.config_hash, settings.plan.config_hash);
    let without = Settings::parse(BASE, "c.toml", std::iter::empty()).unwrap();
    assert!(!without.redacted_toml().contains("mappings"));
}

#[test]
fn each_problem_is_found_at_its_line() {
    for (from, to, line, expected) in [
        ("name = \"cases\"", "name = \"a b\"", "name =", "mappings[0].name: expected 1 to 64 letters"),
        (
            "topics = [\"cases\"]",
            "topics = [\"case\"]",
            "topics = [\"cases\"]\nfiles",
            "mappings[0].topics[0]: expected one of kafka.topics (did you mean \"cases\"?), found \"case\"",
        ),
        ("[\"*.json\"]", "[\"a/*.json\"]", "files =", "mappings[0].files[0]: expected a pattern of names of files"),
        ("\"connect\"", "\"debezum\"", "envelope =", "(did you mean \"debezium\"?)"),
        (
            "each = \"/rows\"",
            "format = \"avro\"",
            "topics = [\"cases\"]\nfiles",
            "a section [registry]: records of the format avro name their schema",
        ),
        (
            "each = \"/rows\"",
            "each = \"/ro~ws\"",
            "each =",
            "mappings[0].each: expected a JSON Pointer, in which ~ is followed by 0 or 1, found another ~",
        ),
        ("type = \"selection\"", "type = \"selektion\"", "type =", "(did you mean \"selection\"?)"),
        (
            "type = \"selection\"",
            "deletes = \"correct\"\ntype = \"selection\"",
            "type =",
            "only envelope = \"debezium\" tells of rows that were deleted",
        ),
        (
            "\"/status\", in",
            "\"/status\", on",
            "when =",
            "mappings[0].when[0].on: expected a key of [[mappings]] (did you mean \"in\"?), found an unknown key",
        ),
        ("in = [\"DONE\", 3, true]", "in = [1.5]", "when =", "an integer or a boolean, found 1.5"),
        (
            "case_id =",
            "caseid =",
            "case_id =",
            "mappings[0].fields.caseid: expected a field of a selection (did you mean \"case_id\"?), found an unknown field",
        ),
        (
            "profile = { value = \"cub\" }\n",
            "",
            "[mappings.fields]",
            "mappings[0].fields: expected a field profile: no selection is without one, found none",
        ),
        (
            "value = \"cub\"",
            "value = \"cup\"",
            "profile =",
            "expected a profile of [profiles] (did you mean \"cub\"?), found \"cup\"",
        ),
        (
            "origin = { path",
            "orgin = { path",
            "groups = {",
            "expected a dimension of [dimensions] (did you mean \"origin\"?), found \"orgin\"",
        ),
        ("join = \"-\"", "join = \"\"", "case_id =", "without one two cases might have one name"),
        ("\"number\"], join", "\"num..ber\"], join", "case_id =", "names with one dot between them"),
        ("format = \"local\"", "format = \"lokal\"", "time =", "(did you mean \"local\"?)"),
        (", zone = \"Europe/Amsterdam\"", "", "time =", "expected a zone: these times say none, found no zone"),
        ("Europe/Amsterdam", "Europe/Amsterdm", "time =", "expected a zone of the tz database"),
        ("format = \"local\"", "format = \"%H:%M\"", "time =", "expected a pattern of strftime that says a date"),
        (
            "J = true",
            "J = \"ja\"",
            "selected =",
            "mappings[0].fields.selected.values.J: expected true or false, found \"ja\"",
        ),
        (
            "default = false",
            "default = 0",
            "selected =",
            "mappings[0].fields.selected.default: expected true or false, found 0",
        ),
        (
            "risk_class = \"/class\"",
            "channel = { value = \"profil\" }",
            "risk_class =",
            "expected one of profile, random, signal, manual, found \"profil\"",
        ),
        (
            "risk_class = \"/class\"",
            "risk_class = { path = \"/a\", value = \"b\" }",
            "risk_class =",
            "expected one of path, paths and value, found several",
        ),
        (
            "risk_class = \"/class\"",
            "risk_class = {}",
            "risk_class =",
            "expected one of path, paths and value, found none",
        ),
        ("risk_class = \"/class\"", "groups.x = \"/x\"", "groups =", "duplicate key"),
        (
            "risk_class = \"/class\"",
            "strata = \"/strata\"",
            "[mappings.fields]",
            "expected strata as a whole, or its entries, found both strata and strata.region",
        ),
    ] {
        let found = problems(from, to);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:#?}, expected {expected}");
        let at = format!("c.toml:{}: ", line_of(line.lines().next().unwrap()));
        // Texts that are not TOML are told where the parser stopped.
        if expected != "duplicate key" && !to.contains("deletes") && line != "topics = [\"cases\"]\nfiles" {
            assert!(found.iter().any(|problem| problem.starts_with(&at)), "{to}: {found:#?}, expected {at}");
        }
    }
}

#[test]
fn names_are_used_once_and_a_mapping_reads_something() {
    let twice = format!("{BASE}{GOOD}{GOOD}");
    let error = Settings::parse(&twice, "c.toml", std::iter::empty()).unwrap_err().to_string();
    assert!(error.contains("mappings[1].name: expected each item only once, found \"cases\" again"), "{error}");
    let neither = problems("topics = [\"cases\"]\nfiles = [\"*.json\"]\n", "");
    assert!(neither[0].contains("mappings[0]: expected topics, or files: what it reads, found neither"), "{neither:?}");
}

#[test]
fn changes_of_rows_need_an_id_where_no_case_is_known() {
    let tally = r#"
[[mappings]]
name = "t"
topics = ["cases"]
envelope = "debezium"
type = "tally"
[mappings.fields]
time = "/at"
profile = { value = "cub" }
counts = { assessed = "/n" }
"#;
    let error = Settings::parse(&format!("{BASE}{tally}"), "c.toml", std::iter::empty()).unwrap_err().to_string();
    assert!(error.contains("expected a field id: events of this type are about no case"), "{error}");
    assert_eq!(mappings(&tally.replace("time =", "id = \"/id\"\ntime =")).len(), 1);
    let correcting = tally
        .replace("tally", "control")
        .replace("counts = { assessed = \"/n\" }", "case_id = \"/id\"")
        .replace("type =", "deletes = \"correct\"\ntype =");
    let error = Settings::parse(&format!("{BASE}{correcting}"), "c.toml", std::iter::empty()).unwrap_err().to_string();
    assert!(error.contains("only an outcome can be taken back"), "{error}");
}

/// Mappings of `conf.d` are added, as rules are.
#[test]
fn mappings_of_all_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.toml"), format!("{BASE}{GOOD}")).unwrap();
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::fs::write(folder.path().join("conf.d/more.toml"), GOOD.replace("name = \"cases\"", "name = \"more\""))
        .unwrap();
    let settings = Settings::load(&folder.path().join("c.toml"), std::iter::empty()).unwrap();
    let names: Vec<&str> = settings.mappings.iter().map(|mapping| mapping.name.as_str()).collect();
    assert_eq!(names, ["cases", "more"]);
}

/// The example shows every key, and what it shows can be read.
#[test]
fn the_example_shows_every_key() {
    let example = include_str!("../../../config/example.toml");
    let (_, shown) = example.split_once("# [[mappings]]\n").expect("an example");
    let text: String = shown.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect();
    for key in ["name", "topics", "files", "format", "envelope", "deletes", "each", "when", "type"] {
        assert!(text.lines().any(|line| line.starts_with(&format!("{key} ="))), "{key}");
    }
    let text = text.replace("[\"controls\"]", "[\"cases\"]");
    assert_eq!(mappings(&format!("[[mappings]]\n{text}")).len(), 1);
    let unknown = problems("each =", "qqqq = 1\neach =");
    let expected = "an unknown key";
    assert!(
        unknown[0].contains(expected)
            && unknown[0].contains("name, topics, files, format, envelope, deletes, each, type, when, fields"),
        "{unknown:?}"
    );
}

/// The worked example is a configuration.
#[test]
fn the_worked_example_is_valid() {
    let text = include_str!("../../../config/mappings/debezium-cases.toml");
    let settings =
        Settings::parse(text, "debezium-cases.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.mappings.len(), 3);
}

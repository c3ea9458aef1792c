//! The keys of each rule kind beside `disparity`: what is accepted, what is refused, and that what is printed reads back the same.

#![allow(clippy::unwrap_used, clippy::panic)]

use paritywatch::settings::{Settings, SettingsError};

/// A kind, the least that it needs, and its keys: each with a value that is accepted and values that are refused.
type Kind = (&'static str, &'static str, &'static [(&'static str, &'static str, &'static [&'static str])]);

const KINDS: [Kind; 11] = [
    (
        "criterion",
        "",
        &[
            ("restricted_is", "\"critical\"", &["\"within\"", "1"]),
            (
                "association",
                "[0.2, 0.3]",
                &["[0.3, 0.2]", "[0.1]", "[0.1, 0.2, 0.3]", "[0, 2]", "0.1", "[\"a\", \"b\"]"],
            ),
            ("difference", "[0, 1]", &["[-0.1, 0.2]", "[]"]),
            ("block_variation", "0", &["-0.1", "11", "\"a\""]),
            ("channels", "[\"profile\", \"manual\"]", &["[\"phone\"]", "[]"]),
            ("dimensions", "[\"d\"]", &["[\"e\"]", "[]"]),
        ],
    ),
    (
        "automation",
        "",
        &[
            ("max_automated", "5", &["-1", "1.5"]),
            ("max_follow_through", "0.5", &["0", "1", "nan"]),
            ("block_selected", "1", &["0"]),
            ("channels", "[\"profile\", \"signal\"]", &["[\"phone\"]"]),
        ],
    ),
    (
        "benchmark",
        "",
        &[
            ("for", "[\"suitable\"]", &["[\"r\"]", "[\"nobody\"]", "[\"suitable\", \"suitable\"]", "[]"]),
            ("within", "\"400d\"", &["\"401d\"", "\"23h\"", "3"]),
            ("base_rate", "0.5", &["0", "1"]),
        ],
    ),
    (
        "suitability",
        "",
        &[
            ("ratio", "1.5", &["1", "1001"]),
            ("power", "0.9", &["0", "1"]),
            ("margin", "1.1", &["0", "11"]),
            ("show_level", "0.01", &["0", "1"]),
            ("shown_for", "\"30d\"", &["\"1h\""]),
            ("block_random", "1", &["0"]),
            ("block_max", "\"7d\"", &["\"1h\""]),
            ("stratify_by", "\"office\"", &["\"\"", "3", "\"control:kind\""]),
            ("windows", "[\"90d\"]", &["[\"24h\"]"]),
        ],
    ),
    (
        "coverage",
        "",
        &[
            ("warning", "0.85", &["0.5", "1", "0"]),
            ("critical", "0.7", &["0.95", "0"]),
            ("unequal_warning", "1.2", &["0.9", "3"]),
            ("unequal_critical", "3", &["1.1", "1001"]),
            ("min_difference", "0", &["-0.1", "1.1"]),
        ],
    ),
    (
        "drift",
        "",
        &[
            ("indicator", "\"selection_rate\"", &["\"complaint_rate\""]),
            ("warning", "1.2", &["0.9", "1.3"]),
            ("critical", "2", &["1", "1.05"]),
            ("within", "\"30d\"", &["\"401d\""]),
        ],
    ),
    (
        "drift",
        "compare = \"period\"\n",
        &[
            ("reference_days", "365", &["0", "367", "1.5", "\"90d\""]),
            ("warning", "1.2", &["0.9", "1001"]),
            ("channels", "[\"profile\", \"signal\"]", &["[\"phone\"]"]),
            ("dimensions", "[\"d\"]", &["[\"e\"]"]),
        ],
    ),
    (
        "silence",
        "selections = \"2d\"\n",
        &[
            ("controls", "\"7d\"", &["\"1s\"", "7", "\"20000d\""]),
            ("days", "[\"mon\", \"sun\"]", &["[\"monday\"]", "[]", "[\"mon\", \"mon\"]"]),
            ("hours", "\"08:00-18:30\"", &["\"18:00-08:00\"", "\"8-18\"", "\"08:00-24:01\"", "\"08:60-09:00\""]),
            ("utc_offset", "\"-05:30\"", &["\"01:00\"", "\"+15:00\"", "\"+1:00\""]),
            ("holidays", "[\"2026-12-25\", \"2026-12-26\"]", &["[\"2026-02-30\"]", "[\"25-12-2026\"]", "[3]"]),
            ("severity", "\"warning\"", &["\"info\""]),
        ],
    ),
    (
        "complaints",
        "",
        &[
            ("measure", "\"skew\"", &["\"level\"", "1"]),
            (
                "grounds",
                "[\"race\", \"sex\"]",
                &[
                    "[\"race\", \"Race\"]",
                    "[\"\"]",
                    "[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", \"k\", \"l\", \"m\", \"n\", \"o\", \"p\", \"q\"]",
                ],
            ),
            ("warning", "1.5", &["0.9", "3"]),
            ("critical", "3", &["1", "1.1"]),
            ("exposure_window", "\"30d\"", &["\"366d\"", "\"23h\"", "\"36h\""]),
            ("block_complaints", "1", &["0"]),
            ("block_variation", "0", &["-0.1", "11"]),
            ("min_events", "0", &["-1"]),
            ("channels", "[\"profile\", \"random\"]", &["[\"phone\"]"]),
            ("windows", "[\"30d\"]", &["[\"31d\"]"]),
            ("dimensions", "[\"d\"]", &["[\"e\"]"]),
        ],
    ),
    (
        "complaints",
        "measure = \"rise\"\n",
        &[
            ("warning", "1.5", &["0.9"]),
            ("reference_days", "90", &["29", "366", "\"90d\""]),
            ("block_variation", "0.3", &["-1"]),
        ],
    ),
    (
        "complaints",
        "measure = \"overturned\"\n",
        &[
            ("exposure_window", "\"90d\"", &["\"400d\""]),
            ("critical", "2.5", &["0.5"]),
            ("block_complaints", "5", &["0"]),
        ],
    ),
];

const BASE: &str = "[profiles.p]\nowner = \"o\"\n[dimensions.d]\nground = \"race\"\ngroups = [\"g\", \"h\"]\n[criteria]\nbanned = [\"ethnicity\"]\n\
    [[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.2\n\
    [[rules]]\nname = \"suitable\"\nkind = \"suitability\"\n";

fn parse(kind: &str, keys: &str) -> Result<Settings, SettingsError> {
    let text = format!("{BASE}[[rules]]\nname = \"x\"\nkind = \"{kind}\"\n{keys}");
    Settings::parse(&text, "c.toml", std::iter::empty())
}

#[test]
fn what_is_printed_of_each_kind_reads_back_the_same() {
    for (kind, least, keys) in KINDS {
        let each = keys.iter().map(|(key, good, _)| format!("{least}{key} = {good}\n"));
        let all: String = keys.iter().map(|(key, good, _)| format!("{key} = {good}\n")).collect();
        for text in std::iter::once(least.to_owned()).chain(each).chain([format!("{least}{all}")]) {
            let settings = parse(kind, &text).unwrap_or_else(|error| panic!("{kind}: {text}{error}"));
            let printed = settings.redacted_toml();
            let again = Settings::parse(&printed, "c.toml", std::iter::empty())
                .unwrap_or_else(|error| panic!("{kind}: {printed}{error}"));
            assert_eq!(again.plan, settings.plan, "{printed}");
        }
    }
}

#[test]
fn what_a_kind_does_not_take_is_refused_at_its_key() {
    for (kind, least, keys) in KINDS {
        for (key, _, bad) in keys {
            for value in *bad {
                let error = parse(kind, &format!("{least}{key} = {value}\n"))
                    .map(|_| ())
                    .expect_err(&format!("{kind}: {key} = {value} was read"));
                let named = error.problems().iter().any(|problem| problem.key.starts_with("rules[2]."));
                assert!(named, "{kind}: {key} = {value}: {error}");
            }
        }
        let error = parse(kind, &format!("{least}nonsense = 1\n")).map(|_| ()).expect_err("an unknown key was read");
        assert!(error.to_string().contains("rules[2].nonsense"), "{error}");
    }
}

/// Months have no blocks, no exposure before them and no critical ratio; and grounds are told of complaints alone.
#[test]
fn a_measure_of_complaints_refuses_the_keys_of_another() {
    for (measure, key) in [
        ("skew", "reference_days = 90"),
        ("rise", "critical = 2"),
        ("rise", "exposure_window = \"90d\""),
        ("rise", "block_complaints = 20"),
        ("rise", "grounds = [\"race\"]"),
        ("rise", "windows = [\"30d\"]"),
        ("overturned", "grounds = [\"race\"]"),
        ("overturned", "reference_days = 90"),
    ] {
        let error = parse("complaints", &format!("measure = \"{measure}\"\n{key}\n")).map(|_| ()).expect_err(key);
        let name = key.split(' ').next().unwrap();
        assert!(error.to_string().contains(&format!("rules[2].{name}")), "{measure}: {error}");
    }
}

#[test]
fn a_kind_needs_something_to_watch() {
    for (kind, text, expected) in
        [("silence", "", "at least one of selections"), ("drift", "compare = \"change\"\n", "rules[2].of")]
    {
        let error = parse(kind, text).map(|_| ()).expect_err("a rule that watches nothing was read");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let text = BASE.replace("banned = [\"ethnicity\"]\n", "");
    let text = format!("{text}[[rules]]\nname = \"x\"\nkind = \"criterion\"\n");
    let error = Settings::parse(&text, "c.toml", std::iter::empty()).map(|_| ()).expect_err("no criterion was listed");
    assert!(error.to_string().contains("at least one criterion"), "{error}");
}

/// What a file says of a configuration that is valid, and probably not meant.
fn remarks(text: &str) -> Vec<String> {
    let text = format!("[profiles.p]\nowner = \"o\"\n[profiles.q]\nowner = \"o\"\n{text}");
    Settings::parse(&text, "c.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).remarks()
}

#[test]
fn a_benchmark_that_serves_no_rule_is_remarked_on() {
    let benchmark = "[[rules]]\nname = \"sample\"\nkind = \"benchmark\"\n";
    let found = remarks(benchmark);
    assert!(found.len() == 1 && found[0].contains("\"sample\": this benchmark serves no rule"), "{found:?}");
    let suitable = |profiles: &str| {
        format!("{benchmark}[[rules]]\nname = \"suitable\"\nkind = \"suitability\"\nprofiles = [{profiles}]\n")
    };
    let found = remarks(&suitable("\"p\""));
    assert!(found.len() == 1 && found[0].contains("has the profile \"q\""), "{found:?}");
    assert_eq!(remarks(&suitable("\"*\"")), Vec::<String>::new());
}

#[test]
fn measures_from_any_topic_are_remarked_on() {
    let kafka = "[kafka]\nbrokers = \"b:1\"\ntopics = [\"t\", \"u\"]\n";
    let found = remarks(kafka);
    assert!(found.len() == 1 && found[0].contains("kafka.measure_topics: not set"), "{found:?}");
    for topics in ["[\"u\"]", "[]"] {
        assert_eq!(remarks(&format!("{kafka}measure_topics = {topics}\n")), Vec::<String>::new());
    }
}

#[test]
fn a_number_or_a_key_of_another_measure_is_told_as_such() {
    let problem = |rule: &str| {
        let text = format!("[profiles.p]\nowner = \"o\"\n[[rules]]\nname = \"r\"\n{rule}");
        Settings::parse(&text, "c.toml", std::iter::empty()).expect_err("it was read").to_string()
    };
    let difference = "indicator = \"selection_rate\"\nmeasure = \"difference\"\nwarning = 0.02\ncritical = 0.05\n";
    let found = problem(&format!("{difference}clear = 1.05\n"));
    let expected = "between equality and the rule's warning; with measure \"difference\" all thresholds are differences, and this would be a ratio, found 1.05";
    assert!(found.contains(expected), "{found}");
    let found = problem("indicator = \"selection_rate\"\nwarning = 0.1\ncritical = 1.25\n");
    assert!(found.contains("all thresholds are ratios, and this would be a difference, found 0.1"), "{found}");
    let found = problem("kind = \"complaints\"\nmeasure = \"rise\"\ncritical = 2\ngrounds = [\"race\"]\n");
    for expected in [
        "critical: expected no critical with measure \"rise\", which only warns, found it with measure \"rise\"",
        "grounds: expected it with measure \"skew\" alone, found it with measure \"rise\"",
    ] {
        assert!(found.contains(expected), "{found}");
    }
    assert!(problem("kind = \"complaints\"\nreference_days = 90\n").contains("it with measure \"rise\" alone"));
}

/// A criterion has one standing, however it is written; and its name is that of events.
#[test]
fn a_criterion_is_on_one_list_once() {
    let parse = |lists: &str| {
        let text =
            BASE.replace("banned = [\"ethnicity\"]\n", lists) + "[[rules]]\nname = \"x\"\nkind = \"criterion\"\n";
        Settings::parse(&text, "c.toml", std::iter::empty())
    };
    for (lists, expected) in [
        ("banned = [\"race\"]\naccepted = [\"race\"]\n", "\"race\" again, first in criteria.banned[0]"),
        ("banned = [\"race\"]\nrestricted = [\"Race\"]\n", "which resembles \"race\" in criteria.banned[0]"),
        ("proxies = [\"post code\", \"post-code\"]\n", "which resembles \"post code\" in criteria.proxies[0]"),
        ("banned = [\"race\", \" race \"]\n", "\"race\" again, first in criteria.banned[0]"),
        ("banned = [\"\u{200b}\"]\n", "criteria.banned[0]"),
    ] {
        let error = parse(lists).map(|_| ()).expect_err(lists).to_string();
        assert!(error.contains(expected), "{lists}: {error}");
    }
    let settings = parse("banned = [\" ethnicite\u{301} \"]\n").unwrap_or_else(|error| panic!("{error}"));
    assert!(settings.redacted_toml().contains("\"ethnicit\u{e9}\""));
}

/// Groups are heard of by their counts, which are kept for the history; working time is spread over more of it.
#[test]
fn a_silence_of_groups_lies_within_the_history() {
    for (keys, is_read) in [
        ("groups = \"400d\"\n", true),
        ("groups = \"500d\"\n", false),
        ("selections = \"500d\"\n", true),
        ("groups = \"300d\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n", false),
        ("groups = \"200d\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n", true),
    ] {
        assert_eq!(parse("silence", keys).is_ok(), is_read, "{keys}");
    }
}

#[test]
fn what_is_nearly_right_is_named() {
    for (kind, keys, expected) in [
        ("suitability", "ratoi = 1.25\n", "did you mean \"ratio\"?"),
        ("drift", "compare = \"change\"\nof = \"y\"\n", "did you mean \"r\"?"),
    ] {
        let error = parse(kind, keys).map(|_| ()).expect_err(keys).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

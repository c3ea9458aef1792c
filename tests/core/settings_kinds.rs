//! The keys of each rule kind beside `disparity`: what is accepted, what is refused, and that what is printed reads back the same.

#![allow(clippy::unwrap_used, clippy::panic)]

use paritywatch::settings::{Settings, SettingsError};

/// A kind, the least that it needs, and its keys: each with a value that is accepted and values that are refused.
type Kind = (&'static str, &'static str, &'static [(&'static str, &'static str, &'static [&'static str])]);

const KINDS: [Kind; 7] = [
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

//! Every key of the configuration: what it accepts at its bounds, what it refuses beyond them, and the place that a problem
//! names. A key of the program that has no row fails the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use paritywatch::settings::{PREFIX, Problem, Settings, SettingsError};
use rows::{BASE, Row, rows};

type Keys<'k> = BTreeMap<&'k str, BTreeMap<&'k str, &'k str>>;

#[test]
fn values_within_bounds_are_read() {
    for row in rows() {
        for (value, printed) in &row.accepted {
            let settings = parse(&text(&keys(&row, row.key, value)));
            let settings = settings.unwrap_or_else(|error| panic!("{} = {value}: {error}", path(&row)));
            assert_same(printed_value(&row, &settings), printed, &row);
        }
    }
}

#[test]
fn values_out_of_bounds_and_of_a_wrong_type_are_refused_at_their_line() {
    for row in rows() {
        for value in row.refused.iter().map(String::as_str).chain([row.wrong_type]) {
            let text = text(&keys(&row, row.key, value));
            let error = parse(&text).expect_err(&format!("{} = {value} was read", path(&row)));
            let problem = problem_of(&path(&row), &error, "c.toml");
            assert_eq!(problem.line, Some(line_of(&text, &row, row.key)), "{problem}");
            if value == row.wrong_type {
                assert!(problem.expected.starts_with(&row.expected), "{problem}, expected {}", row.expected);
            }
        }
    }
}

#[test]
fn a_misspelt_key_is_unknown_and_the_right_one_is_suggested() {
    for row in rows() {
        let misspelt: String = row.key.chars().take(1).chain(row.key.chars().skip(2)).collect();
        let text = text(&keys(&row, &misspelt, "1"));
        let error = parse(&text).expect_err(&format!("{misspelt} was read"));
        let problem = problem_of(&path(&row).replace(row.key, &misspelt), &error, "c.toml");
        assert_eq!(problem.line, Some(line_of(&text, &row, &misspelt)), "{problem}");
        assert!(problem.expected.contains(&format!("(did you mean \"{}\"?)", row.key)), "{problem}");
        assert_eq!(problem.found, "an unknown key");
    }
}

#[test]
fn a_variable_wins_over_the_file_and_is_read_as_the_type_of_its_key() {
    for row in rows() {
        let text = text(&keys(&row, row.key, &row.accepted[0].0));
        let name =
            format!("{PREFIX}{}__{}", row.section.replace(['[', ']'], "").replace('.', "__"), row.key).to_uppercase();
        let with = |value: &str| Settings::parse(&text, "c.toml", std::iter::once((name.clone(), value.to_owned())));
        if let Some((value, printed)) = row.variable {
            let settings = with(value).unwrap_or_else(|error| panic!("{error}"));
            assert_same(printed_value(&row, &settings), printed, &row);
        }
        if let Some(value) = row.refused_variable {
            let error = with(value).expect_err(&format!("{name}={value} was read"));
            let problem = problem_of(&path(&row), &error, &format!("environment variable {name}"));
            assert_eq!(problem.line, None, "{problem}");
        }
        assert!(row.variable.is_some() || row.section == "[[rules]]" || is_table(&row), "{name} has no test");
    }
}

#[test]
fn a_later_file_wins_and_its_problems_name_it() {
    for row in rows() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("paritywatch.toml");
        let later = folder.path().join("conf.d").join("20.toml");
        fs::create_dir(folder.path().join("conf.d")).unwrap();
        // Rules are read one after the other, so that the only rule is the later file's.
        let split = |value: &str| {
            let mut below = keys(&row, row.key, &row.accepted[0].0);
            let mut above = keys(&row, row.key, value);
            below.retain(|section, _| *section != "[[rules]]" || row.section != "[[rules]]");
            above.retain(|section, _| *section == row.section);
            fs::write(&main, text(&below)).unwrap();
            let text = format!("# Over the main file.\n\n{}", text(&above));
            fs::write(&later, &text).unwrap();
            line_of(&text, &row, row.key)
        };

        let (value, printed) = &row.accepted.last().unwrap();
        split(value);
        let settings = load(&main).unwrap_or_else(|error| panic!("{} = {value}: {error}", path(&row)));
        // The entries of tables are added.
        if !is_table(&row) {
            assert_same(printed_value(&row, &settings), printed, &row);
        }

        let value = row.refused.first().map_or(row.wrong_type, String::as_str);
        let line = split(value);
        let error = load(&main).expect_err(&format!("{} = {value} was read", path(&row)));
        let problem = problem_of(&path(&row), &error, &later.display().to_string());
        assert_eq!(problem.line, Some(line), "{problem}");
    }
}

/// The program lists the keys it knows where it finds one that it does not know.
#[test]
fn every_key_of_the_program_has_a_row_and_is_shown_in_an_example() {
    let known = |section: &str| {
        let mut keys: Keys = BTreeMap::new();
        for (section, key, value) in BASE {
            keys.entry(section).or_default().insert(key, value);
        }
        keys.entry(section).or_default().insert("qqqqqqqqqqqqqqqq", "1");
        let error = parse(&text(&keys)).expect_err("an unknown key was read");
        let problem =
            error.problems().iter().find(|problem| problem.key.ends_with("qqqqqqqqqqqqqqqq")).unwrap().clone();
        let (_, keys) = problem.expected.split_once(": ").unwrap();
        keys.split(", ").map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let sections: BTreeMap<&str, BTreeSet<&str>> = rows().iter().fold(BTreeMap::new(), |mut sections, row| {
        sections.entry(row.section).or_default().insert(row.key);
        sections
    });
    let section_name = |section: &&str| section.trim_matches(['[', ']']).split('.').next().unwrap().to_owned();
    let mut of_program = known("");
    // A list of tables whose keys need each other: see the test `mapping::problems`.
    assert!(of_program.remove("mappings"));
    assert_eq!(
        of_program,
        sections.keys().map(section_name).collect(),
        "the sections of the program and of the rows differ"
    );

    let example = fs::read_to_string(config("example.toml")).unwrap();
    for (section, keys) in sections {
        let keys: BTreeSet<String> = keys.into_iter().map(str::to_owned).collect();
        let mut known = known(section);
        // An intersection has this key alone: see the test `intersections`.
        assert_eq!(known.remove("crosses"), section == "[dimensions.d]", "{section}");
        assert_eq!(known, keys, "the keys of {section} in the program and in the rows differ");
        for key in keys {
            let shown = example
                .lines()
                .any(|line| line.starts_with(&format!("{key} =")) || line.starts_with(&format!("[kafka.{key}]")));
            assert!(shown, "config/example.toml does not show {section} {key}");
        }
    }
}

#[test]
fn the_shipped_defaults_are_those_of_the_program() {
    let settings = load(&config("paritywatch.toml")).unwrap_or_else(|error| panic!("{error}"));
    let kafka = "[kafka]\nbrokers = \"localhost:9092\"\ntopics = [\"selections\", \"controls\"]\n\
                 properties = { \"ssl.ca.location\" = \"/etc/paritywatch/ca.pem\" }\n";
    assert_eq!(settings.redacted_toml(), parse(kafka).unwrap().redacted_toml());
}

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, "c.toml", std::iter::empty())
}

/// A table of names that the user chooses. It has no variable.
fn is_table(row: &Row) -> bool {
    ["properties", "aliases"].contains(&row.key)
}

fn load(path: &Path) -> Result<Settings, SettingsError> {
    Settings::load(path, std::iter::empty())
}

fn config(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// The base with what the row needs, and one key more.
fn keys<'k>(row: &'k Row, key: &'k str, value: &'k str) -> Keys<'k> {
    let mut keys = Keys::new();
    for (section, key, value) in BASE.iter().chain(&row.with).chain(&[(row.section, key, value)]) {
        keys.entry(section).or_default().insert(key, value);
    }
    keys
}

fn text(keys: &Keys<'_>) -> String {
    let section = |(section, keys): (&&str, &BTreeMap<&str, &str>)| {
        let keys: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("{section}\n{keys}")
    };
    keys.iter().map(section).collect()
}

/// The line of the row's section that sets `key`, counted from 1.
fn line_of(text: &str, row: &Row, key: &str) -> usize {
    let section = text.lines().position(|line| line == row.section).unwrap();
    let key = format!("{key} = ");
    section + 1 + text.lines().skip(section).position(|line| line.starts_with(&key)).unwrap()
}

fn path(row: &Row) -> String {
    match row.section {
        "[[rules]]" => format!("rules[0].{}", row.key),
        section => format!("{}.{}", section.trim_matches(['[', ']']), row.key),
    }
}

/// The first problem of the key at `path`, or of what is in it, in this file.
fn problem_of(path: &str, error: &SettingsError, file: &str) -> Problem {
    let own = |problem: &&Problem| {
        let inside = problem.key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']));
        inside && problem.file == file
    };
    let problem = error.problems().iter().find(own);
    problem.unwrap_or_else(|| panic!("no problem of {path} in {file}, but:\n{error}")).clone()
}

fn printed_value(row: &Row, settings: &Settings) -> toml::Value {
    let printed: toml::Value = toml::Value::Table(settings.redacted_toml().parse().unwrap());
    let section = match row.section {
        "[[rules]]" => &printed["rules"][0],
        section => section.trim_matches(['[', ']']).split('.').fold(&printed, |table, name| &table[name]),
    };
    section.get(row.key).unwrap_or_else(|| panic!("{} is not printed", path(row))).clone()
}

fn assert_same(found: toml::Value, expected: &str, row: &Row) {
    let expected: toml::Table = format!("value = {expected}").parse().unwrap();
    let number = |value: &toml::Value| value.as_float().or(value.as_integer().map(|integer| integer as f64));
    let expected = &expected["value"];
    let same = found == *expected || (found.is_float() && number(&found) == number(expected));
    assert!(same, "{}: expected {expected}, found {found}", path(row));
}

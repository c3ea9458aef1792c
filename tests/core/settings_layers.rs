//! The layers of the configuration: the file, the files of `conf.d` beside it, the environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;
use std::path::PathBuf;

use paritywatch::settings::{MAX_EXTRA_FILES, MAX_FILE_BYTES, Settings, SettingsError};
use tempfile::TempDir;

const MAIN: &str = "[window]\nhistory = \"100d\"\nidle_after = \"1m\"\n\
                    [profiles.a]\ntitle = \"A\"\nowner = \"007\"\n\
                    [dimensions.origin]\nground = \"race\"\ngroups = [\"x\", \"y\"]\n";
const RULE: &str = "indicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";

/// A folder with `paritywatch.toml` and, in `conf.d`, these files.
struct Folder(TempDir);

impl Folder {
    fn new(main: &str, files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.main(), main).unwrap();
        fs::create_dir(folder.conf_d()).unwrap();
        for (name, text) in files {
            fs::write(folder.extra(name), text).unwrap();
        }
        folder
    }

    fn main(&self) -> PathBuf {
        self.0.path().join("paritywatch.toml")
    }

    fn conf_d(&self) -> PathBuf {
        self.0.path().join("conf.d")
    }

    fn extra(&self, name: &str) -> PathBuf {
        self.conf_d().join(name)
    }

    fn load(&self) -> Result<Settings, SettingsError> {
        self.load_with(&[])
    }

    fn load_with(&self, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::load(&self.main(), variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn settings(&self) -> Settings {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The problems, one a line, with the folder left out.
    fn problems(&self) -> String {
        let error = self.load().expect_err("expected problems, found none").to_string();
        error.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn days(settings: &Settings) -> i64 {
    settings.plan.window.history.0 / 86_400_000
}

#[test]
fn the_later_layer_wins_key_by_key() {
    let folder = Folder::new(
        MAIN,
        &[
            ("20-b.toml", "[window]\nhistory = \"102d\"\n"),
            (
                "10-a.toml",
                "[window]\nhistory = \"101d\"\nrolling = [\"7d\"]\n[profiles.a]\ntitle = \"a\"\n[profiles.b]\n",
            ),
        ],
    );
    let settings = folder.settings();
    assert_eq!(days(&settings), 102);
    assert_eq!(settings.plan.window.idle_after.0, 60_000, "a key that only the main file has");
    assert_eq!(settings.plan.window.rolling.len(), 1, "a list is replaced as a whole");
    let profiles: Vec<_> = settings.plan.profiles.iter().map(|profile| (&*profile.title, &*profile.owner)).collect();
    assert_eq!(profiles, [("a", "007"), ("b", "")]);
    let settings = folder.load_with(&[("PARITYWATCH__WINDOW__HISTORY", "103d")]).unwrap();
    assert_eq!(days(&settings), 103);
}

#[test]
fn files_of_other_names_are_not_read() {
    let other = ["a.toml~", "a.toml.dpkg-old", ".a.toml", ".#a.toml", "toml", "README"];
    let folder = Folder::new(MAIN, &other.map(|name| (name, "this is not TOML")));
    assert_eq!(days(&folder.settings()), 100);
}

#[test]
fn a_folder_that_is_empty_or_missing_changes_nothing() {
    let folder = Folder::new(MAIN, &[]);
    let empty = folder.settings();
    fs::remove_dir(folder.conf_d()).unwrap();
    assert_eq!(folder.settings(), empty);
    assert_eq!(Settings::parse(MAIN, "c.toml", std::iter::empty()).unwrap(), empty);
}

#[test]
fn the_hash_is_that_of_the_values_and_not_of_their_files() {
    let section = "[privacy]\nmin_cell = 20\n";
    let whole = Folder::new(&format!("{MAIN}{section}"), &[]).settings();
    let split = Folder::new(MAIN, &[("a.toml", section)]).settings();
    assert_eq!(split, whole);
    assert_ne!(split.plan.config_hash, Folder::new(MAIN, &[]).settings().plan.config_hash);
}

/// The state on disk keeps this hash: another one would say that the configuration had changed.
#[test]
fn the_hash_of_a_configuration_never_changes() {
    let text = "privacy = { min_cell = 0, reason = \"a \\\"table\\\" that is published\" }\n\
        [profiles]\n\"a b\" = { title = \"t\", exposure = \"population\", owner = \"o\" }\n\
        [dimensions.age]\nground = \"age\"\ngroups = [\"young\", \"old\", \"other\"]\n\
        [[rules]]\nname = \"one\"\nindicator = \"hit_rate\"\nmeasure = \"difference\"\nwarning = -0.1\ncritical = -0.2\n\
        evidence = \"interval\"\nreference = \"young\"\nstratify_by = \"office\"\nfor = \"10m\"\n";
    let settings = Settings::parse(text, "c.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.plan.config_hash, "a76f6820e1f64471");
}

#[test]
fn properties_merge_whatever_their_dots() {
    let kafka =
        "[kafka]\nbrokers = \"a:1\"\ntopics = [\"in\"]\n[kafka.properties]\nssl.ca.location = \"1\"\n\"a.b\" = \"1\"\n";
    let folder = Folder::new(kafka, &[("a.toml", "[kafka.properties]\n\"ssl.ca.location\" = \"2\"\na.c = \"2\"\n")]);
    let settings = folder.load_with(&[("PARITYWATCH__KAFKA__PROPERTIES__A_B", "007")]).unwrap();
    let properties: Vec<_> = settings.kafka.unwrap().properties.into_iter().collect();
    assert_eq!(
        properties,
        [("a.b", "007"), ("a.c", "2"), ("ssl.ca.location", "2")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

#[test]
fn rules_of_all_files_are_read_one_after_the_other() {
    let rule = |name: &str| format!("[[rules]]\nname = \"{name}\"\n{RULE}");
    let main = format!("{MAIN}{}{}", rule("m-1"), rule("m-2"));
    let folder = Folder::new(&main, &[("20.toml", &rule("c")), ("10.toml", &format!("{}{}", rule("a"), rule("b")))]);
    let settings = folder.load_with(&[("PARITYWATCH__PRIVACY__RULES_PER_SERIES", "5")]).unwrap();
    let names: Vec<String> = settings.plan.rules.iter().map(|rule| rule.name.clone()).collect();
    assert_eq!(names, ["m-1", "m-2", "a", "b", "c"]);

    let folder = Folder::new(MAIN, &[("a.toml", &rule("only"))]);
    assert_eq!(folder.settings().plan.rules.len(), 1);

    let folder = Folder::new(&main, &[("a.toml", &rule("m-2"))]);
    let expected = "conf.d/a.toml:2: rules[2].name: expected a name that no other rule has, found \"m-2\", the name of rules[1] (paritywatch.toml:16)";
    assert_eq!(folder.problems(), expected);
}

#[test]
fn rules_that_are_no_list_are_refused_in_any_file() {
    let rule = format!("[[rules]]\nname = \"a\"\n{RULE}");
    let wrong = "rules = 3\n";
    let expected = "rules: expected a list of at most 1_000 tables ([[rules]]), found 3";
    let folder = Folder::new(&format!("{MAIN}{rule}"), &[("a.toml", wrong)]);
    assert_eq!(folder.problems(), format!("conf.d/a.toml:1: {expected}"));
    let folder = Folder::new(&format!("{wrong}{MAIN}"), &[("a.toml", &rule)]);
    assert_eq!(folder.problems(), format!("paritywatch.toml:1: {expected}"));
}

#[test]
fn every_problem_of_every_file_is_named_in_the_order_of_files_and_lines() {
    let folder = Folder::new(
        "[windw]\nhistory = \"1d\"\n[limits]\nseries = 0\n",
        &[
            ("b.toml", "[state]\ncheckpoint_every = 3\n"),
            ("a.toml", "\n[limits]\nopen_cases = \"7\"\n[dimensions.d]\ngroups = [\"x\",\n  3]\n"),
        ],
    );
    let found = folder.problems();
    let places: Vec<&str> = found.lines().map(|line| line.split(": expected").next().unwrap()).collect();
    let expected = [
        "paritywatch.toml:1: windw",
        "paritywatch.toml:4: limits.series",
        "conf.d/a.toml:3: limits.open_cases",
        "conf.d/a.toml:4: dimensions.d.ground",
        "conf.d/a.toml:6: dimensions.d.groups[1]",
        "conf.d/b.toml:2: state.checkpoint_every",
    ];
    assert_eq!(places, expected, "{found}");
}

#[test]
fn files_that_are_not_toml_have_only_that_problem() {
    let folder = Folder::new("[windw]\n", &[("a.toml", "[window\n"), ("b.toml", "history = = 1\n")]);
    let found = folder.problems();
    for file in ["conf.d/a.toml", "conf.d/b.toml"] {
        assert!(found.contains(&format!("{file}:1: expected valid TOML")), "{found}");
    }
    assert!(!found.contains("windw"), "{found}");
    fs::write(folder.extra("b.toml"), b"\xff").unwrap();
    let found = folder.problems();
    assert!(found.contains("conf.d/b.toml: expected UTF-8, found other bytes at byte 0"), "{found}");
    fs::File::create(folder.extra("b.toml")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    let found = folder.problems();
    assert!(found.contains("conf.d/b.toml: expected at most 16_777_216 bytes, found more"), "{found}");
}

#[test]
fn a_table_and_a_value_of_one_name_are_told_apart() {
    let folder = Folder::new(MAIN, &[("a.toml", "window = 3\n")]);
    assert_eq!(folder.problems(), "conf.d/a.toml:1: window: expected a table, found 3");
    let folder = Folder::new("window = 3\n", &[("a.toml", "[window]\nhistory = \"100d\"\n")]);
    assert_eq!(days(&folder.settings()), 100, "the later file wins");
    // What two files have in common stays where it was opened first.
    let folder =
        Folder::new("\n[dimensions.d]\nground = \"race\"\n", &[("a.toml", "[dimensions.d]\n[dimensions.e]\n")]);
    let found = folder.problems();
    assert!(found.contains("paritywatch.toml:2: dimensions.d.groups: expected a list"), "{found}");
    assert!(found.contains("conf.d/a.toml:2: dimensions.e.groups: expected a list"), "{found}");
}

/// `config` alone would read such keys as paths, and the last one as a list of that many items.
#[test]
fn keys_with_dots_and_brackets_are_keys() {
    for key in ["window.history", "rules[0].name", "x[9000000000000]", "", "a b"] {
        let folder = Folder::new("", &[("a.toml", &format!("\"{key}\" = \"1d\"\n"))]);
        let expected = format!("conf.d/a.toml:1: \"{key}\": expected a section");
        assert!(folder.problems().starts_with(&expected), "{}", folder.problems());
    }
}

#[test]
fn values_keep_their_types_through_the_layers() {
    let text = "[profiles.a]\ntitle = \"007\"\nowner = \"true\"\n[alerting]\nfamily_alpha = 0.5\nblock_variation = 1\n";
    let settings = Folder::new(MAIN, &[("a.toml", text)]).settings();
    assert_eq!((&*settings.plan.profiles[0].title, &*settings.plan.profiles[0].owner), ("007", "true"));
    let text = "[profiles.a]\ntitle = 2026-01-01\nowner = 007.5\n";
    assert!(Folder::new(MAIN, &[("a.toml", text)]).problems().contains("conf.d/a.toml:3: expected valid TOML"));
    let text =
        "[profiles.a]\ntitle = 2026-01-01\nowner = 1.0\n[limits]\nseries = 99999999999999999999\nopen_cases = 1e3\n";
    let found = Folder::new(MAIN, &[("a.toml", text)]).problems();
    for (line, value) in [(2, "2026-01-01"), (3, "1.0"), (5, "99999999999999999999"), (6, "1000.0")] {
        let place = format!("conf.d/a.toml:{line}: ");
        assert!(
            found.lines().any(|found| found.starts_with(&place) && found.ends_with(&format!("found {value}"))),
            "{found}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = Folder::new(MAIN, &[]);
    fs::remove_dir(folder.conf_d()).unwrap();
    fs::write(folder.conf_d(), "").unwrap();
    let found = folder.problems();
    assert!(found.starts_with("conf.d: expected a path that can be read, found: "), "{found}");

    let folder = Folder::new(MAIN, &[]);
    fs::create_dir(folder.extra("a.toml")).unwrap();
    assert!(folder.problems().starts_with("conf.d/a.toml: expected a path that can be read"), "{}", folder.problems());

    let folder = Folder::new(MAIN, &[]);
    fs::remove_file(folder.main()).unwrap();
    assert!(
        folder.problems().starts_with("paritywatch.toml: expected a path that can be read"),
        "{}",
        folder.problems()
    );

    let folder = Folder::new(MAIN, &[]);
    for number in 0..=MAX_EXTRA_FILES {
        fs::write(folder.extra(&format!("{number}.toml")), "").unwrap();
    }
    assert_eq!(folder.problems(), "conf.d: expected at most 100 files, found 101");
}

#[test]
fn variables_that_contradict_each_other_are_refused() {
    let folder = Folder::new(MAIN, &[]);
    let refused = |variables: &[(&str, &str)]| folder.load_with(variables).unwrap_err().to_string();
    let found = refused(&[("PARITYWATCH__WINDOW__HISTORY", "3d"), ("paritywatch__window__history", "4d")]);
    assert!(
        found.contains("environment variable paritywatch__window__history: expected names of variables"),
        "{found}"
    );
    let found = refused(&[("PARITYWATCH__KAFKA__PROPERTIES", "x"), ("PARITYWATCH__KAFKA__PROPERTIES__A", "x")]);
    assert!(
        found.contains("PARITYWATCH__KAFKA__PROPERTIES__A: expected \"properties\" to be a table, found a string"),
        "{found}"
    );
    let found = refused(&[("PARITYWATCH__RULES__0__WARNING", "2")]);
    assert!(found.contains("expected a section other than rules"), "{found}");
    let found = refused(&[("PARITYWATCH__PROFILES__B__TITLE", "x")]);
    assert!(found.contains("expected the name of exactly one table of [profiles]"), "{found}");
}

/// A variable for a profile that only a later file has.
#[test]
fn variables_see_the_tables_of_all_files() {
    let folder = Folder::new(MAIN, &[("a.toml", "[profiles.Later]\ntitle = \"x\"\n")]);
    let settings = folder.load_with(&[("PARITYWATCH__PROFILES__LATER__TITLE", "007")]).unwrap();
    assert_eq!(settings.plan.profiles[0].title, "007");
}

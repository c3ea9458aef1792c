//! `init`: a configuration that is refused until somebody has decided, and then gives a finding.

use super::{Look, run, shapes};

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn config(look: &Look) -> String {
    std::fs::read_to_string(look.folder.path().join("paritywatch.toml")).unwrap()
}

#[test]
fn from_events_to_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let generated = run(
        folder.path(),
        &["generate", "--scenario", "skewed-selection", "--events", "30000", "--seed", "7", "--to", "events.jsonl"],
    );
    assert!(generated.status.success(), "{}", text(&generated));
    let written = run(folder.path(), &["init", "--sample", "30000", "events.jsonl"]);
    assert!(written.status.success(), "{}", text(&written));
    let path = folder.path().join("paritywatch.toml");
    let config = std::fs::read_to_string(&path).unwrap();

    // What is open is told with its line, and nothing runs.
    let checked = run(folder.path(), &["check-config", "--no-files", "paritywatch.toml"]);
    assert_eq!(checked.status.code(), Some(78));
    let open = config.lines().enumerate().filter(|(_, line)| line.contains("= \"open\"")).map(|(index, _)| index + 1);
    let open: Vec<usize> = open.collect();
    assert!(open.len() >= 2, "{config}");
    for line in &open {
        assert!(text(&checked).contains(&format!("paritywatch.toml:{line}: ")), "{line}: {}", text(&checked));
    }
    assert!(text(&checked).contains("open"), "{}", text(&checked));
    for command in
        [&["run", "--config", "paritywatch.toml"][..], &["replay", "--config", "paritywatch.toml", "events.jsonl"]]
    {
        let refused = run(folder.path(), command);
        assert_eq!(refused.status.code(), Some(78), "{}", text(&refused));
    }

    // A file that is there is left alone.
    let again = run(folder.path(), &["init", "events.jsonl"]);
    assert_eq!(again.status.code(), Some(74), "{}", text(&again));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), config);

    // Filled in, it gives a finding.
    let low = |text: &str| {
        text.replace("warning = \"open\"", "warning = 0.9").replace("critical = \"open\"", "critical = 0.8")
    };
    let high = |text: &str| {
        text.replace("warning = \"open\"", "warning = 1.1").replace("critical = \"open\"", "critical = 1.25")
    };
    let filled: Vec<String> =
        config.split("[[rules]]").map(|rule| if rule.contains("hit_rate") { low(rule) } else { high(rule) }).collect();
    std::fs::write(&path, filled.join("[[rules]]")).unwrap();
    let checked = run(folder.path(), &["check-config", "--no-files", "paritywatch.toml"]);
    assert!(checked.status.success(), "{}", text(&checked));
    let replayed =
        run(folder.path(), &["replay", "--config", "paritywatch.toml", "--fail-on", "warning", "events.jsonl"]);
    assert_eq!(replayed.status.code(), Some(1), "{}", text(&replayed));
}

/// Groups that few cases have are not written down, nor is any id.
#[test]
fn names_are_written_from_min_cell_cases_on() {
    let look = Look::new("contract.jsonl", &shapes::contract());
    let written = look.run(&["init", "contract.jsonl"]);
    assert!(written.status.success(), "{}", text(&written));
    let config = config(&look);
    assert!(config.contains("\"non_european\"") && config.contains("\"Dutch\""), "{config}");
    assert!(!config.contains("rare-group") && !config.contains("\"c1"), "{config}");
    // The default would be too short for these events.
    assert!(config.contains("allowed_lateness = \"20h\""), "{config}");
    // Two names that differ by case alone cannot both be groups: the check says so.
    let checked = look.run(&["check-config", "--no-files", "paritywatch.toml"]);
    assert!(text(&checked).contains("resembles"), "{}", text(&checked));
}

#[test]
fn mappings_are_guessed_from_other_peoples_records() {
    for (name, lines, expected) in [
        (
            "debezium.jsonl",
            shapes::debezium(),
            &[
                "envelope = \"debezium\"",
                "deletes = \"ignore\"",
                "type = \"selection\"",
                "case_id = \"/zaaknummer\"",
                "time = { path = \"/besluitdatum\", format = \"epoch_us\" }",
                "selected = { path = \"/geselecteerd\", values = { \"J\" = true, \"N\" = false } }",
                "\"groups.origin\" = \"/herkomst\"",
                "[profiles.\"bijstand\"]",
                "groups = [\"A\", \"B\", \"C\"]",
                "ground = \"race\"",
            ][..],
        ),
        (
            "array.jsonl",
            shapes::array(),
            &[
                "each = \"/items\"",
                "case_id = \"/case_number\"",
                "selected = { path = \"/picked\", values = { \"0\" = false, \"1\" = true } }",
                "time = \"/decision/decided_at\"",
                "profile = { value = \"array-jsonl\" }",
            ],
        ),
        ("connect.jsonl", shapes::connect(), &["envelope = \"connect\"", "type = \"outcome\"", "format = \"local\""]),
    ] {
        let look = Look::new(name, &lines);
        let written = look.run(&["init", name]);
        assert!(written.status.success(), "{}", text(&written));
        let config = config(&look);
        let _: toml::Table = config.parse().unwrap_or_else(|error| panic!("{error}: {config}"));
        for expected in expected {
            assert!(config.contains(expected), "no {expected} in {config}");
        }
        super::golden(&format!("{}.toml", name.split('.').next().unwrap()), &config);
        // What is open of it is no fault of the mapping.
        let checked = look.run(&["check-config", "--no-files", "paritywatch.toml"]);
        assert_eq!(checked.status.code(), Some(78));
        assert!(!text(&checked).contains("mappings"), "{}", text(&checked));
    }
}

/// A Dutch export: a time with day, month and year, and rows that cannot be read.
#[test]
fn an_export_is_guessed_and_its_bad_rows_are_told() {
    let mut lines = vec!["Dossiernummer;Datum beoordeling;Geselecteerd;Herkomst;Opmerking".to_owned()];
    for number in 0..200 {
        let picked = if number % 3 == 0 { "J" } else { "N" };
        let more = if number % 2 == 0 { "" } else { ";too much" };
        lines.push(format!(
            "D-{number};02-03-2026 08:{:02};{picked};{};x{more}",
            number % 60,
            ["A", "B"][number / 2 % 2]
        ));
    }
    let look = Look::new("export.csv", &lines);
    let written = look.run(&["init", "export.csv"]);
    assert!(written.status.success(), "{}", text(&written));
    let config = config(&look);
    let time = "time = { path = \"/Datum beoordeling\", format = \"%d-%m-%Y %H:%M\", zone = \"Europe/Amsterdam\" }";
    assert!(config.contains(time) && config.contains("format = \"csv\""), "{config}");
    let looked = look.run(&["inspect", "--config", "paritywatch.toml", "--format", "json", "export.csv"]);
    let document: serde_json::Value =
        serde_json::from_slice(&looked.stdout).unwrap_or_else(|_| panic!("{}", text(&looked)));
    super::check_schema(&document);
    let input = &document["inputs"][0];
    assert_eq!((&input["mapped"]["share"], &input["mapped"]["refused"]), (&0.5.into(), &100.into()), "{input}");
    assert_eq!((&input["sample"]["records"], &input["sample"]["held"]), (&200.into(), &200.into()), "{input}");
    assert_eq!(input["formats"][0]["framing"], "csv");
    let refused = &input["refused"][0];
    assert_eq!((&refused["reason"], &refused["offset"]), (&"unsupported_format".into(), &3.into()), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("expected 5 values"), "{refused}");
}

/// A table as the JDBC source of Kafka Connect writes it: a number that could be an id is a time where its name says so.
#[test]
fn a_time_is_no_case_id() {
    let row = |number: i64| {
        let gender = if number % 2 == 0 { "M" } else { "V" };
        serde_json::json!({"schema": {"type": "struct"}, "payload": {
            "VOLGNR": number, "DATUM_AANVRAAG": 1_772_323_200_000_i64 + number * 60_000, "GESLACHT": gender,
        }})
        .to_string()
    };
    let look = Look::new("connect.jsonl", &(0..200).map(row).collect::<Vec<_>>());
    let written = look.run(&["init", "connect.jsonl"]);
    assert!(written.status.success(), "{}", text(&written));
    let config = config(&look);
    // No name says which field the case is, and that is said.
    assert!(config.contains("# case_id = \"/...\"                      # open"), "{config}");
    assert!(config.contains("time = { path = \"/DATUM_AANVRAAG\", format = \"epoch_ms\" }"), "{config}");
    assert!(config.contains("type = \"selection\"                       # open"), "{config}");
}

#[test]
fn from_rows_of_a_table_to_a_finding() {
    let look = Look::new("cases.jsonl", &shapes::skewed_rows());
    let written = look.run(&["init", "cases.jsonl"]);
    assert!(written.status.success(), "{}", text(&written));
    let open = config(&look);
    // A look takes what init has written, and says what is open.
    let looked = look.run(&["inspect", "--config", "paritywatch.toml", "--format", "json", "cases.jsonl"]);
    let document: serde_json::Value =
        serde_json::from_slice(&looked.stdout).unwrap_or_else(|_| panic!("{}", text(&looked)));
    super::check_schema(&document);
    assert_eq!(document["inputs"][0]["mapped"]["share"], 1.0, "{document}");
    assert!(document["open"].to_string().contains("rules[0].warning"), "{}", document["open"]);
    let looked = look.run(&["inspect", "--config", "paritywatch.toml", "cases.jsonl"]);
    assert!(text(&looked).contains("OPEN in the configuration"), "{}", text(&looked));
    let filled = open
        .replace("warning = \"open\"", "warning = 1.1")
        .replace("critical = \"open\"", "critical = 1.25\nevidence = \"interval\"");
    std::fs::write(look.folder.path().join("paritywatch.toml"), filled).unwrap();
    let looked = look.run(&["inspect", "--config", "paritywatch.toml", "--format", "json", "cases.jsonl"]);
    let document: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
    super::check_schema(&document);
    let input = &document["inputs"][0];
    assert_eq!((&input["mapped"]["events"], &input["mapped"]["share"]), (&3_000.into(), &1.0.into()), "{input}");
    assert_eq!(input["dimensions"][0]["groups"][0], serde_json::json!({"name": "A", "count": 1_000}));
    assert_eq!(input["foreign"], serde_json::Value::Null);
    let replayed = look.run(&["replay", "--config", "paritywatch.toml", "--fail-on", "critical", "cases.jsonl"]);
    assert_eq!(replayed.status.code(), Some(1), "{}", text(&replayed));
    assert!(text(&replayed).contains("3000 events read = 3000 accepted"), "{}", text(&replayed));
}

#[test]
fn wrong_usage_is_told() {
    let look = Look::new("contract.jsonl", &shapes::contract());
    for (arguments, code) in [
        (&["init", "--topic", "t"][..], 64),
        (&["init", "--brokers", "127.0.0.1:9", "contract.jsonl"], 64),
        (&["init"], 64),
        (&["init", "--security-protocol", "none", "contract.jsonl"], 64),
        (&["init", "absent.jsonl"], 74),
    ] {
        let output = look.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(!look.folder.path().join("paritywatch.toml").exists());
    }
}

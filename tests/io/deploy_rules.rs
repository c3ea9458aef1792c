//! What `deploy/` ships for alerts holds together: rules, runbooks in both languages, their indexes, metrics, routing, and the rules' own tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_norway::Value;

/// Metrics that rules and runbooks use before the program exports them. To be emptied: one that is in `deploy/metrics.md` must go from here.
const ANNOUNCED: &[&str] = &[];

/// Ending of a runbook's file, its index, and the headings after the title, in order.
const LANGUAGES: [(&str, &str, [&str; 6]); 2] = [
    ("md", "README.md", ["Meaning", "First look", "Likely causes", "What to do", "Whom to tell", "How to close"]),
    (
        "nl.md",
        "README.nl.md",
        [
            "Betekenis",
            "Eerste blik",
            "Waarschijnlijke oorzaken",
            "Wat te doen",
            "Wie in te lichten",
            "Hoe af te sluiten",
        ],
    ),
];

/// The rule kinds that `ParitywatchDuty` tells of: each has a runbook of its own, `ParitywatchDuty.KIND`.
const KINDS: [&str; 8] =
    ["criterion", "automation", "benchmark", "suitability", "coverage", "drift", "silence", "complaints"];

/// Longest runbook, in lines: it is read at night. The finding's is longer, for it says what stopping a profile takes.
const MAX_LINES: usize = 50;
const MAX_LINES_OF_A_FINDING: usize = 105;
const MAX_LINES_OF_A_DUTY: usize = 65;

/// Labels of an alert, and who must get it.
const ROUTES: &[(&[&str], &str)] = &[
    (&["alertname=ParitywatchDisparity", "team=compliance", "severity=critical"], "compliance"),
    (&["alertname=ParitywatchDisparity", "team=compliance", "severity=warning"], "compliance"),
    (&["alertname=ParitywatchDuty", "team=compliance", "severity=critical"], "compliance"),
    (&["alertname=ParitywatchDuty", "team=compliance", "severity=warning"], "compliance"),
    (&["alertname=ParitywatchDown", "team=operations", "severity=critical"], "operations,compliance"),
    (&["alertname=ParitywatchConsumerFault", "team=operations", "severity=critical"], "operations"),
    (&["alertname=ParitywatchWatchdog", "team=watchdog", "severity=none"], "dead-mans-switch"),
    (&["alertname=SomethingElse"], "operations"),
];

// ---- rules ----

#[test]
fn every_alert_says_who_is_called_and_where_to_read_on() {
    let mut breaches = Vec::new();
    for rule in rules() {
        let name = &rule.name;
        // A finding brings its severity from the daemon.
        let severity = rule.labels.get("severity").map_or("from the expression", String::as_str);
        let by_expression = rule.expression.contains("severity") && severity == "from the expression";
        if !by_expression && !["warning", "critical", "none"].contains(&severity) {
            breaches.push(format!("{name}: expected the severity warning, critical or none, found {severity}"));
        }
        let team = rule.labels.get("team").map_or("none", String::as_str);
        if !["compliance", "operations", "watchdog"].contains(&team) {
            breaches.push(format!("{name}: expected the team compliance, operations or watchdog, found {team}"));
        }
        for annotation in ["summary", "description"] {
            if rule.annotations.get(annotation).is_none_or(|text| text.trim().is_empty()) {
                breaches.push(format!("{name}: expected the annotation {annotation}, found none"));
            }
        }
        let url = rule.annotations.get("runbook_url").map_or("none", String::as_str);
        if !url.ends_with(&format!("/{name}")) {
            breaches.push(format!("{name}: expected a runbook_url that ends in /{name}, found {url}"));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_metric_named_in_rules_and_runbooks_is_listed() {
    let listed = metrics_in(&read("deploy/metrics.md"));
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut name = |place: &str, text: &str| {
        for metric in metrics_in(text) {
            named.entry(metric).or_default().insert(place.to_owned());
        }
    };
    for rule in rules() {
        name(&rule.name, &rule.expression);
    }
    for (file, text) in runbooks() {
        name(&file, &text);
    }
    let unknown: Vec<String> = named
        .iter()
        .filter(|(metric, _)| !listed.contains(*metric) && !ANNOUNCED.contains(&metric.as_str()))
        .map(|(metric, places)| format!("{metric}, named in {places:?}, is not in deploy/metrics.md"))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn metrics_are_announced_only_until_they_exist() {
    let listed = metrics_in(&read("deploy/metrics.md"));
    let arrived: Vec<_> = ANNOUNCED.iter().filter(|metric| listed.contains(**metric)).collect();
    assert!(arrived.is_empty(), "{arrived:?} are in deploy/metrics.md: take them out of ANNOUNCED");
}

// ---- runbooks ----

#[test]
fn every_alert_has_a_runbook_in_both_languages() {
    let mut breaches = Vec::new();
    for name in runbook_names() {
        for (ending, _, headings) in LANGUAGES {
            let file = format!("deploy/runbooks/{name}.{ending}");
            let Ok(text) = std::fs::read_to_string(root().join(&file)) else {
                breaches.push(format!("{file}: expected a runbook, found none"));
                continue;
            };
            let expected: Vec<String> =
                std::iter::once(format!("# {name}")).chain(headings.map(|heading| format!("## {heading}"))).collect();
            let found = headings_of(&text);
            if found != expected {
                breaches.push(format!("{file}: expected the headings {expected:?}, found {found:?}"));
            }
            let limit = match name.as_str() {
                "ParitywatchDisparity" => MAX_LINES_OF_A_FINDING,
                name if name.starts_with("ParitywatchDuty") => MAX_LINES_OF_A_DUTY,
                _ => MAX_LINES,
            };
            if text.lines().count() > limit {
                breaches.push(format!("{file}: expected at most {limit} lines, found {}", text.lines().count()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn no_section_of_a_runbook_is_empty() {
    for (file, text) in runbooks().into_iter().filter(|(file, _)| !file.starts_with("README")) {
        for section in text.split("\n## ").skip(1) {
            let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
            assert!(!body.trim().is_empty(), "{file}: nothing below {heading}");
        }
    }
}

#[test]
fn both_languages_give_the_same_commands_and_queries() {
    for name in runbook_names() {
        let fences = |ending: &str| -> Vec<String> {
            let text = read(&format!("deploy/runbooks/{name}.{ending}"));
            // What is in quotation marks after a reason, a comment and an author is for people.
            fenced(&text, "promql").chain(fenced(&text, "sh").map(program)).collect()
        };
        assert_eq!(fences("md"), fences("nl.md"), "{name}");
    }
}

/// The command of a line of shell.
fn program(line: String) -> String {
    line.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn both_indexes_list_every_alert_and_nothing_else() {
    let severities = severities();
    for (ending, index, _) in LANGUAGES {
        let text = read(&format!("deploy/runbooks/{index}"));
        let rows: BTreeMap<String, &str> = text
            .lines()
            .filter(|line| line.starts_with("| [Paritywatch"))
            .map(|line| (line[3..].split(']').next().unwrap().to_owned(), line))
            .collect();
        assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), alert_names(), "{index}");
        for (name, row) in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [link, line, severity, team] = cells[..] else { panic!("{index}: expected four cells, found {row}") };
            assert_eq!(link, format!("[{name}]({name}.{ending})"), "{index}");
            assert!(!line.is_empty(), "{index}: {name} has no line");
            let (expected, expected_team) = &severities[&name];
            assert_eq!(&severity.split(", ").map(str::to_owned).collect::<BTreeSet<_>>(), expected, "{index}: {name}");
            assert!(team.starts_with(expected_team), "{index}: {name}: expected {expected_team}, found {team}");
        }
    }
}

#[test]
fn the_runbook_of_duties_and_both_indexes_lead_to_those_of_every_kind() {
    for (ending, index, _) in LANGUAGES {
        for file in [index.to_owned(), format!("ParitywatchDuty.{ending}")] {
            let text = read(&format!("deploy/runbooks/{file}"));
            for kind in KINDS {
                let link = format!("(ParitywatchDuty.{kind}.{ending})");
                assert!(text.contains(&link), "deploy/runbooks/{file}: expected a link {link}");
            }
        }
    }
}

#[test]
fn every_runbook_belongs_to_an_alert() {
    let names = runbook_names();
    for (file, _) in runbooks() {
        let name = file.trim_end_matches(".md").trim_end_matches(".nl");
        assert!(name == "README" || names.contains(name), "deploy/runbooks/{file} belongs to no alert");
    }
}

// ---- the rules' own tests ----

#[test]
fn every_alert_is_tested_firing_and_not_firing() {
    let (mut firing, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for file in rule_tests() {
        let document: Value = serde_norway::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let groups = document["tests"].as_sequence().cloned().unwrap_or_default();
        for check in groups.iter().flat_map(|group| group["alert_rule_test"].as_sequence().cloned().unwrap_or_default())
        {
            let name = check["alertname"].as_str().unwrap_or_default().to_owned();
            let expected = check["exp_alerts"].as_sequence().is_some_and(|alerts| !alerts.is_empty());
            if expected { &mut firing } else { &mut silent }.insert(name);
        }
    }
    // The watchdog always fires: there is no time at which it may not.
    silent.insert("ParitywatchWatchdog".to_owned());
    let names = alert_names();
    let missing = |seen: &BTreeSet<String>| names.difference(seen).cloned().collect::<Vec<_>>();
    assert!(
        missing(&firing).is_empty() && missing(&silent).is_empty(),
        "never tested firing: {:?}; never tested not firing: {:?}",
        missing(&firing),
        missing(&silent)
    );
}

#[test]
#[ignore = "needs promtool: tests/run"]
fn promtool_accepts_rules_configuration_and_their_tests() {
    let folder = root().join("deploy/prometheus");
    promtool(&folder, &["check", "rules", "paritywatch.rules.yml"]);
    promtool(&folder, &["check", "config", "prometheus.yml"]);
    let tests: Vec<String> = rule_tests().iter().map(|file| file.display().to_string()).collect();
    let arguments: Vec<&str> = ["test", "rules"].into_iter().chain(tests.iter().map(String::as_str)).collect();
    promtool(&folder, &arguments);
}

#[test]
#[ignore = "needs promtool: tests/run"]
fn queries_of_runbooks_are_promql() {
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for (file, text) in runbooks() {
        let queries: Vec<Value> = fenced(&text, "promql").map(recording_rule).collect();
        checked += queries.len();
        let group = mapping([("name", Value::from("queries")), ("rules", Value::Sequence(queries))]);
        let document = mapping([("groups", Value::Sequence(vec![group]))]);
        std::fs::write(folder.path().join(&file), serde_norway::to_string(&document).unwrap()).unwrap();
        promtool(folder.path(), &["check", "rules", "--lint=none", &file]);
    }
    assert!(checked > 50, "expected queries in runbooks, found {checked}");
}

fn recording_rule(query: String) -> Value {
    mapping([("record", Value::from("query")), ("expr", Value::from(query))])
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

// ---- routing ----

#[test]
#[ignore = "needs amtool: tests/run"]
fn amtool_accepts_the_routing_and_it_reaches_whom_it_should() {
    let folder = root().join("deploy/alertmanager");
    tool("PARITYWATCH_AMTOOL", &folder, &["check-config", "alertmanager.yml"]);
    for (labels, receivers) in ROUTES {
        let verify = format!("--verify.receivers={receivers}");
        let mut arguments = vec!["config", "routes", "test", "--config.file=alertmanager.yml", &verify];
        arguments.extend_from_slice(labels);
        tool("PARITYWATCH_AMTOOL", &folder, &arguments);
    }
}

// ---- reading ----

struct Rule {
    name: String,
    expression: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn rules() -> Vec<Rule> {
    let document: Value = serde_norway::from_str(&read("deploy/prometheus/paritywatch.rules.yml")).unwrap();
    let groups = document["groups"].as_sequence().expect("groups");
    let rules: Vec<Rule> =
        groups.iter().flat_map(|group| group["rules"].as_sequence().expect("rules")).filter_map(alert).collect();
    assert!(!rules.is_empty(), "expected alerts in the rules, found none");
    rules
}

fn alert(rule: &Value) -> Option<Rule> {
    let text = |value: &Value| -> BTreeMap<String, String> {
        let entries = value.as_mapping().into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))).collect()
    };
    Some(Rule {
        name: rule["alert"].as_str()?.to_owned(),
        expression: rule["expr"].as_str()?.to_owned(),
        labels: text(&rule["labels"]),
        annotations: text(&rule["annotations"]),
    })
}

/// The runbooks that there must be: one for each alert, and one for each kind of duty.
fn runbook_names() -> BTreeSet<String> {
    let mut names = alert_names();
    names.extend(KINDS.map(|kind| format!("ParitywatchDuty.{kind}")));
    names
}

fn alert_names() -> BTreeSet<String> {
    rules().into_iter().map(|rule| rule.name).collect()
}

/// The severities and the team of each alert.
fn severities() -> BTreeMap<String, (BTreeSet<String>, String)> {
    let mut found: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
    for rule in rules() {
        let (severities, team) = found.entry(rule.name).or_default();
        match rule.labels.get("severity") {
            Some(severity) => drop(severities.insert(severity.clone())),
            None => severities.extend(["warning".to_owned(), "critical".to_owned()]),
        }
        team.clone_from(&rule.labels["team"]);
    }
    found
}

/// File names and texts, indexes included.
fn runbooks() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(root().join("deploy/runbooks")).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// The files of `promtool test rules`.
fn rule_tests() -> Vec<PathBuf> {
    let folder = root().join("deploy/prometheus/tests");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}: expected tests of the rules, found none", folder.display());
    files
}

/// The lines of headings, outside of fences.
fn headings_of(text: &str) -> Vec<String> {
    let mut within = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            within = !within;
        } else if !within && line.starts_with('#') {
            found.push(line.to_owned());
        }
    }
    found
}

/// The lines within fences of a language.
fn fenced<'t>(text: &'t str, language: &str) -> impl Iterator<Item = String> + 't {
    let opening = format!("```{language}");
    let mut within = false;
    text.lines().filter_map(move |line| {
        if line.starts_with("```") {
            within = !within && line == opening;
            None
        } else {
            within.then(|| line.to_owned())
        }
    })
}

/// Names of metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<String> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with("paritywatch_"))
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn promtool(folder: &Path, arguments: &[&str]) {
    tool("PARITYWATCH_PROMTOOL", folder, arguments);
}

/// Runs a program that an environment variable names; it must succeed.
#[track_caller]
fn tool(variable: &str, folder: &Path, arguments: &[&str]) {
    let Some(program) = std::env::var_os(variable) else { panic!("{variable} is not set: run tests/run") };
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

//! `tests/LOSSES.md` names every way of not being counted, and what it names is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;

use paritywatch::disclosure::EventCounts;
use paritywatch::event::Reason;
use paritywatch::ledger::{LossCause, PseudonymKey};
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::Cause;
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::sink::metrics::render;
use paritywatch::status::Shared;
use serde_json::Value;

/// The names of all variants. A new one does not compile until it is named here, and then fails until it is in the file.
macro_rules! variants {
    ($type:ident: $($variant:ident $(($field:pat))?),*) => {{
        let _ = |value: &$type| match value {
            $($type::$variant $(($field))? => (),)*
        };
        vec![$(concat!(stringify!($type), "::", stringify!($variant)).to_owned()),*]
    }};
}

/// The same for the fields of the counts of events.
macro_rules! counts {
    ($($field:ident),*) => {{
        let EventCounts { $($field: _),* } = EventCounts::default();
        [$(stringify!($field)),*]
    }};
}

/// A row of a table.
struct Way {
    line: String,
    code: Vec<String>,
    json: Vec<String>,
    table: Vec<String>,
    metric: Vec<String>,
    rules: Vec<String>,
}

fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What is between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn ways() -> Vec<Way> {
    let text = read("tests/LOSSES.md");
    let rows =
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| way") && !line.starts_with("| ---"));
    let ways = rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let [_, code, json, table, metric, rules] = cells[..] else { panic!("six columns: {line}") };
        Way {
            line: line.to_owned(),
            code: quoted(code),
            json: quoted(json),
            table: quoted(table),
            metric: quoted(metric),
            rules: quoted(rules),
        }
    });
    ways.collect()
}

/// The rules that are shipped: name and text.
fn rules() -> Vec<(String, String)> {
    let text = read("deploy/prometheus/paritywatch.rules.yml");
    let rules =
        text.split("- alert: ").skip(1).map(|rule| (rule.lines().next().unwrap().trim().to_owned(), rule.to_owned()));
    rules.collect()
}

/// A monitor that has read nothing.
fn monitor() -> Monitor {
    let text = "[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n[[rules]]\nname = \"r\"\n\
                indicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let plan = Settings::parse(text, "losses.toml", std::iter::empty()).unwrap().plan;
    Monitor::new(plan, PseudonymKey([1; 16]), Clock::Wall)
}

#[test]
fn every_way_of_the_program_is_in_the_file() {
    let text = read("tests/LOSSES.md");
    let of_records = variants!(Handled: Accepted, Duplicate, Mismatched(_), Conflict, TooLate, UnknownType, UnknownProfile, Unmapped, Rejected(_), BeyondAsOf);
    let of_findings = variants!(Cause: Late, NoGroup, UnlistedGroup, Released, Conflict, Dropped, ImpossibleCounts, Unmatched, NoStratum, NoValue);
    let of_cases = variants!(LossCause: Released, Conflict, Dropped);
    let known: BTreeSet<String> = ways().into_iter().flat_map(|way| way.code).collect();
    for name in of_records.into_iter().chain(of_findings).chain(of_cases) {
        assert!(known.contains(&name), "no row of tests/LOSSES.md has `{name}`");
    }
    let counts = counts!(
        read,
        accepted,
        duplicate,
        mismatched,
        too_late,
        rejected,
        unmatched,
        ahead,
        conflict,
        unknown_type,
        unknown_profile,
        unmapped,
        beyond_as_of
    );
    for count in counts {
        assert!(text.contains(&format!("`events.{count}`")), "tests/LOSSES.md has no `events.{count}`");
    }
}

#[test]
fn what_the_file_names_is_there() {
    let mut monitor = monitor();
    // It is told only where there are mappings.
    monitor.handle_no_event(&Handled::Unmapped);
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let (metrics, rules) = (read("deploy/metrics.md"), rules());
    let causes = Cause::ALL.map(Cause::name);
    let parts: Vec<&str> = EventCounts::default().parts().into_iter().map(|(word, _)| word).collect();
    for way in ways() {
        let line = &way.line;
        for field in &way.json {
            let found = field.split('.').try_fold(&document, |at, name| at.get(name));
            assert!(found.is_some(), "no field {field} in the document: {line}");
        }
        for word in &way.table {
            assert!(
                causes.contains(&word.as_str()) || parts.contains(&word.as_str()) || word == "WAITING",
                "the table has no {word}: {line}"
            );
        }
        let mut names = Vec::new();
        for metric in &way.metric {
            let (name, labels) = metric.split_once('{').unwrap_or((metric, ""));
            assert!(metrics.contains(&format!("| `paritywatch_{name}` |")), "no metric {name}: {line}");
            names.push((format!("paritywatch_{name}{{"), labels.trim_end_matches('}').to_owned()));
        }
        for rule in &way.rules {
            let found: Vec<&String> = rules.iter().filter(|(name, _)| name == rule).map(|(_, text)| text).collect();
            assert!(!found.is_empty(), "no rule {rule}: {line}");
            // A rule on verdicts reads what all causes lead to.
            let reads = |text: &&&String| {
                rule == "ParitywatchIncompleteFindings"
                    || names.iter().any(|(name, labels)| {
                        // The label may stand among alternatives.
                        let value = labels.split('"').nth(1).unwrap_or_default();
                        text.contains(name) && text.contains(value)
                    })
            };
            assert!(found.iter().any(|text| reads(&text)), "the rule {rule} does not read {names:?}: {line}");
            for file in [format!("deploy/runbooks/{rule}.md"), format!("deploy/runbooks/{rule}.nl.md")] {
                assert!(read(&file).starts_with('#'), "{file}: {line}");
            }
        }
        assert_eq!(way.rules.is_empty(), line.ends_with("| - |"), "{line}");
    }
}

#[test]
fn every_rule_on_losses_is_in_the_file() {
    let known: BTreeSet<String> = ways().into_iter().flat_map(|way| way.rules).collect();
    let text = read("deploy/prometheus/paritywatch.rules.yml");
    let (_, losses) = text.split_once("# ---- what was not counted ----").expect("a heading");
    for rule in losses.split("- alert: ").skip(1).map(|rule| rule.lines().next().unwrap().trim()) {
        // The last one always fires. A second delivery with another content is a row once the program tells it apart.
        let excepted = ["ParitywatchWatchdog", "ParitywatchMismatched"].contains(&rule);
        assert!(excepted || known.contains(rule), "tests/LOSSES.md has no {rule}");
    }
}

#[test]
fn what_never_happened_is_a_zero_and_not_nothing() {
    let shared = Shared::new(&monitor(), 20_000);
    let page = render(&shared.latest(), 20_000);
    let has = |sample: &str| assert!(page.lines().any(|line| line == sample), "{sample}\n{page}");
    for result in ["accepted", "duplicate", "conflict", "too_late", "unknown_profile", "rejected"] {
        has(&format!("paritywatch_events_total{{result=\"{result}\",type=\"selection\"}} 0"));
    }
    for result in ["unknown_type", "unmapped", "rejected"] {
        has(&format!("paritywatch_events_total{{result=\"{result}\",type=\"unknown\"}} 0"));
    }
    for reason in Reason::ALL {
        has(&format!("paritywatch_rejected_events_total{{reason=\"{reason}\"}} 0"));
    }
    for kind in ["unlisted", "look_alike"] {
        has(&format!("paritywatch_unlisted_cases{{dimension=\"origin\",kind=\"{kind}\"}} 0"));
    }
    has("paritywatch_cases_without_group{dimension=\"origin\"} 0");
    has("paritywatch_cases_released_without_group_total{dimension=\"origin\"} 0");
}

//! Each skew of `generate` raises the rules that watch it and no others, under every kind of rule at once: `config/duties.toml`, with the disparities of
//! picks and of sanctions, versions, changes and the other measures of complaints. The table in docs/rules.md says what each one raises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Rule, RuleKind};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use serde_json::Value;

use crate::support::effort::attempts;
use crate::support::unchanged::repository;

/// What `config/duties.toml` does not have, since it takes weeks to show, or belongs to other configurations.
const MORE: &str = r#"
[[rules]]
name = "selection"
indicator = "selection_rate"
dimensions = ["origin", "gender"]
warning = 1.1
critical = 1.25

[[rules]]
name = "control-frequency"
indicator = "control_frequency"
dimensions = ["origin"]
warning = 1.1
critical = 1.25

[[rules]]
name = "sanctions"
indicator = "sanction_rate"
dimensions = ["origin"]
warning = 1.1
critical = 1.25

[[rules]]
name = "amounts"
indicator = "sanction_amount"
dimensions = ["origin"]
warning = 1.1
critical = 1.25

[[rules]]
name = "version"
kind = "drift"
indicator = "selection_rate"
dimensions = ["origin"]

[[rules]]
name = "change"
kind = "drift"
compare = "change"
of = "selection"

[[rules]]
name = "overturned"
kind = "complaints"
measure = "overturned"
dimensions = ["origin"]
block_complaints = 10

[[rules]]
name = "more-complaints"
kind = "complaints"
measure = "rise"
reference_days = 30
dimensions = ["origin"]
"#;

/// Streams of each skew: the first seed, and in `tests/run long` some more.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=u64::from(attempts(1)).min(5)
}

/// Some twelve days; or six weeks, as a version, or a period, takes its time.
fn events(skew: Scenario) -> u64 {
    if matches!(skew, Scenario::NewVersion | Scenario::FeedbackLoop) { 120_000 } else { 40_000 }
}

/// The columns of the table.
const KINDS: [&str; 9] =
    ["disparity", "criterion", "automation", "benchmark", "suitability", "coverage", "drift", "silence", "complaints"];

/// What a skew raises: by kind of rule, which of its rules.
type Raised = BTreeMap<&'static str, BTreeSet<&'static str>>;

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let text = std::fs::read_to_string(repository().join("config/duties.toml")).unwrap();
    Settings::parse(&format!("{text}\n{MORE}"), "config/duties.toml", std::iter::empty())
        .unwrap_or_else(|error| panic!("{error}"))
        .plan
});

/// Every skew of which the events say what these rules read.
fn skews() -> Vec<Scenario> {
    Scenario::ALL.into_iter().filter(|scenario| scenario.carries_duties()).collect()
}

#[test]
fn each_skew_raises_its_own_rules_and_no_others() {
    let skews = skews();
    let (first, second) = skews.split_at(skews.len() / 2);
    let table = std::thread::scope(|scope| {
        let beside = scope.spawn(|| rows(second));
        rows(first) + &beside.join().unwrap()
    });
    let documented = documented();
    assert_eq!(
        documented.join("\n"),
        table.trim_end(),
        "docs/rules.md says otherwise than the streams, which say:\n{table}"
    );
}

/// The rows of the table. Each seed says the same.
fn rows(skews: &[Scenario]) -> String {
    let mut table = String::new();
    for skew in skews {
        let raised: Vec<Raised> = seeds().map(|seed| raised_by(*skew, seed)).collect();
        assert!(raised.iter().all(|by| *by == raised[0]), "{skew}: the seeds differ: {raised:#?}");
        write!(table, "| `{skew}` |").unwrap();
        for kind in KINDS {
            let rules: Vec<&str> = raised[0].get(kind).into_iter().flatten().copied().collect();
            write!(table, " {} |", if rules.is_empty() { "·".to_owned() } else { rules.join(", ") }).unwrap();
        }
        table.push('\n');
    }
    table
}

/// The rules of all alerts that ever fired.
fn raised_by(skew: Scenario, seed: u64) -> Raised {
    let mut monitor = Monitor::new(PLAN.clone(), PseudonymKey([5; 16]), Clock::Event { as_of: None });
    for event in Stream::new(&Shape::new(skew, events(skew), seed)) {
        let record = RawRecord { payload: event.json.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
    }
    monitor.finish();
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let fired = document["alerts"].as_array().unwrap().iter().filter(|alert| !alert["fired_at"].is_null());
    let mut raised = Raised::new();
    for alert in fired {
        let rule = PLAN.rules.iter().find(|rule| alert["rule"] == *rule.name).unwrap();
        raised.entry(rule.kind.name()).or_default().insert(word(rule));
        // Only the group that a skew is about, or nobody's in particular; where outcomes of one are missing, the others have more.
        let group = alert["group"].as_str();
        let of_it = group.is_none_or(|group| group == "non_european") || matches!(rule.kind, RuleKind::Coverage(_));
        assert!(of_it, "{skew}, seed {seed}: {alert}");
    }
    raised
}

/// Which of the rules of its kind it is.
fn word(rule: &Rule) -> &'static str {
    match &rule.kind {
        RuleKind::Disparity(terms) => terms.indicator.name(),
        RuleKind::Drift(terms) => terms.compare.name(),
        RuleKind::Complaints(terms) => terms.measure.name(),
        _ => "raised",
    }
}

/// The rows of the table in docs/rules.md.
fn documented() -> Vec<String> {
    let text = std::fs::read_to_string(repository().join("docs/rules.md")).unwrap();
    let of_table = text.lines().skip_while(|line| !line.starts_with("| skew |")).skip(2);
    of_table.take_while(|line| line.starts_with('|')).map(str::to_owned).collect()
}

/// The cells of a row of a table.
fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// README's table of duties names, for each, a skew that raises the kind of rule that it names, or the tests that show it.
#[test]
fn each_duty_of_the_readme_names_a_rule_and_what_shows_that_it_works() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let rules = std::fs::read_to_string(repository().join("docs/rules.md")).unwrap();
    let header = readme.lines().find(|line| line.starts_with("| duty |")).unwrap();
    let [kind_at, shown_at] =
        ["rule kind", "shown by"].map(|name| cells(header).iter().position(|cell| *cell == name).unwrap());
    let rows: Vec<&str> =
        readme.lines().skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 12, "{}", rows.len());
    let mut kinds = BTreeSet::new();
    for row in rows {
        let (kind, shown) = (cells(row)[kind_at], cells(row)[shown_at]);
        let named: Vec<&str> = KINDS.into_iter().filter(|name| kind.contains(&format!("`{name}`"))).collect();
        kinds.extend(named.iter().copied());
        for anchor in kind.split("docs/rules.md#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let is_it = |line: &&str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-") == anchor;
            assert!(rules.lines().filter(|line| line.starts_with('#')).any(|line| is_it(&line)), "{anchor} in {row}");
        }
        let quoted: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!quoted.is_empty(), "nothing shows {row}");
        for what in quoted {
            if what.starts_with("tests/") {
                assert!(repository().join(what).exists(), "{what} in {row}");
                continue;
            }
            let skew = documented().into_iter().find(|line| cells(line)[0] == format!("`{what}`"));
            let skew = skew.unwrap_or_else(|| panic!("{what} is no skew of the table in docs/rules.md: {row}"));
            let raises = |kind: &&str| cells(&skew)[1 + KINDS.iter().position(|name| name == kind).unwrap()] != "·";
            assert!(named.iter().any(raises), "{what} raises none of {named:?}: {row}");
        }
    }
    assert_eq!(kinds, KINDS.into_iter().collect::<BTreeSet<_>>(), "every kind of rule serves a duty");
}

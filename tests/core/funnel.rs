//! The funnel: against a naive count of the same events; and what is published of it, against somebody who subtracts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use crate::support::effort::attempts;
use crate::support::plan;

use std::collections::BTreeMap;
use std::fmt::Write;

use paritywatch::disclosure::{EventCounts, PublishedFunnel, publish};
use paritywatch::event::RawRecord;
use paritywatch::judge::{Evaluation, Funnel, FunnelTable, MAX_FUNNEL_ROWS, StageCounts};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{Channel, DimensionId, EventTime, GroupId, PartitionIndex, ProfileId};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use plan::plan;
use proptest::prelude::*;
use serde_json::{Value, json};

const STAGES: [&str; 5] = ["assessed", "selected", "controlled", "concluded", "hit"];
const GROUPS: [&str; 3] = ["a", "b", "elsewhere"];
const CLASSES: [&str; 3] = ["high", "low", "medium"];
/// 2026-01-01T00:00:00Z
const START_MS: i64 = 1_767_225_600_000;
const HOUR_MS: i64 = 3_600_000;

/// One case, as it is known in the end.
#[derive(Clone, Debug)]
struct Case {
    hour: i64,
    group: usize,
    class: Option<usize>,
    /// The number of stages that it has reached, 1 to 5.
    depth: usize,
    random: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(150), ..ProptestConfig::default() })]

    #[test]
    fn stages_and_their_ratios_are_those_of_a_naive_count(cases in prop::collection::vec(case(), 1..120), named in any::<bool>()) {
        let document = counted(&cases, named);
        let rows = document["funnel"].as_array().unwrap();
        // Two windows, two channels, two listed groups.
        prop_assert_eq!(rows.len(), 8);
        for row in rows {
            check(row, &cases, named);
        }
    }
}

fn case() -> impl Strategy<Value = Case> {
    (0..72_i64, 0..GROUPS.len(), prop::option::of(0..CLASSES.len()), 1..=5_usize, any::<bool>())
        .prop_map(|(hour, group, class, depth, random)| Case { hour, group, class, depth, random })
}

fn counted(cases: &[Case], named: bool) -> Value {
    let reference = if named { "a" } else { "rest" };
    let mut config = "[privacy]\nmin_cell = 0\nreason = \"test\"\n[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n[window]\nrolling = [\"24h\", \"30d\"]\n".to_owned();
    write!(config, "[[rules]]\nname = \"r\"\nindicator = \"control_frequency\"\nreference = \"{reference}\"\nchannels = [\"profile\", \"random\"]\nstratify_by = \"risk_class\"\nwarning = 1.1\ncritical = 1.25\n").unwrap();
    let plan = Settings::parse(&config, "funnel.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Event { as_of: Some(end()) });
    for (number, case) in cases.iter().enumerate() {
        for event in events(number, case) {
            let payload = serde_json::to_vec(&event).unwrap();
            let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
            let handled = monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
            assert_eq!(handled, Handled::Accepted, "{event}");
        }
    }
    monitor.finish();
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

const fn end() -> EventTime {
    EventTime(START_MS + 72 * HOUR_MS)
}

fn events(number: usize, case: &Case) -> Vec<Value> {
    let time = jiff::Timestamp::from_millisecond(START_MS + case.hour * HOUR_MS).unwrap().to_string();
    let event = |kind: &str, data: Value| json!({ "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/t", "id": format!("{kind}{number}"), "time": time, "data": data });
    let mut selection = json!({
        "case_id": format!("c{number}"), "profile": "p", "selected": case.depth >= 2, "groups": { "origin": GROUPS[case.group] },
        "channel": if case.random { "random" } else { "profile" },
    });
    if let Some(class) = case.class {
        selection["risk_class"] = json!(CLASSES[class]);
    }
    let mut events = vec![event("selection", selection)];
    if case.depth >= 3 {
        let mut control = json!({ "case_id": format!("c{number}") });
        if case.depth >= 4 {
            control["outcome"] = json!(if case.depth == 5 { "violation" } else { "no_violation" });
        }
        events.push(event("control", control));
    }
    events
}

/// Compares a row of the document with the cases it is about, which are counted by filtering.
fn check(row: &Value, cases: &[Case], named: bool) {
    // The window of 24 hours holds every hour that ends after the window's start and starts at or before its end.
    let first_hour = if row["window"] == "24h" { 48 } else { 0 };
    let of_table = |case: &&Case| case.hour >= first_hour && case.random == (row["channel"] == "random");
    let in_group = |case: &Case| GROUPS[case.group] == row["group"];
    let in_reference = |case: &Case| if named { case.group == 0 } else { case.group < 2 && !in_group(case) };
    let reached = |side: &dyn Fn(&Case) -> bool, class: Option<Option<usize>>, depth: usize| {
        let of_class = |case: &&Case| class.is_none_or(|class| case.class == class);
        cases.iter().filter(of_table).filter(of_class).filter(|case| side(case) && case.depth >= depth).count() as f64
    };
    let group = |depth: usize| reached(&in_group, None, depth);
    let reference = |depth: usize| reached(&in_reference, None, depth);
    for (index, stage) in STAGES.iter().enumerate() {
        assert_eq!(row["stages"][stage].as_f64(), Some(group(index + 1)), "{stage}: {row}");
    }
    let steps = row["steps"].as_array().unwrap();
    if named && row["group"] == "a" {
        assert!(steps.is_empty() && row["control_frequency"].is_null(), "{row}");
        return;
    }
    let ratio = |from: usize, to: usize| {
        let value = (group(to) / group(from)) / (reference(to) / reference(from));
        value.is_finite().then_some(value)
    };
    let factors = {
        // No class comes first, then the classes by name. One without anybody of the reference joins the next that has
        // somebody, the last ones the one before.
        let mut named: Vec<usize> = (0..CLASSES.len()).collect();
        named.sort_by_key(|class| CLASSES[*class]);
        let all = std::iter::once(None).chain(named.into_iter().map(Some));
        let mut joined: Vec<[f64; 3]> = Vec::new();
        let mut open = 0.0;
        for class in all {
            let exposed = reached(&in_group, Some(class), 1);
            let [other, selected] = [1, 2].map(|depth| reached(&in_reference, Some(class), depth));
            if other > 0.0 {
                joined.push([open + exposed, other, selected]);
                open = 0.0;
            } else {
                open += exposed;
            }
        }
        if let Some(last) = joined.last_mut() {
            last[0] += open;
        }
        let expected: f64 = joined.iter().map(|[exposed, other, selected]| exposed * selected / other).sum();
        // Fewer than ten selected of a side say too little.
        let expected = if group(2).min(reference(2)) < 10.0 { f64::NAN } else { expected };
        let between = expected / group(1) / (reference(2) / reference(1));
        (expected.is_finite() && expected > 0.0 && between.is_finite()).then(|| (between, group(2) / expected))
    };
    let selected = factors.map_or_else(|| ratio(1, 2), |(_, within)| Some(within));
    let expected = [
        ("risk_class", factors.map(|(between, _)| between)),
        ("selected", selected),
        ("controlled", ratio(2, 3)),
        ("concluded", ratio(3, 4)),
        ("hit", ratio(4, 5)),
    ];
    assert_eq!(steps.len(), expected.len(), "{row}");
    for (step, (name, value)) in steps.iter().zip(expected) {
        assert_eq!(step["step"], name);
        near(&step["ratio"], value, row);
        near(&step["log_ratio"], value.map(f64::ln).filter(|log| log.is_finite()), row);
    }
    near(&row["control_frequency"]["ratio"], ratio(1, 3), row);
    // The logarithms of the steps add up to the logarithm of the whole.
    let logs: Option<Vec<f64>> = steps[..3].iter().map(|step| step["log_ratio"].as_f64()).collect();
    if let Some(logs) = logs {
        near(&row["control_frequency"]["log_ratio"], Some(logs.iter().sum()), row);
    }
}

fn near(found: &Value, expected: Option<f64>, row: &Value) {
    match (found.as_f64(), expected) {
        (None, None) => {}
        (Some(found), Some(expected)) if (found - expected).abs() <= 1e-9 * expected.abs().max(1.0) => {}
        (found, expected) => panic!("found {found:?}, expected {expected:?}: {row}"),
    }
}

// ---- What is published ----

const MIN_CELL: u64 = 10;

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(5_000), ..ProptestConfig::default() })]

    #[test]
    fn what_is_withheld_cannot_be_found_by_subtraction(
        groups in prop::collection::vec(stages(), 3..6),
        reference in prop::option::of(0..2_u16),
    ) {
        let rows = published(&groups, reference, MIN_CELL);
        prop_assert_eq!(rows.len(), groups.len() - 1);
        for (row, counts) in rows.iter().zip(&groups) {
            shows_no_small_number(row, counts);
        }
        if reference.is_none() {
            hides_what_the_rest_would_tell(&rows, &groups);
        } else {
            ratios_rest_on_shown_counts(&rows, usize::from(reference.unwrap()));
        }
    }

    #[test]
    fn nothing_is_withheld_where_nothing_is_small(groups in prop::collection::vec(large_stages(), 3..6)) {
        for row in published(&groups, None, MIN_CELL) {
            prop_assert!(!row.suppressed);
            prop_assert!(row.stages.iter().all(Option::is_some) && row.control_frequency.is_some());
            prop_assert!(row.steps.iter().all(|step| step.ratio.is_some()));
        }
    }
}

/// Nested counts, of which many are small or differ by little.
fn stages() -> impl Strategy<Value = [u64; 5]> {
    let step = || prop_oneof![3 => Just(0_u64), 3 => 1..MIN_CELL, 2 => MIN_CELL..12, 3 => 12..200_u64];
    [step(), step(), step(), step(), step()]
        .prop_map(|[a, b, c, d, e]| [a + b + c + d + e, b + c + d + e, c + d + e, d + e, e])
}

fn large_stages() -> impl Strategy<Value = [u64; 5]> {
    let step = || MIN_CELL..1_000_u64;
    [step(), step(), step(), step(), step()]
        .prop_map(|[a, b, c, d, e]| [a + b + c + d + e, b + c + d + e, c + d + e, d + e, e])
}

/// The last group is everyone outside the allow-list.
fn published(groups: &[[u64; 5]], reference: Option<u16>, min_cell: u64) -> Vec<PublishedFunnel> {
    let names: Vec<String> = (1..groups.len()).map(|number| format!("g{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut plan = plan(&names);
    plan.min_cell = min_cell;
    let table = FunnelTable {
        profile: ProfileId(0),
        channel: Channel::Profile,
        dimension: DimensionId(0),
        window: "7d".to_owned(),
        reference: reference.map(GroupId),
        groups: groups.iter().map(|counts| StageCounts(*counts)).collect(),
        by_class: Vec::new(),
        confidence: None,
    };
    let evaluation = Evaluation {
        as_of: EventTime(0),
        findings: Vec::new(),
        late: Vec::new(),
        unlisted: Vec::new(),
        funnel: Funnel { tables: vec![table], left_out: 0 },
    };
    publish(&plan, &evaluation, std::iter::empty(), EventCounts::default()).funnel().to_vec()
}

fn shows_no_small_number(row: &PublishedFunnel, counts: &[u64; 5]) {
    let shown: Vec<u64> = row.stages.iter().flatten().copied().collect();
    for (index, count) in row.stages.iter().enumerate() {
        assert!(count.is_none_or(|count| count == counts[index]), "{row:?}");
    }
    for (index, count) in shown.iter().enumerate() {
        assert!(*count >= MIN_CELL, "{row:?}");
        assert!(shown[index + 1..].iter().all(|later| count - later >= MIN_CELL), "{row:?}");
    }
    assert!(row.suppressed || row.stages.iter().all(Option::is_some), "{row:?}");
}

/// A ratio of rates gives away the two counts of the reference: they are whole numbers, and the ratio has all its
/// digits.
fn told(row: &PublishedFunnel) -> [bool; 5] {
    let mut told = [false; 5];
    for (index, step) in row.steps.iter().enumerate() {
        if step.ratio.is_some() {
            told[index] = true;
            told[index + 1] = true;
        }
    }
    if row.control_frequency.is_some() {
        told[0] = true;
        told[2] = true;
    }
    told
}

/// Where the reference is the rest, adding the group to it gives the total at a stage, and subtraction then gives the
/// sum of all that is not shown.
fn hides_what_the_rest_would_tell(rows: &[PublishedFunnel], groups: &[[u64; 5]]) {
    // Those outside the allow-list have no row. What a row of theirs would show may be known of them.
    let listed = published(&[groups, &[[0; 5]][..]].concat(), None, MIN_CELL);
    let mut hidden_at = BTreeMap::new();
    for row in rows {
        for stage in (0..5).filter(|stage| told(row)[*stage]) {
            assert!(row.stages[stage].is_some(), "a ratio of a count that is not shown: {row:?}");
            let is_hidden = |index: &usize| {
                let shown = listed.get(*index).is_some_and(|row| row.stages[stage].is_some());
                !shown && groups[*index][0] > 0
            };
            hidden_at.insert(stage, (0..groups.len()).filter(is_hidden).collect::<Vec<usize>>());
        }
    }
    // A member of a hidden group can subtract that group, too. The others together must still be no small cell.
    let safe = |parts: Vec<u64>| {
        let sum: u64 = parts.iter().sum();
        assert!(parts.iter().all(|part| sum - part >= MIN_CELL), "{rows:?} of {groups:?}");
    };
    for (stage, hidden) in &hidden_at {
        safe(hidden.iter().map(|index| groups[*index][*stage]).collect());
        for (earlier, same) in hidden_at.range(..stage).filter(|(_, other)| *other == hidden) {
            safe(same.iter().map(|index| groups[*index][*earlier] - groups[*index][*stage]).collect());
        }
    }
}

fn ratios_rest_on_shown_counts(rows: &[PublishedFunnel], reference: usize) {
    for row in rows {
        for stage in (0..5).filter(|stage| told(row)[*stage]) {
            assert!(row.stages[stage].is_some() && rows[reference].stages[stage].is_some(), "{row:?}");
        }
    }
}

#[test]
fn a_lone_small_group_closes_the_rest_but_not_the_counts() {
    let large = [1_000, 100, 50, 40, 20];
    let rows = published(&[large, large, [30, 4, 3, 2, 1], [0; 5]], None, MIN_CELL);
    assert_eq!(rows[0].stages, large.map(Some));
    // The assessed of the small group are shown, its selected are not: only a ratio would give them away.
    assert_eq!(rows[2].stages, [Some(30), None, None, None, None]);
    assert!(rows[0].control_frequency.is_none() && rows[0].steps.iter().all(|step| step.ratio.is_none()));
    assert!(rows[0].suppressed);
    // With a named group as reference nothing is summed, so nothing can be subtracted.
    let rows = published(&[large, large, [30, 4, 3, 2, 1], [0; 5]], Some(0), MIN_CELL);
    assert_eq!(rows[1].control_frequency, Some(1.0));
}

#[test]
fn tables_beyond_the_limit_are_left_out_and_counted() {
    let many: Vec<String> = (0..9_000).map(|number| format!("\"g{number}\"")).collect();
    let config = format!(
        "[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [{}]\n[window]\nrolling = [\"24h\", \"7d\", \"30d\"]\n[[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nreference = \"g0\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"point\"\n",
        many.join(",")
    );
    let plan = Settings::parse(&config, "many.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Event { as_of: Some(end()) });
    monitor.finish();
    let published = monitor.published();
    assert_eq!((published.funnel().len(), published.funnel_left_out()), (18_000, 9_000));
    assert!(published.funnel().len() <= MAX_FUNNEL_ROWS);
}

//! The funnel: against a naive count of the same events; and what is published of it, against somebody who subtracts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use crate::support::effort::attempts;
use crate::support::plan;

use std::fmt::Write;

use paritywatch::alert::MeasureBook;
use paritywatch::disclosure::{EventCounts, PublishedFunnel, Releases, publish};
use paritywatch::event::RawRecord;
use paritywatch::judge::{Evaluation, Funnel, FunnelTable, MAX_FUNNEL_ROWS, StageCounts};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{Channel, DimensionId, DisclosurePlan, EventTime, GroupId, PartitionIndex, ProfileId};
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

    /// Whatever is small: each count is a multiple of five and at least ten, no stage has more than the one before, and ratios follow from them.
    #[test]
    fn what_is_told_follows_from_rounded_counts(groups in prop::collection::vec(stages(), 3..6)) {
        let rows = published(&groups, Some(0), MIN_CELL);
        prop_assert_eq!(rows.len(), groups.len() - 1);
        for row in &rows {
            let shown: Vec<u64> = row.stages.iter().flatten().copied().collect();
            prop_assert!(shown.iter().all(|count| *count >= MIN_CELL && count % 5 == 0), "{:?}", row);
            prop_assert!(shown.is_sorted_by(|earlier, later| earlier >= later), "{:?}", row);
            let rate = |row: &PublishedFunnel| Some(row.stages[2]? as f64 / row.stages[0]? as f64);
            let expected = rate(row).zip(rate(&rows[0])).map(|(own, reference)| own / reference);
            let found = row.control_frequency;
            let is_reference = row.group == rows[0].group;
            prop_assert!(is_reference || found.zip(expected).is_none_or(|(found, expected)| (found - expected).abs() < 1e-9));
            prop_assert_eq!(found.is_some(), !is_reference && expected.is_some(), "{:?}", row);
        }
    }

    #[test]
    fn nothing_is_withheld_where_nothing_is_small(groups in prop::collection::vec(large_stages(), 3..6)) {
        // Everybody is listed: a group without anybody is one with few.
        let listed = &groups[..groups.len() - 1];
        for (row, counts) in published(&groups, None, MIN_CELL).iter().zip(listed) {
            prop_assert!(!row.suppressed, "{:?}", row);
            for (stage, (told, exact)) in row.stages.iter().zip(counts).enumerate() {
                let parts = 5 - stage as u64;
                prop_assert!(told.is_some_and(|told| told.abs_diff(*exact) <= 5 * parts), "{:?} of {:?}", row, counts);
            }
            prop_assert!(row.control_frequency.is_some() && row.steps.iter().all(|step| step.ratio.is_some()));
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
    plan.disclosure = DisclosurePlan { min_cell, ..DisclosurePlan::default() };
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
    let mut releases = Releases::default();
    let evaluation = releases.release(&plan, evaluation, None);
    let published =
        publish(&plan, (&evaluation, &releases), (std::iter::empty(), &MeasureBook::default()), EventCounts::default());
    published.funnel().to_vec()
}

#[test]
fn a_small_group_is_taken_up_by_a_large_one() {
    let large = [10_000, 1_000, 500, 400, 200];
    let small = [300, 90, 80, 60, 3];
    let rows = published(&[large, large, small, [0; 5]], None, MIN_CELL);
    assert_eq!(rows[2].stages, [Some(300), Some(90), Some(80), Some(60), None], "{:?}", rows[2]);
    // One of the large ones has what the constant in the place of the hits is off, so that their sum says nothing of them.
    assert_eq!([rows[0].stages[4], rows[1].stages[4]], [Some(200); 2]);
    // The rest of the small group is known, and so is the ratio of what is told.
    assert!(rows[2].control_frequency.is_some() && rows[2].steps[3].ratio.is_none());
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

//! Cases whose group is known only as probabilities, through the monitor and the binary. The results agree with a naive
//! oracle, do not depend on the order of events, leave the results of known groups as they are, and are withheld where
//! the cases are few.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::sink::metrics::render;
use paritywatch::status::Shared;
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600_000;
/// 2026-01-21T10:30:00Z
const AS_OF: i64 = START + 20 * DAY + 10 * HOUR + 30 * MINUTE;
const LATENESS: i64 = 10 * MINUTE;
const COHORT_MAX_AGE: i64 = 2 * DAY;

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["7d", "30d"]
cohort_max_age = "2d"
allowed_lateness = "10m"
[coverage]
max_missing = 1.0
[limits]
dedupe_horizon = "60d"
not_selected_horizon = "60d"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[[rules]]
name = "selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
[[rules]]
name = "selection-a"
indicator = "selection_rate"
reference = "a"
warning = 1.1
critical = 1.25
evidence = "interval"
[[rules]]
name = "hits"
indicator = "hit_rate"
warning = 0.9
critical = 0.8
evidence = "interval"
[[rules]]
name = "hits-a"
indicator = "hit_rate"
reference = "a"
warning = 0.9
critical = 0.8
evidence = "interval"
[[rules]]
name = "unfounded"
indicator = "unfounded_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
[[rules]]
name = "lowest"
indicator = "selection_rate"
reference = "lowest"
warning = 1.1
critical = 1.25
evidence = "interval"
[[rules]]
name = "random"
indicator = "selection_rate"
reference = "random"
warning = 1.1
critical = 1.25
evidence = "interval"
"#;

const SEQUENTIAL: &str = r#"
[[rules]]
name = "sequential"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
[[rules]]
name = "sequential-hits"
indicator = "hit_rate"
warning = 0.9
critical = 0.8
"#;

/// What a case is a member of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Membership {
    Unknown,
    /// Group a, group b, or neither.
    Known(usize),
    /// Hundredths for a, b and everything else.
    Probable([u64; 3]),
}

/// What became of a case in the end.
#[derive(Clone, Copy, Debug)]
struct Case {
    cohort: i64,
    membership: Membership,
    selected: bool,
    controlled: bool,
    resolved: bool,
    concluded: bool,
    hit: bool,
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Events in time order, each with the number of its case; and what became of the cases.
#[derive(Default)]
struct World {
    events: Vec<(i64, usize, String)>,
    cases: Vec<Case>,
}

impl World {
    /// One case every five minutes until the end. Group a is picked more often, and has hits less often.
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut world = Self::default();
        let mut time = START;
        while time <= AS_OF {
            world.add(&mut random, time);
            time += 5 * MINUTE;
        }
        world.events.sort_by_key(|(time, ..)| *time);
        world
    }

    fn add(&mut self, random: &mut Random, cohort: i64) {
        let number = self.cases.len();
        let first = draw_membership(random);
        let in_a = match first {
            Membership::Known(group) => group == 0,
            Membership::Probable([a, ..]) => random.percent(a),
            Membership::Unknown => false,
        };
        let selected = random.percent(if in_a { 60 } else { 30 });
        let data = json!({ "case_id": format!("case-{number}"), "profile": "p", "selected": selected, "groups": groups(first, random) });
        self.send(cohort, number, "selection", data);
        let mut case = Case {
            cohort,
            membership: first,
            selected,
            controlled: false,
            resolved: false,
            concluded: false,
            hit: false,
        };
        if selected && random.percent(90) {
            self.control(random, &mut case, number, if in_a { 20 } else { 40 });
        }
        let later = cohort + HOUR * i64::try_from(random.below(200)).unwrap() + MINUTE;
        if random.percent(10) && later <= AS_OF {
            case.membership = draw_membership(random);
            if case.membership == Membership::Unknown {
                case.membership = first;
            }
            let data = json!({ "case_id": format!("case-{number}"), "groups": groups(case.membership, random) });
            self.send(later, number, "attributes", data);
        }
        self.cases.push(case);
    }

    /// A control two hours later, its outcome after six more hours, and sometimes a correction of the outcome.
    fn control(&mut self, random: &mut Random, case: &mut Case, number: usize, hits: u64) {
        let id = json!(format!("case-{number}"));
        let (examined, found) = (case.cohort + 2 * HOUR, case.cohort + 8 * HOUR);
        if examined > AS_OF {
            return;
        }
        case.controlled = true;
        self.send(examined, number, "control", json!({ "case_id": id }));
        if found > AS_OF || random.percent(2) {
            return;
        }
        case.resolved = true;
        case.concluded = random.percent(95);
        case.hit = case.concluded && random.percent(hits);
        let outcome = match (case.concluded, case.hit) {
            (true, true) => "violation",
            (true, false) => "no_violation",
            (false, _) => "unknown",
        };
        let reported = self.send(found, number, "outcome", json!({ "case_id": id, "outcome": outcome }));
        if case.hit && random.percent(20) && found + DAY <= AS_OF {
            case.hit = false;
            let data = json!({ "case_id": id, "outcome": "no_violation", "revises": reported });
            self.send(found + DAY, number, "outcome", data);
        }
    }

    fn send(&mut self, time: i64, case: usize, kind: &str, data: Value) -> String {
        let id = format!("e{}", self.events.len());
        let time_text = jiff::Timestamp::from_millisecond(time).unwrap().to_string();
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/test", "id": id, "time": time_text, "data": data
        });
        self.events.push((time, case, event.to_string()));
        id
    }

    fn lines(&self) -> Vec<&str> {
        self.events.iter().map(|(_, _, line)| line.as_str()).collect()
    }
}

fn draw_membership(random: &mut Random) -> Membership {
    match random.below(10) {
        0 => Membership::Unknown,
        1..=3 => Membership::Known(usize::try_from(random.below(3)).unwrap()),
        _ => {
            let a = [2, 15, 40, 70, 95][usize::try_from(random.below(5)).unwrap()];
            let b = random.below(101 - a);
            Membership::Probable([a, b, 100 - a - b])
        }
    }
}

/// Membership as the contract writes it. What is neither a nor b may be named or left out.
fn groups(membership: Membership, random: &mut Random) -> Value {
    match membership {
        Membership::Unknown => json!({}),
        Membership::Known(group) => json!({ "origin": (["a", "b", "elsewhere"][group]) }),
        Membership::Probable([a, b, rest]) => {
            let share = |hundredths: u64| hundredths as f64 / 100.0;
            match random.below(3) {
                0 => json!({ "origin": { "a": share(a), "b": share(b) } }),
                1 => json!({ "origin": { "elsewhere": share(rest), "b": share(b), "a": share(a) } }),
                _ => json!({ "origin": { "x": share(rest), "a": share(a), "b": share(b) } }),
            }
        }
    }
}

fn monitor(config: &str, lines: &[&str]) -> Monitor {
    let settings = Settings::parse(config, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
    let clock = Clock::Event { as_of: Some(EventTime(AS_OF)) };
    let mut monitor = Monitor::new(settings.plan, PseudonymKey([5; 16]), clock);
    monitor.add_partition(PartitionIndex(0), EventTime(0));
    for line in lines {
        let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
    }
    monitor.finish();
    assert_eq!(monitor.health().events.rejected, 0);
    monitor
}

fn document(monitor: &Monitor) -> Value {
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

/// Group index, events and exposed of a case as a rule counts it; `None` where the rule does not count it.
fn counted(rule: &str, case: &Case) -> (bool, bool) {
    match rule {
        "selection" | "selection-a" => (case.selected, true),
        "hits" | "hits-a" => (case.hit, case.concluded),
        "unfounded" => (case.concluded && !case.hit, true),
        _ => unreachable!(),
    }
}

/// The bucket in which a cohort is kept at the end: an hour from the first day of the last week on, a day before that.
fn bucket(cohort: i64) -> (i64, i64) {
    let length = if cohort >= (AS_OF - 7 * DAY).div_euclid(DAY) * DAY { HOUR } else { DAY };
    let start = cohort.div_euclid(length) * length;
    (start, start + length)
}

fn in_window(cohort: i64, window: &str) -> bool {
    let days: i64 = window.trim_end_matches('d').parse().unwrap();
    let (start, end) = bucket(cohort);
    start <= AS_OF && end > AS_OF - days * DAY
}

/// The buckets that a hit rate of cases with probabilities leaves out.
fn unsealed(cases: &[Case]) -> BTreeSet<(i64, i64)> {
    // Selected and resolved by bucket, kind and group, in hundredths of a case.
    let mut pace: BTreeMap<((i64, i64), bool, usize), [u64; 2]> = BTreeMap::new();
    for case in cases {
        let shares = match case.membership {
            // Nobody waits for cases that are in no comparison.
            Membership::Unknown | Membership::Known(2) => continue,
            Membership::Known(group) => std::array::from_fn(|index| 100 * u64::from(index == group)),
            Membership::Probable(shares) => shares,
        };
        for (group, share) in shares.into_iter().enumerate() {
            let known = matches!(case.membership, Membership::Known(_));
            let row = pace.entry((bucket(case.cohort), known, group)).or_default();
            row[0] += share * u64::from(case.selected);
            row[1] += share * u64::from(case.resolved);
        }
    }
    let open = |((_, end), [selected, resolved]): ((i64, i64), [u64; 2])| {
        end + COHORT_MAX_AGE > AS_OF && (end + LATENESS > AS_OF || resolved * 100 < selected * 95)
    };
    pace.into_iter().filter(|((bucket, ..), counts)| open((*bucket, *counts))).map(|((bucket, ..), _)| bucket).collect()
}

/// The cases exposed in a rule's window: their weights for a, b and the rest, and whether the event happened.
fn exposed(rule: &str, window: &str, cases: &[Case]) -> Vec<([f64; 3], f64)> {
    let open = if rule.starts_with("hits") { unsealed(cases) } else { BTreeSet::new() };
    let counts = |case: &Case| {
        let (event, exposed) = counted(rule, case);
        let Membership::Probable(shares) = case.membership else { return None };
        let counts = exposed && in_window(case.cohort, window) && !open.contains(&bucket(case.cohort));
        counts.then(|| (shares.map(|share| share as f64 / 100.0), f64::from(u8::from(event))))
    };
    cases.iter().filter_map(counts).collect()
}

/// The group's rate and the reference's rate.
type Pair = (f64, f64);

/// The weight of a case in a side, by its shares and the index of the group.
type Weight = fn(&[f64; 3], usize) -> f64;

fn naive_weighted(cases: &[([f64; 3], f64)], weights: [Weight; 2], group: usize) -> Pair {
    let rate = |weight: Weight| {
        let sum: f64 = cases.iter().map(|(shares, _)| weight(shares, group)).sum();
        cases.iter().map(|(shares, event)| weight(shares, group) * event).sum::<f64>() / sum
    };
    (rate(weights[0]), rate(weights[1]))
}

fn naive_effective_n(cases: &[([f64; 3], f64)], weight: Weight, group: usize) -> f64 {
    let sum: f64 = cases.iter().map(|(shares, _)| weight(shares, group)).sum();
    sum * sum / cases.iter().map(|(shares, _)| weight(shares, group).powi(2)).sum::<f64>()
}

/// Least squares by the normal equations and Gauss's elimination with row exchanges.
fn naive_regression(rows: &[(Vec<f64>, f64)]) -> Vec<f64> {
    let size = rows[0].0.len();
    let mut equations = vec![vec![0.0; size + 1]; size];
    for (regressors, event) in rows {
        for row in 0..size {
            (0..size).for_each(|column| equations[row][column] += regressors[row] * regressors[column]);
            equations[row][size] += regressors[row] * event;
        }
    }
    for pivot in 0..size {
        let largest =
            (pivot..size).max_by(|one, other| equations[*one][pivot].abs().total_cmp(&equations[*other][pivot].abs()));
        equations.swap(pivot, largest.unwrap());
        let row = equations[pivot].clone();
        for (_, other) in equations.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = other[pivot] / row[pivot];
            other.iter_mut().zip(&row).for_each(|(value, known)| *value -= factor * known);
        }
    }
    (0..size).map(|index| equations[index][size] / equations[index][index]).collect()
}

fn near(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: expected {expected}, found {found}"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: expected {expected}, found {found}");
}

fn near_pair(found: &Value, (group, reference): Pair, what: &str) {
    near(&found["group_rate"], group, &format!("{what} group rate"));
    near(&found["reference_rate"], reference, &format!("{what} reference rate"));
    near(&found["ratio"], group / reference, &format!("{what} ratio"));
}

#[test]
fn brackets_are_those_of_a_naive_oracle() {
    let world = World::new(1);
    let document = document(&monitor(CONFIG, &world.lines()));
    let (own, rest): (Weight, Weight) = (|shares, group| shares[group], |shares, group| 1.0 - shares[group]);
    let mut compared = 0;
    for finding in document["findings"].as_array().unwrap() {
        let text = |name: &str| finding[name].as_str().unwrap();
        let (rule, window, bracket) = (text("rule"), text("window"), &finding["probabilistic"]);
        if ["lowest", "random"].contains(&rule) {
            assert!(bracket.is_null(), "{finding}");
            continue;
        }
        let group = ["a", "b"].iter().position(|name| *name == text("group")).unwrap();
        let cases = exposed(rule, window, &world.cases);
        let (weights, rates): ([Weight; 2], Pair) = if rule.ends_with("-a") {
            let rows: Vec<(Vec<f64>, f64)> = cases.iter().map(|(shares, event)| (shares.to_vec(), *event)).collect();
            let rates = naive_regression(&rows);
            ([own, |shares, _| shares[0]], (rates[group], rates[0]))
        } else {
            let two = |shares: &[f64; 3]| vec![shares[group], 1.0 - shares[group]];
            let rows: Vec<(Vec<f64>, f64)> = cases.iter().map(|(shares, event)| (two(shares), *event)).collect();
            let rates = naive_regression(&rows);
            ([own, rest], (rates[0], rates[1]))
        };
        let what = format!("{rule} {window} {}", text("group"));
        near_pair(&bracket["weighted"], naive_weighted(&cases, weights, group), &format!("{what} weighted"));
        near_pair(&bracket["regression"], rates, &format!("{what} regression"));
        near(&bracket["group_effective_n"], naive_effective_n(&cases, weights[0], group), &what);
        near(&bracket["reference_effective_n"], naive_effective_n(&cases, weights[1], group), &what);
        assert_eq!(bracket["cases"], cases.len(), "{what}");
        assert!(bracket.get("suppressed").is_none(), "{what}");
        compared += 1;
    }
    // Three rules of two groups, two of one, over two windows.
    assert_eq!(compared, 16);
    // Hit rates leave something out, but not everything recent.
    let open = unsealed(&world.cases);
    let recent = |case: &&Case| case.cohort > AS_OF - 2 * DAY && case.concluded;
    assert!(world.cases.iter().filter(recent).any(|case| open.contains(&bucket(case.cohort))));
    assert!(world.cases.iter().filter(recent).any(|case| !open.contains(&bucket(case.cohort))));
}

#[test]
fn any_order_of_arrival_gives_the_same_findings() {
    let world = World::new(2);
    let sorted = document(&monitor(CONFIG, &world.lines()))["findings"].clone();
    assert!(sorted[0]["probabilistic"]["regression"]["ratio"].is_number(), "{}", sorted[0]);
    for seed in 0..2 {
        let mut lines = [world.lines(), world.lines()].concat();
        let mut random = Random(seed);
        for last in (1..lines.len()).rev() {
            let other = usize::try_from(random.below(last as u64 + 1)).unwrap();
            lines.swap(last, other);
        }
        let monitor = monitor(CONFIG, &lines);
        assert_eq!(monitor.health().events.duplicate, world.events.len() as u64);
        assert_eq!(document(&monitor)["findings"], sorted);
    }
}

/// Everything but the probabilistic result itself.
fn unmarked(mut document: Value) -> (Value, Value) {
    for finding in document["findings"].as_array_mut().unwrap() {
        finding.as_object_mut().unwrap().remove("probabilistic");
        finding.as_object_mut().unwrap().remove("missing");
    }
    for alert in document["alerts"].as_array_mut().unwrap() {
        alert["evidence"].as_object_mut().unwrap().remove("probabilistic");
        alert["evidence"].as_object_mut().unwrap().remove("missing");
    }
    (document["findings"].clone(), document["alerts"].clone())
}

#[test]
fn verdicts_alerts_and_evidence_never_read_probabilities() {
    let world = World::new(3);
    let config = format!("{CONFIG}{SEQUENTIAL}");
    // Cases whose membership changes between a group and probabilities are left out of both streams.
    let of_case = |kind: &str| -> BTreeSet<usize> {
        world.events.iter().filter(|(_, _, line)| line.contains(kind)).map(|(_, case, _)| *case).collect()
    };
    let (probable, certain) = (of_case("\"origin\":{"), of_case("\"origin\":\""));
    let lines = |keep: &dyn Fn(&usize) -> bool| -> Vec<&str> {
        world.events.iter().filter(|(_, case, _)| keep(case)).map(|(_, _, line)| line.as_str()).collect()
    };
    let all = lines(&|case| !(probable.contains(case) && certain.contains(case)));
    let known = lines(&|case| !probable.contains(case));
    assert!(all.len() > 2 * known.len(), "{} of {}", known.len(), all.len());
    let with = document(&monitor(&config, &all));
    let without = document(&monitor(&config, &known));
    assert!(with["findings"][0]["probabilistic"].is_object() && without["findings"][0]["probabilistic"].is_null());
    let (with, without) = (unmarked(with), unmarked(without));
    assert!(with.1.as_array().unwrap().iter().any(|alert| alert["state"] == "firing"), "{}", with.1);
    let blocks = |finding: &Value| finding["evidence"]["blocks"].as_u64().unwrap_or(0) > 0;
    assert!(with.0.as_array().unwrap().iter().any(blocks));
    assert_eq!(with.0, without.0);
    assert_eq!(with.1, without.1);
}

fn selection(number: usize, selected: bool, origin: Value) -> String {
    json!({
        "specversion": "1.0", "type": "paritywatch.selection.v1", "source": "/test", "id": format!("s{number}"),
        "time": "2026-01-20T12:00:00Z",
        "data": { "case_id": format!("case-{number}"), "profile": "p", "selected": selected, "groups": { "origin": origin } }
    })
    .to_string()
}

#[test]
fn a_probability_of_nearly_one_is_still_none() {
    // All 200 cases that are a at 0.99 are picked, and none of the others. The known groups are even.
    let mut lines: Vec<String> =
        (0..200).map(|number| selection(number, true, json!({ "a": 0.99, "b": 0.01 }))).collect();
    lines.extend((200..400).map(|number| selection(number, false, json!({ "a": 0.01, "b": 0.99 }))));
    for (first, group) in [(400, "a"), (600, "b")] {
        lines.extend((first..first + 200).map(|number| selection(number, number % 2 == 0, json!(group))));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let document = document(&monitor(CONFIG, &lines));
    let finding = &document["findings"][0];
    assert_eq!((&finding["rule"], &finding["group"]), (&json!("selection"), &json!("a")));
    assert_eq!(finding["group_counts"], json!({ "exposed": 200, "events": 100 }));
    assert_eq!(finding["reference_counts"], json!({ "exposed": 200, "events": 100 }));
    assert_eq!((&finding["verdict"], &finding["ratio"]["value"]), (&json!("within"), &json!(1.0)));
    assert!(document["alerts"].as_array().unwrap().is_empty());
    near_pair(&finding["probabilistic"]["weighted"], (0.99, 0.01), "weighted");
    assert_eq!(finding["probabilistic"]["regression"], Value::Null, "a coefficient above 1 is no rate");
}

#[test]
fn with_probabilities_alone_there_is_a_mark_and_no_verdict() {
    let lines: Vec<String> = (0..1_000)
        .map(|number| {
            selection(number, number % 4 == 0, json!({ "a": if number % 2 == 0 { 0.8 } else { 0.2 }, "b": 0.1 }))
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let document = document(&monitor(CONFIG, &lines));
    let finding = &document["findings"][0];
    assert_eq!((&finding["verdict"], &finding["ratio"]), (&json!("insufficient_data"), &Value::Null));
    near_pair(&finding["probabilistic"]["weighted"], (0.4, 0.1), "weighted");
}

fn without_zero_cell() -> String {
    CONFIG.replace("min_cell = 0\nreason = \"test\"", "min_cell = 10")
}

/// 200 cases at 0.5 and 200 at 0.1, with the number picked of each.
fn picked(at_half: usize, at_tenth: usize) -> Vec<String> {
    let of = |first: usize, picked: usize, share: f64| {
        (first..first + 200).map(move |number| selection(number, number < first + picked, json!({ "a": share })))
    };
    of(0, at_half, 0.5).chain(of(200, at_tenth, 0.1)).collect()
}

#[test]
fn small_brackets_are_withheld_in_every_output() {
    // Expected events of a: 0.5 n + 0.1 m, of the rest 0.5 n + 0.9 m.
    for (half, tenth, withheld) in
        [(10, 40, true), (12, 39, true), (12, 40, false), (2, 90, false), (60, 0, false), (18, 9, true)]
    {
        let lines = picked(half, tenth);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let monitor = monitor(&without_zero_cell(), &lines);
        let page = render(&Shared::new(&monitor, 20_000).latest(), 20_000);
        let table = monitor.published().to_table(200, false);
        let finding = document(&monitor)["findings"][0].clone();
        let bracket = &finding["probabilistic"];
        let what = format!("{half} {tenth}: {bracket}\n{table}");
        if withheld {
            let hidden = json!({
                "weighted": null, "regression": null, "group_effective_n": null, "reference_effective_n": null, "cases": null, "suppressed": true
            });
            assert_eq!(*bracket, hidden, "{what}");
        } else {
            assert!(bracket["weighted"]["ratio"].is_number() && bracket["cases"] == 400, "{what}");
        }
        let of_a = |line: &&str| {
            line.contains("rule=\"selection\"") && line.contains("group=\"a\"") && line.contains("window=\"7d\"")
        };
        let samples = page.lines().filter(|line| line.starts_with("paritywatch_probabilistic_")).filter(of_a).count();
        assert_eq!(samples > 0, !withheld, "{what}\n{page}");
        let row = table.lines().find(|line| line.starts_with("PROBABILITIES selection p origin=a vs rest 7d"));
        assert_eq!(row.unwrap().contains("400 more cases"), !withheld, "{what}");
        assert_eq!(row.unwrap().ends_with(": ratio · weighted, · by regression"), withheld, "{what}");
    }
}

#[test]
fn the_metrics_are_complete_documented_and_within_the_cap() {
    let lines = picked(60, 40);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let monitor = monitor(CONFIG, &lines);
    let shared = Shared::new(&monitor, 20_000);
    let page = render(&shared.latest(), 20_000);
    let labels = |word: &str| {
        format!(
            "channel=\"profile\",dimension=\"origin\"{word},group=\"a\",indicator=\"selection_rate\",profile=\"p\",reference=\"rest\",rule=\"selection\""
        )
    };
    for estimator in ["weighted", "regression"] {
        let labels = labels(&format!(",estimator=\"{estimator}\""));
        for name in ["disparity_ratio", "group_rate_ratio", "reference_rate_ratio"] {
            assert!(page.contains(&format!("paritywatch_probabilistic_{name}{{{labels}")), "{name}\n{page}");
        }
    }
    for side in ["group", "reference"] {
        let wanted = format!("{},side=\"{side}\",window=\"7d\"}}", labels(""));
        assert!(page.contains(&format!("paritywatch_probabilistic_effective_cases{{{wanted}")), "{page}");
    }
    assert!(page.contains(&format!("paritywatch_probabilistic_cases{{{},window=\"7d\"}} 400\n", labels(""))), "{page}");
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/metrics.md")).unwrap();
    for line in page.lines().filter(|line| line.starts_with("# TYPE ")) {
        let mut words = line.split(' ').skip(2);
        let row = format!("| `{}` | {} |", words.next().unwrap(), words.next().unwrap());
        assert!(documented.contains(&row), "deploy/metrics.md has no row {row}");
    }
    let samples = |page: &str| page.lines().filter(|line| line.contains("rule=\"")).count();
    for cap in [0, 40, 100, 400] {
        assert!(samples(&render(&shared.latest(), cap)) <= cap + 3 * 7, "thresholds come on top");
    }
}

#[test]
fn a_population_in_the_denominators_gives_no_bracket() {
    let config =
        CONFIG.replace("[profiles.p]\nowner = \"o\"", "[profiles.p]\nowner = \"o\"\nexposure = \"population\"");
    let lines = picked(60, 40);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let document = document(&monitor(&config, &lines));
    assert_eq!(
        (&document["findings"][0]["rule"], &document["findings"][0]["probabilistic"]),
        (&json!("selection"), &Value::Null)
    );
}

#[test]
fn replay_prints_the_bracket() {
    let folder = tempfile::tempdir().unwrap();
    let (config, events) = (folder.path().join("config.toml"), folder.path().join("events.jsonl"));
    std::fs::write(&config, CONFIG).unwrap();
    let mut lines = String::new();
    picked(60, 40).iter().for_each(|line| writeln!(lines, "{line}").unwrap());
    std::fs::write(&events, lines).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_paritywatch"))
        .arg("replay")
        .arg("--config")
        .args([&config, &events])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    // Of 120 expected members 34 are picked, of 280 others 66. At 0.5 30 % are picked, at 0.1 20 %: at 1 that makes
    // 42.5 %, at 0 17.5 %.
    let expected = "PROBABILITIES selection p origin=a vs rest 7d: 400 more cases, as good as 277 known members against 370; \
                    ratio 1.202 (28.33 % against 23.57 %) weighted, 2.429 (42.50 % against 17.50 %) by regression";
    assert!(table.contains(expected), "{table}");
}

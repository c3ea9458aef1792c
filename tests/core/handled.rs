//! How cases were handled, against a naive reading of all events: whatever the order, the batches and the restarts, and with corrections.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use paritywatch::event::{Decoded, RawRecord, decode};
use paritywatch::ledger::{Ledger, PseudonymKey, Timing};
use paritywatch::monitor::{Clock, Monitor, Received, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[window]
rolling = ["90d"]
cohort_max_age = "12d"
allowed_lateness = "6d"
stale_after = "90d"
[alerting]
block_concluded = 5
[[rules]]
name = "duration"
indicator = "duration"
warning = 1.1
critical = 1.25
[[rules]]
name = "intensity"
indicator = "intensity"
reference = "b"
warning = 1.1
critical = 1.25
[[rules]]
name = "amount"
indicator = "sanction_amount"
warning = 1.1
critical = 1.25
[[rules]]
name = "sanctioned"
indicator = "sanction_rate"
warning = 1.1
critical = 1.25
[[rules]]
name = "strict"
indicator = "strict_rate"
strict_kinds = ["home_visit", "raid"]
warning = 1.1
critical = 1.25
"#;

const KEY: PseudonymKey = PseudonymKey([3; 16]);
const START: i64 = 1_767_225_600_000;
/// The wall clock, which is after all events.
const NOW: EventTime = EventTime(START + 31 * Span::DAY.0);
const KINDS: [&str; 3] = ["desk_check", "home_visit", "interview"];

#[derive(Clone, Debug)]
struct Case {
    group: Option<&'static str>,
    hour: i64,
    controls: Vec<Control>,
}

#[derive(Clone, Debug)]
struct Control {
    performed: bool,
    kind: Option<&'static str>,
    quarters: Option<u32>,
    minutes: Option<u32>,
    /// Whether it is a violation.
    outcome: Option<bool>,
    sanction: Option<(Option<&'static str>, Option<u32>)>,
    /// Whether a later correction says that it is none.
    corrected: bool,
}

prop_compose! {
    fn control()(
        performed in prop::bool::weighted(0.9), kind in prop::option::weighted(0.8, prop::sample::select(&KINDS[..])),
        quarters in prop::option::weighted(0.8, 0_u32..=40), minutes in prop::option::weighted(0.8, 0_u32..3_000),
        outcome in prop::option::weighted(0.8, prop::bool::weighted(0.7)),
        sanction in prop::option::weighted(0.7, (prop::option::of(prop::sample::select(&["fine", "stop"][..])), prop::option::weighted(0.8, 0_u32..100_000))),
        corrected in prop::bool::weighted(0.2),
    ) -> Control {
        Control { performed, kind, quarters, minutes, outcome, sanction, corrected }
    }
}

prop_compose! {
    fn case()(
        group in prop::option::weighted(0.95, prop::sample::select(&["a", "b"][..])), hour in 0_i64..72,
        controls in prop::collection::vec(control(), 0..4),
    ) -> Case {
        Case { group, hour, controls }
    }
}

fn event(kind: &str, id: &str, hour: i64, data: &Value) -> String {
    let time = jiff::Timestamp::from_millisecond(START + Span::HOUR.times(hour).0).unwrap();
    json!({
        "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/test", "id": id, "time": time.to_string(), "data": data
    })
    .to_string()
}

/// All events, in the order of their cases.
fn events(cases: &[Case]) -> Vec<String> {
    let mut events = Vec::new();
    for (number, Case { group, hour, controls }) in cases.iter().enumerate() {
        let case = format!("c{number}");
        let groups = group.map_or_else(|| json!({}), |group| json!({ "origin": group }));
        let selection = json!({ "case_id": case, "profile": "p", "selected": true, "groups": groups });
        events.push(event("selection", &format!("{case}-s"), *hour, &selection));
        for (index, control) in (0_i64..).zip(controls) {
            let id = format!("{case}-{index}");
            let intensity = control.quarters.map(|quarters| f64::from(quarters) / 4.0);
            let data = json!({
                "case_id": case, "control_id": id, "performed": control.performed, "kind": control.kind, "intensity": intensity,
                "duration_minutes": control.minutes
            });
            events.push(event("control", &format!("{id}-k"), hour + 1 + index, &data));
            let Some(is_violation) = control.outcome else { continue };
            let sanction = control.sanction.map(|(kind, amount)| json!({ "kind": kind, "amount": amount }));
            let outcome = if is_violation { "violation" } else { "no_violation" };
            let data = json!({ "case_id": case, "control_id": id, "outcome": outcome, "sanction": sanction });
            events.push(event("outcome", &format!("{id}-o"), hour + 5 + index, &data));
            if control.corrected {
                let data = json!({
                    "case_id": case, "control_id": id, "outcome": "no_violation", "revises": format!("{id}-o")
                });
                events.push(event("outcome", &format!("{id}-r"), hour + 20 + index, &data));
            }
        }
    }
    events
}

fn plan() -> Plan {
    Settings::parse(CONFIG, "handled.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

fn restarted(monitor: &Monitor) -> Monitor {
    let snapshot = monitor.snapshot();
    let section = |index: usize| (index < SECTIONS).then(|| snapshot.section(index).unwrap());
    Monitor::restore(plan(), KEY, Clock::Wall, section).unwrap()
}

fn received(event: &String) -> Received<'_> {
    Received {
        partition: PartitionIndex(0),
        record: RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None },
    }
}

/// The findings after these events in batches of this size, with a restart after so many batches.
fn findings(events: &[String], size: usize, restart: usize) -> Vec<Value> {
    let mut monitor = Monitor::new(plan(), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), NOW);
    let mut handled = Vec::new();
    // Time goes on: all hours become final, and all cohorts are sealed. In a stream without order 64 events in a row support a time.
    let closing = (0..100).map(|number| {
        let data = json!({ "case_id": format!("closing-{number}"), "groups": {} });
        event("attributes", &format!("closing-{number}"), 24 * 30, &data)
    });
    let closing: Vec<String> = closing.collect();
    for (number, batch) in events.chunks(size).chain([&closing[..]]).enumerate() {
        let records: Vec<Received<'_>> = batch.iter().map(received).collect();
        monitor.handle_batch(&records, NOW, &mut handled);
        assert!(handled.iter().all(|result| *result == paritywatch::monitor::Handled::Accepted), "{handled:?}");
        if number == restart {
            monitor = restarted(&monitor);
        }
    }
    monitor.handle_tick(NOW.plus(Span::MINUTE));
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["findings"].as_array().unwrap().clone()
}

/// What a case says, read naively.
#[derive(Debug, Default)]
struct Said {
    is_controlled: bool,
    is_hit: bool,
    minutes: Option<u64>,
    intensity: Option<f64>,
    amount: Option<u64>,
    is_sanctioned: bool,
    kinds: Vec<&'static str>,
}

/// The value that an HDR histogram with two digits shows for a number.
fn shown(number: u64) -> u64 {
    Histogram::<u64>::new_with_bounds(1, 1 << 42, 2).unwrap().median_equivalent(number)
}

fn said(case: &Case) -> Said {
    let mut said = Said::default();
    let sum = |sum: &mut Option<u64>, more: u64| *sum = Some(sum.unwrap_or(0) + shown(more));
    for control in &case.controls {
        let is_violation = control.outcome == Some(true) && !control.corrected;
        if !control.performed && control.outcome.is_none() {
            continue;
        }
        said.is_controlled = true;
        said.is_hit |= is_violation;
        if let Some(minutes) = control.minutes {
            sum(&mut said.minutes, minutes.into());
        }
        if let Some(quarters) = control.quarters {
            let halves = (f64::from(quarters) / 2.0).round() / 2.0;
            said.intensity = Some(said.intensity.unwrap_or(0.0).max(halves));
        }
        said.kinds.extend(control.kind);
        if let Some((_, amount)) = control.sanction.filter(|_| is_violation) {
            said.is_sanctioned = true;
            if let Some(amount) = amount {
                sum(&mut said.amount, amount.into());
            }
        }
    }
    said.kinds.sort_unstable();
    said.kinds.dedup();
    (said.minutes, said.amount) = (said.minutes.map(shown), said.amount.map(shown));
    said
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn expect_values(side: &Value, mut values: Vec<f64>, what: &str) {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    assert_eq!(side["cases"], count, "{what}");
    let mean = (count > 0).then(|| values.iter().sum::<f64>() / count as f64);
    match mean {
        None => assert_eq!(side["mean"], Value::Null, "{what}"),
        Some(mean) => assert!((side["mean"].as_f64().unwrap() - mean).abs() < 1e-9, "{what}: {side} {mean}"),
    }
    for (name, tenths) in [("p50", 5), ("p90", 9)] {
        let rank = (count * tenths).div_ceil(10);
        let value = rank.checked_sub(1).and_then(|index| values.get(index));
        assert_eq!(side[name]["value"].as_f64(), value.copied(), "{what} {name}: {values:?}");
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn check(cases: &[Case], findings: &[Value]) {
    let of_group = |group: &'static str| cases.iter().filter(move |case| case.group == Some(group)).map(said);
    let find = |rule: &str, group: &str| {
        findings.iter().find(|finding| finding["rule"] == rule && finding["group"] == group).unwrap()
    };
    for (group, other) in [("a", "b"), ("b", "a")] {
        let is_reference = group == "b";
        for (side, whose) in [("group", group), ("reference", other)] {
            let values = |rule: &str| find(rule, group)["values"][side].clone();
            let all = || of_group(whose);
            let what = format!("{side} {group}");
            expect_values(
                &values("duration"),
                all().filter_map(|said| said.minutes).map(|value| value as f64).collect(),
                &what,
            );
            let amounts = all().filter_map(|said| said.amount).map(|value| value as f64);
            expect_values(&values("amount"), amounts.collect(), &what);
            if !is_reference {
                expect_values(&values("intensity"), all().filter_map(|said| said.intensity).collect(), &what);
            }
            let counts = |rule: &str| find(rule, group)[format!("{side}_counts")].clone();
            let (hits, sanctioned) =
                (all().filter(|said| said.is_hit).count(), all().filter(|said| said.is_sanctioned).count());
            assert_eq!(counts("sanctioned"), json!({ "exposed": hits, "events": sanctioned }), "{what}");
            let known = all().filter(|said| said.is_controlled && !said.kinds.is_empty()).count();
            let strict = all().filter(|said| said.kinds.contains(&"home_visit")).count();
            assert_eq!(counts("strict"), json!({ "exposed": known, "events": strict }), "{what}");
            let unknown = all().filter(|said| said.is_controlled && said.minutes.is_none()).count();
            let missing = &find("duration", group)["missing"][side]["by_cause"]["no_value"];
            assert_eq!(missing.as_u64().unwrap_or(0), unknown as u64, "{what}");
        }
        let mut mix: BTreeMap<Vec<&str>, [u64; 2]> = BTreeMap::new();
        for (side, whose) in [group, other].into_iter().enumerate() {
            for said in of_group(whose).filter(|said| !said.kinds.is_empty()) {
                mix.entry(said.kinds).or_default()[side] += 1;
            }
        }
        let told: Vec<Value> =
            mix.iter().map(|(kinds, [own, rest])| json!({ "kinds": kinds, "group": own, "reference": rest })).collect();
        let mut found = find("strict", group)["mix"]["kinds"].as_array().cloned().unwrap_or_default();
        found.sort_by_key(|kind| kind["kinds"].to_string());
        let mut told = told;
        told.sort_by_key(|kind| kind["kinds"].to_string());
        assert_eq!(found, told, "{group}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn values_and_evidence_depend_on_the_set_of_events_alone(
        (cases, shuffled) in prop::collection::vec(case(), 1..60).prop_flat_map(|cases| {
            let events = events(&cases);
            (Just(cases), Just(events).prop_shuffle())
        }),
        size in 1_usize..40, restart in 0_usize..20,
    ) {
        let in_order = findings(&events(&cases), 1_000, usize::MAX);
        check(&cases, &in_order);
        prop_assert_eq!(findings(&shuffled, size, restart), in_order);
    }
}

/// A control is known by its template, unless a rule reads what differs.
#[test]
fn what_a_rule_reads_of_a_control_is_never_taken_from_another_one() {
    let control = |number: u32| Control {
        performed: true,
        kind: Some(KINDS[number as usize % 3]),
        quarters: Some(number % 41),
        minutes: Some(number * 7 % 900),
        outcome: Some(true),
        sanction: Some((Some("fine"), Some(number * 13))),
        corrected: false,
    };
    let case = |number: u32| Case {
        group: Some(if number.is_multiple_of(3) { "a" } else { "b" }),
        hour: i64::from(number) / 8,
        controls: vec![control(number)],
    };
    let cases: Vec<Case> = (0..500).map(case).collect();
    let found = findings(&events(&cases), 100, usize::MAX);
    check(&cases, &found);
    let evidence = &found[0]["evidence"];
    assert!(evidence["blocks"].as_u64() > Some(5), "{evidence}");
}

fn parsed(config: &str) -> Plan {
    Settings::parse(config, "handled.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

/// The findings by this configuration after these events, all of whose hours are final.
fn findings_by(config: &str, events: &[String]) -> Vec<Value> {
    findings_after_restart(events, [config, config])
}

/// The same with a restart after all events, by the second configuration.
fn findings_after_restart(events: &[String], [config, second]: [&str; 2]) -> Vec<Value> {
    let mut monitor = Monitor::new(parsed(config), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), NOW);
    let closing: Vec<String> = (0..100)
        .map(|number| {
            let data = json!({ "case_id": format!("closing-{number}"), "groups": {} });
            event("attributes", &format!("closing-{number}"), 24 * 30, &data)
        })
        .collect();
    let mut handled = Vec::new();
    for batch in events.chunks(1_000).chain([&closing[..]]) {
        let records: Vec<Received<'_>> = batch.iter().map(received).collect();
        monitor.handle_batch(&records, NOW, &mut handled);
        assert!(handled.iter().all(|result| *result == paritywatch::monitor::Handled::Accepted), "{handled:?}");
    }
    let snapshot = monitor.snapshot();
    let section = |index: usize| (index < SECTIONS).then(|| snapshot.section(index).unwrap());
    let mut monitor = Monitor::restore(parsed(second), KEY, Clock::Wall, section).unwrap();
    monitor.handle_tick(NOW.plus(Span::MINUTE));
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["findings"].as_array().unwrap().clone()
}

fn finding<'f>(findings: &'f [Value], rule: &str, group: &str) -> &'f Value {
    findings.iter().find(|finding| finding["rule"] == rule && finding["group"] == group).unwrap()
}

/// A case that was picked, with its later events: type, id, hours after the selection, and data.
fn picked(case: &str, group: &str, hour: i64, later: &[(&str, &str, i64, Value)]) -> Vec<String> {
    let groups = json!({ "origin": group });
    let selection = json!({ "case_id": case, "profile": "p", "selected": true, "groups": groups });
    let later = later.iter().map(|(kind, id, after, data)| {
        let mut data = data.clone();
        data["case_id"] = json!(case);
        event(kind, &format!("{case}-{id}"), hour + after, &data)
    });
    std::iter::once(event("selection", &format!("{case}-s"), hour, &selection)).chain(later).collect()
}

#[test]
fn of_a_hit_without_any_report_it_is_not_known_whether_it_was_sanctioned() {
    let hit = |case: &str, sanction: Value| {
        let outcome = json!({ "outcome": "violation", "sanction": sanction });
        picked(case, "a", 0, &[("outcome", "o", 1, outcome)])
    };
    let counts = json!({ "assessed": 10, "selected": 10, "controlled": 10, "concluded": 10, "hits": 10 });
    let tally = json!({ "profile": "p", "groups": { "origin": "a" }, "counts": counts });
    let cases = [hit("sanctioned", json!({ "kind": "fine" })), hit("not", Value::Null)].concat();
    let events = [cases, vec![event("tally", "t", 0, &tally)]].concat();
    let found = findings_by(CONFIG, &events);
    let sanctioned = finding(&found, "sanctioned", "a");
    assert_eq!(sanctioned["group_counts"], json!({ "exposed": 2, "events": 1 }));
    assert_eq!(sanctioned["missing"]["group"]["by_cause"]["no_value"], 10, "{sanctioned}");
    assert_eq!(finding(&found, "sanctioned", "b")["missing"]["reference"]["by_cause"]["no_value"], 10);
    // A sanction without an amount is known to have none.
    let amount = finding(&found, "amount", "a");
    assert_eq!(amount["values"]["group"]["cases"], 0);
    assert_eq!(amount["missing"]["group"]["by_cause"]["no_value"], 10);
}

#[test]
fn a_rule_that_is_new_does_not_know_the_sanctions_before_it() {
    let outcome = json!({ "outcome": "violation", "sanction": { "kind": "fine", "amount": 5 } });
    let events = picked("c", "a", 24 * 29, &[("outcome", "o", 1, outcome)]);
    let start = CONFIG.find("[[rules]]").unwrap();
    let rule = "[[rules]]\nname = \"rate\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let without = format!("{}{rule}", &CONFIG[..start]);
    let found = findings_after_restart(
        &events,
        [&without, &CONFIG.replace("cohort_max_age = \"12d\"", "cohort_max_age = \"7d\"")],
    );
    let sanctioned = finding(&found, "sanctioned", "a");
    assert_eq!(sanctioned["group_counts"], json!({ "exposed": 0, "events": 0 }), "{sanctioned}");
}

#[test]
fn a_later_report_takes_away_nothing_of_which_it_says_nothing() {
    let sanction = json!({ "kind": "fine", "amount": 30 });
    let control =
        json!({ "control_id": "k", "performed": true, "kind": "raid", "duration_minutes": 45, "intensity": 5 });
    let later = [
        ("control", "1", 1, control),
        ("outcome", "2", 2, json!({ "control_id": "k", "outcome": "violation", "sanction": sanction })),
        ("control", "3", 3, json!({ "control_id": "k", "performed": true, "outcome": "violation" })),
        ("outcome", "4", 4, json!({ "control_id": "k", "outcome": "violation" })),
        ("control", "5", 5, json!({ "control_id": "k", "performed": true, "duration_minutes": 50 })),
    ];
    let events = picked("c", "a", 0, &later);
    let mut backwards = events.clone();
    backwards.reverse();
    for events in [events, backwards] {
        let found = findings_by(CONFIG, &events);
        assert_eq!(finding(&found, "sanctioned", "a")["group_counts"], json!({ "exposed": 1, "events": 1 }));
        let values = |rule: &str| finding(&found, rule, "a")["values"]["group"]["mean"].clone();
        assert_eq!(["duration", "intensity", "amount"].map(values), [json!(50.0), json!(5.0), json!(30.0)]);
        assert_eq!(finding(&found, "strict", "a")["group_counts"], json!({ "exposed": 1, "events": 1 }));
    }
}

#[test]
fn what_a_correction_takes_back_says_nothing_of_sanctions() {
    let sanction = json!({ "kind": "fine", "amount": 30 });
    let later = [
        ("outcome", "1", 1, json!({ "outcome": "violation", "sanction": sanction })),
        ("outcome", "2", 2, json!({ "outcome": "violation", "revises": "c-1" })),
    ];
    let found = findings_by(CONFIG, &picked("c", "a", 0, &later));
    assert_eq!(finding(&found, "sanctioned", "a")["group_counts"], json!({ "exposed": 1, "events": 0 }));
}

#[test]
fn which_kinds_are_strict_depends_neither_on_spelling_nor_on_what_came_first() {
    let control = |case: &str, kinds: &[String]| {
        let controls = kinds.iter().enumerate().map(|(index, kind)| {
            let data = json!({ "control_id": format!("k{index}"), "performed": true, "kind": kind });
            event("control", &format!("{case}-{index}"), 1, &{
                let mut data = data;
                data["case_id"] = json!(case);
                data
            })
        });
        [picked(case, "a", 0, &[]), controls.collect()].concat()
    };
    // Far more kinds, and combinations of kinds, than are told apart.
    let others = (0..200)
        .flat_map(|number| control(&format!("o{number}"), &[format!("kind {number}"), format!("kind {}", number + 1)]));
    let strict = ["home_visit", "Home-Visit", "HOME VISIT", "raid"].map(str::to_owned);
    let strict = strict
        .into_iter()
        .enumerate()
        .flat_map(|(number, kind)| control(&format!("s{number}"), &[kind, format!("kind {}", 150 + number)]));
    let events: Vec<String> = others.chain(strict).collect();
    let mut backwards = events.clone();
    backwards.reverse();
    for events in [events, backwards] {
        let found = findings_by(CONFIG, &events);
        let strict = finding(&found, "strict", "a");
        assert_eq!(strict["group_counts"], json!({ "exposed": 204, "events": 4 }));
        assert_eq!(strict["missing"]["group"]["by_cause"]["no_value"].as_u64().unwrap_or(0), 0, "{strict}");
    }
}

/// A control of each case, with this many minutes and this intensity.
fn controlled(group: &str, values: impl Iterator<Item = u32>) -> Vec<String> {
    let case = |(number, value): (usize, u32)| {
        let hour = i64::try_from(number / 20).unwrap();
        let control = json!({ "performed": true, "duration_minutes": value, "intensity": value.min(10), "outcome": "no_violation" });
        picked(&format!("{group}{number}"), group, hour, &[("control", "k", 1, control)])
    };
    values.enumerate().flat_map(case).collect()
}

#[test]
fn a_ratio_above_every_number_is_judged_by_its_limit() {
    // The usual control of b takes no time; its harshest tenth takes as long as that of a.
    let usual = (0..400).map(|number| if number % 5 == 0 { 46 } else { 45 });
    let reference = (0..400).map(|number| if number % 5 == 0 { 46 } else { 0 });
    let events = [controlled("a", usual), controlled("b", reference)].concat();
    let point = CONFIG.replace("critical = 1.25", "critical = 1.25\nevidence = \"point\"");
    let found = findings_by(&point, &events);
    let duration = finding(&found, "duration", "a");
    assert_eq!(duration["ratio"]["value"], Value::Null, "{duration}");
    assert_eq!(duration["ratio"]["lower"], 90.0, "{duration}");
    assert_eq!(duration["verdict"], "critical", "{duration}");
    assert_eq!(finding(&found, "duration", "b")["verdict"], "within");
}

#[test]
fn a_mean_above_a_mean_of_0_is_judged_by_its_limit() {
    let events = [controlled("a", (0..400).map(|_| 5)), controlled("b", (0..400).map(|_| 0))].concat();
    let found = findings_by(&CONFIG.replace("critical = 1.25", "critical = 1.25\nevidence = \"point\""), &events);
    let intensity = finding(&found, "intensity", "a");
    assert_eq!(
        (&intensity["ratio"]["value"], &intensity["ratio"]["lower"]),
        (&Value::Null, &json!(20.0)),
        "{intensity}"
    );
    assert_eq!(intensity["verdict"], "critical");
    let nothing = [controlled("a", (0..400).map(|_| 0)), controlled("b", (0..400).map(|_| 0))].concat();
    let found = findings_by(CONFIG, &nothing);
    for rule in ["intensity", "duration"] {
        assert_eq!(finding(&found, rule, "a")["ratio"]["value"], Value::Null, "0 against 0 says nothing");
        assert_eq!(finding(&found, rule, "a")["verdict"], "insufficient_data");
    }
}

#[test]
fn another_threshold_leaves_the_evidence_of_values_as_it_is() {
    let events =
        [controlled("a", (0..600).map(|number| number % 90)), controlled("b", (0..600).map(|number| number % 45))];
    let events = events.concat();
    let other = CONFIG.replacen("critical = 1.25", "critical = 1.5", 1);
    let found = findings_after_restart(&events, [CONFIG, &other]);
    let blocks = |rule: &str| finding(&found, rule, "a")["evidence"]["blocks"].as_u64();
    assert!(blocks("duration") > Some(5), "{:?}", blocks("duration"));
}

#[test]
fn groups_do_not_multiply_what_is_kept_of_how_cases_were_handled() {
    let plan = parsed(&many_groups());
    let mut ledger = Ledger::new(&plan, KEY);
    for (number, event) in many_controls(40, 50).iter().enumerate() {
        let record = RawRecord { payload: event.as_bytes(), headers: &[], timestamp: None };
        let Decoded::Event(event) = decode(&record, &plan.event, None).unwrap() else { panic!("no event") };
        let timing = Timing { watermark: EventTime::MIN, seen: event.time, late: false };
        assert!(ledger.join(&event, &timing).is_some(), "{number}");
    }
    // 2,000 controls of 40 groups, and 50 durations in all.
    assert_eq!(ledger.attributes.with_handling(), 50);
}

fn many_groups() -> String {
    let groups: Vec<String> = (0..120).map(|number| format!("\"g{number}\"")).collect();
    CONFIG.replace("\"a\", \"b\"", &groups.join(", ")).replace("reference = \"b\"", "reference = \"g0\"")
}

/// Controls without selections, each of another group and duration.
fn many_controls(groups: u32, durations: u32) -> Vec<String> {
    let pairs = (0..groups).flat_map(|group| (0..durations).map(move |minutes| (group, minutes)));
    let control = |(group, minutes): (u32, u32)| {
        let case = format!("{group}-{minutes}");
        // From 256 on a bucket has two minutes, and from 512 on four.
        let taken = match minutes {
            0..256 => minutes,
            256..384 => 2 * minutes - 256,
            _ => 4 * minutes - 1_024,
        };
        let data = json!({
            "case_id": case, "profile": "p", "performed": true, "duration_minutes": taken, "groups": { "origin": format!("g{group}") }
        });
        event("control", &case, i64::from(minutes % 48), &data)
    };
    pairs.map(control).collect()
}

#[test]
fn values_leave_the_cells_of_other_rules_their_room() {
    let config = many_groups();
    let start = config.find("[[rules]]\nname = \"intensity\"").unwrap();
    let rules = "[[rules]]\nname = \"rate\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let config = format!("{}{rules}", &config[..start]);
    // 52,800 cells of values, of which 50,000 are kept.
    let found = findings_by(&config, &many_controls(120, 440));
    let missing = |rule: &str, cause: &str| {
        let of_group = |finding: &&Value| finding["rule"] == rule;
        let count = |finding: &Value| finding["missing"]["group"]["by_cause"][cause].as_u64().unwrap_or(0);
        found.iter().filter(of_group).map(count).sum::<u64>()
    };
    assert_eq!(missing("duration", "no_value"), 2_800);
    assert_eq!((missing("rate", "dropped"), missing("duration", "dropped")), (0, 0));
}

/// No case is an event where no kind is strict, which is no small number.
#[test]
fn a_mix_of_kinds_is_shown_against_all_cases_without_strict_kinds() {
    let strict = "strict_kinds = [\"home_visit\", \"raid\"]\nwarning = 1.1\ncritical = 1.25\n";
    let config = CONFIG
        .replace("min_cell = 0", "min_cell = 10")
        .replace(strict, "reference = \"overall\"\nevidence = \"interval\"\n");
    assert_ne!(config, CONFIG.replace("min_cell = 0", "min_cell = 10"));
    let controls = |group: &str, kind: &str, cases: std::ops::Range<usize>| {
        let case = |number: usize| {
            let control = json!({ "performed": true, "kind": kind });
            picked(&format!("{group}-{kind}-{number}"), group, number as i64 / 20, &[("control", "k", 1, control)])
        };
        cases.flat_map(case).collect::<Vec<String>>()
    };
    let of =
        |group: &str, visits: usize| [controls(group, "visit", 0..visits), controls(group, "letter", 0..40)].concat();
    let found = findings_by(&config, &[of("a", 30), of("b", 25)].concat());
    let mix = &finding(&found, "strict", "a")["mix"];
    assert_eq!(
        mix["kinds"],
        json!([
            { "kinds": ["letter"], "group": 40, "reference": 80 },
            { "kinds": ["visit"], "group": 30, "reference": 55 },
        ]),
        "{}",
        finding(&found, "strict", "a")
    );
    // Nine of the rest would follow.
    let few = findings_by(&config, &[of("a", 30), of("b", 9)].concat());
    assert!(finding(&few, "strict", "a")["mix"].is_null(), "{}", finding(&few, "strict", "a"));
}

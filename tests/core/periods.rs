//! Rule kind `drift` by period: which day is compared with which, at what level, and that restarts leave no trace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use paritywatch::statistics::{Judging, Pair, PairBlock, PairSeries, log_level_of_part};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
const START: EventTime = EventTime(1_767_225_600_000);
const KEY: PseudonymKey = PseudonymKey([4; 16]);
const CLOCK: Clock = Clock::Event { as_of: None };
/// Days of a period.
const DAYS: usize = 5;

fn plan() -> Plan {
    plan_of(0, 0.3)
}

fn plan_of(min_cell: u64, variation: f64) -> Plan {
    let text = format!(
        "[privacy]\nmin_cell = {min_cell}\nreason = \"test\"\n[window]\nrolling = [\"30d\"]\ncohort_max_age = \"2d\"\nallowed_lateness = \"10m\"\n\
         [alerting]\nblock_variation = {variation}\n[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n\
         [[rules]]\nname = \"feedback\"\nkind = \"drift\"\ncompare = \"period\"\nreference_days = {DAYS}\n"
    );
    Settings::parse(&text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

/// Picked of a and of b, of 500 and 2,000 assessed; `None` for a day without a case.
type Day = Option<[u64; 2]>;

fn send(monitor: &mut Monitor, day: usize, counts: Day) {
    let Some(picked) = counts else { return };
    // Each half of the day. Time moves on with either: what came before it would be late.
    for (part, hour) in [3_u64, 17].into_iter().enumerate() {
        for (group, (picked, assessed)) in ["a", "b"].into_iter().zip(picked.into_iter().zip([500, 2_000])) {
            let picked = picked / 2 + if part == 0 { picked % 2 } else { 0 };
            let counts = json!({ "assessed": assessed / 2, "selected": picked });
            tally(
                monitor,
                (day, hour, &format!("{group}-{part}")),
                json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }),
            );
        }
    }
}

/// Sends a tally of an hour of a day. `name` is unique in it.
fn tally(monitor: &mut Monitor, (day, hour, name): (usize, u64, &str), data: Value) {
    let time =
        START.plus(Span::DAY.times(i64::try_from(day).unwrap())).plus(Span::HOUR.times(hour.try_into().unwrap()));
    let event = json!({
        "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/test", "id": format!("e{day}-{name}"),
        "time": jiff::Timestamp::from_millisecond(time.0).unwrap().to_string(), "data": data,
    });
    let payload = serde_json::to_vec(&event).unwrap();
    let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
    assert_eq!(monitor.handle_record(PartitionIndex(0), &record, START), Handled::Accepted, "{event}");
}

fn run(days: &[Day], restarts: bool) -> Monitor {
    let mut monitor = Monitor::new(plan(), KEY, CLOCK);
    for (day, counts) in days.iter().enumerate() {
        send(&mut monitor, day, *counts);
        if restarts {
            let snapshot = monitor.snapshot();
            let sections: Vec<Vec<u8>> = (0..SECTIONS).map(|index| snapshot.section(index).unwrap()).collect();
            monitor = Monitor::restore(plan(), KEY, CLOCK, |index| sections.get(index).cloned()).unwrap();
        }
    }
    monitor.finish();
    monitor
}

fn findings(monitor: &Monitor) -> Value {
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["findings"].clone()
}

fn evidence(monitor: &Monitor) -> Value {
    findings(monitor).as_array().unwrap().iter().find(|finding| finding["group"] == "a").unwrap()["evidence"].clone()
}

fn pair(day: Day) -> Pair {
    day.map_or_else(Pair::default, |[own, rest]| Pair {
        events: own,
        exposed: 500,
        reference_events: rest,
        reference_exposed: 2_000,
    })
}

/// Nobody is picked much in the first period, so the second is the reference; a day of each is without a case.
fn days() -> Vec<Day> {
    let of = |day: usize| match day {
        7 | 13 => None,
        0..5 => Some([9, 100]),
        5..10 => Some([20 + day as u64, 100]),
        _ => Some([30 + 2 * (day as u64 % 3), 101]),
    };
    (0..23).map(of).collect()
}

#[test]
fn each_day_is_compared_with_the_same_day_of_the_reference_period() {
    let days = days();
    let level = (2.0_f64 / 0.05).ln();
    // The last day is open. Days 10 to 14 are the first period after the reference.
    for until in 12..days.len() {
        let closed = until - 1;
        let period = (closed - 1) / DAYS;
        let part = u32::try_from(period - 1).unwrap();
        let judging = Judging { variation: 0.3, cap: 5.0, log_level: log_level_of_part(level, part) };
        let mut series = PairSeries::new(1.0);
        for day in period * DAYS..closed {
            series.take(&PairBlock { new: pair(days[day]), old: pair(days[DAYS + day % DAYS]) }, &judging);
        }
        // A day without a case closes by itself, and shows with the next.
        if days[closed].is_none() {
            continue;
        }
        let found = evidence(&run(&days[..until], false));
        // What is read from JSON may differ in the last digit.
        let log_e = found["log_e"].as_f64().unwrap();
        assert!((log_e - series.detector().log_e()).abs() < 1e-12, "{until} days: {log_e}");
        assert_eq!(found["blocks"], series.blocks(), "{until} days");
        let alarm_at = found["alarm_at"].as_f64().unwrap();
        assert!((alarm_at - series.detector().alarm_at(judging.log_level)).abs() < 1e-12, "{until} days");
    }
    assert_eq!(evidence(&run(&days[..10], false)), Value::Null);
}

#[test]
fn an_interrupted_run_goes_on_as_if_nothing_had_happened() {
    let days = days();
    for until in [8, 11, 16, days.len()] {
        let (whole, interrupted) = (run(&days[..until], false), run(&days[..until], true));
        assert_eq!(findings(&interrupted), findings(&whole), "{until} days");
        assert_eq!(interrupted.snapshot().section(0), whole.snapshot().section(0), "{until} days");
    }
}

/// Sends random controls of each group: hits and concluded.
fn send_random(monitor: &mut Monitor, (day, hour): (usize, u64), hits: [u64; 2], concluded: u64) {
    for (group, hits) in ["a", "b"].into_iter().zip(hits) {
        let counts = json!({
            "assessed": concluded, "selected": concluded, "controlled": concluded, "concluded": concluded, "hits": hits,
        });
        let data = json!({ "profile": "p", "channel": "random", "groups": { "origin": group }, "counts": counts });
        tally(monitor, (day, hour, &format!("{group}-random-{hour}")), data);
    }
}

/// A reference period from day 3 on, then one in which a is picked more: too few random controls say why.
fn rising(min_cell: u64, early: Option<(usize, u64)>, late: Option<u64>, rest: u64) -> Monitor {
    let mut monitor = Monitor::new(plan_of(min_cell, 0.0), KEY, CLOCK);
    for day in 0..14 {
        if let Some((_, hour)) = early.filter(|(early, _)| *early == day) {
            send_random(&mut monitor, (day, hour), [2, 3], 20);
        }
        let picked = (day >= 3).then_some([if day < 8 { 20 } else { 50 }, rest]);
        send(&mut monitor, day, picked);
        if let Some(hour) = late.filter(|_| day >= 3) {
            send_random(&mut monitor, (day, hour), [1, 2], 10);
        }
    }
    monitor.finish();
    monitor
}

#[test]
fn random_controls_do_not_begin_periods() {
    let expected = findings(&rising(0, None, Some(20), 100));
    assert_eq!(expected[0]["verdict"], "warning", "{expected}");
    assert!(expected[0]["needed"].is_u64(), "{expected}");
    assert_eq!(findings(&rising(0, Some((0, 5)), Some(20), 100)), expected);
    // Those of the first day count, though nobody was picked before them: the day is of the first period.
    let with_others = findings(&rising(0, Some((3, 1)), Some(20), 100));
    assert_ne!(with_others[0]["needed"], expected[0]["needed"]);
    assert_eq!(with_others[0]["evidence"], expected[0]["evidence"]);
}

#[test]
fn what_rests_on_few_unseen_cases_is_not_told() {
    let told = |min_cell: u64, rest: u64| {
        let found = findings(&rising(min_cell, None, Some(20), rest))[0].clone();
        assert!(found["group_counts"].is_object(), "{found}");
        [found["ratio"].is_object(), found["needed"].is_u64()]
    };
    assert_eq!(told(0, 100), [true, true]);
    // The random controls of each period hit five of the group.
    assert_eq!(told(10, 100), [true, false]);
    assert_eq!(told(5, 100), [true, true]);
    // The rest has ten picks in each period, and nothing alarms.
    assert_eq!(told(10, 2), [true, false]);
    assert_eq!(told(11, 2), [false, false]);
}

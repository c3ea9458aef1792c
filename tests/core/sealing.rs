//! The hit rate of a window counts the sealed cohorts: against a naive count of cases whose hour, or the rest of whose
//! day, was sealed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
const START_MS: i64 = 1_767_225_600_000;
const MINUTE_MS: i64 = 60_000;
/// In minutes.
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
const MAX_AGE: i64 = 20 * DAY;
const LATENESS: i64 = 10;
const END: i64 = 60 * DAY - 30;

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["90d"]
cohort_max_age = "20d"
allowed_lateness = "10m"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["a", "b"]
[[rules]]
name = "hits"
indicator = "hit_rate"
warning = 0.9
critical = 0.8
evidence = "interval"
"#;

struct Case {
    minute: i64,
    group: usize,
    /// When its control found something or nothing; it may never be heard of.
    checked: Option<(i64, bool)>,
}

impl Case {
    fn resolved(&self, at: i64) -> bool {
        self.checked.is_some_and(|(minute, _)| minute < at)
    }
}

/// Draws cases: a few hours of each day, with all outcomes soon, late, or never.
fn cases(mut seed: u64) -> Vec<Case> {
    let mut below = move |bound: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % u64::try_from(bound).unwrap()).unwrap()
    };
    let mut cases = Vec::new();
    for _ in 0..150 {
        let hour = below(59 * 24) * HOUR;
        let slow = below(3);
        for _ in 0..=below(4) {
            let minute = hour + below(HOUR);
            let delay = match slow {
                0 => 1 + below(5 * DAY),
                1 => 1 + below(15 * DAY),
                _ => 1 + below(60 * DAY),
            };
            let checked = Some((minute + delay, below(2) == 0)).filter(|(minute, _)| *minute < END && below(10) > 0);
            cases.push(Case { minute, group: usize::try_from(below(2)).unwrap(), checked });
        }
    }
    cases
}

/// Returns whether in each group nearly all of the cases are resolved.
fn mostly_resolved(cases: &[&Case], at: i64) -> bool {
    (0..2).all(|group| {
        let of_group = || cases.iter().filter(|case| case.group == group);
        of_group().filter(|case| case.resolved(at)).count() * 100 >= of_group().count() * 95
    })
}

/// Concluded and hits by group.
fn naive(cases: &[Case]) -> [[u64; 2]; 2] {
    let mut days: BTreeMap<i64, BTreeMap<i64, Vec<&Case>>> = BTreeMap::new();
    for case in cases {
        days.entry(case.minute / DAY).or_default().entry(case.minute / HOUR).or_default().push(case);
    }
    let mut counted: Vec<&Case> = Vec::new();
    for (day, hours) in days {
        let merged_at = (day + 8) * DAY;
        let is_merged = merged_at <= END;
        let (sealed, open): (Vec<_>, Vec<_>) = hours.into_iter().partition(|(hour, cases)| {
            let at = if is_merged { merged_at } else { END + 1 };
            (hour + 1) * HOUR + LATENESS <= at.min(END) && mostly_resolved(cases, at)
        });
        counted.extend(sealed.into_iter().flat_map(|(_, cases)| cases));
        let rest: Vec<&Case> = open.into_iter().flat_map(|(_, cases)| cases).collect();
        if is_merged && ((day + 1) * DAY + MAX_AGE <= END || mostly_resolved(&rest, END + 1)) {
            counted.extend(rest);
        }
    }
    [0, 1].map(|group| {
        let concluded = || counted.iter().filter(|case| case.group == group).filter_map(|case| case.checked);
        [concluded().count() as u64, concluded().filter(|(_, hit)| *hit).count() as u64]
    })
}

fn counted(cases: &[Case]) -> [[u64; 2]; 2] {
    let mut events: Vec<(i64, Value)> = Vec::new();
    let event = |kind: &str, number: usize, minute: i64, data: Value| {
        let time = jiff::Timestamp::from_millisecond(START_MS + minute * MINUTE_MS).unwrap().to_string();
        let kind_of = format!("paritywatch.{kind}.v1");
        (
            minute,
            json!({ "specversion": "1.0", "type": kind_of, "source": "/t", "id": format!("{kind}{number}"), "time": time, "data": data }),
        )
    };
    for (number, case) in cases.iter().enumerate() {
        let id = format!("c{number}");
        let group = ["a", "b"][case.group];
        let groups = json!({ "origin": group });
        let data = json!({ "case_id": id, "profile": "p", "selected": true, "groups": groups });
        events.push(event("selection", number, case.minute, data));
        if let Some((minute, hit)) = case.checked {
            let outcome = if hit { "violation" } else { "no_violation" };
            events.push(event("control", number, minute, json!({ "case_id": id, "outcome": outcome })));
        }
    }
    // Moves time to the end.
    let last = json!({ "case_id": "last", "profile": "p", "selected": false, "groups": { "origin": "a" } });
    events.push(event("selection", cases.len(), END, last));
    events.sort_by_key(|(minute, _)| *minute);
    let plan = Settings::parse(CONFIG, "test.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Event { as_of: None });
    for (_, event) in &events {
        let payload = serde_json::to_vec(event).unwrap();
        let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
        monitor.handle_record(PartitionIndex(0), &record, EventTime(0));
    }
    monitor.finish();
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let finding = document["findings"].as_array().unwrap().iter().find(|finding| finding["group"] == "a").unwrap();
    ["group_counts", "reference_counts"]
        .map(|side| ["exposed", "events"].map(|count| finding[side][count].as_u64().unwrap()))
}

#[test]
fn the_window_counts_the_sealed_cohorts() {
    for seed in 0..12 {
        let cases = cases(seed);
        assert_eq!(counted(&cases), naive(&cases), "stream {seed}");
    }
}

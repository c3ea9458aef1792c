//! A stream of half a year, and what an independent count finds in it.

use std::collections::BTreeMap;
use std::fmt::Write;

use paritywatch::plan::{EventTime, Span};

/// Days since 1970 of 2025-05-01, with which the stream begins.
pub const FIRST: i64 = 20_209;
/// Its days.
pub const DAYS: i64 = 100;
/// 2025-07-10: profile `d` has a new version.
pub const NEW_VERSION: i64 = FIRST + 70;
/// 2025-07-15: profile `d` picks group `y` twice as often.
pub const SKEW: i64 = FIRST + 75;
/// Cases of a profile each day.
const CASES: i64 = 60;

/// Two profiles and one that nobody hears of; every number is published.
pub const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "made up"
[window]
rolling = ["7d", "30d"]
cohort_max_age = "10d"
allowed_lateness = "10m"
max_ahead = "24h"
[alerting]
block_exposed = 120
block_concluded = 20
[report]
periods = ["month", "quarter"]
[profiles.d]
title = "Student grant"
purpose = "Picks students for a home visit"
owner = "team-d"
[profiles.e]
title = "=Fair, \"and\" quoted"
owner = "team-e"
[profiles.unheard]
owner = "nobody"
[dimensions.origin]
ground = "race"
groups = ["x", "y"]
[[rules]]
name = "selection"
indicator = "selection_rate"
reference = "x"
warning = 1.25
critical = 1.5
min_events = 1
evidence = "point"
owner = "compliance"
action = "look at it"
[[rules]]
name = "hits"
indicator = "hit_rate"
reference = "x"
warning = 0.8
critical = 0.5
min_events = 1
evidence = "point"
[[rules]]
name = "change"
kind = "drift"
compare = "version"
"#;

/// A case of the stream.
pub struct Case {
    /// Its profile.
    pub profile: &'static str,
    /// The day on which it was assessed.
    pub day: i64,
    /// Its group.
    pub group: &'static str,
    /// Whether it was picked: then it was controlled a day later and concluded three days after that.
    pub is_selected: bool,
    /// Whether the control found a violation.
    pub is_hit: bool,
    minute: i64,
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for day in FIRST..FIRST + DAYS {
        for profile in ["d", "e"] {
            for index in 0..CASES {
                let group = if index % 2 == 0 { "x" } else { "y" };
                let number = (day - FIRST) * CASES / 2 + index / 2;
                let is_skewed = profile == "d" && day >= SKEW && group == "y";
                let is_selected = number % if is_skewed { 5 } else { 10 } == 0;
                cases.push(Case {
                    profile,
                    day,
                    group,
                    is_selected,
                    is_hit: is_selected && number % 20 == 0,
                    minute: index * 20,
                });
            }
        }
    }
    cases
}

/// The events of the stream, in the order of their times.
pub fn lines() -> String {
    let mut events: Vec<(i64, String)> = Vec::new();
    for (number, case) in cases().iter().enumerate() {
        let at = case.day * 1_440 + case.minute;
        let version = if case.profile == "d" && case.day >= NEW_VERSION { "2" } else { "1" };
        let mut add = |kind: &str, minute: i64, data: &str| {
            let time = jiff::Timestamp::from_second(minute * 60).unwrap();
            events.push((minute, format!(
                r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"{kind}-{number}","time":"{time}","data":{{"case_id":"c{number}",{data}}}}}"#
            )));
        };
        add(
            "selection",
            at,
            &format!(
                r#""profile":"{}","profile_version":"{version}","selected":{},"groups":{{"origin":"{}"}}"#,
                case.profile, case.is_selected, case.group
            ),
        );
        if case.is_selected {
            add("control", at + 1_440, r#""performed":true"#);
            let word = if case.is_hit { "violation" } else { "no_violation" };
            add("outcome", at + 4 * 1_440, &format!(r#""outcome":"{word}""#));
        }
    }
    events.sort_by_key(|(minute, _)| *minute);
    events.into_iter().fold(String::new(), |mut lines, (_, line)| {
        writeln!(lines, "{line}").unwrap();
        lines
    })
}

/// Assessed, selected, controlled, concluded and hit cases of days of a profile, by group, as far as they were known at a time.
pub fn counted(
    profile: &str,
    days: std::ops::RangeInclusive<i64>,
    until: EventTime,
) -> BTreeMap<&'static str, [u64; 5]> {
    let last = until.0.div_euclid(Span::DAY.0);
    let mut counts: BTreeMap<&str, [u64; 5]> = BTreeMap::new();
    for case in cases().iter().filter(|case| case.profile == profile && days.contains(&case.day)) {
        let minute = |minutes: i64| case.day * 1_440 + case.minute + minutes <= last * 1_440;
        let stages = [
            true,
            case.is_selected,
            case.is_selected && minute(1_440),
            case.is_selected && minute(4 * 1_440),
            case.is_hit && minute(4 * 1_440),
        ];
        let row = counts.entry(case.group).or_default();
        stages.iter().zip(row).for_each(|(is_there, count)| *count += u64::from(*is_there));
    }
    counts
}

//! What leaves the state when a case is closed, and what stays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::received::{By, hand_over, received};

use paritywatch::ledger::{Fingerprints, PseudonymKey};
use paritywatch::monitor::{Clock, Monitor, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::Value;

const KEY: PseudonymKey = PseudonymKey([21; 16]);
const NOW: EventTime = EventTime(1_790_000_000_000);

fn plan(min_cell: u64) -> Plan {
    let text = format!(
        r#"
[privacy]
min_cell = {min_cell}
reason = "made up"
[window]
rolling = ["24h"]
history = "9d"
cohort_max_age = "2d"
allowed_lateness = "10m"
[limits]
not_selected_horizon = "2d"
membership_horizon = "3d"
dedupe_horizon = "4d"
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["x", "y"]
[[rules]]
name = "point"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "point"
stratify_by = "office"
"#
    );
    Settings::parse(&text, "minimised.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

fn monitor(min_cell: u64) -> Monitor {
    let mut monitor = Monitor::new(plan(min_cell), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), NOW);
    monitor
}

fn selection(case: &str, minute: i64, selected: bool, groups: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(1_772_323_200_000 + minute * 60_000).unwrap();
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/s","id":"e-{case}","time":"{at}","data":{{"case_id":"{case}","profile":"p","selected":{selected},"groups":{{{groups}}},"strata":{{"office":"o1"}}}}}}"#
    )
}

fn feed(monitor: &mut Monitor, lines: &[String]) {
    let records: Vec<_> = lines.iter().map(|line| received(0, line)).collect();
    hand_over(monitor, &records, NOW, &mut By::Batches(&mut || 100));
}

/// Time goes on by two hours.
fn later(monitor: &mut Monitor) {
    let cases: Vec<String> = (0..100).map(|number| selection(&format!("later{number}"), 125, false, "")).collect();
    feed(monitor, &cases);
}

/// The bytes of all sections.
fn bytes(monitor: &Monitor) -> Vec<u8> {
    let snapshot = monitor.snapshot();
    (0..SECTIONS).flat_map(|index| snapshot.section(index).unwrap()).collect()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// Time goes on by cases of every half hour, which also drive the rounds of sweeps.
fn go_on(monitor: &mut Monitor, days: std::ops::Range<i64>) {
    for day in days {
        let lines: Vec<String> = (0..1_200)
            .map(|number| selection(&format!("q{day}-{number}"), day * 1_440 + number, false, r#""origin":"y""#))
            .collect();
        feed(monitor, &lines);
        monitor.handle_tick(NOW);
    }
}

#[test]
fn a_closed_case_leaves_its_fingerprint_first_with_its_events_and_then_altogether() {
    let mut monitor = monitor(0);
    let prints = Fingerprints::new(&KEY);
    let keys = ["picked", "passed"].map(|case| prints.case(case));
    feed(
        &mut monitor,
        &[selection("picked", 5, true, r#""origin":"x""#), selection("passed", 6, false, r#""origin":"x""#)],
    );
    let whole = |key: paritywatch::ledger::CaseKey| [key.high.to_le_bytes(), key.low.to_le_bytes()].concat();
    let now = bytes(&monitor);
    for key in keys {
        assert!(holds(&now, &whole(key)), "an open case is in the checkpoint");
    }
    for id in ["picked", "passed", "e-picked", "/s"] {
        assert!(!holds(&now, id.as_bytes()), "{id} is no id of the state");
    }
    // Not picked: gone after two days, and the sweep of a day. Its event is remembered for four.
    go_on(&mut monitor, 1..4);
    let now = bytes(&monitor);
    assert!(holds(&now, &whole(keys[0])) && !holds(&now, &whole(keys[1])));
    // Picked: gone after nine days.
    go_on(&mut monitor, 4..13);
    let now = bytes(&monitor);
    assert!(!holds(&now, &whole(keys[0])) && !holds(&now, &whole(keys[1])));
    // Not even half of the fingerprint.
    for key in keys {
        assert!(!holds(&now, &key.low.to_le_bytes()));
    }
    let health = monitor.health();
    assert!(health.open_cases < 5 * 1_200, "{}", health.open_cases);
}

#[test]
fn ids_and_texts_that_nothing_reads_are_never_in_the_state() {
    let mut monitor = monitor(10);
    let text = selection("c", 5, true, r#""origin":"x","postcode":"unread-group""#)
        .replace(r#""office":"o1""#, r#""office":"o1","district":"unread-value""#)
        .replace(r#""selected""#, r#""criteria":["unread-criterion",{"name":"n","value":"unread-criterion-value"}],"profile_version":"unread-version","selected""#);
    feed(&mut monitor, &[text]);
    let now = bytes(&monitor);
    for unread in ["postcode", "unread", "district"] {
        assert!(!holds(&now, unread.as_bytes()), "{unread}");
    }
    assert!(holds(&now, b"o1"), "a value of a stratum that a rule names is kept");
}

fn spellings(monitor: &mut Monitor) -> Value {
    monitor.handle_tick(NOW);
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["unlisted_dimensions"].clone()
}

#[test]
fn another_spelling_is_told_once_enough_cases_have_it() {
    let spelled = |number: usize| selection(&format!("c{number}"), 5, false, r#""Origin":"x""#);
    let mut alone = monitor(10);
    let mut batched = monitor(10);
    for number in 0..9 {
        feed(&mut alone, &[spelled(number)]);
    }
    // The same case again and again is one case.
    for _ in 0..20 {
        feed(&mut alone, &[spelled(3), spelled(3).replace(r#""id":"e-c3""#, r#""id":"other""#)]);
    }
    let nine: Vec<String> = (0..9).map(spelled).collect();
    feed(&mut batched, &nine);
    for monitor in [&mut alone, &mut batched] {
        assert_eq!(spellings(monitor), serde_json::json!([]));
        let snapshot = monitor.snapshot();
        let restored = Monitor::restore(plan(10), KEY, Clock::Wall, |index| snapshot.section(index).ok());
        *monitor = restored.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(spellings(monitor), serde_json::json!([]));
        feed(monitor, &[spelled(9)]);
        // With the next release.
        later(monitor);
        assert_eq!(spellings(monitor), serde_json::json!([{ "written": "Origin", "dimension": "origin" }]));
    }
}

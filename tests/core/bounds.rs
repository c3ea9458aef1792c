//! Distinct values without end of everything that comes from outside: what is kept stays within its limit, and what is beyond is counted.
//!
//! `PARITYWATCH_TIMES=4` makes it more than a million values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::attempts;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::settings::Settings;

/// More than are kept, at whose number the limit on bytes is set. At most 57 million: so many milliseconds are left of the day.
const EVENTS: u32 = 300_000;
/// Cases that are never selected: each that is dropped takes a search for the oldest.
const UNKNOWN: u32 = 150_000;
const TALLIES: u64 = 250_000;
const NOW: EventTime = EventTime(1_790_000_000_000);
const OPEN_CASES: u64 = 200_000;
const WAITING: u64 = 100_000;

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[limits]
open_cases = 200000
waiting_events = 100000
[profiles.p]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["x", "y"]
[[rules]]
name = "r"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
stratify_by = "office"
"#;

#[test]
fn distinct_groups_profiles_strata_and_cases_stay_within_the_limits() {
    let events = u64::from(attempts(EVENTS));
    let plan = Settings::parse(CONFIG, "bounds.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([3; 16]), Clock::Wall);
    let mut most = (0, 0);
    for number in 0..events {
        // Every third event names a profile of its own, all have a group, a stratum's value and a case of their own.
        let profile = if number % 3 == 0 { format!("p{number}") } else { "p".to_owned() };
        let data = format!(
            r#"{{"case_id":"c{number}","profile":"{profile}","selected":true,"groups":{{"origin":"g{number}","d{number}":"v"}},"strata":{{"office":"o{number}","s{number}":"v"}}}}"#
        );
        send(&mut monitor, "selection", number, &data);
        if number % 10_000 == 0 {
            let health = monitor.health();
            most = (most.0.max(health.open_cases), most.1.max(monitor.allocated_bytes().0));
        }
    }
    let health = monitor.health();
    let (cases, cells) = monitor.allocated_bytes();
    println!("{health:?}\nmost open {}, most bytes {}, at the end {cases} and {cells}", most.0, most.1);
    assert!(health.open_cases <= OPEN_CASES && most.0 <= OPEN_CASES);
    // 40 bytes for each case, an eighth of the slots free, in tables that have just doubled.
    assert!(most.1.max(cases) < OPEN_CASES * 200, "{most:?}");
    assert_eq!(health.open_cases + health.evicted_cases, events, "closed and not counted");
    // The one group that all values outside the allow-list share, by 64 values of the stratum, `other`, and all together.
    assert!(health.cells <= 70, "{}", health.cells);
    assert!(cells < 1 << 20);
    assert_eq!(health.events.unknown_profile, events.div_ceil(3));
    assert_eq!(health.events.read, events);
    assert_eq!(health.events.accepted + health.events.unknown_profile, events);
}

#[test]
fn outcomes_of_many_cases_that_were_never_selected_stay_within_the_limits() {
    let unknown = u64::from(attempts(UNKNOWN));
    let plan = Settings::parse(CONFIG, "bounds.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([3; 16]), Clock::Wall);
    for number in 0..unknown {
        send(&mut monitor, "outcome", number, &format!(r#"{{"case_id":"c{number}","outcome":"violation"}}"#));
        assert!(number % 10_000 > 0 || monitor.health().waiting_cases <= WAITING);
    }
    let health = monitor.health();
    assert!(health.waiting_cases <= WAITING && health.open_cases <= WAITING, "{health:?}");
    assert_eq!(health.waiting_cases + health.dropped_waiting, unknown, "dropped and not counted");
    // Ids of dropped cases are remembered for the dedupe horizon and no longer.
    assert!(health.remembered_ids <= unknown, "{health:?}");
    send_at(&mut monitor, "outcome", unknown, "2026-03-25T00:00:00Z", r#"{"case_id":"late","outcome":"violation"}"#);
    // A round of sweeps comes by within so many events.
    for number in 0..2_000 {
        let data = format!(r#"{{"case_id":"z{number}","outcome":"violation"}}"#);
        send_at(&mut monitor, "outcome", unknown + 1 + number, "2026-03-25T00:00:00Z", &data);
    }
    assert!(monitor.health().remembered_ids < unknown / 10, "{:?}", monitor.health());
}

#[test]
fn a_stream_of_tallies_alone_forgets_their_ids_too() {
    let plan = Settings::parse(CONFIG, "bounds.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([3; 16]), Clock::Wall);
    let mut most = 0;
    for number in 0..TALLIES {
        let (day, minute) = (number / 10_000 + 1, number % 10_000 / 7);
        let time = format!("2026-03-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60);
        let data = format!(r#"{{"profile":"p","groups":{{"origin":"g{number}"}},"counts":{{"assessed":1}}}}"#);
        send_at(&mut monitor, "tally", number, &time, &data);
        if number % 10_000 == 0 {
            most = most.max(monitor.health().remembered_ids);
        }
    }
    println!("most remembered: {most}");
    // 10,000 a day for seven days and the allowed lateness, and those of the days that a round of sweeps lasts; the watermark is a few
    // events behind.
    assert!(most <= 82_600, "{most}");
    assert_eq!(monitor.health().events.accepted, TALLIES);
}

#[test]
fn more_ids_than_may_be_remembered_are_forgotten_oldest_first_and_counted() {
    const LIMIT: u64 = 50_000;
    const IDS: u64 = 250_000;
    let config = CONFIG.replace("[limits]", &format!("[limits]\nremembered_ids = {LIMIT}"));
    let plan = Settings::parse(&config, "bounds.toml", std::iter::empty()).unwrap().plan;
    let mut monitor = Monitor::new(plan, PseudonymKey([3; 16]), Clock::Wall);
    let tally = |monitor: &mut Monitor, number: u64| {
        // Ten hours. The first has a third of all ids.
        let hour = (number * 15 / IDS).saturating_sub(5);
        let data = r#"{"profile":"p","groups":{"origin":"x"},"counts":{"assessed":1}}"#;
        send_at(monitor, "tally", number, &format!("2026-03-01T{hour:02}:00:00Z"), data);
    };
    for number in 0..IDS {
        tally(&mut monitor, number);
        if number % 1_000 == 0 {
            let health = monitor.health();
            // The id that exceeds the limit is noticed with the next event.
            assert!(health.remembered_ids <= LIMIT + 1, "{health:?}");
            assert_eq!(health.remembered_ids + health.evicted_ids, number + 1, "{health:?}");
        }
    }
    let health = monitor.health();
    assert!(health.evicted_ids >= IDS - LIMIT && health.evicted_ids < IDS - LIMIT + LIMIT / 32, "{health:?}");
    assert_eq!(health.events.accepted, IDS);
    // The newest are recognised, the oldest are not.
    (IDS - LIMIT / 2..IDS).for_each(|number| tally(&mut monitor, number));
    assert_eq!(monitor.health().events.duplicate, LIMIT / 2);
    (0..1_000).for_each(|number| tally(&mut monitor, number));
    assert_eq!(monitor.health().events.duplicate, LIMIT / 2);
    // A snapshot has as many.
    let plan = monitor.plan().clone();
    let snapshot = monitor.snapshot();
    let restored = Monitor::restore(plan, PseudonymKey([3; 16]), Clock::Wall, |index| snapshot.section(index).ok());
    assert_eq!(restored.unwrap().health().remembered_ids, monitor.health().remembered_ids);
}

/// An event a millisecond.
fn send(monitor: &mut Monitor, kind: &str, number: u64, data: &str) {
    let (second, rest) = (number / 1_000, number % 1_000);
    let (hour, minute, second) = (8 + second / 3_600, second / 60 % 60, second % 60);
    send_at(monitor, kind, number, &format!("2026-03-01T{hour:02}:{minute:02}:{second:02}.{rest:03}Z"), data);
}

fn send_at(monitor: &mut Monitor, kind: &str, number: u64, time: &str, data: &str) {
    let line = format!(
        r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"e{number}","time":"{time}","data":{data}}}"#
    );
    let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
    monitor.handle_record(PartitionIndex(0), &record, NOW);
}

//! The pseudonym key changes, and nothing that is counted changes with it: beside a monitor that keeps its key runs one whose key changes, and
//! what becomes of each record, and all that is published, is the same.
//!
//! `PARITYWATCH_ROTATION_SEED=N` begins at another seed. A failure names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::{attempts, number};
use crate::support::received::{By, hand_over, received};

use paritywatch::ledger::{Keys, PseudonymKey};
use paritywatch::monitor::{Clock, Handled, Monitor, RestoreError, Snapshot};
use paritywatch::plan::{EventTime, PartitionIndex, Plan, Span};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::Value;

const PARTITIONS: u32 = 2;
const OLD: PseudonymKey = PseudonymKey([9; 16]);
const NEW: PseudonymKey = PseudonymKey([17; 16]);
const NOW: EventTime = EventTime(1_790_000_000_000);
const MINUTES_PER_DAY: u64 = 24 * 60;

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "made up"
[window]
rolling = ["24h", "7d"]
history = "9d"
cohort_max_age = "2d"
allowed_lateness = "10m"
[limits]
not_selected_horizon = "2d"
membership_horizon = "3d"
dedupe_horizon = "4d"
[alerting]
block_exposed = 12
block_concluded = 4
[profiles.a]
owner = "o"
exposure = "population"
[profiles.b]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["x", "y", "other"]
[[rules]]
name = "point"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
min_events = 1
evidence = "point"
[[rules]]
name = "hits"
indicator = "hit_rate"
reference = "lowest"
warning = 0.9
critical = 0.8
[[rules]]
name = "frequency"
indicator = "control_frequency"
warning = 1.1
critical = 1.25
profiles = ["a"]
[[rules]]
name = "complaints"
kind = "complaints"
grounds = ["race"]
exposure_window = "3d"
block_complaints = 2
min_events = 1
"#;

fn plan() -> Plan {
    Settings::parse(CONFIG, "rotation.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

fn fresh(plan: &Plan) -> Monitor {
    let mut monitor = Monitor::new(plan.clone(), OLD, Clock::Wall);
    (0..PARTITIONS).for_each(|index| monitor.add_partition(PartitionIndex(index), NOW));
    monitor
}

fn restored(plan: &Plan, keys: impl Into<Keys>, snapshot: &Snapshot) -> Result<Monitor, RestoreError> {
    let mut monitor = Monitor::restore(plan.clone(), keys, Clock::Wall, |index| snapshot.section(index).ok())?;
    monitor.resume(NOW);
    Ok(monitor)
}

fn both_keys() -> Keys {
    Keys { present: NEW, previous: Some(OLD) }
}

#[test]
fn whatever_comes_counts_as_if_the_key_had_not_changed() {
    let first = number("PARITYWATCH_ROTATION_SEED").unwrap_or(1);
    let mut seen = Seen::default();
    for seed in first..first + u64::from(attempts(60)) {
        course(seed, &mut seen);
    }
    println!("{seen:?}");
    let Seen { by_old, duplicate_of_old, without_case_again, ended, killed } = seen;
    for (what, count) in [
        ("events of old cases", by_old),
        ("second deliveries across the change", duplicate_of_old),
        ("second deliveries of events without a case across the change", without_case_again),
        ("changes that ended", ended),
        ("crashes", killed),
    ] {
        assert!(count > 0, "{what} never came");
    }
}

/// How often something came that the test is about.
#[derive(Debug, Default)]
struct Seen {
    by_old: u64,
    duplicate_of_old: u64,
    without_case_again: u64,
    ended: u64,
    killed: u64,
}

/// An event of the log.
#[derive(Clone)]
struct Line {
    partition: u32,
    text: String,
    /// When it was first in the log, by its place.
    first: usize,
    has_case: bool,
}

fn course(seed: u64, seen: &mut Seen) {
    let (plan, mut random) = (plan(), Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
    let log = log(&mut random);
    let rotated_at = random.below(log.len() * 2 / 3);
    let (mut plain, mut rotating) = (fresh(&plan), fresh(&plan));
    let (mut place, mut has_new_key, mut ended) = (0, false, false);
    // What is durable: a snapshot of each, and its place in the log.
    let mut durable: Option<([Snapshot; 2], usize, bool)> = None;
    let name = format!("PARITYWATCH_ROTATION_SEED={seed}");
    while place < log.len() {
        if !has_new_key && place >= rotated_at {
            let snapshots = [plain.snapshot(), rotating.snapshot()];
            plain = restored(&plan, OLD, &snapshots[0]).unwrap();
            rotating = restored(&plan, both_keys(), &snapshots[1]).unwrap();
            has_new_key = true;
        }
        match random.below(14) {
            0 => {
                let snapshots = [plain.snapshot(), rotating.snapshot()];
                durable = Some((snapshots, place, has_new_key && !rotating.has_two_keys()));
            }
            // Killed: some of the log is read again.
            1 if random.below(3) == 0 => {
                if let Some((snapshots, at, has_ended)) = &durable {
                    plain = restored(&plan, OLD, &snapshots[0]).unwrap();
                    let keys = match (has_new_key, has_ended) {
                        (false, _) => Keys::from(OLD),
                        (true, true) => Keys::from(NEW),
                        (true, false) => both_keys(),
                    };
                    rotating = restored(&plan, keys, &snapshots[1]).unwrap_or_else(|error| panic!("{name}: {error}"));
                    place = *at;
                    seen.killed += u64::from(has_new_key);
                }
            }
            2 => {
                plain.handle_tick(NOW);
                rotating.handle_tick(NOW);
                compare(&plain, &rotating, &name);
            }
            3 if random.below(4) == 0 => {
                plain.change_plan(plan.clone()).unwrap();
                rotating.change_plan(plan.clone()).unwrap();
            }
            _ => {
                let lines = &log[place..(place + 1 + random.below(40)).min(log.len())];
                let two_keys = rotating.has_two_keys();
                let expected = feed(&mut plain, lines, &mut random);
                let found = feed(&mut rotating, lines, &mut random);
                for ((line, expected), found) in lines.iter().zip(&expected).zip(&found) {
                    assert_eq!(found, expected, "{name}: {}", line.text);
                    let across = two_keys && line.first < rotated_at;
                    let duplicate = *found == Handled::Duplicate;
                    seen.duplicate_of_old += u64::from(across && duplicate && line.has_case);
                    seen.without_case_again += u64::from(across && duplicate && !line.has_case);
                    seen.by_old += u64::from(two_keys && *found == Handled::Accepted && line.has_case);
                }
                place += lines.len();
            }
        }
        ended |= has_new_key && !rotating.has_two_keys();
    }
    plain.handle_tick(NOW);
    rotating.handle_tick(NOW);
    compare(&plain, &rotating, &name);
    seen.ended += u64::from(ended);
    assert!(!rotating.has_two_keys(), "{name}: long after the last event of an old case the old key is still needed");
    let mut alone = restored(&plan, NEW, &rotating.snapshot()).unwrap_or_else(|error| panic!("{name}: {error}"));
    for monitor in [&mut plain, &mut alone] {
        monitor.handle_tick(NOW);
    }
    compare(&plain, &alone, &name);
}

fn feed(monitor: &mut Monitor, lines: &[Line], random: &mut Random) -> Vec<Handled> {
    let records: Vec<_> = lines.iter().map(|line| received(line.partition, &line.text)).collect();
    let size = 1 + random.below(40);
    let mut sizes = || size;
    let mut by = if random.below(3) == 0 { By::Record } else { By::Batches(&mut sizes) };
    hand_over(monitor, &records, NOW, &mut by)
}

/// All that does not depend on fingerprints is the same.
fn compare(plain: &Monitor, rotating: &Monitor, name: &str) {
    let document = |monitor: &Monitor| {
        let mut document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
        // How far a round of sweeps has come for a case depends on its fingerprint.
        document["events"]["unmatched"] = Value::Null;
        document
    };
    let mut differences = Vec::new();
    differ("", &document(rotating), &document(plain), &mut differences);
    assert!(differences.is_empty(), "{name}: {differences:?}");
    let (plain, rotating) = (plain.health(), rotating.health());
    assert_eq!(rotating.by_type, plain.by_type, "{name}");
    let closed = |health: &paritywatch::monitor::Health| (health.evicted_cases, health.refused_contributions);
    assert_eq!(closed(&rotating), closed(&plain), "{name}");
}

/// Collects where two documents differ: the whole would fill a screen.
fn differ(place: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) if found.len() == expected.len() => {
            for (name, value) in found {
                differ(&format!("{place}.{name}"), value, &expected[name], differences);
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for ((found, expected), index) in found.iter().zip(expected).zip(0..) {
                differ(&format!("{place}[{index}]"), found, expected, differences);
            }
        }
        _ if found != expected => differences.push(format!("{place}: expected {expected}, found {found}")),
        _ => {}
    }
}

/// Cases over 25 days, whose events come again at any time, and then a month of other cases.
fn log(random: &mut Random) -> Vec<Line> {
    let mut events: Vec<(u64, u32, String, bool)> = Vec::new();
    let mut add = |kind: &str, minute: u64, partition: u32, data: &str| {
        let id = events.len();
        let text = format!(
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"e{id}","time":"{}","data":{{{data}}}}}"#,
            time(minute)
        );
        events.push((minute, partition, text, data.contains("case_id")));
        id
    };
    for case in 0..60 + random.below(60) {
        let mut minute = random.below(25 * 1_440) as u64;
        let partition = u32::try_from(case).unwrap() % PARTITIONS;
        let (group, profile) = (["x", "y", "z"][random.below(3)], ["a", "b"][random.below(2)]);
        let id = format!(r#""case_id":"c{case}""#);
        let selected = random.below(2) == 0;
        let groups = format!(r#""groups":{{"origin":"{group}"}}"#);
        let begin = format!(r#"{id},"profile":"{profile}","selected":{selected},{groups}"#);
        if random.below(6) > 0 {
            let selection = add("selection", minute, partition, &begin);
            if random.below(6) == 0 {
                add("selection", minute + 7, partition, &format!(r#"{begin},"revises":"e{selection}""#));
            }
            if random.below(8) == 0 {
                add("selection", minute + 11, partition, &begin);
            }
        }
        // Some go on for longer than any horizon.
        for _ in 0..[0, 1, 3, 7][random.below(4)] {
            minute += 20 + random.below(4 * 1_440) as u64;
            add("control", minute, partition, &format!(r#"{id},"control_id":"k{}""#, random.below(2)));
            let outcome = format!(r#"{id},"control_id":"k{}","outcome":"violation""#, random.below(2));
            let outcome = add("outcome", minute + 13, partition, &outcome);
            if random.below(3) == 0 {
                minute += 40 + random.below(2 * 1_440) as u64;
                add("outcome", minute, partition, &format!(r#"{id},"outcome":"no_violation","revises":"e{outcome}""#));
            }
            if random.below(4) == 0 {
                add("attributes", minute + 17, partition, &format!("{id},{groups}"));
            }
            if random.below(4) == 0 {
                let about = format!(r#"{id},"profile":"{profile}","ground":"race""#);
                add("complaint", minute + 29, partition, &about);
            }
        }
    }
    for _ in 0..40 {
        let (minute, partition) = (random.below(25 * 1_440) as u64, u32::try_from(random.below(2)).unwrap());
        match random.below(4) {
            0 => add(
                "tally",
                minute,
                partition,
                r#""profile":"b","groups":{"origin":"x"},"counts":{"assessed":3,"selected":1}"#,
            ),
            1 => {
                let counts = format!(
                    r#""profile":"a","dimension":"origin","counts":{{"x":{},"y":200}},"valid_from":"{}""#,
                    100 + random.below(50),
                    time(minute)
                );
                add("population", minute, partition, &counts)
            }
            2 => add("complaint", minute, partition, r#""profile":"b","ground":"race","groups":{"origin":"y"}"#),
            _ => add("measure", minute, partition, r#""profile":"b","measure":"adjusted","reason":"r","by":"role""#),
        };
    }
    // Time goes on until nothing old can be needed.
    for number in 0..2_400_u64 {
        let minute = (25 * MINUTES_PER_DAY) + number * 30;
        add("selection", minute, u32::try_from(number % 2).unwrap(), &quiet(number));
    }
    events.sort();
    with_second_deliveries(events, random)
}

fn quiet(number: u64) -> String {
    format!(r#""case_id":"q{number}","profile":"b","selected":false,"groups":{{"origin":"x"}}"#)
}

/// Events come again, soon or long after. Then the producer's partition has gone on, so none is late twice.
fn with_second_deliveries(events: Vec<(u64, u32, String, bool)>, random: &mut Random) -> Vec<Line> {
    let mut log: Vec<Line> = Vec::new();
    let mut later: Vec<Line> = Vec::new();
    for (_, partition, text, has_case) in events {
        let line = Line { partition, text, first: log.len(), has_case };
        if random.below(3) == 0 {
            later.push(line.clone());
        }
        // Some say something else the second time.
        if random.below(20) == 0 {
            later.push(Line { text: line.text.replace(r#""origin":"x""#, r#""origin":"y""#), ..line.clone() });
        }
        log.push(line);
        while !later.is_empty() && random.below(3) == 0 {
            log.push(later.swap_remove(random.below(later.len())));
        }
    }
    log.append(&mut later);
    log
}

fn time(minute: u64) -> String {
    let at = 1_772_323_200_000 + i64::try_from(minute).unwrap() * 60_000;
    jiff::Timestamp::from_millisecond(at).unwrap().to_string()
}

#[test]
fn a_state_is_read_with_the_keys_that_it_needs_and_no_others() {
    let plan = plan();
    let mut monitor = fresh(&plan);
    let line = format!(
        r#"{{"specversion":"1.0","type":"paritywatch.selection.v1","source":"/s","id":"e","time":"{}","data":{{{}}}}}"#,
        time(5),
        quiet(1)
    );
    hand_over(&mut monitor, &[received(0, &line), received(1, &line)], NOW, &mut By::Record);
    let old = monitor.snapshot();
    let is_refused =
        |keys: Keys, snapshot: &Snapshot| matches!(restored(&plan, keys, snapshot), Err(RestoreError::OtherKey));
    assert!(is_refused(NEW.into(), &old), "the old key is missing");
    let rotating = restored(&plan, both_keys(), &old).unwrap();
    assert!(rotating.has_two_keys());
    let until = rotating.health().previous_key_until.unwrap();
    let both = rotating.snapshot();
    assert!(is_refused(NEW.into(), &both), "the old key is still needed");
    assert!(is_refused(OLD.into(), &both), "the new key is missing");
    let third = Keys { present: PseudonymKey([3; 16]), previous: Some(NEW) };
    assert!(is_refused(third, &both), "three keys would be needed");
    let again = restored(&plan, both_keys(), &both).unwrap();
    assert_eq!(again.health().previous_key_until, Some(until));
    // The id is remembered for four days, ten minutes, and up to two whole hours.
    let expected = plan.ledger.dedupe_horizon.0 + plan.window.allowed_lateness.0;
    let kept = until.since(EventTime(1_772_323_200_000 + 5 * 60_000)).0 - expected;
    assert!((0..=2 * Span::HOUR.0).contains(&kept), "{kept}");
}

#[test]
fn a_new_key_is_the_only_one_where_nothing_was_counted() {
    let plan = plan();
    let monitor = restored(&plan, both_keys(), &fresh(&plan).snapshot()).unwrap();
    assert!(!monitor.has_two_keys());
    restored(&plan, NEW, &monitor.snapshot()).unwrap();
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % limit
    }
}

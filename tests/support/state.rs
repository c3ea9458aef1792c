//! A monitor with a bit of everything in it, and its checkpoint as bytes.

use paritywatch::checkpoint::{Header, Input, LastRecord, write};
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{AlertTransitions, Clock, FORMAT, Monitor, Output};
use paritywatch::plan::{EventTime, PartitionIndex, Plan};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::Value;

use super::received::{By, hand_over, received};

/// Wall-clock time of all that happens: nothing is idle or stale by chance.
pub const NOW: EventTime = EventTime(1_790_000_000_000);
/// The pseudonym key.
pub const KEY: PseudonymKey = PseudonymKey([9; 16]);
/// Partitions that events come from.
pub const PARTITIONS: u32 = 2;

/// What every configuration here begins with.
pub const BASE: &str = r#"
[privacy]
min_cell = 0
reason = "made up"
[window]
rolling = ["24h", "7d"]
cohort_max_age = "2d"
allowed_lateness = "10m"
max_ahead = "24h"
[alerting]
block_exposed = 12
block_concluded = 4
[dimensions.origin]
ground = "race"
groups = ["x", "y", "other"]
"#;

/// Three profiles, the last with population counts.
pub const PROFILES: &str = "[profiles.b]\nowner = \"o\"\n[profiles.d]\nowner = \"o\"\n[profiles.e]\nowner = \"o\"\nexposure = \"population\"\n";

/// A rule by numbers alone.
pub const POINT: &str = "[[rules]]\nname = \"point\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nmin_events = 1\nevidence = \"point\"\n";
/// A rule with evidence and strata.
pub const SEQUENTIAL: &str = "[[rules]]\nname = \"sequential\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nstratify_by = \"office\"\nprofiles = [\"d\"]\n";
/// A rule with evidence against the most favourable group.
pub const HITS: &str =
    "[[rules]]\nname = \"hits\"\nindicator = \"hit_rate\"\nreference = \"lowest\"\nwarning = 0.9\ncritical = 0.8\n";
/// A rule with evidence against the random channel.
pub const RANDOM: &str = "[[rules]]\nname = \"random\"\nindicator = \"control_frequency\"\nreference = \"random\"\nwarning = 1.1\ncritical = 1.25\n";
/// A rule on population counts.
pub const FREQUENCY: &str =
    "[[rules]]\nname = \"frequency\"\nindicator = \"control_frequency\"\nwarning = 1.1\ncritical = 1.25\n";

/// A whole configuration.
pub fn config(profiles: &str, rules: &[&str]) -> String {
    format!("{BASE}{profiles}{}", rules.concat())
}

/// The configuration that the others differ from.
pub fn usual() -> String {
    config(PROFILES, &[POINT, SEQUENTIAL, HITS, RANDOM, FREQUENCY])
}

/// The core of a configuration.
pub fn plan(text: &str) -> Plan {
    Settings::parse(text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}")).plan
}

/// A monitor that has seen nothing.
pub fn fresh(plan: &Plan) -> Monitor {
    let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Wall);
    (0..PARTITIONS).for_each(|index| monitor.add_partition(PartitionIndex(index), NOW));
    monitor
}

/// Feeds events in batches of all sizes up to some hundreds, alternating between partitions by their length.
pub fn feed(monitor: &mut Monitor, lines: &[String]) {
    let records: Vec<_> =
        lines.iter().map(|line| received(u32::try_from(line.len()).unwrap() % PARTITIONS, line)).collect();
    let mut size = 0;
    hand_over(
        monitor,
        &records,
        NOW,
        &mut By::Batches(&mut || {
            size = size * 2 % 769 + 1;
            size
        }),
    );
}

/// Polls until nothing is left, and returns the changes of alerts: at most one piece, and before any publication.
pub fn transitions(monitor: &mut Monitor) -> Option<AlertTransitions> {
    let (mut transitions, mut published) = (None, 0);
    while let Some(output) = monitor.poll_output() {
        match output {
            Output::Alerts(changed) => {
                assert!(published == 0 && transitions.is_none(), "changes come first, and all at once");
                transitions = Some(changed);
            }
            Output::Published(_) => published += 1,
        }
    }
    assert!(published <= 1 && monitor.poll_output().is_none());
    transitions
}

/// What an evaluation now gives.
pub fn evaluation(monitor: &mut Monitor) -> Value {
    monitor.handle_tick(NOW);
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

/// Events of so many cases in the order of their times: selections, controls, outcomes and their corrections, complaints, membership sent
/// apart, tallies and populations; one in a while again, or not to be read.
pub fn events(cases: u64) -> Vec<String> {
    let mut events: Vec<(u64, String)> = Vec::new();
    for case in 0..cases {
        let mut add = |kind: &str, minute: u64, data: &str| {
            let id = events.len();
            let line = format!(
                r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/s","id":"e{id}","time":"{}","data":{{{data}}}}}"#,
                time(minute)
            );
            events.push((minute, line));
            id
        };
        let minute = case * 17;
        let profile = ["d", "d", "b", "e"][(mixed(case) >> 20) as usize % 4];
        let group = ["x", "y", "z"][(case % 3) as usize];
        let groups = format!(r#""groups":{{"origin":"{group}"}}"#);
        let selected = mixed(case).is_multiple_of(if group == "y" { 2 } else { 4 });
        let channel = ["profile", "random"][usize::from(mixed(case + 1_000_000).is_multiple_of(4))];
        let apart = case % 11 == 0;
        let with = if apart { String::new() } else { format!(",{groups}") };
        add(
            "selection",
            minute,
            &format!(
                r#""case_id":"c{case}","profile":"{profile}","channel":"{channel}","selected":{selected},"strata":{{"office":"o{}"}}{with}"#,
                case % 2
            ),
        );
        if apart {
            add("attributes", minute + 3, &format!(r#""case_id":"c{case}",{groups}"#));
        }
        if selected {
            add("control", minute + 20, &format!(r#""case_id":"c{case}","performed":{}"#, case % 7 != 0));
            let word = ["violation", "no_violation", "unknown"][(mixed(case) / 8 % 3) as usize];
            let outcome = add("outcome", minute + 90, &format!(r#""case_id":"c{case}","outcome":"{word}""#));
            if case % 5 == 0 {
                let data = format!(r#""case_id":"c{case}","outcome":"no_violation","revises":"e{outcome}""#);
                add("outcome", minute + 200, &data);
            }
        }
        if case % 13 == 0 {
            add("complaint", minute + 30, &format!(r#""profile":"{profile}",{groups}"#));
            add("outcome", minute + 31, &format!(r#""case_id":"never-selected-{case}","outcome":"violation""#));
        }
        if case % 29 == 0 {
            add("tally", minute + 1, &format!(r#""profile":"b",{groups},"counts":{{"assessed":9,"selected":2}}"#));
            let data =
                r#""profile":"e","dimension":"origin","counts":{"x":500,"y":400,"w":3},"valid_from":"2026-03-01""#;
            add("population", minute + 2, data);
            add("nothing", minute + 2, "");
            events.push((minute + 2, "{".to_owned()));
        }
        if case % 10 == 0 {
            let again = events[events.len() / 2].1.clone();
            events.push((minute + 5, again));
        }
    }
    // Stable: what comes twice comes first where it did.
    events.sort_by_key(|(minute, _)| *minute);
    events.into_iter().map(|(_, line)| line).collect()
}

/// A header of this state.
pub fn header(plan: &Plan) -> Header {
    let input = |partition: u32| Input {
        topic: "events".to_owned(),
        partition: i32::try_from(partition).unwrap(),
        next_offset: 77,
        last: Some(LastRecord { offset: 76, hash: 5, message_bytes: Some(65_536) }),
    };
    Header {
        format: FORMAT,
        written_by: "paritywatch test".to_owned(),
        sequence: 3,
        config_hash: plan.config_hash.clone(),
        journal: 1,
        inputs: (0..PARTITIONS).map(input).collect(),
        accepted_gaps: Vec::new(),
    }
}

/// The checkpoint of a monitor.
pub fn checkpoint(plan: &Plan, monitor: &Monitor) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&header(plan), &monitor.snapshot(), &mut bytes).unwrap();
    bytes
}

/// Where each part of a checkpoint begins, by name: title, header and sections, and the end.
pub fn parts(checkpoint: &[u8]) -> Vec<(String, usize)> {
    let mut parts = vec![("title".to_owned(), 0)];
    let mut at = checkpoint.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    while at < checkpoint.len() {
        let name = if parts.len() == 1 { "header".to_owned() } else { format!("section {}", parts.len() - 2) };
        parts.push((name, at));
        let length = u64::from_le_bytes(checkpoint[at..at + 8].try_into().unwrap());
        at += 16 + usize::try_from(length).unwrap();
    }
    parts.push(("end".to_owned(), at));
    parts
}

/// A time in March 2026.
pub fn time(minute: u64) -> String {
    let (day, minute) = (minute / 1_440 + 1, minute % 1_440);
    format!("2026-03-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

/// splitmix64 of a number.
pub fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

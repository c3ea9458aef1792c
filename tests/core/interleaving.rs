//! However partitions are interleaved, and however often the core is asked in between, the findings are the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::process::Command;

use crate::support::received::{By, hand_over, received};

use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use serde_json::Value;

const PARTITIONS: usize = 3;
const KEY: PseudonymKey = PseudonymKey([5; 16]);
const NOW: EventTime = EventTime(1_800_000_000_000);

const CONFIG: &str = r#"
[privacy]
min_cell = 0
reason = "test"
[window]
rolling = ["24h", "7d"]
cohort_max_age = "2d"
allowed_lateness = "10m"
[profiles.cub]
owner = "o"
[dimensions.origin]
ground = "race"
groups = ["dutch", "european", "non_european"]
[dimensions.gender]
ground = "sex"
groups = ["female", "male"]
[[rules]]
name = "selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "interval"
stratify_by = "office"
[[rules]]
name = "frequency"
indicator = "control_frequency"
reference = "random"
warning = 1.1
critical = 1.25
evidence = "interval"
[[rules]]
name = "sequential-selection"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "office"
[[rules]]
name = "sequential-crude"
indicator = "selection_rate"
reference = "lowest"
warning = 1.1
critical = 1.25
[[rules]]
name = "sequential-hits"
indicator = "hit_rate"
warning = 0.9
critical = 0.8
[[rules]]
name = "sequential-random"
indicator = "selection_rate"
reference = "random"
warning = 1.1
critical = 1.25
[[rules]]
name = "coverage"
indicator = "outcome_coverage"
reference = "lowest"
warning = 0.9
critical = 0.8
evidence = "interval"
"#;

#[test]
fn interleavings_and_batch_sizes_give_the_same_findings() {
    let settings = settings();
    let partitions = partitions();
    let findings = |batch: usize, order: [usize; PARTITIONS], at_once: usize| {
        let mut monitor = read(&settings, &partitions, batch, order, at_once, |monitor, _| monitor.handle_tick(NOW));
        monitor.handle_tick(NOW.plus(Span::HOUR));
        let health = monitor.health();
        (document(&monitor)["findings"].to_string(), health.events)
    };
    let expected = findings(300, [0, 1, 2], ONE_BY_ONE);
    assert!(expected.0.contains("\"verdict\":\"within\""), "{}", expected.0);
    assert!(expected.1.duplicate > 500);
    let findings_found: Value = serde_json::from_str(&expected.0).unwrap();
    for rule in ["sequential-selection", "sequential-crude", "sequential-hits", "sequential-random"] {
        let rows = findings_found.as_array().unwrap().iter().filter(|finding| finding["rule"] == rule);
        let blocks: u64 = rows.map(|finding| finding["evidence"]["blocks"].as_u64().unwrap()).max().unwrap();
        assert!(blocks > 2, "{rule}: {blocks} blocks");
    }
    assert_eq!(findings(13, [2, 0, 1], 39), expected);
    assert_eq!(findings(4_096, [1, 2, 0], 4_096), expected);
    assert_eq!(findings(300, [1, 0, 2], 257), expected);
}

#[test]
fn interleavings_batch_sizes_and_restarts_give_the_same_digest() {
    let settings = settings();
    let partitions = partitions();
    let digest = |batch: usize, order: [usize; PARTITIONS], at_once: usize, restart: usize| {
        let mut monitor = read(&settings, &partitions, batch, order, at_once, |monitor, round| {
            if round == restart {
                let snapshot = monitor.snapshot();
                let section = |index: usize| snapshot.section(index).ok();
                *monitor = Monitor::restore(settings.plan.clone(), KEY, Clock::Wall, section).unwrap();
            }
        });
        monitor.handle_tick(NOW);
        let document = document(&monitor);
        assert_eq!(document["digest"], monitor.published().digest());
        assert!(monitor.published().to_table(200, false).contains(&monitor.published().digest()));
        document["digest"].as_str().unwrap().to_owned()
    };
    let expected = digest(300, [0, 1, 2], ONE_BY_ONE, usize::MAX);
    assert_eq!(expected.len(), 32);
    assert_eq!(digest(300, [0, 1, 2], ONE_BY_ONE, usize::MAX), expected);
    assert_eq!(digest(300, [0, 1, 2], 900, usize::MAX), expected);
    assert_eq!(digest(1_000, [2, 0, 1], 256, 11), expected);
    assert_eq!(digest(17, [1, 2, 0], 5, 600), expected);
    let mut fewer = partitions.clone();
    fewer[1].pop();
    let mut monitor = read(&settings, &fewer, 300, [0, 1, 2], 900, |_, _| {});
    monitor.handle_tick(NOW);
    assert_ne!(monitor.published().digest(), expected, "an event more or less makes no difference");
}

#[test]
fn a_log_replayed_twice_gives_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let files = [0, 1, 2].map(|index| folder.path().join(format!("{index}.jsonl")));
    files.iter().zip(partitions()).for_each(|(file, lines)| std::fs::write(file, lines.join("\n")).unwrap());
    let replay = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
        let output =
            command.args(["replay", "--format", format, "--config"]).arg(&config).args(&files).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let documents = [replay("json"), replay("json")];
    assert_eq!(documents[0], documents[1]);
    let document: Value = serde_json::from_str(&documents[0]).unwrap();
    assert!(replay("table").contains(document["digest"].as_str().unwrap()));
}

fn settings() -> Settings {
    Settings::parse(CONFIG, "test.toml", std::iter::empty()).unwrap()
}

/// By case, as Kafka does it; and every fiftieth event twice.
fn partitions() -> [Vec<String>; PARTITIONS] {
    let mut partitions: [Vec<String>; PARTITIONS] = Default::default();
    for event in Stream::new(&Shape::new(Scenario::Simpson, 60_000, 7)) {
        let number: usize = event.case_id[5..].parse().unwrap();
        partitions[number % PARTITIONS].push(event.json.clone());
        if number.is_multiple_of(50) {
            partitions[number % PARTITIONS].push(event.json);
        }
    }
    partitions
}

/// Instead of a number of records that are handed over at once: each by itself.
const ONE_BY_ONE: usize = 0;

/// Reads all, `batch` records from one partition after the other, and hands over so many at once; `between` comes after each round of them.
fn read(
    settings: &Settings,
    partitions: &[Vec<String>; PARTITIONS],
    batch: usize,
    order: [usize; PARTITIONS],
    at_once: usize,
    mut between: impl FnMut(&mut Monitor, usize),
) -> Monitor {
    let mut monitor = Monitor::new(settings.plan.clone(), KEY, Clock::Wall);
    (0..3).for_each(|index| monitor.add_partition(PartitionIndex(index), NOW));
    let mut batches = partitions.each_ref().map(|lines| lines.chunks(batch));
    for round in 0.. {
        let mut read = Vec::new();
        for partition in order {
            let lines = batches[partition].next().unwrap_or_default();
            read.extend(lines.iter().map(|line| received(partition as u32, line)));
        }
        let mut size = || at_once;
        let mut by = if at_once == ONE_BY_ONE { By::Record } else { By::Batches(&mut size) };
        hand_over(&mut monitor, &read, NOW, &mut by);
        between(&mut monitor, round);
        if read.is_empty() {
            break;
        }
    }
    monitor
}

fn document(monitor: &Monitor) -> Value {
    serde_json::from_str(&monitor.published().to_json()).unwrap()
}

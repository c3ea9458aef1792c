//! However partitions are interleaved, and however often the core is asked in between, the findings are the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::event::{EventTime, RawRecord, Span};
use paritywatch::monitor::{Clock, Monitor, PartitionIndex, PseudonymKey};
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;

const PARTITIONS: usize = 3;
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
    let settings = Settings::parse(CONFIG, "test.toml", std::iter::empty()).unwrap();
    let mut partitions: [Vec<String>; PARTITIONS] = Default::default();
    for event in Stream::new(&Shape::new(Scenario::Simpson, 60_000, 7)) {
        // By case, as Kafka does it; and every fiftieth event twice.
        let number: usize = event.case_id[5..].parse().unwrap();
        partitions[number % PARTITIONS].push(event.json.clone());
        if number.is_multiple_of(50) {
            partitions[number % PARTITIONS].push(event.json);
        }
    }
    let findings = |batch: usize, order: [usize; PARTITIONS]| {
        let mut monitor = Monitor::new(settings.plan.clone(), PseudonymKey([5; 16]), Clock::Wall);
        (0..3).for_each(|index| monitor.add_partition(PartitionIndex(index), NOW));
        let mut batches = partitions.each_ref().map(|lines| lines.chunks(batch));
        loop {
            let mut read = 0;
            for partition in order {
                for line in batches[partition].next().unwrap_or_default() {
                    let record = RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None };
                    monitor.handle_record(PartitionIndex(partition as u32), &record, NOW);
                    read += 1;
                }
                monitor.handle_tick(NOW);
            }
            if read == 0 {
                break;
            }
        }
        monitor.handle_tick(NOW.plus(Span::HOUR));
        let health = monitor.health();
        let document: serde_json::Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
        (document["findings"].to_string(), health.events)
    };
    let expected = findings(300, [0, 1, 2]);
    assert!(expected.0.contains("\"verdict\":\"within\""), "{}", expected.0);
    assert!(expected.1.duplicate > 500);
    let findings_found: serde_json::Value = serde_json::from_str(&expected.0).unwrap();
    for rule in ["sequential-selection", "sequential-crude", "sequential-hits", "sequential-random"] {
        let rows = findings_found.as_array().unwrap().iter().filter(|finding| finding["rule"] == rule);
        let blocks: u64 = rows.map(|finding| finding["evidence"]["blocks"].as_u64().unwrap()).max().unwrap();
        assert!(blocks > 2, "{rule}: {blocks} blocks");
    }
    assert_eq!(findings(13, [2, 0, 1]), expected);
    assert_eq!(findings(4_096, [1, 2, 0]), expected);
}

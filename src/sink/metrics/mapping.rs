//! Mappings: what became of the records that they read.

use super::labels::count;
use super::metric::{Metric, Samples};
use super::scrape::Scrape;

/// The metrics of mappings.
pub(super) const METRICS: [Metric; 4] = [
    Metric::counters(
        "mapping_records_total",
        "Records that a mapping read since the start, by what became of them.",
        &["mapping", "result"],
        records,
    ),
    Metric::counters(
        "mapping_events_total",
        "Events that a mapping made since the start.",
        &["mapping"],
        |scrape, samples| {
            for (name, counts) in &scrape.view.mappings {
                samples.push([name.as_str()], count(counts.events));
            }
        },
    ),
    Metric::counters(
        "mapping_jq_records_total",
        "Records that a mapping by an expression of jq read since the start: they take longer than those that paths read.",
        &["mapping"],
        |scrape, samples| {
            for (name, counts) in &scrape.view.mappings {
                samples.push([name.as_str()], count(counts.jq_records));
            }
        },
    ),
    Metric::counters(
        "mapping_jq_steps_total",
        "Steps that the expression of a mapping took since the start; a record may take 100000.",
        &["mapping"],
        |scrape, samples| {
            for (name, counts) in &scrape.view.mappings {
                samples.push([name.as_str()], count(counts.jq_steps));
            }
        },
    ),
];

/// From 0 on, so that `increase()` sees the first of a result too.
fn records(scrape: &Scrape, samples: &mut Samples) {
    for (name, counts) in &scrape.view.mappings {
        let results = [
            ("mapped", counts.mapped),
            ("unmapped", counts.unmapped),
            ("unchanged", counts.unchanged),
            ("deleted", counts.deleted),
            ("refused", counts.refused),
        ];
        for (result, records) in results {
            samples.push([name.as_str(), result], count(records));
        }
    }
}

//! The funnel, and cases whose facts came too late for evidence.

use super::labels::count;
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::judge::Stage;

/// The metrics of the funnel.
pub(super) const METRICS: [Metric; 3] = [
    Metric::gauges(
        "stage_cases",
        "Cases in the window that have reached a stage.",
        &["profile", "channel", "dimension", "group", "window", "stage"],
        stages,
    ),
    Metric::counters(
        "late_evidence_cases_total",
        "Cases whose facts came too late for evidence: windows count them, closed blocks do not.",
        &["profile", "channel", "dimension", "group"],
        |scrape, samples| {
            for late in scrape.view.published.late() {
                samples.push([&*late.profile, late.channel, &late.dimension, &late.group], count(late.cases));
            }
        },
    ),
    Metric::gauges(
        "series_dropped",
        "Series of findings and of the funnel left out because of limits.",
        &[],
        |scrape, samples| samples.push([], count(scrape.series_dropped() as u64)),
    ),
];

fn stages(scrape: &Scrape, samples: &mut Samples) {
    for row in scrape.funnel() {
        for (stage, cases) in Stage::ALL.into_iter().zip(row.stages) {
            let labels = [&*row.profile, row.channel, &row.dimension, &row.group, &row.window, stage.name()];
            samples.extend(labels, cases.map(count));
        }
    }
}

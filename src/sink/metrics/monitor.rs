//! The monitor: what it has read, and what it holds in memory.

use super::labels::{count, flag, seconds};
use super::metric::{Buckets, Kind, Metric, Samples, Source};
use super::scrape::Scrape;
use crate::event::Reason;
use crate::monitor::possible_results;
use crate::status::{LATENCY_BOUNDS_MS, LatencyHistogram};
use crate::window::UNLISTED_KINDS;

/// The metrics of the monitor.
pub(super) const METRICS: [Metric; 24] = [
    Metric::counters(
        "events_total",
        "Records read, by event type and what became of them.",
        &["type", "result"],
        |scrape, samples| {
            // From 0 on, so that `increase()` sees the first of a result too.
            for (kind, result) in possible_results() {
                let found = scrape.view.health.by_type.iter().find(|known| (known.0, known.1) == (kind, result));
                samples.push([kind, result], count(found.map_or(0, |found| found.2)));
            }
        },
    ),
    Metric::counters("rejected_events_total", "Records rejected, by reason.", &["reason"], |scrape, samples| {
        for reason in Reason::ALL.iter().map(|reason| reason.name()) {
            let found = scrape.view.health.rejections.iter().find(|known| known.0 == reason);
            samples.push([reason], count(found.map_or(0, |found| found.1)));
        }
    }),
    Metric::counter(
        "late_events_total",
        "Accepted events since the start that came too late for evidence: their hour was final.",
        |view| Some(count(view.health.late_for_evidence)),
    ),
    Metric::counter(
        "events_ahead_total",
        "Events further ahead than the other events of their partition support; they moved no watermark.",
        |view| Some(count(view.health.ahead)),
    ),
    Metric {
        name: "processing_latency_seconds",
        help: "From a record's Kafka timestamp to its being counted, and from there to the first evaluation published with it.",
        kind: Kind::Histogram,
        labels: &["stage"],
        samples: Source::Scrape(latency),
    },
    Metric::gauge("watermark_timestamp_seconds", "Event time up to which all partitions have come.", |view| {
        view.health.watermark.map(seconds)
    }),
    Metric::gauge(
        "released_timestamp_seconds",
        "Event time at which the windows of the published numbers end.",
        |view| view.published.released_at().map(seconds),
    ),
    Metric::gauge("open_cases", "Cases open.", |view| Some(count(view.health.open_cases))),
    Metric::gauge("waiting_cases", "Cases with events that wait for their selection.", |view| {
        Some(count(view.health.waiting_cases))
    }),
    Metric::gauge("remembered_ids", "Event ids remembered apart from open cases.", |view| {
        Some(count(view.health.remembered_ids))
    }),
    Metric::gauge("cells", "Cells in memory.", |view| Some(count(view.health.cells))),
    Metric::counter("evicted_cases_total", "Cases closed because limits.open_cases was reached.", |view| {
        Some(count(view.health.evicted_cases))
    }),
    Metric::counter("dropped_waiting_cases_total", "Waiting cases closed without a selection.", |view| {
        Some(count(view.health.dropped_waiting))
    }),
    Metric::counter(
        "evicted_ids_total",
        "Event ids forgotten early because limits.remembered_ids was reached: a second delivery of theirs counts again.",
        |view| Some(count(view.health.evicted_ids)),
    ),
    Metric::counter(
        "refused_contributions_total",
        "What cases count for that was not counted because there were too many cells.",
        |view| Some(count(view.health.refused_contributions)),
    ),
    Metric::counter("evaluations_total", "Evaluations.", |view| Some(count(view.health.evaluations))),
    Metric::gauge("evaluation_duration_seconds", "Duration of the last evaluation.", |view| {
        Some(view.evaluation_took.as_secs_f64())
    }),
    Metric::gauges(
        "cases_without_group",
        "Cases without a group in a dimension.",
        &["dimension"],
        |scrape, samples| by_dimension(&scrape.view.health.without_group, samples),
    ),
    Metric::counters(
        "cases_released_without_group_total",
        "Cases let go without a group in a dimension that a rule reads.",
        &["dimension"],
        |scrape, samples| by_dimension(&scrape.view.health.released, samples),
    ),
    Metric::gauges(
        "unlisted_cases",
        "Cases within the history whose group is on no list; kind: unlisted, or look_alike of a listed group.",
        &["dimension", "kind"],
        |scrape, samples| by_kind(&scrape.view.health.unlisted, samples),
    ),
    Metric::counters(
        "unlisted_cases_total",
        "Cases that came with a group on no list since the start; kind: unlisted, or look_alike of a listed group.",
        &["dimension", "kind"],
        |scrape, samples| by_kind(&scrape.view.health.unlisted_ever, samples),
    ),
    Metric::gauges(
        "cases_with_probabilistic_group",
        "Cases whose group is known only as probabilities.",
        &["dimension"],
        |scrape, samples| by_dimension(&scrape.view.health.probabilistic, samples),
    ),
    Metric::counter(
        "probabilities_dropped_total",
        "Probabilities of membership not kept because too many distinct ones were in use.",
        |view| Some(count(view.health.probabilities_dropped)),
    ),
    Metric::gauge("ready", "1 when the daemon has caught up and evaluated.", |view| Some(flag(view.ready().is_ok()))),
];

fn latency(scrape: &Scrape, samples: &mut Samples) {
    samples.histogram(["counted"], buckets(&scrape.view.latency.counted));
    samples.histogram(["published"], buckets(&scrape.view.latency.published));
}

fn buckets(latency: &LatencyHistogram) -> Buckets {
    let bounds = LATENCY_BOUNDS_MS.iter().map(|bound| f64::from(*bound) / 1_000.0);
    let cumulative = bounds.zip(latency.cumulative).collect();
    Buckets { cumulative, count: latency.count, sum_seconds: latency.sum_seconds() }
}

fn by_kind(counts: &[(String, [u64; UNLISTED_KINDS.len()])], samples: &mut Samples) {
    for (dimension, counts) in counts {
        for (kind, cases) in UNLISTED_KINDS.iter().zip(counts) {
            samples.push([dimension.as_str(), kind.1], count(*cases));
        }
    }
}

fn by_dimension(counts: &[(String, u64)], samples: &mut Samples) {
    for (dimension, cases) in counts {
        samples.push([dimension.as_str()], count(*cases));
    }
}

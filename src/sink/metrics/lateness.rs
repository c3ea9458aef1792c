//! How late events are, and what would suffice.

use super::labels::count;
use super::metric::{Buckets, Kind, Metric, Samples, Source};
use super::scrape::Scrape;
use crate::plan::Span;
use crate::status::PartitionLateness;
use crate::window::LATENESS_BOUNDS_S;

/// The metrics of lateness.
pub(super) const METRICS: [Metric; 4] = [
    Metric {
        name: "event_lateness_seconds",
        help: "How far accepted events were behind the watermark of their partition.",
        kind: Kind::Histogram,
        labels: &["topic", "partition"],
        samples: Source::Scrape(partitions),
    },
    Metric::gauges(
        "group_lateness_seconds",
        "How far all but one in twenty of a listed group's events were behind the watermark of their partition, at most.",
        &["dimension", "group"],
        |scrape, samples| {
            for group in &scrape.view.lateness.groups {
                samples.push([group.dimension.as_str(), group.group.as_str()], seconds(group.regular));
            }
        },
    ),
    Metric::gauges(
        "allowed_lateness_sufficient_seconds",
        "What window.allowed_lateness would suffice for a partition that is regularly later than it allows.",
        &["topic", "partition"],
        |scrape, samples| {
            each_partition(scrape, |labels, lateness| samples.extend(labels, lateness.sufficient.map(seconds)));
        },
    ),
    Metric::gauges(
        "group_allowed_lateness_sufficient_seconds",
        "What window.allowed_lateness would suffice for a listed group that is regularly later than it allows.",
        &["dimension", "group"],
        |scrape, samples| {
            for group in &scrape.view.lateness.groups {
                samples.extend([group.dimension.as_str(), group.group.as_str()], group.sufficient.map(seconds));
            }
        },
    ),
];

fn partitions(scrape: &Scrape, samples: &mut Samples) {
    each_partition(scrape, |labels, lateness| {
        let cumulative = LATENESS_BOUNDS_S.iter().map(|bound| f64::from(*bound)).zip(lateness.cumulative).collect();
        let buckets = Buckets { cumulative, count: lateness.count, sum_seconds: count(lateness.sum_s) };
        samples.histogram(labels, buckets);
    });
}

fn each_partition(scrape: &Scrape, mut visit: impl FnMut([&str; 2], &PartitionLateness)) {
    for lateness in &scrape.view.lateness.partitions {
        let named = scrape.view.source.partitions.iter().find(|partition| partition.index == lateness.index);
        if let Some(named) = named {
            visit([named.topic.as_str(), named.partition.to_string().as_str()], lateness);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a lateness needs no more than 53 bits")]
fn seconds(span: Span) -> f64 {
    span.0 as f64 / 1_000.0
}

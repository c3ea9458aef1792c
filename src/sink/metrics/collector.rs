//! The tables of metrics as a collector of Prometheus' registry.

use std::collections::HashMap;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, MetricFamily, MetricType};

use super::labels::of_finding;
use super::metric::{Kind, Metric, Samples, Source, Value};
use super::scrape::Scrape;
use super::{alerts, consumer, delivery, evidence, findings, funnel, monitor, operation, probabilistic};
use crate::status::{LATENCY_BOUNDS_MS, LatencyHistogram};

/// What stands before every name.
const PREFIX: &str = "paritywatch_";

/// Every table.
pub(super) const TABLES: [&[Metric]; 9] = [
    &findings::METRICS,
    &probabilistic::METRICS,
    &evidence::METRICS,
    &funnel::METRICS,
    &alerts::METRICS,
    &monitor::METRICS,
    &consumer::METRICS,
    &delivery::METRICS,
    &operation::METRICS,
];

/// All metrics of one scrape.
pub(super) struct Metrics {
    scrape: Scrape,
    descriptors: Vec<Desc>,
}

impl Metrics {
    /// Prepares to collect.
    ///
    /// # Errors
    /// What Prometheus refuses of a descriptor. They are constants, so a test finds it.
    pub fn new(scrape: Scrape) -> prometheus::Result<Self> {
        let descriptor = |metric: &Metric| {
            let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
            Desc::new(full_name(metric), metric.help.to_owned(), labels, HashMap::new())
        };
        let descriptors = TABLES.iter().copied().flatten().map(descriptor).collect::<prometheus::Result<_>>()?;
        Ok(Self { scrape, descriptors })
    }
}

impl Collector for Metrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptors.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        TABLES.iter().copied().flatten().map(|metric| family(metric, &self.scrape)).collect()
    }
}

fn full_name(metric: &Metric) -> String {
    format!("{PREFIX}{}", metric.name)
}

fn family(metric: &Metric, scrape: &Scrape) -> MetricFamily {
    let mut samples = Samples::default();
    match metric.samples {
        Source::Scrape(take) => take(scrape, &mut samples),
        Source::View(value) => samples.extend([], value(&scrape.view)),
        Source::Finding(value) => {
            for finding in scrape.findings() {
                samples.extend(of_finding(finding), value(finding));
            }
        }
    }
    let mut family = MetricFamily::default();
    family.set_name(full_name(metric));
    family.set_help(metric.help.to_owned());
    family.set_field_type(match metric.kind {
        Kind::Gauge => MetricType::GAUGE,
        Kind::Counter => MetricType::COUNTER,
        Kind::Histogram => MetricType::HISTOGRAM,
    });
    let rows = samples.into_rows().into_iter();
    family.set_metric(rows.map(|(values, value)| sample(metric, values, value)).collect());
    family
}

fn sample(metric: &Metric, values: Vec<String>, value: Value) -> prometheus::proto::Metric {
    let mut pairs: Vec<LabelPair> =
        metric.labels.iter().zip(values).map(|(name, value)| label_pair(name, value)).collect();
    pairs.sort_by(|one, other| one.name().cmp(other.name()));
    let mut sample = prometheus::proto::Metric::from_label(pairs);
    match (metric.kind, value) {
        (Kind::Gauge, Value::Number(number)) => {
            let mut gauge = Gauge::default();
            gauge.set_value(number);
            sample.set_gauge(gauge);
        }
        (_, Value::Number(number)) => {
            let mut counter = Counter::default();
            counter.set_value(number);
            sample.set_counter(counter);
        }
        (_, Value::Histogram(latency)) => sample.set_histogram(histogram(&latency)),
    }
    sample
}

fn label_pair(name: &str, value: String) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value);
    pair
}

fn histogram(latency: &LatencyHistogram) -> Histogram {
    let buckets = LATENCY_BOUNDS_MS.iter().zip(latency.cumulative).map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(f64::from(*bound) / 1_000.0);
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(latency.count);
    histogram.set_sample_sum(latency.sum_seconds());
    histogram
}

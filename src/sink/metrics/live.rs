//! The metrics that change from one scrape to the next, as the crate `prometheus` writes them.

use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use super::family::{Family, PREFIX};
use super::metric::{Buckets, Columns, Kind, Metric, Samples, Source, Value};
use super::scrape::Scrape;

/// Takes the samples of a metric.
pub(super) fn family(metric: &Metric, scrape: &Scrape) -> Family {
    let mut samples = Samples::default();
    match metric.samples {
        Source::Scrape(take) => take(scrape, &mut samples),
        Source::View(value) => samples.extend([], value(&scrape.view)),
        Source::Finding(_) => {}
    }
    let columns = Columns::of(metric.labels);
    let taken = samples.order(&columns).into_iter().filter_map(|place| {
        let labels = samples.labels(&columns, place).map(|(name, value)| label_pair(name, value)).collect();
        Some(sample(metric, labels, samples.value(place)?))
    });
    let mut family = MetricFamily::default();
    family.set_name(format!("{PREFIX}{}", metric.name));
    family.set_help(metric.help.to_owned());
    family.set_field_type(match metric.kind {
        Kind::Gauge => MetricType::GAUGE,
        Kind::Counter => MetricType::COUNTER,
        Kind::Histogram => MetricType::HISTOGRAM,
    });
    family.set_metric(taken.collect());
    Family { name: metric.name, text: text(&family) }
}

/// Returns a family as text; empty where it has no sample.
fn text(family: &MetricFamily) -> String {
    let mut text = Vec::new();
    if !family.get_metric().is_empty()
        && let Err(error) = TextEncoder::new().encode(std::slice::from_ref(family), &mut text)
    {
        tracing::error!(%error, name = family.name(), "a metric could not be written");
        text.clear();
    }
    String::from_utf8(text).unwrap_or_default()
}

fn sample(metric: &Metric, labels: Vec<LabelPair>, value: &Value) -> prometheus::proto::Metric {
    let mut sample = prometheus::proto::Metric::from_label(labels);
    match (metric.kind, value) {
        (Kind::Gauge, Value::Number(number)) => {
            let mut gauge = Gauge::default();
            gauge.set_value(*number);
            sample.set_gauge(gauge);
        }
        (_, Value::Number(number)) => {
            let mut counter = Counter::default();
            counter.set_value(*number);
            sample.set_counter(counter);
        }
        (_, Value::Histogram(buckets)) => sample.set_histogram(histogram(buckets)),
    }
    sample
}

fn label_pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

fn histogram(buckets: &Buckets) -> Histogram {
    let cumulative = buckets.cumulative.iter().map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(*count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(cumulative.collect());
    histogram.set_sample_count(buckets.count);
    histogram.set_sample_sum(buckets.sum_seconds);
    histogram
}

//! One metric: its descriptor, and where its samples come from.

use std::collections::BTreeMap;

use super::scrape::Scrape;
use crate::disclosure::PublishedFinding;
use crate::status::{LatencyHistogram, View};

/// A row of a table of metrics.
pub(super) struct Metric {
    /// The name, without the prefix `paritywatch_`.
    pub name: &'static str,
    /// The help text.
    pub help: &'static str,
    /// The type.
    pub kind: Kind,
    /// The names of the labels, in the order of the values that [`Samples`] takes.
    pub labels: &'static [&'static str],
    /// Takes the samples.
    pub samples: Source,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number that rises and falls.
    Gauge,
    /// A number that only rises while the daemon runs.
    Counter,
    /// Counts by size.
    Histogram,
}

/// Where the samples of a metric come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The whole scrape: any number of samples.
    Scrape(fn(&Scrape, &mut Samples)),
    /// The view: at most one sample, without labels.
    View(fn(&View) -> Option<f64>),
    /// Each finding: at most one sample, with the labels of a finding.
    Finding(fn(&PublishedFinding) -> Option<f64>),
}

/// The samples of one metric, by the values of their labels.
#[derive(Default)]
pub(super) struct Samples {
    rows: BTreeMap<Vec<String>, Value>,
}

/// The value of a sample.
#[derive(Clone)]
pub(super) enum Value {
    /// Of a gauge or a counter.
    Number(f64),
    /// Of a histogram.
    Histogram(LatencyHistogram),
}

impl Metric {
    /// A gauge without labels.
    pub const fn gauge(name: &'static str, help: &'static str, value: fn(&View) -> Option<f64>) -> Self {
        Self { name, help, kind: Kind::Gauge, labels: &[], samples: Source::View(value) }
    }

    /// A counter without labels.
    pub const fn counter(name: &'static str, help: &'static str, value: fn(&View) -> Option<f64>) -> Self {
        Self { name, help, kind: Kind::Counter, labels: &[], samples: Source::View(value) }
    }

    /// A gauge with labels.
    pub const fn gauges(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        samples: fn(&Scrape, &mut Samples),
    ) -> Self {
        Self { name, help, kind: Kind::Gauge, labels, samples: Source::Scrape(samples) }
    }

    /// A counter with labels.
    pub const fn counters(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        samples: fn(&Scrape, &mut Samples),
    ) -> Self {
        Self { name, help, kind: Kind::Counter, labels, samples: Source::Scrape(samples) }
    }
}

impl Samples {
    /// Adds a sample. Values of labels come in the order of [`Metric::labels`]. A value that is not finite is left out.
    pub fn push<'v>(&mut self, labels: impl IntoIterator<Item = &'v str>, value: f64) {
        if value.is_finite() {
            self.rows.insert(labels.into_iter().map(str::to_owned).collect(), Value::Number(value));
        }
    }

    /// Adds a sample if its value is known.
    pub fn extend<'v>(&mut self, labels: impl IntoIterator<Item = &'v str>, value: Option<f64>) {
        if let Some(value) = value {
            self.push(labels, value);
        }
    }

    /// Adds a histogram.
    pub fn histogram(&mut self, label: &str, histogram: &LatencyHistogram) {
        self.rows.insert(vec![label.to_owned()], Value::Histogram(histogram.clone()));
    }

    /// The samples, by the values of their labels.
    pub fn into_rows(self) -> BTreeMap<Vec<String>, Value> {
        self.rows
    }
}

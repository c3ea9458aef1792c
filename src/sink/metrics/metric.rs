//! One metric: its descriptor, and where its samples come from.

use super::scrape::Scrape;
use crate::disclosure::PublishedFinding;
use crate::status::View;

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

/// The samples of one metric.
#[derive(Default)]
pub(super) struct Samples {
    /// The values of the labels of all samples, one behind the other.
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    values: Vec<Value>,
}

/// The value of a sample.
#[derive(Clone)]
pub(super) enum Value {
    /// Of a gauge or a counter.
    Number(f64),
    /// Of a histogram.
    Histogram(Buckets),
}

/// A histogram.
#[derive(Clone)]
pub(super) struct Buckets {
    /// The upper bound of each bucket, in seconds, and how many are in it or in one before.
    pub cumulative: Vec<(f64, u64)>,
    pub count: u64,
    pub sum_seconds: f64,
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

/// The names of labels in their order, each with the place that its value was given at.
pub(super) struct Columns(Vec<(&'static str, usize)>);

impl Columns {
    /// Takes the names in the order in which values are given.
    pub fn of(names: &[&'static str]) -> Self {
        let mut columns: Vec<(&'static str, usize)> = names.iter().copied().zip(0..).collect();
        columns.sort_unstable();
        Self(columns)
    }
}

impl Samples {
    /// Adds a sample. Values of labels come in the order of [`Metric::labels`]. A value that is not finite is left out. Of two samples with the
    /// same labels the later one counts.
    pub fn push<'v>(&mut self, labels: impl IntoIterator<Item = &'v str>, value: f64) {
        if value.is_finite() {
            self.add(labels, Value::Number(value));
        }
    }

    /// Adds a sample if its value is known.
    pub fn extend<'v>(&mut self, labels: impl IntoIterator<Item = &'v str>, value: Option<f64>) {
        if let Some(value) = value {
            self.push(labels, value);
        }
    }

    /// Adds a histogram.
    pub fn histogram<'v>(&mut self, labels: impl IntoIterator<Item = &'v str>, histogram: Buckets) {
        self.add(labels, Value::Histogram(histogram));
    }

    fn add<'v>(&mut self, labels: impl IntoIterator<Item = &'v str>, value: Value) {
        for label in labels {
            self.text.push_str(label);
            self.ends.push(self.text.len());
        }
        self.values.push(value);
    }

    /// Returns the places of the samples by the values of their labels, which are taken by name.
    pub fn order(&self, columns: &Columns) -> Vec<usize> {
        let values = |row: usize| self.labels(columns, row).map(|(_, value)| value);
        let mut rows: Vec<usize> = (0..self.values.len()).collect();
        rows.sort_by(|one, other| values(*one).cmp(values(*other)));
        // Equal ones stand in the order in which they were added.
        let mut kept: Vec<usize> = Vec::with_capacity(rows.len());
        for row in rows {
            match kept.last_mut() {
                Some(last) if values(*last).eq(values(row)) => *last = row,
                _ => kept.push(row),
            }
        }
        kept
    }

    /// Returns the labels of the sample at a place, by name.
    pub fn labels<'s>(&'s self, columns: &'s Columns, row: usize) -> impl Iterator<Item = (&'s str, &'s str)> {
        let first = row * columns.0.len();
        columns.0.iter().map(move |(name, column)| (*name, self.label(first + column)))
    }

    /// Returns the value of the sample at a place.
    pub fn value(&self, row: usize) -> Option<&Value> {
        self.values.get(row)
    }

    /// The value of a label by its place among all of them.
    fn label(&self, place: usize) -> &str {
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(place).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }
}

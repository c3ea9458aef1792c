//! One metric with its samples, in Prometheus' text format.

use std::fmt::Write;

use super::labels::{FINDING, of_finding};
use super::metric::{Columns, Kind, Metric, Samples, Source, Value};
use super::scrape::Scrape;

/// What stands before every name.
pub(super) const PREFIX: &str = "paritywatch_";

/// A metric with its samples.
pub(super) struct Family {
    /// The name, by which families are sorted.
    pub name: &'static str,
    /// Help, type and samples; empty where there is no sample.
    pub text: String,
}

/// The labels of every finding as text, in the order of the page: most metrics have a sample for each finding.
pub(super) struct FindingLabels(Vec<(usize, String)>);

impl FindingLabels {
    pub fn of(scrape: &Scrape) -> Self {
        let mut samples = Samples::default();
        for finding in scrape.findings() {
            samples.push(of_finding(finding), 0.0);
        }
        let columns = Columns::of(&FINDING);
        let text = |place| {
            let mut text = String::new();
            write_labels(&mut text, samples.labels(&columns, place));
            (place, text)
        };
        Self(samples.order(&columns).into_iter().map(text).collect())
    }
}

impl Family {
    /// Takes the samples of a metric about findings. There may be very many of them.
    pub fn of(metric: &Metric, scrape: &Scrape, findings: &FindingLabels) -> Self {
        let mut family = Self { name: metric.name, text: String::new() };
        let mut samples = Samples::default();
        match metric.samples {
            Source::Scrape(take) => take(scrape, &mut samples),
            Source::View(value) => samples.extend([], value(&scrape.view)),
            Source::Finding(value) => {
                let all: Vec<_> = scrape.findings().collect();
                for (place, labels) in &findings.0 {
                    let value = all.get(*place).and_then(|finding| value(finding)).filter(|value| value.is_finite());
                    if let Some(value) = value {
                        family.begin(metric);
                        family.line(metric.name, labels, value);
                    }
                }
            }
        }
        let columns = Columns::of(metric.labels);
        let mut text = String::new();
        for place in samples.order(&columns) {
            family.begin(metric);
            let labels = samples.labels(&columns, place);
            if let Some(Value::Number(number)) = samples.value(place) {
                text.clear();
                write_labels(&mut text, labels);
                family.line(metric.name, &text, *number);
            }
        }
        family
    }

    /// Writes help and type before the first sample.
    fn begin(&mut self, metric: &Metric) {
        if self.text.is_empty() {
            let kind = match metric.kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
                Kind::Histogram => "histogram",
            };
            let Metric { name, help, .. } = metric;
            let help = Escaped { text: help, quotes: false };
            written(write!(self.text, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n"));
        }
    }

    fn line(&mut self, name: &str, labels: &str, value: f64) {
        for part in [PREFIX, name, labels, " "] {
            self.text.push_str(part);
        }
        written(writeln!(self.text, "{value}"));
    }
}

fn write_labels<'l>(text: &mut String, labels: impl Iterator<Item = (&'l str, &'l str)>) {
    let mut before = '{';
    for (name, value) in labels.filter(|(_, value)| !value.is_empty()) {
        text.push(before);
        text.push_str(name);
        text.push_str("=\"");
        written(write!(text, "{}", Escaped { text: value, quotes: true }));
        text.push('"');
        before = ',';
    }
    if before == ',' {
        text.push('}');
    }
}

/// A text with what the format escapes: backslash, line feed, and quotes within labels.
struct Escaped<'t> {
    text: &'t str,
    quotes: bool,
}

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.text;
        while let Some(at) = rest.find(|character| matches!(character, '\\' | '\n') || character == '"' && self.quotes)
        {
            let (plain, behind) = rest.split_at(at);
            formatter.write_str(plain)?;
            formatter.write_str(if behind.starts_with('\n') { "\\n" } else { "\\" })?;
            let (special, behind) = behind.split_at(1);
            formatter.write_str(if special == "\n" { "" } else { special })?;
            rest = behind;
        }
        formatter.write_str(rest)
    }
}

/// Writing to memory does not fail.
fn written(result: std::fmt::Result) {
    debug_assert!(result.is_ok(), "a string takes what is written");
}

//! The text that Prometheus scrapes.

use std::sync::Arc;

use prometheus::{Registry, TextEncoder};

use super::collector::Metrics;
use super::scrape::Scrape;
use crate::status::{View, wall_clock};

/// A view of the daemon in Prometheus' text format. Findings that would take more than `series_limit` series are left out, last ones first, then
/// groups of the funnel; the page says how many.
#[must_use]
pub fn render(view: &Arc<View>, series_limit: usize) -> String {
    text(Scrape::new(Arc::clone(view), series_limit, wall_clock())).unwrap_or_else(|error| {
        // Names, labels and help texts are constants, which a test renders.
        tracing::error!(%error, "the metrics could not be rendered");
        String::new()
    })
}

fn text(scrape: Scrape) -> prometheus::Result<String> {
    let registry = Registry::new();
    registry.register(Box::new(Metrics::new(scrape)?))?;
    TextEncoder::new().encode_to_string(&registry.gather())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::super::collector::TABLES;
    use super::super::metric::Kind;
    use super::*;
    use crate::ledger::PseudonymKey;
    use crate::monitor::{Clock, Monitor};
    use crate::settings::Settings;
    use crate::status::{LatencyHistogram, ProcessingLatency, View};

    fn view() -> View {
        let settings = Settings::parse(include_str!("../../../config/paritywatch.toml"), "file", std::iter::empty());
        View::of(&Monitor::new(settings.unwrap().plan, PseudonymKey([7; 16]), Clock::Wall))
    }

    #[test]
    fn every_metric_is_in_the_list_and_nothing_else_is() {
        let list = include_str!("../../../deploy/metrics.md");
        let listed: BTreeSet<&str> =
            list.lines().filter_map(|line| line.strip_prefix("| `paritywatch_")?.split(" | ").next()).collect();
        let mut known = BTreeSet::new();
        for metric in TABLES.iter().copied().flatten() {
            let kind = match metric.kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
                Kind::Histogram => "histogram",
            };
            let row = format!("| `paritywatch_{}` | {kind} | ", metric.name);
            assert!(list.contains(&row), "deploy/metrics.md has no line that begins with {row}");
            assert!(known.insert(format!("{}`", metric.name)), "{} is there twice", metric.name);
        }
        assert_eq!(listed, known.iter().map(String::as_str).collect());
    }

    #[test]
    fn a_page_before_the_first_event_has_all_that_is_known_by_then() {
        let page = render(&Arc::new(view()), 20_000);
        for sample in
            ["paritywatch_ready 0", "paritywatch_open_cases 0", "paritywatch_checkpoints_total{result=\"failed\"} 0"]
        {
            assert!(page.lines().any(|line| line == sample), "{sample} is not in {page}");
        }
        assert!(!page.contains("paritywatch_watermark_timestamp_seconds"), "what is unknown has no sample: {page}");
    }

    #[test]
    fn a_latency_shows_as_a_histogram_in_seconds() {
        let counted =
            LatencyHistogram { cumulative: std::array::from_fn(|index| index as u64), count: 40, sum_ms: 2_500 };
        let latency = ProcessingLatency { counted, ..ProcessingLatency::default() };
        let page = render(&Arc::new(View { latency, ..view() }), 20_000);
        for sample in [
            "_bucket{stage=\"counted\",le=\"0.001\"} 0",
            "_bucket{stage=\"counted\",le=\"0.5\"} 8",
            "_bucket{stage=\"counted\",le=\"3600\"} 20",
            "_bucket{stage=\"counted\",le=\"+Inf\"} 40",
            "_sum{stage=\"counted\"} 2.5",
            "_count{stage=\"counted\"} 40",
            "_count{stage=\"published\"} 0",
        ] {
            let sample = format!("paritywatch_processing_latency_seconds{sample}");
            assert!(page.lines().any(|line| line == sample), "{sample} is not in {page}");
        }
    }
}

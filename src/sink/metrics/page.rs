//! The text that Prometheus scrapes.

use std::sync::{Arc, Mutex};

use super::family::{Family, FindingLabels};
use super::metric::Metric;
use super::scrape::Scrape;
use super::{
    alerts, audit, consumer, delivery, duties, evidence, findings, funnel, handled, history, http, http_source,
    lateness, live, mapping, monitor, operation, probabilistic,
};
use crate::disclosure::Published;
use crate::status::{View, lock, wall_clock};

/// The tables that rest on what was published alone, and on the limit on series.
const PUBLISHED: [&[Metric]; 7] = [
    &findings::METRICS,
    &handled::METRICS,
    &duties::METRICS,
    &probabilistic::METRICS,
    &evidence::METRICS,
    &funnel::METRICS,
    &alerts::METRICS,
];

/// The tables that change from one scrape to the next.
const LIVE: [&[Metric]; 10] = [
    &monitor::METRICS,
    &mapping::METRICS,
    &lateness::METRICS,
    &consumer::METRICS,
    &delivery::METRICS,
    &http::METRICS,
    &http_source::METRICS,
    &operation::METRICS,
    &audit::METRICS,
    &history::METRICS,
];

/// Renders pages and keeps what rests on the last evaluation, which is nearly all of a page. Nobody but scrapes waits for it.
#[derive(Default)]
pub struct Pages {
    last: Mutex<Option<Rendered>>,
}

/// The families of what was published.
#[derive(Clone)]
struct Rendered {
    /// Held, so that no other evaluation can be at the same place in memory.
    published: Arc<Published>,
    series_limit: usize,
    families: Arc<[Family]>,
}

impl Pages {
    /// A view of the daemon in Prometheus' text format. Findings that would take more than `series_limit` series are left out, last ones first,
    /// then groups of the funnel; the page says how many.
    #[must_use]
    pub fn render(&self, view: &Arc<View>, series_limit: usize) -> String {
        let scrape = Scrape::new(Arc::clone(view), series_limit, wall_clock());
        let kept = {
            let mut last = lock(&self.last);
            let known = last
                .take()
                .filter(|known| Arc::ptr_eq(&known.published, &view.published) && known.series_limit == series_limit);
            let rendered = known.unwrap_or_else(|| Rendered {
                published: Arc::clone(&view.published),
                series_limit,
                families: published(&scrape).into(),
            });
            Arc::clone(&last.insert(rendered).families)
        };
        let live: Vec<Family> = LIVE.iter().copied().flatten().map(|metric| live::family(metric, &scrape)).collect();
        let mut all: Vec<&Family> = kept.iter().chain(&live).collect();
        all.sort_unstable_by_key(|family| family.name);
        let mut page = String::with_capacity(all.iter().map(|family| family.text.len()).sum());
        all.iter().for_each(|family| page.push_str(&family.text));
        page
    }
}

/// One page, as [`Pages`] renders it.
#[must_use]
pub fn render(view: &Arc<View>, series_limit: usize) -> String {
    Pages::default().render(view, series_limit)
}

fn published(scrape: &Scrape) -> Vec<Family> {
    let labels = FindingLabels::of(scrape);
    PUBLISHED.iter().copied().flatten().map(|metric| Family::of(metric, scrape, &labels)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

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
        for metric in PUBLISHED.iter().chain(&LIVE).copied().flatten() {
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

    /// The crate `prometheus` is the oracle of escaping and of the order of samples.
    #[test]
    fn samples_are_written_as_the_crate_writes_them() {
        use super::super::metric::Samples;
        // Without an empty one: a vector of the crate takes ("", "a") and ("a", "") for the same.
        let values = ["a", "a b", "b\\c", "line\nfeed", "\"quoted\"", "ab", "\u{e9}\u{1f600}"];
        let opts = prometheus::Opts::new("paritywatch_test", "Help with \\ and\nmore \"quotes\".");
        let expected = prometheus::GaugeVec::new(opts, &["zone", "name"]).unwrap();
        let fill = |_: &Scrape, samples: &mut Samples| {
            let values = ["a", "a b", "b\\c", "line\nfeed", "\"quoted\"", "ab", "\u{e9}\u{1f600}"];
            let mut number = 0.1_f64;
            for (zone, name) in values.iter().flat_map(|zone| values.iter().map(move |name| (*zone, *name))) {
                number *= -7.3;
                samples.push([zone, name], number);
            }
            samples.push(["a", "a"], 1e-7);
        };
        let mut number = 0.1_f64;
        for (zone, name) in values.iter().flat_map(|zone| values.iter().map(move |name| (zone, name))) {
            number *= -7.3;
            expected.with_label_values(&[zone, name]).set(number);
        }
        expected.with_label_values(&["a", "a"]).set(1e-7);
        let registry = prometheus::Registry::new();
        registry.register(Box::new(expected)).unwrap();
        let expected = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let metric = Metric::gauges("test", "Help with \\ and\nmore \"quotes\".", &["zone", "name"], fill);
        let scrape = Scrape::new(Arc::new(view()), 20_000, wall_clock());
        assert_eq!(Family::of(&metric, &scrape, &FindingLabels::of(&scrape)).text, expected);
    }

    #[test]
    fn what_is_kept_of_a_page_belongs_to_one_evaluation_and_limit() {
        let pages = Pages::default();
        let first = Arc::new(view());
        let page = pages.render(&first, 20_000);
        let moved = Arc::new(View { evaluation_took: std::time::Duration::from_secs(7), ..(*first).clone() });
        let again = pages.render(&moved, 20_000);
        assert!(Arc::ptr_eq(&first.published, &moved.published));
        assert!(again.contains("paritywatch_evaluation_duration_seconds 7\n") && !page.contains("_seconds 7\n"));
        let mut other = view();
        Arc::make_mut(&mut other.published);
        let kept = Arc::clone(&lock(&pages.last).as_ref().unwrap().families);
        let _ = pages.render(&Arc::new(other), 20_000);
        assert!(!Arc::ptr_eq(&kept, &lock(&pages.last).as_ref().unwrap().families));
        let kept = Arc::clone(&lock(&pages.last).as_ref().unwrap().families);
        let _ = pages.render(&moved, 10);
        assert!(!Arc::ptr_eq(&kept, &lock(&pages.last).as_ref().unwrap().families));
    }
}

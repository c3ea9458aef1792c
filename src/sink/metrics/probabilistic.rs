//! Cases whose group is known only as probabilities. They are in none of the other metrics of a finding.

use super::labels::{FINDING, count, of_finding};
use super::metric::{Kind, Metric, Samples, Source};
use super::scrape::Scrape;
use crate::disclosure::PublishedRates;

/// The labels of estimates.
const BY_ESTIMATOR: [&str; 10] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "estimator"];
/// The labels of effective numbers.
const BY_SIDE: [&str; 10] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "side"];

/// The metrics of these cases.
pub(super) const METRICS: [Metric; 5] = [
    Metric::gauges(
        "probabilistic_disparity_ratio",
        "Rate of the group over rate of the reference among cases whose group is known only as probabilities.",
        &BY_ESTIMATOR,
        |scrape, samples| by_estimator(scrape, samples, |rates| rates.ratio),
    ),
    Metric::gauges(
        "probabilistic_group_rate_ratio",
        "Rate of the monitored group among cases whose group is known only as probabilities, 0 to 1.",
        &BY_ESTIMATOR,
        |scrape, samples| by_estimator(scrape, samples, |rates| Some(rates.group_rate)),
    ),
    Metric::gauges(
        "probabilistic_reference_rate_ratio",
        "Rate of the reference among cases whose group is known only as probabilities, 0 to 1.",
        &BY_ESTIMATOR,
        |scrape, samples| by_estimator(scrape, samples, |rates| Some(rates.reference_rate)),
    ),
    Metric::gauges(
        "probabilistic_effective_cases",
        "Known members that would tell as much as the cases whose group is known only as probabilities.",
        &BY_SIDE,
        effective_cases,
    ),
    Metric {
        name: "probabilistic_cases",
        help: "Exposed cases in the window whose group is known only as probabilities.",
        kind: Kind::Gauge,
        labels: &FINDING,
        samples: Source::Finding(|finding| finding.probabilistic?.cases.map(count)),
    },
];

fn by_estimator(scrape: &Scrape, samples: &mut Samples, value: fn(PublishedRates) -> Option<f64>) {
    for (finding, bracket) in scrape.findings().filter_map(|finding| Some((finding, finding.probabilistic?))) {
        for (estimator, rates) in [("weighted", bracket.weighted), ("regression", bracket.regression)] {
            samples.extend(of_finding(finding).into_iter().chain([estimator]), rates.and_then(value));
        }
    }
}

fn effective_cases(scrape: &Scrape, samples: &mut Samples) {
    for (finding, bracket) in scrape.findings().filter_map(|finding| Some((finding, finding.probabilistic?))) {
        for (side, number) in [("group", bracket.group_effective_n), ("reference", bracket.reference_effective_n)] {
            samples.extend(of_finding(finding).into_iter().chain([side]), number);
        }
    }
}

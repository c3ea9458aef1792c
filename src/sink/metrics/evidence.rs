//! Sequential evidence: one set for each series, which the windows of a finding share.

use super::labels::{count, flag, of_finding};
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::evidence::SeriesEvidence;

/// The labels of a series: those of a finding but the window.
const SERIES: [&str; 8] = ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator"];

/// The metrics of evidence.
pub(super) const METRICS: [Metric; 6] = [
    Metric::gauges(
        "evidence_log",
        "Natural logarithm of the e-value against ratio 1 (disparity) or the critical threshold (material).",
        &["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "null"],
        |scrape, samples| {
            for (labels, evidence) in series(scrape) {
                let labels = || labels.into_iter();
                samples.push(labels().chain(["disparity"]), evidence.log_e);
                samples.extend(labels().chain(["material"]), evidence.log_e_material);
            }
        },
    ),
    Metric::gauges(
        "evidence_alarm_log",
        "Natural logarithm of the level at which evidence_log alarms.",
        &SERIES,
        |scrape, samples| each(scrape, samples, |evidence| Some(evidence.alarm_at)),
    ),
    Metric::gauges(
        "evidence_change_log",
        "Natural logarithm of the change detector against ratio 1.",
        &SERIES,
        |scrape, samples| each(scrape, samples, |evidence| evidence.log_sr),
    ),
    Metric::gauges(
        "evidence_dispersion",
        "How much the last block's evidence was tempered for variation between blocks; 1: not.",
        &SERIES,
        |scrape, samples| each(scrape, samples, |evidence| Some(evidence.dispersion)),
    ),
    Metric::gauges("evidence_blocks", "Blocks that the evidence rests on.", &SERIES, |scrape, samples| {
        each(scrape, samples, |evidence| Some(count(evidence.blocks)));
    }),
    Metric::gauges(
        "evidence_watched",
        "1 for a series on the watch list, which never pages by itself.",
        &SERIES,
        |scrape, samples| each(scrape, samples, |evidence| Some(flag(evidence.watched))),
    ),
];

/// The evidence of each series. The findings of a series, one for each window, follow each other and have the same evidence: the first stands for
/// all of them.
fn series(scrape: &Scrape) -> impl Iterator<Item = ([&str; 8], SeriesEvidence)> {
    let mut last = None;
    scrape.findings().filter_map(move |finding| {
        let [rule, profile, channel, dimension, group, subject, reference, indicator, _window] = of_finding(finding);
        let labels = [rule, profile, channel, dimension, group, subject, reference, indicator];
        let evidence = finding.evidence?;
        (last.replace(labels) != Some(labels)).then_some((labels, evidence))
    })
}

fn each(scrape: &Scrape, samples: &mut Samples, value: fn(&SeriesEvidence) -> Option<f64>) {
    for (labels, evidence) in series(scrape) {
        samples.extend(labels, value(&evidence));
    }
}

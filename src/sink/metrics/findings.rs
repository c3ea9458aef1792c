//! Findings: what the comparisons say, each with the labels of its finding.

use super::labels::{FINDING, count, flag, of_finding};
use super::metric::{Kind, Metric, Samples, Source};
use super::scrape::Scrape;
use crate::disclosure::{Measured, PublishedFinding, PublishedMissingSide};
use crate::judge::Verdict;

/// The metrics of findings.
pub(super) const METRICS: [Metric; 20] = [
    of("group_rate_ratio", "Rate of the monitored group, 0 to 1.", |finding| finding.group_rate),
    of("reference_rate_ratio", "Rate of the reference, 0 to 1.", |finding| finding.reference_rate),
    of("group_exposed", "Exposed of the monitored group in the window.", |finding| {
        Some(count(finding.group_counts?.exposed))
    }),
    of("group_events", "Events of the monitored group in the window.", |finding| {
        Some(count(finding.group_counts?.events))
    }),
    of("reference_exposed", "Exposed of the reference in the window.", |finding| {
        Some(count(finding.reference_counts?.exposed))
    }),
    of("reference_events", "Events of the reference in the window.", |finding| {
        Some(count(finding.reference_counts?.events))
    }),
    of("disparity_ratio", "Rate of the group over rate of the reference.", |finding| finding.ratio?.value),
    of("disparity_ratio_lower", "Lower limit of the ratio.", |finding| finding.ratio?.lower),
    of("disparity_ratio_upper", "Upper limit of the ratio; none where it is infinite.", |finding| finding.ratio?.upper),
    of("disparity_difference", "Rate of the group minus rate of the reference.", |finding| finding.difference?.value),
    of("disparity_difference_lower", "Lower limit of the difference.", |finding| finding.difference?.lower),
    of("disparity_difference_upper", "Upper limit of the difference.", |finding| finding.difference?.upper),
    of("stratified_disparity_ratio", "Mantel-Haenszel ratio within the rule's strata.", |finding| {
        stratified(finding)?.value
    }),
    of("needed_exposed", "Exposed still needed for a verdict.", |finding| finding.needed.map(count)),
    Metric::gauges(
        "missing_share",
        "Share of the cases of a side that a finding misses, 0 to 1.",
        &MISSING_SHARE,
        missing_shares,
    ),
    Metric::gauges(
        "missing_event_share",
        "Share of the events of a side that are, or may be, among the cases that a finding misses, 0 to 1.",
        &MISSING_SHARE,
        missing_event_shares,
    ),
    Metric::gauges("missing_cases", "Cases that a finding misses, by side and cause.", &MISSING_CASES, missing_cases),
    Metric::gauges(
        "verdict",
        "1 for the verdict that holds, 0 for the others.",
        &["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "verdict"],
        verdicts,
    ),
    Metric::gauges(
        "finding_reason",
        "1 for why the verdict is what it is, of findings of other kinds than disparity.",
        &["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "reason"],
        reasons,
    ),
    Metric::gauges("threshold", "Thresholds of a rule, in its measure.", &["rule", "measure", "severity"], thresholds),
];

const MISSING_SHARE: [&str; 10] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "side"];
const MISSING_CASES: [&str; 11] = [
    "rule",
    "profile",
    "channel",
    "dimension",
    "group",
    "subject",
    "reference",
    "indicator",
    "window",
    "side",
    "cause",
];

fn sides(finding: &PublishedFinding) -> [(&'static str, &PublishedMissingSide); 2] {
    [("group", &finding.missing.group), ("reference", &finding.missing.reference)]
}

fn missing_shares(scrape: &Scrape, samples: &mut Samples) {
    for finding in scrape.findings() {
        for (name, side) in sides(finding) {
            samples.extend(of_finding(finding).into_iter().chain([name]), side.share);
        }
    }
}

fn missing_event_shares(scrape: &Scrape, samples: &mut Samples) {
    for finding in scrape.findings() {
        for (name, side) in sides(finding) {
            samples.extend(of_finding(finding).into_iter().chain([name]), side.event_share);
        }
    }
}

fn missing_cases(scrape: &Scrape, samples: &mut Samples) {
    for finding in scrape.findings() {
        for (name, side) in sides(finding) {
            for (cause, cases) in &side.by_cause {
                samples.push(of_finding(finding).into_iter().chain([name, cause.name()]), count(*cases));
            }
        }
    }
}

const fn of(name: &'static str, help: &'static str, value: fn(&PublishedFinding) -> Option<f64>) -> Metric {
    Metric { name, help, kind: Kind::Gauge, labels: &FINDING, samples: Source::Finding(value) }
}

fn stratified(finding: &PublishedFinding) -> Option<Measured> {
    finding.stratified.as_ref().map(|(_, ratio, _)| *ratio)
}

/// A state set: one series per verdict for every finding that is judged.
fn verdicts(scrape: &Scrape, samples: &mut Samples) {
    for (finding, verdict) in scrape.findings().filter_map(|finding| Some((finding, finding.verdict?))) {
        for word in Verdict::ALL {
            samples.push(of_finding(finding).into_iter().chain([word.name()]), flag(word == verdict));
        }
    }
}

fn reasons(scrape: &Scrape, samples: &mut Samples) {
    for (finding, reason) in scrape.findings().filter_map(|finding| Some((finding, finding.reason?))) {
        samples.push(of_finding(finding).into_iter().chain([reason.name()]), 1.0);
    }
}

fn thresholds(scrape: &Scrape, samples: &mut Samples) {
    // What is never judged has none.
    for finding in scrape.findings().filter(|finding| finding.verdict.is_some()) {
        let Some(thresholds) = finding.thresholds else { continue };
        for (severity, value) in
            [("warning", thresholds.warning), ("critical", thresholds.critical), ("clear", thresholds.clear)]
        {
            samples.push([finding.rule.as_str(), thresholds.measure.name(), severity], value);
        }
    }
}

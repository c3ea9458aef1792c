//! How cases were handled: values of each side, and in which ways cases were.

use super::labels::{count, of_finding};
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::disclosure::PublishedFinding;
use crate::judge::{Quantile, ValueSide};

/// The metrics of how cases were handled.
pub(super) const METRICS: [Metric; 6] = [
    Metric::gauges("value_mean", "Mean value of the cases of a side, in the unit of the indicator.", &SIDE, means),
    Metric::gauges("value_quantile", "Quantile of the values of a side.", &QUANTILE, |scrape, samples| {
        quantiles(scrape, samples, |quantile| quantile.value);
    }),
    Metric::gauges("value_quantile_lower", "Lower limit of the quantile.", &QUANTILE, |scrape, samples| {
        quantiles(scrape, samples, |quantile| quantile.lower);
    }),
    Metric::gauges("value_quantile_upper", "Upper limit of the quantile.", &QUANTILE, |scrape, samples| {
        quantiles(scrape, samples, |quantile| quantile.upper);
    }),
    Metric::gauges("handled_cases", "Cases of a side by the kinds of their controls or sanctions.", &KIND, kinds),
    Metric::gauges(
        "mix_p_value",
        "P-value of equal shares of all kinds in both sides; nothing is judged by it.",
        &FINDING,
        |scrape, samples| {
            for finding in scrape.findings() {
                samples.extend(of_finding(finding), finding.mix.as_ref().and_then(|mix| mix.p_value));
            }
        },
    ),
];

const FINDING: [&str; 9] = super::labels::FINDING;
const SIDE: [&str; 10] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "side"];
const QUANTILE: [&str; 11] = [
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
    "quantile",
];
const KIND: [&str; 11] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window", "side", "kind"];

fn sides(finding: &PublishedFinding) -> impl Iterator<Item = (&'static str, ValueSide)> {
    let of = |name: &'static str, side: fn(&PublishedFinding) -> Option<ValueSide>| Some((name, side(finding)?));
    let group = of("group", |finding| finding.values?.group);
    let reference = of("reference", |finding| finding.values?.reference);
    group.into_iter().chain(reference)
}

fn means(scrape: &Scrape, samples: &mut Samples) {
    for finding in scrape.findings() {
        for (name, side) in sides(finding) {
            samples.extend(of_finding(finding).into_iter().chain([name]), side.mean);
        }
    }
}

fn quantiles(scrape: &Scrape, samples: &mut Samples, of: fn(&Quantile) -> Option<f64>) {
    for finding in scrape.findings() {
        for (name, side) in sides(finding) {
            for quantile in &side.quantiles {
                let share = quantile.share.to_string();
                samples.extend(of_finding(finding).into_iter().chain([name, &share]), of(quantile));
            }
        }
    }
}

fn kinds(scrape: &Scrape, samples: &mut Samples) {
    for (finding, mix) in scrape.findings().filter_map(|finding| Some((finding, finding.mix.as_ref()?))) {
        let told = mix.kinds.iter().map(|kind| (label(&kind.kinds), [kind.group, kind.reference]));
        for (kind, cases) in told {
            for (name, cases) in ["group", "reference"].into_iter().zip(cases) {
                samples.push(of_finding(finding).into_iter().chain([name, &kind]), count(cases));
            }
        }
    }
}

/// The kinds of a case as the value of a label. A plus sign in a name is doubled: a kind "a + b" must not have the label of the kinds "a" and "b", as two
/// samples with the same labels make a scrape fail.
fn label(kinds: &[String]) -> String {
    kinds.iter().map(|kind| kind.replace('+', "++")).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_kinds_have_different_labels() {
        let label = |kinds: &[&str]| label(&kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>());
        assert_eq!(label(&["raid", "visit"]), "raid + visit");
        assert_eq!(label(&["raid + visit"]), "raid ++ visit");
        assert_ne!(label(&["a +", "b"]), label(&["a", "+ b"]));
    }
}

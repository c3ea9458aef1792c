//! The numbers of other kinds of rules than disparity, each with the labels of its finding.

use super::labels::{FINDING, seconds};
use super::metric::{Kind, Metric, Source};
use crate::disclosure::PublishedFinding;

/// The metrics of these kinds.
pub(super) const METRICS: [Metric; 9] = [
    of("association_v", "Cramer's V of a criterion and a dimension, corrected for its bias, 0 to 1.", |finding| {
        Some(finding.association?.v)
    }),
    of("association_v_lower", "Lower limit of Cramer's V.", |finding| Some(finding.association?.lower)),
    of("association_v_upper", "Upper limit of Cramer's V.", |finding| Some(finding.association?.upper)),
    of(
        "association_difference",
        "Largest difference between the share of a group and that of the rest in which a value of a criterion is used, -1 to 1.",
        |finding| Some(finding.association?.difference),
    ),
    of("association_carried_ratio", "Disparity that a criterion would make if it alone decided.", |finding| {
        finding.association?.carried
    }),
    of(
        "advantage_evidence_log",
        "Natural logarithm of the evidence that a profile finds more than chance does.",
        |finding| Some(finding.claim?.log_e),
    ),
    of("advantage_information", "Information of the controls so far about the advantage of a profile.", |finding| {
        Some(finding.claim?.information)
    }),
    of("advantage_information_needed", "Information that shows an advantage worth having.", |finding| {
        Some(finding.claim?.information_needed)
    }),
    of(
        "last_heard_timestamp_seconds",
        "Time at which a topic of a rule of kind silence was last heard of.",
        |finding| finding.last_heard.map(seconds),
    ),
];

const fn of(name: &'static str, help: &'static str, value: fn(&PublishedFinding) -> Option<f64>) -> Metric {
    Metric { name, help, kind: Kind::Gauge, labels: &FINDING, samples: Source::Finding(value) }
}

//! Words that all lines of the text for a terminal share.

use crate::disclosure::PublishedFinding;

/// Stands for a number that is withheld or undefined.
pub(super) const ABSENT: &str = "·";

/// What is compared with what.
pub(super) fn compared(finding: &PublishedFinding) -> String {
    against(finding, finding.reference_group.as_ref().unwrap_or(&finding.reference))
}

/// The same by the reference's word, which never changes.
pub(super) fn named(finding: &PublishedFinding) -> String {
    against(finding, &finding.reference)
}

fn against(finding: &PublishedFinding, reference: &str) -> String {
    let about = finding.about();
    let about = if about.is_empty() { "all cases".to_owned() } else { about };
    if reference.is_empty() { about } else { format!("{about} vs {reference}") }
}

/// `exp(log)`, with as many digits as people read.
pub(super) fn odds(log: f64) -> String {
    let value = log.exp();
    if (0.01..1e6).contains(&value) { format!("{value:.3}") } else { format!("{value:.1e}") }
}

//! Names and values of labels, and numbers as samples take them.

use crate::disclosure::PublishedFinding;
use crate::plan::EventTime;

/// The labels of a finding.
/// A label without a value is left out: for Prometheus that is the same.
pub(super) const FINDING: [&str; 9] =
    ["rule", "profile", "channel", "dimension", "group", "subject", "reference", "indicator", "window"];

/// The values of [`FINDING`].
pub(super) fn of_finding(finding: &PublishedFinding) -> [&str; 9] {
    [
        &finding.rule,
        &finding.profile,
        finding.channel,
        finding.dimension(),
        finding.group(),
        finding.subject.as_deref().unwrap_or_default(),
        &finding.reference,
        finding.indicator(),
        &finding.window,
    ]
}

/// A count, as a sample.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) const fn count(value: u64) -> f64 {
    value as f64
}

/// An offset, or a number of records, as a sample.
#[expect(clippy::cast_precision_loss, reason = "offsets are far below 2^53")]
pub(super) const fn offset(value: i64) -> f64 {
    value as f64
}

/// A time, in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are far below 2^53")]
pub(super) fn seconds(time: EventTime) -> f64 {
    time.0 as f64 / 1_000.0
}

/// 1 if it holds, else 0.
pub(super) fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

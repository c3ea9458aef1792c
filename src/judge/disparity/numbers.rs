//! The numbers of a comparison, and what they are by the thresholds of a rule.

use crate::judge::finding::{Estimate, Mix, StratifiedEstimate, Values, Verdict};
use crate::plan::{DisparityRule, Evidence, Harm};

/// What follows from the counts of a comparison alone. The fields are those of [`Finding`](crate::judge::Finding).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    pub ratio: Option<Estimate>,
    pub difference: Option<Estimate>,
    pub p_value: Option<f64>,
    pub stratified: Option<StratifiedEstimate>,
    pub told_strata: Option<StratifiedEstimate>,
    pub needed: Option<u64>,
    pub verdict: Verdict,
    pub beyond_clear: bool,
    pub values: Option<Values>,
    pub mix: Option<Mix>,
}

impl Numbers {
    /// Nothing is known.
    pub const fn unknown() -> Self {
        Self {
            ratio: None,
            difference: None,
            p_value: None,
            stratified: None,
            told_strata: None,
            needed: None,
            verdict: Verdict::InsufficientData,
            beyond_clear: false,
            values: None,
            mix: None,
        }
    }
}

/// Returns what an estimate is by the thresholds of its rule.
pub(super) fn verdict_of(rule: DisparityRule<'_>, estimate: Estimate) -> Verdict {
    if beyond(rule, estimate, rule.terms.critical) {
        Verdict::Critical
    } else if beyond(rule, estimate, rule.terms.warning) {
        Verdict::Warning
    } else {
        Verdict::Within
    }
}

/// Whether the measure is beyond the threshold, in the direction of harm, by the rule's kind of evidence.
pub(super) fn beyond(rule: DisparityRule<'_>, estimate: Estimate, threshold: f64) -> bool {
    let Estimate { value, interval } = estimate;
    // Where the reference has no event the ratio has no value, but is above every number: its finite limit stands in.
    let no_estimate = if rule.terms.indicator.harm() == Harm::High { interval.lower } else { interval.upper };
    let point = value.unwrap_or(no_estimate);
    match (rule.terms.indicator.harm(), rule.terms.evidence) {
        // With sequential evidence the number adds practical significance alone: see `sequential_verdict`.
        (Harm::High, Evidence::Point | Evidence::Sequential) => point > threshold,
        (Harm::Low, Evidence::Point | Evidence::Sequential) => point < threshold,
        (Harm::High, Evidence::Interval) => interval.lower > threshold,
        (Harm::Low, Evidence::Interval) => interval.upper < threshold,
    }
}

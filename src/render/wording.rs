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

/// `exp(log)`, with as many digits as people read. A logarithm that was cut to tenths before it left knows of two.
pub(super) fn odds(log: f64) -> String {
    let value = log.exp();
    #[expect(clippy::float_cmp, reason = "what was cut is exactly that")]
    let is_cut = log != 0.0 && (log * 10.0).round() / 10.0 == log;
    if !(0.01..1e6).contains(&value) {
        format!("{value:.1e}")
    } else if is_cut {
        two_digits(value)
    } else {
        format!("{value:.3}")
    }
}

/// A number with at most three decimals, and none that it does not have: one that was cut to 0.13 before it left is no 0.130.
pub(super) fn decimal(value: f64) -> String {
    let (all, three) = (value.to_string(), format!("{value:.3}"));
    if all.len() < three.len() { all } else { three }
}

/// A number from 0.01 to a million with two digits.
fn two_digits(value: f64) -> String {
    const STEPS: [(f64, f64, usize); 7] = [
        (0.1, 0.001, 3),
        (1.0, 0.01, 2),
        (10.0, 0.1, 1),
        (100.0, 1.0, 0),
        (1e3, 10.0, 0),
        (1e4, 100.0, 0),
        (1e5, 1e3, 0),
    ];
    let (_, step, decimals) = STEPS.into_iter().find(|(below, ..)| value < *below).unwrap_or((1e6, 1e4, 0));
    let rounded = (value / step).round() * step;
    format!("{rounded:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_have_the_digits_that_their_logarithm_has() {
        let cut = [(-1.4, "0.25"), (0.1, "1.1"), (6.3, "540"), (10.0, "22000"), (-4.0, "0.018"), (13.7, "890000")];
        for (log, expected) in cut {
            assert_eq!(odds(log), expected, "{log}");
        }
        // Exact ones, nothing at all, and those that only have a power of ten.
        assert_eq!(odds(526.379_f64.ln()), "526.379");
        assert_eq!(odds(0.0), "1.000");
        assert_eq!((odds(130.0), odds(-6.0)), ("2.9e56".to_owned(), "2.5e-3".to_owned()));
    }

    #[test]
    fn decimals_that_were_cut_off_do_not_come_back() {
        let told = [(0.13, "0.13"), (1.0, "1"), (12.0, "12"), (0.963_412, "0.963"), (-0.2, "-0.2"), (0.000_1, "0.000")];
        for (value, expected) in told {
            assert_eq!(decimal(value), expected, "{value}");
        }
    }
}

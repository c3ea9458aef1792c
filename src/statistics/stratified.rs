//! The comparison of two groups, adjusted for a stratum.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::confidence::{Confidence, Interval};
use super::proportion::Proportion;

/// Returns the Mantel-Haenszel ratio over the strata with its interval and test. Strata in which a group is empty tell nothing and are left
/// out. Returns `None` where no stratum is left, or where the reference has no event in any.
///
/// Sources: Mantel and Haenszel, Journal of the National Cancer Institute 22 (1959), for the ratio and the test, in the form for rates of
/// Rothman, Greenland and Lash, Modern Epidemiology, 3rd edition (2008); Greenland and Robins, Biometrics 41 (1985), for the variance.
#[must_use]
pub fn mantel_haenszel(strata: &[Stratum], confidence: Confidence) -> Option<Stratified> {
    let mut sums = Sums::default();
    strata.iter().for_each(|stratum| sums.add(stratum));
    if sums.used == 0 || sums.reference == 0.0 {
        return None;
    }
    let ratio = sums.group / sums.reference;
    let ln_variance = (sums.group > 0.0).then(|| sums.variance / (sums.group * sums.reference));
    let interval = ln_variance.map_or(Interval { lower: 0.0, upper: f64::INFINITY }, |variance| {
        let spread = confidence.z() * variance.max(0.0).sqrt();
        Interval { lower: (ratio.ln() - spread).exp(), upper: (ratio.ln() + spread).exp() }
    });
    Some(Stratified {
        ratio,
        interval,
        ln_variance,
        cmh_p_value: sums.p_value(),
        used_strata: sums.used,
        reversal: sums.reverses(ratio),
    })
}

/// The two groups within one stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// The monitored group.
    pub group: Proportion,
    /// The reference.
    pub reference: Proportion,
}

/// The ratio that the strata have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratified {
    /// The Mantel-Haenszel ratio of the group's rate to the reference's; 0 where the group has no event.
    pub ratio: f64,
    /// The Greenland-Robins interval of the ratio; from 0 to infinity where the ratio is 0.
    pub interval: Interval,
    /// The Greenland-Robins variance of the ratio's natural logarithm; `None` where the ratio is 0.
    pub ln_variance: Option<f64>,
    /// The two-sided p-value of the Cochran-Mantel-Haenszel test without continuity correction, with a relative error below 2e-13; 0
    /// below 1e-310. `None` where the margins leave one possible table.
    pub cmh_p_value: Option<f64>,
    /// The number of strata in which both groups have somebody.
    pub used_strata: usize,
    /// Whether crude and adjusted ratio lie strictly on opposite sides of 1 (Simpson's paradox).
    pub reversal: bool,
}

/// Sums over strata.
#[derive(Default)]
struct Sums {
    group: f64,
    reference: f64,
    variance: f64,
    excess: f64,
    null_variance: f64,
    /// x1, n1, x2, n2 over all strata, also those that are left out.
    crude: [f64; 4],
    used: usize,
}

impl Sums {
    fn add(&mut self, stratum: &Stratum) {
        let (x1, n1, x2, n2) = (stratum.group.x(), stratum.group.n(), stratum.reference.x(), stratum.reference.n());
        self.crude.iter_mut().zip([x1, n1, x2, n2]).for_each(|(sum, count)| *sum += count);
        // A stratum with one group alone compares nothing.
        if n1 == 0.0 || n2 == 0.0 {
            return;
        }
        let (n, x) = (n1 + n2, x1 + x2);
        self.used += 1;
        self.group += x1 * n2 / n;
        self.reference += x2 * n1 / n;
        // n1 n2 x - x1 x2 n and x1 - x n1 / n, so that nothing cancels where nearly everybody has the event.
        self.variance += (n1 * x1 * stratum.reference.without() + n2 * x2 * stratum.group.without()) / (n * n);
        self.excess += stratum.group.excess_over(stratum.reference) / n;
        if n > 1.0 {
            self.null_variance += n1 / n * (n2 / n) * x * ((n - x) / (n - 1.0));
        }
    }

    fn p_value(&self) -> Option<f64> {
        let Ok(one_degree) = ChiSquared::new(1.0) else {
            debug_assert!(false, "one degree of freedom is a chi-squared distribution");
            return None;
        };
        (self.null_variance > 0.0).then(|| one_degree.sf(self.excess * self.excess / self.null_variance))
    }

    fn reverses(&self, ratio: f64) -> bool {
        let [x1, n1, x2, n2] = self.crude;
        // Cross-multiplied: also right where the reference has no event at all.
        let (group, reference) = (x1 * n2, x2 * n1);
        group > reference && ratio < 1.0 || group < reference && ratio > 1.0
    }
}

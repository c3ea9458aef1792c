//! The comparison adjusted for a stratum.

use super::normal::upper_tail;
use super::{Confidence, Interval, Proportion};

/// The two groups within one stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// The monitored group.
    pub group: Proportion,
    /// The reference.
    pub reference: Proportion,
}

/// The common ratio over strata.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratified {
    /// Mantel-Haenszel ratio of rates.
    pub ratio: f64,
    /// Greenland-Robins interval; from 0 to infinity where the ratio is 0.
    pub interval: Interval,
    /// Greenland-Robins variance of ln ratio; `None` where the ratio is 0.
    pub ln_variance: Option<f64>,
    /// Two-sided p-value of the Cochran-Mantel-Haenszel test without continuity correction.
    pub cmh_p_value: Option<f64>,
    /// Strata in which both groups have somebody.
    pub used_strata: usize,
    /// Crude and adjusted ratio lie strictly on opposite sides of 1.
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
    crude: [f64; 4],
    used: usize,
}

/// The Mantel-Haenszel ratio (Mantel and Haenszel 1959; Rothman and Greenland) with the variance of Greenland and Robins
/// (Biometrics 41, 1985). Strata in which a group is empty say nothing and are left out. `None` where no stratum is left or the
/// reference has no event in any.
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
    let cmh_p_value =
        (sums.null_variance > 0.0).then(|| 2.0 * upper_tail(sums.excess.abs() / sums.null_variance.sqrt()));
    Some(Stratified {
        ratio,
        interval,
        ln_variance,
        cmh_p_value,
        used_strata: sums.used,
        reversal: sums.reverses(ratio),
    })
}

impl Sums {
    fn add(&mut self, stratum: &Stratum) {
        let (x1, n1, x2, n2) = (stratum.group.x(), stratum.group.n(), stratum.reference.x(), stratum.reference.n());
        self.crude.iter_mut().zip([x1, n1, x2, n2]).for_each(|(sum, count)| *sum += count);
        if n1 == 0.0 || n2 == 0.0 {
            return;
        }
        let (n, x) = (n1 + n2, x1 + x2);
        self.used += 1;
        self.group += x1 * n2 / n;
        self.reference += x2 * n1 / n;
        self.variance += (n1 * n2 * x - x1 * x2 * n) / (n * n);
        self.excess += x1 - x * n1 / n;
        if n > 1.0 {
            self.null_variance += n1 / n * (n2 / n) * x * ((n - x) / (n - 1.0));
        }
    }

    fn reverses(&self, ratio: f64) -> bool {
        let [x1, n1, x2, n2] = self.crude;
        // Cross-multiplied: also right where the reference has no event at all.
        let (group, reference) = (x1 * n2, x2 * n1);
        group > reference && ratio < 1.0 || group < reference && ratio > 1.0
    }
}

//! How a control is carried out, in streams whose events carry duties: its kind, intensity and duration, and the sanction of a violation.

use std::fmt::Write;

use super::random::Random;
use super::shape::{Scenario, Shape};

/// The median of the minutes that a control takes, and the standard deviation of their logarithm.
const MINUTES: (f64, f64) = (45.0, 0.8);
/// The median of the amounts of sanctions, and the same.
const AMOUNT: (f64, f64) = (400.0, 0.8);
/// The mean intensity, and its standard deviation.
const INTENSITY: (f64, f64) = (4.0, 1.5);
/// The share of controls that are home visits.
pub(super) const HOME_VISITS: f64 = 0.2;
/// The share of violations that are sanctioned.
const SANCTIONED: f64 = 0.6;

/// How a group is controlled, beside the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strictness {
    /// How many times as long its controls take.
    pub minutes: f64,
    /// What is added to their intensity.
    pub intensity: f64,
    /// The share of them that are home visits.
    pub home_visits: f64,
}

/// That of all groups, but for the monitored one in `stricter-checks`.
const USUAL: Strictness = Strictness { minutes: 1.0, intensity: 0.0, home_visits: HOME_VISITS };
/// That of the monitored group in `stricter-checks`.
pub(super) const STRICTER: Strictness = Strictness { minutes: 1.6, intensity: 1.5, home_visits: 0.45 };

/// How the control of one case is carried out. It is drawn by the case alone, so that nothing else of a stream depends on it.
#[derive(Clone, Debug)]
pub(super) struct Handling(Random);

impl Handling {
    /// Returns that of a case; `None` where the events do not carry duties.
    pub fn of(shape: &Shape, case: u64) -> Option<Self> {
        /// An odd number with its bits spread evenly.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let seed = shape.seed ^ case.wrapping_add(1).wrapping_mul(SPREAD);
        shape.scenario.carries_duties().then(|| Self(Random::new(seed)))
    }

    /// Writes the members of the control, each after a comma. `is_monitored` says whether the case is of the monitored group.
    pub fn write_control(mut self, scenario: Scenario, is_monitored: bool, out: &mut String) {
        let is_strict = is_monitored && scenario == Scenario::StricterChecks;
        let strictness = if is_strict { STRICTER } else { USUAL };
        let kind = if self.0.chance(strictness.home_visits) { "home_visit" } else { "desk_check" };
        let intensity =
            ((INTENSITY.0 + strictness.intensity + INTENSITY.1 * self.normal()) * 2.0).round().clamp(0.0, 20.0) / 2.0;
        let minutes = self.lognormal(MINUTES) * strictness.minutes;
        // Writing to a String cannot fail.
        let _ = write!(out, r#","kind":"{kind}","intensity":{intensity},"duration_minutes":{minutes:.0}"#);
    }

    /// Writes the sanction of a violation, after a comma; nothing where there is none.
    pub fn write_sanction(mut self, out: &mut String) {
        if self.0.chance(SANCTIONED) {
            let kind = if self.0.chance(0.8) { "fine" } else { "benefit_stop" };
            let amount = self.lognormal(AMOUNT);
            let _ = write!(out, r#","sanction":{{"kind":"{kind}","amount":{amount:.0}}}"#);
        }
    }

    fn lognormal(&mut self, (median, deviation): (f64, f64)) -> f64 {
        median * libm::exp(deviation * self.normal())
    }

    /// About normal, with mean 0 and variance 1: the sum of twelve uniform numbers, less 6.
    fn normal(&mut self) -> f64 {
        (0..12).fold(-6.0, |sum, _| sum + self.0.uniform())
    }
}

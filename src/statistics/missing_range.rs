//! What missing outcomes could make of a ratio of hit rates.

use serde::{Deserialize, Serialize};

use super::pair::real;

/// How often, at least and at most, those with a missing outcome are supposed to have the event, against those with a known one.
const RARER: f64 = 0.5;
const MORE_OFTEN: f64 = 2.0;

/// Events among those whose outcome is known, and the number whose outcome is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Hits.
    pub events: u64,
    /// Controls with a known outcome.
    pub concluded: u64,
    /// Controls whose outcome is missing.
    pub missing: u64,
}

impl Outcomes {
    /// Returns the rate if those with a missing outcome had the event `factor` times as often as the others.
    fn rate(self, factor: f64) -> f64 {
        let (x, n, m) = (real(self.events), real(self.concluded), real(self.missing));
        x / n * ((n + factor * m) / (n + m))
    }

    const fn known(self) -> bool {
        self.concluded > 0 && self.events <= self.concluded
    }
}

/// Returns the ratio of two hit rates, and between what it lies if those with a missing outcome were hit half to twice as often as the others of
/// their group. Returns `None` where a side has no known outcome or more events than outcomes, or where the reference has no event.
///
/// The bounds are of an assumption, not of an error: they shrink with fewer missing outcomes alone.
#[must_use]
pub fn missing_range(group: Outcomes, reference: Outcomes) -> Option<MissingRange> {
    if !group.known() || !reference.known() || reference.events == 0 {
        return None;
    }
    let ratio = |one: f64, other: f64| group.rate(one) / reference.rate(other);
    Some(MissingRange { ratio: ratio(1.0, 1.0), low: ratio(RARER, MORE_OFTEN), high: ratio(MORE_OFTEN, RARER) })
}

/// A ratio of hit rates, and what missing outcomes could make of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MissingRange {
    /// The ratio over the known outcomes.
    pub ratio: f64,
    /// The least that it may be; not above `ratio`.
    pub low: f64,
    /// The most that it may be; not below `ratio`.
    pub high: f64,
}

impl MissingRange {
    /// Whether the missing outcomes alone could take the ratio beyond `critical`, where it is not now. A threshold below 1 is crossed
    /// downwards, any other upwards.
    #[must_use]
    pub fn sensitive_to_missing(&self, critical: f64) -> bool {
        if critical < 1.0 {
            self.low < critical && self.ratio >= critical
        } else {
            self.high > critical && self.ratio <= critical
        }
    }
}

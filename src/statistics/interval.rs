//! Intervals of one rate, and of the ratio and the difference of two.

use super::restricted::{difference_score, ratio_score};
use super::{Confidence, Interval, Proportion};

/// Widest search for a ratio's limit, in natural logarithms: counts of 1e12 give ratios within e^60.
const LN_RATIO_BOUND: f64 = 80.0;

/// Most evaluations in a search for a limit; bisection from the widest bracket needs 62.
const SEARCH_STEPS: usize = 200;

/// The score interval of a rate (Wilson, JASA 22, 1927). `None` where nothing is exposed.
#[must_use]
pub fn wilson(proportion: Proportion, confidence: Confidence) -> Option<Interval> {
    let (x, n, z) = (proportion.x(), proportion.n(), confidence.z());
    if n == 0.0 {
        return None;
    }
    let square = z * z;
    let spread = z * (x * (1.0 - x / n) + square / 4.0).max(0.0).sqrt();
    let upper = if x == n { 1.0 } else { (x + square / 2.0 + spread) / (n + square) };
    // The lower limit as the product of the roots over the upper one: the plain form cancels where the rate is small.
    let lower = if x == 0.0 { 0.0 } else { x * x / n / (x + square / 2.0 + spread) };
    Some(Interval { lower: lower.max(0.0), upper: upper.min(1.0) })
}

/// The score interval of the ratio of two rates (Miettinen and Nurminen 1985). `None` where a group is empty or neither has an event.
/// The lower limit is 0 where the group has no event, the upper one infinite where the reference has none.
#[must_use]
pub fn ratio_interval(group: Proportion, reference: Proportion, confidence: Confidence) -> Option<Interval> {
    if group.exposed() == 0 || reference.exposed() == 0 || group.events().saturating_add(reference.events()) == 0 {
        return None;
    }
    let score = |ln_ratio: f64| ratio_score(group, reference, ln_ratio.exp());
    let half = 0.5;
    let centre =
        ((group.x() + half) / (group.n() + half)).ln() - ((reference.x() + half) / (reference.n() + half)).ln();
    let width = (1.0 / (group.x() + half) + 1.0 / (reference.x() + half)).sqrt() * confidence.z();
    let lower = if group.events() == 0 { 0.0 } else { crossing(score, confidence.z(), centre - width, width).exp() };
    let upper = if reference.events() == 0 {
        f64::INFINITY
    } else {
        crossing(score, -confidence.z(), centre + width, width).exp()
    };
    Some(Interval { lower, upper })
}

/// The score interval of the difference of two rates (Miettinen and Nurminen 1985). `None` where a group is empty.
#[must_use]
pub fn difference_interval(group: Proportion, reference: Proportion, confidence: Confidence) -> Option<Interval> {
    let estimate = group.rate()? - reference.rate()?;
    let z = confidence.z();
    let score = |difference: f64| difference_score(group, reference, difference);
    // At an end of the range the statistic may not reach z: then the end is the limit.
    let limit = |end: f64, target: f64| {
        let reached = if target > 0.0 { score(end) >= target } else { score(end) <= target };
        if !reached || estimate == end {
            end
        } else {
            solve(|difference| score(difference) - target, estimate.min(end), estimate.max(end))
        }
    };
    Some(Interval { lower: limit(-1.0, z), upper: limit(1.0, -z) })
}

/// For population denominators: the score interval of the group's share of the events, mapped back to the ratio of rates.
/// `None` where a population is 0 or there is no event.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts up to 2^53 are exact, larger ones near enough")]
pub fn share_ratio_interval(
    x1: u64,
    x2: u64,
    population1: u64,
    population2: u64,
    confidence: Confidence,
) -> Option<Interval> {
    let events = x1.checked_add(x2)?;
    if population1 == 0 || population2 == 0 || events == 0 {
        return None;
    }
    let share = wilson(Proportion::new(x1, events)?, confidence)?;
    // The reference's share by itself: 1 - share would cancel.
    let other = wilson(Proportion::new(x2, events)?, confidence)?;
    let scale = population2 as f64 / population1 as f64;
    let upper = if other.lower > 0.0 { share.upper / other.lower * scale } else { f64::INFINITY };
    Some(Interval { lower: share.lower / other.upper * scale, upper })
}

/// Where a decreasing function of ln ratio crosses `target`, near `guess`: the bracket grows until it holds the crossing.
fn crossing(score: impl Fn(f64) -> f64, target: f64, guess: f64, width: f64) -> f64 {
    let distance = |ln_ratio: f64| score(ln_ratio) - target;
    let mut reach = width.max(1e-6) * 0.25;
    let (mut low, mut high) = (guess - reach, guess + reach);
    while distance(low) < 0.0 && low > -LN_RATIO_BOUND {
        reach *= 2.0;
        (high, low) = (low, low - reach);
    }
    while distance(high) > 0.0 && high < LN_RATIO_BOUND {
        reach *= 2.0;
        (low, high) = (high, high + reach);
    }
    solve(distance, low, high)
}

/// The root of a decreasing function in a bracket: false position in the Illinois form, and bisection whenever that is slow or the
/// function is infinite.
fn solve(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let (mut at_low, mut at_high) = (function(low), function(high));
    let mut side = 0;
    for step in 0..SEARCH_STEPS {
        if high - low <= 2.0 * f64::EPSILON * low.abs().max(high.abs()).max(1e-300) {
            break;
        }
        let secant = (low * at_high - high * at_low) / (at_high - at_low);
        // Every fourth step halves the bracket, whatever the function.
        let usable = secant.is_finite() && secant > low && secant < high && step % 4 != 3;
        let middle = if usable { secant } else { 0.5 * (low + high) };
        if middle <= low || middle >= high {
            break;
        }
        let value = function(middle);
        if value == 0.0 {
            return middle;
        }
        if value > 0.0 {
            (low, at_low) = (middle, value);
            at_high *= if side == 1 { 0.5 } else { 1.0 };
            side = 1;
        } else {
            (high, at_high) = (middle, value);
            at_low *= if side == -1 { 0.5 } else { 1.0 };
            side = -1;
        }
    }
    0.5 * (low + high)
}

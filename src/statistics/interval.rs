//! Intervals of one rate, and of the ratio and the difference of two.

use super::confidence::{Confidence, Interval};
use super::proportion::Proportion;
use super::restricted::{difference_score, ratio_score};

/// Returns the score interval of the ratio of two rates. The lower limit is 0 where the group has no event; the upper limit is infinite where
/// the reference has none. Returns `None` where a group is empty or neither has an event.
///
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).
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

/// Returns the score interval of the difference of two rates, within [-1, 1]. Returns `None` where a group is empty.
///
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).
#[must_use]
pub fn difference_interval(group: Proportion, reference: Proportion, confidence: Confidence) -> Option<Interval> {
    let estimate = group.rate()? - reference.rate()?;
    let z = confidence.z();
    let score = |difference: f64| difference_score(group, reference, difference);
    // Where the statistic does not reach z before the end of the range, the end is the limit.
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

/// Returns the interval of the ratio of two rates whose exposed are populations, from the score interval of the group's share of the events.
/// The upper limit is infinite where the reference has no event. Returns `None` where a population is 0, where there is no event, or where
/// the events exceed 2^64 - 1.
///
/// Given their total, the events fall to the group with probability r N1 / (r N1 + N2), where r is the ratio; this is solved for r.
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
    // The reference's share has an interval of its own, because 1 - share would cancel.
    let other = wilson(Proportion::new(x2, events)?, confidence)?;
    let scale = population2 as f64 / population1 as f64;
    let upper = if other.lower > 0.0 { share.upper / other.lower * scale } else { f64::INFINITY };
    Some(Interval { lower: share.lower / other.upper * scale, upper })
}

/// Returns the score interval of a rate, within [0, 1]. Returns `None` where nothing is exposed.
///
/// Source: Wilson, Journal of the American Statistical Association 22 (1927).
#[must_use]
pub fn wilson(proportion: Proportion, confidence: Confidence) -> Option<Interval> {
    let (x, n, z) = (proportion.x(), proportion.n(), confidence.z());
    if n == 0.0 {
        return None;
    }
    let square = z * z;
    let spread = z * (x * (1.0 - x / n) + square / 4.0).max(0.0).sqrt();
    let upper = if x == n { 1.0 } else { (x + square / 2.0 + spread) / (n + square) };
    // The product of both roots over the upper one: the plain form of the lower root cancels where the rate is small.
    let lower = if x == 0.0 { 0.0 } else { x * x / n / (x + square / 2.0 + spread) };
    Some(Interval { lower: lower.max(0.0), upper: upper.min(1.0) })
}

/// Returns where a decreasing function of ln ratio crosses `target`, near `guess`. The bracket grows until it holds the crossing.
fn crossing(score: impl Fn(f64) -> f64, target: f64, guess: f64, width: f64) -> f64 {
    /// The widest search, in natural logarithms: counts of 1e12 give ratios within e^60.
    const LN_RATIO_BOUND: f64 = 80.0;
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

/// Returns the root of a decreasing function in a bracket, by false position in the Illinois form (Dowell and Jarratt, BIT 11, 1971).
/// Every fourth step, and every step for which the function is infinite at an end, halves the bracket instead.
fn solve(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    /// Bisection alone needs 62 steps from the widest bracket.
    const SEARCH_STEPS: usize = 200;
    let (mut at_low, mut at_high) = (function(low), function(high));
    let mut side = 0;
    for step in 0..SEARCH_STEPS {
        if high - low <= 2.0 * f64::EPSILON * low.abs().max(high.abs()).max(1e-300) {
            break;
        }
        let secant = (low * at_high - high * at_low) / (at_high - at_low);
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

//! Intervals of one rate, and of the ratio and the difference of two.

use super::confidence::{Confidence, Interval};
use super::limits::{critical, upper_difference, upper_ratio};
use super::proportion::Proportion;

/// Returns the score interval of the ratio of two rates. The lower limit is 0 where the group has no event; the upper limit is infinite where
/// the reference has none. Returns `None` where a group is empty or neither has an event.
///
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).
#[must_use]
pub fn ratio_interval(group: Proportion, reference: Proportion, confidence: Confidence) -> Option<Interval> {
    if group.exposed() == 0 || reference.exposed() == 0 || group.events().saturating_add(reference.events()) == 0 {
        return None;
    }
    let critical = critical(group, reference, confidence.z());
    let lower = if group.events() == 0 { 0.0 } else { upper_ratio(reference, group, critical).recip() };
    let upper = if reference.events() == 0 { f64::INFINITY } else { upper_ratio(group, reference, critical) };
    Some(Interval { lower, upper })
}

/// Returns the score interval of the difference of two rates, within [-1, 1]. Returns `None` where a group is empty.
///
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).
#[must_use]
pub fn difference_interval(group: Proportion, reference: Proportion, confidence: Confidence) -> Option<Interval> {
    if group.exposed() == 0 || reference.exposed() == 0 {
        return None;
    }
    let critical = critical(group, reference, confidence.z());
    Some(Interval {
        lower: -upper_difference(reference, group, critical),
        upper: upper_difference(group, reference, critical),
    })
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

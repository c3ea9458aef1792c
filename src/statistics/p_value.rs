//! Two-sided tests that two rates are equal.

use super::fisher::Table;
use super::normal::upper_tail;
use super::proportion::Proportion;

/// The most exposed, both groups together, for which the p-value is Fisher's.
pub const FISHER_EXPOSED: u64 = 100_000;

/// Returns the p-value of Fisher's exact test where both groups together have at most [`FISHER_EXPOSED`] exposed, else that of the score
/// test. Where nobody or everybody has the event the rates are equal: it is 1. Returns `None` where a group is empty.
#[must_use]
pub fn p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let exposed = group.exposed().checked_add(reference.exposed())?;
    if exposed <= FISHER_EXPOSED { fisher_p_value(group, reference) } else { score_p_value(group, reference) }
}

/// Returns the two-sided p-value of the score test of ratio 1, with the factor N / (N - 1); 1 where nobody or everybody has the event. Returns
/// `None` where a group is empty, or where both groups together have more than 2^64 - 1 exposed.
///
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985). At ratio 1 the restricted rate is that of both groups together.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rounded once, when the whole numbers are known")]
pub fn score_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (events, exposed) = testable_totals(group, reference)?;
    let product = |events: u64, exposed: u64| u128::from(events) * u128::from(exposed);
    let excess = product(group.events(), reference.exposed()).abs_diff(product(reference.events(), group.exposed()));
    if excess == 0 {
        return Some(1.0);
    }
    let margins = events as f64 * (exposed - events) as f64 * (group.n() * reference.n());
    let z = excess as f64 * ((exposed - 1) as f64 / margins).sqrt();
    Some((2.0 * upper_tail(z)).min(1.0))
}

/// Returns the two-sided p-value of Fisher's exact test: the probability, given the margins, of all tables that are at most as likely as
/// the observed one. Where nobody or everybody has the event that is the only table: 1. Returns `None` where a group is empty, or where both
/// groups together have more than [`FISHER_EXPOSED`] exposed.
#[must_use]
pub fn fisher_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (events, exposed) = testable_totals(group, reference)?;
    if exposed > FISHER_EXPOSED {
        return None;
    }
    if events == 0 || events == exposed {
        return Some(1.0);
    }
    let table = Table {
        with: group.x(),
        without: group.without(),
        other_with: reference.x(),
        other_without: reference.without(),
    };
    Some(table.two_sided())
}

/// Returns the two-sided p-value that two populations have the same rate, by the score test of the group's share of the events. It is below
/// alpha where the interval of [`share_ratio_interval`](super::share_ratio_interval) excludes 1, as both rest on this test. Returns `None` where a population is 0, where there is no event, or where the events exceed 2^64 - 1.
///
/// Given their total m, the events fall to the group with probability N1 / (N1 + N2) under equality.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rounded once, when the whole numbers are known")]
pub fn share_p_value(x1: u64, x2: u64, population1: u64, population2: u64) -> Option<f64> {
    let events = x1.checked_add(x2)?;
    if population1 == 0 || population2 == 0 || events == 0 {
        return None;
    }
    let product = |events: u64, population: u64| u128::from(events) * u128::from(population);
    let excess = product(x1, population2).abs_diff(product(x2, population1));
    let z = excess as f64 / (events as f64 * (population1 as f64 * population2 as f64)).sqrt();
    Some((2.0 * upper_tail(z)).min(1.0))
}

/// The events and the exposed of both groups together. `None` where there is nothing to test: a group is empty, or the sum exceeds 2^64 - 1.
fn testable_totals(group: Proportion, reference: Proportion) -> Option<(u64, u64)> {
    let events = group.events().checked_add(reference.events())?;
    let exposed = group.exposed().checked_add(reference.exposed())?;
    (group.exposed() > 0 && reference.exposed() > 0).then_some((events, exposed))
}

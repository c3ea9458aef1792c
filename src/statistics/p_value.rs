//! Two-sided tests that two rates are equal.

use super::fisher::Table;
use super::normal::upper_tail;
use super::proportion::Proportion;

/// The most exposed, both groups together, for which the p-value is Fisher's.
pub const FISHER_EXPOSED: u64 = 100_000;

/// Returns the p-value of Fisher's exact test where both groups together have at most [`FISHER_EXPOSED`] exposed, else that of the score
/// test. Returns `None` where a group is empty, or where nobody or everybody has the event.
#[must_use]
pub fn p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let exposed = group.exposed().checked_add(reference.exposed())?;
    if exposed <= FISHER_EXPOSED { fisher_p_value(group, reference) } else { score_p_value(group, reference) }
}

/// Returns the two-sided p-value of the score test of ratio 1, with the factor N / (N - 1). Returns `None` where a group is empty, where
/// nobody or everybody has the event, or where both groups together have more than 2^64 - 1 exposed.
///
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985). At ratio 1 the restricted rate is that of both groups together.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rounded once, when the whole numbers are known")]
pub fn score_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (events, exposed) = testable_totals(group, reference)?;
    let product = |events: u64, exposed: u64| u128::from(events) * u128::from(exposed);
    let excess = product(group.events(), reference.exposed()).abs_diff(product(reference.events(), group.exposed()));
    let margins = events as f64 * (exposed - events) as f64 * (group.n() * reference.n());
    let z = excess as f64 * ((exposed - 1) as f64 / margins).sqrt();
    Some((2.0 * upper_tail(z)).min(1.0))
}

/// Returns the two-sided p-value of Fisher's exact test: the probability, given the margins, of all tables that are at most as likely as
/// the observed one. Returns `None` where a group is empty, where nobody or everybody has the event, or where both groups together have
/// more than [`FISHER_EXPOSED`] exposed.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts up to FISHER_EXPOSED are exact")]
pub fn fisher_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (_, exposed) = testable_totals(group, reference)?;
    let without = |proportion: Proportion| (proportion.exposed() - proportion.events()) as f64;
    let table = Table {
        with: group.x(),
        without: without(group),
        other_with: reference.x(),
        other_without: without(reference),
    };
    (exposed <= FISHER_EXPOSED).then(|| table.two_sided())
}

/// The events and the exposed of both groups together. `None` where there is nothing to test: a group is empty, nobody or everybody has the
/// event, or the sum exceeds 2^64 - 1.
fn testable_totals(group: Proportion, reference: Proportion) -> Option<(u64, u64)> {
    let events = group.events().checked_add(reference.events())?;
    let exposed = group.exposed().checked_add(reference.exposed())?;
    let testable = group.exposed() > 0 && reference.exposed() > 0 && events > 0 && events < exposed;
    testable.then_some((events, exposed))
}

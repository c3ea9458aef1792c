//! Two-sided tests that two rates are equal.

use statrs::distribution::Hypergeometric;
use statrs::statistics::{Max, Min, Mode};

use super::normal::upper_tail;
use super::proportion::Proportion;
use super::restricted::ratio_score;

/// The most exposed, both groups together, for which the p-value is Fisher's.
pub const FISHER_EXPOSED: u64 = 100_000;

/// Tables up to this much likelier than the observed one count as equally extreme, since rounding alone can make the difference. R's
/// `fisher.test` uses the same number.
const RELATIVE_ERROR: f64 = 1e-7;

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
/// Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).
#[must_use]
pub fn score_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    testable_totals(group, reference)?;
    Some((2.0 * upper_tail(ratio_score(group, reference, 1.0).abs())).min(1.0))
}

/// Returns the two-sided p-value of Fisher's exact test: the probability, given the margins, of all tables that are at most as likely as
/// the observed one. Returns `None` where a group is empty, where nobody or everybody has the event, or where both groups together have
/// more than [`FISHER_EXPOSED`] exposed.
///
/// The weights are relative to that of the most likely table and are followed outwards until they vanish, so nothing over- or
/// underflows. They are our own: the probabilities of `statrs` lose 3e-10 at 100,000 exposed, and its two-sided test is wrong.
///
/// Source: Fisher, Journal of the Royal Statistical Society 98 (1935).
#[must_use]
pub fn fisher_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (events, exposed) = testable_totals(group, reference)?;
    if exposed > FISHER_EXPOSED {
        return None;
    }
    let Ok(group_events) = Hypergeometric::new(exposed, events, group.exposed()) else {
        debug_assert!(false, "neither the events nor a group are more than the exposed");
        return None;
    };
    let (least, most) = (group_events.min(), group_events.max());
    let mode = group_events.mode()?;
    let table = Margins { group: group.exposed(), reference: reference.exposed(), events };
    let observed = table.weight_between(mode, group.events()) * (1.0 + RELATIVE_ERROR);
    let (mut all, mut extreme) = (0.0, 0.0);
    let mut add = |weight: f64| {
        all += weight;
        extreme += if weight <= observed { weight } else { 0.0 };
        weight > observed * 1e-18 || weight > 1e-18
    };
    let mut weight = 1.0;
    add(weight);
    for x in mode..most {
        weight *= table.step_up(x);
        if !add(weight) {
            break;
        }
    }
    weight = 1.0;
    for x in (least..mode).rev() {
        weight /= table.step_up(x);
        if !add(weight) {
            break;
        }
    }
    Some((extreme / all).min(1.0))
}

/// What all tables of Fisher's test share.
#[derive(Clone, Copy)]
struct Margins {
    group: u64,
    reference: u64,
    events: u64,
}

impl Margins {
    /// The weight of x + 1 events in the group over the weight of x. Both tables exist.
    #[expect(clippy::cast_precision_loss, reason = "counts up to FISHER_EXPOSED are exact")]
    fn step_up(self, x: u64) -> f64 {
        let Self { group, reference, events } = self;
        let up = (group - x) as f64 * (events - x) as f64;
        let down = (x + 1) as f64 * (reference + x + 1 - events) as f64;
        up / down
    }

    /// The weight of `to` events in the group over the weight of `from`. Both tables exist.
    fn weight_between(self, from: u64, to: u64) -> f64 {
        if to >= from {
            (from..to).fold(1.0, |weight, x| weight * self.step_up(x))
        } else {
            (to..from).rev().fold(1.0, |weight, x| weight / self.step_up(x))
        }
    }
}

/// The events and the exposed of both groups together. `None` where there is nothing to test: a group is empty, nobody or everybody has the
/// event, or the sum exceeds 2^64 - 1.
fn testable_totals(group: Proportion, reference: Proportion) -> Option<(u64, u64)> {
    let events = group.events().checked_add(reference.events())?;
    let exposed = group.exposed().checked_add(reference.exposed())?;
    let testable = group.exposed() > 0 && reference.exposed() > 0 && events > 0 && events < exposed;
    testable.then_some((events, exposed))
}

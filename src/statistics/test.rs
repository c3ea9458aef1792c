//! Two-sided tests of equality.

use super::Proportion;
use super::normal::upper_tail;
use super::restricted::ratio_score;

/// Up to this many exposed, both groups together, the p-value is Fisher's.
pub const FISHER_EXPOSED: u64 = 100_000;

/// Tables as likely as the one observed count as being as extreme, up to rounding (as R's `fisher.test` does).
const RELATIVE_ERROR: f64 = 1e-7;

/// Fisher's exact test where both groups together have at most [`FISHER_EXPOSED`] exposed, else the score test.
/// `None` where a group is empty, or nobody or everybody has the event.
#[must_use]
pub fn p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let exposed = group.exposed().checked_add(reference.exposed())?;
    if exposed <= FISHER_EXPOSED { fisher_p_value(group, reference) } else { score_p_value(group, reference) }
}

/// The score test of ratio 1, with the factor N / (N - 1).
#[must_use]
pub fn score_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (events, exposed) = totals(group, reference)?;
    if events == exposed {
        return None;
    }
    Some((2.0 * upper_tail(ratio_score(group, reference, 1.0).abs())).min(1.0))
}

/// Fisher's exact test, two-sided: the probability of all tables with the same margins that are at most as likely as the one observed.
///
/// Weights are taken relative to the most likely table and followed outwards until they vanish, so nothing over- or underflows.
#[must_use]
pub fn fisher_p_value(group: Proportion, reference: Proportion) -> Option<f64> {
    let (events, exposed) = totals(group, reference)?;
    if events == exposed {
        return None;
    }
    let table = Margins { group: group.exposed(), reference: reference.exposed(), events };
    let (least, most) = (events.saturating_sub(table.reference), events.min(table.group));
    let mode = (u128::from(table.group) + 1) * (u128::from(events) + 1) / (u128::from(exposed) + 2);
    let mode = u64::try_from(mode).unwrap_or(u64::MAX).clamp(least, most);
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

/// What all tables of the test share.
#[derive(Clone, Copy)]
struct Margins {
    group: u64,
    reference: u64,
    events: u64,
}

impl Margins {
    /// Weight of x + 1 events in the group over the weight of x.
    #[expect(clippy::cast_precision_loss, reason = "counts up to 2^53 are exact, larger ones near enough")]
    fn step_up(self, x: u64) -> f64 {
        let Self { group, reference, events } = self;
        let up = (group - x) as f64 * (events - x) as f64;
        let down = (x + 1) as f64 * (reference + x + 1 - events) as f64;
        up / down
    }

    /// Weight of `to` events over the weight of `from`.
    fn weight_between(self, from: u64, to: u64) -> f64 {
        if to >= from {
            (from..to).fold(1.0, |weight, x| weight * self.step_up(x))
        } else {
            (to..from).rev().fold(1.0, |weight, x| weight / self.step_up(x))
        }
    }
}

/// Events and exposed of both groups together; `None` where there is nothing to test.
fn totals(group: Proportion, reference: Proportion) -> Option<(u64, u64)> {
    let events = group.events().checked_add(reference.events())?;
    let exposed = group.exposed().checked_add(reference.exposed())?;
    (group.exposed() > 0 && reference.exposed() > 0 && events > 0).then_some((events, exposed))
}

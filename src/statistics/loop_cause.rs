//! Whether a rise of a group's share of the picks goes with a rise of what the random controls find.

use super::pair::{Pair, real};

/// The normal quantile that leaves 5 % above it.
const ONE_SIDED: f64 = 1.644_853_626_951_472_7;

/// The sum of the quantiles for a one-sided level of 5 % and a power of 80 %, rounded.
const FOR_POWER: f64 = 2.486;

/// What happened in one period, the group against the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopPeriod {
    /// Picked of those assessed by the profile.
    pub picked: Pair,
    /// Hits of the concluded controls of the random channel.
    pub random: Pair,
}

/// Compares the rise of the group's ratio of pick rates with that of its ratio of random hit rates, from an old period to a new one. Returns
/// `None` where one of the four counts of picks is 0, or where there are more events than exposed.
///
/// The random rates are (hits + 0.5) / (concluded + 1), so they have a value whatever the counts. All that is found holds for one look at 5 %,
/// not for many.
#[must_use]
pub fn loop_cause(new: &LoopPeriod, old: &LoopPeriod) -> Option<LoopCause> {
    if [new.picked, new.random, old.picked, old.random].into_iter().any(Pair::overfull) {
        return None;
    }
    let picked = Rise::of(&cells(new.picked, old.picked), 0.0, 0.0)?;
    let hits = Rise::of(&cells(new.random, old.random), 0.5, 1.0)?;
    let needed_variance = needed_variance(&picked);
    let concluded: f64 = cells(new.random, old.random).iter().map(|(_, exposed)| real(*exposed)).sum();
    Some(LoopCause {
        rise_picked: libm::exp(picked.log),
        rise_hits: libm::exp(hits.log),
        var_picked: picked.variance,
        var_hits: hits.variance,
        z: (picked.log - hits.log) / (picked.variance + hits.variance).sqrt(),
        upper_hits: libm::exp(hits.log + ONE_SIDED * hits.variance.sqrt()),
        needed_variance,
        needed: needed_variance.and_then(|variance| more(concluded, hits.variance / variance)),
    })
}

/// The rise of picks and that of random hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoopCause {
    /// How many times the group's ratio of pick rates has become what it was.
    pub rise_picked: f64,
    /// The same for the ratio of random hit rates.
    pub rise_hits: f64,
    /// The variance of the logarithm of `rise_picked`.
    pub var_picked: f64,
    /// The variance of the logarithm of `rise_hits`.
    pub var_hits: f64,
    /// How far the picks rose beyond the hits, in standard deviations. Above 1.645 the hits do not explain the picks, at 5 % one-sided.
    pub z: f64,
    /// The upper limit of `rise_hits`, at 5 % one-sided.
    pub upper_hits: f64,
    /// What `var_hits` must fall to so that a rise of picks like this one, without a rise of hits, is found with a probability of 80 %. `None`
    /// where the picks did not rise, or where the picks alone vary too much.
    pub needed_variance: Option<f64>,
    /// The concluded random controls that this takes beyond those there are, over both periods and both sides in their present shares; 0 where
    /// there are enough. `None` where `needed_variance` is, and where there is no random control.
    pub needed: Option<u64>,
}

/// Events and exposed of the group in the new period, of the rest, and of both in the old one.
const fn cells(new: Pair, old: Pair) -> [(u64, u64); 4] {
    [
        (new.events, new.exposed),
        (new.reference_events, new.reference_exposed),
        (old.events, old.exposed),
        (old.reference_events, old.reference_exposed),
    ]
}

/// The logarithm of the ratio of two ratios of rates, and its variance.
struct Rise {
    log: f64,
    variance: f64,
}

impl Rise {
    /// The rates are (events + `event`) / (exposed + `all`). `None` where one of them is 0 or has no value.
    fn of(cells: &[(u64, u64); 4], event: f64, all: f64) -> Option<Self> {
        let counts = cells.map(|(events, exposed)| (real(events) + event, real(exposed) + all));
        if counts.iter().any(|(events, _)| *events <= 0.0) {
            return None;
        }
        let [new, new_rest, old, old_rest] = counts.map(|(events, exposed)| libm::log(events / exposed));
        let variance = counts.iter().map(|(events, exposed)| (exposed - events) / (events * exposed)).sum();
        Some(Self { log: (new - new_rest) - (old - old_rest), variance })
    }
}

fn needed_variance(picked: &Rise) -> Option<f64> {
    let step = picked.log / FOR_POWER;
    Some(step * step - picked.variance).filter(|variance| picked.log > 0.0 && *variance > 0.0)
}

/// Returns how many controls there must be beyond `concluded` for `times` as many; a variance falls as the number rises.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturating")]
fn more(concluded: f64, times: f64) -> Option<u64> {
    let needed = (concluded * (times - 1.0)).ceil().max(0.0);
    (concluded > 0.0 && needed.is_finite()).then_some(needed as u64)
}

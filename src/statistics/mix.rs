//! Whether two groups get the same mix of kinds.

use super::cramer::pearson;
use super::gamma;

/// The fewest that may be expected of a kind in the smaller group.
const FEWEST_EXPECTED: u128 = 5;

/// Tests whether the group and the rest have the same shares of each kind. The slices hold one count per kind, in the same order; a kind that one
/// of them lacks counts as 0 there.
///
/// While fewer than 5 of the smallest kind are expected in the smaller group, that kind joins the next smallest; of equals the first in the
/// list. With one kind left, an empty group, or more than 2^64 - 1 counts there is no test.
///
/// Pearson's test. For two kinds it is the score test of [`score_p_value`](super::score_p_value) without the factor N / (N - 1).
#[must_use]
pub fn mix_test(group: &[u64], rest: &[u64]) -> MixTest {
    let kinds = merged(group, rest);
    let categories = kinds.len() as u64;
    let (group, rest) = kinds.into_iter().unzip();
    let chi2 = pearson(&[group, rest]).map(|found| found.chi2);
    let df = if chi2.is_some() { categories.saturating_sub(1) } else { 0 };
    let half = super::pair::real(df) / 2.0;
    MixTest { chi2, df, p_value: chi2.map(|chi2| gamma::above(half, chi2 / 2.0).clamp(0.0, 1.0)), categories }
}

/// What [`mix_test`] finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixTest {
    /// Pearson's statistic; `None` where there is no test.
    pub chi2: Option<f64>,
    /// Its degrees of freedom, `categories` - 1; 0 where there is no test.
    pub df: u64,
    /// The probability of a statistic at least as large where the mixes are equal.
    pub p_value: Option<f64>,
    /// The number of kinds after joining.
    pub categories: u64,
}

/// Returns the counts of both groups by kind, small kinds joined.
fn merged(group: &[u64], rest: &[u64]) -> Vec<(u64, u64)> {
    let count = |counts: &[u64], kind: usize| counts.get(kind).copied().unwrap_or(0);
    let mut kinds: Vec<(u64, u64)> =
        (0..group.len().max(rest.len())).map(|kind| (count(group, kind), count(rest, kind))).collect();
    let total = |of: fn(&(u64, u64)) -> u64| kinds.iter().map(|kind| u128::from(of(kind))).sum::<u128>();
    let (group, rest) = (total(|kind| kind.0), total(|kind| kind.1));
    let (smaller, both) = (group.min(rest), group + rest);
    while kinds.len() > 1 {
        let smallest = smallest_of(&kinds);
        let Some(kind) = kinds.get(smallest).copied() else { break };
        if pooled(&kind).saturating_mul(smaller) >= FEWEST_EXPECTED.saturating_mul(both) {
            break;
        }
        kinds.remove(smallest);
        let next = smallest_of(&kinds);
        if let Some(next) = kinds.get_mut(next) {
            *next = (next.0.saturating_add(kind.0), next.1.saturating_add(kind.1));
        }
    }
    kinds
}

/// The place of the smallest kind; of equals the first.
fn smallest_of(kinds: &[(u64, u64)]) -> usize {
    kinds.iter().enumerate().min_by_key(|(_, kind)| pooled(kind)).map_or(0, |(place, _)| place)
}

fn pooled(kind: &(u64, u64)) -> u128 {
    u128::from(kind.0) + u128::from(kind.1)
}

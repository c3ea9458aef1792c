//! Adjustment for many comparisons at once.

/// Returns Holm's adjusted p-values, in the order given. The p-values lie in [0, 1].
///
/// Whoever rejects the hypotheses with an adjusted p-value of at most `alpha` makes any false rejection with probability at most `alpha`,
/// whatever the dependence between them.
///
/// Source: Holm, Scandinavian Journal of Statistics 6 (1979).
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut largest: f64 = 0.0;
    adjusted(ascending(p_values), |rank, p| {
        largest = largest.max((p * whole(count - rank)).min(1.0));
        largest
    })
}

/// Returns Benjamini and Hochberg's adjusted p-values, in the order given. The p-values lie in [0, 1].
///
/// Of the hypotheses with an adjusted p-value of at most `alpha`, a share of at most `alpha` is rejected falsely on average, where the
/// p-values are independent.
///
/// Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995).
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order = ascending(p_values);
    order.reverse();
    let mut smallest: f64 = 1.0;
    adjusted(order, |rank, p| {
        smallest = smallest.min(p * whole(count) / whole(count - rank));
        smallest
    })
}

/// Returns the places of the hypotheses that e-BH rejects, ascending: those of the k largest E, for the largest k with
/// `E_(k) >= m / (alpha k)`. `log_e` holds ln E of the m hypotheses; `alpha` lies above 0 and below 1.
///
/// A share of at most `alpha` of them is rejected falsely on average, whatever the dependence between them.
///
/// Source: Wang and Ramdas, Journal of the Royal Statistical Society B 84 (2022).
#[must_use]
pub fn e_benjamini_hochberg(log_e: &[f64], alpha: f64) -> Vec<usize> {
    let mut order = ascending(log_e);
    order.reverse();
    let level = (whole(log_e.len()) / alpha).ln();
    let largest_k = (1..).zip(&order).filter(|(k, (_, log_e))| *log_e >= level - whole(*k).ln()).map(|(k, _)| k).max();
    // Where no k is large enough, nothing is rejected.
    let mut rejected: Vec<usize> = order.iter().take(largest_k.unwrap_or(0)).map(|(place, _)| *place).collect();
    rejected.sort_unstable();
    rejected
}

/// Passes rank (from 0) and value to `adjust`, in the order given, and returns its results in the order of their places.
fn adjusted(order: Vec<(usize, f64)>, mut adjust: impl FnMut(usize, f64) -> f64) -> Vec<f64> {
    let mut results: Vec<(usize, f64)> =
        order.into_iter().enumerate().map(|(rank, (place, value))| (place, adjust(rank, value))).collect();
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The values with their places, smallest first; equal values in the order of their places.
fn ascending(values: &[f64]) -> Vec<(usize, f64)> {
    let mut order: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    order.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    order
}

#[expect(clippy::cast_precision_loss, reason = "a number of comparisons")]
const fn whole(count: usize) -> f64 {
    count as f64
}

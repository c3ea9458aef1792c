//! Many comparisons at once.

/// Holm's adjusted p-values (Scandinavian Journal of Statistics 6, 1979), in the order given.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut largest: f64 = 0.0;
    adjusted(p_values, ascending(p_values), |rank, p| {
        largest = largest.max((p * whole(count - rank)).min(1.0));
        largest
    })
}

/// Benjamini and Hochberg's adjusted p-values (JRSS B 57, 1995), in the order given.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order = ascending(p_values);
    order.reverse();
    let mut smallest: f64 = 1.0;
    adjusted(p_values, order, |rank, p| {
        smallest = smallest.min(p * whole(count) / whole(count - rank));
        smallest
    })
}

/// e-BH (Wang and Ramdas, JRSS B 84, 2022): the indices rejected, ascending; the largest k with E_(k) >= m / (alpha k).
#[must_use]
pub fn e_benjamini_hochberg(log_e: &[f64], alpha: f64) -> Vec<usize> {
    let mut order = ascending(log_e);
    order.reverse();
    let level = (whole(log_e.len()) / alpha).ln();
    let enough = |rank: usize, index: usize| log_e.get(index).is_some_and(|log| *log >= level - whole(rank + 1).ln());
    let rejected =
        order.iter().enumerate().filter(|(rank, index)| enough(*rank, **index)).map(|(rank, _)| rank + 1).max();
    let mut rejected: Vec<usize> = order.into_iter().take(rejected.unwrap_or(0)).collect();
    rejected.sort_unstable();
    rejected
}

/// Applies `adjust` to the values in the order given and puts the results back in their places.
fn adjusted(values: &[f64], order: Vec<usize>, mut adjust: impl FnMut(usize, f64) -> f64) -> Vec<f64> {
    let mut results = vec![1.0; values.len()];
    for (rank, index) in order.into_iter().enumerate() {
        if let (Some(value), Some(result)) = (values.get(index), results.get_mut(index)) {
            *result = adjust(rank, *value);
        }
    }
    results
}

fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values.get(*one).unwrap_or(&0.0).total_cmp(values.get(*other).unwrap_or(&0.0)));
    order
}

#[expect(clippy::cast_precision_loss, reason = "a number of comparisons")]
const fn whole(count: usize) -> f64 {
    count as f64
}

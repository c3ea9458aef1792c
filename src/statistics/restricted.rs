//! Score statistics of a hypothesis about two rates, by restricted maximum likelihood.
//!
//! Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).

use super::proportion::Proportion;

/// Returns the score statistic of `p1 = ratio * p2`, with the factor N / (N - 1): positive where the observed ratio is larger, and infinite
/// where the hypothesis leaves the observation no variance. Neither group is empty; `ratio` is positive and finite.
///
/// The root is written in the form that stays accurate at counts of 1e9.
pub(super) fn ratio_score(group: Proportion, reference: Proportion, ratio: f64) -> f64 {
    let (x1, n1, x2, n2) = (group.x(), group.n(), reference.x(), reference.n());
    let (total, events) = (n1 + n2, x1 + x2);
    let b = n1 * ratio + x1 + n2 + x2 * ratio;
    let root = (b * b - 4.0 * total * ratio * events).max(0.0).sqrt();
    let p2 = (2.0 * events / (b + root)).clamp(0.0, 1.0);
    let p1 = (ratio * p2).clamp(0.0, 1.0);
    let variance = p1 * (1.0 - p1) / n1 + ratio * ratio * p2 * (1.0 - p2) / n2;
    score(x1 / n1 - ratio * (x2 / n2), variance, total)
}

/// Returns the score statistic of `p1 - p2 = difference`, likewise. `difference` lies in [-1, 1].
pub(super) fn difference_score(group: Proportion, reference: Proportion, difference: f64) -> f64 {
    let (x1, n1, x2, n2) = (group.x(), group.n(), reference.x(), reference.n());
    let p2 = restricted_reference(x1, n1, x2, n2, difference);
    let p1 = (p2 + difference).clamp(0.0, 1.0);
    let variance = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2;
    score(x1 / n1 - x2 / n2 - difference, variance, n1 + n2)
}

fn score(distance: f64, variance: f64, total: f64) -> f64 {
    if distance == 0.0 {
        return 0.0;
    }
    let corrected = if total > 1.0 { variance * total / (total - 1.0) } else { variance };
    if corrected > 0.0 { distance / corrected.sqrt() } else { distance.signum() * f64::INFINITY }
}

/// Returns the p2 that maximises the likelihood under p1 = p2 + difference.
///
/// The logarithm of the likelihood is concave, so its slope has one root. Newton steps that a bracket keeps in bounds find it, and stay
/// accurate where the closed form of the cubic cancels.
fn restricted_reference(x1: f64, n1: f64, x2: f64, n2: f64, difference: f64) -> f64 {
    /// Bisection alone needs 60 steps for all digits.
    const STEPS: usize = 200;
    let (mut low, mut high) = ((-difference).max(0.0), (1.0 - difference).min(1.0));
    if low >= high {
        return low;
    }
    // 0 / 0 would be NaN: a count of 0 has no term.
    let term = |count: f64, share: f64| if count == 0.0 { 0.0 } else { count / share };
    let curve = |count: f64, share: f64| if count == 0.0 { 0.0 } else { count / (share * share) };
    let mut p = ((x1 + x2 - n1 * difference) / (n1 + n2)).clamp(low, high);
    // Next to an end Newton steps only double the distance from it: a first step from within some roundings would look like the last.
    let roundings = 4.0 * f64::EPSILON;
    if p - low <= roundings * p || high - p <= roundings * high {
        p = 0.5 * (low + high);
    }
    for _ in 0..STEPS {
        let (q, p1, q1) = (1.0 - p, p + difference, 1.0 - p - difference);
        let slope = term(x1, p1) + term(x2, p) - term(n1 - x1, q1) - term(n2 - x2, q);
        if slope == 0.0 {
            break;
        }
        if slope > 0.0 {
            low = p
        } else {
            high = p
        }
        let bend = curve(x1, p1) + curve(x2, p) + curve(n1 - x1, q1) + curve(n2 - x2, q);
        let newton = p + slope / bend;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - p).abs() <= f64::EPSILON * next.abs() || high - low <= f64::EPSILON * high.abs() {
            p = next;
            break;
        }
        p = next;
    }
    p
}

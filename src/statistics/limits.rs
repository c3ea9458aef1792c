//! Limits of Miettinen and Nurminen's score intervals, as the roots of equations in one multiplier.
//!
//! At a limit the squared score statistic is `critical`: z squared without the factor N / (N - 1). The restricted estimates belong to a
//! multiplier of Lagrange, and both they and the statistic are simple functions of it: so nothing is searched within a search, no difference
//! of nearly equal numbers is taken, and few steps suffice. Where the steps begin follows from the counts alone, so the same counts give the
//! same bits. The derivation is in `docs/decisions/0096-limits-by-their-multiplier.md`.
//!
//! Source: Miettinen and Nurminen, Statistics in Medicine 4 (1985).

use super::proportion::Proportion;

/// A step that changes the multiplier by less than this share is the last: each step at least squares the error, so none is left.
const LAST_STEP: f64 = 1e-8;

/// Returns the squared score statistic at the limits, without the factor N / (N - 1). Neither group is empty.
pub(super) fn critical(group: Proportion, reference: Proportion, z: f64) -> f64 {
    let total = group.n() + reference.n();
    z * z * total / (total - 1.0)
}

/// Returns the upper limit of the ratio of two rates. Neither group is empty, and the reference has an event. The lower limit is the
/// reciprocal of the upper one of the exchanged groups.
///
/// The multiplier s lies between 0, at the estimate, and `x2`. With y = s / (x2 - s) the statistic reaches `critical` where
/// a y + b - d / y - e / y^2 = 0. The left side rises and is concave, so Newton steps that begin left of the root stay there and converge; the
/// error after a step is at most 1.5 times the square of the one before it, in shares of the root.
pub(super) fn upper_ratio(group: Proportion, reference: Proportion, critical: f64) -> f64 {
    /// From the worst beginning six steps were needed.
    const STEPS: usize = 40;
    let (x1, n1, x2, n2) = (group.x(), group.n(), reference.x(), reference.n());
    let (without1, without2) = (group.without(), reference.without());
    let (q1, q2, events) = (without1 / n1, without2 / n2, x1 + x2);
    let (a, b) = (x2 * q2 * events, x2 * (q1 * x2 + q2 * x1) - critical * events);
    let (d, e) = (critical * (events + x1), critical * x1);
    if a == 0.0 && b <= 0.0 {
        // Everybody of the reference has the event. The restricted rate of the group has stopped at that of both together.
        return events / (n1 + n2) * (1.0 - b / (n2 * events));
    }
    let mut y = left_of_root(a, b, d, e);
    for _ in 0..STEPS {
        let share = (((a * y + b) * y - d) * y - e) / (a * y * y * y + d * y + 2.0 * e);
        y -= y * share;
        if share.abs() <= LAST_STEP {
            break;
        }
    }
    // s, and what it leaves of x2: both have all digits.
    let (multiplier, left) = (x2 * y / (1.0 + y), x2 / (1.0 + y));
    (x1 + multiplier) / (n1 + multiplier) * (1.0 + without2 / left)
}

/// Returns the upper limit of the difference of two rates. Neither group is empty. The lower limit is that of the exchanged groups with the
/// other sign.
///
/// With the multiplier m the rates move from their estimates by e1(m) and e2(m), and the statistic is m (e1 + e2). It rises from 0 without
/// bound, unless there is nowhere to move to.
pub(super) fn upper_difference(group: Proportion, reference: Proportion, critical: f64) -> f64 {
    /// Bisection alone, by shares, needs 70 steps from the widest bracket.
    const STEPS: usize = 200;
    /// Before the last step the statistic was as near as this, in shares of what it has to be.
    const NEAR: f64 = 1e-6;
    let (x1, n1, x2, n2) = (group.x(), group.n(), reference.x(), reference.n());
    let (without1, without2) = (group.without(), reference.without());
    let room = without1 / n1 + x2 / n2;
    if room == 0.0 {
        return 1.0;
    }
    // A rate moves by less than its room, and by more than its room - n / m.
    let (mut low, mut high) = (critical / room, (critical + n1 + n2) / room);
    let mut multiplier = (critical / (spread(group, critical) + spread(reference, critical))).sqrt().clamp(low, high);
    for _ in 0..STEPS {
        // The rate of the reference falls: what rises is the rate of those without the event.
        let (up, down) = (Move::of(x1, without1, n1, multiplier), Move::of(without2, x2, n2, multiplier));
        let (by, slope, bend) = (up.by + down.by, up.slope + down.slope, up.bend + down.bend);
        let excess = multiplier * by - critical;
        if excess < 0.0 {
            low = multiplier;
        } else {
            high = multiplier;
        }
        let (first, second) = (by + multiplier * slope, 2.0 * slope + multiplier * bend);
        // Halley's step, or half of the bracket where that leads out of it.
        let step = multiplier - 2.0 * excess * first / (2.0 * first * first - excess * second);
        let next = if step >= low && step <= high { step } else { (low * high).sqrt() };
        let change = (next - multiplier).abs();
        multiplier = next;
        // Where a rate begins to move at a multiplier of 1e9, the statistic changes much within a small share of that.
        if change <= LAST_STEP * multiplier && excess.abs() <= NEAR * critical {
            break;
        }
    }
    (group.excess_over(reference) / (n1 * n2) + critical / multiplier).min(1.0)
}

/// How far a rate moves at a multiplier.
struct Move {
    by: f64,
    /// The first derivative by the multiplier.
    slope: f64,
    /// The second.
    bend: f64,
}

impl Move {
    /// Of `with` among `n`, `without` the others: the root of n by = m (p + by) (q - by) from 0 to q.
    fn of(with: f64, without: f64, n: f64, multiplier: f64) -> Self {
        let t = multiplier / n;
        let (p, q) = (with / n, without / n);
        let half = 1.0 - t * ((without - with) / n);
        let product = t * p * q;
        let root = (half * half + 4.0 * t * product).sqrt();
        let by = if half < 0.0 {
            (root - half) / (2.0 * t)
        } else if root > 0.0 {
            2.0 * product / (half + root)
        } else {
            // The rate is 0 or 1 and the multiplier is n: it does not move yet.
            0.0
        };
        let (p, q) = (p + by, (q - by).max(0.0));
        let scale = if root > 0.0 { 1.0 / (n * root) } else { 0.0 };
        let slope = p * q * scale;
        Self { by, slope, bend: 2.0 * slope * (q - p - multiplier * slope) * scale }
    }
}

/// Returns a number that is not above the positive root of a y + b - d / y - e / y^2, and near it.
fn left_of_root(a: f64, b: f64, d: f64, e: f64) -> f64 {
    // The root without e is below the root with it.
    let root = (b * b + 4.0 * a * d).sqrt();
    if b <= 0.0 {
        return (root - b) / (2.0 * a);
    }
    let without_e = 2.0 * d / (b + root);
    // The root without a is above it, and a Newton step from there leads below it.
    let without_a = (d + (d * d + 4.0 * b * e).sqrt()) / (2.0 * b);
    let rest = d * without_a + 2.0 * e;
    without_e.max(without_a * rest / (a * without_a * without_a * without_a + rest))
}

/// About the variance of the rate at the limit.
fn spread(proportion: Proportion, critical: f64) -> f64 {
    let rate = (proportion.x() + 0.25 * critical) / (proportion.n() + 0.5 * critical);
    rate * (1.0 - rate) / proportion.n()
}

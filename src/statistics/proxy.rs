//! Rates of groups that are known only as probabilities: a bracket of two estimates.
//!
//! Every exposed case has a vector of probabilities w, one for each group, which sum to 1, and an event x, 0 or 1.
//!
//! - **Weighted**: sum(w x) / sum(w). Each case counts in every group, by its probability. Where membership itself drives the event, the
//!   estimate lies between the group's true rate and the others', and the less the probabilities tell, the further from the former. It
//!   understates the disparity by the covariance of membership and event that the probabilities do not explain (Chen, Kallus, Mao, Svacha
//!   and Udell, "Fairness under unawareness", FAT* 2019). It is right where the event depends on what the probabilities were made from, such
//!   as a postcode, and on membership only through that.
//! - **Regression**: ordinary least squares of x on w, without an intercept because w sums to 1. The coefficients are the rates of the groups.
//!   It is right where membership alone drives the event. Where the event depends on what the probabilities were made from, it overstates the
//!   disparity.
//!
//! Where both play a part in the same direction, the truth lies between the two (Elzayn, Smith, Hertz, Ramesh, Goldin, Ho and Fisher,
//! "Measuring and mitigating racial disparities in tax audits", 2023). Both take the probabilities to be calibrated: of the cases with
//! w = 0.3, three in ten are members. Probabilities are never turned into a group by a threshold: counting every case with w > 0.5 as a
//! member has a bias of either sign (Chen et al.).
//!
//! All sums are integers. So they do not depend on the order of the cases, and a case can be taken out again without a trace.

use serde::{Deserialize, Serialize};

/// The least part of a regressor's uncentred variance that the regressors before it must leave unexplained; below it the regression counts
/// as singular. With probabilities around 0.5 the limit is a standard deviation of 0.8 hundredths.
const LEAST_UNEXPLAINED: f64 = 1e-3;

/// How exact a coefficient is: the smallest pivot allowed costs three of the sixteen digits, and unequal groups cost some more.
const ROUNDING: f64 = 1e-9;

/// Sums over the exposed cases of one indicator.
///
/// Weights are whole numbers of units. The weights of a case sum to `unit`, which stands for probability 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memberships {
    unit: u64,
    /// By group: the sum of w, in units.
    weights: Vec<u64>,
    /// By group: the sum of w over the cases with the event, in units.
    events: Vec<u64>,
    /// By pair of groups: the sum of w v, in units squared. The upper triangle with its diagonal, row by row.
    products: Vec<u64>,
}

/// Both estimates of one comparison, and how much they rest on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    /// The weighted estimate; `None` where a side weighs nothing.
    pub weighted: Option<Rates>,
    /// The regression estimate; `None` where the probabilities do not tell the sides apart, or where a coefficient lies outside [0, 1].
    pub regression: Option<Rates>,
    /// The side of the group.
    pub group: WeightedSide,
    /// The side of the reference.
    pub reference: WeightedSide,
    /// The number of exposed cases, each counted once.
    pub cases: u64,
}

/// Two rates, each in [0, 1], and their ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// The rate of the group.
    pub group: f64,
    /// The rate of the reference.
    pub reference: f64,
    /// Group / reference; `None` where the reference's rate is 0.
    pub ratio: Option<f64>,
}

/// How much one side of the comparison weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeightedSide {
    /// The expected number of exposed cases, sum(w).
    pub exposed: f64,
    /// The expected number of events among them, sum(w x).
    pub events: f64,
    /// The number of certain members that would tell as much, sum(w)^2 / sum(w^2): from 0 to the number of cases (Kish, "Survey sampling",
    /// 1965).
    pub effective_n: f64,
}

/// The exact sums of one side. In the rest, 1 - w is a weight like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Side {
    weights: u128,
    events: u128,
    squares: u128,
}

impl Memberships {
    /// Takes the sums of n groups. Returns `None` where the lengths are not n weights, n events and n (n + 1) / 2 products, or where the unit
    /// is 0.
    #[must_use]
    pub fn new(unit: u64, weights: Vec<u64>, events: Vec<u64>, products: Vec<u64>) -> Option<Self> {
        let groups = weights.len();
        let fits = events.len() == groups && products.len() == groups * (groups + 1) / 2 && unit > 0;
        fits.then_some(Self { unit, weights, events, products })
    }

    /// Compares a group with one reference group, or with everyone else where `reference` is `None`. Returns `None` where no case is exposed,
    /// where a group is not in the vectors, or where there are more than 2^64 - 1 cases.
    #[must_use]
    pub fn bracket(&self, group: usize, reference: Option<usize>) -> Option<Bracket> {
        let (own, other) = self.sides(group, reference)?;
        let all: u128 = self.weights.iter().map(|weight| u128::from(*weight)).sum();
        let cases = u64::try_from(all / u128::from(self.unit)).ok().filter(|cases| *cases > 0)?;
        let regression = match reference {
            None => self.regression_against_rest(own, other),
            Some(reference) => self.regression_of_all(group, reference),
        };
        Some(Bracket {
            weighted: weighted(own, other),
            regression,
            group: self.shown(own),
            reference: self.shown(other),
            cases,
        })
    }

    fn sides(&self, group: usize, reference: Option<usize>) -> Option<(Side, Side)> {
        let own = self.side(group)?;
        let other = match reference {
            None => self.rest(group, own),
            Some(reference) => self.side(reference)?,
        };
        Some((own, other))
    }

    fn side(&self, group: usize) -> Option<Side> {
        Some(Side {
            weights: (*self.weights.get(group)?).into(),
            events: (*self.events.get(group)?).into(),
            squares: self.product(group, group)?,
        })
    }

    /// The sums of everyone but the group: sum((1 - w)^2) = n - 2 sum(w) + sum(w^2), in units squared.
    fn rest(&self, group: usize, own: Side) -> Side {
        let others = |sums: &[u64]| -> u128 {
            sums.iter().enumerate().filter(|(other, _)| *other != group).map(|(_, sum)| u128::from(*sum)).sum()
        };
        let weights = others(&self.weights);
        let squares = self.in_squares(weights).saturating_add(own.squares).saturating_sub(self.in_squares(own.weights));
        Side { weights, events: others(&self.events), squares }
    }

    /// The regression on (w, 1 - w).
    fn regression_against_rest(&self, own: Side, rest: Side) -> Option<Rates> {
        // sum(w (1 - w)) = sum(w) - sum(w^2).
        let cross = float(self.in_squares(own.weights).saturating_sub(own.squares));
        let gram = [vec![float(own.squares)], vec![cross, float(rest.squares)]];
        let coefficients =
            least_squares(&gram, &[float(self.in_squares(own.events)), float(self.in_squares(rest.events))])?;
        Rates::of(snapped(*coefficients.first()?), snapped(*coefficients.last()?))
    }

    /// The regression on the whole vector. Groups of which nobody has any probability are left out.
    fn regression_of_all(&self, group: usize, reference: usize) -> Option<Rates> {
        let has_weight = |index: &usize| self.product(*index, *index).is_some_and(|square| square > 0);
        let used: Vec<usize> = (0..self.weights.len()).filter(has_weight).collect();
        let row = |row: &usize| -> Option<Vec<f64>> {
            let columns = used.iter().take_while(|column| *column <= row);
            columns.map(|column| self.product(*column, *row).map(float)).collect()
        };
        let gram: Option<Vec<Vec<f64>>> = used.iter().map(row).collect();
        let cross: Option<Vec<f64>> =
            used.iter().map(|index| Some(float(self.in_squares((*self.events.get(*index)?).into())))).collect();
        let coefficients = least_squares(&gram?, &cross?)?;
        // A group that was left out has no coefficient, and so no estimate.
        let of = |index| coefficients.get(used.binary_search(&index).ok()?).copied();
        Rates::of(snapped(of(group)?), snapped(of(reference)?))
    }

    /// Turns a sum in units into units squared. It saturates only for sums far beyond those of any cases.
    fn in_squares(&self, sum: u128) -> u128 {
        sum.saturating_mul(self.unit.into())
    }

    /// sum(w v) of two groups, the first not after the second. `None` for a group that is not in the vectors.
    fn product(&self, first: usize, second: usize) -> Option<u128> {
        let groups = self.weights.len();
        debug_assert!(first <= second, "products are stored for {second} and {first}, in this order");
        if first > second || second >= groups {
            return None;
        }
        // The rows before the first group have n, n - 1, ... entries.
        let before = first * groups - first * first.saturating_sub(1) / 2;
        self.products.get(before + second - first).copied().map(u128::from)
    }

    fn shown(&self, side: Side) -> WeightedSide {
        let weights = float(side.weights);
        let effective_n = if side.squares > 0 { weights * weights / float(side.squares) } else { 0.0 };
        let unit = float(self.unit.into());
        WeightedSide { exposed: weights / unit, events: float(side.events) / unit, effective_n }
    }
}

impl Rates {
    /// `None` where a number lies outside [0, 1], as a regression over too few cases, or over events that are not linear in w, may do.
    fn of(group: f64, reference: f64) -> Option<Self> {
        let is_rate = |rate: &f64| (0.0..=1.0).contains(rate);
        let ratio = Some(group / reference).filter(|ratio| reference > 0.0 && ratio.is_finite());
        (is_rate(&group) && is_rate(&reference)).then_some(Self { group, reference, ratio })
    }
}

/// Returns 0 or 1 for a coefficient that differs from it by rounding alone, and any other coefficient as it is.
fn snapped(coefficient: f64) -> f64 {
    let nearest = coefficient.round();
    if (coefficient - nearest).abs() < ROUNDING { nearest.max(0.0) } else { coefficient }
}

fn weighted(group: Side, reference: Side) -> Option<Rates> {
    let rate = |side: Side| (side.weights > 0).then(|| float(side.events) / float(side.weights));
    Rates::of(rate(group)?, rate(reference)?)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53; larger sums lose less than 1e-15 of their value")]
const fn float(sum: u128) -> f64 {
    sum as f64
}

/// Solves the normal equations by Cholesky's decomposition of the matrix scaled to a unit diagonal. `gram` is its lower triangle, row by row.
/// Returns `None` where the matrix is singular or nearly so.
fn least_squares(gram: &[Vec<f64>], cross: &[f64]) -> Option<Vec<f64>> {
    let scales: Option<Vec<f64>> =
        gram.iter().map(|row| row.last().filter(|square| **square > 0.0)).map(root).collect();
    let scales = scales?;
    let mut lower: Vec<Vec<f64>> = Vec::with_capacity(gram.len());
    for (row, scale) in gram.iter().zip(&scales) {
        let mut solved: Vec<f64> = Vec::with_capacity(row.len());
        for ((value, other), known) in row.iter().zip(&scales).zip(&lower) {
            let left = value / (scale * other) - dot(&solved, known);
            solved.push(left / known.last()?);
        }
        let pivot = 1.0 - dot(&solved, &solved);
        if pivot.is_nan() || pivot < LEAST_UNEXPLAINED {
            return None;
        }
        solved.push(pivot.sqrt());
        lower.push(solved);
    }
    let scaled: Vec<f64> = cross.iter().zip(&scales).map(|(value, scale)| value / scale).collect();
    let solution = backward(&lower, &forward(&lower, &scaled)?)?;
    Some(solution.iter().zip(&scales).map(|(value, scale)| value / scale).collect())
}

fn root(square: Option<&f64>) -> Option<f64> {
    square.map(|square| square.sqrt())
}

/// The scalar product, over the length of the shorter vector.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Solves L z = y.
fn forward(lower: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let mut solved: Vec<f64> = Vec::with_capacity(right.len());
    for (row, value) in lower.iter().zip(right) {
        solved.push((value - dot(&solved, row)) / row.last()?);
    }
    Some(solved)
}

/// Solves L' b = z. The last unknown comes first and is then taken out of the equations before it.
fn backward(lower: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let mut left = right.to_vec();
    let mut solved = Vec::with_capacity(right.len());
    for row in lower.iter().rev() {
        let value = left.pop()? / row.last()?;
        left.iter_mut().zip(row).for_each(|(left, factor)| *left -= factor * value);
        solved.push(value);
    }
    solved.reverse();
    Some(solved)
}

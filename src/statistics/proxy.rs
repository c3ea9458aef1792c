//! Rates of a group whose membership is known only as probabilities: a bracket of two estimates.
//!
//! For every exposed case there is a vector of probabilities w, one for each group, summing to 1, and an event x, 0 or 1.
//!
//! - **Weighted**: sum(w x) / sum(w), each case counted in every group by its probability. Where membership itself drives the event it lies
//!   between the group's true rate and the others', the more so the less the probabilities tell: it understates the disparity by the covariance
//!   of membership and event that the probabilities do not explain (Chen, Kallus, Mao, Svacha and Udell, "Fairness under
//!   unawareness", FAT* 2019). Where the event depends on what the probabilities were made from (a postcode), and on membership
//!   only through it, it is right.
//! - **Regression**: ordinary least squares of x on w, without intercept because w sums to 1; the coefficients are the groups' rates. Right where
//!   membership alone drives the event; where the event depends on what the probabilities were made from it overstates the disparity.
//!
//! So the two hold the truth between them where both play a part in the same direction (Elzayn, Smith, Hertz, Ramesh, Goldin, Ho
//! and Fisher, "Measuring and mitigating racial disparities in tax audits", 2023). Both take the probabilities to be calibrated: of the cases
//! with w = 0.3, three in ten are members. Probabilities are never turned into a group by a threshold: whoever counts every case with
//! w > 0.5 as a member gets a bias of either sign (Chen et al.).
//!
//! All sums are integers, so that they do not depend on the order of the cases and a case can be taken out again without a trace.

use serde::{Deserialize, Serialize};

/// A regressor that the ones before it explain to all but this part of its (uncentred) variance makes the regression near singular. With
/// probabilities around 0.5 that is a standard deviation below 0.8 hundredths.
const LEAST_UNEXPLAINED: f64 = 1e-3;

/// Coefficients are no more exact than this: the smallest pivot allowed costs three of the sixteen digits, unequal groups some more.
const ROUNDING: f64 = 1e-9;

/// Sums over the exposed cases of one indicator. Weights are whole numbers of units; a case's weights sum to `unit`, which stands for
/// probability 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memberships {
    unit: u64,
    /// By group: sum of w, in units.
    weights: Vec<u64>,
    /// By group: sum of w over the cases with the event, in units.
    events: Vec<u64>,
    /// By pair of groups, sum of w v in units squared: the upper triangle with its diagonal, row by row.
    products: Vec<u64>,
}

/// Both estimates of one comparison, and what they rest on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    /// The weighted estimate; `None` where a side weighs nothing.
    pub weighted: Option<Rates>,
    /// The regression estimate; `None` where the probabilities do not tell the sides apart, or where a coefficient is no rate.
    pub regression: Option<Rates>,
    /// The group's side.
    pub group: WeightedSide,
    /// The reference's side.
    pub reference: WeightedSide,
    /// Exposed cases, each counted once.
    pub cases: u64,
}

/// Two rates, each in [0, 1], and their ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Of the group.
    pub group: f64,
    /// Of the reference.
    pub reference: f64,
    /// Group / reference; `None` where the reference's rate is 0.
    pub ratio: Option<f64>,
}

/// How much one side of the comparison weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeightedSide {
    /// Expected number of exposed cases, sum(w): not below 0.
    pub exposed: f64,
    /// Expected number of events among them, sum(w x): not below 0.
    pub events: f64,
    /// The number of certain members that would tell as much, sum(w)^2 / sum(w^2) (Kish, "Survey sampling", 1965): from 0 to the
    /// number of cases.
    pub effective_n: f64,
}

/// One side's sums, exact; a probability 1 - w of the rest is a weight like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Side {
    weights: u128,
    events: u128,
    squares: u128,
}

impl Memberships {
    /// `None` where the lengths do not fit together: n weights, n events, n (n + 1) / 2 products; or where the unit is 0.
    #[must_use]
    pub fn new(unit: u64, weights: Vec<u64>, events: Vec<u64>, products: Vec<u64>) -> Option<Self> {
        let groups = weights.len();
        let fits = events.len() == groups && products.len() == groups * (groups + 1) / 2 && unit > 0;
        fits.then_some(Self { unit, weights, events, products })
    }

    /// The group against one reference group, or (`None`) against everyone else. `None` where no case is exposed or a group is not in
    /// the vectors.
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
            squares: self.product(group, group),
        })
    }

    /// sum((1 - w)^2) = n - 2 sum(w) + sum(w^2), in units squared.
    fn rest(&self, group: usize, own: Side) -> Side {
        let others = |sums: &[u64]| -> u128 {
            sums.iter().enumerate().filter(|(other, _)| *other != group).map(|(_, sum)| u128::from(*sum)).sum()
        };
        let weights = others(&self.weights);
        let squares = self.in_squares(weights).saturating_add(own.squares).saturating_sub(self.in_squares(own.weights));
        Side { weights, events: others(&self.events), squares }
    }

    /// On (w, 1 - w).
    fn regression_against_rest(&self, own: Side, rest: Side) -> Option<Rates> {
        // sum(w (1 - w)) = sum(w) - sum(w^2).
        let cross = float(self.in_squares(own.weights).saturating_sub(own.squares));
        let gram = [vec![float(own.squares)], vec![cross, float(rest.squares)]];
        let coefficients =
            least_squares(&gram, &[float(self.in_squares(own.events)), float(self.in_squares(rest.events))])?;
        Rates::of(snapped(*coefficients.first()?), snapped(*coefficients.last()?))
    }

    /// On the whole vector; groups of which nobody has any probability have no coefficient and are left out.
    fn regression_of_all(&self, group: usize, reference: usize) -> Option<Rates> {
        let used: Vec<usize> = (0..self.weights.len()).filter(|index| self.product(*index, *index) > 0).collect();
        let row = |row: &usize| {
            used.iter().take_while(|column| *column <= row).map(|column| float(self.product(*column, *row))).collect()
        };
        let gram: Vec<Vec<f64>> = used.iter().map(row).collect();
        let cross: Option<Vec<f64>> =
            used.iter().map(|index| Some(float(self.in_squares((*self.events.get(*index)?).into())))).collect();
        let coefficients = least_squares(&gram, &cross?)?;
        let of = |index| coefficients.get(used.binary_search(&index).ok()?).copied();
        Rates::of(snapped(of(group)?), snapped(of(reference)?))
    }

    /// A sum in units, in units squared. Sums that saturate are far beyond those of any cases.
    fn in_squares(&self, sum: u128) -> u128 {
        sum.saturating_mul(self.unit.into())
    }

    /// sum(w v) of two groups, the first not after the second; 0 for groups that are not there.
    fn product(&self, first: usize, second: usize) -> u128 {
        // Rows before the first have n, n - 1, ... entries.
        let groups = self.weights.len();
        let before = first * groups - first * first.saturating_sub(1) / 2;
        self.products.get(before + second - first).copied().unwrap_or(0).into()
    }

    fn shown(&self, side: Side) -> WeightedSide {
        let weights = float(side.weights);
        let effective_n = if side.squares > 0 { weights * weights / float(side.squares) } else { 0.0 };
        let unit = float(self.unit.into());
        WeightedSide { exposed: weights / unit, events: float(side.events) / unit, effective_n }
    }
}

impl Rates {
    /// `None` where one is no rate: a regression over too few cases, or one that is not linear, leaves [0, 1].
    fn of(group: f64, reference: f64) -> Option<Self> {
        let is_rate = |rate: &f64| (0.0..=1.0).contains(rate);
        let ratio = Some(group / reference).filter(|ratio| reference > 0.0 && ratio.is_finite());
        (is_rate(&group) && is_rate(&reference)).then_some(Self { group, reference, ratio })
    }
}

/// A coefficient that differs from 0 or 1 by rounding alone.
fn snapped(coefficient: f64) -> f64 {
    let nearest = coefficient.round();
    if (coefficient - nearest).abs() < ROUNDING { nearest.max(0.0) } else { coefficient }
}

fn weighted(group: Side, reference: Side) -> Option<Rates> {
    let rate = |side: Side| (side.weights > 0).then(|| float(side.events) / float(side.weights));
    Rates::of(rate(group)?, rate(reference)?)
}

/// Sums up to 2^53 are exact, larger ones near enough.
#[expect(clippy::cast_precision_loss, reason = "as said")]
const fn float(sum: u128) -> f64 {
    sum as f64
}

/// Solves the normal equations by Cholesky's decomposition of the matrix scaled to a unit diagonal. `gram` is the lower triangle, row by row.
/// `None` where the matrix is singular or nearly so.
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

/// Over the shorter of the two.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// L z = y.
fn forward(lower: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let mut solved: Vec<f64> = Vec::with_capacity(right.len());
    for (row, value) in lower.iter().zip(right) {
        solved.push((value - dot(&solved, row)) / row.last()?);
    }
    Some(solved)
}

/// L' b = z: the last unknown first, then taken out of the equations before it.
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

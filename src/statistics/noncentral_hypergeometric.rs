//! Fisher's noncentral hypergeometric distribution: the events that fall to one cell of a two-by-two table, given its margins, when the odds
//! ratio is known (Fisher, Journal of the Royal Statistical Society 98, 1935).
//!
//! No factorial of a count is ever taken. Weights are multiples of that of the observed table, so what is near it keeps all its digits, at
//! counts of a billion as well.

use libm::{exp, floor, log, log1p, sqrt};

/// A table with whole, non-negative cells: a and b in the first row, c and d in the second. Tables with the same margins are told apart by how
/// much their a is larger: the *shift*.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
}

/// The distribution over the tables of the same margins.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// ln of the sum of all weights, where the observed table has weight 1.
    pub log_total: f64,
    /// The mean of the shift.
    pub mean: f64,
    pub variance: f64,
}

/// Terms below this part of the largest are left out. They fall faster than a geometric series from there.
const NEGLIGIBLE: f64 = 1e-20;

impl Table {
    /// Whether no other table has these margins.
    pub fn alone(&self) -> bool {
        self.lowest() == self.highest()
    }

    /// Returns the distribution at the odds ratio `odds`, which is positive and finite.
    pub fn moments(&self, odds: f64) -> Moments {
        let mode = self.mode(odds);
        let middle = self.shifted(mode);
        let stride = middle.stride();
        let [up, up_first, up_second] = middle.above(odds, stride);
        let [down, down_first, down_second] = middle.mirrored().above(1.0 / odds, stride);
        let total = 1.0 + up + down;
        // Around the mode, so that hardly anything cancels.
        let mean = (up_first - down_first) / total;
        Moments {
            log_total: self.log_growth(mode, odds) + log(stride * total),
            mean: mode + mean,
            variance: (up_second + down_second) / total - mean * mean,
        }
    }

    fn lowest(&self) -> f64 {
        -self.a.min(self.d)
    }

    fn highest(&self) -> f64 {
        self.b.min(self.c)
    }

    fn shifted(&self, shift: f64) -> Self {
        Self { a: self.a + shift, b: self.b - shift, c: self.c - shift, d: self.d + shift }
    }

    /// The table with the rows exchanged: its shift counts the other way.
    const fn mirrored(&self) -> Self {
        Self { a: self.b, b: self.a, c: self.d, d: self.c }
    }

    /// The shift of the heaviest table, or of one next to it: where neighbours are equally heavy, the quadratic equation of Liao and Rosen
    /// (The American Statistician 55, 2001).
    fn mode(&self, odds: f64) -> f64 {
        let (row, column) = (self.a + self.b, self.a + self.c);
        let linear = odds * (row + column + 2.0) + (self.d - self.a);
        let constant = odds * (row + 1.0) * (column + 1.0);
        let root = sqrt((linear * linear - 4.0 * (odds - 1.0) * constant).max(0.0));
        // The form in which nothing cancels. With a negative `linear` the odds are below 1.
        let heaviest =
            if linear > 0.0 { 2.0 * constant / (linear + root) } else { (root - linear) / (2.0 * (1.0 - odds)) };
        (floor(heaviest) - self.a).clamp(self.lowest(), self.highest())
    }

    /// Every how many tables the sum takes one. A smooth bell is summed up exactly, to all digits, with 32 terms per standard deviation: the
    /// error of the trapezoidal rule falls as exp(-2 (32 pi)^2). So large counts cost no more than small ones.
    fn stride(&self) -> f64 {
        /// From this standard deviation. The ends of the bell, at least its square away, are then out of sight.
        const WIDE: f64 = 1024.0;
        let Self { a, b, c, d } = *self;
        let precision: f64 = [a, b, c, d].iter().map(|cell| 1.0 / (cell + 0.5)).sum();
        let deviation = sqrt(1.0 / precision);
        if deviation > WIDE { floor(deviation / 32.0) } else { 1.0 }
    }

    /// Returns the sums of w, w s and w s^2 over the shifts above 0, where this table has weight 1.
    fn above(&self, odds: f64, stride: f64) -> [f64; 3] {
        let mut sums = [0.0; 3];
        let (mut shift, mut weight, mut largest): (f64, f64, f64) = (0.0, 1.0, 1.0);
        while shift + stride <= self.highest() {
            if stride > 1.0 {
                weight = exp(self.log_growth(shift + stride, odds));
            } else {
                let Self { a, b, c, d } = self.shifted(shift);
                weight *= odds * (b / (a + 1.0)) * (c / (d + 1.0));
            }
            shift += stride;
            largest = largest.max(weight);
            if weight < NEGLIGIBLE * largest {
                break;
            }
            sums = [sums[0] + weight, sums[1] + weight * shift, sums[2] + weight * shift * shift];
        }
        sums
    }

    /// Returns ln of the weight of the table at `shift`, where this one has weight 1.
    fn log_growth(&self, shift: f64, odds: f64) -> f64 {
        let after = self.shifted(shift);
        let changes = [(self.a, after.a), (self.d, after.d), (self.b, after.b), (self.c, after.c)];
        if changes.iter().any(|(before, after)| before.min(*after) < STIRLING) {
            let grown: f64 = changes.iter().map(|(before, after)| log_rise(*before, after - before)).sum();
            return shift * log(odds) - grown;
        }
        // Stirling's formula for all four cells. One logarithm of their quotient, near 0 around the mode, keeps digits that four would lose.
        let quotient = (after.a / after.b) * (after.d / after.c) / odds;
        let small: f64 = changes.iter().map(|(before, after)| small_part(*before, *after)).sum();
        -(small + shift * log(quotient))
    }
}

/// Returns ln((count + rise)! / count!). Both `count` and `count + rise` are whole and not negative.
fn log_rise(count: f64, rise: f64) -> f64 {
    if rise < 0.0 {
        return -log_rise(count + rise, -rise);
    }
    let (mut start, end, mut sum) = (count, count + rise, 0.0);
    while start < STIRLING && start < end {
        start += 1.0;
        sum += log(start);
    }
    let left = end - start;
    if left > 0.0 {
        sum += small_part(start, end) + left * (log(end) - 1.0);
    }
    sum
}

/// Returns ln(after! / before!) less (after - before) (ln after - 1), by Stirling's formula at both ends.
fn small_part(before: f64, after: f64) -> f64 {
    (before + 0.5) * log1p((after - before) / before) + stirling(after) - stirling(before)
}

/// The least number whose factorial the series gives to all digits.
const STIRLING: f64 = 16.0;

/// Returns what Stirling's formula lacks of ln n!.
fn stirling(n: f64) -> f64 {
    let square = 1.0 / (n * n);
    let series = 1.0 / 1260.0 - square * (1.0 / 1680.0 - square * (1.0 / 1188.0 - square * 691.0 / 360_360.0));
    (1.0 / 12.0 - square * (1.0 / 360.0 - square * series)) / n
}

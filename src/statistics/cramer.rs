//! How strongly groups and values of a criterion go together.

use super::confidence::Confidence;
use super::gamma;
use super::noncentral_chi_squared::{Side, noncentrality};
use super::pair::real;

/// Returns the association between the rows (groups) and the columns (values) of a table of counts. Rows and columns without a count are left
/// out. Returns `None` where fewer than two rows or columns are left, where the rows differ in length, where the persons are too few for the
/// correction (two in a table of two rows and columns), or where they are more than 2^64 - 1.
///
/// Sources: Bergsma, Journal of the Korean Statistical Society 42 (2013), for V; Smithson, Confidence Intervals (2003), for the limits.
#[must_use]
pub fn cramer_v(table: &[Vec<u64>], confidence: Confidence) -> Option<CramerV> {
    let Pearson { chi2, rows, columns, total: n } = pearson(table)?;
    let freedom = (rows - 1.0) * (columns - 1.0);
    let corrected = |count: f64| count - (count - 1.0) * (count - 1.0) / (n - 1.0);
    let room = corrected(rows).min(corrected(columns)) - 1.0;
    if room <= 0.0 {
        return None;
    }
    let most = n * (rows.min(columns) - 1.0);
    let (tail, z) = (confidence.alpha() / 2.0, confidence.z());
    let limit = |chi2: f64, side: Side| (noncentrality(chi2, freedom, tail, z, side) / most).sqrt().min(1.0);
    Some(CramerV {
        chi2,
        df: whole(freedom),
        v: ((chi2 / n - freedom / (n - 1.0)).max(0.0) / room).sqrt().min(1.0),
        v_plain: (chi2 / most).sqrt().min(1.0),
        lower: limit(chi2, Side::Lower),
        // With a statistic below its mean under independence the root would be too small, or none.
        upper: limit(chi2.max(freedom), Side::Upper),
        p_value: gamma::above(freedom / 2.0, chi2 / 2.0).clamp(0.0, 1.0),
    })
}

/// The association in a table of counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CramerV {
    /// Pearson's statistic, from 0.
    pub chi2: f64,
    /// Its degrees of freedom, (rows - 1) (columns - 1).
    pub df: u64,
    /// Cramer's V corrected for its bias, from 0 to 1. The margins of the table may bound it below 1.
    pub v: f64,
    /// Cramer's V without the correction, from 0 to 1.
    pub v_plain: f64,
    /// The lower limit of V, from 0 to 1.
    pub lower: f64,
    /// The upper limit of V, from 0 to 1. It never reads as exact independence, even where `chi2` is 0.
    pub upper: f64,
    /// The probability under independence of a statistic at least as large; 0 below 1e-310.
    pub p_value: f64,
}

/// Pearson's statistic and what it rests on. The numbers are whole but for the first.
pub(super) struct Pearson {
    pub chi2: f64,
    pub rows: f64,
    pub columns: f64,
    pub total: f64,
}

/// Returns Pearson's statistic over the rows and columns that have a count; `None` as in [`cramer_v`].
pub(super) fn pearson(table: &[Vec<u64>]) -> Option<Pearson> {
    let width = table.first()?.len();
    if table.iter().any(|row| row.len() != width) {
        return None;
    }
    let row_sums: Vec<u64> = table.iter().map(|row| sum(row.iter().copied())).collect::<Option<_>>()?;
    let column = |index: usize| table.iter().filter_map(move |row| row.get(index).copied());
    let column_sums: Vec<u64> = (0..width).map(|index| sum(column(index))).collect::<Option<_>>()?;
    let total = sum(row_sums.iter().copied())?;
    let filled = |sums: &[u64]| real(sums.iter().filter(|sum| **sum > 0).count() as u64);
    let (rows, columns) = (filled(&row_sums), filled(&column_sums));
    if rows < 2.0 || columns < 2.0 {
        return None;
    }
    let mut chi2 = 0.0;
    for (row, row_sum) in table.iter().zip(&row_sums) {
        for (count, column_sum) in row.iter().zip(&column_sums) {
            chi2 += part(*count, *row_sum, *column_sum, total);
        }
    }
    Some(Pearson { chi2, rows, columns, total: real(total) })
}

/// Returns (count - expected)^2 / expected. The distance is a whole number divided once, so independence gives exactly 0.
#[expect(clippy::cast_precision_loss, reason = "rounded once, when the whole numbers are known")]
fn part(count: u64, row: u64, column: u64, total: u64) -> f64 {
    let product = |one: u64, other: u64| u128::from(one) * u128::from(other);
    let margins = product(row, column);
    if margins == 0 {
        return 0.0;
    }
    let distance = product(count, total).abs_diff(margins) as f64;
    distance / margins as f64 * (distance / real(total))
}

fn sum(counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.into_iter().try_fold(0, |sum: u64, count| sum.checked_add(count))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number that is not negative")]
const fn whole(number: f64) -> u64 {
    number as u64
}

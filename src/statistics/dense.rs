//! Which rows and columns of a table of counts to merge, so that it is dense enough for Pearson's statistic.

/// The least total of a row, and of a column.
const LEAST_TOTAL: u64 = 20;

/// The least expected count of a cell.
const LEAST_EXPECTED: u128 = 1;

/// The expected count that four cells in five must have.
const USUAL_EXPECTED: u128 = 5;

/// Rows or columns that count as one, by index; each list is ascending.
pub type Merged = Vec<Vec<usize>>;

/// Returns which rows and which columns of a table count as one, so that every total is at least 20, every expected count at least 1 and 80 % of
/// them at least 5 (Cochran's rule). First as few of the smallest rows, then of the smallest columns, are merged as make every total large enough;
/// then the smallest column, or row, is merged with the next, whichever is the smaller part of all, until the expected counts are. So one tiny
/// group hides no value, nor one rare value a group. What was merged stands at the place of its first. Empty rows and columns are left out. Fewer
/// than two rows or columns may be left: then the table says nothing. Of equal totals the first is taken as the smaller.
///
/// Source: Cochran, "Some methods for strengthening the common chi-squared tests", Biometrics 10 (1954).
#[must_use]
pub fn dense(table: &[Vec<u64>]) -> (Merged, Merged) {
    let rows: Vec<u64> = table.iter().map(|row| total(row)).collect();
    let width = table.iter().map(Vec::len).max().unwrap_or(0);
    let column = |index: usize| table.iter().fold(0_u64, |sum, row| sum.saturating_add(at(row, index)));
    let columns: Vec<u64> = (0..width).map(column).collect();
    let (mut rows, mut columns) = (Lines::of(&rows), Lines::of(&columns));
    while rows.smallest().is_some_and(|total| total < LEAST_TOTAL) && rows.merge_smallest() {}
    while columns.smallest().is_some_and(|total| total < LEAST_TOTAL) && columns.merge_smallest() {}
    while !is_dense(&rows.totals, &columns.totals) {
        // Two lines are the least of which a table can say anything.
        let of_rows = rows.smallest().filter(|_| rows.totals.len() > 2);
        let of_columns = columns.smallest().filter(|_| columns.totals.len() > 2);
        let merged = match (of_rows, of_columns) {
            (Some(row), Some(column)) if row < column => rows.merge_smallest(),
            (Some(_), None) => rows.merge_smallest(),
            _ => columns.merge_smallest(),
        };
        if !merged {
            break;
        }
    }
    (rows.merged, columns.merged)
}

/// The rows, or the columns, as far as they are merged.
struct Lines {
    merged: Merged,
    totals: Vec<u64>,
}

impl Lines {
    /// Each by itself; without empty ones.
    fn of(totals: &[u64]) -> Self {
        let held = totals.iter().enumerate().filter(|(_, total)| **total > 0);
        let (merged, totals) = held.map(|(index, total)| (vec![index], *total)).unzip();
        Self { merged, totals }
    }

    fn smallest(&self) -> Option<u64> {
        self.totals.iter().copied().min()
    }

    /// Merges the two smallest; returns whether there were two.
    fn merge_smallest(&mut self) -> bool {
        let mut by_size: Vec<usize> = (0..self.totals.len()).collect();
        by_size.sort_by_key(|index| at(&self.totals, *index));
        let (Some(one), Some(other)) = (by_size.first(), by_size.get(1)) else { return false };
        let (first, second) = (*one.min(other), *one.max(other));
        let (line, total) = (self.merged.remove(second), self.totals.remove(second));
        if let (Some(merged), Some(sum)) = (self.merged.get_mut(first), self.totals.get_mut(first)) {
            merged.extend(line);
            merged.sort_unstable();
            *sum = sum.saturating_add(total);
        }
        true
    }
}

/// Whether a table with these totals of rows and columns is dense enough.
fn is_dense(rows: &[u64], columns: &[u64]) -> bool {
    let all: u128 = rows.iter().map(|row| u128::from(*row)).sum();
    // The expected counts, times that of all.
    let expected = || rows.iter().flat_map(|row| columns.iter().map(|column| u128::from(*row) * u128::from(*column)));
    let usual = expected().filter(|expected| *expected >= USUAL_EXPECTED.saturating_mul(all)).count();
    columns.iter().all(|column| *column >= LEAST_TOTAL)
        && expected().all(|expected| expected >= LEAST_EXPECTED * all)
        && usual * 5 >= expected().count() * 4
}

fn total(line: &[u64]) -> u64 {
    line.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

fn at(line: &[u64], index: usize) -> u64 {
    line.get(index).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tiny_group_hides_no_rare_value() {
        // 5 of 6,000, 4 of 3,000, 140 of 970 and 1 of 30: the tiny group joins the next smallest, and the value stays.
        let (rows, columns) = dense(&[vec![5, 5_995], vec![4, 2_996], vec![140, 830], vec![1, 29]]);
        assert_eq!(columns, [vec![0], vec![1]]);
        assert_eq!(rows, [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn small_values_are_merged_until_they_are_large_enough() {
        let (rows, columns) = dense(&[vec![8, 9, 400, 0], vec![5, 6, 500, 0]]);
        assert_eq!((rows, columns), (vec![vec![0], vec![1]], vec![vec![0, 1], vec![2]]));
    }

    #[test]
    fn of_many_small_values_beside_a_small_group_some_are_left() {
        let table: Vec<Vec<u64>> = vec![vec![25; 40], vec![1; 40]];
        let (rows, columns) = dense(&table);
        assert_eq!(rows.len(), 2);
        assert!((2..40).contains(&columns.len()), "{}", columns.len());
    }

    #[test]
    fn what_is_dense_stays_as_it_is() {
        assert_eq!(dense(&[vec![60, 40], vec![270, 630]]), (vec![vec![0], vec![1]], vec![vec![0], vec![1]]));
        assert_eq!(dense(&[vec![3, 4]]), (vec![vec![0]], vec![vec![0, 1]]));
        assert_eq!(dense(&[]), (Vec::new(), Vec::new()));
    }
}

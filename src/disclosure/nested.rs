//! Tables over windows that contain each other.

use super::linked::{COLUMNS, Row};
use super::memory::Memory;
use crate::plan::DisclosurePlan;

/// Between the words of a name. No name in the configuration has a control character.
pub(super) const BETWEEN: char = '\u{1f}';

/// A table over the next shorter window.
pub(super) struct Nested {
    pub parts: Vec<Row<u64>>,
    pub withheld: Vec<Row<bool>>,
}

impl Nested {
    /// Withholds, in the table over the longer window, the parts that would tell of those withheld here. A part of the longer window is at most what it is in
    /// the shorter one and everything that happened before it; where nearly all of the latter is of this group, that is a limit from below.
    pub fn withhold(
        &self,
        plan: &DisclosurePlan,
        (memory, name): (&mut Memory, &str),
        longer: &[Row<u64>],
        withheld: &mut [Row<bool>],
    ) {
        let before = |row: usize, column: usize| {
            let number = |rows: &[Row<u64>]| rows.get(row).and_then(|parts| parts.get(column)).copied().unwrap_or(0);
            number(longer).saturating_sub(number(&self.parts))
        };
        for column in 0..COLUMNS {
            let total = (0..longer.len()).fold(0_u64, |sum, row| sum.saturating_add(before(row, column)));
            let is_hidden = |row: usize| self.withheld.get(row).and_then(|row| row.get(column)) == Some(&true);
            for (row, cells) in withheld.iter_mut().enumerate().filter(|(row, _)| is_hidden(*row)) {
                // Twice `min_cell`, and once they were few, four times.
                let others = total.saturating_sub(before(row, column)) / 2;
                let are_few =
                    memory.is_small(plan, &format!("{}{BETWEEN}before", part_name(name, row, column)), others);
                if let Some(cell) = cells.get_mut(column).filter(|_| are_few) {
                    *cell = true;
                }
            }
        }
    }
}

/// Returns the name of a part of a table whose names begin with `table`.
pub(super) fn part_name(table: &str, row: usize, column: usize) -> String {
    format!("{table}{row}{BETWEEN}{column}")
}

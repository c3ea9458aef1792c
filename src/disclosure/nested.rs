//! Tables over windows that contain each other.

use std::collections::BTreeMap;

use super::linked::{COLUMNS, Row};
use super::memory::Memory;
use crate::judge::PERIOD_MARK;
use crate::plan::DisclosurePlan;

/// Between the words of a name. No name in the configuration has a control character.
pub(super) const BETWEEN: char = '\u{1f}';

/// What a table shares with the withheld parts of shorter windows: it is told in larger steps.
const COARSE: u64 = 1;
/// The same, and it is not told at all.
const HIDDEN: u64 = 2;

/// By row and column: what a shorter window of a period asks of the part.
type Marks = BTreeMap<(usize, usize), u64>;

/// A table over one of the windows that end together.
#[derive(Clone)]
pub(super) struct Nested {
    pub parts: Vec<Row<u64>>,
    pub withheld: Vec<Row<bool>>,
    /// Whether cohorts are split into those sealed and others.
    pub is_split: bool,
    /// Whether the window is one of a period.
    pub is_of_period: bool,
    /// The window's name, where a period that is over ends where it begins.
    pub ends: Option<String>,
}

/// The tables of one dimension over shorter windows: of each sort the one over the longest of them.
#[derive(Default)]
pub(super) struct Shorter {
    tables: Vec<Nested>,
    /// Those that begin where a period that is over ends.
    ends: Vec<Nested>,
}

impl Shorter {
    /// Withholds, in the table over a longer window, the parts that would tell of those withheld here. Returns which are told in larger steps.
    ///
    /// Where that is because of a period, it stays so until periods are told again.
    pub fn withhold(
        &self,
        plan: &DisclosurePlan,
        (memory, name): (&mut Memory, &str),
        longer: &mut Nested,
    ) -> Vec<Row<bool>> {
        let mut coarse = vec![[false; COLUMNS]; longer.parts.len()];
        let is_of_period = longer.is_of_period;
        for table in self.tables.iter().filter(|table| is_of_period || !table.is_of_period) {
            table.withhold(plan, (&mut *memory, name), longer);
            table.mark(longer, |row, column, _| set(&mut coarse, row, column));
        }
        let mut marks = Marks::new();
        if !longer.is_of_period {
            self.withhold_by_periods(plan, (&mut *memory, name), longer, &mut marks);
        }
        for place in self.few_since(plan, (&mut *memory, name), longer) {
            marks.entry(place).or_insert(COARSE);
        }
        for ((row, column), mark) in marks {
            set(&mut coarse, row, column);
            // What a window of a period asks of itself is asked anew whenever it is told.
            if !longer.is_of_period && memory.is_of_day() {
                memory.set(&mark_name(name, row, column), Some(mark));
            }
        }
        coarse
    }

    /// Adds the table over the next longer window.
    pub fn add(&mut self, table: Nested) {
        self.ends.extend(table.ends.is_some().then(|| table.clone()));
        let sort = |table: &Nested| (table.is_split, table.is_of_period);
        self.tables.retain(|other| sort(other) != sort(&table));
        self.tables.push(table);
    }

    /// Returns the parts of which few lie between the beginning of a longer window and the end of a period that is over: the difference of two small steps
    /// would nearly tell them.
    fn few_since(
        &self,
        plan: &DisclosurePlan,
        (memory, name): (&mut Memory, &str),
        longer: &Nested,
    ) -> Vec<(usize, usize)> {
        let mut few = Vec::new();
        for end in &self.ends {
            let folded = end.as_split_as(longer);
            let shorter = folded.as_ref().unwrap_or(end);
            let between = longer.parts.iter().zip(&shorter.parts).enumerate();
            for (row, (long, short)) in between {
                for (column, (long, short)) in long.iter().zip(short).enumerate() {
                    let window = end.ends.as_deref().unwrap_or_default();
                    let name = format!("{}{BETWEEN}few since{window}", part_name(name, row, column));
                    if memory.is_small(plan, &name, long.saturating_sub(*short)) {
                        few.push((row, column));
                    }
                }
            }
        }
        few
    }

    /// Of rolling windows: what shorter windows of periods withhold now, or did when they were last told.
    fn withhold_by_periods(
        &self,
        plan: &DisclosurePlan,
        (memory, name): (&mut Memory, &str),
        longer: &mut Nested,
        marks: &mut Marks,
    ) {
        if memory.is_of_day() {
            for table in self.tables.iter().filter(|table| table.is_of_period) {
                let before = longer.withheld.clone();
                table.withhold(plan, (&mut *memory, name), longer);
                table.mark(longer, |row, column, is_withheld| {
                    let mark = if is_withheld && !is_at(&before, row, column) { HIDDEN } else { COARSE };
                    let known = marks.entry((row, column)).or_insert(mark);
                    *known = mark.max(*known);
                });
            }
        } else if memory.has_day() {
            for (row, column) in (0..longer.parts.len()).flat_map(|row| (0..COLUMNS).map(move |column| (row, column))) {
                let Some(mark) = memory.last(&mark_name(name, row, column)) else { continue };
                marks.insert((row, column), mark);
                if mark >= HIDDEN {
                    set(&mut longer.withheld, row, column);
                }
            }
        }
    }
}

impl Nested {
    /// Withholds, in the table over a longer window, the parts that would tell of those withheld here. A part of the longer window is at most what it is in
    /// the shorter one and everything that happened before it; where nearly all of the latter is of this group, that is a limit from below.
    fn withhold(&self, plan: &DisclosurePlan, (memory, name): (&mut Memory, &str), longer: &mut Self) {
        let folded = self.as_split_as(longer);
        let this = folded.as_ref().unwrap_or(self);
        let before = |row: usize, column: usize| {
            let number = |rows: &[Row<u64>]| rows.get(row).and_then(|parts| parts.get(column)).copied().unwrap_or(0);
            number(&longer.parts).saturating_sub(number(&this.parts))
        };
        for column in 0..COLUMNS {
            let total = (0..longer.parts.len()).fold(0_u64, |sum, row| sum.saturating_add(before(row, column)));
            let is_hidden = |row: usize| is_at(&this.withheld, row, column);
            for (row, cells) in longer.withheld.iter_mut().enumerate().filter(|(row, _)| is_hidden(*row)) {
                // Twice `min_cell`, and once they were few, four times.
                let others = total.saturating_sub(before(row, column)) / 2;
                let name = format!("{}{BETWEEN}before{}", part_name(name, row, column), self.sort());
                let are_few = memory.is_small(plan, &name, others);
                if let Some(cell) = cells.get_mut(column).filter(|_| are_few) {
                    *cell = true;
                }
            }
        }
    }

    /// Calls `mark` for each part that is withheld here, with whether the longer window withholds it too.
    fn mark(&self, longer: &Self, mut mark: impl FnMut(usize, usize, bool)) {
        let folded = self.as_split_as(longer);
        let this = folded.as_ref().unwrap_or(self);
        for (row, column) in (0..longer.parts.len()).flat_map(|row| (0..COLUMNS).map(move |column| (row, column))) {
            if is_at(&this.withheld, row, column) {
                mark(row, column, is_at(&longer.withheld, row, column));
            }
        }
    }

    /// Returns the table with the cohorts that are not sealed among the others, where the longer window does not split them.
    fn as_split_as(&self, longer: &Self) -> Option<Self> {
        if !self.is_split || longer.is_split {
            return None;
        }
        let mut folded = Self { is_split: false, ..self.clone() };
        for (parts, withheld) in folded.parts.iter_mut().zip(&mut folded.withheld) {
            let [.., open_without, without, open_hits, hits] = parts;
            (*without, *hits) = (without.saturating_add(*open_without), hits.saturating_add(*open_hits));
            (*open_without, *open_hits) = (0, 0);
            let [.., open_without, without, open_hits, hits] = withheld;
            (*without, *hits) = (*without || *open_without, *hits || *open_hits);
            (*open_without, *open_hits) = (false, false);
        }
        Some(folded)
    }

    /// Returns what names of counts about windows of this sort have in them.
    fn sort(&self) -> String {
        match (self.is_of_period, self.is_split) {
            (false, false) => String::new(),
            (false, true) => "split".to_owned(),
            (true, is_split) => format!("{PERIOD_MARK}{}", u8::from(is_split)),
        }
    }
}

/// Returns the name of a part of a table whose names begin with `table`.
pub(super) fn part_name(table: &str, row: usize, column: usize) -> String {
    format!("{table}{row}{BETWEEN}{column}")
}

/// The name of what a shorter window of a period asks of a part.
fn mark_name(table: &str, row: usize, column: usize) -> String {
    format!("{}{BETWEEN}{PERIOD_MARK}", part_name(table, row, column))
}

fn is_at(rows: &[Row<bool>], row: usize, column: usize) -> bool {
    rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(false)
}

fn set(rows: &mut [Row<bool>], row: usize, column: usize) {
    if let Some(place) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
        *place = true;
    }
}

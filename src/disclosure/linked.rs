//! The linked tables of one place: counts that share sums, made safe together before any of them leaves.
//!
//! A place is a profile, a channel and a window. It has a table for each dimension, and each table a row for each group. A row is cut into *parts*
//! that nobody is in twice: not picked, picked but not controlled, and so on to the hits. All counts that leave are sums of parts. The sums over
//! groups are the same in every dimension in which all cases have a group.
//!
//! A part below `min_cell` is withheld. In sums a constant stands in for it. What the constant is off the next part of its row takes up, and the same
//! part of one row, the *anchor*; the corner of both takes it back. So the sums of rows and columns stay what they are, every published number is
//! the same whatever the withheld part is from 0 to below `min_cell`, and nothing can be found by subtraction. The method is a controlled tabular
//! adjustment (Dandekar and Cox, 2002) whose adjustment does not depend on the sensitive number.
//!
//! Where the anchor is too small for that, the column is *closed*: in every dimension its parts are told of together with the next ones. Which part is
//! the next one follows from the order of columns alone, so that tables over other windows, and those of an intersection, put together what this one
//! does.
//!
//! Everything is decided by numbers that a withheld part does not change: those that have taken up what it is off. What is too small for its task is
//! itself told no more, so that nobody can compare it with the limit.

use super::part::{MAX_OFF, Part, Taken, difference};
use crate::plan::DisclosurePlan;

/// Parts of a row, from those not picked to the hits.
pub(super) const COLUMNS: usize = 7;

/// The columns in the order in which numbers move on, to the right; where nothing is left there, to the left. Those beside each other are on the same side
/// of most stages, and to the right the earlier stages stay what they are.
const LINE: [usize; COLUMNS] = [0, 1, 2, 4, 3, 5, 6];

/// The parts of one group.
pub(super) type Row<T> = [T; COLUMNS];

/// Counts of one dimension, by group.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub parts: Vec<Row<u64>>,
    /// Which of them are withheld by themselves. A group without anybody is as one with few.
    pub withheld: Vec<Row<bool>>,
    /// Which columns there are: not all tables split cohorts into those sealed and others.
    pub counted: Row<bool>,
    /// The places of the tables whose sums the rows are too, if it is one of an intersection.
    pub crosses: Vec<usize>,
    /// The row that takes up what is withheld in other rows.
    pub anchor: usize,
}

/// A table that may be told, but for rounding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Linked {
    pub parts: Vec<Row<Part>>,
    /// By row and column: the withheld parts that the number has in it.
    pub taken: Vec<Row<Vec<Taken>>>,
}

/// Makes the tables of a place safe. Returns them in the same order.
pub(super) fn link(plan: &DisclosurePlan, tables: &[Table]) -> Vec<Linked> {
    let mut all: Vec<Adjusted<'_>> = tables.iter().map(|table| Adjusted::of(plan, table)).collect();
    if plan.defences.absorbs {
        settle(&mut all);
        close_crossed(&mut all);
    }
    all.iter().map(Adjusted::linked).collect()
}

/// Hides and closes until everything that takes something up is large enough for it. What is closed is closed in all dimensions.
fn settle(all: &mut [Adjusted<'_>]) {
    let mut singles: Vec<&mut Adjusted<'_>> = all.iter_mut().filter(|adjusted| !adjusted.is_crossed()).collect();
    loop {
        let closed: Row<bool> =
            std::array::from_fn(|column| singles.iter().any(|adjusted| at(&adjusted.closed, column)));
        for adjusted in &mut singles {
            adjusted.closed = closed;
            adjusted.adjust();
        }
        // Where less is told fewer parts have anything to take up: the smaller steps come first, and no number decides about the first.
        let has_changed = any(&mut singles, Adjusted::close_withheld)
            || any(&mut singles, Adjusted::hide)
            || any(&mut singles, Adjusted::close);
        if !has_changed {
            return;
        }
    }
}

/// Does this to each, and returns whether it changed any.
fn any<'t>(all: &mut [&mut Adjusted<'t>], step: fn(&mut Adjusted<'t>) -> bool) -> bool {
    all.iter_mut().filter_map(|adjusted| step(adjusted).then_some(())).count() > 0
}

/// Of an intersection a part is told of in no row unless each of its parts tells it of everybody: the rows add up to theirs.
fn close_crossed(all: &mut [Adjusted<'_>]) {
    let has_few = |adjusted: &Adjusted<'_>, column: usize| {
        at(&adjusted.closed, column) || adjusted.hidden.iter().any(|row| at(row, column))
    };
    let few: Vec<Row<bool>> =
        all.iter().map(|adjusted| std::array::from_fn(|column| has_few(adjusted, column))).collect();
    for (number, adjusted) in all.iter_mut().enumerate().filter(|(_, adjusted)| adjusted.is_crossed()) {
        let beside = || adjusted.table.crosses.iter().copied().chain([number]);
        adjusted.closed =
            std::array::from_fn(|column| beside().any(|place| few.get(place).is_none_or(|few| at(few, column))));
        adjusted.adjust();
        while adjusted.hide() {
            let closed = std::array::from_fn(|column| has_few(adjusted, column));
            adjusted.closed = closed;
            adjusted.adjust();
        }
    }
}

/// The parts of one table while they are adjusted.
struct Adjusted<'t> {
    plan: &'t DisclosurePlan,
    table: &'t Table,
    /// What is withheld by itself, and what is too small for what it would have to take up.
    hidden: Vec<Row<bool>>,
    /// By part that is too small for what it would have to take up: how much it would have to have.
    limits: Vec<Row<u64>>,
    /// The columns of which nothing is told by itself.
    closed: Row<bool>,
    /// What is added to each part.
    added: Vec<Row<i64>>,
    taken: Vec<Row<Vec<Taken>>>,
}

impl<'t> Adjusted<'t> {
    fn of(plan: &'t DisclosurePlan, table: &'t Table) -> Self {
        let rows = table.parts.len();
        Self {
            plan,
            table,
            hidden: table.withheld.clone(),
            limits: vec![[0; COLUMNS]; rows],
            closed: [false; COLUMNS],
            added: vec![[0; COLUMNS]; rows],
            taken: vec![Row::default(); rows],
        }
    }

    fn is_crossed(&self) -> bool {
        self.plan.defences.crossed && !self.table.crosses.is_empty()
    }

    /// Takes up, in the row and in the column of each part that is not told, what the constant is off.
    fn adjust(&mut self) {
        let rows = self.table.parts.len();
        (self.added, self.taken) = (vec![[0; COLUMNS]; rows], vec![Row::default(); rows]);
        for row in 0..rows {
            for column in (0..COLUMNS).filter(|column| at(&self.table.counted, *column)) {
                if !self.is_told((row, column)) {
                    self.adjust_part((row, column));
                }
            }
        }
    }

    fn adjust_part(&mut self, (row, column): (usize, usize)) {
        let anchor = self.table.anchor;
        let lacks = difference(self.number((row, column)), self.constant((row, column)));
        let of = Taken::of((row, column), self.most_off((row, column)));
        self.take((row, column), of.less(), 0);
        let beside = self.beside((row, column));
        if let Some(beside) = beside {
            self.take((row, beside), of, lacks);
        }
        if !at(&self.closed, column) {
            self.take((anchor, column), of, lacks);
            if let Some(beside) = beside {
                // Without this the other column and the anchor's row would be off.
                self.take((anchor, beside), of.less(), lacks.saturating_neg());
            }
        } else if beside.is_none()
            && let Some(beside) = self.beside((anchor, column))
        {
            // In other dimensions its cases are told with those of the column beside it.
            self.take((anchor, beside), of, lacks);
        }
    }

    fn take(&mut self, (row, column): (usize, usize), of: Taken, more: i64) {
        if let Some(place) = self.added.get_mut(row).and_then(|row| row.get_mut(column)) {
            *place = place.saturating_add(more);
        }
        if let Some(place) = self.taken.get_mut(row).and_then(|row| row.get_mut(column)) {
            place.push(of);
        }
    }

    /// Returns the part of a row that takes up what one of it is off: the next that is told.
    fn beside(&self, (row, column): (usize, usize)) -> Option<usize> {
        let place = LINE.iter().position(|other| *other == column)?;
        let (left, right) = LINE.split_at(place);
        let mut all = right.iter().skip(1).chain(left.iter().rev()).copied();
        all.find(|other| at(&self.table.counted, *other) && self.is_told((row, *other)))
    }

    fn is_told(&self, (row, column): (usize, usize)) -> bool {
        !at(&self.closed, column) && !at_row(&self.hidden, row, column)
    }

    /// Hides the parts that are too small for what they take up of their row: then any number below `min_cell` would not be possible of each.
    /// Returns whether there was one.
    fn hide(&mut self) -> bool {
        let mut small = Vec::new();
        for row in 0..self.table.parts.len() {
            for column in (0..COLUMNS).filter(|column| self.is_told((row, *column))) {
                let of_row = self.taken_by((row, column)).iter().filter(|taken| taken.row() == row).count() as u64;
                let enough = of_row.saturating_add(1).saturating_mul(self.plan.min_cell);
                if of_row > 0 && self.adjusted((row, column)) < enough {
                    small.push((row, column, enough));
                }
            }
        }
        for (row, column, enough) in &small {
            let limits = self.limits.get_mut(*row).and_then(|row| row.get_mut(*column));
            if let (Some(hidden), Some(limit)) =
                (self.hidden.get_mut(*row).and_then(|row| row.get_mut(*column)), limits)
            {
                (*hidden, *limit) = (true, *enough);
            }
        }
        !small.is_empty()
    }

    /// Closes the columns that the anchor itself withholds. Returns whether there was one.
    fn close_withheld(&mut self) -> bool {
        let anchor = self.table.anchor;
        self.close_where(|this, column| at_row(&this.hidden, anchor, column))
    }

    /// Closes the columns that the anchor is too small for. Returns whether there was one.
    fn close(&mut self) -> bool {
        let anchor = self.table.anchor;
        self.close_where(|this, column| {
            let others = this.taken_by((anchor, column)).iter().filter(|taken| taken.row() != anchor);
            let most = others.fold(0_u64, |sum, taken| sum.saturating_add(taken.most));
            most > 0 && this.adjusted((anchor, column)) < this.plan.enough_for(most)
        })
    }

    fn close_where(&mut self, is_small: impl Fn(&Self, usize) -> bool) -> bool {
        let is_open = |column: usize| at(&self.table.counted, column) && !at(&self.closed, column);
        let small: Row<bool> = std::array::from_fn(|column| is_open(column) && is_small(self, column));
        self.closed.iter_mut().zip(small).for_each(|(closed, small)| *closed |= small);
        small.contains(&true)
    }

    /// Returns what is told of a part, but for rounding.
    fn adjusted(&self, (row, column): (usize, usize)) -> u64 {
        let added = self.added.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0);
        self.number((row, column)).saturating_add_signed(added)
    }

    fn taken_by(&self, (row, column): (usize, usize)) -> &[Taken] {
        self.taken.get(row).and_then(|row| row.get(column)).map_or(&[], Vec::as_slice)
    }

    fn number(&self, (row, column): (usize, usize)) -> u64 {
        self.table.parts.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
    }

    /// Returns how far the constant of a part may be off, by what everybody may know of it.
    fn most_off(&self, (row, column): (usize, usize)) -> u64 {
        let min_cell = self.plan.min_cell;
        // More is withheld only of a longer window, because of a shorter one.
        let is_few = self.number((row, column)) < min_cell.saturating_mul(2);
        match (at_row(&self.table.withheld, row, column) && is_few, at(&self.closed, column)) {
            (true, true) => min_cell,
            (true, false) => min_cell.saturating_sub(self.plan.stand_in()),
            (false, true) => MAX_OFF,
            (false, false) => self.limits.get(row).and_then(|row| row.get(column)).copied().unwrap_or(MAX_OFF),
        }
    }

    /// Returns what stands in for a part. Of a closed column nobody knows the sum, and the numbers are mostly 0, as where all of a row is withheld.
    fn constant(&self, (row, column): (usize, usize)) -> u64 {
        if !self.plan.defences.stands_in {
            return self.number((row, column));
        }
        let counted = self.table.counted.iter().zip(self.table.withheld.get(row).into_iter().flatten());
        let is_told = counted.into_iter().any(|(is_counted, is_withheld)| *is_counted && !is_withheld);
        if at(&self.closed, column) || !is_told { 0 } else { self.plan.stand_in() }
    }

    fn linked(&self) -> Linked {
        let part = |row: usize, column: usize| {
            if self.is_told((row, column)) {
                Part::Told(self.adjusted((row, column)))
            } else {
                Part::StandsIn(self.constant((row, column)))
            }
        };
        let row = |row: usize| std::array::from_fn(|column| part(row, column));
        Linked { parts: (0..self.table.parts.len()).map(row).collect(), taken: self.taken.clone() }
    }
}

fn at(row: &Row<bool>, column: usize) -> bool {
    row.get(column).copied().unwrap_or(false)
}

fn at_row(rows: &[Row<bool>], row: usize, column: usize) -> bool {
    rows.get(row).is_some_and(|row| at(row, column))
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    clippy::many_single_char_names,
    reason = "a panic is how a test fails"
)]
mod tests {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;

    use super::super::part::Sum;
    use super::*;

    fn table(parts: Vec<Row<u64>>) -> Table {
        let withheld = parts.iter().map(|row| row.map(|part| part < 10)).collect();
        let total = |row: &usize| (parts[*row].iter().sum::<u64>(), std::cmp::Reverse(*row));
        let anchor = (0..parts.len()).max_by_key(total).unwrap();
        Table { parts, withheld, counted: [true; COLUMNS], crosses: Vec::new(), anchor }
    }

    /// Mostly large, at times few or none.
    fn part() -> impl Strategy<Value = u64> {
        prop_oneof![2 => 0..10_u64, 1 => 10..60_u64, 3 => 40..3_000_u64]
    }

    fn tables() -> impl Strategy<Value = Vec<Table>> {
        let rows = prop::collection::vec(prop::array::uniform7(part()), 2..6);
        prop::collection::vec(rows.prop_map(table), 1..4)
    }

    /// The same with a withheld part as another number, and what has taken it up as much the other way.
    fn with_other(table: &Table, linked: &Linked, (row, column): (usize, usize), other: u64) -> Option<Table> {
        let mut parts = table.parts.clone();
        let more = other as i64 - parts[row][column] as i64;
        let of = Taken::of((row, column), 0);
        for (parts, taken) in parts.iter_mut().zip(&linked.taken) {
            for (part, taken) in parts.iter_mut().zip(taken) {
                let count: i64 = taken.iter().map(|taken| taken.count_of(of)).sum();
                *part = part.checked_add_signed(-count * more)?;
            }
        }
        let is_same =
            parts.iter().flatten().zip(table.withheld.iter().flatten()).all(|(part, few)| (*part < 10) == *few);
        is_same.then(|| Table { parts, ..table.clone() })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, max_global_rejects: 40_000, ..ProptestConfig::default() })]

        /// Whoever takes up what a withheld part is off could do so for any number below `min_cell`.
        #[test]
        fn what_is_told_has_room_for_any_number(tables in tables()) {
            for (table, linked) in tables.iter().zip(link(&DisclosurePlan::default(), &tables)) {
                for (row, column) in (0..table.parts.len()).flat_map(|row| (0..COLUMNS).map(move |column| (row, column))) {
                    let most = linked.taken[row][column].len() as u64 * 4;
                    if let (Part::Told(told), true) = (linked.parts[row][column], most > 0) {
                        prop_assert!(told >= 10 + most, "{} of {:?}", told, (row, column));
                    }
                }
            }
        }

        /// Totals over different dimensions agree, so that nothing follows from their difference.
        #[test]
        fn sums_of_columns_are_the_same_in_all_dimensions(tables in tables()) {
            for (table, linked) in tables.iter().zip(link(&DisclosurePlan::default(), &tables)) {
                for column in 0..COLUMNS {
                    let sum = linked.parts.iter().zip(&linked.taken).fold(Sum::default(), |sum, (parts, taken)| {
                        sum.plus(&Sum::of(parts[column], &taken[column]))
                    });
                    let exact: u64 = table.parts.iter().map(|row| row[column]).sum();
                    if sum.is_true() {
                        prop_assert_eq!(sum.number(&DisclosurePlan::default()).unwrap_or(exact), exact, "column {}", column);
                    }
                }
            }
        }
    }

    /// The same tables with any other number in the place of one that is withheld are told alike: nobody can know which it is. The exceptions are those that
    /// come by another way of hiding and closing to another result: whoever runs the program on all tables that are possible would find them.
    #[test]
    fn a_withheld_part_may_be_anything_below_min_cell() {
        let plan = DisclosurePlan::default();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let (mut alike, mut differ) = (0_u64, 0_u64);
        for _ in 0..2_000 {
            let tables = tables().new_tree(&mut runner).unwrap().current();
            let linked = link(&plan, &tables);
            let places = (0..tables[0].parts.len()).flat_map(|row| (0..COLUMNS).map(move |column| (row, column)));
            for place in places.filter(|(row, column)| tables[0].withheld[*row][*column]) {
                for other in 0..10 {
                    let Some(table) = with_other(&tables[0], &linked[0], place, other) else { continue };
                    let others: Vec<Table> = std::iter::once(table).chain(tables[1..].iter().cloned()).collect();
                    let again = link(&plan, &others);
                    let is_alike = again.iter().zip(&linked).all(|(one, other)| one.parts == other.parts);
                    if is_alike { alike += 1 } else { differ += 1 }
                }
            }
        }
        assert!(alike > 50_000 && differ * 100 < alike, "{alike} alike, {differ} not");
        println!("{alike} alike, {differ} not");
    }

    const LARGE: Row<u64> = [9_000, 400, 300, 100, 900, 100, 500];

    #[test]
    fn the_anchor_takes_up_what_a_small_one_lacks() {
        let small = [2_000, 100, 100, 50, 200, 60, 3];
        let linked = link(&DisclosurePlan::default(), &[table(vec![LARGE, small])]);
        let told = |row: Row<u64>| row.map(Part::Told);
        let mut other = told([2_000, 100, 100, 50, 200, 58, 0]);
        other[6] = Part::StandsIn(5);
        assert_eq!(linked[0].parts, [told([9_000, 400, 300, 100, 900, 102, 498]), other]);
    }

    #[test]
    fn a_column_that_the_anchor_cannot_take_up_goes_to_the_next_in_all_dimensions() {
        let row = |hits: u64| [2_000, 100, 100, 50, 200, 60, hits];
        let tables = [table(vec![row(9), row(8)]), table(vec![row(12), row(5)])];
        let linked = link(&DisclosurePlan::default(), &tables);
        for (linked, hits) in linked.iter().zip([[9, 8], [12, 5]]) {
            for (parts, hits) in linked.parts.iter().zip(hits) {
                assert_eq!((parts[5], parts[6]), (Part::Told(60 + hits), Part::StandsIn(0)));
            }
        }
    }

    #[test]
    fn what_is_too_small_to_take_anything_up_is_not_told() {
        let large = [9_000, 400, 300, 300, 900, 300, 500];
        let small = [2_000, 100, 100, 50, 200, 12, 3];
        let linked = link(&DisclosurePlan::default(), &[table(vec![large, small])]);
        assert_eq!(linked[0].parts[1][5..], [Part::StandsIn(5), Part::StandsIn(5)]);
        assert_eq!(linked[0].parts[1][3], Part::Told(50 + 7 - 2), "both together are what they are");
    }

    #[test]
    fn an_intersection_shows_what_its_parts_show() {
        let mut crossed = table(vec![LARGE; 4]);
        crossed.crosses = vec![0, 1];
        let small = [2_000, 100, 100, 50, 200, 60, 3];
        let linked = link(&DisclosurePlan::default(), &[table(vec![LARGE, LARGE]), table(vec![LARGE, small]), crossed]);
        assert!(linked[2].parts.iter().all(|row| !matches!(row[6], Part::Told(_))), "{linked:?}");
        assert!(linked[2].parts.iter().all(|row| matches!(row[1], Part::Told(400))), "{linked:?}");
    }
}

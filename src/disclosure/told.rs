//! What is told of one table, and sums of it.

use super::linked::Row;
use super::part::{Part, Sum, Taken};
use crate::judge::{FunnelTable, Stage, StageCounts};
use crate::plan::{GroupId, Indicator, Plan};

/// Cases not picked; picked and not controlled; controlled and not concluded; concluded without a hit in cohorts that are not sealed, and in
/// sealed ones; and hits likewise. Where nobody asks for hit rates, all cohorts count as sealed.
pub(super) type Parts = Row<u64>;

/// The parts of a table, by group.
pub(super) type Rows = Vec<Parts>;

/// The parts that make up a count.
pub(super) type Columns = &'static [usize];

/// The parts of cases that reached a stage, by stage.
pub(super) const REACHED: [Columns; Stage::ALL.len()] =
    [&[0, 1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 6], &[2, 3, 4, 5, 6], &[3, 4, 5, 6], &[5, 6]];
pub(super) const WITHOUT_HIT: Columns = &[3, 4];
pub(super) const SEALED: Columns = &[4, 6];
pub(super) const SEALED_HITS: Columns = &[6];

/// What may be told of a table: by group, and in it by part.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    parts: Vec<Row<Part>>,
    exact: Rows,
    /// Whether cohorts are split into those sealed and others.
    is_split: bool,
    /// By group and part: the withheld parts that it has taken up.
    taken: Vec<Row<Vec<Taken>>>,
    /// By part: all groups together.
    totals: Row<Sum>,
}

/// A table of the funnel as it may be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToldFunnel {
    /// What it is about; its counts are the exact ones, and not for telling.
    pub table: FunnelTable,
    /// By group: the counts of the stages.
    pub groups: Vec<Stages>,
    /// By group: those of what it is compared with; `None` for the reference itself.
    pub references: Vec<Option<Stages>>,
}

impl Told {
    pub fn new(parts: Vec<Row<Part>>, (exact, is_split): (Rows, bool), taken: Vec<Row<Vec<Taken>>>) -> Self {
        let mut told = Self { parts, exact, is_split, taken, totals: Row::default() };
        let total = |column| (0..told.parts.len()).fold(Sum::default(), |sum, row| sum.plus(&told.part(row, column)));
        told.totals = std::array::from_fn(total);
        told
    }

    pub fn part(&self, row: usize, column: usize) -> Sum {
        let part = self.parts.get(row).and_then(|parts| parts.get(column)).copied();
        let taken = self.taken.get(row).and_then(|taken| taken.get(column)).map_or(&[][..], Vec::as_slice);
        part.map_or_else(Sum::default, |part| Sum::of(part, taken))
    }

    /// Returns the sum of parts of some groups.
    fn sum(&self, whose: Whose, columns: Columns) -> Sum {
        let all = |column: usize| self.totals.get(column).cloned().unwrap_or_default();
        let of = |column: &usize| match whose {
            Whose::Group(row) => self.part(row, *column),
            Whose::Rest(row) => all(*column).minus(&self.part(row, *column)),
            Whose::Everybody => all(*column),
        };
        columns.iter().map(of).fold(Sum::default(), |sum, part| sum.plus(&part))
    }

    fn exact_of(&self, whose: Whose, columns: Columns) -> u64 {
        let is_of = |group: &usize| match whose {
            Whose::Group(of) => *group == of,
            Whose::Rest(of) => *group != of,
            Whose::Everybody => true,
        };
        let groups = (0..self.exact.len()).filter(is_of);
        groups.filter_map(|group| self.exact(group, columns)).fold(0_u64, u64::saturating_add)
    }

    fn exact(&self, group: usize, columns: Columns) -> Option<u64> {
        let parts = self.exact.get(group)?;
        Some(columns.iter().filter_map(|column| parts.get(*column)).fold(0_u64, |sum, part| sum.saturating_add(*part)))
    }
}

/// What is told of a window.
#[derive(Clone, Copy)]
pub(super) enum Source<'t> {
    /// By a table.
    Table(&'t Told),
    /// By the difference of two: what happened since the beginning of a period, without what happened since its end; and, where a population stands in for
    /// the cases assessed, by group what is told of that: it is the same in both.
    Between([&'t Told; 2], Option<&'t [Option<u64>]>),
    /// Nothing.
    Nothing,
}

impl Source<'_> {
    /// Returns the sum of parts of some groups. What consists of withheld parts alone has none.
    pub fn sum(&self, plan: &Plan, whose: Whose, columns: Columns) -> Option<u64> {
        let plan = &plan.disclosure;
        match self {
            Self::Between(_, Some(population)) if columns.contains(&0) => sum_of(population, whose),
            Self::Between([long, short], _) if long.is_split != short.is_split && is_of_sealing(columns) => None,
            Self::Table(told) => told.sum(whose, columns).number(plan),
            Self::Between([long, short], _) => {
                let [exact, later] = [long, short].map(|told| told.exact_of(whose, columns));
                let [long, short] = [long, short].map(|told| told.sum(whose, columns));
                // Both are rounded: what they differ by may be more than there is, or be there where nothing is.
                if exact.checked_sub(later)? < plan.min_cell {
                    return None;
                }
                let count = long.number(plan)?.checked_sub(short.number(plan)?)?;
                // Both may be off, in opposite directions.
                let off = long.most_off().saturating_add(short.most_off());
                let enough = if off > 0 { plan.enough_for(off) } else { plan.min_cell };
                (count >= enough).then_some(count)
            }
            Self::Nothing => None,
        }
    }

    /// Returns the exact sum of parts of a group, which is not for telling.
    pub fn exact(&self, group: usize, columns: Columns) -> Option<u64> {
        match self {
            Self::Table(told) => told.exact(group, columns),
            Self::Between([long, short], _) => long.exact(group, columns)?.checked_sub(short.exact(group, columns)?),
            Self::Nothing => None,
        }
    }

    /// Returns whether the sum of parts of a group is the true one but for rounding.
    pub fn is_true(&self, group: usize, columns: Columns) -> bool {
        let is_true = |told: &Told| told.sum(Whose::Group(group), columns).is_true();
        match self {
            Self::Table(told) => is_true(told),
            Self::Between(both, _) => both.iter().all(|told| is_true(told)),
            Self::Nothing => false,
        }
    }

    /// Returns how many of some groups have reached each stage, as far as it may be told.
    fn stages(&self, plan: &Plan, whose: Whose) -> Stages {
        let min_cell = plan.disclosure.min_cell;
        let mut stages = REACHED.map(|columns| self.sum(plan, whose, columns).filter(|count| *count >= min_cell));
        if matches!(self, Self::Between(..)) {
            // Of a difference nothing else says that those who left between two stages are enough.
            let mut before = None;
            for stage in &mut stages {
                let is_enough =
                    |count: &u64| before.is_none_or(|before: u64| before.saturating_sub(*count) >= min_cell);
                *stage = stage.filter(is_enough);
                before = stage.or(before);
            }
        }
        stages
    }
}

/// The sum of what is told of some groups; `None` where one of them is not told.
fn sum_of(told: &[Option<u64>], whose: Whose) -> Option<u64> {
    if let Whose::Group(group) = whose {
        return told.get(group).copied().flatten();
    }
    let is_of = |group: usize| !matches!(whose, Whose::Rest(other) if other == group);
    let counts = told.iter().enumerate().filter(|(group, _)| is_of(*group)).map(|(_, count)| *count);
    counts.sum()
}

/// How many have reached each stage; `None` for what is not told.
type Stages = [Option<u64>; Stage::ALL.len()];

/// Groups whose cases are added up.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    Group(usize),
    /// All but one.
    Rest(usize),
    Everybody,
}

impl ToldFunnel {
    /// Tells every count.
    pub fn open(table: FunnelTable) -> Self {
        let all = |counts: &StageCounts| Stage::ALL.map(|stage| Some(counts.at(stage)));
        let groups = table.groups.iter().map(all).collect();
        let references = table.references().iter().map(|reference| reference.as_ref().map(all)).collect();
        Self { table, groups, references }
    }

    /// Tells what a source has of it.
    pub fn of(plan: &Plan, table: FunnelTable, source: Source<'_>) -> Self {
        let stages = |whose: Whose| source.stages(plan, whose);
        let groups = (0..table.groups.len()).map(|group| stages(Whose::Group(group))).collect();
        let named = table.reference.map(|GroupId(group)| usize::from(group));
        let reference = |group: usize| match named {
            Some(reference) if reference == group => None,
            Some(reference) => Some(stages(Whose::Group(reference))),
            None => Some(stages(Whose::Rest(group))),
        };
        let references = (0..table.groups.len()).map(reference).collect();
        Self { table, groups, references }
    }
}

/// Returns the parts of the exposed and of the events of an indicator; `None` where no table has them.
pub(super) const fn columns_of(indicator: Indicator) -> Option<[Columns; 2]> {
    let [assessed, selected, controlled, concluded, _] = REACHED;
    Some(match indicator {
        Indicator::SelectionRate => [assessed, selected],
        Indicator::ControlFrequency => [assessed, controlled],
        Indicator::UnfoundedRate => [assessed, WITHOUT_HIT],
        Indicator::FollowThrough => [selected, controlled],
        Indicator::OutcomeCoverage => [controlled, concluded],
        Indicator::HitRate => [SEALED, SEALED_HITS],
        _ => return None,
    })
}

/// Whether parts are some of those in which cohorts that are sealed are told from others.
fn is_of_sealing(columns: Columns) -> bool {
    let has = |column: usize| columns.contains(&column);
    has(3) != has(4) || has(5) != has(6)
}

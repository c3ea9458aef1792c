//! The linked tables of a release: cases by stage and group, and hit rates by group, of every place that a rule names.

use std::collections::BTreeMap;

use super::linked::{COLUMNS, Linked, Row, Table, link};
use super::memory::Memory;
use super::nested::{BETWEEN, Nested, part_name};
use super::part::{Part, Sum, Taken, difference};
use crate::evidence::Side;
use crate::judge::{Evaluation, Finding, FunnelTable, Stage, StageCounts};
use crate::plan::{Channel, DimensionId, DisclosurePlan, GroupId, Indicator, Plan, ProfileId, Reference, Rule};

/// What a table is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    profile: ProfileId,
    channel: Channel,
    window: String,
}

/// Cases not picked; picked and not controlled; controlled and not concluded; concluded without a hit in cohorts that are not sealed, and in
/// sealed ones; and hits likewise. Where nobody asks for hit rates, all cohorts count as sealed.
type Parts = Row<u64>;

/// The parts of a table, by group.
type Rows = Vec<Parts>;

/// The tables of a place, by dimension, and whether cohorts are split into those sealed and others.
type Tables = Vec<(DimensionId, Rows, bool)>;

/// The rows that take up what is withheld in others.
type Anchors = BTreeMap<(ProfileId, Channel), BTreeMap<DimensionId, usize>>;

/// All tables of a release.
#[derive(Default)]
pub(super) struct Places {
    told: BTreeMap<(Place, DimensionId), Told>,
    funnel: Vec<FunnelTable>,
}

/// The parts that make up a count.
type Columns = &'static [usize];

/// The parts of cases that reached a stage, by stage.
const REACHED: [Columns; Stage::ALL.len()] =
    [&[0, 1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 6], &[2, 3, 4, 5, 6], &[3, 4, 5, 6], &[5, 6]];
const WITHOUT_HIT: Columns = &[3, 4];
const SEALED: Columns = &[4, 6];
const SEALED_HITS: Columns = &[6];

/// What may be told of a table: by group, and in it by part.
#[derive(Clone, Debug, Default)]
struct Told {
    parts: Vec<Row<Part>>,
    exact: Rows,
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
    pub groups: Vec<[Option<u64>; Stage::ALL.len()]>,
    /// By group: those of what it is compared with; `None` for the reference itself.
    pub references: Vec<Option<[Option<u64>; Stage::ALL.len()]>>,
}

impl Places {
    /// Makes the tables of an evaluation. Between two releases they are those of the last one.
    pub fn of(plan: &Plan, exact: &Evaluation, memory: &mut Memory, is_due: bool) -> Self {
        let mut maker = Maker { plan, memory, is_due };
        let sealed = sealed_sides(plan, &exact.findings);
        let mut places: BTreeMap<Place, Tables> = BTreeMap::new();
        for table in &exact.funnel.tables {
            let place = Place { profile: table.profile, channel: table.channel, window: table.window.clone() };
            let sides = sealed.get(&(place.clone(), table.dimension));
            let side = |group: usize| sides.and_then(|sides| sides.get(group)).copied();
            let rows = table.groups.iter().enumerate().map(|(group, counts)| parts_of(counts, side(group))).collect();
            places.entry(place).or_default().push((table.dimension, rows, sides.is_some()));
        }
        Self { told: maker.tell_all(places), funnel: exact.funnel.tables.clone() }
    }

    /// Returns the sides of a comparison of an indicator within one channel; `None` where no table has it. In a side `None` stands for what is not
    /// told.
    pub fn sides(&self, plan: &Plan, finding: &Finding) -> Option<[Option<Side>; 2]> {
        let key = (Place::of(finding), finding.key.dimension?);
        let told = self.told.get(&key)?;
        let [exposed, events] = columns_of(finding.key.indicator?)?;
        let group = usize::from(finding.key.group?.0);
        let rule = plan.rules.get(finding.key.rule)?.disparity()?;
        let side = |whose: Whose| {
            let sum = |columns| told.sum(plan, whose, columns);
            Some(Side { events: sum(events)?, exposed: sum(exposed)? })
        };
        let own = side(Whose::Group(group));
        let reference = match &rule.terms.reference {
            Reference::Rest => side(Whose::Rest(group)),
            Reference::Overall => side(Whose::Everybody),
            Reference::Group(_) | Reference::Lowest => {
                let dimension = plan.dimensions.get(usize::from(key.1.0))?;
                let named = finding.reference_group.as_deref().and_then(|name| dimension.group_id(name));
                named.and_then(|GroupId(reference)| side(Whose::Group(usize::from(reference))))
            }
            Reference::Random => return None,
        };
        Some([own, reference])
    }

    /// Returns the cases among which an indicator of how cases were handled counts those with a value: how many there are, and how many are told.
    pub fn handled(&self, plan: &Plan, finding: &Finding) -> Option<(u64, u64)> {
        let told = self.told.get(&(Place::of(finding), finding.key.dimension?))?;
        let columns = match finding.key.indicator? {
            Indicator::Intensity | Indicator::Duration | Indicator::StrictRate => {
                REACHED.get(Stage::Controlled as usize)?
            }
            Indicator::SanctionAmount | Indicator::SanctionRate => SEALED_HITS,
            _ => return None,
        };
        let group = usize::from(finding.key.group?.0);
        let exact = told.exact.get(group)?;
        let exact =
            columns.iter().filter_map(|column| exact.get(*column)).fold(0_u64, |sum, part| sum.saturating_add(*part));
        Some((exact, told.sum(plan, Whose::Group(group), columns)?))
    }

    /// Returns whether the counts of these stages of a finding's group are the true ones but for rounding: only then may they be told elsewhere.
    pub fn are_true(&self, finding: &Finding, stages: &[Stage]) -> bool {
        let (Some(dimension), Some(group)) = (finding.key.dimension, finding.key.group) else { return true };
        let Some(told) = self.told.get(&(Place::of(finding), dimension)) else { return true };
        let row = usize::from(group.0);
        let is_true = |columns: Columns| {
            columns.iter().fold(Sum::default(), |sum, column| sum.plus(&told.part(row, *column))).is_true()
        };
        let sealed: [Columns; 2] = [SEALED, SEALED_HITS];
        let of_stage = |stage: &Stage| {
            let of_sealed = match stage {
                Stage::Concluded => sealed.first(),
                Stage::Hit => sealed.last(),
                Stage::Assessed | Stage::Selected | Stage::Controlled => None,
            };
            REACHED.get(*stage as usize).is_some_and(|columns| is_true(columns))
                && of_sealed.is_none_or(|columns| is_true(columns))
        };
        stages.iter().all(of_stage)
    }

    /// Returns the tables of the funnel.
    pub fn into_funnel(self, plan: &Plan) -> Vec<ToldFunnel> {
        let Self { told, funnel } = self;
        let of = |table: FunnelTable| {
            let place = Place { profile: table.profile, channel: table.channel, window: table.window.clone() };
            let told = told.get(&(place, table.dimension)).cloned().unwrap_or_default();
            ToldFunnel::of(plan, table, &told)
        };
        funnel.into_iter().map(of).collect()
    }
}

/// Returns the parts of the exposed and of the events of an indicator; `None` where no table has them.
const fn columns_of(indicator: Indicator) -> Option<[Columns; 2]> {
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

impl Told {
    fn new(parts: Vec<Row<Part>>, exact: Rows, taken: Vec<Row<Vec<Taken>>>) -> Self {
        let mut told = Self { parts, exact, taken, totals: Row::default() };
        let total = |column| (0..told.parts.len()).fold(Sum::default(), |sum, row| sum.plus(&told.part(row, column)));
        told.totals = std::array::from_fn(total);
        told
    }

    fn part(&self, row: usize, column: usize) -> Sum {
        let part = self.parts.get(row).and_then(|parts| parts.get(column)).copied();
        let taken = self.taken.get(row).and_then(|taken| taken.get(column)).map_or(&[][..], Vec::as_slice);
        part.map_or_else(Sum::default, |part| Sum::of(part, taken))
    }

    /// Returns the sum of parts of some groups. What consists of withheld parts alone has none.
    fn sum(&self, plan: &Plan, whose: Whose, columns: Columns) -> Option<u64> {
        let all = |column: usize| self.totals.get(column).cloned().unwrap_or_default();
        let of = |column: &usize| match whose {
            Whose::Group(row) => self.part(row, *column),
            Whose::Rest(row) => all(*column).minus(&self.part(row, *column)),
            Whose::Everybody => all(*column),
        };
        columns.iter().map(of).fold(Sum::default(), |sum, part| sum.plus(&part)).number(&plan.disclosure)
    }
}

/// Groups whose cases are added up.
#[derive(Clone, Copy)]
enum Whose {
    Group(usize),
    /// All but one.
    Rest(usize),
    Everybody,
}

impl Place {
    fn of(finding: &Finding) -> Self {
        let key = &finding.key;
        Self { profile: key.profile, channel: key.channel, window: key.window.to_string() }
    }
}

impl ToldFunnel {
    /// Tells every count.
    pub fn open(table: FunnelTable) -> Self {
        let all = |counts: &StageCounts| Stage::ALL.map(|stage| Some(counts.at(stage)));
        let groups = table.groups.iter().map(all).collect();
        let references = table.references().iter().map(|reference| reference.as_ref().map(all)).collect();
        Self { table, groups, references }
    }

    fn of(plan: &Plan, table: FunnelTable, told: &Told) -> Self {
        let stages = |whose: Whose| {
            REACHED.map(|columns| told.sum(plan, whose, columns).filter(|count| *count >= plan.disclosure.min_cell))
        };
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

/// Makes tables that may be told, and remembers what was.
struct Maker<'m> {
    plan: &'m Plan,
    memory: &'m mut Memory,
    is_due: bool,
}

impl Maker<'_> {
    fn tell_all(&mut self, places: BTreeMap<Place, Tables>) -> BTreeMap<(Place, DimensionId), Told> {
        let mut all = BTreeMap::new();
        let rank = |place: &Place| self.plan.window.rolling.iter().position(|window| window.label == place.window);
        let mut places: Vec<_> = places.into_iter().map(|(place, tables)| (rank(&place), place, tables)).collect();
        // The windows of a profile and channel from the shortest on.
        places.sort_by(|(rank, one, _), (other_rank, other, _)| {
            (one.profile, one.channel, rank).cmp(&(other.profile, other.channel, other_rank))
        });
        let anchors = if self.is_due { self.anchors(&places) } else { Anchors::new() };
        let mut shorter = (None, Vec::new());
        for (_, place, tables) in places {
            let whose = Some((place.profile, place.channel));
            if shorter.0 != whose {
                shorter = (whose, Vec::new());
            }
            let told = if self.is_due {
                let anchors = anchors.get(&(place.profile, place.channel));
                self.tell(&place, &tables, (anchors.unwrap_or(&BTreeMap::new()), &mut shorter.1))
            } else {
                self.recall(&place, &tables)
            };
            let dimensions = tables.into_iter().map(|(dimension, ..)| dimension);
            all.extend(dimensions.zip(told).map(|(dimension, told)| ((place.clone(), dimension), told)));
        }
        all
    }

    /// Returns the row of each dimension that takes up what is withheld in others: in all windows the same, as their tables can be compared. The longest
    /// window decides. `places` are in the order of windows.
    fn anchors(&self, places: &[(Option<usize>, Place, Tables)]) -> Anchors {
        let mut anchors = Anchors::new();
        for (_, place, tables) in places {
            for (dimension, rows, _) in tables {
                let last = self.memory.last(&self.anchor_name(place, *dimension));
                let row = anchor(&self.plan.disclosure, rows, last.and_then(|row| usize::try_from(row).ok()));
                anchors.entry((place.profile, place.channel)).or_default().insert(*dimension, row);
            }
        }
        anchors
    }

    /// Makes the tables of a place as of now.
    fn tell(
        &mut self,
        place: &Place,
        tables: &[(DimensionId, Rows, bool)],
        (anchors, shorter): (&BTreeMap<DimensionId, usize>, &mut Vec<(DimensionId, Nested)>),
    ) -> Vec<Told> {
        let mut nested = Vec::with_capacity(tables.len());
        let place_of = |part: &DimensionId| tables.iter().position(|(dimension, ..)| dimension == part);
        let (mut linked, mut coarse) = (Vec::with_capacity(tables.len()), Vec::with_capacity(tables.len()));
        for (dimension, parts, is_split) in tables {
            let name = self.name(place, *dimension);
            let crosses = self.plan.dimensions.get(usize::from(dimension.0)).map_or(&[][..], |found| &found.crosses);
            let anchor = anchors.get(dimension).copied().unwrap_or(0);
            self.memory.set(&self.anchor_name(place, *dimension), Some(anchor as u64));
            let crosses = crosses.iter().filter_map(place_of).collect();
            let mut withheld = self.withheld(&name, parts, *is_split);
            coarse.push(
                shorter.iter().find(|(other, _)| other == dimension).map(|(_, shorter)| shorter.withheld.clone()),
            );
            if let Some((_, shorter)) = shorter.iter().find(|(other, _)| other == dimension) {
                shorter.withhold(&self.plan.disclosure, (self.memory, &name), parts, &mut withheld);
            }
            nested.push((*dimension, Nested { parts: parts.clone(), withheld: withheld.clone() }));
            let counted = std::array::from_fn(|column| is_counted(*is_split, column));
            linked.push(Table { parts: parts.clone(), withheld, counted, crosses, anchor });
        }
        *shorter = nested;
        let told = link(&self.plan.disclosure, &linked);
        let tables = tables.iter().zip(coarse).zip(told);
        tables
            .map(|(((dimension, exact, _), coarse), linked)| {
                self.remember(&self.name(place, *dimension), (exact, &coarse.unwrap_or_default()), linked)
            })
            .collect()
    }

    /// Returns which parts are too small to be told. Where cohorts are not split into those sealed and others, nobody is in the latter.
    fn withheld(&mut self, name: &str, rows: &Rows, is_split: bool) -> Vec<Row<bool>> {
        let (plan, memory) = (&self.plan.disclosure, &mut *self.memory);
        let rows = rows.iter().enumerate();
        rows.map(|(row, parts)| {
            std::array::from_fn(|column| {
                let part = parts.get(column).copied().unwrap_or(0);
                is_counted(is_split, column) && memory.is_small(plan, &part_name(name, row, column), part)
            })
        })
        .collect()
    }

    /// Rounds the parts, keeps those that hardly changed, and remembers them. Those that a shorter window withholds are rounded more: what is told of the time
    /// before it would leave only few numbers for it.
    fn remember(&mut self, name: &str, (exact, coarse): (&Rows, &[Row<bool>]), linked: Linked) -> Told {
        let (plan, memory) = (&self.plan.disclosure, &mut *self.memory);
        let mut told = Vec::new();
        // By column: what rounding has left out so far. The next one makes up for it, so that sums over different dimensions are equal.
        let mut carries: Row<i64> = [0; COLUMNS];
        for (row, (parts, taken)) in linked.parts.iter().zip(&linked.taken).enumerate() {
            told.push(std::array::from_fn(|column| {
                let name = part_name(name, row, column);
                let part = match parts.get(column).copied().unwrap_or(Part::Unknown) {
                    Part::Told(count) => {
                        let carry = carries.get_mut(column);
                        let with_carry = count.saturating_add_signed(carry.as_ref().map_or(0, |carry| **carry));
                        let is_coarse = coarse.get(row).and_then(|row| row.get(column)).copied().unwrap_or(false);
                        let step = if is_coarse { plan.coarse() } else { plan.round_to };
                        let told = memory.tell(plan, &name, with_carry, step);
                        // What is told anew, and not what stands from before.
                        if let (Some(carry), true) = (carry, told == plan.rounded_to(with_carry, step)) {
                            *carry = difference(with_carry, told);
                        }
                        Part::Told(told)
                    }
                    part @ Part::StandsIn(constant) => {
                        memory.stand_in(&name, constant);
                        part
                    }
                    Part::Unknown => {
                        memory.set(&name, None);
                        Part::Unknown
                    }
                };
                memory.take(&name, taken.get(column).cloned().unwrap_or_default());
                part
            }));
        }
        Told::new(told, exact.clone(), linked.taken)
    }

    /// Makes the tables of a place as they were at the last release.
    fn recall(&self, place: &Place, tables: &[(DimensionId, Rows, bool)]) -> Vec<Told> {
        let told = |(dimension, rows, _): &(DimensionId, Rows, bool)| {
            let name = self.name(place, *dimension);
            let part = |row: usize, column: usize| {
                let name = part_name(&name, row, column);
                match self.memory.last(&name) {
                    Some(constant) if self.memory.stood_in(&name) => Part::StandsIn(constant),
                    Some(count) => Part::Told(count),
                    None => Part::Unknown,
                }
            };
            let taken = |row: usize, column: usize| self.memory.taken(&part_name(&name, row, column));
            let parts = (0..rows.len()).map(|row| std::array::from_fn(|column| part(row, column))).collect();
            let taken = (0..rows.len()).map(|row| std::array::from_fn(|column| taken(row, column))).collect();
            Told::new(parts, rows.clone(), taken)
        };
        tables.iter().map(told).collect()
    }

    fn anchor_name(&self, place: &Place, dimension: DimensionId) -> String {
        let all = Place { window: String::new(), ..place.clone() };
        format!("{}anchor", self.name(&all, dimension))
    }

    /// Returns what the names of a table's counts begin with.
    fn name(&self, place: &Place, dimension: DimensionId) -> String {
        let Place { profile, channel, window } = place;
        let profile = self.plan.profiles.get(usize::from(profile.0)).map_or("", |profile| &profile.name);
        let dimension = self.plan.dimensions.get(usize::from(dimension.0)).map_or("", |found| &found.name);
        let channel = channel.name();
        format!("table{BETWEEN}{profile}{BETWEEN}{channel}{BETWEEN}{window}{BETWEEN}{dimension}{BETWEEN}")
    }
}

/// Returns the row with the fewest parts that are too small to be told, of those with many cases; and of several the one that has most cases. Which
/// parts are too small is no secret, and what a withheld part is off changes no sum of a row. The last one stays as long as it will do.
fn anchor(plan: &DisclosurePlan, rows: &Rows, last: Option<usize>) -> usize {
    /// A row with one in so many of the cases of another one is not large.
    const LARGE: u64 = 10;
    let total = |row: &Parts| row.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    let few = |row: &Parts| row.iter().filter(|part| **part < plan.min_cell).count();
    let most = rows.iter().map(total).max().unwrap_or(0);
    let is_large = |row: &Parts| total(row).saturating_mul(LARGE) > most;
    let large = || rows.iter().enumerate().filter(|(_, row)| is_large(row));
    let best = large().min_by_key(|(place, row)| (few(row), std::cmp::Reverse(total(row)), *place));
    let least = best.map_or(0, |(_, row)| few(row));
    let last = last.filter(|last| rows.get(*last).is_some_and(|row| is_large(row) && few(row) <= least));
    last.or(best.map(|(place, _)| place)).unwrap_or(0)
}

/// Whether a table has a column. Without the split into sealed cohorts and others nobody is in the latter.
const fn is_counted(is_split: bool, column: usize) -> bool {
    is_split || !matches!(column, 3 | 5)
}

/// Cuts the counts of a group into parts. Counts that cannot be have parts of 0.
fn parts_of(counts: &StageCounts, sealed: Option<Side>) -> Parts {
    let [assessed, selected, controlled, concluded, hits] = Stage::ALL.map(|stage| counts.at(stage));
    let without = concluded.saturating_sub(hits);
    let sealed = sealed.unwrap_or(Side { events: hits, exposed: concluded });
    let sealed_without = sealed.exposed.saturating_sub(sealed.events);
    [
        assessed.saturating_sub(selected),
        selected.saturating_sub(controlled),
        controlled.saturating_sub(concluded),
        without.saturating_sub(sealed_without),
        sealed_without,
        hits.saturating_sub(sealed.events),
        sealed.events,
    ]
}

/// Returns the concluded and the hits of sealed cohorts of each group, by the findings about hit rates.
fn sealed_sides(plan: &Plan, findings: &[Finding]) -> BTreeMap<(Place, DimensionId), Vec<Side>> {
    let mut tables: BTreeMap<(Place, DimensionId), Vec<Option<Side>>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.key.indicator == Some(Indicator::HitRate)) {
        let Some(rule) = plan.rules.get(finding.key.rule).and_then(Rule::disparity) else { continue };
        let (Some(dimension), Some(GroupId(group))) = (finding.key.dimension, finding.key.group) else { continue };
        let Some(found) = plan.dimensions.get(usize::from(dimension.0)) else { continue };
        let rows = tables.entry((Place::of(finding), dimension)).or_insert_with(|| vec![None; found.groups.len()]);
        let names_reference = matches!(rule.terms.reference, Reference::Group(_) | Reference::Lowest);
        let named = finding.reference_group.as_deref().filter(|_| names_reference);
        let reference = named.and_then(|name| found.group_id(name)).map(|GroupId(row)| (row, finding.reference));
        for (row, side) in std::iter::once((group, finding.group)).chain(reference) {
            if let Some(place) = rows.get_mut(usize::from(row)) {
                *place = Some(side);
            }
        }
    }
    // A table of which a row is not known is none.
    let complete = tables.into_iter().map(|(key, rows)| Some((key, rows.into_iter().collect::<Option<Vec<Side>>>()?)));
    complete.flatten().collect()
}

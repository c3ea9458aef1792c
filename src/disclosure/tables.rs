//! The linked tables of a release: cases by stage and group, and hit rates by group, of every place that a rule names.

use std::collections::{BTreeMap, BTreeSet};

use super::linked::{COLUMNS, Linked, Row, Table, link};
use super::memory::Memory;
use super::nested::{BETWEEN, Nested, Shorter, part_name};
use super::part::{Part, difference};
use super::told::{Columns, Parts, REACHED, Rows, SEALED, SEALED_HITS, Source, Told, ToldFunnel, Whose, columns_of};
use crate::evidence::Side;
use crate::judge::{Evaluation, Finding, FunnelTable, JudgedPeriod, PERIOD_MARK, PeriodEvaluation, Stage, StageCounts};
use crate::plan::{
    Channel, DimensionId, DisclosurePlan, Exposure, GroupId, Indicator, Plan, ProfileId, Reference, Rule, Span,
};

/// The members of a place's groups in a dimension, as far as they are told.
type Population = ((Place, DimensionId), Vec<Option<u64>>);

/// What a table is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    profile: ProfileId,
    channel: Channel,
    window: String,
}

/// The tables of a place, by dimension, and whether cohorts are split into those sealed and others.
type Tables = Vec<(DimensionId, Rows, bool)>;

/// The rows that take up what is withheld in others.
type Anchors = BTreeMap<(ProfileId, Channel), BTreeMap<DimensionId, usize>>;

/// All tables of a release.
#[derive(Default)]
pub(super) struct Places {
    told: BTreeMap<(Place, DimensionId), Told>,
    funnel: Vec<FunnelTable>,
    /// By window that is told as a difference: the windows that it is the difference of.
    between: BTreeMap<String, [String; 2]>,
    /// Of windows that are told as a difference: by group the population that stands in for the cases assessed.
    populations: BTreeMap<(Place, DimensionId), Vec<Option<u64>>>,
    /// The lengths of windows that end now, by name.
    lengths: BTreeMap<String, Span>,
}

impl Places {
    /// Makes the tables of an evaluation, and of periods where those are judged. Between two releases they are those of the last one.
    pub fn of(
        plan: &Plan,
        (exact, periods): (&Evaluation, Option<&PeriodEvaluation>),
        memory: &mut Memory,
        is_due: bool,
    ) -> Self {
        let beside = periods.map_or(&[][..], |periods| &periods.beside);
        let of_periods = periods.map_or(&[][..], |periods| &periods.tables);
        let sealed = sealed_sides(plan, exact.findings.iter().chain(beside));
        let between = periods.map(differences).unwrap_or_default();
        let funnel: Vec<FunnelTable> = exact.funnel.tables.iter().chain(of_periods).cloned().collect();
        let mut places: BTreeMap<Place, Tables> = BTreeMap::new();
        for table in funnel.iter().filter(|table| !between.contains_key(&table.window)) {
            let place = Place::of_table(table);
            let sides = sealed.get(&(place.clone(), table.dimension));
            let side = |group: usize| sides.and_then(|sides| sides.get(group)).copied();
            let rows = table.groups.iter().enumerate().map(|(group, counts)| parts_of(counts, side(group))).collect();
            places.entry(place).or_default().push((table.dimension, rows, sides.is_some()));
        }
        let lengths = lengths(plan, periods);
        let ends = between.values().map(|[_, short]| short.clone()).collect();
        let mut maker = Maker { plan, memory, is_due, lengths: &lengths, ends };
        let told = maker.tell_all(places);
        let over = funnel.iter().filter(|table| between.contains_key(&table.window));
        let populations = over.filter_map(|table| maker.population(table)).collect();
        Self { told, funnel, between, populations, lengths }
    }

    /// Returns whether periods are told.
    pub fn has_periods(&self) -> bool {
        self.lengths.keys().any(|window| is_of_period(window))
    }

    /// Returns the length of a window that ends now; `None` for others.
    pub fn length(&self, window: &str) -> Option<Span> {
        self.lengths.get(window).copied()
    }

    /// Returns the windows that one is told as the difference of: since its beginning, and since its end.
    pub fn between(&self, window: &str) -> Option<&[String; 2]> {
        self.between.get(window)
    }

    /// Returns the sides of a comparison of an indicator within one channel; `None` where no table has it. In a side `None` stands for what is not
    /// told.
    pub fn sides(&self, plan: &Plan, finding: &Finding) -> Option<[Option<Side>; 2]> {
        let dimension = finding.key.dimension?;
        let source = self.source(&Place::of(finding), dimension)?;
        let [exposed, events] = columns_of(finding.key.indicator?)?;
        let group = usize::from(finding.key.group?.0);
        let rule = plan.rules.get(finding.key.rule)?.disparity()?;
        let side = |whose: Whose| {
            let sum = |columns| source.sum(plan, whose, columns);
            Some(Side { events: sum(events)?, exposed: sum(exposed)? })
        };
        let own = side(Whose::Group(group));
        let reference = match &rule.terms.reference {
            Reference::Rest => side(Whose::Rest(group)),
            Reference::Overall => side(Whose::Everybody),
            Reference::Group(_) | Reference::Lowest => {
                let dimension = plan.dimensions.get(usize::from(dimension.0))?;
                let named = finding.reference_group.as_deref().and_then(|name| dimension.group_id(name));
                named.and_then(|GroupId(reference)| side(Whose::Group(usize::from(reference))))
            }
            Reference::Random => return None,
        };
        Some([own, reference])
    }

    /// Returns the cases among which an indicator of how cases were handled counts those with a value: how many there are, and how many are told.
    pub fn handled(&self, plan: &Plan, finding: &Finding) -> Option<(u64, u64)> {
        let source = self.source(&Place::of(finding), finding.key.dimension?)?;
        let columns = match finding.key.indicator? {
            Indicator::Intensity | Indicator::Duration | Indicator::StrictRate => {
                REACHED.get(Stage::Controlled as usize)?
            }
            Indicator::SanctionAmount | Indicator::SanctionRate => SEALED_HITS,
            _ => return None,
        };
        let group = usize::from(finding.key.group?.0);
        Some((source.exact(group, columns)?, source.sum(plan, Whose::Group(group), columns)?))
    }

    /// Returns whether the counts of these stages of a finding's group are the true ones but for rounding: only then may they be told elsewhere.
    pub fn are_true(&self, finding: &Finding, stages: &[Stage]) -> bool {
        let (Some(dimension), Some(group)) = (finding.key.dimension, finding.key.group) else { return true };
        let Some(source) = self.source(&Place::of(finding), dimension) else { return true };
        let is_true = |columns: Columns| source.is_true(usize::from(group.0), columns);
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

    /// Returns the tables of the funnel, those of periods after the others.
    pub fn funnel(&self, plan: &Plan) -> Vec<ToldFunnel> {
        let of = |table: &FunnelTable| {
            let source = self.source(&Place::of_table(table), table.dimension).unwrap_or(Source::Nothing);
            ToldFunnel::of(plan, table.clone(), source)
        };
        self.funnel.iter().map(of).collect()
    }

    /// Returns what tells of a place; `None` where no table is about it, and others may tell of it. Of a period nothing else does.
    fn source(&self, place: &Place, dimension: DimensionId) -> Option<Source<'_>> {
        let told = |window: &str| self.told.get(&(Place { window: window.to_owned(), ..place.clone() }, dimension));
        let nothing = || is_of_period(&place.window).then_some(Source::Nothing);
        match self.between.get(&place.window) {
            Some([long, short]) => {
                let population = self.populations.get(&(place.clone(), dimension)).map(Vec::as_slice);
                let both = told(long).zip(told(short));
                both.map(|(long, short)| Source::Between([long, short], population)).or_else(nothing)
            }
            None => told(&place.window).map(Source::Table).or_else(nothing),
        }
    }
}

/// Whether a window, or the name of a count, is of a period.
pub(super) fn is_of_period(name: &str) -> bool {
    name.contains(PERIOD_MARK)
}

/// The windows that are told as differences.
fn differences(periods: &PeriodEvaluation) -> BTreeMap<String, [String; 2]> {
    let difference = |period: &JudgedPeriod| {
        let [long, short] = period.between()?;
        Some((period.window.to_string(), [long.to_string(), short.to_string()]))
    };
    periods.periods.iter().filter_map(difference).collect()
}

/// The windows that end now, by name.
fn lengths(plan: &Plan, periods: Option<&PeriodEvaluation>) -> BTreeMap<String, Span> {
    let rolling = plan.window.rolling.iter().map(|window| (window.label.clone(), window.length));
    let suffixes = periods.into_iter().flat_map(|periods| periods.suffixes.clone());
    rolling.chain(suffixes).collect()
}

impl Place {
    fn of(finding: &Finding) -> Self {
        let key = &finding.key;
        Self { profile: key.profile, channel: key.channel, window: key.window.to_string() }
    }

    fn of_table(table: &FunnelTable) -> Self {
        Self { profile: table.profile, channel: table.channel, window: table.window.clone() }
    }
}

/// Makes tables that may be told, and remembers what was.
struct Maker<'m> {
    plan: &'m Plan,
    memory: &'m mut Memory,
    is_due: bool,
    /// The lengths of windows, by name.
    lengths: &'m BTreeMap<String, Span>,
    /// Those that begin where a period that is over ends.
    ends: BTreeSet<String>,
}

impl Maker<'_> {
    fn tell_all(&mut self, places: BTreeMap<Place, Tables>) -> BTreeMap<(Place, DimensionId), Told> {
        let mut all = BTreeMap::new();
        let length = |place: &Place| self.lengths.get(&place.window).copied();
        let mut places: Vec<_> = places.into_iter().map(|(place, tables)| (length(&place), place, tables)).collect();
        // The windows of a profile and channel from the shortest on. All end now.
        places.sort_by(|(length, one, _), (other_length, other, _)| {
            (one.profile, one.channel, length, &one.window).cmp(&(
                other.profile,
                other.channel,
                other_length,
                &other.window,
            ))
        });
        let anchors = if self.is_due { self.anchors(&places) } else { Anchors::new() };
        let mut shorter = (None, BTreeMap::new());
        for (_, place, tables) in places {
            let whose = Some((place.profile, place.channel));
            if shorter.0 != whose {
                shorter = (whose, BTreeMap::new());
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

    /// Tells the population of a window, by group, where that stands in for the cases assessed: of two windows it has no difference.
    fn population(&mut self, table: &FunnelTable) -> Option<Population> {
        let profile = self.plan.profiles.get(usize::from(table.profile.0))?;
        if profile.exposure != Exposure::Population {
            return None;
        }
        let place = Place::of_table(table);
        let name = self.name(&place, table.dimension);
        let counts = table.groups.iter().enumerate().map(|(group, counts)| {
            let name = format!("{name}population{BETWEEN}{group}");
            self.memory.count(&self.plan.disclosure, &name, counts.at(Stage::Assessed), self.is_due)
        });
        let counts = counts.collect();
        Some(((place, table.dimension), counts))
    }

    /// Returns the row of each dimension that takes up what is withheld in others: in all windows the same, as their tables can be compared. The longest
    /// rolling window decides, so that it is the same on days on which periods are told. `places` are in the order of windows.
    fn anchors(&self, places: &[(Option<Span>, Place, Tables)]) -> Anchors {
        let mut anchors = Anchors::new();
        for (_, place, tables) in places.iter().filter(|(_, place, _)| !is_of_period(&place.window)) {
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
        (anchors, shorter): (&BTreeMap<DimensionId, usize>, &mut BTreeMap<DimensionId, Shorter>),
    ) -> Vec<Told> {
        let place_of = |part: &DimensionId| tables.iter().position(|(dimension, ..)| dimension == part);
        let (mut linked, mut coarse) = (Vec::with_capacity(tables.len()), Vec::with_capacity(tables.len()));
        for (dimension, parts, is_split) in tables {
            let name = self.name(place, *dimension);
            let crosses = self.plan.dimensions.get(usize::from(dimension.0)).map_or(&[][..], |found| &found.crosses);
            let anchor = anchors.get(dimension).copied().unwrap_or(0);
            self.memory.set(&self.anchor_name(place, *dimension), Some(anchor as u64));
            let crosses = crosses.iter().filter_map(place_of).collect();
            let mut nested = Nested {
                parts: parts.clone(),
                withheld: self.withheld(&name, parts, *is_split),
                is_split: *is_split,
                is_of_period: is_of_period(&place.window),
                ends: Some(place.window.clone()).filter(|window| self.ends.contains(window)),
            };
            let shorter = shorter.entry(*dimension).or_default();
            coarse.push(shorter.withhold(&self.plan.disclosure, (self.memory, &name), &mut nested));
            shorter.add(nested.clone());
            let counted = std::array::from_fn(|column| is_counted(*is_split, column));
            linked.push(Table { parts: nested.parts, withheld: nested.withheld, counted, crosses, anchor });
        }
        let told = link(&self.plan.disclosure, &linked);
        let tables = tables.iter().zip(coarse).zip(told);
        tables
            .map(|(((dimension, exact, is_split), coarse), linked)| {
                self.remember(&self.name(place, *dimension), (exact, &coarse), (linked, *is_split))
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
    fn remember(
        &mut self,
        name: &str,
        (exact, coarse): (&Rows, &[Row<bool>]),
        (linked, is_split): (Linked, bool),
    ) -> Told {
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
        Told::new(told, (exact.clone(), is_split), linked.taken)
    }

    /// Makes the tables of a place as they were at the last release.
    fn recall(&self, place: &Place, tables: &[(DimensionId, Rows, bool)]) -> Vec<Told> {
        let told = |(dimension, rows, is_split): &(DimensionId, Rows, bool)| {
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
            Told::new(parts, (rows.clone(), *is_split), taken)
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
fn sealed_sides<'f>(
    plan: &Plan,
    findings: impl Iterator<Item = &'f Finding>,
) -> BTreeMap<(Place, DimensionId), Vec<Side>> {
    let mut tables: BTreeMap<(Place, DimensionId), Vec<Option<Side>>> = BTreeMap::new();
    for finding in findings.filter(|finding| finding.key.indicator == Some(Indicator::HitRate)) {
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

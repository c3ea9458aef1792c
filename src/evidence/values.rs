//! The series of rules that compare values of cases, such as the duration of controls: whether those of a group exceed those of its reference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::comparison::slots;
use super::family::{Heritage, Place, counted};
use super::feed::CohortFeed;
use super::handled::{ValueCounts, histogram};
use super::key::TableKey;
use super::series::SeriesEvidence;
use super::table::{BLOCK_HOURS, Context, block_target, feed_of, value_keys};
use crate::plan::invariant::{self, Room};
use crate::plan::{Dimension, DisparityRule, GroupId, HandlingTerms, Mapping, Plan, Reference, Slot};
use crate::statistics::{Exceedance, Judging};

/// All series of the plan's rules that compare values, by table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ValueTables {
    tables: BTreeMap<TableKey, ValueTable>,
    /// By table: the index of its feed.
    feeds: BTreeMap<TableKey, usize>,
}

/// The series of one rule, profile, channel and dimension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueTable {
    /// By group; `None` for the reference group.
    series: Vec<Option<ValueSeries>>,
    /// The first hour whose cohort it reads, counted from 1970.
    begun: i32,
}

/// The series of one group, and the block that it reads next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ValueSeries {
    process: Exceedance,
    open: Option<OpenValues>,
}

/// A block that is not over: how many values each bucket has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OpenValues {
    /// The first hour of its first cohort, counted from 1970.
    start: i32,
    group: BTreeMap<u64, u64>,
    reference: BTreeMap<u64, u64>,
}

/// How many values each bucket has.
#[derive(Debug, Default)]
struct Histograms {
    groups: Vec<Vec<(u64, u64)>>,
    /// Of all groups together.
    total: BTreeMap<u64, u64>,
}

/// What a table means in its plan.
struct Scope<'p> {
    key: TableKey,
    rule: DisparityRule<'p>,
    dimension: &'p Dimension,
    target: u64,
    judging: Judging,
}

impl ValueTables {
    /// Returns the plan's tables, without evidence. `feeds` are those of the same plan.
    pub fn new(plan: &Plan, feeds: &[CohortFeed]) -> Self {
        let mut tables = Self::default();
        for (key, rule) in value_keys(plan) {
            let feed = feeds.binary_search(&feed_of(key, rule)).ok();
            let feed = invariant::present(Room::Evidence, "each table of values has a feed", feed);
            if let (Some(feed), Some(table)) = (feed, ValueTable::new(plan, key, rule)) {
                tables.tables.insert(key, table);
                tables.feeds.insert(key, feed);
            }
        }
        tables
    }

    /// Returns how many series of the family there are, first those of no intersection.
    pub fn family_size(&self, plan: &Plan) -> [usize; 2] {
        counted(plan, self.places().map(|(key, _)| (key.dimension, 1)))
    }

    /// Returns the places of all series, in the order of tables and groups.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.tables.iter().flat_map(|(key, table)| {
            let groups = (0..).map(GroupId).zip(&table.series);
            groups.filter(|(_, series)| series.is_some()).map(|(group, _)| (*key, group))
        })
    }

    /// Returns whether no rule compares values.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Returns whether a block is open that only the passing of time closes.
    pub fn has_open_block(&self) -> bool {
        self.tables.values().flat_map(|table| &table.series).flatten().any(|series| series.open.is_some())
    }

    /// Reads a sealed cohort of a feed. Cohorts come in time order.
    pub fn read(&mut self, feed: usize, cohort: &Cohort, context: &Context<'_>, heritage: &mut Heritage) {
        for (key, table) in &mut self.tables {
            if self.feeds.get(key) == Some(&feed) && cohort.start >= table.begun {
                let Some(scope) = Scope::of(*key, context) else { continue };
                table.close_expired(cohort.start, &scope, heritage);
                table.read(cohort.start, &scope.histograms(cohort, context), (&scope, heritage));
            }
        }
    }

    /// Closes the blocks of a feed that are over by time. `passed` is the hour up to which it has released its cohorts.
    pub fn close_expired(&mut self, passed: impl Fn(usize) -> i32, context: &Context<'_>, heritage: &mut Heritage) {
        for (key, table) in &mut self.tables {
            let Some(scope) = Scope::of(*key, context) else { continue };
            table.close_expired(self.feeds.get(key).map_or(i32::MIN, |feed| passed(*feed)), &scope, heritage);
        }
    }

    /// Returns the evidence of one table by group, `None` for the reference group; empty where the plan has no such table. `own` is
    /// ln(1 / level) of a whole series without what it has inherited. The places of the series on the watch list are not known here.
    pub fn evidence(&self, key: TableKey, (own, heritage): (f64, &Heritage)) -> Vec<Option<SeriesEvidence>> {
        let of_series = |(series, group): (&Option<ValueSeries>, u16)| {
            let process = &series.as_ref()?.process;
            Some(said(process, heritage.log_level((key, GroupId(group)), own, process.epoch())))
        };
        self.tables.get(&key).map_or_else(Vec::new, |table| table.series.iter().zip(0..).map(of_series).collect())
    }

    /// Returns every series by its table and the index of its group, with ln E and ln of the Shiryaev-Roberts statistic.
    pub fn series(&self) -> impl Iterator<Item = ((TableKey, usize), (f64, f64))> + '_ {
        self.tables.iter().flat_map(|(key, table)| {
            let groups = table.series.iter().enumerate();
            groups.filter_map(|(group, series)| {
                let process = &series.as_ref()?.process;
                Some(((*key, group), (process.log_e(), process.log_sr())))
            })
        })
    }
}

impl ValueTable {
    /// `None` where the dimension does not have the group that the rule compares with.
    fn new(plan: &Plan, key: TableKey, rule: DisparityRule<'_>) -> Option<Self> {
        let dimension = plan.dimensions.get(usize::from(key.dimension.0));
        let dimension = invariant::present(Room::Evidence, "a rule names dimensions of its plan", dimension)?;
        let named = match &rule.terms.reference {
            Reference::Group(name) => Some(dimension.group_id(name)?),
            _ => None,
        };
        let HandlingTerms { quantiles, .. } = rule.terms.handling;
        let series = |group| {
            (named != Some(group)).then(|| ValueSeries { process: Exceedance::of_quantiles(quantiles), open: None })
        };
        let series = (0..).map(GroupId).take(dimension.groups.len()).map(series).collect();
        Some(Self { series, begun: i32::MIN })
    }

    fn read(&mut self, start: i32, histograms: &Histograms, (scope, heritage): (&Scope<'_>, &mut Heritage)) {
        for (group, series) in self.groups() {
            let [own, reference] = scope.sides(usize::from(group.0), histograms);
            if own.is_empty() && reference.is_empty() {
                continue;
            }
            let open = series.open.get_or_insert_with(|| OpenValues { start, ..OpenValues::default() });
            add(&mut open.group, &own);
            add(&mut open.reference, &reference);
            if open.values() >= scope.target {
                series.close((scope.key, group), &scope.judging, heritage);
            }
        }
    }

    /// Closes the blocks that began a day or more before `hour`.
    fn close_expired(&mut self, hour: i32, scope: &Scope<'_>, heritage: &mut Heritage) {
        for (group, series) in self.groups() {
            if series.open.as_ref().is_some_and(|open| hour >= open.start.saturating_add(BLOCK_HOURS)) {
                series.close((scope.key, group), &scope.judging, heritage);
            }
        }
    }

    fn groups(&mut self) -> impl Iterator<Item = (GroupId, &mut ValueSeries)> {
        (0..).map(GroupId).zip(&mut self.series).filter_map(|(group, series)| Some((group, series.as_mut()?)))
    }
}

impl ValueSeries {
    /// Has the process read the open block. `judging` is that of a whole series without what it has inherited.
    fn close(&mut self, place: Place, judging: &Judging, heritage: &mut Heritage) {
        let Some(OpenValues { group, reference, .. }) = self.open.take() else { return };
        let (own, before) = (judging.log_level, self.process.epoch());
        let log_level = heritage.log_level(place, own, before);
        self.process.take(&dense(&group), &dense(&reference), &Judging { log_level, ..*judging });
        heritage.learn(place, before, (self.process.epoch(), self.process.alarmed()), own);
    }
}

impl OpenValues {
    /// The values of both groups together.
    fn values(&self) -> u64 {
        self.group.values().chain(self.reference.values()).fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl<'p> Scope<'p> {
    fn of(key: TableKey, context: &Context<'p>) -> Option<Self> {
        let plan = context.reading.plan;
        let rule = plan.rules.get(key.rule).and_then(|rule| rule.disparity());
        let rule = invariant::present(Room::Evidence, "a table of values has a rule", rule)?;
        let dimension = plan.dimensions.get(usize::from(key.dimension.0));
        let dimension = invariant::present(Room::Evidence, "a rule names dimensions of its plan", dimension)?;
        let judging = Judging {
            variation: rule.terms.handling.block_variation.unwrap_or(HandlingTerms::BLOCK_VARIATION),
            cap: context.evidence.block_cap,
            log_level: context.log_level(key.dimension),
        };
        Some(Self { key, rule, dimension, target: block_target(rule, &context.evidence), judging })
    }

    fn histograms(&self, cohort: &Cohort, context: &Context<'_>) -> Histograms {
        let attributes = context.reading.attributes;
        let feature = self.rule.terms.indicator.feature();
        let stratum = feature.and_then(|feature| attributes.stratum_id(feature.stratum()));
        let values: Vec<(Slot, &str)> = stratum.map_or_else(Vec::new, |stratum| {
            cohort.values(stratum).into_iter().map(|value| (value, attributes.stratum_value(stratum, value))).collect()
        });
        let of_group = |group: Slot| {
            let by_value = values.iter().map(|(slot, text)| ValueCounts {
                slot: *slot,
                text,
                counts: cohort.counts(self.key.channel, group, stratum.map(|stratum| (stratum, *slot))),
            });
            histogram(self.rule, by_value)
        };
        let groups: Vec<Vec<(u64, u64)>> = slots(self.dimension).map(of_group).collect();
        let mut total = BTreeMap::new();
        groups.iter().for_each(|buckets| add(&mut total, buckets));
        Histograms { groups, total }
    }

    /// The values of a group and of its reference.
    fn sides(&self, group: usize, histograms: &Histograms) -> [Vec<(u64, u64)>; 2] {
        let of_group = |group: usize| histograms.groups.get(group).cloned().unwrap_or_default();
        let own = of_group(group);
        if let Reference::Group(name) = &self.rule.terms.reference {
            let named = self.dimension.group_id(name);
            return [own, named.map_or_else(Vec::new, |named| of_group(usize::from(named.0)))];
        }
        let mut rest = histograms.total.clone();
        for (bucket, count) in &own {
            rest.entry(*bucket).and_modify(|sum| *sum = sum.saturating_sub(*count));
        }
        rest.retain(|_, count| *count > 0);
        [own, rest.into_iter().collect()]
    }
}

/// The values in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ValuesState(Vec<(TableKey, ValueTable)>);

impl ValueTables {
    /// Returns what a checkpoint stores.
    pub fn state(&self) -> ValuesState {
        ValuesState(self.tables.iter().map(|(key, table)| (*key, table.clone())).collect())
    }

    /// Restores what [`Self::state`] returned. A table whose rule is new, or means something else now, begins at `begin`, the first hour that no
    /// event has reached.
    pub fn restore(&mut self, ValuesState(stored): ValuesState, mapping: &Mapping, begin: i32) {
        self.tables.values_mut().for_each(|table| table.begun = begin);
        for (key, table) in stored {
            let Some(rule) = mapping.same_rule(key.rule) else { continue };
            let Some(profile) = mapping.profile(key.profile) else { continue };
            let known = self.tables.get_mut(&TableKey { rule, profile, ..key });
            if let Some(known) = known.filter(|known| known.series.len() == table.series.len()) {
                *known = table;
            }
        }
    }
}

fn add(sum: &mut BTreeMap<u64, u64>, more: &[(u64, u64)]) {
    for (bucket, count) in more {
        let sum = sum.entry(*bucket).or_default();
        *sum = sum.saturating_add(*count);
    }
}

/// The counts of all buckets up to the last that has any.
fn dense(buckets: &BTreeMap<u64, u64>) -> Vec<u64> {
    /// No number of the contract has a later bucket, nor has the sum of a case's.
    const MOST: u64 = 8_192;
    let last = buckets.keys().next_back().filter(|last| **last < MOST);
    let count = |bucket: u64| buckets.get(&bucket).copied().unwrap_or(0);
    last.map_or_else(Vec::new, |last| (0..=*last).map(count).collect())
}

/// What a process says at the level ln(1 / alpha).
fn said(process: &Exceedance, log_level: f64) -> SeriesEvidence {
    let log_sr = process.log_sr();
    let [usual, harsh] = process.phi();
    SeriesEvidence {
        log_e: process.log_e(),
        log_e_material: None,
        log_sr: log_sr.is_finite().then_some(log_sr),
        alarm_at: process.alarm_at(log_level),
        dispersion: usual.max(harsh),
        blocks: process.blocks(),
        alarmed: process.alarmed(),
        material: false,
        epoch: process.epoch(),
        watched: false,
    }
}

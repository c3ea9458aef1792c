//! Periods of profiles: whether a group's share of the picks rises against a reference period, and what the random channel found in both.
//!
//! Day i of each period is compared with day i of the reference period. Periods share their reference, so each has a series of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::comparison::{Side, against_rest, slots};
use super::duties::said;
use super::family::counted;
use super::feed::CohortFeed;
use super::indicator::side;
use super::key::TableKey;
use super::series::SeriesEvidence;
use super::table::{Context, period_days, period_feeds, period_keys};
use super::version::add;
use crate::plan::invariant::{self, Room};
use crate::plan::{Channel, Dimension, Indicator, Mapping, Plan, Slot};
use crate::statistics::{Judging, Pair, PairBlock, PairSeries, log_level_of_part};

/// Hours of a day, which is a block.
const DAY: i32 = 24;

/// The picks of a group from which a period can be its reference.
pub const REFERENCE_PICKS: u64 = 50;

/// The periods of all rules that compare them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Periods {
    tables: BTreeMap<TableKey, PeriodTable>,
    /// By table: the index of the feed of picks, and of that of random controls.
    feeds: BTreeMap<TableKey, [usize; 2]>,
}

/// The periods of one rule, profile, channel and dimension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeriodTable {
    /// The first hour whose cohort it reads, counted from 1970.
    begun: i32,
    /// The first day on which somebody was assessed or picked, counted from 1970. Periods begin there.
    first_day: Option<i32>,
    /// The day whose block is open.
    day: i32,
    /// What the open block holds, by group; empty where it holds nothing.
    open: Vec<Side>,
    /// The number of the period of that day. All before it are over.
    current: u32,
    /// By group: the number of its reference period.
    references: Vec<Option<u32>>,
    /// Those that are a reference, and the last two.
    periods: BTreeMap<u32, Period>,
    /// By day, while there is no first one: random controls that may turn out to be of the first period, as picks may wait longer for their groups.
    early: BTreeMap<i32, Vec<Side>>,
}

/// One period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Period {
    /// The blocks in time order, while it is, or may become, somebody's reference.
    days: Vec<Vec<Side>>,
    /// Picked of assessed, by group.
    picked: Vec<Side>,
    /// Hits of the concluded random controls, by group.
    random: Vec<Side>,
    /// By group, against its reference.
    series: BTreeMap<usize, PairSeries>,
}

/// What a group's periods say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeriodEvidence {
    /// Picked of assessed in the period shown, the group against the rest.
    pub picked: Pair,
    /// The same in the reference period.
    pub picked_before: Pair,
    /// Hits of the concluded random controls in the period shown, the group against the rest.
    pub random: Pair,
    /// The same in the reference period.
    pub random_before: Pair,
    /// The evidence of the period shown.
    pub series: SeriesEvidence,
    /// The picks of the group in the last period that is over; `None` where none is over since the reference.
    pub last_picks: Option<u64>,
}

/// What the blocks of a table are judged by.
#[derive(Clone, Copy)]
struct Terms {
    /// Days of a period.
    days: i32,
    groups: usize,
    /// At the level of a whole series.
    judging: Judging,
}

impl Periods {
    /// Returns the plan's tables, without a case. `feeds` are those of the same plan.
    pub fn new(plan: &Plan, feeds: &[CohortFeed]) -> Self {
        let mut periods = Self::default();
        for key in period_keys(plan) {
            let found = period_feeds(key).map(|feed| feeds.binary_search(&feed).ok());
            let [picked, random] = found;
            let feeds = invariant::present(Room::Evidence, "each table of periods has its feeds", picked.zip(random));
            if let Some((picked, random)) = feeds {
                periods.tables.insert(key, PeriodTable { begun: i32::MIN, ..PeriodTable::default() });
                periods.feeds.insert(key, [picked, random]);
            }
        }
        periods
    }

    /// Returns how many series of the family there are, of dimensions that events name and of intersections: one for each group, however many
    /// periods come.
    pub fn family_size(plan: &Plan) -> [usize; 2] {
        let groups = |key: TableKey| dimension(plan, key).map_or(0, |dimension| dimension.groups.len());
        counted(plan, period_keys(plan).map(|key| (key.dimension, groups(key))))
    }

    /// Returns whether no rule compares periods.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Returns whether a block is open that only the passing of time closes.
    pub fn has_open_block(&self) -> bool {
        self.tables.values().any(|table| !table.open.is_empty())
    }

    /// Reads a sealed cohort of a feed. Cohorts come in time order.
    pub fn read(&mut self, feed: usize, cohort: &Cohort, context: &Context<'_>) {
        for (key, table) in &mut self.tables {
            let Some([picked, random]) = self.feeds.get(key).copied() else { continue };
            if ![picked, random].contains(&feed) || cohort.start < table.begun {
                continue;
            }
            let (Some(terms), Some(dimension)) = (terms(*key, context), dimension(context.reading.plan, *key)) else {
                continue;
            };
            let sides = |channel, indicator| -> Vec<Side> {
                let counts = slots(dimension).map(|group: Slot| cohort.counts(channel, group, None));
                counts.map(|counts| side(indicator, &counts, None)).collect()
            };
            if feed == picked {
                table.read_picks(cohort.start, &sides(key.channel, Indicator::SelectionRate), &terms);
            } else {
                table.read_random(cohort.start, &sides(Channel::Random, Indicator::HitRate), &terms);
            }
        }
    }

    /// Closes the days that are over. `passed` is the hour up to which a feed has released its cohorts.
    pub fn close_expired(&mut self, passed: impl Fn(usize) -> i32, context: &Context<'_>) {
        for (key, table) in &mut self.tables {
            let (Some(terms), Some([picked, _])) = (terms(*key, context), self.feeds.get(key)) else { continue };
            let day = passed(*picked).div_euclid(DAY);
            table.advance(day, &terms);
            table.forget_early(day);
        }
    }

    /// Returns what the periods of a group say; `None` before its reference period is over, and where the plan has no such table. `family` is
    /// ln(1 / level) of a whole series of the family.
    pub fn evidence(&self, key: TableKey, group: usize, family: f64) -> Option<PeriodEvidence> {
        self.tables.get(&key)?.evidence(group, family)
    }
}

impl PeriodTable {
    fn read_picks(&mut self, start: i32, sides: &[Side], terms: &Terms) {
        let day = start.div_euclid(DAY);
        if sides.iter().all(|side| *side == Side::default()) {
            return;
        }
        self.begin(day, terms);
        self.advance(day, terms);
        if self.open.is_empty() {
            self.open = vec![Side::default(); sides.len()];
        }
        add(&mut self.open, sides);
    }

    fn read_random(&mut self, start: i32, sides: &[Side], terms: &Terms) {
        let day = start.div_euclid(DAY);
        if sides.iter().all(|side| *side == Side::default()) {
            return;
        }
        // Only picks begin periods: the random channel is there to explain them.
        if self.first_day.is_none() {
            let groups = terms.groups;
            return add(self.early.entry(day).or_insert_with(|| vec![Side::default(); groups]), sides);
        }
        self.add_random(day, sides, terms);
    }

    fn add_random(&mut self, day: i32, sides: &[Side], terms: &Terms) {
        // What was sealed so late that its period is gone is of no use any more.
        let place = self.place(day, terms).map(|(number, _)| number);
        let is_kept = |number: &u32| *number >= self.current || self.periods.contains_key(number);
        let Some(number) = place.filter(is_kept) else {
            return;
        };
        let groups = terms.groups;
        add(&mut self.periods.entry(number).or_insert_with(|| Period::new(groups)).random, sides);
    }

    fn begin(&mut self, day: i32, terms: &Terms) {
        if self.first_day.is_none() {
            (self.first_day, self.day) = (Some(day), day);
            self.references = vec![None; terms.groups];
            let early = std::mem::take(&mut self.early);
            early.into_iter().for_each(|(day, sides)| self.add_random(day, &sides, terms));
        }
    }

    /// Drops the random controls before `day`, up to which nobody was picked.
    fn forget_early(&mut self, day: i32) {
        self.early = self.early.split_off(&day);
    }

    /// The number of the period of a day, and the place of the day in it; `None` before the first.
    fn place(&self, day: i32, terms: &Terms) -> Option<(u32, usize)> {
        let since = day.saturating_sub(self.first_day?);
        let number = u32::try_from(since.div_euclid(terms.days)).ok()?;
        Some((number, usize::try_from(since.rem_euclid(terms.days)).ok()?))
    }

    /// Closes the open day and those after it, up to a day.
    fn advance(&mut self, day: i32, terms: &Terms) {
        while self.first_day.is_some() && self.day < day {
            self.close_day(terms);
            self.day = self.day.saturating_add(1);
        }
    }

    fn close_day(&mut self, terms: &Terms) {
        let sides = std::mem::take(&mut self.open);
        let Some((number, index)) = self.place(self.day, terms) else { return };
        let mut period = self.periods.remove(&number).unwrap_or_else(|| Period::new(terms.groups));
        if index == 0 {
            self.forget(number);
        }
        add(&mut period.picked, &sides);
        for (group, reference) in self.references.iter().enumerate() {
            let Some(reference) = *reference else { continue };
            let old = self.periods.get(&reference).and_then(|old| old.days.get(index)).map_or(&[][..], Vec::as_slice);
            let block = PairBlock { new: against_rest(&sides, group), old: against_rest(old, group) };
            let series = period.series.entry(group).or_insert_with(|| PairSeries::new(1.0));
            let log_level = log_level_of_part(terms.judging.log_level, number.saturating_sub(reference));
            series.take(&block, &Judging { log_level, ..terms.judging });
        }
        // Somebody may still take this period as the reference.
        if self.references.contains(&None) {
            period.days.push(sides);
        }
        if i32::try_from(index).is_ok_and(|index| index.saturating_add(1) == terms.days) {
            self.choose(number, &mut period);
        }
        self.periods.insert(number, period);
        self.current = self.place(self.day.saturating_add(1), terms).map_or(number, |(next, _)| next);
    }

    /// Makes a period that is over the reference of the groups without one that were picked often enough in it.
    fn choose(&mut self, number: u32, period: &mut Period) {
        for (reference, picked) in self.references.iter_mut().zip(&period.picked) {
            if reference.is_none() && picked.events >= REFERENCE_PICKS {
                *reference = Some(number);
            }
        }
        if !self.references.contains(&Some(number)) {
            period.days.clear();
        }
    }

    /// Drops what is nobody's reference and older than the period before `number`.
    fn forget(&mut self, number: u32) {
        let references = &self.references;
        self.periods.retain(|known, _| known.saturating_add(1) >= number || references.contains(&Some(*known)));
    }

    /// A period that alarmed is shown until the next one is over: the next begins without evidence, and that says nothing yet.
    fn evidence(&self, group: usize, family: f64) -> Option<PeriodEvidence> {
        let reference = self.references.get(group).copied().flatten()?;
        let old = self.periods.get(&reference)?;
        let of =
            |number: &u32| Some((*number, self.periods.get(number)?, self.periods.get(number)?.series.get(&group)?));
        let is_late = |number: &&u32| number.saturating_add(1) >= self.current;
        let with_series: Vec<_> = self.periods.keys().rev().filter(is_late).filter_map(of).collect();
        let alarmed = with_series.iter().find(|(_, _, series)| series.detector().alarmed());
        let (number, period, series) = alarmed.or_else(|| with_series.first())?;
        let log_level = log_level_of_part(family, number.saturating_sub(reference));
        let last =
            self.current.checked_sub(1).filter(|last| *last > reference).and_then(|last| self.periods.get(&last));
        Some(PeriodEvidence {
            picked: against_rest(&period.picked, group),
            picked_before: against_rest(&old.picked, group),
            random: against_rest(&period.random, group),
            random_before: against_rest(&old.random, group),
            series: said(series.detector(), series.phi(), series.blocks(), log_level),
            last_picks: last.and_then(|last| last.picked.get(group)).map(|picked| picked.events),
        })
    }
}

impl Period {
    fn new(groups: usize) -> Self {
        let nobody = vec![Side::default(); groups];
        Self { days: Vec::new(), picked: nobody.clone(), random: nobody, series: BTreeMap::new() }
    }
}

/// The periods in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PeriodsState(Vec<(TableKey, PeriodTable)>);

impl Periods {
    /// Returns what a checkpoint stores.
    pub fn state(&self) -> PeriodsState {
        PeriodsState(self.tables.iter().map(|(key, table)| (*key, table.clone())).collect())
    }

    /// Restores what [`Self::state`] returned. A table whose rule is new, or means something else now, begins at `begin`, the first hour that no
    /// event has reached.
    pub fn restore(&mut self, PeriodsState(stored): PeriodsState, mapping: &Mapping, begin: i32) {
        self.tables.values_mut().for_each(|table| table.begun = begin);
        for (key, table) in stored {
            let Some(rule) = mapping.same_rule(key.rule) else { continue };
            let Some(profile) = mapping.profile(key.profile) else { continue };
            if let Some(known) = self.tables.get_mut(&TableKey { rule, profile, ..key }) {
                *known = table;
            }
        }
    }
}

fn terms(key: TableKey, context: &Context<'_>) -> Option<Terms> {
    let plan = context.reading.plan;
    let days = plan.rules.get(key.rule).and_then(period_days);
    let days = invariant::present(Room::Evidence, "a table of periods has a rule", days)?;
    let judging = Judging {
        variation: context.evidence.block_variation,
        cap: context.evidence.block_cap,
        log_level: context.log_level(key.dimension),
    };
    let days = i32::try_from(days).unwrap_or(i32::MAX).max(1);
    Some(Terms { days, groups: dimension(plan, key)?.groups.len(), judging })
}

fn dimension(plan: &Plan, key: TableKey) -> Option<&Dimension> {
    let dimension = plan.dimensions.get(usize::from(key.dimension.0));
    invariant::present(Room::Evidence, "a rule names dimensions of its plan", dimension)
}

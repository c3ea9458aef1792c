//! The series of one rule, profile, channel and dimension: one for each group.

use super::cohort::Cohort;
use super::comparison::{Side, Sides, against, compares_shares, slots};
use super::duty::{DutyKey, duty_keys};
use super::family::{Heritage, Levels, Place};
use super::feed::CohortFeed;
use super::handled::{ValueCounts, handled_side};
use super::indicator::{by_population_of, maturity, side};
use super::key::TableKey;
use super::series::{CohortSides, GroupSeries, OpenBlock};
use crate::ledger::AttributeTable;
use crate::plan::invariant::{self, Room};
use crate::plan::{
    Channel, Compare, Dimension, DimensionId, DisparityRule, Drift, EventTime, Evidence, EvidencePlan, GroupId,
    Indicator, Plan, Reference, Rule, RuleKind, Slot, Span, StratumId,
};
use crate::statistics::Judging;
use crate::window::Populations;

/// Hours after which a block is over, however little it holds.
pub(super) const BLOCK_HOURS: i32 = 24;

/// The series of one rule, profile, channel and dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub key: TableKey,
    /// The index of the feed whose cohorts it reads.
    pub feed: usize,
    /// By group; `None` for the reference group.
    pub series: Vec<Option<GroupSeries>>,
    /// The sides of all cohorts so far, by which `lowest` is chosen.
    pub past: Vec<Side>,
    /// The first hour whose cohort it reads, counted from 1970. What was there before a plan asked for it is no
    /// evidence, even if another table read it.
    pub begun: i32,
    by_population: bool,
    stratum: Option<StratumId>,
}

/// What cohorts are read with.
#[derive(Clone, Copy)]
pub struct Reading<'r> {
    /// The plan for which the series were made.
    pub plan: &'r Plan,
    /// The names of strata's values.
    pub attributes: &'r AttributeTable,
}

/// What a table needs beside a cohort.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub reading: Reading<'c>,
    pub evidence: EvidencePlan,
    /// Final population counts.
    pub populations: &'c Populations,
    /// The level of each series.
    pub levels: Levels,
}

impl Context<'_> {
    /// Returns ln(1 / level) of a whole series of a dimension.
    pub fn log_level(&self, dimension: DimensionId) -> f64 {
        self.levels.of(self.reading.plan, dimension)
    }
}

/// What the plan says of a table.
struct Scope<'p> {
    key: TableKey,
    rule: DisparityRule<'p>,
    dimension: &'p Dimension,
    by_population: bool,
}

/// Returns the feeds that the plan's sequential rules read, ascending, each once.
#[must_use]
pub fn feeds(plan: &Plan) -> Vec<CohortFeed> {
    let of_tables = table_keys(plan).chain(value_keys(plan));
    let mut feeds: Vec<CohortFeed> = of_tables.map(|(key, rule)| feed_of(key, rule)).collect();
    feeds.extend(duty_keys(plan).iter().map(DutyKey::feed));
    feeds.extend(version_keys(plan).map(|(key, indicator)| version_feed(key, indicator)));
    feeds.extend(period_keys(plan).flat_map(period_feeds));
    feeds.sort();
    feeds.dedup();
    feeds
}

/// Returns the keys of the plan's tables: one for each sequential rule that compares rates, profile, channel and dimension, in this order.
pub(super) fn table_keys(plan: &Plan) -> impl Iterator<Item = (TableKey, DisparityRule<'_>)> {
    sequential_keys(plan).filter(|(_, rule)| !rule.terms.indicator.compares_values())
}

/// Returns the same of the rules that compare values.
pub(super) fn value_keys(plan: &Plan) -> impl Iterator<Item = (TableKey, DisparityRule<'_>)> {
    sequential_keys(plan).filter(|(_, rule)| rule.terms.indicator.compares_values())
}

fn sequential_keys(plan: &Plan) -> impl Iterator<Item = (TableKey, DisparityRule<'_>)> {
    let disparities = plan.rules.iter().enumerate().filter_map(|(index, rule)| Some((index, rule.disparity()?)));
    let sequential = disparities.filter(|(_, rule)| rule.terms.evidence == Evidence::Sequential);
    sequential.flat_map(|(index, rule)| {
        rule.rule().profiles.iter().flat_map(move |profile| {
            rule.rule().channels.iter().flat_map(move |channel| {
                rule.rule().dimensions.iter().map(move |dimension| {
                    let (profile, channel, dimension) = (*profile, *channel, *dimension);
                    (TableKey { rule: index, profile, channel, dimension }, rule)
                })
            })
        })
    })
}

/// Returns the keys of the plan's tables of versions, each with its indicator, in the same order.
pub(super) fn version_keys(plan: &Plan) -> impl Iterator<Item = (TableKey, Indicator)> + '_ {
    drift_keys(plan, version_indicator)
}

/// Returns the keys of the plan's tables of periods, in the same order.
pub(super) fn period_keys(plan: &Plan) -> impl Iterator<Item = TableKey> + '_ {
    drift_keys(plan, period_days).map(|(key, _)| key)
}

/// Returns the places of the rules of which `of` says something, each with that, in the same order.
fn drift_keys<T: Copy + 'static>(plan: &Plan, of: fn(&Rule) -> Option<T>) -> impl Iterator<Item = (TableKey, T)> + '_ {
    let rules = plan.rules.iter().enumerate();
    rules.filter_map(move |(index, rule)| Some((index, rule, of(rule)?))).flat_map(|(index, rule, found)| {
        rule.profiles.iter().flat_map(move |profile| {
            rule.channels.iter().flat_map(move |channel| {
                rule.dimensions.iter().map(move |dimension| {
                    let (profile, channel, dimension) = (*profile, *channel, *dimension);
                    (TableKey { rule: index, profile, channel, dimension }, found)
                })
            })
        })
    })
}

impl Table {
    /// Returns a table without evidence; `None` where the dimension does not have the group that the rule compares
    /// with. `feeds` are those of the same plan.
    pub fn new(
        plan: &Plan,
        attributes: &AttributeTable,
        feeds: &[CohortFeed],
        key: TableKey,
        rule: DisparityRule<'_>,
    ) -> Option<Self> {
        let dimension = dimension(plan, key)?;
        let named = match &rule.terms.reference {
            Reference::Group(name) => Some(dimension.group_id(name)?),
            _ => None,
        };
        let groups = (0..).map(GroupId).take(dimension.groups.len());
        let feed = feeds.binary_search(&feed_of(key, rule)).ok();
        Some(Self {
            key,
            feed: invariant::present(Room::Evidence, "each table has a feed", feed)?,
            series: groups.map(|group| (named != Some(group)).then(|| GroupSeries::new(rule))).collect(),
            // The last place held those outside the allow-list; states of older versions have it.
            past: vec![Side::default(); dimension.groups.len() + 1],
            begun: i32::MIN,
            by_population: !compares_shares(rule) && by_population_of(plan, key.profile, rule.terms.indicator),
            stratum: rule.terms.stratify_by.as_deref().and_then(|name| attributes.stratum_id(name)),
        })
    }

    /// Reads a sealed cohort of the feed. Cohorts come in time order.
    pub fn read(&mut self, cohort: &Cohort, context: &Context<'_>, heritage: &mut Heritage) {
        if cohort.start < self.begun {
            return;
        }
        self.close_expired(cohort.start, context, heritage);
        let Some(scope) = self.scope(context.reading.plan) else { return };
        let sides = scope.sides(cohort, self.stratum, context.reading.attributes);
        let chosen = against(scope.rule, scope.dimension, &self.past);
        let target = block_target(scope.rule, &context.evidence);
        for (group, series) in series_of_groups(&mut self.series) {
            series.add(group, scope.rule, chosen, &sides);
            // The exposed of a population are not counted in cohorts: these blocks are closed by time alone.
            if !scope.by_population && series.exposed() >= target {
                scope.close(group, series, (context, heritage));
            }
        }
        for (past, side) in self.past.iter_mut().zip(sides.crude.own()) {
            past.events = past.events.saturating_add(side.events);
            past.exposed = past.exposed.saturating_add(side.exposed);
        }
    }

    /// Closes the blocks that began a day or more before `hour`.
    pub fn close_expired(&mut self, hour: i32, context: &Context<'_>, heritage: &mut Heritage) {
        let Some(scope) = self.scope(context.reading.plan) else { return };
        for (group, series) in series_of_groups(&mut self.series) {
            if series.open.as_ref().is_some_and(|open| hour >= open.start.saturating_add(BLOCK_HOURS)) {
                scope.close(group, series, (context, heritage));
            }
        }
    }

    /// Returns the places of its series, in the order of the groups.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let groups = (0..).map(GroupId).zip(&self.series);
        groups.filter(|(_, series)| series.is_some()).map(|(group, _)| (self.key, group))
    }

    fn scope<'p>(&self, plan: &'p Plan) -> Option<Scope<'p>> {
        let rule =
            invariant::present(Room::Evidence, "a table has a rule", plan.rules.get(self.key.rule)?.disparity())?;
        let dimension = dimension(plan, self.key)?;
        Some(Scope { key: self.key, rule, dimension, by_population: self.by_population })
    }
}

impl Scope<'_> {
    fn sides<'c>(
        &self,
        cohort: &Cohort,
        stratum: Option<StratumId>,
        attributes: &'c AttributeTable,
    ) -> CohortSides<'c> {
        let strata = stratum.map_or_else(Vec::new, |stratum| {
            let of_value = |value| {
                let sides = self.channel_sides(cohort, Some((stratum, value)));
                (attributes.stratum_value(stratum, value), sides)
            };
            cohort.values(stratum).into_iter().map(of_value).collect()
        });
        let crude = self.handled_sides(cohort, attributes).unwrap_or_else(|| self.channel_sides(cohort, None));
        CohortSides { start: cohort.start, crude, strata }
    }

    fn channel_sides(&self, cohort: &Cohort, stratum: Option<(StratumId, Slot)>) -> Sides {
        let sides = |channel| {
            let counts = slots(self.dimension).map(|group| cohort.counts(channel, group, stratum));
            counts.map(|counts| side(self.rule.terms.indicator, &counts, None)).collect()
        };
        Sides::new(sides(self.key.channel), sides(Channel::Random))
    }

    /// The sides of a rate of how cases were handled; `None` for other indicators. Such a rule compares with no other channel.
    fn handled_sides(&self, cohort: &Cohort, attributes: &AttributeTable) -> Option<Sides> {
        let feature = self.rule.terms.feature()?;
        let stratum = attributes.stratum_id(feature.stratum())?;
        let values = cohort.values(stratum);
        let of_group = |group: Slot| {
            let by_value = values.iter().map(|slot| ValueCounts {
                slot: *slot,
                text: attributes.stratum_value(stratum, *slot),
                counts: cohort.counts(self.key.channel, group, Some((stratum, *slot))),
            });
            handled_side(self.rule.terms, by_value)
        };
        Some(Sides::new(slots(self.dimension).map(of_group).collect::<Option<_>>()?, Vec::new()))
    }

    /// Has the series read its open block, if there is one.
    fn close(&self, group: usize, series: &mut GroupSeries, (context, heritage): (&Context<'_>, &mut Heritage)) {
        let Some(OpenBlock { start, reference, mut block }) = series.open.take() else { return };
        if self.by_population {
            let at = EventTime(Span::HOUR.times(i64::from(start)).0);
            // No population is known before its first event: then nobody is exposed, and the block says nothing.
            let counts = context.populations.at(self.key.profile, self.key.dimension, at).unwrap_or_default();
            // The last count is of those outside the allow-list.
            let counts = counts.iter().take(self.dimension.groups.len());
            let table: Vec<Side> = counts.map(|count| Side { events: 0, exposed: *count }).collect();
            // A group has the same population in every channel.
            let (own, other) = Sides::new(table.clone(), table).compare(reference, self.rule.terms.indicator, group);
            block.crude.exposed = own.exposed;
            block.crude.reference_exposed = other.exposed;
            block.by_population = true;
        }
        let EvidencePlan { block_variation, block_cap: cap, .. } = context.evidence;
        let variation = self.rule.terms.handling.block_variation.unwrap_or(block_variation);
        let own = context.log_level(self.key.dimension);
        let place = (self.key, GroupId(u16::try_from(group).unwrap_or(u16::MAX)));
        let before = series.series.disparity().epoch();
        let log_level = heritage.log_level(place, own, before);
        series.series.take_at(&block, &Judging { variation, cap, log_level: own }, log_level);
        let now = series.series.disparity();
        heritage.learn(place, before, (now.epoch(), now.alarmed()), own);
    }
}

fn series_of_groups(series: &mut [Option<GroupSeries>]) -> impl Iterator<Item = (usize, &mut GroupSeries)> {
    series.iter_mut().enumerate().filter_map(|(group, series)| Some((group, series.as_mut()?)))
}

fn dimension(plan: &Plan, key: TableKey) -> Option<&Dimension> {
    let dimension = plan.dimensions.get(usize::from(key.dimension.0));
    invariant::present(Room::Evidence, "a rule names dimensions of its plan", dimension)
}

pub(super) fn feed_of(key: TableKey, rule: DisparityRule<'_>) -> CohortFeed {
    let TableKey { profile, channel, dimension, .. } = key;
    let mut channels = vec![channel];
    if rule.terms.reference == Reference::Random && channel != Channel::Random {
        channels.push(Channel::Random);
    }
    CohortFeed { profile, dimension, channels, maturity: maturity(rule.terms.indicator) }
}

/// Returns the indicator by which a rule compares versions; `None` where it compares none.
pub(super) const fn version_indicator(rule: &Rule) -> Option<Indicator> {
    match &rule.kind {
        RuleKind::Drift(Drift { compare: Compare::Version(indicator), .. }) => Some(*indicator),
        _ => None,
    }
}

/// Returns the days of the periods that a rule compares; `None` where it compares none.
pub(super) const fn period_days(rule: &Rule) -> Option<u32> {
    match &rule.kind {
        RuleKind::Drift(Drift { compare: Compare::Period(days), .. }) => Some(*days),
        _ => None,
    }
}

/// Returns the feeds that a table of periods reads: of picks, and of random controls.
pub(super) fn period_feeds(key: TableKey) -> [CohortFeed; 2] {
    let random = TableKey { channel: Channel::Random, ..key };
    [version_feed(key, Indicator::SelectionRate), version_feed(random, Indicator::HitRate)]
}

/// Returns the feed that a table of versions reads.
pub(super) fn version_feed(key: TableKey, indicator: Indicator) -> CohortFeed {
    let TableKey { profile, channel, dimension, .. } = key;
    CohortFeed { profile, dimension, channels: vec![channel], maturity: maturity(indicator) }
}

/// Returns the exposed of both groups together at which a block is closed.
#[must_use]
pub const fn block_target(rule: DisparityRule<'_>, plan: &EvidencePlan) -> u64 {
    target_of(rule.terms.indicator, plan)
}

/// The same by the indicator.
pub(super) const fn target_of(indicator: Indicator, plan: &EvidencePlan) -> u64 {
    use Indicator::{ControlFrequency, SelectionRate, UnfoundedRate};
    match indicator {
        SelectionRate | ControlFrequency | UnfoundedRate => plan.block_exposed,
        _ => plan.block_concluded,
    }
}

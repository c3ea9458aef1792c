//! The series of one rule, profile, channel and dimension: one per group.

use super::cohort::Cohort;
use super::comparison::{Side, against, compare};
use super::feed::CohortFeed;
use super::indicator::{by_population_of, maturity, side};
use super::series::{Cross, Open, OpenSeries};
use crate::ledger::AttributeTable;
use crate::plan::{
    Channel, Dimension, DimensionId, EventTime, Evidence, EvidencePlan, GroupId, Indicator, Plan, ProfileId, Reference,
    Rule, Slot, Span, StratumId,
};
use crate::statistics::Judging;
use crate::window::Populations;

/// Hours after which a block is over, however little it holds.
const BLOCK_HOURS: i32 = 24;

/// Which table of series.
pub type TableKey = (usize, ProfileId, Channel, DimensionId);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub key: TableKey,
    pub feed: usize,
    /// By group; `None` for the reference group.
    pub series: Vec<Option<OpenSeries>>,
    /// Sides of all cohorts so far, for the choice of `lowest`.
    pub past: Vec<Side>,
    /// The first hour whose cohort it reads: what was there before a plan asked for it is no evidence, whoever has read it.
    pub begun: i32,
    by_population: bool,
    stratum: Option<StratumId>,
}

/// What a cohort is read with.
#[derive(Clone, Copy)]
pub struct Reading<'r> {
    /// The rules.
    pub plan: &'r Plan,
    /// The texts of strata.
    pub attributes: &'r AttributeTable,
}

/// The feeds that the plan's sequential rules read, each once, in order.
#[must_use]
pub fn feeds(plan: &Plan) -> Vec<CohortFeed> {
    let mut feeds: Vec<CohortFeed> = table_keys(plan).map(|(key, rule)| feed_of(key, rule)).collect();
    feeds.sort();
    feeds.dedup();
    feeds
}

fn feed_of((_, profile, channel, dimension): TableKey, rule: &Rule) -> CohortFeed {
    let mut channels = vec![channel];
    if rule.reference == Reference::Random && channel != Channel::Random {
        channels.push(Channel::Random);
    }
    CohortFeed { profile, dimension, channels, maturity: maturity(rule.indicator) }
}

pub(super) fn table_keys(plan: &Plan) -> impl Iterator<Item = (TableKey, &Rule)> {
    plan.rules.iter().enumerate().filter(|(_, rule)| rule.evidence == Evidence::Sequential).flat_map(|(index, rule)| {
        rule.profiles.iter().flat_map(move |profile| {
            rule.channels.iter().flat_map(move |channel| {
                rule.dimensions.iter().map(move |dimension| ((index, *profile, *channel, *dimension), rule))
            })
        })
    })
}

impl Table {
    pub fn new(
        plan: &Plan,
        attributes: &AttributeTable,
        feeds: &[CohortFeed],
        key: TableKey,
        rule: &Rule,
    ) -> Option<Self> {
        let dimension = plan.dimensions.get(usize::from(key.3.0))?;
        let named = match &rule.reference {
            Reference::Group(name) => Some(dimension.group_id(name)?),
            _ => None,
        };
        let groups = 0..u16::try_from(dimension.groups.len()).ok()?;
        Some(Self {
            key,
            feed: feeds.binary_search(&feed_of(key, rule)).ok()?,
            series: groups.map(|group| (named != Some(GroupId(group))).then(|| OpenSeries::new(rule))).collect(),
            past: vec![Side::default(); dimension.groups.len() + 1],
            begun: i32::MIN,
            by_population: rule.reference != Reference::Random && by_population_of(plan, key.1, rule.indicator),
            stratum: rule.stratify_by.as_deref().and_then(|name| attributes.stratum_id(name)),
        })
    }

    /// Reads one sealed cohort.
    pub fn read(
        &mut self,
        cohort: &Cohort,
        reading: &Reading<'_>,
        plan: &EvidencePlan,
        populations: &Populations,
        level: f64,
    ) {
        let (index, _, channel, dimension) = self.key;
        if cohort.start < self.begun {
            return;
        }
        let Some(rule) = reading.plan.rules.get(index) else { return };
        let Some(dimension) = reading.plan.dimensions.get(usize::from(dimension.0)) else { return };
        self.close_if(cohort.start, reading, plan, populations, level);
        let sides = |channel, stratum| sides(cohort, rule, dimension, channel, stratum);
        let crude = Cross { own: sides(channel, None), random: sides(Channel::Random, None) };
        // A list, as two values can have one name: a value called `other`, and those past the limit.
        let strata: Vec<(&str, Cross)> = self.stratum.map_or_else(Vec::new, |stratum| {
            let of = |value| {
                let at = Some((stratum, value));
                let cross = Cross { own: sides(channel, at), random: sides(Channel::Random, at) };
                (reading.attributes.stratum_value(stratum, value), cross)
            };
            cohort.values(stratum).into_iter().map(of).collect()
        });
        let chosen = against(rule, dimension, &self.past);
        let target = block_target(rule, plan);
        for group in 0..self.series.len() {
            let Some(Some(series)) = self.series.get_mut(group) else { continue };
            series.add(cohort.start, chosen, group, rule, &crude, &strata);
            // Population denominators are not counted in cohorts: their blocks are days.
            if !self.by_population && series.exposed() >= target {
                self.close(group, reading, plan, populations, level);
            }
        }
        for (past, side) in self.past.iter_mut().zip(&crude.own) {
            past.events = past.events.saturating_add(side.events);
            past.exposed = past.exposed.saturating_add(side.exposed);
        }
    }

    /// Closes the blocks that a day of event time has passed over.
    pub fn close_by_time(
        &mut self,
        passed: i32,
        reading: &Reading<'_>,
        plan: &EvidencePlan,
        populations: &Populations,
        level: f64,
    ) {
        self.close_if(passed, reading, plan, populations, level);
    }

    fn close_if(
        &mut self,
        now: i32,
        reading: &Reading<'_>,
        plan: &EvidencePlan,
        populations: &Populations,
        level: f64,
    ) {
        for group in 0..self.series.len() {
            let started =
                self.series.get(group).and_then(Option::as_ref).and_then(|series| Some(series.open.as_ref()?.start));
            if started.is_some_and(|start| now >= start.saturating_add(BLOCK_HOURS)) {
                self.close(group, reading, plan, populations, level);
            }
        }
    }

    fn close(
        &mut self,
        group: usize,
        reading: &Reading<'_>,
        plan: &EvidencePlan,
        populations: &Populations,
        level: f64,
    ) {
        let (index, profile, _, dimension) = self.key;
        let Some(rule) = reading.plan.rules.get(index) else { return };
        let Some(Some(series)) = self.series.get_mut(group) else { return };
        let Some(Open { start, reference, mut block }) = series.open.take() else { return };
        if self.by_population {
            let at = EventTime(Span::HOUR.times(i64::from(start)).0);
            let counts = populations.at(profile, dimension, at).unwrap_or_default();
            let table: Vec<Side> = counts.iter().map(|count| Side { events: 0, exposed: *count }).collect();
            let (own, other) = compare(reference, rule.indicator, group, &table, &[]);
            block.crude.exposed = own.exposed;
            block.crude.reference_exposed = other.exposed;
            block.by_population = true;
        }
        series.series.take(&block, &Judging { variation: plan.block_variation, log_level: level });
    }
}

fn sides(
    cohort: &Cohort,
    rule: &Rule,
    dimension: &Dimension,
    channel: Channel,
    stratum: Option<(StratumId, Slot)>,
) -> Vec<Side> {
    let listed = (0..dimension.groups.len()).filter_map(|index| u16::try_from(index).ok()).map(Slot);
    listed
        .chain(std::iter::once(Slot::OTHER))
        .map(|group| side(rule.indicator, &cohort.counts(channel, group, stratum), None))
        .collect()
}

/// Exposed of both groups together that close a block.
fn block_target(rule: &Rule, plan: &EvidencePlan) -> u64 {
    use Indicator::{ControlFrequency, SelectionRate, UnfoundedRate};
    match rule.indicator {
        SelectionRate | ControlFrequency | UnfoundedRate => plan.block_exposed,
        _ => plan.block_concluded,
    }
}

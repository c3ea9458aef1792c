//! Sequential evidence: blocks of sealed cohorts, and the series of e-processes that read them.
//!
//! A series is one rule, profile, channel, dimension and group. It runs two hypotheses: ratio 1 ("evidence of disparity") and the rule's
//! critical threshold ("evidence of material disparity"), in the direction of harm only. Everything is a function of the cohorts in time
//! order, so a replay gives the same bits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::comparison::{Against, against, compare};
use super::indicator::{by_population_of, maturity, side};
use crate::disparity::{DimensionId, GroupId, Harm, Measure, ProfileId, Reference, Rule, Side};
use crate::event::{Channel, EventTime, Span};
use crate::ledger::{Attributes, Slot, StratumId};
use crate::monitor::{Dimension, EvidencePlan, Mapping, Plan};
use crate::statistics::{Block, Detector, Judging, LOG_WATCH, Pair, Series, e_benjamini_hochberg};
use crate::window::{Cohort, Cohorts, Feed, Populations};

/// Hours after which a block is over, however little it holds.
const BLOCK_HOURS: i32 = 24;

/// The evidence of one series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesEvidence {
    /// ln E against ratio 1, in this epoch.
    pub log_e: f64,
    /// ln E against the critical threshold; `None` for a difference.
    pub log_e_material: Option<f64>,
    /// ln of the Shiryaev-Roberts statistic against ratio 1; `None` before the first block.
    pub log_sr: Option<f64>,
    /// ln of the level at which `log_e` alarms.
    pub alarm_at: f64,
    /// phi of the last block: how much its evidence was tempered; 1 before the first.
    pub dispersion: f64,
    /// Blocks read, over all epochs.
    pub blocks: u64,
    /// Whether the alarm against ratio 1 stands.
    pub alarmed: bool,
    /// Whether the alarm against the critical threshold stands.
    pub material: bool,
    /// Epoch of the alarm against ratio 1; one more with each clearing.
    pub epoch: u32,
    /// On the watch list: among those that e-BH picks at the family's level, or `log_sr` at ln 20,000. Never pages.
    pub watched: bool,
}

/// All series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    tables: Vec<Table>,
    plan: EvidencePlan,
    /// ln(number of series / alpha).
    log_level: f64,
    populations: Populations,
    staged: BTreeMap<i32, Vec<StagedPopulation>>,
}

/// Population counts that are not final yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StagedPopulation {
    /// The profile.
    pub profile: ProfileId,
    /// The dimension.
    pub dimension: DimensionId,
    /// Validity, event time and tag: see [`Populations::add`].
    pub order: (EventTime, EventTime, u64),
    /// Counts per group, all others last.
    pub counts: Vec<u64>,
}

/// Which table of series.
pub(super) type TableKey = (usize, ProfileId, Channel, DimensionId);

#[derive(Clone, Debug, PartialEq)]
struct Table {
    key: TableKey,
    feed: usize,
    /// By group; `None` for the reference group.
    series: Vec<Option<OpenSeries>>,
    /// Sides of all cohorts so far, for the choice of `lowest`.
    past: Vec<Side>,
    /// The first hour whose cohort it reads: what was there before a plan asked for it is no evidence, whoever has read it.
    begun: i32,
    by_population: bool,
    stratum: Option<StratumId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OpenSeries {
    series: Series,
    open: Option<Open>,
}

/// A block that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    start: i32,
    reference: Against,
    block: Block,
}

/// What a cohort is read with.
#[derive(Clone, Copy)]
pub struct Reading<'r> {
    /// The rules.
    pub plan: &'r Plan,
    /// The texts of strata.
    pub attributes: &'r Attributes,
}

/// The feeds that the plan's sequential rules read, each once, in order.
#[must_use]
pub fn feeds(plan: &Plan) -> Vec<Feed> {
    let mut feeds: Vec<Feed> = table_keys(plan).map(|(key, rule)| feed_of(key, rule)).collect();
    feeds.sort();
    feeds.dedup();
    feeds
}

fn feed_of((_, profile, channel, dimension): TableKey, rule: &Rule) -> Feed {
    let mut channels = vec![channel];
    if rule.reference == Reference::Random && channel != Channel::Random {
        channels.push(Channel::Random);
    }
    Feed { profile, dimension, channels, maturity: maturity(rule.indicator) }
}

fn table_keys(plan: &Plan) -> impl Iterator<Item = (TableKey, &Rule)> {
    plan.rules.iter().enumerate().filter(|(_, rule)| rule.evidence == crate::disparity::Evidence::Sequential).flat_map(
        |(index, rule)| {
            rule.profiles.iter().flat_map(move |profile| {
                rule.channels.iter().flat_map(move |channel| {
                    rule.dimensions.iter().map(move |dimension| ((index, *profile, *channel, *dimension), rule))
                })
            })
        },
    )
}

impl Sequences {
    /// The plan's series, without evidence. Their number is fixed by the allow-lists, so the level of each is fixed beforehand.
    #[must_use]
    pub fn new(plan: &Plan, attributes: &Attributes) -> Self {
        let feeds = feeds(plan);
        let tables: Vec<Table> =
            table_keys(plan).filter_map(|(key, rule)| Table::new(plan, attributes, &feeds, key, rule)).collect();
        let series = tables.iter().flat_map(|table| &table.series).flatten().count().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a number of series")]
        let log_level = libm::log(series as f64 / plan.evidence.family_alpha);
        Self { tables, plan: plan.evidence, log_level, populations: Populations::default(), staged: BTreeMap::new() }
    }

    /// Number of series in the alarm family.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().flat_map(|table| &table.series).flatten().count()
    }

    /// Whether no rule asks for sequential evidence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Population counts of an event of this hour.
    pub fn stage_population(&mut self, hour: i32, population: StagedPopulation) {
        if !self.tables.is_empty() {
            self.staged.entry(hour).or_default().push(population);
        }
    }

    /// Reads what has become final up to the watermark.
    pub fn settle(&mut self, cohorts: &mut Cohorts, watermark: EventTime, reading: &Reading<'_>) {
        if self.tables.is_empty() {
            return;
        }
        while let Some(hour) = cohorts.next(watermark, || self.block_open()) {
            self.settle_hour(cohorts, hour, reading);
        }
    }

    fn settle_hour(&mut self, cohorts: &mut Cohorts, hour: i32, reading: &Reading<'_>) {
        let due: Vec<i32> = self.staged.range(..hour).map(|(hour, _)| *hour).collect();
        for population in due.into_iter().filter_map(|hour| self.staged.remove(&hour)).flatten() {
            let StagedPopulation { profile, dimension, order, counts } = population;
            self.populations.add(profile, dimension, order, counts);
        }
        cohorts.settle(hour, |feed, cohort| {
            for table in self.tables.iter_mut().filter(|table| table.feed == feed) {
                table.read(cohort, reading, &self.plan, &self.populations, self.log_level);
            }
        });
        for table in &mut self.tables {
            table.close_by_time(cohorts.passed(table.feed), reading, &self.plan, &self.populations, self.log_level);
        }
    }

    fn block_open(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.series).flatten().any(|series| series.open.is_some())
    }

    /// The evidence of one table's series by group, watch list not yet told.
    pub(super) fn table(&self, key: TableKey) -> Option<(usize, Vec<Option<SeriesEvidence>>)> {
        let index = self.tables.iter().position(|table| table.key == key)?;
        let table = self.tables.get(index)?;
        Some((
            index,
            table.series.iter().map(|series| series.as_ref().map(|one| one.evidence(self.log_level))).collect(),
        ))
    }

    /// The series on the watch list, as places in the order of all series: table, then group.
    pub(super) fn watched(&self) -> std::collections::BTreeSet<(usize, usize)> {
        let places: Vec<((usize, usize), &Detector)> = self
            .tables
            .iter()
            .enumerate()
            .flat_map(|(table, rows)| {
                let groups = rows.series.iter().enumerate();
                groups.filter_map(move |(group, series)| Some(((table, group), series.as_ref()?.series.disparity())))
            })
            .collect();
        let log_e: Vec<f64> = places.iter().map(|(_, detector)| detector.log_e()).collect();
        let rejected = e_benjamini_hochberg(&log_e, self.plan.family_alpha);
        let changed = places.iter().enumerate().filter(|(_, (_, detector))| detector.log_sr() >= LOG_WATCH);
        let indices = changed.map(|(index, _)| index).chain(rejected);
        indices.filter_map(|index| places.get(index).map(|(place, _)| *place)).collect()
    }
}

/// What goes into a checkpoint: tables as they stand in the plan, by their keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SequencesState {
    tables: Vec<(TableKey, Vec<Option<OpenSeries>>, Vec<Side>)>,
    populations: Populations,
    staged: Vec<(i32, Vec<StagedPopulation>)>,
    /// The first hour of each table, in their order.
    #[serde(skip)]
    begun: Vec<i32>,
}

impl SequencesState {
    /// The first hour of each table, which the encoding leaves out.
    #[must_use]
    pub fn begun(&self) -> &[i32] {
        &self.begun
    }

    /// Takes in what [`Self::begun`] gave; tables without one read from the first hour on.
    pub fn set_begun(&mut self, begun: Vec<i32>) {
        self.begun = begun;
    }
}

impl Sequences {
    /// What goes into a checkpoint.
    #[must_use]
    pub fn state(&self) -> SequencesState {
        let tables = self.tables.iter().map(|table| (table.key, table.series.clone(), table.past.clone()));
        SequencesState {
            tables: tables.collect(),
            populations: self.populations.clone(),
            staged: self.staged.iter().map(|(hour, staged)| (*hour, staged.clone())).collect(),
            begun: self.tables.iter().map(|table| table.begun).collect(),
        }
    }

    /// Takes in what [`Self::state`] gave. Rules that ask for other evidence than they did start afresh, and new ones begin, with `begin`: the
    /// first hour that no event has reached yet.
    pub fn restore(&mut self, state: SequencesState, mapping: &Mapping, begin: i32) {
        let SequencesState { tables, populations, staged, begun } = state;
        self.tables.iter_mut().for_each(|table| table.begun = begin);
        let begun = begun.into_iter().chain(std::iter::repeat(i32::MIN));
        for (((rule, profile, channel, dimension), series, past), begun) in tables.into_iter().zip(begun) {
            let Some(rule) = mapping.same_rule(rule) else { continue };
            let Some(profile) = mapping.profile(profile) else { continue };
            let key = (rule, profile, channel, dimension);
            let fits = |table: &&mut Table| table.key == key && table.series.len() == series.len();
            if let Some(table) = self.tables.iter_mut().find(fits) {
                table.series = series;
                table.past = past;
                table.begun = begun;
            }
        }
        self.populations = populations.renamed(mapping);
        for (hour, populations) in staged {
            let known = populations.into_iter().filter_map(|staged| {
                let profile = mapping.profile(staged.profile)?;
                Some(StagedPopulation { profile, ..staged })
            });
            self.staged.insert(hour, known.collect());
        }
    }
}

impl Table {
    fn new(plan: &Plan, attributes: &Attributes, feeds: &[Feed], key: TableKey, rule: &Rule) -> Option<Self> {
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
    fn read(
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
    fn close_by_time(
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

/// Sides of a cohort in the compared channel and in the random one.
struct Cross {
    own: Vec<Side>,
    random: Vec<Side>,
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
    use crate::disparity::Indicator::{ControlFrequency, SelectionRate, UnfoundedRate};
    match rule.indicator {
        SelectionRate | ControlFrequency | UnfoundedRate => plan.block_exposed,
        _ => plan.block_concluded,
    }
}

impl OpenSeries {
    fn new(rule: &Rule) -> Self {
        // For "too low" the groups change places, and with them the threshold.
        let critical = match rule.indicator.harm() {
            Harm::High => rule.critical,
            Harm::Low => 1.0 / rule.critical,
        };
        let material = (rule.measure == Measure::Ratio && critical.is_finite() && critical > 0.0).then_some(critical);
        Self { series: Series::new(material), open: None }
    }

    fn exposed(&self) -> u64 {
        let crude = self.open.as_ref().map(|open| open.block.crude).unwrap_or_default();
        crude.exposed.saturating_add(crude.reference_exposed)
    }

    /// Adds a cohort to the open block, which its first exposed opens. The reference is that of the block's beginning.
    fn add(&mut self, start: i32, chosen: Against, group: usize, rule: &Rule, crude: &Cross, strata: &[(&str, Cross)]) {
        let reference = self.open.as_ref().map_or(chosen, |open| open.reference);
        if matches!(reference, Against::Nothing) || reference == Against::Group(group) {
            return;
        }
        let pair = |cross: &Cross| {
            let (own, other) = compare(reference, rule.indicator, group, &cross.own, &cross.random);
            let pair = Pair {
                events: own.events,
                exposed: own.exposed,
                reference_events: other.events,
                reference_exposed: other.exposed,
            };
            if rule.indicator.harm() == Harm::Low { pair.swapped() } else { pair }
        };
        let added = pair(crude);
        if added == Pair::default() {
            return;
        }
        let open = self.open.get_or_insert_with(|| Open { start, reference, block: Block::default() });
        open.block.crude = open.block.crude.plus(added);
        for (text, cross) in strata {
            let of = open.block.strata.entry((*text).into()).or_default();
            *of = of.plus(pair(cross));
        }
    }

    fn evidence(&self, level: f64) -> SeriesEvidence {
        let detector = self.series.disparity();
        let log_sr = detector.log_sr();
        SeriesEvidence {
            log_e: detector.log_e(),
            log_e_material: self.series.material().map(Detector::log_e),
            log_sr: log_sr.is_finite().then_some(log_sr),
            alarm_at: detector.alarm_at(level),
            dispersion: self.series.phi(),
            blocks: self.series.blocks(),
            alarmed: detector.alarmed(),
            material: self.series.material().is_some_and(Detector::alarmed),
            epoch: detector.epoch(),
            watched: false,
        }
    }
}

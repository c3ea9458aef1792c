//! Sequential evidence: blocks of sealed cohorts, and the series of e-processes that read them.
//!
//! A series is one rule, profile, channel, dimension and group. It runs two hypotheses: ratio 1 ("evidence of disparity") and the rule's
//! critical threshold ("evidence of material disparity"), in the direction of harm only. Everything is a function of the cohorts in time
//! order, so a replay gives the same bits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cohorts::Cohorts;
use super::comparison::Side;
use super::series::{OpenSeries, SeriesEvidence};
use super::table::{Reading, Table, TableKey, feeds, table_keys};
use crate::ledger::AttributeTable;
use crate::plan::{DimensionId, EventTime, EvidencePlan, Mapping, Plan, ProfileId};
use crate::statistics::{Detector, LOG_WATCH, e_benjamini_hochberg};
use crate::window::Populations;

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

impl Sequences {
    /// The plan's series, without evidence. Their number is fixed by the allow-lists, so the level of each is fixed beforehand.
    #[must_use]
    pub fn new(plan: &Plan, attributes: &AttributeTable) -> Self {
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
    #[must_use]
    pub fn table(&self, key: TableKey) -> Option<(usize, Vec<Option<SeriesEvidence>>)> {
        let index = self.tables.iter().position(|table| table.key == key)?;
        let table = self.tables.get(index)?;
        Some((
            index,
            table.series.iter().map(|series| series.as_ref().map(|one| one.evidence(self.log_level))).collect(),
        ))
    }

    /// The series on the watch list, as places in the order of all series: table, then group.
    #[must_use]
    pub fn watched(&self) -> std::collections::BTreeSet<(usize, usize)> {
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

//! Sequential evidence: all series, and the order in which they read what becomes final.
//!
//! A series belongs to one rule, profile, channel, dimension and group. It tests two hypotheses, in the direction of
//! harm only: ratio 1 ("evidence of disparity") and the rule's critical threshold ("evidence of material disparity").
//! Everything is a function of the cohorts in time order, so a replay gives the same bits.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::cohorts::Cohorts;
use super::comparison::Side;
use super::duties::{Duties, DutiesState, DutyEvidence};
use super::duty::DutyKey;
use super::series::{GroupSeries, SeriesEvidence};
use super::table::{Context, Reading, Table, TableKey, feeds, table_keys};
use super::versions::{VersionEvidence, Versions, VersionsState};
use crate::ledger::AttributeTable;
use crate::plan::invariant::{self, Room};
use crate::plan::{DimensionId, EventTime, EvidencePlan, Mapping, Plan, ProfileId, Slot};
use crate::statistics::{Detector, LOG_WATCH, e_benjamini_hochberg};
use crate::window::Populations;

/// All series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    tables: Vec<Table>,
    duties: Duties,
    versions: Versions,
    /// Series of `duties` and `versions` among which the level of the family is shared out.
    of_others: usize,
    plan: EvidencePlan,
    /// ln(number of series / alpha).
    log_level: f64,
    /// Final population counts.
    populations: Populations,
    /// By hour of the event, counted from 1970.
    staged: BTreeMap<i32, Vec<StagedPopulation>>,
}

/// Population counts that are not final yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StagedPopulation {
    /// The profile.
    pub profile: ProfileId,
    /// The dimension.
    pub dimension: DimensionId,
    /// When they become valid, time and tag of their event: see [`Populations::add`].
    pub order: (EventTime, EventTime, u64),
    /// Counts per group, everyone outside the allow-list last.
    pub counts: Vec<u64>,
}

/// The series on the watch list: by table and group.
#[derive(Clone, Debug, Default)]
pub struct WatchList(BTreeSet<(usize, usize)>);

impl Sequences {
    /// Returns the plan's series, without evidence. Their number, and so the level of each, is fixed beforehand by the
    /// allow-lists.
    #[must_use]
    pub fn new(plan: &Plan, attributes: &AttributeTable) -> Self {
        let feeds = feeds(plan);
        let tables: Vec<Table> =
            table_keys(plan).filter_map(|(key, rule)| Table::new(plan, attributes, &feeds, key, rule)).collect();
        let of_tables = tables.iter().flat_map(|table| &table.series).flatten().count();
        let of_others = Duties::family_size(plan) + Versions::family_size(plan);
        let series = (of_tables + of_others).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a number of series")]
        let log_level = libm::log(series as f64 / plan.evidence.family_alpha);
        Self {
            tables,
            duties: Duties::new(plan, &feeds),
            versions: Versions::new(plan, &feeds),
            of_others,
            plan: plan.evidence,
            log_level,
            populations: Populations::default(),
            staged: BTreeMap::new(),
        }
    }

    /// Returns the number of series among which the probability of a false alarm is shared out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().flat_map(|table| &table.series).flatten().count() + self.of_others
    }

    /// Returns whether no rule asks for sequential evidence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.duties.is_empty() && self.versions.is_empty()
    }

    /// Stages population counts by an event of `hour`.
    pub fn stage_population(&mut self, hour: i32, population: StagedPopulation) {
        if !self.tables.is_empty() {
            self.staged.entry(hour).or_default().push(population);
        }
    }

    /// Reads everything that this watermark makes final, hour by hour.
    pub fn settle(&mut self, cohorts: &mut Cohorts, watermark: EventTime, reading: &Reading<'_>) {
        if self.is_empty() {
            return;
        }
        while let Some(hour) = cohorts.next(watermark, || self.has_open_block()) {
            self.settle_hour(cohorts, hour, reading);
        }
    }

    /// Returns the evidence of one table by group, `None` for the reference group; empty where the plan has no such
    /// table.
    #[must_use]
    pub fn evidence(&self, key: TableKey, watched: &WatchList) -> Vec<Option<SeriesEvidence>> {
        let Some((place, table)) = self.tables.iter().enumerate().find(|(_, table)| table.key == key) else {
            return Vec::new();
        };
        let evidence = |(group, series): (usize, &Option<GroupSeries>)| {
            let watched = watched.0.contains(&(place, group));
            Some(SeriesEvidence { watched, ..series.as_ref()?.evidence(self.log_level) })
        };
        table.series.iter().enumerate().map(evidence).collect()
    }

    /// Returns what a series of another rule kind than disparity says; `None` where the plan has no such series.
    #[must_use]
    pub fn duty_evidence(&self, key: &DutyKey, plan: &Plan) -> Option<DutyEvidence> {
        self.duties.evidence(key, plan, self.log_level)
    }

    /// Returns the risk classes that a series of [`Aspect::NotFollowed`](super::Aspect::NotFollowed) has beside it.
    pub fn classes<'s>(&'s self, key: &'s DutyKey) -> impl Iterator<Item = Slot> + 's {
        self.duties.classes(key)
    }

    /// Returns the values that a series of [`Aspect::Associated`](super::Aspect::Associated) has beside it.
    pub fn criterion_values<'s>(&'s self, key: &'s DutyKey) -> impl Iterator<Item = Slot> + 's {
        self.duties.values(key)
    }

    /// Returns the name of the version of a profile that was seen first, which is compared with none; `None` before its
    /// first case is final, and where the plan compares no versions at this place.
    #[must_use]
    pub fn first_version(&self, key: TableKey) -> Option<&str> {
        self.versions.first(key)
    }

    /// Returns what the series of each new version says of a group, by its index; empty where the plan compares no versions
    /// at this place.
    #[must_use]
    pub fn new_versions(&self, key: TableKey, group: usize) -> Vec<VersionEvidence<'_>> {
        self.versions.evidence(key, group, self.log_level)
    }

    /// Returns ln(1 / level) of a whole series of the family.
    #[must_use]
    pub const fn log_level(&self) -> f64 {
        self.log_level
    }

    /// Returns the series on the watch list: those that e-BH picks at the level of the family, and those in which the
    /// change detector has reached its threshold.
    #[must_use]
    pub fn watch_list(&self) -> WatchList {
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
        let picked = e_benjamini_hochberg(&log_e, self.plan.family_alpha);
        let changed = places.iter().enumerate().filter(|(_, (_, detector))| detector.log_sr() >= LOG_WATCH);
        let indices = changed.map(|(index, _)| index).chain(picked);
        let place = |index| invariant::present(Room::Evidence, "e-BH picks among the series given", places.get(index));
        WatchList(indices.filter_map(|index| place(index).map(|(place, _)| *place)).collect())
    }

    fn settle_hour(&mut self, cohorts: &mut Cohorts, hour: i32, reading: &Reading<'_>) {
        let not_due = self.staged.split_off(&hour);
        let due = std::mem::replace(&mut self.staged, not_due);
        for StagedPopulation { profile, dimension, order, counts } in due.into_values().flatten() {
            self.populations.add(profile, dimension, order, counts);
        }
        let Self { tables, duties, versions, plan, log_level, populations, .. } = self;
        let context = Context { reading: *reading, evidence: *plan, populations, log_level: *log_level };
        cohorts.settle(hour, |feed, cohort| {
            tables.iter_mut().filter(|table| table.feed == feed).for_each(|table| table.read(cohort, &context));
            duties.read(feed, cohort, hour, &context);
            versions.read(feed, cohort, &context);
        });
        versions.close_expired(|feed| cohorts.passed(feed), &context);
        duties.close_expired(|feed| cohorts.passed(feed), hour, &context);
        for table in tables {
            table.close_expired(cohorts.passed(table.feed), &context);
        }
    }

    fn has_open_block(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.series).flatten().any(|series| series.open.is_some())
            || self.duties.has_open_block()
            || self.versions.has_open_block()
    }
}

/// The series in a checkpoint: each table with its key in the plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SequencesState {
    tables: Vec<(TableKey, Vec<Option<GroupSeries>>, Vec<Side>)>,
    populations: Populations,
    staged: Vec<(i32, Vec<StagedPopulation>)>,
    /// By table: its first hour.
    #[serde(skip)]
    begun: Vec<i32>,
    /// Formats 3 to 6 have none.
    #[serde(skip)]
    duties: DutiesState,
    /// Likewise.
    #[serde(skip)]
    versions: VersionsState,
}

impl Sequences {
    /// Returns what a checkpoint stores.
    #[must_use]
    pub fn state(&self) -> SequencesState {
        let tables = self.tables.iter().map(|table| (table.key, table.series.clone(), table.past.clone()));
        SequencesState {
            tables: tables.collect(),
            populations: self.populations.clone(),
            staged: self.staged.iter().map(|(hour, staged)| (*hour, staged.clone())).collect(),
            begun: self.tables.iter().map(|table| table.begun).collect(),
            duties: self.duties.state(),
            versions: self.versions.state(),
        }
    }

    /// Restores what [`Self::state`] returned. What is gone from the plan is left out. A rule whose evidence means
    /// something else now, or that is new, has none yet and begins at `begin`, the first hour that no event has
    /// reached.
    pub fn restore(&mut self, state: SequencesState, mapping: &Mapping, begin: i32) {
        let SequencesState { tables, populations, staged, begun, duties, versions } = state;
        self.versions.restore(versions, mapping, begin);
        self.duties.restore(duties, mapping, begin);
        self.tables.iter_mut().for_each(|table| table.begun = begin);
        let begun = begun.into_iter().chain(std::iter::repeat(i32::MIN));
        for ((key, series, past), begun) in tables.into_iter().zip(begun) {
            let Some(rule) = mapping.same_rule(key.rule) else { continue };
            let Some(profile) = mapping.profile(key.profile) else { continue };
            let key = TableKey { rule, profile, ..key };
            let fits = |table: &&mut Table| {
                table.key == key && table.series.len() == series.len() && table.past.len() == past.len()
            };
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

impl SequencesState {
    /// Returns the first hour of each table, which the encoding leaves out.
    #[must_use]
    pub fn begun(&self) -> &[i32] {
        &self.begun
    }

    /// Returns the series of other rule kinds, which the encoding leaves out.
    #[must_use]
    pub const fn duties(&self) -> &DutiesState {
        &self.duties
    }

    /// Sets what [`Self::duties`] returned.
    pub fn set_duties(&mut self, duties: DutiesState) {
        self.duties = duties;
    }

    /// Returns the versions of profiles, which the encoding leaves out.
    #[must_use]
    pub const fn versions(&self) -> &VersionsState {
        &self.versions
    }

    /// Sets what [`Self::versions`] returned.
    pub fn set_versions(&mut self, versions: VersionsState) {
        self.versions = versions;
    }

    /// Sets what [`Self::begun`] returned. A table without a first hour reads every cohort.
    pub fn set_begun(&mut self, begun: Vec<i32>) {
        self.begun = begun;
    }
}

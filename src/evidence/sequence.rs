//! Sequential evidence: all series, and the order in which they read what becomes final.
//!
//! A series belongs to one rule, profile, channel, dimension and group. It tests two hypotheses, in the direction of
//! harm only: ratio 1 ("evidence of disparity") and the rule's critical threshold ("evidence of material disparity").
//! Everything is a function of the cohorts in time order, so a replay gives the same bits.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::cohorts::Cohorts;
use super::comparison::Side;
use super::complaints::{ComplaintEvidence, ComplaintSeries, ComplaintsState};
use super::duties::{Duties, DutiesState, DutyEvidence, Strata};
use super::duty::DutyKey;
use super::family::{Heritage, HeritageState, Levels, counted};
use super::key::TableKey;
use super::occurrences::Occurrences;
use super::periods::{PeriodEvidence, Periods, PeriodsState};
use super::rise::RiseEvidence;
use super::series::{GroupSeries, SeriesEvidence};
use super::table::{Context, Reading, Table, feeds, table_keys};
use super::values::{ValueTables, ValuesState};
use super::versions::{VersionEvidence, Versions, VersionsState};
use crate::ledger::AttributeTable;
use crate::plan::invariant::{self, Room};
use crate::plan::{DimensionId, EventTime, EvidencePlan, GroupId, Mapping, Plan, ProfileId, Slot, StratumId};
use crate::statistics::{Allowances, LOG_WATCH, e_benjamini_hochberg};
use crate::window::Populations;

/// All series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    tables: Vec<Table>,
    duties: Duties,
    versions: Versions,
    complaints: ComplaintSeries,
    periods: Periods,
    values: ValueTables,
    /// Series of `duties`, `versions`, `complaints`, `periods` and `values` among which the level of the family is shared out.
    of_others: usize,
    plan: EvidencePlan,
    levels: Levels,
    /// What the series of intersections among `tables` and `values` inherit.
    heritage: Heritage,
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
pub struct WatchList(BTreeSet<(TableKey, usize)>);

impl Sequences {
    /// Returns the plan's series, without evidence. Their number, and so the level of each, is fixed beforehand by the
    /// allow-lists.
    #[must_use]
    pub fn new(plan: &Plan, attributes: &AttributeTable) -> Self {
        let feeds = feeds(plan);
        let tables: Vec<Table> =
            table_keys(plan).filter_map(|(key, rule)| Table::new(plan, attributes, &feeds, key, rule)).collect();
        let values = ValueTables::new(plan, &feeds);
        let of_others = [
            Duties::family_size(plan),
            Versions::family_size(plan),
            ComplaintSeries::family_size(plan),
            Periods::family_size(plan),
            values.family_size(plan),
        ];
        let of_tables = counted(plan, tables.iter().map(|table| (table.key.dimension, table.places().count())));
        let heritage = Heritage::new(plan, tables.iter().flat_map(Table::places).chain(values.places()));
        let levels = Levels::new(plan, of_others.into_iter().fold(of_tables, plus));
        Self {
            tables,
            duties: Duties::new(plan, &feeds),
            versions: Versions::new(plan, &feeds),
            complaints: ComplaintSeries::new(plan),
            periods: Periods::new(plan, &feeds),
            values,
            of_others: of_others.into_iter().flatten().sum(),
            plan: plan.evidence,
            levels,
            heritage,
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
        let of_cohorts = self.tables.is_empty() && self.duties.is_empty() && self.versions.is_empty();
        of_cohorts && self.complaints.is_empty() && self.periods.is_empty() && self.values.is_empty()
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
    pub fn evidence(&self, key: TableKey, plan: &Plan, watched: &WatchList) -> Vec<Option<SeriesEvidence>> {
        let own = self.levels.of(plan, key.dimension);
        let found = match self.tables.iter().find(|table| table.key == key) {
            None => self.values.evidence(key, (own, &self.heritage)),
            Some(table) => {
                let said = |(series, group): (&Option<GroupSeries>, u16)| {
                    let series = series.as_ref()?;
                    let epoch = series.series.disparity().epoch();
                    Some(series.evidence(self.heritage.log_level((key, GroupId(group)), own, epoch)))
                };
                table.series.iter().zip(0..).map(said).collect()
            }
        };
        let watch = |(group, said): (usize, Option<SeriesEvidence>)| {
            Some(SeriesEvidence { watched: watched.0.contains(&(key, group)), ..said? })
        };
        found.into_iter().enumerate().map(watch).collect()
    }

    /// Returns the mean of phi over the closed blocks of a group, 1 before the first; `None` where the plan has no such series.
    #[must_use]
    pub fn mean_phi(&self, key: TableKey, group: usize) -> Option<f64> {
        let found = self.tables.iter().find(|table| table.key == key)?;
        found.series.get(group)?.as_ref().map(|series| series.series.mean_phi())
    }

    /// Returns what a series of another rule kind than disparity says; `None` where the plan has no such series.
    #[must_use]
    pub fn duty_evidence(&self, key: &DutyKey, plan: &Plan) -> Option<DutyEvidence> {
        self.duties.evidence(key, plan, self.levels.of(plan, key.dimension))
    }

    /// Returns the risk classes that a series of [`Aspect::NotFollowed`](super::Aspect::NotFollowed) has beside it.
    pub fn classes<'s>(&'s self, key: &'s DutyKey) -> impl Iterator<Item = Slot> + 's {
        self.duties.classes(key)
    }

    /// Returns the values that a series of [`Aspect::Associated`](super::Aspect::Associated) has beside it.
    pub fn criterion_values<'s>(&'s self, key: &'s DutyKey) -> impl Iterator<Item = Slot> + 's {
        self.duties.values(key)
    }

    /// Returns the criteria on no list that the series of all of them has beside it, each with its name's slot and those of its values.
    pub fn learned_criteria<'s>(&'s self, key: &'s DutyKey) -> impl Iterator<Item = (StratumId, Slot)> + 's {
        self.duties.learned(key)
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
    pub fn new_versions(&self, key: TableKey, plan: &Plan, group: usize) -> Vec<VersionEvidence<'_>> {
        self.versions.evidence(key, group, self.levels.of(plan, key.dimension))
    }

    /// Returns what counts by the time of events; `None` where no rule asks.
    pub fn occurrences_mut(&mut self) -> Option<&mut Occurrences> {
        (!self.complaints.is_empty()).then_some(&mut self.complaints.occurrences)
    }

    /// Returns what was counted by the time of events.
    #[must_use]
    pub const fn occurrences(&self) -> &Occurrences {
        &self.complaints.occurrences
    }

    /// Returns what the series of a rule of kind `complaints` says of a group against the rest, and of one ground by its index among
    /// those of the rule; `None` where the plan has no such series.
    #[must_use]
    pub fn complaint_evidence(
        &self,
        key: TableKey,
        (ground, group): (Option<usize>, Slot),
        plan: &Plan,
    ) -> Option<ComplaintEvidence> {
        self.complaints.skew(key, ground, group, (plan, self.levels.of(plan, key.dimension)))
    }

    /// Returns what the months of a group, or of everyone, say of a rise; `None` where the plan does not compare them.
    #[must_use]
    pub fn rise_evidence(&self, key: TableKey, group: Slot, plan: &Plan) -> Option<RiseEvidence> {
        self.complaints.rise(key, group, self.levels.of(plan, key.dimension))
    }

    /// Returns what the periods of a profile say of a group, by its index; `None` before its reference period is over, and where the plan compares
    /// no periods at this place.
    #[must_use]
    pub fn period(&self, key: TableKey, plan: &Plan, group: usize) -> Option<PeriodEvidence> {
        self.periods.evidence(key, group, self.levels.of(plan, key.dimension))
    }

    /// Returns ln(1 / level) of a whole series of the family, of a dimension. What a series has inherited is not in it.
    #[must_use]
    pub fn log_level(&self, plan: &Plan, dimension: DimensionId) -> f64 {
        self.levels.of(plan, dimension)
    }

    /// Returns the series on the watch list: those that e-BH picks at the level of the family, and those in which the
    /// change detector has reached its threshold.
    #[must_use]
    pub fn watch_list(&self) -> WatchList {
        let of_rates = self.tables.iter().flat_map(|table| {
            let groups = table.series.iter().enumerate();
            groups.filter_map(|(group, series)| {
                let detector = series.as_ref()?.series.disparity();
                Some(((table.key, group), (detector.log_e(), detector.log_sr())))
            })
        });
        let places: Vec<((TableKey, usize), (f64, f64))> = of_rates.chain(self.values.series()).collect();
        let log_e: Vec<f64> = places.iter().map(|(_, (log_e, _))| *log_e).collect();
        let picked = e_benjamini_hochberg(&log_e, self.plan.family_alpha);
        let changed = places.iter().enumerate().filter(|(_, (_, (_, log_sr)))| *log_sr >= LOG_WATCH);
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
        let Self { tables, duties, versions, complaints, periods, values, plan, levels, heritage, populations, .. } =
            self;
        let context = Context { reading: *reading, evidence: *plan, populations, levels: *levels };
        cohorts.settle(hour, |feed, cohort| {
            let tables = tables.iter_mut().filter(|table| table.feed == feed);
            tables.for_each(|table| table.read(cohort, &context, heritage));
            duties.read(feed, cohort, hour, &context);
            versions.read(feed, cohort, &context);
            periods.read(feed, cohort, &context);
            values.read(feed, cohort, &context, heritage);
        });
        complaints.settle(hour, &context);
        values.close_expired(|feed| cohorts.passed(feed), &context, heritage);
        versions.close_expired(|feed| cohorts.passed(feed), &context);
        periods.close_expired(|feed| cohorts.passed(feed), &context);
        duties.close_expired(|feed| cohorts.passed(feed), hour, &context);
        for table in tables {
            table.close_expired(cohorts.passed(table.feed), &context, heritage);
        }
    }

    fn has_open_block(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.series).flatten().any(|series| series.open.is_some())
            || self.duties.has_open_block()
            || self.versions.has_open_block()
            || self.periods.has_open_block()
            || self.values.has_open_block()
    }
}

fn plus([main, crossed]: [usize; 2], [more, others]: [usize; 2]) -> [usize; 2] {
    [main + more, crossed + others]
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
    /// Formats 3 to 7 have none.
    #[serde(skip)]
    complaints: ComplaintsState,
    /// What series of intersections have inherited. Formats 3 to 7 have none.
    #[serde(skip)]
    heritage: HeritageState,
    /// Likewise.
    #[serde(skip)]
    periods: PeriodsState,
    /// Likewise.
    #[serde(skip)]
    values: ValuesState,
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
            complaints: self.complaints.state(),
            heritage: self.heritage.state(),
            periods: self.periods.state(),
            values: self.values.state(),
        }
    }

    /// Restores what [`Self::state`] returned. What is gone from the plan is left out. A rule whose evidence means
    /// something else now, or that is new, has none yet and begins at `begin`, the first hour that no event has
    /// reached.
    pub fn restore(&mut self, state: SequencesState, mapping: &Mapping, begin: i32) {
        let SequencesState {
            tables,
            populations,
            staged,
            begun,
            duties,
            versions,
            complaints,
            heritage,
            periods,
            values,
        } = state;
        self.complaints.restore(complaints, mapping, begin);
        self.values.restore(values, mapping, begin);
        self.versions.restore(versions, mapping, begin);
        self.periods.restore(periods, mapping, begin);
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
        self.heritage.restore(heritage, mapping);
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
    /// Returns what series of intersections have inherited, which the encoding leaves out.
    #[must_use]
    pub const fn heritage(&self) -> &HeritageState {
        &self.heritage
    }

    /// Sets what [`Self::heritage`] returned.
    pub fn set_heritage(&mut self, heritage: HeritageState) {
        self.heritage = heritage;
    }

    /// Returns the periods of profiles, which the encoding leaves out.
    #[must_use]
    pub const fn periods(&self) -> &PeriodsState {
        &self.periods
    }

    /// Sets what [`Self::periods`] returned.
    pub fn set_periods(&mut self, periods: PeriodsState) {
        self.periods = periods;
    }

    /// Returns what the means of phi are made of, of the series of tables and then of other rule kinds, which the encoding leaves out.
    #[must_use]
    pub fn allowances(&self) -> Vec<Allowances> {
        let of_tables = self.tables.iter().flat_map(|(_, series, _)| series).flatten();
        of_tables.map(|series| series.series.allowances()).chain(self.duties.allowances()).collect()
    }

    /// Sets what [`Self::allowances`] returned. A series without one has the phi of its last block.
    pub fn set_allowances(&mut self, allowances: Vec<Allowances>) {
        let of_tables = self.tables.iter_mut().flat_map(|(_, series, _)| series).flatten();
        let series = of_tables.map(|series| &mut series.series).chain(self.duties.series_mut());
        series.zip(allowances).for_each(|(series, allowances)| series.set_allowances(allowances));
    }

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

    /// Sets what [`DutiesState::open_strata`] of [`Self::duties`] returned.
    pub fn set_open_strata(&mut self, strata: Vec<Strata>) {
        self.duties.set_open_strata(strata);
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

    /// Returns what rules of kind `complaints` rest on, which the encoding leaves out.
    #[must_use]
    pub const fn complaints(&self) -> &ComplaintsState {
        &self.complaints
    }

    /// Sets what [`Self::complaints`] returned.
    pub fn set_complaints(&mut self, complaints: ComplaintsState) {
        self.complaints = complaints;
    }

    /// Returns the series of rules that compare values, which the encoding leaves out.
    #[must_use]
    pub const fn values(&self) -> &ValuesState {
        &self.values
    }

    /// Sets what [`Self::values`] returned.
    pub fn set_values(&mut self, values: ValuesState) {
        self.values = values;
    }

    /// Sets what [`Self::begun`] returned. A table without a first hour reads every cohort.
    pub fn set_begun(&mut self, begun: Vec<i32>) {
        self.begun = begun;
    }
}

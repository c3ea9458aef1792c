//! The series of other rule kinds than disparity, and how they read cohorts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::duty::{Aspect, DutyKey, Process, duty_keys, family_keys};
use super::family::counted;
use super::feed::CohortFeed;
use super::series::SeriesEvidence;
use super::table::Context;
use crate::plan::invariant::{self, Room};
use crate::plan::{Derived, EventTime, Mapping, Plan, Rule, Slot, Span, StratumId, stratum};
use crate::statistics::{Allowances, Block, Detector, Judging, Pair, Series};

/// All series of the plan's rules of other kinds than disparity.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Duties {
    series: BTreeMap<DutyKey, DutySeries>,
    /// By series: the index of its feed.
    feeds: BTreeMap<DutyKey, usize>,
    strata: CriteriaStrata,
}

/// The strata of criteria on no list.
#[derive(Clone, Debug, Default, PartialEq)]
struct CriteriaStrata {
    /// That of all of them together.
    unlisted: Option<StratumId>,
    /// Those of one each.
    learned: Vec<StratumId>,
}

/// One series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DutySeries {
    process: Process,
    open: Option<OpenDuty>,
    /// The first hour whose cohort it reads, counted from 1970.
    begun: i32,
    /// The hour at which it last showed what it claims.
    shown: Option<i32>,
    /// Its number among the series that were learned beside each other, from 1.
    part: u32,
}

/// A block that is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OpenDuty {
    /// The first hour of its first cohort, counted from 1970.
    start: i32,
    counts: Pair,
    /// By group: those with a criterion and those without. Empty for other series.
    table: Vec<[u64; 2]>,
    /// By the name of a stratum's value: the counts with it. Empty where the rule compares within no stratum.
    #[serde(skip)]
    strata: Strata,
}

/// Counts by the name of a stratum's value.
pub type Strata = BTreeMap<Box<str>, Pair>;

/// What a series of another kind says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DutyEvidence {
    /// Its process against the alarm.
    pub series: SeriesEvidence,
    /// The information of all blocks of this epoch: the sum of 1 / (variance phi).
    pub information: f64,
    /// The exposed that the information rests on.
    pub exposed_seen: u64,
    /// The mean of phi over its closed blocks; 1 before the first.
    pub mean_phi: f64,
    /// When it last showed what it claims; `None` where it never did.
    pub last_shown: Option<EventTime>,
}

impl Duties {
    /// Returns the plan's series, without evidence. `feeds` are those of the same plan.
    pub fn new(plan: &Plan, feeds: &[CohortFeed]) -> Self {
        let mut duties = Self { strata: CriteriaStrata::of(plan), ..Self::default() };
        for key in duty_keys(plan) {
            duties.add(key, plan, feeds, i32::MIN);
        }
        duties
    }

    /// Returns how many series of the family there are: those of dimensions that events name, and those of intersections.
    pub fn family_size(plan: &Plan) -> [usize; 2] {
        counted(plan, family_keys(&duty_keys(plan)).map(|key| (key.dimension, 1)))
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Returns whether a block is open that only the passing of time closes.
    pub fn has_open_block(&self) -> bool {
        self.series.values().any(|series| series.open.is_some())
    }

    /// Reads a sealed cohort of a feed. Cohorts come in time order. `hour` is the first one that is not final.
    pub fn read(&mut self, feed: usize, cohort: &Cohort, hour: i32, context: &Context<'_>) {
        if self.feeds.is_empty() {
            return;
        }
        let class = context.reading.attributes.stratum_id(stratum::RISK_CLASS);
        self.learn_classes(feed, cohort, class, context);
        self.learn_criteria(feed, cohort, context);
        for (key, series) in &mut self.series {
            if self.feeds.get(key) == Some(&feed) {
                let Some(rule) = rule(context.reading.plan, key) else { continue };
                series.read(key, rule, (cohort, class, hour), context);
            }
        }
    }

    /// Closes the blocks of a feed that are over by time. `passed` is the hour up to which it has released its cohorts.
    pub fn close_expired(&mut self, passed: impl Fn(usize) -> i32, hour: i32, context: &Context<'_>) {
        for (key, series) in &mut self.series {
            let Some(rule) = rule(context.reading.plan, key) else { continue };
            let passed = self.feeds.get(key).map_or(i32::MIN, |feed| passed(*feed));
            series.close_expired(key, rule, passed, hour, context);
        }
    }

    /// Returns what a series says; `None` where the plan has none of this key. `family` is ln(1 / level) of a whole
    /// series of the family.
    pub fn evidence(&self, key: &DutyKey, plan: &Plan, family: f64) -> Option<DutyEvidence> {
        let rule = rule(plan, key)?;
        let series = self.series.get(key)?;
        Some(series.evidence(key.log_level(rule, family, series.part)))
    }

    /// Returns the criteria on no list of which the series of all of them has learned: each with its [name](Derived::NAME), and its values.
    pub fn learned<'s>(&'s self, of: &'s DutyKey) -> impl Iterator<Item = (StratumId, Slot)> + 's {
        self.series.keys().filter_map(move |key| match key.aspect {
            Aspect::AssociatedValue(stratum, value) if self.strata.whole_of(key) == Some(*of) => Some((stratum, value)),
            _ => None,
        })
    }

    /// Returns the values of which a series of [`Aspect::Associated`] has learned.
    pub fn values<'s>(&'s self, of: &'s DutyKey) -> impl Iterator<Item = Slot> + 's {
        self.series.keys().filter_map(move |key| match key.aspect {
            Aspect::AssociatedValue(stratum, value)
                if of.aspect == Aspect::Associated(stratum) && DutyKey { aspect: of.aspect, ..*key } == *of =>
            {
                Some(value)
            }
            _ => None,
        })
    }

    /// Returns the risk classes of which a rule has learned.
    pub fn classes<'s>(&'s self, of: &'s DutyKey) -> impl Iterator<Item = Slot> + 's {
        self.series.keys().filter_map(move |key| match key.aspect {
            Aspect::NotFollowedIn(class) if DutyKey { aspect: of.aspect, ..*key } == *of => Some(class),
            _ => None,
        })
    }

    /// Adds a series for each risk class that is new in a cohort.
    fn learn_classes(&mut self, feed: usize, cohort: &Cohort, class: Option<StratumId>, context: &Context<'_>) {
        let Some(class) = class else { return };
        let reads = |(key, of): (&DutyKey, &usize)| (key.aspect == Aspect::NotFollowed && *of == feed).then_some(*key);
        let whole: Vec<DutyKey> = self.feeds.iter().filter_map(reads).collect();
        for key in whole {
            for (value, _) in named(cohort, class, context) {
                let of_class = DutyKey { aspect: Aspect::NotFollowedIn(value), ..key };
                self.add_like(of_class, &key, context.reading.plan);
            }
        }
    }

    /// Adds a series for each value of a criterion that is new in a cohort: also for each criterion on no list.
    fn learn_criteria(&mut self, feed: usize, cohort: &Cohort, context: &Context<'_>) {
        let reads = |(key, of): (&DutyKey, &usize)| match key.aspect {
            Aspect::Associated(stratum) if *of == feed => Some((*key, stratum)),
            _ => None,
        };
        let all: Vec<(DutyKey, StratumId)> = self.feeds.iter().filter_map(reads).collect();
        for (key, stratum) in all {
            let is_value = |text: &str| ![Derived::ABSENT, Derived::PRESENT].contains(&text);
            if self.strata.unlisted == Some(stratum) {
                self.learn_unlisted(&key, cohort, context);
                continue;
            }
            for (value, _) in named(cohort, stratum, context).into_iter().filter(|(_, text)| is_value(text)) {
                let of_value = DutyKey { aspect: Aspect::AssociatedValue(stratum, value), ..key };
                self.add_like(of_value, &key, context.reading.plan);
            }
        }
    }

    /// The same of each criterion on no list, and of its values.
    fn learn_unlisted(&mut self, key: &DutyKey, cohort: &Cohort, context: &Context<'_>) {
        for (_, stratum) in context.reading.attributes.learned_criteria() {
            let values = named(cohort, stratum, context);
            let whole = (!values.is_empty()).then_some(Derived::NAME);
            let values = values.into_iter().filter(|(_, text)| *text != Derived::PRESENT).map(|(value, _)| value);
            for value in whole.into_iter().chain(values) {
                let of_value = DutyKey { aspect: Aspect::AssociatedValue(stratum, value), ..*key };
                self.add_like(of_value, key, context.reading.plan);
            }
        }
    }

    /// Adds a series that reads what another one does, unless it is there.
    fn add_like(&mut self, key: DutyKey, other: &DutyKey, plan: &Plan) {
        let process = rule(plan, other).and_then(|rule| key.process(rule, plan));
        if let (false, Some(process), Some(feed)) =
            (self.series.contains_key(&key), process, self.feeds.get(other).copied())
        {
            let begun = self.series.get(other).map_or(i32::MIN, |other| other.begun);
            let whole = self.strata.whole_of(&key);
            let beside = self.series.keys().filter(|known| self.strata.whole_of(known) == whole).count();
            let part = u32::try_from(beside).unwrap_or(u32::MAX).saturating_add(1);
            self.series.insert(key, DutySeries { process, open: None, begun, shown: None, part });
            self.feeds.insert(key, feed);
        }
    }

    fn add(&mut self, key: DutyKey, plan: &Plan, feeds: &[CohortFeed], begun: i32) {
        let feed = invariant::present(Room::Evidence, "each series has a feed", feeds.binary_search(&key.feed()).ok());
        let process = rule(plan, &key).and_then(|rule| key.process(rule, plan));
        let process = invariant::present(Room::Evidence, "a series is of an aspect of its rule", process);
        if let (Some(feed), Some(process)) = (feed, process) {
            self.series.insert(key, DutySeries { process, open: None, begun, shown: None, part: 1 });
            self.feeds.insert(key, feed);
        }
    }
}

impl OpenDuty {
    fn add(&mut self, counts: Pair, table: Vec<[u64; 2]>, strata: Vec<(&str, Pair)>) {
        self.counts = self.counts.plus(counts);
        for (name, pair) in strata {
            let sum = self.strata.entry(name.into()).or_default();
            *sum = sum.plus(pair);
        }
        if self.table.is_empty() {
            self.table = table;
        } else {
            let cells = self.table.iter_mut().flatten().zip(table.into_iter().flatten());
            cells.for_each(|(sum, cases)| *sum = sum.saturating_add(cases));
        }
    }

    fn exposed(&self) -> u64 {
        let counted = self.counts.exposed.saturating_add(self.counts.reference_exposed);
        self.table.iter().flatten().fold(counted, |sum, cases| sum.saturating_add(*cases))
    }
}

/// The series in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DutiesState(Vec<(DutyKey, DutySeries)>);

impl DutiesState {
    /// Returns what the means of phi are made of, of the series that compare two groups, in their order.
    pub fn allowances(&self) -> impl Iterator<Item = Allowances> + '_ {
        self.0.iter().filter_map(|(_, series)| series.blocks_of_two()).map(Series::allowances)
    }

    /// Returns the strata of open blocks, of all series in their order, which the encoding leaves out.
    #[must_use]
    pub fn open_strata(&self) -> Vec<Strata> {
        let of_open = |series: &DutySeries| series.open.as_ref().map(|open| open.strata.clone()).unwrap_or_default();
        self.0.iter().map(|(_, series)| of_open(series)).collect()
    }

    /// Sets what [`Self::open_strata`] returned.
    pub fn set_open_strata(&mut self, strata: Vec<Strata>) {
        let open = self.0.iter_mut().map(|(_, series)| series.open.as_mut());
        for (open, strata) in open.zip(strata) {
            open.into_iter().for_each(|open| open.strata = strata.clone());
        }
    }

    /// Returns these series.
    pub fn series_mut(&mut self) -> impl Iterator<Item = &mut Series> {
        self.0.iter_mut().filter_map(|(_, series)| match &mut series.process {
            Process::Two(two) => Some(two.series_mut()),
            _ => None,
        })
    }
}

impl Duties {
    /// Returns what a checkpoint stores.
    pub fn state(&self) -> DutiesState {
        DutiesState(self.series.iter().map(|(key, series)| (*key, series.clone())).collect())
    }

    /// Restores what [`Self::state`] returned. A series whose rule is new, or means something else now, begins at
    /// `begin`, the first hour that no event has reached.
    pub fn restore(&mut self, DutiesState(stored): DutiesState, mapping: &Mapping, begin: i32) {
        self.series.values_mut().for_each(|series| series.begun = begin);
        for (key, series) in stored {
            let Some(rule) = mapping.same_rule(key.rule) else { continue };
            let Some(profile) = mapping.profile(key.profile) else { continue };
            let Some(aspect) = renamed(key.aspect, mapping) else { continue };
            let key = DutyKey { rule, profile, aspect, ..key };
            // An earlier version took a case for the first of its criteria on no list alone.
            if matches!(key.aspect, Aspect::AssociatedValue(stratum, _) if self.strata.unlisted == Some(stratum)) {
                continue;
            }
            let whole = self.strata.whole_of(&key).unwrap_or(key);
            if let Some(feed) = self.feeds.get(&whole).copied() {
                self.feeds.insert(key, feed);
                self.series.insert(key, series);
            }
        }
    }
}

impl DutySeries {
    fn read(
        &mut self,
        key: &DutyKey,
        rule: &Rule,
        (cohort, class, hour): (&Cohort, Option<StratumId>, i32),
        context: &Context<'_>,
    ) {
        if cohort.start < self.begun {
            return;
        }
        self.close_expired(key, rule, cohort.start, hour, context);
        let counts = key.counts(cohort, context.reading.plan, class);
        let attributes = context.reading.attributes;
        let table = key.table(cohort, context.reading.plan, attributes);
        let within = rule.stratify_by().and_then(|name| attributes.stratum_id(name));
        let strata = within.map_or_else(Vec::new, |stratum| key.strata(cohort, stratum, attributes));
        if counts == Pair::default() && table.iter().flatten().all(|cases| *cases == 0) {
            return;
        }
        let open = self.open.get_or_insert_with(|| OpenDuty { start: cohort.start, ..OpenDuty::default() });
        open.add(counts, table, strata);
        let end = key.block_end(rule, &context.evidence);
        let exposed = open.exposed();
        if exposed >= end.exposed && (end.random == 0 || key.random(&open.counts) >= end.random) {
            self.close(key, rule, hour, context);
        }
    }

    fn close_expired(&mut self, key: &DutyKey, rule: &Rule, passed: i32, hour: i32, context: &Context<'_>) {
        let hours = key.block_end(rule, &context.evidence).hours;
        if self.open.as_ref().is_some_and(|open| passed >= open.start.saturating_add(hours)) {
            self.close(key, rule, hour, context);
        }
    }

    /// Has the process read the open block.
    fn close(&mut self, key: &DutyKey, rule: &Rule, hour: i32, context: &Context<'_>) {
        let Some(OpenDuty { counts, table, strata, .. }) = self.open.take() else { return };
        let log_level = key.log_level(rule, context.log_level(key.dimension), self.part);
        let variation = key.variation(rule, &context.evidence);
        let judging = Judging { variation, cap: context.evidence.block_cap, log_level };
        match &mut self.process {
            Process::Two(process) => {
                process.take_block(&Block { crude: counts, strata, ..Block::default() }, &judging);
                // What is shown must be shown again: the claim is about the present.
                if key.aspect == Aspect::Shown && process.detector().alarmed() {
                    process.restart();
                    self.shown = Some(hour);
                }
            }
            Process::One(process) => process.take(counts.events, counts.exposed, &judging),
            Process::Table(process) => {
                let table: Vec<Vec<u64>> = table.iter().map(|row| row.to_vec()).collect();
                process.take(&table, &judging);
            }
        }
    }

    /// The series of a process that compares two groups.
    fn blocks_of_two(&self) -> Option<&Series> {
        if let Process::Two(two) = &self.process { Some(two.series()) } else { None }
    }

    fn evidence(&self, log_level: f64) -> DutyEvidence {
        let (detector, phi, blocks, information, exposed_seen) = match &self.process {
            Process::Two(two) => (two.detector(), two.phi(), two.blocks(), two.information(), two.exposed_seen()),
            Process::One(one) => (one.detector(), one.phi(), one.blocks(), one.information(), one.exposed_seen()),
            Process::Table(table) => (table.detector(), table.phi(), table.blocks(), 0.0, 0),
        };
        let last_shown = self.shown.map(|hour| EventTime(Span::HOUR.times(hour.into()).0));
        let mean_phi = self.blocks_of_two().map_or(phi, Series::mean_phi);
        DutyEvidence { series: said(detector, phi, blocks, log_level), information, exposed_seen, mean_phi, last_shown }
    }
}

/// Returns the values of a stratum in a cohort by name, so that the order in which they arrived makes no difference; without
/// "no value".
fn named<'c>(cohort: &Cohort, stratum: StratumId, context: &Context<'c>) -> Vec<(Slot, &'c str)> {
    let values = cohort.values(stratum).into_iter().filter(|value| *value != Slot::NONE);
    let mut named: Vec<(Slot, &str)> =
        values.map(|value| (value, context.reading.attributes.stratum_value(stratum, value))).collect();
    named.sort_unstable_by_key(|(value, text)| (*text, *value));
    named
}

impl CriteriaStrata {
    fn of(plan: &Plan) -> Self {
        let strata = plan.strata();
        let ids = |derived| {
            let is_it = move |(_, name): &(StratumId, &&str)| Derived::of(name) == Some(derived);
            (0..).map(StratumId).zip(&strata).filter(is_it).map(|(id, _)| id)
        };
        Self { unlisted: ids(Derived::UnlistedCriterion).next(), learned: ids(Derived::LearnedCriterion).collect() }
    }

    /// Returns the series beside which a series was learned: those of one share a level. `None` for one that the plan has.
    fn whole_of(&self, key: &DutyKey) -> Option<DutyKey> {
        let aspect = match key.aspect {
            Aspect::NotFollowedIn(_) => Aspect::NotFollowed,
            Aspect::AssociatedValue(stratum, _) if self.learned.contains(&stratum) => {
                Aspect::Associated(self.unlisted?)
            }
            Aspect::AssociatedValue(stratum, _) => Aspect::Associated(stratum),
            _ => return None,
        };
        Some(DutyKey { aspect, ..*key })
    }
}

/// Returns the aspect under the present strata; `None` where its stratum is gone.
fn renamed(aspect: Aspect, mapping: &Mapping) -> Option<Aspect> {
    Some(match aspect {
        Aspect::Associated(stratum) => Aspect::Associated(mapping.stratum(stratum)?),
        Aspect::AssociatedValue(stratum, value) => Aspect::AssociatedValue(mapping.stratum(stratum)?, value),
        aspect => aspect,
    })
}

/// What a process says at the level ln(1 / alpha).
pub(super) fn said(detector: &Detector, phi: f64, blocks: u64, log_level: f64) -> SeriesEvidence {
    let log_sr = detector.log_sr();
    SeriesEvidence {
        log_e: detector.log_e(),
        log_e_material: None,
        log_sr: log_sr.is_finite().then_some(log_sr),
        alarm_at: detector.alarm_at(log_level),
        dispersion: phi,
        blocks,
        alarmed: detector.alarmed(),
        material: false,
        epoch: detector.epoch(),
        watched: false,
    }
}

fn rule<'p>(plan: &'p Plan, key: &DutyKey) -> Option<&'p Rule> {
    invariant::present(Room::Evidence, "a series has a rule", plan.rules.get(key.rule))
}

//! Versions of profiles: the blocks of each, and the comparison of each new version with its baseline.
//!
//! Versions are told apart by their names, never by the order in which their names came: that depends on the order of
//! arrival.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::comparison::{Side, against_rest, slots};
use super::duties::said;
use super::family::counted;
use super::feed::CohortFeed;
use super::indicator::side;
use super::key::TableKey;
use super::series::SeriesEvidence;
use super::table::{Context, target_of, version_feed, version_indicator, version_keys};
use super::version::{ClosedBlock, ClosedBlocks, Version, add, exposed};
use crate::plan::invariant::{self, Room};
use crate::plan::{Dimension, Indicator, Mapping, Plan, Slot, stratum};
use crate::statistics::{Judging, Pair, PairBlock, PairSeries, TwoSample, log_level_of_part};

/// Hours after which a comparison ends that finds no more blocks of its baseline.
const WAIT_HOURS: i32 = 28 * 24;

/// The most comparisons that go on at once; beyond it the oldest ends.
const MOST_LIVE: usize = 8;

/// The versions of all rules that compare versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Versions {
    tables: BTreeMap<TableKey, VersionTable>,
    /// By table: the index of its feed.
    feeds: BTreeMap<TableKey, usize>,
}

/// The versions of one rule, profile, channel and dimension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionTable {
    /// The first hour whose cohort it reads, counted from 1970.
    begun: i32,
    /// In the order in which they were first seen; of those of one cohort by name.
    versions: Vec<Version>,
    /// One for each version but the first.
    comparisons: Vec<Comparison>,
}

/// A new version against its baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Comparison {
    /// Index of the baseline among the versions; fixed when the new version was first seen.
    baseline: usize,
    /// Whether it takes no more blocks. Its result stands.
    ended: bool,
    /// Blocks of the new version for which the baseline had none.
    waiting: Option<Waiting>,
    /// The blocks of the baseline that it has taken, by number, as far as they are kept.
    used: BTreeSet<u64>,
    /// By group: what it has compared.
    new: Vec<Side>,
    old: Vec<Side>,
    series: Vec<Process>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    /// The hour at which the first of them was closed.
    since: i32,
    sides: Vec<Side>,
}

/// The e-process of one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Process {
    /// The ratio of the group to the rest, new to old.
    Ratios(Box<PairSeries>),
    /// The group's own rate, old to new: evidence that it fell.
    Rates(Box<TwoSample>),
}

/// What the blocks of a table are judged by.
#[derive(Clone, Copy)]
struct Terms {
    indicator: Indicator,
    /// The exposed that complete a block.
    target: u64,
    /// At the level of a whole series.
    judging: Judging,
}

/// A version in a cohort: its name, and its sides by group.
type Seen<'c> = (&'c str, Vec<Side>);

/// What one group's series of a new version says.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionEvidence<'v> {
    /// The new version.
    pub version: &'v str,
    /// The version that it is compared with.
    pub baseline: &'v str,
    /// What was compared of the new version: the group against the rest.
    pub new: Pair,
    /// What was compared of the baseline.
    pub old: Pair,
    /// ln(1 / level) of the comparison, over all its epochs.
    pub log_level: f64,
    /// Its process against the alarm.
    pub series: SeriesEvidence,
    /// The information of all blocks of this epoch: the sum of 1 / (variance phi).
    pub information: f64,
    /// The exposed that the information rests on.
    pub exposed_seen: u64,
}

impl Versions {
    /// Returns the plan's tables, without a version. `feeds` are those of the same plan.
    pub fn new(plan: &Plan, feeds: &[CohortFeed]) -> Self {
        let mut versions = Self::default();
        for (key, indicator) in version_keys(plan) {
            let feed = feeds.binary_search(&version_feed(key, indicator)).ok();
            if let Some(feed) = invariant::present(Room::Evidence, "each table of versions has a feed", feed) {
                versions.tables.insert(key, VersionTable { begun: i32::MIN, ..VersionTable::default() });
                versions.feeds.insert(key, feed);
            }
        }
        versions
    }

    /// Returns how many series of the family there are, of dimensions that events name and of intersections: one for each group, however many
    /// versions come.
    pub fn family_size(plan: &Plan) -> [usize; 2] {
        let groups = |key: TableKey| dimension(plan, key).map_or(0, |dimension| dimension.groups.len());
        counted(plan, version_keys(plan).map(|(key, _)| (key.dimension, groups(key))))
    }

    /// Returns whether no rule compares versions.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Returns whether a block is open that only the passing of time closes.
    pub fn has_open_block(&self) -> bool {
        self.tables.values().flat_map(|table| &table.versions).any(|version| version.over().is_some())
    }

    /// Reads a sealed cohort of a feed. Cohorts come in time order.
    pub fn read(&mut self, feed: usize, cohort: &Cohort, context: &Context<'_>) {
        for (key, table) in &mut self.tables {
            if self.feeds.get(key) != Some(&feed) || cohort.start < table.begun {
                continue;
            }
            let (Some(terms), Some(dimension)) = (terms(*key, context), dimension(context.reading.plan, *key)) else {
                continue;
            };
            let seen = seen(*key, terms.indicator, (cohort, dimension), context);
            table.read(cohort, &seen, &terms);
        }
    }

    /// Closes the blocks of a feed that are over by time. `passed` is the hour up to which it has released its cohorts.
    pub fn close_expired(&mut self, passed: impl Fn(usize) -> i32, context: &Context<'_>) {
        for (key, table) in &mut self.tables {
            let Some(terms) = terms(*key, context) else { continue };
            table.close_expired(self.feeds.get(key).map_or(i32::MIN, |feed| passed(*feed)), &terms);
        }
    }

    /// Returns the name of the version that was seen first, which is compared with none; `None` before its first case is
    /// final, and where the plan has no such table.
    pub fn first(&self, key: TableKey) -> Option<&str> {
        self.tables.get(&key)?.versions.first().map(|version| &*version.name)
    }

    /// Returns what the series of each new version says of a group. `family` is ln(1 / level) of a whole series of the
    /// family.
    pub fn evidence(&self, key: TableKey, group: usize, family: f64) -> Vec<VersionEvidence<'_>> {
        self.tables.get(&key).map_or_else(Vec::new, |table| table.evidence(group, family))
    }
}

impl VersionTable {
    fn read(&mut self, cohort: &Cohort, seen: &[Seen<'_>], terms: &Terms) {
        self.close_expired(cohort.start, terms);
        for (name, sides) in seen {
            if self.place(name).is_none() {
                self.begin(name, sides.len(), cohort.start, terms.indicator);
            }
        }
        let mut full = Vec::new();
        for (name, sides) in seen {
            let Some(place) = self.place(name) else { continue };
            let Some(version) = self.versions.get_mut(place) else { continue };
            if version.add(cohort.start, sides) >= terms.target {
                full.push(place);
            }
        }
        self.close(&full, cohort.end, terms);
    }

    /// Closes the blocks that are over by `hour`, in the order in which they are. So nothing depends on how often this is
    /// called.
    fn close_expired(&mut self, hour: i32, terms: &Terms) {
        while let Some(at) = self.versions.iter().filter_map(Version::over).min().filter(|at| *at <= hour) {
            let due = self.versions.iter().enumerate().filter(|(_, version)| version.over() == Some(at));
            let due: Vec<usize> = due.map(|(place, _)| place).collect();
            self.close(&due, at, terms);
        }
    }

    /// Closes blocks at one hour. Only then are those of new versions compared: versions that live at once are compared
    /// over the same hours.
    fn close(&mut self, places: &[usize], at: i32, terms: &Terms) {
        for place in places {
            if let Some(version) = self.versions.get_mut(*place) {
                version.close(at);
            }
        }
        for place in places.iter().filter(|place| **place > 0) {
            let Some(comparison) = self.comparisons.get_mut(place - 1) else { continue };
            let baseline = self.versions.get(comparison.baseline);
            let newest = self.versions.get(*place).and_then(|version| version.closed.newest());
            if let (Some(baseline), Some(block)) = (baseline, newest) {
                comparison.take(block, &baseline.closed, &terms.of_part(*place));
            }
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.versions.iter().position(|version| *version.name == *name)
    }

    /// Adds a version that was first seen at `hour`, and its comparison unless it is the first of all.
    fn begin(&mut self, name: &str, groups: usize, hour: i32, indicator: Indicator) {
        if !self.versions.is_empty() {
            let baseline = self.baseline(hour);
            let live = || self.comparisons.iter().filter(|comparison| !comparison.ended).count();
            if live() >= MOST_LIVE
                && let Some(oldest) = self.comparisons.iter_mut().find(|comparison| !comparison.ended)
            {
                oldest.end();
            }
            self.comparisons.push(Comparison::new(baseline, groups, indicator));
            self.forget(hour);
        }
        self.versions.push(Version::new(name));
    }

    /// The version with most exposed in the days before `hour`; of equal ones the older.
    fn baseline(&self, hour: i32) -> usize {
        let exposed = self.versions.iter().map(|version| version.exposed_before(hour)).enumerate();
        exposed.reduce(|most, next| if next.1 > most.1 { next } else { most }).map_or(0, |(place, _)| place)
    }

    /// Drops the blocks of versions that nobody was exposed to for so long that they can be no baseline any more. The first
    /// of all always can.
    fn forget(&mut self, hour: i32) {
        let live = self.comparisons.iter().filter(|comparison| !comparison.ended);
        let needed: BTreeSet<usize> = live.map(|comparison| comparison.baseline).chain([0]).collect();
        let versions = self.versions.iter_mut().enumerate().filter(|(place, _)| !needed.contains(place));
        for (_, version) in versions.filter(|(_, version)| version.exposed_before(hour) == 0) {
            version.closed.forget();
        }
    }

    fn evidence(&self, group: usize, family: f64) -> Vec<VersionEvidence<'_>> {
        let of = |(place, comparison): (usize, &Comparison)| {
            let log_level = log_level_of_part(family, part(place + 1));
            let (series, information, exposed_seen) = comparison.series.get(group)?.said(log_level);
            Some(VersionEvidence {
                version: &self.versions.get(place + 1)?.name,
                baseline: &self.versions.get(comparison.baseline)?.name,
                new: against_rest(&comparison.new, group),
                old: against_rest(&comparison.old, group),
                log_level,
                series,
                information,
                exposed_seen,
            })
        };
        self.comparisons.iter().enumerate().filter_map(of).collect()
    }
}

impl Comparison {
    fn new(baseline: usize, groups: usize, indicator: Indicator) -> Self {
        let nobody = vec![Side::default(); groups];
        let (new, old) = (nobody.clone(), nobody);
        let series = (0..groups).map(|_| Process::of(indicator)).collect();
        Self { baseline, ended: false, waiting: None, used: BTreeSet::new(), new, old, series }
    }

    /// Compares a closed block of the new version, with those that wait, with blocks of the baseline. Where there are none it
    /// waits for its next block.
    fn take(&mut self, block: &ClosedBlock, baseline: &ClosedBlocks, judging: &Judging) {
        if self.ended {
            return;
        }
        let mut waiting = self
            .waiting
            .take()
            .unwrap_or_else(|| Waiting { since: block.end, sides: vec![Side::default(); block.sides.len()] });
        add(&mut waiting.sides, &block.sides);
        let new = &waiting.sides;
        if let Some(old) = baseline.take(&mut self.used, exposed(new)) {
            add(&mut self.new, new);
            add(&mut self.old, &old);
            for (group, series) in self.series.iter_mut().enumerate() {
                series.take(&PairBlock { new: against_rest(new, group), old: against_rest(&old, group) }, judging);
            }
        } else if block.end.saturating_sub(waiting.since) >= WAIT_HOURS {
            self.end();
        } else {
            self.waiting = Some(waiting);
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.waiting = None;
        self.used.clear();
    }
}

impl Process {
    fn of(indicator: Indicator) -> Self {
        match indicator {
            // Hits are not rare, and a group's hit rate says something by itself.
            Indicator::HitRate => Self::Rates(Box::new(TwoSample::new(1.0))),
            _ => Self::Ratios(Box::new(PairSeries::new(1.0))),
        }
    }

    fn take(&mut self, block: &PairBlock, judging: &Judging) {
        match self {
            Self::Ratios(series) => series.take(block, judging),
            Self::Rates(series) => {
                let PairBlock { new, old } = block;
                let fell = Pair {
                    events: old.events,
                    exposed: old.exposed,
                    reference_events: new.events,
                    reference_exposed: new.exposed,
                };
                series.take(fell, judging);
            }
        }
    }

    /// Its evidence, information, and the exposed that this rests on.
    fn said(&self, log_level: f64) -> (SeriesEvidence, f64, u64) {
        let (detector, phi, blocks, information, exposed) = match self {
            Self::Ratios(one) => (one.detector(), one.phi(), one.blocks(), one.information(), one.exposed_seen()),
            Self::Rates(one) => (one.detector(), one.phi(), one.blocks(), one.information(), one.exposed_seen()),
        };
        (said(detector, phi, blocks, log_level), information, exposed)
    }
}

impl Terms {
    /// Returns how the blocks of the version at `place` are judged. The versions share the level of the series.
    fn of_part(&self, place: usize) -> Judging {
        Judging { log_level: log_level_of_part(self.judging.log_level, part(place)), ..self.judging }
    }
}

/// The versions in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VersionsState(Vec<(TableKey, VersionTable)>);

impl Versions {
    /// Returns what a checkpoint stores.
    pub fn state(&self) -> VersionsState {
        VersionsState(self.tables.iter().map(|(key, table)| (*key, table.clone())).collect())
    }

    /// Restores what [`Self::state`] returned. A table whose rule is new, or means something else now, begins at `begin`,
    /// the first hour that no event has reached.
    pub fn restore(&mut self, VersionsState(stored): VersionsState, mapping: &Mapping, begin: i32) {
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

/// The versions of a cohort that have a case in a listed group, by name. Values beyond the limit share one name, which is
/// no version; nor is a case without a selection of any.
fn seen<'c>(
    key: TableKey,
    indicator: Indicator,
    (cohort, dimension): (&Cohort, &Dimension),
    context: &Context<'c>,
) -> Vec<Seen<'c>> {
    let attributes = context.reading.attributes;
    let Some(stratum) = attributes.stratum_id(stratum::PROFILE_VERSION) else { return Vec::new() };
    let version = |value: Slot| {
        let name = attributes.stratum_text(stratum, value).filter(|_| value != Slot::OTHER)?;
        let of_group = |group| cohort.counts(key.channel, group, Some((stratum, value)));
        let has_cases = slots(dimension).any(|group| !of_group(group).is_empty());
        let sides = slots(dimension).map(|group| side(indicator, &of_group(group), None));
        has_cases.then(|| (name, sides.collect()))
    };
    let mut seen: Vec<Seen<'c>> = cohort.values(stratum).into_iter().filter_map(version).collect();
    seen.sort_by_key(|(name, _)| *name);
    seen
}

fn terms(key: TableKey, context: &Context<'_>) -> Option<Terms> {
    let indicator = context.reading.plan.rules.get(key.rule).and_then(version_indicator);
    let indicator = invariant::present(Room::Evidence, "a table of versions has a rule", indicator)?;
    let judging = Judging {
        variation: context.evidence.block_variation,
        cap: context.evidence.block_cap,
        log_level: context.log_level(key.dimension),
    };
    Some(Terms { indicator, target: target_of(indicator, &context.evidence), judging })
}

fn dimension(plan: &Plan, key: TableKey) -> Option<&Dimension> {
    let dimension = plan.dimensions.get(usize::from(key.dimension.0));
    invariant::present(Room::Evidence, "a rule names dimensions of its plan", dimension)
}

/// The number of a new version, by its place: the first of all versions has the place 0, and is not new.
fn part(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

//! Evidence that complaints, or overturned hits, fall on a group more than on the rest, by blocks of days; and that complaints rise,
//! by calendar months.
//!
//! Everything here is decided at the ends of days of event time, over final days alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::comparison::slots;
use super::duties::said;
use super::family::counted;
use super::key::TableKey;
use super::occurrences::{DAY_HOURS, Occurrence, OccurrencePlace, Occurrences, OccurrencesState};
use super::rise::{Rise, RiseEvidence};
use super::series::SeriesEvidence;
use super::table::Context;
use crate::plan::invariant::{self, Room};
use crate::plan::{ComplaintMeasure, Complaints, Dimension, DimensionId, Mapping, Plan, Rule, RuleKind, Slot};
use crate::statistics::{Judging, ShareSeries, log_level_of_half};

/// Days after which a block is over, however little it holds.
const BLOCK_DAYS: i32 = 28;

/// All that rules of kind `complaints` rest on. Days are counted from 1970.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ComplaintSeries {
    pub occurrences: Occurrences,
    skews: BTreeMap<TableKey, SkewTable>,
    /// By table and group. The table of all groups together has the one group [`Slot::EVERYONE`].
    rises: BTreeMap<(TableKey, Slot), Rise>,
    /// The first day that is not read.
    passed: i32,
}

/// The series of one rule, profile, channel and dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkewTable {
    /// The first day that it reads.
    begun: i32,
    /// Of all complaints, or of overturned hits; then of each ground of the rule.
    lanes: Vec<Lane>,
}

/// What is counted alike in all groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Lane {
    /// The first day of the block that is not over.
    open: Option<i32>,
    /// By group.
    series: Vec<Skew>,
}

/// One group against the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Skew {
    /// Against ratio 1.
    disparity: ShareSeries,
    /// Against the critical ratio.
    material: ShareSeries,
}

/// What a series of complaints says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComplaintEvidence {
    /// Its process against the alarm.
    pub series: SeriesEvidence,
    /// The information of all blocks of this epoch: the sum of 1 / (variance phi).
    pub information: f64,
    /// The complaints, or overturned hits, that the information rests on.
    pub events_seen: u64,
    /// ln(1 / level) of the series, over all its epochs.
    pub log_level: f64,
}

impl ComplaintSeries {
    /// Returns the plan's series, without evidence.
    pub fn new(plan: &Plan) -> Self {
        let mut series = Self {
            occurrences: Occurrences::new(plan),
            skews: BTreeMap::new(),
            rises: BTreeMap::new(),
            passed: i32::MIN,
        };
        for (key, terms) in keys(plan) {
            match terms.measure {
                ComplaintMeasure::Rise => {
                    for group in groups(plan, key.dimension) {
                        series.rises.insert((key, group), Rise::new(i32::MIN));
                    }
                }
                ComplaintMeasure::Skew | ComplaintMeasure::Overturned => {
                    let groups = groups(plan, key.dimension).count();
                    series.skews.insert(key, SkewTable::new(terms, groups));
                }
            }
        }
        series
    }

    /// Returns how many series of the family there are, first those of no intersection: of all complaints of a group and of those by ground together one, and of
    /// all years one.
    pub fn family_size(plan: &Plan) -> [usize; 2] {
        counted(plan, keys(plan).map(|(key, _)| (key.dimension, groups(plan, key.dimension).count())))
    }

    /// Returns whether no rule asks.
    pub fn is_empty(&self) -> bool {
        self.skews.is_empty() && self.rises.is_empty()
    }

    /// Reads the days that are over before `hour`, the first one that is not final. How often this is called makes no difference.
    pub fn settle(&mut self, hour: i32, context: &Context<'_>) {
        if self.is_empty() {
            return;
        }
        let until = hour.div_euclid(DAY_HOURS);
        if self.passed == i32::MIN {
            // Whatever is read later is of no day before `until`.
            self.passed = self.occurrences.first_of_all().unwrap_or(until).min(until);
        }
        if self.passed >= until {
            return;
        }
        for day in self.passed..until {
            self.occurrences.learn(day);
            self.read(day, context);
        }
        self.passed = until;
        self.occurrences.forget_before(until);
    }

    /// Returns what the series of a group says, of a ground by its index among those of the rule; `None` where the plan has none.
    pub fn skew(
        &self,
        key: TableKey,
        ground: Option<usize>,
        group: Slot,
        context: (&Plan, f64),
    ) -> Option<ComplaintEvidence> {
        let (plan, family) = context;
        let terms = terms(plan, key)?;
        let lane = self.skews.get(&key)?.lanes.get(ground.map_or(0, |ground| ground + 1))?;
        let Skew { disparity, material } = lane.series.get(usize::from(group.0))?;
        let log_level = log_level(terms, ground.is_some(), family);
        let series = said(disparity.detector(), disparity.phi(), disparity.blocks(), log_level);
        let log_e_material = Some(material.detector().log_e());
        Some(ComplaintEvidence {
            series: SeriesEvidence { log_e_material, material: material.detector().alarmed(), ..series },
            information: disparity.information(),
            events_seen: disparity.events_seen(),
            log_level,
        })
    }

    /// Returns what the months of a group say; `None` where the plan does not compare them.
    pub fn rise(&self, key: TableKey, group: Slot, family: f64) -> Option<RiseEvidence> {
        self.rises.get(&(key, group)).map(|rise| rise.evidence(family))
    }

    fn read(&mut self, day: i32, context: &Context<'_>) {
        let Self { occurrences, skews, rises, .. } = self;
        for (key, table) in skews {
            let Some(terms) = terms(context.reading.plan, *key) else { continue };
            if day >= table.begun {
                table.read(day, (*key, terms), occurrences, context);
            }
        }
        for ((key, group), rise) in rises {
            let Some(terms) = terms(context.reading.plan, *key) else { continue };
            let judging = judging(terms, context, context.log_level(key.dimension));
            rise.read(day, (place(*key, *group), terms), occurrences, &judging);
        }
    }
}

impl SkewTable {
    fn new(terms: &Complaints, groups: usize) -> Self {
        // A rule without a critical ratio compares months.
        let critical = terms.critical.unwrap_or(terms.warning);
        let skew = Skew { disparity: ShareSeries::new(1.0), material: ShareSeries::new(critical) };
        let lane = Lane { open: None, series: vec![skew; groups] };
        Self { begun: i32::MIN, lanes: vec![lane; 1 + terms.grounds.len()] }
    }

    fn read(
        &mut self,
        day: i32,
        (key, terms): (TableKey, &Complaints),
        occurrences: &Occurrences,
        context: &Context<'_>,
    ) {
        let grounds = terms.grounds.iter().map(|ground| occurrences.ground(ground));
        let counted = std::iter::once(Some(events_of(terms.measure))).chain(grounds);
        for (index, (lane, events)) in self.lanes.iter_mut().zip(counted).enumerate() {
            let Some(events) = invariant::present(Room::Evidence, "each ground of a rule is counted", events) else {
                continue;
            };
            let log_level = log_level(terms, index > 0, context.log_level(key.dimension));
            lane.read(day, (key, terms, events), occurrences, &judging(terms, context, log_level));
        }
    }
}

impl Lane {
    fn read(
        &mut self,
        day: i32,
        (key, terms, events): (TableKey, &Complaints, Occurrence),
        occurrences: &Occurrences,
        judging: &Judging,
    ) {
        let groups = || (0..).map(Slot).take(self.series.len());
        let start = self.open.unwrap_or(day);
        let count = |group: Slot, first: i32, of| {
            occurrences.final_sum(&place(key, group), first..day.saturating_add(1)).count(of)
        };
        let events: Vec<u64> = groups().map(|group| count(group, start, events)).collect();
        let total = sum(&events);
        if self.open.is_none() && total == 0 {
            return;
        }
        self.open = Some(start);
        if total < terms.block_complaints && day.saturating_sub(start) + 1 < BLOCK_DAYS {
            return;
        }
        // A block may be longer than the exposure.
        let exposed_since = day.saturating_add(1).saturating_sub(terms.exposure_days()).min(start);
        let exposed: Vec<u64> = groups().map(|group| count(group, exposed_since, exposed_of(terms.measure))).collect();
        let all_exposed = sum(&exposed);
        self.open = None;
        for ((skew, x), e) in self.series.iter_mut().zip(events).zip(exposed) {
            let (other_x, other_e) = (total.saturating_sub(x), all_exposed.saturating_sub(e));
            for series in [&mut skew.disparity, &mut skew.material] {
                series.take(x, other_x, real(e), real(other_e), judging);
            }
        }
    }
}

/// The series in a checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ComplaintsState {
    occurrences: OccurrencesState,
    skews: Vec<(TableKey, SkewTable)>,
    rises: Vec<(TableKey, Slot, Rise)>,
    passed: Option<i32>,
}

impl ComplaintSeries {
    /// Returns what a checkpoint stores.
    pub fn state(&self) -> ComplaintsState {
        ComplaintsState {
            occurrences: self.occurrences.state(),
            skews: self.skews.iter().map(|(key, table)| (*key, table.clone())).collect(),
            rises: self.rises.iter().map(|((key, group), rise)| (*key, *group, rise.clone())).collect(),
            passed: Some(self.passed).filter(|passed| *passed > i32::MIN),
        }
    }

    /// Restores what [`Self::state`] returned. A series whose rule is new, or means something else now, begins with the first whole
    /// day after `begin`, the first hour that no event has reached.
    pub fn restore(&mut self, state: ComplaintsState, mapping: &Mapping, begin: i32) {
        let ComplaintsState { occurrences, skews, rises, passed } = state;
        let begin = if begin == i32::MIN { begin } else { begin.saturating_add(DAY_HOURS - 1).div_euclid(DAY_HOURS) };
        self.occurrences.restore(occurrences, mapping, begin);
        self.passed = passed.unwrap_or(i32::MIN);
        self.skews.values_mut().for_each(|table| table.begun = begin);
        self.rises.values_mut().for_each(|rise| *rise = Rise::new(begin));
        let renamed = |key: TableKey| {
            Some(TableKey { rule: mapping.same_rule(key.rule)?, profile: mapping.profile(key.profile)?, ..key })
        };
        for (key, table) in skews {
            if let Some(known) = renamed(key).and_then(|key| self.skews.get_mut(&key)) {
                *known = table;
            }
        }
        for (key, group, rise) in rises {
            if let Some(known) = renamed(key).and_then(|key| self.rises.get_mut(&(key, group))) {
                *known = rise;
            }
        }
    }
}

/// What is compared by a measure.
#[must_use]
pub const fn events_of(measure: ComplaintMeasure) -> Occurrence {
    match measure {
        ComplaintMeasure::Skew | ComplaintMeasure::Rise => Occurrence::Complaints,
        ComplaintMeasure::Overturned => Occurrence::Overturned,
    }
}

/// What it is compared for.
#[must_use]
pub const fn exposed_of(measure: ComplaintMeasure) -> Occurrence {
    match measure {
        ComplaintMeasure::Skew | ComplaintMeasure::Rise => Occurrence::Controls,
        ComplaintMeasure::Overturned => Occurrence::Hits,
    }
}

/// The tables of the plan: of each rule, profile and channel one for each dimension, and of those that compare months one for all
/// groups together.
fn keys(plan: &Plan) -> impl Iterator<Item = (TableKey, &Complaints)> {
    let rules = plan.rules.iter().enumerate();
    rules.filter_map(|(index, rule)| Some((index, rule, of_complaints(rule)?))).flat_map(|(index, rule, terms)| {
        let whole = (terms.measure == ComplaintMeasure::Rise).then_some(DimensionId::EVERYONE);
        let dimensions = move || whole.into_iter().chain(rule.dimensions.iter().copied());
        rule.profiles.iter().flat_map(move |profile| {
            rule.channels.iter().flat_map(move |channel| {
                dimensions().map(move |dimension| {
                    (TableKey { rule: index, profile: *profile, channel: *channel, dimension }, terms)
                })
            })
        })
    })
}

const fn of_complaints(rule: &Rule) -> Option<&Complaints> {
    if let RuleKind::Complaints(terms) = &rule.kind { Some(terms) } else { None }
}

#[track_caller]
fn terms(plan: &Plan, key: TableKey) -> Option<&Complaints> {
    let terms = plan.rules.get(key.rule).and_then(of_complaints);
    invariant::present(Room::Evidence, "a table of complaints has a rule", terms)
}

/// The groups of a dimension; of everyone there is one.
fn groups(plan: &Plan, dimension: DimensionId) -> impl Iterator<Item = Slot> + '_ {
    let whole = (dimension == DimensionId::EVERYONE).then_some(Slot::EVERYONE);
    let of = plan.dimensions.get(usize::from(dimension.0)).filter(|_| whole.is_none());
    let listed: fn(&Dimension) -> usize = |dimension| slots(dimension).count();
    let listed = of.map_or(0, listed);
    whole.into_iter().chain((0..).map(Slot).take(listed))
}

const fn place(key: TableKey, group: Slot) -> OccurrencePlace {
    let TableKey { profile, channel, dimension, .. } = key;
    OccurrencePlace { profile, channel, dimension, group }
}

/// The grounds share half of the level of a group, and all complaints together have the other half.
fn log_level(terms: &Complaints, is_of_ground: bool, family: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 16 grounds")]
    let grounds = terms.grounds.len() as f64;
    match (terms.grounds.is_empty(), is_of_ground) {
        (true, _) => family,
        (false, false) => log_level_of_half(family),
        (false, true) => log_level_of_half(family) + libm::log(grounds),
    }
}

fn judging(terms: &Complaints, context: &Context<'_>, log_level: f64) -> Judging {
    Judging { variation: terms.block_variation, cap: context.evidence.block_cap, log_level }
}

fn sum(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn real(count: u64) -> f64 {
    count as f64
}

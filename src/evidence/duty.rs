//! What the series of other rule kinds than disparity read: a table of aspects, each with its feed, its counts and its blocks.

use serde::{Deserialize, Serialize};

use super::cohort::Cohort;
use super::comparison::slots;
use super::feed::{CohortFeed, Maturity};
use crate::ledger::AttributeTable;
use crate::plan::invariant::{self, Room};
use crate::plan::{
    Automation, Channel, Coverage, Derived, Dimension, DimensionId, EvidencePlan, GroupId, Plan, ProfileId, Rule,
    RuleKind, Slot, Span, StratumId, Suitability, stratum,
};
use crate::statistics::{Direction, Independence, OneSample, Pair, TwoSample, log_level_of_half, log_level_of_part};

/// The controls, of both groups together, that complete a block of missing outcomes.
pub const BLOCK_CONTROLLED: u64 = 200;

/// Hours after which a block of missing outcomes is over, however little it holds.
const COVERAGE_HOURS: i32 = 24;

/// The same for selections that were not followed.
const FOLLOW_THROUGH_HOURS: i32 = 7 * 24;

/// Names a series of a rule of another kind than disparity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DutyKey {
    /// Index of the rule in the plan.
    pub rule: usize,
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension; [`DimensionId::EVERYONE`] for all cases.
    pub dimension: DimensionId,
    /// The group in it.
    pub group: Slot,
    /// What is tested.
    pub aspect: Aspect,
}

/// What a series tests. The order of the variants is a part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Aspect {
    /// That the profile's hit rate is at least that of the random channel.
    NotSuitable,
    /// That it is at most that, times the rule's margin.
    Shown,
    /// That the share of missing outcomes is at most what `warning` leaves.
    MissingBeyondWarning,
    /// That it is at most what `critical` leaves.
    MissingBeyondCritical,
    /// That outcomes of the group are missing at most as often as those of the rest.
    MissingMore,
    /// That they are missing at least as often.
    MissingLess,
    /// That at least the share that `max_follow_through` leaves of the selections was not controlled.
    NotFollowed,
    /// The same in one risk class, by its value.
    NotFollowedIn(Slot),
    /// That a criterion is used as often in every group, by its stratum.
    Associated(StratumId),
    /// The same of one value of a criterion. Of one on no list its [name](Derived::NAME) stands for all of its values.
    AssociatedValue(StratumId, Slot),
}

/// The e-process of an aspect, without evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Process {
    /// One group against another.
    Two(Box<TwoSample>),
    /// One rate against a fixed one: the pair has no reference.
    One(Box<OneSample>),
    /// Whether groups have the same values: by group, those with the criterion and those without.
    Table(Box<Independence>),
}

/// When a block is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockEnd {
    /// With so many exposed, of both groups together,
    pub exposed: u64,
    /// of whom so many are of the random channel;
    pub random: u64,
    /// or after so many hours.
    pub hours: i32,
}

impl DutyKey {
    /// Returns the feed that the series reads.
    pub(super) fn feed(&self) -> CohortFeed {
        let Self { profile, channel, dimension, .. } = *self;
        let (channels, maturity) = match self.aspect {
            Aspect::NotSuitable | Aspect::Shown => (vec![Channel::Profile, Channel::Random], Maturity::Resolved),
            Aspect::NotFollowed | Aspect::NotFollowedIn(_) => (vec![channel], Maturity::Settled),
            Aspect::Associated(_) | Aspect::AssociatedValue(..) => (vec![channel], Maturity::Over),
            _ => (vec![channel], Maturity::Aged),
        };
        CohortFeed { profile, dimension, channels, maturity }
    }

    /// Returns the e-process of the series before its first block; `None` where the rule is of another kind.
    pub(super) fn process(&self, rule: &Rule, plan: &Plan) -> Option<Process> {
        let two = |null: f64| Process::Two(Box::new(TwoSample::new(null)));
        let one = |rate: f64, direction| Process::One(Box::new(OneSample::new(rate, direction)));
        match (&rule.kind, self.aspect) {
            (RuleKind::Suitability(_), Aspect::NotSuitable) => Some(two(1.0)),
            (RuleKind::Suitability(terms), Aspect::Shown) => Some(two(terms.margin)),
            (RuleKind::Coverage(_), Aspect::MissingMore | Aspect::MissingLess) => Some(two(1.0)),
            (RuleKind::Coverage(terms), Aspect::MissingBeyondWarning) => {
                Some(one(1.0 - terms.warning, Direction::Above))
            }
            (RuleKind::Coverage(terms), Aspect::MissingBeyondCritical) => {
                Some(one(1.0 - terms.critical, Direction::Above))
            }
            (RuleKind::Automation(terms), Aspect::NotFollowed | Aspect::NotFollowedIn(_)) => {
                Some(one(1.0 - terms.max_follow_through, Direction::Below))
            }
            (RuleKind::Criterion(_), Aspect::Associated(_) | Aspect::AssociatedValue(..)) => {
                let groups = dimension(plan, self.dimension)?.groups.len();
                Some(Process::Table(Box::new(Independence::new(groups, 2))))
            }
            _ => None,
        }
    }

    /// Returns ln(1 / level) of the series, where `family` is that of a whole series of the family. `part` is its number
    /// among those that were learned beside each other, from 1.
    pub(super) fn log_level(&self, rule: &Rule, family: f64, part: u32) -> f64 {
        match (self.aspect, &rule.kind) {
            // A claim, not an alarm: it takes nothing from the family.
            (Aspect::Shown, RuleKind::Suitability(terms)) => -libm::log(terms.show_level),
            (Aspect::NotSuitable | Aspect::Shown, _) => family,
            // Each of the two thresholds, or directions, has half of the level.
            (Aspect::MissingBeyondWarning | Aspect::MissingBeyondCritical, _) => log_level_of_half(family),
            (Aspect::MissingMore | Aspect::MissingLess, _) => log_level_of_half(family),
            (Aspect::NotFollowed, _) => log_level_of_half(family),
            (Aspect::Associated(_), _) => log_level_of_half(family),
            // The values, or the classes, share the other half. How many come is not known beforehand.
            (Aspect::AssociatedValue(..) | Aspect::NotFollowedIn(_), _) => {
                log_level_of_part(log_level_of_half(family), part)
            }
        }
    }

    /// Returns the coefficient of variation between blocks that is no evidence.
    pub(super) const fn variation(&self, rule: &Rule, plan: &EvidencePlan) -> f64 {
        match &rule.kind {
            RuleKind::Criterion(terms) => terms.block_variation,
            _ => plan.block_variation,
        }
    }

    /// Returns when a block of the series is over.
    pub(super) fn block_end(&self, rule: &Rule, plan: &EvidencePlan) -> BlockEnd {
        match &rule.kind {
            RuleKind::Suitability(Suitability { block_random, block_max, .. }) => {
                BlockEnd { exposed: plan.block_concluded, random: *block_random, hours: hours(*block_max) }
            }
            RuleKind::Automation(Automation { block_selected, .. }) => {
                BlockEnd { exposed: *block_selected, random: 0, hours: FOLLOW_THROUGH_HOURS }
            }
            RuleKind::Criterion(_) => BlockEnd { exposed: plan.block_exposed, random: 0, hours: COVERAGE_HOURS },
            _ => BlockEnd { exposed: BLOCK_CONTROLLED, random: 0, hours: COVERAGE_HOURS },
        }
    }

    /// Returns what a cohort adds to the block. `class` is the stratum of the risk classes.
    pub(super) fn counts(&self, cohort: &Cohort, plan: &Plan, class: Option<StratumId>) -> Pair {
        let Self { channel, dimension, group, .. } = *self;
        match self.aspect {
            Aspect::NotSuitable => hits(cohort, group, None).swapped(),
            Aspect::Shown => hits(cohort, group, None),
            Aspect::MissingBeyondWarning | Aspect::MissingBeyondCritical => missing(cohort, channel, group),
            Aspect::MissingMore => missing_against_rest(cohort, channel, (dimension, group), plan),
            Aspect::MissingLess => missing_against_rest(cohort, channel, (dimension, group), plan).swapped(),
            Aspect::Associated(_) | Aspect::AssociatedValue(..) => Pair::default(),
            Aspect::NotFollowed => not_followed(cohort, channel, group, None),
            Aspect::NotFollowedIn(value) => {
                class.map_or_else(Pair::default, |stratum| not_followed(cohort, channel, group, Some((stratum, value))))
            }
        }
    }

    /// Returns what each value of a stratum adds to the block, by its name: for series that compare within them. Values can have the same name: one
    /// that is called `other`, and the one that values beyond the limit share.
    pub(super) fn strata<'a>(
        &self,
        cohort: &Cohort,
        stratum: StratumId,
        attributes: &'a AttributeTable,
    ) -> Vec<(&'a str, Pair)> {
        let of_value = |value: Slot| {
            let pair = hits(cohort, self.group, Some((stratum, value)));
            let pair = if self.aspect == Aspect::NotSuitable { pair.swapped() } else { pair };
            (attributes.stratum_value(stratum, value), pair)
        };
        let values = cohort.values(stratum).into_iter().map(of_value);
        values.filter(|(_, pair)| *pair != Pair::default()).collect()
    }

    /// Returns what a cohort adds to a block that is a table: of each listed group those with the criterion and those
    /// without, of whom it is known. Empty for other series.
    pub(super) fn table(&self, cohort: &Cohort, plan: &Plan, attributes: &AttributeTable) -> Vec<[u64; 2]> {
        let (stratum, only) = match self.aspect {
            Aspect::Associated(stratum) => (stratum, None),
            Aspect::AssociatedValue(stratum, value) => (stratum, Some(value)),
            _ => return Vec::new(),
        };
        let is_learned = attributes.is_learned(stratum);
        let has = |value: Slot| match only {
            Some(only) if is_learned && only == Derived::NAME => true,
            Some(only) => value == only,
            None => attributes.stratum_value(stratum, value) != Derived::ABSENT,
        };
        // Those without a criterion on no list are counted by none of its values.
        let all = if is_learned { attributes.stratum_id(stratum::UNLISTED_CRITERION) } else { Some(stratum) };
        let values = |stratum: StratumId| cohort.values(stratum).into_iter().filter(|value| *value != Slot::NONE);
        let known: Vec<(StratumId, Slot)> =
            all.into_iter().flat_map(|all| values(all).map(move |value| (all, value))).collect();
        let used: Vec<(StratumId, Slot)> =
            values(stratum).filter(|value| has(*value)).map(|value| (stratum, value)).collect();
        let of_group = |group: Slot| {
            let sum = |cells: &[(StratumId, Slot)]| {
                let cases = |cell: &(StratumId, Slot)| cohort.counts(self.channel, group, Some(*cell)).assessed;
                cells.iter().map(cases).fold(0, u64::saturating_add)
            };
            let with = sum(&used);
            [with, sum(&known).saturating_sub(with)]
        };
        dimension(plan, self.dimension).into_iter().flat_map(slots).map(of_group).collect()
    }

    /// Returns the exposed of the random channel among the counts.
    pub(super) const fn random(&self, counts: &Pair) -> u64 {
        match self.aspect {
            Aspect::NotSuitable => counts.exposed,
            _ => counts.reference_exposed,
        }
    }
}

/// Returns the keys of the plan's series, in the order of its rules; not those of risk classes, which are learned.
pub(super) fn duty_keys(plan: &Plan) -> Vec<DutyKey> {
    let mut keys = Vec::new();
    let strata = plan.strata();
    for (index, rule) in plan.rules.iter().enumerate() {
        for profile in &rule.profiles {
            for channel in &rule.channels {
                let place = |dimension, group, aspect| {
                    let (profile, channel) = (*profile, *channel);
                    DutyKey { rule: index, profile, channel, dimension, group, aspect }
                };
                let whole = |aspect| place(DimensionId::EVERYONE, Slot::EVERYONE, aspect);
                let (of_whole, of_groups): (&[Aspect], &[Aspect]) = aspects(rule);
                keys.extend(of_whole.iter().map(|aspect| whole(*aspect)));
                for (dimension, group) in groups(plan, rule) {
                    keys.extend(of_groups.iter().map(|aspect| place(dimension, Slot(group.0), *aspect)));
                }
                for (dimension, stratum) in criteria(rule, *channel, &strata) {
                    keys.push(place(dimension, Slot::EVERYONE, Aspect::Associated(stratum)));
                }
            }
        }
    }
    keys
}

/// The dimensions of a rule of kind `criterion`, each with the stratum of every criterion; last that of those on no list. None in a channel that is not
/// the rule's own.
fn criteria<'p>(
    rule: &'p Rule,
    channel: Channel,
    strata: &'p [&str],
) -> impl Iterator<Item = (DimensionId, StratumId)> + 'p {
    let names = match &rule.kind {
        RuleKind::Criterion(terms) if terms.is_own(channel) => terms.strata(),
        _ => Vec::new(),
    };
    let id = |name: &str| (0..).map(StratumId).zip(strata).find(|(_, known)| **known == name).map(|(id, _)| id);
    let ids: Vec<StratumId> = names.into_iter().filter_map(id).collect();
    rule.dimensions.iter().flat_map(move |dimension| ids.clone().into_iter().map(move |id| (*dimension, id)))
}

/// The aspects of all cases, and those of each group.
const fn aspects(rule: &Rule) -> (&[Aspect], &[Aspect]) {
    match &rule.kind {
        RuleKind::Suitability(_) => (&[Aspect::NotSuitable, Aspect::Shown], &[Aspect::NotSuitable, Aspect::Shown]),
        RuleKind::Coverage(Coverage { .. }) => (
            &[Aspect::MissingBeyondWarning, Aspect::MissingBeyondCritical],
            &[Aspect::MissingMore, Aspect::MissingLess],
        ),
        RuleKind::Automation(_) => (&[Aspect::NotFollowed], &[]),
        // Series of versions come with the versions.
        RuleKind::Disparity(_)
        | RuleKind::Criterion(_)
        | RuleKind::Benchmark(_)
        | RuleKind::Drift(_)
        | RuleKind::Silence(_)
        | RuleKind::Complaints(_) => (&[], &[]),
    }
}

/// Returns one key for each series of the family: of two directions or thresholds both are one, and a claim is none.
pub(super) fn family_keys(keys: &[DutyKey]) -> impl Iterator<Item = &DutyKey> {
    let whole = |key: &&DutyKey| {
        matches!(
            key.aspect,
            Aspect::NotSuitable
                | Aspect::MissingBeyondWarning
                | Aspect::MissingMore
                | Aspect::NotFollowed
                | Aspect::Associated(_)
        )
    };
    keys.iter().filter(whole)
}

/// The listed groups of a rule's dimensions.
fn groups<'p>(plan: &'p Plan, rule: &'p Rule) -> impl Iterator<Item = (DimensionId, GroupId)> + 'p {
    rule.dimensions.iter().flat_map(|id| {
        let groups = dimension(plan, *id).map_or(0, |dimension| dimension.groups.len());
        (0..).take(groups).map(|group| (*id, GroupId(group)))
    })
}

fn dimension(plan: &Plan, id: DimensionId) -> Option<&Dimension> {
    let dimension = plan.dimensions.get(usize::from(id.0));
    invariant::present(Room::Evidence, "a rule names dimensions of its plan", dimension)
}

/// The profile's hits against those of the random channel: of all cases, or of those with a value of a stratum.
fn hits(cohort: &Cohort, group: Slot, within: Option<(StratumId, Slot)>) -> Pair {
    let [own, random] = [Channel::Profile, Channel::Random].map(|channel| cohort.counts(channel, group, within));
    Pair {
        events: own.hits,
        exposed: own.concluded,
        reference_events: random.hits,
        reference_exposed: random.concluded,
    }
}

/// Controls without an outcome, of all controls. A tally may count outcomes without the controls they are of.
fn missing(cohort: &Cohort, channel: Channel, group: Slot) -> Pair {
    let counts = cohort.counts(channel, group, None);
    let events = counts.controlled.saturating_sub(counts.concluded);
    Pair { events, exposed: counts.controlled, ..Pair::default() }
}

fn missing_against_rest(cohort: &Cohort, channel: Channel, (id, group): (DimensionId, Slot), plan: &Plan) -> Pair {
    let own = missing(cohort, channel, group);
    let others = dimension(plan, id).into_iter().flat_map(slots).filter(|slot| *slot != group);
    others.map(|slot| missing(cohort, channel, slot)).fold(own, |sum, other| Pair {
        reference_events: sum.reference_events.saturating_add(other.events),
        reference_exposed: sum.reference_exposed.saturating_add(other.exposed),
        ..sum
    })
}

/// Selections that were not controlled, of all selections.
fn not_followed(cohort: &Cohort, channel: Channel, group: Slot, class: Option<(StratumId, Slot)>) -> Pair {
    let counts = cohort.counts(channel, group, class);
    let events = counts.selected.saturating_sub(counts.controlled);
    Pair { events, exposed: counts.selected, ..Pair::default() }
}

/// Whole hours of a span, at least 1.
fn hours(span: Span) -> i32 {
    i32::try_from(span.0 / Span::HOUR.0).unwrap_or(i32::MAX).max(1)
}

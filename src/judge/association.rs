//! How strongly a criterion goes together with a dimension: so a proxy that nobody has listed shows itself.

use std::sync::Arc;

use super::blocks::blocks_of_association;
use super::duty::{Post, Saying, Whom};
use super::finding::{Association, Contrast, Finding, Verdict};
use super::reason::Reason;
use super::sums::CellSums;
use crate::evidence::{Aspect, DutyKey, Maturity, SeriesEvidence, Side};
use crate::plan::{Cause, Criterion, Derived, DimensionId, Slot, StratumId, stratum};
use crate::statistics::{
    ClassCounts, Confidence, CramerV, Factor, Merged, Proportion, cramer_v, decompose, dense, difference_interval,
};
use crate::window::{Counts, LeftOut};

/// The cases below which an association says nothing.
const MIN_CASES: u64 = 200;

/// The least disparity that a criterion must carry by itself to be critical.
const CARRIED: f64 = 1.1;

/// Returns the findings of a rule about its criteria and one dimension: those on a list by name, then those on none, the
/// strongest first.
pub(super) fn findings(
    post: &Post<'_>,
    terms: &Criterion,
    dimension: DimensionId,
    sums: &mut CellSums,
) -> Vec<Finding> {
    let attributes = post.scene.attributes;
    let mut found = Vec::new();
    for criterion in &terms.watched {
        if let Some(stratum) = attributes.stratum_id(&criterion.stratum) {
            found.push(finding(post, terms, (dimension, &criterion.name), &Used { stratum, all: None }, sums));
        }
    }
    let Some(all) = attributes.stratum_id(stratum::UNLISTED_CRITERION) else { return found };
    let learned = attributes.learned_criteria().into_iter().map(|(name, stratum)| {
        let used = Used { stratum, all: Some(all) };
        finding(post, terms, (dimension, name), &used, sums)
    });
    // Another profile may have named it.
    let mut unlisted: Vec<Finding> = learned.filter(|found| found.group.events > 0).collect();
    unlisted
        .sort_by(|one, other| strength(other).total_cmp(&strength(one)).then(one.key.subject.cmp(&other.key.subject)));
    found.extend(unlisted);
    found
}

/// Where a criterion is counted.
struct Used {
    stratum: StratumId,
    /// Of a criterion on no list: the stratum that says whether the criteria of a case are known. Cases without it have no value of their own.
    all: Option<StratumId>,
}

/// The counts of the groups of a dimension, by value of a criterion.
struct Table {
    /// The groups that each place stands for, by index.
    groups: Vec<Vec<usize>>,
    /// The values that each place stands for.
    names: Vec<Vec<String>>,
    /// By value, and in it by group. The last value is that of cases without the criterion.
    values: Vec<Vec<Counts>>,
}

fn finding(
    post: &Post<'_>,
    terms: &Criterion,
    (dimension, name): (DimensionId, &str),
    used: &Used,
    sums: &mut CellSums,
) -> Finding {
    let table = Table::of(post, dimension, used, sums);
    let (evidence, blocks) = evidence(post, dimension, used);
    let (side, confidence) = (table.side(), post.rule.confidence);
    let (assessed, selected) = all_cases(post, dimension, sums);
    // Where only the picked say their criteria, picking distorts how these go together with groups.
    let of_picked = table.selected() >= side.exposed && side.exposed > 0 && selected < assessed;
    let dense = table.dense();
    let found = dense.association(confidence).filter(|_| side.exposed >= MIN_CASES && !of_picked);
    let groups = post.scene.plan.dimensions.get(usize::from(dimension.0)).map_or(&[][..], |found| &found.groups);
    let contrast = found.and_then(|(_, place)| dense.named(place?, groups));
    let association = found.map(|(association, _)| association);
    let carried = dense.carried(confidence);
    let (verdict, reason) = said(terms, association.as_ref(), carried, (evidence.as_ref(), blocks));
    // Where only the picked say their criteria, no number of cases is enough.
    let of_blocks = blocks.saturating_mul(post.scene.plan.evidence.block_exposed);
    let lacks = MIN_CASES.saturating_sub(side.exposed).max(if of_picked { 0 } else { of_blocks });
    let whom = Whom { dimension, group: Slot::NONE };
    let mut missing = post.missing_of_groups(
        post.channel,
        (dimension, Maturity::Over),
        assessed,
        (sums, &LeftOut::default()),
        |counts| counts.assessed,
    );
    missing.add_counted(Cause::NoStratum, (assessed.saturating_sub(side.exposed), 0));
    let found = post.finding(Saying {
        subject: Some(Arc::from(name)),
        group: side,
        needed: Some(lacks).filter(|_| verdict == Verdict::InsufficientData),
        evidence,
        missing,
        ..Saying::new(whom, verdict, reason)
    });
    let beyond_clear = association.is_some_and(|found| is_beyond_clear(&found, terms));
    let association = association.map(|found| Association { carried: carried.map(|factor| factor.value), ..found });
    Finding { association, contrast, beyond_clear, ..found }
}

/// Returns whether a window leaves an alarm standing. The process has no reverse: what clears is the window.
///
/// Where hardly as many cases as this tell of many values, the upper limit of V is beyond the threshold whatever the cases say. There an alarm would never
/// end. V is 0 there where nothing is associated beyond chance.
fn is_beyond_clear(found: &Association, terms: &Criterion) -> bool {
    let ([watched, _], [watched_difference, _]) = (terms.association, terms.difference);
    (found.v > 0.0 && found.upper >= watched) || found.difference.abs() >= watched_difference
}

/// The evidence of a criterion: of whether it is used, or of the value that says most; and the blocks that it must still read before any of it can
/// alarm.
fn evidence(post: &Post<'_>, dimension: DimensionId, used: &Used) -> (Option<SeriesEvidence>, u64) {
    let Used { stratum, all } = *used;
    let sequences = post.scene.sequences;
    let of = |aspect| sequences.duty_evidence(&key(post, dimension, aspect), post.scene.plan);
    let whole = key(post, dimension, Aspect::Associated(all.unwrap_or(stratum)));
    let aspects: Vec<Aspect> = if all.is_some() {
        let values = sequences.learned_criteria(&whole).filter(|(of, _)| *of == stratum);
        values.map(|(stratum, value)| Aspect::AssociatedValue(stratum, value)).collect()
    } else {
        let values = sequences.criterion_values(&whole).map(|value| Aspect::AssociatedValue(stratum, value));
        std::iter::once(whole.aspect).chain(values).collect()
    };
    let all = aspects.into_iter().filter_map(of).map(|evidence| evidence.series);
    let all: Vec<SeriesEvidence> = all.collect();
    let blocks = all.iter().map(blocks_of_association).min().unwrap_or(1);
    let says_more = |one: &SeriesEvidence, other: &SeriesEvidence| {
        (one.alarmed, one.log_e - one.alarm_at) > (other.alarmed, other.log_e - other.alarm_at)
    };
    (all.into_iter().reduce(|best, next| if says_more(&next, &best) { next } else { best }), blocks)
}

fn said(
    terms: &Criterion,
    association: Option<&Association>,
    carried: Option<Factor>,
    (evidence, blocks): (Option<&SeriesEvidence>, u64),
) -> (Verdict, Reason) {
    let Some(association) = association else { return (Verdict::InsufficientData, Reason::TooFew) };
    let [_, flagged] = terms.association;
    let [_, flagged_difference] = terms.difference;
    let is_flagged = association.lower >= flagged || association.difference_near >= flagged_difference;
    let alarmed = evidence.is_some_and(|evidence| evidence.alarmed);
    if alarmed && is_flagged && carried.is_some_and(|carried| carried.lower > CARRIED) {
        (Verdict::Critical, Reason::CriterionCarriesDisparity)
    } else if alarmed && is_flagged {
        (Verdict::Warning, Reason::CriterionAssociated)
    } else if blocks > 0 {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    }
}

/// The assessed of all listed groups, and the selected among them, whatever is known of their criteria.
fn all_cases(post: &Post<'_>, dimension: DimensionId, sums: &mut CellSums) -> (u64, u64) {
    let groups = post.scene.plan.dimensions.get(usize::from(dimension.0)).map_or(0, |found| found.groups.len());
    (0..).map(Slot).take(groups).fold((0_u64, 0_u64), |(assessed, selected), group| {
        let cell = post.cell(post.channel, Whom { dimension, group }, None);
        let counts = post.counts(sums, &cell, &LeftOut::default());
        (assessed.saturating_add(counts.assessed), selected.saturating_add(counts.selected))
    })
}

impl Table {
    fn of(post: &Post<'_>, dimension: DimensionId, used: &Used, sums: &mut CellSums) -> Self {
        let groups = post.scene.plan.dimensions.get(usize::from(dimension.0)).map_or(0, |found| found.groups.len());
        let attributes = post.scene.attributes;
        let mut counts = |stratum: StratumId, value: Slot| -> Vec<Counts> {
            let cell = |group| post.cell(post.channel, Whom { dimension, group }, Some((stratum, value)));
            let groups = (0..).map(Slot).take(groups);
            groups.map(|group| post.counts(sums, &cell(group), &LeftOut::default())).collect()
        };
        // By name: the order in which values arrived makes no difference.
        let values_of = |stratum: StratumId| {
            let values = attributes.stratum_values(stratum).into_iter().filter(|value| *value != Slot::NONE);
            let mut values: Vec<(&str, Slot)> =
                values.map(|value| (attributes.stratum_value(stratum, value), value)).collect();
            values.sort_unstable();
            values
        };
        let (mut names, mut values, mut without) = (Vec::new(), Vec::new(), vec![Counts::default(); groups]);
        for (name, value) in values_of(used.stratum) {
            let counts = counts(used.stratum, value);
            if used.all.is_none() && name == Derived::ABSENT {
                without.iter_mut().zip(&counts).for_each(|(sum, more)| sum.merge(more));
            } else if used.all.is_none() || value != Derived::NAME {
                names.push(vec![name.to_owned()]);
                values.push(counts);
            }
        }
        for (_, value) in used.all.into_iter().flat_map(values_of) {
            let known = used.all.map(|all| counts(all, value)).unwrap_or_default();
            without.iter_mut().zip(&known).for_each(|(sum, more)| sum.merge(more));
        }
        if used.all.is_some() {
            // Of all whose criteria are known, those without it are left.
            for with in &values {
                without.iter_mut().zip(with).for_each(|(sum, less)| sum.remove(less));
            }
        }
        names.push(vec![Derived::ABSENT.to_owned()]);
        values.push(without);
        Self { groups: (0..groups).map(|group| vec![group]).collect(), names, values }
    }

    fn groups(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Cases with the criterion, of all of whom it is known.
    fn side(&self) -> Side {
        let assessed = |counts: &[Counts]| counts.iter().fold(0_u64, |sum, counts| sum.saturating_add(counts.assessed));
        let all = self.values.iter().fold(0_u64, |sum, counts| sum.saturating_add(assessed(counts)));
        let without = self.values.last().map_or(0, |counts| assessed(counts));
        Side { events: all.saturating_sub(without), exposed: all }
    }

    /// The selected among those whose criteria are known.
    fn selected(&self) -> u64 {
        self.values.iter().flatten().fold(0_u64, |sum, counts| sum.saturating_add(counts.selected))
    }

    /// The smallest count of a group with a value, and without it. What is published rests on each of them.
    fn smallest(&self) -> u64 {
        self.values.iter().flatten().map(|counts| counts.assessed).min().unwrap_or(0)
    }

    /// The table with groups and values merged that are too small to say anything alone.
    fn dense(&self) -> Self {
        let (groups, values) = dense(&self.assessed());
        let merge = |lines: Vec<Counts>, merged: &Merged| {
            let sum = |of: &Vec<usize>| {
                of.iter().filter_map(|index| lines.get(*index)).fold(Counts::default(), |mut sum, counts| {
                    sum.merge(counts);
                    sum
                })
            };
            merged.iter().map(sum).collect::<Vec<Counts>>()
        };
        let by_group: Vec<Vec<Counts>> = (0..self.groups()).map(|group| merge(self.of_group(group), &values)).collect();
        let of_value = |value: usize| by_group.iter().filter_map(|counts| counts.get(value).copied()).collect();
        let names = values.iter().map(|merged| {
            let names = merged.iter().filter_map(|value| self.names.get(*value));
            names.flatten().cloned().collect()
        });
        let (names, values) =
            (names.collect(), (0..values.len()).map(|value| merge(of_value(value), &groups)).collect());
        Self { groups, names, values }
    }

    /// By value.
    fn of_group(&self, group: usize) -> Vec<Counts> {
        self.values.iter().map(|value| value.get(group).copied().unwrap_or_default()).collect()
    }

    /// The assessed by group, and in it by value.
    fn assessed(&self) -> Vec<Vec<u64>> {
        let of = |group| self.of_group(group).iter().map(|counts| counts.assessed).collect();
        (0..self.groups()).map(of).collect()
    }

    fn association(&self, confidence: Confidence) -> Option<(Association, Option<Place>)> {
        let table = self.assessed();
        let CramerV { v, lower, upper, .. } = cramer_v(&table, confidence)?;
        let Strongest { difference, near: difference_near, place } = strongest_difference(&table, confidence);
        let smallest = self.smallest();
        Some((Association { v, lower, upper, difference, difference_near, carried: None, smallest }, place))
    }

    /// Returns the names of the groups and of the values of a place, as far as there is room for them.
    fn named(&self, Place { group, value }: Place, groups: &[String]) -> Option<Contrast> {
        let of_groups = self.groups.get(group)?.iter().filter_map(|group| groups.get(*group));
        Some(Contrast { group: shown(of_groups), value: shown(self.names.get(value)?.iter()) })
    }

    /// The largest disparity that the criterion would make of a group if it alone decided, by its lower limit.
    fn carried(&self, confidence: Confidence) -> Option<Factor> {
        let factor = |group: usize| {
            let of = |counts: &Counts| (counts.assessed, counts.selected);
            let rest = |value: &[Counts]| {
                let others = value.iter().enumerate().filter(|(other, _)| *other != group);
                others.fold((0_u64, 0_u64), |(exposed, selected), (_, counts)| {
                    (exposed.saturating_add(counts.assessed), selected.saturating_add(counts.selected))
                })
            };
            let class =
                |value: &Vec<Counts>| Some(ClassCounts { group: of(value.get(group)?), reference: rest(value) });
            let classes: Vec<ClassCounts> = self.values.iter().filter_map(class).collect();
            decompose(&classes, None, confidence).class
        };
        (0..self.groups()).filter_map(factor).max_by(|one, other| one.lower.total_cmp(&other.lower))
    }
}

/// Returns the first names of those that were merged, and how many more there are.
fn shown<'n>(names: impl Iterator<Item = &'n String>) -> String {
    const MOST: usize = 3;
    let names: Vec<&str> = names.map(String::as_str).collect();
    let first = names.iter().take(MOST).copied().collect::<Vec<&str>>().join(", ");
    if names.len() > MOST { format!("{first} (+{})", names.len() - MOST) } else { first }
}

/// A group and a value, by their places in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    group: usize,
    value: usize,
}

/// A difference, its limit that is nearer to 0, without sign, and whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Strongest {
    difference: f64,
    near: f64,
    place: Option<Place>,
}

/// The largest difference, of all groups and values, between the share of a group and that of the rest in which a value is
/// used. The level is shared among the values. Of two that are mirrored, as of two groups, it is the one by which a group has the value more often.
fn strongest_difference(table: &[Vec<u64>], confidence: Confidence) -> Strongest {
    /// Two limits that differ by no more are the same.
    const SAME: f64 = 1e-9;
    let total = |row: &Vec<u64>| row.iter().fold(0_u64, |sum, cases| sum.saturating_add(*cases));
    let values = table.first().map_or(0, Vec::len);
    #[expect(clippy::cast_precision_loss, reason = "a few values")]
    let level = 1.0 - confidence.alpha() / (values.max(1) as f64);
    let Some(shared) = Confidence::new(level) else { return Strongest::default() };
    let all: u64 = table.iter().map(total).fold(0, u64::saturating_add);
    let mut strongest = Strongest::default();
    for value in 0..values {
        let of = |row: &Vec<u64>| row.get(value).copied().unwrap_or(0);
        let all_of = table.iter().map(of).fold(0, u64::saturating_add);
        for (place, row) in table.iter().enumerate() {
            let (events, exposed) = (of(row), total(row));
            let group = Proportion::new(events, exposed);
            let rest = Proportion::new(all_of.saturating_sub(events), all.saturating_sub(exposed));
            let (Some(group), Some(rest)) = (group, rest) else { continue };
            let Some(interval) = difference_interval(group, rest, shared) else { continue };
            let near = interval.lower.max(-interval.upper).max(0.0);
            let share = |events: u64, exposed: u64| ratio(events, exposed);
            let difference = share(events, exposed) - share(all_of.saturating_sub(events), all.saturating_sub(exposed));
            let apart = (near - strongest.near, difference.abs() - strongest.difference.abs());
            let is_same = apart.0.abs() <= SAME && apart.1.abs() <= SAME;
            let is_more = difference > 0.0 && strongest.difference < 0.0;
            if if is_same { is_more } else { (near, difference.abs()) > (strongest.near, strongest.difference.abs()) } {
                strongest = Strongest { difference, near, place: Some(Place { group: place, value }) };
            }
        }
    }
    strongest
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(events: u64, exposed: u64) -> f64 {
    if exposed == 0 { 0.0 } else { events as f64 / exposed as f64 }
}

/// What criteria on no list are ranked by.
fn strength(finding: &Finding) -> f64 {
    finding.association.map_or(-1.0, |association| association.lower)
}

fn key(post: &Post<'_>, dimension: DimensionId, aspect: Aspect) -> DutyKey {
    let Post { index: rule, profile, channel, .. } = *post;
    DutyKey { rule, profile, channel, dimension, group: Slot::EVERYONE, aspect }
}

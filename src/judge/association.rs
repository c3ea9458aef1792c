//! How strongly a criterion goes together with a dimension: so a proxy that nobody has listed shows itself.

use std::sync::Arc;

use super::duty::{Post, Saying, Whom};
use super::finding::{Association, Finding, Verdict};
use super::reason::Reason;
use super::sums::CellSums;
use crate::evidence::{Aspect, DutyKey, Maturity, SeriesEvidence, Side};
use crate::plan::{Cause, Criterion, Derived, DimensionId, Slot, StratumId, stratum};
use crate::statistics::{
    ClassCounts, Confidence, CramerV, Factor, Proportion, cramer_v, decompose, difference_interval,
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
            let used = Used { stratum, only: None };
            found.push(finding(post, terms, (dimension, &criterion.name), &used, Aspect::Associated(stratum), sums));
        }
    }
    let Some(stratum) = attributes.stratum_id(stratum::UNLISTED_CRITERION) else { return found };
    let key = key(post, dimension, Aspect::Associated(stratum));
    let mut unlisted: Vec<Finding> = post
        .scene
        .sequences
        .criterion_values(&key)
        .map(|value| {
            let used = Used { stratum, only: Some(value) };
            let aspect = Aspect::AssociatedValue(stratum, value);
            finding(post, terms, (dimension, attributes.stratum_value(stratum, value)), &used, aspect, sums)
        })
        .collect();
    unlisted
        .sort_by(|one, other| strength(other).total_cmp(&strength(one)).then(one.key.subject.cmp(&other.key.subject)));
    found.extend(unlisted);
    found
}

/// Which values of a stratum a criterion is.
struct Used {
    stratum: StratumId,
    /// One value of those on no list; `None` for a stratum of its own.
    only: Option<Slot>,
}

/// The counts of the groups of a dimension, by value of a criterion.
struct Table {
    /// By value, and in it by group. The last value is that of cases without the criterion.
    values: Vec<Vec<Counts>>,
}

fn finding(
    post: &Post<'_>,
    terms: &Criterion,
    (dimension, name): (DimensionId, &str),
    used: &Used,
    aspect: Aspect,
    sums: &mut CellSums,
) -> Finding {
    let table = Table::of(post, dimension, used, sums);
    let evidence = evidence(post, dimension, aspect);
    let (side, confidence) = (table.side(), post.rule.confidence);
    let (assessed, selected) = all_cases(post, dimension, sums);
    // Where only the picked say their criteria, picking distorts how these go together with groups.
    let of_picked = table.selected() >= side.exposed && side.exposed > 0 && selected < assessed;
    let association = table.association(confidence).filter(|_| side.exposed >= MIN_CASES && !of_picked);
    let carried = table.carried(confidence);
    let (verdict, reason) = said(terms, association.as_ref(), carried, evidence.as_ref());
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
        needed: Some(MIN_CASES.saturating_sub(side.exposed)),
        evidence,
        missing,
        ..Saying::new(whom, verdict, reason)
    });
    // The process has no reverse: what clears is the window.
    let [watched, _] = terms.association;
    let [watched_difference, _] = terms.difference;
    let beyond_clear =
        association.is_some_and(|found| found.upper >= watched || found.difference.abs() >= watched_difference);
    let association = association.map(|found| Association { carried: carried.map(|factor| factor.value), ..found });
    Finding { association, beyond_clear, ..found }
}

/// The evidence of a criterion: of whether it is used, or of the value that says most.
fn evidence(post: &Post<'_>, dimension: DimensionId, aspect: Aspect) -> Option<SeriesEvidence> {
    let of = |aspect| post.scene.sequences.duty_evidence(&key(post, dimension, aspect), post.scene.plan);
    let values: Vec<Aspect> = match aspect {
        Aspect::Associated(stratum) => {
            let key = key(post, dimension, aspect);
            let values = post.scene.sequences.criterion_values(&key);
            values.map(|value| Aspect::AssociatedValue(stratum, value)).collect()
        }
        _ => Vec::new(),
    };
    let all = std::iter::once(aspect).chain(values).filter_map(of).map(|evidence| evidence.series);
    let says_more = |one: &SeriesEvidence, other: &SeriesEvidence| {
        (one.alarmed, one.log_e - one.alarm_at) > (other.alarmed, other.log_e - other.alarm_at)
    };
    all.reduce(|best, next| if says_more(&next, &best) { next } else { best })
}

fn said(
    terms: &Criterion,
    association: Option<&Association>,
    carried: Option<Factor>,
    evidence: Option<&SeriesEvidence>,
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
        let (mut values, mut without) = (Vec::new(), vec![Counts::default(); groups]);
        for value in attributes.stratum_values(used.stratum).into_iter().filter(|value| *value != Slot::NONE) {
            let counts: Vec<Counts> = (0..)
                .map(Slot)
                .take(groups)
                .map(|group| {
                    let whom = Whom { dimension, group };
                    let cell = post.cell(post.channel, whom, Some((used.stratum, value)));
                    post.counts(sums, &cell, &LeftOut::default())
                })
                .collect();
            let has = match used.only {
                Some(only) => value == only,
                None => attributes.stratum_value(used.stratum, value) != Derived::ABSENT,
            };
            if has {
                values.push(counts);
            } else {
                without.iter_mut().zip(&counts).for_each(|(sum, more)| sum.merge(more));
            }
        }
        values.push(without);
        Self { values }
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

    /// The smallest count of a group with a value, and without it, of those that are not empty. What is published rests on
    /// each of them.
    fn smallest(&self) -> u64 {
        self.values.iter().flatten().map(|counts| counts.assessed).min().unwrap_or(0)
    }

    fn association(&self, confidence: Confidence) -> Option<Association> {
        let row =
            |group: usize| self.values.iter().map(move |value| value.get(group).map_or(0, |counts| counts.assessed));
        let table: Vec<Vec<u64>> = (0..self.groups()).map(|group| row(group).collect()).collect();
        let CramerV { v, lower, upper, .. } = cramer_v(&table, confidence)?;
        let (difference, difference_near) = strongest_difference(&table, confidence);
        let smallest = self.smallest();
        Some(Association { v, lower, upper, difference, difference_near, carried: None, smallest })
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

/// The largest difference, of all groups and values, between the share of a group and that of the rest in which a value is
/// used; and its limit that is nearer to 0, without sign. The level is shared among the values.
fn strongest_difference(table: &[Vec<u64>], confidence: Confidence) -> (f64, f64) {
    let total = |row: &Vec<u64>| row.iter().fold(0_u64, |sum, cases| sum.saturating_add(*cases));
    let values = table.first().map_or(0, Vec::len);
    #[expect(clippy::cast_precision_loss, reason = "a few values")]
    let level = 1.0 - confidence.alpha() / (values.max(1) as f64);
    let Some(shared) = Confidence::new(level) else { return (0.0, 0.0) };
    let all: u64 = table.iter().map(total).fold(0, u64::saturating_add);
    let mut strongest = (0.0_f64, 0.0_f64);
    for value in 0..values {
        let of = |row: &Vec<u64>| row.get(value).copied().unwrap_or(0);
        let all_of = table.iter().map(of).fold(0, u64::saturating_add);
        for row in table {
            let (events, exposed) = (of(row), total(row));
            let group = Proportion::new(events, exposed);
            let rest = Proportion::new(all_of.saturating_sub(events), all.saturating_sub(exposed));
            let (Some(group), Some(rest)) = (group, rest) else { continue };
            let Some(interval) = difference_interval(group, rest, shared) else { continue };
            let near = interval.lower.max(-interval.upper).max(0.0);
            let share = |events: u64, exposed: u64| ratio(events, exposed);
            let difference = share(events, exposed) - share(all_of.saturating_sub(events), all.saturating_sub(exposed));
            if (near, difference.abs()) > (strongest.1, strongest.0.abs()) {
                strongest = (difference, near);
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

//! Every finding at one moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::funnel::Funnel;
use super::indicator::{Subject, by_population, counts, sides, unsealed};
use super::membership::{bracket, memberships};
use super::verdict::{Inputs, Numbers, judge, pending_bounds, sequential_verdict};
use crate::evidence::{Against, Sequences, SeriesEvidence, Side, TableKey, against, compare};
use crate::judge::Scene;
use crate::judge::finding::{Evaluation, Finding, FindingKey, Late, PendingBounds, Verdict};
use crate::plan::{Channel, Dimension, DimensionId, GroupId, Indicator, Mapping, ProfileId, Reference, Rule};
use crate::statistics::Memberships;
use crate::window::{CellKey, Counts, Range};

/// Judges, and keeps what it computed so that unchanged counts cost nothing the next time.
#[derive(Clone, Debug, Default)]
pub struct Evaluator {
    known: HashMap<Place, (Inputs, Numbers), FxBuildHasher>,
    /// Verdicts that sequential evidence raised, with the epoch of the alarm: they stand until it clears.
    raised: HashMap<Place, (u32, Verdict), FxBuildHasher>,
    labels: HashMap<String, Arc<str>, FxBuildHasher>,
}

/// Which finding: rule, profile, channel, dimension, group, window.
type Place = (usize, ProfileId, Channel, DimensionId, GroupId, usize);

/// One table of a rule: profile, channel, dimension and window.
struct Table<'s> {
    place: (usize, ProfileId, Channel, DimensionId, usize),
    rule: &'s Rule,
    dimension: &'s Dimension,
    subject: Subject,
    against: Against,
    sides: Vec<Side>,
    random: Vec<Side>,
    strata: Vec<(Vec<Side>, Vec<Side>)>,
    pending: Vec<Counts>,
    memberships: Option<Memberships>,
}

/// Verdicts that stand, for a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EvaluatorState {
    raised: Vec<(Place, u32, Verdict)>,
}

impl Evaluator {
    /// What goes into a checkpoint.
    #[must_use]
    pub fn state(&self) -> EvaluatorState {
        let mut raised: Vec<(Place, u32, Verdict)> =
            self.raised.iter().map(|(place, (epoch, verdict))| (*place, *epoch, *verdict)).collect();
        raised.sort_unstable_by_key(|(place, ..)| *place);
        EvaluatorState { raised }
    }

    /// Takes in what [`Self::state`] gave; without the verdicts of rules that are gone, or ask for other evidence than they did.
    pub fn restore(&mut self, state: EvaluatorState, mapping: &Mapping) {
        for ((rule, profile, channel, dimension, group, window), epoch, verdict) in state.raised {
            if let Some(now) = mapping.same_rule(rule)
                && let Some(profile) = mapping.profile(profile)
                && let Some(window) = mapping.window(rule, window)
            {
                self.raised.insert((now, profile, channel, dimension, group, window), (epoch, verdict));
            }
        }
    }

    /// All findings, by rule, profile, channel, dimension, group and window; without the funnel, which is counted only where it is shown.
    pub fn evaluate(&mut self, scene: &Scene<'_>) -> Evaluation {
        let mut findings = Vec::new();
        let watched = scene.sequences.watched();
        for (index, rule) in scene.plan.rules.iter().enumerate() {
            for profile in &rule.profiles {
                for channel in &rule.channels {
                    for dimension in &rule.dimensions {
                        let series = Rows::of(scene.sequences, (index, *profile, *channel, *dimension), &watched);
                        self.compare_groups(
                            scene,
                            (index, rule),
                            (*profile, *channel, *dimension),
                            &series,
                            &mut findings,
                        );
                    }
                }
            }
        }
        Evaluation { as_of: scene.as_of, findings, late: late(scene), funnel: Funnel::default() }
    }

    fn compare_groups(
        &mut self,
        scene: &Scene<'_>,
        (index, rule): (usize, &Rule),
        (profile, channel, dimension): (ProfileId, Channel, DimensionId),
        series: &Rows,
        findings: &mut Vec<Finding>,
    ) {
        let windows = rule.windows.iter().enumerate();
        let tables: Vec<Table<'_>> = windows
            .filter_map(|(window, _)| table(scene, rule, (index, profile, channel, dimension, window)))
            .collect();
        let Some(groups) = tables.first().map(|table| table.dimension.groups.len()) else { return };
        for group in 0..groups {
            for table in tables.iter().filter(|table| table.against != Against::Group(group)) {
                findings.extend(self.finding(scene, table, group, series.of_group(group)));
            }
        }
    }

    fn finding(
        &mut self,
        scene: &Scene<'_>,
        table: &Table<'_>,
        index: usize,
        evidence: Option<SeriesEvidence>,
    ) -> Option<Finding> {
        let Table { rule, subject, against, .. } = table;
        let group = GroupId(u16::try_from(index).ok()?);
        let (number, profile, channel, dimension, window) = table.place;
        let compared = |sides: &[Side], random: &[Side]| compare(*against, subject.indicator, index, sides, random);
        let (group_side, reference_side) = compared(&table.sides, &table.random);
        let inputs = Inputs {
            group: group_side,
            reference: reference_side,
            population: by_population(scene, subject) && *against != Against::Random,
            strata: table.strata.iter().map(|(sides, random)| compared(sides, random)).collect(),
        };
        let place = (number, profile, channel, dimension, group, window);
        let mut numbers = self.numbers(place, rule, inputs);
        if let Some(evidence) = &evidence {
            numbers.verdict = self.judged_by(place, numbers.verdict, evidence);
            numbers.beyond_clear = numbers.verdict >= Verdict::Warning;
        }
        let label = &rule.windows.get(window)?.label;
        Some(Finding {
            key: FindingKey {
                rule: number,
                profile,
                channel,
                dimension,
                group,
                indicator: subject.indicator,
                window: self.label(label),
            },
            group: group_side,
            reference: reference_side,
            reference_group: table.reference_group(),
            ratio: numbers.ratio,
            difference: numbers.difference,
            p_value: numbers.p_value,
            stratified: numbers.stratified,
            needed: numbers.needed.filter(|_| rule.reference != Reference::Overall),
            pending: table.pending_bounds(index),
            probabilistic: table.memberships.as_ref().and_then(|sums| bracket(sums, rule, table.dimension, index)),
            evidence,
            verdict: verdict(scene, rule, profile, numbers.verdict),
            beyond_clear: numbers.beyond_clear,
        })
    }

    /// Once raised, a verdict stands, and may get worse, until the alarm clears.
    fn judged_by(&mut self, place: Place, by_number: Verdict, evidence: &SeriesEvidence) -> Verdict {
        let verdict = sequential_verdict(by_number, evidence);
        if !evidence.alarmed {
            self.raised.remove(&place);
            return verdict;
        }
        let standing =
            self.raised.get(&place).filter(|(epoch, _)| *epoch == evidence.epoch).map(|(_, verdict)| *verdict);
        let verdict = standing.map_or(verdict, |standing| verdict.max(standing));
        if verdict >= Verdict::Warning {
            self.raised.insert(place, (evidence.epoch, verdict));
        }
        verdict
    }

    fn numbers(&mut self, place: Place, rule: &Rule, inputs: Inputs) -> Numbers {
        if let Some((known, numbers)) = self.known.get(&place)
            && *known == inputs
        {
            return numbers.clone();
        }
        let numbers = judge(rule, &inputs);
        self.known.insert(place, (inputs, numbers.clone()));
        numbers
    }

    fn label(&mut self, label: &str) -> Arc<str> {
        if let Some(known) = self.labels.get(label) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = label.into();
        self.labels.insert(label.to_owned(), Arc::clone(&shared));
        shared
    }
}

fn late(scene: &Scene<'_>) -> Vec<Late> {
    let listed = scene.cohorts.late().filter_map(|(key, cases)| {
        let CellKey { profile, channel, dimension, group, .. } = *key;
        Some(Late { profile, channel, dimension, group: group.group()?, cases })
    });
    let mut late: Vec<Late> = listed.collect();
    // Cells stand in the order of their first event.
    late.sort_unstable();
    late
}

/// A table's evidence by group.
struct Rows(Vec<Option<SeriesEvidence>>);

impl Rows {
    fn of(sequences: &Sequences, key: TableKey, watched: &BTreeSet<(usize, usize)>) -> Self {
        let Some((table, mut rows)) = sequences.table(key) else { return Self(Vec::new()) };
        for (group, row) in rows.iter_mut().enumerate() {
            if let Some(row) = row {
                row.watched = watched.contains(&(table, group));
            }
        }
        Self(rows)
    }

    fn of_group(&self, group: usize) -> Option<SeriesEvidence> {
        self.0.get(group).copied().flatten()
    }
}

/// `overall` contains the group itself and is never judged; a silent profile is stale whatever its counts.
fn verdict(scene: &Scene<'_>, rule: &Rule, profile: ProfileId, judged: Verdict) -> Option<Verdict> {
    let stale = scene.stale.get(usize::from(profile.0)).copied().unwrap_or(false);
    match rule.reference {
        Reference::Overall => None,
        _ if stale => Some(Verdict::Stale),
        _ => Some(judged),
    }
}

fn table<'s>(
    scene: &Scene<'s>,
    rule: &'s Rule,
    place: (usize, ProfileId, Channel, DimensionId, usize),
) -> Option<Table<'s>> {
    let (_, profile, channel, dimension_id, window) = place;
    let dimension = scene.plan.dimensions.get(usize::from(dimension_id.0))?;
    let length = rule.windows.get(window)?.length;
    let range = Range::rolling(scene.as_of, length);
    let subject = Subject { profile, channel, dimension: dimension_id, indicator: rule.indicator, range };
    let benchmark = Subject { channel: Channel::Random, ..subject };
    let left_out = unsealed(scene, &subject);
    let with_random = rule.reference == Reference::Random;
    let left_out_at_random = if with_random { unsealed(scene, &benchmark) } else { Default::default() };
    let tables_of = |stratum| {
        let random = if with_random { sides(scene, &benchmark, stratum, &left_out_at_random) } else { Vec::new() };
        (sides(scene, &subject, stratum, &left_out), random)
    };
    let (own, random) = tables_of(None);
    let stratum = rule.stratify_by.as_deref().and_then(|name| scene.attributes.stratum_id(name));
    let values = stratum.map(|stratum| (stratum, scene.attributes.stratum_values(stratum)));
    let strata = values.map_or_else(Vec::new, |(stratum, values)| {
        values.into_iter().map(|value| tables_of(Some((stratum, value)))).collect()
    });
    let pending = if rule.indicator == Indicator::HitRate { counts(scene, &subject, None) } else { Vec::new() };
    let against = against(rule, dimension, &own);
    let memberships = memberships(scene, rule, &subject, &left_out);
    Some(Table { place, rule, dimension, subject, against, sides: own, random, strata, pending, memberships })
}

impl Table<'_> {
    fn reference_group(&self) -> Option<String> {
        match self.against {
            Against::Group(index) => self.dimension.groups.get(index).cloned(),
            _ => None,
        }
    }

    fn pending_bounds(&self, index: usize) -> Option<PendingBounds> {
        let bounds = |counts: &Counts| {
            pending_bounds(counts.hits, counts.controlled.saturating_sub(counts.concluded), counts.controlled)
        };
        let group = bounds(self.pending.get(index)?)?;
        let others = self.pending.iter().enumerate().filter(|(other, _)| match self.against {
            Against::Rest => *other != index,
            Against::Group(reference) => *other == reference,
            _ => false,
        });
        let mut reference = Counts::default();
        others.for_each(|(_, counts)| reference.merge(counts));
        Some(PendingBounds { group, reference: bounds(&reference)? })
    }
}

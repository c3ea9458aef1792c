//! All findings of one moment.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::table::Table;
use super::verdict::{Inputs, Numbers, judge, sequential_verdict};
use crate::evidence::{Against, SeriesEvidence, TableKey, WatchList};
use crate::judge::finding::{Evaluation, Finding, FindingKey, Late, Verdict};
use crate::judge::scene::Scene;
use crate::judge::stages::Funnel;
use crate::plan::invariant::{self, Room};
use crate::plan::{GroupId, Mapping, ProfileId, Reference, Rule};
use crate::window::CellKey;

/// Judges scenes, and keeps the numbers of unchanged counts so that they cost nothing the next time.
#[derive(Clone, Debug, Default)]
pub struct Evaluator {
    known: HashMap<Place, (Inputs, Numbers), FxBuildHasher>,
    /// Verdicts that sequential evidence raised, with the epoch of the alarm. They stand until it clears.
    raised: HashMap<Place, (u32, Verdict), FxBuildHasher>,
    /// Labels of windows, which findings share.
    labels: HashMap<String, Arc<str>, FxBuildHasher>,
}

/// Names a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Place {
    table: TableKey,
    group: GroupId,
    /// Index of the window in the rule.
    window: usize,
}

/// The verdicts that stand, in a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EvaluatorState {
    raised: Vec<(Place, u32, Verdict)>,
}

impl Evaluator {
    /// Returns all findings by rule, profile, channel, dimension, group and window. The funnel is empty, as it is
    /// counted only where it is shown.
    pub fn evaluate(&mut self, scene: &Scene<'_>) -> Evaluation {
        let mut findings = Vec::new();
        let watched = scene.sequences.watch_list();
        for (index, rule) in scene.plan.rules.iter().enumerate() {
            for profile in &rule.profiles {
                for channel in &rule.channels {
                    for dimension in &rule.dimensions {
                        let (profile, channel, dimension) = (*profile, *channel, *dimension);
                        let key = TableKey { rule: index, profile, channel, dimension };
                        self.compare_groups(scene, rule, key, &watched, &mut findings);
                    }
                }
            }
        }
        Evaluation { as_of: scene.as_of, findings, late: late(scene), funnel: Funnel::default() }
    }

    /// Returns what a checkpoint stores.
    #[must_use]
    pub fn state(&self) -> EvaluatorState {
        let mut raised: Vec<(Place, u32, Verdict)> =
            self.raised.iter().map(|(place, (epoch, verdict))| (*place, *epoch, *verdict)).collect();
        raised.sort_unstable_by_key(|(place, ..)| *place);
        EvaluatorState { raised }
    }

    /// Restores what [`Self::state`] returned, without the verdicts of rules that are gone or whose evidence means
    /// something else now.
    pub fn restore(&mut self, state: EvaluatorState, mapping: &Mapping) {
        for (Place { table, group, window }, epoch, verdict) in state.raised {
            if let Some(rule) = mapping.same_rule(table.rule)
                && let Some(profile) = mapping.profile(table.profile)
                && let Some(window) = mapping.window(table.rule, window)
            {
                let table = TableKey { rule, profile, ..table };
                self.raised.insert(Place { table, group, window }, (epoch, verdict));
            }
        }
    }

    fn compare_groups(
        &mut self,
        scene: &Scene<'_>,
        rule: &Rule,
        key: TableKey,
        watched: &WatchList,
        findings: &mut Vec<Finding>,
    ) {
        let dimension = scene.plan.dimensions.get(usize::from(key.dimension.0));
        let dimension = invariant::present(Room::Judge, "a rule names dimensions of its plan", dimension);
        let Some(dimension) = dimension else { return };
        // Empty where the rule asks for other evidence, or where the dimension has no group of the reference's name.
        let evidence = scene.sequences.evidence(key, watched);
        let tables: Vec<Table<'_>> =
            rule.windows.iter().map(|window| Table::new(scene, rule, dimension, key, window)).collect();
        for group in (0..).map(GroupId).take(dimension.groups.len()) {
            let index = usize::from(group.0);
            let evidence = evidence.get(index).copied().flatten();
            for (window, table) in tables.iter().enumerate().filter(|(_, table)| table.against != Against::Group(index))
            {
                let place = Place { table: key, group, window };
                findings.push(self.finding(scene, rule, place, table, evidence));
            }
        }
    }

    fn finding(
        &mut self,
        scene: &Scene<'_>,
        rule: &Rule,
        place: Place,
        table: &Table<'_>,
        evidence: Option<SeriesEvidence>,
    ) -> Finding {
        let TableKey { profile, channel, dimension, .. } = place.table;
        let index = usize::from(place.group.0);
        let inputs = table.inputs(index);
        let (group, reference) = (inputs.group, inputs.reference);
        let mut numbers = self.numbers(place, rule, inputs);
        if let Some(evidence) = &evidence {
            numbers.verdict = self.standing_verdict(place, numbers.verdict, evidence);
            numbers.beyond_clear = numbers.verdict >= Verdict::Warning;
        }
        Finding {
            key: FindingKey {
                rule: place.table.rule,
                profile,
                channel,
                dimension,
                group: place.group,
                indicator: rule.indicator,
                window: self.label(&table.window.label),
            },
            group,
            reference,
            reference_group: table.reference_group(),
            ratio: numbers.ratio,
            difference: numbers.difference,
            p_value: numbers.p_value,
            stratified: numbers.stratified,
            needed: numbers.needed.filter(|_| rule.reference != Reference::Overall),
            pending: table.pending_bounds(index),
            probabilistic: table.bracket(index),
            evidence,
            verdict: verdict(scene, rule, profile, numbers.verdict),
            beyond_clear: numbers.beyond_clear,
        }
    }

    /// The verdict by sequential evidence. Once raised it stands until the alarm clears, though it may get worse.
    fn standing_verdict(&mut self, place: Place, by_number: Verdict, evidence: &SeriesEvidence) -> Verdict {
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

/// `overall` contains the group itself and is never judged. A silent profile is stale, whatever its counts.
fn verdict(scene: &Scene<'_>, rule: &Rule, profile: ProfileId, judged: Verdict) -> Option<Verdict> {
    let stale = scene.stale.get(usize::from(profile.0)).copied().unwrap_or(false);
    match rule.reference {
        Reference::Overall => None,
        _ if stale => Some(Verdict::Stale),
        _ => Some(judged),
    }
}

fn late(scene: &Scene<'_>) -> Vec<Late> {
    let listed = scene.cohorts.late().filter_map(|(key, cases)| {
        let CellKey { profile, channel, dimension, group, .. } = *key;
        // Those outside the allow-list are no listed group.
        Some(Late { profile, channel, dimension, group: group.group()?, cases })
    });
    let mut late: Vec<Late> = listed.collect();
    // Cells are in the order of their first event.
    late.sort_unstable();
    late
}

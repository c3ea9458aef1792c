//! All findings of one moment.

use super::disparity::{DisparityJudge, EvaluatorState, set_interactions};
use super::finding::{Evaluation, Late};
use super::scene::Scene;
use super::stages::Funnel;
use super::sums::CellSums;
use super::{automation, benchmark, complaints, coverage, criterion, drift, feedback, silence, suitability};
use crate::plan::{Compare, Mapping, RuleKind};
use crate::window::CellKey;

/// Judges scenes under one plan, each rule by its kind.
#[derive(Clone, Debug, Default)]
pub struct Evaluator {
    disparities: DisparityJudge,
    sums: CellSums,
}

impl Evaluator {
    /// Returns all findings by rule, profile, channel, dimension, group and window. The funnel is empty, as it is
    /// counted only where it is shown.
    pub fn evaluate(&mut self, scene: &Scene<'_>) -> Evaluation {
        self.sums.begin(scene);
        let mut findings = Vec::new();
        let watched = scene.sequences.watch_list();
        // By rule that looks for a change: the place of its findings.
        let mut changes = Vec::new();
        for (index, rule) in scene.plan.rules.iter().enumerate() {
            let (place, sums) = ((index, rule), &mut self.sums);
            match &rule.kind {
                RuleKind::Disparity(_) => {
                    if let Some(rule) = rule.disparity() {
                        let first = findings.len();
                        self.disparities.judge(scene, (index, rule), &watched, sums, &mut findings);
                        set_interactions(scene.plan, rule, findings.get_mut(first..).unwrap_or_default());
                    }
                }
                RuleKind::Criterion(terms) => criterion::judge(scene, place, terms, sums, &mut findings),
                RuleKind::Automation(terms) => automation::judge(scene, place, terms, sums, &mut findings),
                RuleKind::Benchmark(terms) => benchmark::judge(scene, place, terms, sums, &mut findings),
                RuleKind::Suitability(terms) => suitability::judge(scene, place, terms, sums, &mut findings),
                RuleKind::Silence(terms) => silence::judge(scene, place, terms, &mut findings),
                RuleKind::Complaints(terms) => complaints::judge(scene, place, terms, &mut findings),
                RuleKind::Coverage(terms) => coverage::judge(scene, place, terms, sums, &mut findings),
                RuleKind::Drift(terms) => match terms.compare {
                    Compare::Version(indicator) => {
                        drift::judge_versions(scene, place, (terms, indicator), sums, &mut findings);
                    }
                    Compare::Change(of) => changes.push((place, of, findings.len())),
                    Compare::Period(_) => feedback::judge(scene, place, terms, sums, &mut findings),
                },
            }
        }
        // What is watched may be judged later. From the last to the first, so that the places stay right.
        for (place, of, at) in changes.into_iter().rev() {
            let found = drift::judge_change(scene, place, of, &findings);
            findings.splice(at..at, found);
        }
        Evaluation { as_of: scene.as_of, findings, late: late(scene), unlisted: Vec::new(), funnel: Funnel::default() }
    }

    /// Returns what a checkpoint stores.
    #[must_use]
    pub fn state(&self) -> EvaluatorState {
        self.disparities.state()
    }

    /// Restores what [`Self::state`] returned, without the verdicts of rules that are gone or whose evidence means
    /// something else now.
    pub fn restore(&mut self, state: EvaluatorState, mapping: &Mapping) {
        self.disparities.restore(state, mapping);
    }

    /// Returns the funnel of every place that a rule names, in the windows that end at the scene's time.
    #[must_use]
    pub fn funnel(&mut self, scene: &Scene<'_>) -> Funnel {
        self.sums.begin(scene);
        self.disparities.funnel(scene, &mut self.sums)
    }

    /// Returns how often a table of a rule, profile, channel and dimension was computed since the evaluator was made.
    /// Those that no change reached are kept from evaluation to evaluation.
    #[must_use]
    pub const fn computed(&self) -> u64 {
        self.disparities.computed()
    }
}

fn late(scene: &Scene<'_>) -> Vec<Late> {
    let listed = scene.cohorts.late().filter_map(|(key, cases)| {
        let CellKey { profile, channel, dimension, group, .. } = *key;
        // A cell of an older state may be of those outside the allow-list.
        Some(Late { profile, channel, dimension, group: group.group()?, cases })
    });
    let mut late: Vec<Late> = listed.collect();
    // Cells are in the order of their first event.
    late.sort_unstable();
    late
}

//! All findings of one moment.

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::funnel::FunnelMemory;
use super::indicator::Stamp;
use super::numbers::Numbers;
use super::table::{Table, Topic};
use super::verdict::{Inputs, judge, may_be_beyond, sequential_verdict};
use crate::evidence::{Against, SeriesEvidence, TableKey, WatchList, block_target};
use crate::judge::blocks::blocks_to_alarm;
use crate::judge::finding::{Finding, FindingKey, OutcomeRange, PendingBounds, Verdict};
use crate::judge::missing::Missing;
use crate::judge::scene::Scene;
use crate::judge::stages::Funnel;
use crate::judge::sums::CellSums;
use crate::plan::invariant::{self, Room};
use crate::plan::{DisparityRule, GroupId, Mapping, ProfileId, Reference};
use crate::statistics::Bracket;

/// Judges the rules of kind `disparity`. It keeps what follows from counts alone, so that unchanged counts cost next to
/// nothing the next time; what it returns is the same as without.
#[derive(Clone, Debug, Default)]
pub struct DisparityJudge {
    known: HashMap<TableKey, Known, FxBuildHasher>,
    funnel: FunnelMemory,
    /// Verdicts that sequential evidence raised, with the epoch of the alarm. They stand until it clears.
    raised: HashMap<Place, (u32, Verdict), FxBuildHasher>,
    /// Labels of windows, which findings share.
    labels: HashMap<String, Arc<str>, FxBuildHasher>,
    /// How often a table was computed.
    computed: u64,
}

/// What follows from the counts of one rule, profile, channel and dimension.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The rows are right as long as this is; `None` where that cannot be told.
    stamp: Option<Stamp>,
    /// By group, and in it by window; `None` where a group is its own reference.
    rows: Vec<Option<Row>>,
}

/// What follows from the counts of one group and window.
#[derive(Clone, Debug)]
struct Row {
    inputs: Inputs,
    numbers: Numbers,
    reference_group: Option<String>,
    pending: Option<PendingBounds>,
    outcomes: Option<OutcomeRange>,
    probabilistic: Option<Bracket>,
    missing: Missing,
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

impl DisparityJudge {
    /// Appends the findings of a rule, by profile, channel, dimension, group and window.
    pub fn judge(
        &mut self,
        scene: &Scene<'_>,
        (index, rule): (usize, DisparityRule<'_>),
        watched: &WatchList,
        sums: &mut CellSums,
        findings: &mut Vec<Finding>,
    ) {
        for profile in &rule.profiles {
            for channel in &rule.channels {
                for dimension in &rule.dimensions {
                    let (profile, channel, dimension) = (*profile, *channel, *dimension);
                    let key = TableKey { rule: index, profile, channel, dimension };
                    self.compare_groups(scene, rule, key, (watched, sums), findings);
                }
            }
        }
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

    /// Returns the funnel of every place that a rule names, in the windows that end at the scene's time.
    #[must_use]
    pub fn funnel(&mut self, scene: &Scene<'_>, sums: &mut CellSums) -> Funnel {
        self.funnel.count(scene, sums)
    }

    /// Returns how often a table of a rule, profile, channel and dimension was computed since the evaluator was made. Those that no change
    /// reached are kept from evaluation to evaluation.
    #[must_use]
    pub const fn computed(&self) -> u64 {
        self.computed
    }

    fn compare_groups(
        &mut self,
        scene: &Scene<'_>,
        rule: DisparityRule<'_>,
        key: TableKey,
        (watched, sums): (&WatchList, &mut CellSums),
        findings: &mut Vec<Finding>,
    ) {
        let dimension = scene.plan.dimensions.get(usize::from(key.dimension.0));
        let dimension = invariant::present(Room::Judge, "a rule names dimensions of its plan", dimension);
        let Some(dimension) = dimension else { return };
        // Empty where the rule asks for other evidence, or where the dimension has no group of the reference's name.
        let evidence = scene.sequences.evidence(key, scene.plan, watched);
        // A group that evidence takes for the reference has no series that reads.
        let can_alarm = evidence.iter().flatten().any(|evidence| blocks_to_alarm(evidence, &scene.plan.evidence) == 0);
        let labels: Vec<Arc<str>> = rule.windows.iter().map(|window| self.label(&window.label)).collect();
        // Taken out meanwhile, because the standing verdicts change as well.
        let mut known = self.known.remove(&key).unwrap_or_default();
        let is_new = known.renew(scene, &Topic::new(scene, rule, dimension, key), sums);
        self.computed = self.computed.saturating_add(u64::from(is_new));
        let places = (0..).map(GroupId).flat_map(|group| labels.iter().enumerate().map(move |label| (group, label)));
        for (row, (group, (window, label))) in known.rows.iter().zip(places) {
            let Some(row) = row else { continue };
            let evidence = evidence.get(usize::from(group.0)).copied().flatten();
            let place = Place { table: key, group, window };
            findings.push(self.finding(scene, rule, (place, label), row, (evidence, can_alarm)));
        }
        self.known.insert(key, known);
    }

    fn finding(
        &mut self,
        scene: &Scene<'_>,
        rule: DisparityRule<'_>,
        (place, label): (Place, &Arc<str>),
        row: &Row,
        (evidence, can_alarm): (Option<SeriesEvidence>, bool),
    ) -> Finding {
        let Row { inputs, numbers, .. } = row;
        let by_evidence = evidence.as_ref().map(|evidence| self.standing_verdict(place, numbers.verdict, evidence));
        let plan = &scene.plan.evidence;
        let to_alarm = evidence.filter(|_| !can_alarm).map(|evidence| blocks_to_alarm(&evidence, plan));
        let mut needed = None;
        let judged = match by_evidence.unwrap_or(numbers.verdict) {
            Verdict::Within if to_alarm.is_some() => {
                needed = to_alarm.map(|blocks| blocks.saturating_mul(block_target(rule, plan)));
                Verdict::InsufficientData
            }
            Verdict::Within if is_incomplete(rule, row) => Verdict::Incomplete,
            judged => judged,
        };
        Finding {
            key: key_of(place, rule, label),
            reason: None,
            claim: None,
            last_heard: None,
            outcomes: row.outcomes,
            association: None,
            contrast: None,
            versions: None,
            smallest: None,
            smallest_of_needed: None,
            interaction: None,
            values: numbers.values,
            mix: numbers.mix.clone(),
            group: inputs.group,
            reference: inputs.reference,
            reference_group: row.reference_group.clone(),
            ratio: numbers.ratio,
            difference: numbers.difference,
            p_value: numbers.p_value,
            stratified: numbers.stratified.clone(),
            told_strata: numbers.told_strata.clone(),
            needed: numbers.needed.or(needed).filter(|_| rule.terms.reference != Reference::Overall),
            pending: row.pending,
            probabilistic: row.probabilistic,
            missing: row.missing,
            evidence,
            verdict: verdict(scene, rule, place.table.profile, judged),
            beyond_clear: by_evidence.map_or(numbers.beyond_clear, |verdict| verdict >= Verdict::Warning),
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

    fn label(&mut self, label: &str) -> Arc<str> {
        if let Some(known) = self.labels.get(label) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = label.into();
        self.labels.insert(label.to_owned(), Arc::clone(&shared));
        shared
    }
}

impl Known {
    /// Brings the rows up to the scene. Numbers of unchanged counts are kept. Returns whether anything may have changed.
    fn renew(&mut self, scene: &Scene<'_>, topic: &Topic<'_>, sums: &mut CellSums) -> bool {
        let stamp = topic.stamp(scene);
        if stamp.is_some() && stamp == self.stamp {
            return false;
        }
        self.stamp = stamp;
        let tables = topic.tables(scene, sums).into_iter();
        let tables: Vec<(Table<'_>, Vec<Option<PendingBounds>>)> =
            tables.map(|table| (table.pending_bounds(), table)).map(|(pending, table)| (table, pending)).collect();
        let groups = topic.dimension.groups.len();
        self.rows.resize_with(groups * tables.len(), || None);
        let places = (0..groups).flat_map(|group| tables.iter().map(move |table| (group, table)));
        for (row, (group, (table, pending))) in self.rows.iter_mut().zip(places) {
            *row = (table.against != Against::Group(group)).then(|| {
                let inputs = table.inputs(group);
                let kept = row.take().filter(|row| row.inputs == inputs).map(|row| row.numbers);
                Row {
                    numbers: kept.unwrap_or_else(|| judge(topic.rule, &inputs)),
                    missing: table.missing(group, &inputs),
                    inputs,
                    reference_group: table.reference_group(),
                    pending: pending.get(group).copied().flatten(),
                    outcomes: table.outcome_range(group),
                    probabilistic: table.bracket(group),
                }
            });
        }
        true
    }
}

/// Whether so much is missing that the finding is not `within`.
fn is_incomplete(rule: DisparityRule<'_>, row: &Row) -> bool {
    let Row { inputs, numbers, missing, .. } = row;
    missing.case_share() > rule.max_missing
        || missing.event_share() > rule.max_missing && may_be_beyond(rule, inputs, numbers, missing)
}

/// `overall` contains the group itself and is never judged. A silent profile is stale, whatever its counts.
fn verdict(scene: &Scene<'_>, rule: DisparityRule<'_>, profile: ProfileId, judged: Verdict) -> Option<Verdict> {
    let stale = scene.stale.get(usize::from(profile.0)).copied().unwrap_or(false);
    match rule.terms.reference {
        Reference::Overall => None,
        _ if stale => Some(Verdict::Stale),
        _ => Some(judged),
    }
}

fn key_of(place: Place, rule: DisparityRule<'_>, label: &Arc<str>) -> FindingKey {
    let TableKey { rule: index, profile, channel, dimension } = place.table;
    FindingKey {
        rule: index,
        profile,
        channel,
        dimension: Some(dimension),
        group: Some(place.group),
        indicator: Some(rule.terms.indicator),
        window: Arc::clone(label),
        subject: None,
    }
}

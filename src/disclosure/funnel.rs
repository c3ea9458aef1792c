//! The funnel that may be published.
//!
//! A group is shown as a chain of stages in which each count, and the difference between any two counts, is at least `min_cell`. A stage that
//! would break the chain is left out, so its distance to a neighbour cannot be computed. Ratios use only counts that are shown. A ratio against
//! the rest would reveal the sum of the withheld groups, and with it a group that is withheld alone. So it is withheld unless that sum without
//! its largest part is at least `min_cell`.

use crate::judge::{ByClass, FunnelTable, Stage, StageCounts};
use crate::plan::{GroupId, Plan};
use crate::statistics::Factor;

/// The funnel of one group over one window. A number that is withheld or undefined is absent.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names of a finding's fields")]
pub struct PublishedFunnel {
    pub profile: String,
    pub channel: &'static str,
    pub dimension: String,
    pub group: String,
    /// `rest` or a group: the reference of the first rule about the same profile, channel, dimension and window that names one.
    pub reference: String,
    pub window: String,
    /// Cases that have reached each stage, in the order of [`Stage::ALL`].
    pub stages: [Option<u64>; Stage::ALL.len()],
    /// Ratio of control frequencies (controlled / assessed), group over reference.
    pub control_frequency: Option<f64>,
    /// The factors of that ratio, then those of the later stages. Empty for the reference itself.
    pub steps: Vec<PublishedStep>,
    /// Where the profile has high risk classes.
    pub high_classes: Option<PublishedShare>,
    /// Whether any number is withheld.
    pub suppressed: bool,
}

/// One step of the funnel: how much more often the group takes it than its reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedStep {
    /// `risk_class`, if a rule stratifies by it; then `selected`, `controlled`, `concluded`, `hit`.
    pub step: &'static str,
    /// Group divided by reference, of those who reached the stage before. If there is a `risk_class` step, `selected` is the factor within classes.
    pub ratio: Option<f64>,
    /// The limits of the ratio; the upper one is absent where it is infinite.
    pub lower: Option<f64>,
    #[expect(missing_docs, reason = "see above")]
    pub upper: Option<f64>,
}

/// How a disparity of selection splits by the share in the high risk classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedShare {
    /// The group's share in the high classes, divided by the reference's.
    pub share: Factor,
    /// What is left of the ratio of selection rates.
    pub rest: Factor,
}

/// Which stages of one series of counts are shown.
type Shown = [bool; Stage::ALL.len()];

/// Returns the rows of a table; none if it is about something that the plan does not have.
pub(super) fn publish_table(plan: &Plan, table: &FunnelTable) -> Vec<PublishedFunnel> {
    let shown: Vec<Shown> = table.groups.iter().map(|group| chain(plan.min_cell, group, [true; 5])).collect();
    let total = total_known(plan.min_cell, &table.groups, &shown);
    let references = table.references();
    let listed = references.into_iter().enumerate();
    listed.filter_map(|(index, reference)| row(plan, table, &shown, total, (index, reference))).collect()
}

fn row(
    plan: &Plan,
    table: &FunnelTable,
    shown: &[Shown],
    total: Shown,
    (index, reference): (usize, Option<StageCounts>),
) -> Option<PublishedFunnel> {
    let dimension = plan.dimensions.get(usize::from(table.dimension.0))?;
    let (counts, own) = (table.groups.get(index)?, shown.get(index)?);
    let other = match (table.reference, &reference) {
        (Some(GroupId(group)), _) => shown.get(usize::from(group)).copied()?,
        (None, Some(rest)) => chain(plan.min_cell, rest, total),
        (None, None) => [false; 5],
    };
    let both: Shown = std::array::from_fn(|stage| at(own, stage) && at(&other, stage));
    let steps = reference.map_or_else(Vec::new, |reference| steps(table, index, &reference, (both, plan.min_cell)));
    let classes = table.classes_of(index).filter(|_| at(&both, 0) && at(&both, 1));
    // Share and limits of these factors could be solved for the counts of single classes.
    let solvable = |classes: &&ByClass| classes.smallest < plan.min_cell;
    let shares = classes.filter(|classes| !solvable(classes)).map(|classes| classes.factors);
    let shares = shares.and_then(|factors| Some(PublishedShare { share: factors.share?, rest: factors.rest? }));
    let known = |stage: Stage| at(&both, stage as usize);
    let stages = Stage::ALL.map(|stage| at(own, stage as usize).then(|| counts.at(stage)));
    Some(PublishedFunnel {
        profile: plan.profiles.get(usize::from(table.profile.0))?.name.clone(),
        channel: table.channel.name(),
        dimension: dimension.name.clone(),
        group: dimension.groups.get(index)?.clone(),
        reference: match table.reference {
            Some(group) => dimension.groups.get(usize::from(group.0))?.clone(),
            None => "rest".to_owned(),
        },
        window: table.window.clone(),
        stages,
        control_frequency: reference
            .filter(|_| known(Stage::Assessed) && known(Stage::Controlled))
            .and_then(|reference| counts.ratio(&reference, Stage::Assessed, Stage::Controlled)),
        steps,
        high_classes: shares,
        suppressed: both.contains(&false),
    })
}

fn steps(
    table: &FunnelTable,
    index: usize,
    reference: &StageCounts,
    (both, min_cell): (Shown, u64),
) -> Vec<PublishedStep> {
    let Some(counts) = table.groups.get(index) else { return Vec::new() };
    let step = |from: Stage, to: Stage| {
        let is_shown = at(&both, from as usize) && at(&both, to as usize);
        let ratio = counts.ratio(reference, from, to).filter(|_| is_shown);
        let interval = table.interval((counts, reference), from, to).filter(|_| ratio.is_some());
        let (lower, upper) = interval.map_or((None, None), |(lower, upper)| (Some(lower), upper));
        PublishedStep { step: to.name(), ratio, lower, upper }
    };
    let [assessed, selected, controlled, concluded, hit] = Stage::ALL;
    let mut steps =
        vec![step(assessed, selected), step(selected, controlled), step(controlled, concluded), step(concluded, hit)];
    if !table.by_class.is_empty() {
        let classes = table.classes_of(index).filter(|_| at(&both, 0) && at(&both, 1));
        let factors = classes.and_then(|classes| Some((classes.factors.class?, classes.factors.within?)));
        let limits = classes.is_some_and(|classes| classes.smallest >= min_cell);
        if let (Some(first), Some((_, within))) = (steps.first_mut(), factors) {
            *first = PublishedStep::of(first.step, Some(within), limits);
        }
        steps.insert(0, PublishedStep::of("risk_class", factors.map(|(class, _)| class), limits));
    }
    steps
}

impl PublishedStep {
    /// With or without the limits.
    fn of(step: &'static str, factor: Option<Factor>, limits: bool) -> Self {
        let of = |number: fn(Factor) -> f64| factor.map(number);
        Self {
            step,
            ratio: of(|factor| factor.value),
            lower: of(|factor| factor.lower).filter(|_| limits),
            upper: of(|factor| factor.upper).filter(|_| limits),
        }
    }
}

/// Returns the stages that can be shown together, chosen from the first on: all counts and all their differences are at least `min_cell`.
fn chain(min_cell: u64, counts: &StageCounts, allowed: Shown) -> Shown {
    let mut last: Option<u64> = None;
    let mut shown = [false; Stage::ALL.len()];
    for ((stage, shown), allowed) in Stage::ALL.iter().zip(&mut shown).zip(allowed) {
        let count = counts.at(*stage);
        let apart = last.is_none_or(|last| last.saturating_sub(count) >= min_cell);
        if allowed && count >= min_cell && apart {
            *shown = true;
            last = Some(count);
        }
    }
    shown
}

/// Returns the stages at which the sum over all groups may be known, because the withheld groups stay hidden in it.
///
/// An empty group needs no cover and gives none, because there is nobody in it.
fn total_known(min_cell: u64, groups: &[StageCounts], shown: &[Shown]) -> Shown {
    let hidden = |stage: usize| -> Vec<usize> {
        let hidden = groups.iter().zip(shown).zip(0..);
        hidden.filter(|((group, shown), _)| !group.is_empty() && !at(shown, stage)).map(|(_, index)| index).collect()
    };
    let covered = |parts: &[u64]| {
        let largest = parts.iter().max().copied().unwrap_or(0);
        let sum = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
        parts.is_empty() || sum - largest >= min_cell
    };
    let count = |index: &usize, stage: Stage| groups.get(*index).map_or(0, |group| group.at(stage));
    let mut known = [false; Stage::ALL.len()];
    for (number, stage) in Stage::ALL.into_iter().enumerate() {
        let parts = hidden(number);
        let counts: Vec<u64> = parts.iter().map(|index| count(index, stage)).collect();
        // If the same groups are withheld at an earlier stage, the difference of the two sums is known, too.
        let earlier = Stage::ALL.into_iter().take(number).filter(|earlier| at(&known, *earlier as usize));
        let differences = earlier.filter(|earlier| hidden(*earlier as usize) == parts).map(|earlier| {
            parts.iter().map(|index| count(index, earlier).saturating_sub(count(index, stage))).collect::<Vec<u64>>()
        });
        let fine = covered(&counts) && differences.into_iter().all(|parts| covered(&parts));
        if let Some(known) = known.get_mut(number) {
            *known = fine;
        }
    }
    known
}

fn at(shown: &Shown, stage: usize) -> bool {
    shown.get(stage).copied().unwrap_or(false)
}

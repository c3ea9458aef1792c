//! The funnel that may be published.
//!
//! Its counts are those of the linked tables. Ratios follow from counts that are shown; the factors by risk class, which do not, have two digits.

use super::digits::Digits;
use super::told::ToldFunnel;
use crate::judge::{ByClass, Stage, StageCounts};
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

/// Counts of the stages of one series, as far as they are told.
type Told = [Option<u64>; Stage::ALL.len()];

/// Returns the rows of all tables; none of what the plan does not have.
pub(super) fn publish_funnel(plan: &Plan, tables: &[ToldFunnel]) -> Vec<PublishedFunnel> {
    let rows = |told: &ToldFunnel| -> Vec<PublishedFunnel> {
        (0..told.groups.len()).filter_map(|index| row(plan, told, index)).collect()
    };
    tables.iter().flat_map(rows).collect()
}

fn row(plan: &Plan, told: &ToldFunnel, index: usize) -> Option<PublishedFunnel> {
    let table = &told.table;
    let dimension = plan.dimensions.get(usize::from(table.dimension.0))?;
    let own = told.groups.get(index)?;
    let reference = told.references.get(index)?.as_ref();
    let digits = Digits::of(&plan.disclosure);
    let both = reference.map(|reference| [own, reference]);
    let classes = table.classes_of(index).filter(|classes| {
        // Share and limits of these factors could be solved for the counts of single classes.
        classes.smallest >= plan.disclosure.min_cell && both.is_some_and(|both| both.iter().all(|told| knows(told, 1)))
    });
    let shares = classes.map(|classes| classes.factors);
    let shares = shares.and_then(|factors| {
        Some(PublishedShare { share: cut(digits, factors.share?), rest: cut(digits, factors.rest?) })
    });
    Some(PublishedFunnel {
        profile: plan.profiles.get(usize::from(table.profile.0))?.name.clone(),
        channel: table.channel.name(),
        dimension: dimension.name.clone(),
        group: dimension.groups.get(index)?.clone(),
        reference: match table.reference {
            Some(GroupId(group)) => dimension.groups.get(usize::from(group))?.clone(),
            None => "rest".to_owned(),
        },
        window: table.window.clone(),
        stages: *own,
        control_frequency: both.and_then(|both| ratio(both, Stage::Assessed, Stage::Controlled)),
        steps: both.map_or_else(Vec::new, |both| steps(told, both, classes, digits)),
        high_classes: shares,
        suppressed: own.contains(&None) || reference.is_none_or(|reference| reference.contains(&None)),
    })
}

/// Whether the stages up to this one are told.
fn knows(told: &Told, stage: usize) -> bool {
    told.iter().take(stage.saturating_add(1)).all(Option::is_some)
}

/// Returns the counts with 0 for what is not told, which nobody reads.
fn counts(told: &Told) -> StageCounts {
    StageCounts(told.map(Option::unwrap_or_default))
}

fn ratio([own, reference]: [&Told; 2], from: Stage, to: Stage) -> Option<f64> {
    let is_told = |told: &Told| [from, to].iter().all(|stage| told.get(*stage as usize).is_some_and(Option::is_some));
    (is_told(own) && is_told(reference)).then(|| counts(own).ratio(&counts(reference), from, to)).flatten()
}

fn steps(told: &ToldFunnel, both: [&Told; 2], classes: Option<&ByClass>, digits: Digits) -> Vec<PublishedStep> {
    let table = &told.table;
    let step = |from: Stage, to: Stage| {
        let ratio = ratio(both, from, to);
        let [own, reference] = both.map(counts);
        let interval = table.interval((&own, &reference), from, to).filter(|_| ratio.is_some());
        let (lower, upper) = interval.map_or((None, None), |(lower, upper)| (Some(lower), upper));
        PublishedStep { step: to.name(), ratio, lower, upper }
    };
    let [assessed, selected, controlled, concluded, hit] = Stage::ALL;
    let mut steps =
        vec![step(assessed, selected), step(selected, controlled), step(controlled, concluded), step(concluded, hit)];
    if !table.by_class.is_empty() {
        let factors = classes.and_then(|classes| Some((classes.factors.class?, classes.factors.within?)));
        if let (Some(first), Some((_, within))) = (steps.first_mut(), factors) {
            *first = PublishedStep::of(first.step, Some(cut(digits, within)));
        }
        steps.insert(0, PublishedStep::of("risk_class", factors.map(|(class, _)| cut(digits, class))));
    }
    steps
}

fn cut(digits: Digits, factor: Factor) -> Factor {
    Factor { value: digits.two(factor.value), lower: digits.two(factor.lower), upper: digits.two(factor.upper) }
}

impl PublishedStep {
    fn of(step: &'static str, factor: Option<Factor>) -> Self {
        let of = |number: fn(Factor) -> f64| factor.map(number);
        Self {
            step,
            ratio: of(|factor| factor.value),
            lower: of(|factor| factor.lower),
            upper: of(|factor| factor.upper),
        }
    }
}

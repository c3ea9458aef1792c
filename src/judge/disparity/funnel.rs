//! Where a disparity arises: how many cases of each group reach each stage, and the stages' ratios.
//!
//! Windows count a fact when it arrives, so the later stages of recent cohorts are still filling up.

use std::collections::BTreeMap;

use super::indicator::{Subject, counts, population};
use crate::judge::Scene;
use crate::ledger::RISK_CLASS;
use crate::plan::{Channel, DimensionId, GroupId, Indicator, ProfileId, Reference, Rule};
use crate::window::{Counts, Range};

/// Most groups in all tables of the funnel; tables that would take it beyond are left out and counted.
pub const MAX_FUNNEL_ROWS: usize = 20_000;

/// The funnel at one moment: a table for each profile, channel, dimension and window that a rule speaks of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Funnel {
    /// By profile, channel, dimension and length of the window.
    pub tables: Vec<FunnelTable>,
    /// Groups of tables that were left out because of [`MAX_FUNNEL_ROWS`].
    pub left_out: usize,
}

/// The funnel of every group of a dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelTable {
    /// The profile.
    pub profile: ProfileId,
    /// The channel.
    pub channel: Channel,
    /// The dimension.
    pub dimension: DimensionId,
    /// The window's label.
    pub window: String,
    /// The group that the others are compared with; `None`: each with the rest.
    pub reference: Option<GroupId>,
    /// Listed groups in the configuration's order, then everyone outside the allow-list.
    pub groups: Vec<StageCounts>,
    /// By group: how many would be selected if, within each risk class, it were selected as often as its reference; empty where no
    /// rule stratifies by the risk class, `None` where a class of the group has no case of the reference.
    pub expected_selected: Vec<Option<f64>>,
}

/// A stage of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// At risk of being picked; the population, where that stands in the profile's denominators.
    Assessed,
    /// Picked.
    Selected,
    /// Examined.
    Controlled,
    /// With violation or no violation found.
    Concluded,
    /// With a violation found that stands.
    Hit,
}

/// Cases by the stage they have reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCounts(pub [u64; Stage::ALL.len()]);

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Assessed, Self::Selected, Self::Controlled, Self::Concluded, Self::Hit];

    /// The word for it in metrics and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assessed => "assessed",
            Self::Selected => "selected",
            Self::Controlled => "controlled",
            Self::Concluded => "concluded",
            Self::Hit => "hit",
        }
    }
}

impl StageCounts {
    /// Cases that have reached the stage.
    #[must_use]
    pub const fn at(&self, stage: Stage) -> u64 {
        let [assessed, selected, controlled, concluded, hit] = self.0;
        match stage {
            Stage::Assessed => assessed,
            Stage::Selected => selected,
            Stage::Controlled => controlled,
            Stage::Concluded => concluded,
            Stage::Hit => hit,
        }
    }

    /// Whether no case has reached any stage.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of `other` more, saturating.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
        self
    }

    /// All of `other` less, not below 0.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(count, less)| *count = count.saturating_sub(less));
        self
    }

    /// Of those that have reached `from`, the share that has reached `to`; `None` where nobody has reached `from`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn rate(&self, from: Stage, to: Stage) -> Option<f64> {
        (self.at(from) > 0).then(|| self.at(to) as f64 / self.at(from) as f64)
    }

    /// The rate over the reference's; `None` where either is undefined or the reference's is 0.
    #[must_use]
    pub fn ratio(&self, reference: &Self, from: Stage, to: Stage) -> Option<f64> {
        let rate = reference.rate(from, to).filter(|rate| *rate > 0.0)?;
        Some(self.rate(from, to)? / rate)
    }
}

impl FunnelTable {
    /// All groups together, those outside the allow-list too.
    #[must_use]
    pub fn total(&self) -> StageCounts {
        self.groups.iter().fold(StageCounts::default(), |sum, group| sum.plus(group))
    }

    /// The counts that each group is compared with; `None` for the reference itself.
    #[must_use]
    pub fn references(&self) -> Vec<Option<StageCounts>> {
        let named = self.reference.map(|group| usize::from(group.0));
        let total = self.total();
        let of = |(index, group): (usize, &StageCounts)| match named {
            Some(reference) if reference == index => None,
            Some(reference) => self.groups.get(reference).copied(),
            None => Some(total.minus(group)),
        };
        self.groups.iter().enumerate().map(of).collect()
    }

    /// What the risk class alone, and what selection within it, make of the ratio of selection rates: two factors of that ratio.
    ///
    /// Indirect standardisation: with e the selected expected at the reference's rates within each class, the first factor is
    /// (e / assessed) / the reference's rate, the second selected / e. `None` where no rule stratifies by the risk class, or where one of
    /// the two is undefined.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn risk_class_factors(&self, index: usize, reference: &StageCounts) -> Option<(f64, f64)> {
        let expected = self.expected_selected.get(index).copied().flatten().filter(|expected| *expected > 0.0)?;
        let group = self.groups.get(index)?;
        let rate = reference.rate(Stage::Assessed, Stage::Selected).filter(|rate| *rate > 0.0)?;
        let assessed = group.at(Stage::Assessed);
        let factors = (expected / assessed as f64 / rate, group.at(Stage::Selected) as f64 / expected);
        (assessed > 0).then_some(factors)
    }
}

/// Counts the funnel in the windows that end at the scene's time.
#[must_use]
pub fn funnel(scene: &Scene<'_>) -> Funnel {
    let mut funnel = Funnel::default();
    let mut rows = 0;
    for (place, asked) in places(scene) {
        let groups = scene.plan.dimensions.get(usize::from(place.2.0)).map_or(0, |dimension| dimension.groups.len());
        if rows + groups > MAX_FUNNEL_ROWS {
            funnel.left_out += groups;
            continue;
        }
        rows += groups;
        funnel.tables.push(table(scene, place, &asked));
    }
    funnel
}

/// Profile, channel, dimension, and the window's length and label.
type Place<'s> = (ProfileId, Channel, DimensionId, (i64, &'s str));

/// What the rules of a place ask of its table.
#[derive(Default)]
struct Asked {
    reference: Option<GroupId>,
    decided: bool,
    by_risk_class: bool,
}

/// The places that rules speak of. The first rule that compares with the rest or with a named group of the dimension gives the reference.
fn places<'s>(scene: &Scene<'s>) -> BTreeMap<Place<'s>, Asked> {
    let mut places: BTreeMap<Place<'s>, Asked> = BTreeMap::new();
    for rule in &scene.plan.rules {
        for profile in &rule.profiles {
            for channel in &rule.channels {
                for dimension in &rule.dimensions {
                    let reference = named_reference(scene, rule, *dimension);
                    for window in &rule.windows {
                        let place = (*profile, *channel, *dimension, (window.length.0, window.label.as_str()));
                        let asked = places.entry(place).or_default();
                        asked.by_risk_class |= rule.stratify_by.as_deref() == Some(RISK_CLASS);
                        if let Some(reference) = reference.filter(|_| !asked.decided) {
                            asked.reference = reference;
                            asked.decided = true;
                        }
                    }
                }
            }
        }
    }
    places
}

/// `Some(None)`: the rest; `None`: a reference that is neither the rest nor a group of the dimension.
fn named_reference(scene: &Scene<'_>, rule: &Rule, dimension: DimensionId) -> Option<Option<GroupId>> {
    match &rule.reference {
        Reference::Rest => Some(None),
        Reference::Group(name) => {
            let dimension = scene.plan.dimensions.get(usize::from(dimension.0))?;
            dimension.group_id(name).map(Some)
        }
        _ => None,
    }
}

fn table(scene: &Scene<'_>, place: Place<'_>, asked: &Asked) -> FunnelTable {
    let (profile, channel, dimension, (length, label)) = place;
    let range = Range::rolling(scene.as_of, crate::plan::Span(length));
    let subject = Subject { profile, channel, dimension, indicator: Indicator::SelectionRate, range };
    let population = population(scene, &subject);
    let groups = counts(scene, &subject, None)
        .iter()
        .enumerate()
        .map(|(index, counts)| {
            StageCounts::of(counts, population.map(|groups| groups.get(index).copied().unwrap_or(0)))
        })
        .collect();
    let reference = asked.reference;
    let mut table = FunnelTable {
        profile,
        channel,
        dimension,
        window: label.to_owned(),
        reference,
        groups,
        expected_selected: Vec::new(),
    };
    // A population is not known by risk class.
    if asked.by_risk_class && population.is_none() {
        table.expected_selected = expected_selected(scene, &subject, &table);
    }
    table
}

/// See [`FunnelTable::expected_selected`].
fn expected_selected(scene: &Scene<'_>, subject: &Subject, table: &FunnelTable) -> Vec<Option<f64>> {
    let Some(stratum) = scene.attributes.stratum_id(RISK_CLASS) else { return Vec::new() };
    let classes: Vec<(Vec<StageCounts>, Vec<Option<StageCounts>>)> = scene
        .attributes
        .stratum_values(stratum)
        .into_iter()
        .map(|value| {
            let groups = counts(scene, subject, Some((stratum, value)));
            let groups = groups.iter().map(|counts| StageCounts::of(counts, None)).collect();
            let class = FunnelTable { groups, ..table.clone() };
            let references = class.references();
            (class.groups, references)
        })
        .collect();
    let references = table.references();
    let sides = table.groups.iter().zip(references).enumerate();
    sides.map(|(index, (group, reference))| expected_in(&classes, index, (group, &reference?))).collect()
}

/// `None` where a class of the group has no case of the reference.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn expected_in(
    classes: &[(Vec<StageCounts>, Vec<Option<StageCounts>>)],
    index: usize,
    (whole, whole_reference): (&StageCounts, &StageCounts),
) -> Option<f64> {
    let mut expected = 0.0;
    let (mut own, mut other) = (StageCounts::default(), StageCounts::default());
    for (groups, references) in classes {
        let (group, reference) = (groups.get(index)?, references.get(index)?.as_ref()?);
        if group.at(Stage::Assessed) > 0 {
            expected += group.at(Stage::Assessed) as f64 * reference.rate(Stage::Assessed, Stage::Selected)?;
        }
        (own, other) = (own.plus(group), other.plus(reference));
    }
    // Cases from before a rule first asked for the risk class are in no class: then the classes say nothing of the whole.
    let complete = |sum: &StageCounts, all: &StageCounts| {
        [Stage::Assessed, Stage::Selected].iter().all(|stage| sum.at(*stage) == all.at(*stage))
    };
    (complete(&own, whole) && complete(&other, whole_reference)).then_some(expected)
}

impl StageCounts {
    const fn of(counts: &Counts, population: Option<u64>) -> Self {
        let assessed = match population {
            Some(population) => population,
            None => counts.assessed,
        };
        Self([assessed, counts.selected, counts.controlled, counts.concluded, counts.hits])
    }
}

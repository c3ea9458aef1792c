//! The funnel: how many cases of each group reach each stage.

use crate::plan::{Channel, DimensionId, GroupId, ProfileId};
use crate::statistics::{Confidence, Decomposition, Proportion, ratio_interval};
use crate::window::Counts;

/// The funnel at one moment: a table for each profile, channel, dimension and window that a rule names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Funnel {
    /// By profile, channel, dimension and length of the window.
    pub tables: Vec<FunnelTable>,
    /// The number of groups in tables that were left out because of [`MAX_FUNNEL_ROWS`].
    pub left_out: usize,
}

/// The most groups in all tables of the funnel together. Tables beyond that are left out, and counted.
pub const MAX_FUNNEL_ROWS: usize = 20_000;

/// The funnel of every group of a dimension, in one window.
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
    /// The group that the others are compared with; `None` where each is compared with the rest.
    pub reference: Option<GroupId>,
    /// The listed groups in the order of the configuration.
    pub groups: Vec<StageCounts>,
    /// By group: how its ratio of selection rates splits by risk class. Empty where nobody asks for risk classes; `None` for
    /// the reference, and where the classes do not hold all cases.
    pub by_class: Vec<Option<ByClass>>,
    /// Confidence of the intervals: that of the first rule about the place.
    pub confidence: Option<Confidence>,
}

/// How a ratio of selection rates splits by risk class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByClass {
    /// The factors.
    pub factors: Decomposition,
    /// The smallest count that they rest on: of the selected, and of the others, of each side in each class that has
    /// anybody. It decides what may be published.
    pub smallest: u64,
}

/// A stage of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// At risk of being picked; where the profile's denominator is a population, that.
    Assessed,
    /// Picked.
    Selected,
    /// Examined by a performed control.
    Controlled,
    /// With the outcome violation or no violation.
    Concluded,
    /// With a violation that stands.
    Hit,
}

/// How many cases have reached each stage, in the order of [`Stage::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCounts(pub [u64; Stage::ALL.len()]);

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Assessed, Self::Selected, Self::Controlled, Self::Concluded, Self::Hit];

    /// Returns the word for it in metrics and JSON.
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
    /// Returns the stages of counts. `population`, where it is given, stands in for the cases assessed.
    pub(super) const fn of(counts: &Counts, population: Option<u64>) -> Self {
        let assessed = match population {
            Some(population) => population,
            None => counts.assessed,
        };
        Self([assessed, counts.selected, counts.controlled, counts.concluded, counts.hits])
    }

    /// Returns how many cases have reached the stage.
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

    /// Returns whether no case has reached any stage.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the sum of both, saturating.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
        self
    }

    /// Returns these counts without those of `other`, which are a part of them; not below 0.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(count, less)| *count = count.saturating_sub(less));
        self
    }

    /// Returns the share that has reached `to` of those that have reached `from`; `None` where nobody has reached
    /// `from`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn rate(&self, from: Stage, to: Stage) -> Option<f64> {
        (self.at(from) > 0).then(|| self.at(to) as f64 / self.at(from) as f64)
    }

    /// Returns the rate divided by the reference's; `None` where either is undefined or the reference's is 0.
    #[must_use]
    pub fn ratio(&self, reference: &Self, from: Stage, to: Stage) -> Option<f64> {
        let rate = reference.rate(from, to).filter(|rate| *rate > 0.0)?;
        Some(self.rate(from, to)? / rate)
    }
}

impl FunnelTable {
    /// Returns the counts of all groups together.
    #[must_use]
    pub fn total(&self) -> StageCounts {
        self.groups.iter().fold(StageCounts::default(), |sum, group| sum.plus(group))
    }

    /// Returns the counts that each group is compared with; `None` for the reference itself.
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

    /// Returns how the ratio of selection rates of a group splits by risk class; `None` where that is not known.
    #[must_use]
    pub fn classes_of(&self, index: usize) -> Option<&ByClass> {
        self.by_class.get(index)?.as_ref()
    }

    /// Returns the interval of the ratio of a stage: of those who reached `from`, the group's share that reached `to`
    /// divided by the reference's. `None` where that has none, as where more reached a stage than the one before it.
    #[must_use]
    pub fn interval(
        &self,
        (group, reference): (&StageCounts, &StageCounts),
        from: Stage,
        to: Stage,
    ) -> Option<(f64, Option<f64>)> {
        let proportion = |counts: &StageCounts| Proportion::new(counts.at(to), counts.at(from));
        let interval = ratio_interval(proportion(group)?, proportion(reference)?, self.confidence?)?;
        Some((interval.lower, Some(interval.upper).filter(|upper| upper.is_finite())))
    }
}

//! What is true of a stream: what a perfect monitor would find in it.

use std::fmt;

use super::chances::{Office, Origin, hit_rate, selection_rate, share};
use super::shape::{Scenario, Shape};

/// The truth of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    scenario: Scenario,
    /// The truth of each group, in the order of [`Origin::ALL`].
    pub groups: [GroupTruth; 3],
    /// The monitored group's selection rate over that of the rest, within each office.
    pub ratio_within_offices: f64,
}

/// The truth of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupTruth {
    /// The group's share of the cases.
    pub share: f64,
    /// The share of the group's cases that the profile picks.
    pub selection_rate: f64,
    /// The share of the group's concluded controls that find a violation.
    pub hit_rate: f64,
}

impl Truth {
    /// Returns the truth of a stream of this shape.
    #[must_use]
    pub fn of(shape: &Shape) -> Self {
        let in_the_north = |origin| selection_rate(shape, origin, Office::North);
        Self {
            scenario: shape.scenario,
            groups: Origin::ALL.map(|origin| GroupTruth::of(shape, origin)),
            ratio_within_offices: in_the_north(Origin::MONITORED) / in_the_north(Origin::Dutch),
        }
    }

    /// The monitored group's selection rate over that of the rest.
    #[must_use]
    pub fn selection_ratio(&self) -> f64 {
        let [dutch, european, monitored] = self.groups;
        let rest = (dutch.share * dutch.selection_rate + european.share * european.selection_rate)
            / (dutch.share + european.share);
        monitored.selection_rate / rest
    }

    /// The monitored group's hit rate over that of the rest.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        let [dutch, _, monitored] = self.groups;
        monitored.hit_rate / dutch.hit_rate
    }
}

impl GroupTruth {
    fn of(shape: &Shape, origin: Origin) -> Self {
        let mut group = Self { hit_rate: hit_rate(shape, origin), ..Self::default() };
        for office in Office::ALL {
            let share = 0.5 * share(shape, origin, office);
            group.share += share;
            group.selection_rate += share * selection_rate(shape, origin, office);
        }
        group.selection_rate /= group.share;
        group
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "true rates of scenario {}:", self.scenario)?;
        for (origin, group) in Origin::ALL.iter().zip(&self.groups) {
            let GroupTruth { share, selection_rate, hit_rate } = group;
            let name = origin.name();
            writeln!(
                formatter,
                "  {name:<13} share {share:.3}  selection_rate {selection_rate:.4}  hit_rate {hit_rate:.4}"
            )?;
        }
        write!(
            formatter,
            "true ratios of {} to the rest: selection_rate {:.3} (within offices {:.3}), hit_rate {:.3}",
            Origin::MONITORED.name(),
            self.selection_ratio(),
            self.ratio_within_offices,
            self.hit_ratio()
        )
    }
}

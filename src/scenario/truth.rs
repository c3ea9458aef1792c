//! What is true of a stream: what a perfect monitor would find.

use std::fmt;

use crate::scenario::{MONITORED, ORIGINS, Scenario, Shape};

/// Selection rate of everybody, unless the scenario says otherwise.
const SELECTION_RATE: f64 = 0.05;
/// Selection rates of the two offices of `simpson`.
const OFFICE_RATES: [f64; 2] = [0.02, 0.10];
/// The monitored group's share of the cases in the two offices of `simpson`.
const OFFICE_SHARES: [f64; 2] = [0.05, 0.20];
/// Share of controls that find a violation.
const HIT_RATE: f64 = 0.30;
/// The same in the monitored group of `skewed-hit-rate`.
const LOW_HIT_RATE: f64 = 0.20;

/// The truth of a stream, per group.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    scenario: Scenario,
    /// In the order of [`ORIGINS`].
    pub groups: [GroupTruth; 3],
    /// The monitored group's selection rate over that of the rest, within each office.
    pub ratio_within_offices: f64,
}

/// What is true of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupTruth {
    /// Share of the cases.
    pub share: f64,
    /// Share of its cases that the profile picks.
    pub selection_rate: f64,
    /// Share of its concluded controls that find a violation.
    pub hit_rate: f64,
}

impl Truth {
    /// The truth of a stream of this shape.
    #[must_use]
    pub fn of(shape: &Shape) -> Self {
        let mut groups = [GroupTruth::default(); 3];
        for (index, group) in groups.iter_mut().enumerate() {
            for office in 0..2 {
                let share = 0.5 * share(shape, index, office);
                group.share += share;
                group.selection_rate += share * selection_rate(shape, index, office);
            }
            group.selection_rate /= group.share;
            group.hit_rate = hit_rate(shape, index);
        }
        let [dutch, _, monitored] = [0, 1, 2].map(|index| selection_rate(shape, index, 0));
        Self { scenario: shape.scenario, groups, ratio_within_offices: monitored / dutch }
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

/// A group's share of an office's cases.
pub(super) fn share(shape: &Shape, group: usize, office: usize) -> f64 {
    let usual = ORIGINS.get(group).map_or(0.0, |(_, share)| *share);
    if shape.scenario != Scenario::Simpson {
        return usual;
    }
    let monitored = OFFICE_SHARES.get(office).copied().unwrap_or_default();
    let (_, usual_monitored) = ORIGINS[MONITORED];
    if group == MONITORED { monitored } else { usual / (1.0 - usual_monitored) * (1.0 - monitored) }
}

/// The chance of a group's case in an office to be picked by the profile.
pub(super) fn selection_rate(shape: &Shape, group: usize, office: usize) -> f64 {
    match shape.scenario {
        Scenario::Simpson => OFFICE_RATES.get(office).copied().unwrap_or_default(),
        Scenario::SkewedSelection if group == MONITORED => (SELECTION_RATE * shape.ratio).min(1.0),
        _ => SELECTION_RATE,
    }
}

/// The chance of a concluded control to find a violation.
pub(super) fn hit_rate(shape: &Shape, group: usize) -> f64 {
    match shape.scenario {
        Scenario::SkewedHitRate if group == MONITORED => LOW_HIT_RATE,
        // As many violations, but spread over more controls: the sign of a skew that finds nothing more.
        Scenario::SkewedSelection if group == MONITORED => HIT_RATE / shape.ratio.max(1.0),
        _ => HIT_RATE,
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "true rates of scenario {}:", self.scenario)?;
        for ((name, _), group) in ORIGINS.iter().zip(&self.groups) {
            let GroupTruth { share, selection_rate, hit_rate } = group;
            writeln!(
                formatter,
                "  {name:<13} share {share:.3}  selection_rate {selection_rate:.4}  hit_rate {hit_rate:.4}"
            )?;
        }
        let (name, _) = ORIGINS[MONITORED];
        write!(
            formatter,
            "true ratios of {name} to the rest: selection_rate {:.3} (within offices {:.3}), hit_rate {:.3}",
            self.selection_ratio(),
            self.ratio_within_offices,
            self.hit_ratio()
        )
    }
}

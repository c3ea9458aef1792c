//! What is true of a stream: what a perfect monitor would find in it.

use std::fmt;

use super::chances::{
    Office, Origin, complaint_share, concluded_share, controlled_share, hit_rate, random_share, selection_rate, share,
};
use super::handling::{HOME_VISITS, STRICTER, Strictness};
use super::making::{AUTOMATED_SHARE, BANNED_SHARE};
use super::shape::{Scenario, Shape};

/// The truth of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    scenario: Scenario,
    /// The truth of each group, in the order of [`Origin::ALL`].
    pub groups: [GroupTruth; 3],
    /// The monitored group's selection rate over that of the rest, within each office.
    pub ratio_within_offices: f64,
    /// What is true of duties; `None` where the events do not carry them.
    pub duties: Option<DutyTruth>,
}

/// What is true of the duties that a stream carries. All are shares, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DutyTruth {
    /// The share of the cases that are picked at random, once the profile picks.
    pub random_share: f64,
    /// The share of the random channel's concluded controls that find a violation.
    pub random_hit_rate: f64,
    /// The share of the profile's picks that are controlled.
    pub follow_through: f64,
    /// The share of the monitored group's controls without an outcome, and that of the others.
    pub missing_outcomes: [f64; 2],
    /// The share of the monitored group's controls that somebody complains about, and that of the others.
    pub complaints: [f64; 2],
    /// The share of the cases that nobody decides on.
    pub automated: f64,
    /// The share of the cases that a banned criterion applies to.
    pub banned: f64,
    /// How much stricter the monitored group is controlled; `None` where it is controlled like the others.
    pub stricter: Option<Strictness>,
}

/// The truth of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupTruth {
    /// The group's share of the cases.
    pub share: f64,
    /// The share of the group's cases that the profile picks; in `new-version` and `feedback-loop` after the change.
    pub selection_rate: f64,
    /// The share of the group's concluded controls that find a violation.
    pub hit_rate: f64,
}

impl Truth {
    /// Returns the truth of a stream of this shape.
    #[must_use]
    pub fn of(shape: &Shape) -> Self {
        let in_the_north = |origin| selection_rate(shape, origin, Office::North, true);
        Self {
            scenario: shape.scenario,
            groups: Origin::ALL.map(|origin| GroupTruth::of(shape, origin)),
            ratio_within_offices: in_the_north(Origin::MONITORED) / in_the_north(Origin::Dutch),
            duties: shape.scenario.carries_duties().then(|| DutyTruth::of(shape)),
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
        let mut group = Self { hit_rate: hit_rate(shape, origin, false), ..Self::default() };
        for office in Office::ALL {
            let share = 0.5 * share(shape, origin, office);
            group.share += share;
            group.selection_rate += share * selection_rate(shape, origin, office, true);
        }
        group.selection_rate /= group.share;
        group
    }
}

impl DutyTruth {
    fn of(shape: &Shape) -> Self {
        let scenario = shape.scenario;
        let only = |of: Scenario, share: f64| if scenario == of { share } else { 0.0 };
        Self {
            random_share: random_share(scenario, false),
            random_hit_rate: hit_rate(shape, Origin::MONITORED, true),
            follow_through: controlled_share(scenario, false),
            missing_outcomes: [Origin::MONITORED, Origin::Dutch].map(|origin| 1.0 - concluded_share(scenario, origin)),
            complaints: [Origin::MONITORED, Origin::Dutch].map(|origin| complaint_share(scenario, origin)),
            automated: only(Scenario::AutomatedDecisions, AUTOMATED_SHARE),
            banned: only(Scenario::BannedCriterion, BANNED_SHARE),
            stricter: (scenario == Scenario::StricterChecks).then_some(STRICTER),
        }
    }
}

impl fmt::Display for DutyTruth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { random_share, random_hit_rate, follow_through, missing_outcomes: [monitored, others], .. } = self;
        writeln!(
            formatter,
            "true duties: random channel {random_share:.3} of the cases, its hit_rate {random_hit_rate:.4}"
        )?;
        writeln!(
            formatter,
            "  follow_through {follow_through:.3}  missing outcomes {monitored:.3} of {}, {others:.3} of the rest",
            Origin::MONITORED.name()
        )?;
        let [monitored, others] = self.complaints;
        let name = Origin::MONITORED.name();
        writeln!(formatter, "  complaints about {monitored:.3} of the controls of {name}, {others:.3} of the rest")?;
        write!(formatter, "  automated decisions {:.3}  banned criterion {:.3}", self.automated, self.banned)?;
        let Some(Strictness { minutes, intensity, home_visits }) = self.stricter else { return Ok(()) };
        write!(
            formatter,
            "
  controls of {name} take {minutes} times as long, {intensity} more intensive, home visits {home_visits:.3} against {HOME_VISITS:.3}"
        )
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
        )?;
        self.duties.map_or(Ok(()), |duties| write!(formatter, "\n{duties}"))
    }
}

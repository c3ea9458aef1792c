//! What the rule kinds beside `disparity` ask. Formulas and defaults: the statistics of the rule kinds.

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::disparity::Indicator;
use super::stratum;
use super::time::{Span, WindowLength};

/// Kind `benchmark`: whether the random channel is large enough for the rules that compare with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    /// Indices of the rules that it serves, ascending.
    pub serves: Vec<usize>,
    /// The rate of violations that is planned with before the random channel has shown one, above 0 and below 1.
    pub base_rate: f64,
}

/// Kind `suitability`: whether the profile finds violations more often than chance does.
#[derive(Clone, Debug, PartialEq)]
pub struct Suitability {
    /// The smallest advantage, as a ratio of hit rates, that the profile should have shown once there are enough controls; above 1.
    pub ratio: f64,
    /// The chance with which that should have been shown, above 0 and below 1.
    pub power: f64,
    /// The ratio that must be exceeded to be shown, above 0.
    pub margin: f64,
    /// The probability with which one claim "shown" may be wrong, above 0 and below 1.
    pub show_level: f64,
    /// How long a claim holds (event time).
    pub shown_for: Span,
    /// The smallest number of concluded random controls in a block.
    pub block_random: u64,
    /// The longest block, however little it holds (event time).
    pub block_max: Span,
}

/// Kind `coverage`: whether the outcomes of controls are known, and of all groups alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// Below this share of known outcomes the verdict is `warning`; above 0 and below 1.
    pub warning: f64,
    /// Below this share it is `critical`; not above `warning`.
    pub critical: f64,
    /// Beyond this ratio of missing outcomes, or below its inverse, the verdict is `warning`; at least 1.
    pub unequal_warning: f64,
    /// Beyond this ratio, or below its inverse, it is `critical`; not below `unequal_warning`.
    pub unequal_critical: f64,
    /// Shares of missing outcomes that differ by less are never unequal.
    pub min_difference: f64,
}

/// Kind `automation`: whether a human decides, and whether the decision changes anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Automation {
    /// The number of selections by automated decision, in the window, up to which there is no violation.
    pub max_automated: u64,
    /// The share of selections that are controlled from which the human step is not meaningful; above 0 and below 1.
    pub max_follow_through: f64,
    /// The number of selections that completes a block of evidence.
    pub block_selected: u64,
}

/// Kind `criterion`: what a profile selects by.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// The criteria on the lists of the configuration, by name.
    pub watched: Vec<WatchedCriterion>,
    /// Whether a restricted criterion is critical, not a warning.
    pub restricted_is_critical: bool,
    /// From these lower limits of Cramer's V on, a criterion is watched, and flagged.
    pub association: [f64; 2],
    /// The same for the difference between the share of a group and that of the rest in which a value is used.
    pub difference: [f64; 2],
    /// The coefficient of variation of a criterion's use between blocks that is no evidence.
    pub block_variation: f64,
}

/// A criterion on a list of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedCriterion {
    /// Its name in events.
    pub name: String,
    /// The stratum that counts the cases in which it is used.
    pub stratum: String,
    /// Which list it is on.
    pub standing: CriterionStanding,
}

/// What the configuration says of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CriterionStanding {
    /// Never justified.
    Banned,
    /// Justified only by a separate reason.
    Restricted,
    /// A known proxy for a protected ground.
    Proxy,
    /// Judged, and in order. How it goes together with dimensions is measured all the same.
    Accepted,
}

/// Kind `drift`: whether a group is treated worse than before.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// What is compared with what.
    pub compare: Compare,
    /// The verdict is `warning` beyond this ratio of new to old, in the direction of harm; at least 1.
    pub warning: f64,
    /// The verdict is `critical` beyond this one; not below `warning`.
    pub critical: f64,
}

/// What a rule of kind `drift` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Each new version of a profile with the one before it, by this indicator: `selection_rate`, `control_frequency` or `hit_rate`.
    Version(Indicator),
    /// A disparity with itself, at any time before: the index of the rule that watches it, which is sequential.
    Change(usize),
}

impl Compare {
    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Change(_) => "change",
        }
    }
}

/// Kind `silence`: what should be heard of, and how long it may be silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Each topic with the longest working time without it, in the order of [`Topic::ALL`].
    pub topics: Vec<(Topic, WindowLength)>,
    /// When events are expected.
    pub calendar: Calendar,
    /// Whether silence is critical, not a warning.
    pub is_critical: bool,
}

/// What should be heard of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// Cases that its own channel assessed.
    Selections,
    /// Performed controls of these.
    Controls,
    /// Concluded controls of these.
    Outcomes,
    /// Performed controls of the random channel.
    RandomControls,
    /// Cases of each group that its own channel assessed.
    Groups,
    /// That time moves at all.
    Watermark,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 6] =
        [Self::Selections, Self::Controls, Self::Outcomes, Self::RandomControls, Self::Groups, Self::Watermark];

    /// Returns the word for it in the configuration and in findings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Selections => "selections",
            Self::Controls => "controls",
            Self::Outcomes => "outcomes",
            Self::RandomControls => "random_controls",
            Self::Groups => "groups",
            Self::Watermark => "watermark",
        }
    }
}

impl Criterion {
    /// Returns the strata that count criteria.
    #[must_use]
    pub fn strata(&self) -> Vec<&str> {
        let watched = self.watched.iter().map(|criterion| criterion.stratum.as_str());
        watched.chain([stratum::UNLISTED_CRITERION]).collect()
    }
}

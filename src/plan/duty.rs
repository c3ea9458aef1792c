//! What the rule kinds beside `disparity` ask. Formulas and defaults: the statistics of the rule kinds.

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::channel::Channel;
use super::disparity::Indicator;
use super::period::PeriodKind;
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
    /// The stratum within whose values both channels are compared; `None` to compare all cases.
    pub stratify_by: Option<String>,
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
    /// Whether the configuration names the channels. Otherwise criteria are told of in every channel in which they are seen, and their association is
    /// measured in the profile's own: a count costs the family nothing, a series of evidence does.
    pub channels_named: bool,
}

/// A criterion on a list of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedCriterion {
    /// Its name in events.
    pub name: String,
    /// The stratum that counts the cases in which it is used.
    pub stratum: String,
    /// The stratum that has the version of the profile in which it is used.
    pub version_stratum: String,
    /// Which list it is on.
    pub standing: CriterionStanding,
}

impl WatchedCriterion {
    /// Returns a criterion by its name and standing.
    #[must_use]
    pub fn new(name: &str, standing: CriterionStanding) -> Self {
        let stratum = format!("{}{name}", stratum::CRITERION);
        let version_stratum = format!("{}{stratum}", stratum::VERSION_OF);
        Self { name: name.to_owned(), stratum, version_stratum, standing }
    }
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
    /// A group's share of the picks in each period of so many days with that in a reference period.
    Period(u32),
}

impl Compare {
    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Change(_) => "change",
            Self::Period(_) => "period",
        }
    }
}

/// Kind `complaints`: whether complaints, or findings that were overturned, fall on some groups more than on others, or rise.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaints {
    /// What is compared with what.
    pub measure: ComplaintMeasure,
    /// The grounds of complaints that are compared by themselves as well, in lower case; only of measure `skew`.
    pub grounds: Vec<String>,
    /// The verdict is `warning` beyond this ratio; at least 1.
    pub warning: f64,
    /// The verdict is `critical` beyond this ratio, above 1 and not below `warning`; `None` for measure `rise`, which only warns.
    pub critical: Option<f64>,
    /// How far before the end of a block, or of a window, controls or hits are counted as exposed, in whole days of event time.
    /// Measure `rise` does not read it.
    pub exposure_window: Span,
    /// The number of complaints, or of overturned hits, of all groups together that completes a block. Measure `rise` does not
    /// read it.
    pub block_complaints: u64,
    /// The coefficient of variation between blocks, or months, that is no evidence.
    pub block_variation: f64,
    /// The length of the time that later months are compared with, in days; only measure `rise` reads it.
    pub reference_days: u32,
}

/// What a rule of kind `complaints` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComplaintMeasure {
    /// Complaints of a group, for its controls, with those of the rest.
    Skew,
    /// Complaints of a month, for its controls, with those of the same month of the reference year.
    Rise,
    /// Hits of a group that were overturned, for its hits, with those of the rest.
    Overturned,
}

impl ComplaintMeasure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::Skew, Self::Rise, Self::Overturned];

    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skew => "skew",
            Self::Rise => "rise",
            Self::Overturned => "overturned",
        }
    }
}

impl Complaints {
    /// Days of a month, by which the reference is divided.
    const MONTH_DAYS: u32 = 30;

    /// Returns the calendar months that later ones are compared with, from 1 to 12.
    #[must_use]
    pub fn reference_months(&self) -> usize {
        (self.reference_days / Self::MONTH_DAYS).clamp(1, 12) as usize
    }

    /// Returns the days before the end of a block or window in which controls or hits are counted as exposed, at least 1.
    #[must_use]
    pub fn exposure_days(&self) -> i32 {
        i32::try_from(self.exposure_window.0 / Span::DAY.0).unwrap_or(i32::MAX).max(1)
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
    /// Of which periods a report is due, where that is a topic.
    pub report_period: PeriodKind,
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
    /// That the evaluation report of each period is made.
    Report,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 7] = [
        Self::Selections,
        Self::Controls,
        Self::Outcomes,
        Self::RandomControls,
        Self::Groups,
        Self::Watermark,
        Self::Report,
    ];

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
            Self::Report => "report",
        }
    }
}

impl Criterion {
    /// Returns whether a channel is the rule's own: told of whatever it holds, and measured for association.
    #[must_use]
    pub fn is_own(&self, channel: Channel) -> bool {
        self.channels_named || channel == Channel::Profile
    }

    /// Returns the strata that say whether a criterion applied: of each watched one, and of those on no list together.
    #[must_use]
    pub fn strata(&self) -> Vec<&str> {
        let watched = self.watched.iter().map(|criterion| criterion.stratum.as_str());
        watched.chain([stratum::UNLISTED_CRITERION]).collect()
    }

    /// Returns every stratum that the rule counts by: also those of each criterion on no list, and of versions.
    #[must_use]
    pub fn all_strata(&self) -> Vec<&str> {
        // Of what was judged to be in order, nobody asks in which version it is.
        let raising = self.watched.iter().filter(|criterion| criterion.standing != CriterionStanding::Accepted);
        let versions = raising.map(|criterion| criterion.version_stratum.as_str());
        self.strata().into_iter().chain(stratum::LEARNED_CRITERIA).chain(versions).collect()
    }
}
